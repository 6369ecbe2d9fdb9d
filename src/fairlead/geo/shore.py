"""Distance to shore from a raster of land, made once: nautical miles, vectorised.

The raster holds, per cell, the nearest land cell found by passing seeds from neighbour to
neighbour (dead reckoning after Danielsson 1980); distances are then great circles to that cell's
centre. The answer is within half a cell's diagonal or so: 4 nm at a tenth of a degree.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass, field
from math import acos, radians
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit

from fairlead.geo.geojson import areas_from
from fairlead.geo.sphere import EARTH_RADIUS_M, M_PER_NM
from fairlead.schema.errors import ConfigError


@dataclass(frozen=True, slots=True, eq=False)
class Shore:
    """`offshore_nm` is a raster of float32, shape (rows, columns), south to north, west to east."""

    raster_nm: np.ndarray
    fingerprint: str = field(init=False)

    def __post_init__(self) -> None:
        seal = hashlib.sha256(np.ascontiguousarray(self.raster_nm).tobytes())
        object.__setattr__(self, "fingerprint", seal.hexdigest())

    def __len__(self) -> int:
        return self.raster_nm.size

    def offshore_nm(self, lat_deg: np.ndarray, lon_deg: np.ndarray) -> np.ndarray:
        """Nautical miles to the nearest land, 0 on land: float64, shape (n,)."""
        rows, columns = self.raster_nm.shape
        row = np.clip(((lat_deg + 90.0) / 180.0 * rows).astype(np.int64), 0, rows - 1)
        column = (((lon_deg + 180.0) % 360.0) / 360.0 * columns).astype(np.int64) % columns
        return self.raster_nm[row, column].astype(np.float64)


def shore_from_land(land: np.ndarray) -> Shore:
    """Shore from a mask of land, bool, shape (rows, columns), south to north, from 180 W."""
    return Shore(_offshore_nm(np.ascontiguousarray(land)))


def read_shore(path: str | Path, *, cell_deg: float = 0.1) -> Shore:
    """Shore from a land mask (.npz with `mask`, `lat`; true is sea) or land TopoJSON (.json)."""
    path = Path(path)
    try:
        if path.suffix == ".npz":
            return shore_from_land(_coarse_mask(path, cell_deg))
        return shore_from_land(_land_of(json.loads(path.read_text(encoding="utf-8")), cell_deg))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        message = f"cannot read land from {path}: {error}"
        raise ConfigError(message, help="give land TopoJSON or a global land mask") from error


def _coarse_mask(path: Path, cell_deg: float) -> np.ndarray:
    """Land wherever a pixel of a cell is land; read a row of cells at a time, north first or not.

    The mask unpacked is near a gigabyte, so that it is never held whole.
    """
    with zipfile.ZipFile(path) as stored:
        with stored.open("lat.npy") as packed:
            lat: Any = np.lib.format.read_array(packed)
        with stored.open("mask.npy") as packed:
            np.lib.format.read_magic(packed)
            shape, by_column, dtype = np.lib.format.read_array_header_1_0(packed)
            if by_column or dtype != np.bool_ or len(shape) != 2:
                message = "the mask is not a bool array of rows"
                raise ValueError(message)
            step = max(1, round(cell_deg * shape[0] / 180.0))
            rows, columns = shape[0] // step, shape[1] // step
            coarse = np.zeros((rows, columns), np.bool_)
            for row in range(rows):
                band = np.frombuffer(packed.read(step * shape[1]), np.bool_)
                sea: Any = band.reshape(step, -1).all(axis=0)
                coarse[row] = ~sea[: columns * step].reshape(columns, step).all(axis=1)
    return coarse[::-1] if lat[0] > lat[-1] else coarse


def _land_of(topology: dict, cell_deg: float) -> np.ndarray:
    """Cells that hold land: the centre lies inside a polygon, or a vertex lies in the cell."""
    arcs = _arcs(topology)
    geometries = topology["objects"]["land"]["geometries"]
    polygons = [
        p for g in geometries for p in (g["arcs"] if g["type"] != "Polygon" else [g["arcs"]])
    ]
    coordinates = [
        [r.tolist() for ring in rings if len(r := _joined(arcs, ring)) >= 4] for rings in polygons
    ]
    coordinates = [rings for rings in coordinates if rings]
    feature = {"geometry": {"type": "MultiPolygon", "coordinates": coordinates}}
    areas = areas_from([feature], "land", as_drawn=True)
    rows = round(180.0 / cell_deg)
    lat = (np.arange(rows) + 0.5) * 180.0 / rows - 90.0
    lon = (np.arange(2 * rows) + 0.5) * 180.0 / rows - 180.0
    lats, lons = (a.ravel() for a in np.meshgrid(lat, lon, indexing="ij"))
    inside, _ = areas.containing(lats, lons, np.zeros(len(lats), np.int64))
    land = np.zeros((rows, 2 * rows), bool)
    land.ravel()[inside] = True
    border = np.concatenate([np.concatenate([np.asarray(r) for r in p]) for p in coordinates])
    row = np.clip(((border[:, 1] + 90.0) / 180.0 * rows).astype(int), 0, rows - 1)
    land[row, ((border[:, 0] + 180.0) / 180.0 * rows).astype(int) % (2 * rows)] = True
    return land


def _arcs(topology: dict) -> list[np.ndarray]:
    transform = topology.get("transform")
    if not transform:
        return [np.asarray(arc, float) for arc in topology["arcs"]]
    scale, shift = np.asarray(transform["scale"]), np.asarray(transform["translate"])
    return [np.cumsum(np.asarray(arc), axis=0) * scale + shift for arc in topology["arcs"]]


def _joined(arcs: list[np.ndarray], ring: list[int]) -> np.ndarray:
    return np.concatenate([arcs[a] if a >= 0 else arcs[~a][::-1] for a in ring])


@njit(cache=True, nogil=True)
def _offshore_nm(land: np.ndarray) -> np.ndarray:
    rows, columns = land.shape
    lat = radians(1.0) * ((np.arange(rows) + 0.5) * 180.0 / rows - 90.0)
    sines, cosines = np.sin(lat), np.cos(lat)
    turns = np.cos(2.0 * np.pi * np.arange(columns) / columns)
    seed = np.full((rows, columns), -1, np.int64)
    near = np.full((rows, columns), -2.0)
    for r in range(rows):
        for c in range(columns):
            if land[r, c]:
                seed[r, c] = r * columns + c
                near[r, c] = 1.0
    for sweep in range(4):
        for i in range(rows):
            r = i if sweep % 2 == 0 else rows - 1 - i
            for j in range(2 * columns):
                c = j % columns if sweep < 2 else columns - 1 - j % columns
                if near[r, c] < 1.0:
                    _take_nearer(seed, near, r, c, sines, cosines, turns)
    out = np.zeros((rows, columns), np.float32)
    for r in range(rows):
        for c in range(columns):
            out[r, c] = acos(min(1.0, max(-1.0, near[r, c]))) * EARTH_RADIUS_M / M_PER_NM
    return out


@njit(cache=True, nogil=True)
def _take_nearer(
    seed: np.ndarray,
    near: np.ndarray,
    r: int,
    c: int,
    sines: np.ndarray,
    cosines: np.ndarray,
    turns: np.ndarray,
) -> None:
    """Take over a neighbour's land cell where it is nearer: the greater cosine of the angle."""
    rows, columns = seed.shape
    known = seed[r, c]
    for dr in range(max(-1, -r), min(1, rows - 1 - r) + 1):
        for dc in range(-1, 2):
            other = seed[r + dr, (c + dc) % columns]
            if other < 0 or other == known:
                continue
            row, turn = other // columns, abs(other % columns - c)
            cosine = sines[r] * sines[row] + cosines[r] * cosines[row] * turns[turn]
            if cosine > near[r, c]:
                near[r, c] = cosine
                seed[r, c] = other
                known = other
