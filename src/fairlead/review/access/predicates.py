"""Predicates over rows: what a policy leaves to ask of a row once the person is known.

A row has `markings` (a list), `source` and `kind`. Each predicate is a mask over an Arrow table and
a condition in SQL that every database understands.

In SQL markings are one text, `|source:a||tlp:green|`: "all of them are among these" is then what
is left empty when each of these is taken out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.schema.errors import ConfigError

TEXTS = ("source", "kind")
LIST_AS_TEXT = (
    "CASE WHEN {0} IS NULL THEN NULL ELSE coalesce(list_aggregate(list_transform({0},"
    " lambda m: coalesce('|' || m || '|', '||')), 'string_agg', ''), '') END"
)
"""For databases with lists (DuckDB): the text of a list column, such as `.format("markings")`."""


class Rows:
    """A table's columns as predicates use them, prepared once."""

    def __init__(self, table: pa.Table) -> None:
        self.n = table.num_rows
        lists = table["markings"].combine_chunks().cast(pa.list_(pa.string()))
        self.parents = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False)
        self.marks = pc.list_flatten(lists)
        unmarked = lists.is_null().to_numpy(zero_copy_only=False)
        unmarked[self.parents[self.marks.is_null().to_numpy(zero_copy_only=False)]] = True
        self.is_marked = ~unmarked
        self._table = table

    def text(self, attribute: str) -> pa.DictionaryArray:
        """A text column with its few distinct values apart; what is missing is empty."""
        if attribute not in self._table.column_names:
            return pa.array([""] * self.n, pa.string()).dictionary_encode()
        column = self._table[attribute].cast(pa.string()).combine_chunks()
        return pc.fill_null(column, "").dictionary_encode()


class Predicate(Protocol):
    def mask(self, rows: Rows) -> np.ndarray: ...

    def sql(self, columns: Mapping[str, str], values: list[object]) -> str:
        """The condition; what belongs to its question marks is added to `values`."""
        ...


@dataclass(frozen=True, slots=True)
class Always:
    holds: bool

    def mask(self, rows: Rows) -> np.ndarray:
        return np.full(rows.n, self.holds)

    def sql(
        self,
        columns: Mapping[str, str],  # noqa: ARG002
        values: list[object],  # noqa: ARG002
    ) -> str:
        return "1 = 1" if self.holds else "1 = 0"


@dataclass(frozen=True, slots=True)
class Both:
    """All of several."""

    parts: tuple[Predicate, ...]

    def mask(self, rows: Rows) -> np.ndarray:
        return np.logical_and.reduce([part.mask(rows) for part in self.parts])

    def sql(self, columns: Mapping[str, str], values: list[object]) -> str:
        return _joined(self.parts, " AND ", columns, values)


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of several."""

    parts: tuple[Predicate, ...]

    def mask(self, rows: Rows) -> np.ndarray:
        return np.logical_or.reduce([part.mask(rows) for part in self.parts])

    def sql(self, columns: Mapping[str, str], values: list[object]) -> str:
        return _joined(self.parts, " OR ", columns, values)


@dataclass(frozen=True, slots=True)
class Unless:
    part: Predicate

    def mask(self, rows: Rows) -> np.ndarray:
        return ~self.part.mask(rows)

    def sql(self, columns: Mapping[str, str], values: list[object]) -> str:
        return f"NOT ({self.part.sql(columns, values)})"


@dataclass(frozen=True, slots=True)
class Among:
    """Every marking of the row is one of these."""

    marks: frozenset[str]

    def mask(self, rows: Rows) -> np.ndarray:
        known = pc.is_in(rows.marks, pa.array(sorted(self.marks), pa.string()))
        held = np.ones(rows.n, bool)
        held[rows.parents[~known.to_numpy(zero_copy_only=False)]] = False
        return held

    def sql(self, columns: Mapping[str, str], values: list[object]) -> str:
        left = columns["markings"]
        for mark in sorted(self.marks):
            if _can_be_marking(mark):
                left = f"replace({left}, ?, '')"
                values.append(f"|{mark}|")
        return f"{left} = ''"


@dataclass(frozen=True, slots=True)
class Carries:
    """The row has this marking."""

    mark: str

    def mask(self, rows: Rows) -> np.ndarray:
        found = np.zeros(rows.n, bool)
        same = pc.fill_null(pc.equal(rows.marks, self.mark), False)
        found[rows.parents[same.to_numpy(zero_copy_only=False)]] = True
        return found

    def sql(self, columns: Mapping[str, str], values: list[object]) -> str:
        if not _can_be_marking(self.mark):
            return "1 = 0"
        values.append(f"|{self.mark}|")
        return f"replace({columns['markings']}, ?, '') <> {columns['markings']}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A text attribute is one of these."""

    attribute: str
    texts: frozenset[str]

    def mask(self, rows: Rows) -> np.ndarray:
        column = rows.text(self.attribute)
        return _per_distinct(column, [t in self.texts for t in column.dictionary.to_pylist()])

    def sql(self, columns: Mapping[str, str], values: list[object]) -> str:
        if not self.texts:
            return "1 = 0"
        values.extend(sorted(self.texts))
        marks = ", ".join("?" * len(self.texts))
        return f"coalesce({columns[self.attribute]}, '') IN ({marks})"


