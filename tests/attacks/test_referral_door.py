"""Somebody wants a referral to leave that people did not approve. Nothing leaves, all is kept."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest

from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import canonical_json
from fairlead.schema.referrals import ReferralKind
from tests.referrals.office import DAY, HOUR, MINUTE, T0, lead, material
from tests.referrals.test_door import refused


def approve(office, referral_id, step_up, now_us=T0 + MINUTE):
    return office.door.approve(referral_id, step_up, now_us=now_us)


def raw_sql(office, sql, values=()):
    """What someone with the file does: triggers dropped, rows written past the program."""
    database = sqlite3.connect(office.store.path)
    names = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in names:
        database.execute(f"DROP TRIGGER {name}")
    database.execute(sql, values)
    database.commit()
    database.close()


def test_the_author_never_counts(office):
    office.people.roles[office.author] = frozenset({"analyst", "reviewer"})
    referral_id, digest = office.frozen(ReferralKind.INFORMATION)
    yes = office.people.says_yes(office.author, digest, T0)
    with refused("own_referral"):
        approve(office, referral_id, yes)
    assert office.refusals() == ["own_referral"]


def test_one_authenticator_under_two_accounts_counts_once(office):
    twin = office.people.add("acct-twin", "reviewer")
    office.people.keys[twin] = office.people.keys[office.ann]
    referral_id, digest = office.frozen()
    approve(office, referral_id, office.people.says_yes(office.ann, digest, T0))
    with refused("same_person"):
        approve(office, referral_id, office.people.says_yes(twin, digest, T0))
    with refused("too_few_approvals"):
        office.send(referral_id)


def test_the_same_yes_twice_counts_once(office):
    referral_id, digest = office.frozen()
    yes = office.people.says_yes(office.ann, digest, T0)
    approve(office, referral_id, yes)
    with refused("same_person"):
        approve(office, referral_id, yes)


def test_a_signature_of_another_version_is_no_signature_of_this_one(office):
    first, digest = office.frozen()
    other = material(lead=lead(), grounds=material().grounds[:1])
    second = office.draft(now_us=T0 + 1)
    office.door.freeze(second, other, actor=office.author, now_us=T0 + 1)
    with refused("wrong_digest"):
        approve(office, second, office.people.says_yes(office.ann, digest, T0 + 1))
    assert office.door.record(first).digest != office.door.record(second).digest


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"purpose": "something else"}, "forged"),
        ({"account_id": "acct-bob"}, "forged"),
        ({"signed": {"signature": "00" * 64}}, "forged"),
        ({"signed": {}}, "forged"),
        ({"purpose": "  "}, "no_purpose"),
        ({"made_us": T0 + DAY}, "clock_set_back"),
        ({"expires_us": T0}, "expired"),
        ({"made_us": T0 - DAY}, "expired"),
    ],
)
def test_a_changed_assertion_is_refused(office, change, reason):
    referral_id, digest = office.frozen()
    yes = replace(office.people.says_yes(office.ann, digest, T0), **change)
    with refused(reason):
        approve(office, referral_id, yes)
    assert office.refusals() == [reason]


@pytest.mark.parametrize("roles", [(), ("viewer",), ("analyst",), ("administrator",)])
def test_only_the_roles_of_the_kind_may_approve(office, roles):
    clerk = office.people.add("acct-clerk", *roles)
    referral_id, digest = office.frozen()
    with refused("not_reviewer"):
        approve(office, referral_id, office.people.says_yes(clerk, digest, T0))


def test_a_reviewer_who_is_revoked_after_signing_no_longer_counts(office):
    referral_id = office.signed()
    office.people.revoked.add(office.bob)
    with refused("too_few_approvals"):
        office.send(referral_id)
    office.people.revoked.clear()
    office.people.roles[office.bob] = frozenset({"viewer"})
    with refused("too_few_approvals"):
        office.send(referral_id)
    assert office.left == []


def test_an_approval_row_written_past_the_program_does_not_count(office):
    referral_id, digest = office.frozen()
    approve(office, referral_id, office.people.says_yes(office.ann, digest, T0))
    forged = asdict(office.people.says_yes(office.bob, digest, T0))
    row = (99, referral_id, "approved", office.bob, T0, canonical_json({"step_up": forged}), 4)
    raw_sql(office, "INSERT INTO referral_acts VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    with refused("tampered"):
        office.send(referral_id)
    assert office.left == []


def test_content_changed_in_the_database_does_not_leave(office):
    referral_id = office.signed()
    raw_sql(office, "UPDATE referral_contents SET content = replace(content, '3.5', '9.9')")
    with refused("tampered"):
        office.send(referral_id)
    with refused("tampered"):
        office.door.content(referral_id)


def test_content_and_its_digest_changed_together_do_not_leave(office):
    referral_id = office.signed()
    other, _ = office.frozen(now_us=T0 + 1)
    raw_sql(
        office,
        "UPDATE referral_contents SET (digest, content) = (SELECT digest, content FROM"
        " referral_contents WHERE referral_id = ?) WHERE referral_id = ?",
        (other, referral_id),
    )
    with refused("tampered"):
        office.send(referral_id)


@pytest.mark.parametrize("column", ["actor", "body", "at_us", "act"])
def test_an_act_changed_in_the_database_stops_the_referral(office, column):
    referral_id = office.signed()
    value = {"actor": "acct-x", "body": '{"digest":"x"}', "at_us": T0 - 1, "act": "withdrawn"}
    raw_sql(
        office,
        f"UPDATE referral_acts SET {column} = ? WHERE act = 'frozen'",
        (value[column],),
    )
    with refused("tampered"):
        office.send(referral_id)


def test_a_deleted_beginning_stops_the_referral(office):
    referral_id = office.signed()
    raw_sql(office, "DELETE FROM referral_acts WHERE act = 'created'")
    with refused("tampered"):
        office.send(referral_id)
    with refused("tampered"):
        office.door.record(referral_id)


def test_a_deleted_withdrawal_is_seen_by_the_ledger(office):
    """The door cannot see what is gone; the ledger's entry of the withdrawal stays."""
    referral_id = office.signed()
    office.door.withdraw(referral_id, actor=office.bob, reason="no", now_us=T0 + MINUTE)
    raw_sql(office, "DELETE FROM referral_acts WHERE act = 'withdrawn'")
    with refused("tampered"):
        office.send(referral_id)


