"""The wide table of messages: one column per name in the layouts, and how fields reach it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from fairlead.observations.ais import extract as x
from fairlead.observations.ais.fields import Field
from fairlead.observations.ais.layouts import LAYOUTS
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
    from fairlead.observations.ais.layouts import HEAD

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


@dataclass(frozen=True)
class Plan:
    """Which fields of which layout go to which slot, for a choice of columns."""

    names: tuple[str, ...]
    numbers: tuple[np.ndarray, ...]  # per layout (fields, 10) int64
    scales: tuple[np.ndarray, ...]  # per layout (fields, 2) float64
    texts: tuple[np.ndarray, ...]  # per layout (fields, 4) int64


def _number_row(field: Field) -> list[int]:
    """One row of the kernel's field table; the slots are filled in per block."""
    store = STORE_OF[field.name]
    if field.kind == "turn":
        store = x.STORE_TURN
    if field.kind == "sign":
        store = x.STORE_SIGN
    na_first, na_width = field.na_bits or (0, 0)
    signed = field.kind in {"int", "turn", "sign"}
    return [field.first, field.width, signed, *field.na, na_first, na_width, store, 0, 0]


@cache
def plan_for(names: tuple[str, ...]) -> Plan:
    """The plan for the columns `names`, made once."""
    from fairlead.observations.ais.layouts import HEAD

    numbers, scales, texts = [], [], []
    for layout in LAYOUTS:
        rows, factors, strings = [], [], []
        for field in (*HEAD, *layout.fields):
            if field.name not in names:
                continue
            k = names.index(field.name)
            if field.kind in TEXT_KINDS:
                strings.append([field.first, field.width, TEXT_KINDS[field.kind], k])
            else:
                row = _number_row(field)
                row[x.F_SLOT] = k
                rows.append(row)
                factors.append([field.per_unit, field.plus])
        numbers.append(np.array(rows, np.int64).reshape(-1, 10))
        scales.append(np.array(factors, np.float64).reshape(-1, 2))
        texts.append(np.array(strings, np.int64).reshape(-1, 4))
    return Plan(names, tuple(numbers), tuple(scales), tuple(texts))


def arrow_type(name: str) -> pa.DataType:
    return MESSAGE_COLUMNS.field(name).type
