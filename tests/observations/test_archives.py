"""CSV archives: what their columns mean, and what becomes of bad rows."""

import itertools

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.observations.archives.mapping import describe, known_mappings, layout_of
from fairlead.observations.archives.step import DecodeArchive
from fairlead.schema.errors import ConfigError, SourceError
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.tables import POSITION_MESSAGES, RAW, REJECTS, STATIC_MESSAGES

RECEIVED_US = 1_700_000_000_000_000
DAY_US = 1_704_067_200_000_000
"""2024-01-01T00:00:00Z"""
PLAIN = b"mmsi,time,lat,lon,sog,name\n"


def decode(
    payload: bytes,
    format: str = "csv",
    header: bytes | None = None,
    *,
    offset=0,
    line=1,
    mapping="",
) -> Batch:
    block = RAW.rows(
        {
            "source": ["a"],
            "format": [format],
            "offset": [offset],
            "first_line": [line],
            "n_lines": [payload.count(b"\n") + 1],
            "received_us": [RECEIVED_US],
            "header": pa.array([header], pa.binary()),
            "payload": [payload],
        }
    )
    return step(block, mapping)


def step(blocks: pa.Table, mapping: str = "") -> Batch:
    decoder = DecodeArchive(mapping)
    carried, rows = decoder.step(decoder.carries.empty(), Batch({RAW: blocks}), Span(0, 1))
    assert carried.num_rows == 0
    assert {t.name for t in rows} == {t.name for t in decoder.writes}
    for table in rows:
        assert rows[table].schema.equals(table.columns)
        assert not any(rows[table][f.name].null_count for f in table.columns if not f.nullable)
    return rows


def given_values(row: dict) -> dict:
    """Without what is null and what every row has."""
    fixed = ("payload_hash", "source", "raw_offset", "line", "time_basis", "received_us")
    return {k: v for k, v in row.items() if v is not None and k not in fixed}


def close(expected: dict) -> dict:
    """Floats compare to seven digits, as float32 columns hold them; all else exactly."""
    return {k: pytest.approx(v) if isinstance(v, float) else v for k, v in expected.items()}


def positions(rows: Batch) -> list[dict]:
    return [given_values(r) for r in rows[POSITION_MESSAGES].to_pylist()]


def statics(rows: Batch) -> list[dict]:
    return [given_values(r) for r in rows[STATIC_MESSAGES].to_pylist()]


def reasons(rows: Batch) -> list[str]:
    return rows[REJECTS]["reason"].to_pylist()


NOAA = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length,"
    "Width,Draft,Cargo,TransceiverClass\n"
)
NOAA_LATER = (
    "mmsi,base_date_time,longitude,latitude,sog,cog,heading,vessel_name,imo,call_sign,vessel_type,"
    "status,length,width,draft,cargo,transceiver\n"
)
DMA = (
    "# Timestamp,Type of mobile,MMSI,Latitude,Longitude,Navigational status,ROT,SOG,COG,Heading,"
    "IMO,Callsign,Name,Ship type,Cargo type,Width,Length,Type of position fixing device,Draught,"
    "Destination,ETA,Data source type,A,B,C,D\n"
)
EXACT = (
    '"MMSI","Message_ID","Time","Millisecond","Longitude","Latitude","SOG","COG","Heading","ROT",'
    '"Navigational_status","Draught","ETA_month","ETA_day","ETA_hour","ETA_minute","Vessel_Name"\n'
)

