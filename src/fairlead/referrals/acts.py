"""What was done with each referral, in order: acts are added, never changed, each with its leaf.

A dossier carries the ledger's entries of drafting, freezing and approving. What a draft was made
from (the lead's markings, people's reasons) is therefore not in its entry, but a salted digest of
it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import canonical_json, digest
from fairlead.schema.ledger import Ledger, LedgerKind
from fairlead.schema.referrals import ReferralKind, StepUp
from fairlead.schema.store import Row, Store, Transaction, forbid_changes


class Act(Enum):
    """The life of a referral. `sending` is claimed once, before anything leaves."""

    CREATED = "created"
    FROZEN = "frozen"
    APPROVED = "approved"
    WITHDRAWN = "withdrawn"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


_ONCE = (Act.CREATED, Act.FROZEN, Act.SENDING, Act.SENT, Act.FAILED, Act.WITHDRAWN)

TABLES = (
    "CREATE TABLE IF NOT EXISTS referral_acts (seq BIGINT PRIMARY KEY, referral_id TEXT NOT NULL,"
    " act TEXT NOT NULL, actor TEXT NOT NULL, at_us BIGINT NOT NULL, body TEXT NOT NULL,"
    " leaf BIGINT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS referral_acts_by_id ON referral_acts (referral_id, seq)",
    "CREATE INDEX IF NOT EXISTS referral_acts_by_act ON referral_acts (act, at_us)",
    *(
        f"CREATE UNIQUE INDEX IF NOT EXISTS referral_{act.value}_once"
        f" ON referral_acts (referral_id) WHERE act = '{act.value}'"
        for act in _ONCE
    ),
    "CREATE TABLE IF NOT EXISTS referral_contents (referral_id TEXT PRIMARY KEY,"
    " digest TEXT NOT NULL, content {bytes} NOT NULL)",
    *forbid_changes("referral_acts"),
    *forbid_changes("referral_contents"),
)

_TOLD = frozenset({"kind", "lead_id", "lead_digest", "recipient_id"})
"""What the ledger's entry of a draft says in words."""

LEDGER_KINDS = {
    Act.CREATED: LedgerKind.REFERRAL_CREATED,
    Act.FROZEN: LedgerKind.REFERRAL_CREATED,
    Act.APPROVED: LedgerKind.REFERRAL_APPROVED,
    Act.WITHDRAWN: LedgerKind.REFERRAL_STOPPED,
    Act.SENDING: LedgerKind.REFERRAL_SENT,
    Act.SENT: LedgerKind.REFERRAL_SENT,
    Act.FAILED: LedgerKind.REFERRAL_REFUSED,
}


@dataclass(frozen=True, slots=True)
class Approval:
    """A yes with the leaf that holds it."""

    step_up: StepUp
    leaf: int


@dataclass(slots=True)
class Record:
    """A referral as its acts tell it. `markings` are the lead's while it is a draft, then those
    of the content: who may see the referral must hold them."""

    referral_id: str
    kind: ReferralKind
    lead_id: str
    lead_digest: str
    recipient_id: str
    author: str
    note: str
    markings: tuple[str, ...]
    decisions: tuple[Mapping[str, Any], ...]
    created_us: int
    created_leaf: int
    digest: str | None = None
    frozen_us: int | None = None
    frozen_leaf: int | None = None
    approvals: list[Approval] = field(default_factory=list)
    ended: Act | None = None
    ended_us: int | None = None
    ended_body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def state(self) -> str:
        """`draft`, `frozen`, or the act that ended it: `withdrawn`, `sending`, `sent`, `failed`."""
        if self.ended is not None:
            return self.ended.value
        return "draft" if self.digest is None else "frozen"


def write_act(
    out: Transaction,
    ledger: Ledger,
    act: Act,
    *,
    referral_id: str,
    actor: str,
    at_us: int,
    body: Mapping[str, Any],
) -> int:
    """Keep an act and its entry in the ledger in one transaction; the entry's leaf."""
    if act is Act.CREATED:
        body = {**body, "salt": secrets.token_hex(16)}
    leaf = ledger.append(out, LEDGER_KINDS[act], at_us, actor, _entry_body(act, referral_id, body))
    seq = out.query("SELECT coalesce(max(seq), -1) + 1 FROM referral_acts")[0][0]
    out.execute(
        "INSERT INTO referral_acts VALUES (?, ?, ?, ?, ?, ?, ?)",
        (seq, referral_id, act.value, actor, at_us, canonical_json(body), leaf),
    )
    return leaf


def _entry_body(act: Act, referral_id: str, body: Mapping[str, Any]) -> dict[str, Any]:
    if act is Act.CREATED:
        kept = {name: value for name, value in body.items() if name not in _TOLD}
        told = {name: value for name, value in body.items() if name in _TOLD}
        body = {**told, "kept_sha256": digest(kept)}
    return {"act": act.value, "referral_id": referral_id, **body}


