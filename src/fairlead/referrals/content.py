"""Exactly what will leave: redacted for its recipient, in canonical JSON, under one digest.

Redaction comes first: what the recipient may not hold is not in the content at all, and nothing
that rests on it (the score, the lead's own title) is either.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import rfc8785

from fairlead.schema.errors import RefusedError
from fairlead.schema.referrals import ReferralKind

FORMAT = "fairlead-referral-1"
EXACT_MOST = 2**53 - 1
CAVEAT = (
    "A lead is a reason to look, not proof. It speaks of vessels and of the companies behind them."
)
GROUND_FIELDS = ("name", "log_odds", "detail", "innocent", "of", "since_us", "evidence")
EVENT_FIELDS = (
    *("event_id", "kind", "version", "parameters", "start_us", "end_us", "lat_deg", "lon_deg"),
    *("mmsi", "other_mmsi", "confidence", "detail", "measures", "evidence"),
)
LINK_FIELDS = ("link_id", "claim_source", "program", "probability", "detail")
OBSERVATION_FIELDS = (
    *("observation_id", "time_us", "mmsi", "lat_deg", "lon_deg", "speed_kn", "course_deg"),
    *("source", "line", "raw_sha256", "raw"),
)
EVIDENCE_FIELDS = ("evidence_id", "kind", "detail", "time_us", "lat_deg", "lon_deg", "sha256")
VESSEL_FIELDS = ("mmsi", "name", "callsign", "imo", "flag")

Releasable = Callable[[Sequence[str]], bool]


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that speaks for or against a lead, with the markings of what it rests on."""

    body: Mapping[str, Any]
    markings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Material:
    """Everything under a lead, before redaction. `lead` is the row as decided on; `names` are what
    the vessel said of itself, one field each, the newest last."""

    lead: Mapping[str, Any]
    vessel: Part
    names: tuple[Part, ...] = ()
    grounds: tuple[Part, ...] = ()
    events: tuple[Part, ...] = ()
    links: tuple[Part, ...] = ()
    observations: tuple[Part, ...] = ()
    evidence: tuple[Part, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """What the referral is, apart from its grounds."""

    referral_id: str
    kind: ReferralKind
    title: str
    author: str
    recipient: Mapping[str, Any]
    note: str
    decisions: tuple[Mapping[str, Any], ...]
    frozen_us: int


def redact(material: Material, heading: Heading, releasable: Releasable) -> dict[str, Any]:
    """The content for one recipient: only parts whose every marking it may hold.

    Raises RefusedError `nothing_releasable` when not one ground against the vessel is left, or the
    vessel itself may not be named.
    """
    kept = {
        "grounds": _keep(material.grounds, GROUND_FIELDS, releasable),
        "events": _keep(material.events, EVENT_FIELDS, releasable),
        "links": _keep(material.links, LINK_FIELDS, releasable),
        "observations": _keep(material.observations, OBSERVATION_FIELDS, releasable),
        "evidence": _keep(material.evidence, EVIDENCE_FIELDS, releasable),
    }
    speaking = [g for g in kept["grounds"] if g["log_odds"] > 0]
    if not speaking or not releasable(material.vessel.markings):
        message = f"nothing of {material.lead['lead_id']} may be released to this recipient"
        raise RefusedError(
            message, reason="nothing_releasable", help="choose a recipient that may hold it"
        )
    parts = [*material.names, *(part for group in _groups(material) for part in group)]
    withheld = not all(releasable(part.markings) for part in parts)
    lead = material.lead
    start_us, end_us = lead["start_us"], lead["end_us"]
    if withheld:
        start_us, end_us = _shown_span(kept["events"])
    return {
        "format": FORMAT,
        "referral_id": heading.referral_id,
        "kind": heading.kind.value,
        "title": heading.title,
        "recipient": dict(heading.recipient),
        "author": heading.author,
        "note": heading.note,
        "frozen_us": heading.frozen_us,
        "caveat": CAVEAT,
        "lead": {
            "lead_id": lead["lead_id"],
            "digest": lead["digest"],
            "scorer": lead["scorer"],
            "title": None if withheld else lead["title"],
            "probability": None if withheld else lead["probability"],
            "start_us": start_us,
            "end_us": end_us,
        },
        "vessel": _vessel(material, releasable),
        "withheld": withheld,
        "markings": sorted(_markings(material, releasable)),
        "decisions": [
            {k: d[k] for k in ("decision_id", "verdict", "digest", "decided_us", "reviewer")}
            for d in heading.decisions
        ],
        **kept,
    }


def _shown_span(events: Sequence[Mapping[str, Any]]) -> tuple[int | None, int | None]:
    """From the first to the last of what is shown: the lead's own span may rest on what is not."""
    starts = [event["start_us"] for event in events]
    ends = [event["end_us"] for event in events]
    if not starts:
        return None, None
    return min(starts), None if None in ends else max(ends)


def _vessel(material: Material, releasable: Releasable) -> dict[str, Any]:
    body = dict(material.vessel.body)
    for part in material.names:
        if releasable(part.markings):
            body |= part.body
    return _chosen(body, VESSEL_FIELDS)


def _groups(material: Material) -> tuple[tuple[Part, ...], ...]:
    return (
        *(material.grounds, material.events, material.links),
        *(material.observations, material.evidence),
    )


def _markings(material: Material, releasable: Releasable) -> set[str]:
    parts = [material.vessel, *material.names, *(p for group in _groups(material) for p in group)]
    return {m for part in parts if releasable(part.markings) for m in part.markings}


def _keep(
    parts: Sequence[Part], names: Sequence[str], releasable: Releasable
) -> list[dict[str, Any]]:
    return [_chosen(part.body, names) for part in parts if releasable(part.markings)]


def _chosen(body: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """The named fields alone: a column that is new tomorrow does not leave by itself."""
    return {name: body.get(name) for name in names}


def _sound(value: Any) -> Any:
    """The value as canonical JSON can hold it: whole numbers beyond 2^53 as text, what is no number
    as null, halves of characters as `?`."""
    if isinstance(value, Mapping):
        return {str(key): _sound(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_sound(part) for part in value]
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > EXACT_MOST:
        return str(value)
    return value


def canonical(content: Mapping[str, Any]) -> bytes:
    """RFC 8785 canonical JSON."""
    return rfc8785.dumps(_sound(content))


def content_digest(canonical_bytes: bytes) -> str:
    """SHA-256 in hexadecimal of what will leave."""
    return hashlib.sha256(canonical_bytes).hexdigest()
