"""A sea sent as a live feed arrives whole, in order, and at its pace."""

import shutil
import socket
import threading

import pytest

from fairlead.schema.errors import ConfigError
from fairlead.simulate import lines_truth
from fairlead.simulate.replay import batches, connect, part_at, replay


def test_batches_are_the_file_at_its_pace(clean_sea):
    found = list(batches(clean_sea.out_dir, speed=600.0, every_s=0.5))
    assert b"".join(block for _, block in found) == clean_sea.nmea.read_bytes()
    due = [s for s, _ in found]
    assert due == sorted(set(due))
    received = lines_truth(clean_sea.out_dir)["received_us"].to_numpy()
    lasts_s = (received[-1] - received[0]) / 1e6 / 600.0
    assert due[-1] == pytest.approx(lasts_s, abs=0.5)
    assert all(block.endswith(b"\n") for _, block in found)


def test_a_sea_is_parted_at_an_instant(clean_sea, tmp_path):
    folder = shutil.copytree(clean_sea.out_dir, tmp_path / "sea")
    received = lines_truth(folder)["received_us"].to_numpy()
    since_us = int(received[len(received) // 3])
    before, rest = part_at(folder, since_us)
    live = b"".join(block for _, block in batches(rest, speed=600.0))
    assert before.read_bytes() + live == clean_sea.nmea.read_bytes()
    assert lines_truth(rest)["received_us"].to_numpy()[0] == since_us


def test_waits_before_each_batch(clean_sea):
    asked: list[float] = []
    sent: list[bytes] = []
    n = replay(clean_sea.out_dir, sent.append, asked.append, speed=3600.0)
    assert n == len(clean_sea.nmea.read_bytes()) == sum(map(len, sent))
    assert len(asked) == len(sent)


@pytest.mark.parametrize("scheme", ["tcp", "udp"])
def test_whole_lines_arrive(scheme):
    block = b"".join(b"!AIVDM,%d,some line\r\n" % k for k in range(300))
    kind = socket.SOCK_STREAM if scheme == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as server:
        server.bind(("127.0.0.1", 0))
        if scheme == "tcp":
            server.listen()
        stream, send = connect(f"{scheme}://127.0.0.1:{server.getsockname()[1]}")
        with stream:
            sender = threading.Thread(target=send, args=(block,))
            sender.start()
            received = _receive(server, scheme, len(block))
            sender.join()
    assert received == block


def _receive(server: socket.socket, scheme: str, n_bytes: int) -> bytes:
    reader = server.accept()[0] if scheme == "tcp" else server
    received = b""
    while len(received) < n_bytes:
        part = reader.recv(65_536)
        assert scheme == "tcp" or part.endswith(b"\n")
        received += part
    if reader is not server:
        reader.close()
    return received


def test_wrong_addresses_are_told():
    with pytest.raises(ConfigError, match="http://x:1"):
        connect("http://x:1")


def test_a_simulated_sea_stays_on_this_machine():
    with pytest.raises(ConfigError, match="not this machine"):
        connect("udp://192.0.2.1:10110")
