"""A referral over HTTP: two passkeys sign exactly what leaves, and it leaves once."""

import hashlib
import json
import secrets
from dataclasses import dataclass
from importlib import resources

import pytest

from fairlead.app.api.doorway import COOKIE
from tests.api.enrolled import now_us
from tests.review.access.authenticator import Authenticator

DESK = {
    "name": "Coast guard, north",
    "kinds": ["inspection", "information"],
    "holds": ["tlp:green"],
    "channel": "folder",
    "address": {"folder": "coastguard"},
    "per_day": 50,
}


@dataclass
class Reviewer:
    """Somebody with a passkey and a session of it."""

    account_id: str
    key: Authenticator
    headers: dict

    def sign(self, options, origin):
        return self.key.get(options, origin=origin)


def reviewer(console, handle, roles=("reviewer", "analyst"), markings=("tlp:amber",)):
    gate = console.rooms.gate
    principal = gate.sessions.of(console.first.cookie, now_us=now_us()).principal
    made = gate.accounts.create(
        handle=handle,
        roles=list(roles),
        markings=[*markings, "community:fisheries"],
        by=principal,
        now_us=now_us(),
    )
    link = gate.enrolment.link_for(made.account_id, by=principal, now_us=now_us())
    key = Authenticator()
    options = gate.enrolment.passkey_options(link, handle=handle, now_us=now_us())
    credential = key.create(options, origin=origin_of(console))
    account = gate.enrolment.add_passkey(
        link, handle=handle, credential=credential, now_us=now_us()
    )
    session = gate.sessions.start(account, method="passkey", now_us=now_us())
    headers = {"Cookie": f"{COOKIE}={session.token}", "X-CSRF": session.csrf}
    return Reviewer(account.account_id, key, headers)


def origin_of(console):
    return f"http://localhost:{console.port}"


@pytest.fixture(scope="module")
def desk(console):
    with console.client(console.first) as client:
        answer = client.put("/recipients/coastguard", json=DESK)
        assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.fixture(scope="module")
def people(console):
    return [reviewer(console, f"reviewer-{secrets.token_hex(4)}") for _ in "ab"]


@pytest.fixture
def as_(console):
    clients = []

    def make(person):
        client = console.client(person)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


def coastal_lead(api):
    """A lead that the desk may hold: nothing of the satellite's in it."""
    answer = api.get("/leads?state=all&limit=1000")
    assert answer.status_code == 200, answer.text
    return next(i for i in answer.json()["items"] if i["markings"] == ["tlp:green"])


def approved(api, lead):
    path = f"/leads/{lead['lead_id']}"
    shown = api.get(path).json()["lead"]
    word = {"digest": shown["digest"], "verdict": "approve", "reason": "to be looked at"}
    assert api.post(f"{path}/decisions", json=word).status_code == 201
    return shown


