"""Accounts are folded from a history that only grows, and changed by administrators alone."""

import pytest

from fairlead.review.access.accounts import handle_of, roles_of
from fairlead.schema.errors import ConfigError, RefusedError
from tests.review.access.house import HOUR, START_US


def test_nobody_is_there_at_first_and_no_password_is_known(house):
    assert house.gate.accounts.every() == []
    assert house.gate.enrolment.is_open()
    assert not house.gate.accounts.has_administrator()


def test_a_created_account_waits_for_whoever_enrols(house):
    chief, _ = house.first()
    made = house.gate.accounts.create(
        handle=" Deck.Watch ",
        roles=["analyst"],
        markings=["tlp:amber"],
        by=chief,
        now_us=house.now,
        expires_us=house.now + HOUR,
    )
    assert made.handle == "deck.watch"
    assert made.state(house.now) == "invited"
    assert made.state(house.now + HOUR) == "expired"
    assert made.as_dict(house.now) == {
        "account_id": made.account_id,
        "handle": "deck.watch",
        "roles": ["analyst"],
        "markings": ["tlp:amber"],
        "state": "invited",
        "created_us": START_US,
        "expires_us": START_US + HOUR,
        "revoked_us": None,
        "n_passkeys": 0,
        "has_password": False,
    }
    assert house.gate.accounts.by_handle("DECK.watch ") == made
    assert house.gate.accounts.by_handle("nobody-known") is None
    assert [a.handle for a in house.gate.accounts.every()] == ["deck.watch", "harbour-master"]


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"handle": "a"}, "bad_handle"),
        ({"handle": "x" * 41}, "bad_handle"),
        ({"handle": "mate@ship.example"}, "bad_handle"),
        ({"handle": "-dash"}, "bad_handle"),
        ({"handle": "harbour-master"}, "handle_taken"),
        ({"roles": ["service"]}, "bad_role"),
        ({"roles": ["admiral"]}, "bad_role"),
        ({"expires_us": -1}, "bad_expiry"),
        ({"expires_us": 1 << 53}, "bad_expiry"),
    ],
)
def test_what_no_account_can_be_is_refused(house, given, reason):
    chief, _ = house.first()
    account = {"handle": "deck-watch", "roles": ["viewer"], "markings": []} | given
    with house.refuses(reason):
        house.gate.accounts.create(**account, by=chief, now_us=house.now)


def test_markings_without_meaning_are_an_error(house):
    chief, _ = house.first()
    with pytest.raises(ConfigError, match="no marking"):
        house.gate.accounts.create(
            handle="deck-watch", roles=[], markings=["tlp:pink"], by=chief, now_us=house.now
        )


@pytest.mark.parametrize("handle", ["ab", "x" * 40, "a_b.c-1"])
def test_handles_that_are_allowed(handle):
    assert handle_of(handle) == handle


def test_roles_that_are_allowed():
    assert roles_of(["viewer", "viewer", "reviewer"]) == {"viewer", "reviewer"}


def test_changes_take_effect_and_are_kept(house):
    chief, _ = house.first()
    who, _ = house.person(chief, "deck-watch")
    accounts = house.gate.accounts
    changed = accounts.change(
        who.account_id,
        by=chief,
        now_us=house.now,
        roles=["reviewer"],
        markings=["tlp:amber", "source:radar"],
        expires_us=house.now + HOUR,
    )
    assert changed.roles == {"reviewer"}
    assert changed.markings == {"tlp:amber", "source:radar"}
    assert accounts.standing(who.account_id, house.now).roles == {"reviewer"}
    assert accounts.standing(who.account_id, house.now).is_active
    assert not accounts.standing(who.account_id, house.now + HOUR).is_active
    assert accounts.standing(who.account_id, house.now + HOUR).roles == frozenset()
    assert accounts.standing("acct-unknown", house.now).roles == frozenset()
    back = accounts.change(who.account_id, by=chief, now_us=house.now, expires_us=None)
    assert (back.expires_us, back.roles) == (None, {"reviewer"})
    history = accounts.history(who.account_id)
    assert [sorted(change.body) for change in history] == [
        ["expires_us", "handle", "markings", "roles"],
        ["passkey"],
        ["expires_us", "markings", "roles"],
        ["expires_us"],
    ]
    assert [change.actor for change in history] == [
        *(chief.account_id, who.account_id, chief.account_id, chief.account_id)
    ]
    for change in history:
        entry = house.entries()[change.leaf]
        assert entry["kind"] == "account_change"
        assert entry["body"]["account_id"] == who.account_id
        assert entry["body"]["changes"] == sorted(change.body)


def test_revoking_is_for_good(house):
    chief, _ = house.first()
    who, key = house.person(chief, "deck-watch")
    gone = house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, revoked=True)
    assert gone.revoked_us == house.now
    assert gone.state(house.now) == "revoked"
    assert not house.gate.accounts.standing(who.account_id, house.now).is_active
    with house.refuses("revoked"):
        house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, roles=["viewer"])
    assert gone.revoked_us == house.gate.accounts.get(who.account_id).revoked_us


def test_saying_not_revoked_changes_nothing_about_it(house):
    chief, _ = house.first()
    who, _ = house.person(chief, "deck-watch")
    same = house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, revoked=False)
    assert same.state(house.now) == "active"


def test_an_end_that_json_does_not_keep_is_refused(house):
    chief, _ = house.first()
    who, _ = house.person(chief, "deck-watch", expires_us=(1 << 53) - 1)
    with house.refuses("bad_expiry"):
        house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, expires_us=1 << 53)
    ended = house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, expires_us=0)
    assert ended.state(house.now) == "expired"


