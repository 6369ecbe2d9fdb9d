"""A Parquet file: blocks of rows as Arrow IPC streams."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fairlead.schema.errors import SourceError
from fairlead.schema.source import Cursor
from fairlead.schema.tables import RAW
from fairlead.sources.blocks import FAULT
from fairlead.sources.files import matching_fingerprint, open_file

ROWS_PER_BLOCK = 1 << 17


@dataclass(frozen=True, slots=True)
class ParquetSource:
    """`offset` of a block and of the cursor is the number of rows before; `line` counts from 1."""

    name: str
    path: Path
    received_us: int
    format: str = "parquet"
    is_live: bool = False
    expected_per_min: float | None = None
    rows_per_block: int = ROWS_PER_BLOCK

    def read(self, cursor: Cursor) -> Iterator[tuple[pa.Table, Cursor]]:
        with open_file(self.path) as file:
            fingerprint = matching_fingerprint(file, self.path, cursor)
            parquet = opened(file, self.path)
            n_rows = [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)]
            ends = np.cumsum(n_rows, dtype=np.int64)
            for group, end in enumerate(ends.tolist()):
                if end <= cursor.offset:
                    continue
                first = end - n_rows[group]
                for block, offset, n in self._blocks(parquet, group, first, cursor.offset):
                    yield block, Cursor(offset + n, offset + n + 1, fingerprint)

    def _blocks(
        self, parquet: pq.ParquetFile, group: int, first: int, done: int
    ) -> Iterator[tuple[pa.Table, int, int]]:
        """RAW rows of a row group with their row offset and length; blocks align to the group."""
        n_group = parquet.metadata.row_group(group).num_rows
        start = max(0, (done - first) // self.rows_per_block * self.rows_per_block)
        try:
            rows = parquet.read_row_group(group)
        except (OSError, pa.ArrowInvalid) as error:
            text = f"corrupt_stream: row group {group} of {n_group} rows: {error}".encode()
            offset = max(first, done)
            yield self._raw(text, FAULT, offset, n_group), offset, first + n_group - offset
            return
        while start < n_group:
            offset = max(first + start, done)
            n = first + min(start + self.rows_per_block, n_group) - offset
            yield self._raw(ipc(rows.slice(offset - first, n)), self.format, offset, n), offset, n
            start += self.rows_per_block

    def _raw(self, payload: bytes, format: str, offset: int, n_rows: int) -> pa.Table:
        return RAW.rows(
            {
                "source": [self.name],
                "format": [format],
                "offset": [offset],
                "first_line": [offset + 1],
                "n_lines": [n_rows],
                "received_us": [self.received_us],
                "payload": [payload],
            }
        )


def opened(file: object, path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(file)
    except (OSError, pa.ArrowInvalid) as error:
        reason = str(error).split("\n")[0].lower()
        message = f"{path} cannot be read as Parquet: {reason}"
        raise SourceError(message, help="it may be cut short: fetch it again") from error


def ipc(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    return sink.getvalue().to_pybytes()
