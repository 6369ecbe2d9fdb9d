"""Group commit: whoever finds nobody at work works for all who wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(slots=True)
class _Waiting(Generic[T, R]):
    item: T
    done: bool = False
    results: list[R] = field(default_factory=list)
    error: BaseException | None = None


class Together(Generic[T, R]):
    """`work` is called by one thread at a time, with the items of all that came while it was busy;
    it returns their results in order. What it raises is raised to each of them."""

    def __init__(self, work: Callable[[list[T]], list[R]]) -> None:
        self._work = work
        self._turn = threading.Condition()
        self._queue: list[_Waiting[T, R]] = []
        self._busy = False

    def add(self, item: T) -> R:
        mine: _Waiting[T, R] = _Waiting(item)
        with self._turn:
            self._queue.append(mine)
            self._turn.wait_for(lambda: mine.done or not self._busy)
            if not mine.done:
                self._busy = True
                batch, self._queue = self._queue, []
        if not mine.done:
            self._work_for(batch)
        if mine.error is not None:
            raise mine.error
        return mine.results[0]

    def _work_for(self, batch: list[_Waiting[T, R]]) -> None:
        try:
            results = self._work([waiting.item for waiting in batch])
            for waiting, result in zip(batch, results, strict=True):
                waiting.results.append(result)
        except BaseException as error:  # noqa: BLE001 - raised to each who waits
            for waiting in batch:
                waiting.error = error
        with self._turn:
            for waiting in batch:
                waiting.done = True
            self._busy = False
            self._turn.notify_all()
