"""Scores what each vessel did, and is said to be, into leads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.leads import facts as remembered
from fairlead.leads.facts import EVENT, IDENTITY, LEAD_FACTS, LINK, PARTNER, Fact, Known
from fairlead.leads.lead import facts_of, latest_links, lead_row, window_of
from fairlead.leads.weights import Weights, default_weights
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table
from fairlead.schema.tables import IDENTITIES, LEADS, LINKS, PARTNERS, VESSEL_EVENTS

HOUR_US = 3_600_000_000
_IDENTITY_FIELDS = ("name", "ship_type")


@dataclass(frozen=True, slots=True)
class Leads:
    """One lead per vessel and window of `window_h` hours in which something speaks for one.

    Windows are fixed in time, so that the lead an event belongs to does not depend on the order
    in which events become known. Events of the `prelude_h` hours before a window count too; where
    that makes a lead part of the next one, the queue shows only the larger. A lead changes as its
    events end and as links and names become known within its window. What a vessel did is kept
    for `settle_h` hours after the window, longer while a behaviour lasts; a detector that is later
    than that is not heard. Of a window the first `events_max` events are scored.
    """

    weights: Weights = field(default_factory=default_weights)
    window_h: int = 48
    prelude_h: int = 24
    settle_h: int = 336
    events_max: int = 256

    kind: ClassVar[str] = "leads"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (VESSEL_EVENTS, LINKS, PARTNERS, IDENTITIES)
    writes: ClassVar[tuple[Table, ...]] = (LEADS,)
    carries: ClassVar[Table] = LEAD_FACTS

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        names = _new_identities(carried, batch[IDENTITIES])
        fresh: dict[int, list[Fact]] = {}
        for mmsi, fact in (
            *remembered.event_facts(batch[VESSEL_EVENTS]),
            *remembered.link_facts(batch[LINKS]),
            *remembered.partner_facts(batch[PARTNERS]),
            *remembered.identity_facts(names),
        ):
            fresh.setdefault(mmsi, []).append(fact)
        touched = pc.is_in(carried["mmsi"], value_set=pa.array(sorted(fresh), pa.int32()))
        known = remembered.by_vessel(carried.filter(touched))
        rows: list[dict[str, Any]] = []
        kept: dict[int, Iterable[Fact]] = {}
        for mmsi in sorted(fresh):
            before = known.get(mmsi, Known())
            after = self._bounded(before.add(fresh[mmsi]))
            rows += self._changed(mmsi, before, after)
            kept[mmsi] = self._remembered(after, span.until_us)
        untouched = carried.filter(pc.invert(touched))
        keeps = pa.concat_tables([untouched, remembered.to_rows(kept)]).sort_by(
            [(c, "ascending") for c in ("mmsi", "time_us", "fact", "id")]
        )
        rows.sort(key=lambda r: (r["mmsi"], r["time_us"], r["lead_id"]))
        return keeps, Batch({LEADS: pa.Table.from_pylist(rows, schema=LEADS.columns)})

    def _changed(self, mmsi: int, before: Known, after: Known) -> Iterator[dict[str, Any]]:
        """Rows of the leads whose facts are not what they were."""
        for since_us in self._windows(after):
            now = self._facts(after, since_us)
            if now is None or now == self._facts(before, since_us):
                continue
            row = lead_row(mmsi, since_us, now, self.weights)
            if row is not None:
                yield row

    def _windows(self, known: Known) -> list[int]:
        """Starts of the windows in which something makes a lead."""
        began = [
            value["start_us"]
            for fact in known.of(EVENT)
            if (value := fact.value())["kind"] not in self.weights.context
        ]
        began += [link["time_us"] for link in latest_links(known.of(LINK))]
        return sorted({window_of(t, self.window_h * HOUR_US) for t in began})

    def _facts(self, known: Known, since_us: int) -> dict[str, list[Fact]] | None:
        return facts_of(known, since_us, self.window_h * HOUR_US, self.prelude_h * HOUR_US)

    def _bounded(self, known: Known) -> Known:
        """Without events beyond the first of a window and values beyond the first of a name.

        A rule about the set alone: a fact left out now would be left out later too.
        """
        by_window: dict[int, list[Fact]] = {}
        for fact in known.of(EVENT):
            start_us = window_of(fact.value()["start_us"], self.window_h * HOUR_US)
            by_window.setdefault(start_us, []).append(fact)
        kept = [f for facts in by_window.values() for f in _first(facts, self.events_max)]
        kept += [f for name in _IDENTITY_FIELDS for f in _first_said(known, name)]
        return Known().add([*kept, *known.of(PARTNER), *known.of(LINK)])

    def _remembered(self, known: Known, now_us: int) -> list[Fact]:
        """What may still change a lead: the windows that are not settled and all that they use."""
        window_us = self.window_h * HOUR_US
        kept: list[Fact] = []
        by_window: dict[int, list[Fact]] = {}
        for fact in known.of(EVENT):
            by_window.setdefault(window_of(fact.value()["start_us"], window_us), []).append(fact)
        horizon_us = now_us - self.settle_h * HOUR_US
        live = {
            start_us
            for start_us, facts in by_window.items()
            if start_us + window_us > horizon_us or any(f.value()["end_us"] is None for f in facts)
        }
        live |= {start_us - window_us for start_us in live}
        for start_us in sorted(live & set(by_window)):
            kept += by_window[start_us]
        ids, all_ids = {f.id for f in kept}, {f.id for f in known.of(EVENT)}
        kept += [
            f
            for f in known.of(PARTNER)
            if (id := f.value()["event_id"]) in ids
            or (id not in all_ids and f.time_us > horizon_us)
        ]
        kept += _needed_links(known.of(LINK), min(live, default=now_us))
        return [*kept, *known.of(IDENTITY)]


def _first(facts: list[Fact], most: int) -> list[Fact]:
    """The events that started first: a rule that gives the same ones whatever came before."""
    if len(facts) <= most:
        return facts
    return sorted(sorted(facts, key=lambda f: (f.value()["start_us"], f.id))[:most])


def _first_said(known: Known, name: str, most: int = 16) -> list[Fact]:
    said = [f for f in known.of(IDENTITY) if f.value()["field"] == name]
    return sorted(said, key=lambda f: (f.time_us, f.id))[:most]


def _needed_links(facts: list[Fact], since_us: int) -> list[Fact]:
    """Of each link the first version, the last one before an instant, and all after it."""
    versions: dict[str, list[Fact]] = {}
    for fact in sorted(facts, key=lambda f: (f.time_us, f.id)):
        versions.setdefault(fact.value()["link_id"], []).append(fact)
    kept = []
    for one in versions.values():
        old = [f for f in one if f.time_us < since_us]
        kept += [*dict.fromkeys([*old[:1], *old[-1:]]), *one[len(old) :]]
    return kept


def _new_identities(carried: pa.Table, rows: pa.Table) -> pa.Table:
    """Names and types that are not remembered yet: the timeline repeats what it said before."""
    columns = ["mmsi", "field", "value", "first_seen_us", "first_observation_id"]
    rows = rows.filter(pc.field("field").isin(_IDENTITY_FIELDS)).select(columns)
    if rows.num_rows == 0 or carried.num_rows == 0:
        return rows
    said = pl.DataFrame(rows.select(["mmsi", "field", "value", "first_seen_us"])).select(
        "mmsi",
        id=pl.col("field") + "=" + pl.col("value"),
        time_us=pl.col("first_seen_us"),
    )
    known = pl.DataFrame(carried.select(["mmsi", "fact", "id", "time_us"]))
    known = known.filter(pl.col("fact") == IDENTITY).select("mmsi", "id", known_us="time_us")
    joined = said.join(known, on=["mmsi", "id"], how="left", maintain_order="left")
    new = joined["known_us"].is_null() | (joined["time_us"] < joined["known_us"])
    return rows.filter(new.to_arrow())
