"""Fields of all messages of one form at once, straight into the columns. Kernels.

A field is a row of numbers (`columns.Plan`): first bit, width, kind of number, where the value
goes. Nothing here knows a message type. All columns of a block lie in one piece of memory, which
the kernels see as arrays of each type of number; a column is the place of its first element.
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
    F_PLACE,
    F_VALID,
    F_DIMENSIONS,
) = range(11)
"""F_PLACE and F_VALID hold a column's number until a block gives it a place."""

STORE_F64, STORE_F32, STORE_I32, STORE_I16, STORE_I8, STORE_BIT, STORE_TURN, STORE_SIGN = range(8)

T_FIRST, T_WIDTH, T_FORM, T_COLUMN = range(4)
C_UNIT, C_OFFSETS, C_VALID, C_END = range(4)
UNIT_TEXT, UNIT_BYTES, UNIT_ETA = range(3)

ETA_FIELDS = np.array([[0, 4], [4, 5], [9, 5], [14, 6]])
"""First bit and width of month, day, hour and minute."""

SIX = np.int64(6)
TURN_FACTOR = 4.733
"""Rate of turn sensor value in degrees per minute is (raw / 4.733) squared (M.1371-5, table 45)."""


@njit(cache=True)
def by_form(found, n, forms, starts, rows):
    """Message numbers grouped by form (a counting sort): `starts` (forms + 1), `rows` (n).

    `forms` has the form of each layout: layouts with the same fields share one.
    """
    starts[:] = 0
    for k in range(n):
        starts[forms[found[M_LAYOUT, k]] + 1] += 1
    for k in range(1, len(starts)):
        starts[k] += starts[k - 1]
    for k in range(n):
        form = forms[found[M_LAYOUT, k]]
        rows[starts[form]] = k
        starts[form] += 1
    for k in range(len(starts) - 1, 0, -1):
        starts[k] = starts[k - 1]
    starts[0] = 0


