"""One folder is the whole state: Parquet files, and a manifest that says which of them count.

A file exists for readers only when the manifest's transaction that names it is committed; what a
crash left behind is removed when the workspace is next opened for writing.
"""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairlead.schema.errors import EngineError
from fairlead.schema.span import Span
from fairlead.schema.table import Table

SCHEMA_VERSION = 2
DAY_US = 86_400_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS files (
    file_id INTEGER PRIMARY KEY, table_name TEXT NOT NULL, path TEXT NOT NULL UNIQUE,
    n_rows INTEGER NOT NULL, min_us INTEGER NOT NULL, max_us INTEGER NOT NULL,
    segment INTEGER, superseded INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS hours (
    hour INTEGER PRIMARY KEY, n_rows INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS files_by_table ON files (table_name, segment);
CREATE TABLE IF NOT EXISTS cursors (
    source TEXT PRIMARY KEY, offset INTEGER NOT NULL, line INTEGER NOT NULL,
    fingerprint TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS states (
    name TEXT NOT NULL, segment INTEGER NOT NULL, rows BLOB NOT NULL,
    PRIMARY KEY (name, segment));
CREATE TABLE IF NOT EXISTS segments (
    segment INTEGER PRIMARY KEY, since_us INTEGER NOT NULL, until_us INTEGER NOT NULL,
    is_last INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS revisions (
    revision_id INTEGER PRIMARY KEY, table_name TEXT NOT NULL, id TEXT NOT NULL,
    change TEXT NOT NULL, reason TEXT NOT NULL, before TEXT, after TEXT);
"""


_ROW_GROUP_ROWS = {"raw": 1}
"""One block a group, so that `why` reads the one block it needs."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A committed Parquet file of a table."""

    path: Path
    n_rows: int
    min_us: int
    max_us: int


class Workspace:
    """`writable` takes the folder's lock, makes what is missing and clears what a crash left.

    Each thread has a connection to the manifest of its own: it sees whole transactions of the
    others, and two that write take turns.
    """

    def __init__(self, folder: Path, *, writable: bool) -> None:
        self.folder = folder
        self._writable = writable
        self._lock = None
        self._next_file = 0
        self._naming = threading.Lock()
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        if writable:
            with clear_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
                self._lock = _take_lock(folder)
        elif not (folder / "control.sqlite").exists():
            message = f"no workspace in `{folder}`"
            raise EngineError(
                message, help="run `fairlead run SOURCE...` first, or pass `--workspace DIR`"
            )
        with clear_errors(folder):
            self._check_version()
        if writable:
            self._clear_leftovers()

    @property
    def control(self) -> sqlite3.Connection:
        """This thread's connection to the manifest."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = _open_control(self.folder, writable=self._writable)
            self._local.connection = connection
            self._open.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._open:
            connection.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection]:
        """All of it or nothing of it."""
        with clear_errors(self.folder):
            self.control.execute("BEGIN IMMEDIATE")
            try:
                yield self.control
            except BaseException:
                self.control.execute("ROLLBACK")
                raise
            self.control.execute("COMMIT")

    def write(self, table: Table, rows: pa.Table, *, compression: str = "zstd") -> list[StoredFile]:
        """Rows as Parquet files by day, on disk but not yet in the manifest."""
        stored = []
        for day, part in _by_day(rows, table.time):
            path = self.folder / table.name / f"day={day}" / self._new_name()
            with clear_errors(self.folder):
                path.parent.mkdir(parents=True, exist_ok=True)
                while path.exists():
                    path = path.with_name(self._new_name())
                pq.write_table(
                    part,
                    path,
                    compression=compression,
                    compression_level=1 if compression == "zstd" else None,
                    row_group_size=_ROW_GROUP_ROWS.get(table.name, 131_072),
                    use_dictionary=_dictionary_columns(part.schema),
                    store_schema=True,
                )
            times = part[table.time]
            low, high = _min_max(times)
            stored.append(StoredFile(path, part.num_rows, low, high))
        return stored

    def _new_name(self) -> str:
        with self._naming:
            self._next_file += 1
            return f"{os.getpid():x}-{self._next_file:06x}.parquet"

    def register(self, table: Table, files: Sequence[StoredFile], segment: int | None) -> None:
        """Name written files in the manifest; call inside a transaction."""
        self.control.executemany(
            "INSERT INTO files (table_name, path, n_rows, min_us, max_us, segment)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            [
                (
                    table.name,
                    self._stored_name(f.path),
                    f.n_rows,
                    f.min_us,
                    f.max_us,
                    segment,
                )
                for f in files
            ],
        )

    def _stored_name(self, path: Path) -> str:
        own = path.is_relative_to(self.folder)
        return str(path.relative_to(self.folder)) if own else str(path.resolve())

    def files(
        self, table: Table, span: Span | None = None, *, superseded: bool = False
    ) -> list[StoredFile]:
        """The committed files of a table that may hold rows of a span, oldest first."""
        query = (
            "SELECT path, n_rows, min_us, max_us FROM files WHERE table_name = ? AND superseded = ?"
        )
        arguments: list[object] = [table.name, int(superseded)]
        if span is not None:
            query += " AND max_us >= ? AND min_us < ?"
            arguments += [span.since_us, span.until_us]
        found = self.control.execute(query + " ORDER BY file_id", arguments).fetchall()
        return [StoredFile(self.folder / path, n, low, high) for path, n, low, high in found]

    def read(
        self,
        table: Table,
        span: Span | None = None,
        columns: Sequence[str] | None = None,
        *,
        superseded: bool = False,
    ) -> pa.Table:
        """The committed rows of a table whose time is in the span, in order of writing."""
        wanted = list(columns) if columns is not None else table.columns.names
        schema = pa.schema([table.columns.field(name) for name in wanted])
        parts = []
        for file in self.files(table, span, superseded=superseded):
            inside = span is None or (file.min_us >= span.since_us and file.max_us < span.until_us)
            filters = None
            if not inside and span is not None:
                filters = [(table.time, ">=", span.since_us), (table.time, "<", span.until_us)]
            with clear_errors(self.folder):
                part = pq.read_table(file.path, columns=wanted, filters=filters, partitioning=None)
            parts.append(part.cast(schema))
        if not parts:
            return schema.empty_table()
        return pa.concat_tables(parts).unify_dictionaries()

    def read_ids(self, table: Table, ids: Sequence[object]) -> pa.Table:
        """The committed rows whose first id column has one of these values, in order of writing."""
        name = table.ids[0]
        wanted = pa.array(list(ids), table.columns.field(name).type)
        parts = []
        for file in self.files(table):
            with clear_errors(self.folder):
                held = pq.read_table(file.path, columns=[name], partitioning=None)
                rows = pc.indices_nonzero(pc.is_in(held[name], value_set=wanted))
                if len(rows):
                    whole = pq.read_table(file.path, partitioning=None)
                    parts.append(whole.take(rows).cast(table.columns))
        return pa.concat_tables([table.empty(), *parts])

    def add_count(self, name: str, value: int) -> None:
        """Add to a named count; call inside a transaction."""
        self.control.execute(
            "INSERT INTO counts VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
            (name, int(value)),
        )

    def counts(self) -> dict[str, int]:
        return dict(self.control.execute("SELECT name, value FROM counts ORDER BY name"))

    def _check_version(self) -> None:
        found = self.control.execute("SELECT value FROM meta WHERE key = 'schema'").fetchone()
        if found is None or int(found[0]) == SCHEMA_VERSION:
            return
        message = (
            f"workspace `{self.folder}` has schema version {found[0]}, this program writes "
            f"{SCHEMA_VERSION}"
        )
        raise EngineError(
            message,
            help="use the program that made it, or start a new workspace "
            "with `--workspace DIR` and run the sources again",
        )

    def _clear_leftovers(self) -> None:
        known = {row[0] for row in self.control.execute("SELECT path FROM files")}
        for path in self.folder.glob("*/day=*/*.parquet"):
            if str(path.relative_to(self.folder)) not in known:
                path.unlink()


@contextmanager
def clear_errors(folder: Path) -> Generator[None]:
    """Turn the operating system's and SQLite's refusals into errors that say what to do."""
    try:
        yield
    except OSError as error:
        raise _engine_error(folder, error) from error
    except sqlite3.OperationalError as error:
        raise _control_error(folder, error) from error
    except sqlite3.DatabaseError as error:
        message = f"`{folder / 'control.sqlite'}` is damaged: {error}"
        raise EngineError(
            message, help="restore it from a backup, or run the sources again into a new workspace"
        ) from error


def _engine_error(folder: Path, error: OSError) -> EngineError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return EngineError(
            f"the disk that holds workspace `{folder}` is full",
            help="free some space and start again: what was committed is kept, the rest is redone",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return EngineError(
            f"workspace `{folder}` cannot be written: {error.strerror}",
            help="pass a folder you may write with `--workspace DIR`",
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return EngineError(
            f"workspace `{folder}` is a file or lies under one",
            help="pass a folder with `--workspace DIR`",
        )
    return EngineError(f"workspace `{folder}`: {error}", help="check the folder and its disk")


def _control_error(folder: Path, error: sqlite3.OperationalError) -> EngineError:
    text = str(error)
    if "full" in text:
        return _engine_error(folder, OSError(errno.ENOSPC, text))
    if "readonly" in text or "unable to open" in text:
        return _engine_error(folder, OSError(errno.EACCES, text))
    if "locked" in text:
        return EngineError(
            f"workspace `{folder}` is busy", help="wait for the other process, or stop it"
        )
    return EngineError(f"workspace `{folder}`: {text}", help="check the folder and its disk")


def _take_lock(folder: Path) -> int:
    """The lock of a folder's writer, with its process number inside for whoever comes second."""
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(lock, 20, 0).decode("ascii", "replace").strip()
        os.close(lock)
        who = f"process {holder}" if holder.isdigit() else "another process"
        message = f"{who} is writing workspace `{folder}`"
        raise EngineError(
            message,
            help="wait for it or stop it, or pass another folder with `--workspace DIR`; `show` "
            "and `why` can read meanwhile",
        ) from None
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _open_control(folder: Path, *, writable: bool) -> sqlite3.Connection:
    path = folder / "control.sqlite"
    if not writable:
        control = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, isolation_level=None, check_same_thread=False
        )
        control.execute("PRAGMA busy_timeout = 10000")
        return control
    fresh = not path.exists() or path.stat().st_size == 0
    control = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    control.execute("PRAGMA busy_timeout = 10000")
    control.execute("PRAGMA journal_mode = WAL")
    control.execute("PRAGMA synchronous = FULL")
    if fresh:
        control.executescript("BEGIN;" + _SCHEMA + "COMMIT;")
        control.execute("INSERT OR IGNORE INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
    return control


def _by_day(rows: pa.Table, time: str) -> Iterator[tuple[str, pa.Table]]:
    if rows.num_rows == 0:
        return
    low, high = _min_max(rows[time])
    if low // DAY_US == high // DAY_US:
        yield _day_name(low // DAY_US), rows
        return
    days = rows[time].to_numpy() // DAY_US
    for day in np.unique(days):
        yield _day_name(int(day)), rows.filter(pa.array(days == day))


def _day_name(day: int) -> str:
    return str(np.datetime64(day, "D"))


def _min_max(times: pa.ChunkedArray) -> tuple[int, int]:
    array = times.to_numpy()
    return int(array.min()), int(array.max())


def _dictionary_columns(schema: pa.Schema) -> list[str]:
    """Columns worth a Parquet dictionary: names and codes, not identifiers and measures."""
    return [
        f.name
        for f in schema
        if pa.types.is_dictionary(f.type)
        or pa.types.is_integer(f.type)
        and f.type.bit_width <= 16
        or pa.types.is_string(f.type)
    ]
