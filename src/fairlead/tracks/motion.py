"""How well a position fits a hull: the densities that the assignment to hulls compares.

A hull is its last position and two velocities: the reported one and one filtered from
displacement. The density of the next position (per square metre, in the tangent plane of the last
one) is a mixture, so that neither an honest manoeuvre nor a wrong reported course cuts a track:
the two predictions with constant velocity, rest, manoeuvres at any usual speed, a glitch of the
receiver, clocks of receivers that differ, and a home range for long silences. Beyond the top speed
it is nil. The time of the next row has a density too: each transmitter has its own cadence.

Numba's cache looks only at the file that holds a kernel: after a change here, delete the cached
kernels of tracks.splitting and tracks.by_key, or touch those files.
"""

from math import cos, erfc, exp, hypot, inf, isnan, log, pi, sin, sqrt
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from fairlead.geo.sphere import EARTH_RADIUS_M, tangent_m, wrap_lon_deg

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
        ("silence_share", np.float64),
        ("waited_s", np.float64),
        ("n_rows", np.int64),
        ("n_intervals", np.int64),
        ("n_rivals", np.int64),
    ]
)
"""A hull as the kernels see it. `n_rivals`: rows given to other hulls since its last one."""

VELOCITY_UNKNOWN_M_S = 20.0
FIRST_INTERVAL_S = 180.0
_M_PER_DEG = EARTH_RADIUS_M * pi / 180.0
_EARTH_M2 = 4.0 * pi * EARTH_RADIUS_M**2
_MINUTE_US = 60_000_000
_LOCAL_M = 30_000.0
_CLOCK_S = 2.0
_ON_TIME, _LATE, _ANY_TIME, _AGAIN = 0.65, 0.28, 0.05, 0.02
_TAIL = 0.03
_FIRST_VARIANCE = 0.64
_SILENCE = log(5.0)
_ROOT_HALF = 0.5**0.5


class Motion(NamedTuple):
    """What is physical, in the units of the names."""

    noise_m: float
    clock_s: float
    top_speed_m_s: float
    usual_speed_m_s: float
    log_new: float
    log_confirm: float
    log_stale: float


@njit(cache=True)
def offset_m(lat_1: float, lon_1: float, lat_2: float, lon_2: float) -> tuple[float, float]:
    """East and north of the second point seen from the first; quick for near ones, safe for all."""
    d_lat, d_lon = lat_2 - lat_1, lon_2 - lon_1
    if d_lon > 180.0 or d_lon < -180.0:
        d_lon = wrap_lon_deg(d_lon)
    if abs(d_lat) > 1.0 or abs(d_lon) > 1.0 or abs(lat_1) > 80.0:
        return tangent_m(lat_1, lon_1, lat_2, lon_2)
    return d_lon * cos((lat_1 + lat_2) * (pi / 360.0)) * _M_PER_DEG, d_lat * _M_PER_DEG


@njit(cache=True)
def _turned(east, north, lat_deg, d_lon_deg):
    """A vector carried along a parallel keeps its direction in space: north itself turns."""
    if -0.05 < d_lon_deg < 0.05:
        return east, north
    angle = wrap_lon_deg(d_lon_deg) * (pi / 180.0) * sin(lat_deg * (pi / 180.0))
    if abs(angle) < 1e-3:
        return east, north
    c, s = cos(angle), sin(angle)
    return east * c + north * s, north * c - east * s


@njit(cache=True)
def clock_error_s(time_1_us: int, time_2_us: int) -> float:
    """Times on the whole minute are taken as cut to the minute, others are good to 0.5 s."""
    if time_1_us % _MINUTE_US == 0 and time_2_us % _MINUTE_US == 0:
        return 30.0
    return 0.5


@njit(cache=True)
def _drift_m(lasted_s: float, speed_m_s: float) -> float:
    """Error of a prediction with constant velocity: acceleration first, then linear in time."""
    return min(0.02 * lasted_s * lasted_s, (0.1 + 0.08 * speed_m_s) * lasted_s)


