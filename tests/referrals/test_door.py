"""From an approved lead to a dossier that has left: the way a referral is meant to go."""

import json
from dataclasses import replace

import pytest

from fairlead.referrals.acts import referral_ids
from fairlead.referrals.content import content_digest
from fairlead.schema.errors import RefusedError, SourceError
from fairlead.schema.referrals import ReferralKind
from tests.referrals.office import COASTGUARD, DAY, HOUR, MINUTE, T0, lead, material


def refused(reason):
    return pytest.raises(RefusedError, check=lambda e: e.reason == reason)


def test_two_reviewers_sign_and_it_leaves_once(office):
    referral_id = office.signed()
    assert office.door.standing(referral_id, T0 + 2 * MINUTE)["ready"]
    assert office.send(referral_id)["n_bytes"] > 0
    assert [content_digest(c.content) for c in office.left] == [
        office.door.record(referral_id).digest
    ]
    assert office.door.record(referral_id).state == "sent"
    with refused("ended"):
        office.send(referral_id)
    assert len(office.left) == 1


def test_one_reviewer_is_enough_where_minutes_count(office):
    referral_id, digest = office.frozen(ReferralKind.SEARCH_AND_RESCUE)
    with refused("too_few_approvals"):
        office.send(referral_id)
    yes = office.people.says_yes(office.ann, digest, T0)
    assert office.door.approve(referral_id, yes, now_us=T0) == 1
    office.send(referral_id)
    assert len(office.left) == 1


def test_every_act_stands_in_the_ledger(office):
    referral_id = office.signed()
    office.send(referral_id)
    entries = [json.loads(e) for e in office.ledger.entries(0, office.ledger.size())]
    acts = [e["body"]["act"] for e in entries if e["body"].get("referral_id") == referral_id]
    assert acts == ["created", "frozen", "approved", "approved", "sending", "sent"]


def test_a_lead_nobody_approved_is_no_referral(office):
    row = lead()
    with refused("not_approved"):
        office.door.draft(
            row,
            office.decisions.of(row["lead_id"]),
            kind=ReferralKind.INSPECTION,
            recipient_id="coastguard",
            author=office.author,
            note="",
            now_us=T0,
        )


def test_a_lead_that_changed_is_not_the_one_that_was_approved(office):
    referral_id = office.draft()
    changed = material(lead=lead(digest="e" * 64))
    with refused("changed"):
        office.door.freeze(referral_id, changed, actor=office.author, now_us=T0)
    with refused("not_approved"):
        office.door.draft(
            lead(digest="e" * 64),
            office.decisions.of("lead-1"),
            kind=ReferralKind.INSPECTION,
            recipient_id="coastguard",
            author=office.author,
            note="",
            now_us=T0,
        )


def test_a_draft_is_frozen_by_its_author_once(office):
    referral_id = office.draft()
    with refused("not_author"):
        office.door.freeze(referral_id, material(), actor=office.ann, now_us=T0)
    office.door.freeze(referral_id, material(), actor=office.author, now_us=T0)
    with refused("ended"):
        office.door.freeze(referral_id, material(), actor=office.author, now_us=T0)


def test_approvals_run_out(office):
    referral_id = office.signed()
    late = T0 + 13 * HOUR
    standing = office.door.standing(referral_id, late)
    assert standing["approved_by"] == []
    assert standing["not_counting"] == {"acct-ann": "expired", "acct-bob": "expired"}
    with refused("too_few_approvals"):
        office.send(referral_id, now_us=late)


def test_a_withdrawn_referral_stays(office):
    referral_id = office.signed()
    office.door.withdraw(referral_id, actor=office.bob, reason="she called in", now_us=T0)
    with refused("ended"):
        office.send(referral_id)
    with refused("ended"):
        office.door.withdraw(referral_id, actor=office.bob, reason="again", now_us=T0)
    assert office.door.record(referral_id).state == "withdrawn"


def test_a_stranger_withdraws_nothing(office):
    referral_id = office.signed()
    clerk = office.people.add("acct-clerk", "viewer")
    with refused("not_author"):
        office.door.withdraw(referral_id, actor=clerk, reason="", now_us=T0)


def test_a_channel_that_fails_ends_the_referral_and_says_so(office):
    referral_id = office.signed()

    def broken(_):
        message = "nobody answers"
        raise SourceError(message)

    with refused("not_delivered"):
        office.door.send(referral_id, broken, actor=office.author, now_us=T0 + 2 * MINUTE)
    assert office.door.record(referral_id).state == "failed"
    with refused("ended"):
        office.send(referral_id)


