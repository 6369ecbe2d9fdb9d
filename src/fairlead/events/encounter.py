"""Finds two hulls that stay close to each other, slow, for long enough to hand something over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_duration, said_place, said_time
from fairlead.events.memory import keys_and_bounds, recalled, record_type, remembered, walked
from fairlead.geo.places import Places
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, column
from fairlead.schema.tables import CONTACTS, EVENTS, F64, I64

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "encounter": {
        "gfw": {
            "distance_m_max": 500.0,
            "lasting_s_min": 7200,
            "join_s": 4 * 3600,
            "slow_kn": 2.0,
            "anchorage_m_min": 10_000.0,
        },
        "skylight": {
            "distance_m_max": 250.0,
            "lasting_s_min": 1801,
            "join_s": 3600,
            "slow_kn": None,
            "anchorage_m_min": 0.0,
        },
    }
}

ENCOUNTER_MEMORY = Table(
    name="encounter_memory",
    doc="Per pair: the contacts since they met, joined over short partings.",
    columns=pa.schema(
        [
            column("pair_id", I64, "the two hulls", required=True),
            column("time_us", I64, "last contact; 0 when they have not met", required=True),
            column("wake_us", I64, "when they have been apart too long", required=True),
            column("track_id", I64, "first hull", required=True),
            column("other_track_id", I64, "second hull", required=True),
            column("mmsi", I64, "identity of the first", required=True),
            column("other_mmsi", I64, "identity of the second", required=True),
            column("start_us", I64, "first contact", required=True),
            column("lat_deg", F64, "midway at the first contact", required=True),
            column("lon_deg", F64, "midway at the first contact", required=True),
            column("together_us", I64, "time in contact, partings left out", required=True),
            column("is_open", I64, "1 once the event has been written", required=True),
            column("n", I64, "contacts", required=True),
            column("n_speeds", I64, "speeds known, of both hulls", required=True),
            column("n_slow", I64, "of them slow", required=True),
            column("speed_kn", F64, "sum of the speeds known", required=True),
            column("distance_m", F64, "sum of the distances", required=True),
            column("nearest_m", F64, "smallest distance", required=True),
            column("n_near", I64, "sum of other hulls in the same fine cell", required=True),
            column("n_berthed", I64, "contacts where others have lain still", required=True),
            column("first_id", I64, "observation of the first hull at the start", required=True),
            column("other_first_id", I64, "of the second", required=True),
            column("nearest_us", I64, "instant of the smallest distance", required=True),
            column("nearest_id", I64, "observation of the first hull there", required=True),
            column("other_nearest_id", I64, "of the second", required=True),
            column("last_id", I64, "observation of the first hull at the last", required=True),
            column("other_last_id", I64, "of the second", required=True),
        ]
    ),
    key="pair_id",
    time="time_us",
    ids=("pair_id",),
)

_RECORD = record_type(ENCOUNTER_MEMORY)
_FOUND = np.dtype(
    [*((n, _RECORD[n]) for n in ENCOUNTER_MEMORY.columns.names)]
    + [("known_us", np.int64), ("ended", np.int64)]
)


@dataclass(frozen=True, slots=True)
class Encounter:
    """Two hulls within `distance_m_max` for `lasting_s_min`, slow for most of it.

    Meetings less than `join_s` apart are one; the time apart does not count towards the duration,
    but parting for `bridge_s` (one instant of the grid lost to a bad fix) does not interrupt it.
    `slow_kn` bounds the median of both hulls' displacement speeds; null leaves it out. Meetings
    nearer than `anchorage_m_min` to a place in `anchorages` are left out, where these are given;
    so are those that lie mostly (over `berthed_share_max` of the contacts) where other hulls have
    lain still before: boats side by side at their berths do not meet. The other defaults are Global
    Fishing Watch's definition (Miller and others 2018).
    """

    distance_m_max: float = 500.0
    lasting_s_min: int = 7200
    join_s: int = 4 * 3600
    bridge_s: int = 1200
    slow_kn: float | None = 2.0
    anchorage_m_min: float = 10_000.0
    anchorages: Places | None = None
    berthed_share_max: float | None = 0.3

    kind: ClassVar[str] = "encounter"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "pair_id"
    reads: ClassVar[tuple[Table, ...]] = (CONTACTS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = ENCOUNTER_MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        contacts = batch[CONTACTS]
        pairs = to_numpy(contacts, "pair_id")
        keys, bounds = keys_and_bounds(pairs, to_numpy(carried, "pair_id"))
        inputs = (
            bounds,
            tuple(to_numpy(contacts, c) for c in _WHOLE),
            tuple(to_numpy(contacts, c).astype(np.float64) for c in _REAL),
            (to_numpy(contacts, "n_near", 0), to_numpy(contacts, "n_rested", 0) > 0),
            self.distance_m_max,
            self.lasting_s_min * 1_000_000,
            self.join_s * 1_000_000,
            self.bridge_s * 1_000_000,
            np.inf if self.slow_kn is None else self.slow_kn,
            1.0 if self.berthed_share_max is None else self.berthed_share_max,
            span.until_us,
        )
        memory = recalled(ENCOUNTER_MEMORY, carried, keys)
        records, found = walked(_walk, inputs, memory, _FOUND)
        kept = remembered(ENCOUNTER_MEMORY, records[records["time_us"] != 0])
        return kept, Batch({EVENTS: self._events(found)})

    def _events(self, found: np.ndarray) -> pa.Table:
        if self.anchorages is not None and len(found):
            place, _ = self.anchorages.nearest(
                found["lat_deg"], found["lon_deg"], self.anchorage_m_min
            )
            found = found[place < 0]
        if not len(found):
            return EVENTS.empty()
        ended = found["ended"] == 1
        rows = event_rows(
            self,
            time_us=found["known_us"],
            start_us=found["start_us"],
            end_us=[int(f["time_us"]) if f["ended"] else None for f in found],
            mmsi=found["mmsi"],
            track_id=found["track_id"],
            other_mmsi=found["other_mmsi"],
            other_track_id=found["other_track_id"],
            lat_deg=found["lat_deg"],
            lon_deg=found["lon_deg"],
            start_observation_id=found["first_id"],
            confidence=[self._confidence(f) for f in found],
            detail=[self._sentence(f) for f in found],
            measures=[_measures(f) for f in found],
            evidence=[_evidence(f) for f in found],
        )
        return events_in_order(rows.filter(pa.array(~ended)), rows.filter(pa.array(ended)))

    def _confidence(self, f: np.void) -> float:
        """Falls with the number of other hulls about: a crowd at rest is a harbour.

        A meeting whose median speed rose over `slow_kn` after it was written, or that went on at a
        berth, keeps a tenth.
        """
        company = f["n_near"] / f["n"]
        fits = self.slow_kn is None or 2 * f["n_slow"] > f["n_speeds"]
        if self.berthed_share_max is not None:
            fits &= f["n_berthed"] <= self.berthed_share_max * f["n"]
        return 0.95 / (1.0 + (company / 3.0) ** 2) * (1.0 if fits else 0.1)

    def _sentence(self, f: np.void) -> str:
        lasted = said_duration(f["together_us"])
        company = f["n_near"] / f["n"]
        n_near = round(company)
        hulls = "1 other hull was" if n_near == 1 else f"{n_near} other hulls were"
        crowd = "" if n_near < 1 else f" About {hulls} close by."
        stands = "was" if f["ended"] else "has been"
        speed = f["speed_kn"] / max(1, f["n_speeds"])
        return (
            f"{f['mmsi']} {stands} within {self.distance_m_max:.0f} m of {f['other_mmsi']} for "
            f"{lasted} from {said_time(f['start_us'])} at "
            f"{said_place(f['lat_deg'], f['lon_deg'])}: {f['distance_m'] / f['n']:.0f} m apart "
            f"and at {speed:.1f} kn on average.{crowd}"
        )


_WHOLE = (
    "time_us",
    "track_id",
    "other_track_id",
    "mmsi",
    "other_mmsi",
    "observation_id",
    "other_observation_id",
)
_REAL = ("lat_deg", "lon_deg", "distance_m", "speed_kn", "other_speed_kn")


def _measures(f: np.void) -> dict[str, Any]:
    return {
        "together_s": f["together_us"] / 1e6,
        "distance_m": f["distance_m"] / f["n"],
        "nearest_m": f["nearest_m"],
        "speed_kn": f["speed_kn"] / max(1, f["n_speeds"]),
        "share_slow": f["n_slow"] / max(1, f["n_speeds"]),
        "n_contacts": f["n"],
        "n_others_close": f["n_near"] / f["n"],
        "share_at_berths": f["n_berthed"] / f["n"],
    }


def _evidence(f: np.void) -> list[int]:
    ids = [f["first_id"], f["other_first_id"], f["nearest_id"], f["other_nearest_id"]]
    return [*ids, f["last_id"], f["other_last_id"]]


@njit(cache=True, nogil=True)
def _walk(
    bounds,
    whole,
    real,
    company,
    distance_m_max,
    lasting_us,
    join_us,
    bridge_us,
    slow_kn,
    berthed_max,
    until_us,
    records,
    found,
):
    """Each pair's contacts in order of time. Returns how many rows of events there are."""
    time_us, distance_m, n = whole[0], real[2], 0
    for k in range(len(records)):
        record = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            if distance_m[i] > distance_m_max:
                continue
            now = time_us[i]
            if record.time_us != 0 and now - record.time_us >= join_us:
                n = _parted(record, record.time_us + join_us, found, n)
            if record.time_us == 0:
                _meet(record, i, whole, real)
            elif now - record.time_us <= bridge_us:
                record.together_us += now - record.time_us
            _add(record, i, whole, real, company, slow_kn)
            if (
                record.is_open == 0
                and record.together_us >= lasting_us
                and (2 * record.n_slow > record.n_speeds or slow_kn == np.inf)
                and record.n_berthed <= berthed_max * record.n
            ):
                record.is_open = 1
                n = _write(record, now, 0, found, n)
        if record.time_us != 0:
            record.wake_us = record.time_us + join_us
            if record.wake_us < until_us:
                n = _parted(record, record.wake_us, found, n)
    return n


