"""Vessels: search, the dossier, and the track."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.app.api.board import board_of
from fairlead.app.api.encode import ARROW, GEOJSON, arrow_bytes, json_bytes, wanted_format
from fairlead.app.api.endpoint import Answer, Call, Endpoint, Query, not_found
from fairlead.app.api.lines import track_features
from fairlead.app.api.lists import Format, Framed, PageQuery, Text, TimeUs, page
from fairlead.app.api.picture import View
from fairlead.app.api.positions import columns_of, latest
from fairlead.app.api.routes.events import Event, Link, event_of, link_of
from fairlead.app.api.routes.leads import LeadItem
from fairlead.schema.span import Span
from fairlead.schema.table import Table
from fairlead.schema.tables import EVENTS, IDENTITIES, LINKS, STATION_CLASSES, STOPS

EVER = Span(-(1 << 62), 1 << 62)
POINTS = 5000
POINTS_MOST = 200_000


class Found(msgspec.Struct):
    mmsi: int
    name: str | None
    callsign: str | None
    imo: str | None
    flag: str | None
    ship_type: str | None
    time_us: int | None
    lat_deg: float | None
    lon_deg: float | None


class FoundPage(msgspec.Struct):
    total: int
    next: str | None
    items: list[Found]


class VesselsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    q: Text = ""


class Said(msgspec.Struct):
    field: str
    value: str
    first_seen_us: int
    last_seen_us: int
    n_seen: int
    source: str
    disagrees: bool


class Track(msgspec.Struct):
    track_id: str
    start_us: int
    end_us: int
    n_points: int


class Stop(msgspec.Struct):
    stop_id: str
    track_id: str
    start_us: int
    end_us: int | None
    lat_deg: float
    lon_deg: float
    n_points: int


class Last(msgspec.Struct):
    time_us: int
    lat_deg: float
    lon_deg: float
    speed_kn: float | None
    course_deg: float | None
    heading_deg: float | None
    nav_status: int | None
    source: str


class Vessel(msgspec.Struct):
    mmsi: int
    name: str | None
    flag: str | None
    station_class: str | None
    identities: list[Said]
    tracks: list[Track]
    events: list[Event]
    links: list[Link]
    leads: list[LeadItem]
    stops: list[Stop]
    last: Last | None


class TrackQuery(Query, frozen=True, forbid_unknown_fields=True):
    since_us: TimeUs | None = None
    until_us: TimeUs | None = None
    max_points: Annotated[int, msgspec.Meta(ge=2, le=POINTS_MOST)] = POINTS
    format: Format | None = None


class TrackColumns(msgspec.Struct):
    track_id: list[str | None]
    time_us: list[int]
    lat_deg: list[float]
    lon_deg: list[float]
    speed_kn: list[float | None]
    course_deg: list[float | None]
    observation_id: list[str]
    source: list[str]


class TrackAnswer(msgspec.Struct):
    """`total` points in the time asked for; `n` of them given, evenly thinned where fewer."""

    mmsi: int
    total: int
    n: int
    columns: TrackColumns


def vessels(call: Call) -> dict[str, Any]:
    return page(call, lambda: Framed(_search(call), Found))


def _search(call: Call) -> pl.DataFrame:
    view = call.view
    last = latest(call.service.last.frame(), view.sources).select(
        "mmsi", "time_us", "lat_deg", "lon_deg"
    )
    rows = view.said.join(last, on="mmsi", how="full", coalesce=True)
    wanted = call.query.q.strip().upper()
    if wanted:
        keep = pl.col("mmsi").cast(pl.String).str.starts_with(wanted)
        for name in ("name", "callsign", "imo"):
            text = pl.col(name).str.to_uppercase()
            keep |= text.str.contains(wanted, literal=True).fill_null(False)
        rows = rows.filter(keep)
    return rows.sort("mmsi").select(list(Found.__struct_fields__))


def _mmsi(call: Call) -> int:
    text = call.path["mmsi"]
    if not text.isdecimal() or len(text) > 10 or not text.isascii():
        raise not_found(what="vessel")
    return int(text)


def _of(view: View, table: Table, mmsi: int, *more: str) -> list[dict[str, Any]]:
    rows = view.table(table)
    keep = pc.equal(rows["mmsi"], mmsi)
    for name in more:
        keep = pc.or_(keep, pc.fill_null(pc.equal(rows[name], mmsi), False))
    places = pc.indices_nonzero(keep).to_pylist()
    return [
        {**row, "markings": view.markings(table, place)}
        for place, row in zip(
            places, rows.take(pa.array(places, pa.int64())).to_pylist(), strict=True
        )
    ]


def vessel(call: Call) -> Vessel:
    mmsi, view = _mmsi(call), call.view
    frame = latest(call.service.last.frame().filter(pl.col("mmsi") == mmsi), view.sources)
    said = _of(view, IDENTITIES, mmsi)
    if not frame.height and not said:
        raise not_found(what="vessel")
    last = frame.to_dicts()[0] if frame.height else None
    board = board_of(view, call.service, None, call.now_us)
    flags = [row["value"] for row in said if row["field"] == "flag"]
    stops = {row["stop_id"]: row for row in _of(view, STOPS, mmsi)}
    return Vessel(
        mmsi=mmsi,
        name=view.names.get(mmsi),
        flag=flags[-1] if flags else None,
        station_class=None
        if last is None or last["station_class"] is None
        else STATION_CLASSES[last["station_class"]],
        identities=[_said(row) for row in said],
        tracks=tracks_of(call, view, mmsi),
        events=[event_of(row) for row in _of(view, EVENTS, mmsi, "other_mmsi")],
        links=[link_of(row) for row in _of(view, LINKS, mmsi)],
        leads=[msgspec.convert(i, LeadItem) for i in board.items if i["mmsi"] == mmsi],
        stops=[_stop(row) for row in stops.values()],
        last=None if last is None else Last(**{f: last[f] for f in Last.__struct_fields__}),
    )


def _said(row: dict[str, Any]) -> Said:
    return Said(**{name: row[name] for name in Said.__struct_fields__})


def _stop(row: dict[str, Any]) -> Stop:
    return Stop(
        **{n: row[n] for n in Stop.__struct_fields__ if n != "track_id"},
        track_id=str(row["track_id"]),
    )


def tracks_of(call: Call, view: View, mmsi: int) -> list[Track]:
    """The vessel's tracks; where not every source may be seen, of the points that may be."""
    if view.sources is None:
        rows = view.tracks.filter(pl.col("mmsi") == mmsi)
    else:
        points = call.service.history.points_of(mmsi, EVER, view.sources)
        rows = (
            points.filter(pl.col("track_id").is_not_null())
            .group_by("track_id")
            .agg(
                pl.col("time_us").min().alias("since_us"),
                pl.col("time_us").max().alias("until_us"),
                pl.len().alias("n_points"),
            )
            .sort("since_us")
        )
    return [
        Track(str(r["track_id"]), r["since_us"], r["until_us"], r["n_points"])
        for r in rows.to_dicts()
    ]