def test_the_day_has_a_quota_and_the_next_day_another(office):
    sent = [office.signed(now_us=T0 + n * HOUR // 10) for n in range(COASTGUARD.per_day + 1)]
    for n, referral_id in enumerate(sent[:-1]):
        office.send(referral_id, now_us=T0 + HOUR + n)
    with refused("quota"):
        office.send(sent[-1], now_us=T0 + 2 * HOUR)
    tomorrow = T0 + 2 * DAY
    fresh = office.signed(now_us=tomorrow)
    office.send(fresh, now_us=tomorrow + 2 * MINUTE)


def test_what_the_recipient_may_not_hold_is_not_in_the_content(office):
    from tests.referrals.office import CLOSED, event, ground, observation

    given = material(
        grounds=(ground("seen by radar of the navy", 2.0, CLOSED), ground("met a ship", 1.0)),
        events=(event(), event(CLOSED, "the navy's own event")),
        observations=(observation(1), observation(2, markings=CLOSED)),
    )
    referral_id, _ = office.frozen(given=given)
    content = office.door.content(referral_id)
    assert content["withheld"]
    assert content["lead"]["probability"] is None
    assert content["lead"]["title"] is None
    assert [g["detail"] for g in content["grounds"]] == ["met a ship"]
    assert len(content["events"]) == len(content["observations"]) == 1
    assert content["markings"] == ["source:ais", "tlp:green"]
    assert b"navy" not in json.dumps(content).encode()


def test_nothing_releasable_is_nothing_to_send(office):
    from tests.referrals.office import CLOSED, ground

    given = material(grounds=(ground("seen by the navy", 2.0, CLOSED), ground("a pilot", -1.0)))
    referral_id = office.draft()
    with refused("nothing_releasable"):
        office.door.freeze(referral_id, given, actor=office.author, now_us=T0)


def test_every_refusal_is_in_the_ledger(office):
    referral_id = office.draft()
    for _ in range(2):
        with refused("not_frozen"):
            office.send(referral_id)
    assert office.refusals() == ["not_frozen", "not_frozen"]


def test_a_note_has_an_end(office):
    row = office.approve_lead()
    with refused("note_too_long"):
        office.door.draft(
            row,
            office.decisions.of(row["lead_id"]),
            kind=ReferralKind.INSPECTION,
            recipient_id="coastguard",
            author=office.author,
            note="x" * 4001,
            now_us=T0,
        )


def test_the_same_draft_twice_is_one(office):
    referral_id = office.draft()
    with refused("conflict"):
        office.draft()
    assert referral_ids(office.store) == [referral_id]
    assert office.door.content(referral_id) is None


def test_an_unknown_referral_is_said_to_be_unknown(office):
    with refused("no_referral"):
        office.door.record("referral-x")


def test_a_kind_has_a_quota_over_all_recipients(office):
    """Ten sanctions alerts a day, whoever they go to."""
    wide = replace(COASTGUARD, per_day=100)
    office.recipients.put(wide, actor="acct-admin", now_us=T0)
    kind = ReferralKind.SANCTIONS_ALERT
    sent = [office.signed(kind, now_us=T0 + n) for n in range(11)]
    for referral_id in sent[:-1]:
        office.send(referral_id, now_us=T0 + HOUR)
    with refused("quota"):
        office.send(sent[-1], now_us=T0 + HOUR)


def test_an_approval_given_again_after_it_lapsed_counts_once(office):
    """Bob was revoked, signed again when he was not, and is whole again: one person."""
    referral_id = office.signed()
    digest = office.door.record(referral_id).digest
    office.people.revoked.add(office.bob)
    assert office.door.standing(referral_id, T0 + 2 * MINUTE)["not_counting"] == {
        "acct-bob": "not_reviewer"
    }
    office.people.revoked.clear()
    office.people.revoked.add(office.ann)
    late = T0 + 2 * MINUTE
    twin = office.people.add("acct-twin", "reviewer")
    office.people.keys[twin] = office.people.keys[office.ann]
    office.door.approve(referral_id, office.people.says_yes(twin, digest, late), now_us=late)
    office.people.revoked.clear()
    standing = office.door.standing(referral_id, late)
    assert standing["approved_by"] == ["acct-ann", "acct-bob"]
    assert standing["not_counting"] == {"acct-twin": "same_person"}
