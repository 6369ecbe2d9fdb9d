"""The ledger in a control store: entries and the tree's hashes in tables that only grow.

An append writes its entry and the nodes that it makes whole: two rows for an entry on average, and
log2(size) hashes read before. The tree is never computed again. A checkpoint is signed after the
commit that it covers, so that nothing is signed that may still be undone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairlead.review.ledger import tree
from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.entries import Entry
from fairlead.review.ledger.history import History, Signed
from fairlead.review.ledger.keys import SIGNING_KEY, new_key, open_keys, publish, write_keys
from fairlead.review.ledger.notes import Checkpoint, Handover, Note, SigningKey, VerifierKey, signed
from fairlead.review.ledger.recompute import recompute
from fairlead.review.ledger.report import Report
from fairlead.review.ledger.tiles import HEIGHT, WIDTH, Tile, bundle
from fairlead.review.ledger.together import Together
from fairlead.schema.errors import ConfigError, EngineError, RefusedError
from fairlead.schema.ledger import InclusionProof
from fairlead.schema.store import Store, Transaction, forbid_changes

TABLES = (
    "CREATE TABLE IF NOT EXISTS ledger_entries (leaf_index BIGINT PRIMARY KEY, "
    "kind TEXT NOT NULL, time_us BIGINT NOT NULL, actor TEXT NOT NULL, entry {bytes} NOT NULL)",
    "CREATE INDEX IF NOT EXISTS ledger_entries_by_kind ON ledger_entries (kind, leaf_index)",
    "CREATE TABLE IF NOT EXISTS ledger_nodes (level BIGINT NOT NULL, position BIGINT NOT NULL, "
    "hash {bytes} NOT NULL, PRIMARY KEY (level, position))",
    "CREATE TABLE IF NOT EXISTS ledger_checkpoints "
    "(size BIGINT PRIMARY KEY, checkpoint TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS ledger_entries_by_kind ON ledger_entries (kind, leaf_index)",
    *forbid_changes("ledger_entries"),
    *forbid_changes("ledger_nodes"),
    *forbid_changes("ledger_checkpoints"),
)


class StoredLedger:
    """`Ledger` over a store. `folder` holds the key and the checkpoints; it is made, and a key in
    it, at first use. Threads and processes may share both; writers take turns.

    Raises EngineError where the key is gone or damaged, or the database holds less, or other
    entries, than a checkpoint that was signed: it stops rather than sign two histories.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._history = History(folder)
        self._commits = Together(self._commit)
        self._signings = Together(self._sign)
        self._key: SigningKey
        self._vkeys: list[VerifierKey]
        self._key_state: tuple[int, int] | None = None
        store.define(TABLES)
        with self._history.lock():
            self._newest = self._history.last()
            self._read_keys()

    def append(
        self,
        transaction: Transaction,
        kind: str,
        now_us: int,
        actor: str,
        body: Mapping[str, Any],
    ) -> int:
        return self._write(transaction, [Entry.make(kind, now_us, actor, body)])

    def append_now(self, kind: str, now_us: int, actor: str, body: Mapping[str, Any]) -> int:
        """One thread commits for all who wait; one signs while the next ones are committed."""
        index = self._commits.add(Entry.make(kind, now_us, actor, body))
        newest = self._newest
        if newest is None or newest.checkpoint.size <= index:
            self._signings.add(index)
        return index

    def entry(self, view: Transaction, index: int) -> dict[str, Any] | None:
        """Raises RefusedError `tampered` where it does not lead to the root that was signed last,
        or, newer than that, to its own leaf."""
        found = _entries(view, index, index + 1)
        if not found:
            return None
        newest, nodes = self._newest, _Nodes(view)
        leaf = tree.leaf_hash(found[0])
        if newest is not None and index < newest.checkpoint.size <= _size(view):
            size = newest.checkpoint.size
            path = tree.inclusion_path(index, size, nodes)
            holds = tree.root_of_inclusion(leaf, index, size, path) == newest.checkpoint.root
        else:
            holds = nodes(0, index) == leaf
        if not holds:
            raise _tampered(index)
        return json.loads(found[0])

    def entries_of(
        self, view: Transaction, kinds: Sequence[str]
    ) -> list[tuple[int, dict[str, Any]]]:
        """Raises RefusedError `tampered` for one that is not its own leaf."""
        marks = ", ".join("?" * len(kinds))
        rows = view.query(
            "SELECT leaf_index, entry, hash FROM ledger_entries "
            "LEFT JOIN ledger_nodes ON level = 0 AND position = leaf_index "
            f"WHERE kind IN ({marks}) ORDER BY leaf_index",
            [str(kind) for kind in kinds],
        )
        for index, raw, leaf in rows:
            if leaf is None or bytes(leaf) != tree.leaf_hash(bytes(raw)):
                raise _tampered(index)
        return [(index, json.loads(bytes(raw))) for index, raw, _ in rows]

    def latest_us(self, view: Transaction, after: int) -> int | None:
        sql = "SELECT max(time_us) FROM ledger_entries WHERE leaf_index > ?"
        return view.query(sql, (after,))[0][0]

    def must_be_whole(self) -> None:
        with self._history.lock():
            newest = self._history.last()
        size = 0 if newest is None else newest.checkpoint.size
        report = Report()
        with self._store.read() as view:
            found = recompute(view, [size], report)
        is_signed = newest is None or found.roots.get(size) == newest.checkpoint.root
        if not report.is_intact or not is_signed:
            message = "the ledger is not what was written"
            raise RefusedError(message, reason="tampered", help="run `fairlead verify`")

    def checkpoint(self) -> str:
        return self._checkpoint().written

    def inclusion(self, index: int) -> InclusionProof:
        """Raises ConfigError where there is no such entry."""
        newest = self._checkpoint()
        with self._store.read() as view:
            if not 0 <= index < newest.checkpoint.size:
                message = f"the ledger has no entry {index}"
                help = f"entries are counted from 0; there are {newest.checkpoint.size:,}"
                raise ConfigError(message, help=help)
            path = tree.inclusion_path(index, newest.checkpoint.size, _Nodes(view))
            entry = _entries(view, index, index + 1)[0]
        signer = newest.note.signers(self._vkeys)[0]
        return InclusionProof(index, entry, path, newest.written, str(signer))

    def consistency(self, old: int, new: int) -> tuple[bytes, ...]:
        """The proof that a witness asks for: that `old` entries begin the `new` ones."""
        with self._store.read() as view:
            if not 0 <= old <= new <= _size(view):
                message = f"no proof leads from {old} to {new} entries"
                raise ConfigError(message, help="give sizes of two checkpoints, the older first")
            return tree.consistency_path(old, new, _Nodes(view))

    def entries(self, start: int, end: int) -> list[bytes]:
        """The committed entries [start, end), those that there are."""
        with self._store.read() as view:
            return _entries(view, start, end)

    def size(self) -> int:
        """How many entries are committed, signed or not yet."""
        with self._store.read() as view:
            return _size(view)

    def resource(self, path: str) -> bytes | None:
        """`checkpoint`, `tile/...` or `tile/entries/...` as C2SP tlog-tiles has them; None for
        what does not exist (yet), or no longer has this width."""
        if path == "checkpoint":
            return self.checkpoint().encode()
        tile = Tile.parse(path)
        if tile is None:
            return None
        with self._store.read() as view:
            return read_tile(view, tile)

    def vkeys(self) -> list[str]:
        """Every verifier key there ever was, oldest first: what to publish."""
        return [str(key) for key in self._vkeys]

    def rotate(self) -> None:
        """Take a new key: the old one signs a handover to it, after a last checkpoint.

        Whoever trusts the old key follows to the new one by that. Processes that share the folder
        take the new key with their next checkpoint. A crash in the middle is made good later.
        """
        self._checkpoint()
        with self._history.lock():
            self._read_keys()
            write_keys(self._history.folder, [self._key, new_key(self._key.name)])
            self._read_keys()

    def cosigned(self, written: str, witnesses: Sequence[VerifierKey]) -> None:
        """Keep the newest checkpoint as a witness returned it, with its line below ours.

        Raises BrokenError where it is not our newest, or no known witness signed it.
        """
        note = Note.parse(written)
        with self._history.lock():
            newest = self._history.last()
            if newest is None or note.text != newest.note.text:
                message = "the cosigned checkpoint is not the newest of this ledger"
                raise BrokenError(message, help="ask the witness for a cosignature of the newest")
            if not note.signers(witnesses) or not note.signers(self._vkeys):
                message = "no known witness signed the checkpoint, or the ledger's line is gone"
                raise BrokenError(message, help="check the witness's verifier key")
            self._newest = self._history.add(written)

    def _read_keys(self) -> None:
        """Load the key, again where another process has replaced it. With the lock held."""
        folder = self._history.folder
        state = _state_of(folder / SIGNING_KEY)
        if state is not None and state == self._key_state:
            return
        keys = open_keys(folder, is_new=self._history.last() is None)
        if len(keys) > 1:
            self._hand_over(*keys)
        self._key = keys[-1]
        self._vkeys = publish(folder, [self._key])
        self._key_state = _state_of(folder / SIGNING_KEY)

    def _hand_over(self, old: SigningKey, new: SigningKey) -> None:
        """The rest of a rotation from where both keys are on disk."""
        handover = Handover(old.verifier(), new.verifier())
        if handover not in [what for _, what in self._history.lines()]:
            text = handover.text()
            self._history.add_handover(f"{text}\n{old.sign(text)}")
        write_keys(self._history.folder, [new])

    def _commit(self, batch: list[Entry]) -> list[int]:
        with self._store.write() as out:
            first = self._write(out, batch)
        return list(range(first, first + len(batch)))

    def _sign(self, batch: list[int]) -> list[None]:
        self._checkpoint()
        return [None for _ in batch]

    def _write(self, out: Transaction, entries: Sequence[Entry]) -> int:
        first = _size(out)
        newest = self._newest
        if newest is not None and first < newest.checkpoint.size:
            raise _went_back(first, newest)
        frontier = tree.Frontier(first, _Nodes(out))
        nodes = [node for e in entries for node in frontier.push(tree.leaf_hash(e.raw))]
        out.execute_many(
            "INSERT INTO ledger_entries (leaf_index, kind, time_us, actor, entry) "
            "VALUES (?, ?, ?, ?, ?)",
            [(i, e.kind, e.time_us, e.actor, e.raw) for i, e in enumerate(entries, start=first)],
        )
        out.execute_many("INSERT INTO ledger_nodes (level, position, hash) VALUES (?, ?, ?)", nodes)
        if newest is not None:
            _remember(out, newest)
        return first

    def _checkpoint(self) -> Signed:
        with self._history.lock():
            self._read_keys()
            last = self._history.last()
            with self._store.read() as view:
                size = _size(view)
                nodes = _Nodes(view)
                if last is not None:
                    if size < last.checkpoint.size:
                        raise _went_back(size, last)
                    if tree.range_root(0, last.checkpoint.size, nodes) != last.checkpoint.root:
                        message = f"the ledger's first {last.checkpoint.size} entries were changed"
                        raise EngineError(message, help="run `fairlead verify`; sign nothing more")
                root = tree.range_root(0, size, nodes)
            if last is None or last.checkpoint.size < size:
                last = self._history.add(signed(Checkpoint(self._key.name, size, root), self._key))
            self._newest = last
            return last


