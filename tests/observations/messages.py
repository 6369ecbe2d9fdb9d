"""Made-up decoded messages for tests of observing, one dict per row; times in seconds."""

import zlib

import pyarrow as pa

from fairlead.schema.span import Span
from fairlead.schema.step import Batch, Step, in_order
from fairlead.schema.table import Table, code
from fairlead.schema.tables import POSITION_MESSAGES, STATIC_MESSAGES, TIME_BASES

T0_S = 1_600_000_020  # a full minute
S_US = 1_000_000


def message(table: Table, at_s: float, mmsi: int = 219000001, **values) -> dict:
    """One row; `offset` is where it stands in the source, `payload` what was sent."""
    time_us = round((T0_S + at_s) * S_US)
    payload = values.pop("payload", f"{mmsi} {at_s}")
    row = {
        "time_us": time_us,
        "mmsi": mmsi,
        "received_us": time_us,
        "time_basis": code(TIME_BASES, values.pop("basis", "tag")),
        "msg_type": 1 if table is POSITION_MESSAGES else 5,
        "payload_hash": zlib.crc32(str(payload).encode()),
        "source": "a.nmea",
        "raw_offset": values.pop("offset", round(at_s * 1000)),
        "line": 1,
    }
    if table is POSITION_MESSAGES:
        row |= {"lat_deg": 54.0, "lon_deg": 10.0}
    return row | values


def position(at_s: float, mmsi: int = 219000001, **values) -> dict:
    return message(POSITION_MESSAGES, at_s, mmsi, **values)


def static(at_s: float, mmsi: int = 219000001, **values) -> dict:
    return message(STATIC_MESSAGES, at_s, mmsi, **values)


def table_of(table: Table, rows: list[dict]) -> pa.Table:
    return in_order(table, "mmsi", pa.Table.from_pylist(rows, schema=table.columns))


def run(
    step: Step, rows: pa.Table, cuts_s: tuple[float, ...] = (), groups: int = 1
) -> dict[str, list[dict]]:
    """All rows that the step writes when time is cut there and keys are dealt to `groups` calls."""
    source, until_s = step.reads[0], 100_000
    whole = Span((T0_S - 100) * S_US, (T0_S + until_s) * S_US)
    written: dict[str, list[dict]] = {table.name: [] for table in step.writes}
    for group in range(groups):
        chosen = [m % groups == group for m in rows["mmsi"].to_pylist()]
        mine = rows.filter(pa.array(chosen, pa.bool_()))
        carried = step.carries.empty()
        for span in whole.cut(*(round((T0_S + c) * S_US) for c in cuts_s)):
            times = mine[source.time].to_numpy()
            inside = mine.filter(pa.array((times >= span.since_us) & (times < span.until_us)))
            carried = _due(step, carried, inside, span)
            rest, (carried, out) = carried[1], step.step(carried[0], Batch({source: inside}), span)
            carried = pa.concat_tables([rest, carried])
            for table in step.writes:
                written[table.name] += out[table].to_pylist()
    return {
        table.name: sorted(written[table.name], key=lambda r: str([r[c] for c in table.ids]))
        for table in step.writes
    }


def _due(step: Step, carried: pa.Table, batch: pa.Table, span: Span) -> tuple[pa.Table, pa.Table]:
    """Carried rows of the keys in the batch or due to wake, and the rest, as an engine deals."""
    keys = set(batch[step.key].to_pylist())
    if "wake_us" in step.carries.columns.names:
        keys |= {
            row[step.key]
            for row in carried.to_pylist()
            if row["wake_us"] is not None and row["wake_us"] < span.until_us
        }
    due = pa.array([k in keys for k in carried[step.key].to_pylist()], pa.bool_())
    return carried.filter(due).sort_by(step.key), carried.filter(pa.compute.invert(due))
