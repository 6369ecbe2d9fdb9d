"""Lines of every kind: what becomes of them, when they were, and who heard them."""

from functools import reduce
from operator import xor

import pytest

from fairlead.observations.ais import decode_block, iter_decoded
from fairlead.schema.tables import REJECTS, TIME_BASES

POSITION = b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0*23"
PARTS = (
    b"!AIVDM,2,1,1,A,55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8,0*1C",
    b"!AIVDM,2,2,1,A,88888888880,2*25",
)


def summed(text: bytes) -> bytes:
    """A sentence with its checksum."""
    return text + b"*%02X" % reduce(xor, text[1:])


def tagged(fields: bytes, sentence: bytes = POSITION) -> bytes:
    return b"\\" + fields + b"*%02X\\" % reduce(xor, fields) + sentence


def part(number: int, *, sequence: int = 1, channel: bytes = b"A") -> bytes:
    body = (b"55?MbV02;H;s<HtKR20EHE:0@T4@Dn2222222216L961O5Gf0NSQEp6ClRp8,0", b"88888888880,2")
    return summed(b"!AIVDM,2,%d,%d,%s,%s" % (number, sequence, channel, body[number - 1]))


def reasons(content: bytes) -> list[str]:
    return decode_block(content).rejects["reason"].to_pylist()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (POSITION[:-1] + b"4", "bad_checksum"),
        (POSITION[:-3], "no_checksum"),
        (POSITION[:30], "truncated"),
        (b"!AIVDM,1,1,,B,,0*25", "truncated"),
        (summed(b"!AIVDM,1,1,,A,13HOI:0P0000VO~LCnHQKwvL05Ip,0"), "bad_armour"),
        (summed(b"!AIVDM,1,2,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,0"), "bad_field"),
        (summed(b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05Ip,6"), "bad_field"),
        (summed(b"!AIVDM,1,1,,A,13HOI:0P0000VOHLCnHQKwvL05,0"), "wrong_bit_count"),
        (summed(b"!AIVDM,1,1,,A,w3HOI:0P0000VOHLCnHQKwvL05Ip,0"), "unknown_type"),
        (PARTS[0], "lost_part"),
        (b"\\s:station,c:1*00\\" + POSITION, "bad_tag_block"),
        (b"$PGHP,1,2008,13,9,0,0,0,10,338,2,,1,09*25", "bad_time_line"),
        (b"hello", "not_nmea"),
        (b"\xff\xfe\x00\x01", "not_nmea"),
    ],
)
def test_a_reject_has_its_reason_and_its_bytes(line, reason):
    content = b"# first\n" + line + b"\r\n" + POSITION + b"\n"
    decoded = decode_block(content, source="log", received_us=7)
    assert decoded.rejects.schema.equals(REJECTS.columns)
    if reason == "bad_time_line":
        line = summed(line[:-3])
        decoded = decode_block(b"# first\n" + line + b"\r\n" + POSITION + b"\n", source="log")
    row = decoded.rejects.to_pylist()[0]
    assert (row["reason"], row["line"], row["raw_offset"]) == (reason, 2, 8)
    assert row["bytes"].startswith(line[:200])
    assert row["detail"]
    assert decoded.messages["line"].to_pylist()[-1] == 3


@pytest.mark.parametrize(
    ("line", "time_us", "basis", "station"),
    [
        (tagged(b"s:42809,c:1635731889,t:x"), 1635731889_000_000, "tag", "42809"),
        (tagged(b"c:1635731889123"), 1635731889_123_000, "tag", None),
        (b"1452468552.938 " + POSITION, 1452468552_938_000, "epoch", None),
        (b"1452468552938 " + POSITION, 1452468552_938_000, "epoch", None),
        (b"1452468552," + POSITION, 1452468552_000_000, "epoch", None),
        (b"2016-01-10T23:29:12.5Z " + POSITION, 1452468552_500_000, "epoch", None),
        (b"[2016/01/11 00:29:12+01:00] " + POSITION, 1452468552_000_000, "epoch", None),
        (POSITION + b",1452468552", 1452468552_000_000, "epoch", None),
        (
            POSITION + b",d-109,S2105,t050056.00,r003669946,1452468552,1452468001",
            1452468552_000_000,
            "epoch",
            "r003669946",
        ),
        (
            summed(b"$PGHP,1,2016,1,10,23,29,12,938,219,,2190067,1,26") + b"\n" + POSITION,
            1452468552_938_000,
            "proprietary",
            "2190067",
        ),
        (
            summed(b"$GPZDA,232912.50,10,01,2016,,") + b"\n" + POSITION,
            1452468552_500_000,
            "proprietary",
            None,
        ),
        (
            tagged(b"s:east,c:1452468552", b"") + b"\r\n" + POSITION,
            1452468552_000_000,
            "tag",
            "east",
        ),
        (POSITION, 99, "received", None),
    ],
)
def test_a_line_tells_its_time_and_station(line, time_us, basis, station):
    decoded = decode_block(line + b"\n", received_us=99)
    row = decoded.messages.to_pylist()[0]
    assert decoded.rejects.num_rows == 0
    assert (row["time_us"], TIME_BASES[row["time_basis"]], row["station"]) == (
        time_us,
        basis,
        station,
    )


