"""Take a step over rows with time cut at some instants."""

import pyarrow as pa

from fairlead.schema.span import Span
from fairlead.schema.step import Batch

ALWAYS = 1 << 61


def drive(step, rows, cuts_us=(), groups=1):
    """Carried rows at the end, and everything written by table, in order of writing."""
    written = {table: [] for table in step.writes}
    kept = []
    for group in range(groups):
        carried = step.carries.empty()
        edges = [0, *sorted(cuts_us), ALWAYS]
        for since_us, until_us in zip(edges, edges[1:], strict=False):
            batch = {
                t: part(step, t, r, since_us, until_us, group, groups) for t, r in rows.items()
            }
            batch = {t: r for t, r in batch.items() if r.num_rows}
            if not batch:
                continue
            keys = {k for r in batch.values() for k in r[step.key].to_pylist()}
            handed = pa.array([k in keys for k in carried[step.key].to_pylist()], pa.bool_())
            rest = carried.filter(pa.array([not h.as_py() for h in handed], pa.bool_()))
            after, out = step.step(carried.filter(handed), Batch(batch), Span(since_us, until_us))
            carried = pa.concat_tables([rest, after]).sort_by(step.key)
            for table in out:
                written[table].append(out[table])
        kept.append(carried)
    return pa.concat_tables(kept), {
        t: pa.concat_tables(parts or [t.empty()]) for t, parts in written.items()
    }


def part(step, table, rows, since_us, until_us, group, groups):
    order = [(c, "ascending") for c in dict.fromkeys((step.key, table.time, *table.ids))]
    times = rows[table.time].to_pylist()
    keys = rows[step.key].to_pylist()
    wanted = [
        since_us <= t < until_us and k % groups == group for t, k in zip(times, keys, strict=True)
    ]
    return rows.filter(pa.array(wanted, pa.bool_())).sort_by(order)


def settled(table, rows):
    """The last row of each id, in order of id."""
    last = {tuple(row[i] for i in table.ids): row for row in rows.to_pylist()}
    return [last[k] for k in sorted(last)]
