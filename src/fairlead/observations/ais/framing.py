"""Lines to records: TAG blocks, prefixes, sentences, suffixes, and what is none of them. Kernels.

Sentences after IEC 61162-1, TAG blocks after IEC 61162-450 (NMEA 0183 version 4). A sentence needs
its checksum: both standards say so, and without one nothing tells a good line from a broken one.
"""

from __future__ import annotations

from numba import njit

from fairlead.observations.ais.good import (
    BACKSLASH,
    BANG,
    BLANK,
    COLON,
    FIVE,
    HEX,
    LOWER_C,
    LOWER_G,
    LOWER_S,
    NO_TIME,
    OK,
    STAR,
    ZERO_CHARS,
    D,
    O,
    V,
    line_end,
    read_good,
    read_good_lines,
    take_in,
)
from fairlead.observations.ais.records import refuse
from fairlead.observations.ais.stamps import (
    COMMA,
    NINE,
    ZERO,
    field_end,
    read_numbers,
    stamp_us,
    time_line_us,
)
from fairlead.observations.ais.state import (
    BAD_ARMOUR,
    BAD_CHECKSUM,
    BAD_FIELD,
    BAD_TAG_BLOCK,
    BAD_TIME_LINE,
    LINE,
    MAX_CHARS,
    MAX_PREFIX,
    MAX_STATION,
    N_BLANK,
    N_COMMENTS,
    N_LINES,
    N_NOT_AIS,
    N_TAG_LINES,
    N_TIME_LINES,
    N_WORDS,
    NO_CHECKSUM,
    NONE,
    NOT_NMEA,
    NUMBERS_AT,
    OFFSET,
    PENDING_TAG,
    PROPRIETARY,
    SITE_AT,
    SITE_LEN,
    STAMP_BASIS,
    STAMP_US,
    TAG_GROUP,
    TAG_STATION_AT,
    TAG_STATION_LEN,
    TAG_US,
    TRUNCATED,
    TYPES_AT,
)
from fairlead.observations.ais.words import unarmour

DOLLAR, HASH, M = 36, 35, 77
LOWER_B, LOWER_R = 98, 114


@njit(cache=True, _nrt=False)
def _starts(buf, q, end):
    """1 where a VDM or VDO sentence of any talker starts, 2 where another sentence does."""
    if buf[q] != BANG and buf[q] != DOLLAR:
        return 0
    ais = buf[q + 3] == V and buf[q + 4] == D and buf[q + 6] == COMMA and q + 6 < end
    if ais and (buf[q + 5] == M or buf[q + 5] == O):
        return 1
    k = q + 1
    while k < q + 12 and (ZERO <= buf[k] <= NINE or 65 <= buf[k] <= 90):
        k += 1
    return 2 if k < end and k > q + 3 and buf[k] == COMMA else 0


@njit(cache=True, _nrt=False)
def _checksum_fault(buf, q, end):
    """Read a sentence from its first character to its checksum: (OK or fault, place after it)."""
    x = 0
    q += 1
    while q < end and buf[q] != STAR:
        if buf[q] == BANG or buf[q] == BACKSLASH:
            return TRUNCATED, q
        x ^= buf[q]
        q += 1
    if q >= end:
        return TRUNCATED, end
    if q + 2 >= end or HEX[buf[q + 1]] * 16 + HEX[buf[q + 2]] != x:
        return BAD_CHECKSUM, min(q + 3, end)
    return OK, q + 3


