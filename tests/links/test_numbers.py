"""Numbers, call signs, countries and kinds of ships as lists write them."""

import pytest

from fairlead.links.countries import country_code, country_name
from fairlead.links.ship_types import group_of_code, groups_of_text
from fairlead.links.vessel_numbers import checked_imo, plain_callsign, ship_mmsi


@pytest.mark.parametrize(
    ("text", "imo"),
    [
        ("9187629", 9187629),
        ("IMO 9187629", 9187629),
        ("8692299.0", 8692299),
        (" 9187629 ", 9187629),
        (9187629, 9187629),
        ("9187620", None),
        ("918762", None),
        ("0000000", None),
        ("nan", None),
        ("9187629.5", None),
    ],
)
def test_imo_numbers_are_checked(text, imo):
    assert checked_imo(text) == imo


@pytest.mark.parametrize(
    ("text", "mmsi"),
    [("417000878.0", 417000878), ("MMSI 572469210", 572469210), ("111222333", None), ("12", None)],
)
def test_mmsi_of_ships(text, mmsi):
    assert ship_mmsi(text) == mmsi


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("CPA 226", "CPA226"),
        ("DUM-4015", "DUM4015"),
        ("0", ""),
        ("AAAA", ""),
        ("1234", ""),
        ("", ""),
    ],
)
def test_call_signs(text, plain):
    assert plain_callsign(text) == plain


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Democratic People's Republic of Korea", "KP"),
        ("Democratic People’s Republic of Korea", "KP"),
        ("South Korea", "KR"),
        ("St. Kitts & Nevis", "KN"),
        ("St Kitts and Nevis", "KN"),
        ("The Gambia", "GM"),
        ("Viet Nam", "VN"),
        ("ru", "RU"),
        ("RUS", "RU"),
        ("Sao Tome and Principe", "ST"),
        ("Türkiye", "TR"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_countries(text, code):
    assert country_code(text) == code


def test_names_of_countries():
    assert country_name("KP") == "North Korea"
    assert country_name("XX") == "XX"


@pytest.mark.parametrize(
    ("text", "groups"),
    [
        ("Crude/Oil Products Tanker", {"tanker"}),
        ("Reefer", {"cargo", "fishing"}),
        ("Fishing Vessel, Stern Trawler", {"fishing"}),
        ("Offshore Tug/Supply Ship", {"tug"}),
        ("Vessel", set()),
    ],
)
def test_kinds_in_words(text, groups):
    assert groups_of_text(text) == groups


@pytest.mark.parametrize(
    ("code", "group"), [(30, "fishing"), (52, "tug"), (84, "tanker"), (70, "cargo"), (0, "")]
)
def test_kinds_in_codes(code, group):
    assert group_of_code(code) == group
