"""The common time grid: where every hull was at the same instants, so that they can be compared.

Positions between two points of a track lie on the great circle through them; nothing is said beyond
a track's last point or inside a silence. Rows near a cell's edge are copied into the next cell, so
that each cell can be compared on its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.geo.cells import cell_of
from fairlead.geo.sphere import EARTH_RADIUS_M, destination_deg, implied_speed_kn, midway_deg
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, key_starts, to_numpy
from fairlead.schema.table import Table, code, column
from fairlead.schema.tables import (
    BOOL,
    F32,
    F64,
    I32,
    I64,
    STATION_CLASSES,
    TRACK_GRID,
    TRACK_POINTS,
)

NOT_HULLS = ("coast_station", "sar_aircraft", "aid_to_navigation")

GRID_MEMORY = Table(
    name="grid_memory",
    doc="The last point of each track, and grid rows whose time to be written has not come.",
    columns=pa.schema(
        [
            column("track_id", I64, "the hull", required=True),
            column("wake_us", I64, "when the row is written or forgotten", required=True),
            column("time_us", I64, "time of the point or grid instant", required=True),
            column("pending", BOOL, "true: a grid row; false: the last point", required=True),
            column("mmsi", I32, "identity", required=True),
            column("lat_deg", F64, "latitude", required=True),
            column("lon_deg", F64, "longitude", required=True),
            column("observation_id", I64, "the point, or the nearest one", required=True),
            column("speed_kn", F32, "of a grid row"),
            column("grid_us", I64, "last grid instant reached; null when none"),
            column("grid_lat_deg", F64, "latitude there"),
            column("grid_lon_deg", F64, "longitude there"),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("pending", "observation_id"),
)

_NONE = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """Interpolates each track at every `grid_s`, between points at most `gap_s_max` apart.

    A grid instant is known when the track's next point comes, at the latest `gap_s_max` later:
    rows are written in the span that holds their time plus `delay_us`. `reach_m` is the greatest
    distance at which the cells must be able to see each other's hulls.
    """

    grid_s: int = 600
    gap_s_max: int = 3600
    reach_m: float = 1000.0
    cell_deg: float = 0.05

    kind: ClassVar[str] = "time_grid"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "track_id"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS,)
    writes: ClassVar[tuple[Table, ...]] = (TRACK_GRID,)
    carries: ClassVar[Table] = GRID_MEMORY

    @property
    def delay_us(self) -> int:
        """Every row is written in the span that holds its time plus this."""
        return self.gap_s_max * 1_000_000

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        points = batch[TRACK_POINTS]
        pending = to_numpy(carried, "pending").astype(bool)
        last = carried.filter(pa.array(~pending))
        reached, fresh = self._walk(last, points)
        waiting = pa.concat_tables([carried.filter(pa.array(pending)), fresh])
        due = to_numpy(waiting, "wake_us") < span.until_us
        kept = pa.concat_tables([reached, waiting.filter(pa.array(~due))])
        kept = kept.filter(pa.array(to_numpy(kept, "wake_us") >= span.until_us))
        written = self._with_halo(waiting.filter(pa.array(due)))
        return kept, Batch({TRACK_GRID: written})

    def _walk(self, last: pa.Table, points: pa.Table) -> tuple[pa.Table, pa.Table]:
        """The last point of every track, and the grid rows that the new points make known."""
        tracks = to_numpy(points, "track_id")
        starts = key_starts(tracks)
        known = to_numpy(last, "track_id")
        own = rows_of_keys(known, tracks[starts[:-1]])
        is_hull = np.ones(len(STATION_CLASSES), np.bool_)
        is_hull[[code(STATION_CLASSES, c) for c in NOT_HULLS]] = False
        grid_us, gap_us = self.grid_s * 1_000_000, self.gap_s_max * 1_000_000
        time_us = to_numpy(points, "time_us")
        n_rows = _count_instants(starts, time_us, grid_us, gap_us, own, to_numpy(last, "time_us"))
        memory = tuple(_plain(last, c) for c in _MEMORY)
        rows = tuple(to_numpy(points, c) for c in _POINT)
        whole, real, end_whole, end_real = _interpolated(
            starts, own, memory, rows, is_hull, grid_us, gap_us, n_rows
        )
        untouched = np.ones(len(known), bool)
        untouched[own[own >= 0]] = False
        ended = np.flatnonzero(end_whole[:, 0] != _NONE)
        reached = self._remembered(tracks[starts[ended]], end_whole[ended], end_real[ended])
        fresh = self._pending(tracks[starts[whole[:, 0]]], whole, real)
        return pa.concat_tables([last.filter(pa.array(untouched)), reached]), fresh

    def _remembered(self, tracks: np.ndarray, whole: np.ndarray, real: np.ndarray) -> pa.Table:
        columns = {
            "track_id": tracks,
            "wake_us": whole[:, 0] + self.delay_us,
            "time_us": whole[:, 0],
            "mmsi": whole[:, 1],
            "observation_id": whole[:, 2],
            "grid_us": pa.array(whole[:, 3], mask=whole[:, 3] == _NONE),
            "pending": np.zeros(len(tracks), bool),
        }
        names = ("lat_deg", "lon_deg", "grid_lat_deg", "grid_lon_deg")
        places = {name: real[:, i] for i, name in enumerate(names)}
        return GRID_MEMORY.rows(columns | places, len(tracks))

    def _pending(self, tracks: np.ndarray, whole: np.ndarray, real: np.ndarray) -> pa.Table:
        columns = {
            "track_id": tracks,
            "wake_us": whole[:, 1] + self.delay_us,
            "time_us": whole[:, 1],
            "mmsi": whole[:, 2],
            "observation_id": whole[:, 3],
            "pending": np.ones(len(tracks), bool),
            "lat_deg": real[:, 0],
            "lon_deg": real[:, 1],
            "speed_kn": pa.array(real[:, 2], pa.float32(), from_pandas=True),
        }
        return GRID_MEMORY.rows(columns, len(tracks))

    def _with_halo(self, rows: pa.Table) -> pa.Table:
        """Grid rows, and copies of those near an edge for the next cells with smaller keys."""
        lat, lon = to_numpy(rows, "lat_deg"), to_numpy(rows, "lon_deg")
        source, cells = _cells_in_reach(lat, lon, self.cell_deg, self.reach_m)
        halo = np.ones(len(source), bool)
        halo[: rows.num_rows] = False
        order = cell_time_track_order(cells, to_numpy(rows, "time_us"), source)
        taken = rows.select(_GRID_COLUMNS).take(pa.array(source[order]))
        columns = {name: taken[name] for name in _GRID_COLUMNS}
        return TRACK_GRID.rows({**columns, "cell": cells[order], "halo": halo[order]}, len(order))


_POINT = ("time_us", "lat_deg", "lon_deg", "mmsi", "observation_id", "station_class")
_MEMORY = (
    "time_us",
    "lat_deg",
    "lon_deg",
    "mmsi",
    "observation_id",
    "grid_us",
    "grid_lat_deg",
    "grid_lon_deg",
)
_GRID_COLUMNS = [
    "time_us",
    "track_id",
    "mmsi",
    "lat_deg",
    "lon_deg",
    "speed_kn",
    "observation_id",
]


def _plain(rows: pa.Table, name: str) -> np.ndarray:
    """A column of the memory in one type, whether it has nulls or not."""
    values = to_numpy(rows, name, _NONE if name == "grid_us" else None)
    return values.astype(np.int64 if pa.types.is_integer(rows[name].type) else np.float64)


def rows_of_keys(known: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """For each key, its row in `known` (sorted, no repeats), or -1: int64."""
    if len(known) == 0:
        return np.full(len(keys), -1, np.int64)
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    return np.where(known[at] == keys, at, -1).astype(np.int64)


def cell_time_track_order(cells: np.ndarray, time_us: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Row order by cell, time and source row; source rows are in the order of their tracks."""
    if len(cells) == 0:
        return np.zeros(0, np.int64)
    instants, instant = np.unique(time_us, return_inverse=True)
    packed, slot = np.unique(cells, return_inverse=True)
    key = (slot * len(instants) + instant[source]) * len(time_us) + source
    if len(packed) * len(instants) >= 2**62 // max(1, len(time_us)):
        return np.lexsort((source, instant[source], slot))
    return np.argsort(key)


