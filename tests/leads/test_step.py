"""The step Leads: which facts make which lead, and the laws."""

import json
import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.leads.lead import digest_of
from fairlead.leads.step import Leads
from fairlead.schema.tables import LEADS
from tests.leads.drive import drive, settled
from tests.leads.rows import DAY, HOUR, T0, event, identity, link, partner, tables

STEP = Leads()


def leads(cuts_us=(), **given_rows):
    return settled(LEADS, drive(STEP, tables(**given_rows), cuts_us)[1][LEADS])


def one(**given_rows):
    found = leads(**given_rows)
    assert len(found) == 1
    return found[0]


def names(lead):
    return [f["name"] for f in json.loads(lead["factors"])]


def test_a_gap_and_a_meeting_within_two_days_are_one_lead():
    lead = one(events=[event("e1"), event("e2", "encounter", 20)])
    assert lead["events"] == ["e1", "e2"]
    assert lead["title"] == "MMSI 211000001: went silent, met another ship"


def test_behaviour_in_another_window_is_another_lead():
    found = leads(events=[event("e1", start_h=1), event("e2", start_h=4 * 24)])
    assert [x["events"] for x in found] in ([["e1"], ["e2"]], [["e2"], ["e1"]])


def test_a_story_across_the_edge_of_a_window_is_told_whole_by_the_later_lead():
    found = leads(events=[event("e1", start_h=47), event("e2", "encounter", 49)])
    assert sorted(x["events"] for x in found) == [["e1"], ["e1", "e2"]]


def test_a_port_visit_alone_makes_no_lead():
    assert leads(events=[event("e1", "port_visit")]) == []


def test_a_listed_vessel_that_does_nothing_is_a_lead():
    lead = one(links=[link()], identities=[identity("name", "ARTAVIL")])
    assert lead["title"] == "ARTAVIL (211000001): on a watch list"
    assert lead["links"] == ["link-a"]
    assert 0.1 < lead["probability"] < 0.3


def test_the_shown_factors_add_up_to_the_log_odds():
    lead = one(
        events=[event("e1"), event("e2", "encounter", 3), event("e3", "draught_change", 4)],
        links=[link(), link("link-b")],
        identities=[identity("ship_type", "80")],
    )
    shown = json.loads(lead["factors"])
    assert sum(f["log_odds"] for f in shown) == pytest.approx(lead["log_odds"], abs=1e-9)
    assert [abs(f["log_odds"]) for f in shown[:-1]] == sorted(
        (abs(f["log_odds"]) for f in shown[:-1]), reverse=True
    )
    assert shown[-1]["name"] == "prior"
    assert "cap" in names(lead)


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("natural_silence", {"events": [event("e1", measures={"p_natural": 0.9})]}),
        (
            "waiting_for_berth",
            {"events": [event("e1", "loitering", 2, 5), event("p", "port_visit", 1, 9)]},
        ),
        (
            "pilot_or_tug",
            {"events": [event("e1", "encounter")], "partners": [partner("e1", value="50")]},
        ),
        (
            "ferry_turnaround",
            {"events": [event("e1", "encounter")], "identities": [identity("ship_type", "60")]},
        ),
        (
            "fishing_at_work",
            {"events": [event("e1", "loitering")], "identities": [identity("ship_type", "30")]},
        ),
        (
            "shared_mmsi",
            {"events": [event("e1", "position_jump"), event("e2", "mmsi_shared", 2)]},
        ),
        (
            "low_accuracy",
            {"events": [event("e1", "position_jump", measures={"share_low_accuracy": 0.8})]},
        ),
        ("official_vessel", {"events": [event("e1")], "identities": [identity("ship_type", "55")]}),
        ("listing_ended", {"links": [link(until_us=T0 - 40 * DAY)]}),
        ("listing_undated", {"links": [link(edition_us=T0 + 400 * DAY)]}),
        ("not_a_ship", {"events": [event("e1", mmsi=941203527)]}),
        ("partner_not_a_ship", {"events": [event("e1", "encounter", partner_mmsi=992111111)]}),
    ],
)
def test_an_innocent_explanation_is_a_factor_that_takes_away(name, more):
    lead = one(**more)
    assert name in names(lead)
    assert all(f["log_odds"] < 0 for f in json.loads(lead["factors"]) if f["name"] == name)


