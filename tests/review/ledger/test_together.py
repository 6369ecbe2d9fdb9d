"""Group commit: one works for all who wait, and what fails fails for each of them."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fairlead.review.ledger.together import Together


def test_everybody_gets_a_result_of_their_own():
    batches = []

    def work(batch):
        batches.append(batch)
        return [item * 10 for item in batch]

    together = Together(work)
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(together.add, range(400)))
    assert results == [i * 10 for i in range(400)]
    assert sorted(item for batch in batches for item in batch) == list(range(400))


def test_who_comes_while_work_is_done_goes_together_next():
    started, go_on = threading.Event(), threading.Event()
    batches = []

    def work(batch):
        batches.append(batch)
        started.set()
        go_on.wait(10)
        return batch

    together = Together(work)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(together.add, 0)
        started.wait(10)
        rest = [pool.submit(together.add, i) for i in (1, 2, 3)]
        while len(together._queue) < 3:
            pass
        go_on.set()
        assert [first.result(), *(r.result() for r in rest)] == [0, 1, 2, 3]
    assert [len(batch) for batch in batches] == [1, 3]


def test_what_fails_fails_for_each_and_is_over():
    answers = [OSError("full"), None]
    started, go_on = threading.Event(), threading.Event()

    def work(batch):
        started.set()
        go_on.wait(10)
        if len(batch) == 2:
            raise answers[0]
        return batch

    together = Together(work)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(together.add, "a")
        started.wait(10)
        others = [pool.submit(together.add, word) for word in "bc"]
        while len(together._queue) < 2:
            pass
        go_on.set()
        assert first.result() == "a"
        for other in others:
            with pytest.raises(OSError, match="full"):
                other.result()
    assert together.add("d") == "d"


def test_a_result_for_each_is_demanded():
    with pytest.raises(ValueError, match="zip"):
        Together(lambda batch: []).add(1)
