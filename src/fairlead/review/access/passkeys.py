"""Passkeys: enrolment and sign-in by WebAuthn, the person verified by the authenticator each time.

What a browser sends is hostile: whatever its parsing trips over is a refusal.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from fairlead.review.access.accounts import Account, Accounts
from fairlead.review.access.challenges import Challenges
from fairlead.review.access.ground import NOBODY, Ground
from fairlead.review.access.refusals import VagueError, reading
from fairlead.schema.errors import ConfigError
from fairlead.schema.ledger import LedgerKind

ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
LASTS_US = 300_000_000


@dataclass(frozen=True, slots=True)
class Site:
    """Where the console is served. `rp_id` is the domain that passkeys are bound to, `origins`
    the addresses that a browser may show; a page at any other one gets nothing signed."""

    rp_id: str = "localhost"
    name: str = "Fairlead"
    origins: tuple[str, ...] = ("http://localhost:8000",)

    def __post_init__(self) -> None:
        if not self.rp_id or not self.origins:
            message = "a site needs a domain and at least one origin"
            raise ConfigError(message, help="such as `localhost` and `http://localhost:8000`")


@dataclass(frozen=True, slots=True)
class Assertion:
    """What an authenticator signed, as sent. `challenge` is what it says it answers."""

    credential: str
    challenge: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None
    sent: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Signed:
    """What a valid signature covers besides the challenge."""

    user_verified: bool
    sign_count: int


def read_assertion(sent: Mapping[str, Any], reason: str) -> Assertion:
    """The parts of what `navigator.credentials.get()` gave, as JSON."""
    with reading(reason, "bad_passkey"):
        parsed = parse_authentication_credential_json(dict(sent))
        response = parsed.response
        client = parse_client_data_json(response.client_data_json)
        return Assertion(
            bytes_to_base64url(parsed.raw_id),
            client.challenge,
            response.client_data_json,
            response.authenticator_data,
            response.signature,
            response.user_handle,
            sent,
        )


def verify(assertion: Assertion, public_key: str, site: Site, reason: str) -> Signed:
    """That this key signed for this site, with a person present. The caller has matched the
    challenge with one that was issued."""
    with reading(reason, "bad_passkey"):
        _must_not_be_framed(assertion.client_data, reason)
        result = verify_authentication_response(
            credential=dict(assertion.sent),
            expected_challenge=assertion.challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            credential_public_key=base64url_to_bytes(public_key),
            credential_current_sign_count=0,
        )
        return Signed(result.user_verified, result.new_sign_count)


def _must_not_be_framed(client_data: bytes, reason: str) -> None:
    client = json.loads(client_data)
    if client.get("crossOrigin") or "topOrigin" in client:
        raise VagueError(reason=reason, detail="wrong_origin")


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of the key as SubjectPublicKeyInfo: the same however COSE was encoded."""
    key = decoded_public_key_to_cryptography(decode_credential_public_key(public_key))
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


