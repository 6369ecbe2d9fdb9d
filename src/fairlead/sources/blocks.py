"""Cutting a stream of bytes into rows of RAW: blocks of whole records, and faults.

A fault is a row of RAW with format `fault` whose payload is `reason: detail`; the step that decodes
archives turns it into a reject, so that what a transport had to give up is counted like any other
refused record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from fairlead.schema.source import Cursor
from fairlead.schema.tables import RAW

FAULT = "fault"
BLOCK_BYTES = 4 << 20
RECORD_BYTES_MAX = 1 << 20
"""A longer record is cut out as a fault; its neighbours survive."""


@dataclass(slots=True)
class Rows:
    """Rows of RAW in the making, with the place in the stream they have reached."""

    source: str
    format: str
    offset: int
    line: int
    header: bytes | None = None
    record_bytes_max: int = RECORD_BYTES_MAX
    _rows: list[dict] = field(default_factory=list)

    def add(self, payload: bytes, received_us: int) -> None:
        """A block of whole records."""
        if not payload:
            return
        n_lines = n_newlines(payload) + (not payload.endswith(b"\n"))
        self._row(self.format, payload, n_lines, received_us, self.header)
        self.offset += len(payload)
        self.line += n_lines

    def fault(self, reason: str, detail: str, received_us: int, n_bytes: int, n_lines: int) -> None:
        """Something that is no record: `n_bytes` of the stream are left out."""
        self._row(FAULT, f"{reason}: {detail}".encode(), n_lines, received_us, None)
        self.offset += n_bytes
        self.line += n_lines

    def _row(
        self, format: str, payload: bytes, n_lines: int, received_us: int, header: bytes | None
    ) -> None:
        self._rows.append(
            {
                "source": self.source,
                "format": format,
                "offset": self.offset,
                "first_line": self.line,
                "n_lines": n_lines,
                "received_us": received_us,
                "header": header,
                "payload": payload,
            }
        )

    def __len__(self) -> int:
        return len(self._rows)

    def take(self) -> pa.Table:
        """The rows so far, which are then forgotten."""
        table = pa.Table.from_pylist(self._rows, schema=RAW.columns)
        self._rows = []
        return table


def n_newlines(payload: bytes) -> int:
    """Four times as fast as bytes.count where lines are short."""
    return int(np.count_nonzero(np.frombuffer(payload, np.uint8) == 10))


def shown(data: bytes, n_bytes_max: int = 60) -> str:
    """The first bytes as text that is safe to print."""
    text = data[:n_bytes_max].decode("ascii", "backslashreplace")
    safe = "".join(c if " " <= c <= "~" else repr(c)[1:-1] for c in text)
    return f"`{safe}`" + (" ..." if len(data) > n_bytes_max else "")


def add_records(rows: Rows, payload: bytes, received_us: int) -> None:
    """Whole records as blocks, with an `overlong` fault in place of each that is too long."""
    most = rows.record_bytes_max
    start = place = 0
    while place < len(payload):
        if len(payload) - place <= most:
            break
        newline = payload.rfind(b"\n", place, place + most + 1)
        if newline >= 0:
            place = newline + 1
            continue
        rows.add(payload[start:place], received_us)
        newline = payload.find(b"\n", place)
        end = len(payload) if newline < 0 else newline + 1
        overlong(rows, payload[place : place + 200], end - place, received_us)
        start = place = end
    rows.add(payload[start:] if start else payload, received_us)


def overlong(rows: Rows, first: bytes, n_bytes: int, received_us: int) -> None:
    detail = f"a record of {n_bytes} bytes, over {rows.record_bytes_max}, begins {shown(first)}"
    rows.fault("overlong", detail, received_us, n_bytes, 1)


@dataclass(slots=True)
class _Tail:
    """Bytes of a record whose end has not been seen; `n_dropped` of them are not kept."""

    kept: bytes = b""
    n_dropped: int = 0


@dataclass(slots=True)
class Lines:
    """Whole lines from one connection's bytes, however they were split on the way."""

    _tail: _Tail = field(default_factory=_Tail)

    def feed(self, data: bytes) -> tuple[bytes, int, bytes]:
        """Whole lines; with them the length and first bytes of an overlong line that ended."""
        n_overlong, first = 0, b""
        if self._tail.n_dropped:
            newline = data.find(b"\n")
            if newline < 0:
                self._tail.n_dropped += len(data)
                return b"", 0, b""
            n_overlong = len(self._tail.kept) + self._tail.n_dropped + newline + 1
            first = self._tail.kept
            self._tail = _Tail()
            data = data[newline + 1 :]
        end = data.rfind(b"\n") + 1
        if end == 0:
            self._tail.kept += data
            if len(self._tail.kept) > RECORD_BYTES_MAX:
                self._tail = _Tail(self._tail.kept[:200], len(self._tail.kept) - 200)
            return b"", n_overlong, first
        whole = self._tail.kept + data[:end]
        self._tail = _Tail(data[end:])
        return whole, n_overlong, first

    def rest(self) -> tuple[bytes, int]:
        """What is left at the end: the bytes kept, and how many there were in all."""
        tail, self._tail = self._tail, _Tail()
        return tail.kept, len(tail.kept) + tail.n_dropped