@njit(cache=True, _nrt=False)
def _read_sentence(buf, state, words, q, end):
    """Read one VDM or VDO sentence from its ! at `q`; `end` is the end of its line.

    Returns (OK or fault, place after it, fields as `add_part` wants them). The bits of the payload
    lie at the end of the words, not yet taken.
    """
    after, sentence = read_good(buf, q, words, state[N_WORDS])
    if after:
        return OK, after, sentence
    fault, after = _checksum_fault(buf, q, end)
    head = NUMBERS_AT
    p = q + 7
    for n in range(3):
        state[head + n] = 0
        if ZERO <= buf[p] <= NINE and p < end:
            state[head + n] = buf[p] - ZERO
            p += 1
        if buf[p] != COMMA or p >= end:
            return (BAD_FIELD if fault == OK else fault), after, (0, 0, 0, 0, 0, 0, 0, 0, 0)
        p += 1
    total, num, sequence = state[head], state[head + 1], state[head + 2]
    channel = 0
    if buf[p] != COMMA:
        channel = buf[p]
        p += 1
    payload_at = p + 1
    stop = min(after, payload_at + MAX_CHARS)
    p, _, chars = unarmour(buf, payload_at, stop, words, state[N_WORDS], ZERO_CHARS)
    ends = buf[p] == COMMA and ZERO <= buf[p + 1] <= FIVE
    fill = buf[p + 1] - ZERO
    if fault == OK:
        if buf[payload_at - 1] != COMMA or total == 0 or num == 0 or num > total:
            fault = BAD_FIELD
        elif not ends or buf[p + 2] != STAR:
            fault = BAD_FIELD if buf[p] == COMMA or buf[p] == STAR else BAD_ARMOUR
        elif chars == 0:
            fault = TRUNCATED
    elif fault == TRUNCATED and ends and chars and (buf[p + 2] <= BLANK or buf[p + 2] == COMMA):
        fault = NO_CHECKSUM
    talker = buf[q + 1] * 256 + buf[q + 2]
    own = 1 if buf[q + 5] == O else 0
    return fault, after, (talker, total, num, sequence, channel, own, payload_at, chars, fill)


@njit(cache=True, _nrt=False)
def _read_tag(buf, state, q, end):
    """Take in the TAG block whose backslash is at `q`. Returns (whether it holds, place after it).

    The standard's way: a block whose checksum fails is set aside, the sentence after it stands.
    """
    p = q + 1
    while p < end and buf[p] != BACKSLASH:
        p += 1
    if p >= end:
        p = q + 1
        while p < end and _starts(buf, p, end) == 0:
            p += 1
        return False, p
    fault, star = _checksum_fault(buf, q, p)
    if fault != OK or star != p:
        return False, p + 1
    state[PENDING_TAG] = 1
    at = q + 1
    star -= 3
    while at < star:
        stop = field_end(buf, at, star)
        if stop - at > 2 and buf[at + 1] == COLON:
            key = buf[at]
            numbers = state[NUMBERS_AT:TYPES_AT]
            if key == LOWER_C:
                state[TAG_US] = stamp_us(buf, at + 2, stop, numbers)
            elif key == LOWER_S:
                state[TAG_STATION_AT] = at + 2
                state[TAG_STATION_LEN] = min(stop - at - 2, MAX_STATION)
            elif key == LOWER_G and read_numbers(buf, at + 2, stop, numbers) == 3:
                state[TAG_GROUP] = numbers[8] + 1
        at = stop + 1
    return True, p + 1


@njit(cache=True, _nrt=False)
def _read_other(buf, state, refused, record, q, end):
    """A sentence that is not AIS: some tell the time, and $PGHP the base station's number."""
    gatehouse = buf[q + 1] == 80 and buf[q + 2] == 71 and buf[q + 3] == 72 and buf[q + 4] == 80
    if not gatehouse and not (buf[q + 3] == 90 and buf[q + 4] == D and buf[q + 5] == 65):
        state[N_NOT_AIS] += 1
        return
    fault, after = _checksum_fault(buf, q, end)
    found = NONE
    if fault == OK:
        found = time_line_us(buf, q, after - 3, gatehouse, state[NUMBERS_AT:TYPES_AT])
        fault = BAD_TIME_LINE
    if found == NONE:
        refuse(state, refused, fault, _raw(state, record, end))
        return
    state[N_TIME_LINES] += 1
    state[STAMP_US] = found
    state[STAMP_BASIS] = PROPRIETARY
    state[SITE_LEN] = 0
    if gatehouse:
        at = q
        for _ in range(11):
            at = min(field_end(buf, at, after) + 1, after)
        state[SITE_AT] = at
        state[SITE_LEN] = min(field_end(buf, at, after) - at, MAX_STATION)


