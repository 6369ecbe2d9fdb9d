"""What really happened: planted behaviours, incidental ones, and innocent look-alikes.

Grades: `planted` must be found; `incidental` is true by somebody's definition, so that finding it
is no false alarm and missing it no miss; `innocent` looks alike and must not be called this kind.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.json as pj
import pyarrow.parquet as pq

from fairlead.schema.table import column

KINDS = (
    "gap",
    "loitering",
    "encounter",
    "port_visit",
    "zone",
    "drifting",
    "speed_change",
    "position_jump",
    "speed_mismatch",
    "identity_change",
    "identity_conflict",
    "draught_change",
    "destination_mismatch",
)
GRADES = ("planted", "incidental", "innocent")
I32, I64, F64, TEXT = pa.int32(), pa.int64(), pa.float64(), pa.string()

TRUTH_EVENTS = pa.schema(
    [
        column("kind", TEXT, "one of KINDS", required=True),
        column("grade", TEXT, "planted, incidental or innocent", required=True),
        column("case", TEXT, "which variant, or what the innocent cause is", required=True),
        column("mmsi", I32, "identity used", required=True),
        column("other_mmsi", I32, "second identity, where two take part"),
        column("hull_id", I32, "the hull", required=True),
        column("other_hull_id", I32, "the second hull"),
        column("start_us", I64, "start", required=True),
        column("end_us", I64, "end; null where the scenario ends first"),
        column("lat_deg", F64, "true place at the start"),
        column("lon_deg", F64, "true place at the start"),
        column("detail", TEXT, "one sentence", required=True),
    ]
)
TRUTH_LINES = pa.schema(
    [
        column("line", I64, "1-based line of sea.nmea", required=True),
        column("sent_us", I64, "true time of transmission", required=True),
        column("received_us", I64, "true time of receipt", required=True),
        column("hull_id", I32, "the hull that sent it", required=True),
        column("mmsi", I32, "identity it claimed", required=True),
        column("msg_type", pa.int8(), "AIS message type", required=True),
        column("part", pa.int8(), "part of the message, from 1", required=True),
        column("parts", pa.int8(), "parts of the message", required=True),
        column("station", TEXT, "the receiver", required=True),
        column("fault", TEXT, "none, damaged or truncated", required=True),
        column("transmission", I64, "equal for copies heard by several receivers", required=True),
        column("lat_deg", F64, "true latitude; differs from the message where it lies"),
        column("lon_deg", F64, "true longitude"),
    ]
)


@dataclass(frozen=True, slots=True)
class Happening:
    """One row of truth while the sea is made: seconds of the scenario, scene metres."""

    kind: str
    grade: str
    case: str
    mmsi: int
    hull_id: int
    start_s: float
    end_s: float | None
    place_m: tuple[float, float] | None
    detail: str
    other_mmsi: int | None = None
    other_hull_id: int | None = None


def events_table(rows: list[dict[str, Any]]) -> pa.Table:
    """TRUTH_EVENTS rows in order of time, kind and vessel."""
    order = sorted(rows, key=lambda r: (r["start_us"], r["kind"], r["mmsi"], r["case"]))
    return pa.Table.from_pylist(order, schema=TRUTH_EVENTS)


def as_row(
    happening: Happening,
    start_us: int,
    until_s: float,
    to_degrees: Callable[[float, float], tuple[float, float]],
) -> dict[str, Any]:
    """A happening with UTC microseconds and degrees; an end after the scenario's end is null."""
    row: dict[str, Any] = asdict(happening)
    start_s, end_s, place_m = row.pop("start_s"), row.pop("end_s"), row.pop("place_m")
    row["start_us"] = start_us + round(start_s * 1_000_000)
    ends = None if end_s is None or end_s > until_s else start_us + round(end_s * 1_000_000)
    row["end_us"] = ends
    lat_deg, lon_deg = (None, None) if place_m is None else to_degrees(*place_m)
    return row | {"lat_deg": lat_deg, "lon_deg": lon_deg}


def events_truth(out_dir: Path) -> pa.Table:
    """The planted and other events of a simulated sea: TRUTH_EVENTS."""
    options = pj.ParseOptions(explicit_schema=TRUTH_EVENTS)
    return pj.read_json(out_dir / "truth.jsonl", parse_options=options).cast(TRUTH_EVENTS)


def lines_truth(out_dir: Path) -> pa.Table:
    """Which hull sent each line of a simulated sea: TRUTH_LINES."""
    return pq.read_table(out_dir / "truth.parquet")
