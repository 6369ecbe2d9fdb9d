"""The detectors: one file and one line each. `DETECTORS` names them, `detectors` builds them.

A detector is loaded only when it is asked for, so that `fairlead --help` compiles nothing. Others
add theirs through the entry-point group `fairlead.detectors`: the name is the kind, the value
`module:Class`.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any

from fairlead.schema.errors import ConfigError
from fairlead.schema.step import Step

DETECTORS: dict[str, str] = {
    "gap": "fairlead.events.gap:Gap",
    "loitering": "fairlead.events.loitering:Loitering",
    "encounter": "fairlead.events.encounter:Encounter",
    "drifting": "fairlead.events.drifting:Drifting",
    "port_visit": "fairlead.events.port_visit:PortVisit",
    "port_visit_learned": "fairlead.events.learned_port_visit:LearnedPortVisit",
    "zone": "fairlead.events.zone:Zone",
    "speed_change": "fairlead.events.speed_change:SpeedChange",
    "position_jump": "fairlead.events.position_jump:PositionJump",
    "circling": "fairlead.events.circling:Circling",
    "speed_mismatch": "fairlead.events.speed_mismatch:SpeedMismatch",
    "identity_change": "fairlead.events.identity_change:IdentityChange",
    "mmsi_change": "fairlead.events.identity_change:MmsiChange",
    "identity_conflict": "fairlead.events.identity_conflict:IdentityConflict",
    "imo_shared": "fairlead.events.imo_shared:ImoShared",
    "mmsi_shared": "fairlead.events.mmsi_shared:MmsiShared",
    "draught_change": "fairlead.events.draught_change:DraughtChange",
    "destination_mismatch": "fairlead.events.destination_mismatch:DestinationMismatch",
}

NEEDED: dict[str, str] = {
    "zone": "areas",
    "port_visit": "places",
}
"""Detectors that look at nothing without this setting: they are left out where it is not given."""


def detector_kinds() -> dict[str, str]:
    """Every detector by kind: ours, then those of installed packages."""
    found = dict(DETECTORS)
    for point in sorted(entry_points(group="fairlead.detectors"), key=lambda p: p.name):
        found.setdefault(point.name, point.value)
    return found


def detector_class(kind: str) -> type:
    """The class of a detector. Raises ConfigError for a kind nobody knows."""
    module, _, name = _where(kind).partition(":")
    return getattr(import_module(module), name)


def _where(kind: str) -> str:
    known = detector_kinds()
    if kind in known:
        return known[kind]
    close = difflib.get_close_matches(kind, known, n=1)
    message = f"there is no detector `{kind}`"
    raise ConfigError(
        message,
        help=f"did you mean `{close[0]}`?" if close else "known: " + ", ".join(sorted(known)),
    )


def presets(kind: str) -> dict[str, dict[str, Any]]:
    """The named settings of others that a detector can be run with, such as `gfw`."""
    return dict(
        getattr(import_module(detector_class(kind).__module__), "PRESETS", {}).get(kind, {})
    )


def detector(kind: str, settings: Mapping[str, Any] | None = None) -> Step:
    """One detector with its settings; `preset` names where the others start from."""
    made: Any = detector_class(kind)
    given = dict(settings or {})
    preset = given.pop("preset", None)
    if preset is not None:
        offered = presets(kind)
        if preset not in offered:
            message = f"detector `{kind}` has no preset `{preset}`"
            raise ConfigError(message, help="it has " + (", ".join(offered) or "none"))
        given = offered[preset] | given
    fields = [f.name for f in dataclasses.fields(made)]
    for name in given:
        if name not in fields:
            close = difflib.get_close_matches(name, fields, n=1)
            message = f"detector `{kind}` has no setting `{name}`"
            raise ConfigError(
                message,
                help=f"did you mean `{close[0]}`?" if close else "it has " + ", ".join(fields),
            )
    return made(**given)


def detectors(settings: Mapping[str, Mapping[str, Any]] | None = None) -> list[Step]:
    """Every detector that can run, in the order of `DETECTORS`.

    `settings` maps a kind to its fields, its `preset`, or `{"enabled": False}`. Areas and places
    are settings like any other (`zone.areas`, `port_visit.places`); a detector that needs them is
    left out where they are not given, and port visits are then learned from stops.
    """
    settings = dict(settings or {})
    for kind in settings:
        _where(kind)
    steps = []
    for kind in detector_kinds():
        given = dict(settings.get(kind, {}))
        enabled = given.pop("enabled", True)
        needed = NEEDED.get(kind)
        if not enabled or (needed is not None and given.get(needed) is None):
            continue
        if (
            kind == "port_visit_learned"
            and settings.get("port_visit", {}).get("places") is not None
        ):
            continue
        steps.append(detector(kind, given))
    return steps
