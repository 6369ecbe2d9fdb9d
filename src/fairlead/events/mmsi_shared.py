"""Two ships that send under one MMSI at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_place, said_time
from fairlead.events.memory import keys_and_bounds, recalled, record_type, remembered, walked
from fairlead.geo.sphere import M_PER_NM, distance_m, implied_speed_kn
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, TRACK_POINTS

_I64, _F64 = pa.int64(), pa.float64()

MEMORY = Table(
    name="mmsi_shared_memory",
    doc="Per identity: the last point of each of two hulls, and how often they took turns.",
    columns=pa.schema(
        [
            column("mmsi", pa.int64(), "the identity", required=True),
            column("time_us", _I64, "last point of all", required=True),
            column("last_id", _I64, "its observation", required=True),
            column("last_track", _I64, "its hull", required=True),
            column("lat_deg", _F64, "its place", required=True),
            column("lon_deg", _F64, "its place", required=True),
            column("n_points", _I64, "points seen", required=True),
            column("n_turns", _I64, "impossible changes of hull in a row", required=True),
            column("first_us", _I64, "first of them", required=True),
            column("first_id", _I64, "observation there", required=True),
            column("from_id", _I64, "observation before it, of the other hull", required=True),
            column("first_track", _I64, "hull before it", required=True),
            column("other_track", _I64, "hull after it", required=True),
            column("n_first", _I64, "points of the hull before it since then", required=True),
            column("n_other", _I64, "points of the hull after it since then", required=True),
            column("turn_us", _I64, "last of them", required=True),
            column("turn_id", _I64, "observation there", required=True),
            column(
                "away_m", _F64, "greatest distance between the hulls at a change", required=True
            ),
            column("first_lat_deg", _F64, "place of the first", required=True),
            column("first_lon_deg", _F64, "place of the first", required=True),
            column("opened", _I64, "1 once it was written", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("mmsi",),
)
_RECORD = record_type(MEMORY)
_FOUND = np.dtype([("row", "i8"), ("ended", "i8"), ("shared", _RECORD)])


@dataclass(frozen=True, slots=True)
class MmsiShared:
    """Two hulls send under one MMSI by turns, too far apart to be one ship.

    Opens at the `turns_min`-th change of hull that would take more than `speed_kn_max` over
    `apart_m` or more, when each of the two hulls has sent `points_min` positions since the first: a
    few old positions that come again late (satellites' do, in bursts) are no second ship. Ends when
    no such change came for `quiet_s`.
    """

    turns_min: int = 4
    points_min: int = 5
    speed_kn_max: float = 70.0
    apart_m: float = 2000.0
    quiet_s: int = 24 * 3600

    kind: ClassVar[str] = "mmsi_shared"
    version: ClassVar[int] = 2
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        points = batch[TRACK_POINTS]
        keys, bounds = keys_and_bounds(points["mmsi"].to_numpy(), carried["mmsi"].to_numpy())
        inputs = (
            bounds,
            points["time_us"].to_numpy(),
            points["observation_id"].to_numpy(),
            points["track_id"].to_numpy(),
            points["lat_deg"].to_numpy(),
            points["lon_deg"].to_numpy(),
            (self.turns_min, self.points_min),
            self.speed_kn_max,
            self.apart_m,
            self.quiet_s * 1_000_000,
        )
        records, found = walked(_walk, inputs, recalled(MEMORY, carried, keys), _FOUND)
        return remembered(MEMORY, records), Batch({EVENTS: self._events(points, found)})

    def _events(self, points: pa.Table, found: np.ndarray) -> pa.Table:
        if not len(found):
            return EVENTS.empty()
        shared, ended = found["shared"], found["ended"]
        away_nm = shared["away_m"] / M_PER_NM
        return events_in_order(
            event_rows(
                self,
                time_us=points["time_us"].to_numpy()[found["row"]],
                start_us=shared["first_us"],
                end_us=[
                    int(s["turn_us"]) if e else None for s, e in zip(shared, ended, strict=True)
                ],
                lat_deg=shared["first_lat_deg"],
                lon_deg=shared["first_lon_deg"],
                mmsi=shared["mmsi"],
                other_track_id=shared["other_track"],
                start_observation_id=shared["first_id"],
                confidence=np.minimum(0.99, 0.7 + 0.04 * shared["n_turns"]),
                detail=[
                    f"Two ships up to {nm:.1f} nm apart send as MMSI {s['mmsi']} by turns since "
                    f"{said_time(s['first_us'])}, one of them near "
                    f"{said_place(s['first_lat_deg'], s['first_lon_deg'])}: {s['n_turns']} changes"
                    + (f", the last at {said_time(s['turn_us'])}." if e else ".")
                    for s, nm, e in zip(shared, away_nm, ended, strict=True)
                ],
                measures=[
                    {
                        "apart_nm": nm,
                        "changes": int(s["n_turns"]),
                        "positions": [int(s["n_first"]), int(s["n_other"])],
                    }
                    for s, nm in zip(shared, away_nm, strict=True)
                ],
                evidence=[[s["from_id"], s["first_id"], s["turn_id"]] for s in shared],
            )
        )


@njit(cache=True, nogil=True)
def _walk(
    bounds,
    time_us,
    observation_id,
    track_id,
    lat_deg,
    lon_deg,
    least,
    speed_kn_max,
    apart_m,
    quiet_us,
    records,
    found,
) -> int:
    (turns_min, points_min), n = least, 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            now = time_us[i]
            if m.n_turns > 0 and now - m.turn_us > quiet_us:
                if m.opened:
                    n = _write(found, n, i, 1, m)
                m.n_turns, m.opened = 0, 0
            if m.n_points > 0 and track_id[i] != m.last_track:
                away_m = distance_m(m.lat_deg, m.lon_deg, lat_deg[i], lon_deg[i])
                kn = implied_speed_kn(m.lat_deg, m.lon_deg, m.time_us, lat_deg[i], lon_deg[i], now)
                if away_m >= apart_m and kn > speed_kn_max:
                    if m.n_turns == 0:
                        m.first_us, m.first_id, m.from_id = now, observation_id[i], m.last_id
                        m.first_track, m.other_track = m.last_track, track_id[i]
                        m.first_lat_deg, m.first_lon_deg = lat_deg[i], lon_deg[i]
                        m.away_m, m.n_first, m.n_other = 0.0, 1, 0
                    m.n_turns += 1
                    m.away_m = max(m.away_m, away_m)
                    m.turn_us, m.turn_id = now, observation_id[i]
            if m.n_turns > 0:
                m.n_first += track_id[i] == m.first_track
                m.n_other += track_id[i] == m.other_track
                if not m.opened and m.n_turns >= turns_min and m.n_first >= points_min <= m.n_other:
                    m.opened = 1
                    n = _write(found, n, i, 0, m)
            m.time_us, m.last_id, m.last_track = now, observation_id[i], track_id[i]
            m.lat_deg, m.lon_deg = lat_deg[i], lon_deg[i]
            m.n_points += 1
    return n


@njit(cache=True, nogil=True)
def _write(found, n, row, ended, m) -> int:
    if n < len(found):
        found[n].row, found[n].ended = row, ended
        found[n].shared = m
    return n + 1
