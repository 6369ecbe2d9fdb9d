"""A list of vessels in a layout of its own, when its columns have names that can be told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.links.watchlists import claims
from fairlead.links.watchlists.claims import Draft, Publisher, given, without_persons
from fairlead.links.watchlists.records import Records

MEANINGS: dict[str, tuple[str, ...]] = {
    "names": (
        *("name", "names", "vessel_name", "ship_name", "vesselname", "shipname", "vessel", "ship"),
        *("caption", "alias", "aliases", "previous_name", "previous_names", "former_names"),
        *("ex_names", "aka", "other_names", "all_names"),
    ),
    "imo": ("imo", "imo_number", "imonumber", "imo_no", "imo_num", "imo_n"),
    "mmsis": ("mmsi", "mmsis", "mmsi_number", "ssvid"),
    "callsigns": ("callsign", "call_sign", "callsigns", "ircs", "radio_callsign", "call_signs"),
    "flags": ("flag", "flags", "flag_state", "country", "former_flags", "past_flags", "flag_name"),
    "vessel_type": ("vessel_type", "ship_type", "type", "vesseltype", "shiptype", "vess_type"),
    "program": ("program", "programs", "programme", "regime", "list", "sanctions", "program_ids"),
    "since": ("since", "start_date", "startdate", "listed_on", "listing_date", "date_listed"),
    "until": ("until", "end_date", "enddate", "delisted_on", "valid_until"),
    "reason": ("reason", "listing_reason", "grounds"),
}
_KIND = ("schema", "entity_type", "sdn_type", "type_of_entity", "subject_type")
_PERSONS = {"person", "individual", "legalentity", "natural person"}
_OTHERS = {"organization", "organisation", "company", "entity", "aircraft", "airplane", "address"}
_PERSON_FIELD = re.compile(
    r"owner|operator|manager|master|captain|person|address|phone|mail|birth|passport|contact|crew"
    r"|note|remark|comment",
)
_ONE_NAME = frozenset(MEANINGS["names"][:9]) - {"names"}
_SAYS_WHICH_SHIP = ("imo", "mmsis", "callsigns")


def publisher_of(records: Records) -> Publisher:
    """An unknown list cannot be judged: F6 until somebody does."""
    stem = re.sub(r"[^a-z0-9]+", "-", re.split(r"[/\\]", records.path)[-1].lower()).strip("-")
    why = "nobody has judged this list"
    return Publisher(stem, f"The list {stem}", "F", 6, why)


def _columns(records: Records, meaning: str) -> list[str]:
    return [c for c in MEANINGS[meaning] if c in records.header]


def recognises(records: Records) -> bool:
    """A name and at least one column that says which ship it is."""
    known = any(_columns(records, m) for m in _SAYS_WHICH_SHIP)
    return known and bool(_columns(records, "names") or _columns(records, "imo"))


def _texts(row: Mapping[str, Any], columns: list[str]) -> list[str]:
    found = []
    for column in columns:
        value = row.get(column)
        if isinstance(value, list):
            values = value
        elif column in _ONE_NAME:
            values = [value]
        else:
            values = re.split(r"\s*[;|]\s*", str(value or ""))
        found += [given(v) for v in values if given(v)]
    return found


def read(
    records: Records, counts: Counter[str], _names: Mapping[str, list[str]]
) -> Iterator[Draft]:
    by_meaning = {meaning: _columns(records, meaning) for meaning in MEANINGS}
    used = {c for columns in by_meaning.values() for c in columns}
    personal = [c for c in records.header if c not in used and _PERSON_FIELD.search(c)]
    for number, row in records.rows():
        kind = next((given(row.get(k)).lower() for k in _KIND if given(row.get(k))), "vessel")
        if kind in _PERSONS:
            counts[claims.REFUSED_PERSON] += 1
            continue
        if kind in _OTHERS:
            counts[claims.REFUSED_NOT_A_VESSEL] += 1
            continue
        counts[claims.DROPPED_PERSON_FIELD] += sum(bool(given(row.get(c))) for c in personal)
        texts = {meaning: _texts(row, columns) for meaning, columns in by_meaning.items()}
        first = {meaning: (values or [""])[0] for meaning, values in texts.items()}
        yield Draft(
            record=number,
            names=texts["names"],
            program=first["program"],
            imo=first["imo"],
            mmsis=[m for t in texts["mmsis"] for m in re.split(r"[,\s]+", t)],
            callsigns=texts["callsigns"],
            flags=texts["flags"],
            vessel_type=first["vessel_type"],
            since=first["since"],
            until=first["until"],
            reason=without_persons(first["reason"], counts),
        )