class _Nodes:
    """The hashes of whole subtrees, as the tree's functions ask for them."""

    def __init__(self, view: Transaction) -> None:
        self._view = view

    def __call__(self, level: int, position: int) -> bytes:
        found = self._view.query(
            "SELECT hash FROM ledger_nodes WHERE level = ? AND position = ?", (level, position)
        )
        if not found:
            message = f"the ledger's tree lacks hash {position} of level {level}"
            raise EngineError(message, help="run `fairlead verify`; put back a backup")
        return bytes(found[0][0])


def read_tile(view: Transaction, tile: Tile) -> bytes | None:
    """The bytes of a tile or bundle, None where the tree has not grown so far."""
    start, end = tile.number * WIDTH, tile.number * WIDTH + tile.width
    if end >= 1 << 62:
        return None
    if tile.level is None:
        parts = _entries(view, start, end)
    else:
        rows = view.query(
            "SELECT hash FROM ledger_nodes WHERE level = ? AND position >= ? AND position < ? "
            "ORDER BY position",
            (tile.level * HEIGHT, start, end),
        )
        parts = [bytes(row[0]) for row in rows]
    if len(parts) < tile.width:
        return None
    return bundle(parts) if tile.level is None else b"".join(parts)


def _entries(view: Transaction, start: int, end: int) -> list[bytes]:
    rows = view.query(
        "SELECT entry FROM ledger_entries WHERE leaf_index >= ? AND leaf_index < ? "
        "ORDER BY leaf_index",
        (start, end),
    )
    return [bytes(row[0]) for row in rows]


