"""Sign-in by passkey: which answers are believed, and what is said of the others."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.review.access.passkeys import Site, read_assertion
from fairlead.schema.errors import ConfigError, RefusedError
from tests.review.access.authenticator import Authenticator, b64
from tests.review.access.house import S


def test_a_passkey_signs_in_again_and_again(house):
    chief, key = house.first()
    for _ in range(3):
        assert house.sign_in(key).account_id == chief.account_id


def test_without_a_user_handle_the_credential_is_enough(house):
    chief, key = house.first()
    assert house.sign_in(key, with_handle=False).account_id == chief.account_id


def test_an_authenticator_that_never_counts_is_believed(house):
    chief, key = house.first()
    key.counts = False
    for _ in range(2):
        assert house.sign_in(key).account_id == chief.account_id


def test_what_is_asked_of_a_browser(house):
    options = house.gate.passkeys.sign_in_options(now_us=house.now)
    assert options["userVerification"] == "required"
    assert options["rpId"] == "localhost"
    assert options["allowCredentials"] == []
    assert options["timeout"] == 300_000


@pytest.mark.parametrize("late_us", [300 * S, 301 * S])
def test_an_answer_after_five_minutes_is_late(house, late_us):
    _, key = house.first()
    options = house.gate.passkeys.sign_in_options(now_us=house.now)
    with house.refuses("expired", kind="sign_in_refused"):
        house.gate.passkeys.sign_in(key.get(options), now_us=house.now + late_us)


def test_an_answer_just_before_five_minutes_is_not(house):
    chief, key = house.first()
    options = house.gate.passkeys.sign_in_options(now_us=house.now)
    found = house.gate.passkeys.sign_in(key.get(options), now_us=house.now + 300 * S - 1)
    assert found.account_id == chief.account_id


def test_an_account_that_has_expired_does_not_come_in(house):
    chief, _ = house.first()
    _, key = house.person(chief, "deck-watch", expires_us=house.now + 10 * S)
    house.now += 10 * S
    with house.refuses("not_active", ledger="expired", kind="sign_in_refused"):
        house.sign_in(key)


def test_a_site_has_a_domain_and_an_origin():
    for lacking in ({"rp_id": ""}, {"origins": ()}):
        with pytest.raises(ConfigError, match="a domain and at least one origin"):
            Site(**lacking)


def test_old_challenges_are_forgotten_with_their_uses(house):
    _, key = house.first()
    house.sign_in(key)
    house.later(86_400 * S + 300 * S)
    house.gate.passkeys.sign_in_options(now_us=house.now)
    assert house.sql("SELECT count(*) FROM challenges") == [(3,)]
    house.later(1)
    house.gate.passkeys.sign_in_options(now_us=house.now)
    assert house.sql("SELECT count(*) FROM challenges") == [(2,)]
    assert house.sql("SELECT count(*) FROM challenge_uses") == [(0,)]


TEXTS = st.one_of(st.none(), st.integers(), st.text(max_size=20), st.binary(max_size=40).map(b64))


@settings(max_examples=300)
@given(
    sent=st.fixed_dictionaries(
        {},
        optional={
            "id": TEXTS,
            "rawId": TEXTS,
            "type": st.one_of(TEXTS, st.just("public-key")),
            "response": st.one_of(
                TEXTS,
                st.fixed_dictionaries(
                    {},
                    optional={
                        "clientDataJSON": st.one_of(
                            TEXTS,
                            st.sampled_from(
                                [
                                    b64(b"[]"),
                                    b64(b"{}"),
                                    b64(b'{"type":1,"challenge":2,"origin":3}'),
                                ]
                            ),
                        ),
                        "authenticatorData": TEXTS,
                        "signature": TEXTS,
                        "userHandle": TEXTS,
                    },
                ),
            ),
        },
    )
)
def test_rubbish_is_a_refusal_and_nothing_else(sent):
    with pytest.raises(RefusedError, match="did not sign you in"):
        read_assertion(sent, "sign_in_failed")


@settings(max_examples=200)
@given(data=st.binary(max_size=80), signature=st.binary(max_size=80))
def test_a_rubbish_signature_is_a_refusal_and_nothing_else(data, signature):
    from fairlead.review.access.passkeys import verify

    key = Authenticator()
    options = {"challenge": b64(b"x" * 32), "rpId": "localhost"}
    sent = key.get(options)
    sent["response"]["authenticatorData"] = b64(data)
    sent["response"]["signature"] = b64(signature)
    assertion = read_assertion(sent, "forged")
    with pytest.raises(RefusedError, match="was not made with a key"):
        verify(assertion, b64(key.cose()), Site(), "forged")
