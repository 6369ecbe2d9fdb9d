"""A vessel that for hours leads away from the destination it declares."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_duration, said_place, said_time
from fairlead.events.identity_change import quoted
from fairlead.events.memory import (
    insertion_points,
    keys_and_bounds,
    recalled,
    record_type,
    remembered,
    walked,
)
from fairlead.geo.major_ports import major_ports
from fairlead.geo.places import Places, bare_name, places_from
from fairlead.geo.sphere import M_PER_NM, distance_m
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, STATICS, TRACK_POINTS

_I64, _F64 = pa.int64(), pa.float64()

MEMORY = Table(
    name="destination_mismatch_memory",
    doc="Per identity: the place it says it is bound for, and how it has moved from it.",
    columns=pa.schema(
        [
            column("mmsi", _I64, "the identity", required=True),
            column("time_us", _I64, "last position", required=True),
            column("lat_deg", _F64, "its place", required=True),
            column("lon_deg", _F64, "its place", required=True),
            column("last_id", _I64, "its observation; 0 before any", required=True),
            column("place", _I64, "number of the place plus one; 0 for none", required=True),
            column("new_place", _I64, "another place said since", required=True),
            column("n_new", _I64, "how often in a row", required=True),
            column("said_id", _I64, "static observation that says so", required=True),
            column("start_us", _I64, "when it was nearest to the place", required=True),
            column("start_id", _I64, "observation then", required=True),
            column("start_m", _F64, "its distance then", required=True),
            column("start_lat_deg", _F64, "its place then", required=True),
            column("start_lon_deg", _F64, "its place then", required=True),
            column("sailed_m", _F64, "metres sailed since", required=True),
            column("n_points", _I64, "points since", required=True),
            column("now_m", _F64, "distance now", required=True),
            column("opened", _I64, "1 once it was written", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("mmsi",),
)
_RECORD = record_type(MEMORY)
_FOUND = np.dtype([("row", "i8"), ("ended", "i8"), ("trip", _RECORD)])
_SHARED = ("mmsi", "time_us", "observation_id")
_LOCODE = re.compile(r"^([A-Z]{2})[ ]?([A-Z2-9]{3})$")


@dataclass(frozen=True, slots=True)
class DestinationMismatch:
    """A vessel's distance to the destination it declares has grown steadily for hours.

    It has come `away_nm_min` farther from the place than it was at the nearest since it declared
    it, over `lasting_s` or more, and at least `steady_share_min` of the way it sailed led away.
    Places are the large ports of the world where none are given; a destination that names none of
    them is no event. Ends with another destination, or when
    it has come back by half. Capes and straits make ships sail away for hours: the confidence is
    low, and grows with the distance.
    """

    places: Places = field(default_factory=major_ports)
    away_nm_min: float = 120.0
    lasting_s: int = 8 * 3600
    steady_share_min: float = 0.8
    points_min: int = 8
    silence_s_max: int = 12 * 3600

    kind: ClassVar[str] = "destination_mismatch"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (STATICS, TRACK_POINTS)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        rows, known = self._rows(batch), _with_major_ports(self.places)
        keys, bounds = keys_and_bounds(rows["mmsi"], carried["mmsi"].to_numpy())
        inputs = (
            bounds,
            rows["time_us"],
            rows["observation_id"],
            rows["place"],
            rows["lat_deg"],
            rows["lon_deg"],
            known.lat_deg,
            known.lon_deg,
            self.away_nm_min * M_PER_NM,
            self.lasting_s * 1_000_000,
            self.steady_share_min,
            self.points_min,
            self.silence_s_max * 1_000_000,
        )
        records, found = walked(_walk, inputs, recalled(MEMORY, carried, keys), _FOUND)
        return remembered(MEMORY, records), Batch({EVENTS: self._events(rows, found)})

    def _rows(self, batch: Batch) -> dict[str, np.ndarray]:
        """Destinations said (place 0 where it is nowhere known, -1 on positions) and positions."""
        statics, points = batch[STATICS], batch[TRACK_POINTS]
        statics = statics.filter(statics["destination"].is_valid())
        said = statics["destination"].combine_chunks().dictionary_encode()
        places = [
            place_of(_with_major_ports(self.places), text) + 1
            for text in said.dictionary.to_pylist()
        ]
        place = np.array([*places, 0], np.int64)[said.indices.to_numpy(zero_copy_only=False)]
        rows = {n: points[n].to_numpy() for n in (*_SHARED, "lat_deg", "lon_deg")}
        rows["place"] = np.full(points.num_rows, -1, np.int64)
        if not statics.num_rows:
            return rows
        declared = {n: statics[n].to_numpy() for n in _SHARED} | {"place": place}
        at = insertion_points(rows["mmsi"], rows["time_us"], declared["mmsi"], declared["time_us"])
        return {n: np.insert(v, at, declared.get(n, 0)) for n, v in rows.items()}

    def _events(self, rows: dict[str, np.ndarray], found: np.ndarray) -> pa.Table:
        if not len(found):
            return EVENTS.empty()
        trip, ended = found["trip"], found["ended"]
        away_nm = (trip["now_m"] - trip["start_m"]) / M_PER_NM
        known = _with_major_ports(self.places)
        titles = [known.title(p - 1) for p in trip["place"]]
        return events_in_order(
            event_rows(
                self,
                time_us=rows["time_us"][found["row"]],
                start_us=trip["start_us"],
                end_us=[int(t["time_us"]) if e else None for t, e in zip(trip, ended, strict=True)],
                lat_deg=trip["start_lat_deg"],
                lon_deg=trip["start_lon_deg"],
                mmsi=trip["mmsi"],
                start_observation_id=trip["start_id"],
                confidence=np.minimum(0.8, 0.4 + away_nm / 1000.0),
                detail=[
                    _sentence(t, nm, title)
                    for t, nm, title in zip(trip, away_nm, titles, strict=True)
                ],
                measures=[
                    {
                        "destination": title,
                        "away_nm": nm,
                        "sailed_nm": t["sailed_m"] / M_PER_NM,
                        "distance_nm": t["now_m"] / M_PER_NM,
                    }
                    for t, nm, title in zip(trip, away_nm, titles, strict=True)
                ],
                evidence=[[t["said_id"], t["start_id"], t["last_id"]] for t in trip],
            )
        )


def _sentence(trip: np.void, away_nm: float, title: str) -> str:
    return (
        f"Declares {quoted(title)} but in {said_duration(trip['time_us'] - trip['start_us'])} from "
        f"{said_time(trip['start_us'])}, "
        f"{said_place(trip['start_lat_deg'], trip['start_lon_deg'])}, came {away_nm:.0f} nm "
        f"farther from it, sailing {trip['sailed_m'] / M_PER_NM:.0f} nm."
    )


def place_of(places: Places, text: str) -> int:
    """Number of the place a declared destination names, -1 for none or several.

    Understood: UN/LOCODE with or without a space, `A>B` and `A TO B` (the last is meant), a name
    alone or before a comma. A name that places of different regions share is not resolved.
    """
    codes, names = _words(places)
    last = re.split(r">|=>|->|\bTO\b", text.upper())[-1].strip(" .@")
    code = _LOCODE.match(last)
    if code and code[1] + code[2] in codes:
        return codes[code[1] + code[2]]
    for said in (last, last.split(",", maxsplit=1)[0], last.split("/", maxsplit=1)[0]):
        name = bare_name(said)
        if len(name) >= 4 and name in names:
            return names[name]
    return -1


@lru_cache(maxsize=4)
def _with_major_ports(places: Places) -> Places:
    """The places, and of the large ports of the world those that are not among them."""
    names, codes = {bare_name(n) for n in places.names}, set(places.codes)
    rows = []
    for part in (places, major_ports()):
        every = zip(
            part.names,
            part.lat_deg.tolist(),
            part.lon_deg.tolist(),
            part.countries,
            part.codes,
            strict=True,
        )
        rows += [
            row
            for row in every
            if part is places or not (bare_name(row[0]) in names or row[4] in codes)
        ]
    return places_from(rows, places.n_refused)


@lru_cache(maxsize=4)
def _words(places: Places) -> tuple[dict[str, int], dict[str, int]]:
    """Places by UN/LOCODE and by plain name; names of places far apart are left out."""
    codes: dict[str, int] = {}
    names: dict[str, int] = {}
    for number, (name, code) in enumerate(zip(places.names, places.codes, strict=True)):
        if code:
            codes.setdefault(code, number)
        plain = bare_name(name)
        if plain not in names:
            names[plain] = number
        elif names[plain] >= 0:
            first = names[plain]
            apart_m = distance_m(
                places.lat_deg[first],
                places.lon_deg[first],
                places.lat_deg[number],
                places.lon_deg[number],
            )
            names[plain] = first if apart_m < 100_000.0 else -1
    return codes, names


@njit(cache=True, nogil=True)
def _walk(
    bounds,
    time_us,
    observation_id,
    place,
    lat_deg,
    lon_deg,
    place_lat,
    place_lon,
    away_m_min,
    lasting_us,
    steady_share_min,
    points_min,
    silence_us,
    records,
    found,
) -> int:
    n = 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            if place[i] >= 0:
                n = _declare(m, i, place[i], observation_id[i], found, n)
                continue
            leg_m, lasted_us = 0.0, np.int64(0)
            if m.last_id != 0:
                leg_m = distance_m(m.lat_deg, m.lon_deg, lat_deg[i], lon_deg[i])
                lasted_us = time_us[i] - m.time_us
            m.lat_deg, m.lon_deg = lat_deg[i], lon_deg[i]
            before_us, m.time_us, m.last_id = m.time_us, time_us[i], observation_id[i]
            if m.place == 0:
                continue
            at = m.place - 1
            away_m = distance_m(lat_deg[i], lon_deg[i], place_lat[at], place_lon[at])
            returned = m.n_points > 0 and away_m - m.start_m < 0.5 * (m.now_m - m.start_m)
            if m.opened and (returned or lasted_us > silence_us):
                m.time_us = before_us
                n = _write(found, n, i, 1, m)
                m.time_us = time_us[i]
                m.n_points, m.opened = 0, 0
            if m.n_points == 0 or away_m <= m.start_m or lasted_us > silence_us:
                m.start_us, m.start_id, m.start_m = time_us[i], observation_id[i], away_m
                m.start_lat_deg, m.start_lon_deg = lat_deg[i], lon_deg[i]
                m.sailed_m, m.n_points, m.now_m = 0.0, 1, away_m
                continue
            m.sailed_m += leg_m
            m.n_points += 1
            m.now_m = max(m.now_m, away_m) if m.opened else away_m
            if (
                not m.opened
                and away_m - m.start_m >= away_m_min
                and time_us[i] - m.start_us >= lasting_us
                and m.n_points >= points_min
                and away_m - m.start_m >= steady_share_min * m.sailed_m
            ):
                m.opened = 1
                n = _write(found, n, i, 0, m)
    return n


@njit(cache=True, nogil=True)
def _declare(m, row, place, observation_id, found, n) -> int:
    """Another destination counts when it is said twice in a row: one may be garbled."""
    if place == m.place:
        m.said_id, m.n_new = observation_id, 0
        return n
    m.n_new = m.n_new + 1 if m.n_new > 0 and place == m.new_place else 1
    m.new_place = place
    if m.n_new < 2 and m.place != 0:
        return n
    if m.opened:
        n = _write(found, n, row, 1, m)
    m.place, m.n_points, m.opened, m.start_m = place, 0, 0, np.inf
    m.said_id, m.n_new = observation_id, 0
    return n


@njit(cache=True, nogil=True)
def _write(found, n, row, ended, m) -> int:
    if n < len(found):
        found[n].row, found[n].ended = row, ended
        found[n].trip = m
    return n + 1
