"""A file of text records: plain, gzip or zstd."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from fairlead.schema.errors import SourceError
from fairlead.schema.source import Cursor
from fairlead.sources.blocks import BLOCK_BYTES, RECORD_BYTES_MAX, Cutter, Rows
from fairlead.sources.sniff import first_line
from fairlead.sources.streams import Stream

FINGERPRINT_BYTES = 4096


@dataclass(frozen=True, slots=True)
class FileSource:
    """Blocks of whole records of one file.

    `received_us` is given to every block: a replay passes the same. With `hold_partial`, for a file
    that is still written, a last line without its newline waits for the next reading, and what is
    read is received when the file was last written.
    """

    name: str
    path: Path
    format: str
    received_us: int
    hold_partial: bool = False
    is_live: bool = False
    expected_per_min: float | None = None
    block_bytes: int = BLOCK_BYTES
    record_bytes_max: int = RECORD_BYTES_MAX

    def read(self, cursor: Cursor) -> Iterator[tuple[pa.Table, Cursor]]:
        with open_file(self.path) as file:
            fingerprint = matching_fingerprint(file, self.path, cursor)
            received_us = self.received_us
            if self.hold_partial:
                received_us = max(received_us, os.fstat(file.fileno()).st_mtime_ns // 1000)
            try:
                yield from read_stream(self, Stream(file), cursor, fingerprint, received_us)
            except OSError as error:
                raise unreadable(self.path, error) from error


def read_stream(
    source: FileSource, stream: Stream, cursor: Cursor, fingerprint: str, received_us: int
) -> Iterator[tuple[pa.Table, Cursor]]:
    """The rest of a stream after a cursor."""
    header = first_line(stream.head) if source.format == "csv" else None
    is_start = cursor.offset <= stream.start
    offset = stream.start if is_start else cursor.offset
    before = b"\n"
    if not is_start:
        complete = stream.skip(offset - 1)
        before = stream.read(1)
        complete = complete and before != b""
    else:
        complete = stream.skip(offset)
    if not complete:
        message = f"{source.name} is shorter than what was read of it before, {offset} bytes"
        raise SourceError(message, help="it was cut or replaced: read it into a new workspace")
    rows = Rows(
        source.name,
        source.format,
        offset,
        cursor.line,
        record_bytes_max=source.record_bytes_max,
    )
    cutter = Cutter(
        rows,
        stream.read,
        received_us,
        fingerprint,
        lambda: stream.fault,
        source.hold_partial,
        fresh=not cursor.fingerprint,
        block_bytes=source.block_bytes,
        in_record=before != b"\n",
    )
    for blocks, after in cutter.blocks():
        yield _with_header(blocks, header, stream.start), after


def _with_header(blocks: pa.Table, header: bytes | None, start: int) -> pa.Table:
    """The header line goes with every CSV block but the one that begins with it."""
    if header is None:
        return blocks
    formats, offsets = blocks["format"].to_pylist(), blocks["offset"].to_pylist()
    headers = [
        header if format == "csv" and offset != start else None
        for format, offset in zip(formats, offsets, strict=True)
    ]
    index = blocks.schema.get_field_index("header")
    return blocks.set_column(index, blocks.schema.field(index), pa.array(headers, pa.binary()))


def open_file(path: Path) -> BinaryIO:
    """The file for reading, or a SourceError that says why not."""
    if path.is_dir():
        message = f"{path} is a directory"
        raise SourceError(message, help=f"name its files, for example '{path}/*'")
    try:
        if path.exists() and not path.is_file():
            message = f"{path} is a pipe or a device"
            raise SourceError(message, help=f"read it through standard input: `cat {path}` and `-`")
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from error


def unreadable(path: Path | str, error: OSError) -> SourceError:
    reason = (error.strerror or str(error)).lower()
    helps = {
        FileNotFoundError: "check the path; a pattern in quotes is expanded here",
        PermissionError: "let this user read it, or run as one who may",
    }
    help = helps.get(type(error), "check the disk or the mount")
    return SourceError(f"cannot read {path}: {reason}", help=help)


def matching_fingerprint(file: BinaryIO, path: Path, cursor: Cursor) -> str:
    """The fingerprint to hand on; SourceError when the cursor is of another file.

    It is the length and the SHA-256 of the first bytes, 4 KiB at most, as they lie on the disk. A
    file that has grown since is still the same one.
    """
    head = file.read(FINGERPRINT_BYTES)
    file.seek(0)
    if cursor.fingerprint:
        n_bytes = int(cursor.fingerprint.split(":")[0])
        if cursor.fingerprint != fingerprint_of(head[:n_bytes]):
            message = f"{path} is another file than the one read before"
            raise SourceError(
                message, help="give the new file another name, or read it into a new workspace"
            )
    return fingerprint_of(head)


def fingerprint_of(head: bytes) -> str:
    return f"{len(head)}:{hashlib.sha256(head).hexdigest()[:16]}"
