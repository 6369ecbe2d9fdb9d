"""From the kernels' arrays to Arrow: the wide table of messages, and rejects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from fairlead.observations.ais import extract as x
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
from fairlead.observations.ais.state import N_MESSAGES, N_REFUSED, N_STATIONS, REASONS, Kit
from fairlead.schema.tables import REJECTS

_STORE_TYPES = (np.float64, np.float32, np.int32, np.int16, np.int8)
_NEVER_NULL = {"msg_type", "mmsi", "repeat"}


class Grouped(NamedTuple):
    """Message numbers by layout: those of layout k are rows[starts[k]:starts[k + 1]]."""

    starts: np.ndarray
    rows: np.ndarray


def message_table(kit: Kit, buf: bytes | np.ndarray, names: Sequence[str] | None) -> pa.Table:
    """The messages of a kit with the columns `names`, or all that there are."""
    schema = MESSAGE_COLUMNS
    if names is not None:
        schema = pa.schema([MESSAGE_COLUMNS.field(name) for name in names])
    n = int(kit.state[N_MESSAGES])
    found = {} if n == 0 else field_columns(kit, group(kit), tuple(schema.names))
    heard = heard_columns(kit, buf, set(schema.names))
    nothing = {t: pa.nulls(n, t) for t in set(schema.types)}
    arrays = []
    for field in schema:
        array = found.get(field.name, heard.get(field.name))
        arrays.append(nothing[field.type] if array is None else array)
    return pa.Table.from_arrays(arrays, schema=schema)


def group(kit: Kit) -> Grouped:
    n = int(kit.state[N_MESSAGES])
    starts = np.zeros(len(LAYOUTS) + 1, np.int64)
    rows = np.empty(n, np.int32)
    kernel(x.by_layout)(kit.m_layout, n, starts, rows)
    return Grouped(starts, rows)


def heard_columns(kit: Kit, buf: bytes | np.ndarray, names: set[str]) -> dict[str, pa.Array]:
    """Columns that come from the line and not from the message."""
    n = int(kit.state[N_MESSAGES])
    made = {
        "line": kit.m_line,
        "time_us": kit.m_time,
        "time_basis": kit.m_basis,
        "n_bits": kit.m_bits,
        "raw_offset": kit.m_offset,
        "payload_hash": kit.m_hash,
    }
    found = {k: pa.array(v[:n].astype(_np(k))) for k, v in made.items() if k in names}
    if "own_ship" in names:
        found["own_ship"] = pa.array(kit.m_own[:n].astype(bool))
    if "station" in names:
        found["station"] = station_column(kit, buf)
    if "channel" in names:
        found["channel"] = _channel_column(kit.m_channel[:n])
    return found


def _np(name: str) -> np.dtype:
    return np.dtype(MESSAGE_COLUMNS.field(name).type.to_pandas_dtype())


def station_column(kit: Kit, buf: bytes | np.ndarray) -> pa.Array:
    """The receivers' names as a dictionary of this block."""
    n_names = int(kit.state[N_STATIONS])
    at, length = kit.station_at[:n_names], kit.station_len[:n_names]
    names = [
        bytes(buf[a : a + k]).decode("ascii", "replace")
        for a, k in zip(at.tolist(), length.tolist(), strict=True)
    ]
    n = int(kit.state[N_MESSAGES])
    codes = kit.m_station[:n]
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.copy(), mask=codes < 0), pa.array(names, pa.string())
    )


def _channel_column(channel: np.ndarray) -> pa.Array:
    codes = channel.view(np.uint8)
    present = np.flatnonzero(np.bincount(codes, minlength=256))
    present = present[present > 0]
    index = np.zeros(256, np.int32)
    index[present] = np.arange(len(present))
    names = [bytes([c]).decode("ascii", "replace") for c in present.tolist()]
    return pa.DictionaryArray.from_arrays(
        pa.array(index[codes], mask=codes == 0), pa.array(names, pa.string())
    )


def field_columns(kit: Kit, grouped: Grouped, names: tuple[str, ...]) -> dict[str, pa.Array]:
    """The columns `names` that any message of the block carries, from the bits."""
    plan = plan_for(names)
    present = np.flatnonzero(np.diff(grouped.starts)).tolist()
    found = _number_columns(kit, grouped, plan, present)
    found.update(_text_columns(kit, grouped, plan, present))
    return found


