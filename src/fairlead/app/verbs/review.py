"""`fairlead review`: a person's word on a lead, kept with its reason and its leaf in the ledger."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from fairlead.app import config, report
from fairlead.app.decided import TERMINAL, open_decisions
from fairlead.app.flow import INLETS
from fairlead.app.words import iso, parse_time
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.decisions import SILENCING, Verdict
from fairlead.schema.errors import ConfigError
from fairlead.schema.tables import LEADS


def main(given: argparse.Namespace) -> dict[str, Any]:
    settings = config.load(config.path_of(given.config), config.flags(given))
    lead = _lead(settings.workspace, given.id)
    verdict = Verdict(given.verdict)
    now_us = time.time_ns() // 1000
    with open_decisions(settings.workspace) as decisions:
        decisions.show(lead, inputs={"scorer": lead["scorer"]}, actor=TERMINAL, now_us=now_us)
        kept = decisions.decide(
            lead,
            digest=given.digest or lead["digest"],
            verdict=verdict,
            reviewer=TERMINAL,
            reason=given.reason,
            now_us=now_us,
            snooze_until_us=parse_time(given.until) if given.until else None,
        )
    if verdict in SILENCING:
        report.tell(f"{given.id} is silent for what was done until {iso(int(lead['end_us']))}")
    elif verdict is Verdict.SNOOZE:
        report.tell(f"{given.id} is silent until {iso(kept.snooze_until_us)}")
    else:
        report.tell(f"{given.id} is open")
    return kept.as_dict()


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
