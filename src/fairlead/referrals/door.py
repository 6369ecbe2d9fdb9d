"""The only door out: a lead becomes a draft, is frozen, signed by people, and leaves once.

Every refusal is in the ledger with who tried. Sending is claimed in the store before the first
byte leaves and closed after it: of two that press the button one sends, and a crash between the
two never sends a second time by itself. After each act the ledger is signed, so that cutting the
newest entries off shows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from fairlead.referrals import acts
from fairlead.referrals.acts import Act, Record, read_content, read_record, write_act
from fairlead.referrals.content import Heading, Material, canonical, content_digest, redact
from fairlead.referrals.guard import (
    check_approval,
    check_content,
    check_door,
    check_people,
    counting,
    held_back,
)
from fairlead.referrals.recipients import Recipient, Recipients, addressed
from fairlead.referrals.rules import Rules
from fairlead.referrals.stop import StopSwitch
from fairlead.schema.decisions import Decision, Verdict
from fairlead.schema.errors import ConflictError, RefusedError
from fairlead.schema.ids import content_id
from fairlead.schema.ledger import Ledger, LedgerKind
from fairlead.schema.referrals import ReferralKind, Reviewers, StepUp
from fairlead.schema.store import Store, Transaction

DAY_US = 86_400_000_000
NOTE_MOST = 4000
AUTHOR_ROLES = frozenset({"analyst", "reviewer"})

Holds = Callable[[frozenset[str], Sequence[str]], bool]
"""Whether somebody who holds the first markings may see what carries the second."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """A frozen content that people have signed and nothing holds back, at one instant.

    Only `Door.send` makes one, and a channel takes nothing else.
    """

    record: Record
    recipient: Recipient
    content: bytes
    approvals: tuple[acts.Approval, ...]


Deliver = Callable[[Cleared], Mapping[str, Any]]
"""Takes a cleared referral out by the recipient's channel; what it answered, for the record."""


