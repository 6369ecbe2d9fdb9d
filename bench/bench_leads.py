"""Whether leads keep the probability they state, and whether the first ones are the right ones.

    python bench/bench_leads.py [--quick] [--json] [--seeds N] [--clean-seeds N]

Seeded straits, and clean ones where nothing is planted, go through the whole program with their
lists, zones and ports. A lead is true when its vessel takes part in something planted that is worth
acting on (simulate/score.py); all others are false. The seas hold far more of it than a real sea,
so each bin's share of true leads is given twice: as it is (`share`), and with the true leads
weighted so that they are as rare as the prior of the weights file says (`share_at_prior`), which is
what the stated probability is about. Vessels without any lead are in neither.

Keys: `leads`, `true`, `bins` (least and most probability, leads, true, mean probability, both
shares), `brier` and `brier_at_prior` with `brier_of_prior` (that of always stating the prior's
share) beside it, `precision_at` (N first of each planted sea), `auc`, and `false_per_clean_sea` by
probability from 5, 10 and 20 %. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fairlead.leads.factors import probability_of
from fairlead.leads.queue import rank
from fairlead.leads.weights import default_weights
from fairlead.schema.tables import LEADS
from fairlead.simulate import DEFAULT_HOURS, events_truth, simulate
from fairlead.simulate.score import are_worth_acting_on
from measure import fairlead, finish

REPORT_EVERY_S = 60.0
EDGES = (0.0, 0.02, 0.05, 0.1, 0.15, 0.3, 0.6, 1.0)
FIRST = (1, 3, 5, 10, 20)


def leads_of(seed: int, folder: Path, *, clean: bool) -> tuple[pa.Table, np.ndarray]:
    """Ranked leads of one sea, and which of them are true."""
    here = folder / f"{'clean' if clean else 'strait'}-{seed}"
    scenario = "strait-clean" if clean else "strait"
    sea = simulate(scenario, seed, DEFAULT_HOURS, here, report_every_s=REPORT_EVERY_S)
    known = ["--zones", sea.zones, "--watchlists", sea.watchlists, "--reference", sea.reference]
    fairlead("run", sea.nmea, "--workspace", here / "state", "--json", *known)
    out = here / "leads.parquet"
    shown = ["--format", "parquet", "-o", out]
    fairlead("show", "leads", "--workspace", here / "state", *shown)
    leads = rank(LEADS.conform(pq.read_table(out)))
    true = np.array(are_worth_acting_on(leads, events_truth(here)), bool)
    shutil.rmtree(here)
    return leads, true


def reliability(stated: np.ndarray, true: np.ndarray, weight: np.ndarray) -> list[dict[str, Any]]:
    """One row per bin of stated probability; `weight` makes true leads as rare as the prior."""
    rows = []
    for least, most in zip(EDGES, EDGES[1:], strict=False):
        inside = (stated >= least) & (stated < most if most < 1 else stated <= 1)
        if inside.any():
            at_prior = weight[inside & true].sum() / weight[inside].sum()
            rows.append(
                {
                    "least": least,
                    "most": most,
                    "leads": int(inside.sum()),
                    "true": int((inside & true).sum()),
                    "stated": round(float(stated[inside].mean()), 4),
                    "share": round(float(true[inside].mean()), 4),
                    "share_at_prior": round(float(at_prior), 4),
                }
            )
    return rows


def auc(stated: np.ndarray, true: np.ndarray) -> float:
    """The probability that a true lead is stated higher than a false one; ties count half."""
    ranks = np.argsort(np.argsort(stated, kind="stable"), kind="stable") + 1.0
    for value in np.unique(stated):
        same = stated == value
        ranks[same] = ranks[same].mean()
    n_true, n_false = true.sum(), (~true).sum()
    return float((ranks[true].sum() - n_true * (n_true + 1) / 2) / (n_true * n_false))


def measured(
    planted: Sequence[tuple[pa.Table, np.ndarray]], clean: Sequence[tuple[pa.Table, np.ndarray]]
) -> dict[str, Any]:
    both = [*planted, *clean]
    stated = np.concatenate([leads["probability"].to_numpy() for leads, _ in both])
    true = np.concatenate([t for _, t in both])
    prior = probability_of(default_weights().prior)
    rarity = prior / (1 - prior) * (~true).sum() / max(1, true.sum())
    weight = np.where(true, rarity, 1.0)
    firsts = {
        str(n): round(float(np.mean([t[:n].mean() for _, t in planted if len(t)])), 4)
        for n in FIRST
    }
    alarms = [leads["probability"].to_numpy() for leads, _ in clean]
    return {
        "leads": len(stated),
        "true": int(true.sum()),
        "bins": reliability(stated, true, weight),
        "brier": round(float(np.mean((stated - true) ** 2)), 5),
        "brier_at_prior": round(float(np.average((stated - true) ** 2, weights=weight)), 5),
        "brier_of_prior": round(float(np.average((prior - true) ** 2, weights=weight)), 5),
        "precision_at": firsts,
        "auc": round(auc(stated, true), 4),
        "false_per_clean_sea": {
            str(p): round(float(np.mean([(a >= p).sum() for a in alarms])), 2) if alarms else None
            for p in (0.05, 0.1, 0.2)
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two planted seas and a clean one")
    parser.add_argument("--json", action="store_true", help="the JSON line only")
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--clean-seeds", type=int, default=8)
    given = parser.parse_args()
    n_planted, n_clean = (2, 1) if given.quick else (given.seeds, given.clean_seeds)
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-leads-") as scratch:
        folder = Path(scratch)
        planted = [leads_of(seed, folder, clean=False) for seed in range(n_planted)]
        clean = [leads_of(seed, folder, clean=True) for seed in range(1000, 1000 + n_clean)]
    answer = {"bench": "leads", "seeds": n_planted, "clean_seeds": n_clean}
    answer |= {"scorer": default_weights().scorer, **measured(planted, clean)}
    if not given.json:
        for row in answer["bins"]:
            print("  ".join(f"{k} {v:g}" for k, v in row.items()))
        for name in ("brier_at_prior", "brier_of_prior", "precision_at", "auc"):
            print(name, answer[name])
        print("false_per_clean_sea", answer["false_per_clean_sea"])
    finish("leads", answer, keep=not given.quick)


if __name__ == "__main__":
    main()
