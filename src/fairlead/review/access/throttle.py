"""Growing delays for whoever guesses: per handle and per source address, kept in the store.

An attempt counts as failed from the moment it begins, so that many at once gain nothing. Handles
and addresses are kept as keyed digests.
"""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.review.access.ground import Ground
from fairlead.schema.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Throttle:
    """After `free` failures each further one doubles the wait, up to `longest_us`.

    A bucket without failures for `forget_us` starts again.
    """

    ground: Ground
    free_per_handle: int = 5
    free_per_address: int = 20
    first_us: int = 1_000_000
    longest_us: int = 900_000_000
    forget_us: int = 86_400_000_000

    def begin(self, handle: str, address: str, now_us: int) -> None:
        """Count an attempt. Raises RefusedError `throttled`, which itself counts for nothing."""
        with self.ground.store.write() as out:
            counts = []
            for bucket, free in self._buckets(handle, address):
                rows = out.query(
                    "SELECT failures, last_us FROM throttles WHERE bucket = ?", (bucket,)
                )
                failures, last_us = rows[0] if rows else (0, now_us)
                if now_us - last_us >= self.forget_us:
                    failures = 0
                wait_us = last_us + self._delay_us(failures - free) - now_us
                if failures and wait_us > 0:
                    raise _throttled(wait_us)
                counts.append((bucket, failures + 1))
            for bucket, failures in counts:
                out.execute("DELETE FROM throttles WHERE bucket = ?", (bucket,))
                out.execute("INSERT INTO throttles VALUES (?, ?, ?)", (bucket, failures, now_us))

    def succeeded(self, handle: str, address: str) -> None:
        """Forget the handle's failures, and take this attempt off the address's."""
        (of_handle, _), (of_address, _) = self._buckets(handle, address)
        with self.ground.store.write() as out:
            out.execute("DELETE FROM throttles WHERE bucket = ?", (of_handle,))
            out.execute(
                "UPDATE throttles SET failures = failures - 1 WHERE bucket = ? AND failures > 0",
                (of_address,),
            )

    def _buckets(self, handle: str, address: str) -> list[tuple[str, int]]:
        seal = self.ground.seal
        return [
            (seal.of("throttle", "handle", handle.strip().lower()), self.free_per_handle),
            (seal.of("throttle", "address", address), self.free_per_address),
        ]

    def _delay_us(self, over: int) -> int:
        if over < 0:
            return 0
        return min(self.first_us << min(over, 40), self.longest_us)


def _throttled(wait_us: int) -> RefusedError:
    message = f"too many attempts, the next one counts in {-(-wait_us // 1_000_000)} s"
    return RefusedError(message, reason="throttled", help="wait, or use a passkey")
