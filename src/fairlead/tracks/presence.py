"""Presence: what was heard of each hull in each hour and cell, against what was due.

What is due follows from how the hull itself has been reporting: the interval it keeps when it is
well heard, held between the reporting intervals of ITU-R M.1371-5 (annex 1, tables 1 and 2) and
whatever the feed was thinned to. An archive of one position a minute, or an hour, then reads as
good reception. A hull that falls silent stays due, less and less, for a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.geo.cells import COVERAGE_CELL_DEG, cells_around, centre_of
from fairlead.geo.sphere import EARTH_RADIUS_M, bearing_deg, distance_m, implied_speed_kn
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, column
from fairlead.schema.tables import F64, I64, PRESENCE, TRACK_POINTS
from fairlead.tracks.silences import CLASS_B_TYPES, ships_of

HOUR_US = 3_600_000_000
_CELLS = 6
# columns of `whole`: what the kernel remembers of a track; cells and their counts follow
_LAST, _HOUR, _HEARD, _STILL, _STILL_US, _MOVING_US, _FIRST, _SPREAD, _N = range(9)
_WHOLE = _N + 1 + 2 * _CELLS
# columns of `real`
_DUE_STILL, _DUE_MOVING, _LAT, _LON, _FLOOR = range(5)
_REAL = 5

PRESENCE_MEMORY = Table(
    name="presence_memory",
    doc="Per track: the hour under way and the interval at which it reports.",
    columns=pa.schema(
        [
            column("track_id", I64, "the hull", required=True),
            column("time_us", I64, "last point", required=True),
            column("wake_us", I64, "end of the hour under way", required=True),
            column(
                "whole",
                pa.list_(I64, _WHOLE),
                "last point, hour under way, last hour with points, at rest, time at rest and "
                "under way in the hour, first point, cell last told to the next ones, cells "
                "visited in the hour: how many, which, points in each",
                required=True,
            ),
            column(
                "real",
                pa.list_(F64, _REAL),
                "interval kept at rest and under way (s), place, shortest interval due (s)",
                required=True,
            ),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("track_id",),
)


@dataclass(frozen=True, slots=True)
class Presence:
    """Sums each hour of each track, and the hours in which a track heard before was not heard.

    A silent track stays due for `missed_h_max` hours, with weight halved every `half_life_h`: it
    may have left or been switched off in harbour; and no longer than it was known, at least two
    hours: it may be positions that jumped. Rows are written when the hour is over.
    """

    missed_h_max: int = 24
    half_life_h: float = 6.0

    kind: ClassVar[str] = "presence"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "track_id"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS,)
    writes: ClassVar[tuple[Table, ...]] = (PRESENCE,)
    carries: ClassVar[Table] = PRESENCE_MEMORY

    @property
    def delay_us(self) -> int:
        """Every row is written in the span that holds its time plus this."""
        return HOUR_US

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        points = batch[TRACK_POINTS]
        known = to_numpy(carried, "track_id")
        runs, own = ships_of(points, known)
        woken = np.setdiff1d(np.arange(len(known)), own)
        tracks = np.concatenate([to_numpy(points, "track_id")[runs[:, 0]], known[woken]])
        runs = np.concatenate([runs, np.zeros((len(woken), 2), np.int64)])
        own = np.concatenate([own, woken])
        whole = np.zeros((len(tracks), _WHOLE), np.int64)
        real = np.zeros((len(tracks), _REAL))
        whole[own >= 0] = _matrix(carried, "whole", _WHOLE)[own[own >= 0]]
        real[own >= 0] = _matrix(carried, "real", _REAL)[own[own >= 0]]
        whole[own < 0, _LAST] = _NONE
        class_b = np.isin(np.arange(256), CLASS_B_TYPES)[
            to_numpy(points, "msg_type", 0).astype(np.uint8)
        ]
        columns = (
            to_numpy(points, "time_us"),
            to_numpy(points, "lat_deg"),
            to_numpy(points, "lon_deg"),
            to_numpy(points, "speed_kn"),
            to_numpy(points, "nav_status", 15).astype(np.int64),
            class_b,
            to_numpy(points, "cell"),
        )
        rows, due = _walk(
            runs, columns, whole, real, span.until_us, self.missed_h_max, self.half_life_h
        )
        kept = whole[:, _LAST] != _NONE
        return (
            _remembered(tracks[kept], whole[kept], real[kept]),
            Batch({PRESENCE: _written(tracks, rows, due)}),
        )


_NONE = np.iinfo(np.int64).min
_HOUR_ROWS = _CELLS * 65
"""Rows that one hour of a track writes at most: each cell and all around it."""


def _matrix(rows: pa.Table, name: str, width: int) -> np.ndarray:
    return rows[name].combine_chunks().flatten().to_numpy().reshape(-1, width)


def _remembered(tracks: np.ndarray, whole: np.ndarray, real: np.ndarray) -> pa.Table:
    order = np.argsort(tracks, kind="stable")
    whole, real = whole[order], real[order]
    return PRESENCE_MEMORY.rows(
        {
            "track_id": tracks[order],
            "time_us": whole[:, _LAST],
            "wake_us": whole[:, _HOUR] + HOUR_US,
            "whole": pa.FixedSizeListArray.from_arrays(pa.array(whole.ravel()), _WHOLE),
            "real": pa.FixedSizeListArray.from_arrays(pa.array(real.ravel()), _REAL),
        },
        len(order),
    )


def _written(tracks: np.ndarray, rows: np.ndarray, due: np.ndarray) -> pa.Table:
    return PRESENCE.rows(
        {
            "track_id": tracks[rows[:, 0]],
            "cell": rows[:, 1],
            "time_us": rows[:, 2],
            "n_messages": rows[:, 3],
            "n_expected": due,
            "octant": rows[:, 4],
        },
        len(rows),
    )


@njit(cache=True, nogil=True)
def _walk(runs, columns, whole, real, until_us, missed_max, half_life_h):
    """Rows (run, cell, hour, messages, octant) and messages due; the memory is written in place."""
    time_us = columns[0]
    rows, due, n = np.empty((1024, 5), np.int64), np.empty(1024), 0
    for k in range(len(runs)):
        first, end, hours = runs[k, 0], runs[k, 1], 2 + missed_max
        if end > first:
            since_us = time_us[first] if whole[k, _LAST] == _NONE else whole[k, _HOUR]
            hours += (time_us[end - 1] - since_us) // HOUR_US
        while n + hours * _HOUR_ROWS > len(rows):
            rows, due = _wider(rows, due)
        limits = (until_us, missed_max, half_life_h)
        n = _track(k, first, end, columns, whole[k], real[k], rows, due, n, limits)
    return rows[:n], due[:n]


@njit(cache=True, nogil=True)
def _track(k, first, end, columns, mine, real_mine, rows, due, n, limits):
    """The hours of one track that are over, written from row n on.

    A kernel of its own, which is handed arrays and renews none: Numba counts references to arrays
    that a loop renews at every turn of it, at ten times the cost of looking at a row.
    """
    time_us, lat, lon, speed, status, class_b, cell = columns
    until_us, missed_max, half_life_h = limits
    for i in range(first, end):
        now = time_us[i]
        while mine[_LAST] != _NONE and now >= mine[_HOUR] + HOUR_US:
            n = _close(k, mine, real_mine, rows, due, n, missed_max, half_life_h)
        point = (now, lat[i], lon[i], np.float64(speed[i]), status[i], class_b[i], cell[i])
        _add(point, mine, real_mine)
    while mine[_LAST] != _NONE and mine[_HOUR] + HOUR_US < until_us:
        n = _close(k, mine, real_mine, rows, due, n, missed_max, half_life_h)
    return n


@njit(cache=True, nogil=True)
def _add(point, mine, real_mine):
    """One point: its interval teaches what is due, its cell is counted."""
    now, lat, lon, speed_kn, status, class_b, cell = point
    first = mine[_LAST] == _NONE
    if np.isnan(speed_kn):
        speed_kn = 0.0
        if not first and now > mine[_LAST]:
            speed_kn = implied_speed_kn(
                real_mine[_LAT], real_mine[_LON], mine[_LAST], lat, lon, now
            )
    moored = status in (1, 5)
    still = speed_kn < 1.0 or (moored and speed_kn < 3.0)
    if first:
        mine[:] = 0
        real_mine[:] = 0.0
        mine[_FIRST], mine[_HOUR] = now, now // HOUR_US * HOUR_US
    else:
        lasted_us = now - mine[_LAST]
        mine[_STILL_US if still else _MOVING_US] += min(lasted_us, HOUR_US)
        slot = _DUE_STILL if still else _DUE_MOVING
        real_mine[slot] = _learned(real_mine[slot], lasted_us / 1e6)
    mine[_LAST], mine[_HEARD], mine[_STILL] = now, mine[_HOUR], still
    real_mine[_LAT], real_mine[_LON] = lat, lon
    real_mine[_FLOOR] = _nominal_s(class_b, moored, still, speed_kn) / 3.0
    for j in range(_CELLS):
        at = _N + 1 + j
        if j == mine[_N]:
            mine[_N] += 1
            mine[at], mine[at + _CELLS] = cell, 0
        if mine[at] == cell or j == _CELLS - 1:
            mine[at + _CELLS] += 1
            break


@njit(cache=True, nogil=True)
def _nominal_s(class_b, moored, still, speed_kn):
    """Reporting interval on a steady course, ITU-R M.1371-5; turning may be three times as fast."""
    if class_b:
        return 180.0 if still else 30.0
    if moored:
        return 180.0
    if speed_kn <= 14.0:
        return 10.0
    return 6.0 if speed_kn <= 23.0 else 2.0


@njit(cache=True, nogil=True)
def _learned(due_s, lasted_s):
    """The interval that about one in four are shorter than: what is due when little is lost."""
    if lasted_s <= 0.0 or lasted_s > 21_600.0:
        return due_s
    if due_s == 0.0:
        return lasted_s
    if lasted_s < 0.5 * due_s:
        return 0.7 * due_s
    if lasted_s < 0.95 * due_s:
        return 0.94 * due_s
    return 1.02 * due_s if lasted_s > 1.05 * due_s else due_s


@njit(cache=True, nogil=True)
def _close(k, mine, real_mine, rows, due, n, missed_max, half_life_h):
    """Write the hour under way and go on to the next; forget a track silent for too long."""
    hour_us, n_cells = mine[_HOUR], mine[_N]
    missed = (hour_us - mine[_HEARD]) // HOUR_US
    alive_s = min(HOUR_US, hour_us + HOUR_US - mine[_FIRST]) / 1e6
    expected = alive_s * _rate(mine, real_mine)
    n_heard = 0
    for j in range(n_cells):
        n_heard += mine[_N + 1 + _CELLS + j]
    for j in range(n_cells):
        cell = mine[_N + 1 + j]
        if missed == 0:
            count = mine[_N + 1 + _CELLS + j]
            if count == 0:
                continue
            wanted = max(float(count), expected * count / n_heard)
            n = _put(rows, due, n, k, cell, hour_us, count, -1, wanted)
            if cell != mine[_SPREAD] or hour_us // HOUR_US % 6 == 0:
                n = _spread(rows, due, n, k, cell, hour_us)
                mine[_SPREAD] = cell
        elif j == n_cells - 1 and expected > 0.0:
            wanted = expected * 0.5 ** (missed / half_life_h)
            n = _put(rows, due, n, k, cell, hour_us, 0, -1, wanted)
    mine[_HOUR] = hour_us + HOUR_US
    known_h = (mine[_HEARD] + HOUR_US - mine[_FIRST]) // HOUR_US
    if missed >= min(missed_max, max(2, known_h)):
        mine[_LAST] = _NONE
        return n
    if n_cells > 1:
        mine[_N + 1] = mine[_N + n_cells]
        mine[_N] = 1
    mine[_N + 1 + _CELLS] = 0
    mine[_STILL_US], mine[_MOVING_US] = 0, 0
    return n


@njit(cache=True, nogil=True)
def _rate(mine, real_mine):
    """Messages due per second in the hour under way; 0 before anything was learned."""
    still_us, moving_us = mine[_STILL_US], mine[_MOVING_US]
    if still_us + moving_us == 0:
        still_us, moving_us = (1, 0) if mine[_STILL] else (0, 1)
    share = still_us / (still_us + moving_us)
    per_s = 0.0
    if real_mine[_DUE_STILL] > 0.0:
        per_s += share / max(real_mine[_DUE_STILL], real_mine[_FLOOR])
    if real_mine[_DUE_MOVING] > 0.0:
        per_s += (1.0 - share) / max(real_mine[_DUE_MOVING], real_mine[_FLOOR])
    return per_s


@njit(cache=True, nogil=True)
def _spread(rows, due, n, k, cell, hour_us):
    """Tell the cells around in which octant a hull was heard."""
    lat, lon = centre_of(cell, COVERAGE_CELL_DEG)
    near_m = 1.6 * COVERAGE_CELL_DEG * np.pi / 180.0 * EARTH_RADIUS_M
    for other in cells_around(lat, lon, COVERAGE_CELL_DEG):
        y, x = centre_of(other, COVERAGE_CELL_DEG)
        if other != cell and distance_m(y, x, lat, lon) < near_m:
            octant = int(bearing_deg(y, x, lat, lon) / 45.0 + 0.5) % 8
            n = _put(rows, due, n, k, other, hour_us, 0, octant, 0.0)
    return n


@njit(cache=True, nogil=True)
def _put(rows, due, n, k, cell, hour_us, count, octant, wanted):
    rows[n, 0], rows[n, 1], rows[n, 2], rows[n, 3], rows[n, 4] = k, cell, hour_us, count, octant
    due[n] = wanted
    return n + 1


@njit(cache=True, nogil=True)
def _wider(rows, due):
    more_rows, more_due = np.empty((2 * len(rows), 5), np.int64), np.empty(2 * len(due))
    more_rows[: len(rows)] = rows
    more_due[: len(due)] = due
    return more_rows, more_due
