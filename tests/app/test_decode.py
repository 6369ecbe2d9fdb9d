"""What `decode` writes for people, and what it says of mistakes."""

import csv
import json
from functools import reduce

import pytest

from fairlead.app.cli import main

PAYLOAD = b"AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0"


def summed(body: bytes) -> bytes:
    return b"!" + body + b"*%02X" % reduce(lambda a, b: a ^ b, body)


def tagged(station: bytes) -> bytes:
    block = b"s:" + station + b",c:1635731889"
    return b"\\" + block + b"*%02X\\" % reduce(lambda a, b: a ^ b, block) + summed(PAYLOAD)


@pytest.mark.parametrize(
    ("station", "written"),
    [
        (b"east", "east"),
        (b"\x1b[31mred", "\\x1b[31mred"),
        (b"a\x07b\x7f", "a\\x07b\\x7f"),
        (b"=cmd|' /C calc'", "'=cmd|' /C calc'"),
        (b"+1", "'+1"),
        (b"-1", "'-1"),
        (b"@SUM(1)", "'@SUM(1)"),
    ],
)
def test_csv_holds_no_control_characters_and_no_formulas(tmp_path, station, written):
    path, out = tmp_path / "in.nmea", tmp_path / "out.csv"
    path.write_bytes(tagged(station) + b"\n" + summed(PAYLOAD) + b"\n")
    assert main(["decode", str(path), "-o", str(out)]) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["station"] for row in rows] == [written, ""]
    assert rows[0]["channel"] == "A"


def test_a_ship_name_that_looks_like_a_formula_is_quoted(tmp_path):
    path, out = tmp_path / "in.nmea", tmp_path / "out.csv"
    name = "=1+1"
    bits = f"{24:06b}00{244_123_456:030b}00" + "".join(f"{ord(c) & 63:06b}" for c in name)
    bits = bits.ljust(160, "0").ljust(162, "0")
    values = [int(bits[k : k + 6], 2) for k in range(0, 162, 6)]
    payload = bytes(v + 48 if v < 40 else v + 56 for v in values)
    path.write_bytes(summed(b"AIVDM,1,1,,A," + payload + b",2") + b"\n")
    assert main(["decode", str(path), "-o", str(out)]) == 0
    with out.open(newline="") as file:
        assert [row["name"] for row in csv.DictReader(file)] == ["'=1+1"]


def test_the_ending_is_checked_before_the_input_is_opened(tmp_path, capsys):
    assert main(["decode", str(tmp_path / "none.nmea"), "-o", str(tmp_path / "out.xls")]) == 2
    said = capsys.readouterr().err
    assert "out.xls" in said
    assert "none.nmea" not in said


@pytest.mark.parametrize("content", [b"hello\nworld\n", bytes(range(256))])
def test_unknown_bytes_get_a_help_that_decode_can_follow(tmp_path, capsys, content):
    path = tmp_path / "in"
    path.write_bytes(content)
    assert main(["decode", str(path), "-o", str(tmp_path / "out.csv")]) == 3
    said = capsys.readouterr().err
    assert "help: " in said
    assert "--format" not in said
    assert "--mapping" not in said


def test_a_file_without_a_last_newline_loses_nothing(tmp_path, capsys):
    path, out = tmp_path / "in.nmea", tmp_path / "out.jsonl"
    path.write_bytes(summed(PAYLOAD) + b"\n" + summed(PAYLOAD) + b"\n" + summed(PAYLOAD)[:20])
    assert main(["decode", str(path), "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["messages"] == 2
    assert told["reasons"] == {"truncated": 1}


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_bytes_of_application_messages_are_hexadecimal(tmp_path, ending):
    """DAC 235, FI 10 is none of the common ones: its content is kept as it came."""
    path, out = tmp_path / "in.nmea", tmp_path / f"out.{ending}"
    path.write_bytes(summed(b"AIVDM,1,1,,A,803OvriK`RPwwwwwwwww,0") + b"\n")
    assert main(["decode", str(path), "-o", str(out)]) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file)) if ending == "csv" else [json.loads(next(file))]
    (row,) = rows
    assert set(row["data"]) <= set("0123456789abcdef") and row["data"].count("f") > 3


def test_counts_are_there_where_nothing_is(tmp_path, capsys):
    path = tmp_path / "in.nmea"
    path.write_bytes(b"")
    assert main(["decode", str(path), "-o", str(tmp_path / "out.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["lines"], told["messages"], told["rejects"]) == (0, 0, 0)


def test_a_line_too_long_to_read_is_counted(tmp_path, capsys):
    path = tmp_path / "in.nmea"
    path.write_bytes(summed(PAYLOAD) + b"\n" + b"x" * 2_000_000 + b"\n" + summed(PAYLOAD))
    out = tmp_path / "out.csv"
    assert main(["decode", str(path), "-o", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["lines"], told["messages"], told["reasons"]) == (3, 2, {"overlong": 1})
