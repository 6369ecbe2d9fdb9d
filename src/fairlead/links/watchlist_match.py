"""Which claims speak of a vessel, as its identity becomes known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.links.claim_index import Claim, ClaimIndex
from fairlead.links.countries import country_code
from fairlead.links.likelihood import Agreement, Said, agreements, link_probability
from fairlead.links.names import compact, comparable_name
from fairlead.links.vessel_numbers import checked_imo, plain_callsign
from fairlead.schema.ids import canonical_json, content_id
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, key_starts
from fairlead.schema.table import Table, column
from fairlead.schema.tables import IDENTITIES, LINKS, OBSERVATIONS

FACTS = Table(
    name="watchlist_facts",
    doc="What each MMSI has said of itself so far, as far as lists speak of it.",
    columns=pa.schema(
        [
            column("mmsi", pa.int32(), "the vessel", required=True),
            column("time_us", pa.int64(), "when it first said so", required=True),
            column(
                "field",
                pa.string(),
                "mmsi, imo, callsign, name, flag, ship_type or lists",
                required=True,
            ),
            column("value", pa.string(), "the value made comparable", required=True),
            column("observation_id", pa.int64(), "first message with it", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("field", "value"),
)

_FIELDS = ("imo", "callsign", "name", "flag", "ship_type")
_LISTS = "lists"
"""The carried row that says by its value which lists the vessel was held against."""
Fact = tuple[int, str, str, int]
"""time_us, field, comparable value, observation id; sorts by time."""


@dataclass(frozen=True, slots=True)
class WatchlistMatch:
    """Links a vessel to claims by Fellegi-Sunter factors, with a new version as each fact comes.

    A link is written from the instant its probability reaches `probability_min`, and from then on
    each time a fact changes it, downwards too. A vessel that never sends its name is matched by
    its MMSI alone. Of each field the first `values_max` values are held against the lists. When the
    lists have changed, a vessel is held against them anew as soon as it is heard again.
    """

    index: ClaimIndex = field(default_factory=ClaimIndex)
    probability_min: float = 0.05
    values_max: int = 16

    kind: ClassVar[str] = "watchlist_match"
    version: ClassVar[int] = 2
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (IDENTITIES, OBSERVATIONS)
    writes: ClassVar[tuple[Table, ...]] = (LINKS,)
    carries: ClassVar[Table] = FACTS

    def step(
        self,
        carried: pa.Table,
        batch: Batch,
        span: Span,  # noqa: ARG002
    ) -> tuple[pa.Table, Batch]:
        if not self.index.all:
            return carried, Batch({LINKS: LINKS.empty()})
        known, outdated = _by_vessel(carried, self.index.digest)
        fresh = _from_identities(batch[IDENTITIES])
        heard_us = _first_times(batch) if outdated else {}
        for mmsi, fact in self._first_heard(batch[OBSERVATIONS]):
            fresh.setdefault(mmsi, []).append(fact)
        rows: list[dict[str, Any]] = []
        for mmsi in sorted(fresh):
            before = known.get(mmsi, [])
            facts = self._joined(before, fresh[mmsi])
            if facts != before:
                known[mmsi] = facts
                rows += self._links(mmsi, facts, {f[1:3] for f in before})
        for mmsi in sorted(outdated & heard_us.keys()):
            rows += self._held_anew(mmsi, known[mmsi], heard_us[mmsi], rows)
        rows.sort(key=lambda r: (r["mmsi"], r["time_us"], r["link_id"]))
        kept = _to_rows(known, self.index.digest)
        return kept, Batch({LINKS: pa.Table.from_pylist(rows, schema=LINKS.columns)})

    def _held_anew(
        self, mmsi: int, facts: list[Fact], time_us: int, told: list[dict[str, Any]]
    ) -> Iterator[dict[str, Any]]:
        """The vessel's links by lists that have changed, as of when it is heard again."""
        again = {row["link_id"] for row in told if row["mmsi"] == mmsi}
        before = [f for f in facts if f[0] <= time_us]
        for i in sorted({i for _, name, value, _ in before for i in self._near(name, value)}):
            claim = self.index.all[i]
            said = _said(mmsi, before, time_us)
            found = agreements(said, claim, self.index)
            likely = link_probability(sum(f.log_odds for f in found)) >= self.probability_min
            if likely and said.seen and _link_id(mmsi, claim) not in again:
                yield _link(mmsi, claim, time_us, found, said)

    def _first_heard(self, rows: pa.Table) -> Iterator[tuple[int, Fact]]:
        """The first position of each listed MMSI; rows come sorted by MMSI."""
        mmsis = rows["mmsi"].to_numpy()
        first = key_starts(mmsis)[:-1]
        first = first[np.isin(mmsis[first], self.index.mmsis)]
        chosen = rows.select(["mmsi", "time_us", "observation_id"]).take(pa.array(first))
        for row in chosen.to_pylist():
            fact = (row["time_us"], "mmsi", str(row["mmsi"]), row["observation_id"])
            yield row["mmsi"], fact

    def _joined(self, before: list[Fact], fresh: Iterable[Fact]) -> list[Fact]:
        """Facts in order of time, each value once, the first `values_max` of a field."""
        kept: dict[tuple[str, str], Fact] = {}
        n_values: dict[str, int] = {}
        for fact in sorted({*before, *fresh}):
            name, value = fact[1:3]
            if (name, value) not in kept and n_values.get(name, 0) < self.values_max:
                kept[name, value] = fact
                n_values[name] = n_values.get(name, 0) + 1
        return list(kept.values())

    def _links(
        self, mmsi: int, facts: list[Fact], known: set[tuple[str, str]]
    ) -> Iterator[dict[str, Any]]:
        """Versions of the vessel's links from the first fact that is not known yet on."""
        near = {i for _, name, value, _ in facts for i in self._near(name, value)}
        since_us = min(f[0] for f in facts if f[1:3] not in known)
        instants = sorted({f[0] for f in facts})
        for i in sorted(near):
            claim = self.index.all[i]
            told: list[Agreement] = []
            written = False
            for time_us in instants:
                said = _said(mmsi, facts, time_us)
                found = agreements(said, claim, self.index)
                if found == told:
                    continue
                told = found
                probability = link_probability(sum(f.log_odds for f in found))
                written = written or probability >= self.probability_min
                if written and time_us >= since_us and said.seen:
                    yield _link(mmsi, claim, time_us, found, said)

    def _near(self, name: str, value: str) -> Iterable[int]:
        if name in ("imo", "mmsi"):
            return self.index.near(name, int(value))
        return self.index.near(name, value) if name in ("callsign", "name") else ()


