"""`fairlead show`: a table or a query of it, for people, spreadsheets, maps and programs."""

from __future__ import annotations

import argparse
import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.app import config, views
from fairlead.app.decided import words_on_leads
from fairlead.app.flow import INLETS
from fairlead.app.words import count, parse_time
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.engines.sql import query
from fairlead.schema.errors import ConfigError
from fairlead.schema.table import Table
from fairlead.schema.tables import TABLES

_BY_NAME = {t.name: t for t in TABLES}
_FIRST_ROWS = 50
_FILTERS = ("since", "until", "bbox", "vessel", "kind")


def main(given: argparse.Namespace) -> dict[str, Any] | None:
    settings = config.load(config.path_of(given.config), {"workspace": given.workspace})
    engine = EmbeddedEngine(settings.workspace, inlets=INLETS, writable=False)
    try:
        rows, table = _rows(engine, given)
    finally:
        engine.close()
    total = rows.num_rows
    if given.format == "table":
        rows = _first(rows, given.limit)
        views.print_table(rows, table)
        print(_tail(rows.num_rows, total), file=sys.stderr)
    else:
        rows = rows if given.limit in (None, 0) else rows.slice(0, given.limit)
        views.export(rows, table, given.format, given.output)
    return {"rows": rows.num_rows, "total": total} if given.json else None


def _decisions(engine: EmbeddedEngine) -> pa.Table:
    words = [word.as_dict() for word in words_on_leads(engine.workspace.folder)]
    names = ("decided_us", "lead_id", "mmsi", "verdict", "reviewer", "reason", "snooze_until_us")
    return pa.table({name: [word[name] for word in words] for name in names})


_WORDS = {"revisions": EmbeddedEngine.revisions, "decisions": _decisions}
"""What is kept beside the tables: changes by late rows, and people's words on leads."""


def _rows(engine: EmbeddedEngine, given: argparse.Namespace) -> tuple[pa.Table, Table | None]:
    table = _BY_NAME.get(given.table)
    if table is not None:
        rows = engine.scan(table)
        return _chosen(rows, table, given), table
    if given.table in _WORDS:
        return _WORDS[given.table](engine), None
    if " " not in given.table.strip():
        known = {*_BY_NAME, *_WORDS}
        raise config.unknown_name(given.table, known, "`fairlead show`", what="table")
    unused = [f"--{n}" for n in _FILTERS if getattr(given, n) is not None]
    if unused:
        message = f"{unused[0]} does not reach into an SQL query"
        raise ConfigError(message, help="say it in the query's WHERE, or name a table")
    return query(engine, _BY_NAME, given.table), None


def _chosen(rows: pa.Table, table: Table, given: argparse.Namespace) -> pa.Table:
    keep = np.ones(rows.num_rows, bool)
    times = rows[table.time].to_numpy() if rows.num_rows else np.zeros(0, np.int64)
    if given.since:
        keep &= times >= parse_time(given.since)
    if given.until:
        keep &= times < parse_time(given.until)
    if given.bbox:
        keep &= _inside(rows, given.bbox)
    if given.vessel is not None:
        keep &= _of_vessel(rows, given.vessel)
    if given.kind:
        if "kind" not in rows.column_names:
            message = f"table `{table.name}` has no kinds"
            raise ConfigError(message, help="use `--kind` with `events`")
        _check_kind(given.kind, rows)
        keep &= pc.equal(rows["kind"], given.kind).to_numpy(zero_copy_only=False)
    return rows if keep.all() else rows.filter(pa.array(keep))


def _check_kind(kind: str, rows: pa.Table) -> None:
    from fairlead.events import DETECTORS

    known = {*DETECTORS, *pc.unique(rows["kind"]).to_pylist()}
    if kind not in known:
        raise config.unknown_name(kind, known, "`--kind`", what="kind")


def _of_vessel(rows: pa.Table, mmsi: int) -> np.ndarray:
    names = [n for n in ("mmsi", "other_mmsi") if n in rows.column_names]
    if not names:
        message = "this table has no vessel"
        raise ConfigError(message, help="use `--vessel` with observations, events, leads, ...")
    keep = np.zeros(rows.num_rows, bool)
    for name in names:
        keep |= pc.fill_null(pc.equal(rows[name], mmsi), False).to_numpy(zero_copy_only=False)
    return keep


def _inside(rows: pa.Table, text: str) -> np.ndarray:
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        message = f"`{text}` is not a box"
        raise ConfigError(
            message, help="write it as W,S,E,N in degrees: 170,-50,-170,-30"
        ) from error
    if "lat_deg" not in rows.column_names:
        message = "this table has no positions"
        raise ConfigError(message, help="use `--bbox` with observations, events, leads, ...")
    lat = rows["lat_deg"].to_numpy(zero_copy_only=False).astype(float)
    lon = rows["lon_deg"].to_numpy(zero_copy_only=False).astype(float)
    across = (lon >= west) | (lon <= east) if west > east else (lon >= west) & (lon <= east)
    return (lat >= south) & (lat <= north) & across


def _first(rows: pa.Table, limit: int | None) -> pa.Table:
    wanted = _FIRST_ROWS if limit is None else limit
    return rows if wanted == 0 else rows.slice(0, wanted)


def _tail(shown: int, total: int) -> str:
    if shown == total:
        return count(total, "row")
    return f"{shown:,} of {count(total, 'row')}; `--limit 0` shows all, `--format csv` exports all"