@dataclass(frozen=True, slots=True)
class Like:
    """A text attribute is these pieces in order, with anything between them."""

    attribute: str
    pieces: tuple[str, ...]

    def mask(self, rows: Rows) -> np.ndarray:
        column = rows.text(self.attribute)
        shape = re.compile(".*".join(map(re.escape, self.pieces)), re.DOTALL)
        fits = [shape.fullmatch(t) is not None for t in column.dictionary.to_pylist()]
        return _per_distinct(column, fits)

    def sql(self, columns: Mapping[str, str], values: list[object]) -> str:
        """By `substr` and `replace`, because LIKE differs between databases in upper case."""
        text = f"coalesce({columns[self.attribute]}, '')"
        if len(self.pieces) == 1:
            values.append(self.pieces[0])
            return f"{text} = ?"
        start, *between, end = self.pieces
        between = [piece for piece in between if piece]
        if len(between) > 1:
            message = "a pattern with more than one piece between stars is no portable query"
            raise ConfigError(message, help="split the policy's `like`, or filter by mask")
        n_start, n_end = len(start), len(end)
        parts = [f"length({text}) >= {n_start + n_end + sum(map(len, between))}"]
        if start:
            parts.append(f"substr({text}, 1, {n_start}) = ?")
            values.append(start)
        if end:
            parts.append(f"substr({text}, length({text}) - {n_end - 1}) = ?")
            values.append(end)
        for piece in between:
            inner = f"substr({text}, {n_start + 1}, length({text}) - {n_start + n_end})"
            parts.append(f"replace({inner}, ?, '') <> {inner}")
            values.append(piece)
        return "(" + " AND ".join(parts) + ")"


def both(*parts: Predicate) -> Predicate:
    """All of these, told shorter: what is always so is left out."""
    return _told(parts, Both, Always(True))


def either(*parts: Predicate) -> Predicate:
    """At least one of these, told shorter."""
    return _told(parts, Either, Always(False))


def unless(part: Predicate) -> Predicate:
    if isinstance(part, Always):
        return Always(not part.holds)
    return part.part if isinstance(part, Unless) else Unless(part)


def _told(
    parts: tuple[Predicate, ...], kind: type[Both] | type[Either], neutral: Always
) -> Predicate:
    left: dict[Predicate, None] = {}
    for part in parts:
        for inner in part.parts if isinstance(part, kind) else (part,):
            left[inner] = None
    left.pop(neutral, None)
    decided = Always(not neutral.holds)
    if decided in left:
        return decided
    if len(left) < 2:
        return next(iter(left), neutral)
    return kind(tuple(left))


def markings_text(marks: Sequence[str]) -> str:
    """Markings as the text that the queries expect. Raises ConfigError on what is no marking."""
    for mark in marks:
        if not _can_be_marking(mark):
            message = f"`{mark[:80]}` cannot be a marking"
            raise ConfigError(message, help="leave out the bar, and give it a name")
    return "".join(f"|{mark}|" for mark in sorted(set(marks)))


def _can_be_marking(mark: str) -> bool:
    return bool(mark) and "|" not in mark


def _per_distinct(column: pa.DictionaryArray, holds: list[bool]) -> np.ndarray:
    table = np.array([*holds, False])
    return table[column.indices.to_numpy(zero_copy_only=False)]


def _joined(
    parts: tuple[Predicate, ...], word: str, columns: Mapping[str, str], values: list[object]
) -> str:
    return "(" + word.join(part.sql(columns, values) for part in parts) + ")"
