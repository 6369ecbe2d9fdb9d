"""Silences: the intervals between a track's points that are longer than its reporting allows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.geo.sphere import implied_speed_kn
from fairlead.schema.ids import row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, key_starts, to_numpy
from fairlead.schema.table import Table, code, column
from fairlead.schema.tables import (
    BOOL,
    F32,
    F64,
    I8,
    I32,
    I64,
    SILENCES,
    STATION_CLASSES,
    TRACK_POINTS,
)
from fairlead.tracks.grid import rows_of_keys

SHIPS = ("ship", "auxiliary_craft")
CLASS_B_TYPES = (18, 19, 24, 27)

_BUCKET_US = 1_800_000_000
_BUCKETS = 24
_MARKS = 6

SILENCE_MEMORY = Table(
    name="silence_memory",
    doc="The last point of each ship's track, and how many points each of 24 half hours had.",
    columns=pa.schema(
        [
            column("track_id", I64, "the hull", required=True),
            column("time_us", I64, "last point", required=True),
            column("wake_us", I64, "when its silence is too long; null once that was said"),
            column("observation_id", I64, "last observation", required=True),
            column("mmsi", I32, "identity", required=True),
            column("station_class", I8, "by MMSI form", required=True),
            column("class_b", BOOL, "class B or long range reporting", required=True),
            column("cell", I64, "half-degree cell", required=True),
            column("lat_deg", F64, "latitude", required=True),
            column("lon_deg", F64, "longitude", required=True),
            column("speed_kn", F32, "speed over ground"),
            column("course_deg", F32, "course over ground"),
            column("counts", pa.list_(I32, _BUCKETS), "points per half hour", required=True),
            column(
                "marks",
                pa.list_(F64, _MARKS),
                "first point of the half hour under way and of the one before with points: "
                "time (us), latitude, longitude of each",
                required=True,
            ),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("observation_id",),
)


@dataclass(frozen=True, slots=True)
class Silences:
    """Opens a silence `silence_s_min` after a ship's last point; closes it at the next one.

    Class B and long range reporting are allowed `class_b_silence_s_min`. Only ships and auxiliary
    craft fall silent: base stations and marks have other reasons. `n_before_12h` counts whole half
    hours of the clock, so it covers between 11.5 and 12 hours. `steadiness` holds the last half to
    whole hour against a good half hour of those: a ship that sails out of range fades, one that is
    switched off does not.
    """

    silence_s_min: int = 3600
    class_b_silence_s_min: int = 3600

    kind: ClassVar[str] = "silences"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "track_id"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS,)
    writes: ClassVar[tuple[Table, ...]] = (SILENCES,)
    carries: ClassVar[Table] = SILENCE_MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        points = batch[TRACK_POINTS]
        runs, own = ships_of(points, to_numpy(carried, "track_id"))
        types = to_numpy(points, "msg_type", 0)
        last_us, last_b = to_numpy(carried, "time_us"), to_numpy(carried, "class_b").astype(bool)
        rings, marks = _lists(carried, "counts", _BUCKETS), _lists(carried, "marks", _MARKS)
        places = (to_numpy(points, "time_us"), *(to_numpy(points, c) for c in _PLACE))
        found, before_rings, before_marks, counts, new_marks = _walk(
            runs,
            own,
            places,
            types,
            np.isin(np.arange(256), CLASS_B_TYPES),
            (last_us, last_b, rings, marks),
            self.silence_s_min * 1_000_000,
            self.class_b_silence_s_min * 1_000_000,
        )
        at = found[:, 0] < 0
        before = carried.take(pa.array(-1 - found[at, 0]))
        within = self._memory(
            points.take(pa.array(found[~at, 0])), before_rings[~at], before_marks[~at]
        )
        last = self._memory(points.take(pa.array(runs[:, 1] - 1)), counts, new_marks)
        untouched = np.ones(carried.num_rows, bool)
        untouched[own[own >= 0]] = False
        kept = pa.concat_tables([carried.filter(pa.array(untouched)), last])
        due = to_numpy(kept, "wake_us", _NEVER) < span.until_us
        parts = [
            _rows(before.filter(before["wake_us"].is_valid())),
            _rows(within),
            _rows(kept.filter(pa.array(due))),
            _rows(before, points.take(pa.array(found[at, 1]))),
            _rows(within, points.take(pa.array(found[~at, 1]))),
        ]
        return _said(kept, due), Batch({SILENCES: pa.concat_tables(parts)})

    def _memory(self, points: pa.Table, counts: np.ndarray, marks: np.ndarray) -> pa.Table:
        """Points as last points of their tracks, with their rings of counts and their marks."""
        class_b = np.isin(to_numpy(points, "msg_type", 0), CLASS_B_TYPES)
        allowed_s = np.where(class_b, self.class_b_silence_s_min, self.silence_s_min)
        ring = pa.FixedSizeListArray.from_arrays(
            pa.array(counts.astype(np.int32).ravel()), _BUCKETS
        )
        mark = pa.FixedSizeListArray.from_arrays(pa.array(marks.ravel()), _MARKS)
        same = [n for n in SILENCE_MEMORY.columns.names if n in TRACK_POINTS.columns.names]
        columns: dict[str, Any] = {n: points[n] for n in same}
        columns["wake_us"] = to_numpy(points, "time_us") + allowed_s * 1_000_000
        columns |= {"class_b": class_b, "counts": ring, "marks": mark}
        return SILENCE_MEMORY.rows(columns, points.num_rows)


_PLACE = ("lat_deg", "lon_deg")
_NEVER = np.iinfo(np.int64).max


def _lists(rows: pa.Table, name: str, width: int) -> np.ndarray:
    return rows[name].combine_chunks().flatten().to_numpy().reshape(-1, width)


def ships_of(points: pa.Table, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last + 1 row of each ship's run of points, and its row in the memory or -1."""
    tracks = to_numpy(points, "track_id")
    starts = key_starts(tracks)
    is_ship = np.zeros(len(STATION_CLASSES), np.bool_)
    is_ship[[code(STATION_CLASSES, c) for c in SHIPS]] = True
    ships = is_ship[to_numpy(points, "station_class")[starts[:-1]]]
    runs = np.stack([starts[:-1][ships], starts[1:][ships]], axis=1)
    return runs, rows_of_keys(known, tracks[runs[:, 0]])


