"""What becomes of a record: a message, or a reject with its reason. Kernels."""

from __future__ import annotations

from numba import njit

from fairlead.observations.ais.clock import RECEIVED, tick
from fairlead.observations.ais.stamps import NONE
from fairlead.observations.ais.state import (
    CLOCK_BASIS,
    CLOCK_US,
    INFER,
    N_MESSAGES,
    N_OWN,
    N_REFUSED,
    N_STATIONS,
    N_WORDS,
    RECEIVED_US,
    STAMP_BASIS,
    STAMP_US,
    TRUNCATED,
    UNKNOWN_TYPE,
    WRONG_BIT_COUNT,
)
from fairlead.observations.ais.words import bits_at, clear_tail, hash_of

HEAD_BITS = 38
"""Type, repeat indicator and MMSI: with less than these a message says nothing."""


@njit(cache=True)
def now(state):
    """The best time known and where it comes from: a stamp, the clock, or the block's receipt."""
    if state[STAMP_US] != NONE:
        return state[STAMP_US], state[STAMP_BASIS]
    if state[INFER] and state[CLOCK_US] != NONE:
        return state[CLOCK_US], state[CLOCK_BASIS]
    return state[RECEIVED_US], RECEIVED


@njit(cache=True)
def refuse(kit, reason, at, length, line, offset, mmsi, a, b):
    """Keep a record as a reject; `a` and `b` are the numbers its detail speaks of."""
    k = kit.state[N_REFUSED]
    time, _ = now(kit.state)
    kit.r_reason[k] = reason
    kit.r_at[k] = at
    kit.r_len[k] = min(length, 200)
    kit.r_line[k] = line
    kit.r_offset[k] = offset
    kit.r_time[k] = time
    kit.r_mmsi[k] = mmsi
    kit.r_a[k] = a
    kit.r_b[k] = b
    kit.state[N_REFUSED] = k + 1


@njit(cache=True)
def span_hash(buf, at, length):
    """A number for a station's name; never 0."""
    h = 5381
    for q in range(at, at + length):
        h = (h * 131 + buf[q]) & 0x7FFFFFFFFFFFFF
    return h + 1


@njit(cache=True)
def station_id(kit, buf, at, length):
    """The number of this station within the block, or -1 without one."""
    if length == 0:
        return -1
    h = span_hash(buf, at, length)
    slot = h % len(kit.station_hash)
    while kit.station_hash[slot] != 0:
        if kit.station_hash[slot] == h:
            return kit.station_slot[slot]
        slot = (slot + 1) % len(kit.station_hash)
    n = kit.state[N_STATIONS]
    if n >= len(kit.station_at):
        return -1
    kit.station_hash[slot] = h
    kit.station_slot[slot] = n
    kit.station_at[n] = at
    kit.station_len[n] = length
    kit.state[N_STATIONS] = n + 1
    return n


@njit(cache=True)
def layout_of(tables, words, at, bits, msg_type):
    """The layout of a message, or minus the reason why it has none."""
    picked = False
    first = tables.type_first[msg_type]
    for k in range(first, first + tables.type_count[msg_type]):
        fits = True
        for n in range(2):
            width = tables.when[k, n, 1]
            if width:
                value = bits_at(words, at, tables.when[k, n, 0], width)
                if value < tables.when[k, n, 2] or value > tables.when[k, n, 3]:
                    fits = False
        if fits:
            picked = True
            for n in range(4):
                if tables.bits[k, n, 0] <= bits <= tables.bits[k, n, 1]:
                    return k
    return -WRONG_BIT_COUNT if picked else -UNKNOWN_TYPE


@njit(cache=True)
def emit(kit, tables, chars, fill, raw, stamp, heard):
    """Make a message of the `chars` characters that lie at the end of the words.

    `raw` is (position, length, line, offset) of the record, `stamp` (time, basis) or (NONE, 0) for
    the time now, `heard` (station number, channel, own ship).
    """
    state, words = kit.state, kit.words
    at, bits = state[N_WORDS], 6 * chars - fill
    if bits < HEAD_BITS:
        refuse(kit, TRUNCATED, raw[0], raw[1], raw[2], raw[3], -1, bits, 0)
        return
    clear_tail(words, at, bits)
    msg_type = words[at] >> 54
    mmsi = (words[at] >> 22) & 0x3FFFFFFF
    layout = layout_of(tables, words, at, bits, msg_type)
    if layout < 0:
        refuse(kit, -layout, raw[0], raw[1], raw[2], raw[3], mmsi, msg_type, bits)
        return
    time, basis = stamp
    if time == NONE:
        if state[INFER] and state[STAMP_US] == NONE and bits >= 168:
            tick(state, words, at, msg_type)
        time, basis = now(state)
    k = state[N_MESSAGES]
    kit.m_line[k] = raw[2]
    kit.m_offset[k] = raw[3]
    kit.m_time[k] = time
    kit.m_basis[k] = basis
    kit.m_station[k] = heard[0]
    kit.m_channel[k] = heard[1]
    kit.m_own[k] = heard[2]
    kit.m_word[k] = at
    kit.m_bits[k] = bits
    kit.m_layout[k] = layout
    kit.m_hash[k] = hash_of(words, at, bits)
    state[N_OWN] += heard[2]
    state[N_MESSAGES] = k + 1
    state[N_WORDS] = at + (chars + 9) // 10
