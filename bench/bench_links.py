"""How well vessels are matched with watch lists: the lists against themselves, perturbed.

    python bench/bench_links.py [--quick] [--json]

Each listed vessel with an IMO number is made to speak in several ways (mistyped, without its IMO
number, renamed, by name alone), and so are decoys: unlisted vessels with a listed name but numbers
of their own, and, where they are at hand, the identities of real fishing vessels and carriers
(identity/identity_changes.parquet), of which a few are truly listed. A link is right when its claim
names the IMO number of the vessel that speaks. How well probabilities are calibrated cannot be
told from this: it has far more listed vessels than the sea has. The lists are those of
FAIRLEAD_DATA/watchlists.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fairlead.links.claim_index import ClaimIndex
from fairlead.links.vessel_numbers import checked_imo
from fairlead.links.watchlist_match import WatchlistMatch
from fairlead.links.watchlists import read_watchlist
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.tables import IDENTITIES, LINKS

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("FAIRLEAD_DATA", ROOT.parent / "shared" / "data"))
WAYS = ("whole", "mistyped", "renamed", "no_imo", "name_flag_type", "name_only")
DECOYS = ("namesake", "namesake_without_imo", "mmsi_given_again")
SURE = 0.5
CODES = {"tanker": "80", "cargo": "70", "fishing": "30", "tug": "52", "passenger": "60"}
Facts = list[tuple[str, str]]


def mistyped(name: str, chance: random.Random) -> str:
    """One change, loss or swap of letters; never of a digit."""
    places = [i for i in range(len(name) - 1) if (name[i] + name[i + 1]).isalpha()]
    if not places:
        return name
    i = chance.choice(places)
    changed = name[:i] + chance.choice("AEIOUNRST") + name[i + 1 :]
    swapped = name[:i] + name[i + 1] + name[i] + name[i + 2 :]
    return chance.choice([changed, name[:i] + name[i + 1 :], swapped])


def other_imo(chance: random.Random) -> str:
    """A valid IMO number of nobody's."""
    while True:
        six = str(chance.randrange(100_000, 200_000))
        total = sum(int(d) * w for d, w in zip(six, range(7, 1, -1), strict=True))
        if checked_imo(six + str(total % 10)):
            return six + str(total % 10)


def speech(claim: Any, row: dict[str, Any], way: str, chance: random.Random) -> Facts:
    name = chance.choice(row["names"]).upper()[:20]
    facts: Facts = [("name", mistyped(name, chance) if way == "mistyped" else name)]
    if way in ("namesake", "mmsi_given_again"):
        name = name if way == "namesake" else "QUITE ANOTHER"
        return [("name", name), ("imo", other_imo(chance)), ("flag", chance.choice(["NO", "JP"]))]
    if way == "namesake_without_imo":
        return [("name", name), ("flag", chance.choice(["NO", "JP"])), ("ship_type", "70")]
    if way == "renamed":
        return [("name", "NEW NAME " + str(chance.randrange(99))), ("imo", str(row["imo"]))]
    if way in ("whole", "mistyped"):
        facts.append(("imo", str(row["imo"])))
    if way in ("whole", "mistyped", "no_imo"):
        facts += [("callsign", c) for c in row["callsigns"][:1]]
    if way != "name_only":
        facts += [("flag", f) for f in row["flags"][:1]]
        facts += [("ship_type", CODES[g]) for g in sorted(claim.ship_groups) if g in CODES][:1]
    return facts


def rows_of(vessels: dict[int, Facts]) -> pa.Table:
    rows = [
        {
            "identity_id": f"{mmsi}/{name}/{value}",
            "mmsi": mmsi,
            "field": name,
            "value": value,
            "first_seen_us": 1,
            "last_seen_us": 1,
            "n_seen": 1,
            "source": "bench",
            "first_observation_id": mmsi * 8 + i,
            "last_observation_id": mmsi * 8 + i,
            "disagrees": False,
        }
        for mmsi, facts in sorted(vessels.items())
        for i, (name, value) in enumerate(facts)
    ]
    return pa.Table.from_pylist(rows, schema=IDENTITIES.columns)


