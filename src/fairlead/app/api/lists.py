"""Lists: a total, items, and a cursor that leads on in exactly the list it came from."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Protocol

import msgspec
import polars as pl
import pyarrow as pa

from fairlead.app.api.encode import ARROW, GEOJSON, arrow_bytes, json_bytes, wanted_format
from fairlead.app.api.endpoint import Answer, Call, Problem, Query

LIMIT = 100
LIMIT_MOST = 10_000
I64 = 9_223_372_036_854_775_807
TimeUs = Annotated[int, msgspec.Meta(ge=-I64, le=I64)]
Mmsi = Annotated[int, msgspec.Meta(ge=0, le=2_147_483_647)]
Text = Annotated[str, msgspec.Meta(max_length=200)]
Format = Literal["json", "arrow", "geojson"]


@dataclass(slots=True)
class Listing:
    """A list in the order it was first given, so that its next pages belong to it."""

    account_id: str
    view_key: str
    rows: Any


class PageQuery(Query, frozen=True, forbid_unknown_fields=True):
    """How much of a list, and from where."""

    limit: Annotated[int, msgspec.Meta(ge=0, le=LIMIT_MOST)] = LIMIT
    cursor: Annotated[str, msgspec.Meta(max_length=120)] | None = None


class Rows(Protocol):
    totals: dict[str, Any]

    def __len__(self) -> int: ...

    def part(self, first: int, n: int) -> list[Any]: ...


class Listed:
    """Rows that are values already. `totals` goes with every page of them."""

    def __init__(self, items: Sequence[Any], totals: Mapping[str, Any] | None = None) -> None:
        self._items = items
        self.totals = dict(totals or {})

    def __len__(self) -> int:
        return len(self._items)

    def part(self, first: int, n: int) -> list[Any]:
        return list(self._items[first : first + n])


class Tabled:
    """Rows of an Arrow table, made into values only as they are asked for."""

    def __init__(self, table: pa.Table, shape: Callable[[dict[str, Any]], Any]) -> None:
        self.table = table
        self._shape = shape
        self.totals: dict[str, Any] = {}

    def __len__(self) -> int:
        return self.table.num_rows

    def part(self, first: int, n: int) -> list[Any]:
        return [self._shape(row) for row in self.table.slice(first, n).to_pylist()]


class Framed:
    """Rows of a frame whose columns are the fields of a struct."""

    def __init__(self, frame: pl.DataFrame, shape: type) -> None:
        self._frame = frame
        self._shape = shape
        self.totals: dict[str, Any] = {}

    def __len__(self) -> int:
        return self._frame.height

    def part(self, first: int, n: int) -> list[Any]:
        return [self._shape(**row) for row in self._frame.slice(first, n).to_dicts()]


def page(call: Call, make: Callable[[], Rows], **more: Any) -> dict[str, Any]:
    """One page: `total`, `next`, `items`, and what else the answer has.

    The next page is of the same list even when the picture has moved on. A cursor whose list has
    been forgotten is refused, never silently continued in another one.
    """
    query = call.query
    key = call.view.key
    if query.cursor is None:
        rows, first = make(), 0
        token = _token(call, key)
    else:
        token, _, place = query.cursor.partition(".")
        held = call.service.kept_list(token)
        if held is None or held.account_id != call.who.account_id or not place.isdigit():
            raise Problem(410, "that list is gone", reason="stale_cursor", help="start it again")
        rows, first = held.rows, int(place)
    end = first + query.limit
    following = None
    if end < len(rows) and query.limit:
        call.service.keep_list(token, Listing(call.who.account_id, key, rows))
        following = f"{token}.{end}"
    items = rows.part(first, query.limit)
    return {"total": len(rows), "next": following, "items": items, **rows.totals, **more}


def _token(call: Call, key: str) -> str:
    asked = {f: getattr(call.query, f) for f in call.query.__struct_fields__ if f != "limit"}
    parts = [
        call.who.account_id,
        call.url.split("?")[0],
        key,
        call.service.words,
        asked,
        call.body or "",
    ]
    return hashlib.blake2b(json_bytes(parts), digest_size=12).hexdigest()


def in_format(
    call: Call, table: Callable[[], pa.Table], plain: Callable[[], Any], place: bool = True
) -> Any:
    """The whole list as Arrow or GeoJSON where that was asked for, else `plain`."""
    format = wanted_format(call.query, call.headers)
    if format == "json":
        return plain()
    rows = table()
    total = {"X-Total": str(rows.num_rows)}
    if format == "arrow":
        return Answer(arrow_bytes(rows, {"total": total["X-Total"]}), 200, ARROW, total)
    if not place:
        raise Problem(406, "these rows have no positions", reason="format", help="ask for json")
    return Answer(json_bytes(features(rows)), 200, GEOJSON, total)


def features(rows: pa.Table) -> dict[str, Any]:
    """Points as a GeoJSON FeatureCollection; int64 identifiers as text."""
    wide = [f.name for f in rows.schema if f.name.endswith("_id") and pa.types.is_int64(f.type)]
    found = []
    for row in rows.to_pylist():
        lat, lon = row.pop("lat_deg"), row.pop("lon_deg")
        for name in wide:
            row[name] = None if row[name] is None else str(row[name])
        where = None if lat is None or lon is None else {"type": "Point", "coordinates": [lon, lat]}
        found.append({"type": "Feature", "geometry": where, "properties": row})
    return {"type": "FeatureCollection", "total": len(found), "features": found}


def text_id(value: int | None) -> str | None:
    """An int64 identifier as text: JavaScript's numbers would round it."""
    return None if value is None else str(value)


def number(value: float | None) -> float | None:
    """A float, or None for what is not a number."""
    return None if value is None or not math.isfinite(value) else value


def box_of(text: str | None) -> tuple[float, float, float, float] | None:
    """`W,S,E,N` in degrees; west above east crosses 180. Raises Problem."""
    if text is None:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = math.nan
        south = east = north = 0.0
    if not (abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90):
        help = "write it as W,S,E,N in degrees: 170,-50,-170,-30"
        raise Problem(400, "that is not a box", reason="query", help=help)
    return west, south, east, north
