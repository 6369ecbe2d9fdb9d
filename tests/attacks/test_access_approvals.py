"""Attacks on approvals: a signature stands for one digest, one purpose, one person, once."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from fairlead.review.access.approvals import statement_challenge, verify_evidence
from fairlead.review.access.passkeys import Site
from fairlead.schema.errors import RefusedError
from tests.review.access.authenticator import PRESENT, Authenticator, b64
from tests.review.access.house import House, S

ONE, TWO = "ab" * 32, "cd" * 32
PURPOSE = "referral:inspection"


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


@pytest.fixture
def reviewer(house):
    chief, _ = house.first()
    return house.person(chief, "second-mate", roles=["reviewer"])


def options(house, who, digest=ONE, purpose=PURPOSE):
    return house.gate.approvals.options(who, digest=digest, purpose=purpose, now_us=house.now)


def verify(house, who, credential, digest=ONE, purpose=PURPOSE):
    return house.gate.approvals.verify(
        who, digest=digest, purpose=purpose, credential=credential, now_us=house.now
    )


@pytest.mark.parametrize(
    ("asked", "reason"),
    [({"digest": TWO}, "wrong_digest"), ({"purpose": "stop:release"}, "wrong_purpose")],
    ids=["digest", "purpose"],
)
def test_a_signature_over_something_else(house, reviewer, asked, reason):
    who, key = reviewer
    with house.refuses(reason):
        verify(house, who, key.get(options(house, who, **asked)))


def test_a_signature_for_someone_else(house, reviewer):
    who, key = reviewer
    chief = house.gate.accounts.by_handle("harbour-master")
    other = chief.principal(method="passkey", authenticated_us=house.now)
    with house.refuses("wrong_account"):
        verify(house, who, key.get(options(house, other)))
    with house.refuses("forged", ledger="unknown_passkey"):
        verify(house, other, key.get(options(house, other)))


def test_a_replayed_approval(house, reviewer):
    who, key = reviewer
    sent = key.get(options(house, who))
    verify(house, who, sent)
    with house.refuses("used"):
        verify(house, who, sent)


def test_an_approval_after_five_minutes(house, reviewer):
    who, key = reviewer
    sent = key.get(options(house, who))
    house.later(300 * S)
    with house.refuses("expired"):
        verify(house, who, sent)


@pytest.mark.parametrize(
    ("lies", "reason", "ledger"),
    [
        ({"flags": PRESENT}, "not_verified", "not_verified"),
        ({"origin": "https://example.org"}, "forged", "bad_passkey"),
        ({"rp_id": "example.org"}, "forged", "bad_passkey"),
        ({"key": ec.generate_private_key(ec.SECP256R1())}, "forged", "bad_passkey"),
        ({"crossOrigin": True}, "forged", "wrong_origin"),
    ],
    ids=["not-verified", "origin", "rp-id", "signature", "framed"],
)
def test_an_approval_made_wrongly(house, reviewer, lies, reason, ledger):
    who, key = reviewer
    with house.refuses(reason, ledger=ledger):
        verify(house, who, key.get(options(house, who), **lies))


def test_a_sign_in_used_as_an_approval(house, reviewer):
    who, key = reviewer
    asked = house.gate.passkeys.sign_in_options(now_us=house.now)
    with house.refuses("wrong_purpose"):
        verify(house, who, key.get(asked))


def test_an_approval_that_was_never_asked(house, reviewer):
    who, key = reviewer
    asked = options(house, who)
    statement = {
        "account_id": who.account_id,
        "digest": ONE,
        "expires_us": house.now + S,
        "nonce": "00",
        "purpose": PURPOSE,
    }
    asked["challenge"] = b64(statement_challenge(statement))
    with house.refuses("unknown_challenge"):
        verify(house, who, key.get(asked))


@pytest.mark.parametrize("how", ["revoked", "expired"])
def test_a_reviewer_who_is_gone(house, reviewer, how):
    who, key = reviewer
    chief = house.gate.accounts.by_handle("harbour-master")
    by = chief.principal(method="passkey", authenticated_us=house.now)
    sent = key.get(options(house, who))
    change = {"revoked": True} if how == "revoked" else {"expires_us": house.now}
    house.gate.accounts.change(who.account_id, by=by, now_us=house.now, **change)
    with house.refuses("not_active"):
        verify(house, who, sent)
    with house.refuses("not_active"):
        options(house, who)
    assert not house.gate.approvals.standing(who.account_id, house.now).is_active


@pytest.fixture
def made(house, reviewer):
    who, key = reviewer
    return verify(house, who, key.get(options(house, who)))


def resealed(house, step_up, **change):
    """What someone could store who has the installation's secret as well, but no passkey."""
    from fairlead.review.access.approvals import _sealed

    forged = replace(step_up, **change)
    seal = house.gate.ground.seal.of("step_up", *_sealed(forged))
    return replace(forged, signed={**forged.signed, "seal": seal})


