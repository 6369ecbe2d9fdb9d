"""What an MMSI says by its form, and the IMO check digit."""

import json

import numpy as np
import pytest

from fairlead.observations.mids import MIDS
from fairlead.observations.mmsi import (
    FLAGS,
    are_nobodys,
    flag_codes,
    imo_check_digits_hold,
    station_classes,
)
from fairlead.schema.tables import STATION_CLASSES
from tests.data import shared_data

FORMS = [
    (219_001_234, "ship", "DK"),
    (775_999_999, "ship", "VE"),
    (200_123_456, "ship", None),
    (21_912_345, "group", "DK"),
    (2_191_234, "coast_station", "DK"),
    (111_219_501, "sar_aircraft", "DK"),
    (111_119_501, "invalid", None),
    (992_191_234, "aid_to_navigation", "DK"),
    (999_191_234, "invalid", None),
    (982_191_234, "auxiliary_craft", "DK"),
    (970_112_345, "sart", None),
    (972_112_345, "man_overboard", None),
    (974_112_345, "epirb", None),
    (971_112_345, "invalid", None),
    (821_912_345, "handheld", "DK"),
    (801_912_345, "invalid", None),
    (112_345, "invalid", None),
    (0, "invalid", None),
    (-5, "invalid", None),
    (1_073_741_823, "invalid", None),
]


@pytest.mark.parametrize(("mmsi", "station_class", "flag"), FORMS)
def test_the_form_tells_class_and_flag(mmsi: int, station_class: str, flag: str | None) -> None:
    classes = station_classes(np.array([mmsi], np.int32))
    place = flag_codes(np.array([mmsi], np.int32), classes)[0]
    assert STATION_CLASSES[classes[0]] == station_class
    assert (FLAGS[place] if place >= 0 else None) == flag


def test_nobodys_numbers_are_known() -> None:
    nobodys = [0, 1, -1, 111_111_111, 123_456_789, 1_193_046, 999_999_999, 1_000_000_000]
    assert are_nobodys(np.array(nobodys)).all()
    assert not are_nobodys(np.array([219_001_234, 416_000_000, 2_191_234, 970_112_345])).any()


@pytest.mark.parametrize(
    ("imo", "holds"), [(9_074_729, True), (9_074_728, False), (0, False), (74_729, False)]
)
def test_the_check_digit_of_an_imo_number(imo: int, holds: bool) -> None:
    assert imo_check_digits_hold(np.array([imo], np.int32))[0] == holds


@pytest.mark.parametrize("place", [10, 100, 1_000, 10_000])
def test_one_wrong_digit_is_caught(place: int) -> None:
    assert not imo_check_digits_hold(np.array([9_074_729 + place]))[0]


def test_country_digits_agree_with_another_table() -> None:
    other = json.loads(shared_data("reference/mids.json").read_text())
    assert {mid: MIDS[int(mid)] for mid in other} == {mid: e[0] for mid, e in other.items()}
    assert set(MIDS) - {int(mid) for mid in other} == {471, 550}
