"""One IMO number sent under two MMSIs at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_time
from fairlead.events.identity_change import with_imo
from fairlead.events.memory import keys_and_bounds, recalled, record_type, remembered, walked
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, STATICS

_I64 = pa.int64()

MEMORY = Table(
    name="imo_shared_memory",
    doc="Per IMO number: the MMSI that sent it last, and how often two took turns.",
    columns=pa.schema(
        [
            column("imo", _I64, "the IMO number", required=True),
            column("time_us", _I64, "last message", required=True),
            column("last_mmsi", _I64, "its MMSI; 0 before any", required=True),
            column("last_id", _I64, "its observation", required=True),
            column("n_turns", _I64, "changes of MMSI in a row", required=True),
            column("first_us", _I64, "first change", required=True),
            column("first_id", _I64, "observation after it", required=True),
            column("from_id", _I64, "observation before it", required=True),
            column("first_mmsi", _I64, "MMSI before it", required=True),
            column("other_mmsi", _I64, "MMSI after it", required=True),
            column("turn_us", _I64, "last change", required=True),
            column("turn_id", _I64, "observation after it", required=True),
            column("opened", _I64, "1 once it was written", required=True),
        ]
    ),
    key="imo",
    time="time_us",
    ids=("imo",),
)
_RECORD = record_type(MEMORY)
_FOUND = np.dtype([("row", "i8"), ("ended", "i8"), ("shared", _RECORD)])


@dataclass(frozen=True, slots=True)
class ImoShared:
    """Two MMSIs send the same IMO number by turns: one of them is not the ship it says.

    Opens at the `turns_min`-th change from one MMSI to another; ends when none came for `quiet_s`.
    """

    turns_min: int = 4
    quiet_s: int = 3 * 86400

    kind: ClassVar[str] = "imo_shared"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "imo"
    reads: ClassVar[tuple[Table, ...]] = (STATICS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        statics = with_imo(batch[STATICS])
        keys, bounds = keys_and_bounds(statics["imo"].to_numpy(), carried["imo"].to_numpy())
        inputs = (
            bounds,
            statics["time_us"].to_numpy(),
            statics["observation_id"].to_numpy(),
            statics["mmsi"].to_numpy(),
            self.turns_min,
            self.quiet_s * 1_000_000,
        )
        records, found = walked(_walk, inputs, recalled(MEMORY, carried, keys), _FOUND)
        return remembered(MEMORY, records), Batch({EVENTS: self._events(statics, found)})

    def _events(self, statics: pa.Table, found: np.ndarray) -> pa.Table:
        if not len(found):
            return EVENTS.empty()
        shared, ended = found["shared"], found["ended"]
        low = np.minimum(shared["first_mmsi"], shared["other_mmsi"])
        high = np.maximum(shared["first_mmsi"], shared["other_mmsi"])
        return events_in_order(
            event_rows(
                self,
                time_us=statics["time_us"].to_numpy()[found["row"]],
                start_us=shared["first_us"],
                end_us=[
                    int(s["turn_us"]) if e else None for s, e in zip(shared, ended, strict=True)
                ],
                mmsi=low,
                other_mmsi=high,
                start_observation_id=shared["first_id"],
                confidence=np.minimum(0.95, 0.6 + 0.05 * shared["n_turns"]),
                detail=[
                    f"IMO {s['imo']} is sent by MMSI {a} and MMSI {b} by turns since "
                    f"{said_time(s['first_us'])}: {s['n_turns']} changes"
                    + (f", the last at {said_time(s['turn_us'])}." if e else ".")
                    for s, a, b, e in zip(shared, low, high, ended, strict=True)
                ],
                measures=[{"imo": int(s["imo"]), "changes": int(s["n_turns"])} for s in shared],
                evidence=[[s["from_id"], s["first_id"], s["turn_id"]] for s in shared],
            )
        )


@njit(cache=True, nogil=True)
def _walk(bounds, time_us, observation_id, mmsi, turns_min, quiet_us, records, found) -> int:
    n = 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            now = time_us[i]
            if m.n_turns > 0 and now - m.turn_us > quiet_us:
                if m.opened:
                    n = _write(found, n, i, 1, m)
                m.n_turns, m.opened = 0, 0
            if m.last_mmsi != 0 and mmsi[i] != m.last_mmsi:
                if m.n_turns == 0:
                    m.first_us, m.first_id, m.from_id = now, observation_id[i], m.last_id
                    m.first_mmsi, m.other_mmsi = m.last_mmsi, mmsi[i]
                m.n_turns += 1
                m.turn_us, m.turn_id = now, observation_id[i]
                if m.n_turns == turns_min:
                    m.opened = 1
                    n = _write(found, n, i, 0, m)
            m.time_us, m.last_mmsi, m.last_id = now, mmsi[i], observation_id[i]
    return n


@njit(cache=True, nogil=True)
def _write(found, n, row, ended, m) -> int:
    if n < len(found):
        found[n].row, found[n].ended = row, ended
        found[n].shared = m
    return n + 1
