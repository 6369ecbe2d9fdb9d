"""Records of an archive into position messages, static messages and rejects."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.observations.archives import tokens, words
from fairlead.observations.archives.cells import Cells, text_places
from fairlead.observations.archives.mapping import HeaderMapping
from fairlead.observations.archives.values import GIVEN, MISSING, UNREADABLE
from fairlead.schema.ids import row_ids
from fairlead.schema.step import Batch
from fairlead.schema.table import code
from fairlead.schema.tables import POSITION_MESSAGES, REJECTS, STATIC_MESSAGES, TIME_BASES

BYTES_SHOWN = 200
_NOTHING = "neither a position nor ship data"
MMSI_MAX = 999_999_999
_DIMENSIONS = ("to_bow", "to_stern", "to_port", "to_starboard")
_ETA_PARTS = ("eta_month", "eta_day", "eta_hour", "eta_minute")
STATIC = (
    "name", "imo", "callsign", "ship_type", "length", "width", *_DIMENSIONS, "draught",
    "destination",
)  # fmt: skip
"""What makes ship data differ; an estimated arrival alone, which some archives reckon anew for
each row, does not."""
_STATIC_NUMBERS = ("length", "width", *_DIMENSIONS, "draught")
_MOTION = ("speed", "course", "heading", "turn_rate", "accuracy", "second", "msg_type")
_STATIC_TYPES = np.zeros(29, np.int8)
_STATIC_TYPES[[1, 18, 5, 19, 21, 24]] = [5, 24, 5, 19, 21, 24]
TURN_RATE_MAX = 709.5
"""The coded rate of turn ends at 708.7 degrees a minute; beyond lie its special values."""


@dataclass(slots=True)
class Refusals:
    """What is wrong with records, one reason each at most; `fatal` ones give no row."""

    n: int
    reasons: list[tuple[str, str]] = field(default_factory=list)
    index: np.ndarray = field(init=False)
    fatal: np.ndarray = field(init=False)
    elsewhere: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        self.index = np.full(self.n, -1, np.int32)
        self.fatal = np.zeros(self.n, bool)
        self.elsewhere = np.zeros(self.n, bool)

    def leave_out(self, rows: np.ndarray) -> None:
        """Records that somebody else reads: they give no row here and are not refused here."""
        self.elsewhere[rows] = self.fatal[rows] = True
        self.index[rows] = -1

    def add(self, mask: np.ndarray, reason: str, detail: str, *, fatal: bool = True) -> None:
        mask = mask & ~self.elsewhere
        if not mask.any():
            return
        self.index[mask & ((self.index < 0) | (fatal & ~self.fatal))] = len(self.reasons)
        self.reasons.append((reason, detail))
        if fatal:
            self.fatal |= mask


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where records come from: `line` and `raw_offset` by record, and how to show their bytes."""

    source: str
    received_us: int
    line: np.ndarray
    raw_offset: np.ndarray
    shown: Callable[[np.ndarray], pa.Array]
    time_basis: str = "column"
    """`received` where the archive states the time of receipt: then it is `received_us` too."""

    def times(self, time_us: np.ndarray) -> dict[str, object]:
        basis = np.full(len(time_us), code(TIME_BASES, self.time_basis), np.int8)
        received_us = time_us if self.time_basis == "received" else None
        return {"time_us": time_us, "time_basis": basis, "received_us": received_us}

    def columns(self, rows: np.ndarray) -> dict[str, object]:
        return {
            "source": same_text(self.source, len(rows)),
            "raw_offset": self.raw_offset[rows],
            "line": self.line[rows],
        }


def same_text(text: str, n: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array([text]))


