"""Lines as receivers write them: TAG blocks, groups, checksums, faults."""

import numpy as np
import pytest

from fairlead.simulate.fleet import Identity, identity_tables
from fairlead.simulate.payloads import FORMS, MOTION, armoured, fill_bits
from fairlead.simulate.sentences import FAULTS, write_lines


def written(form: str, n: int = 1, grouped: bool = False, **columns: int) -> list[bytes]:
    """Lines of `n` copies of one message."""
    forms = np.full(1, FORMS.index(form))
    ship = Identity(mmsi=211000001, name="ZEPHTAVA", callsign="DBXX2", destination="HAMBURG")
    static, texts = identity_tables([ship])
    motion = np.zeros((1, len(MOTION)), np.int64)
    payloads, lengths = armoured(forms, motion, np.zeros(1, np.int64), static, texts)
    parts = 2 if form == "5" else 1
    lines = {
        "message": np.zeros(n * parts, np.int64),
        "part": np.tile(np.arange(1, parts + 1), n),
        "parts": np.full(n * parts, parts),
    }
    for name in ("sequence", "channel", "station", "epoch_s", "fault", "salt"):
        lines[name] = np.full(n * parts, columns.get(name, 0))
    if "salts" in columns:
        lines["salt"] = np.arange(n * parts)
    flags = np.array([grouped])
    block = write_lines(payloads, lengths, fill_bits(forms), lines, ["coast1"], flags)
    return block.tobytes().split(b"\r\n")[:-1]


def xor(text: bytes) -> bytes:
    total = 0
    for byte in text:
        total ^= byte
    return b"%02X" % total


def test_tag_block_names_station_and_second():
    (line,) = written("1", epoch_s=1_760_400_000)
    empty, tag, sentence = line.split(b"\\")
    body, _, check = tag.partition(b"*")
    assert empty == b"" and body == b"s:coast1,c:1760400000" and check == xor(body)
    assert sentence.startswith(b"!AIVDM,1,1,,A,")


def test_parts_are_grouped_where_the_station_does_so():
    first, second = written("5", grouped=True, sequence=3, epoch_s=10)
    assert first.startswith(b"\\g:1-2-4,s:coast1,c:10*")
    assert second.startswith(b"\\g:2-2-4,s:coast1,c:10*")
    assert b"!AIVDM,2,1,3,A," in first and b"!AIVDM,2,2,3,A," in second
    plain, _ = written("5", sequence=3, epoch_s=10)
    assert plain.startswith(b"\\s:coast1,c:10*")


def test_channel_b_is_said():
    assert b",B," in written("18", channel=1)[0]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_the_line_and_only_a_fault(fault):
    good = written("1")[0]
    for line in written("1", n=200, fault=FAULTS.index(fault), salts=1):
        sentence = line[line.rindex(b"\\") + 1 :]
        body, star, check = sentence[1:].partition(b"*")
        holds = star == b"*" and check == xor(body)
        assert holds == (fault == "none")
        assert (len(line) < len(good)) == (fault == "truncated")
