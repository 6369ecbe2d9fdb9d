"""From the kernels' arrays to Arrow: the wide table of messages, and rejects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from fairlead.observations.ais import extract as x
from fairlead.observations.ais import state as s
from fairlead.observations.ais.columns import (
    FIELDS_BY_NAME,
    MESSAGE_COLUMNS,
    STORE_OF,
    TEXT_KINDS,
    Plan,
    plan_for,
)
from fairlead.observations.ais.layouts import LAYOUTS
from fairlead.observations.ais.run import kernel
from fairlead.schema.tables import REJECTS

_STORE_TYPES = (np.float64, np.float32, np.int32, np.int16, np.int8)
BYTES_PER_ROW = 480
"""Memory for the columns of a block with every type in it; what is not used stays untouched."""

_NEVER_NULL = {"msg_type", "mmsi", "repeat"}


class Arena:
    """One piece of memory, zeros, for all columns of a table.

    A hundred small arrays cost more in page faults than the decoding itself; one large one gets
    large pages.
    """

    def __init__(self, n_bytes: int) -> None:
        self._memory = np.zeros(n_bytes, np.uint8)
        self._used = 0

    def array(self, shape: tuple[int, ...], dtype: Any) -> np.ndarray:
        """The next array, aligned to 64 bytes; a new piece when the arena is used up."""
        n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
        start = self._used
        self._used += -(-n_bytes // 64) * 64
        if self._used > len(self._memory):
            return np.zeros(shape, dtype)
        return self._memory[start : start + n_bytes].view(dtype).reshape(shape)


class Grouped(NamedTuple):
    """Message numbers by layout: those of layout k are rows[starts[k]:starts[k + 1]]."""

    starts: np.ndarray
    rows: np.ndarray


def message_table(kit: s.Kit, buf: np.ndarray, names: Sequence[str] | None) -> pa.Table:
    """The messages of a kit with the columns `names`, or all that there are."""
    schema = MESSAGE_COLUMNS
    if names is not None:
        schema = pa.schema([MESSAGE_COLUMNS.field(name) for name in names])
    n = int(kit.state[s.N_MESSAGES])
    arena = Arena(n * BYTES_PER_ROW)
    found = {} if n == 0 else field_columns(kit, group(kit), tuple(schema.names), arena)
    heard = heard_columns(kit, buf, set(schema.names), arena)
    nothing = {t: pa.nulls(n, t) for t in set(schema.types)}
    arrays = []
    for field in schema:
        array = found.get(field.name, heard.get(field.name))
        arrays.append(nothing[field.type] if array is None else array)
    return pa.Table.from_arrays(arrays, schema=schema)


def text_of(kit: s.Kit, buf: np.ndarray) -> Any:
    """The text as the kernels want it: Python's own bytes where Python runs them."""
    return buf if kit.compiled else buf.tobytes()


def group(kit: s.Kit) -> Grouped:
    n = int(kit.state[s.N_MESSAGES])
    starts = np.zeros(len(LAYOUTS) + 1, np.int64)
    rows = np.empty(n, np.int32)
    kernel(x.by_layout, kit.compiled)(kit.found, n, starts, rows)
    return Grouped(starts, rows)


def heard_columns(
    kit: s.Kit, buf: np.ndarray, names: set[str], arena: Arena
) -> dict[str, pa.Array]:
    """Columns that come from the line and not from the message."""
    n = int(kit.state[s.N_MESSAGES])
    made = {
        "line": s.M_LINE,
        "time_us": s.M_TIME,
        "time_basis": s.M_BASIS,
        "n_bits": s.M_BITS,
        "raw_offset": s.M_OFFSET,
        "payload_hash": s.M_HASH,
    }
    found = {}
    for name, slot in made.items():
        if name in names:
            values = arena.array((n,), _np(name))
            values[:] = kit.found[slot, :n]
            buffers = [None, pa.py_buffer(values)]
            found[name] = pa.Array.from_buffers(MESSAGE_COLUMNS.field(name).type, n, buffers)
    if "own_ship" in names:
        found["own_ship"] = pa.array(kit.found[s.M_OWN, :n].astype(bool))
    if "station" in names:
        found["station"] = station_column(kit, buf)
    if "channel" in names:
        found["channel"] = _channel_column(kit.found[s.M_CHANNEL, :n])
    return found


