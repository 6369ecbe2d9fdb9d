"""Files: compression, encodings, and what may be wrong with them."""

import gzip
import os
import stat

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.schema.errors import ConfigError, SourceError
from fairlead.schema.source import Cursor
from fairlead.sources import blocks
from fairlead.sources.registry import open_sources
from tests.sources.feeds import RECEIVED_US, bytes_of, faults_of, opened, options, rows_of

NMEA = b"".join(
    b"!AIVDM,1,1,,A,15RTgt0PAso;90TKcjM8h6g208CQ,0*%02X\r\n" % (i % 256) for i in range(400)
)


def packed(data: bytes, how: str) -> bytes:
    half = len(data) // 2
    return {
        "plain": lambda: data,
        "gzip": lambda: gzip.compress(data),
        "gzip members": lambda: gzip.compress(data[:half]) + gzip.compress(data[half:]),
        "gzip padded": lambda: gzip.compress(data) + bytes(1000),
        "zstd": lambda: zstandard.compress(data),
        "zstd frames": lambda: zstandard.compress(data[:half]) + zstandard.compress(data[half:]),
    }[how]()


PACKINGS = ["plain", "gzip", "gzip members", "gzip padded", "zstd", "zstd frames"]


@pytest.mark.parametrize("how", PACKINGS)
def test_compression_is_told_by_the_bytes_and_not_the_name(tmp_path, how):
    path = tmp_path / "feed.txt"
    path.write_bytes(packed(NMEA, how))
    rows = rows_of(opened(path))
    assert bytes_of(rows) == NMEA
    assert rows["n_lines"].to_pylist() == [400]
    assert rows["format"].to_pylist() == ["nmea"]
    assert rows["received_us"].to_pylist() == [RECEIVED_US]
    assert faults_of(rows) == []


@pytest.mark.parametrize("how", ["gzip", "zstd"])
def test_a_truncated_stream_gives_what_is_readable_and_says_so(tmp_path, how):
    data = b"".join(b"!AIVDM,1,1,,A,%d,0*00\n" % (i * i) for i in range(40_000))
    whole = packed(data, how)
    path = tmp_path / "cut"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    rows = rows_of(opened(path))
    got = bytes_of(rows)
    assert len(data) // 2 < len(got) < len(data)
    assert data.startswith(got)
    (fault,) = faults_of(rows)
    assert fault.startswith("truncated_stream:")
    *_, (_, last) = opened(path).read(Cursor())
    assert list(opened(path).read(last)) == []


def test_a_damaged_gzip_gives_what_comes_before(tmp_path):
    whole = bytearray(packed(NMEA * 50, "gzip members"))
    whole[-8:] = bytes(8)
    path = tmp_path / "damaged.gz"
    path.write_bytes(whole)
    rows = rows_of(opened(path))
    assert bytes_of(rows) == NMEA * 50
    (fault,) = faults_of(rows)
    assert fault.startswith("corrupt_stream:")


def test_bytes_after_a_gzip_stream_are_told(tmp_path):
    path = tmp_path / "tail.gz"
    path.write_bytes(gzip.compress(NMEA) + b"what is this")
    rows = rows_of(opened(path))
    assert bytes_of(rows) == NMEA
    assert faults_of(rows) == ["corrupt_stream: bytes that are not gzip follow its end"]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b"\xef\xbb\xbf" + NMEA, NMEA),
        ("\ufeff".encode("utf-16-le") + NMEA.decode().encode("utf-16-le"), NMEA),
        ("\ufeff".encode("utf-16-be") + NMEA.decode().encode("utf-16-be"), NMEA),
        (NMEA.replace(b"\r\n", b"\r"), NMEA.replace(b"\r\n", b"\n")),
        (NMEA.rstrip(), NMEA.rstrip()),
        (NMEA + b"\x00\x00\xff caf\xe9\n", NMEA + b"\x00\x00\xff caf\xe9\n"),
    ],
    ids=["utf-8 mark", "utf-16 little", "utf-16 big", "lone returns", "no last newline", "noise"],
)
def test_encodings_and_line_endings(tmp_path, given, expected):
    path = tmp_path / "feed"
    path.write_bytes(given)
    rows = rows_of(opened(path))
    assert bytes_of(rows) == expected
    assert sum(rows["n_lines"].to_pylist()) == expected.count(b"\n") + (expected[-1:] != b"\n")


def test_an_empty_file_is_no_rows_and_said(tmp_path):
    (tmp_path / "empty").touch()
    said = []
    assert rows_of(opened(tmp_path / "empty", notice=said.append)).num_rows == 0
    assert said == [f"{tmp_path / 'empty'}: empty"]


