"""Passwords with a one-time code, for those who have no passkey.

A wrong handle, a wrong password and a wrong code take the same work and give the same answer.
"""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass, field

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from fairlead.review.access.accounts import Account, Accounts
from fairlead.review.access.ground import NOBODY, Ground
from fairlead.review.access.refusals import VagueError, refusal
from fairlead.review.access.throttle import Throttle
from fairlead.schema.ledger import LedgerKind
from fairlead.schema.store import Transaction

LEAST, MOST = 12, 256
STEP_S = 30


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess costs: Argon2id with RFC 9106's second recommended option."""

    passes: int = 3
    memory_kib: int = 65536
    lanes: int = 4

    def hasher(self) -> PasswordHasher:
        return PasswordHasher(self.passes, self.memory_kib, self.lanes)


@dataclass(frozen=True, slots=True)
class Passwords:
    ground: Ground
    accounts: Accounts
    throttle: Throttle
    cost: Cost = Cost()
    _hasher: PasswordHasher = field(init=False, repr=False)
    _decoy: tuple[str, str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hasher", self.cost.hasher())
        decoy = (self._hasher.hash(pyotp.random_base32()), pyotp.random_base32())
        object.__setattr__(self, "_decoy", decoy)

    def sign_in(
        self, handle: str, password: str, code: str, *, address: str, now_us: int
    ) -> Account:
        """The account that all three belong to.

        Raises RefusedError `sign_in_failed` or `throttled`. The ledger has the reason:
        `unknown_handle`, `wrong_password`, `wrong_code`, `used_code`, `revoked`, `expired`.
        """
        kind = LedgerKind.SIGN_IN_REFUSED
        with self.ground.guarded("sign_in", now_us, NOBODY, kind) as attempt:
            account = self.accounts.by_handle(handle)
            if account is not None:
                attempt.actor = account.account_id
            self.throttle.begin(handle, address, now_us)
            wrong = self.check(account, password, code, now_us)
            if wrong is None and account is not None and account.state(now_us) != "active":
                wrong = account.state(now_us)
            if wrong is not None or account is None:
                raise VagueError(reason="sign_in_failed", detail=wrong or "unknown_handle")
            self.throttle.succeeded(handle, address)
            return account

    def check(self, account: Account | None, password: str, code: str, now_us: int) -> str | None:
        """What is wrong, None when nothing is. The code is used up when all was right."""
        stored = self._stored(account)
        hashed, one_time_key = stored or self._decoy
        is_password = self._is_password(hashed, password)
        step = _step_of(one_time_key, code, now_us)
        if account is None or stored is None:
            return "unknown_handle" if account is None else "no_password"
        if not is_password:
            return "wrong_password"
        if step is None:
            return "wrong_code"
        return None if self._use(account.account_id, step) else "used_code"

    def make(self, handle: str, password: str) -> tuple[str, str]:
        """The hash of a new password, and a new one-time key.

        Raises RefusedError `weak_password`.
        """
        text = _plain(password)
        is_weak = len(text) < LEAST or len(set(text)) < 6 or handle in text.lower()
        if is_weak or len(text) > MOST:
            raise refusal(reason="weak_password")
        return self._hasher.hash(text), pyotp.random_base32()

    def uri(self, handle: str, one_time_key: str, issuer: str) -> str:
        """What an authenticator reads as a QR code."""
        return pyotp.TOTP(one_time_key).provisioning_uri(name=handle, issuer_name=issuer)

    def confirm(self, account_id: str, one_time_key: str, code: str, now_us: int) -> None:
        """That a new one-time key has arrived. Raises RefusedError `bad_code`."""
        step = _step_of(one_time_key, code, now_us)
        if step is None or not self._use(account_id, step):
            raise refusal(reason="bad_code")

    def keep(
        self, out: Transaction, account_id: str, hashed: str, one_time_key: str
    ) -> dict[str, str]:
        """Store both; the change that the account's history has to carry with it."""
        out.execute("DELETE FROM passwords WHERE account_id = ?", (account_id,))
        hidden = self.ground.seal.hide(one_time_key, account_id)
        out.execute("INSERT INTO passwords VALUES (?, ?, ?)", (account_id, hashed, hidden))
        return {"password": self._digest(account_id, hashed, one_time_key)}

    def _digest(self, account_id: str, hashed: str, one_time_key: str) -> str:
        return self.ground.seal.of("passwords", account_id, hashed, one_time_key)

    def _stored(self, account: Account | None) -> tuple[str, str] | None:
        """Only what the account's history vouches for."""
        if account is None or account.password is None:
            return None
        with self.ground.store.read() as view:
            rows = view.query(
                "SELECT hash, one_time_key FROM passwords WHERE account_id = ?",
                (account.account_id,),
            )
        if not rows:
            raise refusal(reason="tampered")
        hashed, hidden = rows[0]
        one_time_key = self.ground.seal.show(bytes(hidden), account.account_id)
        digest = self._digest(account.account_id, hashed, one_time_key)
        if not hmac.compare_digest(digest, account.password):
            raise refusal(reason="tampered")
        return hashed, one_time_key

    def _is_password(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, _plain(password[: MOST + 1]))
        except (VerificationError, InvalidHashError):
            return False

    def _use(self, account_id: str, step: int) -> bool:
        """Whether this step of the clock, or a later one, was not used before."""
        with self.ground.store.write() as out:
            rows = out.query(
                "SELECT coalesce(max(step), -1) FROM one_time_codes WHERE account_id = ?",
                (account_id,),
            )
            if step <= rows[0][0]:
                return False
            out.execute("INSERT INTO one_time_codes VALUES (?, ?)", (account_id, step))
        return True


def _plain(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


def _step_of(one_time_key: str, code: str, now_us: int) -> int | None:
    """The step of 30 s that the code belongs to: now, or one to either side (RFC 6238, 5.2)."""
    totp = pyotp.TOTP(one_time_key)
    now = now_us // 1_000_000 // STEP_S
    given = code.replace(" ", "").encode()
    found = None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(totp.at(step * STEP_S).encode(), given):
            found = step
    return found