@njit(cache=True, _nrt=False)
def _raw(state, record, end):
    """A record as (position, length, line, offset in its source)."""
    return record, end - record, state[LINE], state[OFFSET] + record


@njit(cache=True, _nrt=False)
def _read_suffix(buf, state, q, stop):
    """What a receiver wrote after the checksum: an epoch, a station as r003669945 or b003669970.

    Returns (time or NONE, station position, station length).
    """
    at = q
    station_at, station_len = 0, 0
    while at < stop and station_len == 0:
        b = field_end(buf, at, stop)
        if (buf[at] == LOWER_R or buf[at] == LOWER_B) and b - at > 3:
            station_at, station_len = at, min(b - at, MAX_STATION)
            while buf[station_at + station_len - 1] <= BLANK:
                station_len -= 1
        at = b + 1
    if station_len == 0:
        at = q
    return stamp_us(buf, at, stop, state[NUMBERS_AT:TYPES_AT]), station_at, station_len


@njit(cache=True, _nrt=False)
def _read_ais(buf, state, words, found, refused, groups, record, q, end, prefix_us):
    """One VDM or VDO sentence at `q` whose record starts at `record`; returns the place after."""
    fault, after, sentence = _read_sentence(buf, state, words, q, end)
    nxt = after
    while nxt < end and buf[nxt] != BACKSLASH and _starts(buf, nxt, end) == 0:
        nxt += 1
    suffix_us, station_at, station_len = NONE, 0, 0
    if nxt - after > 1:
        suffix_us, station_at, station_len = _read_suffix(buf, state, after, nxt)
    raw = _raw(state, record, nxt)
    heard = (prefix_us if prefix_us != NONE else suffix_us, station_at, station_len)
    take_in(buf, state, words, found, refused, groups, fault, sentence, raw, heard)
    return nxt


@njit(cache=True, _nrt=False)
def _read_line(buf, state, words, found, refused, groups, start, end):
    """All records of one line, which ends before `end`."""
    record, q, prefix_us, seen = start, start, NO_TIME, False
    while q < end:
        kind = _starts(buf, q, end)
        if kind == 1:
            if q - record > MAX_PREFIX:
                record = q
            q = _read_ais(buf, state, words, found, refused, groups, record, q, end, prefix_us)
            record, prefix_us, seen = q, NO_TIME, True
        elif kind == 2:
            _read_other(buf, state, refused, record, q, end)
            return
        elif buf[q] == BACKSLASH:
            holds, q = _read_tag(buf, state, q, end)
            if not holds:
                refuse(state, refused, BAD_TAG_BLOCK, _raw(state, record, end))
                seen = True
        elif buf[q] <= BLANK:
            q += 1
        elif not seen and buf[q] == HASH and q == record:
            state[N_COMMENTS] += 1
            return
        else:
            at = q
            while q < end and buf[q] != BACKSLASH and _starts(buf, q, end) == 0:
                q += 1
            if q < end:
                prefix_us = stamp_us(buf, at, q, state[NUMBERS_AT:TYPES_AT])
            elif not seen:
                refuse(state, refused, NOT_NMEA, _raw(state, record, end))
                return
    if not seen:
        state[N_TAG_LINES if state[PENDING_TAG] else N_BLANK] += 1


@njit(cache=True, _nrt=False)
def read_lines(buf, state, words, found, refused, groups, start, end):
    """Read every line of `buf` from `start` to `end`; behind it are PAD line feeds."""
    p = start
    while p < end:
        p = read_good_lines(buf, state, words, found, refused, groups, p, end)
        if p < end:
            q = line_end(buf, p, end)
            _read_line(buf, state, words, found, refused, groups, p, q)
            state[LINE] += 1
            state[N_LINES] += 1
            p = q + 1
