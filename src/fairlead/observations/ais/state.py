"""What the framing kernels share: scratch arrays, output columns and the numbers of their slots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from fairlead.observations.ais.layouts import LAYOUTS

REASONS = (
    "not_nmea",
    "truncated",
    "bad_checksum",
    "no_checksum",
    "bad_armour",
    "bad_field",
    "bad_tag_block",
    "bad_time_line",
    "lost_part",
    "unknown_type",
    "wrong_bit_count",
)
(
    NOT_NMEA,
    TRUNCATED,
    BAD_CHECKSUM,
    NO_CHECKSUM,
    BAD_ARMOUR,
    BAD_FIELD,
    BAD_TAG_BLOCK,
    BAD_TIME_LINE,
    LOST_PART,
    UNKNOWN_TYPE,
    WRONG_BIT_COUNT,
) = range(len(REASONS))

COUNTS = (
    "lines",
    "blank",
    "comments",
    "not_ais",
    "time_lines",
    "tag_lines",
    "sentences",
    "parts",
    "own_ship",
)
"""What the lines were; kept in the first slots of the state."""

(
    N_LINES,
    N_BLANK,
    N_COMMENTS,
    N_NOT_AIS,
    N_TIME_LINES,
    N_TAG_LINES,
    N_SENTENCES,
    N_PARTS,
    N_OWN,
    N_MESSAGES,
    N_REFUSED,
    N_WORDS,
    N_GROUPS,
    N_STATIONS,
    LINE,
    STAMP_US,
    STAMP_BASIS,
    PENDING_TAG,
    TAG_US,
    TAG_STATION_AT,
    TAG_STATION_LEN,
    TAG_GROUP,
    SITE_AT,
    SITE_LEN,
    CLOCK_US,
    CLOCK_BASIS,
    CLOCK_VOTES,
    CLOCK_VOTE_US,
    CLOCK_AHEAD,
    CLOCK_AHEAD_US,
    INFER,
    RECEIVED_US,
    OFFSET,
    N_STATE,
) = range(34)

MAX_GROUPS = 64
MAX_PARTS = 9
MAX_AGE_LINES = 500
"""A message whose parts lie further apart is given up: its sequence number has come round."""

(
    G_TALKER,
    G_TOTAL,
    G_SEQUENCE,
    G_CHANNEL,
    G_TAG,
    G_STATION,
    G_STATION_AT,
    G_STATION_LEN,
    G_SEEN,
    G_LINE,
    G_TIME,
    G_BASIS,
    G_RECEIVED,
    G_OWN,
    G_WIDTH,
) = range(15)

P_PAYLOAD_AT, P_PAYLOAD_LEN, P_RAW_AT, P_RAW_LEN, P_LINE, P_OFFSET, P_FILL, P_WIDTH = range(8)


class Tables(NamedTuple):
    """The layouts as arrays, for the kernel that tells which one a message has."""

    type_first: np.ndarray  # (64,) first layout of a type
    type_count: np.ndarray  # (64,) layouts of a type
    when: np.ndarray  # (layouts, 2, 4) first bit, width, lowest, highest
    bits: np.ndarray  # (layouts, 4, 2) shortest, longest


class Kit(NamedTuple):
    """Everything a framing kernel writes to. Columns `m_` are messages, `r_` are rejects."""

    state: np.ndarray
    words: np.ndarray  # 60 bits each, so that ten characters fill one
    m_line: np.ndarray
    m_offset: np.ndarray
    m_time: np.ndarray
    m_basis: np.ndarray
    m_station: np.ndarray
    m_channel: np.ndarray
    m_own: np.ndarray
    m_word: np.ndarray
    m_bits: np.ndarray
    m_layout: np.ndarray
    m_hash: np.ndarray
    r_reason: np.ndarray
    r_at: np.ndarray
    r_len: np.ndarray
    r_line: np.ndarray
    r_offset: np.ndarray
    r_time: np.ndarray
    r_mmsi: np.ndarray
    r_a: np.ndarray
    r_b: np.ndarray
    groups: np.ndarray  # (MAX_GROUPS, G_WIDTH)
    parts: np.ndarray  # (MAX_GROUPS, MAX_PARTS, P_WIDTH)
    station_hash: np.ndarray  # open addressing
    station_slot: np.ndarray
    station_at: np.ndarray
    station_len: np.ndarray


def layout_tables() -> Tables:
    first, count = np.zeros(64, np.int64), np.zeros(64, np.int64)
    when = np.zeros((len(LAYOUTS), 2, 4), np.int64)
    bits = np.zeros((len(LAYOUTS), 4, 2), np.int64)
    bits[:, :, 0] = 1
    for k, layout in enumerate(LAYOUTS):
        if count[layout.msg_type] == 0:
            first[layout.msg_type] = k
        count[layout.msg_type] += 1
        for n, condition in enumerate(layout.when):
            when[k, n] = condition
        for n, length in enumerate(layout.bits):
            bits[k, n] = length
    return Tables(first, count, when, bits)


def new_kit(n_bytes: int) -> Kit:
    """Arrays long enough for any `n_bytes` of input; what is not used is never touched."""
    messages = n_bytes // 16 + MAX_GROUPS + 16
    refused = n_bytes // 2 + MAX_GROUPS * MAX_PARTS + 16
    stations = 1 << max(6, min(16, (n_bytes // 64).bit_length()))
    i64, i32, i8 = np.int64, np.int32, np.int8

    def one(length: int, dtype: type) -> np.ndarray:
        return np.empty(length, dtype)

    return Kit(
        np.zeros(N_STATE, i64),
        one(n_bytes // 10 + n_bytes // 14 + 1024, i64),
        *(one(messages, t) for t in (i64, i64, i64, i8, i32, i8, i8, i32, i32, i8, i64)),
        *(one(refused, t) for t in (i8, i64, i32, i64, i64, i64, i32, i32, i32)),
        np.zeros((MAX_GROUPS, G_WIDTH), i64),
        np.zeros((MAX_GROUPS, MAX_PARTS, P_WIDTH), i64),
        np.zeros(2 * stations, i64),
        np.zeros(2 * stations, i32),
        one(stations, i64),
        one(stations, i32),
    )
