"""Step-up: a person says yes to one digest for one purpose, and the yes can be checked later.

With a passkey the challenge is SHA-256 over the RFC 8785 JSON of what is approved, so that the
authenticator's signature covers it. Whoever has the stored evidence and the public key can check
it offline, without this program. Without a passkey it is password and one-time code, and the
installation's own seal: weaker, and it says so by its method.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

from fairlead.review.access.accounts import Account, Accounts
from fairlead.review.access.challenges import Challenges
from fairlead.review.access.ground import Ground
from fairlead.review.access.passkeys import (
    LASTS_US,
    Assertion,
    Passkeys,
    Site,
    fingerprint,
    read_assertion,
    verify,
)
from fairlead.review.access.passwords import Passwords
from fairlead.review.access.principal import Principal
from fairlead.review.access.refusals import VagueError, reading, refusal
from fairlead.review.access.throttle import Throttle
from fairlead.schema.referrals import Standing, StepUp

PURPOSE = "approve"
_STATEMENT = ("account_id", "digest", "expires_us", "nonce", "purpose")


def statement_challenge(statement: Mapping[str, Any]) -> bytes:
    """What the authenticator is asked to sign: 32 bytes."""
    return hashlib.sha256(rfc8785.dumps({key: statement[key] for key in _STATEMENT})).digest()


def verify_evidence(step_up: StepUp, site: Site) -> None:
    """Check a passkey's approval offline, from what is stored with it and nothing else.

    Whether the key belongs to the account is for the account's history to say. Raises RefusedError
    `forged`, `not_verified`, `wrong_digest`, `wrong_account`, `wrong_purpose`.
    """
    signed = step_up.signed
    _must_state(step_up)
    with reading("forged", "forged"):
        sent = {
            "id": signed["credential"],
            "rawId": signed["credential"],
            "type": "public-key",
            "response": {
                "clientDataJSON": signed["client_data"],
                "authenticatorData": signed["authenticator_data"],
                "signature": signed["signature"],
            },
        }
        assertion = read_assertion(sent, "forged")
        if assertion.challenge != statement_challenge(signed["statement"]):
            raise VagueError(reason="forged", detail="forged")
        if fingerprint(base64url_to_bytes(signed["public_key"])) != step_up.key:
            raise VagueError(reason="forged", detail="forged")
        is_verified = verify(assertion, signed["public_key"], site, "forged").user_verified
    if not is_verified:
        raise refusal(reason="not_verified")


def _must_state(step_up: StepUp) -> None:
    """That the fields on top are those that were signed."""
    with reading("forged", "forged"):
        statement = dict(step_up.signed["statement"])
        if set(statement) != set(_STATEMENT):
            raise VagueError(reason="forged", detail="forged")
    for field in ("digest", "account_id", "purpose"):
        if statement[field] != getattr(step_up, field):
            raise refusal(reason=f"wrong_{field.removesuffix('_id')}")
    if statement["expires_us"] != step_up.expires_us:
        raise refusal(reason="forged")


@dataclass(frozen=True, slots=True)
class Approvals:
    """Satisfies `schema.referrals.Reviewers`. An approval stands for `lasts_us`."""

    ground: Ground
    accounts: Accounts
    challenges: Challenges
    passkeys: Passkeys
    passwords: Passwords
    throttle: Throttle
    lasts_us: int = 24 * 3_600_000_000

    def standing(self, account_id: str, now_us: int) -> Standing:
        return self.accounts.standing(account_id, now_us)

    def options(self, by: Principal, *, digest: str, purpose: str, now_us: int) -> dict[str, Any]:
        """For `navigator.credentials.get()`: asks this account's passkeys to sign this digest.

        Raises RefusedError `not_active`, `no_passkey`.
        """
        with self.ground.guarded("approval_options", now_us, by.account_id):
            account = self._account(by, now_us)
            if not account.live_passkeys:
                raise refusal(reason="no_passkey")
            statement = self._statement(account, digest, purpose, now_us)
            challenge = self._issue(statement, now_us)
            return self.passkeys.request_options(challenge, account)

    def verify(
        self,
        by: Principal,
        *,
        digest: str,
        purpose: str,
        credential: Mapping[str, Any],
        now_us: int,
    ) -> StepUp:
        """The approval that a passkey has just signed.

        Raises RefusedError `forged`, `not_verified`, `wrong_digest`, `wrong_account`,
        `wrong_purpose`, `unknown_challenge`, `expired`, `used`, `not_active`.
        """
        with self.ground.guarded("approve", now_us, by.account_id):
            account = self._account(by, now_us)
            assertion = read_assertion(credential, "forged")
            asked = self.challenges.take(assertion.challenge, PURPOSE, now_us)
            statement = dict(asked.body)
            _must_be_for(statement, by.account_id, digest, purpose)
            self.passkeys.answered(account, assertion, "forged")
            signed = _evidence(account, assertion, statement)
            key = _key_of(account, assertion.credential)
            return self._step_up(account, statement, "passkey", key, now_us, signed)

    def with_password(
        self,
        by: Principal,
        *,
        digest: str,
        purpose: str,
        password: str,
        code: str,
        address: str,
        now_us: int,
    ) -> StepUp:
        """The approval of an account that has no passkey.

        Raises RefusedError `has_passkey`, `not_active`, `sign_in_failed`, `throttled`.
        """
        with self.ground.guarded("approve", now_us, by.account_id):
            account = self._account(by, now_us)
            if account.live_passkeys:
                raise refusal(reason="has_passkey")
            self.throttle.begin(account.handle, address, now_us)
            wrong = self.passwords.check(account, password, code, now_us)
            if wrong is not None:
                raise VagueError(reason="sign_in_failed", detail=wrong)
            self.throttle.succeeded(account.handle, address)
            statement = self._statement(account, digest, purpose, now_us)
            self.challenges.take(self._issue(statement, now_us), PURPOSE, now_us)
            key = self._password_key(account)
            signed = {"statement": statement}
            return self._step_up(account, statement, "password", key, now_us, signed)

    def check(self, step_up: StepUp) -> None:
        """That this account approved exactly this digest for this purpose, here, when it says.

        Raises RefusedError `forged`, `not_verified`, `wrong_digest`, `wrong_account`,
        `wrong_purpose`. A key that was removed since still stands for what it signed before.
        """
        _must_state(step_up)
        account = self.accounts.get(step_up.account_id)
        if account is None:
            raise refusal(reason="wrong_account")
        seal = str(step_up.signed.get("seal", ""))
        if not self.ground.seal.holds(seal, "step_up", *_sealed(step_up)):
            raise refusal(reason="forged")
        self._must_have_been_asked(step_up)
        if step_up.method == "passkey":
            verify_evidence(step_up, self.passkeys.site)
            if step_up.key not in {
                key.fingerprint
                for key in account.passkeys
                if key.removed_us is None or step_up.made_us < key.removed_us
            }:
                raise refusal(reason="forged")

    def _must_have_been_asked(self, step_up: StepUp) -> None:
        statement = step_up.signed["statement"]
        asked = self.challenges.find(statement_challenge(statement))
        if asked is None or dict(asked.body) != dict(statement):
            raise refusal(reason="forged")
        if not asked.expires_us - LASTS_US <= step_up.made_us < asked.expires_us:
            raise refusal(reason="forged")

    def _account(self, by: Principal, now_us: int) -> Account:
        account = self.accounts.get(by.account_id)
        if account is None or account.state(now_us) != "active" or by.method == "token":
            raise refusal(reason="not_active")
        return account

    def _statement(
        self, account: Account, digest: str, purpose: str, now_us: int
    ) -> dict[str, Any]:
        return {
            "account_id": account.account_id,
            "digest": digest,
            "expires_us": now_us + self.lasts_us,
            "nonce": secrets.token_hex(16),
            "purpose": purpose,
        }

    def _issue(self, statement: Mapping[str, Any], now_us: int) -> bytes:
        return self.challenges.issue(
            PURPOSE,
            now_us=now_us,
            lasts_us=LASTS_US,
            account_id=statement["account_id"],
            body=statement,
            challenge=statement_challenge(statement),
        )

    def _password_key(self, account: Account) -> str:
        return hashlib.sha256(f"password:{account.account_id}".encode()).hexdigest()

    def _step_up(
        self,
        account: Account,
        statement: Mapping[str, Any],
        method: str,
        key: str,
        now_us: int,
        signed: Mapping[str, Any],
    ) -> StepUp:
        made = StepUp(
            account_id=account.account_id,
            digest=statement["digest"],
            purpose=statement["purpose"],
            method=method,
            key=key,
            made_us=now_us,
            expires_us=statement["expires_us"],
            signed=signed,
        )
        seal = self.ground.seal.of("step_up", *_sealed(made))
        return StepUp(*_fields(made), signed={**signed, "seal": seal})


def _fields(step_up: StepUp) -> tuple[Any, ...]:
    return (
        *(step_up.account_id, step_up.digest, step_up.purpose, step_up.method, step_up.key),
        *(step_up.made_us, step_up.expires_us),
    )


def _sealed(step_up: StepUp) -> tuple[Any, ...]:
    signed = {key: value for key, value in step_up.signed.items() if key != "seal"}
    return (*_fields(step_up), signed)


def _must_be_for(statement: Mapping[str, Any], account_id: str, digest: str, purpose: str) -> None:
    if statement["account_id"] != account_id:
        raise refusal(reason="wrong_account")
    if statement["digest"] != digest:
        raise refusal(reason="wrong_digest")
    if statement["purpose"] != purpose:
        raise refusal(reason="wrong_purpose")


def _key_of(account: Account, credential: str) -> str:
    return next(k.fingerprint for k in account.live_passkeys if k.credential == credential)


def _evidence(
    account: Account, assertion: Assertion, statement: Mapping[str, Any]
) -> dict[str, Any]:
    """What an offline check needs; the seal is for this installation's own."""
    keys = {key.credential: key.public_key for key in account.live_passkeys}
    return {
        "statement": dict(statement),
        "credential": assertion.credential,
        "public_key": keys[assertion.credential],
        "client_data": bytes_to_base64url(assertion.client_data),
        "authenticator_data": bytes_to_base64url(assertion.authenticator_data),
        "signature": bytes_to_base64url(assertion.signature),
    }
