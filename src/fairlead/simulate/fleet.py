"""Hulls and the identities they claim. Every name is invented; MMSI carry true country digits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from fairlead.simulate.passage import Passage
from fairlead.simulate.payloads import STATIC, TEXT_WIDTH, TEXTS, sixbit

T = TypeVar("T")

FLAGS = (
    # country digits, ISO 3166, call sign prefix, name as the lists write it
    (232, "GB", "M", "United Kingdom"),
    (227, "FR", "F", "France"),
    (244, "NL", "PC", "Netherlands"),
    (257, "NO", "LA", "Norway"),
    (211, "DE", "DB", "Germany"),
    (219, "DK", "OW", "Denmark"),
    (538, "MH", "V7", "Marshall Islands"),
    (636, "LR", "A8", "Liberia"),
    (352, "PA", "3F", "Panama"),
    (249, "MT", "9H", "Malta"),
    (209, "CY", "5B", "Cyprus"),
    (311, "BS", "C6", "Bahamas"),
    (477, "HK", "VR", "Hong Kong"),
    (563, "SG", "9V", "Singapore"),
    (613, "CM", "TJ", "Cameroon"),
    (620, "KM", "D6", "Comoros"),
    (671, "TG", "5V", "Togo"),
)
_HEADS = ("VEL", "KOR", "THAL", "BRYN", "OST", "MIR", "LUN", "SAR", "FEN", "DOR", "QUIL", "ZEPH")
_MIDDLES = ("", "AN", "O", "IR", "UL", "ET", "AV", "IN")
_TAILS = ("TAVA", "ISOR", "EVIK", "ULMA", "ONDE", "ARIX", "ELLO", "UMBRA", "ITHA", "ORAN")
_SECONDS = ("", "", "", " STAR", " TRADER", " PIONEER", " SPIRIT", " WAVE")

CLASS_A, CLASS_B, BASE, AID, AIRCRAFT = range(5)


@dataclass(frozen=True, slots=True)
class Identity:
    """What a station says of itself. Dimensions in metres, draught in metres."""

    mmsi: int
    name: str
    callsign: str = ""
    imo: int = 0
    ship_type: int = 0
    size_m: tuple[int, int, int, int] = (0, 0, 0, 0)
    draught_m: float = 0.0
    destination: str = ""
    eta: tuple[int, int, int, int] = (0, 0, 24, 60)
    aid_type: int = 0

    def but(self, **changes: Any) -> Identity:
        return replace(self, **changes)


@dataclass(slots=True)
class Hull:
    """One hull: how it moves, what it claims from when on, and what its transponder does.

    `claims` lists (from second of the scenario, identity) in order. `silent_s` are spells with
    the transponder off. `untrue` changes what is reported: (kind, since_s, until_s, numbers).
    """

    hull_id: int
    role: str
    station: int
    passage: Passage
    claims: list[tuple[float, Identity]]
    silent_s: list[tuple[float, float]] = field(default_factory=list)
    untrue: list[tuple[str, float, float, tuple[float, ...]]] = field(default_factory=list)

    @property
    def identity(self) -> Identity:
        return self.claims[0][1]

    def identity_at(self, second: float) -> Identity:
        return [claim for since, claim in self.claims if since <= second or since == 0][-1]


class Registry:
    """Hands out names, MMSI, call signs and IMO numbers, none of them twice."""

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._used: set[object] = set()

    def _fresh(self, make: Callable[[], T]) -> T:
        while (value := make()) in self._used:
            pass
        self._used.add(value)
        return value

    def name(self) -> str:
        def make() -> str:
            parts = (_HEADS, _MIDDLES, _TAILS, _SECONDS)
            return "".join(p[self._rng.integers(len(p))] for p in parts)[:20]

        return self._fresh(make)

    def mmsi(self, flag: str = "") -> int:
        digits = [f[0] for f in FLAGS if f[1] == flag] or [f[0] for f in FLAGS[:14]]

        def make() -> int:
            country = digits[self._rng.integers(len(digits))]
            return country * 1_000_000 + int(self._rng.integers(100_000, 999_000))

        return self._fresh(make)

    def callsign(self, mmsi: int) -> str:
        prefix = next((f[2] for f in FLAGS if f[0] == mmsi // 1_000_000), "M")

        def make() -> str:
            letters = "".join(chr(65 + int(k)) for k in self._rng.integers(0, 26, 3))
            return f"{prefix}{letters}{self._rng.integers(2, 10)}"

        return self._fresh(make)

    def imo(self) -> int:
        """A number with a valid check digit, from a range out of use since the 1960s."""
        return self._fresh(lambda: with_check_digit(int(self._rng.integers(500000, 599999))))

    def ship(self, ship_type: int, length_m: int, flag: str = "", **more: object) -> Identity:
        mmsi = self.mmsi(flag)
        beam_m = max(4, int(length_m / 6.2))
        bow_m = int(length_m * 0.8)
        ship = Identity(
            mmsi=mmsi,
            name=self.name(),
            callsign=self.callsign(mmsi),
            imo=self.imo() if length_m >= 60 else 0,
            ship_type=ship_type,
            size_m=(bow_m, length_m - bow_m, beam_m // 2, beam_m - beam_m // 2),
            draught_m=round(length_m * 0.055, 1),
        )
        return ship.but(**more)


def with_check_digit(first_six: int) -> int:
    """An IMO number: the seventh digit is the last of the sum of digits times 7 to 2."""
    total = sum(int(d) * (7 - i) for i, d in enumerate(f"{first_six:06d}"))
    return first_six * 10 + total % 10


def identity_tables(identities: list[Identity]) -> tuple[np.ndarray, np.ndarray]:
    """`static` and `texts` of payloads.pack, a row per identity."""
    static = np.zeros((len(identities), len(STATIC)), np.int64)
    texts = np.zeros((len(identities), TEXT_WIDTH), np.uint8)
    for row, ship in enumerate(identities):
        month, day, hour, minute = ship.eta
        bow, stern, port, starboard = ship.size_m
        static[row] = (
            ship.mmsi,
            ship.imo,
            ship.ship_type,
            min(bow, 511),
            min(stern, 511),
            min(port, 63),
            min(starboard, 63),
            1,
            round(ship.draught_m * 10),
            month,
            day,
            hour,
            minute,
            ship.aid_type,
            0x5F2A6F4C21 + ship.mmsi % 997,
        )
        for name, (first, width) in TEXTS.items():
            texts[row, first : first + width] = sixbit(getattr(ship, name), width)
    return static, texts
