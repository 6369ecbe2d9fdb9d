"""From a record of a list to a row of CLAIMS: what is read, what is dropped, what is counted.

Readers hand over drafts of text as the list gives it. Here numbers are checked, countries become
codes, and nothing about a natural person gets through: a field that may hold one has no place in
a draft, and readers count it as dropped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from fairlead.links.countries import NO_COUNTRY, country_code
from fairlead.links.vessel_numbers import checked_imo, plain_callsign, ship_mmsi
from fairlead.schema.ids import content_id
from fairlead.schema.tables import CLAIMS

NOTHING = frozenset({"", "-", "-0-", "nan", "none", "null", "n/a", "unknown", "does not exist"})

DROPPED_PERSON_FIELD = "dropped_person_field"
REFUSED_PERSON = "refused_person"
REFUSED_NOT_A_VESSEL = "refused_not_a_vessel"
REFUSED_NO_IDENTITY = "refused_no_identity"
REFUSED_REPEATED = "refused_repeated"

_SPEAKS_OF_A_PERSON = re.compile(
    r"\b(mr|mrs|ms|captain|capt|skipper|master|owner|owned by|beneficial|director|born|passport"
    r"|d\.?o\.?b|national id|nationality|citizen|crew member|individual|natural person [A-Z])\b",
    re.I,
)
_LONGEST_TEXT = 300


@dataclass(slots=True)
class Draft:
    """One record about one vessel, as text; numbers and countries are not checked yet."""

    record: int
    names: list[str]
    program: str = ""
    imo: str = ""
    mmsis: list[str] = field(default_factory=list)
    callsigns: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    vessel_type: str = ""
    since: str = ""
    until: str = ""
    reason: str = ""
    credibility: int = 0
    still_listed: bool = True


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who publishes the list and how far it is trusted (NATO AJP-2.1 admiralty code).

    `reliability` A (completely) to F (cannot be judged) is of the publisher; `credibility` 1
    (confirmed) to 6 (cannot be judged) of a single entry. `why` says how they were given.
    """

    source: str
    title: str
    reliability: str
    credibility: int
    why: str


def given(text: object) -> str:
    """The text of a field, or nothing where the list writes one of its words for nothing."""
    plain = " ".join(str("" if text is None else text).split())
    return "" if plain.lower() in NOTHING else plain


def without_persons(text: str, counts: Counter[str]) -> str:
    """A free text, or nothing (and counted) when it may speak of a natural person."""
    if _SPEAKS_OF_A_PERSON.search(text):
        counts[DROPPED_PERSON_FIELD] += 1
        return ""
    return text[:_LONGEST_TEXT]


def day_us(text: str) -> int | None:
    """Midnight UTC of a date written 2026-08-07, 7.8.2026, 07/08/2026 (day first) or 20260807."""
    for shape, order in (
        (r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?", (1, 2, 3)),
        (r"(\d{1,2})[./](\d{1,2})[./](\d{4})", (3, 2, 1)),
        (r"(\d{4})(\d{2})(\d{2})", (1, 2, 3)),
    ):
        found = re.fullmatch(shape, text.strip())
        if found is None:
            continue
        try:
            day = date(*(int(found[i]) for i in order))
        except ValueError:
            return None
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return int(midnight.timestamp()) * 1_000_000
    return None


def claim_rows(
    drafts: Iterable[Draft], publisher: Publisher, recorded_us: int, counts: Counter[str]
) -> pa.Table:
    """Rows of CLAIMS, one per draft that names a vessel; the others are counted with the reason."""
    rows: dict[str, dict[str, object]] = {}
    for draft in drafts:
        row = _row(draft, publisher, recorded_us, counts)
        if row is None:
            counts[REFUSED_NO_IDENTITY] += 1
        elif row["claim_id"] in rows:
            counts[REFUSED_REPEATED] += 1
        else:
            rows[str(row["claim_id"])] = row
    return pa.Table.from_pylist(list(rows.values()), schema=CLAIMS.columns)


def _row(
    draft: Draft, publisher: Publisher, recorded_us: int, counts: Counter[str]
) -> dict[str, object] | None:
    names = _unique(given(n)[:120] for n in draft.names)
    imo = checked_imo(draft.imo) if given(draft.imo) else None
    if given(draft.imo) and imo is None:
        counts["bad_imo"] += 1
    mmsis = list(_checked(draft.mmsis, ship_mmsi, "bad_mmsi", counts))
    callsigns = list(_checked(draft.callsigns, plain_callsign, "bad_callsign", counts))
    wanted = [f for f in draft.flags if given(f).lower() not in NO_COUNTRY]
    flags = list(_checked(wanted, country_code, "unknown_flag", counts))
    if not (names or imo or mmsis or callsigns):
        return None
    row: dict[str, object] = {
        "source": publisher.source,
        "program": given(draft.program) or None,
        "reliability": publisher.reliability,
        "credibility": draft.credibility or publisher.credibility,
        "since_us": day_us(given(draft.since)),
        "until_us": day_us(given(draft.until)),
        "imo": imo,
        "mmsis": sorted(mmsis),
        "callsigns": sorted(callsigns),
        "names": names,
        "flags": sorted(flags),
        "vessel_type": given(draft.vessel_type) or None,
    }
    row["detail"] = _sentence(draft, publisher, row)
    row["claim_id"] = content_id("claim", *(row[k] for k in sorted(row)))
    return row | {"recorded_us": recorded_us, "raw_offset": draft.record}


def _checked(values: Iterable[str], check, reason: str, counts: Counter[str]) -> Iterator:
    """Each value that passes, once; a value that is given and fails is counted."""
    seen = set()
    for value in values:
        if not given(value):
            continue
        checked = check(given(value))
        if not checked:
            counts[reason] += 1
        elif checked not in seen:
            seen.add(checked)
            yield checked


def _unique(values: Iterable[str]) -> list[str]:
    """Values in their order, without empty ones and repeats that differ in case only."""
    seen: dict[str, str] = {}
    for value in values:
        if value:
            seen.setdefault(value.casefold(), value)
    return list(seen.values())


def _sentence(draft: Draft, publisher: Publisher, row: dict[str, Any]) -> str:
    names: list[str] = row["names"]
    parts = [names[0] if names else "a vessel without a name"]
    if row["imo"]:
        parts.append(f"IMO {row['imo']}")
    verb = "names" if draft.still_listed else "named in the past"
    text = f"{publisher.title} {verb} {', '.join(parts)}"
    if row["program"]:
        text += f" under {row['program']}"
    if row["since_us"]:
        text += f" since {day_of(int(row['since_us']))}"
    if len(names) > 1:
        text += f"; other names: {', '.join(names[1:6])}"
        text += f" and {len(names) - 6} more" if len(names) > 6 else ""
    if draft.reason:
        text += f"; reason given: {draft.reason.rstrip('.')}"
    return text + "."


def day_of(time_us: int) -> str:
    """`2026-08-07`, the day in UTC."""
    return datetime.fromtimestamp(time_us / 1e6, UTC).strftime("%Y-%m-%d")
