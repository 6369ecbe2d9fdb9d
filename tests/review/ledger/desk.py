"""A ledger in a folder, and a stranger with a database tool."""

import json
import sqlite3
from contextlib import closing

from fairlead.engines.control import SqliteStore
from fairlead.review.ledger import StoredLedger, tree
from fairlead.review.ledger.entries import Entry
from fairlead.review.ledger.notes import SigningKey
from fairlead.review.ledger.stored import TABLES
from fairlead.review.ledger.verify import Outside, verify_ledger

START_US = 1_790_000_000_000_000
N = 12
TABLE_NAMES = ("ledger_entries", "ledger_nodes", "ledger_checkpoints")


class Desk:
    """`ledger` is opened anew after `reopen()`; entry n is dated n seconds after START_US."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = folder / "ledger"
        self.history = self.keys / "checkpoints.jsonl"
        self.store = SqliteStore(folder)
        self.reopen()

    def reopen(self):
        self.ledger = StoredLedger(self.store, self.keys)
        return self.ledger

    def close(self):
        self.store.close()

    def write(self, n, *, sign_at=()):
        """Append n entries, with a checkpoint after each size in `sign_at`."""
        first = self.ledger.size()
        cuts = sorted({n + first, *(size for size in sign_at if first < size <= n + first)})
        for until in cuts:
            with self.store.write() as out:
                for index in range(first, until):
                    at_us = START_US + index * 1_000_000
                    self.ledger.append(out, "decision", at_us, f"acct-{index % 3}", {"n": index})
            first = until
            if until in sign_at:
                self.ledger.checkpoint()

    def write_many(self, n):
        with self.store.write() as out:
            first = self.ledger.size()
            for index in range(first, first + n):
                self.ledger.append(out, "export", START_US + index, "acct-1", {"n": index})

    def attack(self, *statements):
        """What somebody does who owns the file: the fences fall first."""
        with closing(sqlite3.connect(self.store.path, isolation_level=None)) as other:
            for table in TABLE_NAMES:
                for what in ("update", "delete"):
                    other.execute(f"DROP TRIGGER IF EXISTS {table}_no_{what}")
            for statement in statements:
                sql, values = (statement, ()) if isinstance(statement, str) else statement
                other.execute(sql, values)

    def verify(self, **outside):
        with self.store.read() as view:
            return verify_ledger(view, self.keys, Outside(**outside))

    def unlike(self):
        return self.store.unlike(TABLES)


def said(report):
    return [finding.what for finding in report.findings]


def entry_of(desk, index):
    return desk.ledger.entries(index, index + 1)[0]


def forged(desk, index):
    """An entry that says something else, well formed."""
    raw = entry_of(desk, index)
    return Entry.parse(raw.replace(b"acct-", b"acct-9")).raw


def rewrite(desk, entries):
    """Put other entries in, with every hash of the tree made to fit."""
    frontier = tree.Frontier(0, lambda *_: b"")
    nodes = [node for raw in entries for node in frontier.push(tree.leaf_hash(raw))]
    desk.attack("DELETE FROM ledger_entries", "DELETE FROM ledger_nodes")
    for index, raw in enumerate(entries):
        e = Entry.parse(raw)
        row = (index, e.kind, e.time_us, e.actor, raw)
        desk.attack(("INSERT INTO ledger_entries VALUES (?, ?, ?, ?, ?)", row))
    desk.attack(*[("INSERT INTO ledger_nodes VALUES (?, ?, ?)", node) for node in nodes])


def lines(desk):
    return desk.history.read_text().splitlines(keepends=True)


def notes(desk):
    return [json.loads(line)["checkpoint"] for line in lines(desk)]


def record(written):
    return json.dumps({"checkpoint": written}) + "\n"


def key_of(desk):
    return SigningKey.parse((desk.keys / "signing-key").read_text())
