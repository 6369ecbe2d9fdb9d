"""One hull, one track: the rows of an MMSI come apart into the hulls that sent them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import pyarrow as pa

from fairlead.geo.cells import COVERAGE_CELL_DEG, cells_of
from fairlead.geo.sphere import M_S_PER_KN, east_north
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, code, column
from fairlead.schema.tables import (
    OBSERVATIONS,
    SET_ASIDE,
    SET_ASIDE_REASONS,
    TRACK_POINTS,
)
from fairlead.tracks.by_key import Kept, assign
from fairlead.tracks.motion import HULL, Motion
from fairlead.tracks.splitting import (
    MOST_HULLS,
    OUTLIER,
    SHORT_FRAGMENT,
    STALE,
    TRACK,
    WAITING,
    Fates,
    Rows,
    new_memory,
)

_POINT = tuple(n for n in TRACK_POINTS.columns.names if n not in ("track_id", "cell"))
_REASONS = {OUTLIER: "outlier", STALE: "stale", SHORT_FRAGMENT: "short_fragment"}
_HULL_COLUMNS = tuple(
    n for n in HULL.names or () if n not in ("time_us", "observation_id", "lat_deg", "lon_deg")
)
_WAITS, _IS_HULL = 0, 1
_NOTHING = 0
_LONG_RANGE = 27  # message type with positions in tenths of a minute (ITU-R M.1371)

HULL_MEMORY = Table(
    name="hull_memory",
    doc="What the assignment to hulls remembers: rows not yet handed out, hypotheses of hulls.",
    columns=pa.schema(
        [
            column("mmsi", pa.int32(), "the shared identity", required=True),
            column("role", pa.int8(), "what the row is", codes=("waits", "hull"), required=True),
            column("slot", pa.int16(), "hypothesis and hull; 0 for a waiting row", required=True),
            column("time_us", pa.int64(), "of the row, or of the hull's last", required=True),
            column("observation_id", pa.int64(), "the row, or the hull's last", required=True),
            column("wake_us", pa.int64(), "when a waiting row is handed out"),
            *[
                TRACK_POINTS.columns.field(n).with_nullable(True)
                for n in _POINT
                if n not in ("mmsi", "time_us", "observation_id")
            ],
            column("label", pa.int64(), "track of a waiting row, -2 stale, 0 undecided"),
            column("near_track_id", pa.int64(), "track a waiting row was held against"),
            column("near_speed_kn", pa.float32(), "speed needed to belong to it"),
            column("score", pa.float64(), "log odds of the hypothesis against the best"),
            column("labels", pa.list_(pa.int64()), "its labels of the undecided rows"),
            *[
                column(n, pa.from_numpy_dtype(HULL[n]), "of the hull, see tracks.motion")
                for n in _HULL_COLUMNS
            ],
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("role", "slot", "observation_id"),
)


@dataclass(frozen=True, slots=True)
class Hulls:
    """Assigns positions of one MMSI to hulls by multi-hypothesis assignment.

    A row is written `delay_s` after its time, with what its MMSI sent until then: downstream steps
    are `delay_us` behind. The rule is in tracks.splitting, the densities in tracks.motion.

    Where rows come further apart than the delay nothing later is seen: a row that no hull can have
    sent is set aside as an outlier, and the second one that agrees with it begins the track. What
    was handed out is never taken back, but hypotheses about it live on for `scan_rows` rows, so
    that later rows still find the right hull. Hulls within some 50 m of each other at rest, or
    silent before the other is heard, are not told apart.

    A fix is good to `noise_m`, one in a long-range message (type 27, tenths of a minute) to
    `long_range_noise_m`; times of two receivers may differ by `clock_s`, along the way of the ship.
    """

    delay_s: int = 900
    noise_m: float = 8.0
    long_range_noise_m: float = 60.0
    clock_s: float = 20.0
    top_speed_kn: float = 60.0
    usual_speed_kn: float = 16.0
    aircraft_top_speed_kn: float = 500.0
    aircraft_usual_speed_kn: float = 120.0
    p_new_hull: float = 1e-4
    p_confirmed: float = 0.1
    p_stale: float = 1e-4
    n_hypotheses: int = 32
    scan_rows: int = 200
    margin_log_odds: float = 60.0

    kind: ClassVar[str] = "hulls"
    version: ClassVar[int] = 2
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (OBSERVATIONS,)
    writes: ClassVar[tuple[Table, ...]] = (TRACK_POINTS, SET_ASIDE)
    carries: ClassVar[Table] = HULL_MEMORY

    @property
    def delay_us(self) -> int:
        """Every row is written in the span that holds its time plus this."""
        return self.delay_s * 1_000_000

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        waits = to_numpy(carried, "role") == _WAITS
        merged = _merge(
            carried.filter(pa.array(waits)),
            batch[OBSERVATIONS],
            (self.noise_m, self.long_range_noise_m),
        )
        kept = _kept(carried.filter(pa.array(~waits)))
        kept = self._assign(merged, kept, span.until_us)
        memory = pa.concat_tables([_waiting(merged, self.delay_us), _memory(kept)])
        keys = to_numpy(memory, "mmsi")
        memory = memory.take(pa.array(np.argsort(keys, kind="stable")))
        return memory, Batch({TRACK_POINTS: _points(merged), SET_ASIDE: _set_aside(merged)})

    def _motion(self, top_kn: float, usual_kn: float) -> Motion:
        return Motion(
            self.noise_m,
            self.clock_s,
            top_kn * M_S_PER_KN,
            usual_kn * M_S_PER_KN,
            float(np.log(self.p_new_hull)),
            float(np.log(self.p_confirmed)),
            float(np.log(self.p_stale)),
        )

    def _assign(self, merged: _Merged, kept: Kept, until_us: int) -> Kept:
        """Fill in the fates of the rows; returns the hypotheses to carry."""
        keys = np.unique(np.concatenate([merged.mmsi[merged.starts], kept.mmsi]))
        bounds = np.empty((len(keys) + 1, 3), np.int64)
        bounds[:-1, 0] = np.searchsorted(merged.mmsi, keys)
        bounds[-1, 0] = len(merged.mmsi)
        bounds[:-1, 1] = bounds[:-1, 0] + np.searchsorted(merged.waiting_mmsi, keys, "right")
        bounds[:-1, 1] -= np.searchsorted(merged.waiting_mmsi, keys)
        bounds[-1, 1] = len(merged.mmsi)
        bounds[:-1, 2] = np.searchsorted(kept.mmsi, keys)
        bounds[-1, 2] = len(kept.mmsi)
        motions = (
            self._motion(self.top_speed_kn, self.usual_speed_kn),
            self._motion(self.aircraft_top_speed_kn, self.aircraft_usual_speed_kn),
        )
        # 111xxxxxx: the form of MMSI that ITU-R M.585 gives to SAR aircraft
        is_aircraft = (keys // 1_000_000) == 111
        size = 2 * len(keys) + len(kept.mmsi) + self.n_hypotheses * MOST_HULLS
        return assign(
            new_memory(self.n_hypotheses, self.scan_rows),
            merged.rows,
            merged.fates,
            keys.astype(np.int64),
            bounds,
            kept,
            is_aircraft,
            motions,
            (self.delay_us, until_us, self.margin_log_odds),
            _empty_kept(size),
        )


class _Merged(NamedTuple):
    """Waiting rows and fresh ones as one, by MMSI and time; `order` is null where none waited."""

    table: pa.Table
    order: np.ndarray | None
    mmsi: np.ndarray
    waiting_mmsi: np.ndarray
    starts: np.ndarray
    rows: Rows
    fates: Fates

    def take(self, which: np.ndarray) -> pa.Table:
        """The rows at these places of the merged order, as a table of the point's columns."""
        if self.order is not None:
            return self.table.take(pa.array(self.order[which]))
        return self.table if len(which) == len(self.mmsi) else self.table.take(pa.array(which))


