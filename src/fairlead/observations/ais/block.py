"""A block of lines, from the first to the last thing done with it. The kernel that Python calls."""

from __future__ import annotations

from numba import njit

from fairlead.observations.ais.framing import read_lines
from fairlead.observations.ais.parts import gather_open, give_up_older
from fairlead.observations.ais.settle import settle


@njit(cache=True, _nrt=False)
def read_block(
    buf, state, words, found, refused, groups, head, start, end, older_than_line, received_before_us
):
    """Read the lines from `start` to `end`; give up parts that are older; settle what was found.

    Then the bytes that open messages point at are copied to `head`. Returns their number.
    """
    read_lines(buf, state, words, found, refused, groups, start, end)
    give_up_older(state, refused, groups, older_than_line, received_before_us)
    settle(state, words, found, refused)
    return gather_open(buf, state, groups, head)
