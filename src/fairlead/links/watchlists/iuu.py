"""Vessels listed by fisheries bodies for illegal, unreported and unregulated (IUU) fishing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from fairlead.links.watchlists import claims
from fairlead.links.watchlists.claims import Draft, Publisher, given, without_persons
from fairlead.links.watchlists.records import Records

PUBLISHER = Publisher(
    source="iuu",
    title="The combined IUU list",
    reliability="B",
    credibility=2,
    why="put together from the lists of thirteen fisheries bodies; most entries rest on sightings "
    "by inspectors, cross-listed without a second check",
)
_PERSON_FIELDS = ("owner", "owners", "owner_name", "operator", "master", "address", "nationality")


def recognises(records: Records) -> bool:
    return records.has_header("vessel_name", "ircs") and (
        records.has_header("is_currently_listed") or records.has_header("listing_rfmos")
    )


def _listed(text: str) -> bool:
    return text.lower() not in {"false", "no", "0", "n"}


def read(
    records: Records, counts: Counter[str], _names: Mapping[str, list[str]]
) -> Iterator[Draft]:
    for number, row in records.rows():
        counts[claims.DROPPED_PERSON_FIELD] += sum(bool(given(row.get(f))) for f in _PERSON_FIELDS)
        names = [given(row.get("vessel_name")), *given(row.get("all_names")).split("|")]
        official = re.sub(r"\(\*\)", "", given(row.get("rfmo_name"))).strip()
        names += [n.strip() for n in re.split(r"[()]", official)]
        listed = _listed(given(row.get("is_currently_listed")))
        numbered = bool(given(row.get("imo")) or given(row.get("ircs")))
        yield Draft(
            record=number,
            names=[n.strip() for n in names],
            program=given(row.get("listing_rfmos")),
            imo=given(row.get("imo")),
            mmsis=re.split(r"[;,|\s]+", given(row.get("mmsi"))),
            callsigns=re.split(r"\s*[,;|]\s*", given(row.get("ircs"))),
            flags=re.split(r"\s*[;|]\s*", given(row.get("flag"))),
            vessel_type=given(row.get("vessel_type")),
            reason=without_persons(given(row.get("listing_reason")), counts),
            credibility=(2 if numbered else 3) if listed else 4,
            still_listed=listed,
        )
