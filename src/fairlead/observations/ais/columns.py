"""The wide table of messages: one column per name in the layouts, and how fields reach it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import pyarrow as pa

from fairlead.observations.ais import shape as x
from fairlead.observations.ais.fields import Field
from fairlead.observations.ais.layouts import HEAD, LAYOUTS
from fairlead.schema.table import column
from fairlead.schema.tables import NAMES, TIME_BASES

TEXT_KINDS = {"text": x.UNIT_TEXT, "bytes": x.UNIT_BYTES, "eta": x.UNIT_ETA}
CHANNELS = ("A", "B")

_FIRST_COLUMNS = [
    "msg_type",
    "mmsi",
    "lat_deg",
    "lon_deg",
    "speed_kn",
    "course_deg",
    "heading_deg",
    "turn_rate_deg_min",
    "nav_status",
    "imo",
    "callsign",
    "name",
    "ship_type",
    "to_bow_m",
    "to_stern_m",
    "to_port_m",
    "to_starboard_m",
    "draught_m",
    "destination",
    "eta",
]

LINE_COLUMNS = (
    column("line", pa.int64(), "line number of the first sentence", required=True),
    column("time_us", pa.int64(), "best time of reception, UTC", required=True),
)
HEARD_COLUMNS = (
    column("time_basis", pa.int8(), "where time_us comes from", codes=TIME_BASES, required=True),
    column("station", NAMES, "the receiver that heard it"),
    column("channel", NAMES, "radio channel as written in the sentence"),
    column("own_ship", pa.bool_(), "VDO: sent by the receiver's own ship", required=True),
    column("n_bits", pa.int16(), "length of the message", required=True),
    column("raw_offset", pa.int64(), "byte offset of the record in its source", required=True),
    column("payload_hash", pa.int64(), "hash of the transmitted bits", required=True),
)

_STORES = {
    x.STORE_F64: pa.float64(),
    x.STORE_F32: pa.float32(),
    x.STORE_I32: pa.int32(),
    x.STORE_I16: pa.int16(),
    x.STORE_I8: pa.int8(),
    x.STORE_BIT: pa.bool_(),
}


def _store(name: str, fields: list[Field]) -> int:
    """The kind of number that holds every field of this name."""
    if any(f.kind == "bool" for f in fields):
        return x.STORE_BIT
    if any(f.kind == "sign" for f in fields):
        return x.STORE_I8
    if name.endswith(("lat_deg", "lon_deg")):
        return x.STORE_F64
    fraction = any(f.per_unit != 1.0 or f.plus != 0.0 or f.kind == "turn" for f in fields)
    if fraction or name in {"speed_kn", "course_deg", "heading_deg"}:
        return x.STORE_F32
    bits = max(f.width - (f.kind == "int") for f in fields)
    return x.STORE_I8 if bits < 8 else x.STORE_I16 if bits < 16 else x.STORE_I32


def _by_name() -> dict[str, list[Field]]:
    found: dict[str, list[Field]] = {}
    for field in HEAD:
        found.setdefault(field.name, []).append(field)
    for layout in LAYOUTS:
        for field in layout.fields:
            found.setdefault(field.name, []).append(field)
    return found


FIELDS_BY_NAME = _by_name()
STORE_OF = {
    name: _store(name, fields)
    for name, fields in FIELDS_BY_NAME.items()
    if fields[0].kind not in TEXT_KINDS
}


def _column(name: str) -> pa.Field:
    fields = FIELDS_BY_NAME[name]
    types = sorted({x.msg_type for x in LAYOUTS if any(f.name == name for f in x.fields)})
    doc = f"{name.replace('_', ' ')}; message {', '.join(map(str, types))}" if types else name
    if name in {"msg_type", "mmsi", "repeat"}:
        return column(name, _STORES[STORE_OF[name]], doc, required=True)
    if fields[0].kind in TEXT_KINDS:
        kind = pa.binary() if fields[0].kind == "bytes" else pa.string()
        return column(name, kind, doc)
    return column(name, _STORES[STORE_OF[name]], doc)


_OTHERS = [name for name in FIELDS_BY_NAME if name not in _FIRST_COLUMNS]

MESSAGE_COLUMNS: pa.Schema = pa.schema(
    [
        *LINE_COLUMNS,
        *(_column(name) for name in _FIRST_COLUMNS),
        *HEARD_COLUMNS,
        *(_column(name) for name in _OTHERS),
    ]
)
"""Every column a message can have; the ones that an officer looks at first come first."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Which fields of which messages go to which columns, for a choice of columns.

    Layouts whose fields of these columns are the same share a form.
    """

    names: tuple[str, ...]
    forms: np.ndarray  # form of each layout, int64
    numbers: tuple[np.ndarray, ...]  # per form (fields, F_DIMENSIONS) int64; the head last
    scales: tuple[np.ndarray, ...]  # per form (fields, 2) float64
    texts: tuple[np.ndarray, ...]  # per form (fields, 4) int64

    @property
    def n_forms(self) -> int:
        return len(self.numbers) - 1


def _number_row(field: Field, k: int) -> list[int]:
    """One row of the kernel's field table for column `k`."""
    store = STORE_OF[field.name]
    if field.kind == "turn":
        store = x.STORE_TURN
    if field.kind == "sign":
        store = x.STORE_SIGN
    na_first, na_width = field.na_bits or (0, 0)
    signed = field.kind in {"int", "turn", "sign"}
    return [field.first, field.width, signed, *field.na, na_first, na_width, store, k, k]