@njit(cache=True)
def numbers(words, found, rows, groups, fields, scales, memory, scratch):
    """Write every number field of the messages to its column.

    `groups` has rows of (first and last + 1 of the `rows`, the same of the `fields`). `memory` is
    the columns' bytes as f64, f32, i32, i16, i8 and u8. `scratch` is (5, messages) int64.
    """
    u8 = memory[5]
    for g in range(len(groups)):
        a, b = groups[g, 0], groups[g, 1]
        n = b - a
        here, raw, bits, near = rows[a:b], scratch[0, :n], scratch[1, :n], scratch[2, :n]
        at, next_to = scratch[3, :n], scratch[4, :n]
        shortest = np.int64(1 << 30)
        for k in range(n):
            at[k] = found[M_WORD, here[k]]
            bits[k] = found[M_BITS, here[k]]
            shortest = min(shortest, bits[k])
        mask = np.zeros((len(rows) + 7) // 8, np.uint8)
        for k in range(n):
            mask[here[k] >> 3] |= 1 << (here[k] & 7)
        word = np.int64(-1)
        for f in range(groups[g, 2], groups[g, 3]):
            field = fields[f]
            first, width = field[F_FIRST], field[F_WIDTH]
            hard = first < 0 or field[F_NA_WIDTH] != 0 or first + width > shortest
            if hard:
                _read_hard(words, at, bits, field, raw)
            else:
                if first // WORD != word:
                    word = first // WORD
                    for k in range(n):
                        near[k] = words[at[k] + word]
                _read_easy(words, at, field, near, next_to, raw)
            if field[F_VALID] >= 0:
                may_lack = hard or field[F_NA_LOW] <= field[F_NA_HIGH]
                _mark(here, raw, field[F_VALID], mask, may_lack, u8)
            _store(here, raw, field, scales[f, 0], scales[f, 1], memory)


UNKNOWN = np.int64(-(1 << 40))
"""Stands for a number that is not available, between reading and writing."""


@njit(cache=True)
def _read_hard(words, at, bits, field, raw):
    """A field that lies at the end, may be missing, or is judged by other bits than its own."""
    first, width = field[F_FIRST], field[F_WIDTH]
    low, high = field[F_NA_LOW], field[F_NA_HIGH]
    sign = 1 << (width - 1) if field[F_SIGNED] else 0
    for k in range(len(at)):
        start = first if first >= 0 else bits[k] + first
        raw[k] = UNKNOWN
        if start + width <= bits[k]:
            value = bits_at(words, at[k], start, width)
            judged = value
            if field[F_NA_WIDTH]:
                judged = bits_at(words, at[k], field[F_NA_FIRST], field[F_NA_WIDTH])
            if judged < low or judged > high:
                raw[k] = (value ^ sign) - sign


@njit(cache=True)
def _read_easy(words, at, field, near, next_to, raw):
    """A field that all messages have: its bits lie alike in all, those of `near` and the next."""
    first, width = field[F_FIRST], field[F_WIDTH]
    low, high = field[F_NA_LOW], field[F_NA_HIGH]
    sign = 1 << (width - 1) if field[F_SIGNED] else 0
    end = first % WORD + width
    keep = (1 << width) - 1
    if end > WORD:
        over = end - WORD
        rest = WORD - over
        word = first // WORD + 1
        for k in range(len(at)):
            next_to[k] = words[at[k] + word]
        for k in range(len(at)):
            raw[k] = ((near[k] << over) | (next_to[k] >> rest)) & keep
    else:
        right = WORD - end
        for k in range(len(at)):
            raw[k] = (near[k] >> right) & keep
    if low <= high:
        for k in range(len(at)):
            value = raw[k]
            raw[k] = UNKNOWN if low <= value <= high else (value ^ sign) - sign
    elif sign:
        for k in range(len(at)):
            raw[k] = (raw[k] ^ sign) - sign


@njit(cache=True)
def _mark(rows, raw, valid, mask, may_lack, u8):
    """Set a bit for each number that is available; make zeros of the others.

    `mask` has a bit for each of the `rows`, which are in order.
    """
    if not may_lack:
        for k in range(rows[0] >> 3, (rows[-1] >> 3) + 1):
            u8[valid + k] |= mask[k]
        return
    for k in range(len(rows)):
        known = raw[k] != UNKNOWN
        raw[k] = raw[k] if known else 0
        row = rows[k]
        u8[valid + (row >> 3)] |= np.uint8(known) << (row & 7)


@njit(cache=True)
def _store(rows, raw, field, per_unit, plus, memory):
    """Write the numbers to their column as its type."""
    f64, f32, i32, i16, i8, u8 = memory
    store, place = field[F_STORE], field[F_PLACE]
    if store == STORE_F32:
        for k in range(len(rows)):
            f32[place + rows[k]] = raw[k] / per_unit + plus
    elif store == STORE_F64:
        for k in range(len(rows)):
            f64[place + rows[k]] = raw[k] / per_unit + plus
    elif store == STORE_I32:
        for k in range(len(rows)):
            i32[place + rows[k]] = raw[k]
    elif store == STORE_I16:
        for k in range(len(rows)):
            i16[place + rows[k]] = raw[k]
    elif store == STORE_I8:
        for k in range(len(rows)):
            i8[place + rows[k]] = raw[k]
    elif store == STORE_BIT:
        for k in range(len(rows)):
            u8[place + (rows[k] >> 3)] |= raw[k] << (rows[k] & 7)
    elif store == STORE_TURN:
        for k in range(len(rows)):
            f32[place + rows[k]] = raw[k] * abs(raw[k]) / TURN_FACTOR**2
    else:
        for k in range(len(rows)):
            i8[place + rows[k]] = 1 if raw[k] > 0 else (-1 if raw[k] < 0 else 0)


@njit(cache=True)
def texts(words, found, n, rows, starts, fields, columns, memory, spans, out):
    """Write every text of the messages, one column after the other, to `out`.

    `fields` are in the order of the `columns`; the rows of form k are rows[starts[k]:
    starts[k + 1]]. A column's offsets and validity go to `memory`, the end of its characters to
    its C_END. `spans` (3, n) int32 is scratch. Returns how many bytes of `out` are used.
    """
    i32, u8 = memory[2], memory[5]
    f, total = 0, np.int64(0)
    for c in range(len(columns)):
        unit, lengths = columns[c, C_UNIT], spans[0]
        lengths[:] = 0
        while f < len(fields) and fields[f, T_COLUMN] == c:
            form = fields[f, T_FORM]
            here = rows[starts[form] : starts[form + 1]]
            _measure(words, found, here, fields[f, T_FIRST], fields[f, T_WIDTH], unit, spans)
            f += 1
        offsets, valid = columns[c, C_OFFSETS], columns[c, C_VALID]
        start = total
        for row in range(n):
            i32[offsets + row] = total - start
            if lengths[row]:
                u8[valid + (row >> 3)] |= 1 << (row & 7)
                _write_text(words, found[M_WORD, row], unit, spans, row, total, out)
                total += lengths[row]
        i32[offsets + n] = total - start
        columns[c, C_END] = total
    return total


@njit(cache=True)
def _measure(words, found, rows, begins, wide, unit, spans):
    """How long each text is, empty being none, and its first and last bit + 1: `spans` (3, n)."""
    for k in range(len(rows)):
        row = rows[k]
        at, bits = found[M_WORD, row], found[M_BITS, row]
        first = begins
        width = wide if wide > 0 else bits + wide - first
        width = min(width, bits - first)
        spans[2, row] = first + width
        if unit == UNIT_ETA:
            month = bits_at(words, at, first, ETA_FIELDS[0, 1])
            day = bits_at(words, at, first + ETA_FIELDS[1, 0], ETA_FIELDS[1, 1])
            n = 11 if month and day else 0
        elif unit == UNIT_BYTES:
            n = max(0, (width + 7) // 8)
        else:
            n = max(0, width // 6)
            while n and bits_at(words, at, first + 6 * (n - 1), SIX) == 0:
                n -= 1
            while n and bits_at(words, at, first + 6 * (n - 1), SIX) == 32:
                n -= 1
            while n and bits_at(words, at, first, SIX) == 32:
                n -= 1
                first += 6
        spans[0, row] = n
        spans[1, row] = first


@njit(cache=True)
def _write_text(words, at, unit, spans, row, to, out):
    """Write the characters or bytes of one text."""
    n, first, end = spans[0, row], np.int64(spans[1, row]), spans[2, row]
    if unit == UNIT_TEXT:
        for k in range(n):
            c = bits_at(words, at, first + 6 * k, SIX)
            out[to + k] = c + 64 if c < 32 else c
    elif unit == UNIT_BYTES:
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
