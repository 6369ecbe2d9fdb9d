"""Call signs, destinations, names and shares of events: small rules, as tables of cases."""

import numpy as np
import pytest

from fairlead.events.callsign_series import said_states, states_of
from fairlead.events.destination_mismatch import place_of
from fairlead.events.event import event_rows
from fairlead.events.identity_change import letters_apart, quoted
from fairlead.events.involvement import NOTHING, Involvement
from fairlead.events.speed_change import SpeedChange
from fairlead.geo.major_ports import major_ports
from fairlead.geo.places import places_from
from fairlead.schema.step import Batch
from fairlead.schema.tables import EVENTS, VESSEL_EVENTS
from tests.events.flow import ALL, run, statics

PLACES = places_from(
    [
        ("Halifax", 44.65, -63.57, "CAN", "CAHAL"),
        ("Victoria", 48.4, -123.4, "CAN", "CAVIC"),
        ("Victoria", -4.6, 55.5, "SYC", "SCVIC"),
        ("Le Havre", 49.5, 0.1, "FRA", "FRLEH"),
    ]
)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("HALIFAX", 0),
        ("CAHAL", 0),
        ("CA HAL", 0),
        ("FRLEH>CAHAL", 0),
        ("HALIFAX TO LE HAVRE", 3),
        ("LE-HAVRE", 3),
        ("HALIFAX, NS", 0),
        ("VICTORIA", -1),
        ("SC VIC", 2),
        ("FOR ORDERS", -1),
        ("", -1),
        ("@@@@", -1),
    ],
)
def test_a_destination_is_resolved_or_not(text, place):
    assert place_of(PLACES, text) == place


def test_large_ports_resolve_by_name_and_code():
    ports = major_ports()
    assert len(ports) > 100
    assert ports.names[place_of(ports, "NL RTM")] == "Rotterdam"
    assert ports.names[place_of(ports, "cape town")] == "Cape Town"


@pytest.mark.parametrize(
    ("callsign", "said"),
    [
        ("3FAB7", "PA"),
        ("MABC1", "GB and its territories"),
        ("BABC", "CN and its territories or TW"),
    ],
)
def test_the_states_of_a_series_are_said_in_a_few_words(callsign, said):
    assert said_states(states_of(callsign)) == said


@pytest.mark.parametrize(
    ("callsign", "state", "holds"),
    [
        ("WDF7854", "US", True),
        ("3FAB7", "PA", True),
        ("3EAB", "PA", True),
        ("ELAB2", "LR", True),
        ("A8AB2", "LR", True),
        ("VRAB2", "HK", True),
        ("PDAB", "NL", True),
        ("PDAB", "DE", False),
        ("ZCAB2", "KY", True),
        ("QQQQ", "US", False),
    ],
)
def test_call_signs_belong_to_states(callsign, state, holds):
    assert (state in states_of(callsign)) is holds


@pytest.mark.parametrize(
    ("left", "right", "n"),
    [("", "", 0), ("ALPHA", "ALPHB", 1), ("ALPHA", "ALPA", 1), ("A", "BCD", 3)],
)
def test_letters_apart(left, right, n):
    assert letters_apart(left, right) == letters_apart(right, left) == n


def test_hostile_text_is_shown_harmless():
    assert quoted('A"\x1b[31m\nB' + "x" * 99) == '"A' + "'[31mB" + "x" * 33 + '"'


def test_each_vessel_gets_the_event_with_its_partner():
    rows = event_rows(
        SpeedChange(),
        time_us=[5, 6],
        start_us=[1, 2],
        mmsi=[100, 300],
        start_observation_id=[7, 8],
        confidence=[0.5, 0.5],
        detail=["Two.", "One."],
        measures=[{}, {}],
        evidence=[[7], [8]],
        track_id=[11, 13],
        other_mmsi=[200, None],
        other_track_id=[12, None],
    )
    carried, out = Involvement().step(NOTHING.empty(), Batch({EVENTS: rows}), ALL)
    assert carried.num_rows == 0
    told = out[VESSEL_EVENTS].select(
        ["mmsi", "track_id", "partner_mmsi", "partner_track_id", "detail"]
    )
    assert [tuple(r.values()) for r in told.to_pylist()] == [
        (100, 11, 200, 12, "Two."),
        (200, 12, 100, 11, "Two."),
        (300, 13, None, None, "One."),
    ]


def test_names_that_differ_in_padding_and_case_are_one():
    from fairlead.events.identity_change import IdentityChange
    from fairlead.schema.tables import STATICS

    said = ["SEA STAR"] * 5 + ["sea star @@"] * 5 + ["SEASTAR"] * 20
    rows = statics(
        [
            {"mmsi": 211000001, "time_us": i * 360_000_000, "name": name}
            for i, name in enumerate(said)
        ]
    )
    events, _ = run(IdentityChange(), {STATICS: rows})
    assert events.num_rows == 0


def test_call_sign_series_of_states_do_not_overlap_wrongly():
    shared = {p for p in ("C4", "P3", "5B") if states_of(p + "AB") != {"CY"}}
    assert not shared
    assert np.all([len(states_of(p)) for p in ("DA", "FA", "GA", "IA", "JA", "KA", "RA", "WA")])