def links_of(step: WatchlistMatch, vessels: dict[int, Facts]) -> tuple[pa.Table, float]:
    batch = Batch({IDENTITIES: rows_of(vessels)})
    begun = time.perf_counter()
    _, out = step.step(step.carries.empty(), batch, Span(0, 2))
    return out[LINKS], time.perf_counter() - begun


def judge(step: WatchlistMatch, rows: list[dict[str, Any]], way: str) -> dict[str, Any]:
    """Precision and recall at SURE for one way of speaking."""
    chance = random.Random(way)
    imo_of = {c.claim_id: c.imo for c in step.index.all}
    claims = {c.claim_id: c for c in step.index.all}
    vessels, true_imo = {}, {}
    for i, row in enumerate(rows):
        given_again = way == "mmsi_given_again" and row["mmsis"]
        mmsi = row["mmsis"][0] if given_again else 300_000_001 + i
        if way in ("whole", "no_imo") and row["mmsis"]:
            mmsi = row["mmsis"][0]
        vessels[mmsi] = speech(claims[row["claim_id"]], row, way, chance)
        true_imo[mmsi] = None if way in DECOYS else row["imo"]
    found, wall_s = links_of(step, vessels)
    right, wrong, hit = 0, 0, set()
    for link in found.select(["mmsi", "claim_id", "probability"]).to_pylist():
        good = imo_of[link["claim_id"]] == true_imo[link["mmsi"]] is not None
        if link["probability"] >= SURE:
            right, wrong = right + good, wrong + (not good)
            hit |= {link["mmsi"]} if good else set()
    return {
        "vessels": len(vessels),
        "precision": round(right / (right + wrong), 4) if right + wrong else None,
        "recall": None if way in DECOYS else round(len(hit) / len(vessels), 4),
        "false_links": wrong,
        "vessels_per_s": round(len(vessels) / wall_s),
    }


def real_identities(step: WatchlistMatch) -> dict[str, Any] | None:
    """Links of real fishing vessels and carriers, and how many rest on the IMO number."""
    path = DATA / "identity" / "identity_changes.parquet"
    if not path.exists():
        return None
    vessels: dict[int, Facts] = {}
    fields = {"n_shipname": "name", "n_callsign": "callsign", "imo": "imo", "flag": "flag"}
    for row in pq.read_table(path).to_pylist():
        for side in ("", "pair_"):
            facts = [(f, row[side + c]) for c, f in fields.items() if row[side + c]]
            vessels[int(row[side + "ssvid"])] = facts
    found, wall_s = links_of(step, vessels)
    sure = [r for r in found.to_pylist() if r["probability"] >= SURE]
    return {
        "vessels": len(vessels),
        "links": found.num_rows,
        "sure": len(sure),
        "sure_by_imo": sum('"imo agrees"' in r["factors"] for r in sure),
        "vessels_per_s": round(len(vessels) / wall_s),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="every tenth vessel")
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    given = parser.parse_args()
    claims = read_watchlist(DATA / "watchlists", 1).claims
    begun = time.perf_counter()
    step = WatchlistMatch(ClaimIndex(claims))
    n_keys = len(step.index.by_name) + len(step.index.by_number)
    index_s = time.perf_counter() - begun
    rows = [r for r in claims.to_pylist() if r["imo"] and r["names"]]
    rows = rows[::10] if given.quick else rows
    ways = {way: judge(step, rows, way) for way in (*WAYS, *DECOYS)}
    answer = {
        "bench": "links",
        "claims": claims.num_rows,
        "index_keys": n_keys,
        "index_s": round(index_s, 3),
        "ways": ways,
        "real_identities": real_identities(step),
    }
    if not given.json:
        for way, said in ways.items():
            print(f"{way:18}", said)
        print("real_identities   ", answer["real_identities"])
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
