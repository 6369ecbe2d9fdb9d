"""A small simulated sea and the real program, for tests that run it as a user would."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa

from fairlead.app.flow import INLETS
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.tables import RAW, TABLES
from fairlead.simulate import Sea, simulate

HOURS = 6.0


def small_sea(folder: Path, seed: int = 5) -> Sea:
    """Six hours of the strait, one report every 30 seconds per ship."""
    return simulate("strait", seed, HOURS, folder, report_every_s=30.0)


def fairlead(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess:
    """Run the program in a process of its own."""
    command = [sys.executable, "-m", "fairlead", *[str(a) for a in arguments]]
    return subprocess.run(command, input=stdin, capture_output=True, timeout=300, check=False)


def answer(done: subprocess.CompletedProcess) -> dict:
    """The JSON object on the last line of what a command printed."""
    assert done.stdout, done.stderr.decode()
    return json.loads(done.stdout.decode().splitlines()[-1])


def tables(workspace: Path) -> dict[str, list[str]]:
    """Every table of a workspace as sorted text rows, for comparison; raw by its bytes."""
    engine = EmbeddedEngine(workspace, inlets=INLETS, writable=False)
    try:
        found = {}
        for table in TABLES:
            if table is RAW:
                found[table.name] = [b"".join(_payloads(engine)).hex()]
            else:
                found[table.name] = sorted(map(repr, engine.scan(table).to_pylist()))
        return found
    finally:
        engine.close()


def _payloads(engine: EmbeddedEngine) -> list[bytes]:
    raw: pa.Table = engine.scan(RAW)
    rows = sorted(raw.to_pylist(), key=lambda r: (r["source"], r["offset"]))
    return [row["payload"] for row in rows]
