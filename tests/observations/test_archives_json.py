"""JSON lines of AIS-catcher, gpsd, aisstream and others."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.schema.tables import POSITION_MESSAGES, REJECTS, STATIC_MESSAGES
from tests.observations.test_archives import (
    DAY_US,
    RECEIVED_US,
    close,
    decode,
    positions,
    reasons,
    statics,
)


def lines(*records) -> bytes:
    return b"".join(
        (r if isinstance(r, bytes) else json.dumps(r).encode()) + b"\n" for r in records
    )


CATCHER = {
    "class": "AIS", "device": "AIS-catcher", "rxtime": "20240101000010", "scaled": True,
    "channel": "B", "nmea": ["!AIVDM,1,1,,B,33L=LN051HQj3HhRJd7q1W=`0000,0*03"],
    "signalpower": -44.0, "ppm": 0.0, "type": 3, "repeat": 0, "mmsi": 230907000, "status": 0,
    "status_text": "Under way using engine", "turn": 18, "speed": 8.8, "accuracy": True,
    "lon": 24.915239, "lat": 60.148106, "course": 231.0, "heading": 230, "second": 52,
}  # fmt: skip
CATCHER_STATIC = {
    "class": "AIS", "rxuxtime": 1704067200.5, "type": 5, "mmsi": 230907000, "imo": 8719188,
    "callsign": "OIZS", "shipname": "VIKING CINDERELLA", "shiptype": 60,
    "shiptype_text": "Passenger", "to_bow": 23, "to_stern": 166, "to_port": 17, "to_starboard": 12,
    "draught": 6.7, "destination": "FIHEL", "eta": "10-03T07:10Z",
}  # fmt: skip
STREAM = {
    "MessageType": "PositionReport",
    "MetaData": {
        "MMSI": 259000420, "ShipName": "AUGUSTSON", "latitude": 66.02, "longitude": 12.25,
        "time_utc": "2024-01-01 00:00:32.318353 +0000 UTC",
    },
    "Message": {
        "PositionReport": {
            "Cog": 308.2, "CommunicationState": 81982, "Latitude": 66.02695, "Longitude": 12.253821,
            "MessageID": 1, "NavigationalStatus": 15, "PositionAccuracy": True, "Raim": False,
            "RateOfTurn": 4, "RepeatIndicator": 0, "Sog": 0.5, "Spare": 0,
            "SpecialManoeuvreIndicator": 0, "Timestamp": 31, "TrueHeading": 235,
            "UserID": 259000420, "Valid": True,
        }
    },
}  # fmt: skip
STREAM_STATIC = {
    "MessageType": "ShipStaticData",
    "MetaData": {"MMSI": 230713000, "time_utc": "2024-01-01 00:00:00 +0000 UTC"},
    "Message": {
        "ShipStaticData": {
            "CallSign": "OIZS   ", "Destination": "FIHEL<>FIMHQ", "MessageID": 5,
            "Dimension": {"A": 23, "B": 166, "C": 17, "D": 12},
            "Eta": {"Day": 3, "Hour": 7, "Minute": 10, "Month": 10}, "ImoNumber": 8719188,
            "MaximumStaticDraught": 6.7, "Name": "VIKING CINDERELLA   ", "Type": 60,
            "UserID": 230713000, "Valid": True,
        }
    },
}  # fmt: skip
STREAM_PART_B = {
    "MessageType": "StaticDataReport",
    "MetaData": {"MMSI": 230944060, "time_utc": "2024-01-01 00:00:00 +0000 UTC"},
    "Message": {
        "StaticDataReport": {
            "MessageID": 24, "ReportA": {"Name": "", "Valid": False},
            "ReportB": {"CallSign": "OJ1234", "Dimension": {"A": 5, "B": 6, "C": 1, "D": 2},
                        "ShipType": 37, "Valid": True},
        }
    },
}  # fmt: skip
VOYAGE = {
    "imo": 8719188, "callsign": "OIZS", "name": "VIKING CINDERELLA", "ship_type": 60,
    "to_bow_m": 23, "to_stern_m": 166, "to_port_m": 17, "to_starboard_m": 12,
    "draught_m": 6.7, "eta": "10-03T07:10", "msg_type": 5,
}  # fmt: skip


def test_positions_of_ais_catcher():
    rows = decode(lines(CATCHER), "jsonl")
    assert positions(rows) == [
        close(
            {
                "time_us": DAY_US + 10_000_000, "mmsi": 230907000, "second": 52, "msg_type": 3,
                "lat_deg": 60.148106, "lon_deg": 24.915239, "speed_kn": 8.8, "course_deg": 231.0,
                "heading_deg": 230.0, "turn_rate_deg_min": 18.0, "nav_status": 0, "accuracy": True,
            }
        )
    ]  # fmt: skip
    (row,) = rows[POSITION_MESSAGES].to_pylist()
    assert (row["received_us"], row["time_basis"]) == (row["time_us"], 0)
    assert statics(rows) == []


def test_ship_data_of_ais_catcher():
    rows = decode(lines(CATCHER_STATIC), "jsonl")
    assert positions(rows) == []
    expected = {"time_us": DAY_US + 500_000, "mmsi": 230907000, "destination": "FIHEL", **VOYAGE}
    assert statics(rows) == [close(expected)]


def test_messages_of_aisstream():
    rows = decode(lines(STREAM, STREAM_STATIC, STREAM_PART_B), "jsonl")
    assert positions(rows) == [
        close(
            {
                "time_us": DAY_US + 32_318_353, "mmsi": 259000420, "second": 31, "msg_type": 1,
                "lat_deg": 66.02695, "lon_deg": 12.253821, "speed_kn": 0.5, "course_deg": 308.2,
                "heading_deg": 235.0, "turn_rate_deg_min": (4 / 4.733) ** 2, "nav_status": 15,
                "accuracy": True,
            }
        )
    ]  # fmt: skip
    first, second = statics(rows)
    expected = {"time_us": DAY_US, "mmsi": 230713000, "destination": "FIHEL<>FIMHQ", **VOYAGE}
    assert first == close(expected)
    assert second == {
        "time_us": DAY_US, "mmsi": 230944060, "msg_type": 24, "callsign": "OJ1234", "ship_type": 37,
        "to_bow_m": 5, "to_stern_m": 6, "to_port_m": 1, "to_starboard_m": 2,
    }  # fmt: skip


NOT_AVAILABLE = {
    "lat": 60.0, "lon": 25.0, "speed": 102.3, "course": 360.0, "heading": 511, "turn": -128,
    "second": 60, "status": 16,
}  # fmt: skip


def test_values_that_mean_not_available_are_null():
    rows = decode(lines({**CATCHER, **NOT_AVAILABLE}), "jsonl")
    assert set(positions(rows)[0]) == {
        "time_us", "mmsi", "msg_type", "lat_deg", "lon_deg", "accuracy"
    }  # fmt: skip
    rows = decode(lines({**CATCHER, "turn": "nan", "lat": 91, "lon": 181}), "jsonl")
    assert (positions(rows), reasons(rows)) == ([], ["missing_position"])


BARE = {
    "class": "AIS", "device": "AIS-catcher", "version": 68, "driver": 1, "hardware": "RTL2838",
    "channel": "B", "repeat": 0, "rxuxtime": 1704067210.25, "rxtime": "20240101000010",
    "signalpower": -44.0, "ppm": 0, "mmsi": 230907000, "type": 3,
    "nmea": ["!AIVDM,1,1,,B,33L=LN051HQj3HhRJd7q1W=`0000,0*03"],
}  # fmt: skip
BARE_STATIC = {
    "class": "AIS", "device": "AIS-catcher", "channel": "A", "rxuxtime": 1704067201, "mmsi": 0,
    "nmea": [
        "!AIVDM,2,1,3,A,55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8,0*1E",
        "!AIVDM,2,2,3,A,88888888880,2*27",
    ],
}  # fmt: skip


def test_sentences_of_ais_catcher_are_decoded():
    """`-o 3` and NMEA over JSON: both parts of a message stand in one record."""
    rows = decode(lines(STREAM, BARE, BARE_STATIC, BARE), "jsonl", offset=1000, line=7)
    assert [p["mmsi"] for p in positions(rows)] == [259000420, 230907000, 230907000]
    assert reasons(rows) == []
    _, row, again = rows[POSITION_MESSAGES].to_pylist()
    (full,) = decode(lines(CATCHER), "jsonl")[POSITION_MESSAGES].to_pylist()
    for name in ("lat_deg", "lon_deg", "speed_kn", "course_deg", "heading_deg", "nav_status"):
        assert row[name] == pytest.approx(full[name]), name
    assert (row["line"], again["line"]) == (8, 10)
    assert row["raw_offset"] == 1000 + len(lines(STREAM))
    assert (row["time_us"], row["received_us"]) == (DAY_US + 10_250_000, DAY_US + 10_250_000)
    (static,) = rows[STATIC_MESSAGES].to_pylist()
    assert (static["mmsi"], static["line"]) == (351759000, 9)
    assert static["name"] == "EVER DIADEM"
    assert static["time_us"] == DAY_US + 1_000_000


def test_an_upstream_time_goes_before_the_time_of_receipt():
    (row,) = decode(lines({**BARE, "toa": 1704067205.5}), "jsonl")[POSITION_MESSAGES].to_pylist()
    assert row["time_us"] == DAY_US + 5_500_000


def test_what_is_said_of_others_is_not_taken_for_the_sender():
    """Weather, berths and channel areas have keys of the same names as a position or ship data."""
    weather = {**CATCHER, "type": 8, "dac": 1, "fid": 31}
    group = {**CATCHER_STATIC, "type": 23, "lat": 1.0, "lon": 2.0}
    rows = decode(lines(CATCHER, weather, group), "jsonl")
    assert (len(positions(rows)), statics(rows)) == (1, [])
    assert reasons(rows) == ["other_message_type"] * 2


def test_aids_and_aircraft_keep_their_name_and_their_speed():
    aid = {**CATCHER, "type": 21, "mmsi": 992351000, "name": "OUTER BUOY", "speed": None}
    aircraft = {**CATCHER, "type": 9, "mmsi": 111232001, "speed": 140}
    rows = decode(lines(aid, aircraft), "jsonl")
    assert [p.get("speed_kn") for p in positions(rows)] == [None, 140.0]
    assert [s["name"] for s in statics(rows)] == ["OUTER BUOY"]
    body = {
        "MessageID": 21, "UserID": 992351000, "Valid": True, "Name": "A BUOY WITH A LONG N",
        "NameExtension": "AME", "Latitude": 50.0, "Longitude": 1.0, "Type": 30,
    }  # fmt: skip
    meta = {"MMSI": 992351000, "time_utc": "2024-01-01 00:00:00 +0000 UTC"}
    kind = "AidsToNavigationReport"
    record = {"MessageType": kind, "MetaData": meta, "Message": {kind: body}}
    (static,) = statics(decode(lines(record), "jsonl"))
    assert static["name"] == "A BUOY WITH A LONG NAME"
    broken = {**record, "Message": {kind: {**body, "Valid": False}}}
    assert reasons(decode(lines(record, broken), "jsonl")) == ["invalid_message"]


def test_a_record_without_a_time_is_of_its_receipt():
    gpsd = {k: v for k, v in CATCHER.items() if k != "rxtime"}
    assert positions(decode(lines(gpsd), "jsonl"))[0]["time_us"] == RECEIVED_US


def test_both_kinds_may_mix():
    rows = decode(lines(STREAM, CATCHER), "jsonl")
    assert [p["mmsi"] for p in positions(rows)] == [259000420, 230907000]


BAD = [
    (b"garbage", "bad_json"),
    (b'{"class":"AIS"', "bad_json"),
    (b'"a text"', "bad_json"),
    (b"[1,2]", "bad_json"),
    (b"\xff\xfe\x00", "bad_json"),
    (b'{"class":"TPV","lat":1}', "unknown_json"),
    (b'{"class":"AIS","mmsi":"many","lat":1,"lon":1}', "bad_mmsi"),
    (b'{"class":"AIS","mmsi":230907000,"rxtime":"noon","lat":1,"lon":1}', "bad_time"),
    (b'{"class":"AIS","mmsi":230907000,"type":8}', "other_message_type"),
    (b'{"class":"AIS","mmsi":230907000,"type":1}', "missing_position"),
    (b'{"class":"AIS","nmea":["!AIVDM,1,1,,B,33L=LN051HQj3HhRJd7q1W=`0000,0*04"]}', "bad_checksum"),
    (b'{"class":"AIS","nmea":["hello"]}', "not_nmea"),
    (b'{"class":"AIS","nmea":[{"a":1}]}', "bad_json"),
    (b'{"error":"Api Key Is Not Valid"}', "unknown_json"),
    (
        b'{"MessageType":"SafetyBroadcastMessage","MetaData":{"MMSI":1},"Message":{}}',
        "other_message_type",
    ),
    (b'{"MessageType":"PositionReport","MetaData":{"MMSI":230907000},"Message":5}', None),
]


@pytest.mark.parametrize(("bad", "reason"), BAD)
def test_bad_lines_are_rejects_and_their_neighbours_survive(bad, reason):
    rows = decode(lines(CATCHER, bad, STREAM), "jsonl")
    assert [p["mmsi"] for p in positions(rows)] == [230907000, 259000420]
    assert len(reasons(rows)) == 1
    assert reason is None or reasons(rows) == [reason]
    (reject,) = rows[REJECTS].to_pylist()
    assert (reject["line"], reject["bytes"]) == (2, bad)
    assert reject["raw_offset"] == len(lines(CATCHER))


def test_flat_objects_of_others_are_read_by_name_or_mapping():
    record = {"mmsi": 219000001, "timestamp": "2024-01-01T00:00:00Z", "lat": 55.5, "lon": 12.5}
    assert [p["mmsi"] for p in positions(decode(lines(record), "jsonl"))] == [219000001]
    other = {"boat": "219000001", "at": 1704067200, "y": 55.5, "x": 12.5, "more": {"a": 1}}
    mapping = '[columns]\ntime="at"\nmmsi="boat"\nlat="y"\nlon="x"\n'
    rows = decode(lines(other, b"no"), "jsonl", mapping=mapping)
    assert [p["time_us"] for p in positions(rows)] == [DAY_US]
    assert reasons(rows) == ["bad_json"]
    assert reasons(decode(lines(other), "jsonl")) == ["unknown_columns"]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["PositionReport", "MMSI", "Latitude", "A", "x"]), inner)
    ),
    max_leaves=6,
)
OBJECTS = st.dictionaries(
    st.sampled_from([*CATCHER, "toa", "MessageType", "MetaData", "Message", "eta", "imo"]), VALUES
)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        OBJECTS.map(lambda o: json.dumps(o).encode())
        | st.binary(max_size=40).map(lambda b: b.replace(b"\n", b"")),
        max_size=6,
    )
)
def test_any_lines_are_rows_or_rejects(records):
    rows = decode(lines(CATCHER, *records), "jsonl")
    seen = {line for table in rows for line in rows[table]["line"].to_pylist()}
    blank = {k + 2 for k, r in enumerate(records) if r.rstrip(b"\r") == b""}
    assert seen | blank == set(range(1, len(records) + 2))
    assert rows[STATIC_MESSAGES].num_rows <= len(records)
