"""Lines to records: TAG blocks, prefixes, sentences, suffixes, and what is none of them. Kernels.

Sentences after IEC 61162-1, TAG blocks after IEC 61162-450 (NMEA 0183 version 4). A sentence needs
its checksum: both standards say so, and without one nothing tells a good line from a broken one.
"""

from __future__ import annotations

from numba import njit

from fairlead.observations.ais.clock import EPOCH, PROPRIETARY, TAG
from fairlead.observations.ais.emit import emit, refuse, station_id
from fairlead.observations.ais.parts import add_part
from fairlead.observations.ais.stamps import (
    COMMA,
    NINE,
    NONE,
    ZERO,
    comma_field,
    digits,
    epoch_us,
    gatehouse_us,
    stamp_us,
    zda_us,
)
from fairlead.observations.ais.state import (
    BAD_ARMOUR,
    BAD_CHECKSUM,
    BAD_FIELD,
    BAD_TAG_BLOCK,
    BAD_TIME_LINE,
    LINE,
    MAX_PARTS,
    N_BLANK,
    N_COMMENTS,
    N_LINES,
    N_NOT_AIS,
    N_PARTS,
    N_SENTENCES,
    N_TAG_LINES,
    N_TIME_LINES,
    N_WORDS,
    NO_CHECKSUM,
    NOT_NMEA,
    OFFSET,
    PENDING_TAG,
    SITE_AT,
    SITE_LEN,
    STAMP_BASIS,
    STAMP_US,
    TAG_GROUP,
    TAG_STATION_AT,
    TAG_STATION_LEN,
    TAG_US,
    TRUNCATED,
)
from fairlead.observations.ais.words import unarmour

LF, CR, BLANK, TAB = 10, 13, 32, 9
BANG, DOLLAR, BACKSLASH, HASH, STAR, SLASH = 33, 36, 92, 35, 42, 47
V, D, M, O = 86, 68, 77, 79  # noqa: E741
MAX_CHARS = 1200
"""Payload characters of one sentence; the longest message has 178."""
MAX_PREFIX = 400
OK = -1


@njit(cache=True)
def _hex(c):
    if ZERO <= c <= NINE:
        return c - ZERO
    if 65 <= c <= 70:
        return c - 55
    if 97 <= c <= 102:
        return c - 87
    return -1


@njit(cache=True)
def _is_sentence(buf, q, end):
    """Whether a sentence's address starts here: ! or $, then letters or digits and a comma."""
    if buf[q] != BANG and buf[q] != DOLLAR:
        return False
    k = q + 1
    while k < end and k < q + 12 and (ZERO <= buf[k] <= NINE or 65 <= buf[k] <= 90):
        k += 1
    return k < end and k > q + 3 and buf[k] == COMMA


@njit(cache=True)
def _is_ais(buf, q, end):
    """Whether the sentence at `q` is VDM or VDO of whatever talker."""
    return (
        q + 7 < end
        and (buf[q] == BANG or buf[q] == DOLLAR)
        and buf[q + 3] == V
        and buf[q + 4] == D
        and (buf[q + 5] == M or buf[q + 5] == O)
        and buf[q + 6] == COMMA
    )


@njit(cache=True)
def _checksum_fault(buf, a, end):
    """OK, or why the sentence whose first byte after ! is at `a` cannot be trusted as a whole."""
    x = 0
    q = a
    while q < end and buf[q] != STAR:
        if buf[q] == BANG or buf[q] == BACKSLASH:
            return TRUNCATED, q
        x ^= buf[q]
        q += 1
    if q >= end:
        return TRUNCATED, q
    if q + 2 >= end:
        return BAD_CHECKSUM, end
    if _hex(buf[q + 1]) < 0 or _hex(buf[q + 2]) < 0 or _hex(buf[q + 1]) * 16 + _hex(buf[q + 2]) != x:
        return BAD_CHECKSUM, q + 1
    return OK, q + 3


