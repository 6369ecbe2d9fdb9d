"""A table: its Arrow schema, the key its rows belong to, and the column that orders them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from fairlead.schema.errors import ConfigError


def column(
    name: str,
    type: pa.DataType,
    doc: str,
    *,
    codes: Sequence[str] = (),
    required: bool = False,
) -> pa.Field:
    """A column with its meaning; `codes` names the values 0, 1, 2... of an integer column.

    Null means not available. A `required` column is never null.
    """
    metadata = {"doc": doc}
    if codes:
        metadata["codes"] = "|".join(codes)
    return pa.field(name, type, nullable=not required, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Table:
    """One noun of the house.

    `key` is the column whose equal values an engine keeps in one place; `time` orders the rows of
    a key (UTC microseconds); `ids` are the columns that make a row unique and break ties of time.
    A table that is `upserted` keeps the last row written for an id: a later version of an event
    replaces the earlier one. The others only grow.
    """

    name: str
    doc: str
    columns: pa.Schema
    key: str
    time: str
    ids: tuple[str, ...]
    upserted: bool = False
    _empty: pa.Table = field(init=False, repr=False, compare=False)

    def __hash__(self) -> int:
        """By name: tables are keys of every batch, and a schema is slow to hash."""
        return hash(self.name)

    def __post_init__(self) -> None:
        missing = {self.key, self.time, *self.ids} - set(self.columns.names)
        if missing:
            message = f"table `{self.name}` lacks its own columns {sorted(missing)}"
            raise ConfigError(message)
        object.__setattr__(self, "_empty", self.columns.empty_table())

    def empty(self) -> pa.Table:
        return self._empty

    def rows(self, columns: Mapping[str, Any], n_rows: int | None = None) -> pa.Table:
        """Rows of this table from arrays by column name; columns not given are null.

        Raises ConfigError for a column the table does not have, or a required one not given.
        """
        unknown = set(columns) - set(self.columns.names)
        if unknown:
            message = f"table `{self.name}` has no column {sorted(unknown)}"
            raise ConfigError(message)
        if n_rows is None:
            n_rows = len(next(iter(columns.values()))) if columns else 0
        arrays = []
        for own in self.columns:
            values = columns.get(own.name)
            if values is None:
                if not own.nullable and n_rows:
                    message = f"table `{self.name}` needs column `{own.name}`"
                    raise ConfigError(message)
                arrays.append(pa.nulls(n_rows, own.type))
            else:
                arrays.append(_as_array(values, own.type))
        return pa.Table.from_arrays(arrays, schema=self.columns)

    def conform(self, rows: pa.Table) -> pa.Table:
        """The same rows with exactly this table's columns, types and order."""
        if rows.schema.equals(self.columns, check_metadata=True):
            return rows
        return self.rows({n: rows[n] for n in rows.column_names}, rows.num_rows)

    def codes(self, name: str) -> tuple[str, ...]:
        """The names of the coded values of a column, or nothing."""
        metadata = self.columns.field(name).metadata or {}
        packed = metadata.get(b"codes", b"").decode()
        return tuple(packed.split("|")) if packed else ()


def _as_array(values: Any, type: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if isinstance(values, pa.ChunkedArray | pa.Array):
        return values if values.type == type else values.cast(type)
    return pa.array(values, type=type)


def code(names: Sequence[str], name: str) -> int:
    """The integer that stands for `name` in a coded column."""
    return list(names).index(name)
