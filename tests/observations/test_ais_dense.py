"""Fields read densely, a slice of a block at a time, equal those read one by one."""

import random

import numpy as np
import pyarrow as pa
import pytest
from pyais.encode import encode_dict

from fairlead.observations.ais import decode_block, iter_decoded, run
from fairlead.observations.ais.build import SLICE
from fairlead.observations.ais.dense import pack
from fairlead.observations.ais.good import line_end
from fairlead.observations.ais.words import ARMOUR, WORD, append

SHARES = {
    "positions": {1: 80, 3: 10, 5: 4, 18: 3, 21: 2, 4: 1},
    "several": {1: 30, 18: 30, 4: 20, 24: 20},
    "static": {5: 60, 21: 30, 27: 10},
}


def busy_feed(shares: dict[int, int], n: int) -> bytes:
    """Encoded messages in these shares, values not available among them."""
    rng = random.Random(7)
    lines: list[str] = []
    made: list[list[str]] = []
    for kind in rng.choices(list(shares), list(shares.values()), k=300):
        values = {
            "type": kind,
            "mmsi": rng.randrange(200_000_000, 775_999_999),
            "lat": rng.choice([91.0, rng.uniform(-90, 90)]),
            "lon": rng.choice([181.0, rng.uniform(-180, 180)]),
            "speed": rng.choice([102.3, rng.uniform(0, 30)]),
            "course": rng.choice([360.0, rng.uniform(0, 359)]),
            "heading": rng.choice([511, rng.randrange(360)]),
            "turn": rng.randrange(-120, 120),
            "second": rng.randrange(64),
            "shipname": f"VESSEL {rng.randrange(99)}",
            "to_bow": rng.choice([0, 30]),
            "partno": rng.randrange(2),
        }
        made.append([line.replace("VDO", "VDM") for line in encode_dict(values)])
    while len(lines) < n:
        lines += rng.choice(made)
    return "\n".join(lines).encode() + b"\n"


@pytest.mark.parametrize("shares", SHARES.values(), ids=SHARES)
@pytest.mark.parametrize("n", [SLICE - 1, SLICE + 9])
def test_many_messages_are_read_as_few_are(shares, n):
    content = busy_feed(shares, n)
    with run.compile_now():
        whole = decode_block(content).messages
        few = list(_pieces(content, 40))
        parts = [decoded.messages for decoded in iter_decoded(few)]
    together = pa.concat_tables(parts)
    assert _plain(whole).equals(_plain(together))


def test_many_messages_compiled_are_those_of_python():
    content = busy_feed(SHARES["positions"], 1500)
    with run.compile_now():
        compiled = decode_block(content).messages
    with run.never_compile():
        plain = decode_block(content).messages
    assert _plain(compiled).equals(_plain(plain))


def _pieces(content: bytes, n_lines: int):
    lines = content.splitlines(keepends=True)
    for start in range(0, len(lines), n_lines):
        yield b"".join(lines[start : start + n_lines])


def _plain(table: pa.Table) -> pa.Table:
    """Without dictionaries, whose numbering differs from block to block."""
    columns = {
        name: column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
        for name, column in zip(table.column_names, table.columns, strict=True)
    }
    return pa.table(columns).combine_chunks()


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 63, 64, 65])
def test_flags_are_packed_as_arrow_wants_them(n):
    rng = np.random.default_rng(n)
    flags = np.ones((n + 15) & -8, np.uint8)
    flags[:n] = rng.integers(0, 2, n)
    expected = np.packbits(flags[:n], bitorder="little")
    bits = np.zeros(len(expected) + 2, np.uint8)
    pack(flags, n, bits, 1)
    assert bits[1:-1].tolist() == expected.tolist()
    assert bits[0] == bits[-1] == 0


@pytest.mark.parametrize("before", range(20))
@pytest.mark.parametrize("after", [0, 1, 9, 33])
def test_the_end_of_a_line_is_found_wherever_it_lies(before, after):
    text = b"\x8a\x0b\x09\xffabc"[: before % 8].ljust(before, b"x") + b"\n" + b"y" * after
    buf = np.frombuffer(text + b"\n" * 32, np.uint8)
    assert line_end(buf, 0, len(text)) == before
    assert line_end(buf, before + 1, len(text)) == len(text)


@pytest.mark.parametrize("first", range(12))
@pytest.mark.parametrize("second", [0, 1, 7, 8, 9, 25])
def test_payloads_of_parts_are_joined_bit_by_bit(first, second):
    rng = np.random.default_rng(first * 100 + second)
    letters = np.flatnonzero(ARMOUR < 64)
    text = rng.choice(letters, first + second).astype(np.uint8)
    buf = np.concatenate([text, np.full(32, 10, np.uint8)])
    words = np.zeros(8, np.int64)
    n = append(buf, 0, first, words, 0, 0)
    n = append(buf, first, first + second, words, 0, n)
    bits = "".join(f"{ARMOUR[c]:06b}" for c in text).ljust(8 * WORD, "0")
    assert n == first + second
    assert words.tolist() == [int(bits[k : k + WORD], 2) for k in range(0, 8 * WORD, WORD)]
