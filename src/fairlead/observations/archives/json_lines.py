"""JSON lines: as AIS-catcher and gpsd write them, as aisstream does, or flat objects by mapping.

AIS-catcher: https://docs.aiscatcher.org/references/JSON-decoding/ (`-o 5` and the sparse `-o 4`;
the lines of `-o 3` hold the sentences only, which are decoded); gpsd: its JSON protocol, class AIS,
scaled; aisstream: https://aisstream.io/documentation and the type definitions it publishes. Every
value is read as text and then like the cells of a CSV, so that a number in quotes and a word where
a number should be cost nothing or one value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.observations.archives import tokens
from fairlead.observations.archives.cells import ColumnCells, strings
from fairlead.observations.archives.delimited import readonly, slices
from fairlead.observations.archives.embedded import read_sentences
from fairlead.observations.archives.mapping import HeaderMapping, Layout, layout_of
from fairlead.observations.archives.records import (
    BYTES_SHOWN,
    Provenance,
    Refusals,
    read_records,
)
from fairlead.schema.step import Batch

CATCHER: Mapping[str, str] = {
    "mmsi": "mmsi",
    "msg_type": "type",
    "lat": "lat",
    "lon": "lon",
    "speed": "speed",
    "course": "course",
    "heading": "heading",
    "turn_rate": "turn",
    "status": "status",
    "accuracy": "accuracy",
    "second": "second",
    "name": "shipname",
    "imo": "imo",
    "callsign": "callsign",
    "ship_type": "shiptype",
    "to_bow": "to_bow",
    "to_stern": "to_stern",
    "to_port": "to_port",
    "to_starboard": "to_starboard",
    "draught": "draught",
    "destination": "destination",
    "eta": "eta",
}
"""Meanings by the keys of AIS-catcher and gpsd."""

_PLACED = ("1", "2", "3", "4", "9", "11", "18", "19", "21", "27", "28")
_STATED = ("5", "19", "21", "24")
"""Message types whose place and whose ship data are the sender's own. Weather, berths and targets
in binary messages have keys of the same names."""

_WHERE = ("lat", "lon")
_WHAT = (
    *("name", "imo", "callsign", "ship_type", "to_bow", "to_stern", "to_port", "to_starboard"),
    *("draught", "destination", "eta"),
)

_DIMENSION = {"to_bow": "A", "to_stern": "B", "to_port": "C", "to_starboard": "D"}
_ETA = {"eta_month": "Month", "eta_day": "Day", "eta_hour": "Hour", "eta_minute": "Minute"}
_PLACE = {"lat": ("Latitude",), "lon": ("Longitude",), "accuracy": ("PositionAccuracy",)}
_MOVING = {
    **_PLACE,
    "speed": ("Sog",),
    "course": ("Cog",),
    "heading": ("TrueHeading",),
    "second": ("Timestamp",),
}
_SIZES = {m: ("Dimension", letter) for m, letter in _DIMENSION.items()}
STREAM: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "PositionReport": {
        **_MOVING,
        "status": ("NavigationalStatus",),
        "turn_indicator": ("RateOfTurn",),
    },
    "StandardClassBPositionReport": _MOVING,
    "ExtendedClassBPositionReport": {
        **_MOVING,
        **_SIZES,
        "name": ("Name",),
        "ship_type": ("Type",),
    },
    "LongRangeAisBroadcastMessage": {
        **_PLACE,
        "speed": ("Sog",),
        "course": ("Cog",),
        "status": ("NavigationalStatus",),
    },
    "StandardSearchAndRescueAircraftReport": {
        **_PLACE,
        "speed": ("Sog",),
        "course": ("Cog",),
        "second": ("Timestamp",),
    },
    "BaseStationReport": _PLACE,
    "AidsToNavigationReport": {
        **_PLACE,
        **_SIZES,
        "name": ("Name",),
        "name_extension": ("NameExtension",),
        "second": ("Timestamp",),
    },
    "ShipStaticData": {
        **_SIZES,
        **{m: ("Eta", part) for m, part in _ETA.items()},
        "name": ("Name",),
        "imo": ("ImoNumber",),
        "callsign": ("CallSign",),
        "ship_type": ("Type",),
        "draught": ("MaximumStaticDraught",),
        "destination": ("Destination",),
    },
    "StaticDataReport": {
        **{m: ("ReportB", *path) for m, path in _SIZES.items()},
        "name": ("ReportA", "Name"),
        "callsign": ("ReportB", "CallSign"),
        "ship_type": ("ReportB", "ShipType"),
    },
}
"""Where aisstream's message bodies hold each meaning."""

_WITH_TYPE = {k: {**v, "msg_type": ("MessageID",), "valid": ("Valid",)} for k, v in STREAM.items()}


