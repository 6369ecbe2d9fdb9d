"""Runs: stretches of a track whose points all show the same thing, with short lapses bridged.

Loitering and drifting are both such runs. A detector says which points belong (by speed, status,
heading); the kernel here joins them, measures the run and says when it is long enough and when it
is over. A run that stays in one place is a stop and is told apart by its extent.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.memory import recalled, record_type, remembered, walked
from fairlead.geo.sphere import distance_m, implied_speed_kn
from fairlead.schema.step import to_numpy
from fairlead.schema.table import Table, code, column
from fairlead.schema.tables import F64, I64, NAV_STATUSES, STATION_CLASSES

OUTSIDE, INSIDE, UNKNOWN_SPEED = 0, 1, 2
SHIP = code(STATION_CLASSES, "ship")
_SAMPLE_US = 300_000_000
_M_PER_KN_US = 1852.0 / 3600.0 / 1e6
_M_PER_DEG = 111_300.0

RUN_MEMORY = Table(
    name="run_memory",
    doc="Per hull: its last point and the run it is in.",
    columns=pa.schema(
        [
            column("track_id", I64, "the hull", required=True),
            column("time_us", I64, "last point", required=True),
            column("wake_us", I64, "when it has been silent too long", required=True),
            column("is_known", I64, "0: nothing is remembered", required=True),
            column("is_on", I64, "1: in a run", required=True),
            column("is_open", I64, "1: the run has been written", required=True),
            column("lapsed", I64, "1: points outside since the last inside", required=True),
            column("point_lat_deg", F64, "last point", required=True),
            column("point_lon_deg", F64, "last point", required=True),
            column("mmsi", I64, "identity at the start", required=True),
            column("start_us", I64, "first point of the run", required=True),
            column("start_id", I64, "its observation", required=True),
            column("lat_deg", F64, "its place", required=True),
            column("lon_deg", F64, "its place", required=True),
            column("last_us", I64, "last point of the run", required=True),
            column("last_id", I64, "its observation", required=True),
            column("last_lat_deg", F64, "its place", required=True),
            column("last_lon_deg", F64, "its place", required=True),
            column("open_id", I64, "observation at which it was long enough", required=True),
            column("n", I64, "points inside", required=True),
            column("n_marked", I64, "of them marked by the detector", required=True),
            column("south_deg", F64, "of all points inside", required=True),
            column("north_deg", F64, "of all points inside", required=True),
            column("west_deg", F64, "relative to the first", required=True),
            column("east_deg", F64, "relative to the first", required=True),
            column("sample_us", I64, "last instant the way was measured", required=True),
            column("sample_lat_deg", F64, "place there", required=True),
            column("sample_lon_deg", F64, "place there", required=True),
            column("way_m", F64, "way made good in steps of five minutes or more", required=True),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("track_id",),
)

_RECORD = record_type(RUN_MEMORY)
FOUND = np.dtype(
    [*((n, _RECORD[n]) for n in RUN_MEMORY.columns.names)]
    + [
        ("known_us", np.int64),
        ("ended", np.int64),
        ("radius_m", np.float64),
        ("net_m", np.float64),
        ("mean_kn", np.float64),
    ]
)
LIMITS = np.dtype(
    [
        ("lasting_us", np.int64),
        ("bridge_us", np.int64),
        ("gap_us", np.int64),
        ("slow_kn", np.float64),
        ("fast_kn", np.float64),
        ("radius_m_min", np.float64),
        ("mean_kn_max", np.float64),
        ("straight_min", np.float64),
        ("marked_min", np.float64),
        ("marked_max", np.float64),
    ]
)


def limits(**values: float) -> np.ndarray:
    """The thresholds of a kind of run: one record of LIMITS.

    A run counts when it lasts `lasting_us`, reaches `radius_m_min` around its middle, keeps its
    mean speed under `mean_kn_max`, makes at least `straight_min` of its way good, and has a share
    of marked points between `marked_min` and `marked_max`. Lapses up to `bridge_us` do not end
    it, silences over `gap_us` do. Points of unknown speed belong to it when their displacement
    speed lies between `slow_kn` and `fast_kn`.
    """
    one: Any = np.zeros(1, LIMITS)
    for name, value in values.items():
        one[name] = value
    return one


def runs_of(
    carried: pa.Table,
    points: pa.Table,
    limit: np.ndarray,
    marks: Sequence[int],
    until_us: int,
    inside: np.ndarray | None = None,
) -> tuple[pa.Table, np.ndarray]:
    """What is remembered (RUN_MEMORY) and the runs to write (FOUND), opening and closing ones.

    Points slower than `fast_kn` belong, of ships only; `inside` (int8, per point OUTSIDE, INSIDE
    or UNKNOWN_SPEED) says it otherwise. `marks` are the navigational statuses that are counted.
    """
    tracks = to_numpy(points, "track_id")
    starts = _starts(tracks)
    known = tracks[starts[:-1]]
    keys = np.union1d(known, to_numpy(carried, "track_id")).astype(np.int64)
    at = np.searchsorted(known, np.append(keys, np.iinfo(np.int64).max))
    marked = np.zeros(len(NAV_STATUSES), np.bool_)
    marked[list(marks)] = True
    inputs = (
        starts[at],
        to_numpy(points, "time_us"),
        to_numpy(points, "observation_id"),
        to_numpy(points, "lat_deg"),
        to_numpy(points, "lon_deg"),
        to_numpy(points, "mmsi"),
        to_numpy(points, "station_class"),
        to_numpy(points, "speed_kn"),
        np.zeros(0, np.int8) if inside is None else inside,
        to_numpy(points, "nav_status", len(NAV_STATUSES) - 1),
        marked,
        limit,
        until_us,
    )
    records, found = walked(_walk, inputs, recalled(RUN_MEMORY, carried, keys), FOUND)
    return remembered(RUN_MEMORY, records[records["is_known"] == 1]), found


@njit(cache=True, nogil=True)
def _walk(
    bounds,
    time_us,
    observation,
    lat,
    lon,
    mmsi,
    station,
    speed,
    inside,
    status,
    marked,
    limit,
    until_us,
    records,
    found,
):
    """Each track's points in order of time. Returns how many rows of events there are."""
    most, n, judged = limit[0], 0, len(inside) > 0
    for k in range(len(records)):
        record, first, end = records[k], bounds[k], bounds[k + 1]
        i = first
        while i < end:
            if record.is_on == 0:
                # Nothing to end and nothing to begin: most points of most vessels.
                if judged:
                    i = _next_inside(inside, i, end)
                else:
                    i = _next_not_fast(speed, i, end, most.fast_kn)
                if i == end:
                    break
            state = inside[i] if judged else INSIDE
            if not judged and not speed[i] < most.fast_kn:
                state = UNKNOWN_SPEED if np.isnan(speed[i]) else OUTSIDE
            if station[i] == SHIP and (state != OUTSIDE or record.is_on == 1):
                is_marked = marked[status[i] & 15]
                n = _take(
                    record, i, first, state, time_us, lat, lon, observation[i], mmsi[i],
                    is_marked, most, found, n,
                )  # fmt: skip
            i += 1
        n = _rest(record, first, end, time_us, lat, lon, most, until_us, found, n)
    return n


