"""A vessel held against claims: cases a watch officer can check, and the laws."""

import json
import random

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.links.claim_index import ClaimIndex
from fairlead.links.watchlist_match import WatchlistMatch
from fairlead.links.watchlists import read_watchlist
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.tables import CLAIMS, IDENTITIES, LINKS, OBSERVATIONS
from tests.data import shared_data
from tests.leads.drive import drive, settled

HERON = {
    "claim_id": "claim-heron",
    "source": "ofac-sdn",
    "reliability": "A",
    "credibility": 2,
    "recorded_us": 1,
    "imo": 9187629,
    "mmsis": [572469210],
    "callsigns": ["T2EU4"],
    "names": ["GREY HERON", "LAUGHING GULL"],
    "flags": ["IR", "TV"],
    "vessel_type": "Crude Oil Tanker",
    "detail": "OFAC SDN names GREY HERON.",
    "raw_offset": 1,
}
MARIA = HERON | {
    "claim_id": "claim-maria",
    "imo": None,
    "mmsis": [],
    "callsigns": [],
    "names": ["MARIA"],
    "flags": [],
    "vessel_type": None,
    "detail": "A list names MARIA.",
}
CLAIMED = pa.Table.from_pylist([HERON, MARIA], schema=CLAIMS.columns)
STEP = WatchlistMatch(ClaimIndex(CLAIMED))
OTHER_IMO = "9074729"


def said(mmsi, *facts):
    """Rows of IDENTITIES from (field, value) or (field, value, first_seen_us)."""
    rows = []
    for i, (field, value, *at) in enumerate(facts):
        seen_us = at[0] if at else 1000
        rows.append(
            {
                "identity_id": f"{mmsi}/{field}/{value}",
                "mmsi": mmsi,
                "field": field,
                "value": value,
                "first_seen_us": seen_us,
                "last_seen_us": seen_us,
                "n_seen": 1,
                "source": "sea",
                "first_observation_id": mmsi * 100 + i,
                "last_observation_id": mmsi * 100 + i,
                "disagrees": False,
            }
        )
    return rows


def heard(*mmsi_at):
    rows = [
        {
            "observation_id": mmsi + t,
            "mmsi": mmsi,
            "time_us": t,
            "time_basis": 0,
            "station_class": 0,
            "n_heard": 1,
            "flags": 0,
            "source": "sea",
            "raw_offset": 0,
            "line": 1,
        }
        for mmsi, t in mmsi_at
    ]
    return pa.Table.from_pylist(rows, schema=OBSERVATIONS.columns)


def match(*identities, positions=(), cuts_us=(), step=STEP):
    rows = pa.Table.from_pylist([r for i in identities for r in i], schema=IDENTITIES.columns)
    out = drive(step, {IDENTITIES: rows, OBSERVATIONS: heard(*positions)}, cuts_us)[1]
    return settled(LINKS, out[LINKS])


def probability(*facts, mmsi=211000001):
    found = match(said(mmsi, *facts))
    return found[0]["probability"] if found else 0.0


@pytest.mark.parametrize(
    ("what", "mmsi", "facts", "least", "most"),
    [
        ("the listed ship", 572469210, [("imo", "9187629"), ("name", "GREY HERON")], 0.999, 1),
        ("renamed", 211000001, [("imo", "9187629"), ("name", "SOMETHING ELSE")], 0.9, 1),
        ("IMO alone", 211000001, [("imo", "9187629")], 0.95, 1),
        ("same name, other IMO", 211000001, [("imo", OTHER_IMO), ("name", "GREY HERON")], 0, 0.05),
        ("MMSI given to another ship", 572469210, [("imo", OTHER_IMO), ("name", "SWAN")], 0, 0.1),
        ("MMSI alone", 572469210, [("ship_type", "0")], 0.8, 0.97),
        ("former name and flag", 211000001, [("name", "LAUGHING GULL"), ("flag", "TV")], 0.3, 0.9),
        ("mistyped name only", 211000001, [("name", "GREY HERRON")], 0, 0.2),
        (
            "mistyped name, call sign",
            211000001,
            [("name", "GREY HERRON"), ("callsign", "T2EU4")],
            0.9,
            1,
        ),
        ("common name only", 211000001, [("name", "MARIA")], 0, 0.05),
        (
            "name and flag, but a yacht",
            211000001,
            [("name", "GREY HERON"), ("flag", "IR"), ("ship_type", "37")],
            0,
            0.3,
        ),
        (
            "name, flag and kind",
            211000001,
            [("name", "GREY HERON"), ("flag", "IR"), ("ship_type", "80")],
            0.7,
            1,
        ),
        ("nothing in common", 211000001, [("name", "SWAN"), ("imo", OTHER_IMO)], 0, 0),
        ("an IMO number whose check digit fails", 211000001, [("imo", "9187620")], 0, 0),
    ],
)
def test_cases(what, mmsi, facts, least, most):
    assert least <= probability(*facts, mmsi=mmsi) <= most, what


