"""Rows written or taken away past the program, clocks turned, and two who act at once."""

import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import pytest

from fairlead.engines.control import SqliteStore
from fairlead.referrals.channels import Outside
from fairlead.referrals.door import Door
from fairlead.referrals.recipients import Recipients
from fairlead.referrals.rules import default_rules
from fairlead.referrals.stop import PURPOSE, StopSwitch
from fairlead.review.ledger import StoredLedger
from fairlead.schema.decisions import Verdict
from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import canonical_json
from fairlead.schema.ledger import LedgerKind
from fairlead.schema.referrals import ReferralKind
from tests.attacks.test_referral_door import raw_sql
from tests.referrals.office import (
    CLOSED,
    COASTGUARD,
    DAY,
    HOUR,
    MINUTE,
    OPEN,
    T0,
    Office,
    event,
    ground,
    holds,
    lead,
    material,
)
from tests.referrals.test_door import refused


def test_a_dossier_tells_nothing_of_what_was_withheld(office):
    """The proof of drafting carried the lead's markings and what its reviewers wrote."""
    row = lead()
    office.decisions.show(row, inputs={}, actor=office.author, now_us=T0)
    office.decisions.decide(
        row,
        digest=row["digest"],
        verdict=Verdict.APPROVE,
        reviewer=office.author,
        reason="the NAVY radar saw her",
        now_us=T0,
    )
    referral_id = office.door.draft(
        row,
        office.decisions.of(row["lead_id"]),
        kind=ReferralKind.INFORMATION,
        recipient_id="coastguard",
        author=office.author,
        note="",
        now_us=T0,
        markings=("source:ais", "source:navy"),
    )
    given = material(
        grounds=(ground("met a ship"), ground("the navy saw her", 2.0, CLOSED)),
        names=(),
    )
    digest = office.door.freeze(referral_id, given, actor=office.author, now_us=T0)
    yes = office.people.says_yes(office.ann, digest, T0)
    office.door.approve(referral_id, yes, now_us=T0)
    outside = Outside(office.ledger, office.folder / "outbox", lambda _: b"", str, lambda: T0)
    office.door.send(referral_id, outside.deliver, actor=office.author, now_us=T0 + MINUTE)
    left = list((office.folder / "outbox/coastguard" / referral_id).iterdir())
    assert len(left) == 5
    assert not [p.name for p in left if b"navy" in p.read_bytes().lower()]


def test_the_span_of_a_lead_tells_nothing_of_a_withheld_event(office):
    late = event(CLOSED, "the navy's own event")
    given = material(events=(event(), replace(late, body={**late.body, "end_us": T0})))
    row = {**lead(), "start_us": T0 - DAY, "end_us": T0}
    referral_id, _ = office.frozen(given=replace(given, lead=row))
    said = office.door.content(referral_id)["lead"]
    assert (said["start_us"], said["end_us"]) == (T0 - 5 * HOUR, T0 - HOUR)
    bare = replace(given, lead=row, events=(late,))
    second = office.draft(now_us=T0 + 1)
    office.door.freeze(second, bare, actor=office.author, now_us=T0 + 1)
    said = office.door.content(second)["lead"]
    assert (said["start_us"], said["end_us"]) == (None, None)
    goes_on = replace(event(), body={**event().body, "end_us": None})
    third = office.draft(now_us=T0 + 2)
    both = replace(given, lead=row, events=(late, goes_on))
    office.door.freeze(third, both, actor=office.author, now_us=T0 + 2)
    assert office.door.content(third)["lead"]["end_us"] is None


def test_a_name_that_only_a_closed_source_heard_is_not_told(office):
    from fairlead.referrals.content import Part

    names = (
        Part({"name": "OLD NAME"}, OPEN),
        Part({"name": "SECRET NAME"}, CLOSED),
        Part({"callsign": "DABC"}, OPEN),
    )
    given = material(vessel=Part({"mmsi": 211000001}, ()), names=names)
    referral_id, _ = office.frozen(given=given)
    content = office.door.content(referral_id)
    assert (content["vessel"]["name"], content["vessel"]["callsign"]) == ("OLD NAME", "DABC")
    assert content["withheld"]
    assert content["lead"]["title"] is None