def test_an_unknown_account_cannot_be_changed(house):
    chief, _ = house.first()
    with house.refuses("unknown_account"):
        house.gate.accounts.change("acct-none", by=chief, now_us=house.now, revoked=True)


def test_only_administrators_change_accounts(house):
    chief, _ = house.first()
    who, _ = house.person(chief, "deck-watch", roles=["analyst", "reviewer"])
    with house.refuses("not_administrator"):
        house.gate.accounts.create(
            handle="crony", roles=["reviewer"], markings=[], by=who, now_us=house.now
        )
    with house.refuses("not_administrator"):
        house.gate.accounts.change(
            who.account_id, by=who, now_us=house.now, roles=["administrator"]
        )


def test_an_administrator_who_was_revoked_a_moment_ago_changes_nothing(house):
    chief, _ = house.first()
    other, _ = house.person(chief, "second", roles=["administrator"])
    house.gate.accounts.change(other.account_id, by=chief, now_us=house.now, revoked=True)
    with house.refuses("not_administrator"):
        house.gate.accounts.change(chief.account_id, by=other, now_us=house.now, revoked=True)


@pytest.mark.parametrize(
    "change",
    [{"revoked": True}, {"roles": ["viewer"]}, {"expires_us": START_US + 999 * HOUR}],
    ids=["revoked", "demoted", "expiring"],
)
def test_the_last_administrator_stays(house, change):
    chief, _ = house.first()
    invited = house.gate.accounts.create(
        handle="second", roles=["administrator"], markings=[], by=chief, now_us=house.now
    )
    with house.refuses("last_administrator"):
        house.gate.accounts.change(chief.account_id, by=chief, now_us=house.now, **change)
    link = house.gate.enrolment.link_for(invited.account_id, by=chief, now_us=house.now)
    house.redeem(link)
    house.gate.accounts.change(chief.account_id, by=chief, now_us=house.now, **change)


def test_the_last_administrator_keeps_a_way_in(house):
    chief, key = house.first()
    (credential,) = house.gate.accounts.credentials()
    with house.refuses("last_administrator"):
        house.gate.accounts.remove_passkey(chief.account_id, credential, by=chief, now_us=house.now)


def test_a_person_removes_a_passkey_of_their_own_but_of_no_one_else(house):
    chief, _ = house.first()
    one, key = house.person(chief, "one")
    two, _ = house.person(chief, "two")
    credential = house.gate.accounts.get(one.account_id).passkeys[0].credential
    with house.refuses("not_administrator"):
        house.gate.accounts.remove_passkey(one.account_id, credential, by=two, now_us=house.now)
    with house.refuses("unknown_passkey"):
        house.gate.accounts.remove_passkey(two.account_id, credential, by=chief, now_us=house.now)
    with house.refuses("unknown_passkey"):
        house.gate.accounts.remove_passkey("acct-none", credential, by=chief, now_us=house.now)
    left = house.gate.accounts.remove_passkey(one.account_id, credential, by=one, now_us=house.now)
    assert left.live_passkeys == ()
    assert left.passkeys[0].removed_us == house.now
    assert left.state(house.now) == "invited"
    assert credential not in house.gate.accounts.credentials()
    assert house.gate.accounts.by_credential(credential) is None
    with house.refuses("unknown_passkey"):
        house.gate.accounts.remove_passkey(one.account_id, credential, by=one, now_us=house.now)


def test_removing_one_of_two_passkeys_leaves_the_other(house):
    chief, _ = house.first()
    one, key = house.person(chief, "one")
    from tests.review.access.authenticator import Authenticator

    spare = Authenticator()
    options = house.gate.enrolment.own_options(one, now_us=house.now)
    house.gate.enrolment.add_own(one, credential=spare.create(options), now_us=house.now)
    first, second = house.gate.accounts.get(one.account_id).passkeys
    house.gate.accounts.remove_passkey(one.account_id, first.credential, by=chief, now_us=house.now)
    assert house.gate.accounts.get(one.account_id).live_passkeys == (second,)
    assert house.sign_in(spare).account_id == one.account_id
    with house.refuses("sign_in_failed", ledger="unknown_passkey", kind="sign_in_refused"):
        house.sign_in(key)


def test_a_password_is_removed_with_its_one_time_key(house):
    chief, _ = house.first()
    who, _ = house.with_password(chief, "typist")
    with house.refuses("not_administrator"):
        other, _ = house.person(chief, "other")
        house.gate.accounts.remove_password(who.account_id, by=other, now_us=house.now)
    left = house.gate.accounts.remove_password(who.account_id, by=who, now_us=house.now)
    assert left.password is None
    assert house.sql("SELECT count(*) FROM passwords") == [(0,)]


def test_everything_is_still_so_after_a_restart(house):
    chief, key = house.first()
    house.person(chief, "deck-watch")
    before = house.gate.accounts.every()
    house.restart()
    assert house.gate.accounts.every() == before
    assert house.sign_in(key).account_id == chief.account_id


def test_two_programs_on_one_store_see_each_others_changes(house, tmp_path):
    from tests.review.access.house import House

    chief, _ = house.first()
    other = House(tmp_path)
    who, _ = other.person(chief, "deck-watch")
    assert house.gate.accounts.get(who.account_id) == other.gate.accounts.get(who.account_id)
    other.close()


def test_the_ledger_has_no_handle_and_no_key(house):
    chief, _ = house.first()
    house.with_password(chief, "typist")
    text = str(house.entries())
    account = house.gate.accounts.by_handle("typist")
    passkey = house.gate.accounts.get(chief.account_id).passkeys[0]
    for secret in ("typist", "harbour-master", account.password, passkey.credential):
        assert secret not in text
    with pytest.raises(RefusedError):
        house.sign_in(type("Empty", (), {"get": lambda self, options: {}})())