def _merge(waiting: pa.Table, fresh: pa.Table, noises_m: tuple[float, float]) -> _Merged:
    fresh = fresh.select(_POINT)
    if fresh["lat_deg"].null_count or fresh["lon_deg"].null_count:
        lat, lon = to_numpy(fresh, "lat_deg"), to_numpy(fresh, "lon_deg")
        fresh = fresh.filter(pa.array(~(np.isnan(lat) | np.isnan(lon))))
    n, n_waiting = waiting.num_rows + fresh.num_rows, waiting.num_rows
    fates = Fates(
        np.zeros(n, np.int64), np.zeros(n, np.int8), np.zeros(n, np.int64), np.zeros(n, np.float32)
    )
    table, order = fresh, None
    waiting_mmsi = to_numpy(waiting, "mmsi")
    if n_waiting:
        place = np.arange(n_waiting) + np.searchsorted(to_numpy(fresh, "mmsi"), waiting_mmsi)
        order = np.empty(n, np.int64)
        is_fresh = np.ones(n, bool)
        is_fresh[place] = False
        order[place] = np.arange(n_waiting)
        order[is_fresh] = np.arange(n_waiting, n)
        table = pa.concat_tables([waiting.select(_POINT).cast(fresh.schema), fresh])
        fates.label[place] = to_numpy(waiting, "label")
        fates.near_id[place] = to_numpy(waiting, "near_track_id", 0)
        fates.near_speed_kn[place] = to_numpy(waiting, "near_speed_kn", 0.0)

    def values(name: str, null: float | None = None) -> np.ndarray:
        found = to_numpy(table, name, null)
        return found if order is None else found[order]

    def fixed(found: np.ndarray) -> np.ndarray:
        # one signature for the kernels, whether Arrow or NumPy owns the memory
        found = found.view()
        found.flags.writeable = False
        return found

    mmsi = values("mmsi")
    starts = np.flatnonzero(np.concatenate([np.ones(min(1, n), bool), mmsi[1:] != mmsi[:-1]]))
    east, north = _velocity(values("speed_kn", np.nan), values("course_deg", np.nan))
    places = (values(n) for n in ("time_us", "observation_id", "lat_deg", "lon_deg"))
    noise_m = np.where(values("msg_type", 0) == _LONG_RANGE, noises_m[1], noises_m[0])
    rows = Rows(*(fixed(v) for v in (*places, noise_m, east, north)))
    return _Merged(table, order, mmsi, waiting_mmsi, starts, rows, fates)


