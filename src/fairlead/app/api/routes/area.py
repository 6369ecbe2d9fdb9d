"""Who was in an area at a time, as a list and as a file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import polars as pl

from fairlead.app.api.endpoint import Answer, Call, Endpoint, Problem, Query
from fairlead.app.api.exports import TYPES, exported
from fairlead.app.api.lists import Listed, PageQuery, TimeUs, page
from fairlead.app.api.picture import View
from fairlead.review.access.markings import union
from fairlead.schema.ledger import LedgerKind
from fairlead.schema.span import Span

CORNERS_MOST = 5000
Number = Annotated[float, msgspec.Meta(ge=-540, le=540)]
Position = Annotated[list[Number], msgspec.Meta(min_length=2, max_length=3)]
Ring = Annotated[list[Position], msgspec.Meta(min_length=4, max_length=CORNERS_MOST)]
Rings = Annotated[list[Ring], msgspec.Meta(min_length=1, max_length=50)]


class Polygon(msgspec.Struct, tag_field="type", tag="Polygon"):
    coordinates: Rings


class MultiPolygon(msgspec.Struct, tag_field="type", tag="MultiPolygon"):
    coordinates: Annotated[list[Rings], msgspec.Meta(min_length=1, max_length=50)]


class AreaBody(msgspec.Struct, forbid_unknown_fields=True):
    polygon: Polygon | MultiPolygon
    since_us: TimeUs
    until_us: TimeUs


class Visitor(msgspec.Struct):
    mmsi: int
    name: str | None
    first_us: int
    last_us: int
    n_points: int


class AreaPage(msgspec.Struct):
    total: int
    total_vessels: int
    total_points: int
    next: str | None
    items: list[Visitor]


class ExportQuery(Query, frozen=True, forbid_unknown_fields=True):
    format: Literal["csv", "geojson", "kml", "parquet"] = "csv"


def points_within(call: Call, view: View) -> pl.DataFrame:
    """The positions inside the polygon of the body, that may be seen, by vessel and time."""
    from fairlead.geo.geojson import areas_from

    body: AreaBody = call.body
    if body.until_us <= body.since_us:
        raise Problem(400, "the time ends before it begins", reason="body")
    areas = areas_from(msgspec.to_builtins(body.polygon), "the polygon")
    box = areas.areas[0].shape.bounds
    span = Span(body.since_us, body.until_us)
    points = call.service.history.points_in(span, box, view.sources)
    rows, _ = areas.containing(
        *(points[name].to_numpy() for name in ("lat_deg", "lon_deg", "time_us"))
    )
    return points[rows]


def area(call: Call) -> dict[str, Any]:
    def make() -> Listed:
        points = points_within(call, call.view)
        found = (
            points.group_by("mmsi")
            .agg(
                pl.col("time_us").min().alias("first_us"),
                pl.col("time_us").max().alias("last_us"),
                pl.len().alias("n_points"),
            )
            .sort("first_us", "mmsi")
        )
        names = call.view.names
        visitors = [Visitor(name=names.get(r["mmsi"]), **r) for r in found.to_dicts()]
        return Listed(visitors, {"total_vessels": found.height, "total_points": points.height})

    return page(call, make)


def export(call: Call) -> Answer:
    """The ledger keeps who took what: the area, the time, how much."""
    view, format = call.service.view_for(call.who, "export"), call.query.format
    points = points_within(call, view)
    named = view.said.select("mmsi", "name")
    points = points.join(named, on="mmsi", how="left", maintain_order="left")
    sources = points["source"].unique().to_list()
    markings = list(union(*(call.service.rules.of(source) for source in sources)))
    body = exported(points, format, markings)
    ledger = call.service.rooms.get("ledger")
    if ledger is not None:
        entry = {
            "what": "area",
            "format": format,
            "total": points.height,
            "since_us": str(call.body.since_us),
            "until_us": str(call.body.until_us),
            "polygon": msgspec.json.encode(call.body.polygon).decode()[:8000],
        }
        ledger.append_now(LedgerKind.EXPORT, call.now_us, call.who.account_id, entry)
    headers = {
        "Content-Disposition": f'attachment; filename="fairlead-area.{format}"',
        "X-Total": str(points.height),
        "Cache-Control": "no-store",
    }
    return Answer(body, 200, TYPES[format], headers)


ENDPOINTS = (
    Endpoint(
        "POST",
        "/area",
        area,
        AreaPage,
        "Who was in an area at a time.",
        query=PageQuery,
        body=AreaBody,
        refuses=(410,),
        rate="heavy",
    ),
    Endpoint(
        "POST",
        "/area/export",
        export,
        None,
        "The positions in an area, as a file.",
        action="export",
        query=ExportQuery,
        body=AreaBody,
        formats=tuple(TYPES.values()),
        refuses=(413,),
        rate="heavy",
    ),
)
