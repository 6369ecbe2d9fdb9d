"""Whatever is done to a ledger behind its back, `verify_ledger` says so and names where."""

import json
import sqlite3

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

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
from fairlead.review.ledger.recompute import CHUNK, TOLERANCE_US
from tests.review.ledger.desk import START_US, TABLE_NAMES, Desk, said

N = 12


@pytest.fixture
def full(desk):
    """Twelve entries, checkpoints at 3, 7 and 12."""
    desk.write(N, sign_at=(3, 7, N))
    return desk


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


def test_an_untouched_ledger_is_intact(full):
    report = full.verify()
    assert report.findings == []
    assert report.is_intact
    assert (report.n_entries, report.n_signed, report.n_checkpoints) == (N, N, 3)
    assert report.first_us == START_US
    assert report.last_us == START_US + 11_000_000
    assert report.first_broken is None
    assert report.vkeys == full.ledger.vkeys()
    assert full.unlike() == []


def test_an_empty_ledger_is_intact(desk):
    report = desk.verify()
    assert report.as_dict() == {
        "ok": True,
        "entries": 0,
        "signed": 0,
        "checkpoints": 0,
        "held": 0,
        "leads_shown": 0,
        "leads_unchanged": 0,
        "first_us": None,
        "last_us": None,
        "vkeys": desk.ledger.vkeys(),
        "cosigned": {},
        "first_broken": None,
        "findings": [],
    }
    desk.ledger.checkpoint()
    assert desk.verify().n_checkpoints == 1
    assert desk.verify().is_intact


def test_a_ledger_of_several_chunks_is_intact(desk):
    desk.write_many(CHUNK + 5)
    desk.ledger.checkpoint()
    report = desk.verify()
    assert report.findings == []
    assert report.n_entries == CHUNK + 5
    desk.attack(f"UPDATE ledger_entries SET entry = x'00' WHERE leaf_index = {CHUNK}")
    assert desk.verify().first_broken == CHUNK


def test_entries_that_wait_for_a_checkpoint_are_flagged(full):
    full.write(2)
    report = full.verify()
    assert report.is_intact
    assert said(report) == ["the last 2 entries are under no checkpoint yet"]
    assert (report.n_entries, report.n_signed) == (14, 12)


def test_an_edited_entry_is_named(full):
    full.attack(("UPDATE ledger_entries SET entry = ? WHERE leaf_index = 5", (forged(full, 5),)))
    report = full.verify()
    assert report.first_broken == 5
    assert said(report) == [
        "entry 5 is listed as something else than it says",
        "entry 5 was changed: the tree holds another hash for it",
    ]


def test_an_entry_edited_with_its_hash_is_found_by_the_tree(full):
    raw = forged(full, 5)
    leaf = tree.leaf_hash(raw)
    full.attack(
        ("UPDATE ledger_entries SET entry = ?, actor = 'acct-92' WHERE leaf_index = 5", (raw,)),
        ("UPDATE ledger_nodes SET hash = ? WHERE level = 0 AND position = 5", (leaf,)),
    )
    report = full.verify()
    assert said(report) == [
        "the tree's hash over entries 4 to 5 does not follow",
        "the first 7 entries are not those that line 2 of the checkpoints was signed over",
    ]
    assert [f.n for f in report.findings] == [3, 2]


def test_a_rewritten_tree_is_found_by_the_checkpoints(full):
    entries = full.ledger.entries(0, N)
    entries[8] = forged(full, 8)
    rewrite(full, entries)
    report = full.verify()
    assert said(report) == [
        "the first 12 entries are not those that line 3 of the checkpoints was signed over"
    ]
    assert not report.is_intact


@pytest.mark.parametrize("index", [0, 5, N - 1])
def test_a_deleted_entry_is_named(full, index):
    full.attack(f"DELETE FROM ledger_entries WHERE leaf_index = {index}")
    report = full.verify()
    assert report.first_broken == index
    assert said(report) == [f"entry {index} is missing"]


def test_an_entry_deleted_with_its_hashes_is_named(full):
    full.attack(
        "DELETE FROM ledger_entries WHERE leaf_index = 5",
        "DELETE FROM ledger_nodes WHERE level = 0 AND position = 5",
    )
    report = full.verify()
    assert report.first_broken == 5
    assert "entry 5 is missing" in said(report)
    assert "line 2 of the checkpoints cannot be compared: entries before it are gone" in (
        said(report)
    )


