"""The ledger: durable entries a second, as the console and the door write them.

    python bench/bench_ledger.py [--quick] [--folder DIR]

Every figure is of a process of its own, start to end of its work, on SQLite with synchronous=FULL
in --folder (a real disk: the default is this repository's): an entry counts when `append_now` has
returned, which is after its commit and the signed checkpoint over it are both synced. `disk` says
what one append and fsync of 300 bytes costs there without us: with two of them for each commit no
lone writer can be faster. `entries_per_s` is 64 threads at once; `single_per_s` one thread;
`two_processes_per_s` 32 threads in each of two; `batch_per_s` one transaction over all; then
`fairlead verify` over all that was written. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from measure import ROOT, Cost, fairlead, finish, process

RUNS = 5
THREADS = 64
NOW_US = 1_790_000_000_000_000
BODY = {"lead_id": "lead-0123456789abcdef0123", "digest": "0" * 64, "verdict": "approve"}


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--json", action="store_true", help="the last line is JSON anyway")
    arguments.add_argument("--folder", type=Path, default=ROOT / "bench" / "runs")
    arguments.add_argument("--work", nargs=4, metavar=("HOW", "DIR", "THREADS", "EACH"))
    given = arguments.parse_args()
    if given.work:
        work(*given.work)
        return
    scale = 10 if given.quick else 1
    given.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="ledger-", dir=given.folder))
    try:
        answer = measured(folder, scale)
    finally:
        shutil.rmtree(folder)
    finish("ledger", answer, keep=not given.quick)


def measured(folder: Path, scale: int) -> dict[str, object]:
    runs: dict[str, list[float]] = {}
    costs: list[Cost] = []
    syncs: list[float] = []
    for number in range(1 if scale > 1 else RUNS):
        state = folder / f"state-{number}"
        syncs.append(sync_ms(folder))
        for how, threads, each, processes in (
            ("single", 1, 1_000 // scale, 1),
            ("entries", THREADS, 400 // scale, 1),
            ("two_processes", THREADS // 2, 400 // scale, 2),
            ("batch", 1, 50_000 // scale, 1),
        ):
            n, wall_s = timed(how, state, threads, each, processes)
            runs.setdefault(how, []).append(n / wall_s)
            print(f"{how:>14}: {n:7,} entries, {n / wall_s:9,.0f} a second", flush=True)
        costs.append(fairlead("verify", "--workspace", state, "--json"))
        report = json.loads(costs[-1].output.splitlines()[-1])
        assert report["ok"], report
        print(f"        verify: {report['entries']:7,} entries, {costs[-1].wall_s:.1f} s")
    per_s = {f"{how}_per_s": round(statistics.median(found)) for how, found in runs.items()}
    return {
        **per_s,
        "entries_per_s_lowest": round(min(runs["entries"])),
        "threads": THREADS,
        "runs": len(costs),
        "verify_entries": report["entries"],
        "verify_s": round(statistics.median(cost.wall_s for cost in costs), 1),
        "verify_peak_mib": round(max(cost.peak_mib for cost in costs)),
        "disk": disk_of(folder),
        "append_and_fsync_ms": round(statistics.median(syncs), 2),
    }


def timed(how: str, state: Path, threads: int, each: int, processes: int) -> tuple[int, float]:
    """Entries written, and the time from the first process's start to the last one's end."""
    command = [sys.executable, __file__, "--work", how, state, threads, each]
    if processes == 1:
        done = json.loads(process(command).output)
        return done["n"], done["wall_s"]
    texts = [str(c) for c in command]
    children = [subprocess.Popen(texts, stdout=subprocess.PIPE) for _ in range(processes)]
    told = [json.loads(child.communicate()[0]) for child in children]
    wall_s = max(t["until"] for t in told) - min(t["since"] for t in told)
    return sum(t["n"] for t in told), wall_s


def work(how: str, folder: str, n_threads: str, each: str) -> None:
    """One process's share; prints how many entries it wrote, and from when to when."""
    from fairlead.engines.control import SqliteStore
    from fairlead.review.ledger import FOLDER_NAME, StoredLedger

    store = SqliteStore(Path(folder))
    ledger = StoredLedger(store, Path(folder) / FOLDER_NAME)

    def write() -> None:
        for number in range(int(each)):
            ledger.append_now("decision", NOW_US, "acct-1", {**BODY, "n": number})

    since = time.monotonic()
    if how == "batch":
        with store.write() as out:
            for number in range(int(each)):
                ledger.append(out, "decision", NOW_US, "acct-1", {**BODY, "n": number})
        ledger.checkpoint()
    else:
        threads = [threading.Thread(target=write) for _ in range(int(n_threads))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    until = time.monotonic()
    store.close()
    n = int(each) * int(n_threads)
    print(json.dumps({"n": n, "wall_s": until - since, "since": since, "until": until}))


def sync_ms(folder: Path) -> float:
    """Appending 300 bytes to a file and waiting for the disk, median of 200."""
    times = []
    with (folder / "sync").open("ab") as out:
        for _ in range(200):
            started = time.monotonic()
            out.write(b"x" * 300)
            out.flush()
            os.fsync(out.fileno())
            times.append((time.monotonic() - started) * 1000)
    return statistics.median(times)


def disk_of(folder: Path) -> str:
    """File system of the folder, and whether its disk keeps a write cache."""
    told = subprocess.run(
        ["df", "--output=source,fstype", folder], capture_output=True, text=True, check=True
    )
    source, kind = told.stdout.split()[-2:]
    cache = Path("/sys/block") / Path(source).name / "queue" / "write_cache"
    mode = cache.read_text("utf-8").strip() if cache.exists() else "unknown"
    return f"{kind}, write cache: {mode}"


if __name__ == "__main__":
    main()