@njit(cache=True)
def _missed_m2(x, y, v_e, v_n, error_m_s, lasted_s, slack_s, noise_m):
    """Squares of the error of a prediction with constant velocity and of its scale."""
    d_x, d_y = x - v_e * lasted_s, y - v_n * lasted_s
    speed_2 = v_e * v_e + v_n * v_n
    drift, spread = _drift_m(lasted_s, sqrt(speed_2)), error_m_s * lasted_s
    scale_2 = 2.0 * noise_m * noise_m + speed_2 * slack_s * slack_s + drift * drift
    return d_x * d_x + d_y * d_y, scale_2 + spread * spread


@njit(cache=True)
def _noise_m(hull, noise_m):
    """The position error that two rows have together, per row: some are coarser than others."""
    if hull.noise_m == noise_m:
        return noise_m
    return sqrt(0.5 * (hull.noise_m * hull.noise_m + noise_m * noise_m))


@njit(cache=True)
def _late_or_early(x, y, v_e, v_n, lasted_s, scale_2, clock_s):
    """Density where a constant velocity leads if the clocks of two receivers differ."""
    d_x, d_y = x - v_e * lasted_s, y - v_n * lasted_s
    speed_2 = v_e * v_e + v_n * v_n
    if speed_2 < 1.0:
        return 0.0
    along, across = d_x * v_e + d_y * v_n, d_y * v_e - d_x * v_n
    along_2 = scale_2 + speed_2 * clock_s * clock_s
    z_2 = (along * along / along_2 + across * across / scale_2) / speed_2
    return exp(-0.5 * z_2) / (2.0 * pi * sqrt(along_2 * scale_2))


@njit(cache=True)
def _mean_velocity(hull, lat, lon, east, north):
    """Reported velocity at the hull's last row, or half way to the one that this row reports."""
    v_e, v_n = hull.reported_east_m_s, hull.reported_north_m_s
    if isnan(east):
        return v_e, v_n
    b_e, b_n = _turned(east, north, lat, hull.lon_deg - lon)
    return 0.5 * (v_e + b_e), 0.5 * (v_n + b_n)


@njit(cache=True)
def is_plain(hull, time_us, lat, lon, noise_m, east, north, motion) -> bool:
    """Whether a row lies so close to what the hull was about to do that nothing else competes."""
    x, y = offset_m(hull.lat_deg, hull.lon_deg, lat, lon)
    noise = _noise_m(hull, noise_m)
    lasted_s, slack_s = (time_us - hull.time_us) / 1e6, clock_error_s(hull.time_us, time_us)
    if x * x + y * y < 4.0 * noise * noise and lasted_s < 21_600.0:
        return True
    widest_2 = 625.0 * motion.noise_m * motion.noise_m
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


@njit(cache=True)
def _density(error_m: float, scale_m: float) -> float:
    z = error_m / scale_m
    return exp(-0.5 * z * z) / (2.0 * pi * scale_m * scale_m)


@njit(cache=True)
def _at_rest(hull) -> float:
    """How much a hull is at rest, 0 to 1, by its reported speed or else its displacement."""
    if not isnan(hull.reported_east_m_s):
        speed = hypot(hull.reported_east_m_s, hull.reported_north_m_s)
    elif hull.velocity_error_m_s < VELOCITY_UNKNOWN_M_S:
        speed = hypot(hull.east_m_s, hull.north_m_s)
    else:
        return 0.3
    return exp(-0.5 * (speed / 0.3) ** 2)


@njit(cache=True)
def _reach_m(motion, share, span_s):
    """Scale of where a hull may be after a time at a share of its usual speed."""
    return min(2.0 * motion.noise_m + share * motion.usual_speed_m_s * span_s, 5e6)


