"""Named, dated polygons: which of them hold a position at a time, and how far the nearest is.

Polygons are read from GeoJSON, cut at 180 degrees (geo.rings), and laid on a grid of quarter
degrees: a cell knows the areas that fill it and those whose border runs through it, and the
border's edges are kept by row of latitude. A position then costs one look into its cell, and an
even-odd count over the few edges of its row where a border is near.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from math import cos, hypot, radians

import numpy as np
from numba import njit
from shapely.geometry.base import BaseGeometry

from fairlead.geo.rings import edges_of
from fairlead.geo.sphere import EARTH_RADIUS_M, wrap_lon_deg
from fairlead.schema.errors import ConfigError
from fairlead.schema.ids import canonical_json

ALWAYS_SINCE_US = -(1 << 62)
ALWAYS_UNTIL_US = 1 << 62

_CELL_DEG = 0.25
_ROWS, _COLUMNS = 720, 1440


@dataclass(frozen=True, slots=True)
class Area:
    """One polygon with its name; `kind` and `rules` are the user's own words."""

    name: str
    shape: BaseGeometry
    kind: str = "area"
    rules: str = ""
    since_us: int = ALWAYS_SINCE_US
    until_us: int = ALWAYS_UNTIL_US

    def __post_init__(self) -> None:
        if self.until_us <= self.since_us:
            message = f"area `{self.name}` ends before it starts"
            raise ConfigError(message, help="its `until` must be later than its `since`")