def test_every_factor_has_its_sentence_and_its_message():
    (found,) = match(said(211000001, ("imo", "9187629"), ("name", "GREY HERON"), ("flag", "PA")))
    factors = {f["name"]: f for f in json.loads(found["factors"])}
    assert set(factors) == {
        *("prior", "imo agrees", "mmsi differs", "name agrees", "flag differs", "claim")
    }
    assert factors["imo agrees"]["evidence"] == [21100000100]
    assert "9187629" in factors["imo agrees"]["detail"]
    assert all(f["detail"] for f in factors.values())
    assert factors["claim"]["reliability"] == "A"
    total = sum(f["log_odds"] for f in factors.values())
    assert found["probability"] == pytest.approx(1 / (1 + 2.718281828459045**-total), abs=1e-4)


def test_a_vessel_that_never_sends_its_name_is_matched_by_its_mmsi():
    (found,) = match(positions=[(572469210, 50), (572469210, 60), (211000001, 10)])
    assert (found["mmsi"], found["time_us"], found["evidence"]) == (572469210, 50, [572469260])


def test_a_link_changes_as_more_is_said_downwards_too():
    vessel = said(572469210, ("name", "SWAN", 10), ("imo", OTHER_IMO, 20))
    rows = {
        IDENTITIES: pa.Table.from_pylist(vessel, schema=IDENTITIES.columns),
        OBSERVATIONS: heard(),
    }
    first, second = drive(STEP, rows)[1][LINKS].to_pylist()
    assert first["link_id"] == second["link_id"]
    assert (first["time_us"], second["time_us"]) == (10, 20)
    assert first["probability"] > 0.7
    assert second["probability"] < 0.1


def test_a_link_says_from_when_to_when_and_in_which_edition():
    dated = HERON | {"since_us": 200, "until_us": 500, "recorded_us": 900}
    index = ClaimIndex(pa.Table.from_pylist([dated], schema=CLAIMS.columns))
    (found,) = match(said(211000001, ("imo", "9187629")), step=WatchlistMatch(index))
    listing = next(f for f in json.loads(found["factors"]) if f["name"] == "claim")
    assert [listing[k] for k in ("since_us", "until_us", "edition_us")] == [200, 500, 900]


def step_after(first, second, more, at_us):
    """Links that the second step writes for `more`, carrying on from what the first one knew."""
    rows = pa.Table.from_pylist(said(211000001, ("imo", "9187629")), schema=IDENTITIES.columns)
    carried, _ = drive(first, {IDENTITIES: rows, OBSERVATIONS: heard()})
    batch = Batch({OBSERVATIONS: heard(*more)})
    return second.step(carried, batch, Span(at_us, at_us + 1000))


def test_a_vessel_known_before_is_held_against_lists_that_come_later():
    """It says nothing new: being heard again is enough."""
    before = WatchlistMatch(ClaimIndex(pa.Table.from_pylist([MARIA], schema=CLAIMS.columns)))
    carried, out = step_after(before, STEP, [(211000001, 5000), (211000001, 6000)], 5000)
    (found,) = out[LINKS].to_pylist()
    assert (found["claim_id"], found["time_us"]) == ("claim-heron", 5000)
    assert found["probability"] > 0.9
    _, again = STEP.step(carried, Batch({OBSERVATIONS: heard((211000001, 7000))}), Span(7000, 8000))
    assert again[LINKS].num_rows == 0


