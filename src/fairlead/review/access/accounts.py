"""Accounts: opaque ids, folded from a history that only grows.

Each change is chained to the one before, sealed with the installation's secret, and bound to its
entry in the ledger. A row that lacks any of the three stops every sign-in: nobody gains power by
writing into the database, and nobody loses it quietly.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from fairlead.review.access.ground import Ground
from fairlead.review.access.markings import Markings, markings_of
from fairlead.review.access.principal import ADMINISTRATOR, PERSON_ROLES, Principal
from fairlead.review.access.refusals import refusal
from fairlead.schema.ids import canonical_json
from fairlead.schema.ledger import LedgerKind
from fairlead.schema.referrals import Standing
from fairlead.schema.store import Row, Transaction

KEEP: Any = object()
"""For `change`: leave it as it is (None is a value)."""

_HANDLE = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")
_COLUMNS = "seq, account_id, body, actor, at_us, leaf, previous, seal"


@dataclass(frozen=True, slots=True)
class Passkey:
    """`credential` and `public_key` (COSE) are base64url without padding; `fingerprint` is of the
    key itself, however it is encoded."""

    credential: str
    public_key: str
    fingerprint: str
    added_us: int
    removed_us: int | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """`seq` is the last change of it: a session begun before that change has ended.

    `password` is a digest that the stored password must have; `subject` one of an identity that
    an OpenID Connect provider vouches for.
    """

    account_id: str
    handle: str
    roles: frozenset[str]
    markings: Markings
    created_us: int
    seq: int
    expires_us: int | None = None
    revoked_us: int | None = None
    passkeys: tuple[Passkey, ...] = ()
    password: str | None = None
    subject: str | None = None

    @property
    def live_passkeys(self) -> tuple[Passkey, ...]:
        return tuple(key for key in self.passkeys if key.removed_us is None)

    @property
    def is_enrolled(self) -> bool:
        return bool(self.live_passkeys or self.password or self.subject)

    def state(self, now_us: int) -> str:
        """`active`, `revoked`, `expired`, or `invited`: nobody has enrolled yet."""
        if self.revoked_us is not None:
            return "revoked"
        if self.expires_us is not None and now_us >= self.expires_us:
            return "expired"
        return "active" if self.is_enrolled else "invited"

    def principal(self, *, method: str, authenticated_us: int) -> Principal:
        return Principal(
            self.account_id,
            self.roles,
            self.markings,
            authenticated_us,
            method,
            handle=self.handle,
        )

    def as_dict(self, now_us: int) -> dict[str, Any]:
        """As the API lists it: no key, no digest."""
        return {
            "account_id": self.account_id,
            "handle": self.handle,
            "roles": sorted(self.roles),
            "markings": sorted(self.markings),
            "state": self.state(now_us),
            "created_us": self.created_us,
            "expires_us": self.expires_us,
            "revoked_us": self.revoked_us,
            "n_passkeys": len(self.live_passkeys),
            "has_password": self.password is not None,
        }


@dataclass(frozen=True, slots=True)
class AccountChange:
    """One row of an account's history. `body` is what changed; `leaf` its place in the ledger."""

    seq: int
    account_id: str
    body: Mapping[str, Any]
    actor: str
    at_us: int
    leaf: int


def handle_of(text: str) -> str:
    """The handle as it is kept. Raises RefusedError `bad_handle`; an address is no handle."""
    handle = text.strip().lower()
    if not _HANDLE.fullmatch(handle):
        raise refusal(reason="bad_handle")
    return handle


def roles_of(roles: Iterable[str]) -> frozenset[str]:
    """The roles named. Raises RefusedError `bad_role` on one that no account may have."""
    named = frozenset(roles)
    if not named <= PERSON_ROLES:
        raise refusal(reason="bad_role")
    return named


def new_account_id() -> str:
    return f"acct-{secrets.token_hex(10)}"


@dataclass(slots=True)
class _Fold:
    """The accounts as of the last row seen."""

    accounts: dict[str, Account] = field(default_factory=dict)
    seq: int = -1
    seal: str = ""


