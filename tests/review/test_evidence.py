"""Pieces of evidence: kept once, in the ledger, found again when the same picture comes back."""

import hashlib
import sqlite3

import pytest

from fairlead.engines.control import SqliteStore
from fairlead.review.evidence import Evidence
from fairlead.review.ledger import StoredLedger
from fairlead.schema.errors import RefusedError

T0 = 1_600_000_000_000_000


@pytest.fixture
def evidence(tmp_path):
    store = SqliteStore(tmp_path)
    yield Evidence(store, StoredLedger(store, tmp_path / "ledger"))
    store.close()


def add(evidence, **changed):
    given = {
        "lead_id": "lead-1",
        "kind": "photograph",
        "sha256": hashlib.sha256(b"jpeg").hexdigest(),
        "original_sha256": "b" * 64,
        "detail": "from the pier",
        "claims": [{"kind": "time", "time_us": T0}],
        "markings": ["tlp:green"],
        "actor": "acct-a",
        "now_us": T0,
        "likeness": 0xFF00FF00FF00FF00,
        "content": b"jpeg",
        "media_type": "image/jpeg",
        **changed,
    }
    return evidence.add(**given)


def test_a_piece_is_kept_with_its_picture_and_its_leaf(evidence):
    piece = add(evidence)
    assert evidence.of("lead-1") == [piece] == [evidence.get(piece.evidence_id)]
    assert evidence.content(piece.sha256) == ("image/jpeg", b"jpeg")
    assert piece.likeness == 0xFF00FF00FF00FF00
    assert piece.leaf == 0


def test_the_same_file_under_the_same_lead_is_kept_once(evidence):
    add(evidence)
    with pytest.raises(RefusedError, match="already"):
        add(evidence)


def test_what_is_not_there_is_none(evidence):
    assert evidence.get("evidence-x") is None
    assert evidence.content("x") is None
    assert evidence.of("lead-x") == []


def test_the_same_picture_is_found_under_another_lead(evidence):
    first = add(evidence)
    same = add(evidence, lead_id="lead-2")
    near = add(evidence, original_sha256="c" * 64, likeness=0xFF00FF00FF00FF07)
    far = add(evidence, original_sha256="d" * 64, likeness=0x00FF00FF00FF00FF)
    report = add(evidence, kind="report", likeness=None, content=None)
    found = [(p.evidence_id, bits) for p, bits in evidence.alike(first)]
    assert found == [(same.evidence_id, 0), (near.evidence_id, 3)]
    assert evidence.alike(far) == []
    assert evidence.alike(report) == []


def changed(evidence, sql):
    """What someone with the file does: fences dropped, rows written past the program."""
    database = sqlite3.connect(evidence._store.path)
    for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
        database.execute(f"DROP TRIGGER {name}")
    database.execute(sql)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    "change",
    [
        "markings = '[]'",
        "lead_id = 'lead-2', added_us = 1",
        "claims = '[]'",
        "claims = 'x'",
        "detail = 'from the bridge'",
        "added_by = 'acct-b'",
        "likeness = 'zz'",
        "leaf = 'x'",
        "leaf = 99",
    ],
)
def test_a_piece_changed_in_the_database_is_not_shown(evidence, change):
    """Fewer markings on a row would show a photograph to whoever may not see it."""
    piece = add(evidence)
    changed(evidence, f"UPDATE evidence SET {change}")
    with pytest.raises(RefusedError, match="not what was written"):
        evidence.get(piece.evidence_id)
    with pytest.raises(RefusedError, match="not what was written"):
        evidence.of("lead-1") + evidence.of("lead-2")


def test_a_picture_changed_in_the_database_is_not_shown(evidence):
    piece = add(evidence)
    changed(evidence, "UPDATE evidence_files SET content = x'00'")
    with pytest.raises(RefusedError, match="not what was written"):
        evidence.content(piece.sha256)


def test_a_like_piece_changed_in_the_database_is_not_shown(evidence):
    piece = add(evidence)
    add(evidence, lead_id="lead-2")
    changed(evidence, "UPDATE evidence SET markings = '[]' WHERE lead_id = 'lead-2'")
    with pytest.raises(RefusedError, match="not what was written"):
        evidence.alike(piece)


def test_the_ledger_tells_no_words_of_a_piece(evidence):
    add(evidence, detail="seen by the navy", markings=["source:navy"])
    assert b"navy" not in b"".join(evidence._ledger.entries(0, 9))


def test_a_picture_without_a_hash_is_like_its_own_file_alone(evidence):
    bare = add(evidence, likeness=None)
    add(evidence, original_sha256="e" * 64)
    same = add(evidence, lead_id="lead-2")
    assert [p.evidence_id for p, _ in evidence.alike(bare)] == [same.evidence_id]
