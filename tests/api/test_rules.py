"""Rules: forms from fields, a trial run, an end, and renewal."""

import pytest

RULE = "detector:loitering"


def first_client(console):
    return console.client(console.first)


def test_forms_have_units_and_sentences(api):
    rules = {r["rule_id"]: r for r in api.get("/rules?limit=1000").json()["items"]}
    fields = {f["name"]: f for f in rules[RULE]["fields"]}
    assert fields["slow_kn"]["unit"] == "kn"
    assert fields["lasting_s_min"]["unit"] == "s"
    assert "`slow_kn`" in fields["slow_kn"]["doc"]
    assert rules["factor:gap"]["fields"][0]["name"] == "log_odds"


BAD = (
    ({"values": {"nothing": 1}, "expires_us": 1 << 60, "reason": "x"}, "bad_values"),
    ({"values": {"slow_kn": "fast"}, "expires_us": 1 << 60, "reason": "x"}, "bad_values"),
    ({"values": {"slow_kn": -1}, "expires_us": 1 << 60, "reason": "x"}, "bad_values"),
    ({"values": {}, "expires_us": 1 << 60, "reason": "x"}, "bad_values"),
    ({"values": {"slow_kn": 3}, "expires_us": 1, "reason": "x"}, "bad_end"),
    ({"values": {"slow_kn": 3}, "expires_us": 1 << 60, "reason": "  "}, "no_reason"),
)


@pytest.mark.parametrize(("body", "reason"), BAD)
def test_bad_changes_are_refused(console, body, reason):
    with first_client(console) as first:
        answer = first.put(f"/rules/{RULE}", json=body)
        assert (answer.status_code, answer.json()["reason"]) == (400, reason)


def test_a_change_has_an_end_and_can_be_renewed(console):
    service = console.service
    with first_client(console) as first:
        soon_us = service.now_us() + 3_600_000_000
        body = {"values": {"slow_kn": 2.5}, "expires_us": soon_us, "reason": "autumn"}
        assert first.put("/rules/detector:nothing", json=body).status_code == 404
        path = "/rules/detector:drifting"
        first_field = first.get("/rules?limit=1000").json()["items"]
        drifting = next(r for r in first_field if r["rule_id"] == "detector:drifting")
        name = next(f["name"] for f in drifting["fields"] if f["type"] in ("int", "float"))
        body["values"] = {name: 3}
        changed = first.put(path, json=body).json()
        assert changed["version"] == drifting["version"] + 1
        assert console.entries("rule_change")[-1]["actor"] == console.first.account_id
        rules = service.rooms["rules"]
        assert rules.in_force(service.now_us())["detector:drifting"] == {name: 3}
        assert rules.one("detector:drifting", soon_us).is_expired
        assert "detector:drifting" not in rules.in_force(soon_us)
        renewal = {"expires_us": soon_us + 1, "reason": "still so"}
        renewed = first.post(f"{path}/renew", json=renewal).json()
        assert renewed["version"] == changed["version"] + 1
        step = next(
            s
            for s in rules.flow_with(rules.in_force(service.now_us())).after_tracks
            if s.kind == "drifting"
        )
        assert getattr(step, name) == 3


def test_a_trial_run_says_what_would_differ(console):
    with first_client(console) as first:
        same = first.post("/rules/dry-run", json={"changes": {"factor:gap": {"log_odds": 0.0}}})
        assert same.status_code == 200, same.text
        found = same.json()
        assert found["removed"] or found["changed"]


def test_an_analyst_changes_no_rules(api):
    body = {"values": {"slow_kn": 3}, "expires_us": 1 << 60, "reason": "x"}
    assert api.put(f"/rules/{RULE}", json=body).status_code == 403