def test_an_overlong_record_is_cut_out_and_its_neighbours_survive(tmp_path):
    for n_bytes in (blocks.RECORD_BYTES_MAX + 1, 10 << 20):
        path = tmp_path / f"{n_bytes}"
        path.write_bytes(NMEA + b"x" * n_bytes + b"\n" + NMEA)
        rows = rows_of(opened(path))
        assert bytes_of(rows) == NMEA + NMEA
        (fault,) = [r for r in rows.to_pylist() if r["format"] == "fault"]
        assert fault["payload"].startswith(b"overlong: a record of %d bytes" % (n_bytes + 1))
        assert fault["offset"] == len(NMEA)
        assert fault["first_line"] == 401
        last = rows.to_pylist()[-1]
        assert (last["offset"], last["first_line"]) == (len(NMEA) + n_bytes + 1, 402)


def test_a_record_of_the_longest_length_is_kept(tmp_path):
    data = NMEA + b"x" * blocks.RECORD_BYTES_MAX + b"\n" + NMEA * 200
    path = tmp_path / "long"
    path.write_bytes(data)
    rows = rows_of(opened(path))
    assert (bytes_of(rows), faults_of(rows)) == (data, [])


def test_a_cursor_of_another_file_is_refused(tmp_path):
    path = tmp_path / "feed"
    path.write_bytes(NMEA)
    *_, (_, cursor) = opened(path).read(Cursor())
    path.write_bytes(NMEA[60:] + NMEA)
    with pytest.raises(SourceError, match="another file") as error:
        list(opened(path).read(cursor))
    assert error.value.help
    path.write_bytes(NMEA[: len(NMEA) - 60])
    with pytest.raises(SourceError):
        list(opened(path).read(cursor))


def test_a_file_that_grows_gives_its_rest(tmp_path):
    path = tmp_path / "feed"
    path.write_bytes(NMEA[:100])
    *_, (first, cursor) = opened(path, hold_partial=True).read(Cursor())
    path.write_bytes(NMEA)
    rest = rows_of(opened(path, hold_partial=True), cursor)
    assert bytes_of(first) + bytes_of(rest) == NMEA
    assert faults_of(rest) == []


def test_a_record_delivered_before_it_was_whole_is_told(tmp_path):
    path = tmp_path / "feed"
    path.write_bytes(NMEA[:60])
    *_, (_, cursor) = opened(path).read(Cursor())
    path.write_bytes(NMEA)
    rest = rows_of(opened(path), cursor)
    (fault,) = faults_of(rest)
    assert fault.startswith("split_record:")
    assert bytes_of(rest) == NMEA.split(b"\n", 2)[2]


def test_a_directory_a_missing_file_and_a_closed_one_are_told(tmp_path):
    with pytest.raises(SourceError, match="is a directory") as error:
        opened(tmp_path)
    assert "*" in error.value.help
    with pytest.raises(SourceError, match="no such file"):
        opened(tmp_path / "none")
    with pytest.raises(SourceError, match="no file matches"):
        opened(tmp_path / "*.nmea")
    source_path = tmp_path / "gone"
    source_path.write_bytes(NMEA)
    source = opened(source_path)
    source_path.unlink()
    with pytest.raises(SourceError, match="no such file"):
        list(source.read(Cursor()))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_no_permission_is_told(tmp_path):
    path = tmp_path / "closed"
    path.write_bytes(NMEA)
    path.chmod(stat.S_IWUSR)
    with pytest.raises(SourceError, match="permission denied"):
        opened(path)


def test_globs_are_sorted_and_files_come_once(tmp_path):
    for name in ("b.nmea", "a.nmea", "c.txt"):
        (tmp_path / name).write_bytes(NMEA)
    pattern = str(tmp_path / "*.nmea")
    found = open_sources([pattern, str(tmp_path / "a.nmea")], options())
    assert [s.name for s in found] == [str(tmp_path / "a.nmea"), str(tmp_path / "b.nmea")]


@pytest.mark.parametrize(
    ("argument", "error", "text"),
    [
        ("ftp://host/x", ConfigError, "no source reads `ftp://`"),
        ("tcp://host", ConfigError, "is not an address"),
        ("udp://host:99999", ConfigError, "is not an address"),
    ],
)
def test_arguments_that_name_nothing(argument, error, text):
    with pytest.raises(error, match=text) as found:
        open_sources([argument], options())
    assert found.value.help


def test_a_csv_block_after_the_first_has_the_header(tmp_path):
    header = b"mmsi,time,lat,lon"
    line = b"219000001,2024-01-01T00:00:00,55.0,12.0\r\n"
    path = tmp_path / "a.csv"
    path.write_bytes(header + b"\r\n" + line * 200_000)
    rows = rows_of(opened(path))
    assert rows.num_rows > 1
    assert rows["header"].to_pylist() == [None] + [header] * (rows.num_rows - 1)
    assert rows["first_line"].to_pylist()[1] == rows["n_lines"].to_pylist()[0] + 1


