"""Entry to and exit from dated areas, with the border crossed at an interpolated time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_duration, said_place, said_time
from fairlead.events.memory import keys_and_bounds
from fairlead.geo.areas import (
    ALWAYS_UNTIL_US,
    Area,
    Areas,
    areas_at,
    cell_number,
    is_inside,
    is_near,
    most_in_cell,
)
from fairlead.geo.sphere import midway_deg
from fairlead.schema.ids import digest
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, TRACK_POINTS

_I64, _F64 = pa.int64(), pa.float64()

MEMORY = Table(
    name="zone_memory",
    doc="Per hull: its last point (area 0), and one row for each area that it is in.",
    columns=pa.schema(
        [
            column("track_id", _I64, "the hull", required=True),
            column(
                "area", _I64, "content-derived id of the area; 0 for the last point", required=True
            ),
            column("time_us", _I64, "last point; last point inside the area", required=True),
            column("observation_id", _I64, "the observation then", required=True),
            column("lat_deg", _F64, "place then", required=True),
            column("lon_deg", _F64, "place then", required=True),
            column("n_inside", _I64, "points inside", required=True),
            column("start_us", _I64, "when the border was crossed", required=True),
            column("start_lat_deg", _F64, "where it was crossed", required=True),
            column("start_lon_deg", _F64, "where it was crossed", required=True),
            column("start_id", _I64, "first observation inside", required=True),
            column(
                "before_id",
                _I64,
                "last observation before; 0 when first seen inside",
                required=True,
            ),
            column("before_us", _I64, "its time", required=True),
            column("out_us", _I64, "first point outside since; 0 while inside", required=True),
            column("out_id", _I64, "its observation", required=True),
            column("out_lat_deg", _F64, "its place", required=True),
            column("out_lon_deg", _F64, "its place", required=True),
        ]
    ),
    key="track_id",
    time="time_us",
    ids=("area",),
)

_STAY = np.dtype([(f.name, f.type.to_pandas_dtype()) for f in MEMORY.columns] + [("number", "i8")])
_FOUND = np.dtype([("row", "i8"), ("ended", "i8"), ("end_us", "i8"), ("stay", _STAY)])


@dataclass(frozen=True, slots=True)
class Zone:
    """A vessel enters an area while it is in force, and leaves it again.

    Opens with the `points_min`-th point inside. A vessel has left when it is outside by more than
    `border_m`, so that a ship moored on the border does not flicker. The crossing is the point of
    the great circle between the two positions around it.
    """

    areas: Areas | None = None
    points_min: int = 2
    border_m: float = 250.0

    kind: ClassVar[str] = "zone"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "track_id"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_POINTS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        points = batch[TRACK_POINTS]
        if self.areas is None or not len(self.areas):
            return MEMORY.empty(), Batch({EVENTS: EVENTS.empty()})
        tracks = points["track_id"].to_numpy()
        keys, bounds = keys_and_bounds(tracks, carried["track_id"].to_numpy())
        area_ids = area_ids_of(self.areas)
        last, stays, stay_bounds = _recalled(carried, keys, area_ids)
        room = max(4096, points.num_rows // 16)
        while True:
            kept, found = np.zeros(room, _STAY), np.zeros(room, _FOUND)
            ends = last.copy()
            n_kept, n_found = _walk(
                self.areas.index,
                area_ids,
                bounds,
                points["time_us"].to_numpy(),
                points["observation_id"].to_numpy(),
                points["lat_deg"].to_numpy(),
                points["lon_deg"].to_numpy(),
                self.points_min,
                self.border_m,
                ends,
                stays,
                stay_bounds,
                kept,
                found,
            )
            if max(n_kept, n_found) <= room:
                break
            room = max(n_kept, n_found)
        memory = np.concatenate([ends, kept[:n_kept]])
        memory = memory[np.lexsort((memory["area"], memory["track_id"]))]
        columns = {n: np.ascontiguousarray(memory[n]) for n in MEMORY.columns.names}
        return MEMORY.rows(columns), Batch({EVENTS: self._events(points, found[:n_found])})

    def _events(self, points: pa.Table, found: np.ndarray) -> pa.Table:
        if not len(found) or self.areas is None:
            return EVENTS.empty()
        row, stay = found["row"], found["stay"]
        areas = [self.areas.areas[n] for n in stay["number"].tolist()]
        told = _told(found)
        return events_in_order(
            event_rows(
                self,
                time_us=points["time_us"].to_numpy()[row],
                start_us=stay["start_us"],
                end_us=[t.end_us if t.ended else None for t in told],
                lat_deg=stay["start_lat_deg"],
                lon_deg=stay["start_lon_deg"],
                track_id=points["track_id"].to_numpy()[row],
                mmsi=points["mmsi"].to_numpy()[row],
                start_observation_id=stay["start_id"] ^ (stay["area"] >> 8),
                confidence=1.0 - 0.2 / np.maximum(1, stay["n_inside"]),
                detail=[_sentence(t, a.name) for t, a in zip(told, areas, strict=True)],
                measures=[_measures(t, a) for t, a in zip(told, areas, strict=True)],
                evidence=[_evidence(t) for t in told],
            )
        )


class _Told(NamedTuple):
    """What is said of one stay, as plain numbers."""

    ended: int
    end_us: int
    n_inside: int
    start_us: int
    start_lat_deg: float
    start_lon_deg: float
    start_id: int
    before_id: int
    before_us: int
    observation_id: int
    out_id: int


def _told(found: np.ndarray) -> list[_Told]:
    columns = [found["ended"], found["end_us"], *(found["stay"][n] for n in _Told._fields[2:])]
    return [_Told(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]


def area_ids_of(areas: Areas) -> np.ndarray:
    """Ids of areas that do not change when others are added to the file: int64, positive."""
    seen: dict[str, int] = {}
    ids = []
    for area in areas.areas:
        seal = digest([area.name, area.kind, area.since_us, area.until_us, area.shape.wkt])
        seen[seal] = seen.get(seal, -1) + 1
        ids.append((int(seal[:15], 16) + seen[seal]) | 1)
    return np.array(ids, np.int64)


def _evidence(t: _Told) -> list[int]:
    before = [t.before_id] if t.before_id else []
    after = [t.observation_id, t.out_id] if t.ended else [t.observation_id]
    return [*before, t.start_id, *after]


def _measures(t: _Told, area: Area) -> dict[str, Any]:
    return {
        "area": area.name,
        "area_kind": area.kind,
        "rules": area.rules,
        "points_inside": t.n_inside,
        "entry_seen": bool(t.before_id),
        "entry_within_s": (t.start_us - t.before_us) / 1e6 if t.before_id else None,
    }


def _sentence(t: _Told, name: str) -> str:
    place = said_place(t.start_lat_deg, t.start_lon_deg)
    if t.before_id:
        entry = f"Entered {name} at {said_time(t.start_us)}, {place}"
    else:
        entry = f"First seen inside {name} at {said_time(t.start_us)}, {place}"
    if not t.ended:
        return entry + "."
    lasted = said_duration(t.end_us - t.start_us)
    return f"{entry}, and left at {said_time(t.end_us)} after {lasted}."


def _recalled(
    carried: pa.Table, keys: np.ndarray, area_ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The last point of each key; the stays; where each key's stays lie.

    A stay in an area that is no longer in the settings is forgotten.
    """
    rows = np.zeros(carried.num_rows, _STAY)
    for name in MEMORY.columns.names:
        rows[name] = carried[name].to_numpy()
    rows = rows[np.lexsort((rows["area"], rows["track_id"]))]
    last: Any = np.zeros(len(keys), _STAY)
    last["track_id"] = keys
    points = rows[rows["area"] == 0]
    last[np.searchsorted(keys, points["track_id"])] = points
    order = np.argsort(area_ids)
    at = np.minimum(np.searchsorted(area_ids[order], rows["area"]), len(order) - 1)
    rows["number"] = order[at]
    stays = rows[(rows["area"] != 0) & (area_ids[rows["number"]] == rows["area"])]
    ends = np.append(keys, np.iinfo(np.int64).max)
    return last, stays, np.searchsorted(stays["track_id"], ends).astype(np.int64)


