"""Time: what happened when, and where everyone was at each instant of a stretch."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np
import polars as pl

from fairlead.app.api.encode import ARROW
from fairlead.app.api.endpoint import Call, Endpoint, Problem, Query
from fairlead.app.api.lists import Format, TimeUs, in_format
from fairlead.app.api.picture import View
from fairlead.app.api.positions import columns_of
from fairlead.engines.picture import HOUR_US
from fairlead.schema.span import Span
from fairlead.schema.step import key_starts
from fairlead.schema.tables import EVENTS, LEADS

HOLD_US = 1_800_000_000
PLACES_MOST = 4_000_000
BINS = 240


class ReplayQuery(Query, frozen=True, forbid_unknown_fields=True):
    since_us: TimeUs
    until_us: TimeUs
    step_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60
    format: Format | None = None


class ReplayColumns(msgspec.Struct):
    time_us: list[int]
    mmsi: list[int]
    lat_deg: list[float]
    lon_deg: list[float]
    course_deg: list[float | None]
    speed_kn: list[float | None]


class ReplayAnswer(msgspec.Struct):
    """One value per vessel and instant; a vessel not heard for half an hour is not placed."""

    total: int
    since_us: int
    until_us: int
    step_s: int
    n_steps: int
    columns: ReplayColumns


class TimelineQuery(Query, frozen=True, forbid_unknown_fields=True):
    since_us: TimeUs | None = None
    until_us: TimeUs | None = None
    bins: Annotated[int, msgspec.Meta(ge=1, le=2000)] = BINS


class Bin(msgspec.Struct):
    since_us: int
    n_messages: int
    n_events: int
    n_leads: int


class Timeline(msgspec.Struct):
    """Bins are whole hours; `bin_us` is the length of each."""

    since_us: int
    until_us: int
    bin_us: int
    bins: list[Bin]


def whereabouts(call: Call) -> Any:
    from fairlead.geo.between import on_grid

    query, view = call.query, call.view
    n_steps = (query.until_us - query.since_us) // (query.step_s * 1_000_000) + 1
    if not 0 < n_steps <= 20_000:
        help = "since before until, at most 20,000 steps"
        raise Problem(400, "that is no stretch of time to replay", reason="query", help=help)
    span = Span(query.since_us - HOLD_US, query.until_us + HOLD_US)
    points = call.service.history.points_in(span, None, view.sources)
    starts = key_starts(points["mmsi"].to_numpy())
    if (len(starts) - 1) * n_steps > PLACES_MOST:
        help = "take a longer step or a shorter time"
        raise Problem(413, "too many places for one replay", reason="too_many", help=help)
    rows, steps, lat, lon = on_grid(
        starts,
        *(points[n].to_numpy() for n in ("time_us", "lat_deg", "lon_deg")),
        query.since_us,
        query.step_s * 1_000_000,
        int(n_steps),
        HOLD_US,
    )
    frame = pl.DataFrame(
        {
            "time_us": query.since_us + steps * (query.step_s * 1_000_000),
            "mmsi": points["mmsi"].gather(rows),
            "lat_deg": lat,
            "lon_deg": lon,
            "course_deg": points["course_deg"].gather(rows),
            "speed_kn": points["speed_kn"].gather(rows),
        }
    ).sort("time_us", "mmsi")
    return in_format(
        call,
        frame.to_arrow,
        lambda: ReplayAnswer(
            frame.height,
            query.since_us,
            query.until_us,
            query.step_s,
            int(n_steps),
            ReplayColumns(**columns_of(frame)),
        ),
        place=False,
    )


def heard_by_hour(view: View) -> pl.DataFrame:
    """Rows per hour of the sources that may be seen, in order."""
    held = view.kept.get(("hours",))
    if held is None:
        schema = {"hour": pl.Int64, "source": pl.String, "n": pl.UInt32}
        rows = pl.concat(
            [pl.DataFrame(schema=schema), *(p.hours for p in view.stored.points)],
            how="vertical_relaxed",
        )
        if view.sources is not None:
            rows = rows.filter(pl.col("source").is_in(sorted(view.sources)))
        held = rows.group_by("hour").agg(pl.col("n").sum()).sort("hour")
        view.kept["hours",] = held
    return held


def timeline(call: Call) -> Timeline:
    view, query = call.view, call.query
    hours = heard_by_hour(view)
    events = view.table(EVENTS)["start_us"].to_numpy()
    leads = view.table(LEADS)["start_us"].to_numpy()
    known = hours["hour"].to_numpy() * HOUR_US
    since_us, until_us = query.since_us, query.until_us
    if since_us is None:
        since_us = int(known[0]) if len(known) else call.now_us
    if until_us is None:
        until_us = int(known[-1]) + HOUR_US if len(known) else since_us
    since_us -= since_us % HOUR_US
    until_us = max(until_us + -until_us % HOUR_US, since_us + HOUR_US)
    n_hours = (until_us - since_us) // HOUR_US
    wide = -(-n_hours // query.bins)
    bin_us = int(wide * HOUR_US)
    n_bins = int(-(-n_hours // wide))

    def counted(times: np.ndarray, weights: np.ndarray | None = None) -> list[int]:
        inside = (times >= since_us) & (times < since_us + n_bins * bin_us)
        places = (times[inside] - since_us) // bin_us
        weighed = None if weights is None else weights[inside]
        return np.bincount(places, weighed, minlength=n_bins).astype(np.int64).tolist()

    messages = counted(hours["hour"].to_numpy() * HOUR_US, hours["n"].to_numpy())
    rows = zip(messages, counted(events), counted(leads), strict=True)
    bins = [Bin(since_us + i * bin_us, *row) for i, row in enumerate(rows)]
    return Timeline(since_us, since_us + n_bins * bin_us, bin_us, bins)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/replay",
        whereabouts,
        ReplayAnswer,
        "Where everyone was at each instant.",
        query=ReplayQuery,
        formats=(ARROW,),
        refuses=(413,),
        rate="heavy",
    ),
    Endpoint(
        "GET",
        "/timeline",
        timeline,
        Timeline,
        "Messages, events and leads over time.",
        query=TimelineQuery,
    ),
)
