"""Fields of most messages of a slice, computed for all of it in straight loops. Kernels.

What a message of another form makes of these bits is thrown away. The loops have no jumps, so that
the compiler makes vector instructions of them: several messages at a time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fairlead.observations.ais.scattered import read_scattered
from fairlead.observations.ais.shape import (
    F_FIRST,
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
from fairlead.observations.ais.words import WORD

GATHER = np.uint64(0x0102040810204080)


@njit(cache=True, _nrt=False)
def pack(flags, n, u8, place):
    """Add `n` flags, bytes of 0 or 1 with 8 to spare behind them, to the bits from `place` on."""
    flags[n : n + 8] = 0
    eights = flags[: (n + 7) & -8].view(np.uint64)
    to = u8[place : place + len(eights)]
    for k in range(len(eights)):
        to[k] |= np.uint8((eights[k] * GATHER) >> np.uint64(56))


@njit(cache=True, _nrt=False)
def read_dense(words, found, here, a, b, fields, scales, memory, scratch):
    """Write the `fields` of the messages `here`, which are among those from `a` to `b`."""
    n = b - a
    at, near, raw = scratch[0][0, :n], scratch[0][1, :n], scratch[1][:n]
    inside, known = scratch[2][0], scratch[2][1]
    inside[: n + 8] = 0
    shortest = np.int64(1 << 30)
    for k in range(len(here)):
        inside[here[k] - a] = 1
        shortest = min(shortest, found[M_BITS, here[k]])
    for k in range(n):
        at[k] = found[M_WORD, a + k]
    word = np.int64(-1)
    n_hard = 0
    for f in range(len(fields)):
        field = fields[f]
        first = field[F_FIRST]
        if first < 0 or field[F_NA_WIDTH] != 0 or first + field[F_WIDTH] > shortest:
            n_hard += 1
            continue
        if first // WORD != word:
            word = first // WORD
            for k in range(n):
                near[k] = words[at[k] + word]
        _read(words, at, field, near, raw)
        _judge(raw, field, inside, known)
        if field[F_VALID] >= 0:
            pack(known, n, memory[6], field[F_VALID] + (a >> 3))
        _store(raw, known, field, scales[f, 0], scales[f, 1], a, memory)
    if n_hard:
        for f in range(len(fields)):
            field = fields[f]
            first = field[F_FIRST]
            if first < 0 or field[F_NA_WIDTH] != 0 or first + field[F_WIDTH] > shortest:
                one = slice(f, f + 1)
                read_scattered(words, found, here, fields[one], scales[one], memory, scratch)


@njit(cache=True, _nrt=False)
def _read(words, at, field, near, raw):
    """The field's bits, which are in `near` and perhaps the word after."""
    width = field[F_WIDTH]
    end = field[F_FIRST] % WORD + width
    keep = (1 << width) - 1
    if end > WORD:
        over = end - WORD
        rest = WORD - over
        word = field[F_FIRST] // WORD + 1
        for k in range(len(raw)):
            raw[k] = ((near[k] << over) | (words[at[k] + word] >> rest)) & keep
    else:
        right = WORD - end
        for k in range(len(raw)):
            raw[k] = (near[k] >> right) & keep


@njit(cache=True, _nrt=False)
def _judge(raw, field, inside, known):
    """Which numbers are available; these with their sign."""
    low, high = np.int32(field[F_NA_LOW]), np.int32(field[F_NA_HIGH])
    sign = np.int32(1 << (field[F_WIDTH] - 1) if field[F_SIGNED] else 0)
    if low <= high:
        for k in range(len(raw)):
            value = raw[k]
            known[k] = inside[k] & ((value < low) | (value > high))
    else:
        for k in range(len(raw)):
            known[k] = inside[k]
    if sign:
        for k in range(len(raw)):
            raw[k] = (raw[k] ^ sign) - sign


@njit(cache=True, _nrt=False, error_model="numpy")
def _store(raw, known, field, per_unit, plus, a, memory):
    """Write the numbers that are available to their column as its type."""
    _, f64, f32, i32, i16, i8, u8 = memory
    store, place, n = field[F_STORE], field[F_PLACE] + a, len(raw)
    if store == STORE_F32:
        to_f32 = f32[place : place + n]
        if per_unit == 1.0 and plus == 0.0:
            for k in range(n):
                to_f32[k] = np.float32(raw[k]) if known[k] else to_f32[k]
        else:
            for k in range(n):
                to_f32[k] = np.float32(raw[k] / per_unit + plus) if known[k] else to_f32[k]
    elif store == STORE_F64:
        to_f64 = f64[place : place + n]
        for k in range(n):
            to_f64[k] = raw[k] / per_unit + plus if known[k] else to_f64[k]
    elif store == STORE_I32:
        to_i32 = i32[place : place + n]
        for k in range(n):
            to_i32[k] = raw[k] if known[k] else to_i32[k]
    elif store == STORE_I16:
        to_i16 = i16[place : place + n]
        for k in range(n):
            to_i16[k] = np.int16(raw[k]) if known[k] else to_i16[k]
    elif store == STORE_I8:
        to_i8 = i8[place : place + n]
        for k in range(n):
            to_i8[k] = np.int8(raw[k]) if known[k] else to_i8[k]
    elif store == STORE_BIT:
        for k in range(n):
            known[k] = known[k] & raw[k]
        pack(known, n, u8, field[F_PLACE] + (a >> 3))
    elif store == STORE_TURN:
        to_f32 = f32[place : place + n]
        for k in range(n):
            turn = np.float32(raw[k] * abs(raw[k]) / TURN_FACTOR**2)
            to_f32[k] = turn if known[k] else to_f32[k]
    else:
        to_i8 = i8[place : place + n]
        for k in range(n):
            sign = np.int8((raw[k] > 0) - np.int8(raw[k] < 0))
            to_i8[k] = sign if known[k] else to_i8[k]
