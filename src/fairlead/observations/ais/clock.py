"""The time of a stream that carries none: from base station reports and UTC seconds. Kernels.

A log without stamps still tells the time: base stations send the full date and time (message 4),
and position reports their UTC second. The clock only goes forward. One base station may lie, so
that a jump of more than `STEP_US` takes `VOTES` reports in a row that agree. Between reports the
UTC seconds push it on by up to `AHEAD_S`; several in a row that are further ahead are believed.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from fairlead.observations.ais.stamps import SECOND_US, utc_us
from fairlead.observations.ais.state import (
    ASSUMED,
    BASE_STATION,
    CLOCK_AHEAD,
    CLOCK_AHEAD_US,
    CLOCK_BASIS,
    CLOCK_US,
    CLOCK_VOTE_US,
    CLOCK_VOTES,
    NONE,
    NUMBERS_AT,
)
from fairlead.observations.ais.words import bits_at

STEP_US = 30 * SECOND_US
AGREE_US = 60 * SECOND_US
VOTES = 3
AHEAD_S = 10
AHEAD_VOTES = 5
MINUTE_S = 60

UTC_FIELDS = np.array([[38, 14], [52, 4], [56, 5], [61, 5], [66, 6], [72, 6]])
"""First bit and width of year, month, day, hour, minute and second in message 4."""

SIX = np.int64(6)


@njit(cache=True, _nrt=False)
def tick(state, words, at, msg_type):
    """Let one message move the clock. It has at least 168 bits."""
    if msg_type == 4 or msg_type == 11:  # noqa: PLR1714 Numba has no fast sets
        report = _report_us(state, words, at)
        if report != NONE and state[CLOCK_BASIS] != ASSUMED:
            _hear_base(state, report)
        return
    first = NONE
    if 1 <= msg_type <= 3:
        first = 137
    elif 18 <= msg_type <= 19:
        first = 133
    elif msg_type == 9:
        first = 128
    if first != NONE and state[CLOCK_US] != NONE:
        sec = bits_at(words, at, first, SIX)
        if sec < MINUTE_S:
            _hear_second(state, sec)


@njit(cache=True, _nrt=False)
def _report_us(state, words, at):
    """The moment a base station states, or NONE where it does not know."""
    for n in range(len(UTC_FIELDS)):
        state[NUMBERS_AT + n] = bits_at(words, at, UTC_FIELDS[n, 0], UTC_FIELDS[n, 1])
    year, month, day = state[NUMBERS_AT], state[NUMBERS_AT + 1], state[NUMBERS_AT + 2]
    hour, minute, sec = state[NUMBERS_AT + 3], state[NUMBERS_AT + 4], state[NUMBERS_AT + 5]
    if sec >= MINUTE_S:
        return NONE
    return utc_us(year, month, day, hour, minute, sec)


@njit(cache=True, _nrt=False)
def _hear_base(state, report):
    clock = state[CLOCK_US]
    if clock == NONE:
        state[CLOCK_US] = report
        state[CLOCK_BASIS] = BASE_STATION
        return
    ahead = report - clock
    if -STEP_US <= ahead <= STEP_US:
        state[CLOCK_US] = max(clock, report)
        state[CLOCK_VOTES] = 0
        return
    if state[CLOCK_VOTES] > 0 and abs(report - state[CLOCK_VOTE_US]) <= AGREE_US:
        state[CLOCK_VOTES] += 1
    else:
        state[CLOCK_VOTES] = 1
    state[CLOCK_VOTE_US] = report
    if state[CLOCK_VOTES] >= VOTES:
        state[CLOCK_US] = report
        state[CLOCK_VOTES] = 0


@njit(cache=True, _nrt=False)
def _hear_second(state, sec):
    clock = state[CLOCK_US]
    ahead = (sec - clock // SECOND_US) % MINUTE_S
    if ahead == 0:
        state[CLOCK_AHEAD] = 0
        return
    if ahead <= AHEAD_S:
        state[CLOCK_US] = (clock // SECOND_US + ahead) * SECOND_US
        state[CLOCK_AHEAD] = 0
        return
    if ahead >= MINUTE_S - AHEAD_S or state[CLOCK_BASIS] != ASSUMED:
        return
    target = (clock // SECOND_US + ahead) * SECOND_US
    if state[CLOCK_AHEAD] == 0 or target < state[CLOCK_AHEAD_US]:
        state[CLOCK_AHEAD_US] = target
    state[CLOCK_AHEAD] += 1
    if state[CLOCK_AHEAD] >= AHEAD_VOTES:
        state[CLOCK_US] = state[CLOCK_AHEAD_US]
        state[CLOCK_AHEAD] = 0
