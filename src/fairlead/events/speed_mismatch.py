"""Holds the speed a vessel reports against the speed its positions show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_duration, said_place, said_time
from fairlead.events.memory import keys_and_bounds, recalled, remembered, walked
from fairlead.geo.sphere import M_S_PER_KN, distance_m
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, TRACK_POINTS

_I64, _F64 = pa.int64(), pa.float64()

MEMORY = Table(
    name="speed_mismatch_memory",
    doc="Per hull: the window being filled and the disagreement that lasts.",
    columns=pa.schema(
        [
            column("track_id", _I64, "the hull", required=True),
            column("time_us", _I64, "last point with a speed", required=True),
            column("lat_deg", _F64, "last point", required=True),
            column("lon_deg", _F64, "last point", required=True),
            column("last_kn", _F64, "its reported speed", required=True),
            column("n", _I64, "intervals in the window; -1 before the first point", required=True),
            column("first_us", _I64, "start of the window", required=True),
            column("first_id", _I64, "observation there", required=True),
            column("first_lat_deg", _F64, "place there", required=True),
            column("first_lon_deg", _F64, "place there", required=True),
            column("path_m", _F64, "metres from point to point in it", required=True),
            column("said_m", _F64, "metres by the reported speeds in it", required=True),
            column("low_kn", _F64, "least reported speed in it", required=True),
            column("high_kn", _F64, "greatest reported speed in it", required=True),
            column("n_wrong", _I64, "windows in a row that disagree one way", required=True),
            column("way", _I64, "1 reports too little, -1 too much", required=True),
            column("since_us", _I64, "start of the disagreement", required=True),
            column("since_id", _I64, "observation there", required=True),
            column("middle_id", _I64, "observation when it was established", required=True),
            column("wrong_us", _I64, "last point of the disagreement", required=True),
            column("wrong_id", _I64, "observation there", required=True),
            column("wrong_lat_deg", _F64, "place where it began", required=True),
            column("wrong_lon_deg", _F64, "place where it began", required=True),
            column("moved_m", _F64, "metres made good while it lasts", required=True),
            column("told_m", _F64, "metres by the reported speeds while it lasts", required=True),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("track_id",),
)

_FOUND = np.dtype(
    [
        ("row", np.int64),
        ("ended", np.int64),
        ("way", np.int64),
        ("n_wrong", np.int64),
        ("since_us", np.int64),
        ("since_id", np.int64),
        ("middle_id", np.int64),
        ("wrong_us", np.int64),
        ("wrong_id", np.int64),
        ("lat_deg", np.float64),
        ("lon_deg", np.float64),
        ("moved_m", np.float64),
        ("told_m", np.float64),
    ]
)


@dataclass(frozen=True, slots=True)
class SpeedMismatch:
    """The speed a vessel reports and the speed at which its position moves disagree for long.

    Windows of `window_s` and at least `points_min` points. A vessel that covers more ground in a
    straight line than it says, or less ground point by point than it says, by `mismatch_kn` and
    `mismatch_share` in `windows_min` windows in a row, is an event until a window agrees again.
    """

    window_s: int = 600
    points_min: int = 5
    interval_s_max: int = 420
    mismatch_kn: float = 3.0
    mismatch_share: float = 0.35
    windows_min: int = 3

    kind: ClassVar[str] = "speed_mismatch"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "track_id"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        points = batch[TRACK_POINTS]
        tracks = points["track_id"].to_numpy()
        keys, bounds = keys_and_bounds(tracks, carried["track_id"].to_numpy())
        inputs = (
            bounds,
            points["time_us"].to_numpy(),
            points["observation_id"].to_numpy(),
            points["lat_deg"].to_numpy(),
            points["lon_deg"].to_numpy(),
            to_numpy(points, "speed_kn"),
            self.window_s * 1_000_000,
            self.points_min,
            self.interval_s_max * 1_000_000,
            self.mismatch_kn,
            self.mismatch_share,
            self.windows_min,
        )
        fresh = recalled(MEMORY, carried, keys)
        fresh["n"][~np.isin(keys, carried["track_id"].to_numpy())] = -1
        records, found = walked(_walk, inputs, fresh, _FOUND)
        return remembered(MEMORY, records), Batch({EVENTS: self._events(points, found)})

    def _events(self, points: pa.Table, found: np.ndarray) -> pa.Table:
        row = found["row"]
        hours = (found["wrong_us"] - found["since_us"]) / 3.6e9
        made_kn = found["moved_m"] / 1852.0 / hours
        told_kn = found["told_m"] / 1852.0 / hours
        detail = [
            f"Reported {told:.1f} kn on average while its positions moved at {made:.1f} kn, for "
            f"{said_duration(f['wrong_us'] - f['since_us'])} from {said_time(f['since_us'])}, "
            f"{said_place(f['lat_deg'], f['lon_deg'])}."
            for f, told, made in zip(found, told_kn, made_kn, strict=True)
        ]
        measures = [
            {"reported_kn": t, "made_good_kn": m, "windows": int(w)}
            for t, m, w in zip(told_kn, made_kn, found["n_wrong"], strict=True)
        ]
        share = np.abs(made_kn - told_kn) / np.maximum(made_kn, told_kn)
        return events_in_order(
            event_rows(
                self,
                time_us=points["time_us"].to_numpy()[row],
                start_us=found["since_us"],
                end_us=[int(f["wrong_us"]) if f["ended"] else None for f in found],
                lat_deg=found["lat_deg"],
                lon_deg=found["lon_deg"],
                track_id=points["track_id"].to_numpy()[row],
                mmsi=points["mmsi"].to_numpy()[row],
                start_observation_id=found["since_id"],
                confidence=np.minimum(0.95, 0.5 + 0.3 * share + 0.03 * found["n_wrong"]),
                detail=detail,
                measures=measures,
                evidence=[[f["since_id"], f["middle_id"], f["wrong_id"]] for f in found],
            )
        )


@njit(cache=True, nogil=True)
def _walk(
    bounds,
    time_us,
    observation_id,
    lat_deg,
    lon_deg,
    speed_kn,
    window_us,
    points_min,
    interval_us_max,
    mismatch_kn,
    mismatch_share,
    windows_min,
    records,
    found,
) -> int:
    n = 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            speed = np.float64(speed_kn[i])
            if np.isnan(speed):
                continue
            if m.n < 0 or time_us[i] - m.time_us > interval_us_max:
                n = _end(m, i, windows_min, found, n)
                _open(m, time_us[i], observation_id[i], lat_deg[i], lon_deg[i], speed)
                continue
            lasted_s = (time_us[i] - m.time_us) / 1e6
            m.path_m += distance_m(m.lat_deg, m.lon_deg, lat_deg[i], lon_deg[i])
            m.said_m += (speed + m.last_kn) / 2.0 * M_S_PER_KN * lasted_s
            m.low_kn, m.high_kn = min(m.low_kn, speed), max(m.high_kn, speed)
            m.time_us, m.lat_deg, m.lon_deg = time_us[i], lat_deg[i], lon_deg[i]
            m.last_kn = speed
            m.n += 1
            if time_us[i] - m.first_us < window_us or m.n + 1 < points_min:
                continue
            way = _verdict(m, mismatch_kn, mismatch_share)
            if way == 0 or way != m.way:
                n = _end(m, i, windows_min, found, n)
            if way != 0:
                n = _count(m, way, i, observation_id[i], windows_min, found, n)
            _open(m, time_us[i], observation_id[i], lat_deg[i], lon_deg[i], speed)
    return n


@njit(cache=True, nogil=True)
def _open(m, time_us, observation_id, lat_deg, lon_deg, speed) -> None:
    """A new window starts at this point."""
    m.n, m.path_m, m.said_m = 0, 0.0, 0.0
    m.first_us, m.first_id, m.first_lat_deg, m.first_lon_deg = (
        time_us,
        observation_id,
        lat_deg,
        lon_deg,
    )
    m.time_us, m.lat_deg, m.lon_deg, m.last_kn = time_us, lat_deg, lon_deg, speed
    m.low_kn, m.high_kn = speed, speed


@njit(cache=True, nogil=True)
def _verdict(m, mismatch_kn, mismatch_share) -> int:
    """1: it moved more than any speed it reported; -1: it moved less than all of them; else 0."""
    lasted_s = (m.time_us - m.first_us) / 1e6
    straight_kn = (
        distance_m(m.first_lat_deg, m.first_lon_deg, m.lat_deg, m.lon_deg) / lasted_s / M_S_PER_KN
    )
    path_kn = m.path_m / lasted_s / M_S_PER_KN
    if straight_kn - m.high_kn > max(mismatch_kn, mismatch_share * straight_kn):
        return 1
    if m.low_kn - path_kn > max(mismatch_kn, mismatch_share * m.low_kn):
        return -1
    return 0


@njit(cache=True, nogil=True)
def _count(m, way, i, observation_id, windows_min, found, n) -> int:
    """Another window that disagrees; the event opens when there are enough."""
    if m.n_wrong == 0:
        m.way, m.since_us, m.since_id = way, m.first_us, m.first_id
        m.wrong_lat_deg, m.wrong_lon_deg = m.first_lat_deg, m.first_lon_deg
        m.moved_m, m.told_m = 0.0, 0.0
    m.n_wrong += 1
    m.moved_m += m.path_m
    m.told_m += m.said_m
    m.wrong_us, m.wrong_id = m.time_us, observation_id
    if m.n_wrong == windows_min:
        m.middle_id = observation_id
        _write(m, i, 0, found, n)
        n += 1
    return n


@njit(cache=True, nogil=True)
def _end(m, i, windows_min, found, n) -> int:
    if m.n_wrong >= windows_min:
        _write(m, i, 1, found, n)
        n += 1
    m.n_wrong, m.way = 0, 0
    return n


@njit(cache=True, nogil=True)
def _write(m, i, ended, found, n) -> None:
    if n >= len(found):
        return
    f = found[n]
    f.row, f.ended, f.way, f.n_wrong = i, ended, m.way, m.n_wrong
    f.since_us, f.since_id, f.middle_id = m.since_us, m.since_id, m.middle_id
    f.wrong_us, f.wrong_id = m.wrong_us, m.wrong_id
    f.lat_deg, f.lon_deg = m.wrong_lat_deg, m.wrong_lon_deg
    f.moved_m, f.told_m = m.moved_m, m.told_m