LAYOUTS = [
    pytest.param(
        NOAA + "636021061,2024-01-01T00:00:05,26.09241,-80.04806,8.8,-60.6,511.0,MSC NAISHA III,"
        "IMO9307839,5LCB4,70,0.0,208.0,30.0,8.0,70.0,A\n",
        {
            "time_us": DAY_US + 5_000_000, "mmsi": 636021061, "lat_deg": 26.09241,
            "lon_deg": -80.04806, "speed_kn": 8.8, "course_deg": 349.0, "nav_status": 0,
            "msg_type": 1,
        },
        {
            "time_us": DAY_US + 5_000_000, "mmsi": 636021061, "msg_type": 5, "imo": 9307839,
            "callsign": "5LCB4", "name": "MSC NAISHA III", "ship_type": 70, "to_bow_m": 208,
            "to_stern_m": 0, "to_port_m": 30, "to_starboard_m": 0, "draught_m": 8.0,
        },
        id="NOAA",
    ),
    pytest.param(
        NOAA_LATER + "368435310,2024-01-01 00:00:00,-80.11748,40.51168,102.3,-49.6,180,,,,,15,,,,"
        ",B\n",
        {
            "time_us": DAY_US, "mmsi": 368435310, "lat_deg": 40.51168, "lon_deg": -80.11748,
            "heading_deg": 180.0, "nav_status": 15, "msg_type": 18,
        },
        None,
        id="NOAA since 2025, nothing available",
    ),
    pytest.param(
        DMA + "01/01/2024 00:01:00,Class A,219024000,57.717413,10.586715,Engaged in fishing,-7.5,"
        "0.0,4.8,309,9123453,OWTS1,MS TEST STAR,Cargo,,20,120,GPS,5.5,AALBORG,"
        "15/03/2024 06:30:00,AIS,100,20,12,8\n",
        {
            "time_us": DAY_US + 60_000_000, "mmsi": 219024000, "lat_deg": 57.717413,
            "lon_deg": 10.586715, "speed_kn": 0.0, "course_deg": 4.8, "heading_deg": 309.0,
            "turn_rate_deg_min": -7.5, "nav_status": 7, "msg_type": 1,
        },
        {
            "time_us": DAY_US + 60_000_000, "mmsi": 219024000, "msg_type": 5, "imo": 9123453,
            "callsign": "OWTS1", "name": "MS TEST STAR", "ship_type": 70, "to_bow_m": 100,
            "to_stern_m": 20, "to_port_m": 8, "to_starboard_m": 12, "draught_m": 5.5,
            "destination": "AALBORG", "eta": "03-15T06:30",
        },
        id="DMA",
    ),
    pytest.param(
        DMA + "01/01/2024 00:00:00,Base Station,2190064,56.716570,11.519047,Unknown value,,,,,"
        "Unknown,Unknown,,Undefined,,,,GPS,,Unknown,,AIS,,,,\n",
        {
            "time_us": DAY_US, "mmsi": 2190064, "lat_deg": 56.71657, "lon_deg": 11.519047,
            "msg_type": 4,
        },
        None,
        id="DMA, unknown values",
    ),
    pytest.param(
        EXACT + '"432905000","5","20240101_000001","680","","","","","","","","87","6","30","19",'
        '"0","GH ZONDA            "\n',
        None,
        {
            "time_us": DAY_US + 1_680_000, "mmsi": 432905000, "msg_type": 5, "name": "GH ZONDA",
            "draught_m": 8.7, "eta": "06-30T19:00",
        },
        id="exactEarth, a static message",
    ),
    pytest.param(
        EXACT + '"273455590","27","20240101_000000","0","158.653333333","53.0066666667","0.0",'
        '"None","","-731.4","5","","0","0","24","60",""\n',
        {
            "time_us": DAY_US, "mmsi": 273455590, "lat_deg": 53.0066666667,
            "lon_deg": 158.653333333, "speed_kn": 0.0, "nav_status": 5, "msg_type": 27,
        },
        None,
        id="exactEarth, a position",
    ),
    pytest.param(
        "\ufeffID,ais_pos_timestamp,longitude,latitude\n12345678901,01/01/2024 00:22,32.3,31.4\n"
        "7,01/01/2024 00:22,32.3,31.4\n",
        {"time_us": DAY_US + 1_320_000_000, "lat_deg": 31.4, "lon_deg": 32.3},
        None,
        id="numbers of the file's own",
    ),
    pytest.param(
        "MMSI,STATUS,STATION,SPEED,LON,LAT,COURSE,HEADING,TIMESTAMP,SHIP_ID\n"
        "257000001,0,1,125,10.5,59.25,320,321,2024-01-01T00:00:00,77\n",
        {
            "time_us": DAY_US, "mmsi": 257000001, "lat_deg": 59.25, "lon_deg": 10.5,
            "speed_kn": 12.5, "course_deg": 320.0, "heading_deg": 321.0, "nav_status": 0,
        },
        None,
        id="MarineTraffic, tenths of a knot",
    ),
    pytest.param(
        "SOG,COG,Heading,ROT,BaseDateTime,Status,VoyageID,MMSI,ReceiverType,ReceiverID,X,Y\n"
        "7,320,321,0,2024/01/01 00:00:00,0,1,366000001,b,005r,-74.5,40.25\n",
        {
            "time_us": DAY_US, "mmsi": 366000001, "lat_deg": 40.25, "lon_deg": -74.5,
            "speed_kn": 7.0, "course_deg": 320.0, "heading_deg": 321.0, "nav_status": 0,
        },
        None,
        id="NOAA of 2009 to 2014",
    ),
    pytest.param(
        "mmsi;lon;lat;date_time_utc;sog;cog;true_heading;nav_status;rot;message_nr;source\n"
        "257000001;10.5;59.25;2024-01-01 00:00:00;12.5;359.9;0;At anchor;0;3;g\n",
        {
            "time_us": DAY_US, "mmsi": 257000001, "lat_deg": 59.25, "lon_deg": 10.5,
            "speed_kn": 12.5, "course_deg": 359.9, "heading_deg": 0.0, "turn_rate_deg_min": 0.0,
            "nav_status": 1, "msg_type": 3,
        },
        None,
        id="by common names",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "position", "static"), LAYOUTS)