@njit(cache=True)
def _count_instants(starts, time_us, grid_us, gap_us, own, last_us):
    """How many grid instants the points make known at most."""
    n = 0
    for k in range(len(starts) - 1):
        n += 1
        before = last_us[own[k]] if own[k] >= 0 else time_us[starts[k]]
        edge_us = (before // grid_us + 1) * grid_us
        for i in range(starts[k], starts[k + 1]):
            now = time_us[i]
            if now >= edge_us or now - before > gap_us:
                n += (now - edge_us) // grid_us + 1 if now - before <= gap_us else 1
                edge_us = (now // grid_us + 1) * grid_us
            before = now
    return n


@njit(cache=True)
def _interpolated(starts, own, memory, rows, is_hull, grid_us, gap_us, n_rows):
    """Grid rows of all tracks, and each track's last point with its last grid instant.

    `memory` is (time, lat, lon, mmsi, observation, grid time, grid lat, grid lon) of the tracks
    known before, `own` the row of each track in it or -1. Returns grid rows as whole (run, time,
    mmsi, observation) and real (lat, lon, speed), then by run the ends as whole (time, mmsi,
    observation, grid time) and real (lat, lon, grid lat, grid lon). Of points at one instant the
    last observation counts.
    """
    time_us, lat, lon, mmsi, observation, station = rows
    whole, real = np.empty((n_rows, 4), np.int64), np.empty((n_rows, 3))
    n_tracks = len(starts) - 1
    end_whole = np.full((n_tracks, 4), _NONE, np.int64)
    end_real = np.full((n_tracks, 4), np.nan)
    n = 0
    for k in range(n_tracks):
        p_time, p_mmsi, p_obs, g_time = _NONE, np.int64(0), _NONE, _NONE
        p_lat, p_lon, g_lat, g_lon = np.nan, np.nan, np.nan, np.nan
        due = _NONE
        if own[k] >= 0:
            m = own[k]
            p_time, p_lat, p_lon = memory[0][m], memory[1][m], memory[2][m]
            p_mmsi, p_obs = np.int64(memory[3][m]), memory[4][m]
            g_time, g_lat, g_lon = memory[5][m], memory[6][m], memory[7][m]
            due = (p_time // grid_us + 1) * grid_us
        for i in range(starts[k], starts[k + 1]):
            now = time_us[i]
            if not is_hull[station[i]]:
                continue
            joined = p_time != _NONE and now - p_time <= gap_us
            if not joined:
                due, g_time = -((-now) // grid_us) * grid_us, _NONE
            while due <= now:
                share = (due - p_time) / (now - p_time) if joined and due < now else 1.0
                y, x = lat[i], lon[i]
                if share < 1.0:
                    y, x = midway_deg(p_lat, p_lon, lat[i], lon[i], share)
                speed_kn = np.nan
                if g_time != _NONE:
                    speed_kn = implied_speed_kn(g_lat, g_lon, g_time, y, x, due)
                elif joined and now > p_time:
                    speed_kn = implied_speed_kn(p_lat, p_lon, p_time, lat[i], lon[i], now)
                near = share >= 0.5
                whole[n, 0], whole[n, 1] = k, due
                whole[n, 2] = mmsi[i] if near else p_mmsi
                whole[n, 3] = observation[i] if near else p_obs
                real[n, 0], real[n, 1], real[n, 2] = y, x, speed_kn
                n += 1
                g_time, g_lat, g_lon = due, y, x
                due += grid_us
            p_time, p_lat, p_lon, p_obs = now, lat[i], lon[i], observation[i]
            p_mmsi = np.int64(mmsi[i])
        end_whole[k] = (p_time, p_mmsi, p_obs, g_time)
        end_real[k] = (p_lat, p_lon, g_lat, g_lon)
    return whole[:n], real[:n], end_whole, end_real


@njit(cache=True)
def _cells_in_reach(lat, lon, cell_deg, reach_m):
    """Row numbers and cells: first every row in its own cell, then the halo copies.

    Copies go to cells with smaller keys only: of two hulls in different cells one is then copied
    into the other's cell, and a pair is found once. Near the poles, where columns are few and
    wide in degrees, a hull is copied to all cells of the rows it reaches.
    """
    n = len(lat)
    source, cells = np.empty(4 * n + 64, np.int64), np.empty(4 * n + 64, np.int64)
    for i in range(n):
        source[i], cells[i] = i, cell_of(lat[i], lon[i], cell_deg)
    found = n
    reach_deg = reach_m * 1.001 / EARTH_RADIUS_M * 180.0 / np.pi
    seen = np.empty(64, np.int64)
    wide_at, wide_deg, n_columns = np.inf, 180.0, 60
    for i in range(n):
        if abs(lat[i] - wide_at) > 0.01:
            wide_at, wide_deg, n_columns = lat[i], 180.0, 60
            if abs(lat[i]) <= 89.0:
                _, there = destination_deg(lat[i], 0.0, 90.0, reach_m)
                wide_deg, n_columns = abs(there) * 1.05, 1
        if n_columns == 1 and _is_inside(lat[i], lon[i], cells[i], reach_deg, wide_deg, cell_deg):
            continue
        n_seen = 0
        for row in range(-1, 2):
            y = min(90.0, max(-90.0, lat[i] + row * reach_deg))
            for turn in range(-n_columns, n_columns + 1):
                cell = cell_of(y, lon[i] + turn * wide_deg / n_columns, cell_deg)
                if cell < cells[i] and not _is_in(cell, seen, n_seen) and n_seen < 64:
                    seen[n_seen] = cell
                    n_seen += 1
        for j in range(n_seen):
            if found == len(source):
                source, cells = _doubled(source), _doubled(cells)
            source[found], cells[found] = i, seen[j]
            found += 1
    return source[:found], cells[:found]


@njit(cache=True)
def _is_inside(lat, lon, cell, high_deg, wide_deg, cell_deg):
    """Whether all corners of the reach lie in the position's own cell."""
    for y in (lat - high_deg, lat + high_deg):
        for x in (lon - wide_deg, lon + wide_deg):
            if cell_of(y, x, cell_deg) != cell:
                return False
    return True


@njit(cache=True)
def _is_in(value, values, n):
    return np.any(values[:n] == value)


@njit(cache=True)
def _doubled(values):
    out = np.empty(2 * len(values), values.dtype)
    out[: len(values)] = values
    return out
