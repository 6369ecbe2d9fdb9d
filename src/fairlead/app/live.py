"""The watch on sources that do not end: commit as records come, settle behind the lateness."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Sequence

import pyarrow as pa

from fairlead.app import report
from fairlead.app.config import Settings
from fairlead.app.flow import Flow, Pending
from fairlead.app.interrupt import Interrupt
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.source import Cursor, Source

COMMIT_EVERY_S = 1.0
SETTLE_EVERY_S = 10.0
QUEUE_BLOCKS = 256

Block = tuple[Source, pa.Table, Cursor]


def follow(
    engine: EmbeddedEngine,
    sources: Sequence[Source],
    flow: Flow,
    settings: Settings,
    interrupt: Interrupt,
) -> None:
    """Read until asked to stop, or until every source has ended; then settle what has come.

    A full queue makes the readers wait, so nothing is dropped here; the kernel's buffers for UDP
    are the one place where a flood can lose datagrams.
    """
    waiting: queue.Queue[Block | Source | BaseException] = queue.Queue(QUEUE_BLOCKS)
    pending = {s.name: Pending(engine, s, flow.decoders) for s in sources}
    for source in sources:
        start = engine.cursor(source.name)
        reader = threading.Thread(target=_read, args=(source, start, waiting), daemon=True)
        reader.start()
        report.tell(f"{source.name}: following")
    reading = {s.name for s in sources}
    told: dict[str, int] = {}
    settled_s = time.monotonic()
    while reading and not interrupt.asked:
        _take(waiting, pending, reading, time.monotonic() + COMMIT_EVERY_S)
        for part in pending.values():
            part.commit()
            part.wait()
        if time.monotonic() - settled_s >= SETTLE_EVERY_S:
            _settle(engine, flow, pending, settings)
            _tell_news(pending, told)
            settled_s = time.monotonic()
    if reading:
        _settle(engine, flow, pending, settings)
        _tell_news(pending, told)
    else:
        engine.run(flow.steps)


def _read(source: Source, start: Cursor, waiting: queue.Queue) -> None:
    try:
        for raw, after in source.read(start):
            waiting.put((source, raw, after))
        waiting.put(source)
    except Exception as error:  # noqa: BLE001 - handed to the main thread, which raises it
        waiting.put(error)


def _take(
    waiting: queue.Queue, pending: dict[str, Pending], reading: set[str], until_s: float
) -> None:
    while (left_s := until_s - time.monotonic()) > 0:
        try:
            item = waiting.get(timeout=left_s)
        except queue.Empty:
            return
        if isinstance(item, BaseException):
            raise item
        if isinstance(item, tuple):
            source, raw, after = item
            pending[source.name].add(raw, after)
        else:
            reading.discard(item.name)
            if not reading:
                return


def _settle(
    engine: EmbeddedEngine, flow: Flow, pending: dict[str, Pending], settings: Settings
) -> None:
    newest_us = max((p.newest_us for p in pending.values()), default=0)
    if newest_us:
        engine.run(flow.steps, until_us=newest_us - settings.lateness_s * 1_000_000)


def _tell_news(pending: dict[str, Pending], told: dict[str, int]) -> None:
    """One line per source that has sent something since the last one."""
    for name, part in pending.items():
        totals = part.totals
        if told.get(name, -1) != totals.n_lines:
            report.tell(f"{name}: {totals.n_lines:,} lines, {totals.n_rows:,} reports")
            told[name] = totals.n_lines
