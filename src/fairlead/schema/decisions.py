"""A person's word on a lead: one enum, and what a decision binds to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from fairlead.schema.ids import content_id


class Verdict(Enum):
    """What a person may say of a lead. Words are added, never changed: the last one stands."""

    APPROVE = "approve"
    REJECT = "reject"
    NEED_MORE = "need_more"
    SNOOZE = "snooze"
    REOPEN = "reopen"


SILENCING = frozenset({Verdict.APPROVE, Verdict.REJECT})
"""What was done until the end of the behaviour that was looked at does not come back."""


@dataclass(frozen=True, slots=True)
class Decision:
    """`digest` is of exactly what the reviewer was shown; `reviewer` is an account id.

    `behaviour_until_us` is the end of the behaviour as shown: silence follows it, not the clock.
    `snooze_until_us` is set for SNOOZE alone, in time of day.
    """

    lead_id: str
    digest: str
    mmsi: int
    verdict: Verdict
    reviewer: str
    reason: str
    decided_us: int
    behaviour_until_us: int
    snooze_until_us: int | None = None

    @property
    def decision_id(self) -> str:
        """Derived from the content, so that the same word sent twice is one decision."""
        return content_id(
            "decision",
            *(self.lead_id, self.digest, self.verdict.value, self.reviewer),
            *(self.reason, self.decided_us, self.snooze_until_us),
        )

    def as_dict(self) -> dict[str, Any]:
        """The decision as the ledger, the API and the exports carry it."""
        return {
            "decision_id": self.decision_id,
            "lead_id": self.lead_id,
            "digest": self.digest,
            "mmsi": self.mmsi,
            "verdict": self.verdict.value,
            "reviewer": self.reviewer,
            "reason": self.reason,
            "decided_us": self.decided_us,
            "behaviour_until_us": self.behaviour_until_us,
            "snooze_until_us": self.snooze_until_us,
        }