@njit(cache=True, nogil=True)
def _next_not_fast(speed, i, end, fast_kn):
    """The next row whose speed is under `fast_kn` or unknown; `end` where there is none.

    Looks at 64 rows at once, which the processor does side by side (unsigned, for an index that
    may be negative cannot be), and then at each of those that hold one.
    """
    while i + 64 <= end:
        slow = 0
        for j in range(64):
            slow += not speed[np.uint64(i + j)] >= fast_kn
        if slow:
            break
        i += 64
    while i < end and speed[i] >= fast_kn:
        i += 1
    return i


@njit(cache=True, nogil=True)
def _next_inside(inside, i, end):
    """The next row that is not OUTSIDE, likewise."""
    while i + 64 <= end:
        some = 0
        for j in range(64):
            some += inside[np.uint64(i + j)] != OUTSIDE
        if some:
            break
        i += 64
    while i < end and inside[i] == OUTSIDE:
        i += 1
    return i


@njit(cache=True, nogil=True)
def _take(
    record, i, first, state, time_us, lat, lon, observation, mmsi, is_marked, most, found, n
):  # fmt: skip
    """Row i, which may begin a run, carry it on, interrupt or end it."""
    now = time_us[i]
    known, before_us, y, x = _before(record, i, first, time_us, lat, lon)
    if known and now - before_us > most.gap_us:
        n = _end(record, before_us + most.gap_us, found, n)
        known = False
    if record.is_on == 1 and record.lapsed and now - record.last_us > most.bridge_us:
        n = _end(record, now, found, n)
    belongs = state == INSIDE
    if state == UNKNOWN_SPEED and known and now > before_us:
        speed_kn = implied_speed_kn(y, x, before_us, lat[i], lon[i], now)
        belongs = most.slow_kn <= speed_kn < most.fast_kn
    if not belongs:
        record.lapsed = 1
        return n
    if record.is_on == 0:
        _begin(record, now, observation, lat[i], lon[i], mmsi)
    _extend(record, now, observation, lat[i], lon[i], is_marked)
    return _judge(record, most, found, n)


