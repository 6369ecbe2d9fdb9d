"""Parquet archives, and the real ones where they are at hand."""

import datetime as dt

import pyarrow as pa
import pytest

from fairlead.schema.tables import POSITION_MESSAGES, REJECTS
from tests.data import shared_data
from tests.observations.test_archives import DAY_US, decode, positions, reasons, statics

DAY = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def ipc(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


TIMES = [
    pa.array([DAY, None], pa.timestamp("us", tz="UTC")),
    pa.array([DAY.replace(tzinfo=None), None], pa.timestamp("ns")),
    pa.array([DAY, None], pa.timestamp("ms", tz="Europe/Oslo")),
    pa.array([1704067200, None], pa.int64()),
    pa.array([1704067200000, None], pa.int64()),
    pa.array([1704067200.0, None], pa.float64()),
    pa.array(["2024-01-01 00:00:00", None], pa.large_string()),
    pa.array(["2024-01-01 00:00:00", None], pa.string_view()),
    pa.array(["01/01/2024 00:00", None]).dictionary_encode(),
]


@pytest.mark.parametrize("times", TIMES, ids=lambda t: str(t.type))
@pytest.mark.parametrize("mmsi", [[219000001, 219000002], ["219000001", "219000002"]])
def test_times_and_numbers_of_every_type(times, mmsi):
    table = pa.table({"mmsi": mmsi, "time": times, "lon": [12.5, 0.0], "lat": ["55.5", "1"]})
    rows = decode(ipc(table), "parquet", offset=100, line=101)
    assert positions(rows) == [
        {"time_us": DAY_US, "mmsi": 219000001, "lat_deg": 55.5, "lon_deg": 12.5}
    ]
    assert reasons(rows) == ["bad_time"]
    (reject,) = rows[REJECTS].to_pylist()
    assert (reject["raw_offset"], reject["line"], reject["mmsi"]) == (101, 102, 219000002)
    assert b"219000002" in reject["bytes"]
    (place,) = rows[POSITION_MESSAGES].select(["raw_offset", "line"]).to_pylist()
    assert place == {"raw_offset": 100, "line": 101}


def test_ship_data_of_typed_columns():
    table = pa.table(
        {
            "mmsi": [219000001] * 3,
            "timestamp": [1704067200, 1704067201, 1704067202],
            "lat": [55.5] * 3,
            "lon": [12.5] * 3,
            "shipname": pa.array(["EVA", "EVA", "ADAM"]).dictionary_encode(),
            "imo": pa.array([9307839, 9307839, None], pa.int64()),
            "status": ["At anchor", "moored", "nonsense"],
        }
    )
    rows = decode(ipc(table), "parquet")
    assert [p.get("nav_status") for p in positions(rows)] == [1, 5, None]
    assert [(s["name"], s.get("imo")) for s in statics(rows)] == [
        ("EVA", 9307839),
        ("EVA", 9307839),
        ("ADAM", None),
    ]


def test_a_column_of_no_use_is_told():
    table = pa.table({"mmsi": [1], "time": [1704067200], "lat": [[1.0]], "lon": [2.0]})
    assert reasons(decode(ipc(table), "parquet")) == ["bad_number"]


REAL = [
    ("noaa_ny_harbor_2020-06-30.csv", 8689, 295),
    ("noaa_2023-01-01.csv", 1000, None),
    ("dma_sample.csv", 26, None),
    ("exactearth_2021-07-01.csv", 2394, None),
    ("solent_2016-01-12.csv", 18623, 91),
    ("suez_2021-03.csv", 22287, 256),
]


@pytest.mark.parametrize(("name", "n_positions", "n_vessels"), REAL)
def test_real_archives_are_read_unasked(name, n_positions, n_vessels):
    payload = shared_data(f"ais/{name}").read_bytes()
    rows = decode(payload)
    found = rows[POSITION_MESSAGES]
    assert found.num_rows == n_positions
    assert n_vessels in (None, len(found["mmsi"].unique()))
    lines = {line for table in rows for line in rows[table]["line"].to_pylist()}
    assert lines == set(range(2, payload.count(b"\n") + 1))


def test_courses_that_noaa_stored_with_a_sign_agree_with_the_headings():
    rows = decode(shared_data("ais/noaa_ny_harbor_2020-06-30.csv").read_bytes())
    columns = rows[POSITION_MESSAGES].select(["course_deg", "heading_deg", "speed_kn"]).to_pylist()
    moving = [c for c in columns if (c["speed_kn"] or 0) > 3 and c["heading_deg"] is not None]
    off = sorted((c["course_deg"] - c["heading_deg"] + 180) % 360 - 180 for c in moving
                 if c["course_deg"] is not None and c["course_deg"] > 204.8)  # fmt: skip
    assert len(off) > 100
    assert abs(off[len(off) // 2]) < 3
