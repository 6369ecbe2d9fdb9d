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
    record_type,
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
            column(
                "n_told", _I64, "positions away of the last jump that was written", required=True
            ),
            column("other_track", _I64, "another hull of this identity; 0 for none", required=True),
            column("other_us", _I64, "first position of it", required=True),
            column("other_lat_deg", _F64, "its place", required=True),
            column("other_lon_deg", _F64, "its place", required=True),
            column("shared_us", _I64, "when that hull last showed that it is one", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("mmsi",),
)
_RECORD = record_type(MEMORY)
_FOUND = np.dtype(
    [("row", "i8"), ("ended", "i8"), ("back_us", "i8"), ("back_id", "i8"), ("jump", _RECORD)]
)
_OPENED, _RETURNED, _SETTLED, _SHARED = range(4)
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class PositionJump:
    """An identity's positions leap farther than a ship can sail, and stay or come back.

    At least `points_min` positions that fit each other (by `speed_kn_max`, or within `scatter_m`)
    lie `jump_m` or more from its way, at an implied speed over `speed_kn_max`. It ends when
    positions fit the old way again, or when the new one has lasted for `settle_s`. Two ships on one
    identity are no jump (see `mmsi_shared`): identities that go to and fro more than `turns_max`
    times a day, and those where both hulls go on, which shows when positions are at the other hull
    again and it has sailed `sailed_m` meanwhile. A jump written before that showed is taken back to
    a confidence of a tenth. What tracks set aside as outliers is never taken for the way.
    """

    speed_kn_max: float = 70.0
    jump_m: float = 8000.0
    scatter_m: float = 2000.0
    sailed_m: float = 500.0
    points_min: int = 3
    settle_s: int = 6 * 3600
    turns_max: int = 6

    kind: ClassVar[str] = "position_jump"
    version: ClassVar[int] = 2
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS, SET_ASIDE)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        rows = _positions(batch)
        keys, bounds = keys_and_bounds(rows["mmsi"], carried["mmsi"].to_numpy())
        limits = (
            self.speed_kn_max,
            self.jump_m,
            self.scatter_m,
            self.sailed_m,
            self.points_min,
            self.settle_s * 1_000_000,
            self.turns_max,
        )
        inputs = (
            bounds,
            rows["time_us"],
            rows["observation_id"],
            rows["track_id"],
            rows["lat_deg"],
            rows["lon_deg"],
            limits,
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
        n_away = np.where(ended == _SHARED, jump["n_told"], jump["n_away"])
        # once away and back is a jump; the more often, the likelier two ships take turns
        sure = np.clip(0.75 + 0.03 * n_away - 0.15 * jump["n_turns"], 0.1, 0.97)
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
                confidence=np.where(ended == _SHARED, 0.1, sure),
                detail=[_sentence(f, nm) for f, nm in zip(found, away_nm, strict=True)],
                measures=[
                    {
                        "away_nm": nm,
                        "implied_speed_kn": kn,
                        "positions_away": int(n),
                        "returned": bool(e in (_RETURNED, _SHARED)),
                        "two_hulls": bool(e == _SHARED),
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
    if f["ended"] == _RETURNED:
        return f"{said}, and was back on its way at {said_time(f['back_us'])}."
    if f["ended"] == _SETTLED:
        return f"{said}, and did not come back."
    if f["ended"] == _SHARED:
        return (
            f"{said}; but at {said_time(f['back_us'])} the hull there had sailed on by itself: "
            "two ships send under this MMSI."
        )
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


@njit(cache=True, nogil=True)
def _walk(bounds, time_us, observation_id, track_id, lat_deg, lon_deg, limits, records, found):
    speed_kn_max, jump_m, scatter_m, sailed_m, points_min, settle_us, turns_max = limits
    n = 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            now, lat, lon, track = time_us[i], lat_deg[i], lon_deg[i], track_id[i]
            away_m = distance_m(m.lat_deg, m.lon_deg, lat, lon)
            fits = m.n_here == 0 or _fits(away_m, now - m.time_us, speed_kn_max, jump_m)
            leapt_m = 0.0
            if m.n_away > 0:
                # Given time, a ship could sail to where its positions leapt; nearness decides.
                leapt_m = distance_m(m.away_lat_deg, m.away_lon_deg, lat, lon)
                fits = fits and away_m <= leapt_m
            if fits:
                if track != 0:
                    if m.n_away > 0:
                        n = _returned(m, i, now, observation_id[i], found, n)
                    _stand(m, now, observation_id[i], track, lat, lon)
                continue
            if m.n_away > 0 and not _fits(leapt_m, now - m.away_us, speed_kn_max, scatter_m):
                if m.opened:
                    continue
                m.n_away = 0
            if track != 0 and _sailed_on(m, now, track, lat, lon, sailed_m, speed_kn_max):
                if m.n_away == 0 and m.n_told > 0:
                    n = _write(found, n, i, _SHARED, now, observation_id[i], m)
                m.n_told = 0
            if m.n_away == 0:
                _leave(m, now, observation_id[i], lat, lon)
            m.n_away += 1
            m.away_us, m.away_id, m.away_lat_deg, m.away_lon_deg = now, observation_id[i], lat, lon
            shared = m.n_turns > turns_max or (m.shared_us > 0 and now - m.shared_us < _DAY_US)
            if m.n_away == points_min and m.n_here >= points_min and not shared:
                m.opened = 1
                n = _write(found, n, i, _OPENED, 0, 0, m)
            if now - m.first_us >= settle_us and m.n_away >= points_min and away_m >= jump_m:
                if m.opened:
                    n = _write(found, n, i, _SETTLED, now, observation_id[i], m)
                m.n_away, m.opened, m.n_told = 0, 0, 0
                _stand(m, now, observation_id[i], track, lat, lon)
    return n


@njit(cache=True, nogil=True)
def _sailed_on(m, now, track, lat, lon, sailed_m, speed_kn_max) -> bool:
    """Whether this position, off the way, is of a hull seen there before a return, that sailed on.

    Only at the first position away: what it does in one stay there, a forger can do too.
    """
    if track != m.other_track:
        m.other_track, m.other_us, m.other_lat_deg, m.other_lon_deg = track, now, lat, lon
        return False
    if m.n_away > 0:
        return False
    moved_m = distance_m(m.other_lat_deg, m.other_lon_deg, lat, lon)
    if moved_m < sailed_m or not _fits(moved_m, now - m.other_us, speed_kn_max, 0.0):
        return False
    m.shared_us = now
    return True


@njit(cache=True, nogil=True)
def _fits(away_m, lasted_us, speed_kn_max, jump_m) -> bool:
    return away_m < jump_m or away_m <= speed_kn_max * M_S_PER_KN * lasted_us / 1e6


@njit(cache=True, nogil=True)
def _stand(m, now, observation_id, track_id, lat, lon) -> None:
    m.time_us, m.here_id, m.here_track = now, observation_id, track_id
    m.lat_deg, m.lon_deg = lat, lon
    m.n_here += 1


@njit(cache=True, nogil=True)
def _leave(m, now, observation_id, lat, lon) -> None:
    """The first position away: remember where the way was left."""
    m.n_turns = m.n_turns + 1 if now - m.turn_us < _DAY_US else 1
    m.turn_us = now
    m.left_us, m.left_id, m.left_track = m.time_us, m.here_id, m.here_track
    m.left_lat_deg, m.left_lon_deg = m.lat_deg, m.lon_deg
    m.first_us, m.first_id, m.first_lat_deg, m.first_lon_deg = now, observation_id, lat, lon


@njit(cache=True, nogil=True)
def _returned(m, row, now, observation_id, found, n) -> int:
    m.n_told = m.n_away if m.opened else 0
    if m.opened:
        n = _write(found, n, row, _RETURNED, now, observation_id, m)
    m.n_away, m.opened = 0, 0
    return n


@njit(cache=True, nogil=True)
def _write(found, n, row, ended, back_us, back_id, m) -> int:
    if n < len(found):
        f = found[n]
        f.row, f.ended, f.back_us, f.back_id = row, ended, back_us, back_id
        found[n].jump = m
    return n + 1
