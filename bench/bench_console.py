"""`fairlead console`: how soon a position is with the page's code, how quick lists and tiles are.

    python bench/bench_console.py [--quick] [--workspace DIR] [--seconds N] [--rate N]

Makes a workspace of simulated traffic (10 million positions of 50,000 vessels; `--quick` a tenth,
`--workspace` takes one that is there), enrols a person in it, starts the console on it with a UDP
feed, and sends position reports of all 50,000 vessels at 5,000 a second from another process. A
client reads the stream as a page would: the time is from the sender's socket to the client having
parsed the position. Lists and tiles are asked one after the other once the feed is quiet, with
all vessels in the picture. Percentiles over all calls.

`first_picture_s` is from the page's first request to all last positions, parsed, without a browser.
The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from measure import ROOT, fairlead, finish

VESSELS = 50_000
POSITIONS = 10_000_000
FIRST_MMSI = 230_000_000
CHUNKS_PER_S = 100
WARM_S = 20.0


def main() -> None:
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--json", action="store_true", help="the last line is JSON anyway")
    arguments.add_argument("--workspace", type=Path, default=None)
    arguments.add_argument("--seconds", type=float, default=60.0)
    arguments.add_argument("--rate", type=int, default=5000)
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fairlead-bench-"))
    try:
        workspace = given.workspace or made(folder, POSITIONS // (10 if given.quick else 1))
        answer = measured(workspace, given.seconds, given.rate, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    finish("console", answer, keep=not given.quick)


def made(folder: Path, positions: int) -> Path:
    """A workspace of simulated traffic, settled."""
    sea = folder / "sea"
    fairlead("simulate", "traffic", "-o", sea, "--vessels", VESSELS, "--positions", positions)
    cost = fairlead("run", sea / "sea.nmea", "--workspace", folder / "state", "--json")
    print(f"{positions:,} positions settled in {cost.wall_s:.0f} s", flush=True)
    return folder / "state"


def measured(workspace: Path, seconds: float, rate: int, folder: Path) -> dict[str, Any]:
    sys.path.insert(0, str(ROOT))
    from tests.api.conftest import port_of_nobody
    from tests.api.enrolled import enrolled_headers

    port, feed = port_of_nobody(), port_of_nobody()
    headers = enrolled_headers(workspace, port)
    with console(workspace, port, feed) as started_s:
        wait_for(port)
        answer: dict[str, Any] = {"start_s": round(time.monotonic() - started_s, 2)}
        answer["first_picture_s"] = round(first_picture_s(port, headers), 3)
        told = folder / "sent.bin"
        context = multiprocessing.get_context("spawn")
        sender = context.Process(target=send, args=(feed, rate, seconds + WARM_S, str(told)))
        pipe, end = context.Pipe()
        reader = context.Process(
            target=read_stream, args=(port, headers, seconds + WARM_S + 8.0, end)
        )
        reader.start()
        sender.start()
        got = pipe.recv()
        reader.join()
        sender.join()
        sent = np.fromfile(told, np.int64).reshape(-1, 3)
        answer |= delays(sent, np.asarray(got, np.int64).reshape(-1, 3))
        answer |= asked(port, headers, seconds * 0.5)
    return answer


@contextmanager
def console(workspace: Path, port: int, feed: int) -> Iterator[float]:
    started_s = time.monotonic()
    command = [sys.executable, "-m", "fairlead", "console", f"udp://127.0.0.1:{feed}"]
    command += ["--workspace", str(workspace), "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield started_s
        finally:
            process.terminate()
            process.wait(timeout=300)


def wait_for(port: int) -> None:
    """Until the console answers."""
    for _ in range(1200):
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.1)


def get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> bytes:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        message = f"{path}: {answer.status} {body[:200]!r}"
        raise RuntimeError(message)
    return body


def first_picture_s(port: int, headers: dict[str, str]) -> float:
    """The page, the session, the status and all last positions, one after the other."""
    started_s = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for path in ("/", "/api/v1/session", "/api/v1/status"):
        get(connection, path, headers)
    body = get(connection, "/api/v1/picture?format=arrow", headers)
    with pa.ipc.open_stream(body) as reader:
        n = reader.read_all().num_rows
    print(f"{n:,} vessels in the first picture, {len(body) / 1e6:.1f} MB", flush=True)
    return time.monotonic() - started_s


def asked(port: int, headers: dict[str, str], seconds: float) -> dict[str, Any]:
    """Lists and tiles in turn, one call after the other, each timed to its last byte."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    whole = json.loads(get(connection, "/api/v1/density/0/0/0", headers))
    busy = np.argmax(whole["columns"]["n"])
    column, row = (whole["columns"][n][busy] for n in ("column", "row"))
    tiles = [f"/api/v1/density/{z}/{column >> (6 - z)}/{row >> (6 - z)}" for z in range(7)]
    lists = [
        "/api/v1/leads",
        "/api/v1/leads?state=all&limit=100",
        "/api/v1/events?limit=100",
        "/api/v1/events?limit=100&bbox=-10,40,10,60",
        "/api/v1/vessels?limit=100",
        "/api/v1/vessels?q=2300",
        "/api/v1/status",
    ]
    took: dict[str, list[float]] = {"list": [], "tile": []}
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        for kind, paths in (("list", lists), ("tile", tiles)):
            for path in paths:
                started_s = time.perf_counter()
                get(connection, path, headers)
                took[kind].append((time.perf_counter() - started_s) * 1e3)
                time.sleep(0.02)
    return {
        f"{kind}_{name}_ms": round(float(np.percentile(values, share)), 1)
        for kind, values in took.items()
        for name, share in (("p50", 50), ("p99", 99))
    }