def track(call: Call) -> Any:
    mmsi, view, query = _mmsi(call), call.view, call.query
    since_us = EVER.since_us if query.since_us is None else query.since_us
    until_us = EVER.until_us if query.until_us is None else query.until_us
    span = Span(since_us, max(since_us, until_us))
    points = call.service.history.points_of(mmsi, span, view.sources)
    if not points.height and not _is_known(call, view, mmsi):
        raise not_found(what="vessel")
    total = points.height
    if total > query.max_points:
        step = (total - 1) / (query.max_points - 1)
        places = [round(i * step) for i in range(query.max_points)]
        points = points[places]
    headers = {"X-Total": str(total)}
    format = wanted_format(query, call.headers)
    names = list(TrackColumns.__struct_fields__)
    if format == "arrow":
        body = arrow_bytes(points.select(names), {"total": str(total)})
        return Answer(body, 200, ARROW, headers)
    if format == "geojson":
        return Answer(json_bytes(track_features(points, mmsi, total)), 200, GEOJSON, headers)
    as_text = points.select(names).with_columns(
        pl.col("track_id", "observation_id").cast(pl.String)
    )
    return TrackAnswer(mmsi, total, points.height, TrackColumns(**columns_of(as_text)))


def _is_known(call: Call, view: View, mmsi: int) -> bool:
    frame = latest(call.service.last.frame().filter(pl.col("mmsi") == mmsi), view.sources)
    return bool(frame.height) or pc.any(pc.equal(view.table(IDENTITIES)["mmsi"], mmsi)).as_py()


ENDPOINTS = (
    Endpoint(
        "GET",
        "/vessels",
        vessels,
        FoundPage,
        "Vessels by name, MMSI, IMO number or call sign.",
        query=VesselsQuery,
        refuses=(410,),
    ),
    Endpoint("GET", "/vessels/{mmsi}", vessel, Vessel, "A vessel's dossier.", refuses=(404,)),
    Endpoint(
        "GET",
        "/vessels/{mmsi}/track",
        track,
        TrackAnswer,
        "Where a vessel was.",
        query=TrackQuery,
        formats=(ARROW, GEOJSON),
        refuses=(404,),
    ),
)
