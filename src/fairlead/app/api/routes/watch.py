"""The sea as it is: status and feeds, every vessel's last position, and the stream of changes."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
import polars as pl
from starlette.requests import Request
from starlette.responses import Response

from fairlead import __version__
from fairlead.app.api import guard
from fairlead.app.api.encode import ARROW, GEOJSON, json_bytes
from fairlead.app.api.endpoint import Call, Endpoint, Problem, Query
from fairlead.app.api.feeds import FeedState
from fairlead.app.api.hub import CLIENTS_MOST, KEEPALIVE_S, Client, message
from fairlead.app.api.lists import Format, in_format
from fairlead.app.api.picture import View
from fairlead.app.api.positions import columns_of, latest, with_names
from fairlead.app.api.service import Service
from fairlead.schema.tables import EVENTS, LEADS

STATUS_S = 2.0
CHECK_S = 15.0


class StopSwitch(msgspec.Struct):
    pulled: bool
    since_us: int | None = None
    by: str | None = None


class Counts(msgspec.Struct):
    vessels: int
    events: int
    leads: int
    observations: int
    n_late: int


class Status(msgspec.Struct):
    now_us: int
    settled_us: int | None
    started_us: int
    feeds: list[FeedState]
    counts: Counts
    stop_switch: StopSwitch
    version: str


class Columns(msgspec.Struct):
    """One value per vessel in each list."""

    mmsi: list[int]
    name: list[str | None]
    lat_deg: list[float]
    lon_deg: list[float]
    course_deg: list[float | None]
    heading_deg: list[float | None]
    speed_kn: list[float | None]
    nav_status: list[int | None]
    ship_type: list[int | None]
    station_class: list[int | None]
    time_us: list[int]
    track_id: list[str | None]
    source: list[str]


class PictureAnswer(msgspec.Struct):
    total: int
    now_us: int
    settled_us: int | None
    columns: Columns


class PictureQuery(Query, frozen=True, forbid_unknown_fields=True):
    format: Format | None = None
    since_us: Annotated[int, msgspec.Meta(ge=-(1 << 62), le=1 << 62)] | None = None


def status_of(service: Service, view: View, now_us: int) -> Status:
    """The status as someone with this view may see it: feeds of sources they may not see, and
    counts of rows they may not see, are left out."""
    feeds = [f for f in feed_states(service, view, now_us) if view.may_see_source(f.source)]
    vessels = latest(service.last.frame(), view.sources).height
    seen = sum(p.file.n_rows for p in view.stored.points)
    if view.sources is not None:
        hours = (
            p.hours.filter(pl.col("source").is_in(sorted(view.sources))) for p in view.stored.points
        )
        seen = sum(int(h["n"].sum()) for h in hours)
    return Status(
        now_us=now_us,
        settled_us=view.stored.settled_us,
        started_us=service.started_us,
        feeds=feeds,
        counts=Counts(
            vessels=vessels,
            events=view.table(EVENTS).num_rows,
            leads=view.table(LEADS).num_rows,
            observations=seen,
            n_late=view.stored.n_late,
        ),
        stop_switch=_stop_switch(service, now_us),
        version=__version__,
    )


def _stop_switch(service: Service, now_us: int) -> StopSwitch:
    outgoing = service.rooms.get("outgoing")
    if outgoing is None:
        return StopSwitch(False)
    state = outgoing.stop.state(now_us)
    return StopSwitch(state.pulled, state.since_us, state.by)


def feed_states(service: Service, view: View, now_us: int) -> list[FeedState]:
    """Feeds that are read now, and sources of the store that have ended."""
    states = service.feeds.states(now_us)
    known = {s.source for s in states}
    stored = view.stored
    for source in stored.sources:
        if source in known:
            continue
        mine = [p for p in stored.points if source in p.cells]
        n_rows = sum(int(p.hours.filter(pl.col("source") == source)["n"].sum()) for p in mine)
        rejects = stored.rejects.filter(pl.col("source") == source)
        states.append(
            FeedState(
                source=source,
                kind=source.partition("://")[0] if "://" in source else "file",
                state="ended",
                rate_per_min=0.0,
                expected_per_min=None,
                delay_s=None,
                last_received_us=max((p.file.max_us for p in mine), default=None),
                n_lines=n_rows,
                n_rows=n_rows,
                rejects=dict(zip(rejects["reason"].to_list(), rejects["n"].to_list(), strict=True)),
            )
        )
    return states


def status(call: Call) -> Status:
    return status_of(call.service, call.view, call.now_us)


def picture_frame(call: Call, view: View) -> pl.DataFrame:
    """Last positions with names, as the caller may see them; kept for a moment."""
    key = ("picture", call.service.last.number)
    held = view.kept.get(key)
    if held is None:
        tracks = {}
        if view.sources is None:
            tracks = view.current_tracks
        frame = latest(call.service.last.frame(), view.sources)
        held = with_names(frame, view.said, tracks)
        for old in [k for k in view.kept if k[0] == "picture"]:
            view.kept.pop(old, None)
        view.kept[key] = held
    return held


def picture(call: Call) -> Any:
    view = call.view
    frame = picture_frame(call, view)
    if call.query.since_us is not None:
        frame = frame.filter(pl.col("time_us") >= call.query.since_us)
    frame = frame.select(list(Columns.__struct_fields__))

    def plain() -> PictureAnswer:
        columns = columns_of(frame.with_columns(pl.col("track_id").cast(pl.String)))
        return PictureAnswer(frame.height, call.now_us, view.stored.settled_us, Columns(**columns))

    return in_format(call, frame.to_arrow, plain)


async def stream(request: Request) -> Response | Stream:
    """Server-sent events; the session is looked at again every CHECK_S."""
    service: Service = request.app.state.service
    loop = asyncio.get_running_loop()
    try:
        principal, view = await loop.run_in_executor(None, _admitted, service, request)
    except Problem as problem:
        return Response(json_bytes(problem.body), problem.status, media_type="application/json")
    return Stream(service, request, Client(principal, view.sources))


def _admitted(service: Service, request: Request) -> tuple[Any, View]:
    endpoint = next(e for e in ENDPOINTS if e.path == "/picture")
    guard.spend(service, endpoint, request.client.host if request.client else "")
    signed = service.entry.signed(request.headers, request.cookies, service.now_us())
    if signed is None:
        raise Problem(401, "not signed in", reason="signed_out", help="sign in first")
    if len(service.hub.clients) >= CLIENTS_MOST:
        raise Problem(503, "too many streams are open", reason="too_many", help="close one")
    return signed.principal, service.view_for(signed.principal)


class Stream:
    """One client's stream as an ASGI application: it ends when the client or the session does."""

    def __init__(self, service: Service, request: Request, client: Client) -> None:
        self._service = service
        self._request = request
        self._client = client

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        del scope
        headers = [
            (b"content-type", b"text/event-stream"),
            (b"cache-control", b"no-store"),
            (b"x-accel-buffering", b"no"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        tasks = [
            asyncio.create_task(self._feed(send)),
            asyncio.create_task(self._status()),
            asyncio.create_task(self._gone(receive)),
        ]
        self._service.hub.clients.add(self._client)
        try:
            _, left = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in left:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            self._service.hub.clients.discard(self._client)

    async def _feed(self, send: Any) -> None:
        client = self._client
        await send(_part(b"retry: 2000\n\n"))
        while not client.is_closed:
            try:
                await asyncio.wait_for(client.ready.wait(), KEEPALIVE_S)
                data = client.take()
            except TimeoutError:
                data = b":keepalive\n\n"
            if data:
                await send(_part(data))
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _status(self) -> None:
        """The status now and then, and whether the session still holds."""
        loop = asyncio.get_running_loop()
        checked_s = loop.time()
        while True:
            data = await loop.run_in_executor(None, self._status_now)
            if data is None:
                return
            self._client.put(data)
            await asyncio.sleep(STATUS_S)
            if loop.time() - checked_s >= CHECK_S:
                checked_s = loop.time()
                if not await loop.run_in_executor(None, self._still_holds):
                    self._client.put(message("signed_out", {}))
                    await asyncio.sleep(0.1)
                    return

    def _status_now(self) -> bytes | None:
        service = self._service
        view = service.view_for(self._client.principal)
        self._client.sources = view.sources
        return message("status", status_of(service, view, service.now_us()))

    def _still_holds(self) -> bool:
        service, request = self._service, self._request
        signed = service.entry.signed(request.headers, request.cookies, service.now_us())
        if signed is None:
            return False
        self._client.principal = signed.principal
        return True

    async def _gone(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


def _part(data: bytes) -> dict[str, Any]:
    return {"type": "http.response.body", "body": data, "more_body": True}


ENDPOINTS = (
    Endpoint("GET", "/status", status, Status, "Feeds, counts, how far event time is settled."),
    Endpoint(
        "GET",
        "/picture",
        picture,
        PictureAnswer,
        "The last position of every vessel.",
        query=PictureQuery,
        formats=(ARROW, GEOJSON),
    ),
)
