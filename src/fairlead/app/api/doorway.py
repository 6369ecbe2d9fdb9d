"""The way in: sessions and tokens of the gate as the interface asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairlead.app.api.entry import RowFilter, Signed
from fairlead.review.access.gate import Gate
from fairlead.review.access.policy import SYSTEM, row
from fairlead.schema.errors import RefusedError

COOKIE = "fairlead-session"


class Doorway:
    """`Entry` over a gate. A session or token that does not hold is nobody's."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate

    def signed(
        self, headers: Mapping[str, str], cookies: Mapping[str, str], now_us: int
    ) -> Signed | None:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        try:
            if scheme.lower() == "bearer" and bearer:
                principal = self.gate.tokens.of(bearer.strip(), now_us=now_us)
                return Signed(principal, None, None, principal.handle, principal.method)
            token = cookies.get(COOKIE, "")
            if not token:
                return None
            session = self.gate.sessions.of(token, now_us=now_us)
        except RefusedError:
            return None
        who = session.principal
        return Signed(who, session.csrf, session.expires_us, who.handle, who.method)

    def allowed(
        self, principal: Any, action: str, resource: Mapping[str, Any] | None
    ) -> tuple[bool, list[str]]:
        asked = SYSTEM if resource is None else row(**resource)
        verdict = self.gate.policy.allowed(principal, action, asked)
        return verdict.allowed, list(verdict.policy_ids)

    def row_filter(self, principal: Any, action: str) -> RowFilter:
        return self.gate.policy.row_filter(principal, action)