@njit(cache=True)
def log_fit(hull, time_us, lat, lon, noise_m, east, north, motion) -> float:
    """Log density of a row as the hull's next one: position and reported velocity."""
    x, y = offset_m(hull.lat_deg, hull.lon_deg, lat, lon)
    away = sqrt(x * x + y * y)
    lasted_s, slack_s = (time_us - hull.time_us) / 1e6, clock_error_s(hull.time_us, time_us)
    span_s = lasted_s + slack_s
    if away > motion.top_speed_m_s * span_s + 1_000.0:
        return -inf
    noise = _noise_m(hull, noise_m)
    at_rest = _at_rest(hull)
    under_way = 1.0 - at_rest
    still = 1.2 * noise
    p = 1e-300 + (0.02 + 0.50 * at_rest) * _density(away, still)
    p += (0.01 + 0.20 * at_rest) * _density(away, 2.5 * still)
    p += (0.01 + 0.08 * at_rest) * _density(away, 2.0 * noise + min(0.1 * lasted_s, 150.0))
    p += (0.02 + 0.02 * under_way) * _density(away, _reach_m(motion, 1.5, span_s))
    p += (0.03 + 0.04 * under_way) * _density(away, _reach_m(motion, 0.5, span_s))
    p += (0.03 + 0.01 * under_way) * _density(away, _reach_m(motion, 0.05, span_s))
    p += 0.002 * _density(away, 300.0)
    p += 0.01 * _density(away, _LOCAL_M)
    if not isnan(hull.reported_east_m_s):
        v_e, v_n = _mean_velocity(hull, lat, lon, east, north)
        e_2, s_2 = _missed_m2(x, y, v_e, v_n, 0.0, lasted_s, slack_s, noise)
        p += (0.01 + 0.30 * under_way) * _density(sqrt(e_2), sqrt(s_2))
        p += (0.01 + 0.15 * under_way) * _density(sqrt(e_2), 5.0 * sqrt(s_2))
        p += 0.03 * _late_or_early(x, y, v_e, v_n, lasted_s, s_2, motion.clock_s)
    if hull.velocity_error_m_s < VELOCITY_UNKNOWN_M_S:
        e_2, s_2 = _missed_m2(
            x, y, hull.east_m_s, hull.north_m_s, hull.velocity_error_m_s, lasted_s, slack_s, noise
        )
        p += (0.01 + 0.30 * under_way) * _density(sqrt(e_2), sqrt(s_2))
        p += (0.02 + 0.20 * under_way) * _density(sqrt(e_2), 5.0 * sqrt(s_2))
        v_e, v_n = hull.east_m_s, hull.north_m_s
        p += 0.03 * _late_or_early(x, y, v_e, v_n, lasted_s, s_2, motion.clock_s)
    return log(p) + _log_velocity(hull, east, north, lat, lon, lasted_s)


@njit(cache=True)
def _log_velocity(hull, east, north, lat, lon, lasted_s):
    if isnan(east):
        return 0.0
    if isnan(hull.reported_east_m_s):
        return log_any_velocity(east, north)
    b_e, b_n = _turned(east, north, lat, hull.lon_deg - lon)
    change = hypot(b_e - hull.reported_east_m_s, b_n - hull.reported_north_m_s)
    near = 0.9 * _density(change, min(0.7 + 0.03 * lasted_s, 6.0))
    return log(near + 0.1 * _density(change, 10.0))


@njit(cache=True)
def log_any_velocity(east: float, north: float) -> float:
    """Log density of a reported velocity of which nothing is known."""
    return 0.0 if isnan(east) else log(_density(hypot(east, north), 8.0))


@njit(cache=True)
def log_anywhere(away_m: float) -> float:
    """Log density of a hull's first position: half near another of the MMSI, half on Earth."""
    apart = 1.0 - exp(-0.5 * (away_m / 50.0) ** 2)
    return log(0.5 * apart * _density(away_m, _LOCAL_M) + 0.5 / _EARTH_M2)


@njit(cache=True)
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
    hull.log_interval_s, hull.interval_variance = log(interval_s + _CLOCK_S), _FIRST_VARIANCE
    hull.silence_share, hull.waited_s = _TAIL, 0.0
    hull.n_rows, hull.n_intervals, hull.n_rivals = 1, 0, 0


