"""Control state in SQLite: one file, write-ahead log, every commit on disk before it is believed.

Threads may share a store: writers take turns, each thread reads through a connection of its own.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from fairlead.engines.workspace import clear_errors
from fairlead.schema.errors import ConflictError
from fairlead.schema.store import Row

FILE_NAME = "review.sqlite"
_DEFINITIONS = "SELECT name, tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL"


class SqliteTransaction:
    """Statements inside one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[object] = ()) -> int:
        return self._connection.execute(sql, tuple(values)).rowcount  # type: ignore[arg-type]

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        self._connection.executemany(sql, [tuple(row) for row in rows])  # type: ignore[misc]

    def query(self, sql: str, values: Sequence[object] = ()) -> list[Row]:
        return self._connection.execute(sql, tuple(values)).fetchall()  # type: ignore[arg-type]


class SqliteStore:
    """The store of one workspace, in `review.sqlite` of its folder.

    Raises EngineError where the file cannot be made, read or written, with what to do.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._folder = folder
        self._writing = threading.RLock()
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        with clear_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._writer = self._connect()

    def close(self) -> None:
        for connection in self._open:
            connection.close()

    def define(self, statements: Sequence[str]) -> None:
        with self.write() as transaction:
            for statement in statements:
                transaction.execute(_translated(statement))

    def unlike(self, statements: Sequence[str]) -> list[str]:
        """Names of what these definitions make that is missing here, was changed, or was added to
        their tables by somebody else, such as a trigger that swallows rows."""
        meant = sqlite3.connect(":memory:")
        try:
            for statement in statements:
                meant.execute(_translated(statement))
            wanted = set(meant.execute(_DEFINITIONS))
        finally:
            meant.close()
        tables = {table for _, table, _ in wanted}
        with self.read() as view:
            found = {row for row in view.query(_DEFINITIONS) if row[1] in tables}
        return sorted({name for name, _, _ in wanted ^ found})

    @contextmanager
    def write(self) -> Generator[SqliteTransaction]:
        with self._writing, clear_errors(self._folder):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteTransaction(self._writer)
            except sqlite3.IntegrityError as error:
                self._writer.execute("ROLLBACK")
                message = f"`{self.path.name}` refused: {error}"
                raise ConflictError(message, help="read it again and repeat") from error
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    @contextmanager
    def read(self) -> Generator[SqliteTransaction]:
        """Inside of another read of this thread it is that one's view."""
        outer = getattr(self._local, "view", None)
        if outer is not None:
            yield outer
            return
        with clear_errors(self._folder):
            reader = getattr(self._local, "reader", None)
            if reader is None:
                reader = self._local.reader = self._connect()
                reader.execute("PRAGMA query_only = ON")
            reader.execute("BEGIN")
            self._local.view = SqliteTransaction(reader)
            try:
                yield self._local.view
            finally:
                self._local.view = None
                reader.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        self._open.append(connection)
        return connection


def _translated(statement: str) -> str:
    if statement.startswith("append_only:"):
        _, table, what = statement.split(":")
        return (
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{what.lower()} BEFORE {what} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
        )
    return statement.replace("{bytes}", "BLOB")
