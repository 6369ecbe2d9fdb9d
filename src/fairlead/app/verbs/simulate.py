"""`fairlead simulate`: a seeded sea with its truth, written to a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fairlead.app import report
from fairlead.app.words import count


def main(given: argparse.Namespace) -> dict[str, Any]:
    from fairlead import simulate

    folder = Path(given.output)
    if given.positions or given.vessels:
        return _traffic(given, folder)
    name = f"{given.scenario}-clean" if given.clean else given.scenario
    hours = simulate.DEFAULT_HOURS if given.hours is None else given.hours
    sea = simulate.simulate(name, given.seed, hours, folder)
    report.tell(
        f"wrote {sea.nmea}: {count(sea.n_lines, 'line')} of {count(sea.n_vessels, 'vessel')}, "
        f"truth in {sea.truth_events}"
    )
    return {"nmea": str(sea.nmea), "scenario": name, "seed": given.seed, "lines": sea.n_lines}


def _traffic(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    from fairlead.simulate.traffic import traffic

    written = traffic(
        n_vessels=given.vessels or 5000,
        n_positions=given.positions or 1_000_000,
        hours=given.hours or 24.0,
        seed=given.seed,
        out_dir=folder,
    )
    report.tell(f"wrote {written.nmea}: {count(written.n_lines, 'line')}")
    return {"nmea": str(written.nmea), "seed": given.seed, "lines": written.n_lines}
