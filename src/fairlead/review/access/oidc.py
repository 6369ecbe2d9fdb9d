"""Sign-in by an organisation's OpenID Connect provider: code flow with PKCE, state and nonce.

What a provider says gives nothing by itself: settings map values of one claim to roles and
markings. Of the person only a keyed digest of the subject is kept.

This is the one part of access that calls out, and only to the provider in the settings.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import quote, urlsplit

import httpx
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet

from fairlead.review.access.accounts import Account, Accounts, handle_of, roles_of
from fairlead.review.access.challenges import Challenge, Challenges
from fairlead.review.access.ground import NOBODY, Ground
from fairlead.review.access.markings import markings_of
from fairlead.review.access.refusals import VagueError, reading, refusal
from fairlead.schema.errors import ConfigError
from fairlead.schema.ledger import LedgerKind

ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA"]
LASTS_US = 600_000_000
LEEWAY_S = 60
TIMEOUT_S = 10.0
_HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Provider:
    """`roles` and `markings` map values of the claim `claim` to what they give; unless they do,
    whoever signs in may do and see nothing. `redirect_uri` is this program's callback address."""

    provider_id: str
    issuer: str
    client_id: str
    redirect_uri: str
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ("openid",)
    claim: str = ""
    roles: Mapping[str, Sequence[str]] = field(default_factory=dict)
    markings: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _must_be_safe(self.issuer)
        handle_of(self.provider_id)
        for given in self.roles.values():
            roles_of(given)
        for given in self.markings.values():
            markings_of(given)

    def granted(self, claims: Mapping[str, Any]) -> dict[str, list[str]]:
        """What the claims give by these settings; empty when the settings map nothing."""
        if not self.claim:
            return {}
        said = claims.get(self.claim, [])
        listed = said if isinstance(said, list) else [said]
        values = [value for value in listed if isinstance(value, str)]
        roles = {role for value in values for role in self.roles.get(value, ())}
        marks = {mark for value in values for mark in self.markings.get(value, ())}
        return {"roles": sorted(roles), "markings": sorted(marks)}


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where to send the browser, and what to leave with it until it comes back."""

    url: str
    browser_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OpenId:
    ground: Ground
    accounts: Accounts
    challenges: Challenges
    providers: tuple[Provider, ...] = ()

    def start(self, provider_id: str, *, now_us: int) -> Redirect:
        """Raises RefusedError `unknown_provider`, `bad_provider`."""
        with self.ground.guarded("sign_in_oidc", now_us, NOBODY, LedgerKind.SIGN_IN_REFUSED):
            provider = self._provider(provider_id)
            where = self._metadata(provider)["authorization_endpoint"]
            state, nonce, browser_key, verifier = (secrets.token_urlsafe(48) for _ in range(4))
            url = prepare_grant_uri(
                where,
                provider.client_id,
                "code",
                redirect_uri=provider.redirect_uri,
                scope=" ".join(provider.scopes),
                state=state,
                nonce=nonce,
                code_challenge=create_s256_code_challenge(verifier),
                code_challenge_method="S256",
            )
            body = {
                "provider": provider_id,
                "nonce": nonce,
                "browser": _hash(browser_key).hex(),
                "verifier": self.ground.seal.hide(verifier, "oidc").hex(),
            }
            self.challenges.issue(
                "oidc", now_us=now_us, lasts_us=LASTS_US, body=body, challenge=_hash(state)
            )
            return Redirect(url, browser_key)

    def finish(
        self, provider_id: str, query: Mapping[str, str], *, browser_key: str, now_us: int
    ) -> Account:
        """The account of whoever the provider vouches for, made at their first sign-in.

        Raises RefusedError `unknown_provider`, `bad_provider`, `sign_in_failed`, `not_active`, and
        those of `Challenges.take`.
        """
        kind = LedgerKind.SIGN_IN_REFUSED
        with self.ground.guarded("sign_in_oidc", now_us, NOBODY, kind) as attempt:
            provider = self._provider(provider_id)
            asked = self.challenges.take(_hash(query.get("state", "")), "oidc", now_us)
            self._must_be_asked_here(provider, asked, query, browser_key)
            claims = self._claims(provider, asked, query["code"], now_us)
            subject = self.ground.seal.of("oidc_subject", provider.issuer, claims["sub"])
            account = self.accounts.by_subject(subject)
            if account is not None:
                attempt.actor = account.account_id
                if account.state(now_us) != "active":
                    raise VagueError(reason="not_active", detail=account.state(now_us))
            return self.accounts.vouched(
                subject,
                provider.granted(claims),
                provider_id=provider_id,
                now_us=now_us,
            )

    def _provider(self, provider_id: str) -> Provider:
        for provider in self.providers:
            if provider.provider_id == provider_id:
                return provider
        raise refusal(reason="unknown_provider")

    def _must_be_asked_here(
        self, provider: Provider, asked: Challenge, query: Mapping[str, str], browser_key: str
    ) -> None:
        """By this browser, of this provider (RFC 9207), and answered with a code."""
        is_browser = hmac.compare_digest(_hash(browser_key).hex(), asked.body["browser"])
        if not is_browser or asked.body["provider"] != provider.provider_id:
            raise VagueError(reason="sign_in_failed", detail="other_browser")
        if query.get("iss", provider.issuer) != provider.issuer:
            raise VagueError(reason="sign_in_failed", detail="wrong_issuer")
        if "error" in query or "code" not in query:
            raise VagueError(reason="sign_in_failed", detail="provider_refused")

    def _claims(
        self, provider: Provider, asked: Challenge, code: str, now_us: int
    ) -> dict[str, Any]:
        metadata = self._metadata(provider)
        verifier = self.ground.seal.show(bytes.fromhex(asked.body["verifier"]), "oidc")
        with reading("bad_provider"):
            token = _exchanged(provider, metadata["token_endpoint"], code, verifier)
            keys = KeySet.import_key_set(cast(Any, _fetched(metadata["jwks_uri"])))
            read = jwt.decode(str(token.get("id_token", "")), keys, algorithms=ALGORITHMS)
            claims = dict(read.claims)
            _must_claim(provider, claims, asked.body["nonce"], now_us)
        return claims

    def _metadata(self, provider: Provider) -> dict[str, str]:
        """The provider's own description, whose addresses are safe and whose issuer is asked."""
        at = provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        with reading("bad_provider"):
            found = _fetched(at)
            for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
                _must_be_safe(str(found[name]))
            if found["issuer"] != provider.issuer:
                raise VagueError(reason="bad_provider", detail="wrong_issuer")
        return found


