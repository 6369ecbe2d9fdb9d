"""The shadow-fleet list: tankers and others said to carry sanctioned oil, gathered by analysts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from fairlead.links.watchlists import claims
from fairlead.links.watchlists.claims import Draft, Publisher, given
from fairlead.links.watchlists.records import Records

PUBLISHER = Publisher(
    source="shadow-fleet",
    title="The shadow-fleet list",
    reliability="C",
    credibility=3,
    why="gathered by volunteers from sanctions lists, with names as AIS garbled them; "
    "the lists it was made from are better evidence",
)
_PERSON_FIELDS = ("operator", "owner", "manager", "captain")


def recognises(records: Records) -> bool:
    return records.has_header("names", "imo", "sanctions_origin")


def _texts(value: Any) -> list[str]:
    if isinstance(value, list | tuple):
        return [given(v) for v in value]
    return [given(v) for v in re.split(r"\s*[|;]\s*", str(value or ""))]


def _clean_name(text: str) -> str:
    return text.replace("_", " ")


def read(
    records: Records, counts: Counter[str], _names: Mapping[str, list[str]]
) -> Iterator[Draft]:
    for number, row in records.rows():
        counts[claims.DROPPED_PERSON_FIELD] += sum(bool(given(row.get(f))) for f in _PERSON_FIELDS)
        origins = [o for o in _texts(row.get("sanctions_origin")) if o]
        kind = given(row.get("type"))
        yield Draft(
            record=number,
            names=[_clean_name(n) for n in _texts(row.get("names"))],
            program=", ".join(sorted(origins)),
            imo=given(row.get("imo")),
            mmsis=_texts(row.get("mmsi")),
            callsigns=_texts(row.get("callsign")),
            flags=[f for t in _texts(row.get("flag")) for f in re.split(r"\s*,\s*", t)],
            vessel_type="" if kind in {"Vessel", "Other"} else kind,
            credibility=2 if len(origins) > 1 else 0,
        )