@pytest.mark.parametrize(
    "change",
    [
        {"address": {"folder": "elsewhere"}},
        {"channel": "webhook", "address": {"url": "https://elsewhere.example/"}},
        {"name": "Somebody else"},
    ],
)
def test_a_recipient_that_is_reached_elsewhere_is_another_one(office, change):
    """One administrator cannot turn what two reviewers signed to another address."""
    referral_id = office.signed()
    office.recipients.put(replace(COASTGUARD, **change), actor="acct-admin", now_us=T0 + MINUTE)
    with refused("recipient_changed"):
        office.send(referral_id)
    assert office.left == []


def test_an_approval_that_ran_out_stays_so_when_the_clock_is_set_back(office):
    referral_id = office.signed()
    with refused("too_few_approvals"):
        office.send(referral_id, now_us=T0 + 13 * HOUR)
    with refused("too_few_approvals"):
        office.send(referral_id, now_us=T0 + HOUR)
    assert office.left == []


def test_a_clock_that_ran_ahead_once_costs_new_signatures_and_no_more(office):
    office.ledger.append_now(LedgerKind.EXPORT, T0 + 3650 * DAY, office.author, {})
    office.send(office.signed())
    assert len(office.left) == 1


def test_a_clock_set_back_does_not_wake_the_dead_man(tmp_path):
    office = Office(tmp_path, dead_man_us=8 * HOUR)
    office.stop.show_presence(actor=office.ann, now_us=T0)
    office.ledger.append_now(LedgerKind.EXPORT, T0 + 9 * HOUR, office.author, {})
    assert office.stop.state(T0 + HOUR).pulled
    office.stop.show_presence(actor=office.ann, now_us=T0 + 3650 * DAY)
    assert office.stop.state(T0 + HOUR).pulled
    office.stop.show_presence(actor=office.ann, now_us=T0 + HOUR)
    assert not office.stop.state(T0 + 2 * HOUR).pulled
    office.close()


def test_the_switchs_words_approve_no_referral(office):
    referral_id, digest = office.frozen()
    yes = office.people.says_yes(office.ann, digest, T0, f" {PURPOSE.upper()} ")
    with refused("wrong_purpose"):
        office.door.approve(referral_id, yes, now_us=T0)


def test_of_a_lead_that_was_rejected_since_no_earlier_yes_counts(office):
    """Approved, rejected, changed, approved, changed back: the last word on it was no."""
    row, other = office.approve_lead(), lead(digest="e" * 64)
    words = []
    for given, verdict in ((row, Verdict.REJECT), (other, Verdict.APPROVE)):
        office.decisions.show(given, inputs={}, actor=office.ann, now_us=T0)
        said = office.decisions.decide(
            given,
            digest=given["digest"],
            verdict=verdict,
            reviewer=office.ann,
            reason="looked again",
            now_us=T0 + 1,
        )
        words.append(said)
    with refused("not_approved"):
        office.door.draft(
            row,
            office.decisions.of(row["lead_id"]),
            kind=ReferralKind.INFORMATION,
            recipient_id="coastguard",
            author=office.author,
            note="",
            now_us=T0 + 2,
        )


def test_a_rejection_that_was_deleted_is_missed(office):
    row = office.approve_lead()
    office.decisions.decide(
        row,
        digest=row["digest"],
        verdict=Verdict.REJECT,
        reviewer=office.ann,
        reason="a pilot boat",
        now_us=T0 + 1,
    )
    raw_sql(office, "DELETE FROM decisions WHERE verdict = 'reject'")
    assert len(office.decisions.of(row["lead_id"])) == 1
    with refused("tampered"):
        office.decisions.of(row["lead_id"], whole=True)


@pytest.mark.parametrize(
    "change", ["verdict = 'maybe'", "leaf = 'x'", "leaf = 0", "reviewer = 'x'"]
)
def test_a_decision_that_cannot_be_read_is_no_decision(office, change):
    row = office.approve_lead()
    raw_sql(office, f"UPDATE decisions SET {change}")
    with refused("tampered"):
        office.decisions.of(row["lead_id"])


def test_a_decision_written_twice_is_seen(office):
    row = office.approve_lead()
    raw_sql(office, "CREATE TABLE loose AS SELECT * FROM decisions")
    raw_sql(office, "DROP TABLE decisions")
    raw_sql(office, "ALTER TABLE loose RENAME TO decisions")
    raw_sql(office, "INSERT INTO decisions SELECT * FROM decisions")
    with refused("tampered"):
        office.decisions.of(row["lead_id"])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("body", "no json"),
        ("body", "[]"),
        ("act", "blessed"),
        ("leaf", "x"),
        ("leaf", -1),
        ("seq", 99),
        ("at_us", "soon"),
    ],
)
def test_an_act_that_cannot_be_read_stops_the_referral(office, column, value):
    referral_id = office.signed()
    raw_sql(office, f"UPDATE referral_acts SET {column} = ? WHERE act = 'frozen'", (value,))
    for call in (office.door.record, office.send):
        with refused("tampered"):
            call(referral_id)


