"""From a record's source and byte offset back to its bytes."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairlead.engines.workspace import Workspace, clear_errors
from fairlead.schema.tables import RAW

LONGEST_RECORD = 1 << 20


def find_record(workspace: Workspace, source: str, offset: int, line: int) -> bytes | None:
    """The record of a source at a byte offset; of a table format, the row with that line number."""
    for file in workspace.files(RAW):
        with clear_errors(workspace.folder):
            heads = pq.read_table(
                file.path,
                columns=["source", "format", "offset", "first_line", "n_lines"],
                partitioning=None,
            )
        mine = pc.equal(heads["source"], source).to_numpy(zero_copy_only=False)
        for index in mine.nonzero()[0].tolist():
            head = {name: heads[name][index].as_py() for name in heads.column_names}
            if _may_hold(head, offset, line):
                payload = _payload(file.path, index)
                found = _cut(head, payload, offset, line)
                if found is not None:
                    return found
    return None


def _may_hold(head: dict, offset: int, line: int) -> bool:
    if head["format"] == "parquet":
        return head["first_line"] <= line < head["first_line"] + head["n_lines"]
    return head["offset"] <= offset


def _payload(path: object, index: int) -> bytes:
    column = pq.read_table(path, columns=["payload"], partitioning=None)["payload"]
    return column[index].as_py()


def _cut(head: dict, payload: bytes, offset: int, line: int) -> bytes | None:
    if head["format"] == "parquet":
        with pa.ipc.open_stream(payload) as reader:
            rows = reader.read_all().slice(line - head["first_line"], 1).to_pylist()
        return json.dumps(rows[0], default=str).encode() if rows else None
    start = offset - head["offset"]
    if start >= len(payload):
        return None
    end = payload.find(b"\n", start)
    record = payload[start : end if end >= 0 else len(payload)]
    return record[:LONGEST_RECORD].rstrip(b"\r")
