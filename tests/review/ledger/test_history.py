"""The file of checkpoints: only appended, read from its end, mended after a crash."""

import json
import threading

import pytest

from fairlead.review.ledger.history import History
from fairlead.review.ledger.keys import new_key
from fairlead.review.ledger.notes import Checkpoint, Handover, signed
from fairlead.review.ledger.tree import EMPTY_ROOT

KEY = new_key("here")


def note(size):
    return signed(Checkpoint("here", size, EMPTY_ROOT), KEY)


@pytest.fixture
def history(tmp_path):
    return History(tmp_path / "new" / "ledger")


def sizes(history):
    return [what and what.checkpoint.size for _, what in history.lines()]


def test_the_last_one_is_found_by_whoever_opens_the_file(history):
    with history.lock():
        assert history.last() is None
        assert list(history.lines()) == []
        for size in (0, 3, 3, 7):
            added = history.add(note(size))
            assert added.checkpoint.size == size
            assert history.last() == added
    assert sizes(history) == [0, 3, 3, 7]
    assert [number for number, _ in history.lines()] == [1, 2, 3, 4]
    assert [what.line for _, what in history.lines()] == [1, 2, 3, 4]
    with History(history.folder).lock():
        assert History(history.folder).last().checkpoint.size == 7


def test_another_s_line_is_seen(history):
    with history.lock():
        history.add(note(1))
    other = History(history.folder)
    with other.lock():
        other.add(note(2))
    with history.lock():
        assert history.last().checkpoint.size == 2
    history.path.unlink()
    with history.lock():
        assert history.last() is None


@pytest.mark.parametrize("cut", [1, 2, 40])
def test_half_a_line_is_left_and_passed_over(history, cut):
    with history.lock():
        history.add(note(1))
        history.add(note(2))
    whole = history.path.read_bytes()
    history.path.write_bytes(whole[:-cut])
    with history.lock():
        # without its newline alone the line is whole
        assert history.last().checkpoint.size == (2 if cut == 1 else 1)
        history.add(note(3))
        assert history.last().checkpoint.size == 3
    assert sizes(history) == ([1, 2, 3] if cut == 1 else [1, None, 3])
    assert history.path.read_bytes().startswith(whole[:-cut] + b"\n{")


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"5",
        b"null",
        b"\xff",
        b"[" * 100_000,
        b'{"checkpoint": 5}',
        b'{"checkpoint": "x"}',
        b'{"handover": "x"}',
        b'{"handover": 5}',
        json.dumps({"checkpoint": note(9).replace("\n9\n", "\nnine\n")}).encode(),
    ],
)
def test_what_is_no_checkpoint_is_passed_over(history, line):
    with history.lock():
        history.add(note(1))
    with history.path.open("ab") as out:
        out.write(line + b"\n")
    with History(history.folder).lock():
        assert History(history.folder).last().checkpoint.size == 1
    assert sizes(history) == [1, None]


@pytest.mark.parametrize("n", [65_536, 65_537, 200_000])
def test_the_last_checkpoint_is_found_however_far_back(history, n):
    with history.lock():
        history.add(note(1))
        history.add(note(2))
    with history.path.open("ab") as out:
        out.write(b" " * (n - history.path.stat().st_size))
    assert History(history.folder).last().checkpoint.size == 2


def test_a_file_without_any_has_no_last(history):
    history.folder.mkdir(parents=True)
    history.path.write_bytes(b"x\n" * 50_000)
    assert history.last() is None
    history.path.write_bytes(b"")
    assert history.last() is None
    with history.lock():
        history.add(note(1))
    assert sizes(history) == [1]


def test_a_handover_stands_between_checkpoints(history):
    handover = Handover(KEY.verifier(), new_key("here").verifier())
    with history.lock():
        history.add(note(1))
        history.add_handover(f"{handover.text()}\n{KEY.sign(handover.text())}")
        assert history.last().checkpoint.size == 1
    assert [what for _, what in history.lines()][1] == handover


def test_the_lock_keeps_others_out(history):
    entered = []

    def enter():
        with History(history.folder).lock():
            entered.append("other")

    with history.lock():
        other = threading.Thread(target=enter)
        other.start()
        other.join(0.05)
        entered.append("first")
    other.join()
    assert entered == ["first", "other"]
    assert (history.folder.stat().st_mode & 0o777) == 0o700
