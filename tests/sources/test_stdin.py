"""Standard input: live pipes, damage, and streams that are not what they were."""

import gzip
import io
import os
import threading

import pytest

from fairlead.schema.errors import SourceError
from fairlead.schema.source import Cursor
from fairlead.sources.registry import open_sources
from fairlead.sources.stdin import StdinSource
from tests.sources.feeds import bytes_of, faults_of, options, rows_of

LINE = b"!AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0*4A\r\n"


def stdin(data: bytes, **changes) -> StdinSource:
    return StdinSource("-", io.BytesIO(data), lambda: 7, **changes)


def test_it_is_named_by_a_dash_and_recognised():
    said = []
    (source,) = open_sources(["-"], options(stdin=io.BytesIO(LINE * 3), notice=said.append))
    rows = rows_of(source)
    assert (source.name, bytes_of(rows)) == ("-", LINE * 3)
    assert said == ["standard input: NMEA sentences"]


def test_a_pipe_gives_lines_as_they_come():
    reader, writer = os.pipe()
    come_on = threading.Event()

    def write():
        with open(writer, "wb", buffering=0) as out:
            out.write(LINE + LINE[:20])
            come_on.wait(10)
            out.write(LINE[20:])

    thread = threading.Thread(target=write)
    thread.start()
    with open(reader, "rb") as pipe:
        clock = iter(range(0, 10**9, 200_000))
        source = StdinSource("-", pipe, lambda: next(clock))
        rows = source.read(Cursor())
        first, cursor = next(rows)
        assert bytes_of(first) == LINE
        come_on.set()
        second, last = next(rows)
        assert bytes_of(second) == LINE
        assert list(rows) == []
    thread.join(10)
    assert (cursor.offset, cursor.line) == (len(LINE), 2)
    assert (last.offset, last.line) == (2 * len(LINE), 3)
    assert first["received_us"].to_pylist() < second["received_us"].to_pylist()


def test_a_csv_gives_its_header_with_later_blocks():
    header = b"mmsi,time,lat,lon"
    data = header + b"\n" + b"219000001,2024-01-01,55.0,12.0\n" * 200_000
    rows = rows_of(stdin(data))
    assert bytes_of(rows) == data
    assert set(rows["header"].to_pylist()[1:]) == {header}
    assert rows["header"][0].as_py() is None


def test_a_truncated_gzip_and_an_overlong_line_are_faults():
    data = gzip.compress(LINE + b"x" * (3 << 20) + b"\n" + LINE * 20)
    rows = rows_of(stdin(data[:-4]))
    assert bytes_of(rows) == LINE * 21
    assert [f.split(":")[0] for f in faults_of(rows)] == ["overlong", "truncated_stream"]
    offsets = rows["offset"].to_pylist()
    assert offsets[:2] == [0, len(LINE)]
    assert rows["first_line"].to_pylist()[:3] == [1, 2, 3]


def test_another_stream_is_refused():
    *_, (_, cursor) = stdin(LINE * 10).read(Cursor())
    with pytest.raises(SourceError, match="not the stream") as error:
        list(stdin(b"$" + LINE * 10).read(cursor))
    assert error.value.help


@pytest.mark.parametrize("data", [b"PAR1....", b"PK\x03\x04....", b"nothing known"])
def test_what_cannot_be_read_is_told(data):
    with pytest.raises(SourceError) as error:
        list(stdin(data).read(Cursor()))
    assert error.value.help


def test_nothing_in_nothing_out():
    assert list(stdin(b"").read(Cursor())) == []
