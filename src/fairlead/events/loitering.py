"""Finds vessels that stay slow for long without being stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from fairlead.events.event import (
    event_rows,
    events_in_order,
    plain_records,
    said_duration,
    said_place,
    said_time,
)
from fairlead.events.runs import RUN_MEMORY, limits, runs_of
from fairlead.geo.shore import Shore
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table, code
from fairlead.schema.tables import EVENTS, NAV_STATUSES, TRACK_POINTS

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "loitering": {"gfw": {"slow_kn": 2.0, "lasting_s_min": 3601, "offshore_nm_min": 20.0}}
}

AT_REST = tuple(code(NAV_STATUSES, s) for s in ("at anchor", "moored", "aground"))


@dataclass(frozen=True, slots=True)
class Loitering:
    """A ship slower than `slow_kn` for `lasting_s_min`, and not at rest.

    A ship that stays within `radius_m_min` of one point is stopped, and one that mostly reports
    being at anchor, moored or aground is at rest: neither loiters. The confidence falls below one
    half within some 450 m of one point, the reach of a long anchor chain. Faster stretches of at
    most `bridge_s` do not end it, a silence of `gap_s_max` does. Nearer to the coast than
    `offshore_nm_min` nothing is told, where `shore` is given.
    """

    slow_kn: float = 2.0
    lasting_s_min: int = 3601
    radius_m_min: float = 300.0
    bridge_s: int = 600
    gap_s_max: int = 7200
    offshore_nm_min: float = 20.0
    shore: Shore | None = None

    kind: ClassVar[str] = "loitering"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "track_id"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = RUN_MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        limit = limits(
            lasting_us=self.lasting_s_min * 1_000_000,
            bridge_us=self.bridge_s * 1_000_000,
            gap_us=self.gap_s_max * 1_000_000,
            fast_kn=self.slow_kn,
            radius_m_min=self.radius_m_min,
            mean_kn_max=self.slow_kn,
            marked_max=0.5,
        )
        kept, found = runs_of(carried, batch[TRACK_POINTS], limit, AT_REST, span.until_us)
        return kept, Batch({EVENTS: self._events(found)})

    def _events(self, found: np.ndarray) -> pa.Table:
        offshore_nm = np.full(len(found), np.nan)
        if self.shore is not None and len(found):
            offshore_nm = self.shore.offshore_nm(found["lat_deg"], found["lon_deg"])
            far = offshore_nm >= self.offshore_nm_min
            found, offshore_nm = found[far], offshore_nm[far]
        if not len(found):
            return EVENTS.empty()
        ended = found["ended"] == 1
        at_rest = found["n_marked"] / found["n"]
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
            confidence=0.9 * (1.0 - at_rest) * np.minimum(1.0, found["radius_m"] / 1000.0) ** 0.75,
            detail=[_sentence(f) for f in runs],
            measures=[_measures(f, nm) for f, nm in zip(runs, offshore_nm, strict=True)],
            evidence=[[f.start_id, f.open_id, f.last_id] for f in runs],
        )
        return events_in_order(rows.filter(pa.array(~ended)), rows.filter(pa.array(ended)))


def _sentence(f: Any) -> str:
    verb = "stayed" if f.ended else "has stayed"
    return (
        f"{f.mmsi} {verb} slow without stopping for "
        f"{said_duration(f.last_us - f.start_us)} from {said_time(f.start_us)} at "
        f"{said_place(f.lat_deg, f.lon_deg)}: {f.mean_kn:.1f} kn on average, within "
        f"{f.radius_m / 1852.0:.1f} nm of one point."
    )


def _measures(f: Any, offshore_nm: float) -> dict[str, Any]:
    return {
        "lasted_s": (f.last_us - f.start_us) / 1e6,
        "mean_speed_kn": f.mean_kn,
        "way_m": f.way_m,
        "radius_m": f.radius_m,
        "share_at_rest": f.n_marked / f.n,
        "offshore_nm": offshore_nm,
        "n_points": f.n,
    }
