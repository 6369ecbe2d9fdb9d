"""A link works once, for one account, until it expires."""

import pyotp
import pytest

from fairlead.schema.errors import RefusedError
from tests.review.access.authenticator import Authenticator
from tests.review.access.house import HOUR, S

PASSWORD = "lee shore at night 7"


def test_the_first_link_makes_an_administrator_who_may_do_everything(house):
    chief, key = house.first(markings=["tlp:amber", "source:radar"])
    account = house.gate.accounts.get(chief.account_id)
    assert account.roles == {"viewer", "analyst", "reviewer", "administrator"}
    assert account.markings == {"tlp:amber", "source:radar"}
    assert account.handle == "harbour-master"
    assert not house.gate.enrolment.is_open()
    assert house.sign_in(key).account_id == chief.account_id


def test_once_there_is_an_administrator_no_first_link_works(house):
    early = house.gate.enrolment.first_link(now_us=house.now)
    options = house.gate.enrolment.passkey_options(early, handle="usurper", now_us=house.now)
    house.first()
    with house.refuses("bad_link", ledger="not_open"):
        house.gate.enrolment.first_link(now_us=house.now)
    with house.refuses("bad_link", ledger="not_open"):
        house.gate.enrolment.passkey_options(early, handle="usurper", now_us=house.now)
    with house.refuses("bad_link", ledger="not_open"):
        house.gate.enrolment.add_passkey(
            early,
            handle="usurper",
            credential=Authenticator().create(options),
            now_us=house.now,
        )


def test_a_first_link_expires_after_an_hour(house):
    link = house.gate.enrolment.first_link(now_us=house.now)
    house.gate.enrolment.passkey_options(link, handle="master", now_us=house.now + HOUR - 1)
    with house.refuses("bad_link", ledger="expired"):
        house.gate.enrolment.passkey_options(link, handle="master", now_us=house.now + HOUR)


def test_an_unknown_link_is_refused(house):
    with house.refuses("bad_link", ledger="unknown_link"):
        house.gate.enrolment.passkey_options("guess", handle="master", now_us=house.now)


def test_an_invitation_lasts_three_days_and_works_once(house):
    chief, _ = house.first()
    account = house.gate.accounts.create(
        handle="deck-watch", roles=["viewer"], markings=[], by=chief, now_us=house.now
    )
    link = house.gate.enrolment.link_for(account.account_id, by=chief, now_us=house.now)
    unused = house.gate.enrolment.link_for(account.account_id, by=chief, now_us=house.now)
    house.later(72 * HOUR - 1)
    who, _ = house.redeem(link, handle="ignored")
    assert house.gate.accounts.get(who.account_id).handle == "deck-watch"
    with house.refuses("bad_link", ledger="used"):
        house.gate.enrolment.passkey_options(link, handle="", now_us=house.now)
    house.later(1)
    with house.refuses("bad_link", ledger="expired"):
        house.gate.enrolment.passkey_options(unused, handle="", now_us=house.now)


def test_of_two_links_for_one_account_only_the_first_to_come_works(house):
    chief, _ = house.first()
    account = house.gate.accounts.create(
        handle="deck-watch", roles=["reviewer"], markings=[], by=chief, now_us=house.now
    )
    one, two = (
        house.gate.enrolment.link_for(account.account_id, by=chief, now_us=house.now)
        for _ in range(2)
    )
    house.redeem(one)
    with house.refuses("already_enrolled"):
        house.redeem(two)
    assert len(house.gate.accounts.get(account.account_id).live_passkeys) == 1


def test_no_link_for_whoever_has_a_way_in_is_gone_or_is_unknown(house):
    chief, _ = house.first()
    who, _ = house.person(chief, "deck-watch")
    link_for = house.gate.enrolment.link_for
    with house.refuses("already_enrolled"):
        link_for(who.account_id, by=chief, now_us=house.now)
    with house.refuses("not_administrator"):
        link_for(who.account_id, by=who, now_us=house.now)
    with house.refuses("unknown_account"):
        link_for("acct-none", by=chief, now_us=house.now)
    house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, revoked=True)
    with house.refuses("not_active", ledger="revoked"):
        link_for(who.account_id, by=chief, now_us=house.now)


def test_whoever_lost_a_key_gets_a_new_link_after_the_old_key_is_removed(house):
    chief, _ = house.first()
    who, old = house.person(chief, "deck-watch")
    credential = house.gate.accounts.get(who.account_id).passkeys[0].credential
    house.gate.accounts.remove_passkey(who.account_id, credential, by=chief, now_us=house.now)
    link = house.gate.enrolment.link_for(who.account_id, by=chief, now_us=house.now)
    again, new = house.redeem(link)
    assert again.account_id == who.account_id
    assert house.sign_in(new).account_id == who.account_id


