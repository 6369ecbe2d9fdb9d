"""Claims by what a vessel may say of itself, so that a vessel is held against few of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pyarrow as pa

from fairlead.links.names import (
    AIS_NAME_LENGTH,
    compact,
    comparable_name,
    namesakes,
    one_less,
)
from fairlead.links.ship_types import groups_of_text
from fairlead.links.vessel_numbers import plain_callsign
from fairlead.schema.ids import digest
from fairlead.schema.tables import CLAIMS

SHORTEST_TYPO = 5


@dataclass(frozen=True, slots=True)
class Claim:
    """A row of CLAIMS with its names and call signs made comparable."""

    claim_id: str
    source: str
    reliability: str
    credibility: int
    since_us: int | None
    until_us: int | None
    edition_us: int
    imo: int | None
    mmsis: frozenset[int]
    callsigns: frozenset[str]
    names: tuple[str, ...]
    flags: frozenset[str]
    ship_groups: frozenset[str]
    detail: str


@dataclass(frozen=True)
class ClaimIndex:
    """Lookups over CLAIMS; equal when the claims are. Built on first use, then only read.

    `sea_names` may give how many vessels of the sea bear a name (any spelling), where that is
    known from a register; it raises the number of namesakes.
    """

    claims: pa.Table = field(default_factory=CLAIMS.empty)
    sea_names: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        columns = (self.claims[name].to_pylist() for name in ("claim_id", "until_us"))
        ids = sorted((claim_id, until_us or 0) for claim_id, until_us in zip(*columns, strict=True))
        return digest([ids, sorted(self.sea_names.items())])

    @cached_property
    def all(self) -> tuple[Claim, ...]:
        rows = CLAIMS.conform(self.claims).sort_by("claim_id").to_pylist()
        return tuple(_claim(row) for row in rows)

    @cached_property
    def by_number(self) -> dict[tuple[str, int | str], tuple[int, ...]]:
        """Claims (positions in `all`) by ("imo", n), ("mmsi", n), ("callsign", text)."""
        found: dict[tuple[str, int | str], list[int]] = defaultdict(list)
        for i, claim in enumerate(self.all):
            if claim.imo:
                found["imo", claim.imo].append(i)
            for mmsi in claim.mmsis:
                found["mmsi", mmsi].append(i)
            for callsign in claim.callsigns:
                found["callsign", callsign].append(i)
        return {k: tuple(v) for k, v in found.items()}

    @cached_property
    def by_name(self) -> dict[str, tuple[int, ...]]:
        """Claims by each spelling of their names that one typing error leads to."""
        found: dict[str, set[int]] = defaultdict(set)
        for i, claim in enumerate(self.all):
            for name in claim.names:
                for key in _spellings(compact(name)):
                    found[key].add(i)
        return {k: tuple(sorted(v)) for k, v in found.items()}

    @cached_property
    def mmsis(self) -> np.ndarray:
        """Every MMSI on a list, sorted: int32."""
        found = {mmsi for claim in self.all for mmsi in claim.mmsis}
        return np.array(sorted(found), np.int32)

    @cached_property
    def _name_counts(self) -> tuple[Counter[str], Counter[str]]:
        """Vessels by name and by word: claims of one IMO number are one vessel."""
        vessels: dict[str, set[object]] = defaultdict(set)
        words: dict[str, set[object]] = defaultdict(set)
        for claim in self.all:
            hull = claim.imo or claim.claim_id
            for name in claim.names:
                vessels[compact(name)].add(hull)
                for word in name.split():
                    words[word].add(hull)
        sea = Counter({compact(comparable_name(n)): c for n, c in self.sea_names.items()})
        names = Counter({k: len(v) for k, v in vessels.items()})
        return names | sea, Counter({k: len(v) for k, v in words.items()})

    def namesakes(self, plain: str) -> float:
        names, words = self._name_counts
        alphabetic = [w for w in plain.split() if not w.isdigit()]
        n_word = min((words[w] for w in alphabetic), default=0)
        return namesakes(plain, names[compact(plain)], n_word)

    def near(self, kind: str, value: str | int) -> Iterable[int]:
        """Positions in `all` of claims that one fact about a vessel leads to."""
        if kind == "name":
            return self._near_name(str(value))
        return self.by_number.get((kind, value), ())

    def _near_name(self, plain: str) -> Iterator[int]:
        seen: set[int] = set()
        for key in _spellings(compact(plain)):
            for i in self.by_name.get(key, ()):
                if i not in seen:
                    seen.add(i)
                    yield i


def _spellings(key: str) -> Iterable[str]:
    if not key:
        return ()
    return one_less(key) if len(key) >= SHORTEST_TYPO else (key,)


def _claim(row: Mapping) -> Claim:
    names = [n for text in row["names"] or () for n in (text, text[:AIS_NAME_LENGTH])]
    plain = dict.fromkeys(p for p in map(comparable_name, names) if len(compact(p)) > 1)
    return Claim(
        claim_id=row["claim_id"],
        source=row["source"],
        reliability=row["reliability"],
        credibility=row["credibility"],
        since_us=row["since_us"],
        until_us=row["until_us"],
        edition_us=row["recorded_us"],
        imo=row["imo"],
        mmsis=frozenset(row["mmsis"] or ()),
        callsigns=frozenset(filter(None, map(plain_callsign, row["callsigns"] or ()))),
        names=tuple(plain),
        flags=frozenset(row["flags"] or ()),
        ship_groups=groups_of_text(row["vessel_type"] or ""),
        detail=row["detail"],
    )