def test_layouts(text, position, static):
    rows = decode(text.encode())
    if position:
        got = positions(rows)[0]
        assert {k: got[k] for k in position} == close(position)
        assert set(got) <= {*position, "mmsi"}
    else:
        assert positions(rows) == []
    assert statics(rows) == ([close(static)] if static else [])
    assert rows[POSITION_MESSAGES]["time_basis"].to_pylist() in ([], [5], [5, 5])


def test_long_numbers_of_a_file_stay_apart():
    text = "ID,ais_pos_timestamp,longitude,latitude\n"
    text += "".join(f"{n},01/01/2024 00:22,1,2\n" for n in (16616739980, 16616739981, 5))
    mmsi = [r["mmsi"] for r in positions(decode(text.encode()))]
    assert len(set(mmsi)) == 3
    assert mmsi[2] == 5
    assert all(0 < m <= 999_999_999 for m in mmsi)


BAD_ROWS = [
    ("219000001,yesterday,55,12,5,A", ["bad_time"]),
    ("219000001,2024-02-30T00:00:00,55,12,5,A", ["bad_time"]),
    ("219000001,,55,12,5,A", ["bad_time"]),
    (",2024-01-01,55,12,5,A", ["bad_mmsi"]),
    ("2190000011,2024-01-01,55,12,5,A", ["bad_mmsi"]),
    ("-5,2024-01-01,55,12,5,A", ["bad_mmsi"]),
    ("219.5,2024-01-01,55,12,5,A", ["bad_mmsi"]),
    ("219000001,2024-01-01,north,12,5,", ["bad_number"]),
    ("219000001,2024-01-01,55,,5,", ["missing_position"]),
    ("219000001,2024-01-01,91,181,5,", ["missing_position"]),
    ("219000001,2024-01-01,55,12", ["bad_columns"]),
    ("219000001,2024-01-01,55,12,5,LADY, ANNE", ["bad_columns"]),
    ('219000001,2024-01-01,55,12,5,"LADY', ["open_quote"]),
    ("219000001,2024-01-01\x0055,12,5,A", ["bad_columns"]),
]
GOOD = "219000009,2024-01-01T00:00:00,55.5,12.5,5.5,GOOD"


