"""Vessels of the European Union's restrictive measures (the listing file of its sanctions map)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from fairlead.links.watchlists import claims
from fairlead.links.watchlists.claims import Draft, Publisher, given, without_persons
from fairlead.links.watchlists.records import Records

PUBLISHER = Publisher(
    source="eu-listed",
    title="The European Union",
    reliability="A",
    credibility=2,
    why="law in force, published in the Official Journal; ships are named by IMO number",
)
_PERSON_FIELDS = ("address", "notes")
_IN_NAME = re.compile(r"\(([^()]*)\)")
_EX = re.compile(r"^(?:ex\.?|f\.?k\.?a\.?|formerly|former name|a\.?k\.?a\.?)[:\s]+", re.I)
_VALID_UNTIL = re.compile(r"valid from .{4,30}? to (\d{1,2}) (\w+) (\d{4})", re.I)
_MONTHS: tuple[str, ...] = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)


def recognises(records: Records) -> bool:
    return records.has_header("imoNumber", "programKey", "name")


def names_in(text: str) -> list[str]:
    """`STORMBRINGER (ex KRITI VIGOR)` is two names, the present one first."""
    inner = [_EX.sub("", n).strip() for n in _IN_NAME.findall(text)]
    return [" ".join(_IN_NAME.sub(" ", text).split()), *inner]


def _until(reason: str) -> str:
    found = _VALID_UNTIL.search(reason)
    if found is None or found[2].lower() not in _MONTHS:
        return ""
    return f"{found[3]}-{_MONTHS.index(found[2].lower()) + 1:02d}-{int(found[1]):02d}"


def read(
    records: Records, counts: Counter[str], _names: Mapping[str, list[str]]
) -> Iterator[Draft]:
    for number, row in records.rows():
        kind = given(row.get("schema")).lower()
        if kind in {"person", "individual"}:
            counts[claims.REFUSED_PERSON] += 1
            continue
        if kind not in {"", "vessel"}:
            counts[claims.REFUSED_NOT_A_VESSEL] += 1
            continue
        counts[claims.DROPPED_PERSON_FIELD] += sum(bool(given(row.get(f))) for f in _PERSON_FIELDS)
        former = re.split(r"\s*;\s*", given(row.get("previousname")))
        reason = given(row.get("reason"))
        program = " ".join(p for p in (given(row.get("programkey")), given(row.get("annex"))) if p)
        yield Draft(
            record=number,
            names=[*names_in(given(row.get("name"))), *former],
            program=program,
            imo=given(row.get("imonumber")),
            mmsis=re.split(r"[;,\s]+", given(row.get("mmsi"))),
            flags=re.split(r"\s*;\s*", given(row.get("flag"))),
            since=given(row.get("startdate")),
            until=given(row.get("enddate")) or _until(reason),
            reason=without_persons(reason, counts),
        )
