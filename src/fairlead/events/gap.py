"""Finds ships that are not heard for hours, with the probability that the silence is natural."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from fairlead.events.event import (
    event_rows,
    events_in_order,
    said_duration,
    said_place,
    said_share,
    said_time,
)
from fairlead.events.listening import (
    CAUSES,
    FOUND,
    GAP_MEMORY,
    HOUR_US,
    RECORD,
    walk_silences,
)
from fairlead.events.memory import walked
from fairlead.geo.shore import Shore
from fairlead.geo.sphere import distance_m, implied_speed_kn
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table
from fairlead.schema.tables import COVERAGE, EVENTS, SILENCES

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "gap": {
        "gfw": {
            "gap_s_min": 12 * 3600,
            "n_before_12h_min": 14,
            "offshore_nm_min": 50.0,
            "reception_per_day_min": 10.0,
        },
        "skylight": {"gap_s_min": 6 * 3600},
    }
}

_COVERAGE = ("n_vessels", "n_messages", "n_silent", "heard_octants", "n_expected", "p_message")
_LOOKBACK_US = 24 * HOUR_US


@dataclass(frozen=True, slots=True)
class Gap:
    """A ship silent for `gap_s_min`; told when it is, and again when the ship is heard.

    The confidence is the probability that the silence is not natural: see events/listening.py for
    the model and its settings. `p_switched_off` is the share of silences of this length that are
    not natural before anything is known of the place. Below `confidence_min` nothing is told: ships
    leave the range of the receivers and are switched off at their berths all day, and an innocent
    cause nine times as likely as any other is no event. The other thresholds leave silences out
    too: points in the 12 hours before, distance to shore where `shore` is given, positions per
    vessel and day heard in the cell before it began.
    """

    gap_s_min: int = 6 * 3600
    n_before_12h_min: int = 0
    offshore_nm_min: float = 0.0
    shore: Shore | None = None
    reception_per_day_min: float = 0.0
    p_switched_off: float = 0.05
    confidence_min: float = 0.1

    kind: ClassVar[str] = "gap"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "cell"
    reads: ClassVar[tuple[Table, ...]] = (SILENCES, COVERAGE)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = GAP_MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        memory = _records(carried)
        hours = np.concatenate([memory[memory["role"] == 0], _hours(batch[COVERAGE])])
        hours = hours[np.lexsort((hours["time_us"], hours["cell"]))]
        silences = batch[SILENCES]
        closing = silences["end_us"].is_valid().to_numpy()
        opened = _opened(silences.filter(pa.array(~closing)), self.gap_s_min * 1_000_000)
        opened["offshore_nm"] = np.nan
        if self.shore is not None and len(opened):
            opened["offshore_nm"] = self.shore.offshore_nm(opened["lat_deg"], opened["lon_deg"])
        items = np.concatenate([memory[memory["role"] == 1], opened])
        items = items[np.lexsort((items["start_id"], items["cell"]))]
        ends = silences.filter(pa.array(closing))
        end_rows = _matched(items["start_id"], to_numpy(ends, "start_observation_id"))
        end_us = np.full(len(items), np.iinfo(np.int64).max)
        end_us[end_rows >= 0] = to_numpy(ends, "end_us")[end_rows[end_rows >= 0]]
        bounds = np.stack(
            [np.searchsorted(hours["cell"], items["cell"], side=s) for s in ("left", "right")],
            axis=1,
        )
        least = (self.p_switched_off, self.confidence_min)
        inputs = (bounds, hours, end_us, span.until_us, self.gap_s_min * 1_000_000, least)
        items, found = walked(walk_silences, inputs, items, FOUND)
        recent = hours[hours["time_us"] >= span.until_us - _LOOKBACK_US]
        kept = np.concatenate([recent, items[end_rows < 0]])
        kept = kept[np.lexsort((kept["start_id"], kept["time_us"], kept["role"], kept["cell"]))]
        rows = self._events(
            found, ends.take(pa.array(end_rows[found["item"]], mask=found["ended"] == 0))
        )
        return _table(kept), Batch({EVENTS: rows})

    def _events(self, found: np.ndarray, ends: pa.Table) -> pa.Table:
        wanted = found["n_before"] >= self.n_before_12h_min
        known = found["per_day"] >= 0.0
        wanted &= ~known | (found["per_day"] >= self.reception_per_day_min)
        if self.shore is not None and self.offshore_nm_min > 0.0 and len(found):
            wanted &= found["offshore_nm"] >= self.offshore_nm_min
        found, ends = found[wanted], ends.filter(pa.array(wanted))
        if not len(found):
            return EVENTS.empty()
        natural = found["p_natural"]
        ended = found["ended"] == 1
        end_ids = ends["end_observation_id"].to_pylist()
        measures = [
            _measures(f, p, end) for f, p, end in zip(found, natural, ends.to_pylist(), strict=True)
        ]
        rows = event_rows(
            self,
            time_us=found["known_us"],
            start_us=found["start_us"],
            end_us=ends["end_us"].to_pylist(),
            mmsi=found["mmsi"],
            track_id=found["track_id"],
            lat_deg=found["lat_deg"],
            lon_deg=found["lon_deg"],
            start_observation_id=found["start_id"],
            confidence=1.0 - natural,
            detail=[_sentence(f, p) for f, p in zip(found, natural, strict=True)],
            measures=measures,
            evidence=[
                [f["start_id"]] if end is None else [f["start_id"], end]
                for f, end in zip(found, end_ids, strict=True)
            ],
        )
        return events_in_order(rows.filter(pa.array(~ended)), rows.filter(pa.array(ended)))


def _records(carried: pa.Table) -> np.ndarray:
    records = np.zeros(carried.num_rows, RECORD)
    for name in GAP_MEMORY.columns.names:
        records[name] = to_numpy(carried, name)
    return records


def _table(records: np.ndarray) -> pa.Table:
    names = GAP_MEMORY.columns.names
    return GAP_MEMORY.rows({n: np.ascontiguousarray(records[n]) for n in names}, len(records))


def _hours(coverage: pa.Table) -> np.ndarray:
    """COVERAGE as records of role 0."""
    records = np.zeros(coverage.num_rows, RECORD)
    records["wake_us"] = np.iinfo(np.int64).max
    for name in ("cell", "time_us", *_COVERAGE):
        records[name] = to_numpy(coverage, name, 0)
    return records


def _opened(silences: pa.Table, gap_us: int) -> np.ndarray:
    """Opening SILENCES as records of role 1, nothing yet known of the hours since."""
    records = np.zeros(silences.num_rows, RECORD)
    records["role"] = 1
    for name, source in (
        ("cell", "cell"),
        ("time_us", "start_us"),
        ("track_id", "track_id"),
        ("mmsi", "mmsi"),
        ("start_us", "start_us"),
        ("start_id", "start_observation_id"),
        ("n_before", "n_before_12h"),
        ("lat_deg", "start_lat_deg"),
        ("lon_deg", "start_lon_deg"),
        ("speed_kn", "start_speed_kn"),
        ("course_deg", "start_course_deg"),
        ("class_b", "class_b"),
        ("steadiness", "steadiness"),
        ("known_h", "known_h"),
        ("made_good_kn", "made_good_kn"),
    ):
        records[name] = to_numpy(silences, source)
    records["wake_us"] = records["start_us"] + gap_us
    records["done_us"] = -1
    return records


def _matched(items: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """For each item the row of `ends` with its id, or -1."""
    order = np.argsort(ends, kind="stable")
    if not len(ends):
        return np.full(len(items), -1, np.int64)
    at = np.minimum(np.searchsorted(ends[order], items), len(ends) - 1)
    return np.where(ends[order][at] == items, order[at], -1).astype(np.int64)


def _measures(f: np.void, natural: float, end: dict[str, Any]) -> dict[str, Any]:
    measures = {
        "p_natural": natural,
        "lasted_s": (f["known_us"] - f["start_us"]) / 1e6,
        "n_vessels_heard_nearby": f["most_vessels"],
        "n_positions_heard_nearby": f["n_messages_since"],
        "share_silent_nearby": f["n_silent_since"] / max(1, f["n_due_since"]),
        "hours_watched": f["n_hours"],
        "hours_others_heard": f["n_heard"],
        "hours_listening": f["listened_h"],
        "n_before_12h": f["n_before"],
        "start_speed_kn": f["speed_kn"],
        "made_good_kn": f["made_good_kn"],
        "steadiness": f["steadiness"],
        "known_h": f["known_h"],
        "p_message_before": f["p_before"],
        "p_out_of_range": f["p_edge"],
    }
    if end["end_us"] is not None:
        place = (f["lat_deg"], f["lon_deg"], end["end_lat_deg"], end["end_lon_deg"])
        measures["distance_m"] = distance_m(*place)
        measures["implied_speed_kn"] = implied_speed_kn(
            place[0], place[1], int(f["start_us"]), place[2], place[3], int(end["end_us"])
        )
    return measures


def _sentence(f: np.void, natural: float) -> str:
    """An open gap's sentence must stay true for as long as nobody says more: `for at least`."""
    lasted = said_duration(f["known_us"] - f["start_us"])
    where = said_place(f["lat_deg"], f["lon_deg"])
    since = said_time(f["start_us"])
    silence = f"was not heard for {lasted} from {since} at {where}"
    if not f["ended"]:
        silence = f"has not been heard since {since} at {where}, for at least {lasted}"
    return (
        f"{f['mmsi']} {silence}. {_reason(f)} "
        f"The silence is natural with a probability of {said_share(natural)}."
    )


