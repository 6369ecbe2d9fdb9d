"""Messages in several sentences: parts are kept until all have come, or given up. Kernels.

Parts belong together when talker, number of parts, sequence number and channel are equal, and the
station and TAG group too where both parts state them. The newest open message is tried first.
"""

from __future__ import annotations

from numba import njit

from fairlead.observations.ais.emit import emit, now, refuse, span_hash, station_id
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
    LOST_PART,
    MAX_AGE_LINES,
    MAX_GROUPS,
    MAX_PARTS,
    N_GROUPS,
    N_WORDS,
    P_FILL,
    P_LINE,
    P_OFFSET,
    P_PAYLOAD_AT,
    P_PAYLOAD_LEN,
    P_RAW_AT,
    P_RAW_LEN,
    RECEIVED_US,
)
from fairlead.observations.ais.words import unarmour


@njit(cache=True)
def close(kit, g):
    """Forget the open message `g`; the order of the others stays."""
    last = kit.state[N_GROUPS] - 1
    for k in range(g, last):
        kit.groups[k, :] = kit.groups[k + 1, :]
        kit.parts[k, :, :] = kit.parts[k + 1, :, :]
    kit.state[N_GROUPS] = last


@njit(cache=True)
def give_up(kit, g):
    """Refuse the parts that have come of a message whose others have not."""
    group = kit.groups[g]
    for n in range(group[G_TOTAL]):
        if group[G_SEEN] >> n & 1:
            part = kit.parts[g, n]
            refuse(
                kit,
                LOST_PART,
                part[P_RAW_AT],
                part[P_RAW_LEN],
                part[P_LINE],
                part[P_OFFSET],
                -1,
                n + 1,
                group[G_TOTAL],
            )
    close(kit, g)


@njit(cache=True)
def give_up_older(kit, line, received_us):
    """Give up messages opened before a line or a time of receipt."""
    g = 0
    while g < kit.state[N_GROUPS]:
        if kit.groups[g, G_LINE] < line or kit.groups[g, G_RECEIVED] < received_us:
            give_up(kit, g)
        else:
            g += 1


@njit(cache=True)
def _same(buf, one, payload_at, payload_len):
    if one[P_PAYLOAD_LEN] != payload_len:
        return False
    start = one[P_PAYLOAD_AT]
    for k in range(payload_len):
        if buf[start + k] != buf[payload_at + k]:
            return False
    return True


@njit(cache=True)
def _belongs(group, talker, total, sequence, channel, tag, station):
    return (
        group[G_TALKER] == talker
        and group[G_TOTAL] == total
        and group[G_SEQUENCE] == sequence
        and (group[G_CHANNEL] == channel or group[G_CHANNEL] == 0 or channel == 0)
        and (group[G_TAG] == tag or group[G_TAG] == 0 or tag == 0)
        and (group[G_STATION] == station or group[G_STATION] == 0 or station == 0)
    )


@njit(cache=True)
def _group_for(kit, buf, sentence, tag, station):
    """The open message that lacks this part, or -1. A reused sequence number gives up the old."""
    talker, total, num, sequence, channel, _, payload_at, payload_len, _ = sentence
    for g in range(kit.state[N_GROUPS] - 1, -1, -1):
        group = kit.groups[g]
        if _belongs(group, talker, total, sequence, channel, tag, station):
            if group[G_SEEN] >> (num - 1) & 1 == 0:
                return g
            if not _same(buf, kit.parts[g, num - 1], payload_at, payload_len):
                give_up(kit, g)
    return -1


@njit(cache=True)
def add_part(kit, tables, buf, sentence, raw, station, tag):
    """Take in one part; when it is the last that was missing, make the message.

    `sentence` is (talker, total, number, sequence, channel, own, payload position, length, fill),
    `station` (position, length) of its name.
    """
    talker, total, num, sequence, channel, own, payload_at, payload_len, fill = sentence
    give_up_older(kit, raw[2] - MAX_AGE_LINES, -1)
    h = span_hash(buf, station[0], station[1]) if station[1] else 0
    g = _group_for(kit, buf, sentence, tag, h)
    if g < 0:
        if kit.state[N_GROUPS] == MAX_GROUPS:
            give_up(kit, 0)
        g = kit.state[N_GROUPS]
        kit.state[N_GROUPS] = g + 1
        group = kit.groups[g]
        group[G_TALKER] = talker
        group[G_TOTAL] = total
        group[G_SEQUENCE] = sequence
        group[G_SEEN] = 0
        group[G_LINE] = raw[2]
        group[G_TIME], group[G_BASIS] = now(kit.state)
        group[G_RECEIVED] = kit.state[RECEIVED_US]
        group[G_OWN] = own
        group[G_CHANNEL], group[G_TAG], group[G_STATION] = 0, 0, 0
        group[G_STATION_LEN] = 0
    group = kit.groups[g]
    if channel:
        group[G_CHANNEL] = channel
    if tag:
        group[G_TAG] = tag
    if h and not group[G_STATION]:
        group[G_STATION] = h
        group[G_STATION_AT] = station[0]
        group[G_STATION_LEN] = station[1]
    group[G_SEEN] |= 1 << (num - 1)
    part = kit.parts[g, num - 1]
    part[P_PAYLOAD_AT] = payload_at
    part[P_PAYLOAD_LEN] = payload_len
    part[P_RAW_AT] = raw[0]
    part[P_RAW_LEN] = raw[1]
    part[P_LINE] = raw[2]
    part[P_OFFSET] = raw[3]
    part[P_FILL] = fill
    if group[G_SEEN] == (1 << total) - 1:
        _complete(kit, tables, buf, g)


@njit(cache=True)
def _complete(kit, tables, buf, g):
    group = kit.groups[g]
    chars = 0
    for n in range(group[G_TOTAL]):
        part = kit.parts[g, n]
        start = part[P_PAYLOAD_AT]
        _, _, chars = unarmour(
            buf, start, start + part[P_PAYLOAD_LEN], kit.words, kit.state[N_WORDS], chars
        )
    first = kit.parts[g, 0]
    fill = kit.parts[g, group[G_TOTAL] - 1, P_FILL]
    raw = (first[P_RAW_AT], first[P_RAW_LEN], first[P_LINE], first[P_OFFSET])
    stamp = (group[G_TIME], group[G_BASIS])
    station = station_id(kit, buf, group[G_STATION_AT], group[G_STATION_LEN])
    emit(kit, tables, chars, fill, raw, stamp, (station, group[G_CHANNEL], group[G_OWN]))
    close(kit, g)


@njit(cache=True)
def pack(kit, buf, out):
    """Copy the bytes of all open messages to `out` and point at them there. Returns the length."""
    n = 0
    for g in range(kit.state[N_GROUPS]):
        group = kit.groups[g]
        start = group[G_STATION_AT]
        group[G_STATION_AT] = n
        for k in range(group[G_STATION_LEN]):
            out[n] = buf[start + k]
            n += 1
        for p in range(MAX_PARTS):
            if group[G_SEEN] >> p & 1:
                part = kit.parts[g, p]
                start = part[P_RAW_AT]
                end = max(start + part[P_RAW_LEN], part[P_PAYLOAD_AT] + part[P_PAYLOAD_LEN])
                part[P_RAW_AT] = n
                part[P_PAYLOAD_AT] += n - start
                for k in range(start, end):
                    out[n] = buf[k]
                    n += 1
    return n
