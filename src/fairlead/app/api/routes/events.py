"""Events and links, as lists and one by one."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.app.api.encode import ARROW, GEOJSON, without_nan
from fairlead.app.api.endpoint import Call, Endpoint, not_found
from fairlead.app.api.lists import (
    Format,
    Mmsi,
    PageQuery,
    Tabled,
    Text,
    TimeUs,
    box_of,
    in_format,
    number,
    page,
    text_id,
)
from fairlead.app.api.picture import View
from fairlead.schema.tables import EVENTS


class Event(msgspec.Struct):
    event_id: str
    kind: str
    version: int
    time_us: int
    start_us: int
    end_us: int | None
    lat_deg: float | None
    lon_deg: float | None
    track_id: str | None
    mmsi: int
    other_track_id: str | None
    other_mmsi: int | None
    confidence: float
    detail: str
    measures: dict[str, Any]
    parameters: dict[str, Any]
    evidence: list[str]
    markings: list[str]


class Link(msgspec.Struct):
    link_id: str
    mmsi: int
    time_us: int
    claim_id: str
    claim_source: str
    probability: float
    detail: str
    factors: list[dict[str, Any]]
    evidence: list[str]
    markings: list[str]


class EventPage(msgspec.Struct):
    total: int
    next: str | None
    items: list[Event]


class EventsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    kind: Text | None = None
    mmsi: Mmsi | None = None
    since_us: TimeUs | None = None
    until_us: TimeUs | None = None
    bbox: Text | None = None
    format: Format | None = None


def event_of(row: dict[str, Any]) -> Event:
    return Event(
        **{k: row[k] for k in ("event_id", "kind", "version", "time_us", "start_us", "end_us")},
        lat_deg=number(row["lat_deg"]),
        lon_deg=number(row["lon_deg"]),
        track_id=text_id(row["track_id"]),
        mmsi=row["mmsi"],
        other_track_id=text_id(row["other_track_id"]),
        other_mmsi=row["other_mmsi"],
        confidence=row["confidence"],
        detail=row["detail"],
        measures=without_nan(json.loads(row["measures"])),
        parameters=without_nan(json.loads(row["parameters"])),
        evidence=[str(i) for i in row["evidence"]],
        markings=row["markings"],
    )


def link_of(row: dict[str, Any]) -> Link:
    return Link(
        **{k: row[k] for k in ("link_id", "mmsi", "time_us", "claim_id", "claim_source")},
        probability=row["probability"],
        detail=row["detail"],
        factors=without_nan(json.loads(row["factors"])),
        evidence=[str(i) for i in row["evidence"]],
        markings=row["markings"],
    )


def chosen(view: View, query: Any) -> pa.Table:
    """The events that a query asks for, newest first, with a column `row` into the view's table."""
    rows = view.table(EVENTS)
    keep = np.ones(rows.num_rows, bool)
    mmsi, other = (rows[n].fill_null(-1).to_numpy() for n in ("mmsi", "other_mmsi"))
    start_us = rows["start_us"].to_numpy()
    end_us = pc.coalesce(rows["end_us"], rows["time_us"]).to_numpy()
    if query.kind is not None:
        keep &= pc.equal(rows["kind"], query.kind).to_numpy(zero_copy_only=False)
    if query.mmsi is not None:
        keep &= (mmsi == query.mmsi) | (other == query.mmsi)
    if query.since_us is not None:
        keep &= end_us >= query.since_us
    if query.until_us is not None:
        keep &= start_us < query.until_us
    box = box_of(query.bbox)
    if box is not None:
        lat, lon = (rows[n].fill_null(np.nan).to_numpy() for n in ("lat_deg", "lon_deg"))
        west, south, east, north = box
        along = (lon >= west) | (lon <= east) if west > east else (lon >= west) & (lon <= east)
        keep &= along & (lat >= south) & (lat <= north)
    found = np.flatnonzero(keep)
    found = found[np.argsort(-start_us[found], kind="stable")]
    return rows.take(pa.array(found)).append_column("row", pa.array(found))


def _shape(view: View, row: dict[str, Any]) -> Event:
    return event_of({**row, "markings": view.markings(EVENTS, row["row"])})


def events(call: Call) -> Any:
    view = call.view
    return in_format(
        call,
        lambda: chosen(view, call.query).drop_columns(["row"]),
        lambda: page(call, lambda: Tabled(chosen(view, call.query), lambda r: _shape(view, r))),
    )


def event(call: Call) -> Event:
    found = call.view.find(EVENTS, call.path["event_id"])
    if found is None:
        raise not_found(what="event")
    return event_of(found)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/events",
        events,
        EventPage,
        "Events, the newest first.",
        query=EventsQuery,
        formats=(ARROW, GEOJSON),
        refuses=(410,),
    ),
    Endpoint("GET", "/events/{event_id}", event, Event, "One event.", refuses=(404,)),
)
