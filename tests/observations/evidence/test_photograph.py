"""A photograph: time and place become claims, faces and everything else about persons go."""

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from fairlead.observations.evidence.faces import blur, find_faces
from fairlead.observations.evidence.photograph import differing_bits, picture_hash, take_in
from fairlead.schema.errors import SourceError
from tests.data import shared_data
from tests.observations.evidence.pictures import FACE, drawn_face, exif_of, jpeg, sea


def claims_of(data):
    return {(c.kind, c.basis): c for c in take_in(data).claims}


def test_a_face_is_gone_from_what_is_kept():
    taken = take_in(jpeg(drawn_face()))
    assert taken.n_faces >= 1
    kept = np.asarray(Image.open(io.BytesIO(taken.jpeg)))
    assert find_faces(kept) == []
    x, y, w, h = FACE
    eyes = kept[y + h // 3 : y + h // 2, x : x + w].reshape(-1, 3)
    assert eyes.std(axis=0).max() < np.asarray(drawn_face())[160:190, 150:250].std()


def test_what_is_kept_has_no_metadata():
    data = jpeg(sea(), exif=exif_of(), comment=b"a secret")
    taken = take_in(data)
    kept = Image.open(io.BytesIO(taken.jpeg))
    assert dict(kept.getexif()) == {}
    assert "comment" not in kept.info
    for secret in (b"Jane", b"ACME", b"secret", b"Exif"):
        assert secret not in taken.jpeg
    assert {"Artist", "Make", "CameraOwnerName"} <= set(taken.dropped)
    assert not any("Jane" in str(c) for c in taken.claims)


def test_time_and_place_are_claims_with_their_basis():
    found = claims_of(jpeg(sea(), exif=exif_of()))
    place = found["position", "GPS receiver"]
    assert (place.lat_deg, place.lon_deg) == pytest.approx((-33.86, -18.5))
    assert found["time", "GPS receiver"].value == "2023-05-01T10:30:01.500000Z"
    assert found["time", "camera clock, +02:00"].value == "2023-05-01T10:30:00Z"


def test_a_camera_without_a_zone_says_so():
    found = claims_of(jpeg(sea(), exif=exif_of(offset="", gps=False)))
    assert list(found) == [("time", "camera clock, zone unknown, taken as UTC")]


@pytest.mark.parametrize(
    ("taken", "offset"),
    [("yesterday", ""), ("0000:00:00 00:00:00", ""), ("2023:13:01 00:00:00", "+99:00")],
)
def test_a_wrong_clock_is_no_claim(taken, offset):
    assert claims_of(jpeg(sea(), exif=exif_of(taken, offset, gps=False))) == {}


@pytest.mark.parametrize(
    "data",
    [b"", b"GIF89a", b"\xff\xd8\xff", jpeg(sea())[:2000], b"<svg/>", b"%PDF-1.4", b"\0" * 1000],
)
def test_what_is_no_whole_image_is_refused(data):
    with pytest.raises(SourceError):
        take_in(data)


def test_an_image_of_too_many_pixels_is_refused_unread():
    out = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(out, "PNG")
    with pytest.raises(SourceError, match="too many"):
        take_in(out.getvalue())


def test_too_many_bytes_are_refused():
    with pytest.raises(SourceError, match="make it smaller|at most"):
        take_in(b"\0" * (20 << 20 | 1))


def test_a_large_photograph_is_kept_smaller():
    taken = take_in(jpeg(sea(size=(3000, 1200))))
    assert (taken.width, taken.height) == (2560, 1024)


def test_the_same_scene_is_found_again_and_another_is_not():
    here = picture_hash(sea(1))
    again = Image.open(io.BytesIO(jpeg(sea(1).resize((200, 125)))))
    assert differing_bits(here, picture_hash(again)) <= 6
    assert differing_bits(here, picture_hash(drawn_face())) > 15


def test_a_place_can_be_blurred_by_hand():
    taken = take_in(jpeg(sea()), [(60, 80, 120, 40)])
    kept = np.asarray(Image.open(io.BytesIO(taken.jpeg))).astype(int)
    assert abs(kept[100, 100] - kept[100, 101]).max() <= 6


boxes = st.tuples(*[st.integers(-50, 250)] * 2, *[st.integers(1, 300)] * 2)


@settings(max_examples=25)
@given(st.lists(boxes, max_size=3))
def test_blurring_changes_boxes_and_leaves_the_rest(places):
    before = np.asarray(sea(size=(160, 100)))
    after = blur(before, places)
    assert after.shape == before.shape
    far = np.ones(before.shape[:2], bool)
    for x, y, w, h in places:
        rows = slice(max(0, y - round(h * 0.35)), max(0, y + h + round(h * 0.35)))
        columns = slice(max(0, x - round(w * 0.35)), max(0, x + w + round(w * 0.35)))
        far[rows, columns] = False
        part = after[rows, columns].reshape(-1, 3)
        if len(part):
            assert len(np.unique(part, axis=0)) <= 16 * 4 ** (len(places) - 1) * 4
    assert (after[far] == before[far]).all()


def test_real_photographs_say_where_they_were_taken():
    for path in sorted(shared_data("photos").glob("*.jpg")):
        taken = take_in(path.read_bytes())
        (place,) = [c for c in taken.claims if c.kind == "position"]
        assert 43 < place.lat_deg < 44
        assert 11 < place.lon_deg < 12
        assert b"NIKON" not in taken.jpeg
