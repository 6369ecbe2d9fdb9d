"""Any bytes decode; where blocks are cut, and how kernels run, changes nothing."""

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyais.encode import encode_dict

from fairlead.observations.ais import MESSAGE_COLUMNS, DecodeNmea, decode_block, run
from fairlead.observations.ais.decode import iter_decoded
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.tables import POSITION_MESSAGES, RAW, REJECTS, STATIC_MESSAGES
from tests.observations.pyais_names import expected
from tests.observations.test_ais_framing import PARTS, POSITION, part, summed, tagged
from tests.observations.test_ais_pyais import DIFFERENCES, assembled, equal

BASE = summed(b"!AIVDM,1,1,,A,403Ovl@000Htt<tSF0l4Q@100`Pq,0")
CLOCK = summed(b"!AIVDM,1,1,,A,403OthQv0EGM<oV9DFC5hdg020S:,0")

LINES = [
    POSITION,
    POSITION + b"\r",
    BASE,
    CLOCK,
    *PARTS,
    part(1, sequence=3),
    part(2, sequence=3),
    part(1, channel=b"B"),
    tagged(b"s:east,c:1635731889"),
    tagged(b"s:west", b""),
    tagged(b"g:1-2-7,s:west,c:1635731890", part(1, sequence=5)),
    tagged(b"g:2-2-7", part(2, sequence=5)),
    b"\\s:broken*00\\" + POSITION,
    b"1452468552.938 " + POSITION,
    POSITION + b",r003669946,1452468553",
    summed(b"$PGHP,1,2016,1,10,23,29,12,938,219,,2190067,1,26"),
    b"$GPGGA,no*00",
    b"# comment",
    b"",
    b"junk \x00\xff",
    POSITION[:20],
    POSITION + POSITION,
]

lines = st.lists(st.one_of(st.sampled_from(LINES), st.binary(max_size=40)), max_size=40)


def cut(content: bytes, numbers: list[int]) -> list[bytes]:
    """The content in blocks of whole lines, cut after the given line numbers."""
    found = content.splitlines(keepends=True) if b"\r" not in content else split_lines(content)
    edges = sorted({min(n, len(found)) for n in numbers} | {0, len(found)})
    return [b"".join(found[a:b]) for a, b in zip(edges[:-1], edges[1:], strict=True)]


def split_lines(content: bytes) -> list[bytes]:
    parts = content.split(b"\n")
    return [p + b"\n" for p in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def together(blocks: list[bytes], **options) -> tuple[pa.Table, list]:
    decoded = list(iter_decoded(blocks, source="log", **options))
    messages = pa.concat_tables([d.messages for d in decoded] or [MESSAGE_COLUMNS.empty_table()])
    rejects = [r for d in decoded for r in d.rejects.to_pylist()]
    order = sorted(rejects, key=lambda r: (r["raw_offset"], r["reason"]))
    return messages, order


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_decode(content):
    decoded = decode_block(content, infer_time=True)
    assert decoded.messages.schema.equals(MESSAGE_COLUMNS)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=3), st.data())
def test_a_broken_byte_never_raises(chosen, data):
    content = bytearray(b"\n".join(chosen))
    for _ in range(data.draw(st.integers(1, 5))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    decode_block(bytes(content), infer_time=True)


@settings(max_examples=80, deadline=None)
@given(lines, st.lists(st.integers(0, 40), max_size=6), st.booleans())
def test_where_blocks_are_cut_changes_nothing(chosen, edges, infer_time):
    content = b"\n".join(split_free(line) for line in chosen)
    whole, refused = together(cut(content, []), infer_time=infer_time)
    parts, refused_parts = together(cut(content, edges), infer_time=infer_time)
    assert parts.to_pylist() == whole.to_pylist()
    assert refused_parts == refused


def split_free(line: bytes) -> bytes:
    return line.replace(b"\n", b" ")


@settings(max_examples=25, deadline=None)
@given(lines)
def test_uncompiled_kernels_give_the_same(chosen):
    content = b"\n".join(chosen)
    with run.compile_now():
        compiled = decode_block(content, source="log", infer_time=True)
    with run.never_compile():
        plain = decode_block(content, source="log", infer_time=True)
    assert plain.messages.to_pylist() == compiled.messages.to_pylist()
    assert plain.rejects.to_pylist() == compiled.rejects.to_pylist()
    assert plain.counts == compiled.counts


def raw_rows(blocks: list[bytes], received_us: list[int], source: str = "log") -> pa.Table:
    rows, offset, line = [], 0, 1
    for block, received in zip(blocks, received_us, strict=True):
        n = block.count(b"\n")
        rows.append(
            {
                "source": source,
                "format": "nmea",
                "offset": offset,
                "first_line": line,
                "n_lines": n,
                "received_us": received,
                "payload": block,
            }
        )
        offset, line = offset + len(block), line + n
    return pa.Table.from_pylist(rows, schema=RAW.columns)


def run_step(step: DecodeNmea, raw: pa.Table, edges: list[int], until_us: int) -> dict:
    carried = step.carries.empty()
    rows: dict[str, list] = {table.name: [] for table in step.writes}
    for span in Span(0, until_us).cut(*edges):
        received = raw["received_us"].to_numpy()
        inside = (received >= span.since_us) & (received < span.until_us)
        wakes = [w is not None and w < span.until_us for w in carried["wake_us"].to_pylist()]
        called = bool(inside.any()) or any(wakes)
        if called:
            carried, written = step.step(carried, Batch({RAW: raw.filter(pa.array(inside))}), span)
            for table in written:
                assert written[table].schema.equals(table.columns)
                rows[table.name] += written[table].to_pylist()
    return {
        name: sorted(found, key=lambda r: (r["raw_offset"], str(r.get("reason"))))
        for name, found in rows.items()
    }


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(LINES), min_size=1, max_size=6), min_size=1, max_size=6),
    st.lists(st.integers(0, 60), min_size=6, max_size=6),
    st.lists(st.integers(0, 500), max_size=4),
    st.sampled_from(["log", "tcp://station"]),
)
def test_where_time_is_cut_changes_nothing(chosen, waits, edges, source):
    blocks = [b"".join(line + b"\n" for line in block) for block in chosen]
    received = [sum(waits[: k + 1]) * 1_000_000 for k in range(len(blocks))]
    raw = raw_rows(blocks, received, source)
    step = DecodeNmea(part_timeout_s=45)
    until = 10**12
    whole = run_step(step, raw, [], until)
    assert run_step(step, raw, [e * 1_000_000 for e in edges], until) == whole


