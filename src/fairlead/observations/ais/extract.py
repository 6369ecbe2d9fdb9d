"""Fields of all messages of one layout at once, straight into the columns. Kernels.

A field is a row of numbers (`columns.FieldRows`): first bit, width, kind of number, where the value
goes. Nothing here knows a message type.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fairlead.observations.ais.records import span_hash
from fairlead.observations.ais.state import (
    M_BITS,
    M_LAYOUT,
    M_STATION_AT,
    M_STATION_LEN,
    M_WORD,
    R_AT,
    R_LEN,
)
from fairlead.observations.ais.words import WORD, bits_at

(
    F_FIRST,
    F_WIDTH,
    F_SIGNED,
    F_NA_LOW,
    F_NA_HIGH,
    F_NA_FIRST,
    F_NA_WIDTH,
    F_STORE,
    F_SLOT,
    F_VALID,
) = range(10)

STORE_F64, STORE_F32, STORE_I32, STORE_I16, STORE_I8, STORE_BIT, STORE_TURN, STORE_SIGN = range(8)

T_FIRST, T_WIDTH, T_UNIT, T_SLOT = range(4)
UNIT_TEXT, UNIT_BYTES, UNIT_ETA = range(3)

ETA_FIELDS = np.array([[0, 4], [4, 5], [9, 5], [14, 6]])
"""First bit and width of month, day, hour and minute."""

SIX = np.int64(6)
TURN_FACTOR = 4.733
"""Rate of turn sensor value in degrees per minute is (raw / 4.733) squared (M.1371-5, table 45)."""


@njit(cache=True)
def numbers(words, at, bits, rows, fields, scales, f64, f32, i32, i16, i8, bit, valid, here, raw):
    """Write each number field of the messages `rows` to its column.

    `at` and `bits` are first word and length of these messages. The columns are rows of the 2D
    arrays by type of number; `valid` (columns, rows / 8) gets a bit where there is a value. `here`
    (zeros, rows / 8) and `raw` (one number per message) are scratch.
    """
    for k in range(len(rows)):
        here[rows[k] >> 3] |= 1 << (rows[k] & 7)
    for f in range(len(fields)):
        field = fields[f]
        mask = valid[field[F_VALID]]
        for k in range(len(here)):
            mask[k] |= here[k]
        _read_raw(words, at, bits, rows, field, raw, mask)
        _store(rows, raw, field, scales[f, 0], scales[f, 1], f64, f32, i32, i16, i8, bit)


@njit(cache=True)
def _read_raw(words, at, bits, rows, field, raw, mask):
    """The field's number in each message; 0, and no bit in the mask, where it is not available.

    Where a field's bits lie in the words is the same in all messages.
    """
    first, width = field[F_FIRST], field[F_WIDTH]
    low, high = field[F_NA_LOW], field[F_NA_HIGH]
    sign = 1 << (width - 1) if field[F_SIGNED] else 0
    if first < 0 or field[F_NA_WIDTH]:
        for k in range(len(at)):
            start = first if first >= 0 else bits[k] + first
            known = start + width <= bits[k]
            if known and field[F_NA_WIDTH]:
                judged = bits_at(words, at[k], field[F_NA_FIRST], field[F_NA_WIDTH])
                known = judged < low or judged > high
            if known:
                raw[k] = bits_at(words, at[k], start, width)
            else:
                raw[k] = 0
                mask[rows[k] >> 3] &= ~(1 << (rows[k] & 7))
        return
    word, end = first // WORD, first % WORD + width
    right = max(WORD - end, 0)
    over = max(end - WORD, 0)
    rest = WORD - over if over else 0
    keep = (1 << width) - 1
    for k in range(len(at)):
        value = words[at[k] + word] >> right
        if over:
            value = (value << over) | (words[at[k] + word + 1] >> rest)
        value &= keep
        if first + width > bits[k] or low <= value <= high:
            raw[k] = 0
            mask[rows[k] >> 3] &= ~(1 << (rows[k] & 7))
        else:
            raw[k] = (value ^ sign) - sign


@njit(cache=True)
def _store(rows, raw, field, per_unit, plus, f64, f32, i32, i16, i8, bit):
    """Write the numbers to their column as its type."""
    store, slot = field[F_STORE], field[F_SLOT]
    if store == STORE_F32:
        for k in range(len(rows)):
            f32[slot, rows[k]] = raw[k] / per_unit + plus
    elif store == STORE_F64:
        for k in range(len(rows)):
            f64[slot, rows[k]] = raw[k] / per_unit + plus
    elif store == STORE_I32:
        for k in range(len(rows)):
            i32[slot, rows[k]] = raw[k]
    elif store == STORE_I16:
        for k in range(len(rows)):
            i16[slot, rows[k]] = raw[k]
    elif store == STORE_I8:
        for k in range(len(rows)):
            i8[slot, rows[k]] = raw[k]
    elif store == STORE_BIT:
        for k in range(len(rows)):
            bit[slot, rows[k] >> 3] |= raw[k] << (rows[k] & 7)
    elif store == STORE_TURN:
        for k in range(len(rows)):
            f32[slot, rows[k]] = raw[k] * abs(raw[k]) / TURN_FACTOR**2
    else:
        for k in range(len(rows)):
            i8[slot, rows[k]] = 1 if raw[k] > 0 else (-1 if raw[k] < 0 else 0)


@njit(cache=True)
def measure(words, found, rows, fields, starts, ends, lengths):
    """How long each text is: `lengths` (slots, rows), with its first and last bit + 1."""
    for f in range(len(fields)):
        field = fields[f]
        slot, unit = field[T_SLOT], field[T_UNIT]
        step = 6 if unit == UNIT_TEXT else 8
        for k in range(len(rows)):
            row = rows[k]
            at, bits = found[M_WORD, row], found[M_BITS, row]
            first = field[T_FIRST]
            width = field[T_WIDTH] if field[T_WIDTH] > 0 else bits + field[T_WIDTH] - first
            if first + width > bits:
                width = bits - first
            if unit == UNIT_ETA:
                month = bits_at(words, at, first, ETA_FIELDS[0, 1])
                day = bits_at(words, at, first + ETA_FIELDS[1, 0], ETA_FIELDS[1, 1])
                n = 11 if month and day else 0
            elif unit == UNIT_BYTES:
                n = max(0, (width + 7) // 8)
            else:
                n = max(0, width // step)
                while n and bits_at(words, at, first + 6 * (n - 1), SIX) == 0:
                    n -= 1
                while n and bits_at(words, at, first + 6 * (n - 1), SIX) == 32:
                    n -= 1
                while n and bits_at(words, at, first, SIX) == 32:
                    n -= 1
                    first += 6
            starts[slot, row] = first
            ends[slot, row] = field[T_FIRST] + width
            lengths[slot, row] = n


@njit(cache=True)
def lay_out(lengths, offsets, bitmap):
    """Offsets of a column of texts from their lengths, and its validity: empty is null."""
    total = 0
    for row in range(len(lengths)):
        offsets[row] = total
        if lengths[row]:
            total += lengths[row]
            bitmap[row >> 3] |= 1 << (row & 7)
    offsets[len(lengths)] = total
    return total


@njit(cache=True)
def write_texts(words, found, starts, ends, offsets, unit, out):
    """Write the characters or bytes of one column."""
    for row in range(len(starts)):
        n = offsets[row + 1] - offsets[row]
        if n == 0:
            continue
        at, first, to = found[M_WORD, row], np.int64(starts[row]), np.int64(offsets[row])
        if unit == UNIT_TEXT:
            for k in range(n):
                c = bits_at(words, at, first + 6 * k, SIX)
                out[to + k] = c + 64 if c < 32 else c
        elif unit == UNIT_BYTES:
            end = ends[row]
            for k in range(n):
                bit = first + 8 * k
                w = min(8, end - bit)
                out[to + k] = bits_at(words, at, bit, w) << (8 - w)
        else:
            _write_eta(words, at, first, to, out)


@njit(cache=True)
def _write_eta(words, at, first, to, out):
    """MM-DDTHH:MM as sent; hour 24 and minute 60 say that these are not known."""
    for k in range(4):
        value = bits_at(words, at, first + ETA_FIELDS[k, 0], ETA_FIELDS[k, 1])
        out[to + 3 * k] = 48 + value // 10
        out[to + 3 * k + 1] = 48 + value % 10
    out[to + 2] = 45
    out[to + 5] = 84
    out[to + 8] = 58


@njit(cache=True)
def by_layout(found, n, starts, rows):
    """Message numbers grouped by layout (a counting sort): `starts` (layouts + 1), `rows` (n)."""
    starts[:] = 0
    for k in range(n):
        starts[found[M_LAYOUT, k] + 1] += 1
    for k in range(1, len(starts)):
        starts[k] += starts[k - 1]
    for k in range(n):
        rows[starts[found[M_LAYOUT, k]]] = k
        starts[found[M_LAYOUT, k]] += 1
    for k in range(len(starts) - 1, 0, -1):
        starts[k] = starts[k - 1]
    starts[0] = 0


@njit(cache=True)
def copy_refused(buf, refused, n, offsets, out):
    """The kept bytes of the rejects, one after the other."""
    to = 0
    for k in range(n):
        offsets[k] = to
        for q in range(refused[k, R_AT], refused[k, R_AT] + refused[k, R_LEN]):
            out[to] = buf[q]
            to += 1
    offsets[n] = to


@njit(cache=True)
def number_stations(buf, found, n, hashes, numbers, codes):
    """Give each station a number by first appearance; `codes` (n) gets it, -1 without a station.

    `hashes` and `numbers` are an open addressing table of zeros with more slots than stations.
    Returns how many there are;
    """
    total = 0
    for k in range(n):
        length = found[M_STATION_LEN, k]
        if length == 0:
            codes[k] = -1
            continue
        h = span_hash(buf, found[M_STATION_AT, k], length)
        slot = h % len(hashes)
        while hashes[slot] != 0 and hashes[slot] != h:
            slot = (slot + 1) % len(hashes)
        if hashes[slot] == 0:
            hashes[slot] = h
            numbers[slot] = total
            total += 1
        codes[k] = numbers[slot]
    return total