@pytest.mark.parametrize(("mmsi", "excused"), [(89, False), (2275200, True), (970011111, True)])
def test_archives_number_ships_without_mmsi(mmsi, excused):
    assert ("not_a_ship" in names(one(events=[event("e1", mmsi=mmsi)]))) == excused


def test_an_explanation_that_explains_nothing_is_not_shown():
    assert "natural_silence" not in names(one(events=[event("e1", measures={"p_natural": 0.002})]))


def test_meeting_a_listed_ship_counts():
    told = partner(
        "e1", "link", "link-x", probability=0.95, detail="OFAC SDN names DOVE.", known_h=1
    )
    plain = one(events=[event("e1", "encounter")])
    listed = one(events=[event("e1", "encounter")], partners=[told])
    assert listed["probability"] > plain["probability"]
    assert "partner_listed" in names(listed)


ENDS_US = T0 + 9 * HOUR
DATED = [
    ({}, "listed", ""),
    ({"since_us": ENDS_US - DAY}, "listed", ""),
    ({"since_us": ENDS_US}, "listed", ""),
    ({"since_us": ENDS_US + 12 * DAY}, "listed_later", "It was listed 12 days after this."),
    ({"since_us": ENDS_US + 1}, "listed_later", "It was listed a day after this."),
    ({"since_us": ENDS_US + 100 * DAY}, "listed_later", "It was listed 3 months after this."),
    ({"until_us": ENDS_US + 1}, "listed", ""),
    (
        {"until_us": ENDS_US - 40 * DAY},
        "listed",
        "The listing had ended 40 days before this, on 2024-08-25.",
    ),
    ({"edition_us": ENDS_US}, "listed", ""),
    ({"since_us": ENDS_US - DAY, "edition_us": ENDS_US + 9 * DAY}, "listed", ""),
    (
        {"edition_us": ENDS_US + 800 * DAY},
        "listed",
        "The list does not say since when, and the edition read is of 2026-12-13, 2 years after "
        "this: it may not have been listed yet.",
    ),
]


@pytest.mark.parametrize(("dates", "name", "said"), DATED)
def test_a_listing_is_weighed_as_of_the_end_of_the_behaviour(dates, name, said):
    behaviour = [event("e1", "encounter", 5, 9)]
    told = partner("e1", "link", "x", probability=0.9, detail="A list names it.", **dates)
    for lead, prefix in (
        (one(events=behaviour, links=[link(**dates)]), ""),
        (one(events=behaviour, partners=[told]), "partner_"),
    ):
        factors = json.loads(lead["factors"])
        assert prefix + name in [f["name"] for f in factors]
        assert said in " ".join(f["detail"] for f in factors)
        whole = said == ""
        speaking = sum(f["log_odds"] for f in factors if "list" in f["name"])
        assert (speaking > 2.2) == whole


def test_a_listing_that_came_later_is_so_called_in_the_title():
    lead = one(events=[event("e1")], links=[link(since_us=T0 + 9 * DAY)])
    assert lead["title"] == "MMSI 211000001: went silent, listed later"


def excused(lead, name="shared_mmsi"):
    return sum(f["log_odds"] for f in json.loads(lead["factors"]) if f["name"] == name)


def test_a_shared_number_excuses_what_was_done_while_it_was_shared_only():
    jump = event("e1", "position_jump", 30, 31)
    during = one(events=[jump, event("e2", "mmsi_shared", 29.5, 40)])
    long_before = one(events=[jump, event("e2", "mmsi_shared", 2, 20)])
    assert excused(during) < 0
    assert excused(long_before) == 0


