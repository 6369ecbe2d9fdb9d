"""CSV: a block of lines under a header."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fairlead.observations.archives import tokens
from fairlead.observations.archives.cells import TextCells
from fairlead.observations.archives.mapping import Layout, layout_of
from fairlead.observations.archives.records import (
    BYTES_SHOWN,
    Provenance,
    Refusals,
    read_records,
)
from fairlead.schema.step import Batch


def read_csv(
    payload: bytes | memoryview,
    header: bytes | None,
    *,
    source: str,
    offset: int,
    first_line: int,
    n_lines: int,
    received_us: int,
    mapping_toml: str = "",
) -> Batch:
    """The rows of a CSV block. Without `header` the block's first line is the header.

    `raw_offset` is each record's first byte. A newline ends a record even in a quoted field: the
    line is refused as `open_quote` with the column at fault, the next stands or falls by itself.
    """
    text = readonly(payload)
    start, at_line = 0, first_line
    if header is None:
        start, at_line = _end_of_line(text), first_line + 1
        header = text[:start].tobytes().rstrip(b"\r\n")
    layout = layout_of(header, mapping_toml)
    slots = np.full(len(layout.names), -1, np.int32)
    slot_of = {meaning: slot for slot, meaning in enumerate(layout.column)}
    for meaning, place in layout.column.items():
        slots[place] = slot_of[meaning]
    n, first, last, line, fault, at_column, begins, ends = tokens.tokenise(
        text, start, ord(layout.delimiter), slots, n_lines, len(slot_of)
    )
    refusals = Refusals(n)
    _refuse(refusals, fault, at_column, layout)

    def shown(rows: np.ndarray) -> pa.Array:
        return slices(text, first, np.minimum(last, first + BYTES_SHOWN), rows)

    provenance = Provenance(source, received_us, line + at_line, first + offset, shown)
    cells = TextCells(text, begins, ends, slot_of, layout, n)
    return read_records(cells, layout.mapping, provenance, refusals)


def _refuse(refusals: Refusals, fault: np.ndarray, at_column: np.ndarray, layout: Layout) -> None:
    """Say of each fault what and in which column; the few details differ by column only."""
    n = len(layout.names)
    for column in np.unique(at_column[fault != tokens.INTACT]).tolist():
        here = at_column == column
        columns = "1 column" if column == 1 else f"{column} columns"
        detail = f"{columns} where the header has {n}"
        refusals.add(here & (fault == tokens.WRONG_COLUMNS), "bad_columns", detail)
        title = f" (`{layout.names[column - 1]}`)" if column <= n else ""
        detail = f"the quotation mark that opens column {column}{title} is not closed on its line"
        refusals.add(here & (fault == tokens.OPEN_QUOTE), "open_quote", detail)


def _end_of_line(text: np.ndarray) -> int:
    """The byte after the first newline."""
    newlines = np.flatnonzero(text[: 1 << 20] == 10)
    return int(newlines[0]) + 1 if len(newlines) else len(text)


def readonly(payload: bytes | memoryview) -> np.ndarray:
    """The bytes as an array of the one type that the kernels are compiled for."""
    text = np.frombuffer(payload, np.uint8)
    text.flags.writeable = False
    return text


def slices(text: np.ndarray, begins: np.ndarray, ends: np.ndarray, rows: np.ndarray) -> pa.Array:
    """Bytes of the chosen records: binary."""
    packed, offsets = tokens.gather(text, begins[rows], ends[rows])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(packed)]
    return pa.Array.from_buffers(pa.binary(), len(rows), buffers)
