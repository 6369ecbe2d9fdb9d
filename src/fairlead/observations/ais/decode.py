"""AIS sentences to Arrow: a block of whole lines in, messages and rejects out, state carried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from fairlead.observations.ais import state as s
from fairlead.observations.ais.build import message_table, reject_table, text_of
from fairlead.observations.ais.run import choose, kernel

FOREVER = np.iinfo(np.int64).max
NEVER = np.iinfo(np.int64).min
NEWLINE = 10
HOLD_LINES = 10_000
"""Lines that wait, at the start of a stream, for the first that tells the time."""

_CARRIED = [
    s.STAMP_US,
    s.STAMP_BASIS,
    s.PENDING_TAG,
    s.TAG_US,
    s.TAG_STATION_AT,
    s.TAG_STATION_LEN,
    s.TAG_GROUP,
    s.SITE_AT,
    s.SITE_LEN,
    s.CLOCK_US,
    s.CLOCK_BASIS,
    s.CLOCK_VOTES,
    s.CLOCK_VOTE_US,
    s.CLOCK_AHEAD,
    s.CLOCK_AHEAD_US,
    s.FIRST_US,
    s.BEFORE_US,
    s.BEFORE_BASIS,
    s.N_GROUPS,
]


@dataclass(frozen=True, slots=True)
class Carry:
    """What a block leaves to the next one: the time, an open TAG block, and parts that wait.

    `held` are whole lines of the start of a stream that wait for the time; not `started` then.
    """

    state: np.ndarray  # (len(_CARRIED),) int64
    groups: np.ndarray  # (open messages, columns of `state`) int64
    head: bytes  # the bytes that state and groups point at
    started: bool = True
    held: bytes = b""

    @property
    def waits_since_us(self) -> int | None:
        """Time of receipt of the oldest part that waits, or None."""
        return int(self.groups[:, s.G_RECEIVED].min()) if len(self.groups) else None


@dataclass(frozen=True, slots=True)
class Decoded:
    """`messages` has MESSAGE_COLUMNS or those asked for, `rejects` is rows of REJECTS."""

    messages: pa.Table
    rejects: pa.Table
    counts: dict[str, int]
    carry: Carry
    next_line: int
    """Number of the line after the block."""


@dataclass(frozen=True, slots=True)
class Framed:
    """Records found in a block, their bits laid out, fields not yet read."""

    kit: s.Kit
    buf: np.ndarray
    carry: Carry


@dataclass(frozen=True, slots=True)
class Place:
    """Where a block comes from: byte offset, number of its first line, time of receipt."""

    offset: int
    first_line: int
    received_us: int


def decode_block(
    payload: bytes,
    carry: Carry | None = None,
    *,
    source: str = "",
    offset: int = 0,
    first_line: int = 1,
    received_us: int = 0,
    final: bool = True,
    columns: Sequence[str] | None = None,
    infer_time: bool = False,
    assume_time_us: int | None = None,
) -> Decoded:
    """Decode whole lines; only the last one of a stream may lack its newline.

    `columns` picks some of MESSAGE_COLUMNS. With `final` the parts that still wait are refused.
    A line without any stamp, in a stream that had none yet, gets `received_us`. With `infer_time`
    base stations tell the time instead; up to HOLD_LINES lines then wait for the first of them,
    and come out with a later block. `assume_time_us` says when the stream began.
    """
    framed = frame(
        payload,
        carry,
        Place(offset, first_line, received_us),
        final=final,
        infer_time=infer_time,
        assume_time_us=assume_time_us,
    )
    messages = message_table(framed.kit, framed.buf, columns)
    rejects = reject_table(framed.kit, framed.buf, source)
    counts = line_counts(framed.kit)
    counts |= {"messages": messages.num_rows, "rejects": rejects.num_rows}
    held = not framed.carry.started
    line = first_line + n_line_feeds(payload) if held else int(framed.kit.state[s.LINE])
    s.done_with(framed.kit)
    return Decoded(messages, rejects, counts, framed.carry, line)


def n_line_feeds(content: bytes) -> int:
    """Four times as fast as bytes.count where lines are short."""
    return int(np.count_nonzero(np.frombuffer(content, np.uint8) == NEWLINE))


def line_counts(kit: s.Kit) -> dict[str, int]:
    return dict(zip(s.COUNTS, kit.state[: len(s.COUNTS)].tolist(), strict=True))


def frame(
    payload: bytes,
    carry: Carry | None,
    place: Place,
    *,
    final: bool,
    infer_time: bool,
    assume_time_us: int | None = None,
) -> Framed:
    """The first half of `decode_block`. Holds a stream's start back until it tells the time."""
    infer = infer_time or assume_time_us is not None
    if carry is None:
        carry = _begin(assume_time_us, started=not infer_time or assume_time_us is not None)
    if carry.started:
        return _frame(payload, carry, place, final=final, infer=infer)
    block = carry.held + payload
    start = Place(
        place.offset - len(carry.held),
        place.first_line - carry.held.count(b"\n"),
        place.received_us,
    )
    carry = replace(carry, started=True, held=b"")
    framed = _frame(block, carry, start, final=final, infer=True)
    state = framed.kit.state
    known = state[s.FIRST_US] != s.NONE and state[s.FIRST_LINE] - start.first_line < HOLD_LINES
    if known:
        before = carry.state.copy()
        before[_CARRIED.index(s.BEFORE_US)] = state[s.FIRST_US]
        before[_CARRIED.index(s.BEFORE_BASIS)] = state[s.FIRST_BASIS]
        return _frame(block, replace(carry, state=before), start, final=final, infer=True)
    if final or block.count(b"\n") >= HOLD_LINES:
        return framed
    held = replace(carry, started=False, held=block)
    return Framed(s.new_kit(0, framed.kit.compiled), framed.buf, held)


