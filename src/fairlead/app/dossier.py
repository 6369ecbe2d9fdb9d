"""A dossier checked by an outsider: nothing but the file, and the ledger's key where it is known.

What is shown: the content is the one that was signed, each approval's passkey signed it, and the
ledger holds its drafting, its freezing and each approval. What is not: that an account is the
person it is said to be, and that a password's approval was given, which the ledger alone says.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import rfc8785

from fairlead.referrals.content import FORMAT as CONTENT_FORMAT
from fairlead.referrals.content import content_digest
from fairlead.referrals.envelope import FORMAT
from fairlead.review.access.approvals import verify_evidence
from fairlead.review.access.passkeys import Site
from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.notes import VerifierKey
from fairlead.review.ledger.proofs import Proved, check_bundle
from fairlead.schema.errors import RefusedError
from fairlead.schema.referrals import StepUp

HELP = "do not rely on it; ask the sender for the dossier again, by another way"


@dataclass(frozen=True, slots=True)
class Checked:
    """A dossier that holds. `signed_at` are the addresses of the pages that passkeys signed on;
    `by_password` the accounts whose yes only the ledger tells of."""

    content: Mapping[str, Any]
    digest: str
    approvals: tuple[StepUp, ...]
    signed_at: tuple[str, ...]
    by_password: tuple[str, ...]
    proofs: tuple[Proved, ...]


def check_dossier(
    text: str, trusted: Sequence[VerifierKey] = (), witnesses: Sequence[VerifierKey] = ()
) -> Checked:
    """Raises BrokenError for the first thing in the dossier that does not hold."""
    try:
        envelope = _envelope(text)
        content = _content(envelope)
        approvals = tuple(StepUp(**dict(a)) for a in envelope["approvals"])
        proofs = tuple(
            check_bundle(bundle, trusted=tuple(trusted), witnesses=tuple(witnesses))
            for bundle in envelope["proofs"]
        )
        signed_at = _people(content, envelope["digest"], approvals)
        _acts(content, envelope, proofs)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        what = "a part of it is missing or of another shape"
        raise _broken(what) from error
    by_password = tuple(a.account_id for a in approvals if a.method != "passkey")
    return Checked(content, envelope["digest"], approvals, signed_at, by_password, proofs)


def _broken(what: str) -> BrokenError:
    message = f"the dossier does not hold: {what}"
    return BrokenError(message, help=HELP)


def _must_not(is_so: bool, what: str) -> None:  # noqa: FBT001 - a condition and what it means
    if is_so:
        raise _broken(what)


def _envelope(text: str) -> Mapping[str, Any]:
    envelope = json.loads(text)
    _must_not(envelope["format"] != FORMAT, f"its format is not {FORMAT}")
    return envelope


def _content(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    written = envelope["content"].encode()
    _must_not(
        content_digest(written) != envelope["digest"],
        "the content is not the one that its digest names",
    )
    content = json.loads(written)
    _must_not(
        content["format"] != CONTENT_FORMAT or rfc8785.dumps(content) != written,
        "the content is not in canonical form",
    )
    return content


def _people(
    content: Mapping[str, Any], digest: str, approvals: Sequence[StepUp]
) -> tuple[str, ...]:
    """That somebody approved, each once, none of them the author; where passkeys signed."""
    _must_not(not approvals, "nobody has approved it")
    accounts = [a.account_id for a in approvals]
    keys = [a.key for a in approvals]
    _must_not(
        len(set(accounts)) != len(accounts) or len(set(keys)) != len(keys),
        "one account or one authenticator approved twice",
    )
    _must_not(content["author"] in accounts, "its author approved it")
    signed_at = set()
    for approval in approvals:
        who = approval.account_id
        _must_not(approval.digest != digest, f"{who} approved something else")
        _must_not(
            not content["frozen_us"] <= approval.made_us < approval.expires_us,
            f"the approval of {who} is of another time",
        )
        if approval.method == "passkey":
            signed_at.add(_signature(approval))
    return tuple(sorted(signed_at))


def _signature(approval: StepUp) -> str:
    """Check a passkey's signature; the address of the page it was given on."""
    origin = str(json.loads(_unbase64(approval.signed["client_data"]))["origin"])
    labels = (urlsplit(origin).hostname or "").split(".")
    named = _unbase64(approval.signed["authenticator_data"])[:32]
    names = [".".join(labels[i:]) for i in range(len(labels))]
    bound = [name for name in names if hashlib.sha256(name.encode()).digest() == named]
    try:
        if not bound or not bound[0]:
            raise RefusedError(origin, reason="wrong_site")
        verify_evidence(approval, Site(rp_id=bound[0], origins=(origin,)))
    except RefusedError as error:
        what = f"the signature of {approval.account_id} is not valid ({error.reason})"
        raise _broken(what) from error
    return origin


def _unbase64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _acts(
    content: Mapping[str, Any], envelope: Mapping[str, Any], proofs: Sequence[Proved]
) -> None:
    """That one ledger holds the drafting, the freezing and each approval of this referral."""
    _must_not(len({str(p.vkey) for p in proofs}) > 1, "its proofs are of several ledgers")
    held = [(p.entry.kind, p.entry.actor, dict(p.entry.body)) for p in proofs]
    author, referral_id = content["author"], content["referral_id"]
    drafted = [
        body
        for kind, actor, body in held
        if (kind, actor, body.get("act")) == ("referral_created", author, "created")
        and body.get("referral_id") == referral_id
        and body.get("recipient_id") == content["recipient"]["id"]
        and body.get("lead_digest") == content["lead"]["digest"]
    ]
    _must_not(not drafted, "the ledger's proof of drafting is missing or of another referral")
    frozen = {
        "act": "frozen",
        "referral_id": referral_id,
        "digest": envelope["digest"],
        "markings": content["markings"],
    }
    _must_not(
        ("referral_created", author, frozen) not in held,
        "the ledger's proof of freezing is missing or of another content",
    )
    for approval in envelope["approvals"]:
        body = {"act": "approved", "referral_id": referral_id, "step_up": approval}
        _must_not(
            ("referral_approved", approval["account_id"], body) not in held,
            f"the ledger's proof of the approval by {approval['account_id']} is missing",
        )
