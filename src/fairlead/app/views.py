"""Tables on the terminal and in files. Text from outside is text everywhere."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fairlead.app.words import iso, plain, spreadsheet_safe
from fairlead.schema.errors import ConfigError, SourceError
from fairlead.schema.table import Table
from fairlead.schema.tables import COVERAGE

_HIDDEN = ("parameters", "digest", "payload", "header")
_SHORT = {
    "leads": ("lead_id", "probability", "start_us", "end_us", "title"),
    "events": ("event_id", "kind", "start_us", "end_us", "mmsi", "other_mmsi", "detail"),
    "links": ("link_id", "mmsi", "claim_source", "probability", "detail"),
}
"""The columns a person reads first; the other formats have all of them."""
_WIDE = 60
_WIDTH_OF_FILE = 10_000


def print_table(rows: pa.Table, table: Table | None) -> None:
    """Rows as a table on standard output, times in ISO, codes as words, long text cut.

    In a pipe or a file no column is squeezed; on a terminal what does not fit is wrapped.
    """
    from rich.console import Console
    from rich.table import Table as Grid
    from rich.text import Text

    names = _names(rows, table)
    grid = Grid(box=None, pad_edge=False, header_style="bold")
    for name in names:
        numeric = pa.types.is_integer(rows[name].type) or pa.types.is_floating(rows[name].type)
        right = numeric and not name.endswith("_us")
        grid.add_column(
            Text(_heading(name)),
            justify="right" if right else "left",
            no_wrap=name.endswith(("_id", "_us")) or numeric,
        )
    for row in _readable(rows.select(names), table):
        grid.add_row(*[Text(_cell(n, row[n])) for n in names])
    width = None if sys.stdout.isatty() else _WIDTH_OF_FILE
    Console(highlight=False, markup=False, width=width).print(grid)


def _names(rows: pa.Table, table: Table | None) -> list[str]:
    if table is not None and table.name in _SHORT:
        return list(_SHORT[table.name])
    return [n for n in rows.column_names if n not in _HIDDEN]


def export(rows: pa.Table, table: Table | None, format: str, output: str | None) -> None:
    """Write rows as csv, json (lines), geojson or parquet, to a file or standard output.

    Raises ConfigError where the format needs what the rows lack, SourceError where the file
    cannot be written.
    """
    if format == "parquet":
        if output in (None, "-"):
            message = "parquet is not for the terminal"
            raise ConfigError(message, help="pass `-o FILE.parquet`")
        with _opened(output, "wb") as stream:
            pq.write_table(rows, stream, compression="zstd")
        return
    lines = {"csv": _csv, "json": _json, "geojson": _geojson}[format](rows, table)
    if output in (None, "-"):
        for line in lines:
            sys.stdout.write(line + "\n")
        sys.stdout.flush()
        return
    with _opened(output, "w") as stream:
        for line in lines:
            stream.write(line + "\n")


def _opened(output: str | None, mode: str) -> Any:
    try:
        encoding = None if "b" in mode else "utf-8"
        return open(str(output), mode, encoding=encoding)  # noqa: SIM115 - the caller closes it
    except OSError as error:
        message = f"`{output}` cannot be written: {error.strerror}"
        raise SourceError(message, help="check the folder and its permissions") from error


def _heading(name: str) -> str:
    return name.removesuffix("_us").replace("_", " ")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        if name in ("lat_deg", "lon_deg"):
            return f"{value:.5f}"
        return f"{value:.5g}" if abs(value) < 1000 else f"{value:,.0f}"
    text = plain(value)
    return text if len(text) <= _WIDE else text[: _WIDE - 1] + "…"


def _readable(rows: pa.Table, table: Table | None) -> Iterator[dict[str, Any]]:
    """Rows as dicts with times as ISO text and coded values by name."""
    codes = {}
    if table is not None:
        codes = {n: table.codes(n) for n in rows.column_names if table.codes(n)}
    for row in rows.to_pylist():
        for name, value in row.items():
            if value is None:
                continue
            if name.endswith("_us") and isinstance(value, int):
                row[name] = iso(value)
            elif name in codes and 0 <= value < len(codes[name]):
                row[name] = codes[name][value]
            elif isinstance(value, bytes):
                row[name] = value.decode("utf-8", "backslashreplace")
        yield row


def _csv(rows: pa.Table, table: Table | None) -> Iterator[str]:
    import csv
    import io

    def written(values: list[Any]) -> str:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="").writerow(values)
        return buffer.getvalue()

    yield written(rows.column_names)
    for row in _readable(rows, table):
        yield written([_csv_value(v) for v in row.values()])


def _csv_value(value: Any) -> Any:
    if isinstance(value, list):
        value = " ".join(str(v) for v in value)
    return spreadsheet_safe(plain(value)) if isinstance(value, str) else value


def _json(rows: pa.Table, table: Table | None) -> Iterator[str]:
    for row in _readable(rows, table):
        yield _dumped(_unpacked(row))


_UNSEEN = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def _dumped(value: Any) -> str:
    """JSON in which characters that steer a terminal or turn text around are escaped."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _unpacked(row: dict[str, Any]) -> dict[str, Any]:
    """Columns that hold JSON as the values they hold."""
    for name in ("parameters", "measures", "factors"):
        if isinstance(row.get(name), str):
            row[name] = json.loads(row[name])
    return row


def _geojson(rows: pa.Table, table: Table | None) -> Iterator[str]:
    if "lat_deg" not in rows.column_names or "lon_deg" not in rows.column_names:
        message = "these rows have no positions, so they are no map"
        raise ConfigError(message, help="use `--format csv` or `json`")
    yield '{"type":"FeatureCollection","features":['
    before = ""
    for row in _readable(rows, table):
        lat, lon = row.pop("lat_deg"), row.pop("lon_deg")
        place = None if lat is None else {"type": "Point", "coordinates": [lon, lat]}
        if table is COVERAGE:
            place = _cell_polygon(row["cell"])
        feature = {"type": "Feature", "geometry": place, "properties": _unpacked(row)}
        yield before + _dumped(feature)
        before = ","
    yield "]}"


def _cell_polygon(cell: int) -> dict[str, Any]:
    from fairlead.geo.cells import COVERAGE_CELL_DEG, edges_of

    west, south, east, north = edges_of(cell, COVERAGE_CELL_DEG)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}
