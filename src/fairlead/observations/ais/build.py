"""From the kernels' arrays to Arrow: the wide table of messages, and rejects."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from fairlead.observations.ais import shape as x
from fairlead.observations.ais import state as s
from fairlead.observations.ais.columns import (
    MESSAGE_COLUMNS,
    Cut,
    cut_for,
    plan_for,
)
from fairlead.observations.ais.run import kernel
from fairlead.schema.tables import REJECTS


class Grouped(NamedTuple):
    """Message numbers by form: those of form k are rows[starts[k]:starts[k + 1]]."""

    starts: np.ndarray
    rows: np.ndarray


def message_table(kit: s.Kit, buf: np.ndarray, names: Sequence[str] | None) -> pa.Table:
    """The messages of a kit with the columns `names`, or all that there are."""
    schema, types = _chosen(None if names is None else tuple(names))
    n = int(kit.state[s.N_MESSAGES])
    found = field_columns(kit, tuple(types)) if n else {}
    if "station" in types:
        found["station"] = station_column(kit, buf)
    nothing = [column.slice(0, n) for column in _nothing(max(n, 1024).bit_length())]
    arrays = [found.get(name, nothing[kind]) for name, kind in types.items()]
    return pa.Table.from_arrays(arrays, schema=schema)


@lru_cache(maxsize=2)
def _nothing(bits: int) -> list[pa.Array]:
    """Nulls of each type, as many as a number of so many bits."""
    return [pa.nulls(1 << bits, t) for t in _TYPES]


_TYPES = list(dict.fromkeys(MESSAGE_COLUMNS.types))


@lru_cache(maxsize=16)
def _chosen(names: tuple[str, ...] | None) -> tuple[pa.Schema, dict[str, int]]:
    """A choice of columns as a schema, and the number of each one's type."""
    schema = MESSAGE_COLUMNS
    if names is not None:
        schema = pa.schema([MESSAGE_COLUMNS.field(name) for name in names])
    return schema, {field.name: _TYPES.index(field.type) for field in schema}


def text_of(kit: s.Kit, buf: np.ndarray) -> Any:
    """The text as the kernels want it: Python's own bytes where Python runs them."""
    return buf if kit.compiled else buf.tobytes()


def group(kit: s.Kit, forms: np.ndarray, n_forms: int) -> Grouped:
    n = int(kit.state[s.N_MESSAGES])
    starts = np.zeros(n_forms + 1, np.int64)
    rows = np.empty(n, np.int64)
    kernel("by_form", kit.compiled)(kit.found, n, forms, starts, rows)
    return Grouped(starts, rows)


def station_column(kit: s.Kit, buf: np.ndarray) -> pa.Array:
    """The receivers' names as a dictionary of this block."""
    n = int(kit.state[s.N_MESSAGES])
    codes = np.full(n, -1, np.int32)
    names: list[str] = []
    if n and kit.found[s.M_STATION_LEN, :n].any():
        slots = 2 << n.bit_length()
        hashes, numbers = np.zeros(slots, np.int64), np.zeros(slots, np.int32)
        total = kernel("number_stations", kit.compiled)(
            text_of(kit, buf), kit.found, n, hashes, numbers, codes
        )
        before = np.concatenate([[-1], np.maximum.accumulate(codes)[:-1]])
        first = np.flatnonzero(codes > before)
        assert len(first) == total
        spans = kit.found[s.M_STATION_AT : s.M_STATION_LEN + 1, first].T.tolist()
        names = [bytes(buf[at : at + k]).decode("ascii", "replace") for at, k in spans]
    return words(codes, tuple(names))


def words(codes: np.ndarray, names: tuple[str, ...]) -> pa.Array:
    """A dictionary array of int32 codes; a negative one is null."""
    indices = _nullable(codes, codes >= 0)
    return pa.DictionaryArray.from_arrays(indices, strings(names))


