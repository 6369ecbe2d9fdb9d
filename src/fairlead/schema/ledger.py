"""The ledger as every room sees it: what is written down, by whom, and how it is proved later.

Entries are leaves of an RFC 9162 Merkle tree. A leaf is the RFC 8785 canonical JSON of
`{"actor", "body", "kind", "time_us", "v": 1}`; numbers that may exceed 2**53 are sent as text.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from fairlead.schema.store import Transaction

BUNDLE_FORMAT = "fairlead-ledger-proof/1"


class LedgerKind(StrEnum):
    """What an entry is about. Words are added, never changed: old entries keep their meaning."""

    LEAD_SHOWN = "lead_shown"
    DECISION = "decision"
    REFERRAL_CREATED = "referral_created"
    REFERRAL_APPROVED = "referral_approved"
    REFERRAL_REFUSED = "referral_refused"
    REFERRAL_SENT = "referral_sent"
    REFERRAL_STOPPED = "referral_stopped"
    EXPORT = "export"
    SENSITIVE_READ = "sensitive_read"
    POLICY_CHANGE = "policy_change"
    RULE_CHANGE = "rule_change"
    SIGN_IN = "sign_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    ACCOUNT_CHANGE = "account_change"
    REFUSED = "refused"
    EVIDENCE_ADDED = "evidence_added"
    STOP_SWITCH = "stop_switch"


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That `entry` is leaf `index` of the tree in `checkpoint`, which `vkey` signed.

    `hashes` go from the leaf's sibling to the root's child (RFC 9162, 2.1.3).
    """

    index: int
    entry: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str
    vkey: str

    def tlog_proof(self) -> str:
        """The proof in C2SP tlog-proof format, all but the entry and the key."""
        lines = ["c2sp.org/tlog-proof@v1", f"index {self.index}"]
        lines += [base64.b64encode(h).decode() for h in self.hashes]
        return "\n".join([*lines, "", self.checkpoint])

    def as_dict(self) -> dict[str, Any]:
        """What a dossier carries, and `fairlead verify --proof FILE` checks with nothing else."""
        return {
            "format": BUNDLE_FORMAT,
            "entry": self.entry.decode(),
            "proof": self.tlog_proof(),
            "vkey": self.vkey,
        }


class Ledger(Protocol):
    """Append-only. `actor` is an account id, never a person's name; `body` holds no secret:
    what is written here is shown to witnesses and auditors and can never be taken back."""

    def append(
        self,
        transaction: Transaction,
        kind: str,
        now_us: int,
        actor: str,
        body: Mapping[str, Any],
    ) -> int:
        """Write an entry within the caller's transaction, so that an act and its entry are one
        commit; the index of its leaf.

        Raises ConflictError for a body that has no canonical JSON or is above 64 KiB, EngineError
        where the database holds less than was signed.
        """
        ...

    def append_now(self, kind: str, now_us: int, actor: str, body: Mapping[str, Any]) -> int:
        """Write an entry in a transaction of its own, shared with other threads that append at
        this moment; on disk and under a signed checkpoint when it returns.

        Never call it inside a `store.write()` block: it would wait for itself.
        """
        ...

    def entry(self, view: Transaction, index: int) -> dict[str, Any] | None:
        """The entry of a leaf as the caller's transaction sees it, or None where there is none.

        Rows that claim a leaf are held against it by this: what says the same stands.
        """
        ...

    def entries_of(
        self, view: Transaction, kinds: Sequence[str]
    ) -> list[tuple[int, dict[str, Any]]]:
        """Index and entry of everything of these kinds, oldest first, as the transaction sees it.

        Rows that were deleted elsewhere are missed by this.
        """
        ...

    def latest_us(self, view: Transaction, after: int) -> int | None:
        """The latest time of any entry after this leaf, None without one: a clock that nobody sets
        back without leaving later entries behind."""
        ...

    def must_be_whole(self) -> None:
        """Hold every committed entry against the tree and the checkpoint that was signed last.

        It reads the whole ledger: for the few acts that must not rest on a row that is gone.
        Raises RefusedError `tampered`.
        """
        ...

    def inclusion(self, index: int) -> InclusionProof:
        """Proof of a committed entry under the newest checkpoint."""
        ...

    def checkpoint(self) -> str:
        """A signed note over everything committed. Call it after acts written with `append`."""
        ...
