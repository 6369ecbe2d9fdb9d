"""Random numbers by counter: the value depends on seed, stream and counter, never on order.

The mixer is splitmix64's finaliser (Steele, Lea and Flood 2014), so a seed gives the same sea on
every machine, however the work is cut into chunks.
"""

from math import cos, log, pi, sqrt

import numpy as np
from numba import njit

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_TO_UNIT = 1.0 / 9007199254740992.0


@njit(cache=True, nogil=True)
def _mixed(bits: np.uint64) -> np.uint64:
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    return bits ^ (bits >> np.uint64(31))


@njit(cache=True, nogil=True)
def bits_of(seed: int, stream: int, counter: int) -> np.uint64:
    """64 random bits."""
    first = _mixed(np.uint64(seed) * _GOLDEN + np.uint64(stream) + _GOLDEN)
    return _mixed(first + np.uint64(counter) * _GOLDEN + _MIX_1)


@njit(cache=True, nogil=True)
def uniform(seed: int, stream: int, counter: int) -> float:
    """A number in [0, 1)."""
    return (bits_of(seed, stream, counter) >> np.uint64(11)) * _TO_UNIT


@njit(cache=True, nogil=True)
def normal(seed: int, stream: int, counter: int) -> float:
    """A standard normal number (Box and Muller 1958)."""
    u = 1.0 - uniform(seed, stream, 2 * counter)
    v = uniform(seed, stream, 2 * counter + 1)
    return sqrt(-2.0 * log(u)) * cos(2.0 * pi * v)


def generator(seed: int, *stream: int) -> np.random.Generator:
    """A NumPy generator for choices that are made once per hull; PCG64, stable by NumPy's rules."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, *stream])))