def drafted(api, lead, kind="inspection", note="please look at her"):
    shown = approved(api, lead)
    body = {
        "lead_id": shown["lead_id"],
        "digest": shown["digest"],
        "kind": kind,
        "recipient_id": "coastguard",
        "note": note,
    }
    answer = api.post("/referrals", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["referral_id"]


def sign(console, client, person, path, purpose="an inspection in port"):
    options = client.post(f"{path}/approvals/options", json={"purpose": purpose})
    assert options.status_code == 200, options.text
    credential = person.sign(options.json(), origin_of(console))
    return client.post(f"{path}/approvals", json={"purpose": purpose, "credential": credential})


def test_two_passkeys_let_it_leave_once(console, api, as_, desk, people):
    path = f"/referrals/{drafted(api, coastal_lead(api))}"
    frozen = api.post(f"{path}/freeze").json()
    held = api.post(f"{path}/send")
    assert (held.status_code, held.json()["reason"]) == (409, "too_few_approvals")
    for n, person in enumerate(people, 1):
        answer = sign(console, as_(person), person, path)
        assert answer.status_code == 201, answer.text
        assert len(answer.json()["approved_by"]) == n
    assert answer.json()["ready"]
    sent = api.post(f"{path}/send")
    assert sent.status_code == 200, sent.text
    folder = console.settings.workspace / "outbox" / sent.json()["answer"]["folder"]
    content = next(folder.glob("*.content.json")).read_bytes()
    assert hashlib.sha256(content).hexdigest() == frozen["digest"]
    assert json.loads(content) == frozen["content"]
    again = api.post(f"{path}/send")
    assert (again.status_code, again.json()["reason"]) == (409, "ended")
    assert len(list(folder.iterdir())) == 5


def test_what_the_desk_may_not_hold_stays_here(api, desk):
    items = api.get("/leads?state=all&limit=1000").json()["items"]
    lead = next(i for i in items if "community:fisheries" in i["markings"])
    path = f"/referrals/{drafted(api, lead, 'information')}"
    answer = api.post(f"{path}/freeze")
    if answer.status_code == 409:
        assert answer.json()["reason"] == "nothing_releasable"
        return
    content = answer.json()["content"]
    assert content["withheld"]
    assert content["lead"]["probability"] is None
    assert "satellite" not in json.dumps(content)


def test_the_author_may_not_approve(console, as_, desk, people):
    author = people[0]
    client = as_(author)
    path = f"/referrals/{drafted(client, coastal_lead(client))}"
    client.post(f"{path}/freeze")
    answer = client.post(f"{path}/approvals/options", json={"purpose": "mine"})
    assert (answer.status_code, answer.json()["reason"]) == (403, "denied")


def test_a_password_does_not_stand_in_for_a_passkey(api, as_, desk, people):
    path = f"/referrals/{drafted(api, coastal_lead(api))}"
    api.post(f"{path}/freeze")
    body = {"purpose": "an inspection", "password": "x" * 20, "code": "123456"}
    answer = as_(people[0]).post(f"{path}/approvals", json=body)
    assert answer.status_code in (400, 403)
    empty = as_(people[0]).post(f"{path}/approvals", json={"purpose": "an inspection"})
    assert (empty.status_code, empty.json()["reason"]) == (400, "body")


def test_an_assertion_signed_for_one_referral_is_none_for_another(console, api, as_, desk, people):
    person, client = people[0], as_(people[0])
    lead = coastal_lead(api)
    paths = [f"/referrals/{drafted(api, lead, note=n)}" for n in ("one", "two")]
    for path in paths:
        api.post(f"{path}/freeze")
    purpose = "an inspection"
    options = client.post(f"{paths[0]}/approvals/options", json={"purpose": purpose}).json()
    credential = person.sign(options, origin_of(console))
    body = {"purpose": purpose, "credential": credential}
    answer = client.post(f"{paths[1]}/approvals", json=body)
    assert answer.status_code in (400, 409)
    assert api.get(paths[1]).json()["referral"]["approved_by"] == []


def test_a_draft_of_a_lead_that_changed_is_refused(api, desk):
    shown = approved(api, coastal_lead(api))
    body = {
        "lead_id": shown["lead_id"],
        "digest": "0" * 64,
        "kind": "inspection",
        "recipient_id": "coastguard",
    }
    answer = api.post("/referrals", json=body)
    assert (answer.status_code, answer.json()["reason"]) == (409, "changed")
    assert answer.json()["digest"] == shown["digest"]


def test_who_may_not_see_the_lead_cannot_tell_that_the_referral_exists(api, outside, desk):
    referral_id = drafted(api, coastal_lead(api))
    seen, unknown = (
        outside.get(f"/referrals/{name}") for name in (referral_id, "referral-unknown")
    )
    assert (seen.status_code, seen.json()) == (unknown.status_code, unknown.json())
    assert seen.status_code == 404
    assert outside.get("/referrals").json()["total"] == 0


@pytest.mark.parametrize(
    ("format", "begins"),
    [("html", b"<!doctype html>"), ("pdf", b"%PDF"), ("json", b"{"), ("geojson", b"{")],
)
def test_a_dossier_is_looked_at_before_it_leaves(console, api, desk, format, begins):
    path = f"/referrals/{drafted(api, coastal_lead(api))}"
    assert api.get(f"{path}/dossier").status_code == 409
    api.post(f"{path}/freeze")
    before = len(console.entries("export"))
    answer = api.get(f"{path}/dossier?format={format}")
    assert answer.content.startswith(begins)
    assert "attachment" in answer.headers["content-disposition"]
    assert len(console.entries("export")) == before + 1


def test_the_stop_switch_over_http(console, api, as_, desk, people):
    path = f"/referrals/{drafted(api, coastal_lead(api))}"
    api.post(f"{path}/freeze")
    for person in people:
        sign(console, as_(person), person, path)
    assert api.post("/stop", json={"reason": "no"}).status_code == 403
    one = as_(people[0])
    assert one.post("/stop", json={"reason": "a wrong list"}).json()["pulled"]
    try:
        held = api.post(f"{path}/send")
        assert (held.status_code, held.json()["reason"]) == (403, "stopped")
        assert api.get("/stop").json()["reason"] == "a wrong list"
    finally:
        for person in people:
            client = as_(person)
            options = client.post("/stop/release/options").json()
            assert "challenge" in options, options
            credential = person.sign(options, origin_of(console))
            left = client.post("/stop/release", json={"credential": credential}).json()
    assert not left["pulled"]
    assert api.post(f"{path}/send").status_code == 200
    assert one.post("/stop/release/options").status_code == 409


def test_only_administrators_change_recipients(api, desk):
    answer = api.put("/recipients/elsewhere", json=DESK)
    assert answer.status_code == 403
    assert [r["recipient_id"] for r in api.get("/recipients").json()["items"]] == ["coastguard"]


def test_a_withdrawn_referral_stays_withdrawn(api, desk):
    path = f"/referrals/{drafted(api, coastal_lead(api))}"
    answer = api.post(f"{path}/withdraw", json={"reason": "she called in"})
    assert answer.json()["state"] == "withdrawn"
    assert api.post(f"{path}/freeze").status_code == 409


def test_presence_is_shown_by_reviewers(api, as_, people):
    assert as_(people[0]).post("/presence").status_code == 200
    assert api.post("/presence").status_code == 403


def test_a_workspace_says_what_its_referrals_need(tmp_path):
    from fairlead.app.api.rooms import open_rooms, site_of
    from fairlead.app.config import Settings
    from fairlead.referrals.rules import default_rules
    from fairlead.schema.errors import ConfigError
    from fairlead.schema.referrals import ReferralKind

    shipped = resources.files("fairlead.referrals").joinpath("kinds.toml").read_text("utf-8")
    kinds = tmp_path / "kinds.toml"
    kinds.write_text(shipped.replace("approvals = 1", "approvals = 3"))
    settings = Settings(workspace=tmp_path, dead_man_h=8)
    rooms = open_rooms(settings, site_of(0, ()), now_us())
    assert rooms.outgoing.rules[ReferralKind.INFORMATION].approvals == 3
    assert rooms.outgoing.rules != default_rules()
    assert rooms.outgoing.stop.state(now_us()).pulled
    rooms.close()
    kinds.write_text(shipped.replace("approvals = 1", "approvals = 0"))
    with pytest.raises(ConfigError, match="whole number from 1"):
        open_rooms(settings, site_of(0, ()), now_us())
