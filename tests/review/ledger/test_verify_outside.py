"""Checkpoints, keys and mirrors: what stands outside of the database, and what is wrong with it."""

import json

import pytest

from fairlead.review.ledger import tree
from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.entries import Entry
from fairlead.review.ledger.keys import new_key
from fairlead.review.ledger.mirror import write_mirror
from fairlead.review.ledger.notes import (
    COSIGNATURE,
    Checkpoint,
    Handover,
    Note,
    SigningKey,
    cosign,
    signed,
)
from tests.review.ledger.desk import (
    N,
    key_of,
    lines,
    notes,
    record,
    rewrite,
    said,
)


def test_a_forged_signature_does_not_count(full):
    stranger = new_key(key_of(full).name)
    head = Checkpoint.parse(Note.parse(notes(full)[2]).text)
    full.history.write_text("".join(lines(full)[:2]) + record(signed(head, stranger)))
    report = full.verify()
    assert said(report)[0] == (
        "line 3 of the checkpoints does not count: no key of this ledger has signed it"
    )
    assert report.n_checkpoints == 2


def test_a_changed_checkpoint_does_not_count(full):
    changed = lines(full)
    changed[1] = changed[1].replace("\\n7\\n", "\\n6\\n")
    full.history.write_text("".join(changed))
    report = full.verify()
    assert said(report)[0].startswith("line 2 of the checkpoints does not count: a signature in")
    assert not report.is_intact


def test_a_checkpoint_of_another_ledger_does_not_count(full):
    key = key_of(full)
    head = Checkpoint("somewhere/else", 0, tree.EMPTY_ROOT)
    full.history.write_text(record(signed(head, key)) + "".join(lines(full)))
    report = full.verify()
    assert said(report) == [
        "line 1 of the checkpoints does not count: it speaks for another ledger"
    ]


def test_checkpoints_out_of_order_are_found(full):
    full.history.write_text("".join(reversed(lines(full))))
    report = full.verify()
    assert said(report) == [
        "line 2 of the checkpoints does not count: it has fewer entries than the one before"
    ]
    assert report.findings[0].n == 2


def test_the_same_size_twice_is_no_fault(full):
    full.history.write_text("".join(lines(full)) + lines(full)[2])
    assert full.verify().findings == []


def test_a_cut_file_of_checkpoints_is_found_by_the_database(full):
    full.history.write_text(lines(full)[0])
    report = full.verify()
    assert "the file of checkpoints lacks the one of 7 entries, which was signed" in said(report)
    assert not report.is_intact
    full.history.unlink()
    assert not full.verify().is_intact


def test_half_a_line_is_flagged_only(full):
    with full.history.open("a") as out:
        out.write('{"checkpo')
    report = full.verify()
    assert report.is_intact
    assert [f.severity for f in report.findings] == ["flagged"]
    assert said(report)[0].startswith("line 4 of the checkpoints is none, as a crash")


@pytest.mark.parametrize("written", [b"x\n", b"\xff"])
def test_a_damaged_public_key_is_found(full, written):
    (full.keys / "vkeys").write_bytes(written)
    report = full.verify()
    assert said(report)[0].endswith("holds what is no key")
    assert said(report)[1].endswith("no key of this ledger has signed it")


def test_a_ledger_without_its_folder_is_found(full):
    for path in full.keys.iterdir():
        path.unlink()
    report = full.verify()
    assert "lacks the one of 3 entries" in said(report)[0]
    assert report.vkeys == []


def test_a_checkpoint_in_other_hands_agrees(full):
    report = full.verify(held={str(i): written for i, written in enumerate(notes(full))})
    assert report.findings == []
    assert report.n_held == 3


def test_a_checkpoint_in_other_hands_that_differs_is_found(full):
    other = signed(Checkpoint(key_of(full).name, 3, bytes(32)), key_of(full))
    report = full.verify(held={"letter": other})
    assert said(report) == ["the first 3 entries are not those that `letter` was signed over"]


def test_a_checkpoint_in_other_hands_by_another_key_does_not_count(full):
    other = signed(Checkpoint("x", 3, bytes(32)), new_key("x"))
    report = full.verify(held={"letter": other})
    assert said(report) == ["`letter` does not count: no key of this ledger has signed it"]
    assert not report.is_intact


