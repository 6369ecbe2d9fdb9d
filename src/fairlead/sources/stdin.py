"""Standard input, or any open stream of bytes."""

from __future__ import annotations

import select
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

import pyarrow as pa

from fairlead.schema.errors import SourceError
from fairlead.schema.source import Cursor
from fairlead.sources.blocks import BLOCK_BYTES, Lines, Rows, add_lines, add_rest
from fairlead.sources.files import FINGERPRINT_BYTES, fingerprint_of
from fairlead.sources.sniff import Describe, first_line, recognise
from fairlead.sources.streams import Stream, foreign_within

GATHER_S = 0.1


@dataclass(frozen=True, slots=True)
class StdinSource:
    """Blocks of what has come, at the latest a tenth of a second after it came.

    A second start on the same stream (the same first bytes) passes over what was read; another
    stream is an error, since its records would be taken for the rest of the first. Where blocks
    are cut depends on how the bytes arrive.
    """

    name: str
    stream: BinaryIO
    now_us: Callable[[], int]
    format: str | None = None
    describe: Describe | None = None
    notice: Callable[[str], None] = lambda _: None
    is_live: bool = False
    expected_per_min: float | None = None

    def read(self, cursor: Cursor) -> Iterator[tuple[pa.Table, Cursor]]:
        file = _unbuffered(self.stream)
        stream = Stream(file, slow=True)
        foreign = stream.foreign or foreign_within(stream)
        if stream.head.startswith(b"PAR1") or foreign:
            message = f"standard input is {foreign or 'a Parquet file'}"
            raise SourceError(message, help="save it to a file and name the file")
        found = recognise(stream.head, "standard input", format=self.format, describe=self.describe)
        self.notice(f"standard input: {found.sentence}")
        fingerprint = _matching_fingerprint(stream, cursor)
        offset = max(cursor.offset, stream.start)
        if stream.skip(offset):
            rows = Rows(self.name, found.format, offset, cursor.line)
            yield from self._blocks(stream, file, rows, fingerprint)

    def _blocks(
        self, stream: Stream, file: BinaryIO, rows: Rows, fingerprint: str
    ) -> Iterator[tuple[pa.Table, Cursor]]:
        header = first_line(stream.head) if rows.format == "csv" else None
        lines = Lines()
        while data := self._gathered(stream, file):
            rows.header = header if rows.offset > stream.start else None
            add_lines(rows, lines, data, self.now_us())
            if len(rows):
                yield rows.take(), Cursor(rows.offset, rows.line, fingerprint)
        rows.header = header if rows.offset > stream.start else None
        add_rest(rows, lines, self.now_us())
        if stream.fault:
            rows.fault(*stream.fault, self.now_us(), 0, 0)
        if len(rows):
            yield rows.take(), Cursor(rows.offset, rows.line, fingerprint)

    def _gathered(self, stream: Stream, file: BinaryIO) -> bytes:
        """What has come, at least one byte until the end, within GATHER_S of the first."""
        parts, n_bytes = [stream.some(BLOCK_BYTES)], 0
        until_us = self.now_us() + int(GATHER_S * 1e6)
        while parts[-1] and n_bytes < BLOCK_BYTES and self.now_us() < until_us:
            n_bytes += len(parts[-1])
            if not _is_ready(file, GATHER_S):
                break
            parts.append(stream.some(BLOCK_BYTES - n_bytes))
        return b"".join(parts)


def _matching_fingerprint(stream: Stream, cursor: Cursor) -> str:
    if not cursor.fingerprint:
        return fingerprint_of(stream.head[:FINGERPRINT_BYTES])
    n_bytes = int(cursor.fingerprint.split(":")[0])
    if cursor.fingerprint != fingerprint_of(stream.first(n_bytes)):
        message = "standard input is not the stream that was read before"
        raise SourceError(message, help="save it to a file and name that, or use a new workspace")
    return cursor.fingerprint


def _unbuffered(stream: BinaryIO) -> BinaryIO:
    """What `select` says of a pipe holds only for reads past Python's buffer."""
    return getattr(stream, "raw", stream)


def _is_ready(file: BinaryIO, wait_s: float) -> bool:
    try:
        return bool(select.select([file], [], [], wait_s)[0])
    except (OSError, ValueError):
        return True