def test_a_recipient_changed_in_the_database_gets_nothing(office):
    referral_id = office.signed()
    raw_sql(office, """UPDATE recipients SET body = replace(body, 'coastguard"}', 'elsewhere"}')""")
    with refused("tampered"):
        office.send(referral_id)


def test_a_decision_written_past_the_program_approves_nothing(office):
    row = office.approve_lead()
    raw_sql(office, "UPDATE decisions SET verdict = 'reject'")
    with refused("tampered"):
        office.decisions.of(row["lead_id"])


def test_of_many_who_press_send_at_once_one_sends(office):
    referral_id = office.signed()

    def press(_):
        try:
            return bool(office.send(referral_id))
        except RefusedError as refusal:
            return refusal.reason

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(press, range(8)))
    assert answers.count(True) == 1
    assert set(answers) == {True, "ended"}
    assert len(office.left) == 1


def test_a_crash_between_claim_and_delivery_never_sends_twice(office):
    referral_id = office.signed()

    def crash(_):
        raise SystemExit

    with pytest.raises(SystemExit):
        office.door.send(referral_id, crash, actor=office.author, now_us=T0 + 2 * MINUTE)
    assert office.door.record(referral_id).state == "sending"
    with refused("ended"):
        office.send(referral_id)


def test_a_clock_set_back_does_not_revive_an_approval(office):
    referral_id = office.signed(now_us=T0 + DAY)
    with refused("too_few_approvals"):
        office.send(referral_id, now_us=T0 - DAY)
    assert office.left == []