def _fetched(at: str) -> dict[str, Any]:
    return _object(httpx.get(at, timeout=TIMEOUT_S))


def _exchanged(provider: Provider, at: str, code: str, verifier: str) -> dict[str, Any]:
    """The code for tokens: only whoever has the verifier can (RFC 7636), and the secret if any."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": verifier,
        "redirect_uri": provider.redirect_uri,
    }
    if not provider.client_secret:
        form["client_id"] = provider.client_id
        return _object(httpx.post(at, data=form, timeout=TIMEOUT_S))
    auth = (quote(provider.client_id, safe=""), quote(provider.client_secret, safe=""))
    return _object(httpx.post(at, data=form, auth=auth, timeout=TIMEOUT_S))


def _object(answer: httpx.Response) -> dict[str, Any]:
    return dict(json.loads(answer.raise_for_status().content))


def _must_claim(provider: Provider, claims: Mapping[str, Any], nonce: str, now_us: int) -> None:
    """OpenID Connect Core, 3.1.3.7, by the time given."""
    jwt.JWTClaimsRegistry(
        now=now_us // 1_000_000,
        leeway=LEEWAY_S,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": provider.client_id},
        sub={"essential": True},
        exp={"essential": True},
        iat={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(dict(claims))
    parties = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    if claims.get("azp", provider.client_id) != provider.client_id or (
        len(parties) > 1 and "azp" not in claims
    ):
        raise VagueError(reason="bad_provider", detail="wrong_party")


def _must_be_safe(address: str) -> None:
    """Encrypted, unless it is this machine."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HERE):
        message = f"`{address[:80]}` is no safe address of an identity provider"
        raise ConfigError(message, help="use https")


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
