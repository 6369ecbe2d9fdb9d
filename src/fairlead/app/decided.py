"""People's words on leads as the terminal reads and adds them: the console's own, in one store."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.engines.control import FILE_NAME, SqliteStore
from fairlead.schema.decisions import Decision

TERMINAL = "terminal"
"""Who decides where nobody signs in: whoever may write the workspace. Such a word silences a lead;
it approves no referral."""


@contextmanager
def open_decisions(folder: Path) -> Generator[Any]:
    """The decisions of a workspace. Raises EngineError where store or ledger cannot be trusted."""
    from fairlead.review.decisions import Decisions
    from fairlead.review.ledger import FOLDER_NAME, StoredLedger

    store = SqliteStore(folder)
    try:
        yield Decisions(store, StoredLedger(store, folder / FOLDER_NAME))
    finally:
        store.close()


def words_on_leads(folder: Path) -> list[Decision]:
    """Every word on every lead, oldest first; none where nobody has decided yet."""
    if not (folder / FILE_NAME).exists():
        return []
    with open_decisions(folder) as decisions:
        return decisions.every()


@dataclass(frozen=True, slots=True)
class Silent:
    """What people's words keep out of the queue: `handled` as `leads.queue.silence` takes it, and
    the leads that are snoozed now."""

    handled: list[dict[str, Any]]
    snoozed: frozenset[str]


def silent_in(folder: Path) -> Silent:
    """What is kept silent in a workspace at this moment."""
    from fairlead.review.decisions import handled_words

    words, now_us = words_on_leads(folder), time.time_ns() // 1000
    last = {word.lead_id: word for word in words}
    snoozed = {i for i, word in last.items() if (word.snooze_until_us or 0) > now_us}
    return Silent(handled_words(words), frozenset(snoozed))
