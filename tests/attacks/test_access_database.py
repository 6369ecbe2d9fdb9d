"""Rows written straight into the database by someone who has the file: they gain no power.

They do not have the installation's secret, which lies in another file. Taking power away (deleting
everything) cannot be prevented by a program; that it is noticed is shown here.
"""

import json
from dataclasses import replace

import pytest

from fairlead.review.access.ground import Seal
from fairlead.schema.errors import ConfigError, ConflictError, RefusedError
from tests.review.access.authenticator import Authenticator, b64
from tests.review.access.house import HOUR, SECRET, House, S

WRITE = "INSERT INTO account_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


@pytest.fixture
def house(tmp_path):
    made = House(tmp_path)
    yield made
    made.close()


def is_tampered(house):
    with pytest.raises(RefusedError) as caught:
        house.gate.accounts.every()
    return caught.value.reason == "tampered"


def rows(house):
    return house.sql("SELECT * FROM account_changes ORDER BY seq")


def test_an_account_without_a_seal(house):
    chief, _ = house.first()
    last = rows(house)[-1]
    body = json.dumps({"handle": "ghost", "roles": ["administrator"], "markings": ["tlp:red"]})
    house.sql(WRITE, (last[0] + 1, "acct-ghost", body, "x", house.now, 0, last[7], "00" * 32))
    assert is_tampered(house)
    house.restart()
    assert is_tampered(house)


def test_an_account_sealed_with_another_secret(house):
    house.first()
    last = rows(house)[-1]
    body = json.dumps({"handle": "ghost", "markings": [], "roles": ["administrator"]})
    values = (last[0] + 1, "acct-ghost", body, "x", house.now, 0, last[7])
    seal = Seal(b"\1" * 32).of("account_changes", *values)
    house.sql(WRITE, (*values, seal))
    assert is_tampered(house)


def test_an_account_with_a_true_seal_but_no_entry_in_the_ledger(house):
    """Even someone who has the secret cannot make an account that the ledger does not show."""
    chief, _ = house.first()
    last = rows(house)[-1]
    body = json.dumps({"handle": "ghost", "markings": [], "roles": ["administrator"]})
    leaf = last[5]
    values = (last[0] + 1, "acct-ghost", body, chief.account_id, house.now, leaf, last[7])
    house.sql(WRITE, (*values, Seal(SECRET).of("account_changes", *values)))
    assert is_tampered(house)


@pytest.mark.parametrize("column", ["kind", "actor", "time"])
def test_an_entry_of_another_act_does_not_stand_for_a_change(house, column):
    chief, _ = house.first()
    last = rows(house)[-1]
    text = '{"markings":["tlp:red"]}'
    entry = house.gate.accounts._entry(last[0] + 1, chief.account_id, text, last[7])
    kind = "export" if column == "kind" else "account_change"
    actor = "acct-other" if column == "actor" else chief.account_id
    at_us = house.now + 1 if column == "time" else house.now
    leaf = house.ledger.append_now(kind, at_us, actor, entry)
    values = (last[0] + 1, chief.account_id, text, chief.account_id, house.now, leaf, last[7])
    house.sql(WRITE, (*values, Seal(SECRET).of("account_changes", *values)))
    assert is_tampered(house)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE account_changes SET body = replace(body, 'reviewer', 'administrator')",
        "UPDATE account_changes SET actor = 'acct-other' WHERE seq = 1",
        "UPDATE account_changes SET leaf = 0 WHERE seq = 2",
        "UPDATE account_changes SET at_us = at_us + 1 WHERE seq = 2",
        "DELETE FROM account_changes WHERE seq = 1",
        "DELETE FROM account_changes WHERE seq = (SELECT max(seq) FROM account_changes)",
        "DELETE FROM account_changes",
        "UPDATE account_changes SET seq = 99 WHERE seq = (SELECT max(seq) FROM account_changes)",
    ],
)
def test_a_history_that_was_changed_under_a_running_program_stops_it(house, change):
    chief, _ = house.first()
    house.person(chief, "second", roles=["reviewer"])
    house.gate.accounts.every()
    house.sql(change, drop=["account_changes"])
    if "max(seq)" in change or change.endswith("changes"):
        assert is_tampered(house)
    else:
        house.restart()
        assert is_tampered(house)


def test_the_fence_stands_for_whoever_goes_through_the_program(house):
    house.first()
    for statement in ("UPDATE account_changes SET actor = 'x'", "DELETE FROM account_changes"):
        with pytest.raises(ConflictError, match="only grows"), house.store.write() as out:
            out.execute(statement)


@pytest.mark.parametrize("n_links", [0, 150])
def test_a_revocation_undone_while_the_program_is_down(house, n_links):
    """The end of the history is cut off; the rest is sound, but the ledger has more."""
    chief, _ = house.first()
    who, _ = house.person(chief, "second")
    house.gate.accounts.change(who.account_id, by=chief, now_us=house.now, revoked=True)
    for _ in range(n_links):
        house.gate.enrolment.link_at_machine("second", now_us=house.now)
    house.restart()
    assert house.gate.accounts.get(who.account_id).state(house.now) == "revoked"
    house.sql(
        "DELETE FROM account_changes WHERE seq = (SELECT max(seq) FROM account_changes)",
        drop=["account_changes"],
    )
    house.restart()
    assert is_tampered(house)


