"""Photographs and reports over HTTP: safe before they are stored, found again."""

import io

import pytest
from PIL import Image

from tests.observations.evidence.pictures import drawn_face, exif_of, jpeg, sea


@pytest.fixture(scope="module")
def path(api):
    items = api.get("/leads?state=all&limit=1000").json()["items"]
    lead = next(i for i in items if "community:fisheries" in i["markings"])
    return f"/leads/{lead['lead_id']}/evidence-files"


def post(api, path, data, media_type="image/jpeg", **query):
    return api.post(path, content=data, headers={"content-type": media_type}, params=query)


def test_a_photograph_is_taken_in_and_shown_without_its_face(api, console, path):
    before = len(console.entries("evidence_added"))
    data = jpeg(drawn_face(), exif=exif_of())
    answer = post(api, path, data, detail="from the pier")
    assert answer.status_code == 201, answer.text
    item = answer.json()
    assert {c["kind"] for c in item["claims"]} == {"time", "position"}
    assert "Jane" not in answer.text
    assert len(console.entries("evidence_added")) == before + 1
    picture = api.get(f"/evidence-files/{item['evidence_id']}/picture")
    assert picture.headers["content-type"] == "image/jpeg"
    kept = Image.open(io.BytesIO(picture.content))
    assert kept.size == (400, 400)
    assert picture.content != data
    again = post(api, path, data)
    assert (again.status_code, again.json()["reason"]) == (409, "known")
    listed = api.get(path).json()
    assert item["evidence_id"] in {i["evidence_id"] for i in listed["items"]}


def test_the_original_is_nowhere_in_the_workspace(api, console, path):
    data = jpeg(sea(3), exif=exif_of(), comment=b"keep me not 5f0e")
    assert post(api, path, data).status_code == 201
    for file in console.settings.workspace.rglob("*"):
        if file.is_file():
            assert b"keep me not 5f0e" not in file.read_bytes()


def test_a_report_becomes_claims(api, path):
    text = "On 2021-03-04 10:00 M/V OCEAN PRINCE (IMO 9074729) was at 12-34.5N 045-06.7E. J. Smith"
    item = post(api, path, text.encode(), "text/plain").json()
    assert [c["kind"] for c in item["claims"]] == ["time", "name", "imo", "position"]
    assert "Smith" not in str(item)
    assert api.get(f"/evidence-files/{item['evidence_id']}/picture").status_code == 404


@pytest.mark.parametrize(
    ("data", "media_type", "status"),
    [
        (b"not an image", "image/jpeg", 400),
        (b"<svg onload=alert(1)>", "image/svg+xml", 415),
        (b"\xff\xfe\x00", "text/plain", 400),
        (b"", "image/png", 400),
    ],
)
def test_what_is_no_evidence_is_refused(api, path, data, media_type, status):
    assert post(api, path, data, media_type).status_code == status


def test_a_wrong_box_is_refused(api, path):
    assert post(api, path, jpeg(sea(4)), blur="1,2;x").status_code == 400


def test_who_may_not_see_the_lead_sees_no_evidence(api, outside, path):
    item = post(api, path, jpeg(sea(5))).json()
    assert outside.get(path).status_code == 404
    assert outside.get(f"/evidence-files/{item['evidence_id']}/picture").status_code == 404
    assert post(outside, path, jpeg(sea(6))).status_code in (403, 404)
