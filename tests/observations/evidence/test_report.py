"""A report: only what a text says of vessels, places and times is kept, in its own words."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.observations.evidence.report import CHARACTERS_MOST, CLAIMS_MOST, read_report
from fairlead.schema.errors import SourceError
from tests.data import shared_data

STORY = """Yesterday on 2023-05-01 14:30 the tanker "Sea Wolf" (IMO 9074729, MMSI: 211234567) met
M/V OCEAN PRINCE at 12-34.5N 045-06.7E. The master, John Smith, called +49 170 1234567."""


def said(text, kind, year=None):
    return [c.value for c in read_report(text, year).claims if c.kind == kind]


def test_a_story_becomes_claims():
    report = read_report(STORY)
    assert [(c.kind, c.value) for c in report.claims] == [
        ("time", "2023-05-01T14:30:00Z"),
        ("name", "SEA WOLF"),
        ("imo", "9074729"),
        ("mmsi", "211234567"),
        ("name", "OCEAN PRINCE"),
        ("position", "12.575000, 45.111667"),
    ]
    assert all(c.time_us == report.claims[0].time_us for c in report.claims)


def test_persons_and_their_telephones_are_not_kept():
    kept = json.dumps([c.as_dict() for c in read_report(STORY).claims])
    for person in ("John", "Smith", "170", "master"):
        assert person not in kept


@pytest.mark.parametrize(
    ("text", "lat", "lon"),
    [
        ("12-34.5N 045-06.7E", 12.575, 45.111667),
        ("12-34.50S, 045-06.70W", -12.575, -45.111667),
        ("12°34'30\"N 045°06'42\"E", 12.575, 45.111667),
        ("12°34.5'N 45°06.7'E", 12.575, 45.111667),
        ("12.575N 45.111667E", 12.575, 45.111667),
        ("12 34.5 N / 045 06.7 E", 12.575, 45.111667),
        ("2:00.0N/117:37.0E", 2.0, 117.616667),
        ("lat: -12.575, lon: 45.111667", -12.575, 45.111667),
        ("latitude 12.575 longitude -45.111667", 12.575, -45.111667),
        ("00-00.0N 180-00.0W", 0.0, -180.0),
    ],
)
def test_positions_as_people_write_them(text, lat, lon):
    (found,) = [c for c in read_report(f"seen in {text}.").claims if c.kind == "position"]
    assert (found.lat_deg, found.lon_deg) == pytest.approx((lat, lon), abs=1e-6)


@pytest.mark.parametrize(
    "text",
    ["91-00.0N 045-06.7E", "12-60.0N 045-06.7E", "12-34.5N", "12.5-34N 045-06E", "3N 4E5", "N E"],
)
def test_what_is_no_position_is_none(text):
    assert said(text, "position") == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("191218Z APR", "2023-04-19T12:18:00Z"),
        ("191218Z APR 22", "2022-04-19T12:18:00Z"),
        ("191218 UTC APR 2021", "2021-04-19T12:18:00Z"),
        ("2021-03-04", "2021-03-04T00:00:00Z"),
        ("4 March 2021", "2021-03-04T00:00:00Z"),
        ("4th March, 2021", "2021-03-04T00:00:00Z"),
    ],
)
def test_times_as_people_write_them(text, value):
    assert said(f"on {text} she", "time", 2023) == [value]


@pytest.mark.parametrize("text", ["321218Z APR 22", "2021-13-04", "31 February 2021", "191218Z"])
def test_what_is_no_time_is_none(text):
    assert said(text, "time", 2023) == []


def test_numbers_count_only_where_they_are_named():
    assert said("call 211234567 about 9074729", "mmsi") == []
    assert said("call 211234567 about 9074729", "imo") == []
    assert said("IMO 9074728", "imo") == []


def test_a_claim_is_for_the_time_before_it():
    text = "191200Z APR 12-00.0N 045-00.0E, 201200Z APR 13-00.0N 046-00.0E" + " ." * 300
    claims = read_report(text + "14-00.0N 047-00.0E", 2023).claims
    times = [c.time_us for c in claims if c.kind == "position"]
    assert times[1] - times[0] == 86_400_000_000
    assert times[2] is None


def test_the_text_is_not_kept_but_its_digest_is():
    report = read_report(STORY)
    assert report.n_characters == len(STORY)
    assert len(report.sha256) == 64
    assert sum(len(c.said) for c in report.claims) < len(STORY)


def test_a_text_has_an_end():
    with pytest.raises(SourceError, match="are read"):
        read_report("x" * (CHARACTERS_MOST + 1))


def test_more_claims_than_are_taken_are_counted():
    text = " ".join(f"{n // 60:02d}-{n % 60:02d}.{n % 10}N 045-00.0E" for n in range(2100))
    report = read_report(text)
    assert len(report.claims) == 2000
    assert report.n_cut == 100


@given(st.text(max_size=400))
def test_any_text_is_read(text):
    for claim in read_report(text, 2023).claims:
        assert claim.lat_deg is None or abs(claim.lat_deg) <= 90
        assert claim.lon_deg is None or abs(claim.lon_deg) <= 180


lats = st.tuples(st.integers(0, 89), st.integers(0, 599), st.sampled_from("NS"))
lons = st.tuples(st.integers(0, 179), st.integers(0, 599), st.sampled_from("EW"))


@given(lats, lons)
def test_a_position_that_is_written_is_read_back(lat, lon):
    text = f"{lat[0]:02d}-{lat[1] / 10:04.1f}{lat[2]} {lon[0]:03d}-{lon[1] / 10:04.1f}{lon[2]}"
    (found,) = [c for c in read_report(text).claims if c.kind == "position"]
    sign_lat, sign_lon = (-1 if lat[2] == "S" else 1), (-1 if lon[2] == "W" else 1)
    assert found.lat_deg == pytest.approx(sign_lat * (lat[0] + lat[1] / 600))
    assert found.lon_deg == pytest.approx(sign_lon * (lon[0] + lon[1] / 600))


def test_navigational_warnings_give_their_positions():
    """Positions written twice in a closed area are one claim."""
    path = shared_data("text/navarea_warnings.json")
    warnings = json.loads(path.read_text())["broadcast-warn"]
    found = [read_report(w["text"], w["year"]) for w in warnings]
    n = sum(c.kind == "position" for r in found for c in r.claims)
    assert n >= 1490


HOSTILE = (
    *("1" + " " * 200_000, "1 " * 100_000, "1\t\n" * 66_000, "12 34 " * 33_000, "1" * 200_000),
    *("1." + "1" * 199_000, "1-1-" * 50_000, "1°1'1\"" * 33_000, "1N AND " * 28_000),
    *("LAT" + " " * 199_000, "LAT 1." + "1" * 199_000, "MMSI " * 40_000, "IMO" + " " * 199_000),
    *("MV" + " " * 199_000, "MV " * 66_000, "MV A" + "A" * 199_000, "MV A-" * 40_000),
    *('MV "' * 50_000, "010203Z" + " " * 199_000, "1 JAN" + "A" * 199_000, "1 JAN " * 33_000),
    *("010203Z JAN 20 1N1E " * 10_000, "2020-01-01 MV AB " * 11_000),
)


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: repr(t[:12]))
def test_a_text_made_to_be_slow_is_read_like_any_other(text):
    """With patterns that may repeat without end, 3,000 blanks took four minutes."""
    report = read_report(text[:CHARACTERS_MOST], 2020)
    assert len(report.claims) <= CLAIMS_MOST
    assert all(len(claim.said) <= 200 for claim in report.claims)


def test_blanks_between_the_parts_do_not_matter():
    narrow = read_report("seen at 54 10.5N 8 20.5E by MV NORDSTERN")
    wide = read_report("seen   at 54  10.5N \t 8   20.5E by  MV   NORDSTERN")
    assert [c.value for c in wide.claims] == [c.value for c in narrow.claims]
    assert len(wide.claims) == 2


def test_what_no_place_or_name_can_be_is_no_claim():
    assert said("at 95-00.0N 045-00.0E, LAT 95.5 LON 1.5 and 12-75.0N 045-00.0E", "position") == []
    assert said('the MV 123 and the vessel "12" met', "name") == []
