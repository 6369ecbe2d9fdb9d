"""Contacts: which hulls were close to each other at each instant of the common time grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.geo.sphere import EARTH_RADIUS_M, distance_m, midway_deg
from fairlead.schema.ids import row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, key_starts, to_numpy
from fairlead.schema.table import Table, column
from fairlead.schema.tables import CONTACTS, I64, TRACK_GRID
from fairlead.tracks.grid import rows_of_keys

_HULLS = 16
"""Hulls remembered per cell."""
_RESTED_N = 6
"""Instants at rest, an hour by default, after which a hull counts as having lain still."""
_FORGET_US = 24 * 3_600_000_000

CONTACTS_MEMORY = Table(
    name="contacts_memory",
    doc="Per cell: the first hulls that lay still there, and for how many instants.",
    columns=pa.schema(
        [
            column("cell", I64, "fine cell", required=True),
            column("time_us", I64, "last instant at rest", required=True),
            column("track_id", I64, "the hull", required=True),
            column("n_rest", I64, "instants at rest", required=True),
        ]
    ),
    key="cell",
    time="time_us",
    ids=("track_id",),
)


@dataclass(frozen=True, slots=True)
class Contacts:
    """Pairs of hulls within `distance_m_max` at one grid instant, each pair once.

    Of two hulls in different cells, TimeGrid copied one into the other's cell: a pair is found
    where at least one of the two is not a copy. Two tracks of one MMSI are never a pair.
    `n_rested` is learned: how many other hulls have lain still here (under `rest_kn` for an hour).
    """

    distance_m_max: float = 1000.0
    rest_kn: float = 0.4

    kind: ClassVar[str] = "contacts"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "cell"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_GRID,)
    writes: ClassVar[tuple[Table, ...]] = (CONTACTS,)
    carries: ClassVar[Table] = CONTACTS_MEMORY

    def step(
        self,
        carried: pa.Table,
        batch: Batch,
        span: Span,  # noqa: ARG002
    ) -> tuple[pa.Table, Batch]:
        rows = batch[TRACK_GRID]
        cells, times = to_numpy(rows, "cell"), to_numpy(rows, "time_us")
        lat, lon = to_numpy(rows, "lat_deg"), to_numpy(rows, "lon_deg")
        mmsi, halo = to_numpy(rows, "mmsi"), to_numpy(rows, "halo", False).astype(bool)
        tracks, speed_kn = to_numpy(rows, "track_id"), to_numpy(rows, "speed_kn")
        still = speed_kn < self.rest_kn
        starts = key_starts(cells)
        keys, rested = _recalled(carried, cells[still])
        whole, real = _pairs(
            (starts, rows_of_keys(keys, cells[starts[:-1]])),
            times,
            (lat, lon),
            (mmsi, tracks, halo, still),
            rested,
            self.distance_m_max,
        )
        first, second = whole[:, 0], whole[:, 1]
        swap = tracks[first] > tracks[second]
        one, two = np.where(swap, second, first), np.where(swap, first, second)
        pair = row_ids(tracks[one], tracks[two])
        order = np.lexsort((times[one], pair))
        one, two, real = one[order], two[order], real[order]
        speed = rows["speed_kn"].combine_chunks()
        observation = to_numpy(rows, "observation_id")
        found = CONTACTS.rows(
            {
                "pair_id": pair[order],
                "time_us": times[one],
                "track_id": tracks[one],
                "other_track_id": tracks[two],
                "mmsi": mmsi[one],
                "other_mmsi": mmsi[two],
                "lat_deg": real[:, 1],
                "lon_deg": real[:, 2],
                "distance_m": real[:, 0],
                "speed_kn": speed.take(pa.array(one)),
                "other_speed_kn": speed.take(pa.array(two)),
                "observation_id": observation[one],
                "other_observation_id": observation[two],
                "n_near": np.minimum(whole[order, 2], 32_767),
                "n_rested": whole[order, 3],
            },
            len(order),
        )
        return _remembered(keys, rested), Batch({CONTACTS: found})


def _recalled(carried: pa.Table, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cells where hulls lie still or lay still, sorted, and these: (track, instants at rest, last).

    `cells`, sorted, are those of rows at rest: few hulls are, and most cells need no memory.
    """
    carried = carried.sort_by([(n, "ascending") for n in ("cell", "time_us", "track_id")])
    own = to_numpy(carried, "cell")
    keys = np.union1d(cells[key_starts(cells)[:-1]], own).astype(np.int64)
    rested = np.zeros((len(keys), _HULLS, 3), np.int64)
    at = np.searchsorted(keys, own)
    nth = np.arange(len(own)) - np.searchsorted(own, own)
    for i, name in enumerate(("track_id", "n_rest", "time_us")):
        rested[at, nth, i] = to_numpy(carried, name)
    return keys, rested


