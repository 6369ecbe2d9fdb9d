"""Runs one step over tables the way an engine does: cut in time, split by key."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from fairlead.geo.cells import COVERAGE_CELL_DEG, cells_of
from fairlead.schema.ids import row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, Step, in_order
from fairlead.schema.table import Table
from fairlead.schema.tables import STATICS, TRACK_POINTS

ALL = Span(0, 1 << 60)


def points(
    mmsi, time_us, lat_deg, lon_deg, speed_kn=None, track_id=None, course_deg=None, heading_deg=None
) -> pa.Table:
    """TRACK_POINTS from arrays; a hull per MMSI unless `track_id` is given."""
    mmsi, time_us = np.asarray(mmsi, np.int64), np.asarray(time_us, np.int64)
    lat = np.asarray(lat_deg, np.float64)
    lon = (np.asarray(lon_deg, np.float64) + 180.0) % 360.0 - 180.0
    n = len(mmsi)
    columns = {
        "track_id": mmsi if track_id is None else np.asarray(track_id, np.int64),
        "time_us": time_us,
        "observation_id": row_ids(mmsi, time_us, lat, lon),
        "mmsi": mmsi,
        "station_class": np.zeros(n, np.int8),
        "lat_deg": lat,
        "lon_deg": lon,
        "cell": cells_of(lat, lon, COVERAGE_CELL_DEG),
    }
    given = {"speed_kn": speed_kn, "course_deg": course_deg, "heading_deg": heading_deg}
    for name, values in given.items():
        if values is not None:
            columns[name] = pa.array(np.asarray(values, np.float32), from_pandas=True)
    return TRACK_POINTS.rows(columns, n)


def statics(rows: Sequence[dict]) -> pa.Table:
    """STATICS from dicts with mmsi, time_us and any of the voyage columns."""
    n = len(rows)
    columns = {
        "observation_id": [
            int(row_ids(np.array([r["mmsi"]]), np.array([r["time_us"]]), np.array([i]))[0])
            for i, r in enumerate(rows)
        ],
        "time_basis": [0] * n,
        "station_class": [0] * n,
        "n_heard": [1] * n,
        "flags": [0] * n,
        "source": ["test"] * n,
        "raw_offset": list(range(n)),
        "line": list(range(n)),
    }
    for name in ("mmsi", "time_us", "flag", "imo", "imo_valid", "callsign", "name", "draught_m"):
        columns[name] = [r.get(name) for r in rows]
    columns["destination"] = [r.get("destination") for r in rows]
    columns["flag"] = pa.array(columns["flag"], pa.string()).dictionary_encode()
    return STATICS.rows(columns, n)


def run(step: Step, rows: dict[Table, pa.Table], cuts: Sequence[int] = (), n_parts: int = 1):
    """Every row written, in order, and the most carried rows of any key."""
    written: list[pa.Table] = []
    most = 0
    for part in range(n_parts):
        carried = step.carries.empty()
        for span in ALL.cut(*cuts):
            batch = {t: _slice(step, t, r, span, part, n_parts) for t, r in rows.items()}
            due = _due(step, carried, batch, span)
            kept = carried.filter(pa.array(~due))
            given, batch = carried.filter(pa.array(due)), Batch(batch)
            if not any(batch[t].num_rows for t in batch) and not given.num_rows:
                continue
            new, out = step.step(given, batch, span)
            if new.num_rows:
                most = max(
                    most, int(np.unique(new[step.key].to_numpy(), return_counts=True)[1].max())
                )
            carried = pa.concat_tables([kept, step.carries.conform(new)]).combine_chunks()
            order = np.argsort(carried[step.key].to_numpy(), kind="stable")
            carried = carried.take(order)
            written += [out[t] for t in step.writes]
    return pa.concat_tables(written or [t.empty() for t in step.writes]), most


def settled(events: pa.Table) -> dict:
    """What the table holds at the end: the last row of each id."""
    return {r[_id(events)]: r for r in events.to_pylist()}


def _id(rows: pa.Table) -> str:
    return "event_id" if "event_id" in rows.column_names else "stop_id"


def _slice(step: Step, table: Table, rows: pa.Table, span: Span, part: int, n_parts: int):
    keys = rows[step.key].fill_null(0).to_numpy()
    time_us = rows[table.time].to_numpy()
    mine = (time_us >= span.since_us) & (time_us < span.until_us) & (keys % n_parts == part)
    return in_order(table, step.key, rows.filter(pa.array(mine)))


def _due(step: Step, carried: pa.Table, batch: dict[Table, pa.Table], span: Span) -> np.ndarray:
    keys = carried[step.key].to_numpy()
    due = np.zeros(len(keys), bool)
    for rows in batch.values():
        due |= np.isin(keys, rows[step.key].fill_null(0).to_numpy())
    if "wake_us" in carried.column_names:
        due |= carried["wake_us"].fill_null(1 << 62).to_numpy() < span.until_us
    return np.isin(keys, keys[due])
