"""Datagrams of lines: unicast, broadcast or a multicast group."""

from __future__ import annotations

import contextlib
import ipaddress
import selectors
import socket
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from fairlead.schema.errors import SourceError
from fairlead.schema.source import Cursor
from fairlead.sources.live import BLOCK_S, IDLE_S, Feed

DATAGRAM_BYTES = 1 << 16
KERNEL_BUFFER_BYTES = 4 << 20
DATAGRAMS_PER_BLOCK = 20_000


@dataclass(frozen=True, slots=True)
class Udp:
    """`udp://host:port`. A datagram holds whole lines; its last one needs no newline."""

    name: str
    host: str
    port: int
    now_us: Callable[[], int]
    format: str | None = None
    notice: Callable[[str], None] = lambda _: None
    is_live: bool = True
    expected_per_min: float | None = None

    def read(self, cursor: Cursor) -> Iterator[tuple[pa.Table, Cursor]]:
        feed = Feed.start(self.name, self.format, cursor.offset, cursor.line)
        with _bound(self.host, self.port, self.name) as receiver:
            self.notice(f"{self.name}: listening on port {receiver.getsockname()[1]}")
            with selectors.DefaultSelector() as selector:
                selector.register(receiver, selectors.EVENT_READ)
                while True:
                    until_us = self.now_us() + int(BLOCK_S * 1e6)
                    wait_s = IDLE_S
                    while selector.select(wait_s):
                        self._drain(feed, receiver)
                        wait_s = BLOCK_S
                        if self.now_us() >= until_us:
                            break
                    yield feed.rows.take(), Cursor(feed.rows.offset, feed.rows.line)

    def _drain(self, feed: Feed, receiver: socket.socket) -> None:
        """Takes the datagrams that wait, those of one format as one piece."""
        waiting: dict[bool, list[bytes]] = {}
        with contextlib.suppress(BlockingIOError):
            for _ in range(DATAGRAMS_PER_BLOCK):
                data = receiver.recv(DATAGRAM_BYTES)
                is_json = data.lstrip().startswith(b"{")
                waiting.setdefault(is_json, []).append(
                    data if data.endswith(b"\n") else data + b"\n"
                )
        for is_json, datagrams in sorted(waiting.items()):
            feed.receive(int(is_json), b"".join(datagrams), self.now_us())


def _bound(host: str, port: int, name: str) -> socket.socket:
    """A socket that receives on the address, in the group when it is a multicast one."""
    try:
        info = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        family, _, _, _, address = info
        receiver = socket.socket(family, socket.SOCK_DGRAM)
    except OSError as error:
        raise _refused(name, error) from error
    try:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BUFFER_BYTES)
        group = ipaddress.ip_address(address[0])
        if group.is_multicast:
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        receiver.bind(address)
        if group.is_multicast:
            _join(receiver, group)
        receiver.setblocking(False)
    except OSError as error:
        receiver.close()
        raise _refused(name, error) from error
    return receiver


def _join(receiver: socket.socket, group: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    if group.version == 4:
        membership = group.packed + struct.pack("=I", socket.INADDR_ANY)
        receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    else:
        membership = group.packed + struct.pack("@I", 0)
        receiver.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership)


def _refused(name: str, error: OSError) -> SourceError:
    message = f"cannot listen on {name}: {(error.strerror or str(error)).lower()}"
    return SourceError(
        message, help="another program may hold the port, or the address is not this machine's"
    )
