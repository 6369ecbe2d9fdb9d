"""Cells of a block by what they mean, whether they came as text or as typed columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.observations.archives import tokens, values
from fairlead.observations.archives.mapping import Layout
from fairlead.schema.ids import row_ids

Numbers = tuple[np.ndarray, np.ndarray]
"""By record: values (float64, NaN where not given; int64 for times), and whether GIVEN."""

_STYLES = {
    "auto": values.DAY_FIRST,
    "month_first": values.MONTH_FIRST,
    "epoch_s": values.EPOCH_S,
    "epoch_ms": values.EPOCH_MS,
}


class Cells(Protocol):
    """The cells of a block of records. A meaning the archive lacks reads as missing everywhere."""

    @property
    def n(self) -> int: ...

    def has(self, meaning: str) -> bool: ...

    def title(self, meaning: str) -> str: ...

    def numbers(self, meaning: str, rows: np.ndarray | None = None) -> Numbers: ...

    def times(self, meaning: str, rows: np.ndarray | None = None) -> Numbers: ...

    def texts(self, meaning: str, rows: np.ndarray) -> pa.Array: ...

    def hashes(self, meanings: Sequence[str]) -> tuple[np.ndarray, np.ndarray]: ...


@dataclass(frozen=True, slots=True)
class TextCells:
    """Cells of `n` records as places in a text: `begins[slot, record]`, by meaning's slot."""

    text: np.ndarray
    begins: np.ndarray
    ends: np.ndarray
    slots: Mapping[str, int]
    layout: Layout
    n: int

    def has(self, meaning: str) -> bool:
        return meaning in self.slots

    def title(self, meaning: str) -> str:
        return self.layout.names[self.layout.column[meaning]]

    def _places(self, meaning: str, rows: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        slot = self.slots[meaning]
        begins, ends = self.begins[slot, : self.n], self.ends[slot, : self.n]
        if rows is None:
            return begins, ends
        return begins[rows], ends[rows]

    def numbers(self, meaning: str, rows: np.ndarray | None = None) -> Numbers:
        if not self.has(meaning):
            return _absent(self.n if rows is None else len(rows))
        point = ord(self.layout.mapping.decimal_point)
        return values.numbers(self.text, *self._places(meaning, rows), point)

    def times(self, meaning: str, rows: np.ndarray | None = None) -> Numbers:
        style = _STYLES[self.layout.mapping.time_format]
        return values.times(self.text, *self._places(meaning, rows), style)

    def texts(self, meaning: str, rows: np.ndarray) -> pa.Array:
        if not self.has(meaning):
            return pa.nulls(len(rows), pa.string())
        slot = self.slots[meaning]
        packed, offsets = tokens.trimmed(self.text, self.begins[slot], self.ends[slot], rows)
        texts = strings(packed, offsets)
        return pc.replace_substring(texts, '""', '"') if b'""' in packed.tobytes() else texts

    def hashes(self, meanings: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        slots = np.array([self.slots[m] for m in meanings if self.has(m)], np.int64)
        return tokens.hash_fields(self.text, self.begins, self.ends, slots, self.n)


@dataclass(frozen=True, slots=True)
class ColumnCells:
    """Cells as Arrow columns by meaning; text columns are read like the cells of a CSV."""

    columns: Mapping[str, pa.Array]
    titles: Mapping[str, str]
    layout: Layout
    n: int

    def has(self, meaning: str) -> bool:
        return meaning in self.columns

    def title(self, meaning: str) -> str:
        return self.titles[meaning]

    def _column(self, meaning: str, rows: np.ndarray | None) -> pa.Array:
        column = self.columns[meaning]
        return column if rows is None else column.take(pa.array(rows))

    def numbers(self, meaning: str, rows: np.ndarray | None = None) -> Numbers:
        if not self.has(meaning):
            return _absent(self.n if rows is None else len(rows))
        column = self._column(meaning, rows)
        if is_text(column):
            point = ord(self.layout.mapping.decimal_point)
            return values.numbers(*text_places(column), point)
        if not _is_number(column.type):
            return np.full(len(column), np.nan), np.full(len(column), values.UNREADABLE, np.uint8)
        array = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return array, np.isnan(array).astype(np.uint8)

    def times(self, meaning: str, rows: np.ndarray | None = None) -> Numbers:
        column = self._column(meaning, rows)
        style = self.layout.mapping.time_format
        if is_text(column):
            return values.times(*text_places(column), _STYLES[style])
        missing = pc.is_null(column).to_numpy(zero_copy_only=False).astype(np.uint8)
        if pa.types.is_temporal(column.type):
            instants = column.cast(pa.timestamp("us", tz="UTC"), safe=False).cast(pa.int64())
            return instants.fill_null(0).to_numpy(), missing
        return _epochs(column, style)

    def texts(self, meaning: str, rows: np.ndarray) -> pa.Array:
        if not self.has(meaning):
            return pa.nulls(len(rows), pa.string())
        column = self._column(meaning, rows)
        if not is_text(column):
            return column.cast(pa.string(), safe=False)
        text, begins, ends = text_places(column)
        return strings(*tokens.trimmed(text, begins, ends, np.arange(len(rows))))

    def hashes(self, meanings: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Equal within a block where the cells are equal."""
        codes, filled = [np.zeros(self.n, np.int64)], np.zeros(self.n, bool)
        for meaning in meanings:
            if self.has(meaning):
                indices = self.columns[meaning].dictionary_encode().indices
                codes.append(indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64))
                filled |= codes[-1] >= 0
        return row_ids(*codes).astype(np.uint64), filled


def _absent(n: int) -> Numbers:
    return np.full(n, np.nan), np.full(n, values.MISSING, np.uint8)


def _is_number(type: pa.DataType) -> bool:
    return (
        pa.types.is_integer(type)
        or pa.types.is_floating(type)
        or pa.types.is_boolean(type)
        or pa.types.is_decimal(type)
        or pa.types.is_null(type)
    )


def is_text(column: pa.Array) -> bool:
    return pa.types.is_string(column.type) or pa.types.is_large_string(column.type)


def text_places(column: pa.Array) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The bytes of a text column, and where each cell begins and ends; null cells are empty."""
    column = column.cast(pa.string())
    _, offsets, data = column.buffers()
    n = len(column)
    places = np.frombuffer(offsets, np.int32)[column.offset : column.offset + n + 1]
    text = np.frombuffer(data, np.uint8) if data is not None else np.zeros(0, np.uint8)
    text.flags.writeable = False
    begins, ends = places[:-1].copy(), places[1:].copy()
    if column.null_count:
        nulls = pc.is_null(column).to_numpy(zero_copy_only=False)
        ends[nulls] = begins[nulls]
    return text, begins, ends


def _epochs(column: pa.Array, style: str) -> Numbers:
    """Numeric times: seconds, or by their size milli-, micro- or nanoseconds."""
    if not _is_number(column.type):
        return np.zeros(len(column), np.int64), np.full(len(column), values.UNREADABLE, np.uint8)
    given = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    size = np.abs(given)
    factor = np.where(size < 2e10, 1e6, np.where(size < 2e13, 1e3, np.where(size < 2e16, 1, 1e-3)))
    if style in ("epoch_s", "epoch_ms"):
        factor = np.full(len(given), 1e6 if style == "epoch_s" else 1e3)
    status = np.isnan(given).astype(np.uint8)
    status[(given < 0) | (given * factor > 9e15)] = values.UNREADABLE
    instants = np.where(status == values.GIVEN, np.rint(given * factor), 0)
    return instants.astype(np.int64), status


def strings(packed: np.ndarray, offsets: np.ndarray) -> pa.Array:
    """Texts from bytes end to end; empty ones are null, what is not UTF-8 is read as Latin-1."""
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(packed)]
    raw = pa.Array.from_buffers(pa.binary(), len(offsets) - 1, buffers)
    raw = pc.if_else(pa.array(np.diff(offsets) == 0), pa.scalar(None, pa.binary()), raw)
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_decoded(b) for b in raw.to_pylist()], pa.string())


def _decoded(raw: bytes | None) -> str | None:
    if raw is None:
        return None
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")
