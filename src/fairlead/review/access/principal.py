"""Who is asking, and the words for what may be asked."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead.review.access.markings import Markings, held

VIEWER = "viewer"
ANALYST = "analyst"
REVIEWER = "reviewer"
ADMINISTRATOR = "administrator"
SERVICE = "service"
ROLES = frozenset({VIEWER, ANALYST, REVIEWER, ADMINISTRATOR, SERVICE})
PERSON_ROLES = ROLES - {SERVICE}
"""What an account may have: `service` is for tokens alone."""

ACTIONS = (
    *("see", "export", "decide", "author_referral", "approve_referral", "send_referral"),
    *("pull_stop", "release_stop", "change_rules", "change_policy", "manage_accounts"),
    *("read_ledger", "upload_evidence"),
)
METHODS = ("passkey", "password", "oidc", "token")


@dataclass(frozen=True, slots=True)
class Principal:
    """An account as it stands at this call, or a service's token.

    `markings` is everything that holding the granted ones amounts to. `method` is how they signed
    in, at `authenticated_us`. A token's `account_id` is the token's own id; `issuer` is the account
    that made it.
    """

    account_id: str
    roles: frozenset[str]
    markings: Markings
    authenticated_us: int
    method: str
    issuer: str | None = None
    handle: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "markings", held(self.markings))