@njit(cache=True, nogil=True)
def _judge(record, most, found, n):
    """Measure the way, and write the run if it has come to be one."""
    if record.last_us - record.sample_us >= _SAMPLE_US:
        record.way_m = _way_m(record)
        record.sample_us = record.last_us
        record.sample_lat_deg, record.sample_lon_deg = record.last_lat_deg, record.last_lon_deg
    if record.is_open == 0 and _counts(record, most):
        record.is_open, record.open_id = 1, record.last_id
        n = _write(record, record.last_us, 0, found, n)
    return n


@njit(cache=True, nogil=True)
def _rest(record, first, end, time_us, lat, lon, most, until_us, found, n):
    """Remember the track's last point, or end its run where it has been silent too long."""
    if end > first:
        record.is_known, record.time_us = 1, time_us[end - 1]
        record.point_lat_deg, record.point_lon_deg = lat[end - 1], lon[end - 1]
    if record.is_known == 1:
        record.wake_us = record.time_us + most.gap_us
        if record.wake_us < until_us:
            n = _end(record, record.wake_us, found, n)
            record.is_known = 0
    return n


@njit(cache=True, nogil=True)
def _before(record, i, first, time_us, lat, lon):
    """Whether there is a point before row i of this track, its time and its place."""
    if i > first:
        return True, time_us[i - 1], lat[i - 1], lon[i - 1]
    return (
        record.is_known == 1,
        record.time_us,
        record.point_lat_deg,
        record.point_lon_deg,
    )


@njit(cache=True, nogil=True)
def _starts(keys):
    """Where each run of equal keys starts, with the length at the end; keys are sorted.

    Leaps and halves its way to the next key, so that it does not read every row.
    """
    out, n, at = np.empty(1024, np.int64), 0, 0
    while at < len(keys):
        if n + 1 >= len(out):
            wider = np.empty(2 * len(out), np.int64)
            wider[:n] = out[:n]
            out = wider
        out[n] = at
        n += 1
        low, leap = at, 1
        while low + leap < len(keys) and keys[low + leap] == keys[at]:
            low += leap
            leap *= 2
        high = min(len(keys), low + leap)
        while high - low > 1:
            middle = (low + high) // 2
            if keys[middle] == keys[at]:
                low = middle
            else:
                high = middle
        at = high
    out[n] = len(keys)
    return out[: n + 1]


