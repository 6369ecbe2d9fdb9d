"""Identities that contradict themselves, or one another."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from fairlead.events.callsign_series import said_states, states_of
from fairlead.events.event import event_rows, events_in_order, said_time
from fairlead.events.identity_change import in_key_order, quoted
from fairlead.events.memory import keys_and_bounds, recalled, record_type, remembered, walked
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, code, column
from fairlead.schema.tables import EVENTS, STATICS, STATION_CLASSES

_I64 = pa.int64()

MEMORY = Table(
    name="identity_conflict_memory",
    doc="Per identity and kind of contradiction: how long it has been said.",
    columns=pa.schema(
        [
            column("mmsi", _I64, "the identity", required=True),
            column("field", _I64, "number of the contradiction", required=True),
            column("time_us", _I64, "last message with it", required=True),
            column("value", _I64, "hash of the value that contradicts", required=True),
            column("n_seen", _I64, "messages with it in a row", required=True),
            column("n_fine", _I64, "messages without it since", required=True),
            column("first_us", _I64, "first message with it", required=True),
            column("first_id", _I64, "its observation", required=True),
            column("last_id", _I64, "last observation with it", required=True),
            column("opened", _I64, "1 once it was written", required=True),
        ]
    ),
    key="mmsi",
    time="time_us",
    ids=("field",),
)
_RECORD = record_type(MEMORY)
_FOUND = np.dtype([("row", "i8"), ("ended", "i8"), ("said", _RECORD)])
_KINDS = ("imo_invalid", "mid_unallocated", "callsign_flag")
_SHIP_SIGN = re.compile(r"..[A-Z]{2}[2-9]?[0-9]?$|.[A-Z][0-9]{4}$|..[A-Z][0-9]{4}$")
"""Radio Regulations 19.55 and 19.56, with a digit more where registers use one."""
_LETTERS = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class IdentityConflict:
    """An identity contradicts itself: its IMO number, its country digits or its call sign.

    Said `seen_min` times over `lasting_s` or more: an IMO number whose check digit is wrong, an
    MMSI whose first digits belong to no country, a call sign of another country than the MMSI's.
    Ends when the same number of messages are without it, or the value changes.
    """

    seen_min: int = 5
    lasting_s: int = 1800

    kind: ClassVar[str] = "identity_conflict"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (STATICS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        statics = batch[STATICS]
        mmsi = statics["mmsi"].to_numpy()
        memory, events = [], []
        for number, (wrong, value) in enumerate((_imo(statics), _mid(statics), _call(statics))):
            known = carried.filter(pc.equal(carried["field"], number))
            keys, bounds = keys_and_bounds(mmsi, known["mmsi"].to_numpy())
            records = recalled(MEMORY, known, keys)
            records["field"] = number
            inputs = (
                bounds,
                statics["time_us"].to_numpy(),
                statics["observation_id"].to_numpy(),
                wrong,
                value,
                self.seen_min,
                self.lasting_s * 1_000_000,
            )
            records, found = walked(_contradict, inputs, records, _FOUND)
            # Nothing contradictory so far is nothing to remember.
            memory.append(remembered(MEMORY, records[records["n_seen"] > 0]))
            events.append(self._events(statics, found, number))
        return in_key_order(MEMORY, memory), Batch({EVENTS: events_in_order(*events)})

    def _events(self, statics: pa.Table, found: np.ndarray, number: int) -> pa.Table:
        said, ended = found["said"], found["ended"]
        flags = statics["flag"].cast(pa.string()).take(pa.array(found["row"])).to_pylist()
        told = [_told(number, s, flag) for s, flag in zip(said, flags, strict=True)]
        return event_rows(
            self,
            time_us=statics["time_us"].to_numpy()[found["row"]],
            start_us=said["first_us"],
            end_us=[int(s["time_us"]) if e else None for s, e in zip(said, ended, strict=True)],
            mmsi=said["mmsi"],
            start_observation_id=said["first_id"] ^ number,
            confidence=[c for _, c, _ in told],
            detail=[
                f"{t}, said since {said_time(s['first_us'])}"
                + (f" until {said_time(s['time_us'])}." if e else ".")
                for (t, _, _), s, e in zip(told, said, ended, strict=True)
            ],
            measures=[
                {"conflict": _KINDS[number], "messages": int(s["n_seen"])} | m
                for (_, _, m), s in zip(told, said, strict=True)
            ],
            evidence=[[s["first_id"], s["last_id"]] for s in said],
        )


def _told(number: int, said: np.void, flag: str | None) -> tuple[str, float, dict]:
    """Sentence, confidence and measures of a contradiction."""
    if number == 0:
        imo = int(said["value"])
        if not 1_000_000 <= imo <= 9_999_999:
            return f"The IMO number {imo} has not seven digits", 0.4, {"imo": imo}
        return f"The IMO number {imo} has a wrong check digit", 0.8, {"imo": imo}
    if number == 1:
        mid = int(said["mmsi"]) // 1_000_000
        return f"The MMSI begins with {mid}, which no country has", 0.9, {"mid": mid}
    callsign = _unpacked(int(said["value"]))
    states = states_of(callsign)
    text = f"The call sign {quoted(callsign)} belongs to {said_states(states)}, the MMSI to {flag}"
    return text, 0.6, {"callsign": callsign, "callsign_states": sorted(states), "mmsi_flag": flag}


def _imo(statics: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    imo = to_numpy(statics, "imo", 0).astype(np.int64)
    valid = statics["imo_valid"].fill_null(False).to_numpy()
    return np.where(imo <= 0, -1, np.where(valid, 0, 1)).astype(np.int8), imo


def _mid(statics: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    ship = statics["station_class"].to_numpy() == code(STATION_CLASSES, "ship")
    unknown = statics["flag"].is_null().to_numpy()
    return np.where(ship, unknown, -1).astype(np.int8), np.ones(len(ship), np.int64)


def _call(statics: pa.Table) -> tuple[np.ndarray, np.ndarray]:
    """A call sign of a foreign series; what has not the form of a ship's says nothing."""
    signs = pc.replace_substring_regex(
        pc.utf8_upper(statics["callsign"]), pattern="[^A-Z0-9]", replacement=""
    )
    flags = statics["flag"].cast(pa.string())
    pairs = pc.binary_join_element_wise(signs, flags, " ").combine_chunks().dictionary_encode()
    rules, values = [], []
    for pair in pairs.dictionary.to_pylist():
        sign, flag = pair.split(" ")
        states = states_of(sign) if _SHIP_SIGN.match(sign) else frozenset()
        rules.append(-1 if not states else int(flag not in states))
        values.append(_packed(sign))
    at = pairs.indices.fill_null(len(rules)).to_numpy(zero_copy_only=False)
    rule, value = np.array([*rules, -1], np.int8), np.array([*values, 0], np.int64)
    ship = statics["station_class"].to_numpy() == code(STATION_CLASSES, "ship")
    return np.where(ship, rule[at], -1).astype(np.int8), value[at]