class Accounts:
    """The accounts of one store."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._fold = _Fold()
        self._folding = threading.Lock()

    def get(self, account_id: str) -> Account | None:
        """Raises RefusedError `tampered` when the history is not as this program wrote it."""
        return self._current().get(account_id)

    def by_handle(self, handle: str) -> Account | None:
        wanted = handle.strip().lower()
        found = [a for a in self._current().values() if a.handle == wanted]
        return found[0] if found else None

    def by_credential(self, credential: str) -> Account | None:
        """The account that this passkey is enrolled under now."""
        for account in self._current().values():
            if credential in {key.credential for key in account.live_passkeys}:
                return account
        return None

    def by_subject(self, subject: str) -> Account | None:
        found = [a for a in self._current().values() if a.subject == subject]
        return found[0] if found else None

    def every(self) -> list[Account]:
        """All of them, revoked ones too, by handle."""
        return sorted(self._current().values(), key=lambda a: (a.handle, a.account_id))

    def credentials(self) -> list[str]:
        """Every passkey enrolled under any account."""
        return [key.credential for a in self.every() for key in a.live_passkeys]

    def has_administrator(self) -> bool:
        return bool(administrators(self._current()))

    def standing(self, account_id: str, now_us: int) -> Standing:
        """Roles and state now, for the guard of referrals (`schema.referrals.Reviewers`)."""
        account = self.get(account_id)
        if account is None or account.state(now_us) != "active":
            return Standing(account_id, frozenset(), False)
        return Standing(account_id, account.roles, True)

    def history(self, account_id: str) -> list[AccountChange]:
        """Every change of one account, oldest first."""
        self._current()
        with self._ground.store.read() as view:
            rows = view.query(
                f"SELECT {_COLUMNS} FROM account_changes WHERE account_id = ? ORDER BY seq",
                (account_id,),
            )
        return [_change_of(row) for row in rows]

    def create(
        self,
        *,
        handle: str,
        roles: Iterable[str],
        markings: Iterable[str],
        by: Principal,
        now_us: int,
        expires_us: int | None = None,
    ) -> Account:
        """A new account that nobody has enrolled under yet.

        Raises RefusedError `not_administrator`, `bad_handle`, `bad_role`, `handle_taken`.
        """
        account_id = new_account_id()
        with self._ground.guarded("create_account", now_us, by.account_id):
            self.must_administer(by, now_us)
            body = created(handle, roles, markings, expires_us)
            with self._ground.store.write() as out:
                self.write(out, account_id, body, by.account_id, now_us)
        return self._current()[account_id]

    def change(
        self,
        account_id: str,
        *,
        by: Principal,
        now_us: int,
        roles: Iterable[str] = KEEP,
        markings: Iterable[str] = KEEP,
        expires_us: int | None = KEEP,
        revoked: bool = KEEP,
    ) -> Account:
        """Change what is given; sessions of the account end. Revoking is for good.

        Raises RefusedError `not_administrator`, `unknown_account`, `revoked`, `bad_role`,
        `last_administrator`.
        """
        with self._ground.guarded("change_account", now_us, by.account_id):
            self.must_administer(by, now_us)
            body: dict[str, Any] = {}
            if roles is not KEEP:
                body["roles"] = sorted(roles_of(roles))
            if markings is not KEEP:
                body["markings"] = sorted(markings_of(markings))
            if expires_us is not KEEP:
                body["expires_us"] = _end(expires_us)
            if revoked is True:
                body["revoked"] = True
            with self._ground.store.write() as out:
                self.write(out, account_id, body, by.account_id, now_us)
        return self._current()[account_id]

    def remove_passkey(
        self, account_id: str, credential: str, *, by: Principal, now_us: int
    ) -> Account:
        """By the account itself or an administrator.

        The passkey stays bound to the account: it can never be enrolled under another one.
        Raises RefusedError `not_administrator`, `unknown_passkey`, `last_administrator`.
        """
        with self._ground.guarded("remove_passkey", now_us, by.account_id):
            self._must_own_or_administer(by, account_id, now_us)
            with self._ground.store.write() as out:
                account = self.during(out).get(account_id)
                keys = account.live_passkeys if account else ()
                if credential not in {key.credential for key in keys}:
                    raise refusal(reason="unknown_passkey")
                body = {"passkey_removed": credential}
                self.write(out, account_id, body, by.account_id, now_us)
        return self._current()[account_id]

    def remove_password(self, account_id: str, *, by: Principal, now_us: int) -> Account:
        """By the account itself or an administrator; the one-time key goes with it."""
        with self._ground.guarded("remove_password", now_us, by.account_id):
            self._must_own_or_administer(by, account_id, now_us)
            with self._ground.store.write() as out:
                self.write(out, account_id, {"password": None}, by.account_id, now_us)
                out.execute("DELETE FROM passwords WHERE account_id = ?", (account_id,))
        return self._current()[account_id]

    def vouched(
        self, subject: str, granted: Mapping[str, list[str]], *, provider_id: str, now_us: int
    ) -> Account:
        """The account of an identity that a provider vouches for, made or brought up to date.

        For `oidc` alone, which has checked it. `granted` has roles and markings, or nothing.
        """
        with self._ground.store.write() as out:
            found = [a for a in self.during(out).values() if a.subject == subject]
            if found:
                account, account_id = found[0], found[0].account_id
                body = {
                    what: value
                    for what, value in granted.items()
                    if frozenset(value) != getattr(account, what)
                }
            else:
                account_id = new_account_id()
                body = created(f"{provider_id}-{subject[:12]}", (), (), None)
                body |= {"subject": subject, **granted}
            if body:
                self.write(out, account_id, body, f"oidc:{provider_id}", now_us)
        return self._current()[account_id]

    def write(
        self, out: Transaction, account_id: str, body: Mapping[str, Any], actor: str, now_us: int
    ) -> None:
        """Add one change and its ledger entry to a transaction, or refuse it.

        The callers in this package have decided that `actor` may; what no one may is refused here.
        """
        before = self.during(out)
        rows = out.query("SELECT seq, seal FROM account_changes ORDER BY seq DESC LIMIT 1")
        seq, previous = (rows[0][0] + 1, rows[0][1]) if rows else (0, "")
        after = _with(before, AccountChange(seq, account_id, body, actor, now_us, -1))
        _must_be_sound(before, after, account_id, body)
        key = body.get("passkey")
        if key:
            owner = (key["credential"], key["fingerprint"], account_id)
            out.execute("INSERT INTO passkey_owners VALUES (?, ?, ?)", owner)
        text = canonical_json(body)
        entry = self._entry(seq, account_id, text, previous)
        leaf = self._ground.ledger.append(out, LedgerKind.ACCOUNT_CHANGE, now_us, actor, entry)
        values = (seq, account_id, text, actor, now_us, leaf, previous)
        seal = self._ground.seal.of("account_changes", *values)
        out.execute("INSERT INTO account_changes VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*values, seal))

    def _entry(self, seq: int, account_id: str, text: str, previous: str) -> dict[str, Any]:
        """What the ledger says of a change: what kind, and a keyed digest of all of it.

        Roles and markings are there to read; handles and keys are not.
        """
        body = json.loads(text)
        told = {what: body[what] for what in ("roles", "markings", "expires_us") if what in body}
        bound = self._ground.seal.of("account_entry", seq, account_id, text, previous)
        return {"account_id": account_id, "changes": sorted(body), "bound": bound, **told}

    def must_administer(self, by: Principal, now_us: int) -> None:
        """Raises RefusedError `not_administrator`, also when they no longer are."""
        standing = self.standing(by.account_id, now_us)
        if ADMINISTRATOR not in by.roles & standing.roles:
            raise refusal(reason="not_administrator")

    def _must_own_or_administer(self, by: Principal, account_id: str, now_us: int) -> None:
        if by.account_id != account_id:
            self.must_administer(by, now_us)

    def _current(self) -> dict[str, Account]:
        """The accounts as committed; rows not seen before are held against the ledger."""
        with self._folding:
            with self._ground.store.read() as view:
                rows = self._newer(view)
                if self._fold.seq < 0 and _last_leaf(view) != (rows[-1][5] if rows else None):
                    raise refusal(reason="tampered")
            if rows:
                folded = self._folded(rows)
                for row in rows:
                    self._must_be_in_the_ledger(row)
                self._fold = folded
            return self._fold.accounts

    def during(self, out: Transaction) -> dict[str, Account]:
        """The accounts as a transaction sees them, with what it wrote and may still undo."""
        return self._folded(self._newer(out)).accounts

    def _newer(self, view: Transaction) -> list[Row]:
        """The rows after the last one folded, which must still be there as it was."""
        rows = view.query(
            f"SELECT {_COLUMNS} FROM account_changes WHERE seq >= ? ORDER BY seq",
            (self._fold.seq,),
        )
        if self._fold.seq < 0:
            return rows
        if not rows or (rows[0][0], rows[0][-1]) != (self._fold.seq, self._fold.seal):
            raise refusal(reason="tampered")
        return rows[1:]

    def _folded(self, rows: list[Row]) -> _Fold:
        fold = self._fold
        accounts, seq, seal = fold.accounts, fold.seq, fold.seal
        for row in rows:
            chained = row[0] == seq + 1 and row[6] == seal
            if not chained or not self._ground.seal.holds(row[7], "account_changes", *row[:7]):
                raise refusal(reason="tampered")
            seq, seal = row[0], row[7]
            accounts = _with(accounts, _change_of(row))
        return _Fold(accounts, seq, seal)

    def _must_be_in_the_ledger(self, row: Row) -> None:
        seq, account_id, text, actor, at_us, leaf, previous, _ = row
        entry = json.loads(self._ground.ledger.inclusion(leaf).entry)
        body = self._entry(seq, account_id, text, previous)
        if (entry["kind"], entry["actor"], entry["time_us"]) != (
            *(LedgerKind.ACCOUNT_CHANGE, actor, at_us),
        ) or entry["body"] != body:
            raise refusal(reason="tampered")


def created(
    handle: str, roles: Iterable[str], markings: Iterable[str], expires_us: int | None
) -> dict[str, Any]:
    """The first change of an account."""
    return {
        "handle": handle_of(handle),
        "roles": sorted(roles_of(roles)),
        "markings": sorted(markings_of(markings)),
        "expires_us": _end(expires_us),
    }


def _end(expires_us: int | None) -> int | None:
    """Within what JSON keeps exactly, as the ledger's entries are."""
    if expires_us is not None and not 0 <= expires_us < 1 << 53:
        raise refusal(reason="bad_expiry")
    return expires_us


