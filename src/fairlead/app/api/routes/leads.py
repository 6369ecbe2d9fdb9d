"""Leads: the queue, one lead with its grounds, its versions, its evidence, and people's words."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.app.api.board import Board, board_of
from fairlead.app.api.encode import ARROW, GEOJSON, without_nan
from fairlead.app.api.endpoint import Call, Endpoint, Problem, not_found
from fairlead.app.api.lists import (
    Format,
    Listed,
    Mmsi,
    PageQuery,
    Text,
    TimeUs,
    in_format,
    page,
)
from fairlead.app.api.routes.events import Event, Link, event_of, link_of
from fairlead.leads.queue import factors_of
from fairlead.schema.decisions import Verdict
from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import digest as digest_of_value
from fairlead.schema.tables import EVENTS, LEADS, LINKS

State = Literal[
    "open", "approved", "rejected", "dismissed", "snoozed", "need_more", "silenced", "all"
]
MOST_EVIDENCE = 2000


class LeadItem(msgspec.Struct):
    lead_id: str
    mmsi: int
    track_id: str | None
    name: str | None
    title: str
    probability: float
    log_odds: float
    start_us: int
    end_us: int
    time_us: int
    lat_deg: float | None
    lon_deg: float | None
    kinds: list[str]
    state: str
    digest: str
    scorer: str
    rank: int | None
    markings: list[str]
    changed_since_decision: bool


class Cut(msgspec.Struct):
    n: int
    best_probability: float | None
    n_below: int
    probability_min: float
    n_silenced: int
    n_absorbed: int


class Budget(msgspec.Struct):
    at_most: int
    watch_h: int


class LeadPage(msgspec.Struct):
    total: int
    next: str | None
    items: list[LeadItem]
    cut: Cut
    budget: Budget


class FactorItem(msgspec.Struct):
    name: str
    log_odds: float
    detail: str
    evidence: list[str]
    of: str
    since_us: int | None
    group: str
    weight_cap: float | None
    innocent: bool


class DecisionItem(msgspec.Struct):
    decision_id: str
    lead_id: str
    digest: str
    mmsi: int
    verdict: str
    reviewer: str
    reason: str
    decided_us: int
    behaviour_until_us: int
    snooze_until_us: int | None


class Version(msgspec.Struct):
    digest: str
    time_us: int
    reason: str
    probability: float
    title: str
    is_current: bool


class LeadAnswer(msgspec.Struct):
    lead: LeadItem
    prior_log_odds: float
    factors: list[FactorItem]
    events: list[Event]
    links: list[Link]
    decisions: list[DecisionItem]
    versions: list[Version]
    would_go_away: list[str]
    shown_token: str


class LeadsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    state: State = "open"
    kind: Text | None = None
    mmsi: Mmsi | None = None
    q: Text | None = None
    since_us: TimeUs | None = None
    until_us: TimeUs | None = None
    min_probability: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    order: Literal["rank", "time"] = "rank"
    at_most: Annotated[int, msgspec.Meta(ge=0, le=100_000)] | None = None
    format: Format | None = None


class VersionAnswer(msgspec.Struct):
    digest: str
    first_shown_us: int
    lead: dict[str, Any]
    factors: list[FactorItem]


class Vanished(msgspec.Struct):
    lead_id: str
    reason: str
    change: str
    digest: str | None
    title: str | None
    mmsi: int | None


class VanishedPage(msgspec.Struct):
    total: int
    next: str | None
    items: list[Vanished]


class Seen(msgspec.Struct):
    """One observation of the chain, with the bytes it came from."""

    observation_id: str
    mmsi: int
    time_us: int
    lat_deg: float | None
    lon_deg: float | None
    speed_kn: float | None
    course_deg: float | None
    source: str
    line: int
    stations: str | None
    raw: str | None


class EvidenceAnswer(msgspec.Struct):
    total: int
    n_missing: int
    observations: list[Seen]


class DecisionBody(msgspec.Struct, forbid_unknown_fields=True):
    digest: Annotated[str, msgspec.Meta(max_length=64)]
    verdict: Literal["approve", "reject", "need_more", "snooze", "reopen"]
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
    snooze_until_us: TimeUs | None = None


def _chosen(call: Call) -> list[dict[str, Any]]:
    query, board = call.query, _board(call)
    state = "rejected" if query.state == "dismissed" else query.state
    items = board.items
    if state == "open":
        items = [i for i in items if i["rank"] is not None]
    elif state != "all":
        items = [i for i in items if i["state"] == state]
    if query.kind is not None:
        items = [i for i in items if query.kind in i["kinds"]]
    if query.mmsi is not None:
        items = [i for i in items if i["mmsi"] == query.mmsi]
    if query.q is not None:
        wanted = query.q.casefold()
        items = [i for i in items if wanted in f"{i['title']} {i['mmsi']}".casefold()]
    if query.since_us is not None:
        items = [i for i in items if i["end_us"] >= query.since_us]
    if query.until_us is not None:
        items = [i for i in items if i["start_us"] < query.until_us]
    if query.min_probability is not None:
        items = [i for i in items if i["probability"] >= query.min_probability]
    if query.order == "time":
        items = sorted(items, key=lambda i: (-i["time_us"], i["lead_id"]))
    elif state == "open":
        items = sorted(items, key=lambda i: i["rank"])
    return items


def _board(call: Call) -> Board:
    at_most = getattr(call.query, "at_most", None)
    return board_of(call.view, call.service, at_most, call.now_us)


def leads(call: Call) -> Any:
    settings, board = call.service.settings, _board(call)
    at_most = settings.at_most if call.query.at_most is None else call.query.at_most
    more = {"cut": board.cut, "budget": Budget(at_most, settings.watch_h)}
    return in_format(
        call,
        lambda: pa.Table.from_pylist(_chosen(call), schema=_SCHEMA),
        lambda: page(call, lambda: Listed(_chosen(call)), **more),
    )


_SCHEMA = pa.schema(
    [
        *((n, pa.string()) for n in ("lead_id", "track_id", "name", "title", "state", "digest")),
        *((n, pa.int64()) for n in ("mmsi", "start_us", "end_us", "time_us", "rank")),
        *((n, pa.float64()) for n in ("probability", "log_odds", "lat_deg", "lon_deg")),
        *((n, pa.list_(pa.string())) for n in ("kinds", "markings")),
        ("changed_since_decision", pa.bool_()),
    ]
)


def row_of(call: Call) -> dict[str, Any]:
    """The lead of the path, as the caller may see it. Raises Problem 404."""
    found = call.view.find(LEADS, call.path["lead_id"])
    if found is None:
        raise not_found(what="lead")
    return found


def lead(call: Call) -> LeadAnswer:
    row, view = row_of(call), call.view
    item = _board(call).by_id[row["lead_id"]]
    decisions, words = call.service.rooms.get("decisions"), []
    if decisions is not None:
        decisions.show(
            row_as_stored(row),
            inputs=inputs_of(call, row),
            actor=call.who.account_id,
            now_us=call.now_us,
        )
        words = [d.as_dict() for d in decisions.of(row["lead_id"])]
    factors = factor_items(row)
    prior = sum(f.log_odds for f in factors if f.name == "prior")
    events = [view.find(EVENTS, i) for i in row["events"]]
    links = [view.find(LINKS, i) for i in row["links"]]
    return LeadAnswer(
        lead=msgspec.convert(item, LeadItem),
        prior_log_odds=prior,
        factors=[f for f in factors if f.name != "prior"],
        events=[event_of(e) for e in events if e is not None],
        links=[link_of(x) for x in links if x is not None],
        decisions=[msgspec.convert(w, DecisionItem) for w in words],
        versions=versions_of(call, row),
        would_go_away=would_go_away(factors),
        shown_token=row["digest"],
    )


def row_as_stored(row: dict[str, Any]) -> dict[str, Any]:
    """The row of LEADS without what was added for the caller."""
    return {k: v for k, v in row.items() if k != "markings"}


def inputs_of(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    """Digests of what a lead was made from, with versions: what the ledger keeps beside it."""
    found = {"scorer": row["scorer"]}
    for table, ids in ((EVENTS, row["events"]), (LINKS, row["links"])):
        for id in ids:
            of_it = call.view.find(table, id)
            if of_it is not None:
                of_it.pop("markings")
                found[id] = digest_of_value(without_nan(of_it))
    return found


def factor_items(row: dict[str, Any]) -> list[FactorItem]:
    from fairlead.leads.weights import default_weights

    caps = {g.name: g.cap for g in default_weights().groups}
    return [
        FactorItem(
            name=f.name,
            log_odds=f.log_odds,
            detail=f.detail,
            evidence=[str(i) for i in f.evidence],
            of=f.of,
            since_us=f.since_us,
            group=f.group,
            weight_cap=caps.get(f.group),
            innocent=f.log_odds < 0 and f.name not in ("cap", "prior"),
        )
        for f in factors_of(row)
    ]


def would_go_away(factors: list[FactorItem]) -> list[str]:
    """What would take the lead below even odds: each story whose absence alone would do it, or
    else the fewest that would do it together."""
    total = sum(f.log_odds for f in factors)
    weights: dict[str, float] = {}
    details: dict[str, str] = {}
    for factor in factors:
        story = factor.of or factor.name
        if factor.name not in ("prior", "cap"):
            weights[story] = weights.get(story, 0.0) + factor.log_odds
            if factor.log_odds > 0:
                details.setdefault(story, factor.detail)
    told = [s for s in sorted(weights, key=lambda s: (-weights[s], s)) if s in details]
    alone = [s for s in told if weights[s] > 0 and total - weights[s] < 0.0]
    if alone or total <= 0.0:
        return [f"If this had an innocent explanation: {details[s]}" for s in alone]
    together, left = [], total
    for story in told:
        together.append(f"{len(together) + 1}. {details[story]}")
        left -= weights[story]
        if left < 0.0:
            return ["If all of these had innocent explanations:", *together]
    return []


def versions_of(call: Call, row: dict[str, Any]) -> list[Version]:
    """Each version that was ever shown, oldest first, and the one that stands."""
    decisions = call.service.rooms.get("decisions")
    shown = [] if decisions is None else decisions.versions(row["lead_id"])
    reasons = _reasons(call, row["lead_id"])
    found = [
        Version(
            digest=v["digest"],
            time_us=v["first_shown_us"],
            reason=reasons.get(v["digest"], "more became known" if n else "first shown"),
            probability=v["lead"]["probability"],
            title=v["lead"]["title"],
            is_current=v["digest"] == row["digest"],
        )
        for n, v in enumerate(shown)
    ]
    if not any(v.is_current for v in found):
        found.append(
            Version(
                row["digest"], call.now_us, "first shown", row["probability"], row["title"], True
            )
        )
    return found


def _reasons(call: Call, lead_id: str) -> dict[str, str]:
    """Why versions came about, by the digest of the row after the change."""
    changes = call.view.stored.revisions
    mine = changes.filter(
        pc.and_(pc.equal(changes["table_name"], "leads"), pc.equal(changes["id"], lead_id))
    )
    return dict(zip(mine["after"].to_pylist(), mine["reason"].to_pylist(), strict=True))


def version(call: Call) -> VersionAnswer:
    row, wanted = row_of(call), call.path["digest"]
    decisions = call.service.rooms.get("decisions")
    shown = [] if decisions is None else decisions.versions(row["lead_id"])
    found = next((v for v in shown if v["digest"] == wanted), None)
    if found is None:
        raise not_found(what="version")
    kept = {**found["lead"], "track_id": _text(found["lead"].get("track_id"))}
    factors = factor_items({**kept, "factors": json.dumps(kept.pop("factors"))})
    return VersionAnswer(wanted, found["first_shown_us"], kept, factors)


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def vanished(call: Call) -> dict[str, Any]:
    """Leads that were shown to this person or decided by anyone they may see, and are no more."""

    def make() -> Listed:
        view = call.view
        if view.sources is not None:
            return Listed([])
        changes = view.stored.revisions
        gone = changes.filter(
            pc.and_(
                pc.equal(changes["table_name"], "leads"), pc.equal(changes["change"], "vanished")
            )
        ).to_pylist()
        now = view.row_of[LEADS.name]
        decisions = call.service.rooms.get("decisions")
        items = []
        for change in reversed(gone):
            if change["id"] in now:
                continue
            shown = decisions.versions(change["id"]) if decisions is not None else []
            last = shown[-1] if shown else None
            row = {} if last is None else last["lead"]
            digest = None if last is None else last["digest"]
            items.append(
                Vanished(
                    **{"lead_id": change["id"], "reason": change["reason"]},
                    **{"change": change["change"], "digest": digest},
                    **{"title": row.get("title"), "mmsi": row.get("mmsi")},
                )
            )
        return Listed(items)

    return page(call, make)


def evidence(call: Call) -> EvidenceAnswer:
    row, view = row_of(call), call.view
    ids = [i for f in factors_of(row) for i in f.evidence]
    vessels = {row["mmsi"]}
    for event_id in row["events"]:
        event = view.find(EVENTS, event_id)
        if event is not None:
            ids += event["evidence"]
            vessels |= {event["mmsi"], event["other_mmsi"]} - {None}
    for link_id in row["links"]:
        link = view.find(LINKS, link_id)
        ids += [] if link is None else link["evidence"]
    return chain_of(call, list(dict.fromkeys(ids))[:MOST_EVIDENCE], vessels)


def chain_of(call: Call, ids: list[int], vessels: set[int]) -> EvidenceAnswer:
    """The observations with these ids that the caller may see, each with its raw bytes."""
    view, history = call.view, call.service.history
    rows = [r for r in history.observations(ids, vessels) if view.may_see_source(r["source"])]
    seen = []
    for row in sorted(rows, key=lambda r: (r["time_us"], r["observation_id"])):
        raw = history.raw_record(row["source"], row["raw_offset"], row["line"])
        seen.append(
            Seen(
                observation_id=str(row["observation_id"]),
                mmsi=row["mmsi"],
                time_us=row["time_us"],
                lat_deg=row.get("lat_deg"),
                lon_deg=row.get("lon_deg"),
                speed_kn=row.get("speed_kn"),
                course_deg=row.get("course_deg"),
                source=row["source"],
                line=row["line"],
                stations=row["stations"],
                raw=None if raw is None else raw.decode("utf-8", "backslashreplace"),
            )
        )
    return EvidenceAnswer(len(ids), len(ids) - len(seen), seen)


def decide(call: Call) -> DecisionItem:
    row = row_of(call)
    call.demand("decide", {"markings": row["markings"], "kind": "lead"})
    decisions = call.service.rooms["decisions"]
    try:
        kept = decisions.decide(
            row_as_stored(row),
            digest=call.body.digest,
            verdict=Verdict(call.body.verdict),
            reviewer=call.who.account_id,
            reason=call.body.reason,
            now_us=call.now_us,
            snooze_until_us=call.body.snooze_until_us,
        )
    except RefusedError as refusal:
        if refusal.reason != "changed":
            raise
        raise Problem(
            409, refusal.message, reason="changed", help=refusal.help, digest=row["digest"]
        ) from refusal
    call.service.decided()
    call.service.tell_decided(row["lead_id"])
    return msgspec.convert(kept.as_dict(), DecisionItem)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/leads",
        leads,
        LeadPage,
        "The lead queue.",
        query=LeadsQuery,
        formats=(ARROW, GEOJSON),
        refuses=(410,),
    ),
    Endpoint(
        "GET",
        "/leads/vanished",
        vanished,
        VanishedPage,
        "Leads that were taken back, with the reason.",
        query=PageQuery,
        refuses=(410,),
    ),
    Endpoint(
        "GET",
        "/leads/{lead_id}",
        lead,
        LeadAnswer,
        "One lead with its grounds; reading it is kept in the ledger.",
        refuses=(404,),
    ),
    Endpoint(
        "GET",
        "/leads/{lead_id}/versions/{digest}",
        version,
        VersionAnswer,
        "A lead as it was when it was shown.",
        refuses=(404,),
    ),
    Endpoint(
        "GET",
        "/leads/{lead_id}/evidence",
        evidence,
        EvidenceAnswer,
        "The observations under a lead, down to the raw bytes.",
        refuses=(404,),
        rate="heavy",
    ),
    Endpoint(
        "POST",
        "/leads/{lead_id}/decisions",
        decide,
        DecisionItem,
        "A word on a lead as it was shown; 409 when it has changed since.",
        action="decide",
        body=DecisionBody,
        status=201,
        refuses=(404, 409),
    ),
)
