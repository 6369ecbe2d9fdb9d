"""The stored ledger: with the act or not at all, by many at once, never two histories."""

import json
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import pytest

from fairlead.engines.control import SqliteStore
from fairlead.review.ledger import StoredLedger, tree
from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.history import Signed
from fairlead.review.ledger.keys import new_key, write_keys
from fairlead.review.ledger.mirror import write_mirror
from fairlead.review.ledger.notes import COSIGNATURE, SigningKey, VerifierKey, cosign
from fairlead.review.ledger.tiles import unbundle
from fairlead.schema.errors import ConfigError, ConflictError, EngineError, RefusedError
from tests.review.ledger import naive
from tests.review.ledger.desk import START_US, said


def head(written):
    return Signed.parse(written).checkpoint


def raw_entries(ledger):
    return ledger.entries(0, 10**6)


def test_an_empty_ledger_has_a_checkpoint(desk):
    written = desk.ledger.checkpoint()
    assert head(written).size == 0
    assert head(written).root == tree.EMPTY_ROOT
    assert desk.ledger.size() == 0
    assert desk.ledger.checkpoint() == written
    with pytest.raises(ConfigError, match="no entry 0"):
        desk.ledger.inclusion(0)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 8, 300])
def test_the_stored_tree_is_the_naive_one(desk, n):
    desk.write_many(n)
    entries = raw_entries(desk.ledger)
    assert len(entries) == n
    assert head(desk.ledger.checkpoint()).root == naive.head(entries)
    for index in {0, n // 2, n - 1}:
        assert list(desk.ledger.inclusion(index).hashes) == naive.path(index, entries)
    assert list(desk.ledger.consistency(n // 2 + 1, n)) == (
        naive.proof(n // 2 + 1, entries) if n > 1 else []
    )


def test_entry_and_act_are_one_commit(desk):
    with pytest.raises(ZeroDivisionError), desk.store.write() as out:
        assert desk.ledger.append(out, "export", START_US, "acct-1", {}) == 0
        assert desk.ledger.append(out, "export", START_US, "acct-1", {}) == 1
        raise ZeroDivisionError
    assert desk.ledger.size() == 0
    desk.write(3)
    with pytest.raises(ZeroDivisionError), desk.store.write() as out:
        desk.ledger.append(out, "export", START_US, "acct-1", {})
        raise ZeroDivisionError
    assert desk.ledger.append_now("export", START_US + 10_000_000, "acct-1", {}) == 3
    assert desk.verify().is_intact


def test_two_appends_in_one_transaction_follow_each_other(desk):
    with desk.store.write() as out:
        assert [desk.ledger.append(out, "export", 0, "a", {}) for _ in range(5)] == list(range(5))
    assert head(desk.ledger.checkpoint()).root == naive.head(raw_entries(desk.ledger))


def test_what_was_appended_at_once_is_under_a_checkpoint(desk):
    assert desk.ledger.append_now("sign_in", START_US, "acct-1", {"method": "passkey"}) == 0
    last = json.loads(desk.history.read_text().splitlines()[-1])["checkpoint"]
    assert head(last).size == 1
    assert desk.ledger.checkpoint() == last
    assert json.loads(raw_entries(desk.ledger)[0]) == {
        "actor": "acct-1",
        "body": {"method": "passkey"},
        "kind": "sign_in",
        "time_us": START_US,
        "v": 1,
    }


def test_a_body_that_cannot_be_kept_spares_the_others(desk):
    with pytest.raises(ConflictError):
        desk.ledger.append_now("export", 0, "a", {"n": float("inf")})
    with pytest.raises(ValueError, match="gossip"):
        desk.ledger.append_now("gossip", 0, "a", {})
    assert desk.ledger.append_now("export", 0, "a", {}) == 0


def test_many_threads_append_at_once(desk):
    other = StoredLedger(desk.store, desk.keys)

    def write(n):
        ledger = desk.ledger if n % 2 else other
        index = ledger.append_now("export", START_US, "acct-1", {"n": n})
        return index, n

    with ThreadPoolExecutor(16) as pool:
        given = dict(pool.map(write, range(200)))
    assert sorted(given) == list(range(200))
    entries = raw_entries(desk.ledger)
    assert {i: json.loads(e)["body"]["n"] for i, e in enumerate(entries)} == given
    report = desk.verify()
    assert report.is_intact, said(report)
    assert report.n_signed == report.n_entries == 200


class SignsEarly(StoredLedger):
    """Another thread's signature comes between our commit and ours."""

    def _commit(self, batch):
        indexes = super()._commit(batch)
        self.checkpoint()
        return indexes

    def _sign(self, batch):
        raise AssertionError(batch)


def test_what_another_has_signed_is_not_signed_again(desk):
    ledger = SignsEarly(desk.store, desk.keys)
    assert ledger.append_now("export", START_US, "a", {}) == 0
    assert len(desk.history.read_text().splitlines()) == 1
    assert desk.verify().findings == []


def append_in_a_process(folder, n):
    store = SqliteStore(folder)
    ledger = StoredLedger(store, folder / "ledger")
    for i in range(n):
        ledger.append_now("export", START_US, "acct-1", {"n": i})
    store.close()


def test_several_processes_append_at_once(desk):
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=append_in_a_process, args=(desk.folder, 30)) for _ in range(2)]
    for other in others:
        other.start()
    for i in range(30):
        desk.ledger.append_now("export", START_US, "acct-1", {"n": i})
    for other in others:
        other.join()
    assert [other.exitcode for other in others] == [0, 0]
    report = desk.verify()
    assert report.is_intact, said(report)
    assert report.n_signed == report.n_entries == 90


def test_what_was_undone_is_never_signed(desk):
    """A checkpoint asked for in the middle of a transaction covers what was committed before."""
    desk.write(2)
    with pytest.raises(ZeroDivisionError), desk.store.write() as out:
        desk.ledger.append(out, "export", 0, "a", {})
        assert head(desk.ledger.checkpoint()).size == 2
        raise ZeroDivisionError
    desk.write(1)
    assert head(desk.ledger.checkpoint()).size == 3
    assert desk.verify().is_intact


def test_a_ledger_that_went_back_signs_and_takes_nothing(desk):
    desk.write(5, sign_at=(3, 5))
    desk.attack(
        "DELETE FROM ledger_entries WHERE leaf_index > 2",
        "DELETE FROM ledger_nodes WHERE (position + 1) << level > 3",
    )
    for ledger in (desk.ledger, desk.reopen()):
        with pytest.raises(EngineError, match="went back: 5 entries were signed.* holds 3"):
            ledger.checkpoint()
        with pytest.raises(EngineError, match="went back"):
            ledger.append_now("export", 0, "a", {})
        with pytest.raises(EngineError, match="went back"), desk.store.write() as out:
            ledger.append(out, "export", 0, "a", {})
    assert desk.ledger.size() == 3


def test_a_ledger_that_was_rewritten_signs_nothing(desk):
    desk.write(4, sign_at=(4,))
    desk.attack("UPDATE ledger_nodes SET hash = zeroblob(32) WHERE level = 2")
    with pytest.raises(EngineError, match="first 4 entries were changed"):
        desk.ledger.append_now("export", 0, "a", {})


def test_a_tree_with_a_hole_is_not_built_upon(desk):
    desk.write(3)
    desk.attack("DELETE FROM ledger_nodes WHERE level = 1")
    with pytest.raises(EngineError, match="lacks hash 0 of level 1"):
        desk.write(1)


def test_the_database_remembers_the_newest_checkpoint(desk):
    desk.write(4, sign_at=(1, 3))
    desk.write(1)
    with desk.store.read() as view:
        rows = view.query("SELECT size, checkpoint FROM ledger_checkpoints ORDER BY size")
    assert [size for size, _ in rows] == [1, 3]
    assert [head(written).size for _, written in rows] == [1, 3]


def test_a_proof_stands_by_itself(desk):
    desk.write(9)
    proof = desk.ledger.inclusion(4)
    assert proof.index == 4
    assert json.loads(proof.entry)["body"] == {"n": 4}
    assert proof.vkey == desk.ledger.vkeys()[0]
    assert head(proof.checkpoint).size == 9
    for index in (-1, 9):
        with pytest.raises(ConfigError, match=f"no entry {index}") as caught:
            desk.ledger.inclusion(index)
    assert "there are 9" in caught.value.help


@pytest.mark.parametrize(("old", "new"), [(-1, 2), (3, 2), (0, 4), (4, 4)])
def test_proofs_beyond_the_tree_are_refused(desk, old, new):
    desk.write(3)
    with pytest.raises(ConfigError, match="no proof leads"):
        desk.ledger.consistency(old, new)
    assert desk.ledger.consistency(0, 3) == ()
    assert desk.ledger.consistency(3, 3) == ()


@pytest.fixture
def mixed(desk):
    """Three entries under a checkpoint, two that wait for one; entry 1 is an export."""
    for index, kind in enumerate(["decision", "export", "decision", "decision", "export"]):
        with desk.store.write() as out:
            desk.ledger.append(out, kind, START_US + index, "acct-1", {"n": index})
        if index == 2:
            desk.ledger.checkpoint()
    return desk


def test_entries_are_found_by_index_and_kind(mixed):
    with mixed.store.read() as view:
        assert [mixed.ledger.entry(view, i)["body"]["n"] for i in range(5)] == list(range(5))
        assert mixed.ledger.entry(view, 5) is None
        assert mixed.ledger.entry(view, -1) is None
        exports = mixed.ledger.entries_of(view, ["export"])
        assert [(i, e["body"]["n"]) for i, e in exports] == [(1, 1), (4, 4)]
        assert len(mixed.ledger.entries_of(view, ["export", "decision"])) == 5
        assert mixed.ledger.entries_of(view, ["stop_switch"]) == []


def test_an_entry_is_seen_within_its_own_transaction(mixed):
    with mixed.store.write() as out:
        index = mixed.ledger.append(out, "export", 0, "a", {"n": "new"})
        assert mixed.ledger.entry(out, index)["body"] == {"n": "new"}
        assert mixed.ledger.entries_of(out, ["export"])[-1][0] == index


def test_an_older_view_still_reads_what_was_there(mixed):
    with mixed.store.read() as view:
        assert mixed.ledger.entry(view, 1)["body"] == {"n": 1}
        with ThreadPoolExecutor(1) as pool:
            pool.submit(mixed.ledger.append_now, "export", START_US, "a", {}).result()
        assert mixed.ledger.entry(view, 1)["body"] == {"n": 1}
        assert mixed.ledger.entry(view, 5) is None


def test_a_ledger_that_has_signed_nothing_reads_its_entries(desk):
    desk.write(2)
    with desk.store.read() as view:
        assert desk.ledger.entry(view, 1)["body"] == {"n": 1}


@pytest.mark.parametrize("index", [1, 4])
@pytest.mark.parametrize("fits", [False, True])
def test_an_entry_written_over_in_the_database_is_refused(mixed, index, fits):
    raw = mixed.ledger.entries(index, index + 1)[0].replace(b"acct-1", b"acct-2")
    mixed.attack(("UPDATE ledger_entries SET entry = ? WHERE leaf_index = ?", (raw, index)))
    if fits:
        leaf = tree.leaf_hash(raw)
        mixed.attack(
            ("UPDATE ledger_nodes SET hash = ? WHERE level = 0 AND position = ?", (leaf, index))
        )
    with mixed.store.read() as view:
        # what is not signed yet can only be held against its leaf
        if index == 1 or not fits:
            with pytest.raises(RefusedError, match=f"entry {index} of the ledger") as caught:
                mixed.ledger.entry(view, index)
            assert caught.value.reason == "tampered"
        if not fits:
            with pytest.raises(RefusedError, match=f"entry {index} of the ledger"):
                mixed.ledger.entries_of(view, ["export"])


def test_an_entry_without_its_leaf_is_refused(mixed):
    mixed.attack("DELETE FROM ledger_nodes WHERE level = 0 AND position = 1")
    with mixed.store.read() as view:
        with pytest.raises(RefusedError, match="entry 1 of the ledger"):
            mixed.ledger.entries_of(view, ["export"])
        with pytest.raises(EngineError, match="lacks hash"):
            mixed.ledger.entry(view, 0)


def test_tiles_are_the_hashes_and_entries_of_the_tree(desk):
    desk.write_many(600)
    ledger = desk.ledger
    entries = raw_entries(ledger)
    assert ledger.entries(100, 103) == entries[100:103]
    leaves = [naive.head([e]) for e in entries]
    assert ledger.resource("checkpoint") == ledger.checkpoint().encode()
    assert ledger.resource("tile/0/000") == b"".join(leaves[:256])
    assert ledger.resource("tile/0/002.p/88") == b"".join(leaves[512:])
    assert ledger.resource("tile/0/002.p/5") == b"".join(leaves[512:517])
    above = naive.head(entries[:256]) + naive.head(entries[256:512])
    assert ledger.resource("tile/1/000.p/2") == above
    assert unbundle(ledger.resource("tile/entries/001")) == entries[256:512]
    assert unbundle(ledger.resource("tile/entries/002.p/88")) == entries[512:]


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002",
        "tile/0/002.p/89",
        "tile/0/003.p/1",
        "tile/1/000.p/3",
        "tile/2/000.p/1",
        "tile/entries/002",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
        "tile/63/000",
        "tile/entries/../000",
        "signing-key",
        "",
    ],
)
def test_what_has_not_grown_is_not_there(desk, path):
    desk.write_many(600)
    assert desk.ledger.resource(path) is None


