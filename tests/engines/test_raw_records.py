"""An offset leads back to exactly its record, in whatever block and file it lies."""

import pyarrow as pa
import pytest

from fairlead.engines.embedded import EmbeddedEngine
from fairlead.schema.tables import RAW

FIRST = b"!AIVDM,1,1,,A,one,0*00\n!AIVDM,2,1,3,B,two,0*00\n"
SECOND = b"!AIVDM,1,1,,A,between,0*00\r\n!AIVDM,2,2,3,B,three,0*00\nlast without newline"


def block(source, payload, offset, line, format="nmea"):
    row = {
        "source": source,
        "format": format,
        "offset": offset,
        "first_line": line,
        "n_lines": payload.count(b"\n"),
        "received_us": 1,
        "header": None,
        "payload": payload,
    }
    return pa.Table.from_pylist([row], schema=RAW.columns)


@pytest.fixture
def engine(tmp_path):
    engine = EmbeddedEngine(tmp_path, inlets=[])
    engine.append({RAW: block("other", b"noise\n" * 20, 0, 1)})
    engine.append({RAW: block("sea", FIRST, 0, 1)})
    engine.append({RAW: block("sea", SECOND, len(FIRST), 3)})
    yield engine
    engine.close()


@pytest.mark.parametrize(
    ("offset", "record"),
    [
        (0, b"!AIVDM,1,1,,A,one,0*00"),
        (len(FIRST), b"!AIVDM,1,1,,A,between,0*00"),
        (len(FIRST) + SECOND.index(b"last"), b"last without newline"),
    ],
)
def test_the_first_the_last_and_one_at_a_border(engine, offset, record):
    assert engine.raw_record("sea", offset, 1) == record


def test_a_message_whose_parts_lie_in_one_block_is_shown_whole(tmp_path):
    engine = EmbeddedEngine(tmp_path / "one", inlets=[])
    engine.append({RAW: block("sea", FIRST + SECOND, 0, 1)})
    found = engine.raw_record("sea", FIRST.index(b"!AIVDM,2"), 2)
    engine.close()
    assert found == b"!AIVDM,2,1,3,B,two,0*00\n!AIVDM,2,2,3,B,three,0*00"


def test_a_message_whose_parts_lie_in_two_blocks_is_shown_whole(engine):
    found = engine.raw_record("sea", FIRST.index(b"!AIVDM,2"), 2)
    assert found == b"!AIVDM,2,1,3,B,two,0*00\n!AIVDM,2,2,3,B,three,0*00"


def test_parts_are_sought_over_many_small_blocks_and_not_for_ever(tmp_path):
    engine = EmbeddedEngine(tmp_path / "small", inlets=[])
    parts = [b"!AIVDM,3,%d,7,A,x,0*00\n" % n for n in (1, 2, 3)]
    other = b"!AIVDM,3,2,7,B,y,0*00\n"
    lines = [parts[0], other, parts[1], other, parts[2], *[other] * 60, parts[0], *[other] * 520]
    offset, offsets, blocks = 0, [], []
    for n, line in enumerate([*lines, parts[1]]):
        blocks.append(block("sea", line, offset, n + 1))
        offsets.append(offset)
        offset += len(line)
    engine.append({RAW: pa.concat_tables(blocks)})
    first = engine.raw_record("sea", 0, 1)
    lone = engine.raw_record("sea", offsets[65], 66)
    engine.close()
    assert first == b"".join(parts).rstrip()
    assert lone == parts[0].rstrip()


def test_sentences_inside_another_format_are_not_gone_looking_for(tmp_path):
    engine = EmbeddedEngine(tmp_path / "json", inlets=[])
    line = b'{"nmea":["!AIVDM,2,1,3,B,two,0*00"]}\n'
    engine.append({RAW: block("sea", line + SECOND, 0, 1, "jsonl")})
    found = engine.raw_record("sea", 0, 1)
    engine.close()
    assert found == line.rstrip()


def test_what_no_block_holds_is_not_invented(engine):
    assert engine.raw_record("sea", 10_000, 1) is None
    assert engine.raw_record("elsewhere", 0, 1) is None


def test_a_row_of_a_parquet_file_is_found_by_its_line(tmp_path):
    rows = pa.table({"mmsi": [1, 2, 3]})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows)
    payload = sink.getvalue().to_pybytes()
    raw = block("p", payload, 0, 1, "parquet").to_pylist()[0] | {"n_lines": 3}
    engine = EmbeddedEngine(tmp_path, inlets=[])
    engine.append({RAW: pa.Table.from_pylist([raw], schema=RAW.columns)})
    found = [engine.raw_record("p", 0, line) for line in (1, 3, 4)]
    engine.close()
    assert found == [b'{"mmsi": 1}', b'{"mmsi": 3}', None]
