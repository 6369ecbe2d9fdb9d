"""`fairlead simulate`: a seeded sea with its truth, written to a folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fairlead.app import report


def main(given: argparse.Namespace) -> dict[str, Any]:
    from fairlead import simulate

    folder = Path(given.output)
    if given.positions or given.vessels:
        from fairlead.simulate.traffic import traffic

        written = traffic(
            n_vessels=given.vessels or 5000,
            n_positions=given.positions or 1_000_000,
            hours=given.hours or 24.0,
            seed=given.seed,
            out=folder,
        )
    else:
        written = simulate.simulate(
            given.scenario, given.seed, given.hours, folder, clean=given.clean
        )
    paths = [str(p) for p in written] if isinstance(written, list | tuple) else [str(written)]
    for path in paths:
        report.tell(f"wrote {path}")
    return {"files": paths, "scenario": given.scenario, "seed": given.seed}
