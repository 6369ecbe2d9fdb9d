"""Each channel against a real receiver on this machine."""

import base64
import json
import queue
import shutil
import socket
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from socketserver import StreamRequestHandler, TCPServer
from xml.etree import ElementTree as ET

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fairlead.referrals.channels import Outside, cot, folder, smtp, webhook
from fairlead.referrals.content import canonical, content_digest
from fairlead.referrals.envelope import draft_envelope, seal_record
from fairlead.schema.errors import SourceError
from tests.referrals.office import T0, material


@pytest.fixture
def envelope(office):
    referral_id, _ = office.frozen()
    return draft_envelope(canonical(office.door.content(referral_id)))


def served(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Hook(HTTPServer):
    """A webhook's receiver that keeps what came; `answer` is its status."""

    allow_reuse_address = True

    def __init__(self, answer=204):
        super().__init__(("127.0.0.1", 0), _Hook)
        self.answer, self.came = answer, []


class _Hook(BaseHTTPRequestHandler):
    def do_POST(self):  # noqa: N802 - the library's name
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.came.append((dict(self.headers), body))
        self.send_response(self.server.answer)
        if self.server.answer == 302:
            self.send_header("location", "http://127.0.0.1:1/elsewhere")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("answer", [204, 500, 302])
def test_a_webhook_gets_one_signed_post(envelope, answer):
    hook, key = Hook(answer), Ed25519PrivateKey.generate()
    url = f"http://127.0.0.1:{served(hook)}/in"
    try:
        if answer == 204:
            assert webhook.deliver(envelope, {"url": url}, key.sign, T0) == {"status": 204}
        else:
            with pytest.raises(SourceError, match=str(answer)):
                webhook.deliver(envelope, {"url": url}, key.sign, T0)
    finally:
        hook.shutdown()
        hook.server_close()
    ((headers, body),) = hook.came
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = base64.b64decode(headers["webhook-signature"].removeprefix("v1a,"))
    key.public_key().verify(signature, signed)
    assert content_digest(json.loads(body)["content"].encode()) == envelope.digest


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://example.org/in",
        "ftp://example.org/in",
        "https://user:word@example.org/in",
        "https://[",
        "file:///etc/passwd",
    ],
)
def test_a_webhook_goes_nowhere_unsafe(envelope, url):
    with pytest.raises(SourceError, match="no address"):
        webhook.deliver(envelope, {"url": url}, lambda _: b"", T0)


def test_a_webhook_that_nobody_answers_is_an_error(envelope):
    with pytest.raises(SourceError, match="did not take it"):
        webhook.deliver(envelope, {"url": "http://127.0.0.1:9/in"}, lambda _: b"", T0)


class Letters:
    """A mail server's handler that keeps what came."""

    def __init__(self):
        self.came = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - the library's name
        self.came.append(envelope)
        return "250 OK"


def test_a_letter_carries_the_dossier(envelope):
    from email import message_from_bytes, policy

    letters = Letters()
    server = Controller(letters, hostname="127.0.0.1", port=free_port())
    server.start()
    try:
        address = {
            "host": "127.0.0.1",
            "port": server.port,
            "sender": "watch@example.org",
            "mailbox": "desk@example.net",
            "tls": "loopback",
        }
        answer = smtp.deliver(envelope, address, lambda _: "")
    finally:
        server.stop()
    assert answer == {"mailbox": "desk@example.net", "refused": []}
    (came,) = letters.came
    assert came.rcpt_tos == ["desk@example.net"]
    letter = message_from_bytes(came.content, policy=policy.default)
    files = {a.get_filename(): a.get_content() for a in letter.iter_attachments()}
    assert {name.split(".", 1)[1] for name in files} == {
        "json",
        "html",
        "pdf",
        "geojson",
        "content.json",
    }
    content = next(v for k, v in files.items() if k.endswith(".content.json"))
    assert content_digest(content) == envelope.digest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"tls": "loopback", "host": "mail.example.org"}, "is not this machine"),
        ({"mailbox": "desk@example.net\nBcc: all@example.org"}, "incomplete or wrong"),
        ({"mailbox": None}, "incomplete or wrong"),
        ({"port": "many"}, "incomplete or wrong"),
    ],
)
def test_a_wrong_mailbox_is_an_error(envelope, change, words):
    address = {
        "host": "127.0.0.1",
        "port": 9,
        "sender": "watch@example.org",
        "mailbox": "desk@example.net",
        **change,
    }
    address = {k: v for k, v in address.items() if v is not None}
    with pytest.raises(SourceError, match=words):
        smtp.deliver(envelope, address, lambda _: "")


def test_a_mail_server_without_encryption_gets_nothing(envelope):
    letters = Letters()
    server = Controller(letters, hostname="127.0.0.1", port=free_port())
    server.start()
    address = {
        "host": "127.0.0.1",
        "port": server.port,
        "sender": "watch@example.org",
        "mailbox": "desk@example.net",
    }
    try:
        with pytest.raises(SourceError, match="did not take the letter"):
            smtp.deliver(envelope, address, lambda _: "")
    finally:
        server.stop()
    assert letters.came == []


class _Wire(StreamRequestHandler):
    def handle(self):
        self.server.came.put(self.rfile.read())


def test_cursor_on_target_shows_a_spot_and_nothing_else(envelope):
    with TCPServer(("127.0.0.1", 0), _Wire) as server:
        server.came = queue.Queue()
        port = served(server)
        address = {"host": "127.0.0.1", "port": port, "tls": "loopback"}
        answer = cot.deliver(envelope, address, T0)
        came = server.came.get(timeout=30)
        server.shutdown()
    assert answer["type"] == "b-m-p-s-m"
    event = ET.fromstring(came)
    assert event.get("type") == "b-m-p-s-m"
    assert event.get("uid") == envelope.value["referral_id"]
    assert float(event.find("point").get("lon")) == pytest.approx(8.04)


