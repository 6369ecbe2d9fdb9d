"""Signing in and out, enrolling, accounts and tokens."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fairlead.app.api.application import cookie
from fairlead.app.api.doorway import COOKIE
from fairlead.app.api.endpoint import Answer, Call, Endpoint, Problem
from fairlead.app.api.lists import Listed, PageQuery, TimeUs, page

BROWSER_COOKIE = "fairlead-oidc"
BROWSER_S = 600
Handle = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
Marks = Annotated[list[Annotated[str, msgspec.Meta(max_length=80)]], msgspec.Meta(max_length=64)]


class SessionAnswer(msgspec.Struct):
    account_id: str
    handle: str
    roles: list[str]
    markings: list[str]
    csrf: str | None
    needs_enrolment: bool
    method: str
    expires_us: int | None


class LinkBody(msgspec.Struct, forbid_unknown_fields=True):
    link: Word
    handle: Handle | None = None


class PasskeyBody(msgspec.Struct, forbid_unknown_fields=True):
    link: Word
    credential: dict[str, Any]
    handle: Handle | None = None


class PasswordBody(msgspec.Struct, forbid_unknown_fields=True):
    link: Word
    password: Word
    handle: Handle | None = None


class CodeBody(msgspec.Struct, forbid_unknown_fields=True):
    link: Word
    code: Annotated[str, msgspec.Meta(min_length=6, max_length=8)]


class TotpAnswer(msgspec.Struct):
    totp_uri: str


class CredentialBody(msgspec.Struct, forbid_unknown_fields=True):
    credential: dict[str, Any]


class SignInBody(msgspec.Struct, forbid_unknown_fields=True):
    handle: Handle
    password: Word
    code: Annotated[str, msgspec.Meta(min_length=6, max_length=8)]


class Account(msgspec.Struct):
    account_id: str
    handle: str
    roles: list[str]
    markings: list[str]
    state: str
    created_us: int
    expires_us: int | None
    revoked_us: int | None
    n_passkeys: int
    has_password: bool


class AccountPage(msgspec.Struct):
    total: int
    next: str | None
    items: list[Account]


class NewAccount(msgspec.Struct, forbid_unknown_fields=True):
    handle: Handle
    roles: Marks
    markings: Marks = []
    expires_us: TimeUs | None = None


class AccountChange(msgspec.Struct, forbid_unknown_fields=True):
    roles: Marks | None = None
    markings: Marks | None = None
    revoked: bool = False
    expires_us: TimeUs | None = None


class LinkAnswer(msgspec.Struct):
    account_id: str
    link: str


class NewToken(msgspec.Struct, forbid_unknown_fields=True):
    name: Handle
    roles: Marks
    expires_us: TimeUs
    markings: Marks = []


class TokenAnswer(msgspec.Struct):
    token_id: str
    name: str
    expires_us: int
    token: str


Options = dict[str, Any]


def _gate(call: Call) -> Any:
    return call.service.rooms["gate"]


def session(call: Call) -> SessionAnswer:
    if call.signed is None:
        is_open = _gate(call).enrolment.is_open()
        help = "sign in, or open the link that was printed at the start"
        raise Problem(401, "not signed in", reason="signed_out", help=help, enrolment_open=is_open)
    return _session(call)


def _session(call: Call) -> SessionAnswer:
    who, signed = call.who, call.signed
    assert signed is not None
    return SessionAnswer(
        account_id=who.account_id,
        handle=signed.handle,
        roles=sorted(who.roles),
        markings=sorted(who.markings),
        csrf=signed.csrf,
        needs_enrolment=False,
        method=signed.method,
        expires_us=signed.expires_us,
    )


def _begin(call: Call, account: Any, method: str) -> Answer:
    """A new session as an answer with its cookie; the one before, if any, ends."""
    held = call.cookies.get(COOKIE) or None
    made = _gate(call).sessions.start(account, method=method, now_us=call.now_us, replaces=held)
    who = made.principal
    body = SessionAnswer(
        account_id=who.account_id,
        handle=who.handle,
        roles=sorted(who.roles),
        markings=sorted(who.markings),
        csrf=made.csrf,
        needs_enrolment=False,
        method=who.method,
        expires_us=made.expires_us,
    )
    lasts_s = max(0, (made.expires_us - call.now_us) // 1_000_000)
    return Answer(body, 200, headers=_NEVER_KEPT, cookies=[_cookie(call, made.token, lasts_s)])


_NEVER_KEPT = {"Cache-Control": "no-store"}


def _cookie(call: Call, token: str, lasts_s: int) -> str:
    is_secure = call.service.is_secure
    return cookie(COOKIE, token, max_age_s=lasts_s, is_secure=is_secure, same_site="Strict")


def enrol_options(call: Call) -> Options:
    return _gate(call).enrolment.passkey_options(
        call.body.link, handle=call.body.handle or "", now_us=call.now_us
    )


def enrol_passkey(call: Call) -> Answer:
    account = _gate(call).enrolment.add_passkey(
        call.body.link,
        handle=call.body.handle or "",
        credential=call.body.credential,
        now_us=call.now_us,
    )
    return _begin(call, account, "passkey")


def enrol_password(call: Call) -> TotpAnswer:
    uri = _gate(call).enrolment.password(
        call.body.link,
        handle=call.body.handle or "",
        password=call.body.password,
        now_us=call.now_us,
    )
    return TotpAnswer(uri)


def enrol_totp(call: Call) -> Answer:
    account = _gate(call).enrolment.add_password(
        call.body.link, code=call.body.code, now_us=call.now_us
    )
    return _begin(call, account, "password")


def own_options(call: Call) -> Options:
    return _gate(call).enrolment.own_options(call.who, now_us=call.now_us)


def own_passkey(call: Call) -> Answer:
    """All sessions of the account end; the caller gets a new one."""
    account = _gate(call).enrolment.add_own(
        call.who, credential=call.body.credential, now_us=call.now_us
    )
    return _begin(call, account, "passkey")


def sign_in_options(call: Call) -> Options:
    return _gate(call).passkeys.sign_in_options(now_us=call.now_us)


def sign_in_passkey(call: Call) -> Answer:
    account = _gate(call).passkeys.sign_in(call.body.credential, now_us=call.now_us)
    return _begin(call, account, "passkey")


def sign_in_password(call: Call) -> Answer:
    body = call.body
    account = _gate(call).passwords.sign_in(
        body.handle, body.password, body.code, address=call.peer, now_us=call.now_us
    )
    return _begin(call, account, "password")


def oidc_start(call: Call) -> Answer:
    going = _gate(call).oidc.start(call.path["provider"], now_us=call.now_us)
    held = cookie(
        BROWSER_COOKIE,
        going.browser_key,
        max_age_s=BROWSER_S,
        is_secure=call.service.is_secure,
        same_site="Lax",
    )
    return Answer(b"", 303, headers={"Location": going.url, **_NEVER_KEPT}, cookies=[held])


class CallbackQuery(msgspec.Struct, frozen=True):
    """What the provider sends back; checked by the gate."""

    code: Word | None = None
    state: Word | None = None
    error: Word | None = None
    iss: Word | None = None


def oidc_finish(call: Call) -> Answer:
    query = {k: v for k, v in msgspec.structs.asdict(call.query).items() if v is not None}
    account = _gate(call).oidc.finish(
        call.path["provider"],
        query,
        browser_key=call.cookies.get(BROWSER_COOKIE, ""),
        now_us=call.now_us,
    )
    begun = _begin(call, account, "oidc")
    return Answer(b"", 303, headers={"Location": "/", **_NEVER_KEPT}, cookies=begun.cookies)


def sign_out(call: Call) -> Answer:
    token = call.cookies.get(COOKIE, "")
    if token and call.signed is not None:
        _gate(call).sessions.end(token, now_us=call.now_us)
    return Answer({"signed_out": True}, 200, headers=_NEVER_KEPT, cookies=[_cookie(call, "", 0)])


class SignedOut(msgspec.Struct):
    signed_out: bool


def _account(call: Call, account: Any) -> Account:
    return msgspec.convert(account.as_dict(call.now_us), Account)


def accounts(call: Call) -> dict[str, Any]:
    return page(call, lambda: Listed([_account(call, a) for a in _gate(call).accounts.every()]))


def new_account(call: Call) -> LinkAnswer:
    body, gate = call.body, _gate(call)
    made = gate.accounts.create(
        handle=body.handle,
        roles=body.roles,
        markings=body.markings,
        by=call.who,
        now_us=call.now_us,
        expires_us=body.expires_us,
    )
    link = gate.enrolment.link_for(made.account_id, by=call.who, now_us=call.now_us)
    return LinkAnswer(made.account_id, link)


def change_account(call: Call) -> Account:
    body, given = call.body, {}
    for name in ("roles", "markings", "expires_us"):
        if getattr(body, name) is not None:
            given[name] = getattr(body, name)
    if body.revoked:
        given["revoked"] = True
    changed = _gate(call).accounts.change(
        call.path["account_id"], by=call.who, now_us=call.now_us, **given
    )
    return _account(call, changed)


def new_link(call: Call) -> LinkAnswer:
    account_id = call.path["account_id"]
    link = _gate(call).enrolment.link_for(account_id, by=call.who, now_us=call.now_us)
    return LinkAnswer(account_id, link)


def new_token(call: Call) -> Answer:
    body = call.body
    made = _gate(call).tokens.issue(
        by=call.who,
        name=body.name,
        roles=body.roles,
        markings=body.markings,
        expires_us=body.expires_us,
        now_us=call.now_us,
    )
    answer = TokenAnswer(made.token_id, made.name, made.expires_us, made.token)
    return Answer(answer, 201, headers=_NEVER_KEPT)


def _open(method: str, path: str, call: Any, answer: Any, doc: str, **more: Any) -> Endpoint:
    """An endpoint that needs nobody signed in; tried seldom."""
    return Endpoint(method, path, call, answer, doc, action=None, rate="sign_in", **more)


ENDPOINTS = (
    Endpoint(
        "GET", "/session", session, SessionAnswer, "Who is signed in.", action=None, refuses=(401,)
    ),
    _open("POST", "/enrol/options", enrol_options, Options, "Make a passkey.", body=LinkBody),
    _open("POST", "/enrol/passkey", enrol_passkey, SessionAnswer, "Keep it.", body=PasskeyBody),
    _open(
        "POST",
        "/enrol/password",
        enrol_password,
        TotpAnswer,
        "A password instead.",
        body=PasswordBody,
    ),
    _open("POST", "/enrol/totp", enrol_totp, SessionAnswer, "Its first code.", body=CodeBody),
    Endpoint("POST", "/passkeys/options", own_options, Options, "Another passkey for oneself."),
    Endpoint("POST", "/passkeys", own_passkey, SessionAnswer, "Keep it.", body=CredentialBody),
    _open("POST", "/sign-in/options", sign_in_options, Options, "Sign in by passkey."),
    _open(
        "POST",
        "/sign-in/passkey",
        sign_in_passkey,
        SessionAnswer,
        "With its answer.",
        body=CredentialBody,
    ),
    _open(
        "POST",
        "/sign-in/password",
        sign_in_password,
        SessionAnswer,
        "By password and one-time code.",
        body=SignInBody,
    ),
    _open("GET", "/sign-in/oidc/{provider}", oidc_start, None, "By an organisation.", status=303),
    _open(
        "GET",
        "/sign-in/oidc/{provider}/callback",
        oidc_finish,
        None,
        "Back from there.",
        query=CallbackQuery,
        status=303,
    ),
    Endpoint("POST", "/sign-out", sign_out, SignedOut, "End the session.", action=None),
    Endpoint(
        "GET",
        "/accounts",
        accounts,
        AccountPage,
        "Every account.",
        action="manage_accounts",
        query=PageQuery,
        refuses=(410,),
    ),
    Endpoint(
        "POST",
        "/accounts",
        new_account,
        LinkAnswer,
        "A new account and its one-time link.",
        action="manage_accounts",
        body=NewAccount,
        status=201,
        refuses=(409,),
    ),
    Endpoint(
        "PATCH",
        "/accounts/{account_id}",
        change_account,
        Account,
        "Change roles or markings, or revoke.",
        action="manage_accounts",
        body=AccountChange,
        refuses=(404, 409),
    ),
    Endpoint(
        "POST",
        "/accounts/{account_id}/link",
        new_link,
        LinkAnswer,
        "A new one-time link.",
        action="manage_accounts",
        status=201,
        refuses=(404,),
    ),
    Endpoint(
        "POST",
        "/tokens",
        new_token,
        TokenAnswer,
        "A short token for a service.",
        action="manage_accounts",
        body=NewToken,
        status=201,
    ),
)