def test_a_gap_that_was_closed_is_found(full):
    full.attack(
        "DELETE FROM ledger_entries WHERE leaf_index = 5",
        "UPDATE ledger_entries SET leaf_index = -leaf_index WHERE leaf_index > 5",
        "UPDATE ledger_entries SET leaf_index = -leaf_index - 1 WHERE leaf_index < 0",
    )
    report = full.verify()
    assert report.first_broken == 5
    assert report.findings[0].n == 6
    entries = full.ledger.entries(0, N)
    rewrite(full, entries)
    report = full.verify()
    assert said(report) == [
        "the first 7 entries are not those that line 2 of the checkpoints was signed over",
        "entry 11 is gone: line 3 of the checkpoints was signed over 12",
    ]
    assert report.first_broken == 11


def test_swapped_entries_are_named(full):
    full.attack(
        "UPDATE ledger_entries SET leaf_index = -1 WHERE leaf_index = 4",
        "UPDATE ledger_entries SET leaf_index = 4 WHERE leaf_index = 9",
        "UPDATE ledger_entries SET leaf_index = 9 WHERE leaf_index = -1",
    )
    report = full.verify()
    assert report.first_broken == 4
    assert report.findings[0].n == 2


def test_a_cut_end_is_found_by_the_checkpoints(full):
    full.attack(
        "DELETE FROM ledger_entries WHERE leaf_index >= 9",
        "DELETE FROM ledger_nodes WHERE (position + 1) << level > 9",
    )
    report = full.verify()
    assert said(report) == [
        "entries 9 to 11 are gone: line 3 of the checkpoints was signed over 12"
    ]
    assert report.first_broken == 9


def test_a_database_put_back_is_found_by_the_file(full):
    """The whole of an older backup: the file beside it knows better."""
    entries = full.ledger.entries(0, 3)
    rewrite(full, entries)
    full.attack("DELETE FROM ledger_checkpoints")
    assert full.verify().first_broken == 3


def test_both_put_back_are_found_by_a_checkpoint_in_other_hands(full):
    newest = full.ledger.checkpoint()
    rewrite(full, full.ledger.entries(0, 3))
    full.attack("DELETE FROM ledger_checkpoints")
    full.history.write_text(lines(full)[0])
    assert full.verify().is_intact
    report = full.verify(held={"letter": newest})
    assert said(report) == ["entries 3 to 11 are gone: `letter` was signed over 12"]
    assert report.n_held == 1


@pytest.mark.parametrize("index", [-1, N, 10**15, "x"])
def test_an_entry_out_of_sequence_is_named(full, index):
    raw = entry_of(full, 3)
    full.attack(
        (
            "INSERT INTO ledger_entries VALUES (?, 'decision', ?, 'acct-0', ?)",
            (index, START_US, raw),
        )
    )
    report = full.verify()
    if index != N:
        assert f"entry {index} stands outside of the sequence" in said(report)
    assert not report.is_intact


@pytest.mark.parametrize(
    "change", ["kind = 'export'", "actor = 'acct-7'", "time_us = 5", "time_us = 'soon'"]
)
def test_an_entry_listed_as_another_is_named(full, change):
    full.attack(f"UPDATE ledger_entries SET {change} WHERE leaf_index = 4")
    report = full.verify()
    assert said(report) == ["entry 4 is listed as something else than it says"]
    assert report.first_broken == 4


@pytest.mark.parametrize("raw", [b"", b"{}", b'{"a": 1}', "text", 5])
def test_an_entry_that_is_none_is_named(desk, raw):
    """Even where the tree was made to fit: it was never written by Fairlead."""
    desk.write(2)
    leaf = tree.leaf_hash(raw if isinstance(raw, bytes) else str(raw).encode())
    desk.attack(
        ("UPDATE ledger_entries SET entry = ? WHERE leaf_index = 1", (raw,)),
        ("UPDATE ledger_nodes SET hash = ? WHERE level = 0 AND position = 1", (leaf,)),
    )
    report = desk.verify()
    assert said(report)[0].startswith("entry 1 cannot be read: ")
    assert report.first_broken == 1


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        (
            "UPDATE ledger_nodes SET hash = zeroblob(32) WHERE level = 1 AND position = 2",
            "the tree's hash over entries 4 to 5 does not follow",
        ),
        (
            "UPDATE ledger_nodes SET hash = 'x' WHERE level = 3 AND position = 0",
            "the tree's hash over entries 0 to 7 does not follow",
        ),
        (
            "DELETE FROM ledger_nodes WHERE level = 2 AND position = 1",
            "the tree's hash over entries 4 to 7 is missing",
        ),
        (
            "DELETE FROM ledger_nodes WHERE level = 0 AND position = 7",
            "the tree's hash over entry 7 is missing",
        ),
        (
            "INSERT INTO ledger_nodes VALUES (3, 1, zeroblob(32))",
            "the tree holds 23 hashes, 22 follow from the entries",
        ),
    ],
)
def test_a_hash_that_does_not_follow_is_found(full, statement, what):
    full.attack(statement)
    report = full.verify()
    assert said(report)[0] == what
    assert {f.check for f in report.findings} == {"tree"}
    assert not report.is_intact


