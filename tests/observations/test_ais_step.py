"""The step's rows, and the time of streams that carry none."""

import pytest

from fairlead.observations.ais import DecodeNmea, decode_block
from fairlead.schema.tables import POSITION_MESSAGES, STATIC_MESSAGES, TIME_BASES
from tests.observations.test_ais_framing import PARTS, POSITION, part, summed
from tests.observations.test_ais_laws import raw_rows, run_step

CLOCK = summed(b"!AIVDM,1,1,,A,403OthQv0EGM<oV9DFC5hdg020S:,0")
CLOCK_US = 1452468552_000_000
UNTIL = 10**15


def rows_of(content: bytes, table=POSITION_MESSAGES, *, source: str = "log", **settings) -> list:
    raw = raw_rows([content], [5_000_000], source)
    return run_step(DecodeNmea(**settings), raw, [], UNTIL)[table.name]


def test_a_position_row():
    (row,) = rows_of(POSITION + b"\n", source="tcp://station")
    assert row == {
        "time_us": 5_000_000,
        "mmsi": 227006760,
        "received_us": 5_000_000,
        "time_basis": TIME_BASES.index("received"),
        "second": 14,
        "msg_type": 1,
        "station": None,
        "payload_hash": row["payload_hash"],
        "lat_deg": 29685346 / 600_000,
        "lon_deg": 78828 / 600_000,
        "speed_kn": 0.0,
        "course_deg": pytest.approx(36.7),
        "heading_deg": None,
        "turn_rate_deg_min": None,
        "nav_status": 0,
        "accuracy": False,
        "source": "tcp://station",
        "raw_offset": 0,
        "line": 1,
    }


def test_static_rows_of_each_kind():
    lines = [
        *PARTS,
        summed(b"!AIVDM,1,1,,A,H42O55i18tMET000000000000000,0"),
        summed(b"!AIVDM,1,1,,A,H42O55lt0000000D3nink0000000,0"),
    ]
    found = rows_of(b"\n".join(lines) + b"\n", STATIC_MESSAGES)
    assert [r["msg_type"] for r in found] == [5, 24, 24]
    assert found[0]["name"]
    assert found[0]["destination"]
    assert found[1]["name"] == "PROGUY"
    assert (found[2]["callsign"], found[2]["name"]) == ("TC6163", None)


def test_no_position_is_no_position_message():
    nowhere = summed(b"!AIVDM,1,1,,A,13HOI:0P00<tSF0l4Q@0h1g02000,0")
    row = decode_block(nowhere).messages.to_pylist()[0]
    if row["lat_deg"] is None:
        assert rows_of(nowhere) == []


def test_base_stations_tell_the_time_of_a_log():
    rows = rows_of(b"\n".join([POSITION, CLOCK, POSITION]) + b"\n")
    assert {TIME_BASES[r["time_basis"]] for r in rows} == {"base_station"}
    first = rows[0]["time_us"]
    assert all(abs(r["time_us"] - first) <= 60_000_000 for r in rows)
    assert first > 1_400_000_000_000_000


def test_a_live_stream_without_stamps_is_stamped_on_receipt():
    rows = rows_of(CLOCK + b"\n" + POSITION + b"\n", source="udp://0.0.0.0:10110")
    assert {r["time_us"] for r in rows} == {5_000_000}


def test_an_assumed_time_goes_on_with_the_utc_seconds():
    at = 1_500_000_000_000_000 - 1_500_000_000_000_000 % 60_000_000 + 10_000_000
    rows = rows_of(POSITION + b"\n" + POSITION + b"\n", assume_time_us=at)
    assert [r["time_us"] - at for r in rows] == [4_000_000, 4_000_000]
    assert {TIME_BASES[r["time_basis"]] for r in rows} == {"assumed"}


def test_one_lying_base_station_does_not_move_the_clock():
    lying = summed(b"!AIVDM,1,1,,A,4h3Ovk1udp6I9o>jPHEdjdW000S:,0")
    rows = decode_block(b"\n".join([CLOCK, lying, POSITION]), infer_time=True).messages
    times = rows["time_us"].to_pylist()
    assert max(times) - min(times) < 60_000_000


def test_a_part_that_waits_too_long_is_refused():
    raw = raw_rows([part(1) + b"\n", part(2) + b"\n"], [0, 100_000_000])
    found = run_step(DecodeNmea(part_timeout_s=60), raw, [], UNTIL)
    assert [r["reason"] for r in found["rejects"]] == ["lost_part", "lost_part"]
    found = run_step(DecodeNmea(part_timeout_s=200), raw, [], UNTIL)
    assert found["rejects"] == []
    assert len(found["static_messages"]) == 1