@dataclass(frozen=True, slots=True)
class Passkeys:
    ground: Ground
    accounts: Accounts
    challenges: Challenges
    site: Site

    def creation_options(
        self, account_id: str, handle: str, *, bound_to: str, now_us: int
    ) -> dict[str, Any]:
        """For `navigator.credentials.create()`.

        Every passkey of every account is excluded: an authenticator that serves one account
        refuses by itself to serve a second one.
        """
        challenge = self.challenges.issue(
            "enrol",
            now_us=now_us,
            lasts_us=LASTS_US,
            account_id=account_id,
            body={"bound_to": bound_to},
        )
        options = generate_registration_options(
            rp_id=self.site.rp_id,
            rp_name=self.site.name,
            user_id=account_id.encode(),
            user_name=handle,
            challenge=challenge,
            timeout=LASTS_US // 1000,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(credential))
                for credential in self.accounts.credentials()
            ],
            supported_pub_key_algs=ALGORITHMS,
        )
        return json.loads(options_to_json(options))

    def created(
        self, sent: Mapping[str, Any], *, account_id: str, bound_to: str, now_us: int
    ) -> dict[str, Any]:
        """The change that adds the new passkey to the account it was asked for.

        Raises RefusedError `bad_passkey` and those of `Challenges.take`.
        """
        with reading("bad_passkey", "bad_passkey"):
            parsed = parse_registration_credential_json(dict(sent))
            challenge = parse_client_data_json(parsed.response.client_data_json).challenge
            client_data = parsed.response.client_data_json
        asked = self.challenges.take(challenge, "enrol", now_us)
        if asked.account_id != account_id or asked.body["bound_to"] != bound_to:
            raise VagueError(reason="bad_passkey", detail="wrong_account")
        with reading("bad_passkey", "bad_passkey"):
            _must_not_be_framed(client_data, "bad_passkey")
            made = verify_registration_response(
                credential=dict(sent),
                expected_challenge=challenge,
                expected_rp_id=self.site.rp_id,
                expected_origin=list(self.site.origins),
                supported_pub_key_algs=ALGORITHMS,
            )
            if not made.user_verified:
                raise VagueError(reason="bad_passkey", detail="not_verified")
            public_key = made.credential_public_key
            return {
                "passkey": {
                    "credential": bytes_to_base64url(made.credential_id),
                    "public_key": bytes_to_base64url(public_key),
                    "fingerprint": fingerprint(public_key),
                }
            }

    def sign_in_options(self, *, now_us: int) -> dict[str, Any]:
        """For `navigator.credentials.get()`: whoever has a passkey for this site."""
        challenge = self.challenges.issue("sign_in", now_us=now_us, lasts_us=LASTS_US)
        return self.request_options(challenge)

    def request_options(self, challenge: bytes, account: Account | None = None) -> dict[str, Any]:
        """Of any account, or of one: then only its passkeys are asked."""
        keys = account.live_passkeys if account else ()
        options = generate_authentication_options(
            rp_id=self.site.rp_id,
            challenge=challenge,
            timeout=LASTS_US // 1000,
            allow_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(key.credential)) for key in keys
            ],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return json.loads(options_to_json(options))

    def sign_in(self, sent: Mapping[str, Any], *, now_us: int) -> Account:
        """The account whose passkey answered.

        Raises RefusedError `sign_in_failed`, `not_active`, or those of `Challenges.take`. The
        ledger has the reason: `bad_passkey`, `unknown_passkey`, `not_verified`, `wrong_origin`,
        `wrong_account`, `sign_count_went_back` (the passkey may have been copied).
        """
        no = "sign_in_failed"
        with self.ground.guarded("sign_in", now_us, NOBODY, LedgerKind.SIGN_IN_REFUSED) as attempt:
            assertion = read_assertion(sent, no)
            self.challenges.take(assertion.challenge, "sign_in", now_us)
            account = self.accounts.by_credential(assertion.credential)
            if account is None:
                raise VagueError(reason=no, detail="unknown_passkey")
            attempt.actor = account.account_id
            if assertion.user_handle not in {None, account.account_id.encode()}:
                raise VagueError(reason=no, detail="wrong_account")
            self.answered(account, assertion, no)
            if account.state(now_us) != "active":
                raise VagueError(reason="not_active", detail=account.state(now_us))
            return account

    def answered(self, account: Account, assertion: Assertion, no: str) -> None:
        """That a passkey of this account made the assertion, with its person verified.

        Raises RefusedError `no`, or `not_verified` where that is not to be told.
        """
        keys = {key.credential: key.public_key for key in account.live_passkeys}
        if assertion.credential not in keys:
            raise VagueError(reason=no, detail="unknown_passkey")
        signed = verify(assertion, keys[assertion.credential], self.site, no)
        if not signed.user_verified:
            told = "not_verified" if no == "forged" else no
            raise VagueError(reason=told, detail="not_verified")
        self._count(assertion.credential, signed.sign_count, no)

    def _count(self, credential: str, sign_count: int, no: str) -> None:
        """A counter that does not grow is a copied key, unless it is one that never counts."""
        with self.ground.store.write() as out:
            rows = out.query(
                "SELECT sign_count FROM passkey_counts WHERE credential = ?", (credential,)
            )
            before = rows[0][0] if rows else 0
            if (sign_count or before) and sign_count <= before:
                raise VagueError(reason=no, detail="sign_count_went_back")
            out.execute("DELETE FROM passkey_counts WHERE credential = ?", (credential,))
            out.execute("INSERT INTO passkey_counts VALUES (?, ?)", (credential, sign_count))