def test_what_is_no_checkpoint_cannot_be_held(full):
    with pytest.raises(BrokenError, match="not a signed note"):
        full.verify(held={"letter": "nonsense"})


def test_a_key_that_is_trusted_must_have_signed(full):
    ours = key_of(full).verifier()
    assert full.verify(vkeys=[ours]).findings == []
    report = full.verify(vkeys=[new_key(ours.name).verifier()])
    assert said(report) == ["the newest checkpoint does not go back to the key you trust"]
    assert not report.is_intact


def test_a_replaced_folder_is_found_by_who_knows_the_key(full, tmp_path):
    """Key, checkpoints and database made anew by somebody else, all in order."""
    ours = key_of(full).verifier()
    for path in full.keys.iterdir():
        path.unlink()
    full.attack("DELETE FROM ledger_checkpoints")
    full.reopen().checkpoint()
    assert full.verify().findings == []
    assert not full.verify(vkeys=[ours]).is_intact


def handover(old, new):
    text = Handover(old.verifier(), new.verifier()).text()
    return json.dumps({"handover": f"{text}\n{old.sign(text)}"}) + "\n"


def test_a_replaced_key_signs_nothing_new(full):
    old = key_of(full)
    full.ledger.rotate()
    full.write(1)
    head = Checkpoint.parse(Note.parse(full.ledger.checkpoint()).text)
    assert full.verify(vkeys=[old.verifier()]).findings == []
    full.history.write_text("".join(lines(full)[:-1]) + record(signed(head, old)))
    report = full.verify()
    assert "line 5 of the checkpoints does not count: no key of this ledger has signed it" in (
        said(report)
    )


def test_a_replaced_key_does_not_sign_again_what_it_signed(full):
    old = key_of(full)
    full.ledger.rotate()
    full.history.write_text("".join(lines(full)) + lines(full)[2])
    assert said(full.verify()) == [
        "line 5 of the checkpoints does not count: its key had been replaced"
    ]
    assert full.verify(held={"old": notes_before(full)[2]}).n_held == 1
    assert old.verifier() != key_of(full).verifier()


def notes_before(desk):
    return [json.loads(line)["checkpoint"] for line in lines(desk)[:3]]


def test_older_checkpoints_of_a_replaced_key_still_count_elsewhere(full):
    full.ledger.rotate()
    held = {str(i): written for i, written in enumerate(notes_before(full))}
    assert full.verify(held=held).findings == []


@pytest.mark.parametrize("case", ["stranger", "renamed", "no key at all"])
def test_a_forged_handover_hands_nothing_over(full, case):
    ours = key_of(full)
    old = new_key(ours.name) if case == "stranger" else ours
    new = new_key("another") if case == "renamed" else new_key(ours.name)
    if case == "no key at all":
        (full.keys / "vkeys").unlink()
    with full.history.open("a") as out:
        out.write(handover(old, new))
    report = full.verify()
    assert "line 4 of the checkpoints hands over a key that was not in force" in said(report)
    assert not report.is_intact
    assert len(report.vkeys) <= 1


def test_a_chain_that_only_ends_in_a_trusted_key_is_not_trusted(full):
    """Somebody hands over from a key of theirs to ours, which signs nothing of theirs."""
    ours, theirs = key_of(full), new_key(key_of(full).name)
    head = Checkpoint.parse(Note.parse(full.ledger.checkpoint()).text)
    (full.keys / "vkeys").write_text(f"{theirs.verifier()}\n")
    full.history.write_text(record(signed(head, theirs)) + handover(theirs, ours))
    full.attack("DELETE FROM ledger_checkpoints")
    assert full.verify().findings == []
    assert not full.verify(vkeys=[ours.verifier()]).is_intact


def test_a_forged_cosignature_is_found(full):
    witness = SigningKey("example.org/w", bytes(32), COSIGNATURE)
    other = SigningKey("example.org/w", bytes(31) + b"\1", COSIGNATURE)
    both = cosign(full.ledger.checkpoint(), witness, 5)
    full.history.write_text("".join(lines(full)) + record(both))
    keys = [witness.verifier()]
    assert full.verify(witnesses=keys).cosigned == {"example.org/w": N}
    assert full.verify(witnesses=[other.verifier()]).cosigned == {}
    wrong = both.replace("\n", "\n", 1)[:-6] + "AAA==\n" if both.endswith("==\n") else None
    if wrong is None:
        wrong = both[:-4] + ("AA=\n" if both[-4:] != "AA=\n" else "BA=\n")
    full.history.write_text("".join(lines(full)[:3]) + record(wrong))
    assert not full.verify(witnesses=keys).is_intact


