"""What a referral is made of, and whom its guard asks: nouns shared by the room and its callers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol


class ReferralKind(Enum):
    """What is asked of the recipient. There is no other kind, and none of them is a weapon."""

    INSPECTION = "inspection"
    SEARCH_AND_RESCUE = "search_and_rescue"
    SANCTIONS_ALERT = "sanctions_alert"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class StepUp:
    """One account, present and verified, said yes to one digest for one purpose.

    `key` names the authenticator (a digest of the credential's public key, or of the password's
    account); `signed` is what a later check recomputes the answer from.
    """

    account_id: str
    digest: str
    purpose: str
    method: str
    key: str
    made_us: int
    expires_us: int
    signed: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """What an account may do at an instant: its roles, none when it is revoked or expired."""

    account_id: str
    roles: frozenset[str]
    is_active: bool


class Reviewers(Protocol):
    """The accounts, as the guard of the door asks about them."""

    def standing(self, account_id: str, now_us: int) -> Standing:
        """Roles and state now; of an unknown account, no roles and inactive."""
        ...

    def check(self, step_up: StepUp) -> None:
        """Recompute from `signed` that this account approved exactly this digest and purpose.

        Raises RefusedError: `forged`, `not_verified`, `wrong_digest`, `wrong_account`.
        """
        ...
