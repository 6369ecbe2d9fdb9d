"""Decisions bind to what was shown, are added and never changed, and become labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.review.decisions import STATES, agreement, handled_words, labels, standing
from fairlead.schema.decisions import Decision, Verdict
from fairlead.schema.errors import RefusedError
from tests.referrals.office import HOUR, T0, Office, lead


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.close()


def refused(reason):
    return pytest.raises(RefusedError, check=lambda e: e.reason == reason)


def decide(office, row=None, **changed):
    row = row or lead()
    said = {
        "digest": row["digest"],
        "verdict": Verdict.REJECT,
        "reviewer": office.ann,
        "reason": "waiting for her berth",
        "now_us": T0,
        **changed,
    }
    return office.decisions.decide(row, **said)


def show(office, row=None, now_us=T0):
    office.decisions.show(row or lead(), inputs={"n": 1}, actor=office.ann, now_us=now_us)


def test_a_decision_is_kept_with_its_leaf(office):
    show(office)
    said = decide(office)
    assert office.decisions.of("lead-1") == office.decisions.every() == [said]
    with office.store.read() as view:
        ((_, entry),) = office.ledger.entries_of(view, ["decision"])
    assert entry["body"] == said.as_dict()


def test_what_was_never_shown_cannot_be_decided(office):
    with refused("not_shown"):
        decide(office)
    assert office.refusals() == ["not_shown"]


def test_a_lead_that_changed_needs_a_new_decision(office):
    show(office)
    with refused("changed"):
        decide(office, digest="e" * 64)
    changed = lead(digest="e" * 64)
    decide(office)
    stands = standing(changed, office.decisions.of("lead-1"), T0)
    assert (stands.state, stands.changed) == ("rejected", True)
    with refused("not_shown"):
        decide(office, changed)


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_a_decision_needs_a_reason(office, reason):
    show(office)
    with refused("no_reason"):
        decide(office, reason=reason)


def test_a_reason_has_an_end(office):
    show(office)
    with refused("reason_too_long"):
        decide(office, reason="x" * 2001)


@pytest.mark.parametrize(
    ("verdict", "until_us"),
    [
        (Verdict.SNOOZE, None),
        (Verdict.SNOOZE, T0),
        (Verdict.SNOOZE, T0 - 1),
        (Verdict.APPROVE, T0 + HOUR),
    ],
)
def test_a_snooze_and_nothing_else_has_an_end_that_lies_ahead(office, verdict, until_us):
    show(office)
    with refused("bad_snooze"):
        decide(office, verdict=verdict, snooze_until_us=until_us)


def test_a_snooze_runs_out(office):
    show(office)
    decide(office, verdict=Verdict.SNOOZE, snooze_until_us=T0 + HOUR)
    words = office.decisions.of("lead-1")
    assert standing(lead(), words, T0).state == "snoozed"
    assert standing(lead(), words, T0 + HOUR).state == "open"


def test_the_same_word_twice_is_kept_once(office):
    show(office)
    first = decide(office)
    again = decide(office, now_us=T0 + 5)
    assert again == first
    assert len(office.decisions.every()) == 1


def test_undo_is_a_word_of_its_own(office):
    show(office)
    decide(office)
    decide(office, verdict=Verdict.REOPEN, reason="wrong key", now_us=T0 + 1)
    decide(office, now_us=T0 + 2)
    words = office.decisions.of("lead-1")
    assert [w.verdict for w in words] == [Verdict.REJECT, Verdict.REOPEN, Verdict.REJECT]
    assert standing(lead(), words[:2], T0).state == "open"


def test_nothing_said_is_open():
    stands = standing(lead(), [], T0)
    assert (stands.state, stands.changed, stands.decision) == ("open", False, None)
    assert len(STATES) == len(Verdict)


def test_versions_stay_side_by_side(office):
    show(office)
    show(office, now_us=T0 + 1)
    changed = {**lead(digest="e" * 64), "probability": 0.5, "factors": '[{"name":"a"}]'}
    show(office, changed, T0 + 2)
    versions = office.decisions.versions("lead-1")
    assert [(v["digest"][0], v["first_shown_us"]) for v in versions] == [("d", T0), ("e", T0 + 2)]
    assert versions[1]["lead"]["factors"] == [{"name": "a"}]
    assert versions[0]["inputs"] == {"n": 1}


def test_factors_may_come_as_values(office):
    show(office, {**lead(), "factors": [{"name": "a"}]})
    assert office.decisions.versions("lead-1")[0]["lead"]["factors"] == [{"name": "a"}]


def test_silence_follows_the_behaviour(office):
    show(office)
    decide(office)
    (word,) = handled_words(office.decisions.every())
    assert word == {
        "lead_id": "lead-1",
        "mmsi": 211000001,
        "until_us": lead()["end_us"],
        "verdict": "handled",
    }
    decide(office, verdict=Verdict.NEED_MORE, reason="ask the port", now_us=T0 + 1)
    assert handled_words(office.decisions.every())[1]["verdict"] == "reopen"


def word(reviewer, verdict, lead_id="lead-1", at=0, digest="d"):
    return Decision(lead_id, digest, 1, verdict, reviewer, "r", T0 + at, T0)


def test_the_last_word_of_each_reviewer_on_a_version_is_the_label():
    words = [
        word("ann", Verdict.APPROVE),
        word("ann", Verdict.REJECT, at=1),
        word("bob", Verdict.APPROVE, at=2),
        word("bob", Verdict.REOPEN, at=3),
        word("cat", Verdict.NEED_MORE, at=4),
        word("ann", Verdict.APPROVE, at=5, digest="e"),
    ]
    found = [(x["reviewer"], x["digest"], x["label"]) for x in labels(words)]
    assert found == [("ann", "d", False), ("ann", "e", True)]


def test_disagreement_is_kept_and_measured():
    """Two reviewers, four leads, one disputed: alpha by hand, 1 - 7 * 2 / (2 * 5 * 3) = 0.533."""
    yes, no = Verdict.APPROVE, Verdict.REJECT
    words = [
        *(word("ann", v, f"l{i}") for i, v in enumerate([yes, yes, no, yes])),
        *(word("bob", v, f"l{i}") for i, v in enumerate([yes, yes, no, no])),
        word("cat", yes, "l9"),
    ]
    found = agreement(words)
    assert (found["n_versions"], found["n_pairs"], found["agreed"]) == (4, 4, 0.75)
    assert found["alpha"] == pytest.approx(1 - 7 * 2 / 30)
    assert found["disputed"] == [
        {"lead_id": "l3", "digest": "d", "votes": {"ann": True, "bob": False}}
    ]


def test_nobody_to_agree_with():
    assert agreement([word("ann", Verdict.APPROVE)]) == {
        "n_versions": 0,
        "n_pairs": 0,
        "agreed": None,
        "alpha": None,
        "disputed": [],
    }


words_of_many = st.lists(
    st.builds(
        word,
        st.sampled_from("abc"),
        st.sampled_from(Verdict),
        st.sampled_from(["l1", "l2", "l3"]),
    ),
    max_size=30,
)


@given(words_of_many)
def test_agreement_is_within_its_bounds_and_ignores_names(words):
    found = agreement(words)
    assert found["alpha"] is None or found["alpha"] <= 1
    assert found["agreed"] is None or 0 <= found["agreed"] <= 1
    assert (found["agreed"] == 1) == (not found["disputed"] and found["n_pairs"] > 0)
