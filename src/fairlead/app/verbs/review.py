"""`fairlead review`: a lead that is handled stays silent until the vessel does something new."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fairlead.app import config, report
from fairlead.app.flow import INLETS
from fairlead.app.words import iso
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.errors import ConfigError
from fairlead.schema.tables import LEADS


def main(given: argparse.Namespace) -> dict[str, Any]:
    settings = config.load(config.path_of(given.config), config.flags(given))
    lead = _lead(settings.workspace, given.id)
    until_us = int(lead["end_us"])
    engine = EmbeddedEngine(settings.workspace, inlets=INLETS)
    try:
        engine.handle(given.id, lead["mmsi"], until_us, given.verdict, given.reason)
    finally:
        engine.close()
    if given.verdict == "handled":
        report.tell(f"{given.id} is silent for what was done until {iso(until_us)}")
    else:
        report.tell(f"{given.id} is open again")
    return {"lead_id": given.id, "verdict": given.verdict, "until": iso(until_us)}


def _lead(workspace: Path, lead_id: str) -> dict[str, Any]:
    """The lead, looked up without making or locking a workspace."""
    engine = EmbeddedEngine(workspace, inlets=INLETS, writable=False)
    try:
        for lead in engine.scan(LEADS).to_pylist():
            if lead["lead_id"] == lead_id:
                return lead
    finally:
        engine.close()
    message = f"no lead `{lead_id}`"
    raise ConfigError(message, help="`fairlead show leads` lists them")
