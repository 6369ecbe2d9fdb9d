"""A source: bytes in, with a cursor to resume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where to go on: the next byte of the (uncompressed) stream and the next line's number.

    `fingerprint` tells whether the source is still the same one; empty where that cannot change.
    """

    offset: int = 0
    line: int = 1
    fingerprint: str = ""


@runtime_checkable
class Source(Protocol):
    """`read` yields rows of RAW and the cursor after them; resuming there reads the rest, once.

    A RAW row is a block of whole records, never a part of one. `is_live` sources have no end and
    stamp each block with the time of receipt. `expected_per_min` is the rate below which the feed
    is called silent; null where nobody knows yet.
    """

    @property
    def name(self) -> str: ...

    @property
    def is_live(self) -> bool: ...

    @property
    def expected_per_min(self) -> float | None: ...

    def read(self, cursor: Cursor) -> Iterator[tuple[pa.Table, Cursor]]: ...