def _velocity(speed_kn: np.ndarray, course_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """East and north in m/s; NaN without a speed, or with a course missing while under way."""
    speed_m_s = np.where(speed_kn < 102.2, speed_kn, np.nan).astype(np.float64) * M_S_PER_KN
    return east_north(speed_m_s, np.where(speed_kn < 0.5, np.nan_to_num(course_deg), course_deg))


def _points(merged: _Merged) -> pa.Table:
    which = np.flatnonzero(merged.fates.fate == TRACK)
    points = merged.take(which)
    lat, lon = to_numpy(points, "lat_deg"), to_numpy(points, "lon_deg")
    columns = {n: points[n] for n in _POINT}
    columns["track_id"] = pa.array(merged.fates.label[which])
    columns["cell"] = pa.array(cells_of(lat, lon, COVERAGE_CELL_DEG))
    return TRACK_POINTS.rows(columns, len(which))


def _set_aside(merged: _Merged) -> pa.Table:
    fates = merged.fates
    which = np.flatnonzero(fates.fate > TRACK)
    rows = merged.take(which) if len(which) else merged.table.slice(0, 0)
    reasons = np.zeros(SHORT_FRAGMENT + 1, np.int8)
    for fate, name in _REASONS.items():
        reasons[fate] = code(SET_ASIDE_REASONS, name)
    unknown = fates.near_id[which] == _NOTHING
    return SET_ASIDE.rows(
        {
            **{n: rows[n] for n in ("observation_id", "mmsi", "time_us", "lat_deg", "lon_deg")},
            "reason": reasons[fates.fate[which]],
            "near_track_id": pa.array(fates.near_id[which], mask=unknown),
            "implied_speed_kn": pa.array(fates.near_speed_kn[which], mask=unknown),
        },
        len(which),
    )


def _waiting(merged: _Merged, delay_us: int) -> pa.Table:
    fates = merged.fates
    which = np.flatnonzero(fates.fate == WAITING)
    rows = merged.take(which)
    unknown = fates.near_id[which] == _NOTHING
    return HULL_MEMORY.rows(
        {
            **{n: rows[n] for n in _POINT},
            "role": np.full(len(which), _WAITS, np.int8),
            "slot": np.zeros(len(which), np.int16),
            "wake_us": merged.rows.time_us[which] + delay_us,
            "label": fates.label[which],
            "near_track_id": pa.array(fates.near_id[which], mask=unknown),
            "near_speed_kn": pa.array(fates.near_speed_kn[which], mask=unknown),
        },
        len(which),
    )


def _empty_kept(size: int) -> Kept:
    return Kept(
        np.zeros(size, np.int64),
        np.zeros(size, np.int64),
        np.zeros(size),
        np.zeros(size, HULL),
        np.zeros(size, np.int64),
        np.zeros(size, np.int64),
    )


def _kept(rows: pa.Table) -> Kept:
    """The hypotheses of carried rows, by MMSI and slot."""
    order = np.lexsort([to_numpy(rows, "slot"), to_numpy(rows, "mmsi")])
    rows = rows.take(pa.array(order))
    hulls, labels = np.zeros(rows.num_rows, HULL), rows["labels"].combine_chunks()
    for name in HULL.names or ():
        hulls[name] = to_numpy(rows, name)
    return Kept(
        to_numpy(rows, "mmsi").astype(np.int64),
        to_numpy(rows, "slot").astype(np.int64),
        to_numpy(rows, "score").astype(np.float64),
        hulls,
        np.cumsum(labels.value_lengths().to_numpy(), dtype=np.int64),
        labels.flatten().to_numpy().copy(),
    )


def _memory(kept: Kept) -> pa.Table:
    ends = np.concatenate([[0], kept.label_ends]).astype(np.int32)
    return HULL_MEMORY.rows(
        {
            **{name: np.ascontiguousarray(kept.hulls[name]) for name in HULL.names or ()},
            "mmsi": kept.mmsi,
            "role": np.full(len(kept.mmsi), _IS_HULL, np.int8),
            "slot": kept.slot,
            "score": kept.score,
            "labels": pa.ListArray.from_arrays(pa.array(ends), pa.array(kept.labels)),
        },
        len(kept.mmsi),
    )
