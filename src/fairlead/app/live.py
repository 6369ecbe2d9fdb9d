"""The watch on sources that do not end: decode as bytes come, commit each second, settle behind.

Each does its part in threads of its own: a reader per source decodes and tells what it decoded
before anything is written, one thread commits, one settles. None waits for a slower one, but a
reader whose rows wait for the disk for too long.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fairlead.app import report
from fairlead.app.config import Settings
from fairlead.app.flow import INLETS, Flow, Pending
from fairlead.app.interrupt import Interrupt
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.observations.clock import reconcile
from fairlead.schema.source import Cursor, Source
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table
from fairlead.schema.tables import POSITION_MESSAGES, RAW, REJECTS

COMMIT_EVERY_S = 1.0
SETTLE_EVERY_S = 10.0
AHEAD_US = 3_600_000_000
"""Event time is not settled further ahead of this machine's clock: one row stamped in a year to
come would make every later one late."""
LOOK_AGAIN_S = 1.0
"""A file that may grow is looked at this often."""
WAITING_ROWS = 2_000_000
"""A reader waits while so many of its rows are not on disk: memory stays bounded, and the kernel's
buffers for UDP are the one place where a flood can lose datagrams."""
STOP_S = 3.0


@dataclass(frozen=True, slots=True)
class Heard:
    """What a block of a source decoded to: rows by table, and how many lines it had."""

    source: Source
    rows: dict[str, pa.Table]
    n_lines: int
    rejects: Counter[str]
    received_us: int | None


Listener = Callable[[Heard], None]


class _Reading(Pending):
    """Pending rows of one source, and the last block's for whoever listens."""

    def __init__(self, engine: EmbeddedEngine, source: Source, flow: Flow) -> None:
        super().__init__(engine, source, flow.decoders)
        self.lock = threading.Lock()
        self.on_disk_us = 0
        self.has_ended = False
        self._fresh: dict[str, pa.Table] = {}

    def _keep(self, table: Table, rows: pa.Table) -> None:
        super()._keep(table, rows)
        if rows.num_rows and (table in INLETS or table.name == REJECTS.name):
            self._fresh[table.name] = rows

    def take(self, raw: pa.Table, after: Cursor) -> Heard:
        """Decode a block; it waits for the next commit."""
        return self._heard(lambda: self.add(raw, after), raw["received_us"].to_numpy())

    def take_rest(self) -> Heard:
        """What the decoders held back until the end."""
        return self._heard(self.end, np.empty(0, np.int64))

    def _heard(self, decode: Callable[[], None], received: np.ndarray) -> Heard:
        self._fresh = {}
        refused = Counter(self.totals.rejects)
        n_lines = self.totals.n_lines
        with self.lock:
            decode()
        return Heard(
            source=self.source,
            rows=self._fresh,
            n_lines=self.totals.n_lines - n_lines,
            rejects=self.totals.rejects - refused,
            received_us=int(received.max()) if len(received) else None,
        )

    def write(self) -> None:
        """Commit what has come; the reader goes on meanwhile."""
        with self.lock:
            newest_us = self.newest_us
            self.commit()
        self.wait()
        self.on_disk_us = newest_us