def test_empty_input_gives_the_schema():
    carried, written = DecodeNmea().step(DecodeNmea.carries.empty(), Batch(), Span(0, 1))
    assert carried.schema.equals(DecodeNmea.carries.columns)
    assert carried.num_rows == 0
    assert all(written[t].num_rows == 0 for t in (POSITION_MESSAGES, STATIC_MESSAGES, REJECTS))


VALUES = {
    "mmsi": 366053209, "lat": 37.8, "lon": -122.4, "course": 123.4, "speed": 12.3, "heading": 99,
    "turn": 5.0, "status": 3, "second": 34, "shipname": "QUEEN MARY", "callsign": "WDX1234",
    "destination": "SAN FRANCISCO", "imo": 9134270, "draught": 7.5, "month": 5, "day": 14,
    "hour": 20, "minute": 10, "to_bow": 90, "to_stern": 31, "to_port": 10, "to_starboard": 11,
    "ship_type": 70, "name": "BUOY 12", "aid_type": 1, "text": "SECURITE", "year": 2024,
    "dest_mmsi": 235000001, "data": b"\x12\x34\x56\x78", "dac": 235, "fid": 10, "alt": 300,
    "mmsi1": 235000001, "mmsi2": 235000002, "mmsi3": 235000003, "mmsi4": 235000004,
    "offset1": 100, "number1": 2, "timeout1": 7, "increment1": 750, "serial": 12345,
    "vendorid": "SRT", "interval": 5, "quiet": 4, "app_id": 2010,
}  # fmt: skip
VARIANTS = [
    *({"type": t} for t in range(1, 29)),
    {"type": 24, "partno": 1},
    {"type": 24, "partno": 1, "mmsi": 982351234, "mothership_mmsi": 235000001},
    {"type": 22, "addressed": True, "dest1": 235000001, "dest2": 235000002},
    {"type": 22, "ne_lon": 60.0, "ne_lat": 30.0, "sw_lon": -60.0, "sw_lat": -30.0},
    {"type": 25, "addressed": True, "structured": True},
    {"type": 26, "addressed": True, "structured": True},
    {"type": 8, "dac": 1, "fid": 11, "wspeed": 20, "airtemp": 12.5, "waterlevel": 1.5},
    {"type": 8, "dac": 1, "fid": 31, "wspeed": 20, "airtemp": -12.5, "watertemp": 4.2},
    {"type": 8, "dac": 1, "fid": 24, "airdraught": 12.34, "lastport": "USNYC", "persons": 20},
    {"type": 8, "dac": 200, "fid": 10, "vin": "12345678", "length": 110.0, "beam": 11.4},
    {"type": 6, "dac": 1, "fid": 16, "persons": 30},
]


@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_what_pyais_encodes_comes_back(variant):
    encoded = encode_dict(VALUES | variant)
    lines = [sentence.encode() for sentence in encoded]
    decoded = decode_block(b"\n".join(lines))
    (row,) = decoded.messages.to_pylist()
    ((_, sentence),) = assembled(lines)
    message = sentence.decode()
    for column, value in expected(message).items():
        if (type(message).__name__, column) not in DIFFERENCES:
            assert equal(column, row[column], value), column
