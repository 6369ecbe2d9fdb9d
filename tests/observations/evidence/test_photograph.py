"""A photograph: time and place become claims, faces and everything else about persons go."""

import io
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from fairlead.observations.evidence.faces import blur, find_faces
from fairlead.observations.evidence.photograph import (
    _claims_read,
    differing_bits,
    picture_hash,
    take_in,
)
from fairlead.schema.errors import ConfigError, SourceError
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


@pytest.mark.parametrize("turn", range(10))
def test_every_orientation_is_kept_upright(turn):
    """As Pillow's own turning has it, which stumbles over damaged EXIF."""
    exif = exif_of()
    exif[0x0112] = turn
    data = jpeg(sea(size=(64, 48)), exif=exif)
    wanted = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    taken = take_in(data)
    assert (taken.width, taken.height) == wanted.size
    assert differing_bits(taken.likeness, picture_hash(wanted)) <= 2
    assert len(taken.claims) == 3


@pytest.mark.parametrize("year", ["0001", "1969", "2101", "9999"])
def test_a_year_that_no_camera_lived_in_is_no_claim(year):
    exif = exif_of(taken=f"{year}:01:01 00:00:00", offset="+14:00")
    exif.get_ifd(0x8825)[29] = f"{year}:12:31"
    assert [c.kind for c in take_in(jpeg(sea(), exif=exif)).claims] == ["position"]


def encoded(image, form, **more):
    out = io.BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


DEEP = np.arange(64 * 48, dtype=np.uint16).reshape(48, 64) * 21
UNUSUAL = {
    "16-bit png": encoded(Image.fromarray(DEEP), "PNG"),
    "32-bit tiff": encoded(Image.fromarray(DEEP.astype(np.int32)), "TIFF"),
    "float tiff": encoded(Image.fromarray(DEEP.astype(np.float32)), "TIFF"),
    "cmyk": encoded(sea().convert("CMYK"), "JPEG"),
    "alpha": encoded(sea().convert("RGBA"), "PNG"),
    "palette": encoded(sea().convert("P"), "PNG", transparency=3),
    "one bit": encoded(sea().convert("1"), "TIFF"),
    "lab": encoded(Image.new("LAB", (9, 9)), "TIFF"),
    "profile": jpeg(sea(), icc_profile=b"secret profile" * 99),
    "many pages": encoded(sea(), "TIFF", save_all=True, append_images=[drawn_face()]),
    "moving": encoded(sea(), "WEBP", save_all=True, append_images=[sea(2)]),
    "thin": encoded(Image.new("RGB", (1, 60_000)), "PNG"),
    "two in one": jpeg(sea()) + b"<script>secret</script>PK\x03\x04secret",
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_of_an_unusual_picture_the_first_frame_is_kept_and_nothing_else(name):
    kept = Image.open(io.BytesIO(take_in(UNUSUAL[name]).jpeg))
    assert (kept.format, kept.mode, getattr(kept, "n_frames", 1)) == ("JPEG", "RGB", 1)
    assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"secret" not in take_in(UNUSUAL[name]).jpeg


def test_what_is_under_a_clear_place_is_blurred_too():
    """Alpha hides a face from the eye, not from whoever drops the alpha."""
    face = drawn_face().convert("RGBA")
    face.putalpha(0)
    assert take_in(encoded(face, "PNG")).n_faces >= 1


@given(seed=st.integers(0, 2**32), ending=st.sampled_from(("JPEG", "PNG", "WEBP", "TIFF")))
@settings(deadline=None, max_examples=60)
def test_bytes_that_were_changed_are_an_image_or_a_refusal(seed, ending):
    exif = exif_of()
    exif[0x0112] = 6
    data = bytearray(encoded(sea(size=(64, 48)), ending, exif=exif))
    rng = np.random.default_rng(seed)
    for _ in range(rng.integers(1, 12)):
        data[rng.integers(0, min(len(data), 600))] = rng.choice([0, 1, 255, rng.integers(256)])
    try:
        assert take_in(bytes(data)).jpeg[:2] == b"\xff\xd8"
    except SourceError as error:
        assert error.help


class Damaged(Image.Exif):
    """Pillow over a directory with a tag missing, as one changed TIFF in ten thousand has it."""

    def get_ifd(self, tag):
        raise KeyError(262)


def test_damaged_exif_costs_its_claims_and_not_the_picture():
    assert _claims_read(Damaged()) == ((), ("damaged EXIF",))


def test_without_opencv_no_photograph_is_taken_in(monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ConfigError, match="OpenCV"):
        take_in(jpeg(sea()))
