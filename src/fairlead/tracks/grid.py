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

from fairlead.geo.cells import cell_of, place_in_cell
from fairlead.geo.sphere import EARTH_RADIUS_M, M_S_PER_KN, destination_deg, leg, midway_deg
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
        pending = to_numpy(carried, "pending").astype(bool)
        last = carried.filter(pa.array(~pending))
        reached, whole, real = self._walk(last, batch[TRACK_POINTS])
        if pending.any():
            waiting = carried.filter(pa.array(pending))
            whole = np.concatenate([_matrix(waiting, _WHOLE, np.int64), whole])
            real = np.concatenate([_matrix(waiting, _REAL, np.float64), real])
        due = whole[:, 1] + self.delay_us < span.until_us
        waits = np.flatnonzero(~due)
        reached = reached.filter(pa.array(to_numpy(reached, "wake_us") >= span.until_us))
        kept = pa.concat_tables([reached, self._pending(whole[waits], real[waits])])
        return kept, Batch({TRACK_GRID: self._with_halo(np.flatnonzero(due), whole, real)})

    def _walk(self, last: pa.Table, points: pa.Table) -> tuple[pa.Table, np.ndarray, np.ndarray]:
        """The last point of every track, and the grid rows that the new points make known."""
        tracks = to_numpy(points, "track_id")
        starts = key_starts(tracks)
        known = to_numpy(last, "track_id")
        own = rows_of_keys(known, tracks[starts[:-1]])
        is_hull = np.ones(len(STATION_CLASSES), np.bool_)
        is_hull[[code(STATION_CLASSES, c) for c in NOT_HULLS]] = False
        memory = tuple(_plain(last, c) for c in _MEMORY)
        rows = tuple(to_numpy(points, c) for c in _POINT)
        grid_us, gap_us = self.grid_s * 1_000_000, self.gap_s_max * 1_000_000
        whole, real, end_whole, end_real = _interpolated(
            starts, own, memory, rows, is_hull, grid_us, gap_us
        )
        untouched = np.ones(len(known), bool)
        untouched[own[own >= 0]] = False
        ended = np.flatnonzero(end_whole[:, 0] != _NONE)
        reached = self._remembered(tracks[starts[ended]], end_whole[ended], end_real[ended])
        return pa.concat_tables([last.filter(pa.array(untouched)), reached]), whole, real

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

    def _pending(self, whole: np.ndarray, real: np.ndarray) -> pa.Table:
        columns = {name: whole[:, i] for i, name in enumerate(_WHOLE)}
        columns |= {name: real[:, i] for i, name in enumerate(_REAL)}
        columns["speed_kn"] = pa.array(real[:, 2], pa.float32(), from_pandas=True)
        columns["wake_us"] = whole[:, 1] + self.delay_us
        columns["pending"] = np.ones(len(whole), bool)
        return GRID_MEMORY.rows(columns, len(whole))

    def _with_halo(self, due: np.ndarray, whole: np.ndarray, real: np.ndarray) -> pa.Table:
        """The rows due, and copies of those near an edge for the next cells with smaller keys."""
        source, cells, halo = _cells_in_reach(due, real, self.cell_deg, self.reach_m)
        instants = whole[source, 1] // (self.grid_s * 1_000_000)
        order = stable_order(cells, instants)
        track, time_us, mmsi, observation, lat, lon, speed_kn = _gathered(
            source[order], whole, real
        )
        columns = {
            "cell": cells[order],
            "time_us": time_us,
            "track_id": track,
            "halo": halo[order],
            "mmsi": mmsi,
            "lat_deg": lat,
            "lon_deg": lon,
            "speed_kn": pa.array(speed_kn, from_pandas=True),
            "observation_id": observation,
        }
        return TRACK_GRID.rows(columns, len(order))


_WHOLE = ("track_id", "time_us", "mmsi", "observation_id")
_REAL = ("lat_deg", "lon_deg", "speed_kn")
_POINT = ("track_id", "time_us", "lat_deg", "lon_deg", "mmsi", "observation_id", "station_class")
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


def _matrix(rows: pa.Table, names: tuple[str, ...], type: type) -> np.ndarray:
    """Some columns side by side: shape (rows, columns)."""
    return np.stack([to_numpy(rows, n).astype(type) for n in names], axis=1)


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