def _number_columns(
    kit: Kit, grouped: Grouped, plan: Plan, present: list[int]
) -> dict[str, pa.Array]:
    n = int(kit.state[N_MESSAGES])
    used = sorted({int(k) for p in present for k in plan.numbers[p][:, x.F_SLOT]})
    counts = [0] * 6
    slot, valid = np.zeros(len(plan.names), np.int64), np.zeros(len(plan.names), np.int64)
    for v, k in enumerate(used):
        store = STORE_OF[plan.names[k]]
        slot[k], valid[k] = counts[store], v
        counts[store] += 1
    n_bytes = (n + 7) // 8
    stores = (
        *(np.zeros((c, n), t) for c, t in zip(counts, _STORE_TYPES, strict=False)),
        np.zeros((counts[5], n_bytes), np.uint8),
    )
    bitmaps = np.zeros((len(used), n_bytes), np.uint8)
    for p in present:
        fields = plan.numbers[p].copy()
        fields[:, x.F_VALID] = valid[fields[:, x.F_SLOT]]
        fields[:, x.F_SLOT] = slot[fields[:, x.F_SLOT]]
        rows = grouped.rows[grouped.starts[p] : grouped.starts[p + 1]]
        kernel(x.numbers)(
            kit.words, kit.m_word, kit.m_bits, rows, fields, plan.scales[p], stores, bitmaps
        )
    found = {}
    for v, k in enumerate(used):
        name = plan.names[k]
        mask = None if name in _NEVER_NULL else pa.py_buffer(bitmaps[v])
        values = pa.py_buffer(stores[STORE_OF[name]][slot[k]])
        found[name] = pa.Array.from_buffers(MESSAGE_COLUMNS.field(name).type, n, [mask, values])
    return found


def _text_columns(
    kit: Kit, grouped: Grouped, plan: Plan, present: list[int]
) -> dict[str, pa.Array]:
    n = int(kit.state[N_MESSAGES])
    used = sorted({int(k) for p in present for k in plan.texts[p][:, x.T_SLOT]})
    slot = np.zeros(len(plan.names), np.int64)
    slot[used] = np.arange(len(used))
    starts, ends, lengths = (np.zeros((len(used), n), np.int32) for _ in range(3))
    for p in present:
        fields = plan.texts[p].copy()
        if len(fields) == 0:
            continue
        fields[:, x.T_SLOT] = slot[fields[:, x.T_SLOT]]
        rows = grouped.rows[grouped.starts[p] : grouped.starts[p + 1]]
        kernel(x.measure)(
            kit.words, kit.m_word, kit.m_bits, rows, fields, starts, ends, lengths
        )
    found = {}
    for v, k in enumerate(used):
        name = plan.names[k]
        offsets, bitmap = np.empty(n + 1, np.int32), np.zeros((n + 7) // 8, np.uint8)
        total = kernel(x.lay_out)(lengths[v], offsets, bitmap)
        out = np.empty(total, np.uint8)
        unit = TEXT_KINDS[FIELDS_BY_NAME[name][0].kind]
        kernel(x.write_texts)(kit.words, kit.m_word, starts[v], ends[v], offsets, unit, out)
        buffers = [pa.py_buffer(bitmap), pa.py_buffer(offsets), pa.py_buffer(out)]
        found[name] = pa.Array.from_buffers(MESSAGE_COLUMNS.field(name).type, n, buffers)
    return found


def reject_table(kit: Kit, buf: bytes | np.ndarray, source: str) -> pa.Table:
    """The rejects of a kit as rows of REJECTS."""
    n = int(kit.state[N_REFUSED])
    if n == 0:
        return REJECTS.empty()
    lengths = kit.r_len[:n]
    offsets, out = np.empty(n + 1, np.int32), np.empty(int(lengths.sum()), np.uint8)
    kernel(x.copy_spans)(buf, kit.r_at[:n], lengths, offsets, out)
    reasons = kit.r_reason[:n].astype(np.int32)
    return REJECTS.rows(
        {
            "source": pa.DictionaryArray.from_arrays(np.zeros(n, np.int32), [source]),
            "raw_offset": kit.r_offset[:n].copy(),
            "line": kit.r_line[:n].copy(),
            "time_us": kit.r_time[:n].copy(),
            "mmsi": pa.array(kit.r_mmsi[:n].copy(), mask=kit.r_mmsi[:n] < 0),
            "reason": pa.DictionaryArray.from_arrays(reasons, list(REASONS)),
            "detail": _details(reasons, kit.r_a[:n], kit.r_b[:n]),
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
    written = [
        _DETAILS[REASONS[r]].format(a=p, b=q) for r, p, q in distinct.T.tolist()
    ]
    return pa.array(written, pa.string()).take(pa.array(which.ravel()))
