"""How often each peer may call."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict

RATES = {"general": (100.0, 400.0), "sign_in": (1.0, 20.0), "heavy": (5.0, 30.0)}
"""Calls a second, and how many may come at once, per peer."""
PEERS_KEPT = 4096


class Buckets:
    """Token buckets by peer and rate; the least recently seen are forgotten."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()

    def take(self, rate: str, peer: str) -> float:
        """Seconds to wait; 0 when the call may be made."""
        per_s, most = RATES[rate]
        now_s = time.monotonic()
        with self._lock:
            left, seen_s = self._held.pop((rate, peer), (most, now_s))
            left = min(most, left + (now_s - seen_s) * per_s)
            wait_s = 0.0 if left >= 1.0 else (1.0 - left) / per_s
            self._held[rate, peer] = (left - 1.0 if left >= 1.0 else left, now_s)
            while len(self._held) > PEERS_KEPT:
                self._held.popitem(last=False)
        return wait_s