def read_records(
    cells: Cells, mapping: HeaderMapping, provenance: Provenance, refusals: Refusals
) -> Batch:
    """The rows of a block of records. `refusals` may hold records already refused."""
    if not cells.n:
        return Batch()
    time_us = _time_us(cells, refusals, provenance)
    mmsi = _mmsi(cells, refusals, local=mapping.mmsi_is_local)
    hashes, filled = cells.hashes([m for m in STATIC if cells.has(m)])
    place = _place(cells, refusals, filled)
    motion = {m: _number(cells, m, refusals) for m in _MOTION if cells.has(m)}
    stands = ~refusals.fatal
    positions = np.flatnonzero(stands & ~np.isnan(place[0]))
    rows = {POSITION_MESSAGES: _positions(cells, mapping, provenance, positions, time_us, mmsi,
                                          place, motion)}  # fmt: skip
    lone = filled & stands & np.isnan(place[0])
    kept = np.flatnonzero(tokens.run_ends(mmsi, hashes, filled & stands) | lone)
    static_refusals = Refusals(cells.n)
    statics, has_any = _statics(
        cells, mapping, provenance, kept, time_us, mmsi, motion, static_refusals
    )
    rows[STATIC_MESSAGES] = statics
    lone[kept[has_any]] = False
    refusals.add(lone, "missing_position", _NOTHING)
    known_us = np.where(time_us > 0, time_us, provenance.received_us)
    rejects = [reject_rows(r, provenance, known_us, mmsi) for r in (refusals, static_refusals)]
    rows[REJECTS] = pa.concat_tables(rejects).unify_dictionaries()
    return Batch(rows)


def _time_us(cells: Cells, refusals: Refusals, provenance: Provenance) -> np.ndarray:
    time_us, status = cells.times("time")
    if provenance.time_basis == "received":
        time_us = np.where(status == MISSING, provenance.received_us, time_us)
        status = np.where(status == MISSING, GIVEN, status)
    title = cells.title("time")
    refusals.add(status == UNREADABLE, "bad_time", f"`{title}` is not a time")
    refusals.add(status == MISSING, "bad_time", f"`{title}` is empty")
    if cells.has("time_ms"):
        extra_ms, status = cells.numbers("time_ms")
        title = cells.title("time_ms")
        refusals.add(status == UNREADABLE, "bad_time", f"`{title}` is not a number")
        time_us = time_us + np.where(status == GIVEN, extra_ms * 1000, 0).astype(np.int64)
    return time_us


def _local_numbers(given: np.ndarray) -> np.ndarray:
    """Numbers of more than nine digits, which are no MMSI, spread over those of nine."""
    spread = row_ids(np.nan_to_num(given).astype(np.int64)) % MMSI_MAX + 1
    return np.where(given > MMSI_MAX, spread, given)


def _mmsi(cells: Cells, refusals: Refusals, *, local: bool) -> np.ndarray:
    given, status = cells.numbers("mmsi")
    title = cells.title("mmsi")
    refusals.add(status == MISSING, "bad_mmsi", f"`{title}` is empty")
    if local:
        given = _local_numbers(given)
    whole = (status == GIVEN) & (given >= 0) & (given <= MMSI_MAX) & (given == np.floor(given))
    refusals.add((status != MISSING) & ~whole, "bad_mmsi", f"`{title}` is not an MMSI")
    return np.where(whole, given, 0).astype(np.int64)


