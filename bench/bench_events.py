"""Precision and recall of every kind of event over seeded seas, and false alarms.

    python bench/bench_events.py [--quick] [--json] [--seeds N] [--clean-seeds N] [--keep DIR]
                                 [--reference DIR]

Each sea goes through the whole program (`fairlead run`, then `fairlead show events`) with the lists
that it comes with; `--reference` is the folder of ports and land of the real day. False alarms
are counted on the clean seas, where nothing is planted, and on a real day where one is at hand
(FAIRLEAD_DATA/ais/us_coastal_2020-06-30.parquet). Nobody knows what truly happened on that day, so
that its figure counts every event as an alarm. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairlead.schema.tables import EVENTS
from fairlead.simulate import DEFAULT_HOURS, Sea, events_truth, simulate
from fairlead.simulate.score import CONFIDENCE_MIN, FAMILIES, Score, Verdict, score
from measure import fairlead, finish

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("FAIRLEAD_DATA", ROOT.parent / "shared" / "data"))
REAL_DAY = DATA / "ais" / "us_coastal_2020-06-30.parquet"
REPORT_EVERY_S = 60.0


def watched(source: Path, workspace: Path, *more: str) -> pa.Table:
    """The events of a source that went through the whole flow."""
    shutil.rmtree(workspace, ignore_errors=True)
    fairlead("run", source, "--workspace", workspace, "--json", *more)
    out = workspace / "events.parquet"
    fairlead("show", "events", "--workspace", workspace, "--format", "parquet", "-o", out)
    return EVENTS.conform(pq.read_table(out))


def watched_sea(sea: Sea, folder: Path) -> pa.Table:
    more = ["--zones", str(sea.zones), "--watchlists", str(sea.watchlists)]
    more += ["--reference", str(sea.reference)]
    return watched(sea.nmea, folder / "workspace", *more)


def planted(seeds: range, folder: Path) -> tuple[dict, list, int]:
    """Scores by kind summed over the seeds, the verdicts, and the lines read."""
    totals: dict[str, Score] = defaultdict(Score)
    verdicts: list[tuple[int, Verdict]] = []
    lines = 0
    for seed in seeds:
        here = folder / f"strait-{seed}"
        sea = simulate("strait", seed, DEFAULT_HOURS, here, report_every_s=REPORT_EVERY_S)
        scores, judged = score(watched_sea(sea, here), events_truth(here))
        for kind, counts in scores.items():
            totals[kind].add(counts)
        verdicts += [(seed, v) for v in judged]
        lines += sea.n_lines
        print(f"seed {seed}: {sum(s.n_found for s in scores.values())} planted found", flush=True)
    return totals, verdicts, lines


def clean(seeds: range, folder: Path) -> tuple[Counter, float, int]:
    """False alarms by kind on seas without planted behaviour, their vessel-days and lines."""
    alarms: Counter[str] = Counter()
    days, lines = 0.0, 0
    for seed in seeds:
        here = folder / f"clean-{seed}"
        sea = simulate("strait-clean", seed, DEFAULT_HOURS, here, report_every_s=REPORT_EVERY_S)
        scores, _ = score(watched_sea(sea, here), events_truth(here))
        alarms.update({kind: s.n_false for kind, s in scores.items() if s.n_false})
        days += sea.vessel_days
        lines += sea.n_lines
    return alarms, days, lines


def real_day(folder: Path, reference: list[str]) -> dict | None:
    """Events per 1,000 vessel-days of the real day, or nothing where it is not at hand."""
    if not REAL_DAY.exists():
        return None
    rows = pq.read_table(REAL_DAY)
    times = rows.group_by("mmsi").aggregate([("time", "min"), ("time", "max")])
    lasted = pc.subtract(times["time_max"], times["time_min"])
    if pa.types.is_temporal(lasted.type):
        lasted = lasted.cast(pa.duration("us")).cast(pa.int64())
    seconds = sum(lasted.to_pylist()) / 1e6
    events = watched(REAL_DAY, folder / "real", *reference)
    sure = events.filter(pc.greater_equal(events["confidence"], CONFIDENCE_MIN))
    counts = Counter(FAMILIES.get(k, k) for k in sure["kind"].to_pylist())
    return {
        "rows": rows.num_rows,
        "vessel_days": round(seconds / 86400.0, 1),
        "events_per_1000_vessel_days": _rates(counts, seconds / 86400.0),
    }


def _rates(counts: Counter[str], days: float) -> dict[str, float]:
    return {kind: round(1000.0 * n / days, 2) for kind, n in sorted(counts.items())}


def table(totals: dict[str, Score]) -> None:
    print(f"{'kind':22} {'planted':>8} {'recall':>7} {'events':>7} {'precision':>9} {'overlap':>8}")
    for kind, s in sorted(totals.items()):
        overlap = sum(s.overlaps) / len(s.overlaps) if s.overlaps else float("nan")
        print(
            f"{kind:22} {s.n_planted:8} {_share(s.recall):>7} {s.n_events:7} "
            f"{_share(s.precision):>9} {overlap:8.2f}"
        )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def cases(verdicts: list[tuple[int, Verdict]]) -> None:
    """Which cases are missed and what the false events are, most frequent first."""
    counts = Counter((v.verdict, v.kind, v.case) for _, v in verdicts)
    for (verdict, kind, case), n in counts.most_common():
        if verdict in ("missed", "false", "lookalike"):
            print(f"  {verdict:10} {kind:22} {case:18} {n}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two seeds, no real day")
    parser.add_argument("--json", action="store_true", help="only the JSON line")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--clean-seeds", type=int, default=None, help="as many as --seeds")
    parser.add_argument("--keep", type=Path, help="keep seas and workspaces in this folder")
    parser.add_argument("--reference", type=Path, default=DATA / "reference")
    given = parser.parse_args()
    n = 2 if given.quick else given.seeds
    n_clean = n if given.clean_seeds is None else given.clean_seeds
    reference = ["--reference", str(given.reference)] if given.reference.exists() else []
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.keep or Path(temporary)
        started = time.perf_counter()
        totals, verdicts, lines = planted(range(1, n + 1), folder)
        alarms, days, clean_lines = clean(range(1, n_clean + 1), folder)
        real = None if given.quick else real_day(folder, reference)
    if not given.json:
        table(totals)
        cases(verdicts)
    result = {
        "rows": lines + clean_lines,
        "seeds": n,
        "recall": {k: s.recall for k, s in sorted(totals.items())},
        "precision": {k: s.precision for k, s in sorted(totals.items())},
        "false_alarms_per_1000_vessel_days": _rates(alarms, days) if days else None,
        "clean_vessel_days": round(days, 1),
        "real_day": real,
        "reference": bool(reference),
        "wall_s": round(time.perf_counter() - started, 1),
    }
    finish("events", result, keep=n >= 20 and n_clean >= 20)


if __name__ == "__main__":
    main()
