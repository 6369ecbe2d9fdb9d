"""Track points written as a mariner would tell them, and the steps run over them in order."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from fairlead.engines.plan import plan
from fairlead.engines.rows import carried_for, last_versions, merge_carried, sorted_rows, split_at
from fairlead.geo.cells import COVERAGE_CELL_DEG, cells_of
from fairlead.geo.sphere import destination_deg
from fairlead.schema.ids import row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, Step
from fairlead.schema.table import Table
from fairlead.schema.tables import TRACK_POINTS

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
T0_US = 1_600_000_200 * SECOND_US - (1_600_000_200 * SECOND_US) % HOUR_US


def voyage(mmsi: int, time_us, lat_deg, lon_deg, **columns) -> pa.Table:
    """TRACK_POINTS of one hull; its track id is its MMSI times ten."""
    n = len(time_us)
    time_us = np.asarray(time_us, np.int64)
    lat_deg = np.broadcast_to(np.asarray(lat_deg, float), n).copy()
    lon_deg = np.broadcast_to(np.asarray(lon_deg, float), n).copy()
    defaults = {"msg_type": 1, "station_class": 0}
    given = {
        name: None if value is None else np.broadcast_to(np.asarray(value), n).copy()
        for name, value in (defaults | columns).items()
    }
    return TRACK_POINTS.rows(
        {
            "track_id": np.full(n, mmsi * 10),
            "time_us": time_us,
            "observation_id": row_ids(np.full(n, mmsi), time_us, np.arange(n)),
            "mmsi": np.full(n, mmsi),
            "lat_deg": lat_deg,
            "lon_deg": lon_deg,
            "cell": cells_of(lat_deg, lon_deg, COVERAGE_CELL_DEG),
            **given,
        },
        n,
    )


def sailed(
    mmsi: int,
    start: tuple[float, float],
    *,
    hours: float,
    speed_kn: float,
    course_deg: float = 90.0,
    every_s: int = 60,
    start_us: int = T0_US,
    **columns,
) -> pa.Table:
    """A steady course from a place."""
    seconds = np.arange(0, int(hours * 3600) + 1, every_s)
    places = [destination_deg(*start, course_deg, speed_kn * 1852.0 / 3600.0 * s) for s in seconds]
    lat, lon = np.array(places).T
    columns = {"speed_kn": speed_kn, "course_deg": course_deg} | columns
    return voyage(mmsi, start_us + seconds * SECOND_US, lat, lon, **columns)


def run_steps(
    steps: Sequence[Step],
    rows: dict[Table, pa.Table],
    *,
    cuts: Sequence[int] = (),
    until_us: int | None = None,
) -> dict[str, pa.Table]:
    """Every table the steps write, in order of writing, as the embedded engine hands rows out."""
    first = min(int(r[t.time].to_numpy().min()) for t, r in rows.items() if r.num_rows)
    last = max(int(r[t.time].to_numpy().max()) for t, r in rows.items() if r.num_rows)
    end = last + 1 if until_us is None else until_us
    inlets = {table.name: table for table in rows}
    states: dict[str, pa.Table] = {}
    written: dict[str, list[pa.Table]] = {t.name: [t.empty()] for s in steps for t in s.writes}
    spans = Span(first, end).cut(*cuts)
    for number in range(len(spans) + 1):
        fresh: dict[str, pa.Table] = {}
        if number < len(spans):
            span = spans[number]
            for name, table in inlets.items():
                times = rows[table][table.time].to_numpy()
                inside = (times >= span.since_us) & (times < span.until_us)
                fresh[name] = rows[table].filter(pa.array(inside))
        for item in plan(steps):
            step = item.step
            own = (
                item.span(spans[number])
                if number < len(spans)
                else item.last_span(spans[-1].until_us, end - 1)
            )
            batch = {}
            for table in step.reads:
                held = states.get(f"{step.kind}/{table.name}", table.empty())
                ready, held = split_at(
                    table, [held, fresh.get(table.name, table.empty())], own.until_us
                )
                states[f"{step.kind}/{table.name}"] = held
                if ready.num_rows:
                    batch[table] = sorted_rows(ready, (step.key, table.time, *table.ids))
            carried = states.get(step.kind, step.carries.empty())
            chosen, rest = carried_for(step, carried, batch, own)
            if not batch and not chosen.num_rows:
                continue
            kept, out = step.step(chosen, Batch(batch), own)
            states[step.kind] = merge_carried(step, rest, kept)
            for table in out:
                written[table.name].append(out[table])
                parts = [fresh[table.name]] if table.name in fresh else []
                fresh[table.name] = pa.concat_tables([*parts, out[table]])
    return {name: pa.concat_tables(parts) for name, parts in written.items()}


def settled(table: Table, written: dict[str, pa.Table]) -> pa.Table:
    """The rows of a table in one order; of an upserted one the last version of each id."""
    rows = written[table.name]
    if table.upserted:
        return last_versions(table, rows)
    return sorted_rows(rows, (table.time, *table.ids, table.key))


def in_one_order(table: Table, rows: pa.Table) -> list[dict]:
    """Every row ever written, as dicts, in an order that does not depend on spans."""
    return sorted(rows.to_pylist(), key=lambda row: str([row[c] for c in table.columns.names]))
