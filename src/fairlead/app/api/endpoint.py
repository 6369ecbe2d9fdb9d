"""An endpoint as a value: its path, what it takes and gives, and the action its caller needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from fairlead.app.api.entry import Signed
    from fairlead.app.api.picture import View
    from fairlead.app.api.service import Service

PREFIX = "/api/v1"
BODY_MOST = 1 << 20
ROW_ACTIONS = frozenset({"see", "export", "decide", "author_referral", "upload_evidence"})
"""Actions on rows: the row filter or the call itself asks the policy, row by row."""


class Problem(Exception):
    """An answer that is a refusal: status, what happened, what to do, one word for programs."""

    def __init__(
        self, status: int, error: str, *, reason: str, help: str = "", **more: Any
    ) -> None:
        super().__init__(error)
        self.status = status
        self.body = {"error": error, "help": help, "reason": reason, **more}
        self.headers: dict[str, str] = {}


def not_found(*, what: str) -> Problem:
    """The same words for what does not exist and for what the caller may not see."""
    return Problem(404, f"no such {what}", reason="not_found", help="it may have been taken back")


class Query(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Query parameters; a name that is not declared is refused."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A body that is not JSON made from the declared type, or has headers of its own."""

    body: Any
    status: int = 200
    media_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: Sequence[str] = ()


@dataclass(slots=True)
class Call:
    """One request, after it was checked: who calls, with what."""

    service: Service
    signed: Signed | None
    path: Mapping[str, str]
    query: Any
    body: Any
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    peer: str
    url: str
    now_us: int

    @property
    def who(self) -> Any:
        """The caller's principal; only in endpoints that need one."""
        if self.signed is None:
            raise Problem(401, "not signed in", reason="signed_out", help="sign in first")
        return self.signed.principal

    def demand(self, action: str, resource: Mapping[str, Any] | None = None) -> None:
        """Raises Problem 403 where the policy does not let the caller; that is in the ledger."""
        allowed, policy_ids = self.service.entry.allowed(self.who, action, resource)
        if not allowed:
            self.service.refused(self.who, action, self.now_us)
            help = f"the policy asks more for `{action}`"
            raise Problem(403, "not allowed", reason="denied", help=help, policies=policy_ids)

    @property
    def view(self) -> View:
        """What the caller may see of the picture as it stands."""
        return self.service.view_for(self.who)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`action` is what the policy is asked for: of the system before the call, or, for those in
    ROW_ACTIONS, of the rows by the call itself. None where nobody has to be signed in.

    `formats` are the other media types the endpoint can give, for the documentation.
    """

    method: str
    path: str
    call: Callable[[Call], Any]
    answer: Any
    doc: str
    action: str | None = "see"
    query: type | None = None
    body: Any = None
    body_most: int = BODY_MOST
    status: int = 200
    formats: tuple[str, ...] = ()
    refuses: tuple[int, ...] = ()
    rate: str = "general"


class Failure(msgspec.Struct):
    """What every refusal and failure looks like."""

    error: str
    help: str
    reason: str
