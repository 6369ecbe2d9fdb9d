"""The picture: a workspace at one instant with its markings, and what one person may see of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.engines.picture import History, Stored
from fairlead.review.access.markings import MarkingRules, union
from fairlead.schema.span import Span
from fairlead.schema.table import Table
from fairlead.schema.tables import (
    CLAIMS,
    COVERAGE,
    EVENTS,
    IDENTITIES,
    LEADS,
    LINKS,
    STOPS,
    TEXT,
)

DAY_US = 86_400_000_000
NAMED = ("name", "ship_type", "callsign", "imo", "flag", "destination")


NOUNS = {
    **{LEADS.name: "lead", EVENTS.name: "event", LINKS.name: "link", STOPS.name: "stop"},
    **{IDENTITIES.name: "identity", CLAIMS.name: "claim", COVERAGE.name: "coverage"},
}
"""What the policy knows the rows of a table as; positions are `position`."""


class Demands:
    """Distinct pairs of a source (empty for derived rows) and markings, each with a number."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, tuple[str, ...]], int] = {}

    def number(self, marks: Iterable[str], source: str = "") -> int:
        key = (source, union(marks))
        return self._numbers.setdefault(key, len(self._numbers))

    def table(self) -> pa.Table:
        """One row per number: source and markings."""
        return pa.table(
            {
                "source": pa.array([s for s, _ in self._numbers], pa.string()),
                "markings": pa.array([list(m) for _, m in self._numbers], pa.list_(pa.string())),
            }
        )


@dataclass(frozen=True, slots=True)
class Picture:
    """A stored workspace and, for every row of its tables, the number of what it demands.

    `demands` has a row per number with `source` and `markings`.
    """

    stored: Stored
    demands: pa.Table
    marks: Mapping[str, np.ndarray]
    of_source: Mapping[str, int]


def picture_of(history: History, stored: Stored, rules: MarkingRules) -> Picture:
    """Markings of derived rows are the union over the sources of their evidence."""
    demands = Demands()
    claims, identities = stored.table(CLAIMS), stored.table(IDENTITIES)
    named = pa.concat_arrays([pc.unique(t["source"]).cast(TEXT) for t in (claims, identities)])
    names = {*stored.sources, *named.to_pylist()}
    of = {name: rules.of(name) for name in sorted(names)}
    of_source = {name: demands.number(marks, name) for name, marks in of.items()}
    marks = {
        table.name: _numbers(stored.table(table)["source"], of_source)
        for table in (CLAIMS, IDENTITIES)
    }
    if len(set(of.values())) <= 1:
        only = demands.number(next(iter(of.values()), ()))
        for table in (LEADS, EVENTS, LINKS, COVERAGE, STOPS):
            marks[table.name] = np.full(stored.table(table).num_rows, only, np.int32)
    else:
        marks |= _derived(history, stored, of, demands)
    return Picture(stored, demands.table(), marks, of_source)


def _numbers(sources: pa.ChunkedArray, of_source: Mapping[str, int]) -> np.ndarray:
    """The number of each row's source."""
    places = pc.index_in(sources.cast(TEXT), value_set=pa.array(list(of_source), TEXT))
    numbers = np.array(list(of_source.values()), np.int32)
    return numbers[places.to_numpy()] if len(places) else np.empty(0, np.int32)


def _derived(
    history: History, stored: Stored, of: Mapping[str, tuple[str, ...]], demands: Demands
) -> dict[str, np.ndarray]:
    events, links, leads = (stored.table(t) for t in (EVENTS, LINKS, LEADS))
    factors = [json.loads(f) for f in leads["factors"].to_pylist()]
    cited = [[i for f in those for i in f["evidence"]] for those in factors]
    ids = [i for t in (events, links) for row in t["evidence"].to_pylist() for i in row]
    ids += [i for row in cited for i in row]
    sources = history.sources_of(ids, Span(-(1 << 62), 1 << 62))
    every = union(*(of[s] for s in stored.sources))

    def of_evidence(evidence: Iterable[int]) -> tuple[str, ...]:
        return union(*{of[sources[i]] if i in sources else every for i in evidence})

    def pairs(table: pa.Table, *names: str) -> Iterable[tuple]:
        return zip(*(table[n].to_pylist() for n in names), strict=True)

    of_event = {i: of_evidence(e) for i, e in pairs(events, "event_id", "evidence")}
    of_link = {
        i: union(of_evidence(e), of[s])
        for i, e, s in pairs(links, "link_id", "evidence", "claim_source")
    }
    of_lead = [
        union(
            of_evidence(evidence),
            *(of_event.get(i, every) for i in held),
            *(of_link.get(i, every) for i in linked),
        )
        for (held, linked), evidence in zip(pairs(leads, "events", "links"), cited, strict=True)
    ]
    found = {EVENTS: of_event.values(), LINKS: of_link.values(), LEADS: of_lead}
    found |= {t: [every] * stored.table(t).num_rows for t in (COVERAGE, STOPS)}
    return {
        t.name: np.array([demands.number(m) for m in rows], np.int32) for t, rows in found.items()
    }