@njit(cache=True)
def _small(buf, q):
    """A one-digit number before a comma, 0 when empty, or NONE; with the place after the comma."""
    if buf[q] == COMMA:
        return 0, q + 1
    if ZERO <= buf[q] <= NINE and buf[q + 1] == COMMA:
        return buf[q] - ZERO, q + 2
    return NONE, q


@njit(cache=True)
def read_sentence(kit, buf, q, end):
    """Read one VDM or VDO sentence from its ! at `q`; `end` is the end of its line.

    Returns (fault or OK, place after it, fields as `add_part` wants them). The payload's bits lie
    at the end of the words, not yet taken.
    """
    nothing = (0, 0, 0, 0, 0, 0, 0, 0, 0)
    if q + 17 > end:
        fault, after = _checksum_fault(buf, q + 1, end)
        return (TRUNCATED if fault == OK else fault), after, nothing
    talker = buf[q + 1] * 256 + buf[q + 2]
    own = 1 if buf[q + 5] == O else 0
    total, p = _small(buf, q + 7)
    num, p = _small(buf, p)
    sequence, p = _small(buf, p)
    channel = 0
    if p < end and buf[p] != COMMA:
        channel = buf[p]
        p += 1
    fault = OK if total > 0 and 0 < num <= total and sequence >= 0 else BAD_FIELD
    if p + 1 >= end or buf[p] != COMMA:
        fault = BAD_FIELD
    payload_at = p + 1
    x = 0
    chars = 0
    p = payload_at
    if fault == OK:
        for k in range(q + 1, payload_at):
            x ^= buf[k]
        stop = min(end, payload_at + MAX_CHARS)
        p, y, chars = unarmour(buf, payload_at, stop, kit.words, kit.state[N_WORDS], 0)
        x ^= y
        if p + 4 < end and buf[p] == COMMA and buf[p + 2] == STAR and ZERO <= buf[p + 1] <= 53:
            x ^= COMMA ^ buf[p + 1]
            if _hex(buf[p + 3]) * 16 + _hex(buf[p + 4]) == x and _hex(buf[p + 4]) >= 0:
                fill = buf[p + 1] - ZERO
                return (
                    OK if chars else TRUNCATED,
                    p + 5,
                    (talker, total, num, sequence, channel, own, payload_at, chars, fill),
                )
    return _why_not(buf, q, end, fault, p)


@njit(cache=True)
def _why_not(buf, q, end, fault, p):
    """The reason why a sentence whose payload ends at `p` is refused."""
    nothing = (0, 0, 0, 0, 0, 0, 0, 0, 0)
    broken, after = _checksum_fault(buf, q + 1, end)
    if broken == OK:
        if fault == OK:
            fault = BAD_FIELD if buf[p] == COMMA or buf[p] == STAR else BAD_ARMOUR
        return fault, after, nothing
    if broken == TRUNCATED and fault == OK and p + 1 < end and buf[p] == COMMA:
        rest = p + 2
        while rest < after and (buf[rest] == CR or buf[rest] == BLANK):
            rest += 1
        if ZERO <= buf[p + 1] <= 53 and (rest == after or buf[p + 2] == COMMA):
            broken = NO_CHECKSUM
    return broken, after, nothing


@njit(cache=True)
def _read_tag(kit, buf, q, end):
    """Take in the TAG block whose backslash is at `q`. Returns (whether it holds, place after it).

    The standard's way: a block whose checksum fails is set aside, the sentence after it stands.
    """
    state = kit.state
    x = 0
    p = q + 1
    star = NONE
    while p < end and buf[p] != BACKSLASH:
        if buf[p] == STAR and star == NONE:
            star = p
        if star == NONE:
            x ^= buf[p]
        p += 1
    after = p + 1
    if p >= end:
        after = q + 1
        while after < end and not _is_sentence(buf, after, end):
            after += 1
        return False, after
    if star == NONE or p - star < 2 or p - star > 3:
        return False, after
    value = _hex(buf[star + 1])
    if p - star == 3 and value >= 0:
        value = value * 16 + _hex(buf[star + 2]) if _hex(buf[star + 2]) >= 0 else -1
    if value != x:
        return False, after
    _read_tag_fields(state, buf, q + 1, star)
    return True, after


