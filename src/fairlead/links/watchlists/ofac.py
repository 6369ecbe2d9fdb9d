"""The vessels of OFAC's Specially Designated Nationals list, as published (SDN.CSV, ALT.CSV).

Layout: https://ofac.treasury.gov/sdn-list-data-formats. The published files have no header and
write -0- for nothing; copies with a header of the same columns are read too. Numbers and former
names stand in the remarks, in fixed phrases between semicolons.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

from fairlead.links.watchlists import claims
from fairlead.links.watchlists.claims import Draft, Publisher, given
from fairlead.links.watchlists.records import Records

PUBLISHER = Publisher(
    source="ofac-sdn",
    title="OFAC SDN",
    reliability="A",
    credibility=2,
    why="a government's own list with legal force; it names ships by IMO number, but entries stay "
    "as first written when a ship changes name or flag",
)
COLUMNS = (
    *("ent_num", "name", "sdn_type", "program", "title", "call_sign", "vess_type", "tonnage"),
    *("grt", "vess_flag", "vess_owner", "remarks"),
)
ALIAS_COLUMNS = ["ent_num", "alt_num", "alt_type", "alt_name", "remarks"]
_TYPES = {"vessel", "individual", "aircraft", "entity", "-0-", ""}
_PERSON_FIELDS = ("title", "vess_owner")

_IMO = re.compile(r"\bIMO\s*(?:No\.?\s*|#\s*)?(\d{7})\b", re.I)
_MMSI = re.compile(r"\bMMSI\s*:?\s*(\d{9})\b", re.I)
_NAMES = re.compile(r"\b[afn]\.?k\.?a\.?\s*['\"‘“](.+?)['\"’”](?=\s*(?:[;.,(]|$))", re.I)
_FORMER_FLAG = re.compile(r"\bFormer Vessel Flag\s+([^;]+?)\s*(?:\.?$|;)", re.I)
_OTHER_FLAG = re.compile(r"\b(?:alt\. |Other )Vessel Flag\s+([^;]+?)\s*(?:\.?$|;)", re.I)
_OTHER_CALLSIGN = re.compile(r"\bCall Sign\s+([A-Z0-9 ]{3,9})\b", re.I)


def recognises(records: Records) -> bool:
    if records.has_header("ent_num", "sdn_type", "name", "remarks"):
        return True
    rows = records.rows_without_header(len(COLUMNS))
    return bool(rows) and all(
        r[0].strip().isdigit() and r[2].strip().lower() in _TYPES for r in rows
    )


def recognises_aliases(records: Records) -> bool:
    if records.has_header("ent_num", "alt_name"):
        return True
    rows = records.rows_without_header(len(ALIAS_COLUMNS))
    kinds = {"aka", "fka", "nka"}
    return bool(rows) and all(
        r[0].strip().isdigit() and r[2].strip().lower() in kinds for r in rows
    )


def aliases(records: Records) -> dict[str, list[str]]:
    """Other names by entity number, from the file of aliases."""
    names: dict[str, list[str]] = defaultdict(list)
    for _, row in records.rows(ALIAS_COLUMNS):
        if given(row.get("alt_name")):
            names[given(row.get("ent_num"))].append(given(row["alt_name"]))
    return dict(names)


def read(
    records: Records, counts: Counter[str], known_names: Mapping[str, list[str]]
) -> Iterator[Draft]:
    for number, row in records.rows(COLUMNS):
        kind = given(row.get("sdn_type")).lower()
        if kind == "individual":
            counts[claims.REFUSED_PERSON] += 1
            continue
        if kind != "vessel":
            counts[claims.REFUSED_NOT_A_VESSEL] += 1
            continue
        counts[claims.DROPPED_PERSON_FIELD] += sum(bool(given(row.get(f))) for f in _PERSON_FIELDS)
        remarks = given(row.get("remarks"))
        counts[claims.DROPPED_PERSON_FIELD] += len(re.findall(r"\bLinked To:", remarks, re.I))
        imos = _IMO.findall(remarks)
        yield Draft(
            record=number,
            names=[
                given(row.get("name")),
                *_NAMES.findall(remarks),
                *known_names.get(given(row.get("ent_num")), []),
            ],
            program=", ".join(
                p.strip() for p in re.split(r"\]\s*\[", given(row.get("program")).strip("[]"))
            ),
            imo=imos[0] if imos else "",
            mmsis=_MMSI.findall(remarks),
            callsigns=[given(row.get("call_sign")), *_OTHER_CALLSIGN.findall(remarks)],
            flags=[
                given(row.get("vess_flag")),
                *_FORMER_FLAG.findall(remarks),
                *_OTHER_FLAG.findall(remarks),
            ],
            vessel_type=given(row.get("vess_type")),
            credibility=0 if imos else 3,
        )
