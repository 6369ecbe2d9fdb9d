"""The dossier: hostile text stays text, the same envelope gives the same bytes, 180 is no wall."""

import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.referrals.content import Heading, Part, canonical, redact
from fairlead.referrals.dossier import FORMATS, dossier
from fairlead.referrals.dossier.sketch import HEIGHT, MARGIN, WIDTH, sketch
from fairlead.referrals.dossier.story import track_of
from fairlead.referrals.envelope import draft_envelope
from fairlead.schema.referrals import ReferralKind
from tests.referrals.office import OPEN, T0, event, ground, holds, material, observation

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202e=cmd|' /C calc'!A0 Ω"


def heading(note="note"):
    return Heading(
        referral_id="referral-1",
        kind=ReferralKind.INSPECTION,
        title="Inspection request",
        author="acct-a",
        recipient={"id": "desk", "name": HOSTILE, "channel": "folder", "address_sha256": "0" * 64},
        note=note,
        decisions=(),
        frozen_us=T0,
    )


def sealed(given=None, note="note"):
    content = redact(
        given or material(), heading(note), lambda marks: holds(frozenset(OPEN), marks)
    )
    return draft_envelope(canonical(content))


def hostile():
    vessel = {"mmsi": 1, "name": HOSTILE, "callsign": HOSTILE, "imo": None, "flag": None}
    return sealed(
        material(
            vessel=Part(vessel, OPEN),
            grounds=(ground(HOSTILE),),
            events=(event(detail=HOSTILE),),
            evidence=(
                Part(
                    {
                        "evidence_id": "e1",
                        "kind": "photograph",
                        "detail": HOSTILE,
                        "time_us": T0,
                        "lat_deg": None,
                        "lon_deg": None,
                        "sha256": "0" * 64,
                    },
                    OPEN,
                ),
            ),
        ),
        HOSTILE,
    )


def test_the_same_envelope_gives_the_same_files():
    one, two = dossier(sealed()), dossier(sealed())
    assert one == two
    assert {n.split(".", 1)[1] for n in one} == {*FORMATS, "content.json"}


def test_hostile_text_is_text_in_the_page():
    page = FORMATS["html"](hostile()).decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e]", page)
    assert "default-src 'none'" in page


def test_hostile_text_is_text_on_paper(tmp_path):
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext is not installed")
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(FORMATS["pdf"](hostile()))
    text = subprocess.run(["pdftotext", paper, "-"], capture_output=True, check=True).stdout
    assert b"alert(1)" in text
    assert b"[U+03A9]" in text
    assert b"\x1b" not in text


def test_places_are_a_feature_each():
    places = json.loads(FORMATS["geojson"](sealed()))
    assert [f["properties"]["what"] for f in places["features"]] == ["event"] + 5 * ["observation"]
    assert places["features"][1]["geometry"]["coordinates"] == [8.0, 54.0]


def test_a_way_across_180_degrees_is_short():
    lons = [179.8, 179.9, -179.9, -179.8]
    rows = tuple(observation(n, lon=lon) for n, lon in enumerate(lons))
    way = track_of(sealed(material(observations=rows)))
    assert [round(lon, 1) for lon, _ in way] == [179.8, 179.9, 180.1, 180.2]
    drawn = sketch(way)
    assert drawn.east.endswith("W")
    assert drawn.west.endswith("E")


places = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@given(st.lists(places, min_size=1, max_size=20))
def test_a_sketch_stays_in_its_box(way):
    drawn = sketch(way)
    assert all(0 <= x <= WIDTH and 0 <= y <= HEIGHT for x, y in drawn.points)
    assert all(MARGIN - 1e-6 <= x <= WIDTH - MARGIN + 1e-6 for x, _ in drawn.points)


def test_no_place_is_no_sketch():
    envelope = sealed(material(observations=()))
    assert sketch(track_of(envelope)) is None
    assert b"<svg" not in FORMATS["html"](envelope)
    assert FORMATS["pdf"](envelope).startswith(b"%PDF")


def test_every_list_and_gap_of_a_dossier_is_written():
    link = Part(
        {
            "link_id": "link-1",
            "claim_source": "OFAC SDN",
            "program": "IRAN",
            "probability": 0.93,
            "detail": "same IMO number",
        },
        OPEN,
    )
    page = FORMATS["html"](sealed(material(links=(link,)))).decode()
    assert "OFAC SDN" in page
    assert "93 %" in page
    assert "Nobody has approved this yet" in page


ANY_TEXT = st.text(st.characters(), max_size=80)


@given(ANY_TEXT, ANY_TEXT)
def test_any_text_makes_a_page_a_paper_and_a_map(name, note):
    vessel = {"mmsi": 1, "name": name, "callsign": None, "imo": None, "flag": None}
    files = dossier(sealed(material(vessel=Part(vessel, OPEN)), note))
    assert all(files.values())


def test_values_without_canonical_json_are_written_all_the_same():
    odd = observation(1, lat=float("nan"), lon=float("inf"))
    odd = replace(odd, body={**odd.body, "observation_id": 2**60, "source": "\ud800x"})
    row = sealed(material(observations=(odd,))).value["observations"][0]
    assert row["lat_deg"] is None
    assert row["lon_deg"] is None
    assert row["observation_id"] == str(2**60)
    assert row["source"] == "?x"


def test_what_is_withheld_is_said_without_saying_what():
    secret = Part({**ground("x").body, "detail": "the navy saw her"}, ("source:navy",))
    page = FORMATS["html"](sealed(material(grounds=(ground("met a ship"), secret)))).decode()
    assert "may not be shared with this recipient" in page
    assert "navy" not in page
    assert "worth acting on with" not in page


def test_one_place_is_a_dot():
    envelope = sealed(material(observations=(observation(1),)))
    assert FORMATS["pdf"](envelope).startswith(b"%PDF")
