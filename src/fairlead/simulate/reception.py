"""Who hears a transmission: coastal receivers by distance, a satellite by its passes."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np
from numba import njit

from fairlead.geo.sphere import M_PER_NM
from fairlead.simulate.chance import uniform


@dataclass(frozen=True, slots=True)
class Receiver:
    """`best` is the chance near by; it halves at `range_nm` and falls over `soft_nm` around it.

    A satellite hears all ranges, only long-range messages, for `pass_s` of every `orbit_s`.
    `skew_s` is the error of the clock it stamps with, `delay_s` how long its lines are on the way,
    `silent_s` its outages (seconds of the scenario).
    """

    name: str
    x_m: float
    y_m: float
    range_nm: float
    best: float = 0.93
    soft_nm: float = 4.0
    skew_s: float = 0.0
    delay_s: float = 0.08
    grouped: bool = False
    satellite: bool = False
    orbit_s: float = 5760.0
    pass_s: float = 660.0
    silent_s: tuple[tuple[float, float], ...] = ()


def p_heard(receiver: Receiver, distance_nm: float) -> float:
    """The chance that one transmission from there is received."""
    return float(_p_heard(distance_nm, receiver.range_nm, receiver.best, receiver.soft_nm))


@njit(cache=True, nogil=True)
def _p_heard(distance_nm: float, range_nm: float, best: float, soft_nm: float) -> float:
    return best / (1.0 + exp((distance_nm - range_nm) / soft_nm))


@njit(cache=True, nogil=True)
def _hear(  # noqa: ANN202
    seed, station, x_m, y_m, range_nm, best, soft_nm, from_x, from_y, first, heard  # noqa: ANN001
):  # fmt: skip
    for i in range(len(from_x)):
        away_nm = np.hypot(from_x[i] - x_m, from_y[i] - y_m) / M_PER_NM
        p = _p_heard(away_nm, range_nm, best, soft_nm)
        heard[i] = uniform(seed, station + 5_000_000, first + i) < p


def heard_by(
    seed: int,
    receiver: Receiver,
    station: int,
    times: np.ndarray,
    long_range: np.ndarray,
    from_x: np.ndarray,
    from_y: np.ndarray,
) -> np.ndarray:
    """Which transmissions this receiver gets: bool, shape (n,)."""
    heard = np.zeros(len(times), np.bool_)
    _hear(
        seed, station, receiver.x_m, receiver.y_m, receiver.range_nm, receiver.best,
        receiver.soft_nm, from_x, from_y, 0, heard,
    )  # fmt: skip
    heard &= long_range == receiver.satellite
    if receiver.satellite:
        heard &= times % receiver.orbit_s < receiver.pass_s
    for since_s, until_s in receiver.silent_s:
        heard &= (times < since_s) | (times >= until_s)
    return heard