@njit(cache=True, nogil=True)
def _meet(record, i, whole, real):
    record.track_id, record.other_track_id = whole[1][i], whole[2][i]
    record.mmsi, record.other_mmsi = whole[3][i], whole[4][i]
    record.first_id, record.other_first_id = whole[5][i], whole[6][i]
    record.start_us, record.lat_deg, record.lon_deg = whole[0][i], real[0][i], real[1][i]
    record.together_us, record.is_open, record.n, record.n_near = 0, 0, 0, 0
    record.n_berthed = 0
    record.n_speeds, record.n_slow, record.speed_kn, record.distance_m = 0, 0, 0.0, 0.0
    record.nearest_m = np.inf


@njit(cache=True, nogil=True)
def _add(record, i, whole, real, company, slow_kn):
    record.time_us, record.last_id, record.other_last_id = whole[0][i], whole[5][i], whole[6][i]
    record.n += 1
    record.n_near += company[0][i]
    record.n_berthed += company[1][i]
    record.distance_m += real[2][i]
    for speed_kn in (real[3][i], real[4][i]):
        if not np.isnan(speed_kn):
            record.n_speeds += 1
            record.speed_kn += speed_kn
            record.n_slow += speed_kn < slow_kn
    if real[2][i] < record.nearest_m:
        record.nearest_m, record.nearest_us = real[2][i], whole[0][i]
        record.nearest_id, record.other_nearest_id = whole[5][i], whole[6][i]


