"""The law of sources: resuming at any cursor reads the rest exactly once."""

import gzip
import io
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.schema.source import Cursor
from fairlead.sources.stdin import StdinSource
from tests.sources.feeds import bytes_of, faults_of, opened, rows_of
from tests.sources.test_files import PACKINGS, packed

LINES = st.lists(st.binary(max_size=60).map(lambda b: b.replace(b"\r", b".")), max_size=40)


def in_small_blocks(path, **changes):
    """Blocks of a few records, so that small files have many."""
    return replace(opened(path, **changes), block_bytes=128, record_bytes_max=48)


def check_all_cursors(make):
    """From every cursor handed out, the same rows follow as without stopping."""
    whole = list(make().read(Cursor()))
    for k, (_, cursor) in enumerate(whole):
        rest = list(make().read(cursor))
        assert [r.to_pylist() for r, _ in rest] == [r.to_pylist() for r, _ in whole[k + 1 :]]
        assert [c for _, c in rest] == [c for _, c in whole[k + 1 :]]
    return whole


@pytest.mark.parametrize("how", PACKINGS)
def test_files_resume(tmp_path_factory, how):
    folder = tmp_path_factory.mktemp("files")

    @settings(max_examples=25, deadline=None)
    @given(lines=LINES, ends=st.sampled_from([b"\n", b"\r\n"]), last=st.booleans())
    def check(lines, ends, last):
        data = b"!AIVDM,1," + ends.join([b"", *lines]) + (ends if last else b"")
        path = folder / "feed"
        path.write_bytes(packed(data, how))
        whole = check_all_cursors(lambda: in_small_blocks(path, format="nmea"))
        covered = sum(
            len(r["payload"])
            for rows, _ in whole
            for r in rows.to_pylist()
            if r["format"] == "nmea"
        )
        overlong = sum(
            int(f.split("of ")[1].split(" ")[0]) for rows, _ in whole for f in faults_of(rows)
        )
        assert covered + overlong == len(data)

    check()


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_truncated_files_resume(tmp_path, pack):
    data = b"".join(b"!AIVDM,%d\n" % i for i in range(300))
    whole = pack(data)
    for cut in range(20, len(whole) - 1, 37):
        path = tmp_path / "cut"
        path.write_bytes(whole[:cut])
        tables = check_all_cursors(lambda path=path: in_small_blocks(path, format="nmea"))
        faults = [f for rows, _ in tables for f in faults_of(rows)]
        assert len(faults) == 1


def test_utf_16_files_resume(tmp_path):
    data = "".join(f"!AIVDM,{i},café\r\n" for i in range(60))
    path = tmp_path / "wide"
    path.write_bytes(data.encode("utf-16"))
    whole = check_all_cursors(lambda: in_small_blocks(path))
    assert b"".join(bytes_of(r) for r, _ in whole) == data.encode()


def test_csv_files_resume_with_their_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbfmmsi,time,lat,lon\n" + b"219000001,2024-01-01,55.0,12.0\n" * 40)
    check_all_cursors(lambda: in_small_blocks(path))


def test_parquet_files_resume_at_any_row(tmp_path):
    table = pa.table({"mmsi": range(50), "time": range(50)})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=20)
    whole = check_all_cursors(lambda: replace(opened(path), rows_per_block=7))
    fingerprint = whole[0][1].fingerprint
    for n_rows in range(51):
        source = replace(opened(path), rows_per_block=7)
        rest = rows_of(source, Cursor(n_rows, n_rows + 1, fingerprint))
        got = [
            v
            for r in rest["payload"].to_pylist()
            for v in pa.ipc.open_stream(r).read_all()["mmsi"].to_pylist()
        ]
        assert got == list(range(n_rows, 50))


@pytest.mark.parametrize("how", PACKINGS)
def test_standard_input_resumes(how):
    data = b"".join(b"!AIVDM,%d\n" % i for i in range(3000))

    def source():
        return StdinSource("-", io.BytesIO(packed(data, how)), lambda: 0)

    whole = list(source().read(Cursor()))
    assert b"".join(bytes_of(r) for r, _ in whole) == data
    done = b""
    for rows, cursor in whole:
        done += bytes_of(rows)
        assert done + b"".join(bytes_of(r) for r, _ in source().read(cursor)) == data
