"""Tokens for services: short-lived, with part of what their issuer may see, never more.

A service watches and fetches. It does not judge, refer, approve or administer: no token can carry
such a role.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fairlead.review.access.accounts import Accounts
from fairlead.review.access.ground import Ground
from fairlead.review.access.markings import held, markings_of
from fairlead.review.access.principal import (
    ANALYST,
    REVIEWER,
    SERVICE,
    VIEWER,
    Principal,
)
from fairlead.review.access.refusals import VagueError, refusal
from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import canonical_json
from fairlead.schema.ledger import LedgerKind

GRANTS = {VIEWER: {VIEWER, ANALYST, REVIEWER}, SERVICE: {ANALYST, REVIEWER}}
"""Which roles of an issuer let a token carry a role."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


@dataclass(frozen=True, slots=True)
class ServiceToken:
    """`token` is there once, when it is issued."""

    token_id: str
    name: str
    roles: frozenset[str]
    markings: frozenset[str]
    expires_us: int
    issuer: str
    issued_us: int
    ended_us: int | None = None
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Tokens:
    ground: Ground
    accounts: Accounts
    longest_us: int = 24 * 3_600_000_000

    def issue(
        self,
        *,
        by: Principal,
        name: str,
        roles: Iterable[str],
        markings: Iterable[str],
        expires_us: int,
        now_us: int,
    ) -> ServiceToken:
        """A token with a part of what `by` may see.

        Raises RefusedError `bad_handle`, `bad_role`, `bad_expiry`, `too_much`, `not_active`.
        """
        with self.ground.guarded("issue_token", now_us, by.account_id):
            if self._issuer_roles(by.account_id, now_us) is None or by.method == "token":
                raise refusal(reason="not_active")
            wanted, marks = frozenset(roles), markings_of(markings)
            if not _NAME.fullmatch(name):
                raise refusal(reason="bad_handle")
            if not wanted or not wanted <= set(GRANTS):
                raise refusal(reason="bad_role")
            if not now_us < expires_us <= now_us + self.longest_us:
                raise refusal(reason="bad_expiry")
            if not (_granted(wanted, by.roles) == wanted and marks <= by.markings):
                raise refusal(reason="too_much")
            token_id, token = f"token-{secrets.token_hex(10)}", secrets.token_urlsafe(32)
            body = {
                "name": name,
                "roles": sorted(wanted),
                "markings": sorted(marks),
                "expires_us": expires_us,
                "issuer": by.account_id,
                "issued_us": now_us,
            }
            values = (_hash(token), token_id, canonical_json(body))
            seal = self.ground.seal.of("service_tokens", *values)
            entry = {"act": "issue_token", "token_id": token_id, **body}
            with self.ground.store.write() as out:
                out.execute("INSERT INTO service_tokens VALUES (?, ?, ?, ?, NULL)", (*values, seal))
                self.ground.ledger.append(
                    out, LedgerKind.ACCOUNT_CHANGE, now_us, by.account_id, entry
                )
        return _token(token_id, body, None, token)

    def of(self, token: str, *, now_us: int) -> Principal:
        """Who a Bearer token stands for, with no more than its issuer may see now.

        Raises RefusedError `no_session`, `session_ended`, `session_expired`, `not_active`,
        `tampered`.
        """
        with self.ground.store.read() as view:
            rows = view.query(
                "SELECT token_hash, token_id, body, seal, ended_us FROM service_tokens"
                " WHERE token_hash = ?",
                (_hash(token),),
            )
        if not rows:
            raise refusal(reason="no_session")
        *values, seal, ended_us = rows[0]
        if ended_us is not None:
            raise refusal(reason="session_ended")
        try:
            with self.ground.guarded("token", now_us, values[1]):
                if not self.ground.seal.holds(seal, "service_tokens", *values):
                    raise refusal(reason="tampered")
                return self._principal(_token(values[1], json.loads(values[2]), None), now_us)
        except RefusedError:
            self._end(values[1], now_us)
            raise

    def _principal(self, token: ServiceToken, now_us: int) -> Principal:
        if now_us >= token.expires_us:
            raise refusal(reason="session_expired")
        roles = self._issuer_roles(token.issuer, now_us)
        issuer = self.accounts.get(token.issuer)
        if roles is None or issuer is None:
            raise VagueError(reason="not_active", detail="issuer_not_active")
        return Principal(
            token.token_id,
            _granted(token.roles, roles),
            held(token.markings) & held(issuer.markings),
            token.issued_us,
            "token",
            issuer=token.issuer,
            handle=token.name,
        )

    def every(self) -> list[ServiceToken]:
        """All that were issued, ended ones too, newest first."""
        with self.ground.store.read() as view:
            rows = view.query("SELECT token_id, body, ended_us FROM service_tokens")
        tokens = [_token(token_id, json.loads(body), ended) for token_id, body, ended in rows]
        return sorted(tokens, key=lambda t: (-t.issued_us, t.token_id))

    def end(self, token_id: str, *, by: Principal, now_us: int) -> None:
        """By its issuer or an administrator. Raises RefusedError `unknown_token`."""
        with self.ground.guarded("end_token", now_us, by.account_id):
            found = [token for token in self.every() if token.token_id == token_id]
            if not found:
                raise refusal(reason="unknown_token")
            if found[0].issuer != by.account_id:
                self.accounts.must_administer(by, now_us)
            entry = {"act": "end_token", "token_id": token_id}
            self._end(token_id, now_us)
            self.ground.ledger.append_now(LedgerKind.ACCOUNT_CHANGE, now_us, by.account_id, entry)

    def _end(self, token_id: str, now_us: int) -> None:
        with self.ground.store.write() as out:
            out.execute(
                "UPDATE service_tokens SET ended_us = ? WHERE token_id = ? AND ended_us IS NULL",
                (now_us, token_id),
            )

    def _issuer_roles(self, account_id: str, now_us: int) -> frozenset[str] | None:
        standing = self.accounts.standing(account_id, now_us)
        return standing.roles if standing.is_active else None


def _granted(wanted: frozenset[str], roles: frozenset[str]) -> frozenset[str]:
    return frozenset(role for role in wanted if GRANTS[role] & roles)


def _token(
    token_id: str, body: dict[str, Any], ended_us: int | None, token: str = ""
) -> ServiceToken:
    return ServiceToken(
        token_id,
        body["name"],
        frozenset(body["roles"]),
        frozenset(body["markings"]),
        body["expires_us"],
        body["issuer"],
        body["issued_us"],
        ended_us,
        token,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