@njit(cache=True, nogil=True)
def _parted(record, known_us, found, n):
    if record.is_open == 1:
        n = _write(record, known_us, 1, found, n)
    record.time_us, record.is_open = 0, 0
    return n


@njit(cache=True, nogil=True)
def _write(record, known_us, ended, found, n):
    """Copy the record out; counted even where there is no room left."""
    if n < len(found):
        out = found[n]
        out.pair_id, out.time_us, out.wake_us = record.pair_id, record.time_us, record.wake_us
        out.track_id, out.other_track_id = record.track_id, record.other_track_id
        out.mmsi, out.other_mmsi = record.mmsi, record.other_mmsi
        out.start_us, out.lat_deg, out.lon_deg = record.start_us, record.lat_deg, record.lon_deg
        out.together_us, out.is_open, out.n = record.together_us, record.is_open, record.n
        out.n_speeds, out.n_slow = record.n_speeds, record.n_slow
        out.speed_kn, out.distance_m = record.speed_kn, record.distance_m
        out.nearest_m, out.n_near = record.nearest_m, record.n_near
        out.n_berthed = record.n_berthed
        out.first_id, out.other_first_id = record.first_id, record.other_first_id
        out.nearest_us, out.nearest_id = record.nearest_us, record.nearest_id
        out.other_nearest_id = record.other_nearest_id
        out.last_id, out.other_last_id = record.last_id, record.other_last_id
        out.known_us, out.ended = known_us, ended
    return n + 1
