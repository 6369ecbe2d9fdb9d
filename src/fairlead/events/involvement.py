"""Hands each event to every vessel that takes part in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, VESSEL_EVENTS

NOTHING = Table(
    name="involvement_memory",
    doc="Nothing is remembered.",
    columns=pa.schema(
        [
            column("mmsi", pa.int32(), "the vessel", required=True),
            column("time_us", pa.int64(), "never written", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("mmsi",),
)


@dataclass(frozen=True, slots=True)
class Involvement:
    """Gives each event once per vessel that takes part in it, with the partner beside it."""

    kind: ClassVar[str] = "involvement"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (EVENTS,)
    writes: ClassVar[tuple[Table, ...]] = (VESSEL_EVENTS,)
    carries: ClassVar[Table] = NOTHING

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        events = batch[EVENTS]
        first = _sided(events, "mmsi", "track_id", "other_mmsi", "other_track_id")
        two = events.filter(
            pc.and_kleene(
                pc.is_valid(events["other_mmsi"]),
                pc.fill_null(pc.not_equal(events["other_mmsi"], events["mmsi"]), False),
            )
        )
        second = _sided(two, "other_mmsi", "other_track_id", "mmsi", "track_id")
        rows = pa.concat_tables([first, second]).combine_chunks()
        if rows.num_rows > 1:
            ids = rows["event_id"].to_numpy(zero_copy_only=False)
            _, ranks = np.unique(ids, return_inverse=True)
            order = np.lexsort((ranks, rows["time_us"].to_numpy(), rows["mmsi"].to_numpy()))
            rows = rows.take(order)
        return NOTHING.empty(), Batch({VESSEL_EVENTS: rows})


def _sided(events: pa.Table, mmsi: str, track: str, partner: str, partner_track: str) -> pa.Table:
    """The events as the vessel in column `mmsi` sees them."""
    columns = {n: events[n] for n in VESSEL_EVENTS.columns.names if n in events.column_names}
    columns |= {
        "mmsi": events[mmsi],
        "track_id": events[track],
        "partner_mmsi": events[partner],
        "partner_track_id": events[partner_track],
    }
    return VESSEL_EVENTS.rows(columns, events.num_rows)