def _struct(paths: list[tuple[str, ...]]) -> pl.Struct:
    """The nested type that has text at every path."""
    tree: dict[str, list[tuple[str, ...]]] = {}
    for path in paths:
        tree.setdefault(path[0], []).append(path[1:])
    return pl.Struct(
        {k: pl.String() if rest == [()] else _struct(rest) for k, rest in tree.items()}
    )


_STREAM_PATHS = sorted(
    {("Message", kind, *path) for kind, paths in _WITH_TYPE.items() for path in paths.values()}
)
_META = [("MetaData", "MMSI"), ("MetaData", "time_utc")]
_KEYS = ("class", "rxtime", "rxuxtime", "toa", "scaled", "name", "MessageType")
_KNOWN = pl.Struct(
    [
        *_struct([*((key,) for key in (*_KEYS, *CATCHER.values())), *_META, *_STREAM_PATHS]).fields,
        pl.Field("nmea", pl.List(pl.String())),
    ]
)
_MAPPING = HeaderMapping("JSON lines", {})


def read_json_lines(
    payload: bytes | memoryview,
    *,
    source: str,
    offset: int,
    first_line: int,
    n_lines: int,
    received_us: int,
    mapping_toml: str = "",
) -> Batch:
    """The rows of a block of JSON lines. A record without a time is taken to be of `received_us`.

    Flat objects of other writers are read by the mapping given, or by common names: then the keys
    of the block's first object count.
    """
    text = readonly(payload)
    n, first, last, line, _, _, begins, ends = tokens.tokenise(
        text, 0, 10, np.zeros(1, np.int32), n_lines, 1
    )
    lines = strings(*tokens.trimmed(text, begins[0], ends[0], np.arange(n)))
    refusals = Refusals(n)

    def shown(rows: np.ndarray) -> pa.Array:
        return slices(text, first, np.minimum(last, first + BYTES_SHOWN), rows)

    if n == 0:
        return Batch()
    provenance = Provenance(
        source, received_us, line + first_line, first + offset, shown, time_basis="received"
    )
    texts = pl.Series(pl.from_arrow(lines))
    if mapping_toml:
        cells, bare = _given(texts, refusals, mapping_toml), None
    else:
        cells, bare = _known(texts, refusals)
    if bare is None:
        return read_records(cells, cells.layout.mapping, provenance, refusals)
    held = np.flatnonzero(bare.is_not_null().to_numpy())
    refusals.leave_out(held)
    rows = read_records(cells, cells.layout.mapping, provenance, refusals)
    inside = read_sentences(bare.gather(held), held, cells.times("time"), provenance)
    return Batch({t: pa.concat_tables([rows[t], inside[t]]) for t in {*rows, *inside}})


def _known(texts: pl.Series, refusals: Refusals) -> tuple[ColumnCells, pl.Series | None]:
    """The cells, and for records that hold nothing but sentences those, null for the others."""
    decoded = _decoded(texts, _KNOWN, refusals)
    is_stream = pl.col("MessageType").is_not_null()
    is_catcher = pl.col("class") == "AIS"
    kinds = decoded.select(stream=is_stream, catcher=is_catcher.fill_null(value=False))
    neither = ~(kinds["stream"] | kinds["catcher"])
    if neither.all() and not refusals.fatal.all():
        return _given(texts, refusals, ""), None
    detail = "an object that is neither of class AIS nor has a MessageType"
    refusals.add(neither.to_numpy(), "unknown_json", detail)
    frame = decoded.select(**_meanings(set(decoded["MessageType"].unique())))
    _refuse_others(frame, decoded, refusals)
    cells = _cells(frame.drop("valid"), Layout(_MAPPING, tuple(frame.columns), ",", {}))
    silent = [pl.col(k).is_null() for k in ("scaled", "lat", "lon", "shipname", "callsign")]
    only = is_catcher & (pl.col("nmea").list.len() > 0) & pl.all_horizontal(silent)
    bare = decoded.select(pl.when(only).then("nmea"))["nmea"]
    return cells, bare if bare.null_count() < len(bare) else None


