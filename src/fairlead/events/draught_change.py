"""A draught that is another one after a silence or a stop at sea: cargo moved unseen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_duration, said_place, said_time
from fairlead.events.memory import keys_and_bounds, recalled, record_type, remembered, walked
from fairlead.geo.places import Places
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, SILENCES, STATICS, STOPS

_I64, _F64 = pa.int64(), pa.float64()
_SILENCE, _STOP = 1, 2

MEMORY = Table(
    name="draught_change_memory",
    doc="Per identity: its settled draught, a new one, and the last silence or stop that ended.",
    columns=pa.schema(
        [
            column("mmsi", _I64, "the identity", required=True),
            column("time_us", _I64, "last message with the settled draught", required=True),
            column("draught_m", _F64, "the settled draught; 0 before any", required=True),
            column("last_id", _I64, "last observation with it", required=True),
            column("n_seen", _I64, "messages with it", required=True),
            column("new_m", _F64, "a draught that may replace it", required=True),
            column("n_new", _I64, "messages with that", required=True),
            column("new_us", _I64, "first of them", required=True),
            column("new_id", _I64, "its observation", required=True),
            column("pause", _I64, "1 silence, 2 stop, 0 none", required=True),
            column("pause_start_us", _I64, "its start", required=True),
            column("pause_end_us", _I64, "its end", required=True),
            column("pause_lat_deg", _F64, "where it began", required=True),
            column("pause_lon_deg", _F64, "where it began", required=True),
            column("pause_first_id", _I64, "observation before it", required=True),
            column("pause_last_id", _I64, "observation at its end", required=True),
            column("pause_track", _I64, "the hull", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("mmsi",),
)
_RECORD = record_type(MEMORY)
_FOUND = np.dtype([("row", "i8"), ("change", _RECORD)])


@dataclass(frozen=True, slots=True)
class DraughtChange:
    """A vessel reports another draught within hours of a silence or a stop away from port.

    The new draught must differ by `change_m_min` and `change_share_min` and be sent `seen_min`
    times, first within `after_s` of the pause's end. Draught is typed in by hand, so a change
    without such a pause before it is no event. Stops count when `places` are given and none of
    them lies within `port_m`.
    """

    places: Places | None = None
    change_m_min: float = 0.8
    change_share_min: float = 0.08
    seen_min: int = 2
    silence_s_min: int = 3 * 3600
    stop_s_min: int = 4 * 3600
    after_s: int = 24 * 3600
    port_m: float = 15000.0

    kind: ClassVar[str] = "draught_change"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (STATICS, SILENCES, STOPS)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        rows = self._rows(batch)
        keys, bounds = keys_and_bounds(rows["mmsi"], carried["mmsi"].to_numpy())
        inputs = (
            bounds,
            rows["time_us"],
            rows["observation_id"],
            rows["draught_m"],
            rows["pause"],
            rows["start_us"],
            rows["lat_deg"],
            rows["lon_deg"],
            rows["first_id"],
            rows["track_id"],
            self.change_m_min,
            self.change_share_min,
            self.seen_min,
            self.after_s * 1_000_000,
        )
        records, found = walked(_walk, inputs, recalled(MEMORY, carried, keys), _FOUND)
        return remembered(MEMORY, records), Batch({EVENTS: self._events(rows, found)})

    def _rows(self, batch: Batch) -> dict[str, np.ndarray]:
        """Draughts said and pauses ended, by MMSI and time."""
        parts = [_draughts(batch[STATICS]), self._silences(batch[SILENCES])]
        parts.append(self._stops(batch[STOPS]))
        rows = {n: np.concatenate([p[n] for p in parts]) for n in parts[0]}
        order = np.lexsort((rows["observation_id"], rows["pause"], rows["time_us"], rows["mmsi"]))
        return {n: v[order] for n, v in rows.items()}

    def _silences(self, silences: pa.Table) -> dict[str, np.ndarray]:
        ended = silences.filter(silences["end_us"].is_valid())
        lasted_us = ended["end_us"].to_numpy() - ended["start_us"].to_numpy()
        return _pauses(
            ended.filter(pa.array(lasted_us >= self.silence_s_min * 1_000_000)), _SILENCE
        )

    def _stops(self, stops: pa.Table) -> dict[str, np.ndarray]:
        ended = stops.filter(stops["end_us"].is_valid())
        if self.places is None:
            return _pauses(ended.slice(0, 0), _STOP)
        lasted_us = ended["end_us"].to_numpy() - ended["start_us"].to_numpy()
        near, _ = self.places.nearest(
            ended["lat_deg"].to_numpy(), ended["lon_deg"].to_numpy(), self.port_m
        )
        kept = (lasted_us >= self.stop_s_min * 1_000_000) & (near < 0)
        return _pauses(ended.filter(pa.array(kept)), _STOP)

    def _events(self, rows: dict[str, np.ndarray], found: np.ndarray) -> pa.Table:
        if not len(found):
            return EVENTS.empty()
        change = found["change"]
        share = np.abs(change["new_m"] - change["draught_m"]) / np.maximum(
            change["new_m"], change["draught_m"]
        )
        silent = change["pause"] == _SILENCE
        return events_in_order(
            event_rows(
                self,
                time_us=rows["time_us"][found["row"]],
                start_us=change["pause_start_us"],
                end_us=change["new_us"],
                lat_deg=change["pause_lat_deg"],
                lon_deg=change["pause_lon_deg"],
                track_id=change["pause_track"],
                mmsi=change["mmsi"],
                start_observation_id=change["new_id"],
                confidence=np.minimum(0.9, 0.45 + 0.8 * share + 0.1 * silent),
                detail=[_sentence(c) for c in change],
                measures=[
                    {
                        "draught_before_m": round(c["draught_m"], 1),
                        "draught_after_m": round(c["new_m"], 1),
                        "pause": "silence" if c["pause"] == _SILENCE else "stop",
                        "pause_h": (c["pause_end_us"] - c["pause_start_us"]) / 3.6e9,
                    }
                    for c in change
                ],
                evidence=[
                    [c["last_id"], c["pause_first_id"], c["pause_last_id"], c["new_id"]]
                    for c in change
                ],
            )
        )


def _sentence(c: np.void) -> str:
    did = "was silent" if c["pause"] == _SILENCE else "lay still away from port"
    return (
        f"Draught {c['draught_m']:.1f} m until {said_time(c['time_us'])}, {c['new_m']:.1f} m since "
        f"{said_time(c['new_us'])}; between, it {did} for "
        f"{said_duration(c['pause_end_us'] - c['pause_start_us'])} from "
        f"{said_place(c['pause_lat_deg'], c['pause_lon_deg'])}."
    )


def _draughts(statics: pa.Table) -> dict[str, np.ndarray]:
    draught = to_numpy(statics, "draught_m").astype(np.float64)
    said = np.flatnonzero(draught > 0.0)
    zeros = np.zeros(len(said), np.int64)
    return {
        "mmsi": statics["mmsi"].to_numpy()[said].astype(np.int64),
        "time_us": statics["time_us"].to_numpy()[said],
        "observation_id": statics["observation_id"].to_numpy()[said],
        "draught_m": draught[said],
        "pause": zeros,
        "start_us": zeros,
        "lat_deg": zeros.astype(np.float64),
        "lon_deg": zeros.astype(np.float64),
        "first_id": zeros,
        "track_id": zeros,
    }


def _pauses(rows: pa.Table, pause: int) -> dict[str, np.ndarray]:
    silence = pause == _SILENCE
    last = "end_observation_id" if silence else "last_observation_id"
    return {
        "mmsi": rows["mmsi"].to_numpy().astype(np.int64),
        "time_us": rows["time_us"].to_numpy(),
        "observation_id": to_numpy(rows, last, 0),
        "draught_m": np.zeros(rows.num_rows),
        "pause": np.full(rows.num_rows, pause, np.int64),
        "start_us": rows["start_us"].to_numpy(),
        "lat_deg": rows["start_lat_deg" if silence else "lat_deg"].to_numpy(),
        "lon_deg": rows["start_lon_deg" if silence else "lon_deg"].to_numpy(),
        "first_id": rows["start_observation_id"].to_numpy(),
        "track_id": rows["track_id"].to_numpy(),
    }


@njit(cache=True, nogil=True)
def _walk(
    bounds,
    time_us,
    observation_id,
    draught_m,
    pause,
    start_us,
    lat_deg,
    lon_deg,
    first_id,
    track_id,
    change_m_min,
    change_share_min,
    seen_min,
    after_us,
    records,
    found,
) -> int:
    n = 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            if pause[i] != 0:
                m.pause, m.pause_start_us, m.pause_end_us = pause[i], start_us[i], time_us[i]
                m.pause_lat_deg, m.pause_lon_deg = lat_deg[i], lon_deg[i]
                m.pause_first_id, m.pause_last_id = first_id[i], observation_id[i]
                m.pause_track = track_id[i]
                continue
            if m.n_seen == 0 or abs(draught_m[i] - m.draught_m) < 0.05:
                m.draught_m, m.time_us, m.last_id = draught_m[i], time_us[i], observation_id[i]
                m.n_seen += 1
                m.n_new = 0
                continue
            if m.n_new == 0 or abs(draught_m[i] - m.new_m) >= 0.05:
                m.new_m, m.n_new = draught_m[i], 0
                m.new_us, m.new_id = time_us[i], observation_id[i]
            m.n_new += 1
            if m.n_new < seen_min:
                continue
            changed_m = abs(m.new_m - m.draught_m)
            large = changed_m >= change_m_min and changed_m >= change_share_min * m.draught_m
            paused = (
                m.pause != 0
                and m.new_us - m.pause_end_us <= after_us
                and m.new_us > m.pause_start_us
                and m.time_us <= m.pause_end_us
            )
            if large and paused and m.n_seen >= seen_min:
                if n < len(found):
                    found[n].row = i
                    found[n].change = m
                n += 1
            m.draught_m, m.n_seen, m.n_new = m.new_m, m.n_new, 0
            m.time_us, m.last_id = time_us[i], observation_id[i]
    return n
