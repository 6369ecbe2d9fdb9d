"""May this leave? One function, asked where a referral is approved and again where it is sent.

It trusts nothing that it can compute again: the digest from the stored bytes, the signatures from
what was signed, roles and quotas as they are now. No flag, setting or score answers for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fairlead.referrals.acts import Approval, Record
from fairlead.referrals.content import content_digest
from fairlead.referrals.recipients import Recipient
from fairlead.referrals.rules import Rule
from fairlead.referrals.stop import CLOCK_SLACK_US, StopState
from fairlead.referrals.stop import PURPOSE as RELEASE_PURPOSE
from fairlead.schema.errors import RefusedError
from fairlead.schema.referrals import Reviewers, StepUp

HELP = {
    "not_frozen": "freeze it first: people sign exactly what leaves",
    "tampered": "run `fairlead verify`; do not send this referral",
    "wrong_digest": "look at the referral as it is now and sign that",
    "expired": "ask the reviewer to sign again",
    "wrong_purpose": "say what the referral is for: those words are kept for another act",
    "recipient_changed": "make a new referral: people signed another address",
    "own_referral": "the author never counts: ask another reviewer",
    "not_reviewer": "ask a reviewer of the roles that this kind needs",
    "same_person": "each person counts once",
    "no_purpose": "say what it is for",
    "too_few_approvals": "ask another reviewer to look and sign",
    "stopped": "the stop switch is pulled; two reviewers can release it",
    "quota": "wait for tomorrow, or ask an administrator about the quota",
    "recipient_closed": "an administrator activates the recipient",
    "wrong_kind": "choose a recipient that takes this kind",
    "not_releasable": "make a new referral: what this recipient may hold has changed",
    "ended": "make a new referral",
    "clock_set_back": "set the machine's clock right",
}


def held_back(what: str, reason: str) -> RefusedError:
    """The refusal, with what to do about it."""
    return RefusedError(what, reason=reason, help=HELP[reason])


def check_content(record: Record, stored: tuple[str, bytes] | None) -> bytes:
    """The bytes that would leave, when they are the ones that were frozen.

    Raises RefusedError `not_frozen`, `tampered`, or `ended`.
    """
    if record.ended is not None:
        message = f"{record.referral_id} is {record.state}"
        raise held_back(message, "ended")
    if record.digest is None or stored is None:
        message = f"{record.referral_id} is still a draft"
        raise held_back(message, "not_frozen")
    digest, content = stored
    if not record.digest == digest == content_digest(content):
        message = f"the content of {record.referral_id} is not what was frozen"
        raise held_back(message, "tampered")
    return content


def check_approval(
    record: Record,
    rule: Rule,
    step_up: StepUp,
    reviewers: Reviewers,
    now_us: int,
    latest_us: int | None = None,
) -> None:
    """Raises RefusedError when this yes does not count for this referral at this instant:
    `wrong_digest`, `no_purpose`, `wrong_purpose`, `own_referral`, `expired`, `not_reviewer`,
    `clock_set_back`, and what `Reviewers.check` raises.

    `latest_us` is the latest time that was written down after it: what has run out by then stays
    so when the clock is set back.
    """
    if step_up.digest != record.digest:
        message = f"this signature is not of {record.referral_id} as it was frozen"
        raise held_back(message, "wrong_digest")
    if not step_up.purpose.strip():
        message = "an approval says what it is for"
        raise held_back(message, "no_purpose")
    if step_up.purpose.strip().casefold() == RELEASE_PURPOSE:
        message = "this purpose is the stop switch's"
        raise held_back(message, "wrong_purpose")
    if step_up.account_id == record.author:
        message = f"{step_up.account_id} wrote {record.referral_id}"
        raise held_back(message, "own_referral")
    if step_up.made_us > now_us + CLOCK_SLACK_US:
        message = "this signature lies in the future"
        raise held_back(message, "clock_set_back")
    ends_us = min(step_up.expires_us, step_up.made_us + rule.valid_us)
    if max(now_us, latest_us or 0) >= ends_us or step_up.made_us < (record.frozen_us or 0):
        message = f"the approval of {step_up.account_id} has run out"
        raise held_back(message, "expired")
    standing = reviewers.standing(step_up.account_id, now_us)
    if not standing.is_active or not standing.roles & rule.roles:
        message = f"{step_up.account_id} may not approve this kind of referral"
        raise held_back(message, "not_reviewer")
    reviewers.check(step_up)


def counting(
    record: Record,
    rule: Rule,
    reviewers: Reviewers,
    now_us: int,
    latest_us: Callable[[int], int | None],
) -> tuple[list[Approval], dict[str, str]]:
    """The approvals that count now, each person and each authenticator once; and why others do not.

    `latest_us` gives the latest time that the ledger holds after a leaf. Of two approvals by one
    account or one authenticator the later is left out.
    """
    good: list[Approval] = []
    why_not: dict[str, str] = {}
    accounts: set[str] = set()
    keys: set[str] = set()
    for approval in record.approvals:
        step_up = approval.step_up
        try:
            latest = latest_us(approval.leaf)
            check_approval(record, rule, step_up, reviewers, now_us, latest)
        except RefusedError as refusal:
            why_not[step_up.account_id] = refusal.reason
            continue
        if step_up.account_id in accounts or step_up.key in keys:
            why_not.setdefault(step_up.account_id, "same_person")
            continue
        accounts.add(step_up.account_id)
        keys.add(step_up.key)
        why_not.pop(step_up.account_id, None)
        good.append(approval)
    return good, why_not


def check_door(
    record: Record,
    rule: Rule,
    recipient: Recipient,
    stop: StopState,
    *,
    is_addressed: bool,
    n_recipient: int,
    n_kind: int,
    markings_held: bool,
) -> None:
    """Everything but the people: switch, recipient, what it may hold, quotas of the day.

    `is_addressed` says that the recipient is reached as it was when the content was frozen. Raises
    RefusedError `stopped`, `recipient_closed`, `wrong_kind`, `recipient_changed`,
    `not_releasable` or `quota`.
    """
    if stop.pulled:
        message = f"the stop switch is pulled: {stop.reason or 'no reason given'}"
        raise held_back(message, "stopped")
    if not recipient.is_active:
        message = f"recipient `{recipient.recipient_id}` is not active"
        raise held_back(message, "recipient_closed")
    if record.kind not in recipient.kinds:
        message = f"recipient `{recipient.recipient_id}` does not take {record.kind.value}"
        raise held_back(message, "wrong_kind")
    if not is_addressed:
        message = f"recipient `{recipient.recipient_id}` is not reached where people signed"
        raise held_back(message, "recipient_changed")
    if not markings_held:
        message = f"recipient `{recipient.recipient_id}` may no longer hold this content"
        raise held_back(message, "not_releasable")
    if n_recipient >= recipient.per_day:
        message = f"`{recipient.recipient_id}` has had its {recipient.per_day} of today"
        raise held_back(message, "quota")
    if n_kind >= rule.per_day:
        message = f"{rule.per_day} of this kind have left today"
        raise held_back(message, "quota")


def check_people(record: Record, rule: Rule, good: Sequence[Approval]) -> None:
    """Raises RefusedError `too_few_approvals`."""
    if len(good) < rule.approvals:
        message = f"{record.referral_id} has {len(good)} of {rule.approvals} approvals"
        raise held_back(message, "too_few_approvals")
