"""Observations and statics: each transmission once, validated, remembering who heard it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.observations.clock import clock_differences_us
from fairlead.observations.copies import Merged, first_copies, merge
from fairlead.observations.mmsi import FLAGS, flag_codes, imo_check_digits_hold, station_classes
from fairlead.observations.validity import (
    MOTION_LIMITS,
    VOYAGE_LIMITS,
    drop_impossible,
    drop_impossible_dimensions,
    each_once,
    judge,
    refusals,
    reject_rows,
)
from fairlead.schema.ids import row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import WAKE, Batch, to_numpy
from fairlead.schema.table import Table, code, column
from fairlead.schema.tables import (
    OBSERVATION_FLAGS,
    OBSERVATIONS,
    POSITION_MESSAGES,
    REJECTS,
    STATIC_MESSAGES,
    STATICS,
    TIME_BASES,
)

_S_US = 1_000_000
_STRETCH_ROWS = 1 << 15
_CLOCK_FAULT, _TIME_INFERRED, _LOW_ACCURACY = (
    np.int16(1 << code(OBSERVATION_FLAGS, name))
    for name in ("clock_fault", "time_inferred", "position_low_accuracy")
)
_INFERRED_BASES = [code(TIME_BASES, name) for name in ("base_station", "assumed")]


def _open_rows(messages: Table) -> Table:
    """The table of what waits for copies: messages with the time at which they wait no longer."""
    wake = column(WAKE, pa.int64(), "when the window for copies has passed", required=True)
    return Table(
        name=f"open_{messages.name}",
        doc=f"Rows of {messages.name} that may still be heard by another receiver.",
        columns=pa.schema([*messages.columns, wake]),
        key=messages.key,
        time=messages.time,
        ids=messages.ids,
    )


OPEN_POSITIONS = _open_rows(POSITION_MESSAGES)
OPEN_STATICS = _open_rows(STATIC_MESSAGES)


@dataclass(frozen=True, slots=True)
class ObservePositions:
    """One observation per transmission of a position, from the messages of all receivers.

    Rows of one MMSI with equal payload within `copies_within_s` of the first are one observation
    at the time of the first. It is emitted in the span that holds that time plus `delay_us`: the
    times of a span's output are exactly those of the span moved back by the delay.
    """

    copies_within_s: float = 15.0
    ahead_of_receipt_max_s: float = 86_400.0
    clock_fault_s: float = 20.0

    kind: ClassVar[str] = "observe_positions"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (POSITION_MESSAGES,)
    writes: ClassVar[tuple[Table, ...]] = (OBSERVATIONS, REJECTS)
    carries: ClassVar[Table] = OPEN_POSITIONS

    @property
    def delay_us(self) -> int:
        return round(self.copies_within_s * _S_US)

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        fresh, rejects = _accept(batch[POSITION_MESSAGES], self.ahead_of_receipt_max_s, "")
        fresh, dropped = drop_impossible(fresh, MOTION_LIMITS)
        rejects += [reject_rows(fresh, rows, reason, text) for reason, text, rows in dropped]
        carried, heard, known = _settle(self.carries, carried, fresh, self.delay_us, span)
        known["flags"] = _position_flags(heard, self.clock_fault_s)
        rows = _observed(OBSERVATIONS, heard, known)
        return carried, Batch({OBSERVATIONS: rows, REJECTS: _together(rejects)})


@dataclass(frozen=True, slots=True)
class ObserveStatics:
    """One row per transmission of static or voyage data; copies as in ObservePositions.

    The longest ship is 488 m and the widest 124 m: greater dimensions are mistakes.
    """

    copies_within_s: float = 15.0
    ahead_of_receipt_max_s: float = 86_400.0
    length_max_m: float = 600.0
    width_max_m: float = 130.0

    kind: ClassVar[str] = "observe_statics"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (STATIC_MESSAGES,)
    writes: ClassVar[tuple[Table, ...]] = (STATICS, REJECTS)
    carries: ClassVar[Table] = OPEN_STATICS

    @property
    def delay_us(self) -> int:
        return round(self.copies_within_s * _S_US)

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        # A record of an archive is a position and a static row: its refusals need two ids.
        fresh, rejects = _accept(batch[STATIC_MESSAGES], self.ahead_of_receipt_max_s, "_in_static")
        fresh, dropped = drop_impossible(fresh, VOYAGE_LIMITS)
        fresh, sizes = drop_impossible_dimensions(fresh, self.length_max_m, self.width_max_m)
        rejects += [reject_rows(fresh, rows, why, text) for why, text, rows in dropped + sizes]
        carried, heard, known = _settle(self.carries, carried, fresh, self.delay_us, span)
        known["flags"] = _time_flags(heard)
        holds = imo_check_digits_hold(to_numpy(heard, "imo", 0))
        known["imo_valid"] = pa.array(holds, mask=to_numpy(heard, "imo", 0) == 0)
        rows = _observed(STATICS, heard, known)
        return carried, Batch({STATICS: rows, REJECTS: _together(rejects)})


def _accept(messages: pa.Table, ahead_max_s: float, suffix: str) -> tuple[pa.Table, list[pa.Table]]:
    """The rows that stand, and the rejects of the others."""
    messages = messages.unify_dictionaries()
    refused = judge(messages, round(ahead_max_s * _S_US))
    if not refused.any():
        return messages, []
    return messages.filter(pa.array(refused == 0)), refusals(messages, refused, suffix)


def _together(rejects: list[pa.Table]) -> pa.Table:
    return each_once(pa.concat_tables([REJECTS.empty(), *rejects]).unify_dictionaries())


def _settle(
    table: Table, carried: pa.Table, fresh: pa.Table, delay_us: int, span: Span
) -> tuple[pa.Table, pa.Table, dict[str, Any]]:
    """Rows still open, one row per settled transmission, and what its copies know together."""
    both = fresh
    if carried.num_rows:
        carried = table.conform(carried).drop_columns([WAKE]).cast(fresh.schema)
        both = pa.concat_tables([carried, fresh]).unify_dictionaries()
    mmsi, time_us, payload = (to_numpy(both, n) for n in ("mmsi", "time_us", "payload_hash"))
    if carried.num_rows:
        order = _in_turn(mmsi, carried.num_rows)
        anchors = np.empty(len(mmsi), np.int64)
        opened = first_copies(mmsi[order], time_us[order], payload[order], delay_us)
        anchors[order] = order[opened]
    else:
        anchors = first_copies(mmsi, time_us, payload, delay_us)
    due_us = time_us[anchors] + delay_us
    is_open = due_us >= span.until_us
    still = both.filter(pa.array(is_open)) if is_open.any() else both.slice(0, 0)
    still = still.append_column(table.columns.field(WAKE), pa.array(due_us[is_open], pa.int64()))
    settled = ~is_open
    merged = merge(both, anchors) if len(mmsi) else None
    columns = _hearing(both, merged)
    if merged is not None:
        settled[merged.rows] = False
        settled[merged.first] = ~is_open[merged.first]
    if not settled.all():
        mask = pa.array(settled)
        both = both.filter(mask)
        columns = {n: v.filter(mask) for n, v in columns.items()}
    return table.conform(still), both, columns


def _in_turn(mmsi: np.ndarray, n_carried: int) -> np.ndarray:
    """The order that puts carried rows, which come first, before the other rows of their MMSI."""
    old, fresh = np.arange(n_carried), np.arange(n_carried, len(mmsi))
    return np.insert(fresh, np.searchsorted(mmsi[n_carried:], mmsi[:n_carried]), old)


def _hearing(messages: pa.Table, merged: Merged | None) -> dict[str, Any]:
    """Columns `stations`, `n_heard` and `received_us`: of the row, or of the whole group."""
    n_heard = np.ones(messages.num_rows, np.int16)
    received_us, stations = messages["received_us"], messages["station"]
    if merged is not None:
        n_heard[merged.first] = merged.n_heard
        places = pa.array(_places(messages.num_rows, merged.first))
        received_us = _with(received_us.combine_chunks(), merged.received_us, places)
        stations = _joined(stations.combine_chunks(), merged.stations, places)
    return {"n_heard": pa.array(n_heard), "received_us": received_us, "stations": stations}


def _places(n_rows: int, first: np.ndarray) -> np.ndarray:
    """Where each row finds its value in the rows' own values followed by the groups'."""
    places = np.arange(n_rows)
    places[first] = n_rows + np.arange(len(first))
    return places


def _with(own: pa.Array, of_groups: pa.Array, places: pa.Array) -> pa.Array:
    return pa.concat_arrays([own, of_groups]).take(places)


def _joined(own: pa.DictionaryArray, of_groups: pa.Array, places: pa.Array) -> pa.DictionaryArray:
    """The same for a dictionary: groups' names are added to its words."""
    words = of_groups.dictionary_encode()
    indices = pc.add(words.indices, pa.scalar(len(own.dictionary), pa.int32()))
    return pa.DictionaryArray.from_arrays(
        _with(own.indices, indices, places),
        pa.concat_arrays([own.dictionary, words.dictionary.cast(own.dictionary.type)]),
    )