@lru_cache(maxsize=1 << 16)
def _comparable(name: str, value: str) -> str:
    """The value of an identity as lists are compared with it; empty where nothing can be."""
    if name == "imo":
        return str(checked_imo(value) or "")
    if name == "callsign":
        return plain_callsign(value)
    if name == "name":
        plain = comparable_name(value)
        return plain if len(compact(plain)) > 1 else ""
    if name == "flag":
        return country_code(value) or ""
    return value if value.isdigit() else ""


def _from_identities(rows: pa.Table) -> dict[int, list[Fact]]:
    wanted = rows.filter(pc.field("field").isin(_FIELDS))
    columns = ("mmsi", "first_seen_us", "field", "value", "first_observation_id")
    found: dict[int, list[Fact]] = {}
    for mmsi, time_us, name, value, observation_id in zip(
        *(wanted[c].to_pylist() for c in columns), strict=True
    ):
        facts = found.setdefault(mmsi, [])
        facts.append((time_us, "mmsi", str(mmsi), observation_id))
        comparable = _comparable(name, value)
        if comparable:
            facts.append((time_us, name, comparable, observation_id))
    return found


def _said(mmsi: int, facts: list[Fact], until_us: int) -> Said:
    said = Said(mmsi)
    lists: dict[str, tuple[list, type]] = {
        "imo": (said.imos, int),
        "callsign": (said.callsigns, str),
        "name": (said.names, str),
        "flag": (said.flags, str),
        "ship_type": (said.ship_types, int),
        "mmsi": ([], int),
    }
    for time_us, name, text, observation_id in facts:
        if time_us <= until_us:
            values, kind = lists[name]
            values.append(kind(text))
            said.seen[name, kind(text)] = observation_id
    return said


