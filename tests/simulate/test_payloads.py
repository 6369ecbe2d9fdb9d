"""The encoder against pyais: what was packed is what is read."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyais import decode

from fairlead.simulate.fleet import Identity, identity_tables
from fairlead.simulate.payloads import BITS, FORMS, MOTION, armoured, fill_bits, sixbit
from fairlead.simulate.sentences import write_lines

SHIP = Identity(
    mmsi=232123456,
    name="VELTAVA STAR",
    callsign="MABC2",
    imo=5000017,
    ship_type=80,
    size_m=(190, 52, 18, 22),
    draught_m=14.9,
    destination="ROTTERDAM",
    eta=(10, 17, 4, 30),
    aid_type=14,
)
SIZES = {"1": 168, "2": 168, "3": 168, "4": 168, "5": 424, "9": 168, "18": 168, "19": 312}
SIZES |= {"21": 272, "24a": 160, "24b": 168, "27": 96}


def sentences(form: str, **said: int) -> list[bytes]:
    """The NMEA sentences of one message, without TAG blocks."""
    forms = np.array([FORMS.index(form)])
    motion = np.zeros((1, len(MOTION)), np.int64)
    for name, value in said.items():
        motion[0, MOTION.index(name)] = value
    static, texts = identity_tables([SHIP])
    payloads, lengths = armoured(forms, motion, np.zeros(1, np.int64), static, texts)
    parts = 2 if form == "5" else 1
    lines = {
        "message": np.zeros(parts, np.int64),
        "part": np.arange(1, parts + 1),
        "parts": np.full(parts, parts),
    }
    lines |= {
        name: np.zeros(parts, np.int64)
        for name in ("sequence", "channel", "station", "epoch_s", "fault", "salt")
    }
    grouped = np.zeros(1, bool)
    block = write_lines(payloads, lengths, fill_bits(forms), lines, ["here"], grouped)
    return [line[line.index(b"!") :] for line in block.tobytes().splitlines()]


def test_layouts_have_the_sizes_of_the_standard():
    assert {form: int(bits) for form, bits in zip(FORMS, BITS, strict=True)} == SIZES


@settings(max_examples=60, deadline=None)
@given(
    form=st.sampled_from(["1", "2", "3", "9", "18", "19", "21"]),
    lat=st.integers(-90 * 600_000, 90 * 600_000),
    lon=st.integers(-180 * 600_000, 180 * 600_000),
    sog=st.integers(0, 1022),
    cog=st.integers(0, 3599),
    second=st.integers(0, 59),
)
def test_positions_come_back(form, lat, lon, sog, cog, second):
    read = decode(*sentences(form, lat=lat, lon=lon, sog=sog, cog=cog, second=second))
    assert read.msg_type == int(form)
    assert read.mmsi == SHIP.mmsi
    assert read.lat == pytest.approx(lat / 600_000, abs=1e-6)
    assert read.lon == pytest.approx(lon / 600_000, abs=1e-6)
    assert read.second == second
    if form != "21":
        assert read.course == pytest.approx(cog / 10)
        assert read.speed == pytest.approx(sog if form == "9" else sog / 10)


def test_status_heading_and_turn_come_back():
    read = decode(*sentences("1", nav_status=7, heading=359, turn=-126, accuracy=1, radio=16383))
    assert (read.status, read.heading, read.accuracy, read.radio) == (7, 359, 1, 16383)
    assert read.turn == pytest.approx(-708.7, abs=0.5)


def test_voyage_data_come_back_in_two_parts():
    parts = sentences("5")
    read = decode(*parts)
    assert len(parts) == 2
    assert (read.imo, read.callsign, read.shipname) == (SHIP.imo, SHIP.callsign, SHIP.name)
    assert (read.to_bow, read.to_stern, read.to_port, read.to_starboard) == SHIP.size_m
    assert (read.draught, read.destination, read.ship_type) == (14.9, "ROTTERDAM", 80)
    assert (read.month, read.day, read.hour, read.minute) == SHIP.eta


def test_class_b_static_parts_come_back():
    name, call = decode(*sentences("24a")), decode(*sentences("24b"))
    assert (name.partno, name.shipname) == (0, SHIP.name)
    assert (call.partno, call.callsign, call.ship_type, call.to_bow) == (1, "MABC2", 80, 190)


def test_base_station_tells_the_time():
    read = decode(*sentences("4", year=2025, month=10, day=14, hour=23, minute=59, second=58))
    told = read.year, read.month, read.day, read.hour, read.minute, read.second
    assert told == (2025, 10, 14, 23, 59, 58)


def test_long_range_places_are_in_tenths_of_a_minute():
    read = decode(*sentences("27", lat=49 * 600 + 5, lon=-7 * 600 - 3, sog=12, cog=181))
    assert read.lat == pytest.approx(49 + 5 / 600, abs=1e-6)
    assert read.lon == pytest.approx(-7 - 3 / 600, abs=1e-6)
    assert (read.speed, read.course) == (12, 181)


def test_sentences_fit_the_standard_length():
    for form in FORMS:
        assert all(len(line) + 2 <= 82 for line in sentences(form))


def test_letters_outside_the_alphabet_become_spaces():
    assert sixbit("a~b", 4).tolist() == [1, 32, 2, 0]
