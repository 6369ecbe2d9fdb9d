"""Signing in, and what the outermost layers refuse."""

import http.client
import socket

import pytest

from fairlead.app.api.doorway import COOKIE
from fairlead.app.api.endpoint import PREFIX
from fairlead.app.api.routes import every_endpoint
from tests.api.enrolled import PASSWORD

CLOSED = [e for e in every_endpoint() if e.action is not None]


@pytest.mark.parametrize("endpoint", CLOSED, ids=lambda e: f"{e.method} {e.path}")
def test_every_call_needs_a_session_on_loopback_too(console, endpoint):
    path = endpoint.path.replace("{path:path}", "0/000")
    for name in ("lead_id", "event_id", "digest", "mmsi", "z", "x", "y", "index", "rule_id"):
        path = path.replace(f"{{{name}}}", "1")
    path = path.replace("{account_id}", "1")
    with console.client() as nobody:
        answer = nobody.request(endpoint.method, path)
        assert answer.status_code == 401
        assert answer.json()["reason"] == "signed_out"
        forged = nobody.request(endpoint.method, path, headers={"Cookie": f"{COOKIE}=abc"})
        assert forged.status_code == 401


def test_the_stream_needs_a_session(console):
    with console.client() as nobody:
        assert nobody.get("/picture/stream").status_code == 401


def test_signing_in_by_password_gives_a_cookie_no_script_reads(console):
    person = console.outsider
    with console.client() as browser:
        body = {"handle": person.handle, "password": PASSWORD, "code": "000000"}
        assert browser.post("/sign-in/password", json=body).status_code in (401, 429)
        session = browser.get("/session")
        assert session.status_code == 401
        assert session.json()["enrolment_open"] is False


def test_a_first_link_makes_the_first_administrator(console):
    with console.client(console.first) as first:
        made = first.post("/accounts", json={"handle": "new-hand", "roles": ["viewer"]})
        assert made.status_code == 201
        link = made.json()["link"]
    import pyotp

    with console.client() as browser:
        body = {"link": link, "handle": "new-hand", "password": PASSWORD}
        uri = browser.post("/enrol/password", json=body).json()["totp_uri"]
        code = pyotp.parse_uri(uri).now()
        answer = browser.post("/enrol/totp", json={"link": link, "code": code})
        assert answer.status_code == 200
        held = answer.headers["set-cookie"]
        assert "HttpOnly" in held
        assert "SameSite=Strict" in held
        assert browser.get("/session").json()["handle"] == "new-hand"
        csrf = {"X-CSRF": answer.json()["csrf"]}
        assert browser.post("/sign-out").status_code == 403
        assert browser.post("/sign-out", headers=csrf).status_code == 200
        assert browser.get("/status").status_code == 401
        again = browser.post("/enrol/totp", json={"link": link, "code": code})
        assert again.status_code in (400, 401, 403, 404, 409)


def test_what_changes_something_needs_the_token_of_the_session(console, api, lead):
    path = f"/leads/{lead['lead_id']}/decisions"
    body = {"digest": lead["digest"], "verdict": "approve", "reason": "x"}
    for sent in ("", "wrong"):
        answer = api.post(path, json=body, headers={"X-CSRF": sent})
        assert (answer.status_code, answer.json()["reason"]) == (403, "csrf")
    answer = api.post(path, json=body, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403


def test_a_token_serves_programs(console):
    with console.client(console.first) as first:
        body = {"name": "feed-watch", "roles": ["service"], "expires_us": first_hour(console)}
        made = first.post("/tokens", json=body)
        assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    with console.client() as program:
        assert program.get("/status", headers=headers).status_code == 200
        assert program.get("/status").status_code == 401


def first_hour(console):
    return console.service.now_us() + 3_600_000_000


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example:80", "", "127.0.0.1"])
def test_another_name_is_misdirected(console, host):
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=10)
    connection.putrequest("GET", f"{PREFIX}/session", skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    assert connection.getresponse().status in (400, 421)
    connection.close()


def test_every_answer_has_its_headers(console, api):
    with console.client() as nobody:
        for answer in (nobody.get("/session"), api.get("/status"), nobody.get("/nothing")):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["x-frame-options"] == "DENY"
            assert "access-control-allow-origin" not in answer.headers


def test_a_body_has_a_limit(api, lead):
    path = f"/leads/{lead['lead_id']}/decisions"
    answer = api.post(path, content=b"x" * (2 << 20), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413


def test_a_body_must_be_json(api, lead):
    path = f"/leads/{lead['lead_id']}/decisions"
    assert api.post(path, content=b"{}").status_code == 415
    headers = {"Content-Type": "application/json"}
    for body in (b"{", b"[]", b'{"digest":1}', b"\xff\xfe", b"[" * 100_000):
        assert api.post(path, content=body, headers=headers).status_code == 400


def test_a_slow_head_holds_nothing_up(console, api):
    with socket.create_connection(("127.0.0.1", console.port)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
        assert api.get("/status").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/%2e%2e/%2e%2e/pyproject.toml",
        "/assets/..%2f..%2fconfig.py",
        "/a\\b.c",
    ],
)
def test_no_path_leaves_the_console_folder(console, path):
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=10)
    connection.request("GET", path, headers={"Host": f"127.0.0.1:{console.port}"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status in (200, 400, 404)
    assert b"[project]" not in body
    assert b"import" not in body or answer.getheader("content-type", "").startswith("text/html")
    connection.close()