@njit(cache=True)
def _count_interval(hull, lasted_s):
    """Learn the cadence: mean and variance of the logarithm of the time between rows.

    After a long silence the cadence is learned anew: another receiver, another state of the ship.
    A row less than a second after the last repeats it.
    """
    if lasted_s < 1.0:
        return
    missed = log(lasted_s + _CLOCK_S) - hull.log_interval_s
    hull.silence_share += 0.08 * ((missed > _SILENCE) - hull.silence_share)
    if missed > _SILENCE and hull.n_intervals > 0:
        hull.interval_variance, hull.n_intervals = _FIRST_VARIANCE, 0
        return
    # a late row may follow one that nobody heard: it says little of the cadence
    missed = max(-2.0, min(0.4 if hull.n_intervals > 0 else 2.0, missed))
    gain = 1.0 / min(hull.n_intervals + 2.0, 12.0)
    hull.interval_variance += gain * (missed * missed - hull.interval_variance)
    hull.log_interval_s += gain * missed
    hull.n_intervals += 1


@njit(cache=True)
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
    _count_interval(hull, lasted_s)
    hull.waited_s = 0.0
    hull.time_us = time_us
    hull.previous_id = hull.observation_id
    hull.observation_id = observation_id
    hull.lat_deg, hull.lon_deg, hull.noise_m = lat, lon, noise_m
    hull.reported_east_m_s, hull.reported_north_m_s = east, north
    hull.n_rows += 1
    hull.n_rivals = 0


@njit(cache=True)
def interval_s(hull) -> float:
    """The usual time between two rows of a hull."""
    return exp(hull.log_interval_s)


@njit(cache=True)
def waited_s(hull, quiet_s: float) -> float:
    """How long a hull has been silent while its MMSI was heard.

    `quiet_s`: since the last row of any hull. Of a silence of all hulls only three intervals count:
    then it was the receiver that did not hear.
    """
    return hull.waited_s + min(quiet_s, 3.0 * interval_s(hull))


@njit(cache=True)
def log_silent(hull, waited: float) -> float:
    """Log probability that a hull that is there has sent nothing yet.

    One interval of the hull's cadence (lognormal), or more of which some were not heard, or at any
    time, or after a long silence.
    """
    usual, spread = interval_s(hull), sqrt(hull.interval_variance + 0.01)
    ratio = (log(waited + _CLOCK_S) - hull.log_interval_s) / spread
    late = exp(-max(0.0, waited - usual) / (2.0 * usual))
    tail = (1.0 + waited / max(600.0, usual)) ** -0.5
    on_time = 0.5 * erfc(ratio * _ROOT_HALF)
    any_time = exp(-waited / usual)
    again = exp(-waited / _CLOCK_S)
    regular = _ON_TIME * on_time + _LATE * late + _ANY_TIME * any_time + _AGAIN * again
    share = hull.silence_share + 0.01
    return log((1.0 - share) * regular + share * tail)


@njit(cache=True)
def log_sent(hull, waited: float) -> float:
    """Log density (per second) of a hull's next row after this wait; derivative of the above."""
    usual, spread = interval_s(hull), sqrt(hull.interval_variance + 0.01)
    ratio = (log(waited + _CLOCK_S) - hull.log_interval_s) / spread
    on_time = exp(-0.5 * ratio * ratio) * _ROOT_HALF / (sqrt(pi) * spread * (waited + _CLOCK_S))
    late = exp(-max(0.0, waited - usual) / (2.0 * usual)) / (2.0 * usual) * (waited > usual)
    any_time = exp(-waited / usual) / usual
    scale = max(600.0, usual)
    tail = 0.5 / scale * (1.0 + waited / scale) ** -1.5
    again = exp(-waited / _CLOCK_S) / _CLOCK_S
    regular = _ON_TIME * on_time + _LATE * late + _ANY_TIME * any_time + _AGAIN * again
    share = hull.silence_share + 0.01
    return log((1.0 - share) * regular + share * tail)
