"""When a station transmits and what its reports say: the intervals of ITU-R M.1371-5."""

from __future__ import annotations

import numpy as np
from numba import njit

from fairlead.geo.sphere import M_PER_NM, destination_deg, turn_deg
from fairlead.simulate.chance import normal, uniform
from fairlead.simulate.clock import clock_columns
from fairlead.simulate.fleet import AID, AIRCRAFT, BASE, CLASS_A, CLASS_B, Hull
from fairlead.simulate.passage import AT_ANCHOR, MOORED, STEP_S, Sampled
from fairlead.simulate.payloads import FORMS, MOTION

_STATIC_EVERY_S = 360.0
_LONG_RANGE_EVERY_S = 180.0
_NOISE_M = 4.0
FORM = {name: k for k, name in enumerate(FORMS)}
_AT = {name: k for k, name in enumerate(MOTION)}


@njit(cache=True, nogil=True)
def reporting_s(station: int, speed_kn: float, resting: bool, turning: bool) -> float:
    """Nominal reporting interval: M.1371-5 Annex 1 table 1 (class A), table 2 (the others)."""
    if station == 0:
        if resting and speed_kn < 3.0:
            return 180.0
        if speed_kn <= 14.0:
            return 3.3333 if turning else 10.0
        if speed_kn <= 23.0:
            return 2.0 if turning else 6.0
        return 2.0
    if station == 1:
        return 180.0 if speed_kn <= 2.0 else 30.0
    return 180.0 if station == 3 else 10.0


@njit(cache=True, nogil=True)
def _schedule(  # noqa: ANN202
    seed, hull, station, first_s, last_s, grid_s, step_s, speed_kn, course, resting, every_s, out  # noqa: ANN001
):  # fmt: skip
    now_s = first_s + uniform(seed, hull, 0) * 10.0
    n = 0
    while now_s < last_s and n < len(out):
        k = min(len(speed_kn) - 1, max(0, int((now_s - grid_s) / step_s)))
        ahead = min(len(course) - 1, k + 3)
        turning = speed_kn[k] > 3.0 and abs(turn_deg(course[k], course[ahead])) > 5.0
        due_s = max(every_s, reporting_s(station, speed_kn[k], resting[k], turning))
        out[n] = now_s
        n += 1
        now_s += due_s * (0.97 + 0.06 * uniform(seed, hull, n))
    return n


def report_times_s(
    seed: int, hull: Hull, motion: Sampled, until_s: float, every_s: float
) -> np.ndarray:
    """Seconds of the scenario at which the hull sends a position report, whatever is heard."""
    resting = (motion.status == AT_ANCHOR) | (motion.status == MOORED)
    last_s = min(until_s, motion.first_s + STEP_S * (len(motion.x_m) - 1))
    out = np.empty(int((last_s - motion.first_s) / max(2.0, every_s)) + 16)
    n = _schedule(
        seed, hull.hull_id, hull.station, float(motion.first_s), last_s, float(motion.first_s),
        float(STEP_S), motion.speed_kn, motion.course_deg, resting, every_s, out,
    )  # fmt: skip
    return np.round(out[:n], 3)


def spaced_times_s(
    seed: int, hull: Hull, motion: Sampled, until_s: float, every_s: float, stream: int
) -> np.ndarray:
    """Regular instants with a phase of the hull's own."""
    last_s = min(until_s, motion.first_s + STEP_S * (len(motion.x_m) - 1))
    phase = uniform(seed + 77, hull.hull_id, stream) * every_s
    return np.round(np.arange(motion.first_s + phase, last_s, every_s), 3)