def _size(view: Transaction) -> int:
    return view.query("SELECT coalesce(max(leaf_index), -1) + 1 FROM ledger_entries")[0][0]


def _remember(out: Transaction, newest: Signed) -> None:
    """A copy of the newest checkpoint in the database, so that the file cannot be cut unseen."""
    held = out.query("SELECT coalesce(max(size), -1) FROM ledger_checkpoints")[0][0]
    if held < newest.checkpoint.size:
        out.execute(
            "INSERT INTO ledger_checkpoints (size, checkpoint) VALUES (?, ?)",
            (newest.checkpoint.size, newest.written),
        )


def _tampered(index: int) -> RefusedError:
    message = f"entry {index} of the ledger is not what was written"
    return RefusedError(message, reason="tampered", help="run `fairlead verify`")


def _went_back(size: int, signed_last: Signed) -> EngineError:
    message = (
        f"the ledger went back: {signed_last.checkpoint.size:,} entries were signed, "
        f"the database holds {size:,}"
    )
    help = "put the newest database back; `If it went back` in docs/how-to/check-a-ledger says more"
    return EngineError(message, help=help)


def _state_of(path: Path) -> tuple[int, int] | None:
    """What changes when a file is replaced; None where there is none."""
    if not path.exists():
        return None
    return path.stat().st_ino, path.stat().st_mtime_ns
