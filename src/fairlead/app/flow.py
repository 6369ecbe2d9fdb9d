"""The whole flow: which steps there are, and how bytes become leads in a workspace.

Decoders run as bytes come in and fill the inlets. Everything after that runs in settled event time
(see engines/embedded.py). A new step is one line here; a new detector is one line in events/.
"""

from __future__ import annotations

import glob
import importlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from fairlead.app import reference
from fairlead.app.config import Settings
from fairlead.app.words import count
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.leads.weights import Weights
from fairlead.schema.errors import ConfigError
from fairlead.schema.source import Cursor, Source
from fairlead.schema.span import Span
from fairlead.schema.step import WAKE, Batch, Step
from fairlead.schema.table import Table
from fairlead.schema.tables import CLAIMS, POSITION_MESSAGES, RAW, REJECTS, STATIC_MESSAGES

INLETS = (POSITION_MESSAGES, STATIC_MESSAGES)
COMMIT_ROWS = 1_000_000

_BEFORE_EVENTS = (
    "fairlead.observations.observe:ObservePositions",
    "fairlead.observations.observe:ObserveStatics",
    "fairlead.tracks.identities:IdentityTimeline",
    "fairlead.tracks.hulls:Hulls",
    "fairlead.tracks.stops:Stops",
    "fairlead.tracks.silences:Silences",
    "fairlead.tracks.presence:Presence",
    "fairlead.tracks.reception:Reception",
    "fairlead.tracks.grid:TimeGrid",
    "fairlead.tracks.contacts:Contacts",
)


@dataclass(frozen=True, slots=True)
class Flow:
    """Decoders and settled steps, made once from the settings, and the claims they match."""

    decoders: tuple[Step, ...]
    before_events: tuple[Step, ...]
    after_tracks: tuple[Step, ...]
    claims: pa.Table

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.before_events, *self.after_tracks)

    def matching(self, claims: pa.Table) -> Flow:
        """The same flow, its vessels held against these claims."""
        from fairlead.links.claim_index import ClaimIndex
        from fairlead.links.watchlist_match import WatchlistMatch

        steps = (
            replace(s, index=ClaimIndex(claims)) if isinstance(s, WatchlistMatch) else s
            for s in self.after_tracks
        )
        return replace(self, after_tracks=tuple(steps), claims=claims)


def build(
    settings: Settings,
    *,
    assume_time_us: int | None = None,
    mapping: Path | None = None,
    notice: Callable[[str], None] = lambda _: None,
) -> Flow:
    """The flow that the settings ask for. `notice` is told what was read on the way.

    Raises ConfigError for a setting a step does not have, SourceError for a list nobody knows.
    """
    from fairlead.events import detectors
    from fairlead.events.involvement import Involvement
    from fairlead.leads.partners import Partners
    from fairlead.leads.step import Leads
    from fairlead.links.claim_index import ClaimIndex
    from fairlead.links.watchlist_match import WatchlistMatch

    claims = read_claims(settings.watchlists, notice)
    known = reference.load(settings, notice)
    return Flow(
        decoders=_decoders(assume_time_us, mapping),
        before_events=tuple(_load(place)() for place in _BEFORE_EVENTS),
        after_tracks=(
            *detectors(reference.detector_settings(settings, known)),
            Involvement(),
            WatchlistMatch(index=ClaimIndex(claims)),
            Partners(),
            Leads(weights=_weights(settings.weights)),
        ),
        claims=claims,
    )


def _decoders(assume_time_us: int | None, mapping: Path | None) -> tuple[Step, ...]:
    from fairlead.observations.ais.step import DecodeNmea
    from fairlead.observations.archives.mapping import load_mapping
    from fairlead.observations.archives.step import DecodeArchive

    text = load_mapping(mapping) if mapping else ""
    return DecodeNmea(assume_time_us=assume_time_us), DecodeArchive(mapping_toml=text)


def _weights(path: Path | None) -> Weights:
    from fairlead.leads.weights import default_weights, read_weights

    if path is None:
        return default_weights()
    try:
        return read_weights(path.read_text("utf-8"))
    except OSError as error:
        message = f"weights file `{path}` cannot be read: {error.strerror}"
        raise ConfigError(
            message, help="copy src/fairlead/leads/weights.toml and edit it"
        ) from error


def _load(place: str) -> type:
    module, name = place.split(":")
    return getattr(importlib.import_module(module), name)


def every_step() -> list[Step]:
    """Each step once, with its defaults: for documentation and laws."""
    flow = build(Settings())
    return [*flow.decoders, *flow.steps]


def read_claims(paths: Sequence[Path], notice: Callable[[str], None]) -> pa.Table:
    """The claims of all watch lists, the date of a path's newest file as their edition."""
    from fairlead.links.watchlists import read_watchlist

    parts = [CLAIMS.empty()]
    for path in paths:
        found = read_watchlist(path, _edition_us(path))
        parts.append(found.claims)
        for name, layout in found.layouts.items():
            notice(f"{name}: {layout}")
        dropped = found.counts.get("dropped_person_field", 0)
        notice(
            f"{path}: {count(found.claims.num_rows, 'claim')}, "
            f"{count(dropped, 'field')} that may be about persons dropped"
        )
    return pa.concat_tables(parts)