def messages(
    seed: int, hull: Hull, motion: Sampled, until_s: float, every_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Times (seconds) and forms (index of FORMS) of all that the hull sends, in order."""
    reports = report_times_s(seed, hull, motion, until_s, every_s)
    parts = [(reports, _report_forms(seed, hull, reports))]
    static_s = max(_STATIC_EVERY_S, every_s * 2)
    if hull.station == CLASS_A:
        long_s = max(_LONG_RANGE_EVERY_S, every_s * 3)
        parts.append(_others(seed, hull, motion, until_s, static_s, "5", 1))
        parts.append(_others(seed, hull, motion, until_s, long_s, "27", 2))
    if hull.station == CLASS_B:
        named_s, names = _others(seed, hull, motion, until_s, static_s, "24a", 3)
        parts += [(named_s, names), (named_s + 1.0, np.full_like(names, FORM["24b"]))]
    times = np.concatenate([t for t, _ in parts])
    forms = np.concatenate([f for _, f in parts])
    on = np.ones(len(times), bool)
    for since_s, silent_until_s in hull.silent_s:
        on &= (times < since_s) | (times >= silent_until_s)
    times, forms = times[on], forms[on]
    order = np.lexsort((forms, times))
    return times[order], forms[order]


def _others(
    seed: int, hull: Hull, motion: Sampled, until_s: float, every_s: float, form: str, stream: int
) -> tuple[np.ndarray, np.ndarray]:
    times = spaced_times_s(seed, hull, motion, until_s, every_s, stream)
    return times, np.full(len(times), FORM[form], np.int64)


def _report_forms(seed: int, hull: Hull, times: np.ndarray) -> np.ndarray:
    """Types 1 and now and then 2 and 3; 18 and now and then 19; one type for the rest."""
    single = {BASE: "4", AID: "21", AIRCRAFT: "9"}.get(hull.station)
    if single:
        return np.full(len(times), FORM[single], np.int64)
    forms = np.full(len(times), FORM["1" if hull.station == CLASS_A else "18"], np.int64)
    counted = np.arange(len(times)) + seed % 7
    if hull.station == CLASS_A:
        forms[counted % 17 == 5] = FORM["3"]
        forms[counted % 41 == 7] = FORM["2"]
    else:
        forms[counted % 19 == 3] = FORM["19"]
    return forms


@njit(cache=True, nogil=True)
def _said(  # noqa: ANN202
    seed, hull, times, first_s, step_s, x_m, y_m, speed, course, heading, status, lat_0, lon_0,  # noqa: ANN001
    noisy, reported, true_lat, true_lon,  # noqa: ANN001
):  # fmt: skip
    """lat, lon, knots, course, heading, turn, status per report, before lies: float64 (n, 7)."""
    for i in range(len(times)):
        at = min(len(x_m) - 1.000001, max(0.0, (times[i] - first_s) / step_s))
        k = int(at)
        share = at - k
        x = x_m[k] + (x_m[k + 1] - x_m[k]) * share
        y = y_m[k] + (y_m[k + 1] - y_m[k]) * share
        true_lat[i], true_lon[i] = place_deg(lat_0, lon_0, x, y)
        x += noisy * normal(seed, hull + 1_000_000, 2 * i)
        y += noisy * normal(seed, hull + 1_000_000, 2 * i + 1)
        reported[i, 0], reported[i, 1] = place_deg(lat_0, lon_0, x, y)
        slow = 1.0 if speed[k] > 1.0 else 4.0
        reported[i, 2] = max(0.0, speed[k] + 0.08 * normal(seed, hull + 2_000_000, i))
        reported[i, 3] = (course[k] + slow * 2.0 * normal(seed, hull + 3_000_000, i)) % 360.0
        reported[i, 4] = (heading[k] + 0.8 * normal(seed, hull + 4_000_000, i)) % 360.0
        reported[i, 5] = turn_deg(heading[k], heading[min(len(x_m) - 1, k + 1)]) * 60.0 / step_s
        reported[i, 6] = status[k]


@njit(cache=True, nogil=True)
def place_deg(lat_0: float, lon_0: float, x_m: float, y_m: float) -> tuple[float, float]:
    """Degrees of a point of the scene's plane (azimuthal equidistant about its centre)."""
    away_m = np.hypot(x_m, y_m)
    if away_m == 0.0:
        return lat_0, lon_0
    return destination_deg(lat_0, lon_0, np.degrees(np.arctan2(x_m, y_m)), away_m)


def reports(
    seed: int, hull: Hull, motion: Sampled, times: np.ndarray, centre_deg: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray]:
    """What the messages say, float64 (n, 7), and where the hull truly was, (2, n) degrees."""
    said = np.empty((len(times), 7))
    true_deg = np.empty((2, len(times)))
    noise_m = 0.0 if hull.station in (BASE, AID) else _NOISE_M
    _said(
        seed, hull.hull_id, times, float(motion.first_s), float(STEP_S), motion.x_m, motion.y_m,
        motion.speed_kn, motion.course_deg, motion.heading_deg, motion.status,
        centre_deg[0], centre_deg[1], noise_m, said, true_deg[0], true_deg[1],
    )  # fmt: skip
    for lie in hull.untrue:
        _tell(lie, times, said, centre_deg)
    return said, true_deg


def _tell(
    lie: tuple[str, float, float, tuple[float, ...]],
    times: np.ndarray,
    said: np.ndarray,
    centre_deg: tuple[float, float],
) -> None:
    """Bends what is said between two instants: a shift, a circle, or another speed."""
    kind, since_s, until_s, numbers = lie
    rows = np.flatnonzero((times >= since_s) & (times < until_s))
    if kind == "shift":
        said[rows, 0] += numbers[0]
        said[rows, 1] += numbers[1]
    elif kind == "speed":
        said[rows, 2] = numbers[0] + 0.1 * np.sin(times[rows])
        said[rows, 6] = 0
    elif kind == "circle":
        x_m, y_m, radius_nm, period_s = numbers
        angle = 2.0 * np.pi * (times[rows] - since_s) / period_s
        radius_m = radius_nm * M_PER_NM
        for row, a in zip(rows, angle, strict=True):
            x, y = x_m + radius_m * np.sin(a), y_m + radius_m * np.cos(a)
            said[row, 0], said[row, 1] = place_deg(*centre_deg, x, y)
        said[rows, 2] = 2.0 * np.pi * radius_nm / (period_s / 3600.0)
        said[rows, 3] = (np.degrees(angle) + 90.0) % 360.0
        said[rows, 4] = said[rows, 3]


def airborne(
    said: np.ndarray, times: np.ndarray, forms: np.ndarray, start_us: int, counters: np.ndarray
) -> np.ndarray:
    """`motion` of payloads.pack: int64 (n, len(MOTION)) in the units of the air interface."""
    out = np.zeros((len(times), len(MOTION)), np.int64)
    long_range = forms == FORM["27"]
    flying = forms == FORM["9"]
    scale = np.where(long_range, 10.0 * 60.0, 10_000.0 * 60.0)
    out[:, _AT["lat"]] = np.rint(said[:, 0] * scale)
    out[:, _AT["lon"]] = np.rint(said[:, 1] * scale)
    knots = np.where(long_range | flying, 1.0, 10.0)
    most = np.where(long_range, 62, 1022)
    out[:, _AT["sog"]] = np.minimum(most, np.rint(said[:, 2] * knots))
    tenths = np.rint(said[:, 3] * np.where(long_range, 1.0, 10.0)).astype(np.int64)
    out[:, _AT["cog"]] = tenths % np.where(long_range, 360, 3600)
    out[:, _AT["heading"]] = np.rint(said[:, 4]).astype(np.int64) % 360
    turn = said[:, 5]
    out[:, _AT["turn"]] = np.clip(np.rint(4.733 * np.sqrt(np.abs(turn)) * np.sign(turn)), -126, 126)
    out[:, _AT["nav_status"]] = said[:, 6]
    out[:, _AT["accuracy"]] = 1
    out[:, _AT["radio"]] = counters % 16383
    out[:, _AT["altitude"]] = 180
    clock_columns(out, start_us + np.rint(times * 1e6).astype(np.int64))
    return out
