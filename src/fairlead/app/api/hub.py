"""Server-sent events: one publisher side for any thread, bounded queues towards each client.

A client that does not keep up is not waited for: what waits for it is thrown away and it is told
to ask for the whole picture again.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from fairlead.app.api.encode import json_bytes
from fairlead.app.api.positions import columns_of

FLUSH_S = 0.02
KEEPALIVE_S = 10.0
QUEUE_BYTES = 4 << 20
CLIENTS_MOST = 256
SENT = (
    *("mmsi", "lat_deg", "lon_deg", "course_deg", "speed_kn", "heading_deg", "time_us"),
    "received_us",
)


def message(event: str, value: Any) -> bytes:
    return b"event: " + event.encode() + b"\ndata: " + json_bytes(value) + b"\n\n"


@dataclass(eq=False)
class Client:
    """One open stream. `sources` are those whose positions it may get; None for all."""

    principal: Any
    sources: frozenset[str] | None
    waiting: list[bytes] = field(default_factory=list)
    n_bytes: int = 0
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    is_closed: bool = False

    def put(self, data: bytes) -> None:
        if self.n_bytes + len(data) > QUEUE_BYTES:
            data = message("resync", {"reason": "slow"})
            self.waiting, self.n_bytes = [], 0
        self.waiting.append(data)
        self.n_bytes += len(data)
        self.ready.set()

    def take(self) -> bytes:
        data = b"".join(self.waiting)
        self.waiting, self.n_bytes = [], 0
        self.ready.clear()
        return data


class Hub:
    """Everything but `publish_positions` and `announce` happens on the server's loop."""

    def __init__(self) -> None:
        self.clients: set[Client] = set()
        self._lock = threading.Lock()
        self._rows: list[pl.DataFrame] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._is_due = False

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def detach(self) -> None:
        self._loop = None
        for client in self.clients:
            client.is_closed = True
            client.ready.set()

    def publish_positions(self, rows: pl.DataFrame) -> None:
        """From any thread: columns SENT and `source`. Goes out within FLUSH_S."""
        if not self.clients or self._loop is None or not rows.height:
            return
        with self._lock:
            self._rows.append(rows)
            if self._is_due:
                return
            self._is_due = True
        self._on_loop(lambda: self._loop and self._loop.call_later(FLUSH_S, self._flush))

    def announce(self, make: Callable[[Client], bytes | None]) -> None:
        """From any thread: what `make` gives for each client, None for nothing."""
        self._on_loop(lambda: [self._give(c, make(c)) for c in tuple(self.clients)])

    def _on_loop(self, call: Callable[[], Any]) -> None:
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(call)

    def _give(self, client: Client, data: bytes | None) -> None:
        if data:
            client.put(data)

    def _flush(self) -> None:
        with self._lock:
            rows, self._rows, self._is_due = self._rows, [], False
        if not rows or not self.clients:
            return
        batch = pl.concat(rows, how="vertical_relaxed")
        encoded: dict[frozenset[str] | None, bytes | None] = {}
        for client in tuple(self.clients):
            if client.sources not in encoded:
                encoded[client.sources] = _positions(batch, client.sources)
            self._give(client, encoded[client.sources])


def _positions(batch: pl.DataFrame, sources: frozenset[str] | None) -> bytes | None:
    if sources is not None:
        batch = batch.filter(pl.col("source").is_in(sorted(sources)))
    if not batch.height:
        return None
    return message("positions", columns_of(batch.select(list(SENT))))