def _np(name: str) -> np.dtype:
    return np.dtype(MESSAGE_COLUMNS.field(name).type.to_pandas_dtype())


def station_column(kit: s.Kit, buf: np.ndarray) -> pa.Array:
    """The receivers' names as a dictionary of this block."""
    n = int(kit.state[s.N_MESSAGES])
    codes = np.full(n, -1, np.int32)
    names: list[str] = []
    if n and kit.found[s.M_STATION_LEN, :n].any():
        slots = 2 << n.bit_length()
        hashes, numbers = np.zeros(slots, np.int64), np.zeros(slots, np.int32)
        total = kernel(x.number_stations, kit.compiled)(
            text_of(kit, buf), kit.found, n, hashes, numbers, codes
        )
        _, first = np.unique(codes, return_index=True)
        spans = kit.found[s.M_STATION_AT : s.M_STATION_LEN + 1, first[-total:]].T.tolist()
        names = [bytes(buf[at : at + k]).decode("ascii", "replace") for at, k in spans]
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, mask=codes < 0), pa.array(names, pa.string())
    )


def _channel_column(channel: np.ndarray) -> pa.Array:
    codes = channel.astype(np.uint8)
    present = np.flatnonzero(np.bincount(codes, minlength=256))
    present = present[present > 0]
    index = np.zeros(256, np.int32)
    index[present] = np.arange(len(present))
    names = [bytes([c]).decode("ascii", "replace") for c in present.tolist()]
    return pa.DictionaryArray.from_arrays(
        pa.array(index[codes], mask=codes == 0), pa.array(names, pa.string())
    )


def field_columns(
    kit: s.Kit, grouped: Grouped, names: tuple[str, ...], arena: Arena
) -> dict[str, pa.Array]:
    """The columns `names` that any message of the block carries, from the bits."""
    plan = plan_for(names)
    present = np.flatnonzero(np.diff(grouped.starts)).tolist()
    found = _number_columns(kit, grouped, plan, present, arena)
    found.update(_text_columns(kit, grouped, plan, present, arena))
    return found


def _number_columns(
    kit: s.Kit, grouped: Grouped, plan: Plan, present: list[int], arena: Arena
) -> dict[str, pa.Array]:
    n = int(kit.state[s.N_MESSAGES])
    used = sorted({int(k) for p in present for k in plan.numbers[p][:, x.F_SLOT]})
    counts = [0] * 6
    slot, valid = np.zeros(len(plan.names), np.int64), np.zeros(len(plan.names), np.int64)
    for v, k in enumerate(used):
        store = STORE_OF[plan.names[k]]
        slot[k], valid[k] = counts[store], v
        counts[store] += 1
    n_bytes = (n + 7) // 8
    stores = (
        *(arena.array((c, n), t) for c, t in zip(counts, _STORE_TYPES, strict=False)),
        arena.array((counts[5], n_bytes), np.uint8),
    )
    bitmaps = arena.array((len(used), n_bytes), np.uint8)
    raw = np.empty(n, np.int64)
    for p in present:
        fields = plan.numbers[p].copy()
        fields[:, x.F_VALID] = valid[fields[:, x.F_SLOT]]
        fields[:, x.F_SLOT] = slot[fields[:, x.F_SLOT]]
        rows = grouped.rows[grouped.starts[p] : grouped.starts[p + 1]]
        here = np.zeros(n_bytes, np.uint8)
        at, bits = kit.found[s.M_WORD, rows], kit.found[s.M_BITS, rows]
        kernel(x.numbers, kit.compiled)(
            kit.words,
            at,
            bits,
            rows,
            fields,
            plan.scales[p],
            *stores,
            bitmaps,
            here,
            raw[: len(rows)],
        )
    found = {}
    for v, k in enumerate(used):
        name = plan.names[k]
        mask = None if name in _NEVER_NULL else pa.py_buffer(bitmaps[v])
        values = pa.py_buffer(stores[STORE_OF[name]][slot[k]])
        found[name] = pa.Array.from_buffers(MESSAGE_COLUMNS.field(name).type, n, [mask, values])
    return found