def test_a_claim_that_is_ended_is_told_again_with_its_end():
    ended = pa.Table.from_pylist([HERON | {"until_us": 4000}, MARIA], schema=CLAIMS.columns)
    _, out = step_after(STEP, WatchlistMatch(ClaimIndex(ended)), [(211000001, 5000)], 5000)
    (found,) = out[LINKS].to_pylist()
    listing = next(f for f in json.loads(found["factors"]) if f["name"] == "claim")
    assert listing["until_us"] == 4000


@pytest.mark.parametrize("hostile", ["'; DROP TABLE x", "\x00\x1b[2J", "\u202e", "(" * 500, "%s%n"])
def test_hostile_names_match_nothing_and_break_nothing(hostile):
    (found,) = match(said(572469210, ("name", hostile), ("callsign", hostile)))
    assert found["mmsi"] == 572469210


def test_without_claims_nothing_is_remembered():
    rows = pa.Table.from_pylist(said(211000001, ("name", "A B")), schema=IDENTITIES.columns)
    carried, out = drive(WatchlistMatch(), {IDENTITIES: rows, OBSERVATIONS: heard((211000001, 5))})
    assert carried.num_rows == 0
    assert out[LINKS].num_rows == 0


VALUES = [
    *(("name", n) for n in ("GREY HERON", "GREY HERRON", "MARIA", "SWAN", "LAUGHING GULL")),
    *(("imo", n) for n in ("9187629", OTHER_IMO)),
    *(("callsign", n) for n in ("T2EU4", "ABCD1")),
    *(("flag", n) for n in ("IR", "PAN")),
    *(("ship_type", n) for n in ("80", "30")),
]
VESSELS = st.lists(
    st.tuples(
        st.sampled_from([572469210, 211000001, 211000002]),
        st.sampled_from(VALUES),
        st.integers(1, 100),
    ),
    max_size=14,
    unique_by=lambda v: (v[0], v[1]),
)
HEARD = st.lists(
    st.tuples(st.sampled_from([572469210, 211000001]), st.integers(1, 100)), max_size=5
)


def of(vessels):
    return [row for mmsi, value, t in vessels for row in said(mmsi, (*value, t))]


@given(VESSELS, HEARD, st.lists(st.integers(1, 100), max_size=5))
def test_where_time_is_cut_changes_nothing(vessels, positions, cuts_us):
    whole = match(of(vessels), positions=positions)
    assert match(of(vessels), positions=positions, cuts_us=cuts_us) == whole


@given(VESSELS, HEARD)
def test_evidence_is_there_and_was_seen(vessels, positions):
    seen = {r["first_observation_id"] for r in of(vessels)} | {m + t for m, t in positions}
    for row in match(of(vessels), positions=positions):
        assert row["evidence"]
        assert set(row["evidence"]) <= seen
        assert 0 <= row["probability"] <= 1


def mistyped(name, chance):
    """One typing error in the letters of a name."""
    places = [i for i in range(len(name) - 1) if name[i].isalpha() and name[i + 1].isalpha()]
    if not places:
        return name
    i = chance.choice(places)
    return chance.choice(
        [
            name[:i] + chance.choice("AEIOUNRST") + name[i + 1 :],
            name[:i] + name[i + 1 :],
            name[:i] + name[i + 1] + name[i] + name[i + 2 :],
        ]
    )


def test_the_real_lists_find_their_own_ships_again():
    claims = read_watchlist(shared_data("watchlists"), 1).claims
    rows = [r for r in claims.to_pylist() if r["imo"] and r["names"]][::7]
    chance = random.Random(1)
    vessels = [
        said(
            300000000 + i,
            ("imo", str(r["imo"])),
            ("name", mistyped(chance.choice(r["names"]).upper(), chance)),
        )
        for i, r in enumerate(rows)
    ]
    found = match(*vessels, step=WatchlistMatch(ClaimIndex(claims)))
    sure = {(x["mmsi"], x["claim_id"]) for x in found if x["probability"] > 0.9}
    right = {(300000000 + i, r["claim_id"]) for i, r in enumerate(rows)}
    assert len(right & sure) == len(right)
    imo_of = {r["claim_id"]: r["imo"] for r in claims.to_pylist()}
    wrong = [x for x in sure if imo_of[x[1]] != rows[x[0] - 300000000]["imo"]]
    assert wrong == []
