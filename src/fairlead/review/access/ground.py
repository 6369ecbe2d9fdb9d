"""What every part of access stands on: the store, the ledger, the installation's secret, the clock.

The secret is a file outside the database. Rows that give power carry a seal made with it, so that
a row written straight into the database has none.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fairlead.review.access.refusals import VagueError, refusal
from fairlead.review.access.tables import TABLES
from fairlead.schema.errors import ConfigError, ConflictError, RefusedError
from fairlead.schema.ids import canonical_json
from fairlead.schema.ledger import Ledger, LedgerKind
from fairlead.schema.store import Store

SECRET_BYTES = 32
NOBODY = "nobody"
"""The actor in the ledger while it is not known who asks."""


class Seal:
    """Makes and checks what only this installation can make. `secret` is 32 random bytes."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) != SECRET_BYTES:
            message = f"the secret of access has {len(secret)} bytes, {SECRET_BYTES} are needed"
            raise ConfigError(message, help="restore the workspace's secret file")
        self._secret = secret
        self._cipher = AESGCM(self._key("hide"))

    def _key(self, use: str) -> bytes:
        return hmac.digest(self._secret, f"fairlead access {use}".encode(), hashlib.sha256)

    def of(self, use: str, *values: object) -> str:
        """A keyed digest of the values, for one use: 64 hex digits."""
        body = canonical_json(list(values)).encode()
        return hmac.digest(self._key(use), body, hashlib.sha256).hex()

    def holds(self, seal: str, use: str, *values: object) -> bool:
        return hmac.compare_digest(seal.encode(), self.of(use, *values).encode())

    def hide(self, text: str, owner: str) -> bytes:
        """Encrypted so that a copy of the database alone does not give it away."""
        nonce = secrets.token_bytes(12)
        return nonce + self._cipher.encrypt(nonce, text.encode(), owner.encode())

    def show(self, hidden: bytes, owner: str) -> str:
        """What `hide` was given. Raises RefusedError `tampered` for anything else."""
        try:
            return self._cipher.decrypt(hidden[:12], hidden[12:], owner.encode()).decode()
        except (InvalidTag, ValueError) as error:
            raise refusal(reason="tampered") from error


class Clock:
    """Refuses to go back: what has expired stays expired when the machine's clock is set back.

    The latest time seen is kept in the database once a minute. A step back of up to `slack_us`
    is taken for the clock being disciplined.
    """

    slack_us = 120_000_000
    keep_every_us = 60_000_000

    def __init__(self, store: Store) -> None:
        self._store = store
        with store.read() as view:
            rows = view.query(
                "SELECT coalesce(max(at_us), 0) FROM account_changes"
                " UNION ALL SELECT coalesce(max(latest_us), 0) FROM access_clock"
            )
        self._latest_us = max(row[0] for row in rows)
        self._kept_us = self._latest_us

    def check(self, now_us: int) -> None:
        """Raises RefusedError `clock_set_back`."""
        if now_us < self._latest_us - self.slack_us:
            raise refusal(reason="clock_set_back")
        self._latest_us = max(self._latest_us, now_us)
        if self._latest_us >= self._kept_us + self.keep_every_us:
            self._keep(self._latest_us)

    def forgive(self, ledger: Ledger, now_us: int) -> None:
        """Take `now_us` for the truth, after the clock had wrongly jumped ahead.

        For whoever stands at the machine; never reachable over the network.
        """
        body = {"act": "forgive_clock", "latest_us": str(self._latest_us)}
        ledger.append_now(LedgerKind.ACCOUNT_CHANGE, now_us, NOBODY, body)
        self._latest_us = now_us
        self._keep(now_us)

    def _keep(self, latest_us: int) -> None:
        with self._store.write() as out:
            out.execute("DELETE FROM access_clock")
            out.execute("INSERT INTO access_clock VALUES (?)", (latest_us,))
        self._kept_us = latest_us


@dataclass(slots=True)
class Attempt:
    """`actor` is set as soon as it is known who tries."""

    actor: str


@dataclass(frozen=True, slots=True)
class Ground:
    store: Store
    ledger: Ledger
    seal: Seal
    clock: Clock

    @classmethod
    def prepare(cls, store: Store, ledger: Ledger, secret: bytes) -> Ground:
        """Define the tables and read what the clock was."""
        store.define(TABLES)
        return cls(store, ledger, Seal(secret), Clock(store))

    @contextmanager
    def guarded(
        self, act: str, now_us: int, actor: str, kind: str = LedgerKind.REFUSED
    ) -> Generator[Attempt]:
        """Whatever is refused inside is in the ledger before anyone hears of it.

        Not to be opened inside a transaction. Something used up by someone else at the same
        moment is refused as `used`.
        """
        attempt = Attempt(actor)
        try:
            self.clock.check(now_us)
            yield attempt
        except RefusedError as no:
            reason = no.detail if isinstance(no, VagueError) else no.reason
            self.ledger.append_now(kind, now_us, attempt.actor, {"act": act, "reason": reason})
            raise
        except ConflictError as conflict:
            self.ledger.append_now(kind, now_us, attempt.actor, {"act": act, "reason": "used"})
            raise refusal(reason="used") from conflict
