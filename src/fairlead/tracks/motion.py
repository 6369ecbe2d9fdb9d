"""How well a position fits a hull: the densities that the assignment to hulls compares.

A hull is its last position and two velocities: the reported one and one filtered from
displacement. The density of the next position (per square metre, in the tangent plane of the last
one) is a mixture, so that neither an honest manoeuvre nor a wrong reported course cuts a track:
the two predictions with constant velocity, rest, manoeuvres at any usual speed, a glitch of the
receiver, clocks of receivers that differ, and a home range for long silences. Beyond the top speed
it is nil. The time of the next row has a density too (tracks.cadence).

Numba's cache looks only at the file that holds a kernel: after a change here, delete the cached
kernels of tracks.splitting and tracks.by_key, or touch those files.
"""

from math import cos, exp, hypot, inf, isnan, log, pi, sin, sqrt
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from fairlead.geo.sphere import EARTH_RADIUS_M, tangent_m, wrap_lon_deg
from fairlead.tracks.cadence import begin_cadence, clock_error_s, last_interval_s, learn_cadence

HULL: Any = np.dtype(
    [
        ("track_id", np.int64),
        ("time_us", np.int64),
        ("observation_id", np.int64),
        ("previous_id", np.int64),
        ("lat_deg", np.float64),
        ("lon_deg", np.float64),
        ("noise_m", np.float64),
        ("reported_east_m_s", np.float64),
        ("reported_north_m_s", np.float64),
        ("east_m_s", np.float64),
        ("north_m_s", np.float64),
        ("velocity_error_m_s", np.float64),
        ("log_interval_s", np.float64),
        ("interval_variance", np.float64),
        ("log_last_s", np.float64),
        ("log_before_s", np.float64),
        ("silence_share", np.float64),
        ("beat_10_share", np.float64),
        ("beat_30_share", np.float64),
        ("waited_s", np.float64),
        ("n_rows", np.int64),
        ("n_intervals", np.int64),
        ("n_rivals", np.int64),
    ]
)
"""A hull as the kernels see it. `n_rivals`: rows given to other hulls since its last one."""

VELOCITY_UNKNOWN_M_S = 20.0
_M_PER_DEG = EARTH_RADIUS_M * pi / 180.0
_EARTH_M2 = 4.0 * pi * EARTH_RADIUS_M**2
_LOCAL_M = 30_000.0
_REST_M_S = 0.5
_PLAIN_WIDEST_M = 200.0
_SWING_M_S = 0.01
_SPEED_0_M_S, _EASE_S = 1.0, 30.0
_REACH = np.array([0.017, 0.3, 0.62])
_DRIFT = np.array([0.035, 0.34, 1.1])
_SLOW = np.array([0.8, 0.34])
_WEIGHTS = np.array(
    [
        [0.49, 0.09, 0.07, 0.04, 0.065, 0.004, 0.01, 0.004, 0.007, 0.001]
        + [0.006, 0.002, 0.005, 0.20, 0.002] + [0.0] * 5,
        [0.01, 0.002, 0.004, 0.004, 0.006, 0.016, 0.018, 0.04, 0.006, 0.001]
        + [0.27, 0.30, 0.23, 0.05, 0.04] + [0.0] * 5,
        [0.73, 0.015, 0.01, 0.002, 0.004, 0.002, 0.002, 0.002, 0.001, 0.001]
        + [0.002, 0.001, 0.001, 0.002, 0.001, 0.20, 0.005, 0.005, 0.015, 0.003],
        [0.014, 0.002, 0.003, 0.002, 0.002, 0.004, 0.006, 0.008, 0.003, 0.001]
        + [0.08, 0.07, 0.04, 0.015, 0.005, 0.33, 0.27, 0.10, 0.03, 0.025],
    ]
)  # fmt: skip
"""Shares of the densities: at rest and under way, without and with a reported velocity.

Ten that need no velocity (three of stillness, a glitch, swinging, three reaches, a glitch, a home
range), five from the filtered velocity and five from the reported one (kept in three degrees, given
up half way, clocks that differ). Fitted like the scales by expectation maximisation to every second
vessel of the US coast, Suez, New York and the Solent; they hold on the others. Stillness is kept
coarser than the fit has it: an antenna's two places would become two hulls.
"""


class Motion(NamedTuple):
    """What is physical, in the units of the names."""

    noise_m: float
    clock_s: float
    top_speed_m_s: float
    usual_speed_m_s: float
    log_new: float
    log_confirm: float
    log_stale: float


