"""Listings as grounds for a lead, weighed by whether they stood when the vessel acted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from fairlead.leads.factors import Explanation, Ground
from fairlead.leads.weights import Weights

Row = Mapping[str, Any]
DAY_US = 86_400_000_000


def link_grounds(links: Sequence[Row], weights: Weights, at_us: int) -> list[Ground]:
    """One ground per link, as of the end of the behaviour; `links` holds one version of each."""
    grounds = []
    for link in links:
        name, more, explanations = _as_of(link, at_us, weights)
        grounds.append(
            Ground(
                name="listed" + name,
                of=link["link_id"],
                certainty=share(link["probability"]),
                detail=f"{link['detail']} It is that ship with a probability of "
                f"{percent(link['probability'])}.{more}",
                evidence=tuple(link["evidence"]),
                explanations=explanations,
                since_us=link["time_us"],
                worth=weights.trust(link["reliability"], link["credibility"]),
            )
        )
    return grounds


def partner_ground(
    event: Row, links: Sequence[Row], weights: Weights, who: str | None = None
) -> list[Ground]:
    """What lists say of the other vessel of an event: the likeliest of its links, if any. `who` is
    the name that vessel sends."""
    latest = {p["value"]: p for p in sorted(links, key=lambda p: (p["time_us"], p["value"]))}
    if not latest:
        return []
    best = max(latest.values(), key=lambda p: (p["probability"], p["value"]))
    at_us = event["end_us"] if event["end_us"] is not None else event["time_us"]
    name, more, explanations = _as_of(best, at_us, weights)
    other = f"{who} ({best['partner_mmsi']})" if who else best["partner_mmsi"]
    return [
        Ground(
            name="partner_listed" + name,
            of=event["event_id"],
            certainty=share(best["probability"]) * share(event["confidence"]),
            detail=f"The other vessel, {other}, is listed with a probability of "
            f"{percent(best['probability'])}. {best['detail']}{more}",
            evidence=tuple(best["evidence"]),
            explanations=explanations,
            since_us=event["start_us"],
        )
    ]


def _as_of(row: Row, at_us: int, weights: Weights) -> tuple[str, str, tuple[Explanation, ...]]:
    """Ending of the factor's name, what its sentence adds, and what takes away from it."""
    since_us, until_us, edition_us = row["since_us"], row["until_us"], row["edition_us"]
    if since_us is not None and since_us > at_us:
        return "_later", f" It was listed {_span(since_us - at_us)} after this.", ()
    if until_us is not None and until_us <= at_us:
        ended = f"The listing had ended {_span(at_us - until_us)} before this, on {_day(until_us)}."
        return "", "", (_explained("listing_ended", ended, weights),)
    if since_us is None and edition_us is not None and edition_us > at_us:
        undated = (
            f"The list does not say since when, and the edition read is of {_day(edition_us)}, "
            f"{_span(edition_us - at_us)} after this: it may not have been listed yet."
        )
        return "", "", (_explained("listing_undated", undated, weights),)
    return "", "", ()


def _explained(name: str, detail: str, weights: Weights) -> Explanation:
    return Explanation(name, weights.innocent(name).probability, detail)


def _day(time_us: int) -> str:
    return datetime.fromtimestamp(time_us / 1e6, UTC).strftime("%Y-%m-%d")


def _span(us: int) -> str:
    """`12 days`, `7 months`, `5 years`; anything under two days is `a day`."""
    days = us // DAY_US
    if days < 2:
        return "a day"
    if days < 60:
        return f"{days} days"
    return f"{days // 30} months" if days < 730 else f"{days // 365} years"


def share(value: float) -> float:
    return min(1.0, max(0.0, float(value)))


def percent(probability: float) -> str:
    if probability > 0.99:
        return "over 99%"
    return "under 1%" if probability < 0.01 else f"{probability:.0%}"