def _said(kept: pa.Table, due: np.ndarray) -> pa.Table:
    """The memory with the wake of what was opened set to null, sorted by track."""
    wake_us = to_numpy(kept, "wake_us", _NEVER)
    at = SILENCE_MEMORY.columns.get_field_index("wake_us")
    column_ = pa.array(wake_us, mask=due | (wake_us == _NEVER))
    kept = kept.set_column(at, SILENCE_MEMORY.columns.field(at), column_)
    return kept.take(pa.array(np.argsort(to_numpy(kept, "track_id"), kind="stable")))


def _rows(starts: pa.Table, ends: pa.Table | None = None) -> pa.Table:
    """SILENCES that open at the wake of `starts`, or close at `ends`, row by row."""
    track, start_us = to_numpy(starts, "track_id"), to_numpy(starts, "time_us")
    ids = row_ids(track, to_numpy(starts, "observation_id"))
    rings, marks = _lists(starts, "counts", _BUCKETS), _lists(starts, "marks", _MARKS)
    steadiness, known_h, made_good_kn = _manner(
        rings, marks, start_us, *(to_numpy(starts, c) for c in _PLACE)
    )
    columns: dict[str, Any] = {
        "silence_id": [f"silence-{i:x}" for i in ids.tolist()],
        "track_id": track,
        "mmsi": starts["mmsi"],
        "cell": starts["cell"],
        "time_us": starts["wake_us"] if ends is None else ends["time_us"],
        "start_us": start_us,
        "start_lat_deg": starts["lat_deg"],
        "start_lon_deg": starts["lon_deg"],
        "start_speed_kn": starts["speed_kn"],
        "start_course_deg": starts["course_deg"],
        "station_class": starts["station_class"],
        "class_b": starts["class_b"],
        "n_before_12h": rings.sum(axis=1),
        "steadiness": pa.array(steadiness, from_pandas=True),
        "known_h": known_h,
        "made_good_kn": pa.array(made_good_kn, from_pandas=True),
        "start_observation_id": starts["observation_id"],
    }
    if ends is not None:
        columns |= {
            "end_us": ends["time_us"],
            "end_lat_deg": ends["lat_deg"],
            "end_lon_deg": ends["lon_deg"],
            "end_observation_id": ends["observation_id"],
        }
    return SILENCES.rows(columns, starts.num_rows)