def test_a_hash_beyond_the_entries_is_taken_for_a_missing_entry(full):
    full.attack("INSERT INTO ledger_nodes VALUES (0, 12, zeroblob(32))")
    assert full.verify().first_broken == 12


def test_a_dropped_fence_is_named(full):
    full.attack()
    report = full.verify(bad_fences=full.unlike())
    assert not report.is_intact
    assert report.findings[0].n == 6
    assert said(report) == [
        "the database's definition `ledger_checkpoints_no_delete` is missing, was changed "
        "or was added"
    ]


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


def test_clocks_that_went_back_are_flagged(desk):
    def at(time_us):
        with desk.store.write() as out:
            desk.ledger.append(out, "export", time_us, "acct-1", {})

    for time_us in (0, TOLERANCE_US, 0, 5 * TOLERANCE_US, 4 * TOLERANCE_US):
        at(time_us)
    desk.ledger.checkpoint()
    assert desk.verify().findings == []
    at(4 * TOLERANCE_US - 1)
    at(3 * TOLERANCE_US)
    desk.ledger.checkpoint()
    report = desk.verify()
    assert report.is_intact
    assert said(report) == ["entry 5 is dated 60 s before an earlier entry"]
    assert report.findings[0].n == 2
    assert report.findings[0].index == 5
    assert report.first_us == 0
    assert report.last_us == 3 * TOLERANCE_US


LEADS = {"lead-1": ("aa", "aa"), "lead-2": ("bb", "xx"), "lead-3": ("cc", "cc")}


def test_a_lead_shown_still_has_its_digest(desk):
    for lead_id, digest in (("lead-1", "aa"), ("lead-3", "older"), ("lead-9", "dd")):
        body = {"lead_id": lead_id, "digest": digest}
        desk.ledger.append_now("lead_shown", START_US, "acct-1", body)
    desk.ledger.append_now("lead_shown", START_US, "acct-1", {})
    desk.ledger.append_now("export", START_US, "a", {"lead_id": "lead-2", "digest": "bb"})
    report = desk.verify(leads=LEADS)
    assert report.findings == []
    assert (report.n_shown, report.n_unchanged) == (4, 1)
    desk.ledger.append_now("lead_shown", START_US, "a", {"lead_id": "lead-2", "digest": "bb"})
    report = desk.verify(leads=LEADS)
    assert said(report) == ["lead `lead-2` is not what entry 5 says was shown"]
    assert report.first_broken == 5


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


def rows_of(desk):
    with desk.store.read() as view:
        n_nodes = view.query("SELECT count(*) FROM ledger_nodes")[0][0]
    return {"ledger_entries": N, "ledger_nodes": n_nodes, "ledger_checkpoints": 2}


def everything(desk):
    with desk.store.read() as view:
        return [view.query(f"SELECT * FROM {table}") for table in TABLE_NAMES]


CHANGES = {
    "ledger_entries": ["leaf_index", "kind", "time_us", "actor", "entry"],
    "ledger_nodes": ["level", "position", "hash"],
    "ledger_checkpoints": ["checkpoint"],
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_row_can_be_changed_or_deleted_unseen(tmp_path_factory, data):
    desk = Desk(tmp_path_factory.mktemp("desk"))
    try:
        desk.write(N, sign_at=(3, 7, N))
        table, n_rows = data.draw(st.sampled_from(sorted(rows_of(desk).items())))
        row = data.draw(st.integers(0, n_rows - 1))
        at = f"WHERE rowid = (SELECT rowid FROM {table} ORDER BY rowid LIMIT 1 OFFSET {row})"
        column = data.draw(st.sampled_from([None, *CHANGES[table]]))
        if column is None and table == "ledger_checkpoints":
            column = "checkpoint"
        if column is None:
            desk.attack(f"DELETE FROM {table} {at}")
        else:
            value = data.draw(
                st.integers(1000, 10**9)
                | st.text(st.characters(codec="ascii"), max_size=5)
                | st.binary(min_size=1, max_size=40)
            )
            before = everything(desk)
            try:
                desk.attack((f"UPDATE {table} SET {column} = ? {at}", (value,)))
            except sqlite3.IntegrityError:
                reject()
            assume(everything(desk) != before)
        assert not desk.verify().is_intact
    finally:
        desk.close()