@njit(cache=True, nogil=True)
def stable_order(first, second):
    """Row order by two integer columns, equal ones as they stand: int64, shape (n,).

    A radix sort over the bits that differ at all: linear, where sorting by comparison was a third
    of the whole step.
    """
    n = len(first)
    order, other = np.arange(n), np.empty(n, np.int64)
    for values in (second, first):
        differ, low = np.int64(0), values.min() if n else np.int64(0)
        for i in range(n):
            differ |= values[i] - low
        for shift in range(0, 63, _DIGIT_BITS):
            if (differ >> shift) & (_DIGITS - 1):
                _by_digit(values, low, shift, order, other)
                order, other = other, order
    return order


_DIGIT_BITS = 11
_DIGITS = 1 << _DIGIT_BITS


@njit(cache=True, nogil=True)
def _by_digit(values, low, shift, order, out):
    """Move `order` into `out`, sorted by one digit of the values, stable."""
    ends = np.zeros(_DIGITS, np.int64)
    for i in range(len(order)):
        ends[((values[i] - low) >> shift) & (_DIGITS - 1)] += 1
    at = 0
    for digit in range(_DIGITS):
        ends[digit], at = at, at + ends[digit]
    for i in range(len(order)):
        row = order[i]
        digit = ((values[row] - low) >> shift) & (_DIGITS - 1)
        out[ends[digit]] = row
        ends[digit] += 1


@njit(cache=True, nogil=True)
def _gathered(source, whole, real):
    """Columns of the rows in a new order: track, time, mmsi, observation, lat, lon, speed."""
    n = len(source)
    track, time_us, observation = (
        np.empty(n, np.int64),
        np.empty(n, np.int64),
        np.empty(n, np.int64),
    )
    mmsi, speed_kn = np.empty(n, np.int32), np.empty(n, np.float32)
    lat, lon = np.empty(n), np.empty(n)
    for i in range(n):
        row = source[i]
        track[i], time_us[i], mmsi[i] = whole[row, 0], whole[row, 1], whole[row, 2]
        observation[i] = whole[row, 3]
        lat[i], lon[i], speed_kn[i] = real[row, 0], real[row, 1], real[row, 2]
    return track, time_us, mmsi, observation, lat, lon, speed_kn


@njit(cache=True, nogil=True)
def _interpolated(starts, own, memory, rows, is_hull, grid_us, gap_us):
    """Grid rows of all tracks, and each track's last point with its last grid instant.

    `memory` is (time, lat, lon, mmsi, observation, grid time, grid lat, grid lon) of the tracks
    known before, `own` the row of each track in it or -1. Returns grid rows as whole (track, time,
    mmsi, observation) and real (lat, lon, speed), then by run the ends as whole (time, mmsi,
    observation, grid time) and real (lat, lon, grid lat, grid lon).
    """
    time_us, n = rows[1], 0
    whole, real = np.empty((4096, 4), np.int64), np.empty((4096, 3))
    n_tracks = len(starts) - 1
    end_whole = np.full((n_tracks, 4), _NONE, np.int64)
    end_real = np.full((n_tracks, 4), np.nan)
    for k in range(n_tracks):
        since_us = time_us[starts[k]] if own[k] < 0 else memory[0][own[k]]
        most = (time_us[starts[k + 1] - 1] - since_us) // grid_us + 2
        while n + most > len(whole):
            whole, real = _doubled(whole), _doubled(real)
        n = _interpolate(
            starts[k], starts[k + 1], own[k], memory, rows, is_hull, grid_us, gap_us,
            (whole, real, end_whole[k], end_real[k]), n,
        )  # fmt: skip
    return whole[:n], real[:n], end_whole, end_real