def _out(f: np.void, of_hours: str) -> str:
    """The hours in which nobody was heard who was due, where they are most of the silence."""
    hours, heard = f["n_hours"], f["n_heard"]
    if f["listened_h"] * 2 >= hours or f["most_silent"] <= 0:
        return ""
    if heard:
        return "In the rest of them the receiver may have been out."
    n = f["most_silent"] + 1
    all_of_them = "Both" if n == 2 else f"All {n}"
    likely = "was probably" if f["p_by_chance"] >= _PROBABLE else "may have been"
    return (
        f"{all_of_them} vessels nearby fell silent together, for {hours} {of_hours}: "
        f"the receiver {likely} out."
    )


def _reason(f: np.void) -> str:
    hours, heard = f["n_hours"], f["n_heard"]
    of_hours = f"of {hours} hours" if f["ended"] else f"of the first {hours} whole hours"
    out = _out(f, of_hours)
    if out and not heard:
        return out
    said = ["No other vessel was near enough to tell whether anyone was listening."]
    if heard:
        many = bool(f["most_vessels"] != 1)
        others, were = f"{f['most_vessels']} other vessel{'s' * many}", "were" if many else "was"
        said = [
            f"Meanwhile {others} nearby {were} heard, in {heard} {of_hours}, with "
            f"{f['n_messages_since']} positions.",
            *([out] if out else []),
        ]
    if f["p_edge"] > _TOLD_FROM:
        faded = f["steadiness"] < _FADED
        said.append(
            f"In the last hour it was heard {said_share(f['steadiness'])} as often as before, "
            "under way: it may have sailed out of range."
            if faded
            else "It was heading for waters where nobody is heard: it may have sailed out of range."
        )
    causes = dict(zip(CAUSES, f["unseen"].tolist(), strict=True))
    said += [
        _CAUSE[name] for name, share in causes.items() if share > _TOLD_FROM and name in _CAUSE
    ]
    if causes["others_silent"] > _TOLD_FROM:
        share = f["n_silent_since"] / max(1, f["n_due_since"])
        said.append(f"But {said_share(share)} of the vessels here were silent in those hours.")
    if max(causes.values()) <= _TOLD_FROM >= f["p_edge"] and f["steadiness"] >= _FADED:
        said.append("It was heard as well as ever to the last.")
    return " ".join(said)


_TOLD_FROM = 0.05
_PROBABLE = 0.5
_FADED = 0.7
_CAUSE = {
    "at_rest": "It was at rest: ships are switched off with their engines.",
    "class_b": "It is of class B, which is switched off at will.",
    "near_shore": "It was close to the shore, where boats come home and land hides them.",
    "little_known": "It had been heard for a few hours only.",
}
