"""The whole flow: which steps there are, and how bytes become leads in a workspace.

Decoders run as bytes come in and fill the inlets. Everything after that runs in settled event time
(see engines/embedded.py). A new step is one line here; a new detector is one line in events/.
"""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.source import Cursor, Source
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, Step
from fairlead.schema.table import Table
from fairlead.schema.tables import POSITION_MESSAGES, RAW, REJECTS, STATIC_MESSAGES

INLETS = (POSITION_MESSAGES, STATIC_MESSAGES)
COMMIT_ROWS = 1_000_000

_DECODERS = (
    "fairlead.observations.ais:DecodeNmea",
    "fairlead.observations.archives:DecodeArchive",
)
_BEFORE_EVENTS = (
    "fairlead.observations.observe:ObservePositions",
    "fairlead.observations.observe:ObserveStatics",
    "fairlead.tracks.identities:IdentityTimeline",
    "fairlead.tracks.hulls:Hulls",
    "fairlead.tracks.reception:Reception",
    "fairlead.tracks.silences:Silences",
    "fairlead.tracks.contacts:TimeGrid",
    "fairlead.tracks.contacts:Contacts",
)
_AFTER_EVENTS = (
    "fairlead.events.involvement:Involvement",
    "fairlead.links.watchlist_match:WatchlistMatch",
    "fairlead.leads.step:Leads",
)


def _load(place: str) -> type:
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)


@dataclass(frozen=True, slots=True)
class Flow:
    """Decoders and settled steps, made once from the settings."""

    decoders: tuple[Step, ...]
    steps: tuple[Step, ...]


def default_flow() -> Flow:
    """The flow with every default and no reference data."""
    from fairlead.events import detectors

    return Flow(
        tuple(_load(p)() for p in _DECODERS),
        (
            *(_load(p)() for p in _BEFORE_EVENTS),
            *detectors({}),
            *(_load(p)() for p in _AFTER_EVENTS),
        ),
    )


def every_step() -> list[Step]:
    """Each step once, with its defaults: for documentation and laws."""
    flow = default_flow()
    return [*flow.decoders, *flow.steps]


@dataclass(slots=True)
class Ingested:
    """What came in, by name of the count."""

    n_bytes: int = 0
    n_lines: int = 0
    n_rows: int = 0
    rejects: Counter[str] = field(default_factory=Counter)


Tell = Callable[[Source, Ingested], None]


def ingest(
    engine: EmbeddedEngine,
    source: Source,
    decoders: Sequence[Step],
    tell: Tell | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Ingested:
    """Read a source from where the workspace left it to its end, committing as it goes.

    Each commit holds the raw blocks, what they decode to, what the decoders carry, and the cursor:
    all or none. `should_stop` is asked between blocks; what an exception or a crash interrupts is
    read again from the last commit.
    """
    pending = Pending(engine, source, decoders)
    cursor, _ = engine.cursor(source.name)
    for raw, after in source.read(cursor):
        pending.add(raw, after)
        if pending.n_rows >= COMMIT_ROWS or pending.n_bytes >= _COMMIT_BYTES:
            pending.commit()
        if tell:
            tell(source, pending.totals)
        if should_stop and should_stop():
            break
    pending.commit()
    return pending.totals


_COMMIT_BYTES = 128 << 20


class Pending:
    """Decoded rows of one source that are not committed yet."""

    def __init__(self, engine: EmbeddedEngine, source: Source, decoders: Sequence[Step]) -> None:
        self.engine = engine
        self.source = source
        self.decoders = decoders
        self.carried = {d.kind: engine.carried(self._name(d), d.carries) for d in decoders}
        self.rows: dict[Table, list[pa.Table]] = {}
        self.cursor: Cursor | None = None
        self.newest_us = 0
        self.n_rows = 0
        self.n_bytes = 0
        self.totals = Ingested()

    def _name(self, decoder: Step) -> str:
        return f"{decoder.kind}|{self.source.name}"

    def add(self, raw: pa.Table, after: Cursor) -> None:
        self._keep(RAW, raw)
        received = raw["received_us"].to_numpy()
        span = Span(int(received.min()), int(received.max()) + 1) if len(received) else Span(0, 0)
        for decoder in self.decoders:
            carried, out = decoder.step(self.carried[decoder.kind], Batch({RAW: raw}), span)
            self.carried[decoder.kind] = carried
            for table in out:
                self._keep(table, out[table])
                if table.name == REJECTS.name:
                    self.totals.rejects.update(_reasons(out[table]))
                elif table in INLETS and out[table].num_rows:
                    self.totals.n_rows += out[table].num_rows
                    newest_us = int(out[table][table.time].to_numpy().max())
                    self.newest_us = max(self.newest_us, newest_us)
        self.cursor = after
        n_bytes = sum(len(p) for p in raw["payload"])
        self.n_bytes += n_bytes
        self.totals.n_bytes += n_bytes
        self.totals.n_lines += int(sum(raw["n_lines"].to_pylist()))

    def _keep(self, table: Table, rows: pa.Table) -> None:
        if rows.num_rows:
            self.rows.setdefault(table, []).append(rows)
            self.n_rows += rows.num_rows

    def commit(self) -> None:
        if self.cursor is None:
            return
        self.engine.append(
            {table: pa.concat_tables(parts) for table, parts in self.rows.items()},
            cursors={self.source.name: self.cursor},
            carried={self._name(d): self.carried[d.kind] for d in self.decoders},
        )
        self.rows, self.cursor, self.n_rows, self.n_bytes = {}, None, 0, 0


def _reasons(rejects: pa.Table) -> Iterable[str]:
    return rejects["reason"].to_pylist()
