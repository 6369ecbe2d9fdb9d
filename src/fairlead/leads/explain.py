"""From facts about a vessel to grounds for a lead, each with its innocent explanations."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.leads.factors import Explanation, Factor, Ground
from fairlead.leads.listing import partner_ground, percent, share
from fairlead.leads.weights import Weights

Row = Mapping[str, Any]

UNJUDGED_EXPONENT = 3
"""A silence that nobody can judge has p_natural 0.5 and is what most honest ships show somewhere in
a day; to the third power it keeps an eighth of its weight, one of 0.1 nearly three quarters."""

SHARED_WITHIN_US = 3_600_000_000
"""A number shared an hour before or after is taken to be shared meanwhile: turns are seen late."""

LEAST_EXPLAINED = 0.02
"""An explanation less probable than this explains nothing and is not shown."""

SHORTEST_MMSI = 10_000_000
"""Smaller numbers may stand for anything in a sentence."""

_PASSENGER = range(60, 70)
_WORK_BOATS = (31, 32, 50, 52, 53, 54)
_AT_WORK_WITH_OTHERS = (31, 32, 50, 51, 52, 53, 54, 55, 58)
_LEISURE = (36, 37)
_FISHING = 30
_PROTECTED = ("mpa", "protected", "closed", "closure", "fishing", "reserve", "rfmo")
_PROTECTED_NAME = re.compile(r"\b(mpa|reserve|sanctuary|protected|closure|closed|no[- ]take)\b")
_KIND_WORDS = {
    **{30: "fishing", 31: "towing", 32: "towing", 33: "dredging", 34: "diving", 35: "naval"},
    **{36: "sailing", 37: "pleasure", 50: "pilot", 51: "search and rescue", 52: "tug"},
    **{53: "port tender", 54: "anti-pollution", 55: "police", 58: "medical"},
}


class Setting:
    """Everything the explanations of one lead may use; facts are in order of time."""

    def __init__(
        self,
        mmsi: int,
        events: Sequence[Row],
        partners: Sequence[Row],
        identity: Sequence[Row],
        weights: Weights,
    ) -> None:
        self.mmsi = mmsi
        self.weights = weights
        self.visits = [e for e in events if e["kind"] == "port_visit"]
        self.shared = [e for e in events if e["kind"] == "mmsi_shared"]
        self.events = tuple(events)
        self.partners: dict[str, list[Row]] = {}
        for row in partners:
            self.partners.setdefault(row["event_id"], []).append(row)
        named = [p for p in partners if p["fact"] == "name"]
        named.sort(key=lambda p: (p["time_us"], p["value"]))
        self.partner_names = {p["partner_mmsi"]: p["value"] for p in named}
        typed = [i for i in identity if i["field"] == "ship_type" and i["value"].isdigit()]
        self.ship_types = {int(i["value"]): int(i["observation_id"]) for i in typed}

    def own(self, *ship_types: int) -> int | None:
        """The first of the types that the vessel says of itself."""
        return next((t for t in ship_types if t in self.ship_types), None)

    def explained(self, name: str, detail: str, evidence: Sequence[int], share: float = 1.0):
        """The explanation of that name with its sentence, in part."""
        innocent = self.weights.innocent(name)
        return Explanation(
            name, innocent.probability * share, detail, tuple(evidence), innocent.at_most
        )


def event_grounds(events: Sequence[Row], setting: Setting) -> list[Ground]:
    """One ground per event that speaks for a lead, and more for what its partner is."""
    grounds = []
    for event in events:
        if event["kind"] in setting.weights.context:
            continue
        explanations = tuple(
            e
            for e in explanations_of(event, setting)
            if event["kind"] in setting.weights.innocent(e.name).explains
            and e.probability >= LEAST_EXPLAINED
        )
        certain = event["kind"] == "gap" and "p_natural" in event["measures"]
        name = _name(event, setting)
        grounds.append(
            Ground(
                name=name,
                of=event["event_id"],
                certainty=1.0 if certain else share(event["confidence"]),
                detail=told(event["detail"], setting),
                evidence=tuple(event["evidence"]),
                explanations=explanations,
                since_us=event["start_us"],
            )
        )
        links = [p for p in setting.partners.get(event["event_id"], ()) if p["fact"] == "link"]
        who = setting.partner_names.get(event["partner_mmsi"])
        grounds += partner_ground(event, links, setting.weights, who)
    return grounds


def told(detail: str, setting: Setting) -> str:
    """An event's sentence in a lead about one vessel: that one is `it`, others have their name."""
    for mmsi, name in setting.partner_names.items():
        other = rf"(?<!MMSI )(?<!\d){mmsi}(?!\d)"
        detail = re.sub(other, lambda _, n=name, m=mmsi: f"{n} ({m})", detail)
    if setting.mmsi < SHORTEST_MMSI:
        return detail
    own = rf"(?<!MMSI )(?<!\d){setting.mmsi}(?!\d)"
    return re.sub(own, lambda found: "It" if found.start() == 0 else "it", detail)


def _name(event: Row, setting: Setting) -> str:
    if event["kind"] == "zone" and _FISHING in setting.ship_types:
        measures = event["measures"]
        words = f"{measures.get('area_kind', '')} {measures.get('rules', '')}".lower()
        named = _PROTECTED_NAME.search(str(measures.get("area", "")).lower())
        if named or any(p in words for p in _PROTECTED):
            return "fishing_in_zone"
    return event["kind"]