def read_record(
    view: Transaction, ledger: Ledger, referral_id: str, *, whole: bool = False
) -> Record:
    """The referral with every act held against the ledger; with `whole` also the other way, so
    that a row that was deleted is missed.

    Raises RefusedError `no_referral`, or `tampered` where rows and ledger do not say the same.
    """
    rows = view.query(
        "SELECT act, actor, at_us, body, leaf FROM referral_acts WHERE referral_id = ?"
        " ORDER BY seq",
        (referral_id,),
    )
    if not rows:
        message = f"no referral `{referral_id}`"
        raise RefusedError(message, reason="no_referral", help="the list of referrals has the ids")
    try:
        for row in rows:
            _hold_against_ledger(view, ledger, referral_id, row)
        leaves = [row[4] for row in rows]
        if leaves != sorted(set(leaves)):
            raise _tampered(referral_id, "its acts are not in the order of the ledger")
        if whole:
            _miss_none(view, ledger, referral_id, leaves)
        return _fold(referral_id, rows)
    except (ValueError, TypeError, KeyError) as error:
        raise _tampered(referral_id, "one of its acts cannot be read") from error


def _miss_none(view: Transaction, ledger: Ledger, referral_id: str, leaves: list[int]) -> None:
    kinds = sorted({kind.value for kind in LEDGER_KINDS.values()})
    acts = {act.value for act in Act}
    written = [
        index
        for index, entry in ledger.entries_of(view, kinds)
        if entry["body"].get("referral_id") == referral_id and entry["body"].get("act") in acts
    ]
    if written != leaves:
        raise _tampered(referral_id, "acts that the ledger holds are gone")


def _tampered(referral_id: str, what: str) -> RefusedError:
    message = f"{referral_id} cannot be relied on: {what}"
    return RefusedError(message, reason="tampered", help="run `fairlead verify`")


def _hold_against_ledger(view: Transaction, ledger: Ledger, referral_id: str, row: Row) -> None:
    act, actor, at_us, body, leaf = row
    entry = ledger.entry(view, leaf)
    wanted = {
        "kind": LEDGER_KINDS[Act(act)].value,
        "actor": actor,
        "time_us": at_us,
        "body": _entry_body(Act(act), referral_id, json.loads(body)),
    }
    if entry is None or any(entry.get(name) != value for name, value in wanted.items()):
        what = f"`{act}` is not what the ledger says"
        raise _tampered(referral_id, what)


def _fold(referral_id: str, rows: list[Row]) -> Record:
    record = None
    for act, actor, at_us, text, leaf in rows:
        body = json.loads(text)
        if Act(act) is Act.CREATED:
            record = Record(
                referral_id=referral_id,
                kind=ReferralKind(body["kind"]),
                lead_id=body["lead_id"],
                lead_digest=body["lead_digest"],
                recipient_id=body["recipient_id"],
                author=actor,
                note=body["note"],
                markings=tuple(body["markings"]),
                decisions=tuple(body["decisions"]),
                created_us=at_us,
                created_leaf=leaf,
            )
        elif record is None:
            break
        elif Act(act) is Act.FROZEN:
            record.digest, record.frozen_us, record.frozen_leaf = body["digest"], at_us, leaf
            record.markings = tuple(body["markings"])
        elif Act(act) is Act.APPROVED:
            record.approvals.append(Approval(StepUp(**body["step_up"]), leaf))
        else:
            record.ended, record.ended_us, record.ended_body = Act(act), at_us, body
    if record is None:
        raise _tampered(referral_id, "it was never created")
    return record


def read_content(view: Transaction, referral_id: str) -> tuple[str, bytes] | None:
    """Digest and canonical bytes as stored, or None before freezing."""
    rows = view.query(
        "SELECT digest, content FROM referral_contents WHERE referral_id = ?", (referral_id,)
    )
    if not rows:
        return None
    digest, content = rows[0]
    return digest, content.encode() if isinstance(content, str) else bytes(content)


def left_since(view: Transaction, ledger: Ledger, since_us: int) -> list[Mapping[str, Any]]:
    """What the ledger says of every referral whose sending began since then."""
    return [
        entry["body"]
        for _, entry in ledger.entries_of(view, [LedgerKind.REFERRAL_SENT])
        if entry["body"].get("act") == Act.SENDING.value and entry["time_us"] >= since_us
    ]


def referral_ids(store: Store) -> list[str]:
    """Every referral, the newest first."""
    with store.read() as view:
        rows = view.query(
            "SELECT referral_id FROM referral_acts WHERE act = 'created' ORDER BY seq DESC"
        )
    return [row[0] for row in rows]