@njit(cache=True, nogil=True)
def _walk(
    index,
    area_ids,
    bounds,
    time_us,
    observation_id,
    lat_deg,
    lon_deg,
    points_min,
    border_m,
    last,
    stays,
    stay_bounds,
    kept,
    found,
) -> tuple[int, int]:
    cell_starts, cell_full, until_us = index[0], index[2], index[8]
    here = np.empty(most_in_cell(index) + 1, np.int64)
    active: Any = np.zeros(len(area_ids), stays.dtype)
    n_kept, n_found = 0, 0
    for k in range(len(last)):
        n_active = stay_bounds[k + 1] - stay_bounds[k]
        active[:n_active] = stays[stay_bounds[k] : stay_bounds[k + 1]]
        m = last[k]
        calm_cell, calm_until_us = -1, 0
        for i in range(bounds[k], bounds[k + 1]):
            now, lat, lon = time_us[i], lat_deg[i], lon_deg[i]
            cell = cell_number(lat, lon)
            if cell == calm_cell and now < calm_until_us:
                # No border runs through this cell: the areas are those of the point before.
                for j in range(n_active):
                    _stay_on(active[j], now, observation_id[i], lat, lon)
                    if active[j].n_inside == points_min:
                        n_found = _write(found, n_found, i, 0, 0, active[j])
                continue
            n_here = areas_at(index, lat, lon, now, here)
            n_in_force, n_known = n_here, cell_starts[cell + 1] - cell_starts[cell]
            n_active, n_here, n_found = _stay_or_leave(
                index, active, n_active, here, n_here, i, now, observation_id[i], lat, lon,
                points_min, border_m, found, n_found,
            )  # fmt: skip
            if n_here and i > bounds[k]:
                _set_last(m, i - 1, time_us, observation_id, lat_deg, lon_deg)
            for h in range(n_here):
                stay = active[n_active]
                stay.track_id, stay.number, stay.area = m.track_id, here[h], area_ids[here[h]]
                _enter(index, stay, m, now, observation_id[i], lat, lon)
                n_active += 1
                if points_min <= 1:
                    n_found = _write(found, n_found, i, 0, 0, stay)
            calm_cell = -1
            if n_active == n_in_force == n_known and np.all(
                cell_full[cell_starts[cell] : cell_starts[cell + 1]]
            ):
                calm_cell, calm_until_us = cell, _soonest(until_us, active, n_active)
        if bounds[k + 1] > bounds[k]:
            _set_last(m, bounds[k + 1] - 1, time_us, observation_id, lat_deg, lon_deg)
        for j in range(n_active):
            if n_kept < len(kept):
                kept[n_kept] = active[j]
            n_kept += 1
    return n_kept, n_found


