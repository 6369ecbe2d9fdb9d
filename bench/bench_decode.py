"""AIS sentences to Arrow: ours against pyais and aiscat, whole processes, alternately.

    python bench/bench_decode.py [--quick] [--json] [--input FILE] [--aiscat-python PYTHON]

Without `--input` the file is made of encoded messages of many types. aiscat (GPL) is only measured;
it may live in a virtual environment of its own, named by `--aiscat-python`. Rates are per second
of processor time of the whole process (each works on one core alone), which other work on the
machine changes less than the clock on the wall.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PREPARE = "import resource, sys, time\nstart = time.perf_counter()\n"
REPORT = (
    "\nprint(rows, time.perf_counter() - start,"
    " resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
)

OURS = (
    PREPARE
    + """
sys.modules["scipy"] = None  # tests bring it, and Numba would import it where it is there
from fairlead.observations.ais import iter_decoded
def blocks(path, size=2 << 20):
    with open(path, "rb") as file:
        while chunk := file.read(size):
            yield chunk + file.readline()
rows = 0
for decoded in iter_decoded(blocks(sys.argv[1])):
    rows += decoded.messages.num_rows
"""
    + REPORT
)

TO_TABLE = """
import pyarrow as pa
def to_table(batch):
    return pa.table({n: pa.array([row.get(n) for row in batch]) for n in COLUMNS}).num_rows
rows, batch = 0, []
"""

PYAIS = (
    PREPARE
    + """
from pyais.stream import FileReaderStream
from pyais.exceptions import AISBaseException
COLUMNS = ("msg_type mmsi lat lon speed course heading status imo callsign shipname ship_type "
           "to_bow to_stern to_port to_starboard draught destination").split()
"""
    + TO_TABLE
    + """
for sentence in FileReaderStream(sys.argv[1]):
    try:
        batch.append(sentence.decode().asdict(enum_as_int=True))
    except AISBaseException:
        continue
    if len(batch) == 50_000:
        rows += to_table(batch)
        batch = []
rows += to_table(batch)
"""
    + REPORT
)

AISCAT = (
    PREPARE
    + """
import aiscat
COLUMNS = ("type mmsi lat lon speed course heading status imo callsign shipname shiptype "
           "to_bow to_stern to_port to_starboard draught destination").split()
"""
    + TO_TABLE
    + """
for message in aiscat.from_file(sys.argv[1]):
    batch.append(message)
    if len(batch) == 50_000:
        rows += to_table(batch)
        batch = []
rows += to_table(batch)
"""
    + REPORT
)


class Ran(NamedTuple):
    """One process from start to end."""

    rows: int
    wall_s: float
    cpu_s: float
    peak_mib: float


TO_PARQUET = (
    PREPARE
    + """
sys.modules["scipy"] = None
from fairlead.app.cli import main
import contextlib, io, json
told = io.StringIO()
with contextlib.redirect_stdout(told):
    main(["decode", sys.argv[1], "-o", sys.argv[1] + ".parquet", "--json"])
rows = json.loads(told.getvalue().splitlines()[-1])["messages"]
"""
    + REPORT
)


def run(python: str, program: str, path: Path) -> Ran | None:
    """Run a program on a file; None where it cannot run."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [python, "-c", program, str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"},
    )
    wall_s, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        return None
    rows, _, peak_mib = done.stdout.split()
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ran(int(rows), wall_s, cpu_s, float(peak_mib))


def sentences(seed: int, n: int) -> list[bytes]:
    """Encoded messages in the shares of a busy feed: mostly positions, some static data."""
    from pyais.encode import encode_dict

    rng = random.Random(seed)  # noqa: S311 a bench needs no secret
    lines: list[bytes] = []
    while len(lines) < n:
        kind = rng.choices((1, 3, 4, 5, 18, 21, 24), (70, 8, 5, 6, 8, 1, 2))[0]
        values: dict[str, str | float | bytes] = {
            "type": kind,
            "mmsi": rng.randrange(200_000_000, 775_999_999),
            "lat": rng.uniform(-80, 80),
            "lon": rng.uniform(-180, 180),
            "speed": rng.uniform(0, 30),
            "course": rng.uniform(0, 359),
            "heading": rng.randrange(360),
            "second": rng.randrange(60),
            "year": 2024,
            "shipname": f"VESSEL {rng.randrange(9999)}",
            "name": f"BUOY {rng.randrange(99)}",
            "callsign": f"C{rng.randrange(9999)}",
            "destination": "ROTTERDAM",
            "imo": 9_134_270,
            "draught": 7.5,
        }
        lines += [line.encode().replace(b"VDO", b"VDM") for line in encode_dict(values)]
    return lines


