"""Grid cells for joins: integer keys in latitude rows that never break at 180 degrees.

A grid of size s has rows of s degrees of latitude; each row has as many columns as keep a cell at
least s degrees of arc wide at the row's edge nearest the equator, so cells stay near square up to
the poles. Key = row * 2**20 + column: s may go down to about 0.0004 degrees. (H3 is what people
see; this is what loops use: anchors.md gives 1,200 M keys/s against 2.7 M.)
"""

from math import cos, floor, radians

import numpy as np
from numba import njit

COVERAGE_CELL_DEG = 0.5
_COLUMNS = 1 << 20


@njit(cache=True, nogil=True)
def _row_columns(row: int, size_deg: float) -> int:
    south = row * size_deg - 90.0
    edge = min(abs(south), abs(south + size_deg))
    if south < 0.0 < south + size_deg:
        edge = 0.0
    return max(1, int(floor(360.0 * cos(radians(min(edge, 90.0))) / size_deg)))


@njit(cache=True, nogil=True)
def place_in_cell(
    lat_deg: float, lon_deg: float, size_deg: float
) -> tuple[int, float, float, float]:
    """The key of the cell that holds a position, and where in it the position is.

    Shares of the cell's height from its south and of its width from its west, and the width in
    degrees. A share is 1 or a hair more at the north pole only.
    """
    rows = int(180.0 / size_deg + 0.5)
    high = (lat_deg + 90.0) / size_deg
    row = min(rows - 1, max(0, int(floor(high))))
    columns = _row_columns(row, size_deg)
    wide = ((lon_deg + 180.0) % 360.0) / 360.0 * columns
    column = min(columns - 1, int(wide))
    return row * _COLUMNS + column, high - row, wide - column, 360.0 / columns


@njit(cache=True, nogil=True)
def cell_of(lat_deg: float, lon_deg: float, size_deg: float) -> int:
    """The key of the cell that holds a position."""
    return place_in_cell(lat_deg, lon_deg, size_deg)[0]


@njit(cache=True, nogil=True)
def centre_of(cell: int, size_deg: float) -> tuple[float, float]:
    """Latitude and longitude of a cell's centre."""
    row, column = cell // _COLUMNS, cell % _COLUMNS
    columns = _row_columns(row, size_deg)
    return (row + 0.5) * size_deg - 90.0, (column + 0.5) / columns * 360.0 - 180.0


def edges_of(cell: int, size_deg: float) -> tuple[float, float, float, float]:
    """West, south, east and north of a cell in degrees; east is above 180 for none."""
    row, column = divmod(cell, _COLUMNS)
    width_deg = 360.0 / _row_columns(row, size_deg)
    south, west = row * size_deg - 90.0, column * width_deg - 180.0
    return west, south, west + width_deg, south + size_deg


@njit(cache=True, nogil=True)
def cells_of(lat_deg: np.ndarray, lon_deg: np.ndarray, size_deg: float) -> np.ndarray:
    """`cell_of` row by row: int64, shape (n,)."""
    out = np.empty(len(lat_deg), np.int64)
    for i in range(len(lat_deg)):
        out[i] = cell_of(lat_deg[i], lon_deg[i], size_deg)
    return out


@njit(cache=True, nogil=True)
def cells_around(lat_deg: float, lon_deg: float, size_deg: float) -> np.ndarray:
    """The cell of a position and all cells that touch it, sorted, without repeats: int64.

    Covers every point within `size_deg` degrees of arc of the position's own cell row by row, so
    two positions closer than a cell's size are in each other's answer.
    """
    rows = int(180.0 / size_deg + 0.5)
    row = min(rows - 1, max(0, int(floor((lat_deg + 90.0) / size_deg))))
    share = ((lon_deg + 180.0) % 360.0) / 360.0
    found = np.empty(64, np.int64)
    n = 0
    for r in range(max(0, row - 1), min(rows - 1, row + 1) + 1):
        columns = _row_columns(r, size_deg)
        polar = (r == 0 or r == rows - 1) and columns <= 16
        middle = min(columns - 1, int(share * columns))
        reach = columns if polar else 2
        for step in range(-reach, reach + 1):
            key = r * _COLUMNS + (middle + step) % columns
            if n < 64:
                found[n] = key
                n += 1
    return np.unique(found[:n])
