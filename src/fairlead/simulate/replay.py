"""A simulated sea fed to a socket as a live feed. Clock and waiting are the caller's."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from fairlead.schema.errors import ConfigError

_LINES_AT_ONCE = 100_000
_DATAGRAM_BYTES = 1400
LOOPBACK = ("127.0.0.1", "localhost")


def batches(
    out_dir: Path, speed: float = 1.0, every_s: float = 0.1
) -> Iterator[tuple[float, bytes]]:
    """What is due in each `every_s` of the listener's time: seconds since the start, whole lines.

    `speed` is how many times faster than the sea's own time; empty instants are left out.
    Memory is constant: the sea is read as it is sent.
    """
    if not speed > 0 or not every_s > 0:
        message = f"a replay at speed {speed}, every {every_s} s"
        raise ConfigError(message, help="give numbers above zero")
    first_us: int | None = None
    truth = pq.ParquetFile(out_dir / "truth.parquet")
    with (out_dir / "sea.nmea").open("rb") as file:
        pending, pending_step = b"", 0
        for rows in truth.iter_batches(_LINES_AT_ONCE, columns=["received_us"]):
            received_us = rows["received_us"].to_numpy()
            first_us = int(received_us[0]) if first_us is None else first_us
            steps = ((received_us - first_us) / (1e6 * speed * every_s)).astype(np.int64)
            ends = np.append(np.flatnonzero(np.diff(steps)) + 1, len(steps))
            starts = np.append(0, ends[:-1])
            for since, until in zip(starts, ends, strict=True):
                step = int(steps[since])
                if pending and step != pending_step:
                    yield pending_step * every_s, pending
                    pending = b""
                pending_step = step
                pending += b"".join(file.readline() for _ in range(until - since))
        if pending:
            yield pending_step * every_s, pending


def replay(
    out_dir: Path,
    send: Callable[[bytes], object],
    wait_until: Callable[[float], object],
    speed: float = 1.0,
) -> int:
    """Sends a sea, waiting before each batch until its second has come; bytes sent."""
    sent = 0
    for due_s, block in batches(out_dir, speed):
        wait_until(due_s)
        send(block)
        sent += len(block)
    return sent


def part_at(out_dir: Path, since_us: int) -> tuple[Path, Path]:
    """Part a sea at an instant of receipt: a file of the lines before it, and a folder with the
    rest that `batches` and `replay` take. Both lie in `out_dir`."""
    truth = pq.read_table(out_dir / "truth.parquet")
    n_before = int(np.searchsorted(truth["received_us"].to_numpy(), since_us))
    before, rest = out_dir / "before.nmea", out_dir / "live"
    rest.mkdir(exist_ok=True)
    with (out_dir / "sea.nmea").open("rb") as file:
        before.write_bytes(b"".join(islice(file, n_before)))
        (rest / "sea.nmea").write_bytes(file.read())
    pq.write_table(truth.slice(n_before), rest / "truth.parquet")
    return before, rest


def connect(address: str) -> tuple[socket.socket, Callable[[bytes], None]]:
    """A socket to `tcp://HOST:PORT` or `udp://HOST:PORT` of this machine, and how to send lines
    through it. Raises ConfigError for any other: a simulated sea must not be taken for a real one.
    """
    scheme, _, place = address.partition("://")
    host, _, port = place.rpartition(":")
    if scheme not in ("tcp", "udp") or not host or not port.isdigit():
        message = f"cannot send to `{address}`"
        raise ConfigError(message, help="give tcp://HOST:PORT or udp://HOST:PORT")
    if host not in LOOPBACK:
        message = f"`{host}` is not this machine"
        raise ConfigError(message, help="a simulated sea is sent to 127.0.0.1 or localhost alone")
    if scheme == "tcp":
        stream = socket.create_connection((host, int(port)))
        return stream, stream.sendall
    datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagrams.connect((host, int(port)))
    return datagrams, lambda block: _in_datagrams(datagrams, block)


def _in_datagrams(datagrams: socket.socket, block: bytes) -> None:
    """Whole lines, as many as fit into one datagram."""
    since = 0
    while since < len(block):
        until = len(block)
        if until - since > _DATAGRAM_BYTES:
            until = block.rindex(b"\n", since, since + _DATAGRAM_BYTES) + 1
        datagrams.send(block[since:until])
        since = until