@pytest.mark.parametrize(("bad", "expected"), BAD_ROWS)
def test_bad_rows_are_rejects_and_their_neighbours_survive(bad, expected):
    payload = PLAIN + f"{GOOD}\n{bad}\n{GOOD}\n".encode()
    rows = decode(payload)
    assert [p["mmsi"] for p in positions(rows)] == [219000009] * 2
    assert reasons(rows) == expected
    (reject,) = rows[REJECTS].to_pylist()
    assert reject["line"] == 3
    assert reject["raw_offset"] == len(PLAIN) + len(GOOD) + 1
    assert reject["bytes"] == bad.encode()
    assert reject["detail"]


def test_a_row_is_kept_without_a_value_that_is_no_number():
    rows = decode(PLAIN + b"219000001,2024-01-01,55,12,fast,A\n")
    assert positions(rows) == [
        {"time_us": DAY_US, "mmsi": 219000001, "lat_deg": 55.0, "lon_deg": 12.0}
    ]
    (reject,) = rows[REJECTS].to_pylist()
    assert (reject["reason"], reject["mmsi"]) == ("bad_number", 219000001)
    assert reject["detail"] == "`sog` is not a number; the row is kept without"


def test_a_file_cut_within_a_row_loses_that_row_only():
    rows = decode(PLAIN + f"{GOOD}\n{GOOD[:30]}".encode())
    assert len(positions(rows)) == 1
    assert reasons(rows) == ["bad_columns"]


def test_quoted_values_keep_their_commas_and_quotes():
    rows = decode(PLAIN + b'219000001,"2024-01-01",55,12,"5.0","LADY ""A"", OSLO"\n')
    assert positions(rows)[0]["speed_kn"] == 5.0
    assert statics(rows)[0]["name"] == 'LADY "A", OSLO'


def test_a_newline_in_quotes_is_refused_with_its_column_and_spares_the_neighbours():
    broken = '219000001,2024-01-01,55,12,5,"LADY\r\nANNE, OSLO"'
    rows = decode(PLAIN + f"{GOOD}\n{broken}\n{GOOD}\n".encode())
    assert [p["mmsi"] for p in positions(rows)] == [219000009] * 2
    first, second = rows[REJECTS].to_pylist()
    assert (first["line"], second["line"]) == (3, 4)
    said = "the quotation mark that opens column 6 (`name`) is not closed on its line"
    assert first["detail"] == said
    assert second["detail"] == "2 columns where the header has 6"


@pytest.mark.parametrize(
    ("after", "n_refused"),
    [
        (f"{GOOD}", 1),
        ('219000009,2024-01-01,55.5,12.5,5.5,"GOOD"', 1),
        ('"219000009","2024-01-01","55.5","12.5","5.5","GOOD"', 1),
        ('219000009,2024-01-01,55.5,12.5,"",GOOD', 1),
        ('219000009,2024-01-01,55.5,12.5,5.5,"GO,OD"', 1),
    ],
)
@pytest.mark.parametrize(
    "stray", ['219000001,2024-01-01,55,12,5,"LADY', '219000001,"2024,55,12,5,A']
)
def test_a_stray_quotation_mark_costs_its_own_line_only(stray, after, n_refused):
    rows = decode(PLAIN + f"{GOOD}\n{stray}\n{after}\n{GOOD}\n".encode())
    assert [p["mmsi"] for p in positions(rows)] == [219000009] * 3
    assert reasons(rows) == ["open_quote"] * n_refused
    (reject,) = rows[REJECTS].to_pylist()
    column = "2 (`time`)" if '"2024' in stray else "6 (`name`)"
    assert (
        reject["detail"]
        == f"the quotation mark that opens column {column} is not closed on its line"
    )
    assert reject["line"] == 3


def test_how_many_columns_a_record_has_is_said():
    (reject,) = decode(PLAIN + b"1,2,3\n")[REJECTS].to_pylist()
    assert reject["detail"] == "3 columns where the header has 6"


def test_names_in_other_encodings_are_read():
    names = ["Ærø".encode(), "Ærø".encode("latin-1")]
    rows = decode(PLAIN + b"".join(b"21900000%d,2024-01-01,55,12,5,%s\r\n" % (k, n)
                                   for k, n in enumerate(names)))  # fmt: skip
    assert [s["name"] for s in statics(rows)] == ["Ærø", "Ærø"]


