"""Whatever is done to a ledger behind its back, `verify_ledger` says so and names where."""

import sqlite3

import pytest
from hypothesis import HealthCheck, assume, given, reject, settings
from hypothesis import strategies as st

from fairlead.review.ledger import tree
from fairlead.review.ledger.recompute import CHUNK, TOLERANCE_US
from fairlead.review.ledger.verify import Acts
from tests.review.ledger.desk import (
    START_US,
    TABLE_NAMES,
    Desk,
    N,
    entry_of,
    forged,
    lines,
    rewrite,
    said,
)


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


def test_findings_are_told_to_programs_too(full):
    full.attack("DELETE FROM ledger_entries WHERE leaf_index IN (5, 6)")
    told = full.verify().as_dict()
    assert told["ok"] is False
    assert told["first_broken"] == 5
    assert told["findings"] == [
        {"check": "entries", "severity": "broken", "entry": 5, "what": "entry 5 is missing", "n": 2}
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


def rows_of(desk):
    with desk.store.read() as view:
        n_nodes = view.query("SELECT count(*) FROM ledger_nodes")[0][0]
    return {"ledger_entries": N, "ledger_nodes": n_nodes, "ledger_checkpoints": 2}


@pytest.fixture
def acting(desk):
    """A table of acts: three decisions and an export, each with its row but the last."""
    desk.store.define(["CREATE TABLE acts (who TEXT, at_us BIGINT, leaf BIGINT)"])
    for index, kind in enumerate(["decision", "export", "decision", "decision"]):
        with desk.store.write() as out:
            leaf = desk.ledger.append(out, kind, START_US + index, f"acct-{index}", {})
            if kind == "decision":
                row = (f"acct-{index}", START_US + index, leaf)
                out.execute("INSERT INTO acts VALUES (?, ?, ?)", row)
    desk.ledger.checkpoint()
    return desk


def acts(every):
    return [Acts("acts", ("decision", "sign_in"), "who", "at_us", every=every)]


def test_acts_are_those_that_the_ledger_has(acting):
    assert acting.verify(acts=acts(True)).findings == []
    acting.attack("DELETE FROM acts WHERE leaf = 2")
    assert acting.verify(acts=acts(False)).findings == []
    report = acting.verify(acts=acts(True))
    assert said(report) == ["the row of `acts` that entry 2 is about is gone"]
    assert report.first_broken == 2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE acts SET who = 'acct-9' WHERE leaf = 2",
        "UPDATE acts SET at_us = 0 WHERE leaf = 2",
        "INSERT INTO acts VALUES ('acct-1', 1790000000000001, 1)",
        "INSERT INTO acts VALUES ('acct-1', 5, 99)",
    ],
)
def test_an_act_written_straight_into_the_database_is_found(acting, change):
    acting.attack(change)
    report = acting.verify(acts=acts(True))
    assert len(said(report)) == 1
    assert said(report)[0].startswith("a row of `acts` says it is entry")
    assert not report.is_intact


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
