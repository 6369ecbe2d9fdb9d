"""CSV: a block of lines under a header."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from fairlead.observations.archives import tokens
from fairlead.observations.archives.cells import TextCells
from fairlead.observations.archives.mapping import layout_of
from fairlead.observations.archives.records import (
    BYTES_SHOWN,
    Provenance,
    Refusals,
    read_records,
)
from fairlead.schema.step import Batch

_DETAILS = {
    tokens.WRONG_COLUMNS: ("bad_columns", "has not the {n} columns of the header"),
    tokens.OPEN_QUOTE: ("open_quote", "a quoted field runs over the end of the line"),
}


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

    `raw_offset` is each record's first byte. A newline in a quoted field is not supported: the
    record is refused as `open_quote`, and what follows on the next line as `bad_columns`.
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
    n, first, last, line, fault, begins, ends = tokens.tokenise(
        text, start, ord(layout.delimiter), slots, n_lines, len(slot_of)
    )
    refusals = Refusals(n)
    for kind, (reason, detail) in _DETAILS.items():
        refusals.add(fault == kind, reason, detail.format(n=len(layout.names)))

    def shown(rows: np.ndarray) -> pa.Array:
        return slices(text, first, np.minimum(last, first + BYTES_SHOWN), rows)

    provenance = Provenance(source, received_us, line + at_line, first + offset, shown)
    cells = TextCells(text, begins, ends, slot_of, layout, n)
    return read_records(cells, layout.mapping, provenance, refusals)


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
