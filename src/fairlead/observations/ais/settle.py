"""Messages found become messages known: their layout, their hash and their time. Kernels."""

from __future__ import annotations

from numba import njit

from fairlead.observations.ais.clock import tick
from fairlead.observations.ais.records import refuse
from fairlead.observations.ais.state import (
    BEFORE_BASIS,
    BEFORE_US,
    CLOCK_BASIS,
    CLOCK_US,
    FIRST_BASIS,
    FIRST_LINE,
    FIRST_US,
    INFER,
    L_BITS,
    L_WIDTH,
    LAYOUTS_AT,
    M_BASIS,
    M_BITS,
    M_HASH,
    M_LAYOUT,
    M_LINE,
    M_OFFSET,
    M_OWN,
    M_RAW_AT,
    M_RAW_LEN,
    M_TIME,
    M_WIDTH,
    M_WORD,
    N_MESSAGES,
    N_OWN,
    N_REFUSED,
    NONE,
    R_A,
    R_AFTER,
    R_B,
    R_MMSI,
    R_TIME,
    RECEIVED,
    RECEIVED_US,
    TRUNCATED,
    TYPES_AT,
    UNKNOWN_TYPE,
    WRONG_BIT_COUNT,
)
from fairlead.observations.ais.words import WORD, bits_at, hash_of

HEAD_BITS = 38
"""Type, repeat indicator and MMSI: with less than these a message says nothing."""


@njit(cache=True, _nrt=False)
def layout_of(state, words, at, bits, msg_type):
    """The layout of a message, or minus the reason why it has none."""
    picked = False
    rule, n_rules = state[TYPES_AT + 2 * msg_type], state[TYPES_AT + 2 * msg_type + 1]
    if n_rules == 1 and state[rule + L_BITS] <= bits <= state[rule + L_BITS + 1]:
        return (rule - LAYOUTS_AT) // L_WIDTH
    for _ in range(n_rules):
        fits = True
        for n in range(rule, rule + L_BITS, 4):
            width = state[n + 1]
            if width:
                value = bits_at(words, at, state[n], width)
                if value < state[n + 2] or value > state[n + 3]:
                    fits = False
        if fits:
            picked = True
            for n in range(rule + L_BITS, rule + L_WIDTH, 2):
                if state[n] <= bits <= state[n + 1]:
                    return (rule - LAYOUTS_AT) // L_WIDTH
        rule += L_WIDTH
    return -WRONG_BIT_COUNT if picked else -UNKNOWN_TYPE


@njit(cache=True, _nrt=False)
def settle(state, words, found, refused):
    """Give every message its layout, hash and time; those without a layout become rejects.

    The messages that stay move up in `found`. Rejects without a stamp get the time of the place
    where they stood.
    """
    n_found, n_refused = state[N_MESSAGES], state[N_REFUSED]
    r = 0
    infer = state[INFER] != 0
    for k in range(n_found):
        while r < n_refused and refused[r, R_AFTER] <= k:
            if refused[r, R_TIME] == NONE:
                refused[r, R_TIME] = _clock(state)[0]
            r += 1
        at, bits = found[M_WORD, k], found[M_BITS, k]
        last = at + (bits - 1) // WORD
        spare = WORD - (bits - (last - at) * WORD)
        words[last] = (words[last] >> spare) << spare
        msg_type = words[at] >> 54
        layout = -TRUNCATED
        if bits >= HEAD_BITS:
            layout = layout_of(state, words, at, bits, msg_type)
        if found[M_TIME, k] == NONE:
            if infer and layout >= 0 and bits >= 168:
                tick(state, words, at, msg_type)
            found[M_TIME, k], found[M_BASIS, k] = _clock(state)
        if state[FIRST_US] == NONE and found[M_BASIS, k] != RECEIVED:
            state[FIRST_US] = found[M_TIME, k]
            state[FIRST_BASIS] = found[M_BASIS, k]
            state[FIRST_LINE] = found[M_LINE, k]
        if layout < 0:
            raw = (found[M_RAW_AT, k], found[M_RAW_LEN, k], found[M_LINE, k], found[M_OFFSET, k])
            refuse(state, refused, -layout, raw)
            r_last = state[N_REFUSED] - 1
            refused[r_last, R_TIME] = found[M_TIME, k]
            refused[r_last, R_AFTER] = k
            refused[r_last, R_A] = msg_type
            refused[r_last, R_B] = bits
            if bits >= HEAD_BITS:
                refused[r_last, R_MMSI] = (words[at] >> 22) & 0x3FFFFFFF
            continue
        found[M_LAYOUT, k] = layout
        found[M_HASH, k] = hash_of(words, at, bits)
        state[N_OWN] += found[M_OWN, k]
    while r < n_refused:
        if refused[r, R_TIME] == NONE:
            refused[r, R_TIME] = _clock(state)[0]
        r += 1
    _close_up(state, found, refused, n_refused, n_found)


@njit(cache=True, _nrt=False)
def _close_up(state, found, refused, first, n_found):
    """Move the messages up that come after those refused, whose rejects begin at `first`."""
    last = state[N_REFUSED]
    for c in range(M_WIDTH):
        to = refused[first, R_AFTER] if first < last else n_found
        for r in range(first, last):
            end = refused[r + 1, R_AFTER] if r + 1 < last else n_found
            for k in range(refused[r, R_AFTER] + 1, end):
                found[c, to] = found[c, k]
                to += 1
    state[N_MESSAGES] = n_found - (last - first)


@njit(cache=True, _nrt=False)
def _clock(state):
    """The time of what has no stamp: the stream's own clock, or when the block was read."""
    if state[INFER] and state[CLOCK_US] != NONE:
        return state[CLOCK_US], state[CLOCK_BASIS]
    if state[BEFORE_US] != NONE:
        return state[BEFORE_US], state[BEFORE_BASIS]
    return state[RECEIVED_US], RECEIVED
