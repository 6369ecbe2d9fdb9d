"""`fairlead refer`: referrals from the terminal, by a person who signs in with password and code.

The same endpoints as the console's answer, on the same workspace: nothing is allowed here that is
not allowed there. A passkey needs a browser, so that its holder approves in the console. The
session is kept in a file of the workspace that its owner alone can read, until it is signed out.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import msgspec

from fairlead.app import config, report
from fairlead.app.words import count, iso, plain
from fairlead.schema.errors import ConfigError, RefusedError


def main(given: argparse.Namespace) -> dict[str, Any]:
    settings = config.load(config.path_of(given.config), config.flags(given))
    with _desk(settings) as desk:
        answer = _ACTS[given.act](desk, given)
    return json.loads(msgspec.json.encode(answer))


SESSION_FILE = "terminal-session"


class _Desk:
    """Calls of one person who has signed in, answered by the interface's own endpoints."""

    def __init__(self, service: Any, gate: Any) -> None:
        self._service = service
        self._gate = gate
        self._kept = service.settings.workspace / SESSION_FILE

    def sign_in(self, handle: str) -> Any:
        """Ask for password and code, and keep the session. Raises RefusedError."""
        password, code = _secret("password: "), _secret("one-time code: ")
        now_us = self._service.now_us()
        account = self._gate.passwords.sign_in(
            handle, password, code, address="terminal", now_us=now_us
        )
        session = self._gate.sessions.start(account, method="password", now_us=now_us)
        self._kept.unlink(missing_ok=True)
        file = os.open(self._kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w") as stream:
            stream.write(session.token)
        return session

    def sign_out(self) -> None:
        if self._kept.exists():
            self._gate.sessions.end(self._kept.read_text(), now_us=self._service.now_us())
            self._kept.unlink()

    def _who(self) -> Any:
        """The caller of the kept session. Raises ConfigError where nobody has signed in."""
        from fairlead.app.api.entry import Signed

        if not self._kept.exists():
            message = "nobody has signed in here"
            raise ConfigError(message, help="fairlead refer sign-in HANDLE")
        session = self._gate.sessions.of(self._kept.read_text(), now_us=self._service.now_us())
        who = session.principal
        return Signed(who, None, session.expires_us, who.handle, who.method)

    def decided_digest(self, lead_id: str) -> str:
        """The digest of the last word on a lead; empty where there is none."""
        words = self._service.rooms["decisions"].of(lead_id)
        return words[-1].digest if words else ""

    def call(self, name: str, path: dict[str, str] | None = None, body: Any = None) -> Any:
        """Ask one endpoint of routes/referrals.py. Raises RefusedError where it refuses."""
        from fairlead.app.api.endpoint import Call, Problem
        from fairlead.app.api.routes import referrals

        endpoint = next(e for e in referrals.ENDPOINTS if e.call is getattr(referrals, name))
        query = endpoint.query() if endpoint.query else None
        given = _converted(body, endpoint.body)
        call = Call(
            service=self._service,
            signed=self._who(),
            path=path or {},
            query=query,
            body=given,
            headers={},
            cookies={},
            peer="terminal",
            url=endpoint.path,
            now_us=self._service.now_us(),
        )
        try:
            return endpoint.call(call)
        except Problem as problem:
            said = problem.body
            raise RefusedError(
                said["error"], reason=said["reason"], help=said.get("help", "")
            ) from problem


@contextmanager
def _desk(settings: config.Settings) -> Generator[_Desk]:
    from fairlead.app.api.doorway import Doorway
    from fairlead.app.api.rooms import open_rooms, site_of
    from fairlead.app.api.service import Service
    from fairlead.engines.picture import History

    def now_us() -> int:
        return time.time_ns() // 1000

    if not (settings.workspace / "control.sqlite").exists():
        message = f"no workspace in `{settings.workspace}`"
        raise ConfigError(message, help="pass `--workspace DIR`")
    rooms = open_rooms(settings, site_of(8480, settings.hosts), now_us())
    history = History(settings.workspace)
    service = Service(
        settings=settings,
        history=history,
        entry=Doorway(rooms.gate),
        now_us=now_us,
        rooms=rooms.by_name(),
        notice=report.tell,
    )
    try:
        service.start()
        yield _Desk(service, rooms.gate)
    finally:
        service.stop()
        history.close()
        rooms.close()


def _converted(body: Any, type: Any) -> Any:
    if type is None:
        return None
    try:
        return msgspec.convert(body, type)
    except msgspec.ValidationError as error:
        raise ConfigError(str(error).lower(), help="see `fairlead refer --help`") from error


def _secret(prompt: str) -> str:
    """Asked for on a terminal, unseen; a line of standard input otherwise."""
    if sys.stdin.isatty():
        return getpass.getpass(prompt)
    return sys.stdin.readline().rstrip("\n")


def _sign_in(desk: _Desk, given: argparse.Namespace) -> Any:
    if not given.id:
        message = "sign-in needs a handle"
        raise ConfigError(message, help="fairlead refer sign-in HANDLE")
    session = desk.sign_in(given.id)
    report.tell(f"signed in as {given.id} until {iso(session.expires_us)}")
    return {"account_id": session.principal.account_id, "expires_us": session.expires_us}


def _sign_out(desk: _Desk, _: argparse.Namespace) -> Any:
    desk.sign_out()
    report.tell("signed out")
    return {"ok": True}


def _list(desk: _Desk, given: argparse.Namespace) -> Any:
    answer = desk.call("referrals")
    if not given.json:
        for item in answer["items"]:
            _line(item)
        print(count(answer["total"], "referral"), file=sys.stderr)
    return answer


def _show(desk: _Desk, given: argparse.Namespace) -> Any:
    answer = desk.call("one", {"referral_id": _id(given)})
    if not given.json:
        _line(answer.referral)
        print(json.dumps(answer.content, indent=1, ensure_ascii=True))
    return answer


def _draft(desk: _Desk, given: argparse.Namespace) -> Any:
    if not (given.id and given.to):
        message = "a draft needs a lead and a recipient"
        raise ConfigError(message, help="fairlead refer draft LEAD --kind KIND --to RECIPIENT")
    body = {
        "lead_id": given.id,
        "digest": given.digest or desk.decided_digest(given.id),
        "kind": given.kind,
        "recipient_id": given.to,
        "note": given.note,
    }
    return _told(desk.call("draft", body=body), given)


def _freeze(desk: _Desk, given: argparse.Namespace) -> Any:
    answer = desk.call("freeze", {"referral_id": _id(given)})
    if not given.json:
        print(json.dumps(answer.content, indent=1, ensure_ascii=True))
    report.tell(f"frozen: SHA-256 {answer.digest}")
    return answer


def _approve(desk: _Desk, given: argparse.Namespace) -> Any:
    shown = desk.call("one", {"referral_id": _id(given)})
    if shown.referral.digest != given.digest:
        message = "`--digest` is not that of what was frozen"
        raise RefusedError(
            message,
            reason="wrong_digest",
            help="look at it with `fairlead refer show ID`, then give the digest you saw",
        )
    if not given.purpose:
        message = "an approval says what it is for"
        raise ConfigError(message, help='add --purpose "an inspection on arrival"')
    report.tell("once more, for exactly this content:")
    password, code = _secret("password: "), _secret("a fresh one-time code: ")
    body = {"purpose": given.purpose, "password": password, "code": code}
    return _told(desk.call("approve", {"referral_id": _id(given)}, body), given)


def _send(desk: _Desk, given: argparse.Namespace) -> Any:
    answer = desk.call("send", {"referral_id": _id(given)})
    report.tell(f"{answer.referral.referral_id} has left: {json.dumps(answer.answer)}")
    return answer


def _withdraw(desk: _Desk, given: argparse.Namespace) -> Any:
    body = {"reason": given.note or "withdrawn from the terminal"}
    return _told(desk.call("withdraw", {"referral_id": _id(given)}, body), given)


def _stop(desk: _Desk, given: argparse.Namespace) -> Any:
    answer = desk.call("pull", body={"reason": given.note or "pulled from the terminal"})
    report.tell("the stop switch is pulled: nothing leaves until two reviewers release it")
    return answer


_ACTS = {
    "sign-in": _sign_in,
    "sign-out": _sign_out,
    "list": _list,
    "show": _show,
    "draft": _draft,
    "freeze": _freeze,
    "approve": _approve,
    "send": _send,
    "withdraw": _withdraw,
    "stop": _stop,
}


def _id(given: argparse.Namespace) -> str:
    if not given.id:
        message = f"`{given.act}` needs the id of a referral"
        raise ConfigError(message, help="`fairlead refer list` has the ids")
    return given.id


def _told(item: Any, given: argparse.Namespace) -> Any:
    if not given.json:
        _line(item)
    return item


def _line(item: Any) -> None:
    yes = f"{len(item.approved_by)} of {item.needed} approvals"
    print(
        f"{item.referral_id}  {item.state:<9}  {item.kind:<17}  {yes}  "
        f"{iso(item.created_us)}  {plain(item.lead_id)} to {plain(item.recipient_id)}"
    )
