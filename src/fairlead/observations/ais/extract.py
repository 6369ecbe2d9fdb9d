"""Fields of all messages of one layout at once, straight into the columns. Kernels.

A field is a row of numbers (`columns.FieldRows`): first bit, width, kind of number, where the value
goes. Nothing here knows a message type.
"""

from __future__ import annotations

from numba import njit

from fairlead.observations.ais.words import bits_at

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
    F_WIDTH_OF_ROW,
) = range(11)

STORE_F64, STORE_F32, STORE_I32, STORE_I16, STORE_I8, STORE_BIT, STORE_TURN, STORE_INDICATOR = range(8)

T_FIRST, T_WIDTH, T_UNIT, T_SLOT, T_WIDTH_OF_ROW = range(5)
UNIT_TEXT, UNIT_BYTES, UNIT_ETA = range(3)

TURN_FACTOR = 4.733
"""Rate of turn sensor value in degrees per minute is (raw / 4.733) squared (M.1371-5, table 45)."""


@njit(cache=True)
def numbers(words, word_at, n_bits, rows, fields, scales, stores, valid):
    """Write each number field of the messages `rows`; `stores` are 2D arrays by type of number.

    `valid` (slots, rows of the table / 8) gets a bit where there is a value.
    """
    for f in range(len(fields)):
        field = fields[f]
        _number(words, word_at, n_bits, rows, field, scales[f, 0], scales[f, 1], stores, valid)


@njit(cache=True)
def _number(words, word_at, n_bits, rows, field, per_unit, plus, stores, valid):
    first, width = field[F_FIRST], field[F_WIDTH]
    low, high = field[F_NA_LOW], field[F_NA_HIGH]
    store, slot, bitmap = field[F_STORE], field[F_SLOT], valid[field[F_VALID]]
    sign = 1 << (width - 1) if field[F_SIGNED] else 0
    other = field[F_NA_WIDTH] != 0
    for k in range(len(rows)):
        row = rows[k]
        at, bits = word_at[row], n_bits[row]
        start = first if first >= 0 else bits + first
        if start + width > bits:
            continue
        raw = bits_at(words, at, start, width)
        if sign:
            raw = (raw ^ sign) - sign
        judged = bits_at(words, at, field[F_NA_FIRST], field[F_NA_WIDTH]) if other else raw
        if low <= judged <= high:
            continue
        if store == STORE_F64:
            stores[0][slot, row] = raw / per_unit + plus
        elif store == STORE_F32:
            stores[1][slot, row] = raw / per_unit + plus
        elif store == STORE_I32:
            stores[2][slot, row] = raw
        elif store == STORE_I16:
            stores[3][slot, row] = raw
        elif store == STORE_I8:
            stores[4][slot, row] = raw
        elif store == STORE_BIT:
            stores[5][slot, row >> 3] |= raw << (row & 7)
        elif store == STORE_TURN:
            if raw in {-128, -127, 127}:
                continue
            turn = (raw / TURN_FACTOR) ** 2
            stores[1][slot, row] = turn if raw >= 0 else -turn
        elif raw == 127:
            stores[4][slot, row] = 1
        elif raw == -127:
            stores[4][slot, row] = -1
        else:
            continue
        bitmap[row >> 3] |= 1 << (row & 7)


@njit(cache=True)
def measure(words, word_at, n_bits, rows, fields, starts, ends, lengths):
    """How long each text is: `lengths` (slots, rows), with its first and last bit + 1."""
    for f in range(len(fields)):
        field = fields[f]
        slot, unit = field[T_SLOT], field[T_UNIT]
        step = 6 if unit == UNIT_TEXT else 8
        for k in range(len(rows)):
            row = rows[k]
            at, bits = word_at[row], n_bits[row]
            first = field[T_FIRST]
            width = field[T_WIDTH] if field[T_WIDTH] > 0 else bits + field[T_WIDTH] - first
            if first + width > bits:
                width = bits - first
            if unit == UNIT_ETA:
                month, day = bits_at(words, at, first, 4), bits_at(words, at, first + 4, 5)
                n = 11 if month and day else 0
            elif unit == UNIT_BYTES:
                n = max(0, (width + 7) // 8)
            else:
                n = max(0, width // step)
                while n and bits_at(words, at, first + 6 * (n - 1), 6) == 0:
                    n -= 1
                while n and bits_at(words, at, first + 6 * (n - 1), 6) == 32:
                    n -= 1
                while n and bits_at(words, at, first, 6) == 32:
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
def write_texts(words, word_at, starts, ends, offsets, unit, out):
    """Write the characters or bytes of one column."""
    for row in range(len(starts)):
        n = offsets[row + 1] - offsets[row]
        if n == 0:
            continue
        at, first, to = word_at[row], starts[row], offsets[row]
        if unit == UNIT_TEXT:
            for k in range(n):
                c = bits_at(words, at, first + 6 * k, 6)
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
    values = (
        bits_at(words, at, first, 4),
        bits_at(words, at, first + 4, 5),
        bits_at(words, at, first + 9, 5),
        bits_at(words, at, first + 14, 6),
    )
    for k in range(4):
        out[to + 3 * k] = 48 + values[k] // 10
        out[to + 3 * k + 1] = 48 + values[k] % 10
    out[to + 2] = 45
    out[to + 5] = 84
    out[to + 8] = 58


@njit(cache=True)
def by_layout(layouts, n, starts, rows):
    """Message numbers grouped by layout (a counting sort): `starts` (layouts + 1), `rows` (n)."""
    starts[:] = 0
    for k in range(n):
        starts[layouts[k] + 1] += 1
    for k in range(1, len(starts)):
        starts[k] += starts[k - 1]
    for k in range(n):
        rows[starts[layouts[k]]] = k
        starts[layouts[k]] += 1
    for k in range(len(starts) - 1, 0, -1):
        starts[k] = starts[k - 1]
    starts[0] = 0


@njit(cache=True)
def copy_spans(buf, at, lengths, offsets, out):
    """The bytes of many spans one after the other."""
    to = 0
    for k in range(len(at)):
        offsets[k] = to
        for q in range(at[k], at[k] + lengths[k]):
            out[to] = buf[q]
            to += 1
    offsets[len(at)] = to
