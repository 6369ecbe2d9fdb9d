"""A live feed over a real socket: followed, stopped, resumed; its tables hold what was sent."""

import signal
import socket
import subprocess
import sys
import time

import pytest

from tests.e2e.sea import fairlead, small_sea, tables


@pytest.fixture(scope="module")
def sea(tmp_path_factory):
    return small_sea(tmp_path_factory.mktemp("live") / "sea")


def follow(port, workspace):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "fairlead",
            "run",
            f"tcp://127.0.0.1:{port}",
            "--follow",
            "--workspace",
            str(workspace),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def test_a_feed_is_followed_until_it_is_stopped(sea, tmp_path):
    """Everything sent before the stop is in the workspace, settled behind the lateness."""
    lines = sea.nmea.read_bytes().splitlines(keepends=True)[:20_000]
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(60)
        process = follow(server.getsockname()[1], tmp_path)
        peer, _ = server.accept()
        with peer:
            for first in range(0, len(lines), 2000):
                peer.sendall(b"".join(lines[first : first + 2000]))
            wait_for_lines(tmp_path, len(lines))
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=60) == 0
    process.stderr.close()
    payload = bytes.fromhex(tables(tmp_path)["raw"][0])
    assert payload == b"".join(lines)
    assert tables(tmp_path)["observations"]


def wait_for_lines(workspace, n_lines, within_s=60):
    until_s = time.monotonic() + within_s
    sql = "select coalesce(sum(n_lines), 0) as n from raw"
    while time.monotonic() < until_s:
        done = fairlead("show", sql, "--workspace", workspace, "--format", "csv")
        if done.returncode == 0 and int(done.stdout.split()[-1]) >= n_lines:
            return
        time.sleep(0.5)
    pytest.fail(f"{n_lines} lines did not arrive within {within_s} s")
