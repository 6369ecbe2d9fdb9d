"""Where a referral may go: desks of organisations, what each may hold, how it is reached."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import canonical_json, digest
from fairlead.schema.ledger import Ledger, LedgerKind
from fairlead.schema.referrals import ReferralKind
from fairlead.schema.store import Store, Transaction, forbid_changes

CHANNELS = ("folder", "webhook", "smtp", "cot")
WORD = re.compile(r"[!-~]{1,300}")
SHAPES = {
    "folder": re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}"),
    "url": re.compile(r"https?://[!-~]{1,2000}"),
    "mailbox": re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,250}"),
    "sender": re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9.-]{1,250}"),
    "host": re.compile(r"[A-Za-z0-9.:-]{1,253}"),
    "tls": re.compile(r"loopback"),
}
ADDRESSES: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "folder": (frozenset({"folder"}), frozenset()),
    "webhook": (frozenset({"url"}), frozenset()),
    "smtp": (
        frozenset({"host", "sender", "mailbox"}),
        frozenset({"port", "tls", "user", "secret"}),
    ),
    "cot": (frozenset({"host"}), frozenset({"port", "tls"})),
}
"""Of each channel what its address must have, and what it may have."""

ID_SHAPE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")

TABLES = (
    "CREATE TABLE IF NOT EXISTS recipients (seq BIGINT PRIMARY KEY, recipient_id TEXT NOT NULL,"
    " body TEXT NOT NULL, actor TEXT NOT NULL, at_us BIGINT NOT NULL, leaf BIGINT NOT NULL)",
    *forbid_changes("recipients"),
)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A desk, never a natural person. `holds` are the markings it may hold; `address` is what its
    channel needs (a folder's name, a URL, a mailbox of the desk, a host and port)."""

    recipient_id: str
    name: str
    kinds: frozenset[ReferralKind]
    holds: frozenset[str]
    channel: str
    address: Mapping[str, Any]
    per_day: int
    is_active: bool = True


class Recipients:
    """Every version of every recipient; the last one of an id stands."""

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        store.define(TABLES)

    def put(self, recipient: Recipient, *, actor: str, now_us: int) -> None:
        """Add or change a recipient. Raises RefusedError `bad_recipient` for one that cannot be."""
        _check(recipient)
        body = as_dict(recipient)
        with self._store.write() as out:
            leaf = self._ledger.append(
                out, LedgerKind.POLICY_CHANGE, now_us, actor, {"recipient": body}
            )
            seq = out.query("SELECT coalesce(max(seq), -1) + 1 FROM recipients")[0][0]
            out.execute(
                "INSERT INTO recipients VALUES (?, ?, ?, ?, ?, ?)",
                (seq, recipient.recipient_id, canonical_json(body), actor, now_us, leaf),
            )

    def get(self, recipient_id: str, view: Transaction | None = None) -> Recipient:
        """The recipient as it stands. Raises RefusedError `no_recipient`."""
        sql = "SELECT body, leaf FROM recipients WHERE recipient_id = ? ORDER BY seq DESC LIMIT 1"
        if view is not None:
            return self._read(recipient_id, view.query(sql, (recipient_id,)), view)
        with self._store.read() as fresh:
            return self._read(recipient_id, fresh.query(sql, (recipient_id,)), fresh)

    def _read(self, recipient_id: str, rows: list[tuple[Any, ...]], view: Transaction) -> Recipient:
        if not rows:
            message = f"no recipient `{recipient_id}`"
            raise RefusedError(message, reason="no_recipient", help="an administrator adds it")
        try:
            body = json.loads(rows[0][0])
        except ValueError:
            body = None
        changes = (
            (index, entry["body"])
            for index, entry in self._ledger.entries_of(view, [LedgerKind.POLICY_CHANGE])
            if entry["body"].get("recipient", {}).get("recipient_id") == recipient_id
        )
        last = max(changes, key=lambda change: change[0], default=None)
        if body is None or last != (rows[0][1], {"recipient": body}):
            message = f"recipient `{recipient_id}` is not what the ledger says it is"
            raise RefusedError(message, reason="tampered", help="run `fairlead verify`")
        return from_dict(body)

    def every(self) -> list[Recipient]:
        """All recipients as they stand, by id."""
        with self._store.read() as view:
            ids = view.query("SELECT DISTINCT recipient_id FROM recipients ORDER BY recipient_id")
            return [self.get(row[0], view) for row in ids]


def _check(recipient: Recipient) -> None:
    problem = ""
    if not ID_SHAPE.fullmatch(recipient.recipient_id):
        problem = "its id must be lower-case letters, digits and hyphens"
    elif not recipient.name.strip() or len(recipient.name) > 200:
        problem = "it needs a name of at most 200 characters"
    elif recipient.channel not in CHANNELS:
        problem = f"its channel must be one of {', '.join(CHANNELS)}"
    elif not recipient.kinds:
        problem = "it must take at least one kind of referral"
    elif recipient.per_day < 1:
        problem = "its quota must be 1 a day or more; deactivate it instead"
    else:
        problem = _wrong_address(recipient.channel, recipient.address)
    if problem:
        message = f"recipient `{recipient.recipient_id}`: {problem}"
        raise RefusedError(message, reason="bad_recipient", help="see docs/how-to/refer.md")


def _wrong_address(channel: str, address: Mapping[str, Any]) -> str:
    """What is wrong with an address, or nothing: found here, not when the referral leaves."""
    needed, known = ADDRESSES[channel]
    missing = sorted(needed - address.keys())
    if missing:
        return f"its address lacks {', '.join(missing)}"
    strange = sorted(address.keys() - needed - known)
    if strange:
        return f"its address has {', '.join(strange)[:80]}, which {channel} does not know"
    for name, value in address.items():
        if name == "port":
            if not isinstance(value, int) or not 1 <= value <= 65_535:
                return "its port must be a number from 1 to 65535"
        elif not isinstance(value, str) or not SHAPES.get(name, WORD).fullmatch(value):
            return f"`{name}` of its address is not what {channel} needs"
    return ""


def addressed(recipient: Recipient) -> dict[str, Any]:
    """Who gets it and by which way, as it stands in the content that people sign: a recipient that
    is reached elsewhere afterwards is another one. The address itself is there as its digest."""
    return {
        "id": recipient.recipient_id,
        "name": recipient.name,
        "channel": recipient.channel,
        "address_sha256": digest(dict(recipient.address)),
    }


def as_dict(recipient: Recipient) -> dict[str, Any]:
    """The recipient as JSON holds it, sets in order."""
    body = asdict(recipient)
    body["kinds"] = sorted(kind.value for kind in recipient.kinds)
    body["holds"] = sorted(recipient.holds)
    body["address"] = dict(recipient.address)
    return body


def from_dict(body: Mapping[str, Any]) -> Recipient:
    """The inverse of `as_dict`."""
    given: dict[str, Any] = {
        **body,
        "kinds": frozenset(ReferralKind(k) for k in body["kinds"]),
        "holds": frozenset(body["holds"]),
    }
    return Recipient(**given)
