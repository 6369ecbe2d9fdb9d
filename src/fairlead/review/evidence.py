"""Photographs and reports that people add to a lead: what is kept of them, by whom, since when.

What comes in was made safe before (observations/evidence); this room keeps it, once, and finds
the same picture again by its perceptual hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import canonical_json, content_id, digest
from fairlead.schema.ledger import Ledger, LedgerKind
from fairlead.schema.store import Row, Store, Transaction, forbid_changes

SIMILAR_BITS, LIKENESS_BITS = 10, 64

TABLES = (
    "CREATE TABLE IF NOT EXISTS evidence (evidence_id TEXT PRIMARY KEY, lead_id TEXT NOT NULL,"
    " kind TEXT NOT NULL, sha256 TEXT NOT NULL, original_sha256 TEXT NOT NULL, likeness TEXT,"
    " detail TEXT NOT NULL, claims TEXT NOT NULL, markings TEXT NOT NULL, added_by TEXT NOT NULL,"
    " added_us BIGINT NOT NULL, leaf BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS evidence_by_lead ON evidence (lead_id, added_us)",
    "CREATE TABLE IF NOT EXISTS evidence_files (sha256 TEXT PRIMARY KEY, media_type TEXT NOT NULL,"
    " content {bytes} NOT NULL)",
    *forbid_changes("evidence"),
    *forbid_changes("evidence_files"),
)
_COLUMNS = (
    "evidence_id, lead_id, kind, sha256, original_sha256, likeness, detail, claims, markings, "
    "added_by, added_us, leaf"
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One photograph or report under a lead. `claims` are dicts of what it says; `likeness` is the
    perceptual hash of a picture; `detail` is the words of whoever added it."""

    evidence_id: str
    lead_id: str
    kind: str
    sha256: str
    original_sha256: str
    likeness: int | None
    detail: str
    claims: tuple[Mapping[str, Any], ...]
    markings: tuple[str, ...]
    added_by: str
    added_us: int
    leaf: int


class Evidence:
    """The evidence of one store."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        store.define(TABLES)

    def add(
        self,
        *,
        lead_id: str,
        kind: str,
        sha256: str,
        original_sha256: str,
        detail: str,
        claims: Sequence[Mapping[str, Any]],
        markings: Sequence[str],
        actor: str,
        now_us: int,
        likeness: int | None = None,
        content: bytes | None = None,
        media_type: str = "",
    ) -> Piece:
        """Keep a piece with its entry in the ledger. `content` is what may be kept of a picture.

        Raises RefusedError `known` when this very file is under the lead already.
        """
        evidence_id = content_id("evidence", lead_id, kind, original_sha256)
        entry = {
            "evidence_id": evidence_id,
            "lead_id": lead_id,
            "kind": kind,
            "sha256": sha256,
            "original_sha256": original_sha256,
            "kept_sha256": digest([likeness, detail, list(claims), sorted(markings)]),
        }
        with self._store.write() as out:
            if out.query("SELECT 1 FROM evidence WHERE evidence_id = ?", (evidence_id,)):
                message = f"this {kind} is under {lead_id} already"
                raise RefusedError(message, reason="known", help=f"it is {evidence_id}")
            leaf = self._ledger.append(out, LedgerKind.EVIDENCE_ADDED, now_us, actor, entry)
            if content is not None and not out.query(
                "SELECT 1 FROM evidence_files WHERE sha256 = ?", (sha256,)
            ):
                out.execute(
                    "INSERT INTO evidence_files VALUES (?, ?, ?)", (sha256, media_type, content)
                )
            row = (
                *(evidence_id, lead_id, kind, sha256, original_sha256),
                None if likeness is None else f"{likeness:016x}",
                *(detail, canonical_json(list(claims)), canonical_json(sorted(markings))),
                *(actor, now_us, leaf),
            )
            marks = ", ".join("?" * len(row))
            out.execute(f"INSERT INTO evidence ({_COLUMNS}) VALUES ({marks})", row)
        return _piece(row)

    def of(self, lead_id: str) -> list[Piece]:
        """What is under a lead, oldest first."""
        with self._store.read() as view:
            rows = view.query(
                f"SELECT {_COLUMNS} FROM evidence WHERE lead_id = ? ORDER BY added_us, evidence_id",
                (lead_id,),
            )
            return [self._held(view, row) for row in rows]

    def get(self, evidence_id: str) -> Piece | None:
        with self._store.read() as view:
            rows = view.query(
                f"SELECT {_COLUMNS} FROM evidence WHERE evidence_id = ?", (evidence_id,)
            )
            return self._held(view, rows[0]) if rows else None

    def _held(self, view: Transaction, row: Row) -> Piece:
        """The piece in a row, its markings among the rest, when the ledger says the same of it."""
        try:
            piece = _piece(row)
            entry = self._ledger.entry(view, piece.leaf)
            wanted = {
                "kind": LedgerKind.EVIDENCE_ADDED,
                "actor": piece.added_by,
                "time_us": piece.added_us,
                "body": _entry_body(piece),
            }
        except (ValueError, TypeError):
            entry, wanted = None, {}
        if entry is None or any(entry.get(name) != value for name, value in wanted.items()):
            raise _tampered()
        return piece

    def content(self, sha256: str) -> tuple[str, bytes] | None:
        """Media type and bytes of what was kept of a picture. Raises RefusedError `tampered`."""
        with self._store.read() as view:
            rows = view.query(
                "SELECT media_type, content FROM evidence_files WHERE sha256 = ?", (sha256,)
            )
        if not rows:
            return None
        media_type, content = rows[0][0], bytes(rows[0][1])
        if hashlib.sha256(content).hexdigest() != sha256:
            raise _tampered()
        return media_type, content

    def alike(self, piece: Piece) -> list[tuple[Piece, int]]:
        """Other pieces that show the same: the same file, or at most ten bits of likeness apart,
        nearest first, with the number of bits."""
        with self._store.read() as view:
            rows = view.query(f"SELECT {_COLUMNS} FROM evidence WHERE kind = ?", (piece.kind,))
            found = []
            for row in rows:
                other = _piece(row)
                bits = _bits_apart(piece, other)
                if other.evidence_id != piece.evidence_id and bits <= SIMILAR_BITS:
                    found.append((self._held(view, row), bits))
        return sorted(found, key=lambda f: (f[1], f[0].evidence_id))


def _bits_apart(one: Piece, other: Piece) -> int:
    if one.original_sha256 == other.original_sha256:
        return 0
    if one.likeness is None or other.likeness is None:
        return LIKENESS_BITS
    return (one.likeness ^ other.likeness).bit_count()


def _tampered() -> RefusedError:
    message = "a piece of evidence is not what was written"
    return RefusedError(message, reason="tampered", help="run `fairlead verify`")


def _entry_body(piece: Piece) -> dict[str, Any]:
    """What the ledger says of a piece: the words and claims in it by their digest alone."""
    kept = [piece.likeness, piece.detail, list(piece.claims), list(piece.markings)]
    return {
        "evidence_id": piece.evidence_id,
        "lead_id": piece.lead_id,
        "kind": piece.kind,
        "sha256": piece.sha256,
        "original_sha256": piece.original_sha256,
        "kept_sha256": digest(kept),
    }


def _piece(row: Row) -> Piece:
    named = dict(zip(_COLUMNS.split(", "), row, strict=True))
    likeness = named["likeness"]
    named["likeness"] = None if likeness is None else int(likeness, 16)
    named["claims"] = tuple(json.loads(named["claims"]))
    named["markings"] = tuple(json.loads(named["markings"]))
    return Piece(**named)
