"""Finds vessels that wind and current carry: slow, sideways, and steadily in one direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import (
    event_rows,
    events_in_order,
    plain_records,
    said_duration,
    said_place,
    said_time,
)
from fairlead.events.runs import INSIDE, OUTSIDE, RUN_MEMORY, limits, runs_of
from fairlead.geo.sphere import bearing_deg, turn_deg
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, code
from fairlead.schema.tables import EVENTS, NAV_STATUSES, TRACK_POINTS

NOT_UNDER_COMMAND = code(NAV_STATUSES, "not under command")
AFLOAT = tuple(
    code(NAV_STATUSES, s)
    for s in (
        "under way using engine",
        "not under command",
        "restricted manoeuvrability",
        "constrained by draught",
        "under way sailing",
        "undefined",
    )
)


@dataclass(frozen=True, slots=True)
class Drifting:
    """A ship under way that moves at `slow_kn` to `fast_kn` across its own heading.

    Course and heading differ by `sideways_deg` or more; without a heading only a ship that reports
    not being under command counts. It lasts `lasting_s_min`, spreads over more than `radius_m_min`
    about its middle, and makes most of its way good (`straight_min`): a ship that swings about its
    anchor comes back and stays within chain and length. Lapses of `bridge_s` do not end it, a
    silence of `gap_s_max` does.
    """

    slow_kn: float = 0.25
    fast_kn: float = 3.0
    sideways_deg: float = 45.0
    lasting_s_min: int = 3600
    radius_m_min: float = 700.0
    straight_min: float = 0.6
    bridge_s: int = 900
    gap_s_max: int = 7200

    kind: ClassVar[str] = "drifting"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "track_id"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = RUN_MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        points = batch[TRACK_POINTS]
        limit = limits(
            lasting_us=self.lasting_s_min * 1_000_000,
            bridge_us=self.bridge_s * 1_000_000,
            gap_us=self.gap_s_max * 1_000_000,
            slow_kn=self.slow_kn,
            fast_kn=self.fast_kn,
            radius_m_min=self.radius_m_min,
            mean_kn_max=self.fast_kn,
            straight_min=self.straight_min,
            marked_max=1.0,
        )
        marks = (NOT_UNDER_COMMAND,)
        inside = self._adrift(points)
        kept, found = runs_of(carried, points, limit, marks, span.until_us, inside)
        return kept, Batch({EVENTS: self._events(found)})

    def _adrift(self, points: pa.Table) -> np.ndarray:
        afloat = np.zeros(len(NAV_STATUSES), np.bool_)
        afloat[list(AFLOAT)] = True
        return _inside(
            to_numpy(points, "speed_kn"),
            to_numpy(points, "course_deg"),
            to_numpy(points, "heading_deg"),
            to_numpy(points, "nav_status", code(NAV_STATUSES, "undefined")),
            afloat,
            (self.slow_kn, self.fast_kn, self.sideways_deg),
        )

    def _events(self, found: np.ndarray) -> pa.Table:
        if not len(found):
            return EVENTS.empty()
        ended = found["ended"] == 1
        helpless = found["n_marked"] / found["n"]
        straight = found["net_m"] / np.maximum(1.0, found["way_m"])
        steady = np.clip((straight - 0.5) / 0.4, 0.0, 1.0)
        runs = plain_records(found)
        rows = event_rows(
            self,
            time_us=found["known_us"],
            start_us=found["start_us"],
            end_us=[f.last_us if f.ended else None for f in runs],
            mmsi=found["mmsi"],
            track_id=found["track_id"],
            lat_deg=found["lat_deg"],
            lon_deg=found["lon_deg"],
            start_observation_id=found["start_id"],
            confidence=0.5 + 0.3 * steady + 0.15 * helpless,
            detail=[_sentence(f) for f in runs],
            measures=[_measures(f) for f in runs],
            evidence=[[f.start_id, f.open_id, f.last_id] for f in runs],
        )
        return events_in_order(rows.filter(pa.array(~ended)), rows.filter(pa.array(ended)))


@njit(cache=True, nogil=True)
def _inside(speed_kn, course_deg, heading_deg, status, afloat, limits):
    """Per point INSIDE or OUTSIDE: int8, shape (n,)."""
    slow_kn, fast_kn, sideways_deg = limits
    out = np.full(len(speed_kn), OUTSIDE, np.int8)
    for i in range(len(speed_kn)):
        if not slow_kn <= speed_kn[i] <= fast_kn or not afloat[status[i]]:
            continue
        across = abs(turn_deg(heading_deg[i], course_deg[i]))
        if across >= sideways_deg or (np.isnan(across) and status[i] == NOT_UNDER_COMMAND):
            out[i] = INSIDE
    return out


def _towards_deg(f: Any) -> float:
    return bearing_deg(f.lat_deg, f.lon_deg, f.last_lat_deg, f.last_lon_deg)


def _sentence(f: Any) -> str:
    verb = "drifted" if f.ended else "has been drifting"
    command = " It reported not being under command." if f.n_marked * 2 > f.n else ""
    return (
        f"{f.mmsi} {verb} for {said_duration(f.last_us - f.start_us)} from "
        f"{said_time(f.start_us)} at {said_place(f.lat_deg, f.lon_deg)}: "
        f"{f.net_m / 1852.0:.1f} nm towards {_towards_deg(f):03.0f} degrees, across its "
        f"heading, at {f.mean_kn:.1f} kn.{command}"
    )


def _measures(f: Any) -> dict[str, Any]:
    return {
        "lasted_s": (f.last_us - f.start_us) / 1e6,
        "mean_speed_kn": f.mean_kn,
        "net_m": f.net_m,
        "way_m": f.way_m,
        "towards_deg": _towards_deg(f),
        "share_not_under_command": f.n_marked / f.n,
        "n_points": f.n,
    }
