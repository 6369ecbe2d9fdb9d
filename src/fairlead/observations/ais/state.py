"""What the framing kernels share: scratch arrays, output columns and the numbers of their slots."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from fairlead.observations.ais.layouts import LAYOUTS

NONE = -1
"""No time."""

RECEIVED, TAG, EPOCH, PROPRIETARY, BASE_STATION, COLUMN, ASSUMED = range(7)
"""Codes of schema.tables.TIME_BASES."""

PAD = 32
"""The text goes on for so many line feeds, so that looking ahead stays inside."""

MOST_NUMBERS = 12
N_VALUE, N_DIGITS, N_NEXT, N_WIDTH = range(4)
"""A number read from text: its value, its digits, and the character after it."""

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
) = (np.int64(reason) for reason in range(len(REASONS)))

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
    LINE,
    OFFSET,
    RECEIVED_US,
    INFER,
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
    FIRST_US,
    FIRST_BASIS,
    FIRST_LINE,
    BEFORE_US,
    BEFORE_BASIS,
    N_STATE,
) = range(38)

MAX_GROUPS = 64
MAX_PARTS = 9
MAX_CHARS = 1200
"""Payload characters of one sentence; the longest message has 178."""
MAX_PREFIX = 400
MAX_STATION = 64
MAX_GROUP_BYTES = MAX_PARTS * (MAX_CHARS + 2 * MAX_PREFIX) + MAX_STATION
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


(
    M_LINE,
    M_OFFSET,
    M_RAW_AT,
    M_RAW_LEN,
    M_TIME,
    M_BASIS,
    M_STATION_AT,
    M_STATION_LEN,
    M_CHANNEL,
    M_OWN,
    M_WORD,
    M_BITS,
    M_LAYOUT,
    M_HASH,
    M_WIDTH,
) = range(15)

(
    R_REASON,
    R_AT,
    R_LEN,
    R_LINE,
    R_OFFSET,
    R_TIME,
    R_MMSI,
    R_A,
    R_B,
    R_AFTER,
    R_WIDTH,
) = range(11)
"""R_AFTER counts the messages found before, so that the clock can tell the time of a reject."""

KEPT_BYTES = 200
"""A reject keeps so many bytes of its record."""

NUMBERS_AT = N_STATE
TYPES_AT = NUMBERS_AT + MOST_NUMBERS * N_WIDTH
LAYOUTS_AT = TYPES_AT + 2 * 64
L_WHEN, L_BITS, L_WIDTH = 0, 8, 16
"""Behind the state: scratch for numbers, first layout and number of layouts of each type, rules."""


SHORTEST = 19
"""Characters of the shortest sentence that makes a message."""
MEMORY_BYTES = 31 << 20
"""Just below what the C library will ever keep for the next time."""


class Kit(NamedTuple):
    """Everything a framing kernel writes to, all int64."""

    state: np.ndarray
    words: np.ndarray  # 60 bits each, so that ten characters fill one
    found: np.ndarray  # (M_WIDTH, messages)
    refused: np.ndarray  # (rejects, R_WIDTH)
    groups: np.ndarray  # (MAX_GROUPS, G_WIDTH + MAX_PARTS * P_WIDTH)
    head: np.ndarray  # bytes that open messages point at, for the next block
    compiled: bool  # whether compiled kernels work on it
    n_bytes: int  # of text that it has room for


def _rules() -> np.ndarray:
    """The layouts as numbers, for the kernel that tells which one a message has."""
    types = np.zeros((64, 2), np.int64)
    rules = np.zeros((len(LAYOUTS), L_WIDTH), np.int64)
    for k, layout in enumerate(LAYOUTS):
        if types[layout.msg_type, 1] == 0:
            types[layout.msg_type, 0] = LAYOUTS_AT + k * L_WIDTH
        types[layout.msg_type, 1] += 1
        when = [number for condition in layout.when for number in condition]
        rules[k, L_WHEN : L_WHEN + len(when)] = when
        bits = [*layout.bits, *([(1, 0)] * (4 - len(layout.bits)))]
        rules[k, L_BITS:] = np.ravel(bits)
    return np.concatenate([types.ravel(), rules.ravel()])


RULES = _rules()


@cache
def _keep_memory() -> None:
    """Have large arrays use the same memory again, block after block.

    The C library of Linux hands every large piece back to the system and fetches it anew, which
    takes longer than decoding into it, until it has seen a piece of that size freed.
    """
    np.empty(MEMORY_BYTES, np.uint8)


_spare: list[Kit] = []
"""One kit at most, for the next block."""


def new_kit(n_bytes: int, compiled: bool) -> Kit:
    """Arrays long enough for whatever so much text holds; what is not used is never touched.

    A message's sentence has SHORTEST characters, anything that is refused two.
    """
    _keep_memory()
    state = np.concatenate([np.zeros(TYPES_AT, np.int64), RULES])
    try:
        kit = _spare.pop()
    except IndexError:
        kit = None
    if kit is None or kit.n_bytes < n_bytes:
        n_bytes += n_bytes // 4
        n_found = n_bytes // SHORTEST + MAX_GROUPS
        n_refused = n_bytes // 2 + n_found + MAX_GROUPS * MAX_PARTS + 16
        return Kit(
            state,
            np.empty(n_bytes // 10 + n_bytes // 14 + 1024, np.int64),
            np.empty((M_WIDTH, n_found), np.int64),
            np.empty((n_refused, R_WIDTH), np.int64),
            np.zeros((MAX_GROUPS, G_WIDTH + MAX_PARTS * P_WIDTH), np.int64),
            np.empty(MAX_GROUPS * MAX_GROUP_BYTES, np.uint8),
            compiled,
            n_bytes,
        )
    return kit._replace(state=state, compiled=compiled)


def done_with(kit: Kit) -> None:
    """Leave a kit, of which nothing is used any more, to the next block."""
    if not _spare and kit.n_bytes <= MEMORY_BYTES:
        _spare.append(kit)
