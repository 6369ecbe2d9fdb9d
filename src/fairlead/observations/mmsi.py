"""What an MMSI says by its form: class of station and flag; and the IMO number's check digit.

Forms of maritime identities: ITU-R M.585-9, annexes 1 and 2. A MID is three digits, the first of
them 2 to 7.
"""

import numpy as np
from numba import njit

from fairlead.observations.mids import MIDS
from fairlead.schema.table import code
from fairlead.schema.tables import STATION_CLASSES

_TOP = 1_000_000_000
_SHIP, _GROUP, _COAST, _AIRCRAFT, _AID, _CRAFT, _SART, _MOB, _EPIRB, _HANDHELD, _INVALID = (
    code(STATION_CLASSES, name)
    for name in (
        "ship",
        "group",
        "coast_station",
        "sar_aircraft",
        "aid_to_navigation",
        "auxiliary_craft",
        "sart",
        "man_overboard",
        "epirb",
        "handheld",
        "invalid",
    )
)

NOBODYS_MMSIS = np.array(
    sorted({*(111_111_111 * d for d in range(10)), 1, 12345, 1234567, 1_193_046, 123_456_789}),
    np.int64,
)
"""Numbers that unconfigured transponders send: many hulls under one number that is nobody's.
1193046 is hexadecimal 123456, the factory setting of a widespread make."""

FLAGS = tuple(sorted(set(MIDS.values())))
"""ISO 3166 codes; `flag_codes` gives places in this list."""


def _classes() -> np.ndarray:
    """Class of station by the first four of nine digits: int8, shape (10000,)."""
    found = np.full(10_000, _INVALID, np.int8)
    found[2000:8000] = _SHIP
    found[200:800] = _GROUP
    found[20:80] = _COAST
    found[1112:1118] = _AIRCRAFT
    found[9920:9980] = _AID
    found[9820:9880] = _CRAFT
    found[8200:8800] = _HANDHELD
    for prefix, station_class in ((970, _SART), (972, _MOB), (974, _EPIRB)):
        found[prefix * 10 : prefix * 10 + 10] = station_class
    return found


def _flags() -> np.ndarray:
    """Place in FLAGS by MID, -1 where not allocated: int16, shape (1000,)."""
    found = np.full(1000, -1, np.int16)
    for mid, country in MIDS.items():
        found[mid] = FLAGS.index(country)
    return found


def _mid_divisors() -> np.ndarray:
    """What to divide an MMSI by so that its MID comes last, 0 without one: int64 by class."""
    divisors = np.zeros(len(STATION_CLASSES), np.int64)
    divisors[[_SHIP, _GROUP, _COAST, _AIRCRAFT]] = 10**6, 10**5, 10**4, 10**3
    divisors[[_AID, _CRAFT, _HANDHELD]] = 10**4, 10**4, 10**5
    return divisors


_CLASS_OF_PREFIX = _classes()
_FLAG_OF_MID = _flags()
_DIVISOR_OF_CLASS = _mid_divisors()


@njit(cache=True, nogil=True)
def station_classes(mmsi: np.ndarray) -> np.ndarray:
    """Place in STATION_CLASSES of each MMSI: int8, shape (n,).

    A number with an allocated form but a MID that nobody holds keeps its class; it has no flag.
    """
    found = np.empty(len(mmsi), np.int8)
    for i in range(len(mmsi)):
        inside = 0 <= mmsi[i] < _TOP
        found[i] = _CLASS_OF_PREFIX[mmsi[i] // 100_000] if inside else _INVALID
    return found


@njit(cache=True, nogil=True)
def flag_codes(mmsi: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Place in FLAGS of the country of each MMSI, -1 without one: int32, shape (n,)."""
    found = np.empty(len(mmsi), np.int32)
    for i in range(len(mmsi)):
        divisor = _DIVISOR_OF_CLASS[classes[i]]
        found[i] = _FLAG_OF_MID[(mmsi[i] // divisor) % 1000] if divisor else -1
    return found


@njit(cache=True, nogil=True)
def are_nobodys(mmsi: np.ndarray) -> np.ndarray:
    """True for numbers outside 1 to 999999999 and those of NOBODYS_MMSIS: bool, shape (n,)."""
    found = np.empty(len(mmsi), np.bool_)
    for i in range(len(mmsi)):
        found[i] = not 0 < mmsi[i] < _TOP
        if i and mmsi[i] == mmsi[i - 1]:
            found[i] = found[i - 1]
        elif not found[i]:
            at = np.searchsorted(NOBODYS_MMSIS, mmsi[i])
            found[i] = at < len(NOBODYS_MMSIS) and NOBODYS_MMSIS[at] == mmsi[i]
    return found


@njit(cache=True, nogil=True)
def imo_check_digits_hold(imo: np.ndarray) -> np.ndarray:
    """True where seven digits end in the check digit of IMO resolution A.1117(30): bool, (n,).

    The first six digits times 7, 6, 5, 4, 3, 2, summed; the last digit of that is the seventh.
    """
    found = np.zeros(len(imo), np.bool_)
    for i in range(len(imo)):
        if 1_000_000 <= imo[i] <= 9_999_999:
            rest, total = imo[i] // 10, 0
            for weight in range(2, 8):
                total += (rest % 10) * weight
                rest //= 10
            found[i] = total % 10 == imo[i] % 10
    return found
