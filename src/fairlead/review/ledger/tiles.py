"""C2SP tlog-tiles: the tree and its entries as files that anybody can mirror.

A tile is up to 256 hashes of one level of eight; an entry bundle is the entries under a tile of
level 0, each behind two bytes of length. A whole file never changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from fairlead.review.ledger.broken import BrokenError

WIDTH = 256
HEIGHT = 8
LEVEL_MAX = 63
_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """Which file: `level` None is an entry bundle; `width` hashes or entries of it."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """`tile/<level>/<number>[.p/<width>]`, the number in groups of three digits."""
        digits = f"{self.number:d}"
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
        number = "/".join([f"x{group}" for group in groups[:-1]] + groups[-1:])
        level = "entries" if self.level is None else str(self.level)
        part = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{number}{part}"

    @classmethod
    def parse(cls, path: str) -> Tile | None:
        """None where the path is not exactly as a tile's must be."""
        found = _PATH.fullmatch(path)
        if found is None:
            return None
        level = None if found[1] == "entries" else int(found[1])
        number = int(found[2].replace("x", "").replace("/", ""))
        tile = cls(level, number, int(found[3] or WIDTH))
        is_one = (level or 0) <= LEVEL_MAX and tile.width <= WIDTH and tile.path == path
        return tile if is_one else None


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile and bundle of a tree of `size` entries, whole ones before the partial one."""
    yield from _row(None, size)
    level = 0
    while size:
        yield from _row(level, size)
        size //= WIDTH
        level += 1


def _row(level: int | None, n: int) -> Iterator[Tile]:
    for number in range(n // WIDTH):
        yield Tile(level, number)
    if n % WIDTH:
        yield Tile(level, n // WIDTH, n % WIDTH)


def bundle(entries: Sequence[bytes]) -> bytes:
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(raw: bytes) -> list[bytes]:
    """The entries of a bundle. Raises BrokenError where a length does not fit."""
    entries = []
    at = 0
    while at < len(raw):
        end = at + 2 + int.from_bytes(raw[at : at + 2], "big")
        if at + 2 > len(raw) or end > len(raw):
            message = f"an entry bundle ends in the middle of entry {len(entries)}"
            raise BrokenError(message, help="fetch the bundle again")
        entries.append(raw[at + 2 : end])
        at = end
    return entries
