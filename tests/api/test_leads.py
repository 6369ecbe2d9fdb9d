"""A lead from the queue to the raw bytes, and people's words on it."""

import pytest

from fairlead.leads.lead import digest_of
from fairlead.schema.tables import LEADS


def test_the_queue_is_ranked_within_the_budget(api):
    answer = api.get("/leads").json()
    ranks = [item["rank"] for item in answer["items"]]
    assert ranks == list(range(1, answer["total"] + 1))
    assert all(item["state"] == "open" for item in answer["items"])
    narrow = api.get("/leads?at_most=1").json()
    assert narrow["total"] < answer["total"]
    assert narrow["cut"]["n"] + narrow["total"] == answer["cut"]["n"] + answer["total"]


def test_a_lead_is_shown_with_its_grounds_and_that_is_in_the_ledger(api, console, lead):
    before = len(console.entries("lead_shown"))
    answer = api.get(f"/leads/{lead['lead_id']}").json()
    total = answer["prior_log_odds"] + sum(f["log_odds"] for f in answer["factors"])
    assert total == pytest.approx(answer["lead"]["log_odds"], abs=1e-3)
    assert answer["would_go_away"]
    assert [v["digest"] for v in answer["versions"] if v["is_current"]] == [lead["digest"]]
    entries = console.entries("lead_shown")
    assert len(entries) == before + 1
    assert entries[-1]["body"]["digest"] == lead["digest"]
    assert entries[-1]["actor"] == console.analyst.account_id
    row = console.service.picture.stored.table(LEADS).to_pylist()
    assert all(digest_of(r) == r["digest"] for r in row)


def test_the_evidence_ends_in_raw_bytes(api, lead):
    answer = api.get(f"/leads/{lead['lead_id']}/evidence").json()
    assert answer["total"] == len(answer["observations"]) > 0
    assert answer["n_missing"] == 0
    assert all("!AIVDM" in o["raw"] for o in answer["observations"])


def test_a_decision_binds_to_what_was_shown(api, lead):
    path = f"/leads/{lead['lead_id']}"
    api.get(path)
    word = {"digest": "0" * 64, "verdict": "approve", "reason": "seen by patrol"}
    changed = api.post(f"{path}/decisions", json=word)
    assert changed.status_code == 409
    assert changed.json()["reason"] == "changed"
    assert changed.json()["digest"] == lead["digest"]
    word["digest"] = lead["digest"]
    made = api.post(f"{path}/decisions", json=word)
    assert made.status_code == 201
    approved = api.get("/leads?state=approved&limit=1000").json()["items"]
    assert lead["lead_id"] in {item["lead_id"] for item in approved}
    assert lead["lead_id"] not in {i["lead_id"] for i in api.get("/leads").json()["items"]}
    assert api.get("/labels").json()["items"][0]["label"] is True
    undone = {**word, "verdict": "reopen", "reason": "wrong key"}
    assert api.post(f"{path}/decisions", json=undone).status_code == 201
    assert lead["lead_id"] in {i["lead_id"] for i in api.get("/leads").json()["items"]}
    verdicts = [d["verdict"] for d in api.get(path).json()["decisions"]]
    assert verdicts == ["approve", "reopen"]


def test_a_version_that_was_shown_can_be_read_again(api, lead):
    api.get(f"/leads/{lead['lead_id']}")
    kept = api.get(f"/leads/{lead['lead_id']}/versions/{lead['digest']}").json()
    assert kept["lead"]["title"] == lead["title"]
    assert kept["factors"]
    assert api.get(f"/leads/{lead['lead_id']}/versions/00").status_code == 404


def test_a_viewer_may_not_decide(console, outside, api):
    seen = outside.get("/leads?state=all").json()["items"]
    assert seen
    path = f"/leads/{seen[0]['lead_id']}"
    outside.get(path)
    word = {"digest": seen[0]["digest"], "verdict": "reject", "reason": "no"}
    refused = outside.post(f"{path}/decisions", json=word)
    assert refused.status_code == 403
    assert console.entries("refused")[-1]["actor"] == console.outsider.account_id


def test_a_vessel_has_its_dossier_and_track(api, lead):
    vessel = api.get(f"/vessels/{lead['mmsi']}").json()
    assert lead["lead_id"] in {x["lead_id"] for x in vessel["leads"]}
    assert vessel["identities"]
    whole = api.get(f"/vessels/{lead['mmsi']}/track").json()
    assert whole["total"] == whole["n"] == len(whole["columns"]["time_us"])
    assert whole["columns"]["time_us"] == sorted(whole["columns"]["time_us"])
    assert sum(t["n_points"] for t in vessel["tracks"]) <= whole["total"]
    thin = api.get(f"/vessels/{lead['mmsi']}/track?max_points=5").json()
    assert thin["total"] == whole["total"]
    assert thin["n"] == 5
    assert thin["columns"]["time_us"][-1] == whole["columns"]["time_us"][-1]