def test_an_act_of_another_referral_is_none_of_this_one(office):
    signed = office.signed()
    other = office.draft(now_us=T0 + 1)
    raw_sql(office, "DROP INDEX referral_frozen_once")
    raw_sql(
        office,
        "UPDATE referral_acts SET referral_id = ? WHERE referral_id = ? AND act <> 'created'",
        (other, signed),
    )
    for referral_id in (signed, other):
        with refused("tampered"):
            office.send(referral_id)


def test_a_hidden_entry_of_the_ledger_lets_nothing_out(office):
    """The row of the pull is deleted and its entry relabelled: only the whole ledger shows it."""
    referral_id = office.signed()
    office.stop.pull(actor=office.bob, reason="wrong", now_us=T0)
    raw_sql(office, "UPDATE ledger_entries SET kind = 'export' WHERE kind = 'stop_switch'")
    raw_sql(office, "DELETE FROM stop_acts")
    assert not office.stop.state(T0).pulled
    with refused("tampered"):
        office.send(referral_id)
    assert office.left == []


def test_a_ledger_whose_end_was_cut_off_lets_nothing_out(office):
    from fairlead.schema.errors import EngineError

    referral_id = office.signed()
    office.stop.pull(actor=office.bob, reason="wrong", now_us=T0)
    last = office.ledger.size() - 1
    raw_sql(office, "DELETE FROM stop_acts")
    raw_sql(office, "DELETE FROM ledger_entries WHERE leaf_index = ?", (last,))
    raw_sql(office, "DELETE FROM ledger_nodes WHERE position >= (? >> level)", (last,))
    with pytest.raises((RefusedError, EngineError)):
        office.send(referral_id)
    assert office.left == []


def forge_release(office, person, state, leaf_from=None):
    """A release as the program writes it, entry and all, with a signature nobody gave."""
    forged = asdict(office.people.says_yes(person, state.digest, T0, PURPOSE))
    forged["signed"] = {"signature": "00" * 64}
    body = {"step_up": forged}
    leaf = office.ledger.append_now(LedgerKind.STOP_SWITCH, T0, person, {"act": "release", **body})
    seq = sqlite3.connect(office.store.path).execute("SELECT max(seq) FROM stop_acts").fetchone()
    values = (seq[0] + 1, "release", person, T0, canonical_json(body), leaf)
    raw_sql(office, "INSERT INTO stop_acts VALUES (?, ?, ?, ?, ?, ?)", values)


def test_releases_that_nobody_signed_open_nothing(office):
    state = office.stop.pull(actor=office.bob, reason="wrong", now_us=T0)
    for person in (office.ann, office.bob):
        forge_release(office, person, state)
    assert office.stop.state(T0).pulled
    assert office.stop.state(T0).releases == ()


def test_a_release_of_another_shape_opens_nothing(office):
    office.stop.pull(actor=office.bob, reason="wrong", now_us=T0)
    entry = {"act": "release", "step_up": {"digest": "x"}}
    leaf = office.ledger.append_now(LedgerKind.STOP_SWITCH, T0, office.ann, entry)
    body = canonical_json({"step_up": {"digest": "x"}})
    values = (1, "release", office.ann, T0, body, leaf)
    raw_sql(office, "INSERT INTO stop_acts VALUES (?, ?, ?, ?, ?, ?)", values)
    assert office.stop.state(T0).pulled


def test_an_act_of_the_switch_that_cannot_be_read_keeps_the_door_closed(office):
    state = office.stop.pull(actor=office.bob, reason="wrong", now_us=T0)
    for person in (office.ann, office.bob):
        office.stop.release(office.people.says_yes(person, state.digest, T0, PURPOSE), now_us=T0)
    assert not office.stop.state(T0).pulled
    raw_sql(office, "UPDATE stop_acts SET body = 'no json'")
    assert office.stop.state(T0).pulled


def test_every_attempt_at_the_switch_is_in_the_ledger(office):
    clerk = office.people.add("acct-clerk", "viewer")
    with refused("not_reviewer"):
        office.stop.pull(actor=clerk, reason="", now_us=T0)
    with refused("not_reviewer"):
        office.stop.show_presence(actor=clerk, now_us=T0)
    assert office.refusals() == ["not_reviewer", "not_reviewer"]