def test_a_mirror_grows_with_the_ledger(desk, tmp_path):
    mirror = tmp_path / "mirror"
    assert head(write_mirror(desk.ledger, mirror)).size == 0
    desk.write_many(300)
    write_mirror(desk.ledger, mirror)
    before = (mirror / "tile/0/000").stat().st_mtime_ns
    desk.write_many(300)
    written = write_mirror(desk.ledger, mirror)
    assert (mirror / "checkpoint").read_text() == written
    assert (mirror / "tile/0/000").stat().st_mtime_ns == before
    for path in ("tile/0/001", "tile/0/001.p/44", "tile/entries/002.p/88", "tile/1/000.p/2"):
        assert (mirror / path).read_bytes() == desk.ledger.resource(path)
    assert not list(mirror.rglob("*.new"))
    assert desk.verify(mirrors=[mirror]).is_intact


def test_a_key_gives_way_to_the_next(desk):
    desk.write(2, sign_at=(2,))
    old = desk.ledger.vkeys()
    other = StoredLedger(desk.store, desk.keys)
    desk.write(1)
    desk.ledger.rotate()
    assert desk.ledger.vkeys()[:1] == old
    assert len(desk.ledger.vkeys()) == 2
    assert desk.ledger.inclusion(0).vkey == old[0]
    desk.write(1)
    assert other.inclusion(3).vkey == desk.ledger.vkeys()[1]
    assert other.vkeys() == desk.ledger.vkeys()
    other.rotate()
    other.append_now("export", START_US + 9_000_000, "a", {})
    assert desk.ledger.checkpoint() == other.checkpoint()
    report = desk.verify(vkeys=[VerifierKey.parse(old[0])])
    assert report.is_intact, said(report)
    assert report.vkeys == other.vkeys()
    assert len(report.vkeys) == 3
    assert len((desk.keys / "signing-key").read_text().splitlines()) == 1


