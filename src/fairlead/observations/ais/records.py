"""What becomes of a record: a message found, or a reject with its reason. Kernels."""

from __future__ import annotations

from numba import njit

from fairlead.observations.ais.state import (
    KEPT_BYTES,
    M_BASIS,
    M_BITS,
    M_CHANNEL,
    M_LINE,
    M_OFFSET,
    M_OWN,
    M_RAW_AT,
    M_RAW_LEN,
    M_STATION_AT,
    M_STATION_LEN,
    M_TIME,
    M_WORD,
    N_MESSAGES,
    N_REFUSED,
    N_WORDS,
    NONE,
    R_A,
    R_AFTER,
    R_AT,
    R_B,
    R_LEN,
    R_LINE,
    R_MMSI,
    R_OFFSET,
    R_REASON,
    R_TIME,
    STAMP_US,
)


@njit(cache=True, _nrt=False)
def refuse(state, refused, reason, raw):
    """Keep a record as a reject; `raw` is (position, length, line, offset).

    R_MMSI, and R_A and R_B of which its detail speaks, are left for the caller to set.
    """
    k = state[N_REFUSED]
    refused[k, R_REASON] = reason
    refused[k, R_AT] = raw[0]
    refused[k, R_LEN] = min(raw[1], KEPT_BYTES)
    refused[k, R_LINE] = raw[2]
    refused[k, R_OFFSET] = raw[3]
    refused[k, R_TIME] = state[STAMP_US]
    refused[k, R_MMSI] = NONE
    refused[k, R_A] = 0
    refused[k, R_B] = 0
    refused[k, R_AFTER] = state[N_MESSAGES]
    state[N_REFUSED] = k + 1


@njit(cache=True, _nrt=False)
def take(state, found, chars, fill, raw, stamp, heard):
    """Keep the message of `chars` characters whose bits lie at the end of the words.

    `raw` is (position, length, line, offset) of the record, `stamp` (time or NONE, basis), `heard`
    (station position, its length, channel, own ship).
    """
    k = state[N_MESSAGES]
    found[M_LINE, k] = raw[2]
    found[M_OFFSET, k] = raw[3]
    found[M_RAW_AT, k] = raw[0]
    found[M_RAW_LEN, k] = raw[1]
    found[M_TIME, k] = stamp[0]
    found[M_BASIS, k] = stamp[1]
    found[M_STATION_AT, k] = heard[0]
    found[M_STATION_LEN, k] = heard[1]
    found[M_CHANNEL, k] = heard[2]
    found[M_OWN, k] = heard[3]
    found[M_WORD, k] = state[N_WORDS]
    found[M_BITS, k] = 6 * chars - fill
    state[N_MESSAGES] = k + 1
    state[N_WORDS] += (chars + 9) // 10


@njit(cache=True, _nrt=False)
def span_hash(buf, at, length):
    """A number for a station's name; never 0."""
    h = 5381
    for q in range(at, at + length):
        h = (h * 131 + buf[q]) & 0x7FFFFFFFFFFFFF
    return h + 1