@njit(cache=True, nogil=True)
def _stay_or_leave(
    index, active, n_active, here, n_here, row, now, observation_id, lat, lon,
    points_min, border_m, found, n_found,
):  # fmt: skip
    """Take every active stay to this point; what is left in `here` are areas newly entered."""
    j = 0
    while j < n_active:
        stay = active[j]
        if _take(here, n_here, stay.number):
            n_here -= 1
            _stay_on(stay, now, observation_id, lat, lon)
            if stay.n_inside == points_min:
                n_found = _write(found, n_found, row, 0, 0, stay)
            j += 1
            continue
        if stay.out_us == 0:
            stay.out_us, stay.out_id = now, observation_id
            stay.out_lat_deg, stay.out_lon_deg = lat, lon
        in_force = now < index[8][stay.number]
        if in_force and is_near(index, stay.number, lat, lon, border_m):
            j += 1
            continue
        if stay.n_inside >= points_min:
            n_found = _write(found, n_found, row, 1, _left_us(index, stay), stay)
        n_active -= 1
        active[j] = active[n_active]
    return n_active, n_here, n_found


@njit(cache=True, nogil=True)
def _stay_on(stay, now, observation_id, lat, lon) -> None:
    stay.n_inside += 1
    stay.time_us, stay.observation_id = now, observation_id
    stay.lat_deg, stay.lon_deg, stay.out_us = lat, lon, 0