def _link(
    mmsi: int, claim: Claim, time_us: int, found: list[Agreement], said: Said
) -> dict[str, Any]:
    probability = link_probability(sum(f.log_odds for f in found))
    listing = {
        "name": "claim",
        "log_odds": 0.0,
        "detail": claim.detail,
        "evidence": [],
        "reliability": claim.reliability,
        "credibility": claim.credibility,
        "since_us": claim.since_us,
        "until_us": claim.until_us,
        "edition_us": claim.edition_us,
    }
    evidence = sorted({o for f in found for o in f.evidence}) or sorted(set(said.seen.values()))
    return {
        "link_id": _link_id(mmsi, claim),
        "mmsi": mmsi,
        "time_us": time_us,
        "claim_id": claim.claim_id,
        "claim_source": claim.source,
        "probability": probability,
        "factors": canonical_json([*(f.as_dict() for f in found), listing]),
        "detail": f"{claim.detail} {_grounds(found)}",
        "evidence": evidence,
    }


def _grounds(found: list[Agreement]) -> str:
    """The three strongest: `Matched because ...; but ...`."""
    strongest = sorted(found[1:], key=lambda f: (-abs(f.log_odds), f.name))[:3]
    agree = "; ".join(f.detail for f in strongest if f.log_odds >= 0)
    differ = "; ".join(f.detail for f in strongest if f.log_odds < 0)
    if not differ:
        return f"Matched because {agree}."
    return f"Matched because {agree}; but {differ}." if agree else f"Against it: {differ}."


def _link_id(mmsi: int, claim: Claim) -> str:
    return content_id("link", mmsi, claim.claim_id)


def _first_times(batch: Batch) -> dict[int, int]:
    """When each MMSI of a batch is first heard in it; by what it last said where only that is."""
    first: dict[int, int] = {}
    for table, name in ((OBSERVATIONS, "time_us"), (IDENTITIES, "last_seen_us")):
        mmsis = batch[table]["mmsi"].to_numpy()
        starts = key_starts(mmsis)[:-1]
        times = batch[table][name].to_numpy()[starts]
        for mmsi, time_us in zip(mmsis[starts].tolist(), times.tolist(), strict=True):
            first.setdefault(mmsi, time_us)
    return first


def _by_vessel(carried: pa.Table, lists: str) -> tuple[dict[int, list[Fact]], set[int]]:
    """Facts by MMSI, and the vessels that were held against other lists than these."""
    columns = ("mmsi", "time_us", "field", "value", "observation_id")
    found: dict[int, list[Fact]] = {}
    held: set[int] = set()
    for mmsi, *fact in zip(*(carried[c].to_pylist() for c in columns), strict=True):
        time_us, field, value, observation_id = fact
        if field != _LISTS:
            found.setdefault(mmsi, []).append((time_us, field, value, observation_id))
        elif value == lists:
            held.add(mmsi)
    return {mmsi: sorted(facts) for mmsi, facts in found.items()}, found.keys() - held


def _to_rows(known: dict[int, list[Fact]], lists: str) -> pa.Table:
    flat = [
        (mmsi, *fact) for mmsi in sorted(known) for fact in [*known[mmsi], (0, _LISTS, lists, 0)]
    ]
    columns = list(zip(*flat, strict=True)) if flat else [()] * 5
    names = ("mmsi", "time_us", "field", "value", "observation_id")
    return FACTS.rows(dict(zip(names, columns, strict=True)), len(flat))
