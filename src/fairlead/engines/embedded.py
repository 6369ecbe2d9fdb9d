"""The embedded engine, the reference for all others: one process, Parquet and SQLite in one folder.

Settled event time advances in segments. A segment's output files, what each step carries, and the
segment itself are committed in one transaction, so a crash at any instant leaves the tables as they
were after some segment. Going back is the same act for a late row and for the end of a recording:
the segments from there on are taken back and run again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa

from fairlead.engines.plan import Planned, plan, state_name
from fairlead.engines.raw_records import find_record
from fairlead.engines.rows import (
    carried_for,
    from_bytes,
    last_versions,
    merge_carried,
    sorted_rows,
    split_at,
    to_bytes,
)
from fairlead.engines.workspace import DAY_US, StoredFile, Workspace
from fairlead.schema.ids import digest
from fairlead.schema.source import Cursor
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, Step
from fairlead.schema.table import Table

HOUR_US = 3_600_000_000
SEGMENT_ROWS = 2_000_000
STATES_KEPT = 64

Progress = Callable[[int, int], None]


class EmbeddedEngine:
    """One workspace. `inlets` are the tables that ingestion fills and steps read."""

    def __init__(self, folder: Path, *, inlets: Sequence[Table], writable: bool = True) -> None:
        self.inlets = tuple(inlets)
        self.workspace = Workspace(folder, writable=writable)
        self._states: dict[str, pa.Table] | None = None
        # one thread writes Parquet while the next step runs: both work outside the interpreter
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="fairlead-writer")

    def close(self) -> None:
        self._writer.shutdown(wait=True)
        self.workspace.close()

    def cursor(self, source: str) -> Cursor:
        """Where a source goes on."""
        row = self.workspace.control.execute(
            "SELECT offset, line, fingerprint FROM cursors WHERE source = ?", (source,)
        ).fetchone()
        return Cursor(*row) if row else Cursor()

    def carried(self, name: str, table: Table) -> pa.Table:
        """What an ingesting step carried at the last commit."""
        row = self.workspace.control.execute(
            "SELECT rows FROM states WHERE name = ? AND segment = -1", (name,)
        ).fetchone()
        return table.conform(from_bytes(row[0])) if row else table.empty()

    def append(
        self,
        rows: dict[Table, pa.Table],
        *,
        cursors: dict[str, Cursor] | None = None,
        carried: dict[str, pa.Table] | None = None,
        counts: dict[str, int] | None = None,
    ) -> None:
        """Store ingested rows, the sources' cursors and the decoders' carry in one transaction."""
        written = [
            (table, self._write_inlet(table, sorted_rows(table.conform(part), (table.time,))))
            for table, part in rows.items()
            if part.num_rows
        ]
        with self.workspace.transaction() as control:
            for table, files in written:
                self.workspace.register(table, files, None)
                if table in self.inlets:
                    self._note_arrival(rows[table][table.time].to_numpy())
            for source, cursor in (cursors or {}).items():
                control.execute(
                    "INSERT OR REPLACE INTO cursors VALUES (?, ?, ?, ?)",
                    (source, cursor.offset, cursor.line, cursor.fingerprint),
                )
            for name, part in (carried or {}).items():
                control.execute(
                    "INSERT OR REPLACE INTO states VALUES (?, -1, ?)", (name, to_bytes(part))
                )
            for name, value in (counts or {}).items():
                self.workspace.add_count(name, value)

    def _write_inlet(self, table: Table, rows: pa.Table) -> list[StoredFile]:
        """Inlets are read back once and soon: quick to write matters more than small."""
        compression = "lz4" if table in self.inlets else "zstd"
        return self.workspace.write(table, rows, compression=compression)

    def scan(
        self, table: Table, span: Span | None = None, columns: Sequence[str] | None = None
    ) -> pa.Table:
        """A table as it stands: of an upserted one, the last version of each id."""
        if not table.upserted:
            return self.workspace.read(table, span, columns)
        rows = last_versions(table, self.workspace.read(table))
        if span is not None:
            times = rows[table.time].to_numpy()
            rows = rows.filter(pa.array((times >= span.since_us) & (times < span.until_us)))
        return rows.select(list(columns)) if columns is not None else rows

    def borrow(
        self, other: EmbeddedEngine, tables: Iterable[Table], since_us: int | None = None
    ) -> None:
        """Read these tables from another workspace, in place, as inlets of this one.

        With `since_us`, of tables that only grow those files alone that reach beyond it.
        """
        with self.workspace.transaction():
            for table in tables:
                recent = since_us is not None and not table.upserted
                span = Span(since_us, 1 << 62) if recent and since_us is not None else None
                self.workspace.register(table, other.workspace.files(table, span), None)
                if table in self.inlets and not table.upserted:
                    times = other.workspace.read(table, span, columns=[table.time])
                    if times.num_rows:
                        self._note_arrival(times[table.time].to_numpy())

    def lookup(self, table: Table, ids: Sequence[object]) -> list[dict[str, object]]:
        """The rows whose first id column has one of these values, the last version of each."""
        found = self.workspace.read_ids(table, ids)
        return (last_versions(table, found) if table.upserted else found).to_pylist()

    def raw_record(self, source: str, offset: int, line: int) -> bytes | None:
        """The bytes of one record as they came; None when no block holds it."""
        return find_record(self.workspace, source, offset, line)

    def n_rows(self, table: Table) -> int:
        """Rows written of a table that only grows, without reading them."""
        return sum(file.n_rows for file in self.workspace.files(table))

    def counts(self) -> dict[str, int]:
        """Named counts kept beside the tables."""
        return self.workspace.counts()

    def revisions(self) -> pa.Table:
        """What late rows and longer recordings changed in events and leads, and why."""
        names = ("table_name", "id", "change", "reason", "before", "after")
        found = self.workspace.control.execute(
            f"SELECT {', '.join(names)} FROM revisions ORDER BY revision_id"
        ).fetchall()
        schema = pa.schema([(name, pa.string()) for name in names])
        return pa.Table.from_pylist([dict(zip(names, r, strict=True)) for r in found], schema)

    def run(
        self,
        steps: Sequence[Step],
        until_us: int | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Take settled event time to `until_us`, or to the end of what has come.

        Rows that came for a time already settled take back the segments from there on; what that
        changes in events and leads is kept in `revisions` with the reason. `progress` is told the
        settled rows and the rows in all.
        """
        planned = plan(steps)
        control = self.workspace.control
        if not control.execute("SELECT 1 FROM hours LIMIT 1").fetchone():
            return
        self._take_back_if_needed()
        first_us, last_us = self._extent()
        settled_us = self._settled_us()
        end_us = last_us + 1 if until_us is None else min(until_us, last_us + 1)
        start_us = first_us - first_us % HOUR_US if settled_us is None else settled_us
        for span in self._segments(start_us, end_us):
            self._advance(planned, span, last_us=None)
            if progress:
                progress(*self._progress(span.until_us))
        if until_us is None and not self._is_ended():
            self._advance(planned, Span(end_us, end_us), last_us=last_us)
        if self._states is not None:
            self._close_revision(planned)

    def _note_arrival(self, times: np.ndarray) -> None:
        control = self.workspace.control
        hours, n_rows = np.unique(times // HOUR_US, return_counts=True)
        control.executemany(
            "INSERT INTO hours VALUES (?, ?)"
            " ON CONFLICT (hour) DO UPDATE SET n_rows = n_rows + excluded.n_rows",
            list(zip(hours.tolist(), n_rows.tolist(), strict=True)),
        )
        earliest_us = int(times.min())
        settled_us = max(self._settled_us() or 0, self._meta("settling_us") or 0)
        if settled_us and earliest_us < settled_us:
            n_late = int(np.count_nonzero(times < settled_us))
            self.workspace.add_count("late_rows", n_late)
            self._lower_meta("late_from_us", earliest_us)
        self._set_meta("arrived", 1)

    def _take_back_if_needed(self) -> None:
        with self.workspace.transaction() as control:
            late_us = self._meta("late_from_us")
            arrived = self._meta("arrived")
            last = control.execute(
                "SELECT segment, until_us, is_last FROM segments ORDER BY segment DESC LIMIT 1"
            ).fetchone()
            if last is None or not arrived:
                return
            back_to = last[0] if last[2] else None
            if late_us is not None and late_us < last[1]:
                back_to = self._segment_before(late_us)
            control.execute("DELETE FROM meta WHERE key IN ('late_from_us', 'arrived')")
            if back_to is None:
                return
            reason = "late rows" if late_us is not None else "more rows"
            self._set_meta("revising", reason)
            control.execute("UPDATE files SET superseded = 1 WHERE segment >= ?", (back_to,))
            control.execute("DELETE FROM segments WHERE segment >= ?", (back_to,))
            control.execute("DELETE FROM states WHERE segment >= ?", (back_to,))
        self._states = None

    def _segment_before(self, late_us: int) -> int:
        """The first segment to run again for rows from an instant on."""
        control = self.workspace.control
        (segment,) = control.execute(
            "SELECT min(segment) FROM segments WHERE until_us > ?", (late_us,)
        ).fetchone()
        kept = control.execute(
            "SELECT 1 FROM states WHERE segment = ? LIMIT 1", (segment - 1,)
        ).fetchone()
        return 0 if kept is None else segment

    def _segments(self, start_us: int, end_us: int) -> list[Span]:
        """Spans of about SEGMENT_ROWS rows that end on hours and never cross midnight."""
        found = self.workspace.control.execute(
            "SELECT hour, n_rows FROM hours WHERE hour >= ? AND hour * ? < ? ORDER BY hour",
            (start_us // HOUR_US, HOUR_US, end_us),
        ).fetchall()
        cuts, waiting, day = [], 0, None
        for hour, n_rows in found:
            new_day = hour * HOUR_US // DAY_US
            if waiting and (new_day != day or waiting + n_rows > SEGMENT_ROWS):
                cuts.append(hour * HOUR_US)
                waiting = 0
            waiting, day = waiting + n_rows, new_day
        return Span(start_us, end_us).cut(*cuts) if end_us > start_us else []

    def _advance(self, planned: list[Planned], span: Span, last_us: int | None) -> None:
        states = self._load_states(planned)
        segment = self._next_segment()
        with self.workspace.transaction():
            # another thread may append meanwhile: from here on, rows before this are late
            self._set_meta("settling_us", span.until_us)
        rows: dict[str, pa.Table] = {}
        for table in self.inlets:
            rows[table.name] = (
                self.workspace.read(table, span) if last_us is None else table.empty()
            )
        after: dict[str, pa.Table] = {}
        ordered: dict[tuple[str, str, int], pa.Table] = {}
        writing: list[tuple[Table, Future[list[StoredFile]]]] = []
        for item in planned:
            out = self._run_step(item, span, last_us, rows, states, after, ordered)
            for table in out:
                writing.append(
                    (table, self._writer.submit(self.workspace.write, table, out[table]))
                )
                parts = [rows[table.name]] if table.name in rows else []
                rows[table.name] = pa.concat_tables([*parts, out[table]])
        written = [(table, files.result()) for table, files in writing]
        self._commit_segment(segment, span, written, after, is_last=last_us is not None)
        self._states = {**states, **after}

    def _run_step(
        self,
        item: Planned,
        span: Span,
        last_us: int | None,
        rows: dict[str, pa.Table],
        states: dict[str, pa.Table],
        after: dict[str, pa.Table],
        ordered: dict[tuple[str, str, int], pa.Table],
    ) -> Batch:
        step = item.step
        own = item.span(span) if last_us is None else item.last_span(span.since_us, last_us)
        batch: dict[Table, pa.Table] = {}
        for table in step.reads:
            name = f"{state_name(step)}/{table.name}"
            held = states.get(name, table.empty())
            fresh = rows.get(table.name, table.empty())
            if held.num_rows == 0 and (table.name, step.key, own.until_us) in ordered:
                batch[table] = ordered[table.name, step.key, own.until_us]
                continue
            ready, left = split_at(table, [held, fresh], own.until_us)
            after[name] = left
            if ready.num_rows:
                batch[table] = sorted_rows(ready, (step.key, table.time, *table.ids))
                if held.num_rows == 0 and left.num_rows == 0:
                    ordered[table.name, step.key, own.until_us] = batch[table]
        carried = states.get(state_name(step), step.carries.empty())
        chosen, rest = carried_for(step, carried, batch, own)
        if not batch and not chosen.num_rows:
            after[state_name(step)] = carried
            return Batch()
        kept, out = step.step(chosen, Batch(batch), own)
        after[state_name(step)] = merge_carried(step, rest, kept)
        return out

    def _commit_segment(
        self,
        segment: int,
        span: Span,
        written: list[tuple[Table, list[StoredFile]]],
        states: dict[str, pa.Table],
        *,
        is_last: bool,
    ) -> None:
        packed = [(name, segment, to_bytes(rows)) for name, rows in states.items() if rows.num_rows]
        packed.append(("", segment, b""))
        with self.workspace.transaction() as control:
            for table, files in written:
                self.workspace.register(table, files, segment)
            control.executemany("INSERT OR REPLACE INTO states VALUES (?, ?, ?)", packed)
            control.execute(
                "DELETE FROM states WHERE segment >= 0 AND segment < ?", (segment - STATES_KEPT,)
            )
            control.execute(
                "INSERT INTO segments VALUES (?, ?, ?, ?)",
                (segment, span.since_us, span.until_us, is_last),
            )

    def _load_states(self, planned: list[Planned]) -> dict[str, pa.Table]:
        if self._states is not None:
            return self._states
        tables = {state_name(item.step): item.step.carries for item in planned}
        for item in planned:
            for table in item.step.reads:
                tables[f"{state_name(item.step)}/{table.name}"] = table
        found = self.workspace.control.execute(
            "SELECT name, rows FROM states WHERE segment = ? AND name != ''",
            (self._next_segment() - 1,),
        ).fetchall()
        self._states = {
            name: tables[name].conform(from_bytes(rows)) for name, rows in found if name in tables
        }
        return self._states

    def _close_revision(self, planned: list[Planned]) -> None:
        """When what was taken back has been run again: keep the differences, drop the old files."""
        reason = self._text_meta("revising")
        if reason is None:
            return
        tables = {t.name: t for item in planned for t in item.step.writes if t.upserted}
        changes = []
        for name in ("events", "leads"):
            if name in tables:
                changes += self._differences(tables[name], reason)
        stale = self.workspace.control.execute(
            "SELECT path FROM files WHERE superseded = 1"
        ).fetchall()
        with self.workspace.transaction() as control:
            control.executemany(
                "INSERT INTO revisions (table_name, id, change, reason, before, after)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                changes,
            )
            control.execute("DELETE FROM files WHERE superseded = 1")
            control.execute("DELETE FROM meta WHERE key = 'revising'")
        for (path,) in stale:
            (self.workspace.folder / path).unlink(missing_ok=True)

    def _differences(self, table: Table, reason: str) -> list[tuple]:
        before = _by_id(table, self.workspace.read(table, superseded=True))
        touched = last_versions(table, self.workspace.read(table))
        after = _by_id(table, touched)
        changes = []
        for row_id, old in before.items():
            new = after.get(row_id)
            if new is None:
                changes.append((table.name, row_id, "vanished", reason, digest(old), None))
            elif new != old:
                changes.append((table.name, row_id, "changed", reason, digest(old), digest(new)))
        return changes

    def _extent(self) -> tuple[int, int]:
        names = [t.name for t in self.inlets]
        marks = ", ".join("?" * len(names))
        return self.workspace.control.execute(
            f"SELECT min(min_us), max(max_us) FROM files WHERE table_name IN ({marks})", names
        ).fetchone()

    def _progress(self, until_us: int) -> tuple[int, int]:
        return self.workspace.control.execute(
            "SELECT coalesce(sum(CASE WHEN hour * ? < ? THEN n_rows ELSE 0 END), 0), sum(n_rows)"
            " FROM hours",
            (HOUR_US, until_us),
        ).fetchone()

    def _settled_us(self) -> int | None:
        return self.workspace.control.execute("SELECT max(until_us) FROM segments").fetchone()[0]

    def _is_ended(self) -> bool:
        row = self.workspace.control.execute(
            "SELECT is_last FROM segments ORDER BY segment DESC LIMIT 1"
        ).fetchone()
        return bool(row and row[0])

    def _next_segment(self) -> int:
        row = self.workspace.control.execute("SELECT max(segment) FROM segments").fetchone()
        return 0 if row[0] is None else row[0] + 1

    def _meta(self, key: str) -> int | None:
        text = self._text_meta(key)
        return None if text is None else int(text)

    def _text_meta(self, key: str) -> str | None:
        row = self.workspace.control.execute(
            "SELECT value FROM meta WHERE key = ?", (key,)
        ).fetchone()
        return None if row is None else row[0]

    def _set_meta(self, key: str, value: object) -> None:
        self.workspace.control.execute(
            "INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, str(value))
        )

    def _lower_meta(self, key: str, value: int) -> None:
        known = self._meta(key)
        self._set_meta(key, value if known is None else min(known, value))


def _by_id(table: Table, rows: pa.Table) -> dict[str, dict]:
    rows = last_versions(table, rows)
    return {"/".join(str(row[i]) for i in table.ids): row for row in rows.to_pylist()}
