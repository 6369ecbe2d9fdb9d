"""Where control state lives: decisions, the ledger, accounts, rules, referrals.

SQL that every store understands: `?` for values, TEXT, BIGINT and `{bytes}` for types, no dialect.
Rooms own their tables and hand their definitions in; only engines/ knows which database it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Row = tuple[Any, ...]


class Transaction(Protocol):
    """All of it or nothing of it. `query` sees what was written before it in the same one."""

    def execute(self, sql: str, values: Sequence[object] = ()) -> int:
        """Run one statement; the number of rows it changed."""
        ...

    def execute_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None: ...

    def query(self, sql: str, values: Sequence[object] = ()) -> list[Row]: ...


class Store(Protocol):
    """One database. Writers are serialised; readers see the last committed state."""

    def define(self, statements: Sequence[str]) -> None:
        """Create what is missing. Statements must be such that running them again does nothing;
        `{bytes}` stands for the database's type of binary values."""
        ...

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that is on disk when the block ends, and undone when it raises."""
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """A consistent view; statements that write are refused."""
        ...


def forbid_changes(table: str) -> tuple[str, ...]:
    """Statements that make a table append-only for everyone who goes through the database.

    They are a fence, not proof: whoever owns the file can drop them, which the ledger shows.
    """
    return tuple(f"append_only:{table}:{what}" for what in ("UPDATE", "DELETE"))