@njit(cache=True, nogil=True)
def _walk(runs, own, places, types, is_b, memory, allowed_us, allowed_b_us):
    """The silences that end, as (row they start at, row they end at), with ring and marks of each;
    and the ring of counts of each run's last point, newest half hour first, with its marks.

    A start of -1 - m is row m of the memory. `is_b` says which message types are of class B.
    """
    last_us, last_b, rings, marks = memory
    time_us, lat, lon = places
    found, n = np.empty((256, 2), np.int64), 0
    counts_of, marks_of = np.empty((256, _BUCKETS), np.int64), np.empty((256, _MARKS))
    counts = np.zeros((len(runs), _BUCKETS), np.int64)
    new_marks = np.zeros((len(runs), _MARKS))
    least_us = min(allowed_us, allowed_b_us)
    ring, known = np.zeros(_BUCKETS, np.int64), np.zeros(_MARKS)
    for k in range(len(runs)):
        first, newest = runs[k, 0], 0
        if own[k] >= 0:
            ring[:], known[:] = rings[own[k]], marks[own[k]]
            before_us, mark, mark_before = last_us[own[k]], -1, -2
        else:
            ring[:], known[:] = 0, 0.0
            before_us, mark, mark_before = time_us[first], first, -2
        counted, edge_us = first, (before_us // _BUCKET_US + 1) * _BUCKET_US
        i, end = first, runs[k, 1]
        while True:
            i, before_us = _heard_on(time_us, i, end, before_us, edge_us, least_us)
            if i == end:
                break
            now = time_us[i]
            lasted_us, before_us = now - before_us, now
            if lasted_us > least_us:
                held = last_b[own[k]] if i == first else is_b[types[i - 1] & 255]
                if lasted_us > (allowed_b_us if held else allowed_us):
                    if n == len(found):
                        found = _longer(found)
                        counts_of, marks_of = _longer(counts_of), _longer(marks_of)
                    found[n, 0] = -1 - own[k] if i == first else i - 1
                    found[n, 1] = i
                    _unrolled(ring, newest, counts_of[n])
                    counts_of[n, 0] += i - counted
                    _marked(mark, mark_before, known, time_us, lat, lon, marks_of[n])
                    n += 1
            if now >= edge_us:
                ring[newest] += i - counted
                passed = (now - edge_us) // _BUCKET_US + 1
                newest = _turned(ring, newest, passed)
                edge_us += passed * _BUCKET_US
                counted, mark, mark_before = i, i, mark
            i += 1
        ring[newest] += end - counted
        _unrolled(ring, newest, counts[k])
        _marked(mark, mark_before, known, time_us, lat, lon, new_marks[k])
    return found[:n], counts_of[:n], marks_of[:n], counts, new_marks


@njit(cache=True, nogil=True)
def _heard_on(time_us, i, end, before_us, edge_us, least_us):
    """The next row after a silence or in another half hour, `end` if none, and the time before it.

    Apart from the loop that uses it, since Numba counts references to arrays that are renewed in a
    loop at every turn of it: ten times the cost of looking at a row.
    """
    while i < end and time_us[i] < edge_us and time_us[i] - before_us <= least_us:
        before_us = time_us[i]
        i += 1
    return i, before_us


@njit(cache=True, nogil=True)
def _marked(mark, before, known, time_us, lat, lon, out):
    """The first points of the half hour under way and of the one before: rows, or those known."""
    for j, row in enumerate((mark, before)):
        at, to = -3 * (row + 1), 3 * j
        if row >= 0:
            out[to], out[to + 1], out[to + 2] = time_us[row], lat[row], lon[row]
        else:
            out[to], out[to + 1], out[to + 2] = known[at], known[at + 1], known[at + 2]


@njit(cache=True, nogil=True)
def _turned(ring, newest, passed):
    """Empty the half hours passed; where the one under way is counted now."""
    for _ in range(min(passed, _BUCKETS)):
        newest = newest - 1 if newest > 0 else _BUCKETS - 1
        ring[newest] = 0
    return newest


@njit(cache=True, nogil=True)
def _unrolled(ring, newest, out):
    """The counts in order, newest half hour first."""
    for j in range(_BUCKETS):
        out[j] = ring[(newest + j) % _BUCKETS]


@njit(cache=True, nogil=True)
def _manner(rings, marks, start_us, lat, lon):
    """How each track was heard before it fell silent: steadiness (NaN: too short to tell), hours
    known of the last twelve, and the speed made good over the last half to whole hour (NaN).
    """
    n = len(rings)
    steadiness, known_h, made_good_kn = np.full(n, np.nan), np.zeros(n), np.full(n, np.nan)
    for i in range(n):
        ring = rings[i]
        oldest = 0
        for j in range(_BUCKETS):
            if ring[j] > 0:
                oldest = j
        under_way = (start_us[i] % _BUCKET_US) / _BUCKET_US
        known_h[i] = 0.5 * (under_way + oldest)
        whole = np.sort(ring[1:])
        whole = whole[whole > 0]
        if len(whole) > 1:
            good = whole[(3 * (len(whole) - 1)) // 4]
            steadiness[i] = (ring[0] + ring[1]) / (good * (1.0 + under_way))
        mark = marks[i]
        at = 3 if mark[3] > 0.0 and start_us[i] - mark[3] <= 4 * _BUCKET_US else 0
        lasted_us = start_us[i] - np.int64(mark[at])
        if lasted_us >= 300_000_000:
            made_good_kn[i] = implied_speed_kn(
                mark[at + 1], mark[at + 2], np.int64(mark[at]), lat[i], lon[i], start_us[i]
            )
    return steadiness, known_h, made_good_kn


@njit(cache=True, nogil=True)
def _longer(found):
    out = np.empty((2 * len(found), found.shape[1]), found.dtype)
    out[: len(found)] = found
    return out