def _begin(assume_time_us: int | None, *, started: bool) -> Carry:
    state = np.zeros(len(_CARRIED), np.int64)
    for slot in (s.STAMP_US, s.TAG_US, s.CLOCK_US, s.FIRST_US, s.BEFORE_US):
        state[_CARRIED.index(slot)] = s.NONE
    if assume_time_us is not None:
        state[_CARRIED.index(s.CLOCK_US)] = assume_time_us
        state[_CARRIED.index(s.CLOCK_BASIS)] = s.ASSUMED
    return Carry(state, np.zeros((0, s.G_WIDTH + s.MAX_PARTS * s.P_WIDTH), np.int64), b"", started)


def _frame(payload: bytes, carry: Carry, place: Place, *, final: bool, infer: bool) -> Framed:
    before = (FOREVER, FOREVER) if final else (NEVER, NEVER)
    return _read(payload, carry, place, before, infer=infer)


def give_up(carry: Carry, place: Place, before_us: int) -> Framed:
    """Refuse the waiting parts that were received before `before_us`."""
    return _read(b"", carry, place, (0, before_us), infer=False)


def _read(
    payload: bytes, carry: Carry, place: Place, before: tuple[int, int], *, infer: bool
) -> Framed:
    """Read a block; parts of a line, or of a time of receipt, before `before` are refused."""
    head = carry.head
    buf = np.frombuffer(b"".join((head, payload, b"\n" * s.PAD)), np.uint8)
    end = len(buf) - s.PAD
    kit = s.new_kit(end, choose(end))
    state = kit.state
    state[_CARRIED] = carry.state
    kit.groups[: len(carry.groups)] = carry.groups
    state[s.LINE], state[s.OFFSET] = place.first_line, place.offset - len(head)
    state[s.RECEIVED_US], state[s.INFER] = place.received_us, infer
    n_head = kernel("read_block", kit.compiled)(
        text_of(kit, buf),
        state,
        kit.words,
        kit.found,
        kit.refused,
        kit.groups,
        kit.head,
        len(head),
        end,
        *before,
    )
    return Framed(kit, buf, _carry(kit, buf, n_head))


def _carry(kit: s.Kit, buf: np.ndarray, n_head: int) -> Carry:
    """Copy what must be kept, with the bytes it points at."""
    state = kit.state
    n = int(state[s.N_GROUPS])
    head = kit.head[:n_head].tobytes()
    for at, size in ((s.TAG_STATION_AT, s.TAG_STATION_LEN), (s.SITE_AT, s.SITE_LEN)):
        start = int(state[at])
        state[at] = len(head)
        head += buf[start : start + int(state[size])].tobytes()
    return Carry(state[_CARRIED], kit.groups[:n].copy(), head)


def iter_decoded(
    blocks: Iterable[bytes],
    *,
    source: str = "",
    received_us: int = 0,
    columns: Sequence[str] | None = None,
    infer_time: bool = False,
    assume_time_us: int | None = None,
) -> Iterator[Decoded]:
    """Decode the blocks of one stream, each of whole lines, in turn."""
    carry, offset, line = None, 0, 1
    waiting: bytes | None = None
    for block in _with_end(blocks):
        if waiting is not None:
            decoded = decode_block(
                waiting,
                carry,
                source=source,
                offset=offset,
                first_line=line,
                received_us=received_us,
                final=block is None,
                columns=columns,
                infer_time=infer_time,
                assume_time_us=assume_time_us,
            )
            carry = decoded.carry
            offset += len(waiting)
            line = decoded.next_line
            yield decoded
        waiting = block


def _with_end(blocks: Iterable[bytes]) -> Iterator[bytes | None]:
    yield from blocks
    yield None