@njit(cache=True, nogil=True)
def offset_m(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> tuple[float, float]:
    """East and north of the second point seen from the first; quick for near ones, safe for all."""
    d_lat, d_lon = lat_2 - lat_1, lon_2 - lon_1
    if d_lon > 180.0 or d_lon < -180.0:
        d_lon = wrap_lon_deg(d_lon)
    if abs(d_lat) > 1.0 or abs(d_lon) > 1.0 or abs(lat_1) > 80.0:
        return tangent_m(lat_1, lon_1, lat_2, lon_2)
    return d_lon * cos((lat_1 + lat_2) * (pi / 360.0)) * _M_PER_DEG, d_lat * _M_PER_DEG


@njit(cache=True, nogil=True)
def offset_from_way_m(hull, time_us, lat, lon) -> tuple[float, float, float]:
    """East and north of a point from where a hull is about now, and its speed in m/s.

    By its reported velocity, or else the filtered one; after ten minutes where it was last.
    """
    x, y = offset_m(hull.lat_deg, hull.lon_deg, lat, lon)
    lasted_s = (time_us - hull.time_us) / 1e6
    v_e, v_n = 0.0, 0.0
    if lasted_s < 600.0:
        if not isnan(hull.reported_east_m_s):
            v_e, v_n = hull.reported_east_m_s, hull.reported_north_m_s
        elif hull.velocity_error_m_s < VELOCITY_UNKNOWN_M_S:
            v_e, v_n = hull.east_m_s, hull.north_m_s
    return x - v_e * lasted_s, y - v_n * lasted_s, hypot(v_e, v_n)


@njit(cache=True, nogil=True)
def _turned(east, north, lat_deg, d_lon_deg):
    """A vector carried along a parallel keeps its direction in space: north itself turns."""
    if -0.05 < d_lon_deg < 0.05:
        return east, north
    angle = wrap_lon_deg(d_lon_deg) * (pi / 180.0) * sin(lat_deg * (pi / 180.0))
    if abs(angle) < 1e-3:
        return east, north
    c, s = cos(angle), sin(angle)
    return east * c + north * s, north * c - east * s


@njit(cache=True, nogil=True)
def _missed_m2(x, y, v_e, v_n, error_m_s, lasted_s, slack_s, noise_m):
    """Squares of the error of a prediction with constant velocity and of its scale.

    Acceleration first, then linear in time.
    """
    d_x, d_y = x - v_e * lasted_s, y - v_n * lasted_s
    speed_2 = v_e * v_e + v_n * v_n
    drift = min(0.02 * lasted_s * lasted_s, (0.1 + 0.08 * sqrt(speed_2)) * lasted_s)
    spread = error_m_s * lasted_s
    scale_2 = 2.0 * noise_m * noise_m + speed_2 * slack_s * slack_s + drift * drift
    return d_x * d_x + d_y * d_y, scale_2 + spread * spread


@njit(cache=True, nogil=True)
def _noise_m(hull, noise_m):
    """The position error that two rows have together, per row: some are coarser than others."""
    if hull.noise_m == noise_m:
        return noise_m
    return sqrt(0.5 * (hull.noise_m * hull.noise_m + noise_m * noise_m))


@njit(cache=True, nogil=True)
def _mean_velocity(hull, lat, lon, east, north):
    """Reported velocity at the hull's last row, or half way to the one that this row reports."""
    v_e, v_n = hull.reported_east_m_s, hull.reported_north_m_s
    if isnan(east):
        return v_e, v_n
    b_e, b_n = _turned(east, north, lat, hull.lon_deg - lon)
    return 0.5 * (v_e + b_e), 0.5 * (v_n + b_n)


@njit(cache=True, nogil=True)
def is_plain(hull, time_us, lat, lon, noise_m, east, north) -> bool:
    """Whether a row lies so close to what the hull was about to do that nothing else competes."""
    x, y = offset_m(hull.lat_deg, hull.lon_deg, lat, lon)
    noise = _noise_m(hull, noise_m)
    lasted_s, slack_s = (time_us - hull.time_us) / 1e6, clock_error_s(hull.time_us, time_us)
    if x * x + y * y < 4.0 * noise * noise and lasted_s < 21_600.0:
        return True
    widest_2 = _PLAIN_WIDEST_M * _PLAIN_WIDEST_M
    if hull.velocity_error_m_s < VELOCITY_UNKNOWN_M_S:
        e_2, s_2 = _missed_m2(
            x, y, hull.east_m_s, hull.north_m_s, hull.velocity_error_m_s, lasted_s, slack_s, noise
        )
        if e_2 < 6.25 * min(s_2, widest_2):
            return True
    if isnan(hull.reported_east_m_s):
        return False
    v_e, v_n = _mean_velocity(hull, lat, lon, east, north)
    e_2, s_2 = _missed_m2(x, y, v_e, v_n, 0.0, lasted_s, slack_s, noise)
    return e_2 < 6.25 * min(s_2, widest_2)


@njit(cache=True, nogil=True)
def _density(error_m: float, scale_m: float) -> float:
    z = error_m / scale_m
    return exp(-0.5 * z * z) / (2.0 * pi * scale_m * scale_m)


@njit(cache=True, nogil=True)
def _at_rest(hull) -> float:
    """How much a hull is at rest, 0 to 1, by its reported speed or else its displacement."""
    if not isnan(hull.reported_east_m_s):
        speed = hypot(hull.reported_east_m_s, hull.reported_north_m_s)
    elif hull.velocity_error_m_s < VELOCITY_UNKNOWN_M_S:
        speed = hypot(hull.east_m_s, hull.north_m_s)
    else:
        return 0.3
    return exp(-0.5 * (speed / _REST_M_S) ** 2)


@njit(cache=True, nogil=True)
def _stay_densities(found, away, noise, span_s, lasted_s, motion):
    """Densities (per m2) of what does not depend on a velocity, into found[:10]."""
    reach = motion.usual_speed_m_s * span_s
    found[0] = _density(away, 1.2 * noise)
    found[1] = _density(away, 2.0 * noise)
    found[2] = _density(away, 4.0 * noise)
    found[3] = _density(away, 80.0 + noise)
    found[4] = _density(away, 2.0 * noise + 10.0 + min(_SWING_M_S * lasted_s, 150.0))
    for k in range(3):
        found[5 + k] = _density(away, min(10.0 + 2.0 * noise + _REACH[k] * reach, 5e6))
    found[8] = _density(away, 300.0)
    found[9] = _density(away, _LOCAL_M)


@njit(cache=True, nogil=True)
def _along(x, y, v_e, v_n, speed, lasted_s, along_2, across_2):
    """Density around where a velocity leads, with other scales along and across it."""
    d_x, d_y = x - v_e * lasted_s, y - v_n * lasted_s
    along, across = (d_x * v_e + d_y * v_n) / speed, (d_x * v_n - d_y * v_e) / speed
    z_2 = along * along / along_2 + across * across / across_2
    return exp(-0.5 * z_2) / (2.0 * pi * sqrt(along_2 * across_2))


@njit(cache=True, nogil=True)
def _way_densities(found, x, y, v_e, v_n, error_m_s, noise, slack_s, lasted_s, before_s, clock_s):
    """Densities where a velocity leads: kept in three degrees, given up half way, other clocks."""
    speed = hypot(v_e, v_n)
    if speed < 1e-6:
        v_e, v_n, speed = 1e-6, 0.0, 1e-6
    clocks = speed * slack_s
    drift = (_SPEED_0_M_S + 0.25 * speed) * lasted_s * lasted_s / (lasted_s + _EASE_S)
    drift *= (1.0 + (lasted_s + before_s) / 300.0) ** 0.055
    base_2 = 2.0 * noise * noise + (error_m_s * lasted_s) ** 2
    for k in range(3):
        across_2 = base_2 + (_DRIFT[k] * drift) ** 2
        found[k] = _along(x, y, v_e, v_n, speed, lasted_s, across_2 + clocks * clocks, across_2)
    gone = min(speed, 15.0) * lasted_s
    found[3] = _along(
        x, y, 0.5 * v_e, 0.5 * v_n, 0.5 * speed, lasted_s,
        100.0 + noise * noise + (_SLOW[0] * gone) ** 2 + clocks * clocks,
        100.0 + noise * noise + (_SLOW[1] * gone) ** 2,
    )  # fmt: skip
    found[4] = 0.0
    if speed > 1.0:
        across_2 = base_2 + (_DRIFT[1] * drift) ** 2
        late = speed * clock_s
        found[4] = _along(x, y, v_e, v_n, speed, lasted_s, across_2 + late * late, across_2)


@njit(cache=True, nogil=True)
def log_fit(hull, time_us, lat, lon, noise_m, east, north, motion) -> float:
    """Log density of a row as the hull's next one: position and reported velocity."""
    x, y = offset_m(hull.lat_deg, hull.lon_deg, lat, lon)
    away = sqrt(x * x + y * y)
    lasted_s, slack_s = (time_us - hull.time_us) / 1e6, clock_error_s(hull.time_us, time_us)
    span_s = lasted_s + slack_s
    if away > motion.top_speed_m_s * span_s + 1_000.0:
        return -inf
    noise = _noise_m(hull, noise_m)
    found = np.zeros(20)
    _stay_densities(found, away, noise, span_s, lasted_s, motion)
    before_s = last_interval_s(hull)
    is_way = away < motion.top_speed_m_s * span_s + 100.0
    if (
        is_way
        and hypot(hull.east_m_s, hull.north_m_s) < motion.top_speed_m_s
        and (hull.velocity_error_m_s < VELOCITY_UNKNOWN_M_S)
    ):
        _way_densities(
            found[10:15], x, y, hull.east_m_s, hull.north_m_s, hull.velocity_error_m_s, noise,
            slack_s, lasted_s, before_s, motion.clock_s,
        )  # fmt: skip
    weights = _WEIGHTS[:2]
    if not isnan(hull.reported_east_m_s):
        weights = _WEIGHTS[2:]
        v_e, v_n = _mean_velocity(hull, lat, lon, east, north)
        if is_way:
            _way_densities(
                found[15:], x, y, v_e, v_n, 0.0, noise, slack_s, lasted_s, before_s, motion.clock_s
            )
    at_rest = _at_rest(hull)
    p = 1e-300
    for k in range(20):
        p += (at_rest * weights[0, k] + (1.0 - at_rest) * weights[1, k]) * found[k]
    return log(p) + _log_velocity(hull, east, north, lat, lon, lasted_s)


@njit(cache=True, nogil=True)
def _log_velocity(hull, east, north, lat, lon, lasted_s):
    if isnan(east):
        return 0.0
    if isnan(hull.reported_east_m_s):
        return log_any_velocity(east, north)
    b_e, b_n = _turned(east, north, lat, hull.lon_deg - lon)
    change = hypot(b_e - hull.reported_east_m_s, b_n - hull.reported_north_m_s)
    near = 0.9 * _density(change, min(0.7 + 0.03 * lasted_s, 6.0))
    return log(near + 0.1 * _density(change, 10.0))


@njit(cache=True, nogil=True)
def log_any_velocity(east: float, north: float) -> float:
    """Log density of a reported velocity of which nothing is known."""
    return 0.0 if isnan(east) else log(_density(hypot(east, north), 8.0))


@njit(cache=True, nogil=True)
def log_anywhere(away_m: float) -> float:
    """Log density of a hull's first position: half near another of the MMSI, half on Earth."""
    apart = 1.0 - exp(-0.5 * (away_m / 50.0) ** 2)
    return log(0.5 * apart * _density(away_m, _LOCAL_M) + 0.5 / _EARTH_M2)


@njit(cache=True, nogil=True)
def begin(hull, track_id, observation_id, time_us, lat, lon, noise_m, east, north, interval_s):
    """A hull's first row."""
    hull.track_id = track_id
    hull.time_us = time_us
    hull.observation_id = observation_id
    hull.previous_id = 0
    hull.lat_deg, hull.lon_deg, hull.noise_m = lat, lon, noise_m
    hull.reported_east_m_s, hull.reported_north_m_s = east, north
    hull.east_m_s, hull.north_m_s = 0.0, 0.0
    hull.velocity_error_m_s = VELOCITY_UNKNOWN_M_S
    begin_cadence(hull, interval_s)
    hull.n_rows, hull.n_rivals = 1, 0


@njit(cache=True, nogil=True)
def advance(hull, observation_id, time_us, lat, lon, noise_m, east, north):
    """A hull's next row: the velocity from displacement is filtered, the rest replaced."""
    lasted_s = (time_us - hull.time_us) / 1e6
    if lasted_s > 0.0:
        x, y = offset_m(hull.lat_deg, hull.lon_deg, lat, lon)
        old = hull.velocity_error_m_s
        speed = hypot(hull.east_m_s, hull.north_m_s)
        grown = min(VELOCITY_UNKNOWN_M_S, old + (0.015 + 0.002 * speed) * lasted_s)
        seen = (
            1.4 * _noise_m(hull, noise_m) / (lasted_s + 0.5 * clock_error_s(hull.time_us, time_us))
            + 0.01
        )
        gain = grown * grown / (grown * grown + seen * seen)
        v_e = hull.east_m_s + gain * (x / lasted_s - hull.east_m_s)
        v_n = hull.north_m_s + gain * (y / lasted_s - hull.north_m_s)
        v_e, v_n = _turned(v_e, v_n, lat, lon - hull.lon_deg)
        hull.east_m_s, hull.north_m_s = v_e, v_n
        hull.velocity_error_m_s = (1.0 - gain) ** 0.5 * grown
    learn_cadence(hull, time_us)
    hull.time_us = time_us
    hull.previous_id = hull.observation_id
    hull.observation_id = observation_id
    hull.lat_deg, hull.lon_deg, hull.noise_m = lat, lon, noise_m
    hull.reported_east_m_s, hull.reported_north_m_s = east, north
    hull.n_rows += 1
    hull.n_rivals = 0