def _place(
    cells: Cells, refusals: Refusals, has_static: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude, both NaN where either is missing."""
    values = []
    for meaning, unavailable in (("lat", 91.0), ("lon", 181.0)):
        value, status = cells.numbers(meaning)
        detail = f"`{cells.title(meaning)}` is not a number"
        refusals.add(status == UNREADABLE, "bad_number", detail)
        values.append(np.where(value == unavailable, np.nan, value))
    lat, lon = values
    missing = np.isnan(lat) | np.isnan(lon)
    refusals.add(missing & ~has_static, "missing_position", _NOTHING)
    return np.where(missing, np.nan, lat), np.where(missing, np.nan, lon)


def _number(cells: Cells, meaning: str, refusals: Refusals) -> np.ndarray:
    """A column of numbers, NaN where missing or unreadable; the row is kept without it."""
    value, status = cells.numbers(meaning)
    detail = f"`{cells.title(meaning)}` is not a number; the row is kept without"
    refusals.add(status == UNREADABLE, "bad_number", detail, fatal=False)
    return value


def _positions(
    cells: Cells,
    mapping: HeaderMapping,
    provenance: Provenance,
    rows: np.ndarray,
    time_us: np.ndarray,
    mmsi: np.ndarray,
    place: tuple[np.ndarray, np.ndarray],
    motion: Mapping[str, np.ndarray],
) -> pa.Table:
    nothing = np.full(len(rows), np.nan)
    of = {m: motion[m][rows] if m in motion else nothing for m in _MOTION}
    lat, lon = place[0][rows], place[1][rows]
    speed = of["speed"] * mapping.speed_unit_kn
    types = _types(cells, of["msg_type"], rows)
    aircraft = types.fill_null(0).to_numpy(zero_copy_only=False) == 9
    speed = np.where(speed >= np.where(aircraft, 1022.5, 102.25), np.nan, speed)
    course = np.where(of["course"] < 0, of["course"] + mapping.course_wrap_deg, of["course"])
    course = np.where((course >= 359.95) & (course < 360.05), np.nan, course)
    heading = np.where(of["heading"] == 511, np.nan, of["heading"])
    status = _nav_status(cells, rows)
    columns = {
        **provenance.times(time_us[rows]),
        "mmsi": mmsi[rows].astype(np.int32),
        "second": _small(np.where(of["second"] < 60, of["second"], np.nan), pa.int8()),
        "msg_type": types,
        "lat_deg": lat,
        "lon_deg": lon,
        "speed_kn": _float(speed),
        "course_deg": _float(course),
        "heading_deg": _float(heading),
        "turn_rate_deg_min": _float(
            np.where(np.abs(of["turn_rate"]) > TURN_RATE_MAX, np.nan, of["turn_rate"])
        ),
        "nav_status": status,
        "accuracy": pa.array(of["accuracy"] > 0, mask=np.isnan(of["accuracy"])),
        "payload_hash": row_ids(
            mmsi[rows],
            time_us[rows],
            _scaled(lat, 600_000),
            _scaled(lon, 600_000),
            _scaled(speed, 10),
            _scaled(course, 10),
            _scaled(heading, 1),
            status.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64),
        ),
        **provenance.columns(rows),
    }
    return POSITION_MESSAGES.rows(columns, len(rows))


def _scaled(values: np.ndarray, factor: float) -> np.ndarray:
    """Whole units for an id: int64, the smallest number where not given."""
    units = np.rint(np.clip(values, -1e6, 1e6) * factor)
    return np.where(np.isnan(units), np.iinfo(np.int64).min, np.nan_to_num(units)).astype(np.int64)


def _float(values: np.ndarray) -> pa.Array:
    return pa.array(values.astype(np.float32), mask=np.isnan(values))


def _small(values: np.ndarray, type: pa.DataType) -> pa.Array:
    """Whole numbers; what does not fit the type is null."""
    limit = np.iinfo(type.to_pandas_dtype()).max
    fits = (values >= 0) & (values <= limit)
    return pa.array(np.where(fits, np.rint(values), 0).astype(np.int64), mask=~fits).cast(type)


def _nav_status(cells: Cells, rows: np.ndarray) -> pa.Array:
    """Codes 0 to 15, from numbers or from words."""
    numbers, status = cells.numbers("status", rows)
    wordy = np.flatnonzero(status == UNREADABLE)
    if len(wordy):
        texts = cells.texts("status", rows[wordy])
        found = words.coded(texts, words.STATUSES.get)
        numbers = numbers.copy()
        numbers[wordy] = np.where(found < 0, np.nan, found)
    return _small(np.where(numbers > 15, np.nan, numbers), pa.int8())


def _types(cells: Cells, given: np.ndarray, rows: np.ndarray) -> pa.Array:
    """Message types, from a column of them or from the class of station."""
    if cells.has("class") and not cells.has("msg_type"):
        found = words.coded(cells.texts("class", rows), words.CLASSES.get)
        given = np.where(found < 0, np.nan, found)
    return _small(np.where((given >= 1) & (given <= 28), given, np.nan), pa.int8())


def _statics(
    cells: Cells,
    mapping: HeaderMapping,
    provenance: Provenance,
    rows: np.ndarray,
    time_us: np.ndarray,
    mmsi: np.ndarray,
    motion: Mapping[str, np.ndarray],
    refusals: Refusals,
) -> tuple[pa.Table, np.ndarray]:
    """Ship data of the chosen rows that give any, and which of them do."""
    texts = {m: _text(cells, m, rows, mapping) for m in ("name", "callsign", "destination")}
    numbers = {}
    for meaning in _STATIC_NUMBERS:
        value, status = cells.numbers(meaning, rows)
        unreadable = np.zeros(cells.n, bool)
        unreadable[rows[status == UNREADABLE]] = True
        if unreadable.any():
            detail = f"`{cells.title(meaning)}` is not a number; the row is kept without"
            refusals.add(unreadable, "bad_number_in_static", detail, fatal=False)
        numbers[meaning] = value
    draught = numbers["draught"] * mapping.draught_unit_m
    columns = {
        "imo": _imo(cells, rows),
        **texts,
        "ship_type": _ship_type(cells, rows),
        **_dimensions(numbers),
        "draught_m": _float(np.where(draught == 0, np.nan, draught)),
        "eta": _eta(cells, rows),
    }
    n_given = np.zeros(len(rows), np.int64)
    for column in columns.values():
        n_given += pc.is_valid(column).to_numpy(zero_copy_only=False)
    stands = n_given > 0
    types = motion["msg_type"][rows] if "msg_type" in motion else np.full(len(rows), np.nan)
    own_types = _types(cells, types, rows).fill_null(0).to_numpy(zero_copy_only=False)
    static_types = _STATIC_TYPES[own_types]
    table = STATIC_MESSAGES.rows(
        {
            **provenance.times(time_us[rows]),
            "mmsi": mmsi[rows].astype(np.int32),
            "msg_type": pa.array(static_types, mask=static_types == 0),
            "payload_hash": row_ids(mmsi[rows], time_us[rows], *map(_hashed, columns.values())),
            **columns,
            **provenance.columns(rows),
        },
        len(rows),
    )
    return (table if stands.all() else table.filter(pa.array(stands))), stands


def _text(cells: Cells, meaning: str, rows: np.ndarray, mapping: HeaderMapping) -> pa.Array:
    texts = cells.texts(meaning, rows)
    if not mapping.unavailable:
        return texts
    nothing = pc.is_in(texts, pa.array(mapping.unavailable))
    return pc.if_else(nothing, pa.scalar(None, pa.string()), texts)


def _hashed(column: pa.Array) -> np.ndarray:
    """Integers that tell values apart, equal in every file."""
    if pa.types.is_string(column.type):
        text, begins, ends = text_places(column)
        places = begins.reshape(1, -1), ends.reshape(1, -1)
        slot = np.zeros(1, np.int64)
        return tokens.hash_fields(text, *places, slot, len(begins))[0].astype(np.int64)
    if pa.types.is_floating(column.type):
        return _scaled(column.to_numpy(zero_copy_only=False).astype(np.float64), 10)
    return column.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)


def _imo(cells: Cells, rows: np.ndarray) -> pa.Array:
    """The number, with or without `IMO` before it; 0 is none."""
    texts = pc.utf8_upper(cells.texts("imo", rows))
    found = pc.extract_regex(texts, r"^(?:IMO)?[ :]*(?P<n>[0-9]{1,9})(?:\.0*)?$")
    number = pc.struct_field(found, "n").cast(pa.int32())
    return pc.if_else(pc.equal(number, 0), pa.scalar(None, pa.int32()), number)


def _ship_type(cells: Cells, rows: np.ndarray) -> pa.Array:
    numbers, status = cells.numbers("ship_type", rows)
    wordy = np.flatnonzero(status == UNREADABLE)
    if len(wordy):
        found = words.coded(cells.texts("ship_type", rows[wordy]), words.SHIP_TYPES.get)
        numbers = numbers.copy()
        numbers[wordy] = np.where(found < 0, np.nan, found)
    return _small(np.where((numbers > 0) & (numbers < 256), numbers, np.nan), pa.int16())


def _dimensions(numbers: Mapping[str, np.ndarray]) -> dict[str, pa.Array]:
    """Antenna to bow, stern, port and starboard.

    An archive with the length and width only has the length to the bow and nothing to the stern,
    the width to port and nothing to starboard: the sums are what it says.
    """
    out = {}
    for first, second, whole in (
        ("to_bow", "to_stern", "length"),
        ("to_port", "to_starboard", "width"),
    ):
        a, b, total = numbers[first], numbers[second], numbers[whole]
        by_parts = ~np.isnan(a) & ~np.isnan(b) & (a + b > 0)
        a = np.where(by_parts, a, np.where(total > 0, total, np.nan))
        b = np.where(by_parts, b, np.where(total > 0, 0.0, np.nan))
        out[f"{first}_m"], out[f"{second}_m"] = _small(a, pa.int16()), _small(b, pa.int16())
    return out


def _eta(cells: Cells, rows: np.ndarray) -> pa.Array:
    """MM-DDTHH:MM, from a time, from that form itself, or from four columns."""
    if not cells.has("eta"):
        return _eta_of_parts(cells, rows)
    eta_us, status = cells.times("eta", rows)
    instants = pa.array(eta_us, mask=status != GIVEN).cast(pa.timestamp("us"))
    written = pc.strftime(instants, "%m-%dT%H:%M")
    sent = pc.extract_regex(cells.texts("eta", rows), r"^(?P<t>\d\d-\d\dT\d\d:\d\d)Z?$")
    sent = pc.struct_field(sent, "t")
    sent = pc.if_else(pc.starts_with(sent, "00-00"), pa.scalar(None, pa.string()), sent)
    return pc.coalesce(written, sent, _eta_of_parts(cells, rows))


def _eta_of_parts(cells: Cells, rows: np.ndarray) -> pa.Array:
    """Null without a month and a day; an unknown hour is 24 and an unknown minute 60, as sent."""
    if not cells.has("eta_month"):
        return pa.nulls(len(rows), pa.string())
    month, day, hour, minute = (cells.numbers(m, rows)[0] for m in _ETA_PARTS)
    known = (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    hour, minute = np.where(np.isnan(hour), 24, hour), np.where(np.isnan(minute), 60, minute)
    parts = [
        pc.utf8_lpad(pa.array(np.where(known, p, 0).astype(np.int64)).cast(pa.string()), 2, "0")
        for p in (month, day, hour, minute)
    ]
    date = pc.binary_join_element_wise(parts[0], parts[1], "-")
    clock = pc.binary_join_element_wise(parts[2], parts[3], ":")
    whole = pc.binary_join_element_wise(date, clock, "T")
    return pc.if_else(pa.array(known), whole, pa.scalar(None, pa.string()))


def reject_rows(
    refusals: Refusals, provenance: Provenance, time_us: np.ndarray, mmsi: np.ndarray
) -> pa.Table:
    """Rows of REJECTS for the refused records."""
    rows = np.flatnonzero(refusals.index >= 0)
    if not len(rows):
        return REJECTS.empty()
    which = pa.array(refusals.index[rows])
    columns = {
        **provenance.columns(rows),
        "time_us": time_us[rows],
        "mmsi": pa.array(mmsi[rows].astype(np.int32), mask=mmsi[rows] == 0),
        "reason": pa.array([r for r, _ in refusals.reasons]).take(which).dictionary_encode(),
        "detail": pa.array([d for _, d in refusals.reasons]).take(which),
        "bytes": provenance.shown(rows),
    }
    return REJECTS.rows(columns, len(rows))