def test_cursor_on_target_is_plain_on_this_machine_only(envelope):
    with pytest.raises(SourceError, match="is not this machine"):
        cot.deliver(envelope, {"host": "tak.example.org", "tls": "loopback"}, T0)
    with pytest.raises(SourceError, match="did not take it"):
        cot.deliver(envelope, {"host": "127.0.0.1", "port": 9}, T0)


def test_a_vessel_without_a_place_is_no_spot(office):
    referral_id, _ = office.frozen(given=material(observations=()))
    envelope = draft_envelope(canonical(office.door.content(referral_id)))
    with pytest.raises(SourceError, match="has no place"):
        cot.as_event(envelope, T0)


def certificate(folder):
    """A self-signed certificate for localhost: its files."""
    key, made = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        + ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        + ["-keyout", key, "-out", made],
        check=True,
        capture_output=True,
    )
    return key, made


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
@pytest.mark.parametrize("trusted", [True, False])
def test_cursor_on_target_goes_encrypted_to_whom_it_can_verify(
    envelope, tmp_path, monkeypatch, trusted
):
    key, made = certificate(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(made))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    with TCPServer(("127.0.0.1", 0), _Wire) as server:
        server.came = queue.Queue()
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None
        address = {"host": "localhost", "port": served(server)}
        if trusted:
            cot.deliver(envelope, address, T0)
            assert b"b-m-p-s-m" in server.came.get(timeout=30)
        else:
            with pytest.raises(SourceError, match="did not take it"):
                cot.deliver(envelope, address, T0)
        server.shutdown()


class Doorman:
    def __call__(self, server, session, envelope, mechanism, data):
        good = (data.login, data.password) == (b"watch", b"the secret")
        return AuthResult(success=good, handled=good)


@pytest.mark.filterwarnings("ignore:Requiring AUTH")
@pytest.mark.parametrize("secret", ["the secret", "another"])
def test_a_mail_server_that_asks_for_a_password_gets_it(envelope, secret):
    letters = Letters()
    server = Controller(
        letters,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=Doorman(),
        auth_require_tls=False,
        auth_required=True,
    )
    server.start()
    address = {
        "host": "127.0.0.1",
        "port": server.port,
        "sender": "watch@example.org",
        "mailbox": "desk@example.net",
        "tls": "loopback",
        "user": "watch",
        "secret": "desk-password",
    }
    try:
        if secret == "the secret":
            smtp.deliver(envelope, address, {"desk-password": secret}.__getitem__)
        else:
            with pytest.raises(SourceError, match="did not take the letter"):
                smtp.deliver(envelope, address, lambda _: secret)
    finally:
        server.stop()
    assert len(letters.came) == (secret == "the secret")


@pytest.mark.parametrize("name", ["", "..", "../out", "/etc", "a/b", ".hidden", "a" * 99, "a\n"])
def test_a_folder_leads_nowhere_else(envelope, tmp_path, name):
    with pytest.raises(SourceError, match="no folder's name"):
        folder.deliver(envelope, {"folder": name}, tmp_path / "outbox")
    assert not (tmp_path / "outbox").exists()


def test_a_folder_that_is_a_link_is_refused(envelope, tmp_path):
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (outbox / "desk").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SourceError, match="leads out"):
        folder.deliver(envelope, {"folder": "desk"}, outbox)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_is_written_whole_and_once(envelope, tmp_path):
    answer = folder.deliver(envelope, {"folder": "desk"}, tmp_path)
    (made,) = (tmp_path / "desk").iterdir()
    assert sorted(p.name for p in made.iterdir()) == answer["files"]
    assert content_digest((made / f"{made.name}.content.json").read_bytes()) == envelope.digest
    with pytest.raises(SourceError, match="there already"):
        folder.deliver(envelope, {"folder": "desk"}, tmp_path)


@pytest.mark.parametrize("channel", ["folder", "webhook", "smtp", "cot"])
def test_what_leaves_goes_by_the_recipients_channel(office, channel):
    from dataclasses import replace

    from fairlead.schema.errors import RefusedError
    from tests.referrals.office import COASTGUARD, MINUTE

    dead = {"host": "localhost", "port": free_port(), "tls": "loopback"}
    address = {
        "folder": COASTGUARD.address,
        "webhook": {"url": f"http://localhost:{free_port()}/"},
        "smtp": {**dead, "sender": "watch@example.org", "mailbox": "desk@example.org"},
        "cot": dead,
    }[channel]
    desk = replace(COASTGUARD, channel=channel, address=address)
    office.recipients.put(desk, actor="acct-admin", now_us=T0)
    referral_id = office.signed()
    outside = Outside(office.ledger, office.folder / "outbox", lambda _: b"", str, lambda: T0)

    def send():
        return office.door.send(
            referral_id, outside.deliver, actor=office.author, now_us=T0 + 2 * MINUTE
        )

    if channel != "folder":
        with pytest.raises(RefusedError, match="was not delivered"):
            send()
        return
    assert send()["folder"] == f"coastguard/{referral_id}"
    sealed = (office.folder / "outbox/coastguard" / referral_id / f"{referral_id}.json").read_text()
    envelope = json.loads(sealed)
    assert len(envelope["approvals"]) == 2
    assert len(envelope["proofs"]) == 4


def test_a_referral_is_looked_at_with_every_yes_it_has_had(office):
    referral_id = office.signed()
    content = office.door.stored_content(referral_id)
    envelope = seal_record(office.door.record(referral_id), content, office.ledger)
    assert len(envelope.approvals) == 2
    assert len(envelope.proofs) == 4
