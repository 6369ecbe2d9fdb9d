"""Two clocks tell when a position was sent: the receiver's, and the UTC second in the message.

A position report says the second at which the position was fixed; a receiver or a network adds its
own stamp, later by the path the bytes took. On recorded feeds the stamp is a median 0.1 to 0.4 s
after that second at a coast station (95 % within 3 s) and 4 s from a satellite (95 % within 12 s).
"""

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.schema.step import to_numpy
from fairlead.schema.tables import TIME_BASES

RECORDED = ("tag", "epoch", "proprietary")
"""Time bases that a receiver's clock wrote beside the message."""

LIVE = (*RECORDED, "received")
"""The same and our own clock at the time of reading: a time of receipt only on a live feed."""

DELAY_MAX_S = 20.0
AHEAD_MAX_S = 2.0
_S_US = 1_000_000
_MINUTE_US = 60 * _S_US


@njit(cache=True, nogil=True)
def seconds_apart_us(
    time_us: np.ndarray, second: np.ndarray, basis: np.ndarray, stamped: np.ndarray
) -> np.ndarray:
    """How far each stamp lies after the message's UTC second: int64, (n,), -30 s to under 30 s.

    The minute is not in the message, so the difference is known up to whole minutes. Zero where
    the message has no second (negative or above 59) or `stamped[basis]` is false.
    """
    apart = np.zeros(len(time_us), np.int64)
    for i in range(len(time_us)):
        if 0 <= second[i] <= 59 and stamped[basis[i]]:
            after = time_us[i] - second[i] * _S_US
            apart[i] = (after + _MINUTE_US // 2) % _MINUTE_US - _MINUTE_US // 2
    return apart


def clock_differences_us(messages: pa.Table, bases: tuple[str, ...] = RECORDED) -> np.ndarray:
    """`seconds_apart_us` of POSITION_MESSAGES stamped on one of the bases: int64, shape (n,)."""
    return seconds_apart_us(
        to_numpy(messages, "time_us"),
        to_numpy(messages, "second", -1),
        to_numpy(messages, "time_basis"),
        np.isin(np.array(TIME_BASES), np.array(bases)),
    )


def reconcile(
    position_messages: pa.Table,
    *,
    is_live: bool = False,
    delay_max_s: float = DELAY_MAX_S,
    ahead_max_s: float = AHEAD_MAX_S,
) -> pa.Table:
    """POSITION_MESSAGES with `time_us` moved to the UTC second of the message where that is near.

    A row is moved when its stamp lies at most `delay_max_s` after that second, or at most
    `ahead_max_s` before it; each row by itself, so the result does not depend on how rows are cut
    into blocks. Other rows keep their stamp; what is then still off by more than the observing
    step's `clock_fault_s` is flagged there. Rows stamped when they were read count only where
    `is_live`: of a recording without times that stamp says nothing.
    """
    apart_us = clock_differences_us(position_messages, LIVE if is_live else RECORDED)
    near = (apart_us <= delay_max_s * _S_US) & (apart_us >= -ahead_max_s * _S_US)
    move_us = np.where(near, apart_us, 0)
    if not move_us.any():
        return position_messages
    time_us = to_numpy(position_messages, "time_us") - move_us
    place = position_messages.column_names.index("time_us")
    field = position_messages.schema.field(place)
    return position_messages.set_column(place, field, pa.array(time_us, pa.int64()))
