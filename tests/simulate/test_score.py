"""How events are held against truth."""

import pyarrow as pa
import pytest

from fairlead.schema.tables import EVENTS
from fairlead.simulate.score import are_worth_acting_on, overlap_ratio, score
from fairlead.simulate.truth import TRUTH_EVENTS

HOUR_US = 3_600_000_000


def happened(kind, grade, mmsi, start_h, end_h, other=None, case="one"):
    return {
        "kind": kind,
        "grade": grade,
        "case": case,
        "mmsi": mmsi,
        "other_mmsi": other,
        "hull_id": 1,
        "other_hull_id": None,
        "start_us": int(start_h * HOUR_US),
        "end_us": None if end_h is None else int(end_h * HOUR_US),
        "lat_deg": 0.0,
        "lon_deg": 0.0,
        "detail": "",
    }


def detected(kind, mmsi, start_h, end_h, other=None, confidence=0.9):
    return {
        "event_id": f"{kind}-{mmsi}-{start_h}",
        "kind": kind,
        "version": 1,
        "parameters": "{}",
        "time_us": int(start_h * HOUR_US),
        "start_us": int(start_h * HOUR_US),
        "end_us": None if end_h is None else int(end_h * HOUR_US),
        "mmsi": mmsi,
        "other_mmsi": other,
        "confidence": confidence,
        "detail": "",
        "measures": "{}",
        "evidence": [1],
    }


def scored(events, truths):
    rows = pa.Table.from_pylist(events, schema=EVENTS.columns)
    return score(rows, pa.Table.from_pylist(truths, schema=TRUTH_EVENTS))


@pytest.mark.parametrize(
    ("event", "truth", "verdict"),
    [
        (("gap", 1, 2, 9), ("gap", "planted", 1, 2, 9), "found"),
        (("gap", 1, 2, None), ("gap", "planted", 1, 2, 9), "found"),
        (("gap", 1, 2, 9), ("gap", "planted", 2, 2, 9), "false"),
        (("gap", 1, 10, 12), ("gap", "planted", 1, 2, 9), "false"),
        (("gap", 1, 9.4, 12), ("gap", "planted", 1, 2, 9), "found"),
        (("gap", 1, 2, 9), ("gap", "innocent", 1, 2, 9), "lookalike"),
        (("gap", 1, 2, 9), ("gap", "incidental", 1, 2, 9), "true"),
        (("gap", 1, 2, 9), ("loitering", "planted", 1, 2, 9), "false"),
        (("circling", 1, 2, 3), ("position_jump", "planted", 1, 2, 3, None, "circle"), "found"),
        (("circling", 1, 2, 3), ("position_jump", "planted", 1, 2, 3, None, "shift"), "false"),
        (("position_jump", 1, 2, 3), ("position_jump", "planted", 1, 2, 3), "found"),
        (("encounter", 1, 2, 5, 7), ("encounter", "planted", 7, 2, 5, 1), "found"),
        (("encounter", 1, 2, 5, 8), ("encounter", "planted", 1, 2, 5, 7), "false"),
    ],
)
def test_verdicts(event, truth, verdict):
    _, verdicts = scored([detected(*event)], [happened(*truth)])
    assert verdicts[0].verdict == verdict


def test_counts_by_kind():
    truths = [happened("gap", "planted", m, 2, 9) for m in (1, 2)]
    events = [
        detected("gap", 1, 2, 9),
        detected("gap", 5, 2, 9),
        detected("gap", 6, 2, 9, None, 0.1),
    ]
    scores, verdicts = scored(events, truths)
    gap = scores["gap"]
    assert (gap.n_planted, gap.n_found, gap.n_events, gap.n_false) == (2, 1, 2, 1)
    assert (gap.recall, gap.precision) == (0.5, 0.5)
    assert [v.verdict for v in verdicts] == ["found", "false", "missed"]


def test_overlap_is_time_in_both_over_time_in_either():
    row = happened("gap", "planted", 1, 0, 4)
    assert overlap_ratio(detected("gap", 1, 2, 4), row) == 0.5
    assert overlap_ratio(detected("gap", 1, 0, 4), row) == 1.0
    assert overlap_ratio(detected("gap", 1, 4, 8), row) == 0.0


@pytest.mark.parametrize(
    ("lead", "worth"),
    [
        ((1, 2, 9, ["e"]), True),
        ((7, 30, 31, ["e"]), True),
        ((1, 20, 25, ["e"]), False),
        ((1, 20, 25, []), True),
        ((2, 2, 9, ["e"]), False),
        ((3, 2, 9, ["e"]), False),
        ((4, 2, 9, ["e"]), False),
    ],
)
def test_a_lead_is_worth_it_when_something_planted_and_hidden_is_behind_it(lead, worth):
    truths = [
        happened("gap", "planted", 1, 2, 9),
        happened("encounter", "planted", 6, 30, 33, other=7),
        happened("gap", "innocent", 2, 2, 9),
        happened("drifting", "planted", 3, 2, 9),
    ]
    row = dict(zip(("mmsi", "start_us", "end_us", "events"), lead, strict=True))
    row |= {k: int(row[k] * HOUR_US) for k in ("start_us", "end_us")}
    leads = pa.Table.from_pylist([row])
    assert are_worth_acting_on(leads, pa.Table.from_pylist(truths, TRUTH_EVENTS)) == [worth]
