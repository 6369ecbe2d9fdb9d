"""Tells each vessel of an event what the other one says it is, and what lists say of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from fairlead.leads.facts import DATES, Fact, Known, by_vessel, few_of, listing_of, to_rows
from fairlead.leads.facts import LEAD_FACTS as PARTNER_FACTS
from fairlead.schema.ids import canonical_json
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table
from fairlead.schema.tables import IDENTITIES, LINKS, PARTNERS, VESSEL_EVENTS

HOUR_US = 3_600_000_000
MEETING, SAYING = "meeting", "saying"
_FIELDS = ("ship_type", "name")


@dataclass(frozen=True, slots=True)
class Partners:
    """For each event of two vessels, hands the facts about one to the other.

    What becomes known of a vessel up to `horizon_h` hours after the event began is told. Of a
    vessel the first `facts_max` ship types and names are told, and the last `meetings_max` events
    of the last `settle_h` hours are remembered.
    """

    horizon_h: int = 72
    settle_h: int = 336
    facts_max: int = 16
    meetings_max: int = 512

    kind: ClassVar[str] = "partners"
    version: ClassVar[int] = 2
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (VESSEL_EVENTS, IDENTITIES, LINKS)
    writes: ClassVar[tuple[Table, ...]] = (PARTNERS,)
    carries: ClassVar[Table] = PARTNER_FACTS

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        fresh: dict[int, list[Fact]] = {}
        for mmsi, fact in (
            *_meetings(batch[VESSEL_EVENTS]),
            *_sayings(batch[IDENTITIES]),
            *_listings(batch[LINKS]),
        ):
            fresh.setdefault(mmsi, []).append(fact)
        known = by_vessel(carried)
        rows: list[dict[str, Any]] = []
        for mmsi in sorted(fresh):
            before = known.get(mmsi, Known())
            after = self._bounded(before.add(fresh[mmsi]))
            told = {canonical_json(row) for row in self._told(mmsi, before)}
            new = [row for row in self._told(mmsi, after) if canonical_json(row) not in told]
            rows += new
            known[mmsi] = after
        rows.sort(key=lambda r: (r["mmsi"], r["time_us"], r["event_id"], r["fact"], r["value"]))
        kept = {mmsi: self._remembered(facts, span.until_us) for mmsi, facts in known.items()}
        return to_rows(kept), Batch({PARTNERS: pa.Table.from_pylist(rows, schema=PARTNERS.columns)})

    def _told(self, mmsi: int, known: Known) -> Iterator[dict[str, Any]]:
        """Rows for the partners of a vessel, for all that is known of it."""
        for meeting in known.of(MEETING):
            with_whom = meeting.value()
            for saying in known.of(SAYING):
                if saying.time_us < meeting.time_us + self.horizon_h * HOUR_US:
                    yield {
                        "mmsi": with_whom["partner_mmsi"],
                        "time_us": max(meeting.time_us, saying.time_us),
                        "event_id": with_whom["event_id"],
                        "partner_mmsi": mmsi,
                        **saying.value(),
                    }

    def _bounded(self, known: Known) -> Known:
        sayings = sorted(known.of(SAYING), key=lambda f: (f.time_us, f.id))
        kept = [f for f in sayings if f.value()["fact"] == "link"]
        for name in _FIELDS:
            kept += [f for f in sayings if f.value()["fact"] == name][: self.facts_max]
        return Known().add([*known.of(MEETING), *kept])

    def _remembered(self, known: Known, now_us: int) -> list[Fact]:
        horizon_us = now_us - self.settle_h * HOUR_US
        meetings = sorted(known.of(MEETING), key=lambda f: (f.time_us, f.id))
        recent = [f for f in meetings if f.time_us > horizon_us][-self.meetings_max :]
        return [*recent, *known.of(SAYING)]


def _meetings(rows: pa.Table) -> Iterator[tuple[int, Fact]]:
    """Events of two vessels, by their start: what does not change when the event ends."""
    rows = rows.filter(pc.field("partner_mmsi").is_valid())
    columns = ("mmsi", "event_id", "partner_mmsi", "start_us")
    for mmsi, event_id, partner_mmsi, start_us in zip(
        *(rows[c].to_pylist() for c in columns), strict=True
    ):
        kept = {"event_id": event_id, "partner_mmsi": partner_mmsi}
        yield mmsi, Fact(MEETING, event_id, start_us, canonical_json(kept))


def _sayings(rows: pa.Table) -> Iterator[tuple[int, Fact]]:
    rows = rows.filter(pc.field("field").isin(_FIELDS))
    columns = ("mmsi", "field", "value", "first_seen_us", "first_observation_id")
    for mmsi, name, value, time_us, observation_id in zip(
        *(rows[c].to_pylist() for c in columns), strict=True
    ):
        kept = _saying(name, value, [observation_id])
        yield mmsi, Fact(SAYING, f"{name}={value}", time_us, canonical_json(kept))


def _listings(rows: pa.Table) -> Iterator[tuple[int, Fact]]:
    for row in rows.to_pylist():
        claim = listing_of(row["factors"])
        detail = str(claim.get("detail", row["detail"]))
        kept = _saying("link", row["link_id"], row["evidence"], row["probability"], detail)
        kept |= {name: claim.get(name) for name in DATES}
        id = f"{row['link_id']}@{row['time_us']}"
        yield row["mmsi"], Fact(SAYING, id, row["time_us"], canonical_json(kept))


def _saying(
    fact: str,
    value: str,
    evidence: list[int],
    probability: float | None = None,
    detail: str | None = None,
) -> dict[str, Any]:
    return {
        "fact": fact,
        "value": value,
        "probability": probability,
        "detail": detail,
        "evidence": few_of(evidence),
        **dict.fromkeys(DATES),
    }
