"""What the scorer remembers of a vessel: its events, links, partners and names, as rows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import pyarrow as pa

from fairlead.schema.ids import canonical_json
from fairlead.schema.table import Table, column

EVENT, LINK, PARTNER, IDENTITY = "event", "link", "partner", "identity"
MOST_EVIDENCE = 8
DATES = ("since_us", "until_us", "edition_us")
"""When a claim holds, by its list, and the date of the list."""

LEAD_FACTS = Table(
    name="lead_facts",
    doc="What is known of a vessel while a lead about it may still change.",
    columns=pa.schema(
        [
            column("mmsi", pa.int32(), "the vessel", required=True),
            column("time_us", pa.int64(), "when this became known", required=True),
            column("fact", pa.string(), "event, link, partner or identity", required=True),
            column("id", pa.string(), "what makes it unique", required=True),
            column("row", pa.string(), "the row, canonical JSON", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("fact", "id"),
)

_EVENT_COLUMNS = (
    *("event_id", "kind", "time_us", "start_us", "end_us", "lat_deg", "lon_deg", "track_id"),
    *("partner_mmsi", "confidence", "detail", "measures", "evidence"),
)


@dataclass(frozen=True, slots=True, order=True)
class Fact:
    """One remembered row. `id` names it within its kind of fact; a later row of it replaces it."""

    fact: str
    id: str
    time_us: int
    row: str

    def value(self) -> Mapping[str, Any]:
        return _parsed(self.row)


@lru_cache(maxsize=1 << 15)
def _parsed(row: str) -> Mapping[str, Any]:
    return MappingProxyType(json.loads(row))


@dataclass(slots=True)
class Known:
    """The facts about one vessel, the latest of each id."""

    facts: dict[tuple[str, str], Fact] = field(default_factory=dict)

    def add(self, facts: Iterable[Fact]) -> Known:
        """With these facts too; the order in which they are added does not matter."""
        merged = dict(self.facts)
        for one in facts:
            key = one.fact, one.id
            before = merged.get(key)
            if before is None or _rank(one) > _rank(before):
                merged[key] = one
        return Known(merged)

    def of(self, fact: str) -> list[Fact]:
        return sorted(f for f in self.facts.values() if f.fact == fact)


def _rank(fact: Fact) -> tuple[int, str]:
    """Of an identity's value the first saying counts, of everything else the last version."""
    return (-fact.time_us if fact.fact == IDENTITY else fact.time_us, fact.row)


def event_facts(rows: pa.Table) -> list[tuple[int, Fact]]:
    """Facts with their MMSI from rows of VESSEL_EVENTS."""
    found = []
    for row in rows.to_pylist():
        kept = {name: row[name] for name in _EVENT_COLUMNS}
        kept["evidence"] = few_of(row["evidence"])
        kept["measures"] = json.loads(row["measures"] or "{}")
        fact = Fact(EVENT, row["event_id"], row["time_us"], canonical_json(kept))
        found.append((row["mmsi"], fact))
    return found


def link_facts(rows: pa.Table) -> list[tuple[int, Fact]]:
    """Facts from rows of LINKS; each version is kept, since a lead uses what was known then."""
    found = []
    for row in rows.to_pylist():
        listing = listing_of(row["factors"])
        kept = {
            "link_id": row["link_id"],
            "time_us": row["time_us"],
            "claim_source": row["claim_source"],
            "probability": row["probability"],
            "detail": row["detail"],
            "evidence": few_of(row["evidence"]),
            "reliability": str(listing.get("reliability", "F")),
            "credibility": int(listing.get("credibility", 6)),
            **{name: listing.get(name) for name in DATES},
        }
        id = f"{row['link_id']}@{row['time_us']}"
        found.append((row["mmsi"], Fact(LINK, id, row["time_us"], canonical_json(kept))))
    return found


def listing_of(factors: str) -> Mapping[str, Any]:
    """What a link says of the claim itself: its sentence, its standing and its dates."""
    return next((f for f in json.loads(factors) if f.get("name") == "claim"), {})


def partner_facts(rows: pa.Table) -> list[tuple[int, Fact]]:
    """Facts from rows of PARTNERS, each version kept."""
    found = []
    for row in rows.to_pylist():
        kept = {**row, "evidence": few_of(row["evidence"])}
        del kept["mmsi"]
        id = f"{row['event_id']}/{row['fact']}/{row['value']}@{row['time_us']}"
        found.append((row["mmsi"], Fact(PARTNER, id, row["time_us"], canonical_json(kept))))
    return found


def identity_facts(rows: pa.Table) -> list[tuple[int, Fact]]:
    """Facts from rows of IDENTITIES: names and ship types."""
    columns = ("mmsi", "field", "value", "first_seen_us", "first_observation_id")
    found = []
    for mmsi, name, value, time_us, observation_id in zip(
        *(rows[c].to_pylist() for c in columns), strict=True
    ):
        kept = {"field": name, "value": value, "observation_id": observation_id}
        found.append((mmsi, Fact(IDENTITY, f"{name}={value}", time_us, canonical_json(kept))))
    return found


def few_of(evidence: Iterable[int] | None) -> list[int]:
    """At most MOST_EVIDENCE observation ids: the first, the last and evenly spread between."""
    ids = list(evidence or ())
    if len(ids) <= MOST_EVIDENCE:
        return ids
    last = len(ids) - 1
    return [ids[round(i * last / (MOST_EVIDENCE - 1))] for i in range(MOST_EVIDENCE)]


def by_vessel(rows: pa.Table) -> dict[int, Known]:
    """Carried rows as facts by MMSI."""
    found: dict[int, list[Fact]] = {}
    columns = ("mmsi", "fact", "id", "time_us", "row")
    for mmsi, *fact in zip(*(rows[c].to_pylist() for c in columns), strict=True):
        found.setdefault(mmsi, []).append(Fact(*fact))
    return {mmsi: Known().add(facts) for mmsi, facts in found.items()}


def to_rows(facts: Mapping[int, Iterable[Fact]]) -> pa.Table:
    flat = [
        (mmsi, f.time_us, f.fact, f.id, f.row)
        for mmsi in sorted(facts)
        for f in sorted(facts[mmsi])
    ]
    columns = list(zip(*flat, strict=True)) if flat else [()] * 5
    return LEAD_FACTS.rows(dict(zip(LEAD_FACTS.columns.names, columns, strict=True)), len(flat))