def _remembered(keys: np.ndarray, rested: np.ndarray) -> pa.Table:
    at, nth = np.nonzero(rested[:, :, 1])
    track, n_rest, last_us = rested[at, nth].T
    order = np.lexsort((track, last_us, at))
    return CONTACTS_MEMORY.rows(
        {
            "cell": keys[at][order],
            "time_us": last_us[order],
            "track_id": track[order],
            "n_rest": n_rest[order],
        },
        len(order),
    )


@njit(cache=True, nogil=True)
def _pairs(cells, times, place, who, rested, distance_m_max) -> tuple[np.ndarray, np.ndarray]:
    """Pairs as whole (row, row, other hulls in the cell, others that have lain still there) and
    real (metres apart, midway lat, lon).

    `cells`: where the rows of each start, and its row in the memory `rested`, which is written in
    place, or -1. Rows come by cell and time, so a run of equal times is one instant of one cell.
    """
    (starts, slots), (lat, lon), (mmsi, tracks, halo, still) = cells, place, who
    whole, real, n = np.empty((1024, 4), np.int64), np.empty((1024, 3)), 0
    reach_deg = distance_m_max * 1.001 / EARTH_RADIUS_M * 180.0 / np.pi
    nobody = np.zeros((0, 3), np.int64)
    for k in range(len(slots)):
        hulls, start = rested[slots[k]] if slots[k] >= 0 else nobody, starts[k]
        while start < starts[k + 1]:
            end = start + 1
            while end < starts[k + 1] and times[end] == times[start]:
                end += 1
            for i in range(start, end):
                for j in range(i + 1, end):
                    if abs(lat[i] - lat[j]) > reach_deg or (halo[i] and halo[j]):
                        continue
                    apart_m = distance_m(lat[i], lon[i], lat[j], lon[j])
                    if apart_m > distance_m_max or mmsi[i] == mmsi[j]:
                        continue
                    if n == len(whole):
                        whole, real = _doubled(whole), _doubled(real)
                    whole[n, 0], whole[n, 1], whole[n, 2] = i, j, end - start - 2
                    whole[n, 3] = _others(hulls, tracks[i], tracks[j])
                    real[n, 1], real[n, 2] = midway_deg(lat[i], lon[i], lat[j], lon[j], 0.5)
                    real[n, 0] = apart_m
                    n += 1
            for i in range(start, end):
                if still[i]:
                    _rest(hulls, tracks[i], times[i])
            start = end
    return whole[:n], real[:n]


@njit(cache=True, nogil=True)
def _others(hulls, one, other) -> int:
    """How many hulls but these two have lain still."""
    n = 0
    for h in range(len(hulls)):
        n += hulls[h, 1] >= _RESTED_N and hulls[h, 0] != one and hulls[h, 0] != other
    return n


@njit(cache=True, nogil=True)
def _rest(hulls, track, now) -> None:
    """One more instant at rest. One who passed a day ago makes room, the others do not."""
    free = -1
    for h in range(len(hulls)):
        if hulls[h, 1] > 0 and hulls[h, 0] == track:
            hulls[h, 1] = min(hulls[h, 1] + 1, _RESTED_N)
            hulls[h, 2] = now
            return
        passed = hulls[h, 1] < _RESTED_N and now - hulls[h, 2] > _FORGET_US
        if free < 0 and (hulls[h, 1] == 0 or passed):
            free = h
    if free >= 0:
        hulls[free, 0], hulls[free, 1], hulls[free, 2] = track, 1, now


@njit(cache=True, nogil=True)
def _doubled(values):
    out = np.empty((2 * len(values), values.shape[1]), values.dtype)
    out[: len(values)] = values
    return out