def _text_columns(
    kit: s.Kit, grouped: Grouped, plan: Plan, present: list[int], arena: Arena
) -> dict[str, pa.Array]:
    n = int(kit.state[s.N_MESSAGES])
    used = sorted({int(k) for p in present for k in plan.texts[p][:, x.T_SLOT]})
    slot = np.zeros(len(plan.names), np.int64)
    slot[used] = np.arange(len(used))
    starts, ends, lengths = (arena.array((len(used), n), np.int16) for _ in range(3))
    for p in present:
        fields = plan.texts[p].copy()
        if len(fields) == 0:
            continue
        fields[:, x.T_SLOT] = slot[fields[:, x.T_SLOT]]
        rows = grouped.rows[grouped.starts[p] : grouped.starts[p + 1]]
        kernel(x.measure, kit.compiled)(kit.words, kit.found, rows, fields, starts, ends, lengths)
    found = {}
    for v, k in enumerate(used):
        name = plan.names[k]
        offsets = arena.array((n + 1,), np.int32)
        bitmap = arena.array(((n + 7) // 8,), np.uint8)
        total = kernel(x.lay_out, kit.compiled)(lengths[v], offsets, bitmap)
        out = np.empty(total, np.uint8)
        unit = TEXT_KINDS[FIELDS_BY_NAME[name][0].kind]
        kernel(x.write_texts, kit.compiled)(
            kit.words, kit.found, starts[v], ends[v], offsets, unit, out
        )
        buffers = [pa.py_buffer(bitmap), pa.py_buffer(offsets), pa.py_buffer(out)]
        found[name] = pa.Array.from_buffers(MESSAGE_COLUMNS.field(name).type, n, buffers)
    return found


def reject_table(kit: s.Kit, buf: np.ndarray, source: str) -> pa.Table:
    """The rejects of a kit as rows of REJECTS."""
    n = int(kit.state[s.N_REFUSED])
    if n == 0:
        return REJECTS.empty()
    refused = kit.refused[:n]
    offsets = np.empty(n + 1, np.int32)
    out = np.empty(int(refused[:, s.R_LEN].sum()), np.uint8)
    kernel(x.copy_refused, kit.compiled)(text_of(kit, buf), kit.refused, n, offsets, out)
    reasons, mmsi = refused[:, s.R_REASON].astype(np.int32), refused[:, s.R_MMSI].astype(np.int32)
    return REJECTS.rows(
        {
            "source": pa.DictionaryArray.from_arrays(np.zeros(n, np.int32), [source]),
            "raw_offset": refused[:, s.R_OFFSET].copy(),
            "line": refused[:, s.R_LINE].copy(),
            "time_us": refused[:, s.R_TIME].copy(),
            "mmsi": pa.array(mmsi, mask=mmsi < 0),
            "reason": pa.DictionaryArray.from_arrays(reasons, list(s.REASONS)),
            "detail": _details(reasons, refused[:, s.R_A], refused[:, s.R_B]),
            "bytes": pa.Array.from_buffers(
                pa.binary(), n, [None, pa.py_buffer(offsets), pa.py_buffer(out)]
            ),
        },
        n,
    )


_DETAILS = {
    "not_nmea": "no sentence, TAG block or comment",
    "truncated": "the sentence ends early",
    "bad_checksum": "the checksum does not match",
    "no_checksum": "the sentence has no checksum, which IEC 61162-1 requires",
    "bad_armour": "a character that is not in the payload alphabet",
    "bad_field": "a part count, part number, sequence number or fill count that cannot be",
    "bad_tag_block": "the TAG block's checksum does not match; its sentence stands without it",
    "bad_time_line": "a time line without a time",
    "lost_part": "part {a} of {b}; the others did not come",
    "unknown_type": "message type {a}",
    "wrong_bit_count": "message type {a} with {b} bits",
}


def _details(reasons: np.ndarray, a: np.ndarray, b: np.ndarray) -> pa.Array:
    """The sentence for each reject; equal ones are written once."""
    distinct, which = np.unique(np.stack([reasons, a, b]), axis=1, return_inverse=True)
    written = [_DETAILS[s.REASONS[r]].format(a=p, b=q) for r, p, q in distinct.T.tolist()]
    return pa.array(written, pa.string()).take(pa.array(which.ravel()))
