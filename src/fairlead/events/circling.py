"""Positions that run in circles of one size at one rate: a sign of a forged GNSS signal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import (
    event_rows,
    events_in_order,
    plain_records,
    said_duration,
    said_place,
    said_time,
)
from fairlead.events.memory import keys_and_bounds, recalled, record_type, remembered, walked
from fairlead.geo.sphere import M_PER_NM, M_S_PER_KN, leg, turn_deg
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, TRACK_POINTS

_I64, _F64 = pa.int64(), pa.float64()

MEMORY = Table(
    name="circling_memory",
    doc="Per hull: the last leg and the turn added up so far.",
    columns=pa.schema(
        [
            column("track_id", _I64, "the hull", required=True),
            column("time_us", _I64, "end of the last leg", required=True),
            column("last_id", _I64, "its observation", required=True),
            column("lat_deg", _F64, "its place", required=True),
            column("lon_deg", _F64, "its place", required=True),
            column("leg_deg", _F64, "direction of the last leg", required=True),
            column("n_points", _I64, "points seen since a silence", required=True),
            column("n_legs", _I64, "legs that turn the same way", required=True),
            column(
                "turned_deg", _F64, "turn added up over them, starboard positive", required=True
            ),
            column("path_m", _F64, "their length", required=True),
            column("start_us", _I64, "start of the first", required=True),
            column("start_id", _I64, "observation there", required=True),
            column("middle_id", _I64, "observation when it was established", required=True),
            column("sum_lat_deg", _F64, "sum of latitudes", required=True),
            column("sum_east_deg", _F64, "sum of longitudes east of the start", required=True),
            column("start_lat_deg", _F64, "place of the start", required=True),
            column("start_lon_deg", _F64, "place of the start", required=True),
            column("rate_sum", _F64, "sum of radius by leg, metres", required=True),
            column("rate_sum_2", _F64, "sum of squares of it", required=True),
            column("opened", _I64, "1 once it was written", required=True),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("track_id",),
)
_RECORD = record_type(MEMORY)
_FOUND = np.dtype([("row", "i8"), ("ended", "i8"), ("circle", _RECORD)])


@dataclass(frozen=True, slots=True)
class Circling:
    """A vessel's positions go round and round at one radius and speed, as no ship does for long.

    At least `laps_min` turns the same way without a pause, at `speed_kn_min` or more, with radii
    between `radius_m_min` and `radius_m_max` that scatter by less than `scatter_max` of their mean.
    """

    laps_min: float = 3.0
    speed_kn_min: float = 4.0
    radius_m_min: float = 100.0
    radius_m_max: float = 10000.0
    scatter_max: float = 0.35
    leg_turn_deg_max: float = 100.0
    silence_s_max: int = 1800

    kind: ClassVar[str] = "circling"
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
            self.laps_min,
            self.speed_kn_min,
            self.radius_m_min,
            self.radius_m_max,
            self.scatter_max,
            self.leg_turn_deg_max,
            self.silence_s_max * 1_000_000,
        )
        records, found = walked(_walk, inputs, recalled(MEMORY, carried, keys), _FOUND)
        return remembered(MEMORY, records), Batch({EVENTS: self._events(points, found)})

    def _events(self, points: pa.Table, found: np.ndarray) -> pa.Table:
        if not len(found):
            return EVENTS.empty()
        circle, ended, row = found["circle"], found["ended"], found["row"]
        laps = np.abs(circle["turned_deg"]) / 360.0
        radius_m = circle["rate_sum"] / circle["n_legs"]
        speed_kn = circle["path_m"] / M_S_PER_KN / ((circle["time_us"] - circle["start_us"]) / 1e6)
        lat = circle["start_lat_deg"] + circle["sum_lat_deg"] / circle["n_legs"]
        lon = circle["start_lon_deg"] + circle["sum_east_deg"] / circle["n_legs"]
        lon = (lon + 180.0) % 360.0 - 180.0
        circles = plain_records(circle)
        return events_in_order(
            event_rows(
                self,
                time_us=points["time_us"].to_numpy()[row],
                start_us=circle["start_us"],
                end_us=[c.time_us if e else None for c, e in zip(circles, ended, strict=True)],
                lat_deg=lat,
                lon_deg=lon,
                track_id=circle["track_id"],
                mmsi=points["mmsi"].to_numpy()[row],
                start_observation_id=circle["start_id"],
                confidence=np.minimum(0.95, 0.55 + 0.05 * laps),
                detail=[
                    f"Went round {n:.1f} times to {'starboard' if c.turned_deg > 0 else 'port'} "
                    f"at {kn:.1f} kn with a radius of {r / M_PER_NM:.2f} nm about "
                    f"{said_place(la, lo)}, for {said_duration(c.time_us - c.start_us)} from "
                    f"{said_time(c.start_us)}."
                    for c, n, kn, r, la, lo in zip(
                        circles, laps, speed_kn, radius_m, lat, lon, strict=True
                    )
                ],
                measures=[
                    {"laps": n, "radius_m": r, "speed_kn": kn}
                    for n, r, kn in zip(laps, radius_m, speed_kn, strict=True)
                ],
                evidence=[[c.start_id, c.middle_id, c.last_id] for c in circles],
            )
        )


@njit(cache=True, nogil=True)
def _walk(
    bounds,
    time_us,
    observation_id,
    lat_deg,
    lon_deg,
    laps_min,
    speed_kn_min,
    radius_m_min,
    radius_m_max,
    scatter_max,
    leg_turn_deg_max,
    silence_us_max,
    records,
    found,
) -> int:
    n = 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            now, lat, lon = time_us[i], lat_deg[i], lon_deg[i]
            if m.n_points == 0 or now - m.time_us > silence_us_max:
                n = _stop(m, i, found, n)
                m.n_points = 0
                _mark(m, now, observation_id[i], lat, lon, 0.0)
                continue
            leg_m, leg_deg = leg(m.lat_deg, m.lon_deg, lat, lon)
            leg_s = (now - m.time_us) / 1e6
            # Legs too short to have a direction join the next one.
            if leg_m < 50.0 and leg_s < 120.0:
                continue
            if m.n_points == 1 or leg_s == 0.0 or leg_m < speed_kn_min * M_S_PER_KN * leg_s:
                n = _stop(m, i, found, n)
                _mark(m, now, observation_id[i], lat, lon, leg_deg)
                continue
            turn = turn_deg(m.leg_deg, leg_deg)
            radius_m = leg_m / max(1e-3, abs(turn)) * 57.29577951308232
            same_way = m.n_legs == 0 or turn * m.turned_deg > 0.0
            round_one = radius_m_min <= radius_m <= radius_m_max and abs(turn) <= leg_turn_deg_max
            if not (round_one and same_way):
                n = _stop(m, i, found, n)
            if round_one:
                if m.n_legs == 0:
                    m.start_us, m.start_id = m.time_us, m.last_id
                    m.start_lat_deg, m.start_lon_deg = m.lat_deg, m.lon_deg
                _add(m, turn, leg_m, radius_m, lat, lon)
            _mark(m, now, observation_id[i], lat, lon, leg_deg)
            if not m.opened and abs(m.turned_deg) >= 360.0 * laps_min and m.n_legs >= 12:
                mean = m.rate_sum / m.n_legs
                variance = max(0.0, m.rate_sum_2 / m.n_legs - mean * mean)
                if variance <= (scatter_max * mean) ** 2:
                    m.opened, m.middle_id = 1, observation_id[i]
                    n = _write(found, n, i, 0, m)
                else:
                    n = _stop(m, i, found, n)
    return n


@njit(cache=True, nogil=True)
def _mark(m, now, observation_id, lat, lon, leg_deg) -> None:
    m.time_us, m.last_id, m.lat_deg, m.lon_deg = now, observation_id, lat, lon
    m.leg_deg = leg_deg
    m.n_points += 1


@njit(cache=True, nogil=True)
def _add(m, turn, leg_m, radius_m, lat, lon) -> None:
    m.n_legs += 1
    m.turned_deg += turn
    m.path_m += leg_m
    m.rate_sum += radius_m
    m.rate_sum_2 += radius_m * radius_m
    m.sum_lat_deg += lat - m.start_lat_deg
    m.sum_east_deg += (lon - m.start_lon_deg + 180.0) % 360.0 - 180.0


@njit(cache=True, nogil=True)
def _stop(m, row, found, n) -> int:
    """The circle is broken."""
    if m.opened:
        n = _write(found, n, row, 1, m)
    m.opened, m.n_legs = 0, 0
    m.turned_deg, m.path_m, m.rate_sum, m.rate_sum_2 = 0.0, 0.0, 0.0, 0.0
    m.sum_lat_deg, m.sum_east_deg = 0.0, 0.0
    return n


@njit(cache=True, nogil=True)
def _write(found, n, row, ended, m) -> int:
    if n < len(found):
        found[n].row, found[n].ended = row, ended
        found[n].circle = m
    return n + 1
