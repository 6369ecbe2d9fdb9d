"""Texts of messages, column after column. Kernels."""

from __future__ import annotations

import numpy as np
from numba import njit

from fairlead.observations.ais.shape import (
    C_END,
    C_OFFSETS,
    C_UNIT,
    C_VALID,
    T_COLUMN,
    T_FIRST,
    T_FORM,
    T_WIDTH,
    UNIT_BYTES,
    UNIT_ETA,
    UNIT_TEXT,
)
from fairlead.observations.ais.state import M_BITS, M_WORD
from fairlead.observations.ais.words import bits_at

ETA_FIELDS = np.array([[0, 4], [4, 5], [9, 5], [14, 6]])
"""First bit and width of month, day, hour and minute."""

SIX = np.int64(6)


@njit(cache=True, _nrt=False)
def texts(words, found, n, rows, starts, fields, columns, memory, spans, out):
    """Write every text of the messages, one column after the other, to `out`.

    `fields` are in the order of the `columns`; the rows of form k are rows[starts[k]:
    starts[k + 1]]. A column's offsets and validity go to `memory`, the end of its characters to
    its C_END. `spans` (3, n) int32 is scratch. Returns how many bytes of `out` are used.
    """
    i32, u8 = memory[3], memory[6]
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


@njit(cache=True, _nrt=False)
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


@njit(cache=True, _nrt=False)
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


@njit(cache=True, _nrt=False)
def _write_eta(words, at, first, to, out):
    """MM-DDTHH:MM as sent; hour 24 and minute 60 say that these are not known."""
    for k in range(4):
        value = bits_at(words, at, first + ETA_FIELDS[k, 0], ETA_FIELDS[k, 1])
        out[to + 3 * k] = 48 + value // 10
        out[to + 3 * k + 1] = 48 + value % 10
    out[to + 2] = 45
    out[to + 5] = 84
    out[to + 8] = 58