class Watch:
    """Reads, commits and settles until stopped, or until every source has ended.

    `listener` is called in the readers' threads. What goes wrong in any thread ends the watch and
    is raised by `check`.
    """

    def __init__(
        self,
        engine: EmbeddedEngine,
        sources: Sequence[Source],
        flow: Flow,
        settings: Settings,
        *,
        listener: Listener = lambda _: None,
        ended: Callable[[Source], None] = lambda _: None,
    ) -> None:
        self._engine = engine
        self._flow = flow
        self._settings = settings
        self._listener = listener
        self._ended = ended
        self.readings = [_Reading(engine, source, flow) for source in sources]
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._readers = [
            threading.Thread(target=self._guarded, args=(self._read, r), daemon=True)
            for r in self.readings
        ]
        self._workers = [
            threading.Thread(target=self._guarded, args=(work,), daemon=True)
            for work in (self._commit, self._settle)
        ]

    def use(self, flow: Flow) -> None:
        """Settle with the steps of another flow from the next time on; the decoders stay."""
        self._flow = flow

    def start(self) -> None:
        load_kernels(self._flow)
        for thread in (*self._readers, *self._workers):
            thread.start()

    def check(self) -> bool:
        """Whether anything is still being read. Raises what went wrong in a thread."""
        if self._error is not None:
            raise self._error
        return not all(r.has_ended for r in self.readings)

    def finish(self) -> None:
        """Stop reading, commit what came, settle it; all of it where every source has ended."""
        self._stop.set()
        for thread in self._workers:
            thread.join()
        until_s = time.monotonic() + STOP_S
        for thread in self._readers:
            thread.join(max(0.0, until_s - time.monotonic()))
        if self._error is not None:
            raise self._error
        for reading in self.readings:
            reading.write()
        if self.check():
            self._settle_once()
        else:
            self._engine.run(self._flow.steps)

    def _guarded(self, work: Callable[..., None], *given: object) -> None:
        try:
            work(*given)
        except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
            self._error = self._error or error
            self._stop.set()

    def _read(self, reading: _Reading) -> None:
        source = reading.source
        grows = getattr(source, "hold_partial", False)
        while True:
            for raw, after in source.read(reading.cursor):
                self._listener(reading.take(raw, after))
                while reading.n_rows > WAITING_ROWS and not self._stop.wait(0.05):
                    pass
                if self._stop.is_set():
                    return
            if not grows:
                break
            if self._stop.wait(LOOK_AGAIN_S):
                return
        self._listener(reading.take_rest())
        reading.has_ended = True
        self._ended(source)

    def _commit(self) -> None:
        while not self._stop.wait(COMMIT_EVERY_S):
            for reading in self.readings:
                reading.write()

    def _settle(self) -> None:
        while not self._stop.wait(SETTLE_EVERY_S):
            self._settle_once()

    def _settle_once(self) -> None:
        newest_us = max((r.on_disk_us for r in self.readings), default=0)
        newest_us = min(newest_us, time.time_ns() // 1000 + AHEAD_US)
        if newest_us:
            until_us = newest_us - self._settings.lateness_s * 1_000_000
            self._engine.run(self._flow.steps, until_us=until_us)


def load_kernels(flow: Flow) -> None:
    """Decode one sentence and forget it: kernels are loaded before the first bytes come."""
    payload = b"!AIVDM,1,1,,A,13u?etPv2;0n:dDPwUM1U1Cb069D,0*24\n"
    raw = RAW.rows(
        {
            **{"source": ["warm"], "format": ["nmea"], "offset": [0], "first_line": [1]},
            **{"n_lines": [1], "received_us": [0], "payload": [payload]},
        }
    )
    for decoder in flow.decoders:
        _, out = decoder.step(decoder.carries.empty(), Batch({RAW: raw}), Span(0, 1))
        if POSITION_MESSAGES in out:
            reconcile(out[POSITION_MESSAGES], is_live=True)


def follow(
    engine: EmbeddedEngine,
    sources: Sequence[Source],
    flow: Flow,
    settings: Settings,
    interrupt: Interrupt,
) -> None:
    """Read until asked to stop, or until every source has ended; then settle what has come."""
    watch = Watch(engine, sources, flow, settings)
    for source in sources:
        report.tell(f"{source.name}: following")
    told: dict[str, int] = {}
    watch.start()
    told_s = time.monotonic()
    while watch.check() and not interrupt.asked:
        time.sleep(0.1)
        if time.monotonic() - told_s >= SETTLE_EVERY_S:
            _tell_news(watch, told)
            told_s = time.monotonic()
    watch.finish()
    _tell_news(watch, told)


def _tell_news(watch: Watch, told: dict[str, int]) -> None:
    """One line per source that has sent something since the last one."""
    for reading in watch.readings:
        name, totals = reading.source.name, reading.totals
        if told.get(name, -1) != totals.n_lines:
            report.tell(f"{name}: {totals.n_lines:,} lines, {totals.n_rows:,} reports")
            told[name] = totals.n_lines


def delay_s_of(heard: Heard, now_us: int) -> float | None:
    """How old the newest report of a block was when it had been decoded; None without reports."""
    newest = [
        int(np.max(rows["time_us"].to_numpy()))
        for name, rows in heard.rows.items()
        if name != REJECTS.name
    ]
    return max(0.0, (now_us - max(newest)) / 1e6) if newest else None