@pytest.fixture
def mirrored(desk, tmp_path):
    desk.write_many(300)
    mirror = tmp_path / "mirror"
    write_mirror(desk.ledger, mirror)
    return desk, mirror


def test_a_mirror_agrees_now_and_later(mirrored):
    desk, mirror = mirrored
    assert desk.verify(mirrors=[mirror]).findings == []
    desk.write_many(10)
    desk.ledger.checkpoint()
    report = desk.verify(mirrors=[mirror])
    assert report.findings == []
    assert report.n_held == 1


@pytest.mark.parametrize(
    ("path", "at", "index"),
    [
        ("tile/entries/000", 0, 0),
        ("tile/entries/000", 200, 2),
        ("tile/entries/001.p/44", -3, 299),
        ("tile/0/000", 0, None),
        ("tile/1/000.p/1", 3, None),
    ],
)
def test_a_mirror_that_differs_is_named(mirrored, path, at, index):
    desk, mirror = mirrored
    raw = bytearray((mirror / path).read_bytes())
    raw[at] ^= 1
    (mirror / path).write_bytes(raw)
    report = desk.verify(mirrors=[mirror])
    assert f"`{path}` in `{mirror}` differs from the ledger" in said(report)[0]
    assert report.first_broken == index


def test_a_mirror_that_was_cut_is_named(mirrored):
    desk, mirror = mirrored
    path = mirror / "tile/entries/001.p/44"
    raw = path.read_bytes()
    whole = raw[: 2 + int.from_bytes(raw[:2], "big")]
    path.write_bytes(whole)
    assert desk.verify(mirrors=[mirror]).first_broken == 257


def test_the_entry_that_differs_from_a_mirror_is_named(mirrored):
    """Everything rewritten and signed again with our own key: the witness knows better."""
    desk, mirror = mirrored
    entries = desk.ledger.entries(0, 300)
    entries[270] = Entry.parse(entries[270].replace(b"acct-1", b"acct-8")).raw
    rewrite(desk, entries)
    desk.attack("DELETE FROM ledger_checkpoints")
    desk.history.unlink()
    desk.reopen().checkpoint()
    assert desk.verify().findings == []
    report = desk.verify(mirrors=[mirror])
    assert report.first_broken == 270
    assert {f.check for f in report.findings} == {"held"}


def test_a_mirror_with_more_than_we_have_is_found(mirrored):
    desk, mirror = mirrored
    entries = desk.ledger.entries(0, 100)
    rewrite(desk, entries)
    desk.history.unlink()
    desk.attack("DELETE FROM ledger_checkpoints")
    report = desk.verify(mirrors=[mirror])
    assert report.first_broken == 100
    assert said(report)[0] == (
        f"entries 100 to 299 are gone: `{mirror}/checkpoint` was signed over 300"
    )


def test_a_mirror_with_a_hole_in_our_own_tree(mirrored):
    desk, mirror = mirrored
    desk.attack("DELETE FROM ledger_entries WHERE leaf_index = 40")
    report = desk.verify(mirrors=[mirror])
    assert report.first_broken == 40
    assert any("tile/entries/000" in what for what in said(report))


def test_a_mirror_without_tiles_is_flagged(mirrored, tmp_path):
    desk, mirror = mirrored
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "checkpoint").write_bytes((mirror / "checkpoint").read_bytes())
    report = desk.verify(mirrors=[bare])
    assert report.is_intact
    assert "has a checkpoint but no tiles" in said(report)[0]


def test_a_mirror_of_nothing_is_fine(desk, tmp_path):
    write_mirror(desk.ledger, tmp_path / "mirror")
    assert desk.verify(mirrors=[tmp_path / "mirror"]).findings == []


@pytest.mark.parametrize("content", [None, b"\xff"])
def test_a_folder_that_is_no_mirror_is_refused(desk, tmp_path, content):
    if content is not None:
        (tmp_path / "checkpoint").write_bytes(content)
    with pytest.raises(BrokenError, match="no readable file `checkpoint`"):
        desk.verify(mirrors=[tmp_path])