def test_whoever_stands_at_the_machine_can_let_an_administrator_back_in(house):
    chief, _ = house.first()
    with house.refuses("unknown_account"):
        house.gate.enrolment.link_at_machine("nobody-known", now_us=house.now)
    link = house.gate.enrolment.link_at_machine("harbour-master", now_us=house.now)
    assert house.entries()[-1]["body"]["link"] == ["recovery"]
    again, key = house.redeem(link)
    assert again.account_id == chief.account_id
    assert house.sign_in(key).account_id == chief.account_id


def test_a_password_is_enrolled_when_its_one_time_code_comes_back(house):
    chief, _ = house.first()
    account = house.gate.accounts.create(
        handle="typist", roles=["analyst"], markings=[], by=chief, now_us=house.now
    )
    enrolment = house.gate.enrolment
    link = enrolment.link_for(account.account_id, by=chief, now_us=house.now)
    with house.refuses("bad_code"):
        enrolment.add_password(link, code="000000", now_us=house.now)
    uri = enrolment.password(link, handle="", password=PASSWORD, now_us=house.now)
    codes = pyotp.parse_uri(uri)
    assert (codes.issuer, codes.name) == ("Fairlead", "typist")
    wrong = f"{(int(house.code(codes)) + 1) % 1_000_000:06}"
    with house.refuses("bad_code"):
        enrolment.add_password(link, code=wrong, now_us=house.now)
    assert house.gate.accounts.get(account.account_id).state(house.now) == "invited"
    made = enrolment.add_password(link, code=house.code(codes), now_us=house.now)
    assert made.account_id == account.account_id
    assert made.password is not None
    assert made.state(house.now) == "active"
    with house.refuses("bad_link", ledger="used"):
        enrolment.add_password(link, code=house.code(codes), now_us=house.now)


def test_a_second_try_at_a_password_replaces_the_first(house):
    link = house.gate.enrolment.first_link(now_us=house.now)
    enrolment = house.gate.enrolment
    first = enrolment.password(link, handle="master", password=PASSWORD, now_us=house.now)
    second = enrolment.password(link, handle="captain", password=PASSWORD, now_us=house.now)
    assert first != second
    code = pyotp.parse_uri(second).at(house.now // S)
    made = enrolment.add_password(link, code=code, now_us=house.now)
    assert made.handle == "captain"
    assert "administrator" in made.roles


@pytest.mark.parametrize(
    ("handle", "reason"), [("x", "bad_handle"), ("me@example.org", "bad_handle")]
)
def test_the_first_administrator_chooses_a_handle_that_is_one(house, handle, reason):
    link = house.gate.enrolment.first_link(now_us=house.now)
    with house.refuses(reason):
        house.gate.enrolment.passkey_options(link, handle=handle, now_us=house.now)
    with house.refuses(reason):
        house.gate.enrolment.password(link, handle=handle, password=PASSWORD, now_us=house.now)


@pytest.mark.parametrize(
    "password",
    [
        "short",
        "elevenchars",
        "aaaaaaaaaaaaaaaaaaaa",
        "abababababcdcdcdcd",
        "my handle is Typist indeed",
        "x" * 100 + "abcdefgh" * 20,
    ],
    ids=["short", "eleven", "one-letter", "four-letters", "handle", "too-long"],
)
def test_weak_passwords_are_refused(house, password):
    chief, _ = house.first()
    account = house.gate.accounts.create(
        handle="typist", roles=[], markings=[], by=chief, now_us=house.now
    )
    link = house.gate.enrolment.link_for(account.account_id, by=chief, now_us=house.now)
    with house.refuses("weak_password"):
        house.gate.enrolment.password(link, handle="", password=password, now_us=house.now)


@pytest.mark.parametrize("password", ["twelve chars", "abcdef" * 42 + "abcd", "пароль на вахте"])
def test_passwords_that_are_allowed(house, password):
    assert house.gate.passwords.make("typist", password)[0].startswith("$argon2id$")


def test_a_further_passkey_needs_a_sign_in_of_the_last_minutes(house):
    chief, _ = house.first()
    who, key = house.person(chief, "deck-watch")
    spare = Authenticator()
    own = house.gate.enrolment
    options = own.own_options(who, now_us=house.now + 600 * S)
    with house.refuses("sign_in_again"):
        own.own_options(who, now_us=house.now + 600 * S + 1)
    with house.refuses("sign_in_again"):
        own.add_own(who, credential=spare.create(options), now_us=house.now + 600 * S + 1)
    more = own.add_own(who, credential=spare.create(options), now_us=house.now + 600 * S)
    assert len(more.live_passkeys) == 2
    house.now += 600 * S
    assert house.sign_in(spare).account_id == who.account_id
    assert house.sign_in(key).account_id == who.account_id


def test_a_further_passkey_asked_by_one_is_not_added_to_another(house):
    chief, _ = house.first()
    who, _ = house.person(chief, "deck-watch")
    options = house.gate.enrolment.own_options(who, now_us=house.now)
    with house.refuses("bad_passkey", ledger="wrong_account"):
        house.gate.enrolment.add_own(
            chief, credential=Authenticator().create(options), now_us=house.now
        )


def test_whoever_came_by_a_provider_or_is_gone_adds_no_passkey(house):
    chief, _ = house.first()
    who, _ = house.person(chief, "deck-watch")
    account = house.gate.accounts.get(who.account_id)
    visitor = account.principal(method="oidc", authenticated_us=house.now)
    with house.refuses("sign_in_again"):
        house.gate.enrolment.own_options(visitor, now_us=house.now)
    house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, revoked=True)
    with house.refuses("not_active"):
        house.gate.enrolment.own_options(who, now_us=house.now)


