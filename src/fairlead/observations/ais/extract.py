"""From bits to columns, block by block. Kernels.

A field is a row of numbers (`columns.Plan`, `shape`): first bit, width, kind of number, where the
value goes. Nothing here knows a message type. All columns of a block lie in one piece of memory,
which the kernels see as arrays of each type of number; a column is the place of its first element.
"""

from __future__ import annotations

from numba import njit

from fairlead.observations.ais.dense import pack, read_dense
from fairlead.observations.ais.records import span_hash
from fairlead.observations.ais.scattered import read_scattered
from fairlead.observations.ais.shape import (
    G_END,
    G_FIRST,
    G_LAST,
    G_START,
    H_BASIS,
    H_BITS,
    H_CHANNEL,
    H_CHANNEL_VALID,
    H_HASH,
    H_LINE,
    H_OFFSET,
    H_OWN,
    H_TIME,
)
from fairlead.observations.ais.state import (
    M_BASIS,
    M_BITS,
    M_CHANNEL,
    M_HASH,
    M_LAYOUT,
    M_LINE,
    M_OFFSET,
    M_OWN,
    M_STATION_AT,
    M_STATION_LEN,
    M_TIME,
    R_AT,
    R_LEN,
)


@njit(cache=True, _nrt=False)
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


@njit(cache=True, _nrt=False)
def numbers(
    words, found, n, rows, groups, fields, scales, blank, heard, channels, memory, scratch, share
):
    """Write every number field of the `n` messages to its column.

    `groups` has a row of G_ numbers for each form; what `rows` they point at is in order. `blank`
    lists (first byte, last + 1) of the bits that are only ever added to. Values of messages that
    have none stay as they are: validity says so. `heard` are the H_ places, `channels` the number
    of each channel's name. `memory` is the columns' bytes as i64, f64, f32, i32, i16, i8 and u8.
    `scratch` is (4, messages of a group) int64, (slice) int32 and (2, slice + 8) uint8. Forms with
    at least 1/`share` of the messages are read densely, a slice at a time.
    """
    for k in range(len(blank)):
        memory[6][blank[k, 0] : blank[k, 1]] = 0
    wide = len(scratch[1])
    for a in range(0, n, wide):
        _heard(found, heard, channels, a, min(a + wide, n), memory, scratch)
    for g in range(len(groups)):
        start, end = groups[g, G_START], groups[g, G_END]
        f, last = groups[g, G_FIRST], groups[g, G_LAST]
        if (end - start) * share < n:
            here = rows[start:end]
            read_scattered(words, found, here, fields[f:last], scales[f:last], memory, scratch)
            continue
        for a in range(0, n, wide):
            b = min(a + wide, n)
            to = start
            while to < end and rows[to] < b:
                to += 1
            here = rows[start:to]
            read_dense(words, found, here, a, b, fields[f:last], scales[f:last], memory, scratch)
            start = to


@njit(cache=True, _nrt=False)
def _heard(found, heard, channels, a, b, memory, scratch):
    """What is known of the line, for the messages from `a` to `b`."""
    i64, _, _, i32, i16, i8, u8 = memory
    for slot, place in (
        (M_LINE, heard[H_LINE]),
        (M_TIME, heard[H_TIME]),
        (M_OFFSET, heard[H_OFFSET]),
        (M_HASH, heard[H_HASH]),
    ):
        if place >= 0:
            to_64 = i64[place + a : place + b]
            for k in range(b - a):
                to_64[k] = found[slot, a + k]
    if heard[H_BASIS] >= 0:
        to, values = i8[heard[H_BASIS] + a : heard[H_BASIS] + b], found[M_BASIS, a:b]
        for k in range(b - a):
            to[k] = values[k]
    if heard[H_BITS] >= 0:
        to_16, values = i16[heard[H_BITS] + a : heard[H_BITS] + b], found[M_BITS, a:b]
        for k in range(b - a):
            to_16[k] = values[k]
    flags = scratch[2][0]
    if heard[H_OWN] >= 0:
        values = found[M_OWN, a:b]
        for k in range(b - a):
            flags[k] = values[k]
        pack(flags, b - a, u8, heard[H_OWN] + (a >> 3))
    if heard[H_CHANNEL] >= 0:
        to_32, values = i32[heard[H_CHANNEL] + a : heard[H_CHANNEL] + b], found[M_CHANNEL, a:b]
        for k in range(b - a):
            to_32[k] = channels[values[k] & 0xFF]
        for k in range(b - a):
            flags[k] = values[k] != 0
        pack(flags, b - a, u8, heard[H_CHANNEL_VALID] + (a >> 3))


@njit(cache=True, _nrt=False)
def copy_refused(buf, refused, n, offsets, out):
    """The kept bytes of the rejects, one after the other."""
    to = 0
    for k in range(n):
        offsets[k] = to
        for q in range(refused[k, R_AT], refused[k, R_AT] + refused[k, R_LEN]):
            out[to] = buf[q]
            to += 1
    offsets[n] = to


@njit(cache=True, _nrt=False)
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
