"""How likely a claim speaks of a vessel: a sum of log likelihood ratios (Fellegi and Sunter 1969).

For each thing both say, m is the probability that they agree when the claim speaks of this vessel,
u that they agree when it does not; agreement adds ln(m/u), disagreement ln((1-m)/(1-u)). The values
below are orders of magnitude for the world's fleet, with their reason beside them; they are not
fitted to any list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from fairlead.links.claim_index import Claim, ClaimIndex
from fairlead.links.countries import country_name
from fairlead.links.names import Likeness, likeness
from fairlead.links.ship_types import SHARE_OF_SHIPS, group_of_code

WORLD_FLEET = 100_000
PRIOR = math.log(1 / WORLD_FLEET)

# A false but valid IMO number is sent by about one ship in a hundred, mostly not this very one.
IMO_AGREES = math.log(0.95 / (0.01 / WORLD_FLEET))
# Ships do sail under an IMO number that is not theirs, but seldom.
IMO_DIFFERS = math.log(0.004)
# MMSI change with the flag (so half of former ones are seen again) and are given out again.
MMSI_AGREES = math.log(0.5 / (0.05 / WORLD_FLEET))
MMSI_DIFFERS = math.log(0.6)
CALLSIGN_AGREES = math.log(0.5 / (0.2 / WORLD_FLEET))
CALLSIGN_DIFFERS = math.log(0.6)
NAME_AGREES = 0.6
NAME_MISTYPED = 0.05
MISTYPED_NEIGHBOURS = 8.0
# Lists keep former names, yet renaming is what listed ships do.
NAME_DIFFERS = math.log(0.3)
FLAG_AGREES = 0.6
FLAG_DIFFERS = math.log(0.45)
TYPE_AGREES = 0.85
TYPE_DIFFERS = math.log(0.12)
FLAG_SHARES = {
    **{"PA": 0.12, "CN": 0.12, "LR": 0.07, "MH": 0.06, "ID": 0.05, "JP": 0.05, "RU": 0.04},
    **{"SG": 0.04, "US": 0.06, "HK": 0.03, "MT": 0.03, "NO": 0.03, "GR": 0.02, "BS": 0.02},
    **{"KR": 0.03, "NL": 0.04, "GB": 0.04, "DE": 0.03, "TR": 0.03, "IT": 0.03, "ES": 0.03},
}
OTHER_FLAG_SHARE = 0.01


@dataclass(slots=True)
class Said:
    """What a vessel has said of itself up to some instant; observation ids by (field, value)."""

    mmsi: int
    imos: list[int] = field(default_factory=list)
    callsigns: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    ship_types: list[int] = field(default_factory=list)
    seen: dict[tuple[str, object], int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """One factor of a link: what agrees or not, its weight, the observations it is from."""

    name: str
    log_odds: float
    detail: str
    evidence: tuple[int, ...] = ()

    def as_dict(self) -> dict[str, object]:
        return {
            "name": self.name,
            "log_odds": round(self.log_odds, 4),
            "detail": self.detail,
            "evidence": list(self.evidence),
        }


def link_probability(log_odds: float) -> float:
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, log_odds))))


def agreements(said: Said, claim: Claim, index: ClaimIndex) -> list[Agreement]:
    """Every factor of the pair, the prior first."""
    found = [Agreement("prior", PRIOR, f"one vessel in {WORLD_FLEET:,} is the one listed")]
    found += _imo(said, claim)
    found += _mmsi(said, claim)
    found += _callsign(said, claim)
    found += _name(said, claim, index)
    located = any(f.name in ("mmsi agrees", "callsign agrees") for f in found)
    found += _flag(said, claim, located=located)
    found += _ship_type(said, claim)
    return found


def _evidence(said: Said, kind: str, values: Iterable[object]) -> tuple[int, ...]:
    return tuple(said.seen[kind, v] for v in values if (kind, v) in said.seen)


def _imo(said: Said, claim: Claim) -> list[Agreement]:
    if not claim.imo or not said.imos:
        return []
    if claim.imo in said.imos:
        detail = f"it sends the listed IMO number {claim.imo}"
        evidence = _evidence(said, "imo", [claim.imo])
        return [Agreement("imo agrees", IMO_AGREES, detail, evidence)]
    sent = ", ".join(map(str, said.imos))
    detail = f"it sends IMO {sent}, the list says {claim.imo}"
    return [Agreement("imo differs", IMO_DIFFERS, detail, _evidence(said, "imo", said.imos))]


def _mmsi(said: Said, claim: Claim) -> list[Agreement]:
    if not claim.mmsis:
        return []
    evidence = _evidence(said, "mmsi", [said.mmsi])
    if said.mmsi in claim.mmsis:
        detail = f"its MMSI {said.mmsi} is one the list gives"
        return [Agreement("mmsi agrees", MMSI_AGREES, detail, evidence)]
    listed = ", ".join(str(m) for m in sorted(claim.mmsis)[:3])
    detail = f"its MMSI {said.mmsi} is not the listed {listed}"
    return [Agreement("mmsi differs", MMSI_DIFFERS, detail, evidence)]


def _callsign(said: Said, claim: Claim) -> list[Agreement]:
    if not claim.callsigns or not said.callsigns:
        return []
    shared = [c for c in said.callsigns if c in claim.callsigns]
    if shared:
        detail = f"it sends the listed call sign {shared[0]}"
        evidence = _evidence(said, "callsign", shared)
        return [Agreement("callsign agrees", CALLSIGN_AGREES, detail, evidence)]
    detail = f"its call sign {said.callsigns[-1]} is not the listed {min(claim.callsigns)}"
    evidence = _evidence(said, "callsign", said.callsigns)
    return [Agreement("callsign differs", CALLSIGN_DIFFERS, detail, evidence)]


def _name(said: Said, claim: Claim, index: ClaimIndex) -> list[Agreement]:
    if not claim.names or not said.names:
        return []
    alike = [found for s in said.names for c in claim.names if (found := likeness(s, c))]
    if not alike:
        detail = f"its name {said.names[-1]} is not among the listed names"
        evidence = _evidence(said, "name", said.names)
        return [Agreement("name differs", NAME_DIFFERS, detail, evidence)]
    weighed = [(_name_weight(one, index), one) for one in alike]
    weight, best = max(weighed, key=lambda w: (w[0], w[1].said, w[1].listed))
    evidence = _evidence(said, "name", [best.said])
    n = index.namesakes(best.listed)
    shared = f"about {n:.0f} ships may bear it" if n >= 2 else "hardly another ship bears it"
    if best.edits == 0:
        detail = f"it calls itself {best.said}, a listed name ({shared})"
        return [Agreement("name agrees", weight, detail, evidence)]
    detail = f"it calls itself {best.said}, {best.edits} letter off the listed {best.listed}"
    return [Agreement("name resembles", weight, f"{detail} ({shared})", evidence)]


def _name_weight(alike: Likeness, index: ClaimIndex) -> float:
    share = index.namesakes(alike.listed) / WORLD_FLEET
    if alike.edits == 0:
        return math.log(NAME_AGREES / min(0.5, share))
    neighbours = MISTYPED_NEIGHBOURS**alike.edits
    return max(0.0, math.log(NAME_MISTYPED / min(0.5, share * neighbours)))


def _flag(said: Said, claim: Claim, *, located: bool) -> list[Agreement]:
    """The flag is in the MMSI and the call sign: where one of those agrees it says nothing new."""
    if not claim.flags or not said.flags or located:
        return []
    evidence = _evidence(said, "flag", said.flags)
    shared = [f for f in said.flags if f in claim.flags]
    if shared:
        share = FLAG_SHARES.get(shared[0], OTHER_FLAG_SHARE)
        m_given_several = min(0.9, FLAG_AGREES + 0.1 * (len(claim.flags) - 1))
        weight = min(2.5, math.log(m_given_several / (share * len(claim.flags))))
        detail = f"it flies the listed flag, {country_name(shared[0])}"
        return [Agreement("flag agrees", max(0.0, weight), detail, evidence)]
    listed = ", ".join(country_name(f) for f in sorted(claim.flags)[:3])
    detail = f"its flag is {country_name(said.flags[-1])}, the list says {listed}"
    return [Agreement("flag differs", FLAG_DIFFERS, detail, evidence)]


def _ship_type(said: Said, claim: Claim) -> list[Agreement]:
    groups = [g for t in said.ship_types if (g := group_of_code(t))]
    if not groups or not claim.ship_groups:
        return []
    evidence = _evidence(said, "ship_type", said.ship_types)
    shared = [g for g in groups if g in claim.ship_groups]
    listed = " or ".join(sorted(claim.ship_groups))
    if shared:
        share = sum(SHARE_OF_SHIPS[g] for g in claim.ship_groups)
        weight = max(0.0, math.log(TYPE_AGREES / share))
        detail = f"it says it is a {shared[0]} vessel, as listed"
        return [Agreement("ship type agrees", weight, detail, evidence)]
    detail = f"it says it is a {groups[-1]} vessel, the list says {listed}"
    return [Agreement("ship type differs", TYPE_DIFFERS, detail, evidence)]
