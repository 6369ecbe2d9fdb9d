"""`fairlead run`, whole process, on simulated traffic: 1, 3 and 10 million positions.

    python bench/bench_pipeline.py [--quick] [--sizes N ...]

5,000 vessels in one day, NMEA with one receiver, every step on, an empty workspace. Wall and CPU
seconds and peak memory of the whole process; `--quick` does the first size only. The last line is
one JSON object with lists in the order of `rows`.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

from measure import fairlead, finish

SIZES = (1_000_000, 3_000_000, 10_000_000)


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--json", action="store_true", help="the last line is JSON anyway")
    arguments.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    arguments.add_argument("--folder", type=Path, default=None)
    given = arguments.parse_args()
    sizes = given.sizes[:1] if given.quick else given.sizes
    folder = given.folder or Path(tempfile.mkdtemp(prefix="fairlead-bench-"))
    answer: dict[str, list] = {"rows": [], "wall_s": [], "cpu_s": [], "peak_mib": []}
    try:
        for size in sizes:
            cost = measured(folder, size)
            answer["rows"].append(size)
            answer["wall_s"].append(round(cost.wall_s, 2))
            answer["cpu_s"].append(round(cost.cpu_s, 2))
            answer["peak_mib"].append(round(cost.peak_mib))
            print(
                f"{size:>11,} positions: {cost.wall_s:6.1f} s wall, {cost.cpu_s:6.1f} s CPU, "
                f"{cost.peak_mib:,.0f} MiB",
                flush=True,
            )
    finally:
        if given.folder is None:
            shutil.rmtree(folder)
    finish("pipeline", answer, keep=not given.quick and sizes == list(SIZES))


def measured(folder: Path, size: int):
    sea = folder / f"sea-{size}"
    if not sea.exists():
        fairlead("simulate", "-o", sea, "--positions", size, "--vessels", 5000, "--hours", 24)
    state = folder / "state"
    shutil.rmtree(state, ignore_errors=True)
    return fairlead("run", sea / "sea.nmea", "--workspace", state, "--json")


if __name__ == "__main__":
    main()