def test_a_track_that_begins_anew_after_a_silence_is_no_second_hull():
    """Two hulls must have been there at once; else going dark would excuse a new name."""
    before = event("e1", "gap", 2, 20, track_id=7)
    after = event("e2", "identity_change", 20.5, 20.5, track_id=8)
    assert excused(one(events=[before, after])) == 0
    meanwhile = event("e3", "loitering", 20, 25, track_id=7)
    assert excused(one(events=[before, after, meanwhile])) < 0


@pytest.mark.parametrize("kind", ["position_jump", "mmsi_change", "identity_change"])
def test_a_shared_number_takes_away_no_more_than_its_bound(kind):
    events = [event("e1", kind, 5, 6, confidence=1.0), event("e2", "mmsi_shared", 4, 9)]
    assert -1.0 <= excused(one(events=events)) < -0.9


def test_the_vessel_is_it_and_the_other_has_its_name():
    detail = "211000002 was within 500 m of 211000001 for 2 h at 1211000001 and MMSI 211000001, "
    detail += "MMSI 211000002."
    meeting = event("e1", "encounter", detail=detail, partner_mmsi=211000002)
    told = partner("e1", "name", "GREY HERON")
    (said, *_) = [
        f["detail"]
        for f in json.loads(one(events=[meeting], partners=[told])["factors"])
        if f["name"] == "encounter"
    ]
    assert said == (
        "GREY HERON (211000002) was within 500 m of it for 2 h at 1211000001 and MMSI 211000001, "
        "MMSI 211000002."
    )
    silent = event("e1", detail="211000001 was not heard for 9 h.")
    assert "It was not heard for 9 h." in one(events=[silent])["factors"]


@pytest.mark.parametrize(
    ("measures", "ship_type", "name"),
    [
        ({"area": "Hallow Marine Reserve", "area_kind": "area"}, "30", "fishing_in_zone"),
        ({"area": "Box 7", "area_kind": "mpa"}, "30", "fishing_in_zone"),
        ({"area": "Box 7", "rules": "no fishing"}, "30", "fishing_in_zone"),
        ({"area": "Reserved anchorage", "area_kind": "area"}, "30", "zone"),
        ({"area": "Hallow Marine Reserve", "area_kind": "area"}, "70", "zone"),
    ],
)
def test_a_fishing_vessel_in_a_protected_area_is_called_that(measures, ship_type, name):
    zone = event("e1", "zone", measures=measures)
    assert name in names(one(events=[zone], identities=[identity("ship_type", ship_type)]))


def test_a_lead_keeps_its_id_when_the_behaviour_ends():
    opened = event("e1", known_h=7)
    closed = event("e1", end_h=30)
    rows = drive(STEP, tables(events=[opened, closed]), [T0 + 10 * HOUR])[1][LEADS].to_pylist()
    assert len(rows) == 2
    assert rows[0]["lead_id"] == rows[1]["lead_id"]
    assert rows[0]["digest"] != rows[1]["digest"]
    assert rows[1]["end_us"] == T0 + 30 * HOUR


def test_what_is_learned_after_the_window_does_not_change_the_lead():
    before = leads(events=[event("e1")])
    after = leads(events=[event("e1")], identities=[identity("ship_type", "55", first_h=60)])
    assert before == after


def test_the_digest_covers_exactly_what_is_shown():
    lead = one(events=[event("e1")])
    assert digest_of(lead) == lead["digest"]
    assert digest_of({**lead, "title": lead["title"] + "."}) != lead["digest"]
    assert digest_of({**lead, "time_us": 0}) == lead["digest"]
    assert lead["digest"] == one(events=[event("e1")])["digest"]


def test_hostile_names_stay_text():
    hostile = '"]} <script>\x1b[31m\u202eMARIA; DROP TABLE'
    lead = one(events=[event("e1", detail=hostile)], identities=[identity("name", hostile)])
    assert lead["title"].startswith(hostile)
    assert hostile in [f["detail"] for f in json.loads(lead["factors"])]


