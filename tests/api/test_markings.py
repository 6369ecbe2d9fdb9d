"""What a person may not see leaks through no list, count, tile, export, search or error."""

import pytest

from tests.api.enrolled import another

EVER = {"since_us": 0, "until_us": 4_000_000_000_000_000}
WORLD = {
    "type": "Polygon",
    "coordinates": [[[-30, 35], [20, 35], [20, 65], [-30, 65], [-30, 35]]],
}


def satellites_only(api, outside):
    """Vessels that the satellite alone heard."""
    mine = {v["mmsi"] for v in api.get("/vessels?limit=10000").json()["items"] if v["time_us"]}
    theirs = outside.get("/vessels?limit=10000").json()["items"]
    return mine - {v["mmsi"] for v in theirs if v["time_us"]}


def test_counts_are_of_what_is_seen(api, outside):
    status = outside.get("/status").json()
    assert [f["source"].rsplit("/")[-1] for f in status["feeds"]] == ["coast.nmea"]
    assert status["counts"]["observations"] < api.get("/status").json()["counts"]["observations"]
    for path, count in (("/events", "events"), ("/leads?state=all", "leads")):
        assert outside.get(path).json()["total"] == status["counts"][count]
    seen = outside.get("/picture").json()
    assert seen["total"] == status["counts"]["vessels"]
    assert all(s.endswith("coast.nmea") for s in seen["columns"]["source"])


def test_rows_carry_the_union_of_their_sources(api, outside):
    mine = api.get("/leads?state=all").json()["items"]
    theirs = outside.get("/leads?state=all").json()["items"]
    assert 0 < len(theirs) < len(mine)
    assert all("tlp:amber" not in i["markings"] for i in theirs)
    hidden = [i for i in mine if "tlp:amber" in i["markings"]]
    assert {i["lead_id"] for i in hidden} == {i["lead_id"] for i in mine} - {
        i["lead_id"] for i in theirs
    }
    assert all("community:fisheries" in i["markings"] for i in hidden)


def test_what_may_not_be_seen_is_as_what_is_not(api, outside):
    theirs = {i["lead_id"] for i in outside.get("/leads?state=all").json()["items"]}
    hidden = next(
        i["lead_id"]
        for i in api.get("/leads?state=all").json()["items"]
        if i["lead_id"] not in theirs
    )
    for tail in ("", "/evidence", f"/versions/{'0' * 64}"):
        missing = outside.get(f"/leads/lead-0000{tail}")
        refused = outside.get(f"/leads/{hidden}{tail}")
        assert (refused.status_code, refused.content) == (404, missing.content)
    explained = outside.get(f"/policy/explain?action=see&resource={hidden}")
    assert explained.status_code == 404
    assert outside.get(f"/leads?state=all&q={hidden}").json()["total"] == 0


def test_tracks_and_tiles_are_of_seen_sources(api, outside):
    mine, theirs = (c.get("/density/0/0/0").json()["total"] for c in (api, outside))
    assert 0 < theirs < mine
    assert theirs == outside.get("/status").json()["counts"]["observations"]
    messages = [
        sum(b["n_messages"] for b in c.get("/timeline").json()["bins"]) for c in (api, outside)
    ]
    assert messages == [mine, theirs]
    vessel = api.get("/picture").json()["columns"]["mmsi"][0]
    track = outside.get(f"/vessels/{vessel}/track")
    if track.status_code == 200:
        assert all(s.endswith("coast.nmea") for s in track.json()["columns"]["source"])
    for mmsi in sorted(satellites_only(api, outside))[:3]:
        assert (
            outside.get(f"/vessels/{mmsi}/track").json() == outside.get("/vessels/1/track").json()
        )


def test_areas_and_exports_are_of_seen_sources(api, console):
    with console.client(console.first) as mine, console.client(console.outsider) as outside:
        body = {"polygon": WORLD, **EVER}
        totals = [c.post("/area", json=body).json()["total_points"] for c in (mine, outside)]
        assert 0 < totals[1] < totals[0]
        taken = mine.post("/area/export?format=csv", json=body)
        assert int(taken.headers["x-total"]) == totals[0]
        assert taken.text.splitlines()[0].startswith(f"# total {totals[0]} positions")
        assert console.entries("export")[-1]["body"]["total"] == totals[0]
        theirs = outside.post("/area/export?format=csv", json=body)
        if theirs.status_code == 200:
            assert int(theirs.headers["x-total"]) in (0, totals[1])
            assert "satellite.nmea" not in theirs.text


def test_coverage_rests_on_all_sources(outside):
    assert outside.get("/coverage").json()["total"] == 0


@pytest.mark.parametrize("path", ["/accounts", "/ledger/entries", "/ledger/checkpoint"])
def test_a_viewer_reaches_no_administration(outside, path):
    assert outside.get(path).status_code == 403


def test_the_ledger_tells_nobody_of_what_they_may_not_see(console, api):
    lead = next(
        i
        for i in api.get("/leads?state=all&limit=1000").json()["items"]
        if "community:fisheries" in i["markings"]
    )
    api.get(f"/leads/{lead['lead_id']}")
    coastal = another(console.rooms, console.first, "coastal", ["analyst"], ["tlp:green"])
    whole = api.get("/ledger/entries").json()["items"]
    told = [e["index"] for e in whole if e["entry"]["body"].get("lead_id") == lead["lead_id"]]
    with console.client(coastal) as client:
        seen = client.get("/ledger/entries").json()["items"]
        assert lead["lead_id"] not in str(seen)
        assert all(seen[i]["withheld"] and not seen[i]["entry"]["body"] for i in told)
        assert [e["leaf_hash"] for e in seen[: len(whole)]] == [e["leaf_hash"] for e in whole]
        assert client.get(f"/ledger/proof/{told[0]}").status_code == 404
        assert client.get("/ledger/tile/entries/000.p/1").status_code == 403
        assert client.get("/ledger/tile/0/000.p/1").status_code == 200
    assert api.get(f"/ledger/proof/{told[0]}").status_code == 200
    assert api.get("/ledger/tile/entries/000.p/1").status_code == 200
