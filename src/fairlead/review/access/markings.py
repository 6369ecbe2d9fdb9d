"""Markings: what a row demands of whoever sees it.

Four families: `tlp:` (Traffic Light Protocol 2.0, an order), `source:`, `rel:` (releasable to) and
`community:`. A person sees a row when they hold every marking on it. TLP is ordered: whoever holds
amber holds green. `tlp:clear` demands nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from fairlead.schema.errors import ConfigError

Markings = frozenset[str]

TLP = ("tlp:clear", "tlp:green", "tlp:amber", "tlp:amber+strict", "tlp:red")
_SHAPE = re.compile(r"(source|rel|community):[a-z0-9][a-z0-9._-]{0,62}")


def is_marking(text: str) -> bool:
    return text in TLP or _SHAPE.fullmatch(text) is not None


def markings_of(texts: Iterable[str]) -> Markings:
    """The markings named, in lower case. Raises ConfigError on one that has no meaning."""
    marks = frozenset(text.strip().lower() for text in texts)
    for mark in sorted(marks):
        if not is_marking(mark):
            help_ = f"use one of {', '.join(TLP)}, or `source:`, `rel:`, `community:` with a name"
            message = f"`{mark[:80]}` is no marking"
            raise ConfigError(message, help=help_)
    return marks


def held(markings: Iterable[str]) -> Markings:
    """All that holding these amounts to: the TLP levels below the highest, and `tlp:clear`."""
    marks = frozenset(markings)
    level = max((TLP.index(mark) for mark in marks if mark in TLP), default=0)
    return marks | frozenset(TLP[: level + 1])


def sees(holds: Iterable[str], demanded: Iterable[str]) -> bool:
    """Whether someone who holds the first may see a row that demands the second."""
    return held(holds).issuperset(demanded)


def union(*rows: Iterable[str]) -> tuple[str, ...]:
    """What a row derived from these demands: everything that any of them does, TLP the highest.

    Sorted, so that equal demands are equal values.
    """
    marks = frozenset(mark for row in rows for mark in row)
    levels = [TLP.index(mark) for mark in marks if mark in TLP]
    others = {mark for mark in marks if mark not in TLP}
    return tuple(sorted(others | ({TLP[max(levels)]} if levels else set())))


def shareable(markings: Iterable[str]) -> str:
    """The least TLP level at which the whole may be shared: the highest on it, or `tlp:clear`."""
    return max((mark for mark in markings if mark in TLP), key=TLP.index, default="tlp:clear")


@dataclass(frozen=True, slots=True)
class MarkingRules:
    """Which markings the rows of a source carry: every pattern that fits adds its own.

    `of_pattern` maps a glob over source names to markings. A source that no pattern fits gets
    `otherwise`: by default it is marked by its own name, which nobody holds until it is granted.
    """

    of_pattern: Mapping[str, Sequence[str]] = field(default_factory=dict)
    otherwise: Sequence[str] | None = None

    def __post_init__(self) -> None:
        for marks in (*self.of_pattern.values(), self.otherwise or ()):
            markings_of(marks)

    def of(self, source: str) -> tuple[str, ...]:
        """The markings of one source."""
        fits = [
            markings_of(marks)
            for pattern, marks in self.of_pattern.items()
            if fnmatchcase(source, pattern)
        ]
        if fits:
            return union(*fits)
        if self.otherwise is not None:
            return union(markings_of(self.otherwise))
        return (source_marking(source),)

    def of_sources(self, sources: Iterable[str]) -> tuple[str, ...]:
        """The markings of a row derived from several sources."""
        return union(*(self.of(source) for source in set(sources)))


def source_marking(source: str) -> str:
    """`source:` and the name of a source, spelled as a marking can be."""
    name = re.sub(r"[^a-z0-9._-]+", "-", source.lower()).lstrip("._-")[:63]
    return f"source:{name or 'unnamed'}"
