"""The endpoints as one ASGI application: each request is checked, answered, tagged and pressed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import cookies as http_cookies
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from fairlead.app.api import guard
from fairlead.app.api.encode import JSON, json_bytes, pressed, tag_of
from fairlead.app.api.endpoint import PREFIX, ROW_ACTIONS, Answer, Call, Endpoint, Problem
from fairlead.app.api.service import Service
from fairlead.schema.errors import (
    ConfigError,
    ConflictError,
    EngineError,
    FairleadError,
    RefusedError,
)

THREADS = 6
BODY_S = 15.0
SAFE = ("GET", "HEAD")


def application(
    service: Service, endpoints: Sequence[Endpoint], routes: Sequence[BaseRoute]
) -> Callable[..., Any]:
    """The whole application; `routes` are those that are not plain endpoints."""
    pool = ThreadPoolExecutor(THREADS, thread_name_prefix="fairlead-api")
    by_path: dict[str, dict[str, Endpoint]] = {}
    for endpoint in endpoints:
        by_path.setdefault(endpoint.path, {})[endpoint.method] = endpoint
    table: list[BaseRoute] = [
        Route(
            PREFIX + path,
            partial(_serve, service, pool, methods),
            methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
        )
        for path, methods in sorted(by_path.items(), key=lambda item: "{" in item[0])
    ]
    app = Starlette(routes=[*routes[:-1], *table, *routes[-1:]])
    app.router.redirect_slashes = False
    app.state.service = service
    return guard.Guard(app, service)


async def _serve(
    service: Service, pool: ThreadPoolExecutor, methods: Mapping[str, Endpoint], request: Request
) -> Response:
    endpoint = methods.get("GET" if request.method == "HEAD" else request.method)
    if endpoint is None:
        problem = Problem(405, "this cannot be done here", reason="method")
        return _refusal(problem, {"Allow": ", ".join(sorted(methods))})
    try:
        guard.spend(service, endpoint, _peer(request))
        body = b"" if request.method in SAFE else await _body(request, endpoint.body_most)
    except Problem as problem:
        return _refusal(problem)
    except ClientDisconnect:
        return Response(status_code=400)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(pool, _answer, service, endpoint, request, body)


async def _body(request: Request, most: int) -> bytes:
    """The body, as long as it comes in time and is not too large."""
    told = request.headers.get("content-length", "")
    if told.isdigit() and int(told) > most:
        raise _too_large(most)
    parts, n_bytes = [], 0
    try:
        async with asyncio.timeout(BODY_S):
            async for part in request.stream():
                n_bytes += len(part)
                if n_bytes > most:
                    raise _too_large(most)
                parts.append(part)
    except TimeoutError:
        raise Problem(408, "the request came too slowly", reason="slow") from None
    return b"".join(parts)


def _too_large(most: int) -> Problem:
    return Problem(413, f"the body is above {most} bytes", reason="too_large", help="send less")


def _answer(service: Service, endpoint: Endpoint, request: Request, body: bytes) -> Response:
    try:
        call = checked(service, endpoint, request, body)
        given = endpoint.call(call)
        return _finished(endpoint, request, given)
    except Problem as problem:
        return _refusal(problem)
    except FairleadError as error:
        return _refusal(problem_of(error))
    except Exception:  # noqa: BLE001 - the last door: nothing of the inside is shown
        service.failed(request.url.path)
        return _refusal(Problem(500, "this failed here", reason="failed", help="try again"))


def checked(service: Service, endpoint: Endpoint, request: Request, body: bytes) -> Call:
    """The call, if its caller may make it and what was sent is what is taken."""
    now_us = service.now_us()
    signed = service.entry.signed(request.headers, request.cookies, now_us)
    if endpoint.action is not None and signed is None:
        raise Problem(401, "not signed in", reason="signed_out", help="sign in first")
    if signed is not None and signed.csrf is not None and request.method not in SAFE:
        guard.check_csrf(request.headers, signed)
    call = Call(
        service=service,
        signed=signed,
        path=request.path_params,
        query=_query(endpoint, request),
        body=_decoded(endpoint, request, body),
        headers=request.headers,
        cookies=request.cookies,
        peer=_peer(request),
        url=str(request.url),
        now_us=now_us,
    )
    if endpoint.action is not None and endpoint.action not in ROW_ACTIONS:
        call.demand(endpoint.action)
    return call


def _query(endpoint: Endpoint, request: Request) -> Any:
    given = dict(request.query_params)
    if endpoint.query is None:
        if given:
            name = next(iter(given))[:60]
            raise Problem(400, f"`{name}` is not a parameter here", reason="query")
        return None
    try:
        return msgspec.convert(given, type=endpoint.query, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise Problem(400, _said(error), reason="query", help="see /api/v1/openapi.json") from error


def _decoded(endpoint: Endpoint, request: Request, body: bytes) -> Any:
    if endpoint.body is None or endpoint.body is bytes:
        return body
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != JSON:
        raise Problem(415, f"send {JSON}", reason="media_type")
    try:
        return msgspec.json.decode(body, type=endpoint.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(400, _said(error), reason="body", help="see /api/v1/openapi.json") from error


def _said(error: Exception) -> str:
    text = str(error)
    return (text[:1].lower() + text[1:])[:300]


def _finished(endpoint: Endpoint, request: Request, given: Any) -> Response:
    answer = given if isinstance(given, Answer) else Answer(given, endpoint.status)
    if isinstance(answer.body, bytes):
        body = answer.body
    else:
        body = json_bytes(answer.body)
    headers = {"Cache-Control": "private, no-cache", **answer.headers}
    if request.method in SAFE and answer.status == 200:
        tag = tag_of(body)
        headers["ETag"] = tag
        headers["Vary"] = "Cookie, Authorization, Accept, Accept-Encoding"
        held = request.headers.get("if-none-match", "")
        if tag in [t.strip().removeprefix("W/") for t in held.split(",")]:
            return Response(status_code=304, headers=headers)
    body, encoding = pressed(body, answer.media_type, request.headers.get("accept-encoding", ""))
    if encoding:
        headers["Content-Encoding"] = encoding
    response = Response(body, answer.status, headers, answer.media_type)
    for cookie in answer.cookies:
        response.headers.append("Set-Cookie", cookie)
    return response


def _refusal(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    given = {"Cache-Control": "no-store", **problem.headers, **(headers or {})}
    return Response(json_bytes(problem.body), problem.status, given, JSON)


_REFUSED = {
    **dict.fromkeys(("no_session", "account_changed", "sign_in_failed", "not_active"), 401),
    **dict.fromkeys(("throttled",), 429),
    **dict.fromkeys(("used", "changed", "handle_taken", "passkey_taken", "not_shown"), 409),
    **dict.fromkeys(("csrf", "denied", "not_administrator", "too_much", "last_administrator"), 403),
    **dict.fromkeys(("own_referral", "stopped", "not_reviewer", "not_author"), 403),
    **dict.fromkeys(("no_referral", "no_recipient"), 404),
    **dict.fromkeys(("ended", "not_frozen", "too_few_approvals", "same_person", "conflict"), 409),
    **dict.fromkeys(("wrong_digest", "expired", "recipient_closed", "not_releasable"), 409),
    **dict.fromkeys(("nothing_releasable", "not_approved", "not_pulled", "wrong_kind"), 409),
    **dict.fromkeys(("quota",), 429),
    **dict.fromkeys(("not_delivered",), 502),
    **dict.fromkeys(("tampered",), 500),
}


def problem_of(error: FairleadError) -> Problem:
    """The answer to an error of the house. The environment's details stay inside."""
    if isinstance(error, RefusedError):
        status = _REFUSED.get(error.reason, 400)
        if error.reason.startswith("session_"):
            status = 401
        elif error.reason.startswith("unknown_"):
            status = 404
        return Problem(status, error.message, reason=error.reason, help=error.help)
    if isinstance(error, ConfigError):
        return Problem(400, error.message, reason="wrong", help=error.help)
    if isinstance(error, ConflictError):
        return Problem(409, "something else changed it meanwhile", reason="conflict")
    if isinstance(error, EngineError):
        return Problem(503, "the workspace cannot be read now", reason="busy", help="try again")
    return Problem(400, error.message, reason="failed", help=error.help)


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def cookie(name: str, value: str, *, max_age_s: int, is_secure: bool, same_site: str) -> str:
    """A Set-Cookie header's value; HttpOnly, for the whole site."""
    jar = http_cookies.SimpleCookie()
    jar[name] = value
    jar[name]["path"] = "/"
    jar[name]["max-age"] = max_age_s
    jar[name]["httponly"] = True
    jar[name]["samesite"] = same_site
    if is_secure:
        jar[name]["secure"] = True
    return jar.output(header="").strip()
