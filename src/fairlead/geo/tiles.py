"""Web Mercator tiles, and codes that put the cells of a tile next to each other.

A code interleaves the bits of column and row (Morton order): the cells of any tile of a coarser
zoom are one run of codes, and a shift by two bits is the next coarser zoom.
"""

from __future__ import annotations

from math import asinh, atan, degrees, floor, pi, radians, sinh, tan

import numpy as np
from numba import njit

EDGE_DEG = 85.05112877980659


@njit(cache=True, nogil=True)
def _spread(value: int) -> int:
    """The low 24 bits with a zero between each two."""
    bits = value & 0xFFFFFF
    bits = (bits | bits << 16) & 0x0000FFFF0000FFFF
    bits = (bits | bits << 8) & 0x00FF00FF00FF00FF
    bits = (bits | bits << 4) & 0x0F0F0F0F0F0F0F0F
    bits = (bits | bits << 2) & 0x3333333333333333
    return (bits | bits << 1) & 0x5555555555555555


@njit(cache=True, nogil=True)
def _gather(code: int) -> int:
    bits = code & 0x5555555555555555
    bits = (bits | bits >> 1) & 0x3333333333333333
    bits = (bits | bits >> 2) & 0x0F0F0F0F0F0F0F0F
    bits = (bits | bits >> 4) & 0x00FF00FF00FF00FF
    bits = (bits | bits >> 8) & 0x0000FFFF0000FFFF
    return (bits | bits >> 16) & 0xFFFFFF


@njit(cache=True, nogil=True)
def codes_of(lat_deg: np.ndarray, lon_deg: np.ndarray, zoom: int) -> np.ndarray:
    """The code of each position's tile at a zoom up to 24: int64. Beyond 85 degrees: the edge."""
    wide = 1 << zoom
    out = np.empty(len(lat_deg), np.int64)
    for i in range(len(lat_deg)):
        lat = min(EDGE_DEG, max(-EDGE_DEG, lat_deg[i]))
        column = int(floor(((lon_deg[i] + 180.0) % 360.0) / 360.0 * wide))
        row = int(floor((1.0 - asinh(tan(radians(lat))) / pi) / 2.0 * wide))
        column = min(wide - 1, max(0, column))
        row = min(wide - 1, max(0, row))
        out[i] = _spread(column) | _spread(row) << 1
    return out


@njit(cache=True, nogil=True)
def columns_rows(codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Column and row of each code: int64."""
    columns = np.empty(len(codes), np.int64)
    rows = np.empty(len(codes), np.int64)
    for i in range(len(codes)):
        columns[i] = _gather(codes[i])
        rows[i] = _gather(codes[i] >> 1)
    return columns, rows


@njit(cache=True, nogil=True)
def centres_of(codes: np.ndarray, zoom: int) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude in the middle of each code's tile."""
    wide = 1 << zoom
    lat = np.empty(len(codes), np.float64)
    lon = np.empty(len(codes), np.float64)
    for i in range(len(codes)):
        lon[i] = (_gather(codes[i]) + 0.5) / wide * 360.0 - 180.0
        lat[i] = degrees(atan(sinh(pi * (1.0 - 2.0 * (_gather(codes[i] >> 1) + 0.5) / wide))))
    return lat, lon


def codes_within(zoom: int, column: int, row: int, fine_zoom: int) -> tuple[int, int]:
    """First code, and the one after the last, of a tile's cells at a finer zoom."""
    shift = 2 * (fine_zoom - zoom)
    code = int(_spread(column)) | int(_spread(row)) << 1
    return code << shift, (code + 1) << shift