@njit(cache=True)
def _read_tag_fields(state, buf, at, star):
    state[PENDING_TAG] = 1
    while at < star:
        _, stop = comma_field(buf, at, star, 0)
        if stop - at > 2 and buf[at + 1] == 58:
            key = buf[at]
            if key == 99:
                found, _ = epoch_us(buf, at + 2, stop)
                if found != NONE:
                    state[TAG_US] = found
            elif key == 115:
                state[TAG_STATION_AT] = at + 2
                state[TAG_STATION_LEN] = min(stop - at - 2, 64)
            elif key == 103:
                _, a = digits(buf, at + 2, stop, 4)
                _, b = digits(buf, min(a + 1, stop), stop, 4)
                group, c = digits(buf, min(b + 1, stop), stop, 9)
                state[TAG_GROUP] = group + 1 if c > b + 1 else 0
        at = stop + 1


@njit(cache=True)
def _forget_tag(state):
    state[PENDING_TAG] = 0
    state[TAG_US] = NONE
    state[TAG_STATION_LEN] = 0
    state[TAG_GROUP] = 0


@njit(cache=True)
def _read_suffix(state, buf, q, end):
    """What a receiver wrote after the checksum: epoch, and station as r003669945 or b003669970.

    Returns (time or NONE, station position, station length, place of the next record or `end`).
    """
    stop = q
    while stop < end and buf[stop] != BACKSLASH and not _is_sentence(buf, stop, end):
        stop += 1
    found, station_at, station_len = NONE, 0, 0
    at = q
    while at < stop:
        _, b = comma_field(buf, at, stop, 0)
        if b > at:
            if ZERO <= buf[at] <= NINE and found == NONE:
                found = stamp_us(buf, at, b)
            elif (buf[at] == 114 or buf[at] == 98) and b - at > 3 and station_len == 0:
                last = b
                while last > at and buf[last - 1] <= BLANK:
                    last -= 1
                station_at, station_len = at, min(last - at, 64)
        at = b + 1
    if found == NONE:
        found = stamp_us(buf, q, stop)
    return found, station_at, station_len, stop


@njit(cache=True)
def _read_other(kit, buf, record, q, end):
    """A sentence that is not AIS: some tell the time. Returns the place after it."""
    state = kit.state
    gatehouse = q + 6 < end and buf[q + 1] == 80 and buf[q + 2] == 71 and buf[q + 3] == 72
    gatehouse = gatehouse and buf[q + 4] == 80 and buf[q + 5] == COMMA
    zda = q + 7 < end and buf[q + 3] == 90 and buf[q + 4] == 68 and buf[q + 5] == 65
    if not gatehouse and not zda:
        state[N_NOT_AIS] += 1
        return end
    fault, after = _checksum_fault(buf, q + 1, end)
    found = gatehouse_us(buf, q, after) if gatehouse else zda_us(buf, q, after)
    if fault != OK or found == NONE:
        reason = fault if fault != OK else BAD_TIME_LINE
        refuse(kit, reason, record, end - record, state[LINE], _offset(state, record), -1, 0, 0)
        return end
    state[N_TIME_LINES] += 1
    state[STAMP_US] = found
    state[STAMP_BASIS] = PROPRIETARY
    state[SITE_LEN] = 0
    if gatehouse:
        a, b = comma_field(buf, q, after, 11)
        state[SITE_AT], state[SITE_LEN] = a, min(b - a, 64)
    return end