def _last_leaf(view: Transaction) -> int | None:
    """Where the ledger has the last change of an account.

    Looked up once, at start: whoever cuts the end off the history while nobody watches, to undo a
    revocation, would have to cut the ledger too, and its checkpoints lie outside the database.
    """
    below = 1 << 62
    while True:
        rows = view.query(
            "SELECT leaf_index, entry FROM ledger_entries WHERE kind = ? AND leaf_index < ?"
            " ORDER BY leaf_index DESC LIMIT 100",
            (LedgerKind.ACCOUNT_CHANGE.value, below),
        )
        for index, entry in rows:
            if "bound" in json.loads(bytes(entry))["body"]:
                return index
        if not rows:
            return None
        below = rows[-1][0]


def _change_of(row: Row) -> AccountChange:
    return AccountChange(row[0], row[1], json.loads(row[2]), *row[3:6])


def _with(accounts: Mapping[str, Account], change: AccountChange) -> dict[str, Account]:
    body = change.body
    account = accounts.get(change.account_id)
    if account is None:
        account = Account(change.account_id, "", frozenset(), frozenset(), change.at_us, change.seq)
    new: dict[str, Any] = {"seq": change.seq}
    for what in ("handle", "expires_us", "password", "subject"):
        if what in body:
            new[what] = body[what]
    for what in ("roles", "markings"):
        if what in body:
            new[what] = frozenset(body[what])
    if body.get("revoked"):
        new["revoked_us"] = change.at_us
    new["passkeys"] = _passkeys(account.passkeys, change)
    return {**accounts, change.account_id: replace(account, **new)}