def test_a_sending_that_was_deleted_still_counts_for_the_quota(office):
    narrow = replace(COASTGUARD, per_day=1)
    office.recipients.put(narrow, actor="acct-admin", now_us=T0)
    office.send(office.signed(now_us=T0))
    second = office.signed(now_us=T0 + 1)
    raw_sql(office, "DELETE FROM referral_acts WHERE act IN ('sending', 'sent')")
    with refused("quota"):
        office.send(second)


def test_a_recipient_that_cannot_be_read_gets_nothing(office):
    referral_id = office.signed()
    raw_sql(office, "UPDATE recipients SET body = 'no json'")
    with refused("tampered"):
        office.send(referral_id)


@pytest.mark.parametrize(
    "error", [ValueError("port"), KeyError("host"), UnicodeError("\udcff"), RecursionError()]
)
def test_whatever_fails_outside_ends_the_referral(office, error):
    referral_id = office.signed()

    def broken(_):
        raise error

    with refused("not_delivered"):
        office.door.send(referral_id, broken, actor=office.author, now_us=T0 + 2 * MINUTE)
    record = office.door.record(referral_id)
    assert record.state == "failed"
    assert record.ended_body["error"].startswith(type(error).__name__)


def test_a_hostile_answer_is_kept_as_text(office):
    referral_id = office.signed()

    def answers(_):
        return {"said": float("nan"), "n": 3, "more": ["\ud800"]}

    office.door.send(referral_id, answers, actor=office.author, now_us=T0 + 2 * MINUTE)
    assert office.door.record(referral_id).ended_body["answer"]["said"] == "nan"


def test_an_author_who_was_revoked_freezes_nothing(office):
    referral_id = office.draft()
    office.people.revoked.add(office.author)
    with refused("not_author"):
        office.door.freeze(referral_id, material(), actor=office.author, now_us=T0)


def second_office(office):
    """The same folder through another store: as another process has it."""
    store = SqliteStore(office.folder)
    ledger = StoredLedger(store, office.folder / "ledger")
    recipients = Recipients(store, ledger)
    stop = StopSwitch(store, ledger, office.people)
    rules = default_rules()
    return store, Door(store, ledger, office.people, recipients, stop, rules, holds)


def test_of_two_processes_that_send_one_sends(office):
    store, other = second_office(office)
    for n in range(4):
        referral_id = office.signed(now_us=T0 + n)
        left = []

        def press(door, referral_id=referral_id, left=left):
            try:
                door.send(
                    referral_id,
                    lambda cleared: left.append(cleared) or {},
                    actor=office.author,
                    now_us=T0 + 2 * MINUTE,
                )
            except RefusedError as refusal:
                return refusal.reason

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(press, [office.door, other] * 2))
        assert len(left) == 1
        assert sorted(answers, key=str) == [None, "ended", "ended", "ended"]
    store.close()


def test_a_referral_is_withdrawn_or_leaves_and_never_both(office):
    store, other = second_office(office)
    for n in range(5):
        referral_id = office.signed(now_us=T0 + n)
        n_left = len(office.left)

        def withdraw(referral_id=referral_id):
            try:
                other.withdraw(referral_id, actor=office.bob, reason="no", now_us=T0 + 2 * MINUTE)
            except RefusedError as refusal:
                return refusal.reason

        def press(referral_id=referral_id):
            try:
                office.send(referral_id)
            except RefusedError as refusal:
                return refusal.reason

        with ThreadPoolExecutor(2) as pool:
            answers = [f.result() for f in (pool.submit(withdraw), pool.submit(press))]
        has_left = len(office.left) > n_left
        assert answers.count("ended") == 1
        assert office.door.record(referral_id).state == ("sent" if has_left else "withdrawn")
    store.close()


def test_after_each_act_the_ledger_is_signed(office):
    """What was signed cannot be cut off unseen."""

    def is_signed():
        return office.ledger._newest.checkpoint.size == office.ledger.size()

    referral_id = office.draft()
    assert is_signed()
    digest = office.door.freeze(referral_id, material(), actor=office.author, now_us=T0)
    assert is_signed()
    for person in (office.ann, office.bob):
        yes = office.people.says_yes(person, digest, T0)
        office.door.approve(referral_id, yes, now_us=T0)
        assert is_signed()
    office.send(referral_id)
    assert is_signed()
    other = office.signed(now_us=T0 + 1)
    office.door.withdraw(other, actor=office.bob, reason="no", now_us=T0 + 1)
    assert is_signed()
    assert office.stop.pull(actor=office.bob, reason="wrong", now_us=T0).pulled
    assert is_signed()


