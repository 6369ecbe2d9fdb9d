"""From a record's source and byte offset back to its bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairlead.engines.workspace import Workspace, clear_errors
from fairlead.schema.tables import RAW

LONGEST_RECORD = 1 << 20
LINES_BETWEEN_PARTS = 500
_HEAD = ("source", "format", "offset", "first_line", "n_lines")
_PART = re.compile(rb"![A-Z]{2}VD[MO],(\d),(\d),(\d*),([AB12]?),")


def find_record(workspace: Workspace, source: str, offset: int, line: int) -> bytes | None:
    """The record of a source at a byte offset; of a table format, the row with that line number.

    Of a message in several sentences, the later ones follow, each on its line, from the blocks
    after its own too. None when no block holds the record.
    """
    blocks = list(_blocks_of(workspace, source))
    holding = (block for block in blocks if _may_hold(block[2], offset, line))
    block = max(holding, key=lambda block: block[2]["offset"], default=None)
    if block is None:
        return None
    head, payload = block[2], _payload(workspace, block)
    record = cut_record(head, payload, offset, line)
    if record is None or head["format"] != "nmea":
        return record
    n_lines = head["n_lines"] - payload[: offset - head["offset"]].count(b"\n")
    after = [b for b in blocks if b[2]["format"] == "nmea" and b[2]["offset"] > head["offset"]]
    for later in sorted(after, key=lambda block: block[2]["offset"]):
        if n_lines >= LINES_BETWEEN_PARTS or not _wanted(record):
            break
        record = b"\n".join([record, *_later_parts(_payload(workspace, later), 0, record)])
        n_lines += later[2]["n_lines"]
    return record


_Block = tuple[Path, int, dict[str, Any]]
"""File, row group, and the head of a block with its row in that group."""


def _payload(workspace: Workspace, block: _Block) -> bytes:
    path, row_group, head = block
    with clear_errors(workspace.folder):
        payload = pq.ParquetFile(path).read_row_group(row_group, columns=["payload"])["payload"]
    return payload[head["row"]].as_py()


def _blocks_of(workspace: Workspace, source: str) -> Iterator[_Block]:
    """File, row group and head of each block of a source; its payload stays on the disk."""
    for file in workspace.files(RAW):
        with clear_errors(workspace.folder):
            parquet = pq.ParquetFile(file.path)
            for group in range(parquet.num_row_groups):
                heads = parquet.read_row_group(group, columns=list(_HEAD))
                mine = heads.append_column("row", pa.array(range(heads.num_rows)))
                for head in mine.filter(pc.equal(mine["source"], source)).to_pylist():
                    yield file.path, group, head


def _may_hold(head: dict[str, Any], offset: int, line: int) -> bool:
    if head["format"] == "fault":
        return False
    if head["format"] == "parquet":
        return head["first_line"] <= line < head["first_line"] + head["n_lines"]
    return head["offset"] <= offset


def cut_record(head: dict[str, Any], payload: bytes, offset: int, line: int) -> bytes | None:
    if head["format"] == "parquet":
        with pa.ipc.open_stream(payload) as reader:
            rows = reader.read_all().slice(line - head["first_line"], 1).to_pylist()
        return json.dumps(rows[0], default=str).encode() if rows else None
    start = offset - head["offset"]
    if start >= len(payload):
        return None
    first = _line(payload, start)
    if head["format"] != "nmea":
        return first
    return b"\n".join([first, *_later_parts(payload, start + len(first), first)])


def _line(payload: bytes, start: int) -> bytes:
    end = payload.find(b"\n", start)
    return payload[start : end if end >= 0 else len(payload)][:LONGEST_RECORD].rstrip(b"\r")


def _wanted(record: bytes) -> set[bytes]:
    """The numbers of the sentences that the message of a record still lacks."""
    head = _PART.search(record)
    if head is None or int(head.group(1)) < 2:
        return set()
    numbers = range(int(head.group(2)) + 1, int(head.group(1)) + 1)
    have = {part.group(2) for part in _PART.finditer(record)}
    return {str(n).encode() for n in numbers} - have


def _later_parts(payload: bytes, start: int, record: bytes) -> list[bytes]:
    """The lines with the sentences that the message whose first ones are in `record` lacks."""
    wanted = _wanted(record)
    if not wanted:
        return []
    head, found = _PART.search(record), []
    for line in payload[start : start + LINES_BETWEEN_PARTS * 200].splitlines():
        part = _PART.search(line)
        if part is None or head is None or part.group(1, 3, 4) != head.group(1, 3, 4):
            continue
        if part.group(2) in wanted:
            wanted.discard(part.group(2))
            found.append(line)
        if not wanted:
            break
    return found
