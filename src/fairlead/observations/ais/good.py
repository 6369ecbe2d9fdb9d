"""Lines as they should be, read in one go: header, checksum and bits. Kernels.

These are nearly all lines of any log. Where anything deviates nothing is kept of the line, and
`framing` reads it with care.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fairlead.observations.ais.parts import add_part
from fairlead.observations.ais.records import refuse, take
from fairlead.observations.ais.stamps import COMMA, NINE, SECOND_US, ZERO
from fairlead.observations.ais.state import (
    EPOCH,
    LINE,
    MAX_CHARS,
    MAX_STATION,
    N_LINES,
    N_PARTS,
    N_SENTENCES,
    N_TAG_LINES,
    N_WORDS,
    NONE,
    OFFSET,
    PENDING_TAG,
    PROPRIETARY,
    SITE_AT,
    SITE_LEN,
    STAMP_BASIS,
    STAMP_US,
    TAG,
    TAG_GROUP,
    TAG_STATION_AT,
    TAG_STATION_LEN,
    TAG_US,
)
from fairlead.observations.ais.words import ARMOUR, ONES, all_armour, eight, eight_values

LF, CR, BLANK = 10, 13, 32
BANG, BACKSLASH, STAR, COLON, ONE, FIVE = 33, 92, 42, 58, 49, 53
LOWER_C, LOWER_G, LOWER_S = 99, 103, 115
V, D, O = 86, 68, 79  # noqa: E741
OK = -1
NO_TIME, ZERO_CHARS = np.int64(NONE), np.int64(0)
"""Typed, so that kernels are not compiled once more for the constant."""


def _hex_values() -> np.ndarray:
    """The value of each hexadecimal digit, or one that no sum of two makes good."""
    table = np.full(256, 4096, np.int64)
    for value, digit in enumerate(b"0123456789ABCDEF"):
        table[digit] = value
    table[97:103] = range(10, 16)
    return table


HEX = _hex_values()

SENTENCE_MASK, SENTENCE = -0x00FFFF0000020100, 0x21000056444D2C00
"""`!--VDM,` of any talker, or VDO, in eight bytes; the last may be anything."""
LOW_7, LINE_FEEDS = 0x7F * ONES, LF * ONES


@njit(cache=True, _nrt=False)
def line_end(buf, q, end):
    """Where the line ends that `q` is in: its line feed, or `end`."""
    while q < end:
        c = eight(buf, q) ^ LINE_FEEDS
        if ((((c & LOW_7) + LOW_7) | c) >> 7) & ONES != ONES:
            break
        q += 8
    while q < end and buf[q] != LF:
        q += 1
    return min(q, end)


@njit(cache=True, _nrt=False)
def _read_payload(buf, q, words, w):
    """Payload characters from `q` on to words from `w` on, ten at a time.

    Returns (where the first other character is, the exclusive or of those read).
    """
    x, acc, k = 0, 0, 0
    while True:
        c = eight(buf, q)
        if not all_armour(c):
            break
        acc = eight_values(c)
        x ^= c
        a, b = ARMOUR[buf[q + 8]], ARMOUR[buf[q + 9]]
        if a | b > 63:
            k = 8
            q += 8
            break
        words[w] = (acc << 12) | (a << 6) | b
        x ^= eight(buf, q + 2) & 0xFFFF
        w += 1
        q += 10
        acc = 0
    v = ARMOUR[buf[q]]
    while v < 64:
        x ^= buf[q] * 1
        acc = (acc << 6) | v
        k += 1
        q += 1
        v = ARMOUR[buf[q]]
    if k:
        words[w] = acc << (6 * (10 - k))
    x ^= x >> 32
    x ^= x >> 16
    return q, (x ^ (x >> 8)) & 0xFF


NO_SENTENCE = (0, 0, 0, 0, 0, 0, 0, 0, 0)


@njit(cache=True, _nrt=False)
def read_good(buf, q, words, w):
    """A VDM or VDO sentence that is as it should be; its bits go to the words from `w` on.

    Returns (place after it, or 0 where anything deviates; fields as `add_part` wants them).
    """
    if (eight(buf, q) & SENTENCE_MASK) != SENTENCE:
        return 0, NO_SENTENCE
    total, num, sequence, channel = buf[q + 7] - ZERO, buf[q + 9] - ZERO, 0, 0
    x = buf[q + 1] ^ buf[q + 2] ^ V ^ D ^ buf[q + 5] ^ buf[q + 7] ^ buf[q + 9]  # six commas: 0
    if not 1 <= num <= total <= 9 or buf[q + 8] != COMMA or buf[q + 10] != COMMA:
        return 0, NO_SENTENCE
    p = q + 11
    if ZERO <= buf[p] <= NINE:
        sequence = buf[p] - ZERO
        x ^= buf[p]
        p += 1
    if buf[p] != COMMA:
        return 0, NO_SENTENCE
    p += 1
    if buf[p] != COMMA:
        channel += buf[p]
        x ^= buf[p]
        p += 1
        if channel <= STAR or channel == BACKSLASH:
            return 0, NO_SENTENCE
    if buf[p] != COMMA:
        return 0, NO_SENTENCE
    first = p + 1
    p, summed = _read_payload(buf, first, words, w)
    fill = buf[p + 1] - ZERO
    x ^= summed ^ buf[p + 1]
    chars = p - first
    if not 0 < chars <= MAX_CHARS or not 0 <= fill <= FIVE - ZERO:
        return 0, NO_SENTENCE
    if buf[p] != COMMA or buf[p + 2] != STAR or HEX[buf[p + 3]] * 16 + HEX[buf[p + 4]] != x:
        return 0, NO_SENTENCE
    talker = buf[q + 1] * 256 + buf[q + 2]
    own = 1 if buf[q + 5] == O else 0
    return p + 5, (talker, total, num, sequence, channel, own, first, chars, fill)


@njit(cache=True, _nrt=False)
def _read_good_tag(buf, q):
    """A TAG block with a plain time, a station, and what else does not matter here.

    Returns (place after it, or 0 where anything deviates; time or NONE, station, its length).
    """
    x, value, digits, us, station_at, station_len = 0, 0, 0, NO_TIME, 0, 0
    at = q + 1
    p = at
    while True:
        c = buf[p]
        if c in (COMMA, STAR):
            if p - at > 2 and buf[at + 1] == COLON:
                if buf[at] == LOWER_C:
                    if digits != p - at - 2 or digits < 9 or digits > 16:
                        return 0, NO_TIME, 0, 0
                    scale = SECOND_US if digits <= 11 else 1000 if digits <= 14 else 1
                    us = value * scale
                elif buf[at] == LOWER_S:
                    station_at, station_len = at + 2, min(p - at - 2, MAX_STATION)
                elif buf[at] == LOWER_G:
                    return 0, NO_TIME, 0, 0
            if c == STAR:
                break
            at, value, digits = p + 1, 0, 0
        elif ZERO <= c <= NINE:
            value = value * 10 + (c - ZERO)
            digits += 1
        elif c < BLANK or c in (BACKSLASH, BANG):
            return 0, NO_TIME, 0, 0
        x ^= c
        p += 1
    if HEX[buf[p + 1]] * 16 + HEX[buf[p + 2]] != x or buf[p + 3] != BACKSLASH:
        return 0, NO_TIME, 0, 0
    return p + 4, us, station_at, station_len


@njit(cache=True, _nrt=False)
def _keep_tag(state, us, station_at, station_len):
    """What a TAG block says holds for the next sentence."""
    state[PENDING_TAG] = 1
    if us != NONE:
        state[TAG_US] = us
    if station_len:
        state[TAG_STATION_AT], state[TAG_STATION_LEN] = station_at, station_len


@njit(cache=True, _nrt=False)
def take_in(buf, state, words, found, refused, groups, fault, sentence, raw, heard):
    """Keep a sentence, or refuse it. `heard` is (time or NONE, station, its length) beside it."""
    own_us, station_at, station_len = heard
    state[N_SENTENCES] += 1
    if state[TAG_US] != NONE:
        state[STAMP_US], state[STAMP_BASIS] = state[TAG_US], TAG
    elif own_us != NONE:
        state[STAMP_US], state[STAMP_BASIS] = own_us, EPOCH
    if state[TAG_STATION_LEN]:
        station_at, station_len = state[TAG_STATION_AT], state[TAG_STATION_LEN]
    elif station_len == 0 and state[STAMP_BASIS] == PROPRIETARY:
        station_at, station_len = state[SITE_AT], state[SITE_LEN]
    tag = state[TAG_GROUP]
    state[PENDING_TAG], state[TAG_US], state[TAG_STATION_LEN], state[TAG_GROUP] = 0, NONE, 0, 0
    if fault != OK:
        refuse(state, refused, fault, raw)
    elif sentence[1] == 1:
        stamp = (state[STAMP_US], state[STAMP_BASIS])
        of = (station_at, station_len, sentence[4], sentence[5])
        take(state, found, sentence[7], sentence[8], raw, stamp, of)
    else:
        state[N_PARTS] += 1
        station = (station_at, station_len)
        add_part(buf, state, words, found, refused, groups, sentence, raw, station, tag)


@njit(cache=True, _nrt=False)
def read_good_lines(buf, state, words, found, refused, groups, p, end):
    """Read lines from `p` on as long as they are good: a TAG block, a sentence, or both.

    Returns the start of the first line that is not.
    """
    while p < end:
        q, us, station_at, station_len = p, NO_TIME, 0, 0
        if buf[p] == BACKSLASH:
            q, us, station_at, station_len = _read_good_tag(buf, p)
            if q == 0:
                return p
            stop = q + 1 if buf[q] == CR else q
            if buf[stop] == LF:
                _keep_tag(state, us, station_at, station_len)
                state[N_TAG_LINES] += 1
                state[LINE] += 1
                state[N_LINES] += 1
                p = stop + 1
                continue
        after, sentence = read_good(buf, q, words, state[N_WORDS])
        if after == 0:
            return p
        stop = after + 1 if buf[after] == CR else after
        if buf[stop] != LF:
            return p
        raw = (p, stop - p, state[LINE], state[OFFSET] + p)
        if q > p:
            _keep_tag(state, us, station_at, station_len)
        if state[PENDING_TAG] or sentence[1] > 1:
            nothing = (NO_TIME, 0, 0)
            take_in(buf, state, words, found, refused, groups, OK, sentence, raw, nothing)
        else:
            state[N_SENTENCES] += 1
            site = state[SITE_LEN] if state[STAMP_BASIS] == PROPRIETARY else 0
            stamp = (state[STAMP_US], state[STAMP_BASIS])
            of = (state[SITE_AT], site, sentence[4], sentence[5])
            take(state, found, sentence[7], sentence[8], raw, stamp, of)
        state[LINE] += 1
        state[N_LINES] += 1
        p = stop + 1
    return p
