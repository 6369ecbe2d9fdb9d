"""A signed content with what proves it: approvals, and the ledger's proofs of each act.

The content's digest is what people signed. Approvals and proofs come after it and stand beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fairlead.referrals.acts import Approval, Record
from fairlead.referrals.content import content_digest
from fairlead.referrals.door import Cleared
from fairlead.schema.ledger import Ledger

FORMAT = "fairlead-dossier-1"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a recipient gets, before it is drawn as PDF or HTML."""

    content: bytes
    digest: str
    approvals: tuple[Mapping[str, Any], ...]
    proofs: tuple[Mapping[str, Any], ...]

    @property
    def value(self) -> dict[str, Any]:
        """The content as values."""
        return json.loads(self.content)

    def as_json(self) -> bytes:
        """The envelope as a file. The content stands in it as text, byte for byte as signed."""
        body = {
            "format": FORMAT,
            "digest": self.digest,
            "content": self.content.decode(),
            "approvals": list(self.approvals),
            "proofs": list(self.proofs),
        }
        return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=True).encode()


def seal(cleared: Cleared, ledger: Ledger) -> Envelope:
    """The envelope of a cleared referral, with proofs of its creation, freezing and approvals."""
    return _seal(cleared.record, cleared.content, cleared.approvals, ledger)


def seal_record(record: Record, content: bytes, ledger: Ledger) -> Envelope:
    """The same of a referral as it stands, with every yes it has had, for looking at."""
    return _seal(record, content, record.approvals, ledger)


def _seal(
    record: Record, content: bytes, approvals: Sequence[Approval], ledger: Ledger
) -> Envelope:
    leaves = [record.created_leaf, record.frozen_leaf, *(a.leaf for a in approvals)]
    return Envelope(
        content=content,
        digest=content_digest(content),
        approvals=tuple(asdict(a.step_up) for a in approvals),
        proofs=tuple(ledger.inclusion(leaf).as_dict() for leaf in leaves if leaf is not None),
    )


def draft_envelope(content: bytes) -> Envelope:
    """A frozen content that nobody has signed yet, for looking at what would leave."""
    return Envelope(content, content_digest(content), (), ())
