"""`fairlead refer` beside a running console: the same doors, by whoever signs in on a terminal."""

import time

import pytest

from tests.api.conftest import HELD
from tests.api.enrolled import PASSWORD, another
from tests.api.test_referrals import DESK, approved, coastal_lead
from tests.e2e.sea import answer, fairlead


@pytest.fixture(scope="module")
def clerk(console):
    with console.client(console.first) as client:
        assert client.put("/recipients/coastguard", json=DESK).status_code == 200
    return another(console.rooms, console.first, "clerk", ["analyst", "viewer"], HELD)


def refer(console, *arguments, stdin=None):
    return fairlead(
        "refer", *arguments, "--workspace", console.settings.workspace, "--json", stdin=stdin
    )


def next_code(person):
    """A code is used once: the one of the next half minute."""
    return person.totp.at(int(time.time()) + 30)


def test_a_referral_is_written_on_the_terminal(console, api, clerk):
    nobody = refer(console, "list")
    assert nobody.returncode == 2
    assert b"sign-in" in nobody.stderr
    wrong = refer(console, "sign-in", "clerk", stdin=b"wrong password\n000000\n")
    assert wrong.returncode == 4
    told = f"{PASSWORD}\n{next_code(clerk)}\n".encode()
    signed = refer(console, "sign-in", "clerk", stdin=told)
    assert signed.returncode == 0, signed.stderr.decode()
    kept = console.settings.workspace / "terminal-session"
    assert kept.stat().st_mode & 0o777 == 0o600
    shown = approved(api, coastal_lead(api))
    lead_id = shown["lead_id"]
    drafted = refer(console, "draft", lead_id, "--kind", "inspection", "--to", "coastguard")
    referral_id = answer(drafted)["referral_id"]
    frozen = answer(refer(console, "freeze", referral_id))
    assert answer(refer(console, "show", referral_id))["content"] == frozen["content"]
    assert referral_id in [i["referral_id"] for i in answer(refer(console, "list"))["items"]]
    for act in ("send", "approve"):
        seen = ("--digest", frozen["digest"], "--purpose", "an inspection")
        held = refer(console, act, referral_id, *seen, stdin=b"x\n000000\n")
        assert held.returncode == 4, (act, held.stderr.decode())
    blind = refer(console, "approve", referral_id, "--digest", "0" * 64)
    assert b"`--digest`" in blind.stderr
    assert refer(console, "stop").returncode == 4
    ended = answer(refer(console, "withdraw", referral_id, "--note", "she called in"))
    assert ended["state"] == "withdrawn"
    assert refer(console, "sign-out").returncode == 0
    assert not kept.exists()
    assert refer(console, "list").returncode == 2


@pytest.mark.parametrize("arguments", [("draft",), ("show",), ("sign-in",)])
def test_what_is_missing_is_named(console, arguments):
    done = refer(console, *arguments)
    assert done.returncode == 2
    assert b"help:" in done.stderr
