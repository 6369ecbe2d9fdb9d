"""Lines over TCP: as a client that comes back, and as a server for several clients."""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa

from fairlead.schema.errors import SourceError
from fairlead.schema.source import Cursor
from fairlead.sources.live import BLOCK_S, IDLE_S, RECEIVE_BYTES, Feed

CONNECT_S = 5.0
RETRY_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
SILENCE_S = 120.0
"""A connection that says nothing for so long is opened anew: its other end may be gone."""


@dataclass(frozen=True, slots=True)
class TcpClient:
    """`tcp://host:port`. Connects, and connects again with growing pauses, for ever."""

    name: str
    host: str
    port: int
    now_us: Callable[[], int]
    format: str | None = None
    notice: Callable[[str], None] = lambda _: None
    retry_s: tuple[float, ...] = RETRY_S
    silence_s: float = SILENCE_S
    is_live: bool = True
    expected_per_min: float | None = None

    def read(self, cursor: Cursor) -> Iterator[tuple[pa.Table, Cursor]]:
        feed = Feed.start(self.name, self.format, cursor.offset, cursor.line)
        n_tries = 0
        while True:
            try:
                connection = socket.create_connection((self.host, self.port), timeout=CONNECT_S)
            except OSError as error:
                pause_s = self.retry_s[min(n_tries, len(self.retry_s) - 1)]
                n_tries += 1
                self.notice(f"{self.name}: {error.strerror or error}; next try in {pause_s:g} s")
                yield from self._pause(feed, pause_s)
                continue
            with connection:
                self.notice(f"{self.name}: connected")
                for blocks in self._receive(feed, connection):
                    if blocks.num_rows:
                        n_tries = 0
                    yield blocks, _cursor(feed)
            pause_s = self.retry_s[min(n_tries, len(self.retry_s) - 1)]
            n_tries += 1
            yield from self._pause(feed, pause_s)

    def _pause(self, feed: Feed, pause_s: float) -> Iterator[tuple[pa.Table, Cursor]]:
        while pause_s > 0:
            with selectors.DefaultSelector() as selector:
                selector.select(min(pause_s, IDLE_S))
            pause_s -= IDLE_S
            yield feed.rows.take(), _cursor(feed)

    def _receive(self, feed: Feed, connection: socket.socket) -> Iterator[pa.Table]:
        """Blocks until the connection ends."""
        connection.setblocking(False)
        quiet_s, ended = 0.0, False
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            while not ended:
                if not selector.select(IDLE_S):
                    quiet_s += IDLE_S
                    if quiet_s >= self.silence_s:
                        self.notice(f"{self.name}: silent for {quiet_s:g} s, connecting again")
                        feed.close(0, self.now_us(), lost="silent")
                        ended = True
                    yield feed.rows.take()
                    continue
                quiet_s = 0.0
                until_us = self.now_us() + int(BLOCK_S * 1e6)
                while not ended and selector.select(BLOCK_S):
                    ended = _drain(feed, 0, connection, self.now_us(), self.notice)
                    if self.now_us() >= until_us:
                        break
                yield feed.rows.take()


@dataclass(frozen=True, slots=True)
class TcpServer:
    """`tcp-listen://host:port`. Any number of clients; each one's lines stay whole."""

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
        with contextlib.ExitStack() as open_things:
            server = open_things.enter_context(_listening(self.host, self.port, self.name))
            selector = open_things.enter_context(selectors.DefaultSelector())
            selector.register(server, selectors.EVENT_READ)
            open_things.callback(_close_clients, selector, server)
            self.notice(f"{self.name}: listening on port {server.getsockname()[1]}")
            while True:
                until_us = self.now_us() + int(BLOCK_S * 1e6)
                wait_s = IDLE_S
                while ready := selector.select(wait_s):
                    for key, _ in ready:
                        self._serve(feed, selector, server, key)
                    if len(feed.rows):
                        wait_s = BLOCK_S
                    if self.now_us() >= until_us:
                        break
                yield feed.rows.take(), _cursor(feed)

    def _serve(
        self,
        feed: Feed,
        selector: selectors.BaseSelector,
        server: socket.socket,
        key: selectors.SelectorKey,
    ) -> None:
        if key.fileobj is server:
            with contextlib.suppress(BlockingIOError):
                client, peer = server.accept()
                client.setblocking(False)
                selector.register(client, selectors.EVENT_READ)
                self.notice(f"{self.name}: {peer[0]} connected")
            return
        client = key.fileobj
        assert isinstance(client, socket.socket)
        if _drain(feed, key.fd, client, self.now_us(), self.notice):
            selector.unregister(client)
            client.close()


def _listening(host: str, port: int, name: str) -> socket.socket:
    try:
        server = socket.create_server((host, port), family=_family(host))
    except OSError as error:
        message = f"cannot listen on {name}: {(error.strerror or str(error)).lower()}"
        raise SourceError(
            message, help="another program may hold the port: take another"
        ) from error
    server.setblocking(False)
    return server


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _close_clients(selector: selectors.BaseSelector, server: socket.socket) -> None:
    for key in list(selector.get_map().values()):
        if key.fileobj is not server and isinstance(key.fileobj, socket.socket):
            key.fileobj.close()


def _drain(
    feed: Feed,
    number: int,
    connection: socket.socket,
    received_us: int,
    notice: Callable[[str], None],
) -> bool:
    """Takes what a connection has; whether that was its end."""
    try:
        data = connection.recv(RECEIVE_BYTES)
    except BlockingIOError:
        return False
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        notice(f"{feed.source}: {reason}")
        feed.close(number, received_us, lost=reason)
        return True
    if data:
        feed.receive(number, data, received_us)
        return False
    notice(f"{feed.source}: closed by the other end")
    feed.close(number, received_us)
    return True


def _cursor(feed: Feed) -> Cursor:
    return Cursor(feed.rows.offset, feed.rows.line)
