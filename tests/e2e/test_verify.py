"""`fairlead verify` as an officer, an auditor and a partner use it."""

import json
import shutil
import sqlite3
from contextlib import closing

import pytest

from fairlead.engines.control import SqliteStore
from fairlead.review.ledger import FOLDER_NAME, StoredLedger
from fairlead.review.ledger.mirror import write_mirror
from fairlead.review.ledger.notes import COSIGNATURE, SigningKey, cosign
from tests.e2e.sea import answer, fairlead, small_sea

START_US = 1_790_000_000_000_000
WITNESS = SigningKey("witness.example/one", bytes(32), COSIGNATURE)


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A workspace with twenty entries, and what others hold: mirror, proof, checkpoint, key."""
    folder = tmp_path_factory.mktemp("kept")
    store = SqliteStore(folder / "state")
    ledger = StoredLedger(store, folder / "state" / FOLDER_NAME)
    for index in range(20):
        body = {"name": "\x1b[31mEVIL\u202e", "n": index}
        ledger.append_now("decision", START_US + index * 1_000_000, "acct-1", body)
    ledger.cosigned(cosign(ledger.checkpoint(), WITNESS, 5), [WITNESS.verifier()])
    dossier = {"title": "x", "proof": ledger.inclusion(7).as_dict()}
    (folder / "dossier.json").write_text(json.dumps(dossier))
    (folder / "checkpoint").write_text(write_mirror(ledger, folder / "mirror"))
    (folder / "vkeys").write_text("".join(f"{key}\n" for key in ledger.vkeys()))
    store.close()
    return folder


@pytest.fixture
def state(kept, tmp_path):
    return shutil.copytree(kept / "state", tmp_path / "state")


def attack(state, *statements):
    with closing(sqlite3.connect(state / "review.sqlite", isolation_level=None)) as other:
        other.execute("DROP TRIGGER ledger_entries_no_update")
        for statement in statements:
            other.execute(statement)


def test_an_intact_ledger_is_said_to_be(kept, state):
    done = fairlead(
        *("verify", "--workspace", state, "--checkpoint", kept / "checkpoint"),
        *("--witness", kept / "mirror", "--vkey", kept / "vkeys", "--vkey", WITNESS.verifier()),
    )
    text = done.stdout.decode()
    assert done.returncode == 0, text + done.stderr.decode()
    assert text.startswith("INTACT")
    assert "20 entries, 21 checkpoints" in text
    assert "witness.example/one has cosigned the first 20 entries" in text
    assert "BROKEN" not in text
    assert text.count("  ok  ") == 8


def test_nothing_is_written(state):
    before = {p: p.read_bytes() for p in state.rglob("*") if p.is_file()}
    assert fairlead("verify", "--workspace", state).returncode == 0
    after = {p: p.read_bytes() for p in state.rglob("*") if p.is_file()}
    assert {p: c for p, c in after.items() if not p.name.endswith(("-wal", "-shm"))} == (
        {p: c for p, c in before.items() if not p.name.endswith(("-wal", "-shm"))}
    )


def test_a_broken_ledger_names_the_entry_and_what_to_do(state):
    attack(
        state,
        "UPDATE ledger_entries SET entry = replace(entry, 'acct-1', 'acct-2') "
        "WHERE leaf_index IN (4, 11)",
    )
    done = fairlead("verify", "--workspace", state)
    text = done.stdout.decode()
    assert done.returncode == 6, text
    assert text.startswith("BROKEN")
    assert "first at entry 4 (20 entries, 21 checkpoints)" in text
    assert "entry 4 was changed: the tree holds another hash for it (and 1 more like it)" in text
    assert "What to do" in text
    told = answer(fairlead("verify", "--workspace", state, "--json"))
    assert told["ok"] is False
    assert told["first_broken"] == 4
    assert told["exit_code"] == 6
    assert {f["check"] for f in told["findings"]} == {"entries", "fences"}


def test_what_was_not_compared_is_said(state):
    text = fairlead("verify", "--workspace", state).stdout.decode()
    assert "no copy held elsewhere was given" in text
    assert "(0 compared, 0 gone or changed since)" in text


def test_a_decision_without_an_entry_is_found(state):
    store = SqliteStore(state)
    store.define(["CREATE TABLE decisions (reviewer TEXT, decided_us BIGINT, leaf BIGINT)"])
    with store.write() as out:
        for index in range(20):
            row = ("acct-1", START_US + index * 1_000_000, index)
            out.execute("INSERT INTO decisions VALUES (?, ?, ?)", row)
    assert fairlead("verify", "--workspace", state).returncode == 0
    with store.write() as out:
        out.execute("INSERT INTO decisions VALUES ('acct-1', 5, 3)")
    store.close()
    done = fairlead("verify", "--workspace", state)
    assert done.returncode == 6
    assert b"a row of `decisions` says it is entry 3, but that entry says otherwise" in done.stdout


def test_a_lead_that_was_changed_after_it_was_shown_is_found(tmp_path):
    sea = small_sea(tmp_path / "sea")
    done = fairlead("run", sea.nmea, "--workspace", tmp_path / "w", "--json")
    lead = answer(done)["leads"][0]
    store = SqliteStore(tmp_path / "w")
    ledger = StoredLedger(store, tmp_path / "w" / FOLDER_NAME)
    for digest in (lead["digest"], "older"):
        body = {"lead_id": lead["lead_id"], "digest": digest}
        ledger.append_now("lead_shown", START_US, "acct-1", body)
    store.close()
    told = answer(fairlead("verify", "--workspace", tmp_path / "w", "--json"))
    assert told["ok"]
    assert (told["leads_shown"], told["leads_unchanged"]) == (2, 1)


def test_a_dossier_is_checked_with_nothing_else(kept, tmp_path):
    done = fairlead("verify", "--proof", kept / "dossier.json")
    text = done.stdout.decode()
    assert done.returncode == 0, done.stderr.decode()
    assert text.startswith("PROVED  entry 7 is in the ledger fairlead.ledger/")
    assert "decision by acct-1, 2026-09-21T14:13:27Z" in text
    assert "The key came with the proof" in text
    assert "\x1b[31m" not in text
    assert "\u202e" not in text
    keys = ("--vkey", kept / "vkeys", "--vkey", WITNESS.verifier())
    done = fairlead("verify", "--proof", kept / "dossier.json", *keys)
    assert b"The key came" not in done.stdout
    assert b"and by the witness witness.example/one" in done.stdout
    told = answer(fairlead("verify", "--proof", kept / "dossier.json", "--json", *keys))
    assert told["entry"] == 7
    assert told["size"] == 20
    assert told["vkey_was_given"]
    assert told["cosigned_by"] == [str(WITNESS.verifier())]


def test_a_changed_dossier_is_refused(kept, tmp_path):
    text = (kept / "dossier.json").read_text().replace("acct-1", "acct-2")
    (tmp_path / "dossier.json").write_text(text)
    done = fairlead("verify", "--proof", tmp_path / "dossier.json", "--json")
    assert done.returncode == 6
    assert b"error: the entry is not number 7" in done.stderr
    assert b"help: " in done.stderr
    assert answer(done)["ok"] is False


def test_a_database_that_is_gone_is_not_an_empty_ledger(state, tmp_path):
    (state / "review.sqlite").unlink()
    done = fairlead("verify", "--workspace", state)
    assert done.returncode == 6
    assert b"is gone, but checkpoints were signed" in done.stderr
    store = SqliteStore(state)
    store.close()
    done = fairlead("verify", "--workspace", state)
    assert done.returncode == 6
    assert b"is gone, but checkpoints were signed" in done.stderr


@pytest.mark.parametrize("has_store", [False, True])
def test_a_workspace_without_a_ledger_is_said(tmp_path, has_store):
    if has_store:
        SqliteStore(tmp_path).close()
    done = fairlead("verify", "--workspace", tmp_path)
    assert done.returncode == 2
    assert b"no ledger in" in done.stderr
    assert has_store or list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--proof", "none.json"], 3, "none.json"),
        (["--proof", "."], 3, "directory"),
        (["--proof", "STATE/review.sqlite"], 3, "is not text"),
        (["--proof", "STATE/ledger/vkeys"], 6, "holds no ledger proof"),
        (["--checkpoint", "none"], 3, "none"),
        (["--checkpoint", "STATE/ledger/vkeys"], 6, "not a signed note"),
        (["--witness", "STATE"], 6, "no readable file `checkpoint`"),
        (["--vkey", "nonsense"], 6, "no Ed25519 verifier key"),
    ],
)
def test_mistakes_are_said(state, arguments, code, said):
    given = [a.replace("STATE", str(state)) for a in arguments]
    done = fairlead("verify", "--workspace", state, *given)
    text = done.stderr.decode()
    assert done.returncode == code, text
    assert text.startswith("error: "), text
    assert "help: " in text
    assert said in text
