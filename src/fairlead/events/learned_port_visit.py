"""Port visits where nobody gave a list of ports: anchorages are learned from stops.

Global Fishing Watch calls a cell an anchorage where at least 20 vessels lay still; here each stop
is held against the stops that were known before it, so that an answer never uses the future.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_duration, said_place, said_time
from fairlead.events.memory import keys_and_bounds
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, STOPS

MEMORY = Table(
    name="learned_port_visit_memory",
    doc="Per cell: the hulls that have stopped there, no more of them than make an anchorage.",
    columns=pa.schema(
        [
            column("cell", pa.int64(), "the cell", required=True),
            column("time_us", pa.int64(), "when the hull's first stop was known", required=True),
            column("track_id", pa.int64(), "the hull", required=True),
        ]
    ),
    key="cell",
    time="time_us",
    ids=("track_id",),
)


@dataclass(frozen=True, slots=True)
class LearnedPortVisit:
    """A vessel lies still for hours where `vessels_min` other hulls have lain still before it."""

    vessels_min: int = 3

    kind: ClassVar[str] = "port_visit"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "cell"
    reads: ClassVar[tuple[Table, ...]] = (STOPS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        stops = batch[STOPS]
        keys, bounds = keys_and_bounds(stops["cell"].to_numpy(), carried["cell"].to_numpy())
        order = np.lexsort((carried["time_us"].to_numpy(), carried["cell"].to_numpy()))
        carried = MEMORY.conform(carried).take(order)
        ends = np.append(keys, np.iinfo(np.int64).max)
        known_bounds = np.searchsorted(carried["cell"].to_numpy(), ends).astype(np.int64)
        hulls = np.zeros((len(keys), self.vessels_min + 1, 2), np.int64)
        counts = np.zeros(len(keys), np.int64)
        others = np.zeros(stops.num_rows, np.int64)
        _walk(
            bounds,
            stops["track_id"].to_numpy(),
            stops["time_us"].to_numpy(),
            known_bounds,
            carried["track_id"].to_numpy(),
            carried["time_us"].to_numpy(),
            hulls,
            counts,
            others,
        )
        kept = np.arange(hulls.shape[1])[None, :] < counts[:, None]
        memory = MEMORY.rows(
            {
                "cell": np.repeat(keys, counts),
                "time_us": hulls[..., 0][kept],
                "track_id": hulls[..., 1][kept],
            }
        )
        rows = stops.filter(pa.array(others >= self.vessels_min))
        return memory, Batch({EVENTS: self._events(rows)})

    def _events(self, stops: pa.Table) -> pa.Table:
        if not stops.num_rows:
            return EVENTS.empty()
        start, end = stops["start_us"].to_numpy(), stops["end_us"].to_pylist()
        lat, lon = stops["lat_deg"].to_numpy(), stops["lon_deg"].to_numpy()
        before = to_numpy(stops, "before_id", 0)
        detail = [
            f"Lay still from {said_time(s)} at {said_place(la, lo)}, where at least "
            f"{self.vessels_min} other vessels had lain still before"
            + ("." if e is None else f", for {said_duration(e - s)}.")
            for s, e, la, lo in zip(start, end, lat, lon, strict=True)
        ]
        level = 2 + (before != 0) + np.array([e is not None for e in end])
        return events_in_order(
            event_rows(
                self,
                time_us=stops["time_us"].to_numpy(),
                start_us=start,
                end_us=end,
                lat_deg=lat,
                lon_deg=lon,
                track_id=stops["track_id"].to_numpy(),
                mmsi=stops["mmsi"].to_numpy(),
                start_observation_id=stops["start_observation_id"].to_numpy(),
                confidence=0.3 + 0.15 * level,
                detail=detail,
                measures=[
                    {"level": int(x), "points": int(n), "learned": True}
                    for x, n in zip(level, stops["n_points"].to_numpy(), strict=True)
                ],
                evidence=list(
                    zip(
                        stops["start_observation_id"].to_pylist(),
                        stops["last_observation_id"].to_pylist(),
                        strict=True,
                    )
                ),
            )
        )


@njit(cache=True, nogil=True)
def _walk(
    bounds, track_id, time_us, known_bounds, known_track, known_us, hulls, counts, others
) -> None:
    """Per stop: how many other hulls had a stop in the cell known strictly before it."""
    for k in range(len(counts)):
        for j in range(known_bounds[k], known_bounds[k + 1]):
            hulls[k, counts[k], 0], hulls[k, counts[k], 1] = known_us[j], known_track[j]
            counts[k] += 1
        for i in range(bounds[k], bounds[k + 1]):
            known = False
            for h in range(counts[k]):
                if hulls[k, h, 1] == track_id[i]:
                    known = True
                elif hulls[k, h, 0] < time_us[i]:
                    others[i] += 1
            if not known and counts[k] < hulls.shape[1]:
                hulls[k, counts[k], 0], hulls[k, counts[k], 1] = time_us[i], track_id[i]
                counts[k] += 1
