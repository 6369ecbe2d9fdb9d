"""Ordering, splitting and packing of Arrow rows for the embedded engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.schema.span import Span
from fairlead.schema.step import WAKE, Step
from fairlead.schema.table import Table


def sorted_rows(rows: pa.Table, by: Sequence[str]) -> pa.Table:
    """The rows in ascending order of some columns, in one chunk; ties keep their order."""
    rows = one_chunk(rows)
    names = list(dict.fromkeys(by))
    if rows.num_rows < 2:
        return rows
    if _are_sorted(rows, names):
        return rows
    frame = pl.DataFrame(rows.select(names))
    order = frame.select(pl.arg_sort_by(names, maintain_order=True)).to_series().to_numpy()
    return rows.take(pa.array(order))


def _are_sorted(rows: pa.Table, names: Sequence[str]) -> bool:
    """Whether integer columns are in ascending order; False where that would cost to tell."""
    settled = np.zeros(rows.num_rows - 1, bool)
    for name in names:
        column = rows[name]
        if not pa.types.is_integer(column.type) or column.null_count:
            return bool(settled.all())
        values = column.chunk(0).to_numpy()
        if np.any(~settled & (values[1:] < values[:-1])):
            return False
        settled |= values[1:] > values[:-1]
    return True


def one_chunk(rows: pa.Table) -> pa.Table:
    """The same rows with each column in one piece and one dictionary."""
    if all(c.num_chunks <= 1 for c in rows.columns):
        return rows
    return rows.unify_dictionaries().combine_chunks()


def split_at(table: Table, parts: list[pa.Table], until_us: int) -> tuple[pa.Table, pa.Table]:
    """The rows before an instant, and the others."""
    rows = one_chunk(pa.concat_tables([p for p in parts if p.num_rows] or [table.empty()]))
    if rows.num_rows == 0:
        return rows, rows
    times = rows[table.time].to_numpy()
    if times.max() < until_us:
        return rows, table.empty()
    before = times < until_us
    return rows.filter(pa.array(before)), rows.filter(pa.array(~before))


def carried_for(
    step: Step, carried: pa.Table, batch: dict[Table, pa.Table], span: Span
) -> tuple[pa.Table, pa.Table]:
    """The carried rows of the keys in the batch or due to wake, and those left alone."""
    if carried.num_rows == 0:
        return carried, carried
    keys = carried[step.key].combine_chunks()
    wanted = pa.concat_arrays(
        [keys.slice(0, 0)] + [pc.unique(rows[step.key]).cast(keys.type) for rows in batch.values()]
    )
    if WAKE in carried.column_names:
        due = pc.fill_null(pc.less(carried[WAKE], span.until_us), False)
        wanted = pa.concat_arrays([wanted, pc.unique(keys.filter(due.combine_chunks()))])
    chosen = pc.is_in(keys, value_set=pc.unique(wanted))
    return carried.filter(chosen), carried.filter(pc.invert(chosen))


def merge_carried(step: Step, rest: pa.Table, kept: pa.Table) -> pa.Table:
    """All that the step carries now, sorted by key."""
    kept = step.carries.conform(kept)
    if rest.num_rows == 0:
        return sorted_rows(kept, (step.key,))
    return sorted_rows(pa.concat_tables([rest, kept]), (step.key,))


def last_versions(table: Table, rows: pa.Table) -> pa.Table:
    """Of rows in order of writing, the last of each id, sorted by time and id."""
    if rows.num_rows == 0:
        return rows
    ids = pl.DataFrame(rows.select(list(table.ids))).with_row_index("written")
    last = ids.unique(subset=list(table.ids), keep="last")["written"].sort().to_numpy()
    return sorted_rows(one_chunk(rows).take(pa.array(last)), (table.time, *table.ids))


def to_bytes(rows: pa.Table) -> bytes:
    """Arrow IPC, zstd."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_stream(sink, rows.schema, options=options) as writer:
        writer.write_table(one_chunk(rows))
    return sink.getvalue().to_pybytes()


def from_bytes(packed: bytes) -> pa.Table:
    with pa.ipc.open_stream(packed) as reader:
        return reader.read_all()