def test_a_passkey_offered_for_another_account_is_refused(house):
    chief, _ = house.first()
    links = []
    for handle in ("one", "two"):
        account = house.gate.accounts.create(
            handle=handle, roles=["viewer"], markings=[], by=chief, now_us=house.now
        )
        links.append(house.gate.enrolment.link_for(account.account_id, by=chief, now_us=house.now))
    options = house.gate.enrolment.passkey_options(links[0], handle="", now_us=house.now)
    with house.refuses("bad_passkey", ledger="wrong_account"):
        house.gate.enrolment.add_passkey(
            links[1], handle="", credential=Authenticator().create(options), now_us=house.now
        )


def test_options_asked_with_one_link_are_not_answered_with_another(house):
    chief, _ = house.first()
    account = house.gate.accounts.create(
        handle="one", roles=["viewer"], markings=[], by=chief, now_us=house.now
    )
    first, second = (
        house.gate.enrolment.link_for(account.account_id, by=chief, now_us=house.now)
        for _ in range(2)
    )
    options = house.gate.enrolment.passkey_options(first, handle="", now_us=house.now)
    with house.refuses("bad_passkey", ledger="wrong_account"):
        house.gate.enrolment.add_passkey(
            second, handle="", credential=Authenticator().create(options), now_us=house.now
        )


def test_an_authenticator_is_told_every_passkey_there_is(house):
    chief, _ = house.first()
    house.person(chief, "deck-watch")
    options = house.gate.enrolment.own_options(chief, now_us=house.now)
    excluded = {entry["id"] for entry in options["excludeCredentials"]}
    assert excluded == set(house.gate.accounts.credentials())
    assert len(excluded) == 2
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "preferred"
    assert options["attestation"] == "none"
    assert options["rp"] == {"id": "localhost", "name": "Fairlead"}


@pytest.mark.parametrize(
    ("lies", "ledger"),
    [
        ({"flags": 0x01}, "not_verified"),
        ({"flags": 0x04}, "bad_passkey"),
        ({"origin": "http://localhost.example"}, "bad_passkey"),
        ({"rp_id": "example.org"}, "bad_passkey"),
        ({"crossOrigin": True}, "wrong_origin"),
        ({"topOrigin": "https://example.org"}, "wrong_origin"),
        ({"type": "webauthn.get"}, "bad_passkey"),
    ],
    ids=str,
)
def test_a_passkey_that_is_made_wrongly_is_refused(house, lies, ledger):
    link = house.gate.enrolment.first_link(now_us=house.now)
    options = house.gate.enrolment.passkey_options(link, handle="master", now_us=house.now)
    with house.refuses("bad_passkey", ledger=ledger):
        house.gate.enrolment.add_passkey(
            link,
            handle="master",
            credential=Authenticator().create(options, **lies),
            now_us=house.now,
        )
    assert house.gate.accounts.every() == []


def test_rubbish_is_refused_and_the_link_still_works(house):
    link = house.gate.enrolment.first_link(now_us=house.now)
    with house.refuses("bad_passkey"):
        house.gate.enrolment.add_passkey(
            link, handle="master", credential={"id": 7}, now_us=house.now
        )
    assert house.redeem(link, "master")


def test_an_account_that_vanished_from_under_its_link_is_refused(house):
    chief, _ = house.first()
    link = house.gate.enrolment._make(
        "acct-none", {"invited": True}, chief.account_id, house.now, HOUR
    )
    with house.refuses("unknown_account"):
        house.gate.enrolment.passkey_options(link, handle="", now_us=house.now)
    with pytest.raises(RefusedError):
        house.gate.enrolment.own_options(
            chief.__class__("acct-none", chief.roles, chief.markings, house.now, "passkey"),
            now_us=house.now,
        )
