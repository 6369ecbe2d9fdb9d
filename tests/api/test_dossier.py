"""A dossier that has left, checked by an outsider with nothing but the file."""

import base64
import copy
import hashlib
import json

import pytest

from fairlead.app.cli import main
from fairlead.app.dossier import check_dossier
from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.notes import SigningKey
from tests.api.test_referrals import (  # noqa: F401 - fixtures
    as_,
    coastal_lead,
    desk,
    drafted,
    people,
    sign,
)


@pytest.fixture(scope="module")
def sent(console, desk, people):  # noqa: F811
    """The dossier's JSON file as the coast guard finds it in its folder."""
    clients = [console.client(person) for person in people]
    api = console.client(console.analyst)
    path = f"/referrals/{drafted(api, coastal_lead(api), note='for the outsider')}"
    api.post(f"{path}/freeze")
    for person, client in zip(people, clients, strict=True):
        assert sign(console, client, person, path).status_code == 201
    answer = api.post(f"{path}/send").json()["answer"]
    folder = console.settings.workspace / "outbox" / answer["folder"]
    for client in (*clients, api):
        client.close()
    (made,) = (p for p in folder.glob("*.json") if "content" not in p.name)
    return made


@pytest.fixture
def envelope(sent):
    return json.loads(sent.read_text())


def test_a_dossier_that_left_holds(sent, people, capsys):  # noqa: F811
    checked = check_dossier(sent.read_text())
    assert [a.account_id for a in checked.approvals] == [p.account_id for p in people]
    assert len(checked.proofs) == 4
    assert main(["verify", "--dossier", str(sent)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("HOLDS")
    assert checked.digest in said
    assert "anybody can make a key" in said


def test_a_dossier_is_held_against_the_ledgers_key(sent, capsys):
    vkey = str(check_dossier(sent.read_text()).proofs[0].vkey)
    assert main(["verify", "--json", "--dossier", str(sent), "--vkey", vkey]) == 0
    assert json.loads(capsys.readouterr().out)["vkey_was_given"]
    other = SigningKey("another.example/log", bytes(32)).verifier()
    with pytest.raises(BrokenError):
        check_dossier(sent.read_text(), trusted=(other,))


def resealed(envelope, **changed):
    """The content changed and its digest made to fit, as a forger would."""
    content = {**json.loads(envelope["content"]), **changed}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    envelope["content"] = text
    envelope["digest"] = hashlib.sha256(text.encode()).hexdigest()


def flipped(text):
    raw = bytearray(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    raw[len(raw) // 2] ^= 1
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def twin(envelope):
    second = copy.deepcopy(envelope["approvals"][0])
    second["account_id"] = "acct-twin"
    envelope["approvals"].append(second)


def of(name, change):
    return lambda e: e["approvals"][0].__setitem__(name, change(e["approvals"][0][name]))


def signed(name, change=flipped):
    def do(envelope):
        part = envelope["approvals"][0]["signed"]
        part[name] = change(part[name])

    return do


FORGERIES = {
    "content": lambda e: e.__setitem__("content", e["content"].replace("outsider", "insider")),
    "content and digest": lambda e: resealed(e, note="forged"),
    "author made a reviewer": lambda e: resealed(e, author=e["approvals"][0]["account_id"]),
    "format": lambda e: e.__setitem__("format", "x"),
    "content's format": lambda e: resealed(e, format="x"),
    "content not canonical": lambda e: e.update(
        content=" " + e["content"],
        digest=hashlib.sha256((" " + e["content"]).encode()).hexdigest(),
    ),
    "digest": lambda e: e.__setitem__("digest", "0" * 64),
    "no approval": lambda e: e.__setitem__("approvals", []),
    "an approval twice": lambda e: e["approvals"].append(e["approvals"][0]),
    "one key twice": twin,
    "another account": of("account_id", lambda _: "acct-other"),
    "another digest": of("digest", lambda _: "0" * 64),
    "another purpose": of("purpose", lambda p: p + "!"),
    "another time": of("made_us", lambda _: 0),
    "a longer time": of("expires_us", lambda t: t + 1),
    "a later yes": of("made_us", lambda t: t + 1),
    "another key": of("key", lambda _: "0" * 64),
    "called a password": of("method", lambda _: "password"),
    "signature": signed("signature"),
    "authenticator data": signed("authenticator_data"),
    "flags": signed("authenticator_data", lambda t: t[:43] + "A" + t[44:]),
    "client data": signed("client_data"),
    "public key": signed("public_key"),
    "no client data": signed("client_data", lambda _: ""),
    "a field more": lambda e: e["approvals"][0].__setitem__("more", 1),
    "a field less": lambda e: e["approvals"][0].pop("key"),
    "no proofs": lambda e: e.__setitem__("proofs", []),
    "no proof of drafting": lambda e: e["proofs"].pop(0),
    "no proof of freezing": lambda e: e["proofs"].pop(1),
    "no proof of an approval": lambda e: e["proofs"].pop(),
    "a proof's entry": lambda e: e["proofs"][0].__setitem__(
        "entry", e["proofs"][0]["entry"].replace("created", "creates")
    ),
    "a proof's key": lambda e: e["proofs"][0].__setitem__("vkey", "x"),
    "a proof of another kind": lambda e: e["proofs"].__setitem__(0, 7),
    "a list": lambda e: e.__setitem__("content", ["x"]),
}


@pytest.mark.parametrize("name", FORGERIES)
def test_a_dossier_that_was_changed_does_not_hold(envelope, tmp_path, capsys, name):
    FORGERIES[name](envelope)
    path = tmp_path / "dossier.json"
    path.write_text(json.dumps(envelope))
    with pytest.raises(BrokenError):
        check_dossier(path.read_text())
    assert main(["verify", "--dossier", str(path)]) == 6
    assert "HOLDS" not in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "{}", "[]", "7", "null", '{"format": "fairlead-dossier-1"}'])
def test_what_is_no_dossier_does_not_hold(text):
    with pytest.raises(BrokenError):
        check_dossier(text)


def test_a_dossier_of_two_ledgers_does_not_hold(console, envelope, tmp_path):
    from fairlead.engines.control import SqliteStore
    from fairlead.review.ledger import StoredLedger

    store = SqliteStore(tmp_path)
    ledger = StoredLedger(store, tmp_path / "ledger")
    entry = json.loads(envelope["proofs"][0]["entry"])
    ledger.append_now(entry["kind"], entry["time_us"], entry["actor"], entry["body"])
    envelope["proofs"][0] = ledger.inclusion(0).as_dict()
    store.close()
    with pytest.raises(BrokenError, match="several ledgers"):
        check_dossier(json.dumps(envelope))