def test_every_line_is_counted():
    lines = [b"", b"  ", b"# comment", b"$GPGGA,1,2*00", b"$BSALR,x*62", POSITION, b"junk"]
    lines += [tagged(b"s:a", b""), POSITION + POSITION]
    counts = decode_block(b"\n".join(lines)).counts
    assert counts == {
        "lines": 9,
        "blank": 2,
        "comments": 1,
        "not_ais": 2,
        "time_lines": 0,
        "tag_lines": 1,
        "sentences": 3,
        "parts": 0,
        "own_ship": 0,
        "messages": 3,
        "rejects": 1,
    }


def test_own_ship_and_any_talker():
    row = decode_block(summed(b"!BSVDO" + POSITION[6:-3])).messages.to_pylist()[0]
    assert row["own_ship"]
    assert row["mmsi"] == 227006760


@pytest.mark.parametrize(
    ("order", "messages", "lost"),
    [
        ((1, 2), 1, 0),
        ((2, 1), 1, 0),
        ((1, 1, 2, 2), 2, 0),
        ((1, 2, 2), 1, 1),
        ((1,), 0, 1),
    ],
)
def test_parts_in_any_order_and_doubled(order, messages, lost):
    decoded = decode_block(b"\n".join(part(n) for n in order))
    assert decoded.messages.num_rows == messages
    assert decoded.rejects["reason"].to_pylist() == ["lost_part"] * lost


def test_interleaved_channels_and_sequences_come_apart():
    lines = [
        part(1, sequence=1),
        part(1, sequence=1, channel=b"B"),
        part(1, sequence=2),
        POSITION,
        part(2, sequence=2),
        part(2, sequence=1, channel=b"B"),
        part(2, sequence=1),
    ]
    decoded = decode_block(b"\n".join(lines))
    assert decoded.messages["line"].to_pylist() == [4, 3, 2, 1]
    assert decoded.rejects.num_rows == 0


def test_receivers_are_told_apart_by_their_tag():
    lines = [
        tagged(b"s:east", part(1)),
        tagged(b"s:west", part(1)),
        tagged(b"s:east", part(2)),
        tagged(b"s:west", part(2)),
    ]
    decoded = decode_block(b"\n".join(lines))
    assert decoded.messages["station"].to_pylist() == ["east", "west"]


def test_a_tag_group_joins_a_later_part_without_station_and_time():
    first = tagged(b"g:1-2-27300,s:b003669710,c:1428621738", part(1))
    row = decode_block(first + b"\n" + tagged(b"g:2-2-27300,n:6", part(2))).messages.to_pylist()[0]
    assert (row["station"], row["time_us"]) == ("b003669710", 1428621738_000_000)


def test_parts_too_far_apart_are_lost():
    lines = [part(1), *[POSITION] * 600, part(2)]
    assert reasons(b"\n".join(lines)) == ["lost_part", "lost_part"]


def test_a_repeated_transmission_has_the_same_hash():
    repeated = summed(b"!AIVDM,1,1,,B,1CHOI:0P0000VOHLCnHQKwvL05Ip,0")
    hashes = decode_block(POSITION + b"\n" + repeated).messages["payload_hash"].to_pylist()
    assert hashes[0] == hashes[1] > 0


def test_a_very_long_line_is_one_reject():
    assert reasons(b"x" * 10_000_000 + b"\n" + POSITION) == ["not_nmea"]


def test_the_last_line_may_lack_its_newline():
    blocks = [POSITION + b"\n" + part(1) + b"\n", part(2)]
    decoded = list(iter_decoded(blocks))
    assert [d.messages.num_rows for d in decoded] == [1, 1]
    assert decoded[1].messages["line"].to_pylist() == [2]
