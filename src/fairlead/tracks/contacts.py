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
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, column
from fairlead.schema.tables import CONTACTS, I64, TRACK_GRID

CONTACTS_MEMORY = Table(
    name="contacts_memory",
    doc="Nothing: each instant is compared on its own.",
    columns=pa.schema(
        [
            column("cell", I64, "fine cell", required=True),
            column("time_us", I64, "grid instant", required=True),
        ]
    ),
    key="cell",
    time="time_us",
    ids=("time_us",),
)


@dataclass(frozen=True, slots=True)
class Contacts:
    """Pairs of hulls within `distance_m_max` at one grid instant, each pair once.

    Of two hulls in different cells, TimeGrid copied one into the other's cell: a pair is found
    where at least one of the two is not a copy. Two tracks of one MMSI are never a pair.
    """

    distance_m_max: float = 1000.0

    kind: ClassVar[str] = "contacts"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "cell"
    reads: ClassVar[tuple[Table, ...]] = (TRACK_GRID,)
    writes: ClassVar[tuple[Table, ...]] = (CONTACTS,)
    carries: ClassVar[Table] = CONTACTS_MEMORY

    def step(
        self,
        carried: pa.Table,  # noqa: ARG002
        batch: Batch,
        span: Span,  # noqa: ARG002
    ) -> tuple[pa.Table, Batch]:
        rows = batch[TRACK_GRID]
        cells, times = to_numpy(rows, "cell"), to_numpy(rows, "time_us")
        lat, lon = to_numpy(rows, "lat_deg"), to_numpy(rows, "lon_deg")
        mmsi, halo = to_numpy(rows, "mmsi"), to_numpy(rows, "halo", False).astype(bool)
        whole, real = _pairs(cells, times, lat, lon, mmsi, halo, self.distance_m_max)
        first, second = whole[:, 0], whole[:, 1]
        tracks = to_numpy(rows, "track_id")
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
            },
            len(order),
        )
        return CONTACTS_MEMORY.empty(), Batch({CONTACTS: found})


@njit(cache=True)
def _pairs(cells, times, lat, lon, mmsi, halo, distance_m_max) -> tuple[np.ndarray, np.ndarray]:
    """Pairs as whole (row, row, other hulls in the cell) and real (metres apart, midway lat, lon).

    Rows come sorted by cell and time, so a run of equal ones is one instant of one cell.
    """
    size = 1024
    whole, real = np.empty((size, 3), np.int64), np.empty((size, 3))
    reach_deg = distance_m_max * 1.001 / EARTH_RADIUS_M * 180.0 / np.pi
    n, start, n_rows = 0, 0, len(cells)
    while start < n_rows:
        end = start + 1
        while end < n_rows and times[end] == times[start] and cells[end] == cells[start]:
            end += 1
        for i in range(start, end):
            for j in range(i + 1, end):
                if abs(lat[i] - lat[j]) > reach_deg or (halo[i] and halo[j]):
                    continue
                apart_m = distance_m(lat[i], lon[i], lat[j], lon[j])
                if apart_m > distance_m_max or mmsi[i] == mmsi[j]:
                    continue
                if n == size:
                    size *= 2
                    whole, real = _grown(whole, size), _grown(real, size)
                whole[n, 0], whole[n, 1], whole[n, 2] = i, j, end - start - 2
                real[n, 1], real[n, 2] = midway_deg(lat[i], lon[i], lat[j], lon[j], 0.5)
                real[n, 0] = apart_m
                n += 1
        start = end
    return whole[:n], real[:n]


@njit(cache=True)
def _grown(values, size):
    out = np.empty((size, values.shape[1]), values.dtype)
    out[: len(values)] = values
    return out
