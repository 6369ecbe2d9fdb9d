"""Attacks on the ways in: each is refused, gains nothing, and is in the ledger."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from fairlead.schema.errors import RefusedError
from tests.review.access.authenticator import PRESENT, VERIFIED, Authenticator, unb64
from tests.review.access.house import HOUR, House, S

PASSWORD = "lee shore at night 7"


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


def refused_sign_in(house, ledger, reason="sign_in_failed"):
    return house.refuses(reason, ledger=ledger, kind="sign_in_refused")


# passkeys


def test_a_forged_signature(house):
    _, key = house.first()
    with refused_sign_in(house, "bad_passkey"):
        house.sign_in(key, key=ec.generate_private_key(ec.SECP256R1()))


def test_a_signature_over_other_bytes(house):
    _, key = house.first()
    sent = key.get(house.gate.passkeys.sign_in_options(now_us=house.now))
    sent["response"]["signature"] = sent["response"]["signature"][:-4] + "AAAA"
    with refused_sign_in(house, "bad_passkey"):
        house.gate.passkeys.sign_in(sent, now_us=house.now)


def test_a_replayed_assertion(house):
    _, key = house.first()
    sent = key.get(house.gate.passkeys.sign_in_options(now_us=house.now))
    house.gate.passkeys.sign_in(sent, now_us=house.now)
    with refused_sign_in(house, "used", reason="used"):
        house.gate.passkeys.sign_in(sent, now_us=house.now)


def test_an_assertion_that_failed_once_is_used_up_too(house):
    _, key = house.first()
    options = house.gate.passkeys.sign_in_options(now_us=house.now)
    with refused_sign_in(house, "bad_passkey"):
        house.gate.passkeys.sign_in(key.get(options, rp_id="example.org"), now_us=house.now)
    with refused_sign_in(house, "used", reason="used"):
        house.gate.passkeys.sign_in(key.get(options), now_us=house.now)


def test_an_assertion_to_a_challenge_of_ones_own(house):
    _, key = house.first()
    options = house.gate.passkeys.sign_in_options(now_us=house.now)
    options["challenge"] = "AAAA" * 10
    with refused_sign_in(house, "unknown_challenge", reason="unknown_challenge"):
        house.gate.passkeys.sign_in(key.get(options), now_us=house.now)


@pytest.mark.parametrize(
    ("lies", "ledger"),
    [
        ({"flags": PRESENT}, "not_verified"),
        ({"flags": VERIFIED}, "bad_passkey"),
        ({"flags": 0}, "bad_passkey"),
        ({"origin": "https://localhost.example"}, "bad_passkey"),
        ({"origin": "http://localhost:8001"}, "bad_passkey"),
        ({"rp_id": "example.org"}, "bad_passkey"),
        ({"type": "webauthn.create"}, "bad_passkey"),
        ({"crossOrigin": True}, "wrong_origin"),
        ({"topOrigin": "https://example.org"}, "wrong_origin"),
    ],
    ids=str,
)
def test_an_assertion_made_elsewhere_or_without_its_person(house, lies, ledger):
    _, key = house.first()
    with refused_sign_in(house, ledger):
        house.sign_in(key, **lies)


def test_a_copied_authenticator_is_noticed_by_its_counter(house):
    _, key = house.first()
    house.sign_in(key)
    house.sign_in(key)
    key.sign_count = 1
    with refused_sign_in(house, "sign_count_went_back"):
        house.sign_in(key)
    key.sign_count = 0
    key.counts = False
    with refused_sign_in(house, "sign_count_went_back"):
        house.sign_in(key)


def test_an_unknown_passkey(house):
    house.first()
    with refused_sign_in(house, "unknown_passkey"):
        house.sign_in(Authenticator())


def test_ones_own_passkey_with_the_user_handle_of_another(house):
    chief, _ = house.first()
    _, key = house.person(chief, "deck-watch")
    key.user_handle = chief.account_id.encode()
    with refused_sign_in(house, "wrong_account"):
        house.sign_in(key)


def test_the_challenge_of_an_enrolment_does_not_sign_in(house):
    chief, key = house.first()
    options = house.gate.enrolment.own_options(chief, now_us=house.now)
    with refused_sign_in(house, "wrong_purpose", reason="wrong_purpose"):
        house.gate.passkeys.sign_in(
            key.get({"challenge": options["challenge"], "rpId": "localhost"}), now_us=house.now
        )


def test_the_challenge_of_an_approval_does_not_sign_in(house):
    chief, key = house.first()
    options = house.gate.approvals.options(
        chief, digest="ab" * 32, purpose="referral", now_us=house.now
    )
    with refused_sign_in(house, "wrong_purpose", reason="wrong_purpose"):
        house.gate.passkeys.sign_in(key.get(options), now_us=house.now)


def test_a_revoked_account(house):
    chief, _ = house.first()
    who, key = house.person(chief, "deck-watch")
    house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, revoked=True)
    with refused_sign_in(house, "revoked", reason="not_active"):
        house.sign_in(key)


# one person, two accounts


def invited(house, chief, handle):
    account = house.gate.accounts.create(
        handle=handle, roles=["reviewer"], markings=[], by=chief, now_us=house.now
    )
    return house.gate.enrolment.link_for(account.account_id, by=chief, now_us=house.now)


def enrol(house, link, key, **lies):
    options = house.gate.enrolment.passkey_options(link, handle="", now_us=house.now)
    return house.gate.enrolment.add_passkey(
        link, handle="", credential=key.create(options, **lies), now_us=house.now
    )


def test_one_passkey_under_two_accounts(house):
    chief, key = house.first()
    with house.refuses("passkey_taken"):
        enrol(house, invited(house, chief, "alias"), key)


def test_one_key_under_another_credential_id(house):
    chief, key = house.first()
    with house.refuses("passkey_taken"):
        enrol(house, invited(house, chief, "alias"), Authenticator(key=key.key))


def test_one_key_encoded_otherwise(house):
    chief, key = house.first()
    link = invited(house, chief, "alias")
    with house.refuses("passkey_taken"):
        enrol(house, link, Authenticator(key=key.key), order=(-3, -2, -1, 3, 1))


def test_one_credential_id_with_another_key(house):
    chief, key = house.first()
    with house.refuses("passkey_taken"):
        enrol(house, invited(house, chief, "alias"), Authenticator(credential=key.credential))


def test_a_removed_passkey_stays_bound_to_its_account(house):
    chief, _ = house.first()
    who, key = house.person(chief, "deck-watch")
    credential = house.gate.accounts.get(who.account_id).passkeys[0].credential
    house.gate.accounts.remove_passkey(who.account_id, credential, by=chief, now_us=house.now)
    with house.refuses("passkey_taken"):
        enrol(house, invited(house, chief, "alias"), key)


def test_the_refused_link_still_works_for_whoever_it_was_meant_for(house):
    chief, key = house.first()
    link = invited(house, chief, "alias")
    with house.refuses("passkey_taken"):
        enrol(house, link, key)
    assert enrol(house, link, Authenticator()).handle == "alias"


def test_one_assertion_twice_at_the_same_moment(house):
    """The second of two that found the challenge unused meets the key of its use."""
    _, key = house.first()
    sent = key.get(house.gate.passkeys.sign_in_options(now_us=house.now))
    found = house.gate.challenges.find(
        unb64(house.gate.passkeys.sign_in_options(now_us=house.now)["challenge"])
    )
    assert found.purpose == "sign_in"
    house.gate.passkeys.sign_in(sent, now_us=house.now)
    with refused_sign_in(house, "used", reason="used"):
        house.gate.passkeys.sign_in(sent, now_us=house.now)


# passwords


def test_a_one_time_code_twice(house):
    chief, _ = house.first()
    who, codes = house.with_password(chief, "typist")
    house.later(30 * S)
    code = house.code(codes)

    def sign_in(given):
        return house.gate.passwords.sign_in(
            "typist", PASSWORD, given, address="192.0.2.7", now_us=house.now
        )

    assert sign_in(code).account_id == who.account_id
    with refused_sign_in(house, "used_code"):
        sign_in(code)
    house.later(30 * S)
    with refused_sign_in(house, "used_code"):
        sign_in(code)
    assert sign_in(house.code(codes)).account_id == who.account_id


def test_an_earlier_code_after_a_later_one(house):
    chief, _ = house.first()
    _, codes = house.with_password(chief, "typist")
    house.later(90 * S)
    early, late = codes.at(house.now // S - 30), codes.at(house.now // S)
    house.gate.passwords.sign_in("typist", PASSWORD, late, address="a", now_us=house.now)
    with refused_sign_in(house, "used_code"):
        house.gate.passwords.sign_in("typist", PASSWORD, early, address="a", now_us=house.now)


def test_a_guess_without_the_password_does_not_use_up_the_code(house):
    chief, _ = house.first()
    who, codes = house.with_password(chief, "typist")
    house.later(30 * S)
    code = house.code(codes)
    with refused_sign_in(house, "wrong_password"):
        house.gate.passwords.sign_in("typist", "no", code, address="a", now_us=house.now)
    found = house.gate.passwords.sign_in("typist", PASSWORD, code, address="a", now_us=house.now)
    assert found.account_id == who.account_id


def test_one_password_sprayed_over_many_handles_from_one_address(house):
    house.first()
    for n in range(20):
        with refused_sign_in(house, "unknown_handle"):
            house.gate.passwords.sign_in(
                f"mate-{n}", "Summer2026 Summer", "123456", address="192.0.2.9", now_us=house.now
            )
    with refused_sign_in(house, "throttled", reason="throttled"):
        house.gate.passwords.sign_in(
            "mate-20", "Summer2026 Summer", "123456", address="192.0.2.9", now_us=house.now
        )
    with refused_sign_in(house, "unknown_handle"):
        house.gate.passwords.sign_in(
            "mate-20", "Summer2026 Summer", "123456", address="192.0.2.10", now_us=house.now
        )


def test_one_handle_guessed_from_many_addresses(house):
    chief, _ = house.first()
    house.with_password(chief, "typist")
    for n in range(5):
        with refused_sign_in(house, "wrong_password"):
            house.gate.passwords.sign_in(
                "typist", f"guess {n}", "123456", address=f"192.0.2.{n}", now_us=house.now
            )
    with refused_sign_in(house, "throttled", reason="throttled"):
        house.gate.passwords.sign_in(
            "typist", "guess 5", "123456", address="192.0.2.99", now_us=house.now
        )


def test_known_and_unknown_handles_are_throttled_alike(house):
    chief, _ = house.first()
    house.with_password(chief, "typist")
    for handle in ("typist", "nobody-known"):
        said = []
        for n in range(7):
            with pytest.raises(RefusedError) as caught:
                house.gate.passwords.sign_in(
                    handle, "guess", "123456", address=f"{handle}{n}", now_us=house.now
                )
            said.append((caught.value.reason, caught.value.message, caught.value.help))
        if handle == "typist":
            expected = said
    assert said == expected
    assert [reason for reason, _, _ in said] == ["sign_in_failed"] * 5 + ["throttled"] * 2


def test_throttles_outlive_a_restart(house):
    house.first()
    for _ in range(5):
        with refused_sign_in(house, "unknown_handle"):
            house.gate.passwords.sign_in("typist", "no", "1", address="a", now_us=house.now)
    house.restart()
    with refused_sign_in(house, "throttled", reason="throttled"):
        house.gate.passwords.sign_in("typist", "no", "1", address="a", now_us=house.now)


# sessions and tokens


def signed_in(house, chief, handle):
    who, _ = house.person(chief, handle)
    account = house.gate.accounts.get(who.account_id)
    return account, house.gate.sessions.start(account, method="passkey", now_us=house.now)


def test_a_session_prepared_for_a_victim_is_not_theirs(house):
    """Fixation: the attacker's own session is in the victim's browser when they sign in."""
    chief, _ = house.first()
    _, attackers = signed_in(house, chief, "attacker")
    victim, _ = signed_in(house, chief, "victim")
    fresh = house.gate.sessions.start(
        victim, method="passkey", now_us=house.now, replaces=attackers.token
    )
    assert fresh.token != attackers.token
    with pytest.raises(RefusedError) as caught:
        house.gate.sessions.of(attackers.token, now_us=house.now)
    assert caught.value.reason == "session_ended"


def test_a_token_chosen_by_an_attacker_never_becomes_a_session(house):
    chief, _ = house.first()
    account, _ = signed_in(house, chief, "victim")
    session = house.gate.sessions.start(
        account, method="passkey", now_us=house.now, replaces="chosen"
    )
    assert session.token != "chosen"
    with pytest.raises(RefusedError) as caught:
        house.gate.sessions.of("chosen", now_us=house.now)
    assert caught.value.reason == "no_session"


def test_the_csrf_word_of_another_session(house):
    chief, _ = house.first()
    account, one = signed_in(house, chief, "deck-watch")
    two = house.gate.sessions.start(account, method="passkey", now_us=house.now)
    with house.refuses("csrf"):
        house.gate.sessions.check_csrf(one, two.csrf, now_us=house.now)


def test_a_session_that_expired_comes_back_with_the_clock_set_back(house):
    chief, _ = house.first()
    _, session = signed_in(house, chief, "deck-watch")
    early = house.now
    with house.refuses("session_expired"):
        house.gate.sessions.of(session.token, now_us=house.later(13 * HOUR))
    with pytest.raises(RefusedError) as caught:
        house.gate.sessions.of(session.token, now_us=early)
    assert caught.value.reason == "session_ended"


def test_the_clock_set_back_stops_every_way_in(house):
    chief, key = house.first()
    _, session = signed_in(house, chief, "deck-watch")
    _, codes = house.with_password(chief, "typist")
    options = house.gate.passkeys.sign_in_options(now_us=house.now)
    link = house.gate.enrolment.link_at_machine("typist", now_us=house.now)
    token = house.gate.tokens.issue(
        by=chief,
        name="fetch",
        roles=["viewer"],
        markings=[],
        expires_us=house.now + HOUR,
        now_us=house.now,
    )
    back = house.now - 121 * S
    house.restart()
    gate = house.gate
    with house.refuses("clock_set_back", kind="sign_in_refused"):
        gate.passkeys.sign_in(key.get(options), now_us=back)
    with house.refuses("clock_set_back", kind="sign_in_refused"):
        gate.passwords.sign_in("typist", PASSWORD, "1", address="a", now_us=back)
    with house.refuses("clock_set_back"):
        gate.enrolment.passkey_options(link, handle="", now_us=back)
    with house.refuses("clock_set_back"):
        gate.sessions.of(session.token, now_us=back)
    with house.refuses("clock_set_back"):
        gate.tokens.of(token.token, now_us=back)
    with house.refuses("clock_set_back"):
        gate.approvals.options(chief, digest="ab", purpose="x", now_us=back)
    with house.refuses("clock_set_back"):
        gate.accounts.change(chief.account_id, by=chief, now_us=back, markings=[])


def test_a_clock_that_is_put_right_by_a_little_is_no_attack(house):
    chief, key = house.first()
    house.now -= 120 * S
    assert house.sign_in(key).account_id == chief.account_id


def test_a_clock_set_back_little_by_little_is_noticed_all_the_same(house):
    _, key = house.first()
    house.now -= 119 * S
    house.sign_in(key)
    house.now -= 2 * S
    with house.refuses("clock_set_back", kind="sign_in_refused"):
        house.sign_in(key)


def test_a_clock_that_jumped_ahead_is_forgiven_only_at_the_machine(house):
    chief, key = house.first()
    right = house.now
    house.now += 1000 * HOUR
    house.sign_in(key)
    house.restart()
    house.now = right
    with house.refuses("clock_set_back", kind="sign_in_refused"):
        house.sign_in(key)
    house.gate.ground.clock.forgive(house.ledger, right)
    assert house.entries()[-1]["body"]["act"] == "forgive_clock"
    assert house.sign_in(key).account_id == chief.account_id
    house.restart()
    assert house.sign_in(key).account_id == chief.account_id


def test_a_service_token_climbs_nowhere(house):
    chief, _ = house.first()
    token = house.gate.tokens.issue(
        by=chief,
        name="fetch",
        roles=["viewer", "service"],
        markings=["tlp:red"],
        expires_us=house.now + HOUR,
        now_us=house.now,
    )
    service = house.gate.tokens.of(token.token, now_us=house.now)
    with house.refuses("not_active"):
        house.gate.tokens.issue(
            by=service,
            name="more",
            roles=["viewer"],
            markings=[],
            expires_us=house.now + HOUR,
            now_us=house.now,
        )
    with house.refuses("not_administrator"):
        house.gate.accounts.create(
            handle="crony", roles=["administrator"], markings=[], by=service, now_us=house.now
        )
    with house.refuses("not_active"):
        house.gate.approvals.options(service, digest="ab", purpose="x", now_us=house.now)
    with house.refuses("not_active"):
        house.gate.enrolment.own_options(service, now_us=house.now)


def test_a_token_that_claims_its_issuers_id_still_cannot_approve_or_issue(house):
    chief, _ = house.first()
    forged = chief.__class__(
        chief.account_id, chief.roles, chief.markings, house.now, "token", chief.account_id
    )
    with house.refuses("not_active"):
        house.gate.approvals.options(forged, digest="ab", purpose="x", now_us=house.now)
    with house.refuses("not_active"):
        house.gate.tokens.issue(
            by=forged,
            name="more",
            roles=["viewer"],
            markings=[],
            expires_us=house.now + HOUR,
            now_us=house.now,
        )


def test_a_principal_with_invented_roles_still_cannot_administer(house):
    chief, _ = house.first()
    who, _ = house.person(chief, "deck-watch", roles=["viewer"])
    invented = who.__class__(
        who.account_id, frozenset({"administrator"}), who.markings, house.now, "passkey"
    )
    with house.refuses("not_administrator"):
        house.gate.accounts.change(
            who.account_id, by=invented, now_us=house.now, roles=["administrator"]
        )


def test_a_principal_narrowed_below_its_account_does_not_administer(house):
    chief, _ = house.first()
    narrow = chief.__class__(
        chief.account_id, frozenset({"viewer"}), chief.markings, house.now, "passkey"
    )
    with house.refuses("not_administrator"):
        house.gate.accounts.change(
            chief.account_id, by=narrow, now_us=house.now, markings=["tlp:green"]
        )
