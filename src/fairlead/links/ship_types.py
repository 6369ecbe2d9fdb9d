"""Kinds of ships on which AIS codes and the words of lists can agree or not."""

from __future__ import annotations

import re

_WORDS = (
    ("tanker", r"tanker|crude|lng|lpg|bunkering|chemical carrier|gas carrier"),
    ("cargo", r"cargo|bulk|container|reefer|ro-?ro|roll-on|fish carrier|livestock|transhipment"),
    ("fishing", r"fish|trawl|longlin|seine|reefer|squid|gillnet"),
    ("tug", r"\btug|supply|anchor handling|offshore|towing|support"),
    ("passenger", r"passenger|ferry|cruise"),
    ("leisure", r"pleasure|yacht|sailing"),
    ("research", r"research|survey|drilling|seismic|diving|dredg"),
)

SHARE_OF_SHIPS = {
    **{"cargo": 0.3, "tanker": 0.15, "fishing": 0.25, "tug": 0.12, "passenger": 0.08},
    **{"leisure": 0.06, "research": 0.04},
}
"""Rough shares among ships with AIS, for what an agreement is worth."""


def groups_of_text(text: str) -> frozenset[str]:
    """The kinds a list's words may mean; empty when they say nothing."""
    return frozenset(g for g, words in _WORDS if re.search(words, text, re.I))


def group_of_code(ship_type: int) -> str:
    """The kind of an AIS ship and cargo type (ITU-R M.1371 table 53); empty when it says none."""
    exact = {30: "fishing", 31: "tug", 32: "tug", 33: "research", 34: "research", 52: "tug"}
    exact |= {36: "leisure", 37: "leisure"}
    tens = {6: "passenger", 7: "cargo", 8: "tanker"}
    return exact.get(ship_type) or tens.get(ship_type // 10, "")