def _passkeys(keys: tuple[Passkey, ...], change: AccountChange) -> tuple[Passkey, ...]:
    gone = change.body.get("passkey_removed")
    keys = tuple(
        replace(key, removed_us=change.at_us) if key.credential == gone else key for key in keys
    )
    added = change.body.get("passkey")
    if added:
        keys += (Passkey(**added, added_us=change.at_us),)
    return keys


def _must_be_sound(
    before: Mapping[str, Account],
    after: Mapping[str, Account],
    account_id: str,
    body: Mapping[str, Any],
) -> None:
    account = before.get(account_id)
    if account is None and "handle" not in body:
        raise refusal(reason="unknown_account")
    if account is not None and account.revoked_us is not None:
        raise refusal(reason="revoked")
    taken = {a.handle for a in before.values() if a.account_id != account_id}
    if body.get("handle") in taken:
        raise refusal(reason="handle_taken")
    if administrators(before) and not administrators(after):
        raise refusal(reason="last_administrator")
    key = body.get("passkey")
    if key and any(_is_same(key, old) for a in before.values() for old in a.passkeys):
        raise refusal(reason="passkey_taken")


def _is_same(key: Mapping[str, Any], old: Passkey) -> bool:
    return key["credential"] == old.credential or key["fingerprint"] == old.fingerprint


def administrators(accounts: Mapping[str, Account]) -> list[Account]:
    """Those who will still be able to change accounts tomorrow."""
    return [
        account
        for account in accounts.values()
        if ADMINISTRATOR in account.roles
        and account.revoked_us is None
        and account.expires_us is None
        and account.is_enrolled
    ]