@pytest.mark.parametrize("had_signed", [False, True])
def test_a_rotation_that_a_crash_cut_is_made_good(desk, had_signed):
    desk.write(1, sign_at=(1,))
    old = SigningKey.parse((desk.keys / "signing-key").read_text())
    new = new_key(old.name)
    if had_signed:
        desk.ledger.rotate()
        new = SigningKey.parse((desk.keys / "signing-key").read_text())
    write_keys(desk.keys, [old, new])
    desk.reopen()
    desk.ledger.append_now("export", START_US + 9_000_000, "a", {})
    assert desk.ledger.vkeys() == [str(old.verifier()), str(new.verifier())]
    lines = desk.history.read_text().splitlines()
    assert [next(iter(json.loads(line))) for line in lines] == [
        "checkpoint",
        "handover",
        "checkpoint",
    ]
    assert desk.verify().is_intact


def test_a_key_that_is_gone_while_running_stops_the_signing(desk):
    desk.write(1, sign_at=(1,))
    (desk.keys / "signing-key").unlink()
    desk.write(1)
    with pytest.raises(EngineError, match="is gone"):
        desk.ledger.checkpoint()
    with pytest.raises(EngineError, match="is gone"):
        desk.reopen()


def test_a_witness_s_line_is_kept_with_the_newest_checkpoint(desk):
    witness = SigningKey("example.org/w", bytes(32), COSIGNATURE)
    keys = [witness.verifier()]
    with pytest.raises(BrokenError, match="not the newest"):
        desk.ledger.cosigned(cosign(desk.ledger.checkpoint(), witness, 5)[1:], keys)
    desk.write(2)
    older = desk.ledger.checkpoint()
    both = cosign(older, witness, 1_790_000_000)
    desk.ledger.cosigned(both, keys)
    assert desk.ledger.checkpoint() == both
    assert desk.reopen().checkpoint() == both
    report = desk.verify(witnesses=keys)
    assert report.is_intact, said(report)
    assert report.cosigned == {"example.org/w": 2}
    desk.write(1)
    newest = desk.ledger.checkpoint()
    with pytest.raises(BrokenError, match="not the newest"):
        desk.ledger.cosigned(both, keys)
    with pytest.raises(BrokenError, match="no known witness"):
        desk.ledger.cosigned(newest, keys)
    text = newest.partition("\n\n")[0] + "\n"
    with pytest.raises(BrokenError, match="ledger's line is gone"):
        desk.ledger.cosigned(f"{text}\n{witness.sign(text, time_s=1)}", keys)


def test_a_witness_asks_in_vain_where_nothing_was_signed(desk):
    witness = SigningKey("example.org/w", bytes(32), COSIGNATURE)
    text = "x\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
    with pytest.raises(BrokenError, match="not the newest"):
        desk.ledger.cosigned(f"{text}\n{witness.sign(text)}", [witness.verifier()])
