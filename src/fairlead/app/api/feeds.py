"""How each feed does: its rate against what it is expected to send, its delay, its state."""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

RATE_S = 60.0
"""The rate is a mean over about this long."""
LEARN_S = 3600.0
"""The expected rate follows the rate this slowly, and only while the feed is alive."""
SLOW_SHARE = 0.5
DEAD_S = 60.0
"""A feed that is expected to send is dead after this long, or after ten of its mean intervals."""


class FeedState(msgspec.Struct):
    """One feed as the console shows it. Rates are lines a minute."""

    source: str
    kind: str
    state: str
    rate_per_min: float
    expected_per_min: float | None
    delay_s: float | None
    last_received_us: int | None
    n_lines: int
    n_rows: int
    rejects: dict[str, int]


@dataclass
class _Feed:
    kind: str
    declared_per_min: float | None
    is_live: bool
    started_us: int
    looked_us: int
    rate_per_min: float = 0.0
    learned_per_min: float | None = None
    delay_s: float | None = None
    last_us: int | None = None
    n_lines: int = 0
    n_new: int = 0
    n_rows: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    has_ended: bool = False


class Feeds:
    """Told by the readers, asked by the interface; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._feeds: dict[str, _Feed] = {}

    def open(
        self, source: str, kind: str, *, is_live: bool, declared: float | None, now_us: int
    ) -> None:
        with self._lock:
            self._feeds[source] = _Feed(kind, declared, is_live, now_us, now_us)

    def heard(
        self,
        source: str,
        n_lines: int,
        n_rows: int,
        delay_s: float | None,
        rejects: Mapping[str, int],
        now_us: int,
    ) -> None:
        """Lines came. `delay_s` is how old the newest report was when it was decoded."""
        with self._lock:
            feed = self._feeds[source]
            feed.n_lines += n_lines
            feed.n_new += n_lines
            feed.n_rows += n_rows
            feed.rejects.update(rejects)
            if n_lines:
                feed.last_us = now_us
            if delay_s is not None:
                feed.delay_s = delay_s

    def ended(self, source: str) -> None:
        with self._lock:
            self._feeds[source].has_ended = True

    def look(self, now_us: int) -> None:
        """Bring the rates up to now; called about once a second."""
        with self._lock:
            for feed in self._feeds.values():
                _look(feed, now_us)

    def states(self, now_us: int) -> list[FeedState]:
        with self._lock:
            return [
                FeedState(
                    source=name,
                    kind=feed.kind,
                    state=_state(feed, now_us),
                    rate_per_min=round(feed.rate_per_min, 2),
                    expected_per_min=_expected(feed),
                    delay_s=feed.delay_s,
                    last_received_us=feed.last_us,
                    n_lines=feed.n_lines,
                    n_rows=feed.n_rows,
                    rejects=dict(feed.rejects),
                )
                for name, feed in sorted(self._feeds.items())
            ]


def _look(feed: _Feed, now_us: int) -> None:
    passed_s = (now_us - feed.looked_us) / 1e6
    if passed_s < 0.5:
        return
    now_per_min = feed.n_new / passed_s * 60.0
    age_s = max(passed_s, (now_us - feed.started_us) / 1e6)
    share = 1.0 - math.exp(-passed_s / min(RATE_S, age_s))
    feed.rate_per_min += share * (now_per_min - feed.rate_per_min)
    feed.n_new, feed.looked_us = 0, now_us
    if feed.last_us is not None and _state(feed, now_us) == "live":
        known = feed.learned_per_min
        slowly = 1.0 - math.exp(-passed_s / min(LEARN_S, age_s))
        feed.learned_per_min = (
            feed.rate_per_min if known is None else known + slowly * (feed.rate_per_min - known)
        )


def _expected(feed: _Feed) -> float | None:
    known = feed.declared_per_min if feed.declared_per_min is not None else feed.learned_per_min
    return None if known is None else round(known, 2)


def _state(feed: _Feed, now_us: int) -> str:
    if feed.has_ended:
        return "ended"
    if not feed.is_live:
        return "live"
    expected = _expected(feed)
    since_us = feed.last_us if feed.last_us is not None else feed.started_us
    silent_s = (now_us - since_us) / 1e6
    longest_s = max(DEAD_S, 600.0 / expected) if expected else DEAD_S
    if silent_s > longest_s:
        return "dead"
    if feed.last_us is None:
        return "waiting"
    age_s = (now_us - feed.started_us) / 1e6
    if expected and age_s > RATE_S and feed.rate_per_min < SLOW_SHARE * expected:
        return "slow"
    return "live"
