"""A dossier as one signed POST, by the Standard Webhooks specification (asymmetric, v1a)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from fairlead.referrals.envelope import Envelope
from fairlead.schema.errors import SourceError

TIMEOUT_S = 20.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def deliver(
    envelope: Envelope,
    address: Mapping[str, Any],
    sign: Callable[[bytes], bytes],
    now_us: int,
) -> dict[str, Any]:
    """POST the envelope to `url`. Headers webhook-id, webhook-timestamp and webhook-signature;
    `sign` gives an Ed25519 signature of `id.timestamp.body`.

    No redirect is followed. Raises SourceError for an address that is not https (http is for
    loopback alone), a refusal, or no answer.
    """
    url = str(address.get("url", ""))
    _check(url)
    body = envelope.as_json()
    message_id = envelope.value["referral_id"]
    stamp = str(now_us // 1_000_000)
    signature = sign(f"{message_id}.{stamp}.".encode() + body)
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": "v1a," + base64.b64encode(signature).decode(),
    }
    try:
        with (
            httpx.Client(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", url, content=body, headers=headers) as answer,
        ):
            is_taken = answer.is_success  # its body is not read: it may never end
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        message = f"`{url}` did not take it: {error}"
        raise SourceError(message, help="check the address and the network") from error
    if not is_taken:
        message = f"`{url}` answered {answer.status_code}"
        raise SourceError(message, help="ask whoever runs it")
    return {"status": answer.status_code}


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK)
    if not host or not safe or parts.username or parts.password:
        message = f"`{url[:200]}` is no address a referral may go to"
        raise SourceError(message, help="give an https address without a password in it")