@njit(cache=True, nogil=True)
def _interpolate(first, end, m, memory, rows, is_hull, grid_us, gap_us, out, n):
    """The grid rows of one track, written from row n on; of points at one instant the last counts.

    A kernel of its own: Numba counts references to arrays that a loop renews at every turn of it,
    at ten times the cost of looking at a row.
    """
    tracks, time_us, lat, lon, mmsi, observation, station = rows
    whole, real, end_whole, end_real = out
    p_time, p_mmsi, p_obs, g_time = _NONE, np.int64(0), _NONE, _NONE
    p_lat, p_lon, g_lat, g_lon = np.nan, np.nan, np.nan, np.nan
    due, p_row = _NONE, -1
    if m >= 0:
        p_time, p_lat, p_lon = memory[0][m], memory[1][m], memory[2][m]
        p_mmsi, p_obs = memory[3][m], memory[4][m]
        g_time, g_lat, g_lon = memory[5][m], memory[6][m], memory[7][m]
        due = (p_time // grid_us + 1) * grid_us
    for i in range(first, end):
        now = time_us[i]
        if not is_hull[station[i]]:
            continue
        if now < due and now - p_time <= gap_us:
            p_time, p_row = now, i
            continue
        if p_row >= 0:
            p_lat, p_lon = lat[p_row], lon[p_row]
            p_mmsi, p_obs = np.int64(mmsi[p_row]), observation[p_row]
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
                speed_kn = _speed_kn(g_lat, g_lon, y, x, due - g_time)
            elif joined and now > p_time:
                speed_kn = _speed_kn(p_lat, p_lon, lat[i], lon[i], now - p_time)
            near = share >= 0.5
            whole[n, 0], whole[n, 1] = tracks[i], due
            whole[n, 2] = mmsi[i] if near else p_mmsi
            whole[n, 3] = observation[i] if near else p_obs
            real[n, 0], real[n, 1], real[n, 2] = y, x, speed_kn
            n += 1
            g_time, g_lat, g_lon = due, y, x
            due += grid_us
        p_time, p_row = now, i
    if p_row >= 0:
        p_lat, p_lon = lat[p_row], lon[p_row]
        p_mmsi, p_obs = np.int64(mmsi[p_row]), observation[p_row]
    end_whole[:] = (p_time, p_mmsi, p_obs, g_time)
    end_real[:] = (p_lat, p_lon, g_lat, g_lon)
    return n


@njit(cache=True, nogil=True)
def _speed_kn(lat_1, lon_1, lat_2, lon_2, lasted_us):
    return leg(lat_1, lon_1, lat_2, lon_2)[0] / (lasted_us / 1e6) / M_S_PER_KN


@njit(cache=True, nogil=True)
def _cells_in_reach(rows, real, cell_deg, reach_m):
    """Row numbers, cells and whether each is a halo copy: every row's own cell, then its copies.

    Copies go to cells with smaller keys only, never north: of two hulls in different cells one is
    then copied into the other's cell, and a pair is found once. Near the poles, where columns are
    few and wide in degrees, a hull is copied to all cells of the rows it reaches.
    """
    size = len(rows) + len(rows) // 4 + 64
    source, cells, halo = (
        np.empty(size, np.int64),
        np.empty(size, np.int64),
        np.zeros(size, np.bool_),
    )
    reach_deg = reach_m * 1.001 / EARTH_RADIUS_M * 180.0 / np.pi
    high = reach_deg / cell_deg + 1e-6
    seen = np.empty(64, np.int64)
    belt, wide_deg, found = -1, 180.0, 0
    for i in rows:
        lat, lon = real[i, 0], real[i, 1]
        own, up, right, width_deg = place_in_cell(lat, lon, cell_deg)
        if found + 64 > len(source):
            source, cells, halo = _doubled(source), _doubled(cells), _doubled(halo)
        source[found], cells[found], halo[found] = i, own, False
        found += 1
        # the reach in degrees of longitude, per belt of 0.01 degrees: it must not depend on the
        # rows that happen to come along
        if int(abs(lat) * 100.0) != belt:
            belt, wide_deg = int(abs(lat) * 100.0), 180.0
            if belt < 8900:
                _, there = destination_deg((belt + 1) / 100.0, 0.0, 90.0, reach_m)
                wide_deg = abs(there) * 1.05
        wide = wide_deg / width_deg + 1e-6
        if up > high and wide < right < 1.0 - wide:
            continue
        n_seen, n_columns = 0, 1 if belt < 8900 else 60
        for row in range(0 if up > high else -1, 1):
            y = max(-90.0, lat + row * reach_deg)
            for turn in range(-n_columns, n_columns + 1):
                if row == 0 and turn == 0:
                    continue
                cell = cell_of(y, lon + turn * wide_deg / n_columns, cell_deg)
                if cell < own and not _is_in(cell, seen, n_seen) and n_seen < 63:
                    seen[n_seen] = cell
                    n_seen += 1
        for j in range(n_seen):
            source[found], cells[found], halo[found] = i, seen[j], True
            found += 1
    return source[:found], cells[:found], halo[:found]


@njit(cache=True, nogil=True)
def _is_in(value, values, n):
    return np.any(values[:n] == value)


@njit(cache=True, nogil=True)
def _doubled(values):
    out = np.empty((2 * len(values),) + values.shape[1:], values.dtype)
    out[: len(values)] = values
    return out
