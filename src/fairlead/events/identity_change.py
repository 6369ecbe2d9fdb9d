"""An identity that calls itself something else from one day on.

Values are compared in capitals without marks and padding. A new value counts when it was said
`seen_min` times (more often where it differs by one letter only) and the old one was not said in
between; a value that comes and goes is a disagreement, which the identities table keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from fairlead.events.event import event_rows, events_in_order, said_time
from fairlead.events.memory import keys_and_bounds
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, column
from fairlead.schema.tables import EVENTS, STATICS

_I64, _TEXT = pa.int64(), pa.string()


def _memory(name: str, key: str, doc: str) -> Table:
    return Table(
        name=name,
        doc=doc,
        columns=pa.schema(
            [
                column(key, _I64, "the key", required=True),
                column("field", _I64, "number of the field", required=True),
                column("time_us", _I64, "last message with the settled value", required=True),
                column("value", _TEXT, "the settled value", required=True),
                column("n_seen", _I64, "messages with it", required=True),
                column("first_id", _I64, "first of them", required=True),
                column("last_id", _I64, "last of them", required=True),
                column("new_value", _TEXT, "a value that may replace it", required=True),
                column("n_new", _I64, "messages with that", required=True),
                column("new_us", _I64, "first of them", required=True),
                column("new_id", _I64, "its observation", required=True),
                column("n_returns", _I64, "times the settled value came back", required=True),
                column("return_us", _I64, "last of them", required=True),
            ]
        ),
        key=key,
        time="time_us",
        ids=("field",),
    )


MEMORY = _memory("identity_change_memory", "mmsi", "Per identity and field: its value.")
MMSI_MEMORY = _memory("mmsi_change_memory", "imo", "Per IMO number: the MMSI that sends it.")

_DAY_US = 86_400_000_000
_STATE = np.dtype(
    [
        (n, "i8")
        for n in (
            "value",
            "n_seen",
            "first_id",
            "time_us",
            "last_id",
            "new_value",
            "n_new",
            "new_us",
            "new_id",
            "n_returns",
            "return_us",
        )
    ]
)
_FOUND = np.dtype([("row", "i8"), ("key", "i8"), ("state", _STATE)])
_COUNTS = tuple(n for n in _STATE.names or () if n not in ("value", "new_value"))
_FIELDS = ("name", "callsign", "imo")


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """A vessel's name, call sign or IMO number changes from one value to another.

    The new value is said `seen_min` times over `lasting_s`, `seen_min_near` times where it is one
    letter from the old one, and the old one is not said in between. Values that went to and fro
    over `returns_max` times a day are two ships' (`mmsi_shared`), or a disagreement.
    """

    seen_min: int = 3
    seen_min_near: int = 8
    lasting_s: int = 600
    returns_max: int = 4

    kind: ClassVar[str] = "identity_change"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (STATICS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        statics = batch[STATICS]
        memory, events = [], []
        for number, name in enumerate(_FIELDS):
            values = _said(statics, name)
            kept, found, words = _followed(
                MEMORY,
                carried,
                number,
                statics,
                values,
                (self.seen_min, self.seen_min_near, self.lasting_s * 1_000_000, self.returns_max),
            )
            memory.append(kept)
            bare = np.array([w.replace(" ", "") for w in words] or [""], object)
            changed = bare[found["state"]["value"]] != bare[found["state"]["new_value"]]
            events.append(self._events(statics, found[changed], words, name))
        return in_key_order(MEMORY, memory), Batch({EVENTS: events_in_order(*events)})

    def _events(
        self, statics: pa.Table, found: np.ndarray, words: list[str], name: str
    ) -> pa.Table:
        state = found["state"]
        old, new = [words[v] for v in state["value"]], [words[v] for v in state["new_value"]]
        said = {"name": "Name", "callsign": "Call sign", "imo": "IMO number"}[name]
        weight = {"name": 0.9, "callsign": 0.85, "imo": 0.9}[name]
        return event_rows(
            self,
            time_us=statics["time_us"].to_numpy()[found["row"]],
            start_us=state["new_us"],
            end_us=state["new_us"],
            mmsi=found["key"],
            start_observation_id=state["new_id"] ^ _FIELDS.index(name),
            confidence=weight - 0.3 / np.maximum(1, state["n_seen"]),
            detail=[
                f"{said} changed from {quoted(a)} to {quoted(b)}: {quoted(a)} last said at "
                f"{said_time(s['time_us'])}, {quoted(b)} first said at {said_time(s['new_us'])}."
                for a, b, s in zip(old, new, state, strict=True)
            ],
            measures=[
                {"field": name, "old": a, "new": b, "n_old": int(s["n_seen"]), "letters": near}
                for a, b, s, near in zip(
                    old,
                    new,
                    state,
                    [letters_apart(a, b) for a, b in zip(old, new, strict=True)],
                    strict=True,
                )
            ],
            evidence=[
                [s["first_id"], s["last_id"], s["new_id"], o]
                for s, o in zip(
                    state, statics["observation_id"].to_numpy()[found["row"]], strict=True
                )
            ],
        )


@dataclass(frozen=True, slots=True)
class MmsiChange:
    """A hull's IMO number, sent under one MMSI until now, is sent under another.

    Sent `seen_min` times over `lasting_s` under the new one, and not under the old one meanwhile.
    A number that went to and fro over `returns_max` times a day is on two ships (`imo_shared`).
    """

    seen_min: int = 3
    lasting_s: int = 2 * 3600
    returns_max: int = 2

    kind: ClassVar[str] = "mmsi_change"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "imo"
    reads: ClassVar[tuple[Table, ...]] = (STATICS,)
    writes: ClassVar[tuple[Table, ...]] = (EVENTS,)
    carries: ClassVar[Table] = MMSI_MEMORY

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:  # noqa: ARG002
        statics = with_imo(batch[STATICS])
        values = statics["mmsi"].cast(pa.string())
        kept, found, words = _followed(
            MMSI_MEMORY,
            carried,
            0,
            statics,
            values,
            (self.seen_min, self.seen_min, self.lasting_s * 1_000_000, self.returns_max),
        )
        return kept, Batch({EVENTS: self._events(statics, found, words)})

    def _events(self, statics: pa.Table, found: np.ndarray, words: list[str]) -> pa.Table:
        if not len(found):
            return EVENTS.empty()
        state, row = found["state"], found["row"]
        old, new = [words[v] for v in state["value"]], [words[v] for v in state["new_value"]]
        flags = statics["flag"].cast(pa.string()).take(pa.array(row)).to_pylist()
        return events_in_order(
            event_rows(
                self,
                time_us=statics["time_us"].to_numpy()[row],
                start_us=state["new_us"],
                end_us=state["new_us"],
                mmsi=[int(b) for b in new],
                other_mmsi=[int(a) for a in old],
                start_observation_id=state["new_id"],
                confidence=0.95 - 0.3 / np.maximum(1, state["n_seen"]),
                detail=[
                    f"IMO {i} sent as MMSI {a} until {said_time(s['time_us'])} and as MMSI {b} "
                    f"({flag or 'no flag'}) since {said_time(s['new_us'])}."
                    for i, a, b, s, flag in zip(found["key"], old, new, state, flags, strict=True)
                ],
                measures=[
                    {
                        "imo": int(i),
                        "old_mmsi": int(a),
                        "new_mmsi": int(b),
                        "same_flag": a[:3] == b[:3],
                    }
                    for i, a, b in zip(found["key"], old, new, strict=True)
                ],
                evidence=[
                    [s["first_id"], s["last_id"], s["new_id"], o]
                    for s, o in zip(state, statics["observation_id"].to_numpy()[row], strict=True)
                ],
            )
        )


def with_imo(statics: pa.Table) -> pa.Table:
    """The rows whose IMO number holds its check digit."""
    valid = statics["imo_valid"].fill_null(False)
    return statics if pc.all(valid).as_py() else statics.filter(valid)


def quoted(text: str) -> str:
    """Hostile text for a sentence: printable, short, in quotation marks."""
    kept = "".join(c for c in text if c.isprintable())[:40].replace('"', "'")
    return f'"{kept}"'


def letters_apart(left: str, right: str) -> int:
    """Edit distance (Levenshtein 1966) of two short texts."""
    before = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        now = [i]
        for j, b in enumerate(right, start=1):
            now.append(min(before[j] + 1, now[-1] + 1, before[j - 1] + (a != b)))
        before = now
    return before[-1]


def in_key_order(table: Table, parts: list[pa.Table]) -> pa.Table:
    rows = pa.concat_tables(parts).combine_chunks()
    return rows.take(np.lexsort((rows["field"].to_numpy(), rows[table.key].to_numpy())))


def _said(statics: pa.Table, name: str) -> pa.Array:
    """The field in comparable form; null where nothing is said."""
    if name == "imo":
        valid = statics["imo_valid"].fill_null(False)
        text = pc.if_else(valid, statics["imo"].cast(pa.string()), pa.scalar(None, pa.string()))
    else:
        text = pc.replace_substring_regex(
            pc.utf8_upper(statics[name]), pattern="[^A-Z0-9]+", replacement=" "
        )
        text = pc.utf8_trim_whitespace(text)
        if name == "callsign":
            text = pc.if_else(pc.match_substring_regex(text, "[1-9A-Z]"), text, None)
        text = pc.if_else(pc.greater_equal(pc.utf8_length(text), 2), text, None)
    return text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text


def _followed(
    table: Table,
    carried: pa.Table,
    field: int,
    statics: pa.Table,
    values: pa.Array | pa.ChunkedArray,
    needed: tuple[int, int, int, int],
) -> tuple[pa.Table, np.ndarray, list[str]]:
    """Walk a field of every key; memory after it, changes found, and the words behind numbers."""
    carried = table.conform(carried).filter(pc.equal(table.conform(carried)["field"], field))
    both = pa.chunked_array(
        [
            *(c.cast(pa.string()) for c in _chunks(values)),
            *_chunks(carried["value"]),
            *_chunks(carried["new_value"]),
        ],
        pa.string(),
    )
    coded = pc.dictionary_encode(both).combine_chunks()
    words = coded.dictionary.to_pylist()
    numbers = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    n, m = statics.num_rows, carried.num_rows
    said = np.flatnonzero(numbers[:n] >= 0)
    row_keys = to_numpy(statics, table.key)[said].astype(np.int64)
    keys, bounds = keys_and_bounds(row_keys, carried[table.key].to_numpy())
    states: Any = np.zeros(len(keys), _STATE)
    at = np.searchsorted(keys, carried[table.key].to_numpy())
    for name in _COUNTS:
        states[name][at] = carried[name].to_numpy()
    states["value"][at], states["new_value"][at] = numbers[n : n + m], numbers[n + m :]
    letters = np.frombuffer("".join(words).encode("ascii", "replace"), np.uint8)
    word_ends = np.cumsum([0, *(len(w) for w in words)]).astype(np.int64)
    found: Any = np.zeros(len(said), _FOUND)
    n_found = _walk(
        bounds,
        said,
        statics["time_us"].to_numpy(),
        statics["observation_id"].to_numpy(),
        numbers,
        letters,
        word_ends,
        *needed,
        states,
        found,
    )
    found = found[:n_found]
    found["key"] = to_numpy(statics, table.key)[found["row"]]
    kept = {name: np.ascontiguousarray(states[name]) for name in _COUNTS}
    dictionary = pa.array(words or [""], pa.string())
    kept |= {
        table.key: keys,
        "field": np.full(len(keys), field),
        "value": dictionary.take(pa.array(states["value"])),
        "new_value": dictionary.take(pa.array(states["new_value"])),
    }
    return table.rows(kept, len(keys)), found, words


def _chunks(values: pa.Array | pa.ChunkedArray) -> list[pa.Array]:
    return values.chunks if isinstance(values, pa.ChunkedArray) else [values]


@njit(cache=True, nogil=True)
def _walk(
    bounds,
    said,
    time_us,
    observation_id,
    numbers,
    letters,
    word_ends,
    seen_min,
    seen_min_near,
    lasting_us,
    returns_max,
    states,
    found,
) -> int:
    n = 0
    for k in range(len(states)):
        m = states[k]
        for j in range(bounds[k], bounds[k + 1]):
            i = said[j]
            if m.n_seen == 0 or numbers[i] == m.value:
                if m.n_seen == 0:
                    m.value, m.first_id = numbers[i], observation_id[i]
                    m.new_value = numbers[i]
                elif m.n_new > 0:
                    recent = time_us[i] - m.return_us < _DAY_US
                    m.n_returns = m.n_returns + 1 if recent else 1
                    m.return_us = time_us[i]
                m.n_seen += 1
                m.time_us, m.last_id, m.n_new = time_us[i], observation_id[i], 0
                continue
            if m.n_new == 0 or numbers[i] != m.new_value:
                m.new_value, m.n_new = numbers[i], 0
                m.new_us, m.new_id = time_us[i], observation_id[i]
            m.n_new += 1
            needed = seen_min
            if m.n_new < seen_min_near and _near(letters, word_ends, m.value, m.new_value):
                needed = seen_min_near
            if m.n_new < needed or time_us[i] - m.new_us < lasting_us:
                continue
            settled = time_us[i] - m.return_us >= _DAY_US or m.n_returns <= returns_max
            if m.n_seen >= seen_min and settled:
                found[n].row = i
                found[n].state = m
                n += 1
            m.value, m.n_seen, m.first_id = m.new_value, m.n_new, m.new_id
            m.time_us, m.last_id, m.n_new = time_us[i], observation_id[i], 0
    return n


@njit(cache=True, nogil=True)
def _near(letters, word_ends, left, right) -> bool:
    """At most one letter changed, added or left out."""
    a, b = word_ends[left], word_ends[right]
    n, m = word_ends[left + 1] - a, word_ends[right + 1] - b
    if abs(n - m) > 1:
        return False
    front = 0
    while front < min(n, m) and letters[a + front] == letters[b + front]:
        front += 1
    back = 0
    while back < min(n, m) - front and letters[a + n - 1 - back] == letters[b + m - 1 - back]:
        back += 1
    return max(n, m) - front - back <= 1
