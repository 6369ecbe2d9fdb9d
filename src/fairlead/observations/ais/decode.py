"""AIS sentences to Arrow: a block of whole lines in, messages and rejects out, state carried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from fairlead.observations.ais import framing, parts, settle
from fairlead.observations.ais import state as s
from fairlead.observations.ais.build import message_table, reject_table
from fairlead.observations.ais.clock import ASSUMED
from fairlead.observations.ais.run import kernel
from fairlead.observations.ais.stamps import NONE

FOREVER = np.iinfo(np.int64).max
_CARRIED = (
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
    s.N_GROUPS,
)


@dataclass(frozen=True, slots=True)
class Carry:
    """What a block leaves to the next one: the time, an open TAG block, and parts that wait."""

    state: np.ndarray  # (of the state) int64
    groups: np.ndarray  # (open messages, columns of `state`) int64
    head: bytes  # the bytes they point at


@dataclass(frozen=True, slots=True)
class Decoded:
    """`messages` has MESSAGE_COLUMNS or those asked for, `rejects` is rows of REJECTS."""

    messages: pa.Table
    rejects: pa.Table
    counts: dict[str, int]
    carry: Carry


def decode_block(
    payload: bytes | memoryview,
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
    Lines without any time are stamped `received_us`, unless `infer_time` lets base stations tell
    it or `assume_time_us` says when the stream began.
    """
    kit, buf, carried = frame_block(
        payload,
        carry,
        offset=offset,
        first_line=first_line,
        received_us=received_us,
        final=final,
        infer_time=infer_time,
        assume_time_us=assume_time_us,
    )
    messages = message_table(kit, buf, columns)
    rejects = reject_table(kit, buf, source)
    counts = dict(zip(s.COUNTS, kit.state[: len(s.COUNTS)].tolist(), strict=True))
    counts |= {"messages": messages.num_rows, "rejects": rejects.num_rows}
    return Decoded(messages, rejects, counts, carried)


def frame_block(
    payload: bytes | memoryview,
    carry: Carry | None,
    *,
    offset: int,
    first_line: int,
    received_us: int,
    final: bool,
    infer_time: bool,
    assume_time_us: int | None,
) -> tuple[s.Kit, np.ndarray, Carry]:
    """The first half of `decode_block`: records found and their bits laid out."""
    head = carry.head if carry else b""
    buf = np.frombuffer(b"".join((head, payload, b"\n" * framing.PAD)), np.uint8)
    end = len(buf) - framing.PAD
    kit = s.new_kit(end)
    state = kit.state
    state[[s.STAMP_US, s.TAG_US, s.CLOCK_US]] = NONE
    if assume_time_us is not None:
        state[s.CLOCK_US], state[s.CLOCK_BASIS] = assume_time_us, ASSUMED
    if carry:
        state[list(_CARRIED)] = carry.state
        kit.groups[: len(carry.groups)] = carry.groups
        state[s.LINE], state[s.OFFSET] = first_line, offset - len(head)
    state[s.RECEIVED_US] = received_us
    state[s.INFER] = infer_time or assume_time_us is not None
    kernel(framing.read_lines)(buf, *kit, len(head), end)
    if final:
        kernel(parts.give_up_older)(state, kit.refused, kit.groups, FOREVER, FOREVER)
    kernel(settle.settle)(state, kit.words, kit.found, kit.refused)
    return kit, buf, _carry(kit, buf)


def _carry(kit: s.Kit, buf: np.ndarray) -> Carry:
    """Copy what must be kept, with the bytes it points at."""
    state = kit.state
    n = int(state[s.N_GROUPS])
    length = 0
    head = b""
    if n:
        longest = s.MAX_PARTS * (framing.MAX_CHARS + 2 * framing.MAX_PREFIX) + 64
        out = np.empty(n * longest, np.uint8)
        length = kernel(parts.pack)(buf, state, kit.groups, out)
        head = out[:length].tobytes()
    for at, size in ((s.TAG_STATION_AT, s.TAG_STATION_LEN), (s.SITE_AT, s.SITE_LEN)):
        start = int(state[at])
        state[at] = len(head)
        head += buf[start : start + int(state[size])].tobytes()
    kept = state[list(_CARRIED)]
    return Carry(kept, kit.groups[:n].copy(), head)


def iter_decoded(
    blocks: Iterable[bytes], *, source: str = "", received_us: int = 0, **options: object
) -> Iterator[Decoded]:
    """Decode the blocks of one stream in turn; the last one is given `final`."""
    carry, offset, line = None, 0, 1
    waiting: bytes | None = None
    for block in blocks:
        if waiting is not None:
            made = decode_block(
                waiting,
                carry,
                source=source,
                offset=offset,
                first_line=line,
                received_us=received_us,
                final=False,
                **options,
            )
            yield made
            carry, offset, line = made.carry, offset + len(waiting), line + made.counts["lines"]
        waiting = block
    if waiting is not None:
        yield decode_block(
            waiting,
            carry,
            source=source,
            offset=offset,
            first_line=line,
            received_us=received_us,
            final=True,
            **options,
        )