@njit(cache=True, nogil=True)
def _set_last(m, i, time_us, observation_id, lat_deg, lon_deg) -> None:
    """Row i as the last point of its hull."""
    m.time_us, m.observation_id, m.n_inside = time_us[i], observation_id[i], 1
    m.lat_deg, m.lon_deg = lat_deg[i], lon_deg[i]


@njit(cache=True, nogil=True)
def _soonest(until_us, active, n_active) -> int:
    """When the first of the active areas goes out of force."""
    soonest = ALWAYS_UNTIL_US
    for j in range(n_active):
        soonest = min(soonest, until_us[active[j].number])
    return soonest


@njit(cache=True, nogil=True)
def _take(here, n_here, number) -> bool:
    """Whether the area is among those here; it is then taken out."""
    for h in range(n_here):
        if here[h] == number:
            here[h] = here[n_here - 1]
            return True
    return False


@njit(cache=True, nogil=True)
def _enter(index, stay, m, time_us, observation_id, lat_deg, lon_deg) -> None:
    """Begin a stay at this point, with the crossing since the last point `m`."""
    since_us = index[7][stay.number]
    stay.n_inside, stay.out_us, stay.out_id = 1, 0, 0
    stay.start_us, stay.start_lat_deg, stay.start_lon_deg = time_us, lat_deg, lon_deg
    stay.start_id, stay.before_id, stay.before_us = observation_id, 0, 0
    stay.time_us, stay.observation_id = time_us, observation_id
    stay.lat_deg, stay.lon_deg = lat_deg, lon_deg
    stay.out_lat_deg, stay.out_lon_deg = 0.0, 0.0
    if m.n_inside == 0:
        return
    stay.before_id, stay.before_us = m.observation_id, m.time_us
    share = 0.0
    if not is_inside(index, stay.number, m.lat_deg, m.lon_deg):
        share = _crossing(index, stay.number, lat_deg, lon_deg, m.lat_deg, m.lon_deg)
        share = 1.0 - share
    start_us = m.time_us + np.int64(share * (time_us - m.time_us))
    if since_us > start_us:
        start_us = since_us
        share = (start_us - m.time_us) / max(1, time_us - m.time_us)
    stay.start_us = start_us
    stay.start_lat_deg, stay.start_lon_deg = midway_deg(
        m.lat_deg, m.lon_deg, lat_deg, lon_deg, share
    )


@njit(cache=True, nogil=True)
def _left_us(index, stay) -> int:
    """When the border was crossed outward, or when the area's time ran out, if that was first."""
    share = 1.0
    if not is_inside(index, stay.number, stay.out_lat_deg, stay.out_lon_deg):
        share = _crossing(
            index, stay.number, stay.lat_deg, stay.lon_deg, stay.out_lat_deg, stay.out_lon_deg
        )
    left_us = stay.time_us + np.int64(share * (stay.out_us - stay.time_us))
    return min(left_us, index[8][stay.number])


@njit(cache=True, nogil=True)
def _crossing(index, area, in_lat, in_lon, out_lat, out_lon) -> float:
    """Share of the way from inside to outside at which a border is met, by halving 26 times."""
    inside, outside = 0.0, 1.0
    for _ in range(26):
        middle = (inside + outside) / 2.0
        lat, lon = midway_deg(in_lat, in_lon, out_lat, out_lon, middle)
        if is_inside(index, area, lat, lon):
            inside = middle
        else:
            outside = middle
    return (inside + outside) / 2.0


@njit(cache=True, nogil=True)
def _write(found, n, row, ended, end_us, stay) -> int:
    if n < len(found):
        f = found[n]
        f.row, f.ended, f.end_us = row, ended, end_us
        found[n].stay = stay
    return n + 1
