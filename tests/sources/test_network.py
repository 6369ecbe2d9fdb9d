"""Network sources over real sockets on the loopback."""

import contextlib
import re
import socket
import struct
import threading
import time

import pytest

from fairlead.schema.errors import SourceError
from fairlead.schema.source import Cursor
from fairlead.sources.tcp import TcpClient, TcpServer
from fairlead.sources.udp import Udp
from tests.sources.feeds import bytes_of, faults_of, first_with

LINE = b"!AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0*4A\r\n"


def now_us() -> int:
    return time.time_ns() // 1000


class Heard:
    """Notices of a source, among them the port it listens on."""

    def __init__(self):
        self.said = []

    def __call__(self, sentence):
        self.said.append(sentence)

    @property
    def port(self) -> int:
        for sentence in self.said:
            if found := re.search(r"listening on port (\d+)", sentence):
                return int(found[1])
        message = "not listening yet"
        raise AssertionError(message)


def n_lines(n: int):
    return lambda rows: bytes_of(rows).count(b"\n") >= n


@pytest.fixture
def listening():
    """A socket that a TCP client can connect to."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server


@contextlib.contextmanager
def reading(source, cursor=None):
    rows = source.read(cursor or Cursor())
    try:
        yield rows
    finally:
        rows.close()


def serve(server, *chunks: bytes, abort_after: threading.Event | None = None):
    """One connection that is sent the chunks and closed, or aborted after an event; in a thread."""

    def run():
        connection, _ = server.accept()
        with connection:
            for chunk in chunks:
                connection.sendall(chunk)
            if abort_after:
                abort_after.wait(10)
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def client(server, **changes) -> TcpClient:
    host, port = server.getsockname()
    return TcpClient(f"tcp://{host}:{port}", host, port, now_us, retry_s=(0.05,), **changes)


def test_a_client_reads_whole_lines_and_comes_back(listening):
    with reading(client(listening)) as rows:
        thread = serve(listening, LINE + LINE[:10], LINE[10:] + LINE)
        got, cursor = first_with(rows, n_lines(3))
        assert bytes_of(got) == LINE * 3
        thread.join(10)
        thread = serve(listening, LINE)
        got, after = first_with(rows, n_lines(1))
        assert bytes_of(got) == LINE
        thread.join(10)
    assert (after.offset, after.line) == (cursor.offset + len(LINE), 5)
    assert all(r["received_us"] > 0 for r in got.to_pylist())


def test_a_client_goes_on_counting_from_its_cursor(listening):
    with reading(client(listening), Cursor(1000, 11)) as rows:
        thread = serve(listening, LINE)
        got, cursor = first_with(rows, n_lines(1))
        thread.join(10)
    (row,) = got.to_pylist()
    assert (row["offset"], row["first_line"]) == (1000, 11)
    assert cursor == Cursor(1000 + len(LINE), 12)


def test_a_client_waits_for_a_server_that_is_not_there():
    with socket.create_server(("127.0.0.1", 0)) as server:
        host, port = server.getsockname()
    said = Heard()
    source = TcpClient(f"tcp://{host}:{port}", host, port, now_us, notice=said, retry_s=(0.05,))
    with reading(source) as rows:
        for _ in range(3):
            assert next(rows)[0].num_rows == 0
    assert "refused" in said.said[0].lower()
    assert "next try" in said.said[0]


def test_a_lost_connection_cuts_off_one_record_and_says_so(listening):
    seen = threading.Event()
    with reading(client(listening)) as rows:
        thread = serve(listening, LINE + b"!AIVDM,1,1,,A,15R", abort_after=seen)
        got, cursor = first_with(rows, n_lines(1))
        assert bytes_of(got) == LINE
        seen.set()
        got, after = first_with(rows, faults_of)
        thread.join(10)
    (fault,) = faults_of(got)
    assert fault.startswith("cut_off: ")
    assert "`!AIVDM,1,1,,A,15R`" in fault
    assert after == Cursor(cursor.offset + 17, cursor.line + 1)


def test_a_last_line_without_newline_is_a_record_when_closed_in_order(listening):
    with reading(client(listening)) as rows:
        thread = serve(listening, LINE + LINE.rstrip())
        got, _ = first_with(rows, n_lines(2))
        thread.join(10)
    assert bytes_of(got) == LINE + LINE.rstrip() + b"\n"


def test_a_server_keeps_the_lines_of_its_clients_apart():
    said = Heard()
    source = TcpServer("tcp-listen://127.0.0.1:0", "127.0.0.1", 0, now_us, notice=said)
    lines = [[b"!AIVDM,%d,%d\n" % (k, i) for i in range(200)] for k in range(3)]
    with reading(source) as rows, contextlib.ExitStack() as clients:
        next(rows)
        address = ("127.0.0.1", said.port)
        sockets = [clients.enter_context(socket.create_connection(address)) for _ in lines]
        streams = [b"".join(own) for own in lines]
        for start in range(0, max(map(len, streams)), 7):
            for connection, stream in zip(sockets, streams, strict=True):
                connection.sendall(stream[start : start + 7])
        got, _ = first_with(rows, n_lines(600))
    received = bytes_of(got).splitlines(keepends=True)
    assert sorted(received) == sorted(sum(lines, []))
    for own in lines:
        assert [line for line in received if line in set(own)] == own


def test_a_server_tells_a_port_that_is_taken(listening):
    host, port = listening.getsockname()
    source = TcpServer("tcp-listen://x", host, port, now_us)
    with pytest.raises(SourceError, match="cannot listen") as error:
        next(source.read(Cursor()))
    assert error.value.help


def test_datagrams_are_whole_lines():
    said = Heard()
    source = Udp("udp://127.0.0.1:0", "127.0.0.1", 0, now_us, notice=said)
    with (
        reading(source) as rows,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        next(rows)
        address = ("127.0.0.1", said.port)
        sender.sendto(LINE + LINE, address)
        sender.sendto(LINE.rstrip(), address)
        sender.sendto(b'{"class":"AIS"}', address)
        got, _ = first_with(rows, n_lines(4))
    by_format = {
        f: b"".join(r["payload"] for r in got.to_pylist() if r["format"] == f)
        for f in ("nmea", "jsonl")
    }
    assert by_format == {"nmea": LINE + LINE + LINE.rstrip() + b"\n", "jsonl": b'{"class":"AIS"}\n'}
    offsets = [(r["offset"], len(r["payload"])) for r in got.to_pylist()]
    assert [o + n for o, n in offsets[:-1]] == [o for o, _ in offsets[1:]]


def test_a_multicast_group_is_joined():
    said = Heard()
    source = Udp("udp://239.192.0.1:0", "239.192.0.1", 0, now_us, notice=said)
    with reading(source) as rows, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        try:
            next(rows)
        except SourceError as error:
            pytest.skip(f"no multicast on this machine: {error}")
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        try:
            sender.sendto(LINE, ("239.192.0.1", said.port))
        except OSError as error:
            pytest.skip(f"no multicast on this machine: {error}")
        got, _ = first_with(rows, n_lines(1))
    assert bytes_of(got) == LINE