def _edition_us(path: Path) -> int:
    """When the newest file of a path, a folder or a pattern was last written; 0 for none."""
    within = path.rglob("*") if path.is_dir() else map(Path, glob.glob(str(path)))
    files = [path] if path.is_file() else [p for p in within if p.is_file()]
    return max((p.stat().st_mtime_ns // 1000 for p in files), default=0)


def hold_claims(engine: EmbeddedEngine, flow: Flow, notice: Callable[[str], None]) -> Flow:
    """Keep the claims of the lists just read, end those a newer edition of a list no longer has,
    and give the flow that matches with all claims the workspace then holds."""
    from fairlead.links.watchlists.editions import amended

    change = amended(engine.scan(CLAIMS), flow.claims)
    if change.claims.num_rows:
        engine.append({CLAIMS: change.claims})
    for source, n in change.n_ended.items():
        notice(f"{source}: {count(n, 'claim')} ended, no longer on the newest edition")
    for source in change.excerpts:
        notice(
            f"{source}: holds less than half of the entries known of this list: taken for an "
            "excerpt, no claim ends"
        )
    held = engine.scan(CLAIMS)
    earlier = sorted({*_sources(held)} - {*_sources(flow.claims)})
    if earlier:
        n = sum(s in earlier for s in held["source"].to_pylist())
        notice(f"matching with {count(n, 'claim')} read before: {', '.join(earlier)}")
    return flow.matching(held)


def _sources(claims: pa.Table) -> set[str]:
    return set(pc.unique(claims["source"]).to_pylist())


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
    read again from the last commit. At the end what the decoders held back comes out.
    """
    pending = Pending(engine, source, decoders)
    try:
        for raw, after in source.read(pending.cursor):
            pending.add(raw, after)
            if pending.n_rows >= COMMIT_ROWS or pending.n_bytes >= _COMMIT_BYTES:
                pending.commit()
            if tell:
                tell(source, pending.totals)
            if should_stop and should_stop():
                break
        else:
            pending.end()
        pending.commit()
    finally:
        pending.wait()
    return pending.totals


_COMMIT_BYTES = 128 << 20
_FOREVER_US = 1 << 62


def _waits(carried: pa.Table) -> bool:
    """Whether a decoder would write something without another byte, once time has passed."""
    return WAKE in carried.column_names and carried[WAKE].null_count < carried.num_rows


class Pending:
    """Decoded rows of one source that are not committed yet."""

    def __init__(self, engine: EmbeddedEngine, source: Source, decoders: Sequence[Step]) -> None:
        self.engine = engine
        self.source = source
        self.decoders = decoders
        self.carried = {d.kind: engine.carried(self._name(d), d.carries) for d in decoders}
        self.rows: dict[Table, list[pa.Table]] = {}
        self.cursor = engine.cursor(source.name)
        self.has_news = False
        self.newest_us = 0
        self.n_rows = 0
        self.n_bytes = 0
        self.totals = Ingested()
        self.writing: Future[None] | None = None

    def _name(self, decoder: Step) -> str:
        return f"{decoder.kind}|{self.source.name}"

    def add(self, raw: pa.Table, after: Cursor) -> None:
        """Decode blocks of whole records; `after` is the cursor behind them."""
        self._keep(RAW, raw)
        received = raw["received_us"].to_numpy()
        span = Span(int(received.min()), int(received.max()) + 1) if len(received) else Span(0, 0)
        self._decode(raw, span)
        self.cursor, self.has_news = after, True
        n_bytes = pc.sum(pc.binary_length(raw["payload"])).as_py() or 0
        self.n_bytes += n_bytes
        self.totals.n_bytes += n_bytes
        self.totals.n_lines += pc.sum(raw["n_lines"]).as_py() or 0

    def end(self) -> None:
        """The recording is over: whatever a decoder holds back comes out, as a row or a reject.

        Should it grow later, it is read on from here; what came out stays as it is.
        """
        if any(_waits(carried) for carried in self.carried.values()):
            self._decode(RAW.empty(), Span(_FOREVER_US, _FOREVER_US))
            self.has_news = True

    def _decode(self, raw: pa.Table, span: Span) -> None:
        from fairlead.observations.clock import reconcile

        for decoder in self.decoders:
            carried, out = decoder.step(self.carried[decoder.kind], Batch({RAW: raw}), span)
            self.carried[decoder.kind] = carried
            for table in out:
                rows = out[table]
                if table == POSITION_MESSAGES:
                    rows = reconcile(rows, is_live=self.source.is_live)
                self._keep(table, rows)
                if table.name == REJECTS.name:
                    self.totals.rejects.update(_reasons(out[table]))
                elif table in INLETS and out[table].num_rows:
                    self.totals.n_rows += out[table].num_rows
                    newest_us = int(out[table][table.time].to_numpy().max())
                    self.newest_us = max(self.newest_us, newest_us)

    def _keep(self, table: Table, rows: pa.Table) -> None:
        if rows.num_rows:
            self.rows.setdefault(table, []).append(rows)
            self.n_rows += rows.num_rows

    def commit(self) -> None:
        """Hand what has come to the writer; at most one commit is on its way at a time."""
        self.wait()
        if not self.has_news:
            return
        rows = {table: pa.concat_tables(parts) for table, parts in self.rows.items()}
        self.writing = _WRITER.submit(
            self.engine.append,
            rows,
            cursors={self.source.name: self.cursor},
            carried={self._name(d): self.carried[d.kind] for d in self.decoders},
        )
        self.rows, self.has_news, self.n_rows, self.n_bytes = {}, False, 0, 0

    def wait(self) -> None:
        """Until the last commit is on disk; raises what went wrong with it."""
        if self.writing is not None:
            self.writing.result()
            self.writing = None


_WRITER = ThreadPoolExecutor(1, thread_name_prefix="fairlead-commit")


def _reasons(rejects: pa.Table) -> Iterable[str]:
    return rejects["reason"].to_pylist()
