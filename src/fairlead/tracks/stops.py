"""Stops: where and when a hull lay still for hours, whatever its reported speed says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.geo.cells import cell_of
from fairlead.geo.sphere import leg
from fairlead.schema.ids import content_id
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, key_starts
from fairlead.schema.table import Table, code, column
from fairlead.schema.tables import STATION_CLASSES, STOPS, TRACK_POINTS
from fairlead.tracks.grid import NOT_HULLS

STOP_CELL_DEG = 0.02
"""About 2 km: the cells in which stops of different hulls are counted together."""

NO_HULLS = [code(STATION_CLASSES, c) for c in NOT_HULLS]
_I64, _F64 = pa.int64(), pa.float64()

MEMORY = Table(
    name="stops_memory",
    doc="Per hull: the stop that it may be on, and the point before it.",
    columns=pa.schema(
        [
            column("track_id", _I64, "the hull", required=True),
            column("time_us", _I64, "last point", required=True),
            column("last_id", _I64, "its observation", required=True),
            column("n_points", _I64, "points since the stop's first; 0 before any", required=True),
            column("start_us", _I64, "first point of the stop", required=True),
            column("start_id", _I64, "its observation", required=True),
            column("start_lat_deg", _F64, "its place", required=True),
            column("start_lon_deg", _F64, "its place", required=True),
            column("before_id", _I64, "observation before it; 0 for none", required=True),
            column("opened", _I64, "1 once it was written", required=True),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("track_id",),
)
_RECORD = np.dtype([(f.name, f.type.to_pandas_dtype()) for f in MEMORY.columns])
_FOUND = np.dtype([("row", "i8"), ("ended", "i8"), ("cell", "i8"), ("stop", _RECORD)])


@dataclass(frozen=True, slots=True)
class Stops:
    """A hull stays within `radius_m` of a point for `stop_s`. Stations and marks are no hulls."""

    radius_m: float = 500.0
    stop_s: int = 4 * 3600

    kind: ClassVar[str] = "stops"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "track_id"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS,)
    writes: ClassVar[tuple[Table, ...]] = (STOPS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        points = batch[TRACK_POINTS]
        fixed = np.isin(points["station_class"].to_numpy(), NO_HULLS)
        points = points.filter(pa.array(~fixed)) if fixed.any() else points
        tracks, known = points["track_id"].to_numpy(), carried["track_id"].to_numpy()
        keys = np.union1d(tracks[key_starts(tracks)[:-1]], known).astype(np.int64)
        bounds = np.searchsorted(tracks, np.append(keys, np.iinfo(np.int64).max)).astype(np.int64)
        records: Any = np.zeros(len(keys), _RECORD)
        records["track_id"] = keys
        at = np.searchsorted(keys, known)
        for name in MEMORY.columns.names:
            records[name][at] = carried[name].to_numpy()
        found = np.zeros(2 * len(tracks) + 1, _FOUND)
        n = _walk(
            bounds,
            points["time_us"].to_numpy(),
            points["observation_id"].to_numpy(),
            points["lat_deg"].to_numpy(),
            points["lon_deg"].to_numpy(),
            self.radius_m,
            self.stop_s * 1_000_000,
            records,
            found,
        )
        memory = {n: np.ascontiguousarray(records[n]) for n in MEMORY.columns.names}
        return MEMORY.rows(memory), Batch({STOPS: self._rows(points, found[:n])})

    def _rows(self, points: pa.Table, found: np.ndarray) -> pa.Table:
        row, stop, ended = found["row"], found["stop"], found["ended"] == 1
        ids = [
            content_id("stop", self.version, self.radius_m, self.stop_s, int(t), int(s))
            for t, s in zip(stop["track_id"], stop["start_id"], strict=True)
        ]
        rows = STOPS.rows(
            {
                "stop_id": ids,
                "track_id": stop["track_id"],
                "mmsi": points["mmsi"].to_numpy()[row],
                "cell": found["cell"],
                "time_us": points["time_us"].to_numpy()[row],
                "start_us": stop["start_us"],
                "end_us": pa.array(stop["time_us"], mask=~ended),
                "lat_deg": stop["start_lat_deg"],
                "lon_deg": stop["start_lon_deg"],
                "n_points": stop["n_points"],
                "before_id": pa.array(stop["before_id"], mask=stop["before_id"] == 0),
                "start_observation_id": stop["start_id"],
                "last_observation_id": stop["last_id"],
            },
            len(found),
        )
        order = np.lexsort((stop["track_id"], rows["time_us"].to_numpy(), found["cell"]))
        return rows.take(order)


@njit(cache=True, nogil=True)
def _walk(
    bounds, time_us, observation_id, lat_deg, lon_deg, radius_m, stop_us, records, found
) -> int:
    n = 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            stays = m.n_points > 0 and (
                leg(m.start_lat_deg, m.start_lon_deg, lat_deg[i], lon_deg[i])[0] <= radius_m
            )
            if not stays:
                if m.opened:
                    n = _write(found, n, i, 1, m)
                m.before_id = m.last_id if m.n_points else 0
                m.n_points, m.opened = 0, 0
                m.start_us, m.start_id = time_us[i], observation_id[i]
                m.start_lat_deg, m.start_lon_deg = lat_deg[i], lon_deg[i]
            m.n_points += 1
            m.time_us, m.last_id = time_us[i], observation_id[i]
            if not m.opened and m.n_points > 1 and time_us[i] - m.start_us >= stop_us:
                m.opened = 1
                n = _write(found, n, i, 0, m)
    return n


@njit(cache=True, nogil=True)
def _write(found, n, row, ended, m) -> int:
    found[n].row, found[n].ended = row, ended
    found[n].cell = cell_of(m.start_lat_deg, m.start_lon_deg, STOP_CELL_DEG)
    found[n].stop = m
    return n + 1