def test_what_is_packed_otherwise_is_named(tmp_path):
    for magic, what in (
        (b"PK\x03\x04", "zip archive"),
        (b"BZh9", "bzip2"),
        (b"\xfd7zXZ\x00", "xz"),
        (gzip.compress(gzip.compress(NMEA)), "gzip within gzip"),
        (gzip.compress(zstandard.compress(NMEA)), "zstd within gzip"),
    ):
        (tmp_path / "packed").write_bytes(magic + bytes(100))
        with pytest.raises(SourceError, match=what) as error:
            opened(tmp_path / "packed")
        assert "unpack" in error.value.help


def test_parquet_that_is_cut_or_packed_is_told(tmp_path):
    table = pa.table({"mmsi": range(1000)})
    pq.write_table(table, tmp_path / "whole.parquet")
    data = (tmp_path / "whole.parquet").read_bytes()
    (tmp_path / "cut").write_bytes(data[: len(data) // 2])
    with pytest.raises(SourceError, match="cannot be read as Parquet"):
        opened(tmp_path / "cut")
    (tmp_path / "packed").write_bytes(gzip.compress(data))
    with pytest.raises(SourceError, match="Parquet within gzip"):
        opened(tmp_path / "packed")
    said = []
    rows = rows_of(opened(tmp_path / "whole.parquet", notice=said.append))
    assert rows["n_lines"].to_pylist() == [1000]
    assert said == [f"{tmp_path / 'whole.parquet'}: Parquet, 1 columns"]


def test_a_damaged_row_group_is_a_fault_and_the_others_survive(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"mmsi": range(3000)}), path, row_group_size=1000, compression="zstd")
    group = pq.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    start = group.dictionary_page_offset or group.data_page_offset
    data[start : start + group.total_compressed_size] = bytes(group.total_compressed_size)
    path.write_bytes(data)
    rows = rows_of(opened(path))
    assert rows["offset"].to_pylist() == [0, 1000, 2000]
    (fault,) = faults_of(rows)
    assert fault.startswith("corrupt_stream: row group 1")


def test_a_named_pipe_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="pipe or a device") as error:
        opened(tmp_path / "pipe")
    assert "standard input" in error.value.help


def test_others_may_bring_sources(tmp_path, monkeypatch):
    (tmp_path / "ours_feed.py").write_text(
        "from fairlead.sources.files import FileSource\n"
        "def opener(argument, options):\n"
        "    return [FileSource(argument, None, 'nmea', 0)]\n"
    )
    (tmp_path / "ours_feed-1.0.dist-info").mkdir()
    (tmp_path / "ours_feed-1.0.dist-info" / "METADATA").write_text("Name: ours-feed\n")
    (tmp_path / "ours_feed-1.0.dist-info" / "entry_points.txt").write_text(
        "[fairlead.sources]\nours = ours_feed:opener\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    (source,) = open_sources(["ours://x"], options())
    assert source.name == "ours://x"
    with pytest.raises(ConfigError) as error:
        open_sources(["theirs://x"], options())
    assert error.value.help == "known are paths, patterns, `-`, and ours, tcp, tcp-listen, udp"


def test_zeros_that_unpack_to_much_take_little_memory(tmp_path):
    data = b"!AIVDM,1\n" + bytes(64 << 20) + b"\n!AIVDM,2\n"
    for pack in (gzip.compress, zstandard.compress):
        (tmp_path / "bomb").write_bytes(pack(data))
        rows = rows_of(opened(tmp_path / "bomb"))
        assert bytes_of(rows) == b"!AIVDM,1\n!AIVDM,2\n"
        assert len(faults_of(rows)) == 1


@settings(max_examples=120, deadline=None)
@given(
    how=st.sampled_from(PACKINGS),
    changes=st.lists(st.tuples(st.integers(6, 10_000), st.integers(0, 255)), max_size=4),
    n_bytes=st.integers(4, 12_000),  # fewer do not show what a file is packed with
)
def test_any_damage_is_a_fault_and_never_a_crash(tmp_path_factory, how, changes, n_bytes):
    data = bytearray(packed(NMEA, how))
    for place, value in changes:
        data[place % len(data) if place % len(data) > 5 else 6] = value
    path = tmp_path_factory.mktemp("damaged") / "feed"
    path.write_bytes(data[:n_bytes])
    rows = rows_of(opened(path, format="nmea"))
    assert [f.split(":")[0] for f in faults_of(rows)] in (
        [],
        ["corrupt_stream"],
        ["truncated_stream"],
    )
    if not changes:
        assert NMEA.startswith(bytes_of(rows))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_recognised_or_refused_with_help(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "feed"
    path.write_bytes(data)
    try:
        rows = rows_of(opened(path))
    except SourceError as error:
        assert error.help
    else:
        assert rows.num_rows <= 2
