"""What every bench shares: a whole process measured, the machine named, the last run kept."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FROZEN = Path(__file__).parent / "frozen"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took, with its children: wall and CPU seconds, peak memory."""

    wall_s: float
    cpu_s: float
    peak_mib: float
    output: bytes


def process(command: Sequence[object], **options: Any) -> Cost:
    """Run a command to its end and measure it. Raises RuntimeError when it fails."""
    started = time.monotonic()
    child = subprocess.Popen([str(c) for c in command], stdout=subprocess.PIPE, **options)
    output = child.stdout.read() if child.stdout else b""
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall_s = time.monotonic() - started
    if child.returncode:
        message = f"{command[0]} ended with {child.returncode}"
        raise RuntimeError(message)
    return Cost(wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, output)


def fairlead(*arguments: object) -> Cost:
    return process([sys.executable, "-m", "fairlead", *arguments])


def machine() -> dict[str, Any]:
    """The machine, the commit and the versions a figure belongs to."""
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, check=False
    )
    names = ("numpy", "numba", "pyarrow", "polars", "duckdb", "pyais")
    return {
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1),
        "processor": _processor(),
        "python": platform.python_version(),
        "commit": commit.stdout.decode().strip(),
        "versions": {n: _version(n) for n in names},
    }


def finish(name: str, answer: dict[str, Any], *, keep: bool) -> None:
    """Print the answer as the last line; a full run is kept in bench/frozen."""
    whole = {**answer, "machine": machine()}
    if keep:
        FROZEN.mkdir(exist_ok=True)
        text = json.dumps(whole, indent=2, sort_keys=True) + "\n"
        (FROZEN / f"{name}.json").write_text(text, "utf-8")
    print(json.dumps(whole, sort_keys=True))


def own_peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()
