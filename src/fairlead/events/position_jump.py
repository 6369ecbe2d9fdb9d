"""Positions that leap where no ship can sail, and whether they come back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_place, said_time
from fairlead.events.memory import (
    insertion_points,
    keys_and_bounds,
    recalled,
    remembered,
    walked,
)
from fairlead.geo.sphere import M_PER_NM, M_S_PER_KN, distance_m, implied_speed_kn
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table, code, column
from fairlead.schema.tables import EVENTS, SET_ASIDE, SET_ASIDE_REASONS, TRACK_POINTS

_I64, _F64 = pa.int64(), pa.float64()

MEMORY = Table(
    name="position_jump_memory",
    doc="Per identity: where it is, and where its positions have leapt to.",
    columns=pa.schema(
        [
            column("mmsi", pa.int64(), "the identity", required=True),
            column("time_us", _I64, "last position of its way", required=True),
            column("here_id", _I64, "the observation", required=True),
            column("here_track", _I64, "its hull; 0 for none", required=True),
            column("lat_deg", _F64, "its place", required=True),
            column("lon_deg", _F64, "its place", required=True),
            column("n_here", _I64, "positions seen of its way; 0 before any", required=True),
            column("n_away", _I64, "positions away in a row", required=True),
            column("opened", _I64, "1 once the jump was written", required=True),
            column("left_us", _I64, "last position before the jump", required=True),
            column("left_id", _I64, "its observation", required=True),
            column("left_track", _I64, "its hull; 0 for none", required=True),
            column("left_lat_deg", _F64, "its place", required=True),
            column("left_lon_deg", _F64, "its place", required=True),
            column("first_us", _I64, "first position away", required=True),
            column("first_id", _I64, "its observation", required=True),
            column("first_lat_deg", _F64, "its place", required=True),
            column("first_lon_deg", _F64, "its place", required=True),
            column("away_us", _I64, "last position away", required=True),
            column("away_id", _I64, "its observation", required=True),
            column("away_lat_deg", _F64, "its place", required=True),
            column("away_lon_deg", _F64, "its place", required=True),
            column(
                "n_turns", _I64, "changes between here and away, fading by the day", required=True
            ),
            column("turn_us", _I64, "last of them", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("mmsi",),
)
_RECORD = np.dtype([(f.name, f.type.to_pandas_dtype()) for f in MEMORY.columns])
_FOUND = np.dtype(
    [("row", "i8"), ("ended", "i8"), ("back_us", "i8"), ("back_id", "i8"), ("jump", _RECORD)]
)
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class PositionJump:
    """An identity's positions leap farther than a ship can sail, and stay or come back.

    At least `points_min` positions that fit each other lie `jump_m` or more from its way, at an
    implied speed over `speed_kn_max`. It ends when positions fit the old way again, or when the
    new one has lasted for `settle_s`. Identities that go to and fro more than `turns_max` times a
    day are two ships (see `mmsi_shared`), not jumps.
    """

    speed_kn_max: float = 70.0
    jump_m: float = 8000.0
    points_min: int = 3
    settle_s: int = 6 * 3600
    turns_max: int = 6

    kind: ClassVar[str] = "position_jump"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS, SET_ASIDE)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        rows = _positions(batch)
        keys, bounds = keys_and_bounds(rows["mmsi"], carried["mmsi"].to_numpy())
        inputs = (
            bounds,
            rows["time_us"],
            rows["observation_id"],
            rows["track_id"],
            rows["lat_deg"],
            rows["lon_deg"],
            self.speed_kn_max,
            self.jump_m,
            self.points_min,
            self.settle_s * 1_000_000,
            self.turns_max,
        )
        records, found = walked(_walk, inputs, recalled(MEMORY, carried, keys), _FOUND)
        return remembered(MEMORY, records), Batch({EVENTS: self._events(rows, found)})

    def _events(self, rows: dict[str, np.ndarray], found: np.ndarray) -> pa.Table:
        if not len(found):
            return EVENTS.empty()
        jump, ended = found["jump"], found["ended"]
        away_nm = [
            distance_m(j["left_lat_deg"], j["left_lon_deg"], j["first_lat_deg"], j["first_lon_deg"])
            / M_PER_NM
            for j in jump
        ]
        speeds = [
            implied_speed_kn(
                j["left_lat_deg"],
                j["left_lon_deg"],
                j["left_us"],
                j["first_lat_deg"],
                j["first_lon_deg"],
                j["first_us"],
            )
            for j in jump
        ]
        n_away = jump["n_away"]
        return events_in_order(
            event_rows(
                self,
                time_us=rows["time_us"][found["row"]],
                start_us=jump["first_us"],
                end_us=[int(j["away_us"]) if e else None for j, e in zip(jump, ended, strict=True)],
                lat_deg=jump["left_lat_deg"],
                lon_deg=jump["left_lon_deg"],
                mmsi=jump["mmsi"],
                start_observation_id=jump["first_id"],
                confidence=np.minimum(0.97, 0.7 + 0.03 * n_away - 0.1 * jump["n_turns"]),
                detail=[_sentence(f, nm) for f, nm in zip(found, away_nm, strict=True)],
                measures=[
                    {
                        "away_nm": nm,
                        "implied_speed_kn": kn,
                        "positions_away": int(n),
                        "returned": bool(e == 1),
                        "away_lat_deg": j["first_lat_deg"],
                        "away_lon_deg": j["first_lon_deg"],
                    }
                    for nm, kn, n, e, j in zip(away_nm, speeds, n_away, ended, jump, strict=True)
                ],
                evidence=[
                    [i for i in (j["left_id"], j["first_id"], j["away_id"], b) if i]
                    for j, b in zip(jump, found["back_id"], strict=True)
                ],
            )
        )


def _sentence(f: np.void, away_nm: float) -> str:
    jump = f["jump"]
    minutes = (jump["first_us"] - jump["left_us"]) / 6e7
    said = (
        f"Jumped {away_nm:.1f} nm within {minutes:.1f} min at {said_time(jump['first_us'])}, from "
        f"{said_place(jump['left_lat_deg'], jump['left_lon_deg'])} to "
        f"{said_place(jump['first_lat_deg'], jump['first_lon_deg'])}"
    )
    if f["ended"] == 1:
        return f"{said}, and was back on its way at {said_time(f['back_us'])}."
    if f["ended"] == 2:
        return f"{said}, and did not come back."
    return said + "."


def _positions(batch: Batch) -> dict[str, np.ndarray]:
    """Track points and outliers of ships' identities, by MMSI and time."""
    points, aside = batch[TRACK_POINTS], batch[SET_ASIDE]
    aside = aside.filter(pa.array(aside["reason"].to_numpy() == code(SET_ASIDE_REASONS, "outlier")))
    names = ("mmsi", "time_us", "observation_id", "lat_deg", "lon_deg", "track_id")
    rows = {n: points[n].to_numpy() for n in names}
    if aside.num_rows:
        outliers = {n: aside[n].to_numpy() for n in names[:-1]}
        outliers["track_id"] = np.zeros(aside.num_rows, np.int64)
        at = insertion_points(rows["mmsi"], rows["time_us"], outliers["mmsi"], outliers["time_us"])
        rows = {n: np.insert(v, at, outliers[n]) for n, v in rows.items()}
    ships = (rows["mmsi"] >= 200_000_000) & (rows["mmsi"] <= 799_999_999)
    return rows if ships.all() else {n: v[ships] for n, v in rows.items()}


