"""Drive one step over rows as an engine would, with time cut and keys split as a law asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from fairlead.engines.plan import delay_us
from fairlead.engines.rows import (
    carried_for,
    last_versions,
    merge_carried,
    one_chunk,
    sorted_rows,
    split_at,
)
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, Step
from fairlead.schema.table import Table

Rows = Mapping[Table, pa.Table]


def drive(step: Step, rows: Rows, cuts_us: Sequence[int] = (), n_groups: int = 1) -> Batch:
    """All that the step writes for `rows`, cut at some instants, its keys in some groups."""
    outputs: dict[Table, list[pa.Table]] = {table: [] for table in step.writes}
    for group in range(n_groups):
        part = {table: _of_group(step, r, group, n_groups) for table, r in rows.items()}
        for table, out in _drive_group(step, part, extent(rows), cuts_us).items():
            outputs[table].append(out)
    return Batch({t: pa.concat_tables(o) if o else t.empty() for t, o in outputs.items()})


def extent(rows: Rows) -> Span:
    """From the first row's time to just after the last one's."""
    times = [r[t.time].to_numpy() for t, r in rows.items() if r.num_rows]
    if not times:
        return Span(0, 1)
    return Span(int(min(t.min() for t in times)), int(max(t.max() for t in times)) + 1)


def _drive_group(
    step: Step, rows: dict[Table, pa.Table], whole: Span, cuts_us: Sequence[int]
) -> dict[Table, pa.Table]:
    outputs: dict[Table, list[pa.Table]] = {table: [] for table in step.writes}
    carried = step.carries.empty()
    last = Span(whole.until_us, whole.until_us + delay_us(step))
    waiting = dict(rows)
    for span in [*whole.cut(*cuts_us), last]:
        batch = {}
        for table in list(waiting):
            ready, waiting[table] = split_at(table, [waiting[table]], span.until_us)
            if ready.num_rows:
                batch[table] = sorted_rows(ready, (step.key, table.time, *table.ids))
        chosen, rest = carried_for(step, carried, batch, span)
        if not batch and not chosen.num_rows:
            continue
        kept, out = step.step(chosen, Batch(batch), span)
        check_output(step, out, span)
        carried = merge_carried(step, rest, kept)
        for table in out:
            outputs[table].append(out[table])
    return {t: pa.concat_tables(o) if o else t.empty() for t, o in outputs.items()}


def check_output(step: Step, out: Batch, span: Span) -> None:
    """What a step writes is declared, complete, and in the span less its declared delay."""
    declared = {t.name for t in step.writes}
    for table in out:
        rows = out[table]
        assert table.name in declared, f"{step.kind} writes {table.name} undeclared"
        for field in table.columns:
            assert field.nullable or rows[field.name].null_count == 0, (step.kind, field.name)
        if table.upserted or rows.num_rows == 0:
            continue
        times = rows[table.time].to_numpy()
        assert times.min() >= span.since_us - delay_us(step), (step.kind, table.name, "too old")
        assert times.max() < span.until_us - delay_us(step) or delay_us(step) == 0


def settled(out: Batch) -> dict[str, list[str]]:
    """The written tables as they stand, in one order, for comparison to the last bit."""
    return {
        table.name: [repr(row) for row in _standing(table, out[table]).to_pylist()] for table in out
    }


def _standing(table: Table, rows: pa.Table) -> pa.Table:
    if table.upserted:
        return last_versions(table, rows)
    return sorted_rows(rows, (table.time, *table.ids, table.key))


def _of_group(step: Step, rows: pa.Table, group: int, n_groups: int) -> pa.Table:
    if n_groups == 1 or rows.num_rows == 0:
        return rows
    keys = one_chunk(rows)[step.key].combine_chunks()
    if pa.types.is_dictionary(keys.type) or pa.types.is_string(keys.type):
        numbers = np.array([sum(str(k).encode()) for k in keys.to_pylist()])
    else:
        numbers = keys.to_numpy(zero_copy_only=False)
    return rows.filter(pa.array(numbers % n_groups == group))