def _tables(
    fields: Sequence[Field], names: tuple[str, ...], form: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The kernels' tables of the numbers, their scales and the texts of one form."""
    rows, factors, strings = [], [], []
    for field in sorted(fields, key=lambda f: f.first):
        k = names.index(field.name)
        if field.kind in TEXT_KINDS:
            strings.append([field.first, field.width, form, k])
        else:
            rows.append(_number_row(field, k))
            factors.append([field.per_unit, field.plus])
    return (
        np.array(rows, np.int64).reshape(-1, x.F_DIMENSIONS),
        np.array(factors, np.float64).reshape(-1, 2),
        np.array(strings, np.int64).reshape(-1, 4),
    )


@cache
def plan_for(names: tuple[str, ...]) -> Plan:
    """The plan for the columns `names`, made once."""
    chosen = set(names)
    distinct: dict[tuple[Field, ...], int] = {}
    forms = []
    for layout in LAYOUTS:
        fields = tuple(f for f in layout.fields if f.name in chosen)
        forms.append(distinct.setdefault(fields, len(distinct)))
    head = tuple(f for f in HEAD if f.name in chosen)
    made = [_tables(fields, names, k) for k, fields in enumerate((*distinct, head))]
    numbers, scales, texts = zip(*made, strict=True)
    return Plan(names, np.array(forms), numbers, scales, texts)


@dataclass(frozen=True, eq=False)
class Cut:
    """A plan cut down to the forms that a block has: its columns, and where they go.

    Memory is a list of parts: the values or offsets, and the validity, of each column in turn.
    """

    names: tuple[str, ...]  # numbers first, then texts, then what comes from the line
    types: tuple[pa.DataType, ...]
    n_numbers: int
    n_texts: int
    nullable: tuple[bool, ...]
    part_bits: np.ndarray  # bits of each part per message
    part_bytes: np.ndarray  # bytes of each part besides
    blank: np.ndarray  # the parts of bits, which are only ever added to
    spans: np.ndarray  # (groups, 3): form, first field, last + 1; form -1 is every message
    fields: np.ndarray  # (fields, F_DIMENSIONS), F_PLACE and F_VALID being parts
    sizes: np.ndarray  # bytes of the number type of each field
    scales: np.ndarray
    texts: np.ndarray  # (fields, 4), by column
    units: np.ndarray  # of each text column
    heard: np.ndarray  # (columns, 3): place among the H_ ones, part, bytes of its number type


_BITS = {x.STORE_F64: 64, x.STORE_F32: 32, x.STORE_I32: 32, x.STORE_I16: 16, x.STORE_I8: 8}
NEVER_NULL = {"msg_type", "mmsi", "repeat"}
HEARD = {
    "line": (x.H_LINE, 64),
    "time_us": (x.H_TIME, 64),
    "raw_offset": (x.H_OFFSET, 64),
    "payload_hash": (x.H_HASH, 64),
    "time_basis": (x.H_BASIS, 8),
    "n_bits": (x.H_BITS, 16),
    "own_ship": (x.H_OWN, 1),
    "channel": (x.H_CHANNEL, 32),
}
"""Columns that come from the line: place among the H_ ones, and bits. The station is apart."""


def _bits(name: str) -> tuple[int, int]:
    """Bits per message of a column's values or offsets, and of its validity."""
    if name in HEARD:
        return HEARD[name][1], int(name == "channel")
    return _BITS.get(STORE_OF[name], 1) if name in STORE_OF else 32, int(name not in NEVER_NULL)


@lru_cache(maxsize=256)
def cut_for(names: tuple[str, ...], present: tuple[int, ...]) -> Cut:
    """The columns that messages of the forms `present` have, made once."""
    plan = plan_for(names)
    groups = [(form, plan.numbers[form], plan.scales[form]) for form in present]
    groups.append((-1, plan.numbers[-1], plan.scales[-1]))
    groups = [g for g in groups if len(g[1])]
    fields = np.concatenate([np.zeros((0, x.F_DIMENSIONS), np.int64), *(g[1] for g in groups)])
    scales = np.concatenate([np.zeros((0, 2)), *(g[2] for g in groups)])
    ends = np.cumsum([len(g[1]) for g in groups], dtype=np.int64)
    spans = [(g[0], end - len(g[1]), end) for g, end in zip(groups, ends.tolist(), strict=True)]
    texts = np.concatenate([np.zeros((0, 4), np.int64), *(plan.texts[k] for k in present)])
    with_number = sorted(set(fields[:, x.F_PLACE].tolist()))
    with_text = sorted(set(texts[:, x.T_COLUMN].tolist()))
    used = [names[k] for k in with_number + with_text] + [name for name in names if name in HEARD]
    part = np.zeros(len(names), np.int64)
    part[with_number + with_text] = 2 * np.arange(len(with_number + with_text))
    bits = np.array([_bits(name) for name in used], np.int64).reshape(-1, 2)
    blank = np.zeros((len(used), 2), bool)
    blank[:, 0] = bits[:, 0] == 1
    blank[:, 1] = bits[:, 1] > 0
    extra = np.zeros((len(used), 2), np.int64)
    extra[len(with_number) : len(with_number) + len(with_text), 0] = 4
    never = np.isin(fields[:, x.F_PLACE], [k for k in with_number if names[k] in NEVER_NULL])
    sizes = [max(1, _BITS.get(STORE_OF[names[k]], 1) // 8) for k in fields[:, x.F_PLACE]]
    fields[:, x.F_PLACE] = part[fields[:, x.F_PLACE]]
    fields[:, x.F_VALID] = np.where(never, -1, fields[:, x.F_PLACE] + 1)
    texts = texts[np.argsort(texts[:, x.T_COLUMN], kind="stable")]
    texts[:, x.T_COLUMN] = np.searchsorted(with_text, texts[:, x.T_COLUMN])
    return Cut(
        tuple(used),
        tuple(MESSAGE_COLUMNS.field(name).type for name in used),
        len(with_number),
        len(with_text),
        tuple((bits[:, 1] > 0).tolist()),
        bits.ravel(),
        extra.ravel(),
        np.flatnonzero(blank.ravel()),
        np.array(spans, np.int64).reshape(-1, 3),
        fields,
        np.array(sizes, np.int64),
        scales,
        texts,
        np.array([TEXT_KINDS[FIELDS_BY_NAME[names[k]][0].kind] for k in with_text], np.int64),
        _heard_parts(used),
    )


def _heard_parts(used: Sequence[str]) -> np.ndarray:
    parts = []
    for k, name in enumerate(used):
        if name in HEARD:
            slot, bits = HEARD[name]
            parts.append((slot, 2 * k, max(1, bits // 8)))
        if name == "channel":
            parts.append((x.H_CHANNEL_VALID, 2 * k + 1, 1))
    return np.array(parts, np.int64).reshape(-1, 3)
