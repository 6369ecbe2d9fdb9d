"""Named points (ports, anchorages): the nearest one within some metres, and by name or code."""

from __future__ import annotations

import csv
import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, cos, radians, sin
from pathlib import Path

import numpy as np
from numba import njit

from fairlead.geo.sphere import EARTH_RADIUS_M, distance_m
from fairlead.schema.errors import ConfigError
from fairlead.schema.ids import canonical_json

_CELL_DEG = 0.1
_ROWS, _COLUMNS = 1800, 3600
_COLUMNS_HELP = "use the World Port Index or the anchorage list, or name, lat, lon, country columns"

_LAYOUTS = (
    ("Main Port Name", "Latitude", "Longitude", "Country Code", "UN/LOCODE"),
    ("label", "latitude", "longitude", "iso3", ""),
    ("name", "lat", "lon", "country", "locode"),
    ("name", "lat_deg", "lon_deg", "country", "locode"),
)


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Points of shape (n,) with names, countries and UN/LOCODEs ("" where there is none).

    `n_refused` counts the lines of the file that were no place on Earth and were left out.
    """

    names: tuple[str, ...]
    lat_deg: np.ndarray
    lon_deg: np.ndarray
    countries: tuple[str, ...]
    codes: tuple[str, ...]
    n_refused: int = 0
    fingerprint: str = field(init=False)
    index: tuple[np.ndarray, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        bad = np.flatnonzero(~(np.abs(self.lat_deg) <= 90.0) | ~(np.abs(self.lon_deg) <= 360.0))
        if len(bad):
            message = f"place `{self.names[bad[0]]}` lies outside the world"
            raise ConfigError(message, help="latitude is -90 to 90, longitude -180 to 180")
        object.__setattr__(self, "index", _index(self.lat_deg, self.lon_deg))
        seal = hashlib.sha256(canonical_json([self.names, self.countries, self.codes]).encode())
        seal.update(self.lat_deg.tobytes() + self.lon_deg.tobytes())
        object.__setattr__(self, "fingerprint", seal.hexdigest())

    def __len__(self) -> int:
        return len(self.names)

    def nearest(
        self, lat_deg: np.ndarray, lon_deg: np.ndarray, within_m: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Number of the nearest place (-1 for none within reach) and metres to it (infinite)."""
        return _nearest(self.index, lat_deg, lon_deg, within_m)

    def title(self, place: int) -> str:
        """The name as people read it: Halifax (CAN)."""
        country = self.countries[place]
        return f"{self.names[place]} ({country})" if country else self.names[place]


def bare_name(text: str) -> str:
    """Upper case, without accents and marks, single spaces: what names are compared by."""
    letters = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    kept = "".join(c if c.isalnum() and c.isascii() else " " for c in letters if c.isprintable())
    return " ".join(kept.upper().split())


def places_from(rows: Iterable[tuple[str, float, float, str, str]], n_refused: int = 0) -> Places:
    """Places from (name, latitude, longitude, country, UN/LOCODE)."""
    columns = list(zip(*rows, strict=True)) or [()] * 5
    names, lats, lons, countries, codes = columns
    return Places(
        tuple(names),
        np.array(lats, np.float64),
        np.array(lons, np.float64),
        tuple(countries),
        tuple(codes),
        n_refused,
    )


