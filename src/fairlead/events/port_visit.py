"""Visits to ports and anchorages, after the definition of Global Fishing Watch.

A visit begins within 3 km of an anchorage and ends beyond 4 km of every one. In between the
vessel stops (0.2 kn, until 0.5 kn) or falls silent for 4 hours; without either it passed by, and
that is no event. Confidence goes by which of entry, stop, silence and exit were seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_duration, said_place, said_time
from fairlead.events.memory import keys_and_bounds, recalled, record_type, remembered, walked
from fairlead.geo.places import Places, nearest_place
from fairlead.geo.sphere import distance_m, implied_speed_kn
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, code, column
from fairlead.schema.tables import EVENTS, STATION_CLASSES, TRACK_POINTS

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "port_visit": {
        "gfw": {
            "entry_m": 3000.0,
            "exit_m": 4000.0,
            "stop_kn": 0.2,
            "restart_kn": 0.5,
            "silence_s": 4 * 3600,
        }
    }
}

_I64, _F64 = pa.int64(), pa.float64()

MEMORY = Table(
    name="port_visit_memory",
    doc="Per hull: its last point and the visit that it is on.",
    columns=pa.schema(
        [
            column("track_id", _I64, "the hull", required=True),
            column("time_us", _I64, "last point", required=True),
            column("last_id", _I64, "its observation", required=True),
            column("lat_deg", _F64, "its place", required=True),
            column("lon_deg", _F64, "its place", required=True),
            column("n_points", _I64, "points seen", required=True),
            column("in_port", _I64, "1 while in port", required=True),
            column("stopped", _I64, "1 while stopped", required=True),
            column("opened", _I64, "1 once the visit was written", required=True),
            column("entry_us", _I64, "first point in port", required=True),
            column("entry_id", _I64, "its observation", required=True),
            column(
                "before_id", _I64, "last observation at sea; 0 if never seen there", required=True
            ),
            column("stop_us", _I64, "first stop; 0 for none", required=True),
            column("stop_id", _I64, "its observation", required=True),
            column("silence_us", _I64, "longest silence in port", required=True),
            column("place", _I64, "number of the place; -1 before a stop", required=True),
            column("place_m", _F64, "distance to it", required=True),
            column("at_lat_deg", _F64, "where it stopped or fell silent", required=True),
            column("at_lon_deg", _F64, "where it stopped or fell silent", required=True),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("track_id",),
)
_RECORD = record_type(MEMORY)
_FOUND = np.dtype([("row", "i8"), ("ended", "i8"), ("visit", _RECORD)])

LEVELS = (0.0, 0.2, 0.5, 0.85, 0.97)
"""Probability by level of confidence: 2 a stop or silence only, 3 with entry or exit, 4 both."""


@dataclass(frozen=True, slots=True)
class PortVisit:
    """A vessel enters a port or anchorage, stops or falls silent there, and leaves."""

    places: Places | None = None
    entry_m: float = 3000.0
    exit_m: float = 4000.0
    stop_kn: float = 0.2
    restart_kn: float = 0.5
    silence_s: int = 4 * 3600

    kind: ClassVar[str] = "port_visit"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "track_id"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        points = _hulls(batch[TRACK_POINTS])
        if self.places is None or not len(self.places):
            return MEMORY.empty(), Batch({EVENTS: EVENTS.empty()})
        tracks = points["track_id"].to_numpy()
        keys, bounds = keys_and_bounds(tracks, carried["track_id"].to_numpy())
        inputs = (
            self.places.index,
            bounds,
            points["time_us"].to_numpy(),
            points["observation_id"].to_numpy(),
            points["lat_deg"].to_numpy(),
            points["lon_deg"].to_numpy(),
            to_numpy(points, "speed_kn"),
            self.entry_m,
            self.exit_m,
            self.stop_kn,
            self.restart_kn,
            self.silence_s * 1_000_000,
        )
        records, found = walked(_walk, inputs, recalled(MEMORY, carried, keys), _FOUND)
        return remembered(MEMORY, records), Batch({EVENTS: self._events(points, found)})

    def _events(self, points: pa.Table, found: np.ndarray) -> pa.Table:
        if not len(found) or self.places is None:
            return EVENTS.empty()
        row, visit, ended = found["row"], found["visit"], found["ended"] == 1
        observed = points["observation_id"].to_numpy()[row]
        time_us = points["time_us"].to_numpy()[row]
        level = 2 + (visit["before_id"] != 0) + ended
        titles = [self.places.title(p) for p in visit["place"]]
        evidence = [
            [i for i in (v["before_id"], v["entry_id"], v["stop_id"], v["last_id"], o) if i]
            for v, o in zip(visit, observed, strict=True)
        ]
        return events_in_order(
            event_rows(
                self,
                time_us=time_us,
                start_us=visit["entry_us"],
                end_us=[
                    int(v["time_us"]) if e else None for v, e in zip(visit, ended, strict=True)
                ],
                lat_deg=visit["at_lat_deg"],
                lon_deg=visit["at_lon_deg"],
                track_id=points["track_id"].to_numpy()[row],
                mmsi=points["mmsi"].to_numpy()[row],
                start_observation_id=visit["entry_id"],
                confidence=[LEVELS[x] for x in level],
                detail=[_sentence(v, e, t) for v, e, t in zip(visit, ended, titles, strict=True)],
                measures=[
                    {
                        "place": title,
                        "place_m": v["place_m"],
                        "level": int(x),
                        "entry_seen": bool(v["before_id"]),
                        "stop_seen": bool(v["stop_us"]),
                        "silence_h": v["silence_us"] / 3.6e9,
                        "exit_seen": bool(e),
                    }
                    for v, e, x, title in zip(visit, ended, level, titles, strict=True)
                ],
                evidence=evidence,
            )
        )


_NO_HULLS = [
    code(STATION_CLASSES, c) for c in ("coast_station", "sar_aircraft", "aid_to_navigation")
]


def _hulls(points: pa.Table) -> pa.Table:
    """Without base stations, marks and aircraft: they lie in port without calling there."""
    fixed = np.isin(points["station_class"].to_numpy(), _NO_HULLS)
    return points.filter(pa.array(~fixed)) if fixed.any() else points


def _sentence(visit: np.void, ended: bool, title: str) -> str:
    since = said_time(visit["entry_us"])
    entry = f"In port at {title} since {since}"
    if visit["before_id"]:
        entry = f"Entered the port of {title} at {since}"
    did = (
        f"stopped at {said_time(visit['stop_us'])}"
        if visit["stop_us"]
        else (f"silent for {said_duration(visit['silence_us'])}")
    )
    place = said_place(visit["at_lat_deg"], visit["at_lon_deg"])
    said = f"{entry}, {did} at {place}"
    if not ended:
        return said + "."
    stayed = said_duration(visit["time_us"] - visit["entry_us"])
    return f"{said}, last seen there at {said_time(visit['time_us'])} after {stayed}, then left."


@njit(cache=True, nogil=True)
def _walk(
    index,
    bounds,
    time_us,
    observation_id,
    lat_deg,
    lon_deg,
    speed_kn,
    entry_m,
    exit_m,
    stop_kn,
    restart_kn,
    silence_us,
    records,
    found,
) -> int:
    n = 0
    reach_m = exit_m + 6000.0
    for k in range(len(records)):
        m = records[k]
        asked_lat, asked_lon, asked_m = 0.0, 0.0, -1.0
        for i in range(bounds[k], bounds[k + 1]):
            lat, lon = lat_deg[i], lon_deg[i]
            limit_m = exit_m if m.in_port else entry_m
            # The nearest place is asked for only when the ship may have crossed the limit since.
            moved_m = distance_m(asked_lat, asked_lon, lat, lon) + 1.0
            if asked_m < 0.0 or abs(asked_m - limit_m) <= moved_m:
                _, asked_m = nearest_place(index, lat, lon, reach_m)
                asked_m = min(asked_m, reach_m)
                asked_lat, asked_lon, moved_m = lat, lon, 0.0
            near = asked_m <= limit_m
            lasted_us = time_us[i] - m.time_us if m.n_points else 0
            if m.in_port and lasted_us >= silence_us:
                m.silence_us = max(m.silence_us, lasted_us)
                _name(index, m, m.lat_deg, m.lon_deg, exit_m)
                n = _opened(m, i, found, n)
            if near and not m.in_port:
                m.in_port, m.stopped, m.opened, m.place = 1, 0, 0, -1
                m.entry_us, m.entry_id = time_us[i], observation_id[i]
                m.before_id = m.last_id if m.n_points else 0
                m.stop_us, m.stop_id, m.silence_us = 0, 0, 0
            elif m.in_port and not near:
                if m.opened:
                    n = _write(found, n, i, 1, m)
                m.in_port = 0
            speed = np.float64(speed_kn[i])
            if np.isnan(speed) and m.n_points and lasted_us >= 20_000_000:
                speed = implied_speed_kn(m.lat_deg, m.lon_deg, m.time_us, lat, lon, time_us[i])
            m.time_us, m.last_id, m.lat_deg, m.lon_deg = time_us[i], observation_id[i], lat, lon
            m.n_points += 1
            if not m.in_port or np.isnan(speed):
                continue
            if m.stopped and speed > restart_kn:
                m.stopped = 0
            elif not m.stopped and speed < stop_kn:
                m.stopped = 1
                if m.stop_us == 0:
                    m.stop_us, m.stop_id = time_us[i], observation_id[i]
                    _name(index, m, lat, lon, exit_m)
                    n = _opened(m, i, found, n)
    return n


@njit(cache=True, nogil=True)
def _name(index, m, lat, lon, exit_m) -> None:
    """The place the visit is named after: the nearest where it first stops or falls silent."""
    if m.place < 0:
        m.place, m.place_m = nearest_place(index, lat, lon, exit_m)
        m.at_lat_deg, m.at_lon_deg = lat, lon


@njit(cache=True, nogil=True)
def _opened(m, row, found, n) -> int:
    if m.opened:
        return n
    m.opened = 1
    return _write(found, n, row, 0, m)


@njit(cache=True, nogil=True)
def _write(found, n, row, ended, m) -> int:
    if n < len(found):
        found[n].row, found[n].ended = row, ended
        found[n].visit = m
    return n + 1