def _nullable(values: np.ndarray, valid: np.ndarray) -> pa.Array:
    """An int32 array with nulls."""
    bitmap = np.packbits(valid, bitorder="little")
    buffers = [pa.py_buffer(bitmap), pa.py_buffer(values)]
    return pa.Array.from_buffers(pa.int32(), len(values), buffers)


@lru_cache(maxsize=256)
def strings(texts: tuple[str, ...]) -> pa.Array:
    """Kept, because making an array of Python strings takes as long as decoding a page of lines."""
    return pa.array(texts, pa.string())


SLICE = 4096
"""Messages whose fields are read at a time: what they are made of then stays in the cache."""
SHARE = 6
"""A form with at least one in so many of a slice's messages is computed for the whole slice."""


def field_columns(kit: s.Kit, names: tuple[str, ...]) -> dict[str, pa.Array]:
    """The columns `names` that any message of the block carries; the station is not among them.

    All their memory is one piece, made at once: asking for it column by column takes longer than
    the decoding itself. What lies where a column is null is not defined, as Arrow allows.
    """
    n = int(kit.state[s.N_MESSAGES])
    plan = plan_for(names)
    grouped = group(kit, plan.forms, plan.n_forms)
    cut = cut_for(names, tuple(np.flatnonzero(np.diff(grouped.starts)).tolist()))
    sizes = (cut.part_bits * n + 7) // 8 + cut.part_bytes
    ends = np.cumsum((sizes + 63) // 64 * 64)
    starts = ends - (sizes + 63) // 64 * 64
    memory = np.empty(int(ends[-1]) if len(ends) else 0, np.uint8)
    typed = tuple(memory.view(t) for t in _MEMORY_TYPES)
    channels = _numbers(kit, grouped, cut, starts, typed)
    characters, bounds = _texts(kit, grouped, cut, starts, typed)
    whole = pa.py_buffer(memory)
    parts = [whole.slice(a, size) for a, size in zip(starts.tolist(), sizes.tolist(), strict=True)]
    found = {}
    for k, (name, kind) in enumerate(zip(cut.names, cut.types, strict=True)):
        buffers = [parts[2 * k + 1] if cut.nullable[k] else None, parts[2 * k]]
        if 0 <= k - cut.n_numbers < cut.n_texts:
            a, b = bounds[k - cut.n_numbers]
            buffers.append(characters.slice(a, b - a))
        if name == "channel":
            codes = pa.Array.from_buffers(pa.int32(), n, buffers)
            found[name] = pa.DictionaryArray.from_arrays(codes, channels)
        else:
            found[name] = pa.Array.from_buffers(kind, n, buffers)
    return found


_MEMORY_TYPES = (np.int64, np.float64, np.float32, np.int32, np.int16, np.int8, np.uint8)


def _numbers(
    kit: s.Kit, grouped: Grouped, cut: Cut, starts: np.ndarray, memory: tuple[np.ndarray, ...]
) -> pa.Array:
    """Write the numbers, and what comes from the lines; the names of the channels."""
    n = int(kit.state[s.N_MESSAGES])
    fields = cut.fields.copy()
    fields[:, x.F_PLACE] = starts[fields[:, x.F_PLACE]] // cut.sizes
    fields[:, x.F_VALID] = np.where(fields[:, x.F_VALID] < 0, -1, starts[fields[:, x.F_VALID]])
    form = cut.spans[:, 0]
    groups = np.empty((len(form), 4), np.int64)
    groups[:, x.G_START] = np.where(form < 0, n, grouped.starts[form])
    groups[:, x.G_END] = np.where(form < 0, 2 * n, grouped.starts[form + 1])
    groups[:, x.G_FIRST :] = cut.spans[:, 1:]
    at = starts[cut.blank]
    blank = np.stack([at, at + (cut.part_bits[cut.blank] * n + 7) // 8], axis=1)
    heard = np.full(x.H_PLACES, -1, np.int64)
    heard[cut.heard[:, 0]] = starts[cut.heard[:, 1]] // cut.heard[:, 2]
    channels, names = _channels(kit.found[s.M_CHANNEL, :n]) if heard[x.H_CHANNEL] >= 0 else _NONE
    wide = SLICE if kit.compiled else n
    scratch = (
        np.empty((4, max(wide, n // SHARE + 1)), np.int64),
        np.empty(wide, np.int32),
        np.empty((2, (wide + 15) & -8), np.uint8),
    )
    kernel("numbers", kit.compiled)(
        kit.words,
        kit.found,
        n,
        np.concatenate([grouped.rows, np.arange(n)]),
        groups,
        fields,
        cut.scales,
        blank,
        heard,
        channels,
        memory,
        scratch,
        SHARE if kit.compiled else 0,
    )
    return names


def _channels(channel: np.ndarray) -> tuple[np.ndarray, pa.Array]:
    """The number of each character's name, and the names."""
    present = np.zeros(256, bool)
    present[channel.astype(np.uint8)] = True
    present[0] = False
    names = [bytes([c]).decode("ascii", "replace") for c in np.flatnonzero(present).tolist()]
    number = np.cumsum(present, dtype=np.int32) - 1
    number[0] = 0
    return number, strings(tuple(names))


_NONE = np.zeros(0, np.int32), None


def _texts(
    kit: s.Kit, grouped: Grouped, cut: Cut, starts: np.ndarray, memory: tuple[np.ndarray, ...]
) -> tuple[pa.Buffer, list[tuple[int, int]]]:
    """Write the texts; their characters, and where those of each column begin and end."""
    if len(cut.units) == 0:
        return pa.py_buffer(b""), []
    n = len(grouped.rows)
    columns = np.zeros((len(cut.units), 4), np.int64)
    columns[:, x.C_UNIT] = cut.units
    first = 2 * cut.n_numbers
    last = first + 2 * cut.n_texts
    columns[:, x.C_OFFSETS] = starts[first:last:2] // 4
    columns[:, x.C_VALID] = starts[first + 1 : last : 2]
    spans = np.empty((3, n), np.int32)
    out = np.empty(int(kit.found[s.M_BITS, :n].sum()) // 5 + 64, np.uint8)
    total = kernel("texts", kit.compiled)(
        kit.words,
        kit.found,
        n,
        grouped.rows,
        grouped.starts,
        cut.texts,
        columns,
        memory,
        spans,
        out,
    )
    ends = columns[:, x.C_END].tolist()
    return pa.py_buffer(out[:total].copy()), list(zip([0, *ends[:-1]], ends, strict=True))


def reject_table(kit: s.Kit, buf: np.ndarray, source: str) -> pa.Table:
    """The rejects of a kit as rows of REJECTS."""
    n = int(kit.state[s.N_REFUSED])
    if n == 0:
        return REJECTS.empty()
    refused = kit.refused[:n]
    offsets = np.empty(n + 1, np.int32)
    out = np.empty(int(refused[:, s.R_LEN].sum()), np.uint8)
    kernel("copy_refused", kit.compiled)(text_of(kit, buf), kit.refused, n, offsets, out)
    reasons, mmsi = refused[:, s.R_REASON].astype(np.int32), refused[:, s.R_MMSI].astype(np.int32)
    return REJECTS.rows(
        {
            "source": words(np.zeros(n, np.int32), (source,)),
            "raw_offset": refused[:, s.R_OFFSET].copy(),
            "line": refused[:, s.R_LINE].copy(),
            "time_us": refused[:, s.R_TIME].copy(),
            "mmsi": _nullable(mmsi, mmsi >= 0),
            "reason": words(reasons, s.REASONS),
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
    written: dict[tuple[int, int, int], str] = {}
    sentences = []
    for key in zip(reasons.tolist(), a.tolist(), b.tolist(), strict=True):
        if key not in written:
            written[key] = _DETAILS[s.REASONS[key[0]]].format(a=key[1], b=key[2])
        sentences.append(written[key])
    return pa.array(sentences, pa.string())