def test_every_account_deleted_while_the_program_is_down_opens_no_enrolment(house):
    house.first()
    house.sql("DELETE FROM account_changes", drop=["account_changes"])
    house.restart()
    with house.refuses("tampered"):
        house.gate.enrolment.first_link(now_us=house.now)


def test_a_session_written_by_hand(house):
    import hashlib

    chief, _ = house.first()
    house.sql(
        "INSERT INTO sessions VALUES (?, ?, 'passkey', ?, ?, ?, ?, ?, NULL)",
        (
            hashlib.sha256(b"mine").hexdigest(),
            chief.account_id,
            house.now,
            house.now + HOUR,
            house.gate.accounts.get(chief.account_id).seq,
            "00" * 32,
            house.now,
        ),
    )
    with house.refuses("tampered"):
        house.gate.sessions.of("mine", now_us=house.now)


@pytest.mark.parametrize(
    "change",
    [
        "account_id = ?",
        "expires_us = expires_us + 1",
        "authenticated_us = authenticated_us + 1",
        "method = 'passkey'",
        "account_seq = account_seq + 1",
    ],
)
def test_a_session_changed_by_hand(house, change):
    chief, _ = house.first()
    who, _ = house.with_password(chief, "typist")
    account = house.gate.accounts.get(who.account_id)
    session = house.gate.sessions.start(account, method="password", now_us=house.now)
    house.sql(f"UPDATE sessions SET {change}", (chief.account_id,) if "?" in change else ())
    with house.refuses("tampered"):
        house.gate.sessions.of(session.token, now_us=house.now)


def test_a_service_token_changed_by_hand(house):
    chief, _ = house.first()
    token = house.gate.tokens.issue(
        by=chief,
        name="fetch",
        roles=["viewer"],
        markings=[],
        expires_us=house.now + HOUR,
        now_us=house.now,
    )
    house.sql("UPDATE service_tokens SET body = replace(body, 'viewer', 'administrator')")
    with house.refuses("tampered"):
        house.gate.tokens.of(token.token, now_us=house.now)


def test_an_enrolment_link_written_by_hand(house):
    import hashlib

    chief, _ = house.first()
    house.sql(
        "INSERT INTO enrolment_links VALUES (?, ?, ?, ?, ?)",
        (
            hashlib.sha256(b"mine").hexdigest(),
            chief.account_id,
            '{"recovery":true}',
            house.now + HOUR,
            "00" * 32,
        ),
    )
    with house.refuses("tampered"):
        house.gate.enrolment.passkey_options("mine", handle="", now_us=house.now)


def test_a_used_link_made_fresh_again_still_enrols_nobody_else(house):
    chief, _ = house.first()
    account = house.gate.accounts.create(
        handle="second", roles=["reviewer"], markings=[], by=chief, now_us=house.now
    )
    link = house.gate.enrolment.link_for(account.account_id, by=chief, now_us=house.now)
    house.redeem(link)
    house.sql("DELETE FROM enrolment_uses", drop=["enrolment_uses"])
    with house.refuses("already_enrolled"):
        house.redeem(link)


def test_a_challenge_written_by_hand(house):
    """To replay an assertion that was overheard: its challenge is put back."""
    _, key = house.first()
    options = {"challenge": b64(b"\7" * 32), "rpId": "localhost"}
    house.sql(
        "INSERT INTO challenges VALUES (?, 'sign_in', '', '{}', ?, ?)",
        ((b"\7" * 32).hex(), house.now + HOUR, "00" * 32),
    )
    with house.refuses("tampered", kind="sign_in_refused"):
        house.gate.passkeys.sign_in(key.get(options), now_us=house.now)


def test_a_spent_challenge_made_fresh_again_meets_the_counter(house):
    _, key = house.first()
    sent = key.get(house.gate.passkeys.sign_in_options(now_us=house.now))
    house.gate.passkeys.sign_in(sent, now_us=house.now)
    house.sql("DELETE FROM challenge_uses")
    with house.refuses("sign_in_failed", ledger="sign_count_went_back", kind="sign_in_refused"):
        house.gate.passkeys.sign_in(sent, now_us=house.now)


def test_a_password_put_in_place_of_another(house):
    chief, _ = house.first()
    victim, _ = house.with_password(chief, "victim")
    _, codes = house.with_password(chief, "attacker")
    house.later(30 * S)
    by_handle = {a.handle: a.account_id for a in house.gate.accounts.every()}
    found = house.sql(
        "SELECT hash, one_time_key FROM passwords WHERE account_id = ?", (by_handle["attacker"],)
    )
    house.sql(
        "UPDATE passwords SET hash = ?, one_time_key = ? WHERE account_id = ?",
        (*found[0], victim.account_id),
    )
    with house.refuses("tampered", kind="sign_in_refused"):
        house.gate.passwords.sign_in(
            "victim", "lee shore at night 7", house.code(codes), address="a", now_us=house.now
        )