def test_a_recipient_that_lost_its_markings_gets_nothing(office):
    from tests.referrals.office import COASTGUARD

    referral_id = office.signed()
    narrowed = replace(COASTGUARD, holds=frozenset({"tlp:green"}))
    office.recipients.put(narrowed, actor="acct-admin", now_us=T0 + MINUTE)
    with refused("not_releasable"):
        office.send(referral_id)


def test_a_recipient_that_was_closed_gets_nothing(office):
    from tests.referrals.office import COASTGUARD

    referral_id = office.signed()
    closed = replace(COASTGUARD, is_active=False)
    office.recipients.put(closed, actor="acct-admin", now_us=T0 + MINUTE)
    with refused("recipient_closed"):
        office.send(referral_id)


def test_a_recipient_that_no_longer_takes_the_kind_gets_nothing(office):
    from tests.referrals.office import COASTGUARD

    referral_id = office.signed()
    other = replace(COASTGUARD, kinds=frozenset({ReferralKind.INFORMATION}))
    office.recipients.put(other, actor="acct-admin", now_us=T0 + MINUTE)
    with refused("wrong_kind"):
        office.send(referral_id)


def test_a_stranger_sends_nothing(office):
    referral_id = office.signed()
    viewer = office.people.add("acct-viewer", "viewer")
    for actor in (viewer, "acct-nobody"):
        with refused("not_reviewer"):
            office.send(referral_id, actor=actor)


def test_a_stranger_writes_no_referral(office):
    viewer = office.people.add("acct-viewer", "viewer")
    with refused("not_author"):
        office.draft(author=viewer)


def test_the_stop_switch_holds_everything_back(office):
    referral_id = office.signed()
    office.stop.pull(actor=office.bob, reason="something is wrong", now_us=T0)
    with refused("stopped"):
        office.send(referral_id)


def test_one_reviewer_cannot_release_the_switch_alone(office):
    from fairlead.referrals.stop import PURPOSE

    pulled = office.stop.pull(actor=office.bob, reason="wrong", now_us=T0)
    yes = office.people.says_yes(office.ann, pulled.digest, T0, PURPOSE)
    assert office.stop.release(yes, now_us=T0).pulled
    again = office.people.says_yes(office.ann, pulled.digest, T0 + 1, PURPOSE)
    with refused("same_person"):
        office.stop.release(again, now_us=T0 + 1)
    twin = office.people.add("acct-twin", "reviewer")
    office.people.keys[twin] = office.people.keys[office.ann]
    by_twin = office.people.says_yes(twin, pulled.digest, T0 + 2, PURPOSE)
    assert office.stop.release(by_twin, now_us=T0 + 2).pulled
    by_bob = office.people.says_yes(office.bob, pulled.digest, T0 + 3, PURPOSE)
    assert not office.stop.release(by_bob, now_us=T0 + 3).pulled


def test_a_release_signed_for_an_earlier_pull_is_worth_nothing(office):
    from fairlead.referrals.stop import PURPOSE

    first = office.stop.pull(actor=office.bob, reason="one", now_us=T0)
    old = [office.people.says_yes(p, first.digest, T0, PURPOSE) for p in (office.ann, office.bob)]
    for yes in old:
        office.stop.release(yes, now_us=T0)
    office.stop.pull(actor=office.bob, reason="two", now_us=T0 + HOUR)
    for yes in old:
        with refused("wrong_digest"):
            office.stop.release(yes, now_us=T0 + HOUR)


def test_a_release_row_written_past_the_program_keeps_the_door_closed(office):
    referral_id = office.signed()
    office.stop.pull(actor=office.bob, reason="wrong", now_us=T0)
    raw_sql(office, "UPDATE stop_acts SET act = 'presence'")
    with refused("stopped"):
        office.send(referral_id)


def test_a_deleted_pull_keeps_the_door_closed(office):
    referral_id = office.signed()
    office.stop.pull(actor=office.bob, reason="wrong", now_us=T0)
    raw_sql(office, "DELETE FROM stop_acts")
    with refused("stopped"):
        office.send(referral_id)
