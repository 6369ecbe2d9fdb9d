"""A step: a pure function from a span of rows to rows; what it must remember is rows too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import pyarrow as pa

from fairlead.schema.span import Span
from fairlead.schema.table import Table

WAKE = "wake_us"
"""Carried rows may have this column: when event time reaches it, the engine hands the key to the
step even if the batch has no row of it. Null means: only when rows come."""


class Batch(Mapping[Table, pa.Table]):
    """Rows by table. A table that is not in the batch reads as empty."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Mapping[Table, pa.Table] | None = None) -> None:
        self._rows = {t.name: (t, t.conform(r)) for t, r in (rows or {}).items()}

    def __getitem__(self, table: Table) -> pa.Table:
        found = self._rows.get(table.name)
        return table.empty() if found is None else found[1]

    def __iter__(self) -> Iterator[Table]:
        return (table for table, _ in self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, table: object) -> bool:
        return isinstance(table, Table) and table.name in self._rows


@runtime_checkable
class Step(Protocol):
    """A frozen dataclass; every threshold is a field with its unit in its name.

    An engine promises: each table of `batch` is sorted by `key`, then time, then ids; all rows of
    a key that fall in `span` are there, once; `carried` holds what the step returned last time for
    the keys in the batch and for those whose `wake_us` is before `span.until_us`, sorted by key.

    A step promises: it reads no clock and keeps nothing; it returns all that must be carried for
    the keys it was handed (a key it leaves out is forgotten); where time is cut, and how keys are
    split over calls, changes nothing in the rows written.
    """

    kind: ClassVar[str]
    version: ClassVar[int]
    key: ClassVar[str]
    reads: ClassVar[tuple[Table, ...]]
    writes: ClassVar[tuple[Table, ...]]
    carries: ClassVar[Table]

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]: ...


def key_starts(keys: np.ndarray) -> np.ndarray:
    """Where each run of equal keys starts, with the length at the end: int64, runs + 1."""
    if len(keys) == 0:
        return np.zeros(1, np.int64)
    changes = np.flatnonzero(keys[1:] != keys[:-1]) + 1
    return np.concatenate(([0], changes, [len(keys)])).astype(np.int64)


def last_of_key(keys: np.ndarray) -> np.ndarray:
    """True on the last row of each run of equal keys."""
    last = np.ones(len(keys), bool)
    last[:-1] = keys[1:] != keys[:-1]
    return last


def in_order(table: Table, key: str, *parts: pa.Table) -> pa.Table:
    """The parts as one table sorted by key, time and ids; chunks combined."""
    rows = pa.concat_tables([table.conform(p) for p in parts if p.num_rows] or [table.empty()])
    rows = rows.combine_chunks()
    columns = [rows[c].to_numpy() for c in (*reversed(table.ids), table.time, key)]
    if rows.num_rows < 2 or _sorted(columns):
        return rows
    return rows.take(np.lexsort(columns))


def _sorted(columns: list[np.ndarray]) -> bool:
    """Whether rows are in the order np.lexsort would put them (last column first)."""
    settled = np.zeros(len(columns[0]) - 1, bool)
    for values in reversed(columns):
        before, after = values[:-1], values[1:]
        if np.any(~settled & (after < before)):
            return False
        settled |= after > before
    return True


def to_numpy(rows: pa.Table, name: str, null: float | int | None = None) -> np.ndarray:
    """A column as a NumPy array; nulls become `null` (NaN for floats when not given)."""
    values = rows[name]
    if values.null_count and null is not None:
        values = values.fill_null(null)
    if isinstance(values, pa.ChunkedArray):
        values = values.chunk(0) if values.num_chunks == 1 else values.combine_chunks()
    return values.to_numpy(zero_copy_only=False)
