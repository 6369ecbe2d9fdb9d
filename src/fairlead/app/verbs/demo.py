"""`fairlead demo`: a simulated strait, watched to its end, its leads on the terminal."""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from fairlead.app import config, report
from fairlead.app.flow import INLETS, build, hold_claims
from fairlead.app.interrupt import Interrupt
from fairlead.app.summary import summary
from fairlead.app.verbs.run import watch
from fairlead.app.words import count
from fairlead.engines.embedded import EmbeddedEngine

REPORT_EVERY_S = 60.0
"""Ships report no more often than this, so that the demonstration takes seconds."""


def main(given: argparse.Namespace) -> dict[str, Any]:
    from fairlead.simulate import DEFAULT_HOURS, simulate
    from fairlead.sources.registry import Options, open_sources

    folder = Path(given.workspace or "fairlead-data") / f"demo-{given.seed}"
    sea_folder = folder / "sea"
    shutil.rmtree(folder, ignore_errors=True)
    report.tell(f"simulating {DEFAULT_HOURS:.0f} hours of a strait, seed {given.seed}")
    sea = simulate("strait", given.seed, DEFAULT_HOURS, sea_folder, report_every_s=REPORT_EVERY_S)
    flags = {
        "workspace": folder,
        "watchlists": [sea.watchlists],
        "zones": [sea.zones],
        "reference": sea.reference,
        "at_most": given.at_most,
    }
    settings = config.load(None, flags)
    flow = build(settings, notice=report.tell)
    options = Options(now_us=lambda: 0, notice=report.tell)
    engine = EmbeddedEngine(folder, inlets=INLETS)
    try:
        flow = hold_claims(engine, flow, report.tell)
        with Interrupt() as interrupt:
            sources = open_sources([str(sea.nmea)], options)
            watch(engine, sources, flow, interrupt, quiet=given.json)
        answer = summary(engine, settings)
    finally:
        engine.close()
    if not given.json:
        paper = report.Paper()
        paper.line()
        paper.line(
            f"A simulated strait, {DEFAULT_HOURS:.0f} hours, {count(sea.n_vessels, 'vessel')}, "
            "none of them real.",
            "bold",
        )
    report.print_summary(answer, quiet=given.json)
    if not given.json and answer["leads"]:
        first = answer["leads"][0]["lead_id"]
        report.tell(f"next: .venv/bin/fairlead why {first} --workspace {folder}")
    return answer