def refused_check(house, step_up, reason):
    with pytest.raises(RefusedError) as caught:
        house.gate.approvals.check(step_up)
    assert caught.value.reason == reason


def test_even_with_the_secret_no_approval_is_moved_to_another_digest(house, made):
    statement = {**made.signed["statement"], "digest": TWO}
    forged = resealed(house, made, digest=TWO, signed={**made.signed, "statement": statement})
    refused_check(house, forged, "forged")
    with pytest.raises(RefusedError) as caught:
        verify_evidence(forged, Site())
    assert caught.value.reason == "forged"


def test_even_with_the_secret_an_approval_was_made_when_it_was_asked(house, made):
    for made_us in (made.made_us - 1, made.made_us + 300 * S):
        refused_check(house, resealed(house, made, made_us=made_us), "forged")
    house.gate.approvals.check(resealed(house, made, made_us=made.made_us + 300 * S - 1))


def signed_by(house, made, key, **lies):
    """The same statement signed with another key, or in another way."""
    asked = {"challenge": b64(statement_challenge(made.signed["statement"])), "rpId": "localhost"}
    sent = key.get(asked, **lies)
    return {
        **made.signed,
        "credential": sent["id"],
        "public_key": b64(key.cose()),
        "client_data": sent["response"]["clientDataJSON"],
        "authenticator_data": sent["response"]["authenticatorData"],
        "signature": sent["response"]["signature"],
    }


def test_even_with_the_secret_only_a_key_of_the_account_stands(house, made):
    import hashlib

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    key = Authenticator()
    spki = key.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    mine = hashlib.sha256(spki).hexdigest()
    forged = resealed(house, made, key=mine, signed=signed_by(house, made, key))
    verify_evidence(forged, Site())
    refused_check(house, forged, "forged")
    borrowed = resealed(house, made, signed=signed_by(house, made, key))
    refused_check(house, borrowed, "forged")


def test_even_with_the_secret_an_unverified_assertion_does_not_stand(house, reviewer, made):
    _, key = reviewer
    signed = signed_by(house, made, key, flags=PRESENT)
    refused_check(house, resealed(house, made, signed=signed), "not_verified")


def test_even_with_the_secret_another_statement_is_not_what_was_signed(house, made):
    for change in ({"nonce": "00"}, {"extra": 1}):
        statement = {**made.signed["statement"], **change}
        forged = resealed(house, made, signed={**made.signed, "statement": statement})
        refused_check(house, forged, "forged")


def test_a_challenge_that_was_deleted_takes_the_approval_with_it(house, made):
    house.sql("DELETE FROM challenges")
    refused_check(house, made, "forged")


def test_an_offline_check_believes_only_its_own_site(made):
    verify_evidence(made, Site())
    for site in (Site(origins=("https://example.org",)), Site(rp_id="example.org")):
        with pytest.raises(RefusedError) as caught:
            verify_evidence(made, site)
        assert caught.value.reason == "forged"


def test_an_approval_without_its_parts_is_refused(made):
    for part in ("credential", "client_data", "authenticator_data", "signature", "public_key"):
        signed = {k: v for k, v in made.signed.items() if k != part}
        with pytest.raises(RefusedError) as caught:
            verify_evidence(replace(made, signed=signed), Site())
        assert caught.value.reason == "forged"