def explanations_of(event: Row, setting: Setting) -> list[Explanation]:
    """Every innocent explanation of an event, before it is asked which behaviours it explains."""
    found = [*_of_the_event(event, setting), *_of_the_vessel(setting)]
    partner = _partner_at_work(event, setting)
    if partner:
        found.append(partner)
    visit = next((v for v in setting.visits if _overlap(event, v)), None)
    if visit:
        sure = share(visit["confidence"])
        detail = f"At that time it was at an anchorage or in port. {told(visit['detail'], setting)}"
        found.append(setting.explained("waiting_for_berth", detail, visit["evidence"], sure))
    shared = _shared(event, setting)
    if shared:
        found.append(shared)
    return found


def _shared(event: Row, setting: Setting) -> Explanation | None:
    """Two hulls under its number, where they were so while it behaved like this."""
    for shared in setting.shared:
        if _at_once(event, shared, SHARED_WITHIN_US):
            detail = f"Two hulls sent under its MMSI at the time. {shared['detail']}"
            evidence, sure = shared["evidence"], share(shared["confidence"])
            return setting.explained("shared_mmsi", told(detail, setting), evidence, sure)
    hulls = {
        e["track_id"]
        for e in (event, *setting.events)
        if e["track_id"] is not None and _at_once(event, e, 0)
    }
    if len(hulls) < 2:
        return None
    detail = f"Its MMSI was on {len(hulls)} hulls at the time."
    return setting.explained("shared_mmsi", detail, event["evidence"])


def _at_once(event: Row, other: Row, within_us: int) -> bool:
    since_us, until_us = event["start_us"] - within_us, _end(event) + within_us
    return other["start_us"] <= until_us and since_us <= _end(other)


def _of_the_event(event: Row, setting: Setting) -> list[Explanation]:
    measures, found = event["measures"], []
    natural = measures.get("p_natural")
    if natural is not None:
        chance = percent(natural)
        detail = f"Taken off because the silence may be natural: {chance}."
        explained = 1.0 - (1.0 - share(natural)) ** UNJUDGED_EXPONENT
        found.append(setting.explained("natural_silence", detail, event["evidence"], explained))
    if event["partner_mmsi"] is not None and not _is_ship(event["partner_mmsi"]):
        detail = f"The other vessel's MMSI, {event['partner_mmsi']}, is not of a ship's form."
        found.append(setting.explained("partner_not_a_ship", detail, event["evidence"]))
    coarse = share(measures.get("share_low_accuracy") or 0.0)
    if coarse:
        detail = f"{coarse:.0%} of the positions say that they are accurate to over 10 m only."
        found.append(setting.explained("low_accuracy", detail, event["evidence"], coarse))
    return found


def _of_the_vessel(setting: Setting) -> list[Explanation]:
    kinds = {
        "work_boat": setting.own(*_WORK_BOATS),
        "ferry_turnaround": setting.own(*_PASSENGER),
        "fishing_at_work": setting.own(_FISHING),
        "leisure": setting.own(*_LEISURE),
    }
    found = []
    for name, ship_type in kinds.items():
        if ship_type is not None:
            word = _KIND_WORDS.get(ship_type, "passenger")
            detail = f"It says it is a {word} vessel: {setting.weights.innocent(name).reason}."
            found.append(setting.explained(name, detail, [setting.ship_types[ship_type]]))
    return found


def _partner_at_work(event: Row, setting: Setting) -> Explanation | None:
    for row in setting.partners.get(event["event_id"], ()):
        if row["fact"] != "ship_type" or not row["value"].isdigit():
            continue
        ship_type = int(row["value"])
        if ship_type in _AT_WORK_WITH_OTHERS:
            detail = f"The other vessel says it is a {_KIND_WORDS[ship_type]} vessel at its work."
            return setting.explained("pilot_or_tug", detail, row["evidence"])
        if ship_type == _FISHING and _FISHING in setting.ship_types:
            detail = "Both say they are fishing vessels, which work in pairs and groups."
            return setting.explained("fishing_together", detail, row["evidence"])
    return None


def _is_ship(mmsi: int) -> bool:
    """Nine digits that begin with a country's (ITU-R M.585): 2 to 7.

    Numbers under a million are no MMSI of anything: archives without names number ships so.
    """
    return mmsi < 1_000_000 or 200_000_000 <= mmsi < 800_000_000


def _overlap(event: Row, visit: Row) -> bool:
    """Whether the vessel was at the place when the behaviour began, or for part of it."""
    if event["kind"] == "gap":
        return visit["start_us"] <= event["start_us"] <= _end(visit)
    return visit["start_us"] <= _end(event) and event["start_us"] <= _end(visit)


def _end(event: Row) -> int:
    return event["end_us"] if event["end_us"] is not None else 1 << 62


def excuses(setting: Setting) -> list[Factor]:
    """What the vessel is, where that excuses it whatever it does."""
    found = []
    if not _is_ship(setting.mmsi):
        innocent = setting.weights.innocent("not_a_ship")
        detail = f"{setting.mmsi} is not the MMSI of a ship: {innocent.reason}."
        found.append(Factor(innocent.name, innocent.log_odds, detail, group="vessel"))
    for innocent in setting.weights.innocents:
        ship_type = setting.own(*innocent.ship_types) if innocent.ship_types else None
        if ship_type is not None:
            word = _KIND_WORDS.get(ship_type, str(ship_type))
            detail = f"It says it is a {word} vessel: {innocent.reason}."
            evidence = (setting.ship_types[ship_type],)
            found.append(Factor(innocent.name, innocent.log_odds, detail, evidence, group="vessel"))
    return found
