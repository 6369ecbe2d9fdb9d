"""Fields of few messages among many, one message after the other. Kernels."""

from __future__ import annotations

import numpy as np
from numba import njit

from fairlead.observations.ais.shape import (
    F_FIRST,
    F_NA_FIRST,
    F_NA_HIGH,
    F_NA_LOW,
    F_NA_WIDTH,
    F_PLACE,
    F_SIGNED,
    F_STORE,
    F_VALID,
    F_WIDTH,
    STORE_BIT,
    STORE_F32,
    STORE_F64,
    STORE_I8,
    STORE_I16,
    STORE_I32,
    STORE_TURN,
    TURN_FACTOR,
)
from fairlead.observations.ais.state import M_BITS, M_WORD
from fairlead.observations.ais.words import WORD, bits_at

UNKNOWN = np.int64(-(1 << 40))
"""Stands for a number that is not available, between reading and writing."""


@njit(cache=True, _nrt=False)
def read_scattered(words, found, here, fields, scales, memory, scratch):
    """Write the `fields` of the messages `here` to their columns, whose bits there are zero."""
    n = len(here)
    raw, bits, near, at = scratch[0][0, :n], scratch[0][1, :n], scratch[0][2, :n], scratch[0][3, :n]
    shortest = np.int64(1 << 30)
    for k in range(n):
        at[k] = found[M_WORD, here[k]]
        bits[k] = found[M_BITS, here[k]]
        shortest = min(shortest, bits[k])
    word = np.int64(-1)
    for f in range(len(fields)):
        field = fields[f]
        first = field[F_FIRST]
        hard = first < 0 or field[F_NA_WIDTH] != 0 or first + field[F_WIDTH] > shortest
        if hard:
            _read_hard(words, at, bits, field, raw)
        else:
            if first // WORD != word:
                word = first // WORD
                for k in range(n):
                    near[k] = words[at[k] + word]
            _read_easy(words, at, field, near, raw)
        if field[F_VALID] >= 0:
            _mark(here, raw, field[F_VALID], hard or field[F_NA_LOW] <= field[F_NA_HIGH], memory[6])
        _store(here, raw, field, scales[f, 0], scales[f, 1], memory)


@njit(cache=True, _nrt=False)
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


@njit(cache=True, _nrt=False)
def _read_easy(words, at, field, near, raw):
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
            raw[k] = ((near[k] << over) | (words[at[k] + word] >> rest)) & keep
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


@njit(cache=True, _nrt=False)
def _mark(rows, raw, valid, may_lack, u8):
    """Set a bit for each number that is available; make zeros of the others."""
    if not may_lack:
        for k in range(len(rows)):
            row = rows[k]
            u8[valid + (row >> 3)] |= 1 << (row & 7)
        return
    for k in range(len(rows)):
        known = raw[k] != UNKNOWN
        raw[k] = raw[k] if known else 0
        row = rows[k]
        u8[valid + (row >> 3)] |= np.uint8(known) << (row & 7)


@njit(cache=True, _nrt=False, error_model="numpy")
def _store(rows, raw, field, per_unit, plus, memory):
    """Write the numbers to their column as its type."""
    _, f64, f32, i32, i16, i8, u8 = memory
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
