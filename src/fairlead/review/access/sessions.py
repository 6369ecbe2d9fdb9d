"""Sessions of people in browsers: a random token each, of which only a digest is stored.

A session ends when it is idle, when it is old, at sign-out, and with any change of its account.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

from fairlead.review.access.accounts import Account, Accounts
from fairlead.review.access.ground import Ground
from fairlead.review.access.principal import Principal
from fairlead.review.access.refusals import VagueError, refusal
from fairlead.schema.errors import RefusedError
from fairlead.schema.ledger import LedgerKind

_COLUMNS = (
    "token_hash, account_id, method, authenticated_us, expires_us, account_seq, seal, last_us,"
    " ended_us"
)


@dataclass(frozen=True, slots=True)
class Session:
    """What a cookie stands for. `token` goes into the cookie, `csrf` to the page; neither is
    stored or shown anywhere else."""

    principal: Principal
    expires_us: int
    token: str = field(repr=False)
    csrf: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sessions:
    ground: Ground
    accounts: Accounts
    idle_us: int = 30 * 60_000_000
    longest_us: int = 12 * 3_600_000_000
    touch_us: int = 60_000_000

    def start(
        self, account: Account, *, method: str, now_us: int, replaces: str | None = None
    ) -> Session:
        """A new session with a new token, for an account that has just shown who it is.

        `replaces` is the token that the browser sent, if any: it ends here, so that nobody can
        hand a person a token beforehand and share their session.
        """
        with self.ground.guarded("sign_in", now_us, account.account_id, LedgerKind.SIGN_IN_REFUSED):
            state = account.state(now_us)
            if state != "active":
                raise VagueError(reason="not_active", detail=state)
            if replaces:
                self.end(replaces, now_us=now_us)
            token = secrets.token_urlsafe(32)
            values = (
                *(_hash(token), account.account_id, method, now_us, now_us + self.longest_us),
                account.seq,
            )
            seal = self.ground.seal.of("sessions", *values)
            with self.ground.store.write() as out:
                out.execute(
                    f"INSERT INTO sessions ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                    (*values, seal, now_us),
                )
                body = {"method": method}
                self.ground.ledger.append(out, LedgerKind.SIGN_IN, now_us, account.account_id, body)
        principal = account.principal(method=method, authenticated_us=now_us)
        return Session(principal, values[4], token, self.csrf(token))

    def of(self, token: str, *, now_us: int) -> Session:
        """The session of a cookie.

        Raises RefusedError `no_session`, `session_ended`, `session_expired`, `not_active`,
        `account_changed`, `tampered`, `clock_set_back`. Whatever ends a session is in the ledger
        once; a page that goes on asking afterwards adds nothing.
        """
        with self.ground.store.read() as view:
            rows = view.query(
                f"SELECT {_COLUMNS} FROM sessions WHERE token_hash = ?", (_hash(token),)
            )
        if not rows:
            raise refusal(reason="no_session")
        *values, seal, last_us, ended_us = rows[0]
        account_id, method, authenticated_us, expires_us, account_seq = values[1:]
        if ended_us is not None:
            raise refusal(reason="session_ended")
        try:
            with self.ground.guarded("session", now_us, account_id):
                if not self.ground.seal.holds(seal, "sessions", *values):
                    raise refusal(reason="tampered")
                if now_us >= min(expires_us, last_us + self.idle_us):
                    raise refusal(reason="session_expired")
                account = self._account(account_id, account_seq, now_us)
        except RefusedError:
            self.end(token, now_us=now_us)
            raise
        if now_us >= last_us + self.touch_us:
            self._touch(values[0], now_us)
        principal = account.principal(method=method, authenticated_us=authenticated_us)
        return Session(principal, expires_us, token, self.csrf(token))

    def _account(self, account_id: str, seq: int, now_us: int) -> Account:
        account = self.accounts.get(account_id)
        state = account.state(now_us) if account else "unknown_account"
        if account is None or state != "active":
            raise VagueError(reason="not_active", detail=state)
        if account.seq != seq:
            raise refusal(reason="account_changed")
        return account

    def csrf(self, token: str) -> str:
        """The word that a page of this session must send with whatever changes something."""
        return self.ground.seal.of("csrf", token)

    def check_csrf(self, session: Session, sent: str, *, now_us: int) -> None:
        """Raises RefusedError `csrf`."""
        with self.ground.guarded("csrf", now_us, session.principal.account_id):
            if not hmac.compare_digest(session.csrf.encode(), sent.encode()):
                raise refusal(reason="csrf")

    def end(self, token: str, *, now_us: int) -> None:
        """Sign out. Ending what is no session does nothing."""
        with self.ground.store.write() as out:
            out.execute(
                "UPDATE sessions SET ended_us = ? WHERE token_hash = ? AND ended_us IS NULL",
                (now_us, _hash(token)),
            )

    def _touch(self, token_hash: str, now_us: int) -> None:
        with self.ground.store.write() as out:
            out.execute(
                "UPDATE sessions SET last_us = ? WHERE token_hash = ?", (now_us, token_hash)
            )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