@njit(cache=True, nogil=True)
def _begin(record, now, observation, lat, lon, mmsi):
    record.is_on, record.is_open, record.mmsi = 1, 0, mmsi
    record.start_us, record.start_id, record.lat_deg, record.lon_deg = now, observation, lat, lon
    record.n, record.n_marked, record.way_m = 0, 0, 0.0
    record.south_deg, record.north_deg, record.west_deg, record.east_deg = lat, lat, 0.0, 0.0
    record.sample_us, record.sample_lat_deg, record.sample_lon_deg = now, lat, lon


@njit(cache=True, nogil=True)
def _extend(record, now, observation, lat, lon, marked):
    record.last_us, record.last_id, record.lapsed = now, observation, 0
    record.last_lat_deg, record.last_lon_deg = lat, lon
    record.n += 1
    record.n_marked += marked
    record.south_deg, record.north_deg = min(record.south_deg, lat), max(record.north_deg, lat)
    east = (lon - record.lon_deg + 180.0) % 360.0 - 180.0
    record.west_deg, record.east_deg = min(record.west_deg, east), max(record.east_deg, east)


@njit(cache=True, nogil=True)
def _way_m(record):
    """The way made good up to the last point."""
    return record.way_m + distance_m(
        record.sample_lat_deg, record.sample_lon_deg, record.last_lat_deg, record.last_lon_deg
    )


@njit(cache=True, nogil=True)
def _counts(record, most):
    lasted_us = record.last_us - record.start_us
    if lasted_us < most.lasting_us:
        return False
    share = record.n_marked / record.n
    if share < most.marked_min or share > most.marked_max:
        return False
    high, wide = record.north_deg - record.south_deg, record.east_deg - record.west_deg
    if (high * high + wide * wide) * _M_PER_DEG * _M_PER_DEG < 4.0 * most.radius_m_min**2:
        return False  # cheap: most slow vessels lie still, and degrees shrink towards the poles
    if _radius_m(record) <= most.radius_m_min:
        return False
    way_m = _way_m(record)
    if way_m >= most.mean_kn_max * lasted_us * _M_PER_KN_US:
        return False
    return most.straight_min == 0.0 or _net_m(record) >= most.straight_min * way_m


@njit(cache=True, nogil=True)
def _radius_m(record):
    """Half the diagonal of the box around all points."""
    wide = record.east_deg - record.west_deg
    return 0.5 * distance_m(record.south_deg, 0.0, record.north_deg, wide)


@njit(cache=True, nogil=True)
def _net_m(record):
    return distance_m(record.lat_deg, record.lon_deg, record.last_lat_deg, record.last_lon_deg)


@njit(cache=True, nogil=True)
def _end(record, known_us, found, n):
    if record.is_on == 1 and record.is_open == 1:
        n = _write(record, known_us, 1, found, n)
    record.is_on, record.is_open, record.lapsed = 0, 0, 0
    return n


@njit(cache=True, nogil=True)
def _write(record, known_us, ended, found, n):
    """Copy the run out; counted even where there is no room left."""
    if n < len(found):
        out = found[n]
        out.track_id, out.mmsi = record.track_id, record.mmsi
        out.start_us, out.start_id = record.start_us, record.start_id
        out.lat_deg, out.lon_deg = record.lat_deg, record.lon_deg
        out.last_us, out.last_id = record.last_us, record.last_id
        out.last_lat_deg, out.last_lon_deg = record.last_lat_deg, record.last_lon_deg
        out.open_id, out.n, out.n_marked = record.open_id, record.n, record.n_marked
        out.way_m, out.radius_m, out.net_m = _way_m(record), _radius_m(record), _net_m(record)
        lasted_us = record.last_us - record.start_us
        out.mean_kn = out.way_m / (lasted_us * _M_PER_KN_US) if lasted_us else 0.0
        out.known_us, out.ended = known_us, ended
    return n + 1