@dataclass
class View:
    """What someone sees of a picture: `seen` says by noun which demands are met."""

    picture: Picture
    seen: Mapping[str, np.ndarray]
    key: str
    _tables: dict[str, pa.Table] = field(default_factory=dict)
    _marks: dict[str, np.ndarray] = field(default_factory=dict)
    kept: dict[Any, Any] = field(default_factory=dict)

    @property
    def stored(self) -> Stored:
        return self.picture.stored

    def table(self, table: Table) -> pa.Table:
        """The rows of a table that may be seen."""
        if table.name not in self._tables:
            rows, marks = self.stored.tables[table.name], self.picture.marks[table.name]
            keep = self.seen[NOUNS[table.name]][marks]
            whole = bool(keep.all())
            self._marks[table.name] = marks if whole else marks[keep]
            self._tables[table.name] = rows if whole else rows.filter(pa.array(keep))
        return self._tables[table.name]

    def markings(self, table: Table, row: int) -> list[str]:
        """The markings of a row of `table(...)`."""
        self.table(table)
        return self.picture.demands["markings"][int(self._marks[table.name][row])].as_py()

    @cached_property
    def sources(self) -> frozenset[str] | None:
        """The sources whose points may be seen; None for all of them."""
        seen = {s for s in self.stored.sources if self.may_see_source(s)}
        return None if len(seen) == len(self.stored.sources) else frozenset(seen)

    def may_see_source(self, source: str) -> bool:
        number = self.picture.of_source.get(source)
        return number is None or bool(self.seen["position"][number])

    @cached_property
    def row_of(self) -> Mapping[str, Mapping[str, int]]:
        """Row number by id, of leads, events and links."""
        ids = {LEADS: "lead_id", EVENTS: "event_id", LINKS: "link_id"}
        return {
            t.name: {i: n for n, i in enumerate(self.table(t)[c].to_pylist())}
            for t, c in ids.items()
        }

    def find(self, table: Table, id: str) -> dict[str, Any] | None:
        """One row by its id, with its markings; None where there is none to be seen."""
        row = self.row_of[table.name].get(id)
        if row is None:
            return None
        return {
            **self.table(table).slice(row, 1).to_pylist()[0],
            "markings": self.markings(table, row),
        }

    @cached_property
    def said(self) -> pl.DataFrame:
        """What each MMSI said last of itself: one row per MMSI, columns NAMED as text."""
        rows = pl.DataFrame(
            self.table(IDENTITIES).select(["mmsi", "field", "value", "last_seen_us"])
        ).filter(pl.col("field").is_in(list(NAMED)))
        last = rows.sort("last_seen_us").unique(["mmsi", "field"], keep="last")
        wide = pl.DataFrame({"mmsi": last["mmsi"].unique().sort()})
        for name in NAMED:
            of_field = last.filter(pl.col("field") == name).select("mmsi", value=pl.col("value"))
            wide = wide.join(of_field.rename({"value": name}), on="mmsi", how="left")
        return wide

    @cached_property
    def names(self) -> dict[int, str]:
        named = self.said.filter(pl.col("name").is_not_null())
        return dict(zip(named["mmsi"].to_list(), named["name"].to_list(), strict=True))

    @cached_property
    def tracks(self) -> pl.DataFrame:
        """One row per track and MMSI: since_us, until_us, n_points. Needs all sources seen."""
        return (
            self.stored.tracks.group_by("track_id", "mmsi")
            .agg(pl.col("since_us").min(), pl.col("until_us").max(), pl.col("n_points").sum())
            .sort("mmsi", "since_us")
        )

    @cached_property
    def current_tracks(self) -> dict[int, int]:
        """The track of each MMSI's newest point."""
        last = self.tracks.sort("until_us").unique("mmsi", keep="last")
        return dict(zip(last["mmsi"].to_list(), last["track_id"].to_list(), strict=True))

    def prepare(self) -> None:
        """Work out now what is kept of the first call otherwise."""
        for table in (LEADS, EVENTS, LINKS, IDENTITIES, COVERAGE):
            self.table(table)
        _ = (self.sources, self.row_of, self.names, self.current_tracks)
