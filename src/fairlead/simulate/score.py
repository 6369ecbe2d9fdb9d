"""Events held against truth: which planted behaviours were found, which events were false."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa

FAMILIES = {
    "port_visit_learned": "port_visit",
    "circling": "position_jump",
    "mmsi_change": "identity_change",
    "mmsi_shared": "identity_conflict",
    "imo_shared": "identity_conflict",
}
"""Detectors that find a case of another kind of truth."""
CASES = {
    "circling": {"circle"},
    "mmsi_change": {"mmsi"},
    "identity_change": {"name", "shared_mmsi"},
    "mmsi_shared": {"shared_mmsi"},
    "imo_shared": {"imo_twice", "reflagged"},
    "identity_conflict": {"bad_imo", "callsign"},
}
"""The cases that a detector can speak of, where its kind of truth has several."""
WORTH_ACTING_ON = (
    *("gap", "encounter", "draught_change", "identity_change", "identity_conflict"),
    *("position_jump", "speed_mismatch", "zone"),
)
"""Kinds of truth that somebody hides something by, or is where it must not be. Waiting, drifting,
braking, calling at a port and a stale destination, planted too, happen to honest ships."""
TOLERANCE_US = 30 * 60 * 1_000_000
CONFIDENCE_MIN = 0.5


@dataclass(slots=True)
class Score:
    """Counts of one kind, summed over seas. `overlaps` holds a ratio per planted one found."""

    n_planted: int = 0
    n_found: int = 0
    n_events: int = 0
    n_false: int = 0
    n_lookalike: int = 0
    overlaps: list[float] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        return self.n_found / self.n_planted if self.n_planted else None

    @property
    def precision(self) -> float | None:
        return 1.0 - self.n_false / self.n_events if self.n_events else None

    def add(self, other: Score) -> None:
        for name in ("n_planted", "n_found", "n_events", "n_false", "n_lookalike"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.overlaps += other.overlaps


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one event or of one planted behaviour that nobody found."""

    kind: str
    case: str
    verdict: str
    row: dict[str, object]


def score(
    events: pa.Table, truth: pa.Table, confidence_min: float = CONFIDENCE_MIN
) -> tuple[dict[str, Score], list[Verdict]]:
    """Scores by kind, and a verdict per event: found, true, lookalike or false; and per miss.

    `events` has the columns of schema.tables.EVENTS, `truth` of TRUTH_EVENTS. An event matches a
    truth of its kind with a vessel in common (both, for encounters) when the two overlap in time,
    give or take half an hour. An event that matches only an incidental truth is `true`: neither
    found nor false. Events below `confidence_min` are not counted.
    """
    scores: dict[str, Score] = defaultdict(Score)
    verdicts: list[Verdict] = []
    by_kind = defaultdict(list)
    for row in truth.to_pylist():
        by_kind[row["kind"]].append(row)
    found: dict[int, float] = {}
    for event in events.to_pylist():
        if event["confidence"] < confidence_min:
            continue
        kind = str(FAMILIES.get(event["kind"], event["kind"]))
        verdict = _judge(event, by_kind[kind], found)
        scores[kind].n_events += 1
        scores[kind].n_false += verdict.verdict in ("false", "lookalike")
        scores[kind].n_lookalike += verdict.verdict == "lookalike"
        verdicts.append(verdict)
    for kind, rows in by_kind.items():
        for row in (r for r in rows if r["grade"] == "planted"):
            scores[kind].n_planted += 1
            if id(row) in found:
                scores[kind].n_found += 1
                scores[kind].overlaps.append(found[id(row)])
            else:
                verdicts.append(Verdict(kind, row["case"], "missed", row))
    return dict(scores), verdicts


def are_worth_acting_on(leads: pa.Table, truth: pa.Table) -> list[bool]:
    """By lead: whether its vessel takes part in a planted truth of WORTH_ACTING_ON at that time.

    `leads` has the columns of schema.tables.LEADS, `truth` of TRUTH_EVENTS. A lead for a listing
    alone is worth it when the vessel does something planted at any time of the truth.
    """
    planted: dict[int, list[dict]] = defaultdict(list)
    for row in truth.to_pylist():
        if row["grade"] == "planted" and row["kind"] in WORTH_ACTING_ON:
            for mmsi in _vessels(row):
                planted[mmsi].append(row)
    columns = ("mmsi", "start_us", "end_us", "events")
    return [
        any(not events or _near_in_time({"start_us": a, "end_us": b}, row) for row in planted[mmsi])
        for mmsi, a, b, events in zip(*(leads[c].to_pylist() for c in columns), strict=True)
    ]


def _judge(event: dict, truths: Iterable[dict], found: dict[int, float]) -> Verdict:
    """The best grade among the truths that an event matches; marks the planted ones found."""
    best = Verdict(event["kind"], "", "false", event)
    order = {"planted": "found", "incidental": "true", "innocent": "lookalike"}
    rank = {"found": 0, "true": 1, "lookalike": 2, "false": 3}
    for row in truths:
        cases = CASES.get(event["kind"])
        if cases is not None and row["case"] not in cases:
            continue
        if not (_same_vessels(event, row) and _near_in_time(event, row)):
            continue
        verdict = order[row["grade"]]
        if verdict == "found":
            found[id(row)] = max(found.get(id(row), 0.0), overlap_ratio(event, row))
        if rank[verdict] < rank[best.verdict]:
            best = Verdict(event["kind"], row["case"], verdict, event)
    return best


def _vessels(row: dict) -> set[int]:
    return {m for m in (row["mmsi"], row["other_mmsi"]) if m is not None}


def _same_vessels(event: dict, row: dict) -> bool:
    if row["kind"] == "encounter" and row["other_mmsi"] is not None:
        return _vessels(event) == _vessels(row)
    return bool(_vessels(event) & _vessels(row))


def _span(row: dict) -> tuple[float, float]:
    end_us = row["end_us"]
    return row["start_us"], float("inf") if end_us is None else max(end_us, row["start_us"])


def _near_in_time(event: dict, row: dict) -> bool:
    (a, b), (c, d) = _span(event), _span(row)
    return a <= d + TOLERANCE_US and c <= b + TOLERANCE_US


def overlap_ratio(event: dict, row: dict) -> float:
    """Time in both over time in either; 1 where both are still open from the same instant."""
    (a, b), (c, d) = _span(event), _span(row)
    latest = max([t for t in (a, b, c, d) if t != float("inf")])
    b, d = min(b, latest), min(d, latest)
    either = max(b, d) - min(a, c)
    return max(0.0, min(b, d) - max(a, c)) / either if either > 0 else 1.0
