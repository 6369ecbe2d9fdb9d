"""Pieces of evidence: kept once, in the ledger, found again when the same picture comes back."""

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
        "sha256": "a" * 64,
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