class Door:
    """Referrals of one store."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        reviewers: Reviewers,
        recipients: Recipients,
        stop: StopSwitch,
        rules: Rules,
        holds: Holds,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._reviewers = reviewers
        self._recipients = recipients
        self._stop = stop
        self._rules = rules
        self._holds = holds
        store.define(acts.TABLES)

    def draft(
        self,
        lead: Mapping[str, Any],
        decisions: Iterable[Decision],
        *,
        kind: ReferralKind,
        recipient_id: str,
        author: str,
        note: str,
        now_us: int,
        markings: Sequence[str] = (),
    ) -> str:
        """Begin a referral of a lead that was approved as it stands; its id. `markings` are those
        that the lead carries.

        Raises RefusedError `not_author`, `not_approved`, `wrong_kind`, `recipient_closed`,
        `no_recipient`, `note_too_long`.
        """
        with self._refusals("draft", author, now_us, {"lead_id": lead["lead_id"]}):
            approving = _approving(lead, decisions)
            self._check_author(author, now_us)
            recipient = self._recipients.get(recipient_id)
            if not recipient.is_active:
                message = f"recipient `{recipient_id}` is not active"
                raise held_back(message, "recipient_closed")
            if kind not in recipient.kinds:
                message = f"recipient `{recipient_id}` does not take {kind.value}"
                raise held_back(message, "wrong_kind")
            if len(note) > NOTE_MOST:
                message = f"the note has {len(note)} characters, at most {NOTE_MOST} fit"
                raise RefusedError(message, reason="note_too_long", help="shorten it")
            body = {
                "kind": kind.value,
                "lead_id": lead["lead_id"],
                "lead_digest": lead["digest"],
                "recipient_id": recipient_id,
                "note": note.strip(),
                "markings": sorted(markings),
                "decisions": [d.as_dict() for d in approving],
            }
            referral_id = content_id("referral", author, now_us, body)
            self._act(Act.CREATED, referral_id, author, now_us, body)
            return referral_id

    def freeze(self, referral_id: str, material: Material, *, actor: str, now_us: int) -> str:
        """Fix exactly what will leave, redacted for the recipient; its digest.

        Raises RefusedError `changed` when the lead is no longer the one that was approved,
        `not_author`, `ended`, `nothing_releasable`.
        """
        with self._refusals("freeze", actor, now_us, {"referral_id": referral_id}):
            with self._store.write() as out:
                record = read_record(out, self._ledger, referral_id, whole=True)
                self._check_draft(record, material, actor, now_us)
                recipient = self._recipients.get(record.recipient_id, out)
                holds = recipient.holds
                content = redact(
                    material,
                    self._heading(record, recipient, now_us),
                    lambda markings: self._holds(holds, markings),
                )
                stored = canonical(content)
                digest = content_digest(stored)
                out.execute(
                    "INSERT INTO referral_contents VALUES (?, ?, ?)", (referral_id, digest, stored)
                )
                body = {"digest": digest, "markings": content["markings"]}
                write_act(
                    out,
                    self._ledger,
                    Act.FROZEN,
                    referral_id=referral_id,
                    actor=actor,
                    at_us=now_us,
                    body=body,
                )
            self._ledger.checkpoint()
            return digest

    def approve(self, referral_id: str, step_up: StepUp, *, now_us: int) -> int:
        """Keep a person's signed yes to the frozen content; how many yeses count now.

        Raises what `guard.check_content` and `guard.check_approval` raise, and `same_person`.
        """
        detail = {"referral_id": referral_id, "digest": step_up.digest}
        with self._refusals("approve", step_up.account_id, now_us, detail):
            with self._store.write() as out:
                record = read_record(out, self._ledger, referral_id, whole=True)
                check_content(record, read_content(out, referral_id))
                rule = self._rules[record.kind]
                check_approval(record, rule, step_up, self._reviewers, now_us)
                good, _ = self._counting(out, record, now_us)
                if any(
                    a.step_up.account_id == step_up.account_id or a.step_up.key == step_up.key
                    for a in good
                ):
                    message = f"{step_up.account_id} has approved {referral_id} already"
                    raise held_back(message, "same_person")
                write_act(
                    out,
                    self._ledger,
                    Act.APPROVED,
                    referral_id=referral_id,
                    actor=step_up.account_id,
                    at_us=now_us,
                    body={"step_up": asdict(step_up)},
                )
            self._ledger.checkpoint()
            return len(good) + 1

    def withdraw(self, referral_id: str, *, actor: str, reason: str, now_us: int) -> None:
        """End a referral that has not left: its author or any reviewer may."""
        with self._refusals("withdraw", actor, now_us, {"referral_id": referral_id}):
            with self._store.write() as out:
                record = read_record(out, self._ledger, referral_id, whole=True)
                standing = self._reviewers.standing(actor, now_us)
                roles = self._rules[record.kind].roles
                may = actor == record.author or bool(standing.roles & roles)
                if not standing.is_active or not may:
                    message = f"{actor} may not withdraw {referral_id}"
                    raise RefusedError(
                        message, reason="not_author", help="its author or a reviewer withdraws it"
                    )
                if record.ended is not None:
                    message = f"{referral_id} is {record.state}"
                    raise held_back(message, "ended")
                write_act(
                    out,
                    self._ledger,
                    Act.WITHDRAWN,
                    referral_id=referral_id,
                    actor=actor,
                    at_us=now_us,
                    body={"reason": reason.strip()[:NOTE_MOST]},
                )
            self._ledger.checkpoint()

    def send(
        self, referral_id: str, deliver: Deliver, *, actor: str, now_us: int
    ) -> Mapping[str, Any]:
        """Let it leave, once. What the channel answered.

        Raises RefusedError with the reason that holds it back; `not_delivered` when the channel
        failed, after which this referral stays ended and its fate is for a person to find out.
        """
        with self._refusals("send", actor, now_us, {"referral_id": referral_id}):
            self._ledger.must_be_whole()
            with self._store.write() as out:
                cleared = self._clear(out, referral_id, actor, now_us)
                body = {
                    "recipient_id": cleared.recipient.recipient_id,
                    "kind": cleared.record.kind.value,
                    "digest": cleared.record.digest,
                    "approvals": [a.leaf for a in cleared.approvals],
                }
                write_act(
                    out,
                    self._ledger,
                    Act.SENDING,
                    referral_id=referral_id,
                    actor=actor,
                    at_us=now_us,
                    body=body,
                )
            try:
                answer = _writable(deliver(cleared))
            except Exception as error:
                # Whatever went wrong out there: it must not stand as if it might still go.
                said = _writable({"error": f"{type(error).__name__}: {error}"[:500]})
                self._act(Act.FAILED, referral_id, actor, now_us, said)
                message = f"{referral_id} was not delivered: {error}"
                raise RefusedError(
                    message,
                    reason="not_delivered",
                    help="ask the recipient whether it came; to try again, make a new referral",
                ) from error
            self._act(Act.SENT, referral_id, actor, now_us, {"answer": answer})
            return answer

    def record(self, referral_id: str) -> Record:
        """A referral as its acts tell it, held against the ledger."""
        with self._store.read() as view:
            return read_record(view, self._ledger, referral_id)

    def content(self, referral_id: str) -> Mapping[str, Any] | None:
        """Exactly what will leave, as values; None before freezing."""
        stored = self.stored_content(referral_id)
        return None if stored is None else json.loads(stored)

    def stored_content(self, referral_id: str) -> bytes | None:
        """Exactly what will leave, or None before freezing. Raises RefusedError `tampered`."""
        with self._store.read() as view:
            record = read_record(view, self._ledger, referral_id)
            stored = read_content(view, referral_id)
        if stored is None:
            return None
        if not record.digest == stored[0] == content_digest(stored[1]):
            message = f"the content of {referral_id} is not what was frozen"
            raise held_back(message, "tampered")
        return stored[1]

    def standing(self, referral_id: str, now_us: int) -> dict[str, Any]:
        """What the page shows: state, who has said yes, whose yes does not count and why."""
        with self._store.read() as view:
            record = read_record(view, self._ledger, referral_id)
            good, why_not = self._counting(view, record, now_us)
        rule = self._rules[record.kind]
        return {
            "state": record.state,
            "approved_by": [a.step_up.account_id for a in good],
            "not_counting": why_not,
            "needed": rule.approvals,
            "roles": sorted(rule.roles),
            "ready": record.state == "frozen" and len(good) >= rule.approvals,
        }

    def _clear(self, out: Transaction, referral_id: str, actor: str, now_us: int) -> Cleared:
        record = read_record(out, self._ledger, referral_id, whole=True)
        content = check_content(record, read_content(out, referral_id))
        rule = self._rules[record.kind]
        sender = self._reviewers.standing(actor, now_us)
        if not sender.is_active or not sender.roles & (AUTHOR_ROLES | rule.roles):
            message = f"{actor} may not send {referral_id}"
            raise held_back(message, "not_reviewer")
        recipient = self._recipients.get(record.recipient_id, out)
        value = json.loads(content)
        left = acts.left_since(out, self._ledger, now_us - DAY_US)
        check_door(
            record,
            rule,
            recipient,
            self._stop.state_in(out, now_us),
            n_recipient=sum(b["recipient_id"] == recipient.recipient_id for b in left),
            n_kind=sum(b["kind"] == record.kind.value for b in left),
            is_addressed=addressed(recipient) == value["recipient"],
            markings_held=self._holds(recipient.holds, value["markings"]),
        )
        good, _ = self._counting(out, record, now_us)
        check_people(record, rule, good)
        return Cleared(record, recipient, content, tuple(good))

    def _counting(
        self, view: Transaction, record: Record, now_us: int
    ) -> tuple[list[acts.Approval], dict[str, str]]:
        return counting(
            record,
            self._rules[record.kind],
            self._reviewers,
            now_us,
            lambda leaf: self._ledger.latest_us(view, leaf),
        )

    def _check_draft(self, record: Record, material: Material, actor: str, now_us: int) -> None:
        if actor != record.author:
            message = f"{record.referral_id} is another author's draft"
            raise RefusedError(message, reason="not_author", help="its author freezes it")
        self._check_author(actor, now_us)
        if record.state != "draft":
            message = f"{record.referral_id} is {record.state}"
            raise held_back(message, "ended")
        if material.lead["digest"] != record.lead_digest:
            message = f"{record.lead_id} has changed since it was approved"
            raise RefusedError(
                message, reason="changed", help="decide on the lead as it is now, draft again"
            )

    def _heading(self, record: Record, recipient: Recipient, now_us: int) -> Heading:
        return Heading(
            referral_id=record.referral_id,
            kind=record.kind,
            title=self._rules[record.kind].title,
            author=record.author,
            recipient=addressed(recipient),
            note=record.note,
            decisions=record.decisions,
            frozen_us=now_us,
        )

    def _check_author(self, author: str, now_us: int) -> None:
        standing = self._reviewers.standing(author, now_us)
        if not standing.is_active or not standing.roles & AUTHOR_ROLES:
            message = f"{author} may not write referrals"
            raise RefusedError(message, reason="not_author", help="ask an analyst")

    def _act(
        self, act: Act, referral_id: str, actor: str, now_us: int, body: Mapping[str, Any]
    ) -> None:
        with self._store.write() as out:
            write_act(
                out,
                self._ledger,
                act,
                referral_id=referral_id,
                actor=actor,
                at_us=now_us,
                body=body,
            )
        self._ledger.checkpoint()

    @contextmanager
    def _refusals(
        self, what: str, actor: str, now_us: int, detail: Mapping[str, Any]
    ) -> Generator[None]:
        try:
            yield
        except RefusedError as refusal:
            body = {"act": what, "reason": refusal.reason, **detail}
            self._ledger.append_now(LedgerKind.REFERRAL_REFUSED, now_us, actor, body)
            raise
        except ConflictError as conflict:
            body = {"act": what, "reason": "conflict", **detail}
            self._ledger.append_now(LedgerKind.REFERRAL_REFUSED, now_us, actor, body)
            message = f"somebody was faster: {conflict.message}"
            raise RefusedError(message, reason="conflict", help="look at it again") from conflict


def _approving(lead: Mapping[str, Any], decisions: Iterable[Decision]) -> list[Decision]:
    """The approvals of the lead as it stands, when approving is the last word on it."""
    words = [d for d in decisions if d.lead_id == lead["lead_id"]]
    approving = [d for d in words if d.verdict is Verdict.APPROVE and d.digest == lead["digest"]]
    if not approving or words[-1] != approving[-1]:
        message = f"{lead['lead_id']} was not approved as it stands"
        raise RefusedError(message, reason="not_approved", help="decide on the lead first")
    return approving


def _writable(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What came back from outside, short and in characters that the ledger can keep."""
    return {
        name: value if isinstance(value, int) else str(value).encode("utf-8", "replace").decode()
        for name, value in answer.items()
    }