def _packed(sign: str) -> int:
    """Up to seven letters and digits as one integer."""
    total = 0
    for letter in sign[:7]:
        total = total * len(_LETTERS) + _LETTERS.index(letter)
    return total


def _unpacked(value: int) -> str:
    sign = ""
    while value:
        value, place = divmod(value, len(_LETTERS))
        sign = _LETTERS[place] + sign
    return sign


@njit(cache=True, nogil=True)
def _contradict(
    bounds, time_us, observation_id, wrong, value, seen_min, lasting_us, records, found
) -> int:
    n = 0
    for k in range(len(records)):
        m = records[k]
        for i in range(bounds[k], bounds[k + 1]):
            if wrong[i] < 0:
                continue
            if wrong[i] == 0:
                m.n_fine += 1
                if m.n_seen > 0 and m.n_fine >= seen_min:
                    n = _close(m, i, found, n)
                continue
            if m.n_seen > 0 and value[i] != m.value:
                n = _close(m, i, found, n)
            if m.n_seen == 0:
                m.first_us, m.first_id, m.value = time_us[i], observation_id[i], value[i]
            m.n_seen += 1
            m.n_fine = 0
            m.time_us, m.last_id = time_us[i], observation_id[i]
            lasted_us = time_us[i] - m.first_us
            if not m.opened and m.n_seen >= seen_min and lasted_us >= lasting_us:
                m.opened = 1
                n = _write(found, n, i, 0, m)
    return n


@njit(cache=True, nogil=True)
def _close(m, row, found, n) -> int:
    if m.opened:
        n = _write(found, n, row, 1, m)
    m.n_seen, m.n_fine, m.opened = 0, 0, 0
    return n


@njit(cache=True, nogil=True)
def _write(found, n, row, ended, m) -> int:
    if n < len(found):
        found[n].row, found[n].ended = row, ended
        found[n].said = m
    return n + 1