def test_a_vessel_with_thousands_of_events_is_bounded():
    many = [event(f"e{i:04}", "speed_change", i / 100) for i in range(1000)]
    carried, out = drive(STEP, tables(events=many))
    assert carried.num_rows <= STEP.events_max
    lead = settled(LEADS, out[LEADS])[0]
    assert names(lead).count("speed_change") == 6


KINDS = ("gap", "encounter", "loitering", "position_jump", "mmsi_shared", "port_visit", "unheard")


@st.composite
def seas(draw):
    events, links, said, told = [], [], [], []
    for i in range(draw(st.integers(1, 12))):
        start_h = draw(st.integers(0, 24 * 12)) + draw(st.sampled_from([0.0, 0.5]))
        mmsi = 211000000 + draw(st.integers(1, 3))
        kind = draw(st.sampled_from(KINDS))
        lasts_h = draw(st.integers(1, 80))
        if draw(st.booleans()):
            events.append(event(f"e{i}", kind, start_h, mmsi=mmsi, known_h=start_h + 0.5))
        if draw(st.booleans()):
            events.append(event(f"e{i}", kind, start_h, start_h + lasts_h, mmsi=mmsi))
        if draw(st.booleans()):
            value = draw(st.sampled_from(["30", "50", "60", "80"]))
            at_h = draw(st.integers(0, 300))
            said.append(identity("ship_type", value, at_h, mmsi))
            told.append(partner(f"e{i}", value=value, known_h=max(at_h, start_h), mmsi=mmsi))
        if draw(st.booleans()):
            probability = draw(st.sampled_from([0.1, 0.6, 0.99]))
            at_h = draw(st.integers(0, 300))
            links.append(link(f"link-{i % 3}-{mmsi}", probability, at_h, mmsi))
    unique = {(r["identity_id"]): r for r in sorted(said, key=lambda r: -r["first_seen_us"])}
    versions = {(r["link_id"], r["time_us"]): r for r in links}
    facts = {(r["event_id"], r["value"], r["mmsi"]): r for r in told}
    return tables(events, versions.values(), unique.values(), facts.values())


@given(seas(), st.lists(st.integers(T0, T0 + 14 * DAY), max_size=6))
def test_where_time_is_cut_changes_nothing(sea, cuts_us):
    whole = settled(LEADS, drive(STEP, sea)[1][LEADS])
    assert settled(LEADS, drive(STEP, sea, cuts_us)[1][LEADS]) == whole


@given(seas())
def test_how_keys_are_split_changes_nothing(sea):
    whole = settled(LEADS, drive(STEP, sea)[1][LEADS])
    assert settled(LEADS, drive(STEP, sea, groups=3)[1][LEADS]) == whole


@given(seas(), st.integers(0, 1000))
def test_the_order_of_events_changes_nothing(sea, seed):
    chance = random.Random(seed)
    shuffled = {
        t: r.take(pa.array(chance.sample(range(r.num_rows), r.num_rows), pa.int64()))
        for t, r in sea.items()
    }
    whole = settled(LEADS, drive(STEP, sea)[1][LEADS])
    assert settled(LEADS, drive(STEP, shuffled)[1][LEADS]) == whole


@given(seas(), st.lists(st.integers(T0, T0 + 14 * DAY), max_size=6))
def test_nothing_is_written_twice_and_every_factor_has_its_digest(sea, cuts_us):
    rows = drive(STEP, sea, cuts_us)[1][LEADS].to_pylist()
    packed = [repr(row) for row in rows]
    assert len(packed) == len(set(packed))
    assert all(digest_of(row) == row["digest"] for row in rows)


def test_empty_in_empty_out():
    carried, out = drive(STEP, tables())
    assert carried.num_rows == 0
    assert out[LEADS].num_rows == 0
