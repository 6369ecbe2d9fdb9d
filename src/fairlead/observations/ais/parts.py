"""Messages in several sentences: parts are kept until all have come, or given up. Kernels.

Parts belong together when talker, number of parts, sequence number and channel are equal, and the
station and TAG group too where both parts state them. The newest open message is tried first.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fairlead.observations.ais.records import refuse, span_hash, take
from fairlead.observations.ais.state import (
    G_BASIS,
    G_CHANNEL,
    G_LINE,
    G_OWN,
    G_RECEIVED,
    G_SEEN,
    G_SEQUENCE,
    G_STATION,
    G_STATION_AT,
    G_STATION_LEN,
    G_TAG,
    G_TALKER,
    G_TIME,
    G_TOTAL,
    G_WIDTH,
    KEPT_BYTES,
    LOST_PART,
    MAX_AGE_LINES,
    MAX_GROUPS,
    MAX_PARTS,
    N_GROUPS,
    N_REFUSED,
    N_WORDS,
    P_FILL,
    P_LINE,
    P_OFFSET,
    P_PAYLOAD_AT,
    P_PAYLOAD_LEN,
    P_RAW_AT,
    P_RAW_LEN,
    P_WIDTH,
    R_A,
    R_B,
    RECEIVED_US,
    STAMP_BASIS,
    STAMP_US,
)
from fairlead.observations.ais.words import append

ABANDONED = np.int64(-1)
"""Line of an open message that is given up at the next look."""


@njit(cache=True, _nrt=False)
def close(state, groups, g):
    """Forget the open message `g`; the order of the others stays."""
    last = state[N_GROUPS] - 1
    for k in range(g, last):
        for c in range(G_WIDTH + P_WIDTH * groups[k + 1, G_TOTAL]):
            groups[k, c] = groups[k + 1, c]
    state[N_GROUPS] = last


@njit(cache=True, _nrt=False)
def give_up(state, refused, groups, g):
    """Refuse the parts that have come of a message whose others have not."""
    total = groups[g, G_TOTAL]
    for n in range(total):
        if groups[g, G_SEEN] >> n & 1:
            p = G_WIDTH + n * P_WIDTH
            raw = (
                groups[g, p + P_RAW_AT],
                groups[g, p + P_RAW_LEN],
                groups[g, p + P_LINE],
                groups[g, p + P_OFFSET],
            )
            refuse(state, refused, LOST_PART, raw)
            refused[state[N_REFUSED] - 1, R_A] = n + 1
            refused[state[N_REFUSED] - 1, R_B] = total
    close(state, groups, g)


@njit(cache=True, _nrt=False)
def give_up_older(state, refused, groups, line, received_us):
    """Give up messages opened before a line or a time of receipt."""
    g = np.int64(0)
    while g < state[N_GROUPS]:
        if groups[g, G_LINE] < line or groups[g, G_RECEIVED] < received_us:
            give_up(state, refused, groups, g)
        else:
            g += 1


@njit(cache=True, _nrt=False)
def _same(buf, groups, g, num, payload_at, payload_len):
    p = G_WIDTH + (num - 1) * P_WIDTH
    if groups[g, p + P_PAYLOAD_LEN] != payload_len:
        return False
    start = groups[g, p + P_PAYLOAD_AT]
    for k in range(payload_len):  # noqa: SIM110 a kernel has no generators
        if buf[start + k] != buf[payload_at + k]:
            return False
    return True


@njit(cache=True, _nrt=False)
def _group_for(buf, state, groups, sentence, line, tag, station):
    """The open message that lacks this part, or -1. A reused sequence number gives up the old."""
    talker, total, num, sequence, channel, _, payload_at, payload_len, _ = sentence
    for g in range(state[N_GROUPS] - 1, -1, -1):
        if (
            groups[g, G_TALKER] == talker
            and groups[g, G_TOTAL] == total
            and groups[g, G_SEQUENCE] == sequence
            and groups[g, G_LINE] >= line - MAX_AGE_LINES
            and (groups[g, G_CHANNEL] == channel or groups[g, G_CHANNEL] == 0 or channel == 0)
            and (groups[g, G_TAG] == tag or groups[g, G_TAG] == 0 or tag == 0)
            and (groups[g, G_STATION] == station or groups[g, G_STATION] == 0 or station == 0)
        ):
            if groups[g, G_SEEN] >> (num - 1) & 1 == 0:
                return g
            if not _same(buf, groups, g, num, payload_at, payload_len):
                groups[g, G_LINE] = ABANDONED
    return -1


@njit(cache=True, _nrt=False)
def _open(state, groups, sentence, line):
    """A new open message, the last of the list; the oldest makes room for it."""
    g = state[N_GROUPS]
    state[N_GROUPS] = g + 1
    for c in range(G_WIDTH):
        groups[g, c] = 0
    groups[g, G_TALKER] = sentence[0]
    groups[g, G_TOTAL] = sentence[1]
    groups[g, G_SEQUENCE] = sentence[3]
    groups[g, G_LINE] = line
    groups[g, G_TIME] = state[STAMP_US]
    groups[g, G_BASIS] = state[STAMP_BASIS]
    groups[g, G_RECEIVED] = state[RECEIVED_US]
    groups[g, G_OWN] = sentence[5]
    return g


@njit(cache=True, _nrt=False)
def add_part(buf, state, words, found, refused, groups, sentence, raw, station, tag):
    """Take in one part; when it is the last that was missing, make the message.

    `sentence` is (talker, total, number, sequence, channel, own, payload position, length, fill),
    `station` (position, length) of its name.
    """
    _, total, num, _, channel, _, payload_at, payload_len, fill = sentence
    h = span_hash(buf, station[0], station[1]) if station[1] else 0
    g = _group_for(buf, state, groups, sentence, raw[2], tag, h)
    if g < 0:
        if state[N_GROUPS] == MAX_GROUPS:
            groups[0, G_LINE] = ABANDONED
        give_up_older(state, refused, groups, raw[2] - MAX_AGE_LINES, ABANDONED)
        g = _open(state, groups, sentence, raw[2])
    if channel:
        groups[g, G_CHANNEL] = channel
    if tag:
        groups[g, G_TAG] = tag
    if h and not groups[g, G_STATION]:
        groups[g, G_STATION] = h
        groups[g, G_STATION_AT] = station[0]
        groups[g, G_STATION_LEN] = station[1]
    groups[g, G_SEEN] |= 1 << (num - 1)
    p = G_WIDTH + (num - 1) * P_WIDTH
    groups[g, p + P_PAYLOAD_AT] = payload_at
    groups[g, p + P_PAYLOAD_LEN] = payload_len
    groups[g, p + P_RAW_AT] = raw[0]
    groups[g, p + P_RAW_LEN] = min(raw[1], KEPT_BYTES)
    groups[g, p + P_LINE] = raw[2]
    groups[g, p + P_OFFSET] = raw[3]
    groups[g, p + P_FILL] = fill
    if groups[g, G_SEEN] == (1 << total) - 1:
        _complete(buf, state, words, found, groups, g)


@njit(cache=True, _nrt=False)
def _complete(buf, state, words, found, groups, g):
    total = groups[g, G_TOTAL]
    chars = np.int64(0)
    for n in range(total):
        p = G_WIDTH + n * P_WIDTH
        start = groups[g, p + P_PAYLOAD_AT]
        end = start + groups[g, p + P_PAYLOAD_LEN]
        chars = append(buf, start, end, words, state[N_WORDS], chars)
    p = G_WIDTH
    raw = (
        groups[g, p + P_RAW_AT],
        groups[g, p + P_RAW_LEN],
        groups[g, p + P_LINE],
        groups[g, p + P_OFFSET],
    )
    fill = groups[g, G_WIDTH + (total - 1) * P_WIDTH + P_FILL]
    heard = (
        groups[g, G_STATION_AT],
        groups[g, G_STATION_LEN],
        groups[g, G_CHANNEL],
        groups[g, G_OWN],
    )
    take(state, found, chars, fill, raw, (groups[g, G_TIME], groups[g, G_BASIS]), heard)
    close(state, groups, g)


@njit(cache=True, _nrt=False)
def gather_open(buf, state, groups, out):
    """Copy the bytes of all open messages to `out` and point at them there. Returns the length."""
    n = 0
    for g in range(state[N_GROUPS]):
        start = groups[g, G_STATION_AT]
        groups[g, G_STATION_AT] = n
        for k in range(start, start + groups[g, G_STATION_LEN]):
            out[n] = buf[k]
            n += 1
        for num in range(MAX_PARTS):
            if groups[g, G_SEEN] >> num & 1:
                p = G_WIDTH + num * P_WIDTH
                start = groups[g, p + P_RAW_AT]
                payload = groups[g, p + P_PAYLOAD_AT]
                end = max(start + groups[g, p + P_RAW_LEN], payload + groups[g, p + P_PAYLOAD_LEN])
                groups[g, p + P_RAW_AT] = n
                groups[g, p + P_PAYLOAD_AT] = payload + n - start
                for k in range(start, end):
                    out[n] = buf[k]
                    n += 1
    return n