def send(feed: int, rate: int, seconds: float, told: str) -> None:
    """Type 1 reports of all vessels in turn, in steps of ten milliseconds."""
    n = int(rate * seconds)
    mmsi = FIRST_MMSI + np.arange(n) % VESSELS
    lat = (np.arange(n) * 7919 % 36_000_000).astype(np.int64)
    lines = [sentence(m, y, 1_800_000) for m, y in zip(mmsi.tolist(), lat.tolist(), strict=True)]
    chunk = max(1, rate // CHUNKS_PER_S)
    sent_us = np.zeros(n, np.int64)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        started_s = time.monotonic()
        for first in range(0, n, chunk):
            wait_s = started_s + first / rate - time.monotonic()
            if wait_s > 0:
                time.sleep(wait_s)
            sent_us[first : first + chunk] = time.time_ns() // 1000
            for line in lines[first : first + chunk]:
                out.sendto(line, ("127.0.0.1", feed))
    np.column_stack([mmsi, lat, sent_us]).astype(np.int64).tofile(told)


def sentence(mmsi: int, lat: int, lon: int) -> bytes:
    """One position report; latitude and longitude in ten-thousandths of a minute."""
    bits = 1 << 162 | mmsi << 130 | 100 << 108 | 1 << 107
    bits |= (lon & (1 << 28) - 1) << 79 | (lat & (1 << 27) - 1) << 52 | 900 << 40 | 90 << 31
    bits |= 60 << 25
    codes = [bits >> shift & 63 for shift in range(162, -1, -6)]
    body = "AIVDM,1,1,,A," + "".join(chr(c + 48 if c < 40 else c + 56) for c in codes) + ",0"
    check = 0
    for character in body:
        check ^= ord(character)
    return f"!{body}*{check:02X}\r\n".encode()


def read_stream(port: int, headers: dict[str, str], seconds: float, out: Any) -> None:
    """Every position of the stream with the time it was there as a value."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/api/v1/picture/stream", headers=headers)
    answer = connection.getresponse()
    rest, found = b"", []
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        rest += answer.read1(1 << 20)
        *whole, rest = rest.split(b"\n\n")
        for part in whole:
            if part.startswith(b"event: positions"):
                batch = json.loads(part.split(b"data: ", 1)[1])
                now_us = time.time_ns() // 1000
                lat = np.round(np.array(batch["lat_deg"]) * 600_000).astype(np.int64)
                times = np.full(len(lat), now_us)
                found.append(np.column_stack([np.array(batch["mmsi"]), lat, times]))
    out.send(np.concatenate(found) if found else np.zeros((0, 3), np.int64))


def delays(sent: np.ndarray, got: np.ndarray) -> dict[str, Any]:
    """Milliseconds from the socket to the page's code, of what was sent after warming up."""
    sent = sent[sent[:, 2] >= sent[0, 2] + int(WARM_S * 1e6)]
    times = {(m, y): t for m, y, t in got.tolist()}
    ages = [times[m, y] - t for m, y, t in sent.tolist() if (m, y) in times]
    p50, p99 = np.percentile(np.array(ages) / 1e3, [50, 99])
    return {
        "socket_to_sse_p50_ms": round(float(p50), 1),
        "socket_to_sse_p99_ms": round(float(p99), 1),
        "messages_per_s": round(len(sent) / ((sent[-1, 2] - sent[0, 2]) / 1e6)),
        "n_sent": len(sent),
        "n_lost": len(sent) - len(ages),
    }


if __name__ == "__main__":
    main()
