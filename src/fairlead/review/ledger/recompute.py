"""The whole tree again, from the entries alone, held against what the database says of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fairlead.review.ledger import tree
from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.entries import Entry
from fairlead.review.ledger.report import FLAGGED, Report
from fairlead.schema.store import Transaction

CHUNK = 4096
TOLERANCE_US = 60_000_000
"""Entries of several threads and machines come in slightly different order than their clocks."""

Row = tuple[int, str, int, str, bytes]


@dataclass(slots=True)
class Recomputed:
    """`roots` of the sizes that were asked for, as far as the tree could be followed;
    `shown` are index, lead and digest of `lead_shown` entries."""

    n_entries: int
    roots: dict[int, bytes]
    shown: list[tuple[int, str, str]]


def recompute(view: Transaction, sizes: Iterable[int], report: Report) -> Recomputed:
    """Every entry, leaf and node once, in bounded memory; what is wrong goes to the report."""
    n_entries = _extent(view, report)
    walk = _Walk(view, set(sizes), report)
    for start in range(0, n_entries, CHUNK):
        walk.chunk(start, min(start + CHUNK, n_entries))
    walk.finish(n_entries)
    report.n_entries = n_entries
    return Recomputed(n_entries, walk.roots, walk.shown)


def _extent(view: Transaction, report: Report) -> int:
    """How many entries there must have been; rows outside of that are out of sequence."""
    n_entries = view.query("SELECT count(*) FROM ledger_entries")[0][0]
    n_leaves = view.query("SELECT count(*) FROM ledger_nodes WHERE level = 0")[0][0]
    extent = max(n_entries, n_leaves)
    strays = view.query(
        "SELECT leaf_index FROM ledger_entries WHERE leaf_index < 0 OR leaf_index >= ? "
        "ORDER BY leaf_index",
        (extent,),
    )
    for (index,) in strays:
        report.find(
            "entries", "stray", f"entry {index} stands outside of the sequence", index=index
        )
    return extent


class _Walk:
    """One pass over entries and nodes side by side, in order of their index."""

    def __init__(self, view: Transaction, sizes: set[int], report: Report) -> None:
        self._view = view
        self._sizes = sizes
        self._report = report
        self._frontier: tree.Frontier | None = tree.Frontier(0, lambda *_: b"")
        self._latest_us: int | None = None
        self.roots = {0: tree.EMPTY_ROOT}
        self.shown: list[tuple[int, str, str]] = []

    def chunk(self, start: int, end: int) -> None:
        rows = {
            row[0]: row
            for row in self._view.query(
                "SELECT leaf_index, kind, time_us, actor, entry FROM ledger_entries "
                "WHERE leaf_index >= ? AND leaf_index < ?",
                (start, end),
            )
        }
        stored = dict(self._stored(0, start, end))
        made: list[tuple[int, int, bytes]] = []
        for index in range(start, end):
            leaf = self._leaf(index, rows.get(index), stored.get(index))
            if leaf is None:
                self._frontier = None
            if self._frontier is not None and leaf is not None:
                made += self._frontier.push(leaf)
                if index + 1 in self._sizes:
                    self.roots[index + 1] = self._frontier.root()
        self._compare(made)

    def finish(self, n_entries: int) -> None:
        """No node may be there that no entry stands behind."""
        n_nodes = self._view.query("SELECT count(*) FROM ledger_nodes")[0][0]
        expected = sum(n_entries >> level for level in range(n_entries.bit_length()))
        if n_nodes != expected:
            what = f"the tree holds {n_nodes:,} hashes, {expected:,} follow from the entries"
            self._report.find("tree", "number", what)

    def _leaf(self, index: int, row: Row | None, stored: bytes | None) -> bytes | None:
        """The hash to go on with. Where the entry is gone or changed it is the one the tree has
        kept, so that one broken entry does not hide the next."""
        if row is None:
            what = f"entry {index} is missing"
            self._report.find("entries", "missing", what, index=index)
            return stored
        self._read(index, row)
        found = tree.leaf_hash(_raw(row[4]))
        if stored is not None and stored != found:
            what = f"entry {index} was changed: the tree holds another hash for it"
            self._report.find("entries", "changed", what, index=index)
            return stored
        return found

    def _read(self, index: int, row: Row) -> None:
        try:
            entry = Entry.parse(_raw(row[4]))
        except BrokenError as error:
            what = f"entry {index} cannot be read: {error.message}"
            self._report.find("entries", "form", what, index=index)
            return
        if (entry.kind, entry.time_us, entry.actor) != row[1:4]:
            what = f"entry {index} is listed as something else than it says"
            self._report.find("entries", "columns", what, index=index)
        if entry.kind == "lead_shown":
            body = entry.body
            self.shown.append((index, str(body.get("lead_id")), str(body.get("digest"))))
        self._time(index, entry.time_us)

    def _time(self, index: int, time_us: int) -> None:
        report = self._report
        if report.first_us is None:
            report.first_us = time_us
        report.last_us = time_us
        latest_us = time_us if self._latest_us is None else self._latest_us
        if time_us < latest_us - TOLERANCE_US:
            back_s = (latest_us - time_us) // 1_000_000
            what = f"entry {index} is dated {back_s:,} s before an earlier entry"
            report.find("times", "back", what, index=index, severity=FLAGGED)
        self._latest_us = max(time_us, latest_us)

    def _compare(self, made: list[tuple[int, int, bytes]]) -> None:
        """The nodes that a chunk completes against the stored ones, level by level."""
        by_level: dict[int, dict[int, bytes]] = {}
        for level, position, found in made:
            by_level.setdefault(level, {})[position] = found
        for level, nodes in sorted(by_level.items()):
            stored = dict(self._stored(level, min(nodes), max(nodes) + 1))
            for position, found in nodes.items():
                if stored.get(position) != found:
                    self._bad_node(level, position, is_there=position in stored)

    def _bad_node(self, level: int, position: int, *, is_there: bool) -> None:
        start, end = position << level, (position + 1) << level
        fault = "does not follow" if is_there else "is missing"
        over = f"entries {start} to {end - 1}" if level else f"entry {start}"
        what = f"the tree's hash over {over} {fault}"
        self._report.find("tree", "node", what)

    def _stored(self, level: int, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        for position, found in self._view.query(
            "SELECT position, hash FROM ledger_nodes "
            "WHERE level = ? AND position >= ? AND position < ?",
            (level, start, end),
        ):
            yield position, _raw(found)


def _raw(value: object) -> bytes:
    """Bytes of a column in which somebody may have put anything."""
    return value if isinstance(value, bytes) else str(value).encode()
