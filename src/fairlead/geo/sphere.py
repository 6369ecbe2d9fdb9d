"""Great-circle geometry on the sphere, safe at 180 degrees and at the poles.

Every function is a Numba kernel on scalars; the plural ones map over arrays of shape (n,).
The radius is the IUGG mean, 6,371,008.8 m: within 0.5 % of the ellipsoid everywhere.
"""

from math import asin, atan2, cos, hypot, pi, radians, sin, sqrt

import numpy as np
from numba import njit

EARTH_RADIUS_M = 6_371_008.8
M_PER_NM = 1852.0
M_S_PER_KN = 1852.0 / 3600.0
_DEG = 180.0 / pi


@njit(cache=True, nogil=True)
def wrap_lon_deg(lon_deg: float) -> float:
    """The same meridian in [-180, 180)."""
    east = lon_deg + 180.0
    if not 0.0 <= east < 360.0:
        east %= 360.0  # many times dearer than all the rest, and most longitudes are at home
        if east >= 360.0:  # a hair west of -180 rounds up to the whole turn
            east = 0.0
    return east - 180.0


@njit(cache=True, nogil=True)
def turn_deg(from_deg: float, to_deg: float) -> float:
    """The signed smallest turn between two directions, in [-180, 180)."""
    return wrap_lon_deg(to_deg - from_deg)


@njit(cache=True, nogil=True)
def distance_m(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> float:
    """Haversine distance (Sinnott 1984): accurate for near points, finite for antipodes."""
    phi_1, phi_2 = radians(lat_1), radians(lat_2)
    u = sin((phi_2 - phi_1) / 2.0)
    v = sin(radians(lon_2 - lon_1) / 2.0)
    h = u * u + cos(phi_1) * cos(phi_2) * v * v
    return 2.0 * EARTH_RADIUS_M * asin(sqrt(min(1.0, h)))


@njit(cache=True, nogil=True)
def _compass_deg(angle_deg: float) -> float:
    """An angle of [-180, 180] in [0, 360): a hair west of north rounds to 360 and is north."""
    if angle_deg < 0.0:
        angle_deg += 360.0
    return angle_deg + 0.0 if angle_deg < 360.0 else 0.0


@njit(cache=True, nogil=True)
def bearing_deg(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> float:
    """Initial bearing from the first point to the second, in [0, 360)."""
    phi_1, phi_2 = radians(lat_1), radians(lat_2)
    d_lon = radians(lon_2 - lon_1)
    east = sin(d_lon) * cos(phi_2)
    north = cos(phi_1) * sin(phi_2) - sin(phi_1) * cos(phi_2) * cos(d_lon)
    return _compass_deg(atan2(east, north) * _DEG)


@njit(cache=True, nogil=True)
def leg(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> tuple[float, float]:
    """Length in metres and direction in degrees, [0, 360), of a leg between two near points.

    In the plane at the middle latitude: a third of the cost of `distance_m` and `bearing_deg`.
    Within 2 parts in 100,000 of the distance; the direction is that at the middle of the leg.
    Points half a degree apart, or beyond 75 degrees of latitude, are measured on the sphere.
    """
    north, east = lat_2 - lat_1, lon_2 - lon_1
    if not (abs(north) < 0.5 and abs(east) < 0.5 and abs(lat_1) < 75.0):
        return distance_m(lat_1, lon_1, lat_2, lon_2), bearing_deg(lat_1, lon_1, lat_2, lon_2)
    east *= cos(radians(0.5 * (lat_1 + lat_2)))
    length_m = radians(sqrt(north * north + east * east)) * EARTH_RADIUS_M
    return length_m, _compass_deg(atan2(east, north) * _DEG)


@njit(cache=True, nogil=True)
def destination_deg(
    lat: float, lon: float, direction_deg: float, along_m: float
) -> tuple[float, float]:
    """Latitude and longitude after `along_m` metres on the great circle that starts so."""
    phi, theta = radians(lat), radians(direction_deg)
    delta = along_m / EARTH_RADIUS_M
    sin_phi = sin(phi) * cos(delta) + cos(phi) * sin(delta) * cos(theta)
    sin_phi = max(-1.0, min(1.0, sin_phi))
    east = sin(theta) * sin(delta) * cos(phi)
    north = cos(delta) - sin(phi) * sin_phi
    return asin(sin_phi) * _DEG, wrap_lon_deg(lon + atan2(east, north) * _DEG)


@njit(cache=True, nogil=True)
def midway_deg(
    lat_1: float, lon_1: float, lat_2: float, lon_2: float, share: float
) -> tuple[float, float]:
    """The point at `share` (0 to 1) of the great circle from the first point to the second.

    Points within 0.02 degrees of each other are joined by a straight line in degrees, a tenth of
    the cost: within 0.4 m of the great circle up to 75 degrees of latitude, beyond which, and
    across 180 degrees, it is followed exactly.
    """
    north, east = lat_2 - lat_1, lon_2 - lon_1
    if abs(north) < 0.02 and abs(east) < 0.02 and abs(lat_1) < 75.0:
        return lat_1 + share * north, wrap_lon_deg(lon_1 + share * east)
    phi_1, lam_1, phi_2, lam_2 = radians(lat_1), radians(lon_1), radians(lat_2), radians(lon_2)
    angle = distance_m(lat_1, lon_1, lat_2, lon_2) / EARTH_RADIUS_M
    if angle < 1e-12:
        return lat_1, wrap_lon_deg(lon_1)
    a = sin((1.0 - share) * angle) / sin(angle)
    b = sin(share * angle) / sin(angle)
    x = a * cos(phi_1) * cos(lam_1) + b * cos(phi_2) * cos(lam_2)
    y = a * cos(phi_1) * sin(lam_1) + b * cos(phi_2) * sin(lam_2)
    z = a * sin(phi_1) + b * sin(phi_2)
    return atan2(z, hypot(x, y)) * _DEG, atan2(y, x) * _DEG


@njit(cache=True, nogil=True)
def tangent_m(lat_0: float, lon_0: float, lat: float, lon: float) -> tuple[float, float]:
    """East and north of a point in the tangent plane of the first (azimuthal equidistant)."""
    away_m = distance_m(lat_0, lon_0, lat, lon)
    theta = radians(bearing_deg(lat_0, lon_0, lat, lon))
    return away_m * sin(theta), away_m * cos(theta)


def east_north(along: np.ndarray, direction_deg: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The parts towards east and north of lengths or speeds with a direction, shape (n,)."""
    theta = np.radians(direction_deg)
    return along * np.sin(theta), along * np.cos(theta)


@njit(cache=True, nogil=True)
def implied_speed_kn(
    lat_1: float, lon_1: float, time_1_us: int, lat_2: float, lon_2: float, time_2_us: int
) -> float:
    """Speed over the great circle between two points; infinite when time stands still."""
    away_m = distance_m(lat_1, lon_1, lat_2, lon_2)
    lasted_s = abs(time_2_us - time_1_us) / 1e6
    if lasted_s == 0.0:
        return 0.0 if away_m == 0.0 else np.inf
    return away_m / lasted_s / M_S_PER_KN


@njit(cache=True, nogil=True)
def distances_m(
    lat_1: np.ndarray, lon_1: np.ndarray, lat_2: np.ndarray, lon_2: np.ndarray
) -> np.ndarray:
    """`distance_m` row by row: metres, shape (n,)."""
    out = np.empty(len(lat_1))
    for i in range(len(lat_1)):
        out[i] = distance_m(lat_1[i], lon_1[i], lat_2[i], lon_2[i])
    return out