def test_repeated_ship_data_are_given_where_they_change():
    names = ["A", "A", "A", "B", "B", "A", "A"]
    lines = [f"219000001,2024-01-01T00:00:0{k},55,12,5,{name}\n" for k, name in enumerate(names)]
    rows = decode(PLAIN + "".join(lines).encode())
    assert len(positions(rows)) == 7
    seconds = [(s["time_us"] - DAY_US) // 1_000_000 for s in statics(rows)]
    assert seconds == [0, 2, 3, 4, 5, 6]


def test_ship_data_without_a_position_are_all_kept():
    lines = [f"219000001,2024-01-01T00:00:0{k},,,,A\n" for k in range(5)]
    rows = decode(PLAIN + "".join(lines).encode())
    assert (len(positions(rows)), len(statics(rows)), reasons(rows)) == (0, 5, [])


def test_the_same_record_in_two_files_has_the_same_hash():
    first = decode(PLAIN + b"219000001,2024-01-01T00:00:00,55.5,12.25,5.0,A\n")
    other = decode(
        b"LON;LAT;SOG;When;Ship;Name\n12.2500;55.50;5;1704067200;219000001;A\n",
        mapping='delimiter=";"\n[columns]\ntime="When"\nmmsi="Ship"\nlat="LAT"\nlon="LON"\n'
        'speed="SOG"\nname="Name"',
    )
    for table in (POSITION_MESSAGES, STATIC_MESSAGES):
        assert first[table]["payload_hash"] == other[table]["payload_hash"]
        assert first[table].num_rows == 1
    changed = decode(PLAIN + b"219000001,2024-01-01T00:00:00,55.5,12.25,5.1,A\n")
    hashes = changed[POSITION_MESSAGES]["payload_hash"]
    assert hashes != first[POSITION_MESSAGES]["payload_hash"]


def rows_by_cut(lines: list[bytes], cuts: set[int]) -> Batch:
    """The step over the lines in blocks cut before the given ones, in one batch."""
    header, edges = PLAIN.rstrip(), [0, *sorted(cuts), len(lines)]
    blocks, offset, line = [], 0, 1
    for since, until in itertools.pairwise(edges):
        payload = b"".join(lines[since:until])
        payload = PLAIN + payload if since == 0 else payload
        n_lines = payload.count(b"\n")
        blocks.append(
            {
                "source": "a", "format": "csv", "offset": offset, "first_line": line,
                "n_lines": n_lines, "received_us": RECEIVED_US, "payload": payload,
                "header": header if since else None,
            }
        )  # fmt: skip
        offset, line = offset + len(payload), line + n_lines
    return step(pa.Table.from_pylist(blocks, schema=RAW.columns))


CELLS = st.sampled_from(
    ["219000001", "2024-01-01T00:00:00", "55.5", "12", "", "x", '"', '"a,b"', "-1", "nan", "é", "@"]
)
RECORDS = st.lists(
    st.one_of(
        st.just(GOOD.encode()),
        st.lists(CELLS, min_size=1, max_size=8).map(lambda cells: ",".join(cells).encode()),
        st.binary(max_size=80).map(lambda b: b.replace(b"\n", b"")),
    ).map(lambda record: record + b"\n"),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(lines=RECORDS, data=st.data())
def test_any_bytes_are_rows_or_rejects_wherever_blocks_are_cut(lines, data):
    cuts = data.draw(st.sets(st.integers(1, max(1, len(lines) - 1)), max_size=4))
    whole = rows_by_cut(lines, set())
    parted = rows_by_cut(lines, {c for c in cuts if c < len(lines)})
    for table in (POSITION_MESSAGES, REJECTS):
        assert whole[table].to_pylist() == parted[table].to_pylist()
    seen = {line for table in whole for line in whole[table]["line"].to_pylist()}
    blank = {k + 2 for k, line in enumerate(lines) if line.rstrip(b"\r\n") == b""}
    assert seen | blank == set(range(2, len(lines) + 2))
    ids = [(r["raw_offset"], r["reason"]) for r in whole[REJECTS].to_pylist()]
    assert len(ids) == len(set(ids))


def test_a_mapping_gives_any_archive_its_meaning():
    mapping = (
        'time_format = "month_first"\nspeed_unit_kn = 1.9438444924406\ndecimal_point = ","\n'
        'unavailable = ["n.a."]\n[columns]\ntime = "When"\nmmsi = "Ship"\nlat = "Y"\nlon = "X"\n'
        'speed = "V"\nname = "Called"\n'
    )
    text = "When;Ship;X;Y;V;Called\n02/01/2024 12:30 ;219000001;12,5;55,5;10;n.a.\n"
    rows = decode(text.encode(), mapping=mapping)
    (row,) = positions(rows)
    assert row["time_us"] == DAY_US + (31 * 24 * 60 + 12 * 60 + 30) * 60_000_000
    assert (row["lat_deg"], row["lon_deg"]) == (55.5, 12.5)
    assert row["speed_kn"] == pytest.approx(19.438445)
    assert statics(rows) == []


@pytest.mark.parametrize(
    ("toml", "text"),
    [
        ("[columns", "is not TOML"),
        ('name = "x"', "has no \\[columns\\]"),
        ('[columns]\ncolour = "x"', "unknown key `colour`"),
        ('speed_unit = 3\n[columns]\ntime = "x"', "unknown key `speed_unit`"),
        ('time_format = "lunar"\n[columns]\ntime = "x"', "time_format `lunar`"),
    ],
)
def test_mappings_that_are_wrong_say_where(toml, text):
    with pytest.raises(ConfigError, match=text) as error:
        layout_of(b"a,b,c", toml)
    assert error.value.help


def test_a_header_without_the_needed_columns_lists_them_and_helps():
    with pytest.raises(SourceError, match="no column for mmsi among `time`, `lat`, `lon`, `boat`"):
        layout_of(b"time,lat,lon,boat")
    with pytest.raises(SourceError) as error:
        layout_of(b"time,lat,lon,boat", '[columns]\ntime="time"\nmmsi="ship"\nlat="lat"\nlon="lon"')
    assert "takes mmsi from `ship`" in error.value.message
    assert "boat" in error.value.help
    rows = decode(b"time,lat,lon,boat\n1,2,3,4\n5,6,7,8\n")
    assert reasons(rows) == ["unknown_columns"]


def test_what_was_recognised_is_said():
    assert describe("csv", NOAA.encode().rstrip()) == "NOAA MarineCadastre CSV, 17 columns"
    assert describe("csv", b"mmsi,t,lat,lon,x") == (
        "CSV, 5 columns, taking time from `t`, mmsi from `mmsi`, lat from `lat`, lon from `lon`"
    )


def test_every_known_archive_can_be_told_and_read():
    assert len(known_mappings()) >= 6
    for mapping in known_mappings():
        names = [names[0] for names in mapping.columns.values()]
        header = ",".join(dict.fromkeys([*names, *mapping.recognised_by])).encode()
        assert layout_of(header).mapping is mapping


@pytest.mark.parametrize(
    "payload", [b"", b"\n", b"mmsi,time,lat,lon", b"mmsi,time,lat,lon\r\n\r\n"]
)
def test_nothing_in_nothing_out(payload):
    rows = decode(payload, header=None if payload.strip() else b"mmsi,time,lat,lon")
    assert all(rows[t].num_rows == 0 for t in rows)


def test_no_blocks_give_empty_tables():
    assert all(t.num_rows == 0 for t in step(RAW.empty()).values())


def test_faults_of_transports_become_rejects():
    rows = decode(b"truncated_stream: the gzip stream ends", "fault", offset=77, line=8)
    (reject,) = rows[REJECTS].to_pylist()
    assert {k: v for k, v in reject.items() if v is not None} == {
        "source": "a",
        "raw_offset": 77,
        "line": 8,
        "time_us": RECEIVED_US,
        "reason": "truncated_stream",
        "detail": "the gzip stream ends",
    }


def test_sentences_are_left_to_others():
    assert all(t.num_rows == 0 for t in decode(b"!AIVDM\n", "nmea").values())