def read_places(path: str | Path) -> Places:
    """Places from CSV: the World Port Index, the labelled anchorages, or name, lat, lon, country.

    A line whose position is no place on Earth is left out and counted. Raises ConfigError for a
    file that cannot be read or a layout that is not known.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            known = [x for x in _LAYOUTS if set(x[:3]) <= set(reader.fieldnames or ())]
            if not known:
                message = f"{path} has no columns for places"
                raise ConfigError(message, help=_COLUMNS_HELP)
            read = [_place(row, known[0]) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        message = f"cannot read places from {path}: {error}"
        raise ConfigError(message, help="check the path; the file must be CSV in UTF-8") from error
    good = [place for place in read if place is not None]
    return places_from(good, len(read) - len(good))


def _place(
    row: dict[str, str], layout: tuple[str, ...]
) -> tuple[str, float, float, str, str] | None:
    name, lat, lon, country, code = layout
    try:
        lat_deg, lon_deg = float(row[lat] or ""), float(row[lon] or "")
    except ValueError:
        return None
    if not (abs(lat_deg) <= 90.0 and abs(lon_deg) <= 180.0):
        return None
    locode = (row.get(code) or "").replace(" ", "").upper() if code else ""
    return (row[name] or "").strip(), lat_deg, lon_deg, (row.get(country) or "").strip(), locode


def _index(lat_deg: np.ndarray, lon_deg: np.ndarray) -> tuple[np.ndarray, ...]:
    cells = _cells(lat_deg, lon_deg)
    order = np.argsort(cells, kind="stable").astype(np.int32)
    starts = np.zeros(_ROWS * _COLUMNS + 1, np.int32)
    np.cumsum(np.bincount(cells, minlength=_ROWS * _COLUMNS), out=starts[1:])
    lats, lons = lat_deg[order], lon_deg[order]
    return starts, order, _axes(lats, lons), lats, lons


@njit(cache=True, nogil=True)
def _row_of(lat_deg: float) -> int:
    return min(_ROWS - 1, max(0, int((lat_deg + 90.0) / _CELL_DEG)))


@njit(cache=True, nogil=True)
def _cells(lat_deg: np.ndarray, lon_deg: np.ndarray) -> np.ndarray:
    out = np.empty(len(lat_deg), np.int64)
    for i in range(len(lat_deg)):
        column = min(_COLUMNS - 1, int(((lon_deg[i] + 180.0) % 360.0) / _CELL_DEG))
        out[i] = _row_of(lat_deg[i]) * _COLUMNS + column
    return out


@njit(cache=True, nogil=True)
def nearest_place(
    index: tuple, lat_deg: float, lon_deg: float, within_m: float
) -> tuple[int, float]:
    """The nearest place no farther than `within_m`, and metres to it; (-1, inf) for none.

    Ties go to the place listed first.
    """
    starts, order, around, lats, lons = index
    reach_deg = within_m / EARTH_RADIUS_M / radians(1.0)
    first, last = _row_of(lat_deg - reach_deg), _row_of(lat_deg + reach_deg)
    polar = max(abs(lat_deg - reach_deg), abs(lat_deg + reach_deg))
    reach = _COLUMNS // 2
    if polar < 89.9:
        reach = min(reach, int(ceil(reach_deg / cos(radians(polar)) / _CELL_DEG)) + 1)
    middle = min(_COLUMNS - 1, int(((lon_deg + 180.0) % 360.0) / _CELL_DEG))
    x, y, z = axis_of(lat_deg, lon_deg)
    best, best_chord = -1, np.inf
    for row in range(first, last + 1):
        for step in range(-reach, reach + 1):
            cell = row * _COLUMNS + (middle + step) % _COLUMNS
            for k in range(starts[cell], starts[cell + 1]):
                chord = (x - around[k, 0]) ** 2 + (y - around[k, 1]) ** 2 + (z - around[k, 2]) ** 2
                if chord < best_chord or (chord == best_chord and order[k] < order[best]):
                    best, best_chord = k, chord
    if best < 0:
        return -1, np.inf
    away_m = distance_m(lat_deg, lon_deg, lats[best], lons[best])
    return (order[best], away_m) if away_m <= within_m else (-1, np.inf)


@njit(cache=True, nogil=True)
def axis_of(lat_deg: float, lon_deg: float) -> tuple[float, float, float]:
    """The unit vector of a position: chords between such order places as distances do."""
    phi, lam = radians(lat_deg), radians(lon_deg)
    return cos(phi) * cos(lam), cos(phi) * sin(lam), sin(phi)


@njit(cache=True, nogil=True)
def _axes(lat_deg: np.ndarray, lon_deg: np.ndarray) -> np.ndarray:
    out = np.empty((len(lat_deg), 3))
    for i in range(len(lat_deg)):
        out[i] = axis_of(lat_deg[i], lon_deg[i])
    return out


@njit(cache=True, nogil=True)
def _nearest(
    index: tuple, lat_deg: np.ndarray, lon_deg: np.ndarray, within_m: float
) -> tuple[np.ndarray, np.ndarray]:
    found = np.empty(len(lat_deg), np.int64)
    away_m = np.empty(len(lat_deg))
    for i in range(len(lat_deg)):
        found[i], away_m[i] = nearest_place(index, lat_deg[i], lon_deg[i], within_m)
    return found, away_m
