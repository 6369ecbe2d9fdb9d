"""What is refused of decoded messages, and why.

A row is refused as a whole when nobody sent it, or when it has no time or place; a value that
cannot be is dropped from its row and the row is kept. Either way a row of REJECTS says so. Values
that the standard defines as not available become null without a word.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from fairlead.observations.mmsi import are_nobodys
from fairlead.schema.step import to_numpy
from fairlead.schema.tables import REJECTS

EARLIEST_US = 631_152_000_000_000
"""1990-01-01: before the first AIS."""

REASONS = (
    "",
    "invalid_mmsi",
    "time_before_1990",
    "time_after_receipt",
    "no_position",
    "zero_position",
    "latitude_out_of_range",
    "longitude_out_of_range",
)
_DETAILS = (
    "",
    "a number that no station has been given",
    "before AIS existed",
    "sent long after it was received",
    "latitude or longitude not available",
    "latitude and longitude both exactly zero",
    "latitude beyond 90 degrees",
    "longitude beyond 180 degrees",
)
_MMSI, _EARLY, _LATE, _NOWHERE, _ZERO, _LATITUDE, _LONGITUDE = range(1, 8)


@njit(cache=True, nogil=True)
def _judge_times(
    refused: np.ndarray, time_us: np.ndarray, received_us: np.ndarray, ahead_max_us: int
) -> None:
    """`received_us` is negative where unknown."""
    for i in range(len(refused)):
        if refused[i] == 0:
            if time_us[i] < EARLIEST_US:
                refused[i] = _EARLY
            elif received_us[i] >= 0 and time_us[i] - received_us[i] > ahead_max_us:
                refused[i] = _LATE


@njit(cache=True, nogil=True)
def _judge_places(refused: np.ndarray, lat_deg: np.ndarray, lon_deg: np.ndarray) -> None:
    for i in range(len(refused)):
        lat, lon = lat_deg[i], lon_deg[i]
        if refused[i]:
            continue
        if np.isnan(lat) or np.isnan(lon) or lat == 91.0 or lon == 181.0:
            refused[i] = _NOWHERE
        elif lat == 0.0 and lon == 0.0:
            refused[i] = _ZERO
        elif abs(lat) > 90.0:
            refused[i] = _LATITUDE
        elif abs(lon) > 180.0:
            refused[i] = _LONGITUDE


def judge(messages: pa.Table, ahead_max_us: int) -> np.ndarray:
    """Place in REASONS of what is wrong with each row, 0 for nothing: int8, shape (n,).

    Places are judged where the table has them.
    """
    refused = are_nobodys(to_numpy(messages, "mmsi")).astype(np.int8)
    received_us = to_numpy(messages, "received_us", -1)
    _judge_times(refused, to_numpy(messages, "time_us"), received_us, ahead_max_us)
    if "lat_deg" in messages.column_names:
        _judge_places(refused, to_numpy(messages, "lat_deg"), to_numpy(messages, "lon_deg"))
    return refused


@dataclass(frozen=True, slots=True)
class Limit:
    """Values of `name` from `low` to under `high` stand. Those from `none_low` to under
    `none_high` mean not available. Message type 9 (aircraft) has limits `factor` times as high."""

    name: str
    low: float
    high: float
    none_low: float = 0.0
    none_high: float = 0.0
    factor: float = 1.0


MOTION_LIMITS = (
    Limit("speed_kn", 0.0, 102.25, 102.25, 102.35, factor=10.0),
    Limit("course_deg", 0.0, 360.0, 360.0, 360.05),
    Limit("heading_deg", 0.0, 360.0, 511.0, 512.0),
    Limit("nav_status", 0, 16),
)
VOYAGE_LIMITS = (
    Limit("draught_m", 0.0, 25.55),
    Limit("ship_type", 0, 256),
    Limit("imo", 1, 1 << 30, 0, 1),
)


def _outside(messages: pa.Table, limit: Limit) -> tuple[np.ndarray, np.ndarray] | None:
    """Masks of the values to drop, and of those among them that cannot be; None without any."""
    values = messages[limit.name]
    extremes = pc.min_max(values)
    low, high = extremes["min"].as_py(), extremes["max"].as_py()
    is_real = pa.types.is_floating(values.type)
    nan = is_real and pc.any(pc.is_nan(values)).as_py()
    if low is None or not (nan or low < limit.low or high >= limit.high):
        return None
    array = to_numpy(messages, limit.name, limit.low).astype(np.float64)
    scale = np.where(to_numpy(messages, "msg_type", 0) == 9, limit.factor, 1.0)
    drop = ~((array >= limit.low) & (array < limit.high * scale))
    none = (array >= limit.none_low * scale) & (array < limit.none_high * scale)
    return drop, drop & ~none & ~np.isnan(array)


def _without(messages: pa.Table, name: str, drop: np.ndarray) -> pa.Table:
    place = messages.column_names.index(name)
    field = messages.schema.field(place)
    kept = pc.if_else(pa.array(drop), pa.scalar(None, field.type), messages[name])
    return messages.set_column(place, field, kept)


def drop_impossible(
    messages: pa.Table, limits: Sequence[Limit]
) -> tuple[pa.Table, list[tuple[str, str, np.ndarray]]]:
    """The rows with values outside their limits nulled; and reason, detail and rows of the drops.

    Costs a look at each column's extremes where all values stand.
    """
    dropped = []
    for limit in limits:
        found = _outside(messages, limit)
        if found is not None:
            drop, impossible = found
            if impossible.any():
                name = limit.name
                detail = f"{name} outside {limit.low:g} to {limit.high:g}; the row is kept without"
                dropped.append((f"impossible_{name}", detail, np.flatnonzero(impossible)))
            messages = _without(messages, limit.name, drop)
    return messages, dropped


_DIMENSIONS = ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")


def drop_impossible_dimensions(
    messages: pa.Table, length_max_m: float, width_max_m: float
) -> tuple[pa.Table, list[tuple[str, str, np.ndarray]]]:
    """The same for the four distances from the antenna, which stand or fall together."""
    bow, stern, port, starboard = (to_numpy(messages, n, 0).astype(np.int64) for n in _DIMENSIONS)
    drop = (bow + stern > length_max_m) | (port + starboard > width_max_m)
    drop |= np.minimum(np.minimum(bow, stern), np.minimum(port, starboard)) < 0
    if not drop.any():
        return messages, []
    for name in _DIMENSIONS:
        messages = _without(messages, name, drop)
    detail = f"negative, longer than {length_max_m:g} m or wider than {width_max_m:g} m"
    return messages, [("impossible_dimensions", detail, np.flatnonzero(drop))]


def reject_rows(messages: pa.Table, rows: np.ndarray, reason: str, detail: str) -> pa.Table:
    """REJECTS of some rows, each record once."""
    few = messages.take(pa.array(rows))
    columns = {n: few[n] for n in ("source", "raw_offset", "line", "time_us", "mmsi")}
    return REJECTS.rows(
        {
            **columns,
            "reason": _repeated(reason, len(rows)),
            "detail": pa.array([detail]).take(pa.array(np.zeros(len(rows), np.int32))),
        },
        len(rows),
    )


def _repeated(text: str, n: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array([text]))


def refusals(messages: pa.Table, refused: np.ndarray, suffix: str) -> list[pa.Table]:
    """REJECTS of the rows that `judge` refused, one table per reason."""
    return [
        reject_rows(messages, np.flatnonzero(refused == i), REASONS[i] + suffix, _DETAILS[i])
        for i in np.unique(refused[refused > 0])
    ]


def each_once(rejects: pa.Table) -> pa.Table:
    """Without a second row for the same record and reason: the same bytes may come twice."""
    if rejects.num_rows < 2:
        return rejects
    ids = [pc.cast(rejects["source"], pa.string()), rejects["raw_offset"]]
    ids.append(pc.cast(rejects["reason"], pa.string()))
    keyed = pa.table([*ids, pa.array(np.arange(rejects.num_rows))], ["s", "o", "r", "row"])
    first = keyed.group_by(["s", "o", "r"], use_threads=False).aggregate([("row", "min")])
    return rejects.take(np.sort(first["row_min"].to_numpy()))
