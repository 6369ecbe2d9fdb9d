"""Enrolment: a link that works once, handed over by a person, binds a way to sign in to an account.

There is no default password. While nobody can administer, the program prints a link for the first
administrator; from then on administrators make links for the others.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.review.access.accounts import (
    Account,
    Accounts,
    administrators,
    created,
    handle_of,
    new_account_id,
)
from fairlead.review.access.ground import NOBODY, Ground
from fairlead.review.access.markings import markings_of
from fairlead.review.access.passkeys import Passkeys
from fairlead.review.access.passwords import Passwords
from fairlead.review.access.principal import PERSON_ROLES, Principal
from fairlead.review.access.refusals import VagueError, refusal
from fairlead.schema.ids import canonical_json
from fairlead.schema.ledger import LedgerKind
from fairlead.schema.store import Transaction

FRESH_US = 600_000_000


@dataclass(frozen=True, slots=True)
class _Link:
    """`body` has what the `first` administrator's account is to be, `invited` for an account that
    nobody has enrolled under, or `recovery` for one whose keys are lost."""

    link_hash: str
    account_id: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Enrolment:
    ground: Ground
    accounts: Accounts
    passkeys: Passkeys
    passwords: Passwords
    first_lasts_us: int = 3_600_000_000
    lasts_us: int = 72 * 3_600_000_000

    def is_open(self) -> bool:
        """Whether there is nobody yet who can administer."""
        return not self.accounts.has_administrator()

    def first_link(self, *, now_us: int, markings: Iterable[str] = ()) -> str:
        """The word in the first administrator's link; they may do everything, and hold these.

        Raises RefusedError `bad_link` once there is an administrator.
        """
        with self.ground.guarded("first_link", now_us, NOBODY):
            self._must_be_open(self.is_open())
            first = {"roles": sorted(PERSON_ROLES), "markings": sorted(markings_of(markings))}
            body = {"first": first}
            return self._make(new_account_id(), body, NOBODY, now_us, self.first_lasts_us)

    def link_for(self, account_id: str, *, by: Principal, now_us: int) -> str:
        """The word in a link for an account that has no way to sign in (any more).

        Raises RefusedError `not_administrator`, `unknown_account`, `not_active`,
        `already_enrolled`: an administrator cannot slip a key of their own under someone's name
        without removing theirs, which they notice and the ledger shows.
        """
        with self.ground.guarded("enrolment_link", now_us, by.account_id):
            self.accounts.must_administer(by, now_us)
            account = self.accounts.get(account_id)
            if account is None:
                raise refusal(reason="unknown_account")
            if account.state(now_us) == "active":
                raise refusal(reason="already_enrolled")
            if account.state(now_us) != "invited":
                raise VagueError(reason="not_active", detail=account.state(now_us))
            body = {"invited": True}
            return self._make(account_id, body, by.account_id, now_us, self.lasts_us)

    def link_at_machine(self, handle: str, *, now_us: int) -> str:
        """For an administrator who has lost every key, made by whoever stands at the machine.

        Never reachable over the network; it is in the ledger.
        """
        with self.ground.guarded("link_at_machine", now_us, NOBODY):
            account = self.accounts.by_handle(handle)
            if account is None:
                raise refusal(reason="unknown_account")
            body = {"recovery": True}
            return self._make(account.account_id, body, NOBODY, now_us, self.first_lasts_us)

    def passkey_options(self, link: str, *, handle: str, now_us: int) -> dict[str, Any]:
        """For `navigator.credentials.create()`. Raises RefusedError `bad_link`, `bad_handle`."""
        with self.ground.guarded("enrol", now_us, NOBODY):
            found = self._find(link, now_us)
            name = self._handle(found, handle)
            return self.passkeys.creation_options(
                found.account_id, name, bound_to=found.link_hash, now_us=now_us
            )

    def add_passkey(
        self, link: str, *, handle: str, credential: Mapping[str, Any], now_us: int
    ) -> Account:
        """The account, which can sign in from now on; the link is used up.

        Raises RefusedError `bad_link`, `bad_passkey`, `passkey_taken`, `handle_taken`.
        """
        with self.ground.guarded("enrol", now_us, NOBODY) as attempt:
            found = self._find(link, now_us)
            attempt.actor = found.account_id
            key = self.passkeys.created(
                credential, account_id=found.account_id, bound_to=found.link_hash, now_us=now_us
            )
            with self.ground.store.write() as out:
                self._redeem(out, found, self._handle(found, handle), now_us)
                self.accounts.write(out, found.account_id, key, found.account_id, now_us)
        return self._account(found)

    def password(self, link: str, *, handle: str, password: str, now_us: int) -> str:
        """The address of a new one-time key, to be shown as a QR code; `add_password` follows.

        Raises RefusedError `bad_link`, `bad_handle`, `weak_password`.
        """
        with self.ground.guarded("enrol", now_us, NOBODY) as attempt:
            found = self._find(link, now_us)
            attempt.actor = found.account_id
            name = self._handle(found, handle)
            hashed, one_time_key = self.passwords.make(name, password)
            waiting = canonical_json([name, hashed, one_time_key])
            hidden = self.ground.seal.hide(waiting, found.link_hash)
            with self.ground.store.write() as out:
                out.execute(
                    "DELETE FROM enrolment_passwords WHERE link_hash = ?", (found.link_hash,)
                )
                out.execute(
                    "INSERT INTO enrolment_passwords VALUES (?, ?)", (found.link_hash, hidden)
                )
            return self.passwords.uri(name, one_time_key, self.passkeys.site.name)

    def add_password(self, link: str, *, code: str, now_us: int) -> Account:
        """The account, which can sign in from now on; the link is used up.

        Raises RefusedError `bad_link`, `bad_code`, `handle_taken`.
        """
        with self.ground.guarded("enrol", now_us, NOBODY) as attempt:
            found = self._find(link, now_us)
            attempt.actor = found.account_id
            with self.ground.store.read() as view:
                rows = view.query(
                    "SELECT hidden FROM enrolment_passwords WHERE link_hash = ?",
                    (found.link_hash,),
                )
            if not rows:
                raise refusal(reason="bad_code")
            waiting = self.ground.seal.show(bytes(rows[0][0]), found.link_hash)
            name, hashed, one_time_key = json.loads(waiting)
            self.passwords.confirm(found.account_id, one_time_key, code, now_us)
            with self.ground.store.write() as out:
                self._redeem(out, found, name, now_us)
                change = self.passwords.keep(out, found.account_id, hashed, one_time_key)
                self.accounts.write(out, found.account_id, change, found.account_id, now_us)
        return self._account(found)

    def own_options(self, by: Principal, *, now_us: int) -> dict[str, Any]:
        """A further passkey for oneself. Raises RefusedError `sign_in_again`."""
        with self.ground.guarded("own_passkey", now_us, by.account_id):
            account = self._fresh(by, now_us)
            return self.passkeys.creation_options(
                account.account_id, account.handle, bound_to="own", now_us=now_us
            )

    def add_own(self, by: Principal, *, credential: Mapping[str, Any], now_us: int) -> Account:
        """The account with the further passkey; its sessions end."""
        with self.ground.guarded("own_passkey", now_us, by.account_id):
            account = self._fresh(by, now_us)
            key = self.passkeys.created(
                credential, account_id=account.account_id, bound_to="own", now_us=now_us
            )
            with self.ground.store.write() as out:
                self.accounts.write(out, account.account_id, key, by.account_id, now_us)
        found = self.accounts.get(by.account_id)
        return found or account

    def _fresh(self, by: Principal, now_us: int) -> Account:
        account = self.accounts.get(by.account_id)
        if account is None or account.state(now_us) != "active":
            raise refusal(reason="not_active")
        if now_us - by.authenticated_us > FRESH_US or by.method == "oidc":
            raise refusal(reason="sign_in_again")
        return account

    def _must_be_open(self, is_open: bool) -> None:
        if not is_open:
            raise VagueError(reason="bad_link", detail="not_open")

    def _make(
        self,
        account_id: str,
        body: Mapping[str, Any],
        actor: str,
        now_us: int,
        lasts_us: int,
    ) -> str:
        link = secrets.token_urlsafe(32)
        values = (_hash(link), account_id, canonical_json(dict(body)), now_us + lasts_us)
        seal = self.ground.seal.of("enrolment_links", *values)
        entry = {"act": "enrolment_link", "account_id": account_id, "link": sorted(body)}
        with self.ground.store.write() as out:
            out.execute("INSERT INTO enrolment_links VALUES (?, ?, ?, ?, ?)", (*values, seal))
            self.ground.ledger.append(out, LedgerKind.ACCOUNT_CHANGE, now_us, actor, entry)
        return link

    def _find(self, link: str, now_us: int) -> _Link:
        with self.ground.store.read() as view:
            rows = view.query(
                "SELECT link_hash, account_id, body, expires_us, seal FROM enrolment_links"
                " WHERE link_hash = ?",
                (_hash(link),),
            )
            used = view.query("SELECT 1 FROM enrolment_uses WHERE link_hash = ?", (_hash(link),))
        if not rows:
            raise VagueError(reason="bad_link", detail="unknown_link")
        *values, seal = rows[0]
        if not self.ground.seal.holds(seal, "enrolment_links", *values):
            raise refusal(reason="tampered")
        link_hash, account_id, body, expires_us = values
        if used:
            raise VagueError(reason="bad_link", detail="used")
        if now_us >= expires_us:
            raise VagueError(reason="bad_link", detail="expired")
        found = _Link(link_hash, account_id, json.loads(body))
        if "first" in found.body:
            self._must_be_open(self.is_open())
        return found

    def _handle(self, found: _Link, handle: str) -> str:
        """The first administrator chooses; the others were given theirs."""
        if "first" in found.body:
            return handle_of(handle)
        return self._account(found).handle

    def _account(self, found: _Link) -> Account:
        account = self.accounts.get(found.account_id)
        if account is None:
            raise refusal(reason="unknown_account")
        return account

    def _redeem(self, out: Transaction, found: _Link, handle: str, now_us: int) -> None:
        out.execute("INSERT INTO enrolment_uses VALUES (?)", (found.link_hash,))
        out.execute("DELETE FROM enrolment_passwords WHERE link_hash = ?", (found.link_hash,))
        accounts = self.accounts.during(out)
        if "first" in found.body:
            self._must_be_open(not administrators(accounts))
            first = found.body["first"]
            body = created(handle, first["roles"], first["markings"], None)
            self.accounts.write(out, found.account_id, body, found.account_id, now_us)
        elif "invited" in found.body and accounts[found.account_id].is_enrolled:
            raise refusal(reason="already_enrolled")


def _hash(link: str) -> str:
    return hashlib.sha256(link.encode()).hexdigest()