@njit(cache=True)
def _offset(state, at):
    return state[OFFSET] + at


@njit(cache=True)
def _read_ais(kit, tables, buf, record, q, end, prefix_us):
    """One VDM or VDO sentence at `q`, whose record starts at `record`. Returns the place after it."""
    state = kit.state
    fault, after, sentence = read_sentence(kit, buf, q, end)
    found, station_at, station_len = NONE, 0, 0
    nxt = after
    if after < end and buf[after] != CR:
        found, station_at, station_len, nxt = _read_suffix(state, buf, after, end)
    elif after < end:
        nxt = end
    state[N_SENTENCES] += 1
    if state[TAG_US] != NONE:
        state[STAMP_US], state[STAMP_BASIS] = state[TAG_US], TAG
    elif prefix_us != NONE or found != NONE:
        state[STAMP_US] = prefix_us if prefix_us != NONE else found
        state[STAMP_BASIS] = EPOCH
    raw = (record, nxt - record, state[LINE], _offset(state, record))
    if fault != OK:
        refuse(kit, fault, raw[0], raw[1], raw[2], raw[3], -1, 0, 0)
        _forget_tag(state)
        return nxt
    if state[TAG_STATION_LEN]:
        station_at, station_len = state[TAG_STATION_AT], state[TAG_STATION_LEN]
    elif station_len == 0 and state[STAMP_BASIS] == PROPRIETARY:
        station_at, station_len = state[SITE_AT], state[SITE_LEN]
    if sentence[1] == 1:
        station = station_id(kit, buf, station_at, station_len)
        emit(kit, tables, sentence[7], sentence[8], raw, (NONE, 0), (station, sentence[4], sentence[5]))
    else:
        state[N_PARTS] += 1
        add_part(kit, tables, buf, sentence, raw, (station_at, station_len), state[TAG_GROUP])
    _forget_tag(state)
    return nxt


@njit(cache=True)
def _read_line(kit, tables, buf, start, end):
    """All records of one line, which ends before `end`."""
    state = kit.state
    record, q, prefix_us, seen = start, start, NONE, False
    while q < end:
        c = buf[q]
        if (c == BANG or c == DOLLAR) and _is_ais(buf, q, end):
            if q - record > MAX_PREFIX:
                record = q
            q = _read_ais(kit, tables, buf, record, q, end, prefix_us)
            record, prefix_us, seen = q, NONE, True
        elif (c == BANG or c == DOLLAR) and _is_sentence(buf, q, end):
            q = _read_other(kit, buf, record, q, end)
            seen = True
        elif c == BACKSLASH:
            holds, q = _read_tag(kit, buf, q, end)
            if not holds:
                refuse(kit, BAD_TAG_BLOCK, record, end - record, state[LINE], _offset(state, record), -1, 0, 0)
                seen = True
        elif c <= BLANK:
            q += 1
        elif not seen and q == record and (c == HASH or (c == SLASH and q + 1 < end and buf[q + 1] == SLASH)):
            state[N_COMMENTS] += 1
            return
        else:
            a = q
            while q < end and buf[q] != BACKSLASH and not _is_sentence(buf, q, end) and not _is_ais(buf, q, end):
                q += 1
            if q < end:
                prefix_us = stamp_us(buf, a, q)
            elif not seen:
                refuse(kit, NOT_NMEA, record, end - record, state[LINE], _offset(state, record), -1, 0, 0)
                return
    if not seen:
        state[N_TAG_LINES if state[PENDING_TAG] else N_BLANK] += 1


@njit(cache=True)
def read_lines(kit, tables, buf, start, end):
    """Read every line of `buf` from `start` to `end`."""
    state = kit.state
    p = start
    while p < end:
        q = p
        while q < end and buf[q] != LF:
            q += 1
        _read_line(kit, tables, buf, p, q)
        state[N_LINES] += 1
        state[LINE] += 1
        p = q + 1
