"""A lead: which facts belong to it, its row, and the digest of exactly what is shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fairlead.leads.explain import Setting, event_grounds, excuses
from fairlead.leads.factors import Factor, add_up, probability_of
from fairlead.leads.facts import EVENT, IDENTITY, LINK, PARTNER, Fact, Known
from fairlead.leads.listing import link_grounds
from fairlead.leads.weights import Weights
from fairlead.schema.ids import canonical_json, content_id, digest

SHOWN = (
    *("lead_id", "scorer", "mmsi", "track_id", "start_us", "end_us", "lat_deg", "lon_deg"),
    *("log_odds", "probability", "title", "factors", "events", "links"),
)
MOST_IN_TITLE = 3


def digest_of(lead: Mapping[str, Any]) -> str:
    """SHA-256 of exactly what is shown: the columns SHOWN, the factors as the values they are."""
    value = {name: lead[name] for name in SHOWN}
    value["factors"] = json.loads(value["factors"])
    return digest(value)


def window_of(time_us: int, window_us: int) -> int:
    """Start of the window that an instant is in; windows are counted from 1970-01-01."""
    return time_us - time_us % window_us


def facts_of(
    known: Known, since_us: int, window_us: int, prelude_us: int
) -> dict[str, list[Fact]] | None:
    """The facts of the lead whose window starts at `since_us`, or None where there is no lead.

    Events that start in the window or in the prelude before it; names, types, links and partners
    as known at the window's end. Something must have happened in the window itself: an event that
    is not mere context, or a first link.
    """
    until_us = since_us + window_us
    events = {
        f: f.value()["start_us"]
        for f in known.of(EVENT)
        if since_us - prelude_us <= f.value()["start_us"] < until_us
    }
    ids = {f.id for f in events}
    chosen = {
        EVENT: list(events),
        LINK: [f for f in known.of(LINK) if f.time_us < until_us],
        PARTNER: [
            f for f in known.of(PARTNER) if f.time_us < until_us and f.value()["event_id"] in ids
        ],
        IDENTITY: [f for f in known.of(IDENTITY) if f.time_us < until_us],
    }
    return chosen if events or chosen[LINK] else None


def latest_links(facts: Iterable[Fact]) -> list[dict[str, Any]]:
    """Of each link the last version, with the time of its first."""
    versions: dict[str, list[Mapping[str, Any]]] = {}
    for fact in sorted(facts, key=lambda f: (f.time_us, f.id)):
        value = fact.value()
        versions.setdefault(value["link_id"], []).append(value)
    return [{**v[-1], "time_us": v[0]["time_us"]} for _, v in sorted(versions.items())]


def lead_row(
    mmsi: int, since_us: int, facts: Mapping[str, Sequence[Fact]], weights: Weights
) -> dict[str, Any] | None:
    """The row of LEADS, or None where nothing speaks for a lead."""
    events = sorted((f.value() for f in facts[EVENT]), key=lambda e: (e["start_us"], e["event_id"]))
    identity = [f.value() for f in sorted(facts[IDENTITY], key=lambda f: (f.time_us, f.id))]
    partners = [f.value() for f in facts[PARTNER]]
    links = latest_links(facts[LINK])
    setting = Setting(mmsi, events, partners, identity, weights)
    acted = [e for e in events if e["kind"] not in weights.context]
    times = [f.time_us for fs in facts.values() for f in fs]
    begun = [e["start_us"] for e in acted] or [x["time_us"] for x in links]
    ended = [e["end_us"] if e["end_us"] is not None else e["time_us"] for e in acted]
    end_us = max([*begun, *ended], default=since_us)
    grounds = [*event_grounds(events, setting), *link_grounds(links, weights, end_us)]
    if not grounds:
        return None
    factors, log_odds = add_up(grounds, excuses(setting), weights)
    strongest = _strongest(factors, acted)
    lead = {
        "lead_id": content_id("lead", weights.scorer, mmsi, since_us),
        "scorer": weights.scorer,
        "mmsi": mmsi,
        "track_id": strongest.get("track_id"),
        "time_us": max(times),
        "start_us": min(begun),
        "end_us": end_us,
        "lat_deg": strongest.get("lat_deg"),
        "lon_deg": strongest.get("lon_deg"),
        "log_odds": log_odds,
        "probability": round(probability_of(log_odds), 6),
        "title": _title(mmsi, identity, factors, weights),
        "factors": canonical_json([f.as_dict() for f in factors]),
        "events": [e["event_id"] for e in acted],
        "links": [x["link_id"] for x in links],
    }
    lead["digest"] = digest_of(lead)
    return lead


def _strongest(factors: Sequence[Factor], events: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    by_id = {e["event_id"]: e for e in events}
    return next((by_id[f.of] for f in factors if f.log_odds > 0 and f.of in by_id), {})


def _title(
    mmsi: int, identity: Sequence[Mapping[str, Any]], factors: Sequence[Factor], weights: Weights
) -> str:
    names = [i["value"] for i in identity if i["field"] == "name"]
    who = f"{names[-1]} ({mmsi})" if names else f"MMSI {mmsi}"
    speaking = [f for f in factors if f.log_odds > 0]
    left: dict[str, float] = {}
    for factor in factors:
        if factor.of and factor.name != "cap":
            left[factor.of] = left.get(factor.of, 0.0) + factor.log_odds
    speaking.sort(key=lambda f: (-left.get(f.of, 0.0), -f.log_odds, f.name, f.of))
    said = list(dict.fromkeys(weights.factor(f.name).title for f in speaking))
    more = f" and {len(said) - MOST_IN_TITLE} more" if len(said) > MOST_IN_TITLE else ""
    return f"{who}: {', '.join(said[:MOST_IN_TITLE])}{more}"
