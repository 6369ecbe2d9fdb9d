"""Step-up: a yes to one digest, which can be checked without this program."""

import hashlib
import json
from dataclasses import replace

import pytest
import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from fairlead.review.access.approvals import verify_evidence
from fairlead.review.access.passkeys import Site
from fairlead.schema.errors import RefusedError
from tests.review.access.authenticator import Authenticator, unb64
from tests.review.access.house import HOUR, S

DIGEST = "ab" * 32
PURPOSE = "referral:inspection"
HERE = "192.0.2.7"


@pytest.fixture
def reviewer(house):
    chief, _ = house.first()
    return house.person(chief, "second-mate", roles=["reviewer"])


def options(house, who, digest=DIGEST, purpose=PURPOSE):
    return house.gate.approvals.options(who, digest=digest, purpose=purpose, now_us=house.now)


def verify(house, who, credential, digest=DIGEST, purpose=PURPOSE):
    return house.gate.approvals.verify(
        who, digest=digest, purpose=purpose, credential=credential, now_us=house.now
    )


def approve(house, reviewer):
    who, key = reviewer
    return verify(house, who, key.get(options(house, who)))


def test_an_approval_says_who_what_why_and_until_when(house, reviewer):
    who, key = reviewer
    asked = options(house, who)
    house.later(20 * S)
    made = verify(house, who, key.get(asked))
    assert (made.account_id, made.digest, made.purpose) == (who.account_id, DIGEST, PURPOSE)
    assert made.method == "passkey"
    assert made.key == house.gate.accounts.get(who.account_id).passkeys[0].fingerprint
    assert made.made_us == house.now
    assert made.expires_us == house.now - 20 * S + 24 * HOUR
    house.gate.approvals.check(made)
    verify_evidence(made, Site())
    assert asked["userVerification"] == "required"
    assert [k["id"] for k in asked["allowCredentials"]] == [made.signed["credential"]]


def test_the_evidence_is_json_and_survives_storing(house, reviewer):
    made = approve(house, reviewer)
    stored = replace(made, signed=json.loads(json.dumps(dict(made.signed))))
    house.restart()
    house.gate.approvals.check(stored)


def test_someone_with_nothing_of_ours_can_check_it(house, reviewer):
    """By the specifications alone: RFC 8785, SHA-256, WebAuthn 7.2 and ES256."""
    made = approve(house, reviewer)
    _, key = reviewer
    signed = made.signed
    client = unb64(signed["client_data"])
    data = unb64(signed["authenticator_data"])
    statement = hashlib.sha256(rfc8785.dumps(signed["statement"])).digest()
    assert unb64(json.loads(client)["challenge"]) == statement
    assert signed["statement"]["digest"] == DIGEST
    assert data[:32] == hashlib.sha256(b"localhost").digest()
    assert data[32] & 0x05 == 0x05
    key.key.public_key().verify(
        unb64(signed["signature"]),
        data + hashlib.sha256(client).digest(),
        ec.ECDSA(hashes.SHA256()),
    )


def test_a_reviewer_without_passkey_approves_by_password_and_code(house):
    chief, _ = house.first()
    who, codes = house.with_password(chief, "typist", roles=["reviewer"])
    house.later(30 * S)
    given = {
        "digest": DIGEST,
        "purpose": PURPOSE,
        "password": "lee shore at night 7",
        "address": HERE,
    }
    with house.refuses("no_passkey"):
        options(house, who)
    with house.refuses("sign_in_failed", ledger="wrong_code"):
        house.gate.approvals.with_password(who, code="000000", now_us=house.now, **given)
    code = house.code(codes)
    made = house.gate.approvals.with_password(who, code=code, now_us=house.now, **given)
    assert made.method == "password"
    assert set(made.signed) == {"statement", "seal"}
    house.gate.approvals.check(made)
    with house.refuses("sign_in_failed", ledger="used_code"):
        house.gate.approvals.with_password(who, code=code, now_us=house.now, **given)
    other = replace(made, key="00")
    with pytest.raises(RefusedError, match="was not made with a key"):
        house.gate.approvals.check(other)


def test_whoever_has_a_passkey_approves_with_it(house, reviewer):
    who, _ = reviewer
    with house.refuses("has_passkey"):
        house.gate.approvals.with_password(
            who,
            digest=DIGEST,
            purpose=PURPOSE,
            password="",
            code="",
            address=HERE,
            now_us=house.now,
        )


def test_a_key_removed_later_still_stands_for_what_it_signed_before(house, reviewer):
    who, _ = reviewer
    made = approve(house, reviewer)
    spare = Authenticator()
    asked = house.gate.enrolment.own_options(who, now_us=house.now)
    house.gate.enrolment.add_own(who, credential=spare.create(asked), now_us=house.now)
    house.later(S)
    first = house.gate.accounts.get(who.account_id).passkeys[0].credential
    house.gate.accounts.remove_passkey(who.account_id, first, by=who, now_us=house.now)
    house.gate.approvals.check(made)


def test_a_key_removed_before_stands_for_nothing(house, reviewer):
    """As if an approval had been kept back: `made_us` is not before the removal."""
    who, _ = reviewer
    made = approve(house, reviewer)
    spare = Authenticator()
    asked = house.gate.enrolment.own_options(who, now_us=house.now)
    house.gate.enrolment.add_own(who, credential=spare.create(asked), now_us=house.now)
    first = house.gate.accounts.get(who.account_id).passkeys[0].credential
    house.gate.accounts.remove_passkey(who.account_id, first, by=who, now_us=house.now)
    with pytest.raises(RefusedError) as caught:
        house.gate.approvals.check(made)
    assert caught.value.reason == "forged"


def test_the_guard_of_referrals_asks_the_same_gate(house, reviewer):
    who, _ = reviewer
    assert house.gate.approvals.standing(who.account_id, house.now).roles == {"reviewer"}
