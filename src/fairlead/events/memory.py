"""What a detector remembers per key: one record each, in and out of carried rows.

A kernel walks the rows of each key and writes into that key's record; the records become the
carried table again. Nothing else is kept, so where time is cut cannot matter.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.schema.step import key_starts
from fairlead.schema.table import Table


def record_type(table: Table) -> np.dtype:
    """The record of a carried table whose columns are all int64 or float64 and never null."""
    return np.dtype([(f.name, f.type.to_pandas_dtype()) for f in table.columns])


def keys_and_bounds(keys: np.ndarray, carried_keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every key handed over, sorted, and where its rows lie: bounds has one entry more.

    `keys` is the sorted key column of the batch. A key that was only woken has no rows.
    """
    known = np.union1d(keys[key_starts(keys)[:-1]], carried_keys).astype(np.int64)
    return known, np.searchsorted(keys, np.append(known, np.iinfo(np.int64).max)).astype(np.int64)


def recalled(table: Table, carried: pa.Table, keys: np.ndarray) -> np.ndarray:
    """One record per key: what was carried, or zeros with the key filled in."""
    records = np.zeros(len(keys), record_type(table))
    records[table.key] = keys
    if carried.num_rows:
        carried = table.conform(carried)
        at = np.searchsorted(keys, carried[table.key].to_numpy())
        for name in table.columns.names:
            records[name][at] = carried[name].to_numpy()
    return records


def remembered(table: Table, records: np.ndarray) -> pa.Table:
    """The records as rows of the carried table."""
    return table.rows({name: np.ascontiguousarray(records[name]) for name in table.columns.names})


def walked(
    kernel: Callable[..., int],
    inputs: Sequence[Any],
    records: np.ndarray,
    found: np.dtype,
    capacity: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Run a kernel over all keys; the records after it and what it found.

    The kernel is called as `kernel(*inputs, records, found)`, counts what it finds and writes as
    much of it as `found` holds; with more it is run again with room enough. Room for one in 16
    rows is taken at first: pages that are never written cost nothing, a second run costs all.
    """
    if capacity is None:
        rows = max((len(i) for i in inputs if isinstance(i, np.ndarray)), default=0)
        capacity = max(4096, rows // 16)
    while True:
        after, room = records.copy(), np.zeros(capacity, found)
        n = kernel(*inputs, after, room)
        if n <= capacity:
            return after, room[:n]
        capacity = n


@njit(cache=True, nogil=True)
def insertion_points(
    keys: np.ndarray, time_us: np.ndarray, other_keys: np.ndarray, other_us: np.ndarray
) -> np.ndarray:
    """Where the rows of a second sorted table go among those of a first, for `np.insert`.

    Both are sorted by key and time; of equal ones the second table's row comes first.
    """
    out = np.empty(len(other_keys), np.int64)
    i = 0
    for j in range(len(other_keys)):
        while i < len(keys) and (
            keys[i] < other_keys[j] or (keys[i] == other_keys[j] and time_us[i] < other_us[j])
        ):
            i += 1
        out[j] = i
    return out
