"""Event time, half open."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """Event time from `since_us` (included) to `until_us` (excluded), UTC microseconds."""

    since_us: int
    until_us: int

    def __post_init__(self) -> None:
        if self.until_us < self.since_us:
            message = f"a span ends before it starts: {self.since_us} to {self.until_us}"
            raise ValueError(message)

    def cut(self, *instants_us: int) -> list[Span]:
        """The consecutive spans that the instants inside this span cut it into."""
        inside = sorted({t for t in instants_us if self.since_us < t < self.until_us})
        edges = [self.since_us, *inside, self.until_us]
        return [Span(a, b) for a, b in zip(edges[:-1], edges[1:], strict=True)]