def _time_flags(heard: pa.Table) -> np.ndarray:
    inferred = np.isin(to_numpy(heard, "time_basis"), _INFERRED_BASES)
    return np.where(inferred, _TIME_INFERRED, np.int16(0))


def _position_flags(heard: pa.Table, clock_fault_s: float) -> np.ndarray:
    """Bits of OBSERVATION_FLAGS: int16, shape (n,)."""
    flags = _time_flags(heard)
    off = np.abs(clock_differences_us(heard)) > clock_fault_s * _S_US
    flags[off] |= _CLOCK_FAULT
    flags[~to_numpy(heard, "accuracy", True)] |= _LOW_ACCURACY
    return flags


def _observed(table: Table, heard: pa.Table, known: Mapping[str, Any]) -> pa.Table:
    """Rows of OBSERVATIONS or STATICS from one message per transmission."""
    mmsi, time_us = to_numpy(heard, "mmsi"), to_numpy(heard, "time_us")
    classes = station_classes(mmsi)
    flags = flag_codes(mmsi, classes)
    columns = {n: heard[n] for n in heard.column_names if n in table.columns.names}
    columns |= {
        "observation_id": _ids(mmsi, time_us, to_numpy(heard, "payload_hash")),
        "station_class": classes,
        "flag": pa.DictionaryArray.from_arrays(pa.array(flags, mask=flags < 0), pa.array(FLAGS)),
        **known,
    }
    return table.rows(columns, heard.num_rows)


def _ids(*columns: np.ndarray) -> np.ndarray:
    """`row_ids`, a stretch at a time: what it mixes then stays in the processor's cache."""
    starts = range(0, max(1, len(columns[0])), _STRETCH_ROWS)
    return np.concatenate([row_ids(*(c[i : i + _STRETCH_ROWS] for c in columns)) for i in starts])