def write_input(path: Path, source: Path | None, n_sentences: int) -> int:
    """Repeat the source, or made sentences, to the number asked for; returns how many lines."""
    if source is not None:
        content = source.read_bytes()
    else:
        content = b"\n".join(sentences(1, min(n_sentences, 50_000))) + b"\n"
    n_lines = content.count(b"\n")
    repeats = max(1, round(n_sentences / n_lines))
    with path.open("wb") as file:
        for _ in range(repeats):
            file.write(content)
    return repeats * n_lines


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    rounds = 3 if arguments.quick else 5
    python, other = sys.executable, arguments.aiscat_python or sys.executable
    large, four, some, few, thousand = (folder / f"{name}.nmea" for name in "abcde")
    n_large = write_input(large, arguments.input, 500_000 if arguments.quick else 3_000_000)
    write_input(four, arguments.input, 4 * n_large)
    n_some = write_input(some, arguments.input, n_large // 5)
    n_few = write_input(few, arguments.input, 50_000 if arguments.quick else 200_000)
    thousand.write_bytes(b"".join(few.read_bytes().splitlines(keepends=True)[:1000]))
    subprocess.run([python, "-c", "from fairlead.observations.ais import warm; warm()"], check=True)
    rates: dict[str, list[float]] = {"ours": [], "pyais": [], "aiscat": []}
    walls, first_s, peak_mib, parquet = [], [], [], []
    for _ in range(rounds):
        for name, found, n in (
            ("ours", run(python, OURS, large), n_large),
            ("pyais", run(python, PYAIS, few), n_few),
            ("aiscat", run(other, AISCAT, some), n_some),
        ):
            if found is not None:
                rates[name].append(n / found.cpu_s)
                if name == "ours":
                    walls.append(n / found.wall_s)
                    peak_mib.append(found.peak_mib)
        written = run(python, TO_PARQUET, some)
        if written is not None:
            parquet.append(n_some / written.cpu_s)
        started = run(python, OURS, thousand)
        if started is not None:
            first_s.append(started.cpu_s)
    fourfold = run(python, OURS, four)
    ours = statistics.median(rates["ours"])

    def ratio(name: str) -> float | None:
        return round(ours / statistics.median(rates[name]), 2) if rates[name] else None

    return {
        "sentences": n_large,
        "sentences_per_s": round(ours),
        "sentences_per_s_fourfold": round(4 * n_large / fourfold.cpu_s) if fourfold else None,
        "sentences_per_wall_s": round(statistics.median(walls)),
        "parquet_sentences_per_s": round(statistics.median(parquet)) if parquet else None,
        "ratio_pyais_table": ratio("pyais"),
        "ratio_aiscat_table": ratio("aiscat"),
        "first_1000_lines_s": round(statistics.median(first_s), 3),
        "peak_mib": round(statistics.median(peak_mib)),
        "peak_mib_fourfold": round(fourfold.peak_mib) if fourfold else None,
        "pyais_per_s": round(statistics.median(rates["pyais"])) if rates["pyais"] else None,
        "aiscat_per_s": round(statistics.median(rates["aiscat"])) if rates["aiscat"] else None,
        "load_average": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less input, three rounds")
    parser.add_argument("--json", action="store_true", help="nothing but the last line")
    parser.add_argument("--input", type=Path, help="sentences to repeat; made ones without it")
    parser.add_argument("--aiscat-python", help="interpreter that has aiscat and pyarrow")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(arguments, Path(folder))
    if not arguments.json:
        for name, value in found.items():
            print(f"{name:22} {value}")
    print(json.dumps(found))


if __name__ == "__main__":
    main()
