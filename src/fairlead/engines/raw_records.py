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

    Of a message in several sentences, the later ones follow, each on its line, as far as the
    block holds them. None when no block holds the record.
    """
    block = _block(workspace, source, offset, line)
    if block is None:
        return None
    path, row_group, head = block
    with clear_errors(workspace.folder):
        payload = pq.ParquetFile(path).read_row_group(row_group, columns=["payload"])["payload"]
    return cut_record(head, payload[head["row"]].as_py(), offset, line)


def _block(
    workspace: Workspace, source: str, offset: int, line: int
) -> tuple[Path, int, dict[str, Any]] | None:
    """The block that would hold the record: the last one that starts at or before it."""
    holding = (
        block for block in _blocks_of(workspace, source) if _may_hold(block[2], offset, line)
    )
    return max(holding, key=lambda block: block[2]["offset"], default=None)


def _blocks_of(workspace: Workspace, source: str) -> Iterator[tuple[Path, int, dict[str, Any]]]:
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
    return b"\n".join([first, *_later_parts(payload, start + len(first), first)])


def _line(payload: bytes, start: int) -> bytes:
    end = payload.find(b"\n", start)
    return payload[start : end if end >= 0 else len(payload)][:LONGEST_RECORD].rstrip(b"\r")


def _later_parts(payload: bytes, start: int, first: bytes) -> list[bytes]:
    """The lines with the other sentences of a message whose first sentence is in `first`."""
    head = _PART.search(first)
    if head is None or int(head.group(1)) < 2:
        return []
    wanted = {str(n).encode() for n in range(int(head.group(2)) + 1, int(head.group(1)) + 1)}
    found = []
    for line in payload[start : start + LINES_BETWEEN_PARTS * 200].splitlines():
        part = _PART.search(line)
        same = part is not None and part.group(1, 3, 4) == head.group(1, 3, 4)
        if same and part is not None and part.group(2) in wanted:
            wanted.discard(part.group(2))
            found.append(line)
        if not wanted:
            break
    return found
