"""Sources opened as the application opens them, and read whole."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa

from fairlead.schema.source import Cursor, Source
from fairlead.sources.registry import Options, open_sources

RECEIVED_US = 1_700_000_000_000_000


def options(**changes) -> Options:
    given = {"now_us": lambda: RECEIVED_US, "received_us": lambda _: RECEIVED_US}
    return Options(**{**given, **changes})


def opened(path: Path | str, **changes) -> Source:
    (source,) = open_sources([str(path)], options(**changes))
    return source


def rows_of(source: Source, cursor: Cursor | None = None) -> pa.Table:
    tables = [rows for rows, _ in source.read(cursor or Cursor())]
    return pa.concat_tables(tables) if tables else pa.table({"payload": pa.array([], pa.binary())})


def bytes_of(rows: pa.Table) -> bytes:
    """The payloads of the rows that are no faults."""
    return b"".join(r["payload"] for r in rows.to_pylist() if r["format"] != "fault")


def faults_of(rows: pa.Table) -> list[str]:
    return [r["payload"].decode() for r in rows.to_pylist() if r["format"] == "fault"]


def first_with(
    reading, enough: Callable[[pa.Table], bool], n_tables_max: int = 100
) -> tuple[pa.Table, Cursor]:
    """What a live source gives until it is enough; a bounded number of its tables is waited for."""
    tables, cursor = [], Cursor()
    for _ in range(n_tables_max):
        rows, cursor = next(reading)
        tables.append(rows)
        together = pa.concat_tables(tables)
        if enough(together):
            return together, cursor
    message = "the feed did not give enough"
    raise AssertionError(message)
