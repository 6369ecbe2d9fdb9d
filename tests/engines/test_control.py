"""The control store: whole transactions, tables that only grow, several threads at once."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from fairlead.engines.control import SqliteStore
from fairlead.schema.errors import ConflictError, EngineError
from fairlead.schema.store import forbid_changes

WORDS = (
    "CREATE TABLE IF NOT EXISTS words (n BIGINT PRIMARY KEY, word TEXT NOT NULL, raw {bytes})",
    *forbid_changes("words"),
)


@pytest.fixture
def store(tmp_path):
    made = SqliteStore(tmp_path)
    made.define(WORDS)
    yield made
    made.close()


def words(store):
    with store.read() as view:
        return view.query("SELECT n, word FROM words ORDER BY n")


def test_a_transaction_that_raises_leaves_nothing(store):
    with pytest.raises(ZeroDivisionError), store.write() as out:
        out.execute("INSERT INTO words VALUES (?, ?, ?)", (1, "ship", b"\0"))
        raise ZeroDivisionError
    assert words(store) == []


def test_a_growing_table_refuses_changes(store):
    with store.write() as out:
        out.execute("INSERT INTO words VALUES (?, ?, ?)", (1, "ship", b"\0"))
    for change in ("UPDATE words SET word = 'boat'", "DELETE FROM words"):
        with pytest.raises(ConflictError, match="only grows"), store.write() as out:
            out.execute(change)
    assert words(store) == [(1, "ship")]


def test_a_reader_cannot_write(store):
    with pytest.raises(EngineError), store.read() as view:
        view.execute("INSERT INTO words VALUES (1, 'ship', NULL)")
    assert words(store) == []


def test_defining_again_changes_nothing(store):
    with store.write() as out:
        out.execute("INSERT INTO words VALUES (?, ?, ?)", (1, "ship", None))
    store.define(WORDS)
    assert words(store) == [(1, "ship")]


def test_writers_in_threads_take_turns(store):
    def write(n):
        with store.write() as out:
            seen = out.query("SELECT count(*) FROM words")[0][0]
            out.execute("INSERT INTO words VALUES (?, ?, NULL)", (seen, f"thread {n}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    assert [n for n, _ in words(store)] == list(range(40))


def test_a_second_process_sees_what_is_committed(store):
    with store.write() as out:
        out.execute("INSERT INTO words VALUES (?, ?, NULL)", (1, "ship"))
    other = sqlite3.connect(store.path)
    assert other.execute("SELECT word FROM words").fetchall() == [("ship",)]
    other.close()


def test_what_was_done_to_the_definitions_is_named(store):
    assert store.unlike(WORDS) == []
    with store.write() as out:
        out.execute("DROP TRIGGER words_no_update")
        out.execute("CREATE TRIGGER swallow BEFORE INSERT ON words BEGIN SELECT RAISE(IGNORE); END")
        out.execute("CREATE TABLE others (n BIGINT)")
    assert store.unlike(WORDS) == ["swallow", "words_no_update"]
    assert store.unlike(["CREATE TABLE IF NOT EXISTS words (n BIGINT)"]) == [
        "swallow",
        "words",
        "words_no_delete",
    ]


def test_a_read_inside_of_a_read_is_the_same_view(store):
    store.define(("CREATE TABLE IF NOT EXISTS inner_rows (n BIGINT)",))
    with store.read() as outer:
        assert outer.query("SELECT * FROM inner_rows") == []
        with store.write() as out:
            out.execute("INSERT INTO inner_rows VALUES (1)")
        with store.read() as inner:
            assert inner.query("SELECT * FROM inner_rows") == []
        assert outer.query("SELECT * FROM inner_rows") == []
    with store.read() as view:
        assert view.query("SELECT * FROM inner_rows") == [(1,)]
