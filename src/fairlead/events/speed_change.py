"""Finds a steady vessel that within moments is steady at quite another speed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_duration, said_place, said_time
from fairlead.events.memory import keys_and_bounds, recalled, remembered, walked
from fairlead.geo.shore import Shore
from fairlead.geo.sphere import implied_speed_kn
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, TRACK_POINTS

_I64, _F64 = pa.int64(), pa.float64()

MEMORY = Table(
    name="speed_change_memory",
    doc="Per hull: the last point, the steady speed it holds, and the one that may replace it.",
    columns=pa.schema(
        [
            column("track_id", _I64, "the hull", required=True),
            column("time_us", _I64, "last point", required=True),
            column("n_points", _I64, "points seen since the last silence", required=True),
            column("lat_deg", _F64, "last point", required=True),
            column("lon_deg", _F64, "last point", required=True),
            column("since_us", _I64, "start of the steady speed", required=True),
            column("until_us", _I64, "last point at the steady speed", required=True),
            column("n_steady", _I64, "points at it", required=True),
            column("steady_kn", _F64, "their mean", required=True),
            column("first_id", _I64, "first observation at it", required=True),
            column("last_id", _I64, "last observation at it", required=True),
            column("new_since_us", _I64, "start of the speed that may replace it", required=True),
            column("n_new", _I64, "points at it", required=True),
            column("n_between", _I64, "points at other speeds before it", required=True),
            column("new_kn", _F64, "their mean", required=True),
            column("new_id", _I64, "first observation at it", required=True),
            column("new_lat_deg", _F64, "place of it", required=True),
            column("new_lon_deg", _F64, "place of it", required=True),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("track_id",),
)

_FOUND = np.dtype(
    [
        ("row", np.int64),
        ("left_us", np.int64),
        ("left_id", np.int64),
        ("first_id", np.int64),
        ("from_kn", np.float64),
        ("held_us", np.int64),
        ("reached_us", np.int64),
        ("reached_id", np.int64),
        ("to_kn", np.float64),
        ("lat_deg", np.float64),
        ("lon_deg", np.float64),
    ]
)


@dataclass(frozen=True, slots=True)
class SpeedChange:
    """A vessel that held its speed is within moments at quite another speed, and holds that.

    The first speed must be held for `steady_s`, the second for `held_s`, each by `steady_points`
    points; one bad value changes nothing. Where a report was lost between the two, the change
    counts as sudden for twice `within_s`. Reported speed is used, and displacement where there is
    none. Getting under way from rest is no event, nor is coming to rest nearer to the coast than
    `rest_offshore_nm_min`, where `shore` is given: boats come home. Craft faster than
    `fast_craft_kn` change speed at will and are left out.
    """

    change_kn_min: float = 9.0
    within_s: int = 180
    steady_s: int = 1800
    held_s: int = 900
    steady_points: int = 4
    steady_kn: float = 1.5
    at_rest_kn: float = 2.0
    fast_craft_kn: float = 18.0
    silence_s_max: int = 1800
    rest_offshore_nm_min: float = 2.0
    shore: Shore | None = None

    kind: ClassVar[str] = "speed_change"
    version: ClassVar[int] = 2
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
            self.change_kn_min,
            self.within_s * 1_000_000,
            self.steady_s * 1_000_000,
            self.held_s * 1_000_000,
            self.steady_points,
            self.steady_kn,
            self.at_rest_kn,
            self.fast_craft_kn,
            self.silence_s_max * 1_000_000,
        )
        records, found = walked(_walk, inputs, recalled(MEMORY, carried, keys), _FOUND)
        return remembered(MEMORY, records), Batch({EVENTS: self._events(points, found)})

    def _events(self, points: pa.Table, found: np.ndarray) -> pa.Table:
        if self.shore is not None and len(found):
            offshore_nm = self.shore.offshore_nm(found["lat_deg"], found["lon_deg"])
            arrived = found["to_kn"] < self.at_rest_kn
            found = found[~(arrived & (offshore_nm < self.rest_offshore_nm_min))]
        if not len(found):
            return EVENTS.empty()
        row = found["row"]
        change_kn = np.abs(found["to_kn"] - found["from_kn"])
        took_us = found["reached_us"] - found["left_us"]
        detail = [
            f"{'Slowed' if f['to_kn'] < f['from_kn'] else 'Sped up'} from {f['from_kn']:.1f} kn to "
            f"{f['to_kn']:.1f} kn within {said_duration(f['reached_us'] - f['left_us'])} at "
            f"{said_time(f['reached_us'])}, {said_place(f['lat_deg'], f['lon_deg'])}, after "
            f"{said_duration(f['held_us'])} at a steady speed, and held the new speed."
            for f in found
        ]
        measures = [
            {
                "speed_before_kn": f["from_kn"],
                "speed_after_kn": f["to_kn"],
                "within_s": (f["reached_us"] - f["left_us"]) / 1e6,
                "held_before_s": f["held_us"] / 1e6,
            }
            for f in found
        ]
        sudden = 1.0 - np.clip(took_us / 1e6 / max(1, self.within_s), 0.0, 1.0)
        return events_in_order(
            event_rows(
                self,
                time_us=points["time_us"].to_numpy()[row],
                start_us=found["left_us"],
                end_us=found["reached_us"],
                lat_deg=found["lat_deg"],
                lon_deg=found["lon_deg"],
                track_id=points["track_id"].to_numpy()[row],
                mmsi=points["mmsi"].to_numpy()[row],
                start_observation_id=found["left_id"],
                confidence=0.6 + 0.2 * sudden + 0.15 * (change_kn > 1.5 * self.change_kn_min),
                detail=detail,
                measures=measures,
                evidence=[
                    [f["first_id"], f["left_id"], f["reached_id"], o]
                    for f, o in zip(found, points["observation_id"].to_numpy()[row], strict=True)
                ],
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
    change_kn_min,
    within_us,
    steady_us,
    held_us_min,
    steady_points,
    steady_kn,
    at_rest_kn,
    fast_craft_kn,
    silence_us_max,
    records,
    found,
) -> int:
    n = 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            speed = np.float64(speed_kn[i])
            silent = m.n_points == 0 or time_us[i] - m.time_us > silence_us_max
            if np.isnan(speed) and not silent and time_us[i] - m.time_us >= 20_000_000:
                speed = implied_speed_kn(
                    m.lat_deg, m.lon_deg, m.time_us, lat_deg[i], lon_deg[i], time_us[i]
                )
            if silent:
                m.n_points, m.n_steady, m.n_new = 0, 0, 0
            if np.isnan(speed):
                if m.n_points == 0:
                    m.n_points, m.time_us = 1, time_us[i]
                    m.lat_deg, m.lon_deg = lat_deg[i], lon_deg[i]
                continue
            m.n_points += 1
            m.time_us, m.lat_deg, m.lon_deg = time_us[i], lat_deg[i], lon_deg[i]
            if m.n_steady == 0 or abs(speed - m.steady_kn) <= steady_kn:
                _hold(m, time_us[i], observation_id[i], speed)
                continue
            if m.n_new == 0 or abs(speed - m.new_kn) > steady_kn:
                m.n_between = m.n_between + m.n_new if m.n_new > 0 else 0
                m.n_new, m.new_kn, m.new_since_us = 0, 0.0, time_us[i]
                m.new_id, m.new_lat_deg, m.new_lon_deg = observation_id[i], lat_deg[i], lon_deg[i]
            m.n_new += 1
            m.new_kn += (speed - m.new_kn) / m.n_new
            held_us = m.until_us - m.since_us
            if m.n_steady < steady_points or held_us < steady_us:
                if m.n_new >= steady_points:
                    _replace(m, time_us[i], observation_id[i])
                continue
            if m.n_new < steady_points or time_us[i] - m.new_since_us < held_us_min:
                continue
            if (
                abs(m.new_kn - m.steady_kn) >= change_kn_min
                and _is_sudden(m, within_us)
                and m.steady_kn > at_rest_kn
                and _shown(m)
                and max(m.new_kn, m.steady_kn) <= fast_craft_kn
            ):
                if n < len(found):
                    f = found[n]
                    f.row, f.left_us, f.left_id, f.first_id = i, m.until_us, m.last_id, m.first_id
                    f.from_kn, f.held_us, f.to_kn = m.steady_kn, held_us, m.new_kn
                    f.reached_us, f.reached_id = m.new_since_us, m.new_id
                    f.lat_deg, f.lon_deg = m.new_lat_deg, m.new_lon_deg
                n += 1
            _replace(m, time_us[i], observation_id[i])
    return n


@njit(cache=True, nogil=True)
def _is_sudden(m, within_us) -> bool:
    """Whether the new speed came within the time; twice that where a report was lost meanwhile."""
    took_us = m.new_since_us - m.until_us
    if took_us <= within_us:
        return True
    usual_us = (m.until_us - m.since_us) / max(1, m.n_steady - 1)
    return m.n_between == 0 and 2.0 * usual_us <= took_us <= 2 * within_us


@njit(cache=True, nogil=True)
def _shown(m) -> bool:
    """Whether the positions of a vessel that slowed agree: else it only reports so."""
    made_kn = implied_speed_kn(
        m.new_lat_deg, m.new_lon_deg, m.new_since_us, m.lat_deg, m.lon_deg, m.time_us
    )
    return m.new_kn > m.steady_kn or made_kn < (m.new_kn + m.steady_kn) / 2.0


@njit(cache=True, nogil=True)
def _hold(m, time_us, observation_id, speed) -> None:
    """Another point at the steady speed."""
    if m.n_steady == 0:
        m.since_us, m.first_id, m.steady_kn = time_us, observation_id, 0.0
    m.n_steady += 1
    # A window of about thirty points: a slow drift of speed is followed, not called a change.
    m.steady_kn += (speed - m.steady_kn) / min(m.n_steady, 30)
    m.until_us, m.last_id = time_us, observation_id
    m.n_new = 0


@njit(cache=True, nogil=True)
def _replace(m, time_us, observation_id) -> None:
    """The new speed becomes the steady one."""
    m.since_us, m.first_id, m.n_steady, m.steady_kn = m.new_since_us, m.new_id, m.n_new, m.new_kn
    m.until_us, m.last_id, m.n_new = time_us, observation_id, 0
