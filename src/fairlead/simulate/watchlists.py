"""Invented watch lists in the layouts of the published ones: OFAC, EU, IUU, shadow fleet."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from fairlead.simulate.chance import generator
from fairlead.simulate.fleet import FLAGS, Hull, Identity, Registry
from fairlead.simulate.strait import CARGO, TANKER, Scene

_COUNTRY = {digits: name for digits, _, _, name in FLAGS}
_OFAC = (
    "ent_num,name,sdn_type,program,title,call_sign,vess_type,tonnage,grt,vess_flag,vess_owner,"
    "remarks"
)
_EU = (
    "amendedCelex,amendmentCelex,recordId,programKey,annex,measure,startDate,reason,schema,name,"
    "previousName,imoNumber,mmsi,flag,address,notes,_file"
)
_IUU = (
    "is_currently_listed,vessel_name,all_names,rfmo_name,imo,mmsi,ircs,flag,vessel_type,gear_type,"
    "is_gfcm,listing_rfmos,listing_reason"
)


EDITION_BEFORE_S = 14 * 86_400


def write_watchlists(folder: Path, scene: Scene, start_us: int) -> None:
    """The hero on the first list, her partner and a poacher on others, among ships not there.

    The files are dated two weeks before the sea starts: what they name was listed then.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = generator(scene.seed, 9)
    absent = Registry(rng)
    by_role: dict[str, Hull] = {}
    for hull in scene.hulls:
        by_role.setdefault(hull.role, hull)
    _ofac(folder, by_role.get("hero"), absent, rng)
    _eu(folder, by_role.get("partner"), absent)
    _iuu(folder, by_role.get("poacher"), absent)
    _shadow(folder, by_role.get("hero"), by_role.get("partner"), absent)
    edition_s = start_us / 1e6 - EDITION_BEFORE_S
    for path in folder.iterdir():
        os.utime(path, (edition_s, edition_s))


def _write(path: Path, header: str, rows: Sequence[Sequence[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows(rows)


def _some(registry: Registry, n: int, kind: int) -> list[Identity]:
    return [registry.ship(kind, 110 + 9 * k) for k in range(n)]


def _ofac(folder: Path, hero: Hull | None, absent: Registry, rng: np.random.Generator) -> None:
    listed = [*([hero.identity] if hero else []), *_some(absent, 24, TANKER)]
    rows, aliases = [], []
    for k, ship in enumerate(listed):
        number = 90_000 + 3 * k
        former = absent.name()
        flag = _COUNTRY.get(ship.mmsi // 1_000_000, "")
        remarks = (
            f"Former Vessel Flag Panama; Vessel Registration Identification IMO {ship.imo}; "
            f"MMSI {ship.mmsi}; f.k.a. '{former}'; Linked To: {absent.name()} SHIPPING LLC."
        )
        tons = f"{int(rng.integers(20, 160)) * 1000:,}"
        rows.append(
            [number, ship.name, "vessel", "INVENTED-EO1", "", ship.callsign,
             "Crude/Oil Products Tanker", tons, "", flag, f"{absent.name()} HOLDINGS", remarks]
        )  # fmt: skip
        aliases.append([number, number + 500_000, "fka", former, "-0-"])
    _write(folder / "ofac_sdn_vessels.csv", _OFAC, rows)
    _write(
        folder / "ofac_sdn_vessel_aliases.csv", "ent_num,alt_num,alt_type,alt_name,remarks", aliases
    )


def _eu(folder: Path, partner: Hull | None, absent: Registry) -> None:
    listed = [*([partner.identity] if partner else []), *_some(absent, 30, TANKER)]
    rows = [
        ["39999R0001", "39999R0002", 100 + k, "EU-INV", "XLII", "Transportation restrictions",
         "24.4.2025", "Invented reason: irregular and high-risk shipping practices.", "Vessel",
         ship.name, absent.name(), ship.imo, ship.mmsi if k % 3 == 0 else "", "", "", "",
         "39999R0002.csv"]
        for k, ship in enumerate(listed)
    ]  # fmt: skip
    _write(folder / "eu_listed_vessels.csv", _EU, rows)


def _iuu(folder: Path, poacher: Hull | None, absent: Registry) -> None:
    listed = [*([poacher.identity] if poacher else []), *_some(absent, 20, 30)]
    rows = [
        ["True", ship.name, f"{ship.name}|{absent.name()}", ship.name,
         f"{ship.imo}.0" if ship.imo else "", f"{ship.mmsi}.0", ship.callsign,
         _COUNTRY.get(ship.mmsi // 1_000_000, ""), "Fishing Vessel", "Trawler", "False", "NEAFC",
         "Invented: fishing in a closed area"]
        for ship in listed
    ]  # fmt: skip
    _write(folder / "iuu_combined.csv", _IUU, rows)


def _shadow(folder: Path, hero: Hull | None, partner: Hull | None, absent: Registry) -> None:
    present = [hull.identity for hull in (hero, partner) if hull]
    rows = [
        {
            "imo": str(ship.imo),
            "mmsi": [str(ship.mmsi)],
            "names": [ship.name, ship.name.title()],
            "type": "Crude Oil Tanker",
            "operator": f"{absent.name()} Management",
            "flag": _COUNTRY.get(ship.mmsi // 1_000_000, ""),
            "cot": "a-s-S-X-M-P",
            "sanctions_origin": ["Invented"],
            "last_updated": "2025-10-01T00:00:00",
        }
        for ship in [*present, *_some(absent, 25, TANKER), *_some(absent, 5, CARGO)]
    ]
    text = json.dumps(rows, indent=2) + "\n"
    (folder / "shadow_fleet.json").write_text(text, encoding="utf-8")