@njit(cache=True)
def _walk(
    bounds,
    time_us,
    observation_id,
    track_id,
    lat_deg,
    lon_deg,
    speed_kn_max,
    jump_m,
    points_min,
    settle_us,
    turns_max,
    records,
    found,
) -> int:
    n = 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            now, lat, lon = time_us[i], lat_deg[i], lon_deg[i]
            away_m = distance_m(m.lat_deg, m.lon_deg, lat, lon)
            fits = m.n_here == 0 or _fits(away_m, now - m.time_us, speed_kn_max, jump_m)
            leapt_m = 0.0
            if m.n_away > 0:
                # Given time, a ship could sail to where its positions leapt; nearness decides.
                leapt_m = distance_m(m.away_lat_deg, m.away_lon_deg, lat, lon)
                fits = fits and away_m <= leapt_m
            if fits:
                if m.n_away > 0:
                    n = _returned(m, i, now, observation_id[i], found, n)
                _stand(m, now, observation_id[i], track_id[i], lat, lon)
                continue
            if m.n_away > 0 and not _fits(leapt_m, now - m.away_us, speed_kn_max, jump_m):
                if m.opened:
                    continue
                m.n_away = 0
            if m.n_away == 0:
                _leave(m, now, observation_id[i], lat, lon)
            m.n_away += 1
            m.away_us, m.away_id, m.away_lat_deg, m.away_lon_deg = now, observation_id[i], lat, lon
            if m.n_away == points_min and m.n_turns <= turns_max and m.n_here >= points_min:
                m.opened = 1
                n = _write(found, n, i, 0, 0, 0, m)
            if now - m.first_us >= settle_us and m.n_away >= points_min and away_m >= jump_m:
                if m.opened:
                    n = _write(found, n, i, 2, now, observation_id[i], m)
                m.n_away, m.opened = 0, 0
                _stand(m, now, observation_id[i], track_id[i], lat, lon)
    return n


@njit(cache=True)
def _fits(away_m, lasted_us, speed_kn_max, jump_m) -> bool:
    return away_m < jump_m or away_m <= speed_kn_max * M_S_PER_KN * lasted_us / 1e6


@njit(cache=True)
def _stand(m, now, observation_id, track_id, lat, lon) -> None:
    m.time_us, m.here_id, m.here_track = now, observation_id, track_id
    m.lat_deg, m.lon_deg = lat, lon
    m.n_here += 1


@njit(cache=True)
def _leave(m, now, observation_id, lat, lon) -> None:
    """The first position away: remember where the way was left."""
    m.n_turns = m.n_turns + 1 if now - m.turn_us < _DAY_US else 1
    m.turn_us = now
    m.left_us, m.left_id, m.left_track = m.time_us, m.here_id, m.here_track
    m.left_lat_deg, m.left_lon_deg = m.lat_deg, m.lon_deg
    m.first_us, m.first_id, m.first_lat_deg, m.first_lon_deg = now, observation_id, lat, lon


@njit(cache=True)
def _returned(m, row, now, observation_id, found, n) -> int:
    if m.opened:
        n = _write(found, n, row, 1, now, observation_id, m)
    m.n_away, m.opened = 0, 0
    return n


@njit(cache=True)
def _write(found, n, row, ended, back_us, back_id, m) -> int:
    if n < len(found):
        f = found[n]
        f.row, f.ended, f.back_us, f.back_id = row, ended, back_us, back_id
        found[n].jump = m
    return n + 1