def _meanings(present: set[str | None]) -> dict[str, pl.Expr]:
    """The value of each meaning, whoever wrote the record."""
    columns = {m: pl.col(key) for m, key in CATCHER.items()}
    sent = pl.col("type")
    columns["name"] = pl.when(sent == "21").then("name").otherwise("shipname")
    for names, types in ((_WHERE, _PLACED), (_WHAT, _STATED)):
        for name in names:
            columns[name] = pl.when(sent.is_null() | sent.is_in(types)).then(columns[name])
    columns["time"] = pl.coalesce("toa", "rxuxtime", "rxtime", _at("MetaData", "time_utc"))
    columns["mmsi"] = pl.coalesce("mmsi", _at("MetaData", "MMSI"))
    columns["valid"] = pl.lit(None, pl.String())
    for kind, paths in _WITH_TYPE.items():
        if kind not in present:
            continue
        for meaning, path in paths.items():
            value = _at("Message", kind, *path)
            before = columns.get(meaning)
            columns[meaning] = value if before is None else pl.coalesce(before, value)
    columns["accuracy"] = _flag(columns["accuracy"])
    if "name_extension" in columns:
        whole = pl.concat_str(columns["name"], columns.pop("name_extension"))
        columns["name"] = pl.coalesce(whole, columns["name"])
    if "turn_indicator" in columns:
        turn = _turn(columns.pop("turn_indicator"))
        columns["turn_rate"] = pl.coalesce(columns["turn_rate"], turn)
    special = columns["turn_rate"].str.replace(r"^-?12[78](\.0*)?$|[a-z]+", "")
    return columns | {"turn_rate": special}


def _refuse_others(frame: pl.DataFrame, decoded: pl.DataFrame, refusals: Refusals) -> None:
    """Records that the writer could not decode, and messages that are not about their sender."""
    broken = (frame["valid"] == "false").fill_null(value=False).to_numpy()
    refusals.add(broken, "invalid_message", "the writer says that it is not valid")
    types = {*_PLACED, *_STATED}
    other = decoded.select(
        pl.when(pl.col("MessageType").is_not_null())
        .then(~pl.col("MessageType").is_in(list(STREAM)))
        .otherwise(~pl.col("type").is_in(types))
        .fill_null(value=False)
    ).to_series()
    detail = "a message type that carries neither a position nor ship data of its sender"
    refusals.add(other.to_numpy(), "other_message_type", detail)


def _at(first: str, *path: str) -> pl.Expr:
    value = pl.col(first)
    for name in path:
        value = value.struct.field(name)
    return value


def _flag(value: pl.Expr) -> pl.Expr:
    return value.replace({"true": "1", "false": "0"})


def _turn(indicator: pl.Expr) -> pl.Expr:
    """Degrees a minute from the transmitted indicator, 4.733 times the root of the rate."""
    sent = indicator.cast(pl.Float64, strict=False)
    rate = (sent / 4.733) ** 2 * sent.sign()
    return pl.when(sent.abs() <= 126).then(rate).cast(pl.String)


def _given(texts: pl.Series, refusals: Refusals, mapping_toml: str) -> ColumnCells:
    keys = _first_keys(texts)
    layout = layout_of(b",".join(k.encode() for k in keys), mapping_toml)
    names = {m: keys[place] for m, place in layout.column.items()}
    decoded = _decoded(texts, _struct([(n,) for n in names.values()]), refusals)
    return _cells(decoded.select(**{m: pl.col(n) for m, n in names.items()}), layout)


def _first_keys(texts: pl.Series) -> tuple[str, ...]:
    first = texts.drop_nulls().str.json_path_match("$").drop_nulls()
    for text in first.head(1):
        found = json.loads(text)
        if isinstance(found, dict):
            return tuple(k for k in found if "," not in k)
    return ()


def _cells(frame: pl.DataFrame, layout: Layout) -> ColumnCells:
    columns = {
        name: pc.cast(pa.array(frame[name].to_arrow()), pa.string()) for name in frame.columns
    }
    titles = {m: CATCHER.get(m, m) for m in columns}
    if layout.column:
        titles = {m: layout.names[place] for m, place in layout.column.items()}
    return ColumnCells(columns, titles, layout, frame.height)


def _decoded(texts: pl.Series, kind: pl.Struct, refusals: Refusals) -> pl.DataFrame:
    """Objects as columns; a line that is none is refused as `bad_json` and has nulls."""
    is_object = texts.str.starts_with("{").fill_null(value=False)
    try:
        decoded = texts.set(~is_object, None).str.json_decode(kind)
    except pl.exceptions.ComputeError:
        is_object &= texts.str.json_path_match("$").is_not_null()
        decoded = _piecewise(texts.set(~is_object, None), kind)
        is_object &= decoded.is_not_null()
    refusals.add(~is_object.to_numpy(), "bad_json", "not a JSON object of the known form")
    return decoded.struct.unnest()


def _piecewise(texts: pl.Series, kind: pl.Struct) -> pl.Series:
    """The same where some lines do not decode: halves until only those are left out."""
    try:
        return texts.str.json_decode(kind)
    except pl.exceptions.ComputeError:
        n = len(texts)
        if n == 1:
            return pl.Series([None], dtype=kind)
        parts = [_piecewise(texts[: n // 2], kind), _piecewise(texts[n // 2 :], kind)]
        return pl.concat(parts)
