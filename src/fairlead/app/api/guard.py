"""The outermost layer: whose name was asked for, how often, and the headers of every answer."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping
from typing import Any

from starlette.datastructures import MutableHeaders

from fairlead.app.api.encode import json_bytes
from fairlead.app.api.endpoint import Endpoint, Problem
from fairlead.app.api.entry import Signed
from fairlead.app.api.service import Service

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data: blob:",
        "font-src 'self'",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "manifest-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": "geolocation=(), camera=(), microphone=(), payment=(), usb=()",
}


class Guard:
    """An ASGI layer: the Host header must be a name of this server; every answer is headed."""

    def __init__(self, app: Callable[..., Any], service: Service) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def headed(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        host = next((v.decode("latin-1") for k, v in scope["headers"] if k == b"host"), "")
        if host.lower() not in self._service.hosts:
            await _misdirected(headed)
            return
        await self._app(scope, receive, headed)


async def _misdirected(send: Any) -> None:
    body = json_bytes(
        {
            "error": "this server does not go by that name",
            "help": "open it by the address it printed, or add the name to `hosts`",
            "reason": "host",
        }
    )
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 421, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def spend(service: Service, endpoint: Endpoint, peer: str) -> None:
    """Raises Problem 429 when the peer calls too often."""
    wait_s = service.buckets.take(endpoint.rate, peer)
    if wait_s:
        problem = Problem(429, "too many calls", reason="too_often", help="wait a little")
        problem.headers["Retry-After"] = str(max(1, round(wait_s)))
        raise problem


def check_csrf(headers: Mapping[str, str], signed: Signed) -> None:
    """What changes something must carry the session's token, which other sites cannot read."""
    sent = headers.get("x-csrf", "")
    if not hmac.compare_digest(sent.encode(), (signed.csrf or "").encode()):
        help = "send the header X-CSRF with the token of /session"
        raise Problem(403, "the X-CSRF header is missing or wrong", reason="csrf", help=help)
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "this came from another site", reason="csrf")