def add_lines(rows: Rows, lines: Lines, data: bytes, received_us: int) -> None:
    """The lines that `data` completes."""
    whole, n_overlong, first = lines.feed(data)
    if n_overlong:
        overlong(rows, first, n_overlong, received_us)
    add_records(rows, whole, received_us)


def add_rest(rows: Rows, lines: Lines, received_us: int) -> None:
    """The last line of a stream that ended without a newline."""
    rest, n_bytes = lines.rest()
    if n_bytes > rows.record_bytes_max:
        overlong(rows, rest, n_bytes, received_us)
    else:
        rows.add(rest, received_us)


@dataclass(slots=True)
class Cutter:
    """Blocks of whole records from `read(n)`, which gives `n` bytes, fewer only at the end.

    Where blocks are cut depends only on where reading starts: resuming at a cursor that was handed
    out gives the same blocks as going on. The last block waits for the end of the stream, so that
    what is wrong there (`end_fault`) arrives with it and never twice.
    """

    rows: Rows
    read: Callable[[int], bytes]
    received_us: int
    fingerprint: str
    end_fault: Callable[[], tuple[str, str] | None]
    hold_partial: bool
    fresh: bool
    block_bytes: int = BLOCK_BYTES
    in_record: bool = False
    """Reading starts inside a record whose first part was delivered before the rest was written."""

    def cursor(self) -> Cursor:
        return Cursor(self.rows.offset, self.rows.line, self.fingerprint)

    def blocks(self) -> Iterator[tuple[pa.Table, Cursor]]:
        waiting: tuple[pa.Table, Cursor] | None = None
        start = self.rows.offset
        rest = self._rest_of_record() if self.in_record else b""
        while True:
            data = self.read(self.block_bytes - len(rest))
            at_end = len(data) < self.block_bytes - len(rest)
            block = rest + data if rest else data
            end = block.rfind(b"\n") + 1
            if at_end:
                if not self.hold_partial:
                    end = len(block)
                add_records(self.rows, block[:end], self.received_us)
                break
            if end == 0:
                rest, at_end = self._skip(block)
            else:
                add_records(self.rows, block[:end], self.received_us)
                rest = block[end:]
            if waiting:
                yield waiting
            waiting = (self.rows.take(), self.cursor())
            if at_end:
                break
        yield from self._last(waiting, start)

    def _rest_of_record(self) -> bytes:
        block = self.read(self.rows.record_bytes_max)
        end = block.find(b"\n") + 1 or len(block)
        rest = block[:end]
        if rest.strip():
            detail = f"the rest of a record delivered before it was complete: {shown(rest)}"
            self.rows.fault("split_record", detail, self.received_us, end, 0)
        else:
            self.rows.offset += end
        return block[end:]

    def _skip(self, block: bytes) -> tuple[bytes, bool]:
        """Passes over a record that fills a block; the bytes after it, and whether all is read."""
        n_bytes, first = len(block), block[:200]
        while True:
            data = self.read(self.rows.record_bytes_max)
            newline = data.find(b"\n")
            if newline >= 0:
                overlong(self.rows, first, n_bytes + newline + 1, self.received_us)
                return data[newline + 1 :], False
            n_bytes += len(data)
            if len(data) < self.rows.record_bytes_max:
                overlong(self.rows, first, n_bytes, self.received_us)
                return b"", True

    def _last(
        self, waiting: tuple[pa.Table, Cursor] | None, start: int
    ) -> Iterator[tuple[pa.Table, Cursor]]:
        fault = self.end_fault()
        if fault and not self.hold_partial and (self.fresh or self.rows.offset > start):
            self.rows.fault(*fault, self.received_us, 0, 0)
            if waiting and len(self.rows) == 1:
                table = pa.concat_tables([waiting[0], self.rows.take()])
                yield table, self.cursor()
                return
        if waiting:
            yield waiting
        if len(self.rows):
            yield self.rows.take(), self.cursor()