@dataclass(frozen=True, slots=True, eq=False)
class Areas:
    """Areas with their grid. `fingerprint` stands for the whole set in settings and event ids."""

    areas: tuple[Area, ...]
    fingerprint: str = field(init=False)
    index: tuple[np.ndarray, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", _index(self.areas))
        seal = hashlib.sha256()
        for area in self.areas:
            words = [area.name, area.kind, area.rules, area.since_us, area.until_us]
            seal.update(canonical_json(words).encode())
            seal.update(edges_of(area.shape).tobytes())
        object.__setattr__(self, "fingerprint", seal.hexdigest())

    def __len__(self) -> int:
        return len(self.areas)

    def containing(
        self, lat_deg: np.ndarray, lon_deg: np.ndarray, time_us: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Row and area numbers, int64, of every position inside an area in force at its time.

        Sorted by row, then area.
        """
        rows, found = _containing(self.index, lat_deg, lon_deg, time_us)
        order = np.lexsort((found, rows))
        return rows[order], found[order]


@njit(cache=True, nogil=True)
def cell_row(lat_deg: float) -> int:
    return min(_ROWS - 1, max(0, int((lat_deg + 90.0) / _CELL_DEG)))


@njit(cache=True, nogil=True)
def cell_number(lat_deg: float, lon_deg: float) -> int:
    """The grid cell of a position; longitudes wrap."""
    east = lon_deg + 180.0
    if not 0.0 <= east < 360.0:
        east %= 360.0
    share = east / _CELL_DEG
    return cell_row(lat_deg) * _COLUMNS + min(_COLUMNS - 1, int(share))


@njit(cache=True, nogil=True)
def is_inside(index: tuple, area: int, lat_deg: float, lon_deg: float) -> bool:
    """Even-odd count of the area's edges east of the position, in its row of latitude."""
    _, _, _, bases, first_rows, row_starts, edges, _, _ = index
    slot = bases[area] + cell_row(lat_deg) - first_rows[area]
    if slot < bases[area] or slot >= bases[area + 1]:
        return False
    lon = wrap_lon_deg(lon_deg)
    inside = False
    for e in range(row_starts[slot], row_starts[slot + 1]):
        x1, y1, x2, y2 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if (y1 > lat_deg) != (y2 > lat_deg) and lon < (x2 - x1) * (lat_deg - y1) / (y2 - y1) + x1:
            inside = not inside
    return inside


@njit(cache=True, nogil=True)
def is_near(index: tuple, area: int, lat_deg: float, lon_deg: float, within_m: float) -> bool:
    """Whether a border of the area runs within some metres of the position."""
    _, _, _, bases, first_rows, row_starts, edges, _, _ = index
    reach_deg = within_m / EARTH_RADIUS_M / radians(1.0)
    south = bases[area] + max(0, cell_row(lat_deg - reach_deg) - first_rows[area])
    north = min(bases[area + 1] - 1, bases[area] + cell_row(lat_deg + reach_deg) - first_rows[area])
    for slot in range(south, north + 1):
        for e in range(row_starts[slot], row_starts[slot + 1]):
            if _edge_m(edges[e], lat_deg, lon_deg) <= within_m:
                return True
    return False


@njit(cache=True, nogil=True)
def areas_at(index: tuple, lat_deg: float, lon_deg: float, time_us: int, found: np.ndarray) -> int:
    """Fill `found` with the areas in force that hold the position; how many there are.

    `found` must hold as many as `most_in_cell` says.
    """
    cell_starts, cell_areas, cell_full, _, _, _, _, since_us, until_us = index
    cell = cell_number(lat_deg, lon_deg)
    n = 0
    for k in range(cell_starts[cell], cell_starts[cell + 1]):
        area = cell_areas[k]
        if since_us[area] <= time_us < until_us[area] and (
            cell_full[k] or is_inside(index, area, lat_deg, lon_deg)
        ):
            found[n] = area
            n += 1
    return n


@njit(cache=True, nogil=True)
def most_in_cell(index: tuple) -> int:
    """The most areas any cell knows."""
    most = 0
    for cell in range(len(index[0]) - 1):
        most = max(most, index[0][cell + 1] - index[0][cell])
    return most


@njit(cache=True, nogil=True)
def _containing(
    index: tuple, lat_deg: np.ndarray, lon_deg: np.ndarray, time_us: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    found = np.empty(max(1, most_in_cell(index)), np.int64)
    rows = np.empty(max(16, len(lat_deg)), np.int64)
    areas = np.empty(len(rows), np.int64)
    n = 0
    for i in range(len(lat_deg)):
        k = areas_at(index, lat_deg[i], lon_deg[i], time_us[i], found)
        if n + k > len(rows):
            rows = np.concatenate((rows, np.empty(n + k, np.int64)))
            areas = np.concatenate((areas, np.empty(n + k, np.int64)))
        rows[n : n + k] = i
        areas[n : n + k] = np.sort(found[:k])
        n += k
    return rows[:n], areas[:n]


@njit(cache=True, nogil=True)
def _edge_m(edge: np.ndarray, lat_deg: float, lon_deg: float) -> float:
    """Metres from a position to an edge, in the plane that touches the sphere there."""
    scale = cos(radians(lat_deg))
    x1 = ((edge[0] - lon_deg + 180.0) % 360.0 - 180.0) * scale
    x2 = x1 + (edge[2] - edge[0]) * scale
    y1, y2 = edge[1] - lat_deg, edge[3] - lat_deg
    length_2 = (x2 - x1) ** 2 + (y2 - y1) ** 2
    share = 0.0
    if length_2 > 0.0:
        share = min(1.0, max(0.0, -(x1 * (x2 - x1) + y1 * (y2 - y1)) / length_2))
    away_deg = hypot(x1 + share * (x2 - x1), y1 + share * (y2 - y1))
    return radians(away_deg) * EARTH_RADIUS_M


def _index(areas: tuple[Area, ...]) -> tuple[np.ndarray, ...]:
    """The grid: cell starts, areas and whether they fill it; then edges by area and row; dates."""
    parts = [edges_of(area.shape) for area in areas]
    for area, part in zip(areas, parts, strict=True):
        if not len(part):
            message = f"area `{area.name}` has no extent"
            raise ConfigError(message, help="leave it out, or give a ring with an area")
    edges = np.concatenate(parts) if parts else np.empty((0, 4))
    owners = np.repeat(np.arange(len(parts)), [len(p) for p in parts])
    bases, first_rows, row_starts, row_edges = _by_row(edges, owners.astype(np.int64), len(parts))
    cells, cell_areas, cell_full = _by_cell(bases, first_rows, row_starts, row_edges)
    order = np.argsort(cells, kind="stable")
    cell_starts = np.searchsorted(cells[order], np.arange(_ROWS * _COLUMNS + 1)).astype(np.int64)
    since_us = np.array([a.since_us for a in areas], np.int64)
    until_us = np.array([a.until_us for a in areas], np.int64)
    return (
        cell_starts,
        cell_areas[order],
        cell_full[order],
        bases,
        first_rows,
        row_starts,
        row_edges,
        since_us,
        until_us,
    )


@njit(cache=True, nogil=True)
def _by_row(
    edges: np.ndarray, owners: np.ndarray, n_areas: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Each edge once for every row of latitude it touches, grouped by area and row."""
    first_rows = np.full(n_areas, _ROWS, np.int64)
    last_rows = np.full(n_areas, -1, np.int64)
    for e in range(len(edges)):
        a = owners[e]
        first_rows[a] = min(first_rows[a], cell_row(min(edges[e, 1], edges[e, 3])))
        last_rows[a] = max(last_rows[a], cell_row(max(edges[e, 1], edges[e, 3])))
    bases = np.zeros(n_areas + 1, np.int64)
    for a in range(n_areas):
        bases[a + 1] = bases[a] + max(0, last_rows[a] - first_rows[a] + 1)
    n_edges = np.zeros(bases[-1], np.int64)
    for e in range(len(edges)):
        south, north = _slots(edges[e], bases[owners[e]] - first_rows[owners[e]])
        n_edges[south : north + 1] += 1
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(n_edges)))
    at = starts.copy()
    out = np.empty((starts[-1], 4))
    for e in range(len(edges)):
        south, north = _slots(edges[e], bases[owners[e]] - first_rows[owners[e]])
        for k in range(south, north + 1):
            out[at[k]] = edges[e]
            at[k] += 1
    return bases, first_rows, starts, out


@njit(cache=True, nogil=True)
def _slots(edge, base):
    """First and last slot of the rows of latitude that an edge touches."""
    south, north = min(edge[1], edge[3]), max(edge[1], edge[3])
    return base + cell_row(south), base + cell_row(north)


@njit(cache=True, nogil=True)
def _by_cell(
    bases: np.ndarray, first_rows: np.ndarray, row_starts: np.ndarray, edges: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cell, area and whether the area fills it, for every cell an area touches."""
    cells = np.empty(1024, np.int64)
    areas = np.empty(1024, np.int32)
    full = np.empty(1024, np.bool_)
    state = np.empty(_COLUMNS, np.int8)
    n = 0
    for a in range(len(first_rows)):
        for slot in range(bases[a], bases[a + 1]):
            row = first_rows[a] + slot - bases[a]
            _fill_row(edges[row_starts[slot] : row_starts[slot + 1]], row, state)
            if n + _COLUMNS > len(cells):
                more = len(cells) + _COLUMNS
                cells = np.concatenate((cells, np.empty(more, np.int64)))
                areas = np.concatenate((areas, np.empty(more, np.int32)))
                full = np.concatenate((full, np.empty(more, np.bool_)))
            for column in range(_COLUMNS):
                if state[column]:
                    cells[n] = row * _COLUMNS + column
                    areas[n] = a
                    full[n] = state[column] == 1
                    n += 1
    return cells[:n], areas[:n], full[:n]


@njit(cache=True, nogil=True)
def _fill_row(edges: np.ndarray, row: int, state: np.ndarray) -> None:
    """Per column of a row: 0 outside, 1 filled, 2 a border runs through."""
    south, north = row * _CELL_DEG - 90.0, (row + 1) * _CELL_DEG - 90.0
    middle = (south + north) / 2.0
    state[:] = 0
    crossings = np.empty(len(edges))
    n = 0
    for e in range(len(edges)):
        x1, y1, x2, y2 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if (y1 > middle) != (y2 > middle):
            crossings[n] = (x2 - x1) * (middle - y1) / (y2 - y1) + x1
            n += 1
    crossings = np.sort(crossings[:n])
    for k in range(0, n - 1, 2):
        west = int(np.ceil((crossings[k] + 180.0) / _CELL_DEG - 0.5))
        east = int(np.floor((crossings[k + 1] + 180.0) / _CELL_DEG - 0.5))
        for column in range(max(0, west), min(_COLUMNS - 1, east) + 1):
            state[column] = 1
    for e in range(len(edges)):
        x1, y1, x2, y2 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if y1 != y2:
            low = min(1.0, max(0.0, (south - y1) / (y2 - y1)))
            high = min(1.0, max(0.0, (north - y1) / (y2 - y1)))
            x1, x2 = x1 + low * (x2 - x1), x1 + high * (x2 - x1)
        west = int((min(x1, x2) + 180.0) / _CELL_DEG - 1e-9)
        east = int((max(x1, x2) + 180.0) / _CELL_DEG + 1e-9)
        for column in range(max(0, west), min(_COLUMNS - 1, east) + 1):
            state[column] = 2
