"""Challenges: made here, used once, for one purpose, before they expire."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.review.access.ground import Ground
from fairlead.review.access.refusals import refusal
from fairlead.schema.ids import canonical_json
from fairlead.schema.store import Transaction

KEEP_US = 86_400_000_000
SHORT_LIVED = ("sign_in", "enrol", "oidc")


@dataclass(frozen=True, slots=True)
class Challenge:
    """`challenge` is hexadecimal; `body` is what was remembered with it."""

    challenge: str
    purpose: str
    account_id: str
    body: Mapping[str, Any]
    expires_us: int


@dataclass(frozen=True, slots=True)
class Challenges:
    ground: Ground

    def issue(
        self,
        purpose: str,
        *,
        now_us: int,
        lasts_us: int,
        account_id: str = "",
        body: Mapping[str, Any] | None = None,
        challenge: bytes | None = None,
    ) -> bytes:
        """Remember a challenge: 32 random bytes unless one is given."""
        given = challenge or secrets.token_bytes(32)
        values = (
            *(given.hex(), purpose, account_id, canonical_json(dict(body or {}))),
            now_us + lasts_us,
        )
        seal = self.ground.seal.of("challenges", *values)
        with self.ground.store.write() as out:
            self._forget(out, now_us)
            out.execute("INSERT INTO challenges VALUES (?, ?, ?, ?, ?, ?)", (*values, seal))
        return given

    def _forget(self, out: Transaction, now_us: int) -> None:
        marks = ", ".join("?" * len(SHORT_LIVED))
        old = f"purpose IN ({marks}) AND expires_us < ?"
        values = (*SHORT_LIVED, now_us - KEEP_US)
        out.execute(
            "DELETE FROM challenge_uses WHERE challenge IN"
            f" (SELECT challenge FROM challenges WHERE {old})",
            values,
        )
        out.execute(f"DELETE FROM challenges WHERE {old}", values)

    def find(self, challenge: bytes) -> Challenge | None:
        """As it was issued, whether used or not. Raises RefusedError `tampered`."""
        with self.ground.store.read() as view:
            rows = view.query(
                "SELECT challenge, purpose, account_id, body, expires_us, seal FROM challenges"
                " WHERE challenge = ?",
                (challenge.hex(),),
            )
        if not rows:
            return None
        *values, seal = rows[0]
        if not self.ground.seal.holds(seal, "challenges", *values):
            raise refusal(reason="tampered")
        given, purpose, account_id, body, expires_us = values
        return Challenge(given, purpose, account_id, json.loads(body), expires_us)

    def take(self, challenge: bytes, purpose: str, now_us: int) -> Challenge:
        """Use it up, even when what follows fails.

        Raises RefusedError `unknown_challenge`, `wrong_purpose`, `expired` or, by way of the
        ground, `used`.
        """
        found = self.find(challenge)
        if found is None:
            raise refusal(reason="unknown_challenge")
        if found.purpose != purpose:
            raise refusal(reason="wrong_purpose")
        if now_us >= found.expires_us:
            raise refusal(reason="expired")
        with self.ground.store.write() as out:
            out.execute("INSERT INTO challenge_uses VALUES (?)", (found.challenge,))
        return found