def test_nothing_is_done_to_a_referral_whose_acts_were_deleted(office):
    referral_id, digest = office.frozen()
    office.door.withdraw(referral_id, actor=office.bob, reason="no", now_us=T0)
    raw_sql(office, "DELETE FROM referral_acts WHERE act = 'withdrawn'")
    assert office.door.record(referral_id).state == "frozen"
    yes = office.people.says_yes(office.ann, digest, T0)
    with refused("tampered"):
        office.door.approve(referral_id, yes, now_us=T0)
    with refused("tampered"):
        office.door.withdraw(referral_id, actor=office.bob, reason="no", now_us=T0)
    raw_sql(office, "DELETE FROM referral_acts WHERE act = 'frozen'")
    with refused("tampered"):
        office.door.freeze(referral_id, material(), actor=office.author, now_us=T0)


def test_what_a_draft_keeps_to_itself_cannot_be_guessed(office):
    """Its markings are few: a digest of them without salt would tell which they are."""
    first, second = office.draft(), office.draft(now_us=T0 + 1)
    salts = [
        json.loads(row[0])["salt"]
        for row in sqlite3.connect(office.store.path).execute(
            "SELECT body FROM referral_acts WHERE referral_id IN (?, ?)", (first, second)
        )
    ]
    assert len(set(salts)) == 2
    assert {len(salt) for salt in salts} == {32}


def test_the_ledgers_entry_of_a_draft_names_no_reason_and_no_marking(office):
    office.draft()
    entries = [json.loads(e) for e in office.ledger.entries(0, office.ledger.size())]
    drafted = next(e["body"] for e in entries if e["body"].get("act") == "created")
    assert drafted.keys() == {
        *("act", "referral_id", "kind", "lead_id", "lead_digest", "recipient_id", "kept_sha256")
    }


def test_a_content_that_was_deleted_does_not_leave(office):
    referral_id = office.signed()
    raw_sql(office, "DELETE FROM referral_contents")
    with refused("not_frozen"):
        office.send(referral_id)


def test_a_yes_holds_to_its_last_microsecond_and_no_longer(office):
    referral_id, digest = office.frozen(ReferralKind.SEARCH_AND_RESCUE)
    yes = office.people.says_yes(office.ann, digest, T0)
    ends_us = T0 + 6 * HOUR
    assert yes.expires_us > ends_us
    with refused("expired"):
        office.door.approve(referral_id, yes, now_us=ends_us)
    second, digest = office.frozen(ReferralKind.SEARCH_AND_RESCUE, now_us=T0 + 1)
    yes = office.people.says_yes(office.bob, digest, T0 + 6 * HOUR)
    office.door.approve(second, yes, now_us=T0 + 12 * HOUR - 1)


def test_a_signature_lies_five_seconds_ahead_at_most(office):
    referral_id, digest = office.frozen(ReferralKind.SEARCH_AND_RESCUE)
    slack = 5_000_000
    ahead = office.people.says_yes(office.ann, digest, T0 + slack + 1)
    with refused("clock_set_back"):
        office.door.approve(referral_id, ahead, now_us=T0)
    just = office.people.says_yes(office.ann, digest, T0 + slack)
    assert office.door.approve(referral_id, just, now_us=T0) == 1


def test_a_quota_counts_the_last_24_hours_to_the_microsecond(office):
    narrow = replace(COASTGUARD, per_day=1)
    office.recipients.put(narrow, actor="acct-admin", now_us=T0)
    office.send(office.signed(), now_us=T0 + 2 * MINUTE)
    early = office.signed(now_us=T0 + 20 * HOUR)
    with refused("quota"):
        office.send(early, now_us=T0 + 2 * MINUTE + DAY)
    office.send(early, now_us=T0 + 2 * MINUTE + DAY + 1)


@pytest.mark.parametrize("part", ["note", "salt", "markings", "decisions"])
def test_what_a_draft_keeps_to_itself_is_bound_all_the_same(office, part):
    referral_id = office.draft()
    (text,) = (
        sqlite3.connect(office.store.path).execute("SELECT body FROM referral_acts").fetchone()
    )
    body = json.loads(text)
    body[part] = ["something else"]
    raw_sql(office, "UPDATE referral_acts SET body = ?", (canonical_json(body),))
    with refused("tampered"):
        office.door.record(referral_id)