def test_a_password_hash_alone_put_in_place_of_another(house):
    chief, _ = house.first()
    victim, codes = house.with_password(chief, "victim")
    house.later(30 * S)
    hashed, _ = house.gate.passwords.make("x", "the attacker's own words")
    house.sql("UPDATE passwords SET hash = ? WHERE account_id = ?", (hashed, victim.account_id))
    with house.refuses("tampered", kind="sign_in_refused"):
        house.gate.passwords.sign_in(
            "victim", "the attacker's own words", house.code(codes), address="a", now_us=house.now
        )


def test_a_password_that_was_deleted(house):
    chief, _ = house.first()
    house.with_password(chief, "victim")
    house.sql("DELETE FROM passwords")
    with house.refuses("tampered", kind="sign_in_refused"):
        house.gate.passwords.sign_in("victim", "x", "1", address="a", now_us=house.now)


def test_a_passkey_freed_for_a_second_account(house):
    chief, key = house.first()
    account = house.gate.accounts.create(
        handle="alias", roles=["reviewer"], markings=[], by=chief, now_us=house.now
    )
    link = house.gate.enrolment.link_for(account.account_id, by=chief, now_us=house.now)
    house.sql("DELETE FROM passkey_owners")
    options = house.gate.enrolment.passkey_options(link, handle="", now_us=house.now)
    with house.refuses("passkey_taken"):
        house.gate.enrolment.add_passkey(
            link, handle="", credential=key.create(options), now_us=house.now
        )


def test_a_passkey_claimed_beforehand_blocks_only_itself(house):
    """The key of `passkey_owners` is the second of two checks; alone it refuses as well."""
    key = Authenticator()
    link = house.gate.enrolment.first_link(now_us=house.now)
    house.sql("INSERT INTO passkey_owners VALUES (?, 'x', 'acct-x')", (b64(key.credential),))
    options = house.gate.enrolment.passkey_options(link, handle="master", now_us=house.now)
    with house.refuses("used"):
        house.gate.enrolment.add_passkey(
            link, handle="master", credential=key.create(options), now_us=house.now
        )


def test_a_database_copied_to_another_installation_lets_nobody_in(house, tmp_path):
    house.first()
    from fairlead.review.access.gate import Gate
    from fairlead.review.access.passkeys import Site
    from tests.review.access.house import CHEAP

    other = Gate.open(house.store, house.ledger, b"\1" * 32, Site(), cost=CHEAP)
    with pytest.raises(RefusedError) as caught:
        other.accounts.every()
    assert caught.value.reason == "tampered"


def test_a_secret_that_was_cut_short_opens_nothing():
    with pytest.raises(ConfigError, match="31 bytes, 32 are needed"):
        Seal(b"\0" * 31)


def test_a_copy_of_the_database_gives_away_no_one_time_key(house):
    chief, _ = house.first()
    _, codes = house.with_password(chief, "typist")
    kept = str([house.sql(f"SELECT * FROM {table}") for table in ("passwords", "account_changes")])
    assert codes.secret not in kept


def test_an_approval_row_changed_by_hand(house):
    chief, key = house.first()
    who, theirs = house.person(chief, "second", roles=["reviewer"])
    options = house.gate.approvals.options(
        who, digest="ab" * 32, purpose="referral", now_us=house.now
    )
    made = house.gate.approvals.verify(
        who,
        digest="ab" * 32,
        purpose="referral",
        credential=theirs.get(options),
        now_us=house.now,
    )
    house.gate.approvals.check(made)
    other = {**made.signed, "statement": {**made.signed["statement"], "digest": "cd" * 32}}
    for change, reason in (
        ({"account_id": chief.account_id}, "wrong_account"),
        ({"digest": "cd" * 32}, "wrong_digest"),
        ({"purpose": "stop"}, "wrong_purpose"),
        ({"expires_us": made.expires_us + 1}, "forged"),
        ({"made_us": made.made_us + 1}, "forged"),
        ({"method": "password"}, "forged"),
        ({"key": "00"}, "forged"),
        ({"digest": "cd" * 32, "signed": other}, "forged"),
        ({"signed": {}}, "forged"),
        ({"signed": {**made.signed, "seal": 7}}, "forged"),
        ({"signed": {"statement": {"digest": 1}}}, "forged"),
    ):
        with pytest.raises(RefusedError) as caught:
            house.gate.approvals.check(replace(made, **change))
        assert caught.value.reason == reason, change


def test_an_approval_of_an_account_that_never_was(house):
    chief, key = house.first()
    options = house.gate.approvals.options(chief, digest="ab", purpose="x", now_us=house.now)
    made = house.gate.approvals.verify(
        chief, digest="ab", purpose="x", credential=key.get(options), now_us=house.now
    )
    statement = {**made.signed["statement"], "account_id": "acct-none"}
    ghost = replace(made, account_id="acct-none", signed={**made.signed, "statement": statement})
    with pytest.raises(RefusedError) as caught:
        house.gate.approvals.check(ghost)
    assert caught.value.reason == "wrong_account"
