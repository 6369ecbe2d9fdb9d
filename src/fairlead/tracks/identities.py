"""The identity timeline: what an MMSI says of itself, each value with first and last seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from fairlead.schema.ids import content_id
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table
from fairlead.schema.tables import IDENTITIES, STATICS

FIELDS = ("name", "callsign", "imo", "flag", "ship_type", "dimensions", "destination")
"""What is followed; a field's place here is its code."""

SAID = Table(
    name="said",
    doc="Each value that an MMSI has said of itself and that is still followed.",
    columns=IDENTITIES.columns,
    key="mmsi",
    time="first_seen_us",
    ids=("identity_id",),
)

_H_US = 3_600_000_000
_PADDING = " @\t\r\n\0"
_GROUP, _TEXT, _FIRST, _LAST, _N, _FIRST_ID, _LAST_ID, _DISAGREES, _ORIGIN, _CHANGED, _STAYS = (
    range(11)
)
_WIDTH = 11
_NUMBERS = {
    "first_seen_us": _FIRST,
    "last_seen_us": _LAST,
    "n_seen": _N,
    "first_observation_id": _FIRST_ID,
    "last_observation_id": _LAST_ID,
    "disagrees": _DISAGREES,
}


@njit(cache=True, nogil=True)
def _let_go(slots: np.ndarray, n: int) -> int:
    """Of the first n values the one said least, of equals the one not said for longest."""
    worst = 0
    for i in range(1, n):
        a, b = slots[i], slots[worst]
        if (a[_N], a[_LAST], a[_LAST_ID]) < (b[_N], b[_LAST], b[_LAST_ID]):
            worst = i
    return worst


@njit(cache=True, nogil=True)
def _hold_against(slots: np.ndarray, n: int, at: int, time_us: int, window_us: int) -> None:
    """Mark what was said by turns with value `at`, which is being said again."""
    again = slots[at]
    if time_us - again[_LAST] > window_us:
        return
    for i in range(n):
        other = slots[i]
        since = (other[_LAST], other[_LAST_ID]) > (again[_LAST], again[_LAST_ID])
        if i != at and since and other[_N] >= 2:
            for row in (i, at):
                if not slots[row, _DISAGREES]:
                    slots[row, _DISAGREES] = 1
                    slots[row, _CHANGED] = 1


@njit(cache=True, nogil=True)
def _say(
    slots: np.ndarray,
    n: int,
    group: int,
    text: int,
    time_us: int,
    observation_id: int,
    origin: int,
    window_us: int,
) -> int:
    """Enter one statement among the n values of its group; the new number of values."""
    for i in range(n):
        if slots[i, _TEXT] == text:
            _hold_against(slots, n, i, time_us, window_us)
            slots[i, _LAST] = time_us
            slots[i, _LAST_ID] = observation_id
            slots[i, _N] += 1
            slots[i, _CHANGED] = 1
            return n
    slots[n, _GROUP], slots[n, _TEXT] = group, text
    slots[n, _FIRST], slots[n, _LAST] = time_us, time_us
    slots[n, _FIRST_ID], slots[n, _LAST_ID] = observation_id, observation_id
    slots[n, _N], slots[n, _DISAGREES] = 1, 0
    slots[n, _ORIGIN], slots[n, _CHANGED], slots[n, _STAYS] = origin, 1, 1
    return n + 1


@njit(cache=True, nogil=True)
def _follow(
    known: np.ndarray,
    groups: np.ndarray,
    texts: np.ndarray,
    rows: np.ndarray,
    time_us: np.ndarray,
    ids: np.ndarray,
    window_us: int,
    values_max: int,
) -> np.ndarray:
    """Values after the statements: int64, shape (n, 11), columns as named above.

    `known` has the same columns. Statement s is of `groups[s]`, says `texts[s]`, at the time and
    with the observation id that stand at `rows[s]`. Both are sorted by group, statements then by
    time. `_ORIGIN` is a row of `known`, or -1 less the row that brought the value.
    """
    out = np.empty((len(known) + len(groups), _WIDTH), np.int64)
    slots = np.empty((values_max + 1, _WIDTH), np.int64)
    n_out, k, s = 0, 0, 0
    while k < len(known) or s < len(groups):
        if s == len(groups) or (k < len(known) and known[k, _GROUP] < groups[s]):
            group = known[k, _GROUP]
        else:
            group = groups[s]
        n = 0
        while k < len(known) and known[k, _GROUP] == group:
            slots[n] = known[k]
            n += 1
            k += 1
        while s < len(groups) and groups[s] == group:
            r = rows[s]
            n = _say(slots, n, group, texts[s], int(time_us[r]), int(ids[r]), -1 - r, window_us)
            s += 1
            if n > values_max:
                gone = _let_go(slots, n - 1)
                out[n_out] = slots[gone]
                out[n_out, _STAYS] = 0
                n_out += 1
                n -= 1
                slots[gone] = slots[n]
        out[n_out : n_out + n] = slots[:n]
        n_out += n
    return out[:n_out]


@dataclass(frozen=True, slots=True)
class IdentityTimeline:
    """One row per value of a field that an MMSI said, from the first message with it to the last.

    Two values disagree when they were said by turns: one, the other, and the first one again, all
    within `by_turns_within_h`, each at least twice in all. A clean change of name is no
    disagreement; nor is a value heard once, which bit errors and typing make.

    At most `values_max` values of a field are followed. Past that the rarest is let go, of equals
    the one not heard for longest: its row stays as it was, and a new one starts when it returns.
    """

    by_turns_within_h: float = 6.0
    values_max: int = 64

    kind: ClassVar[str] = "identity_timeline"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "mmsi"
    reads: ClassVar[tuple[Table, ...]] = (STATICS,)
    writes: ClassVar[tuple[Table, ...]] = (IDENTITIES,)
    carries: ClassVar[Table] = SAID

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        del span
        statics = batch[STATICS]
        if not statics.num_rows:
            return SAID.conform(carried), Batch({IDENTITIES: IDENTITIES.empty()})
        groups, text, rows, texts = _statements(statics)
        carried = SAID.conform(carried)
        known, texts = _known(carried, texts)
        order = np.lexsort((known[:, _FIRST], known[:, _GROUP]))
        window_us = round(self.by_turns_within_h * _H_US)
        times = (to_numpy(statics, "time_us"), to_numpy(statics, "observation_id"))
        said = _follow(known[order], groups, text, rows, *times, window_us, self.values_max)
        said = said[(said[:, _STAYS] | said[:, _CHANGED]).astype(bool)]
        values = _rows(said, carried, statics, texts)
        stays, changed = (pa.array(said[:, c].astype(bool)) for c in (_STAYS, _CHANGED))
        return values.filter(stays), Batch({IDENTITIES: values.filter(changed)})


def _known(carried: pa.Table, texts: pa.Array) -> tuple[np.ndarray, pa.Array]:
    """Carried values as the kernel wants them, and the texts with theirs added at the end."""
    known = np.zeros((carried.num_rows, _WIDTH), np.int64)
    if carried.num_rows:
        together = pa.chunked_array([texts, *carried["value"].chunks]).combine_chunks()
        encoded = together.dictionary_encode()
        known[:, _TEXT] = encoded.indices.to_numpy()[len(texts) :]
        texts = encoded.dictionary
        places = pc.index_in(carried["field"], pa.array(FIELDS))
        known[:, _GROUP] = _group(to_numpy(carried, "mmsi"), places.to_numpy())
        for name, place in _NUMBERS.items():
            known[:, place] = to_numpy(carried, name)
        known[:, _ORIGIN] = np.arange(carried.num_rows)
        known[:, _STAYS] = 1
    return known, texts


def _group(mmsi: np.ndarray, place: np.ndarray | int) -> np.ndarray:
    return mmsi.astype(np.int64) * len(FIELDS) + place


def _statements(statics: pa.Table) -> tuple[np.ndarray, np.ndarray, np.ndarray, pa.Array]:
    """Group, text and row in `statics` of everything said, sorted by group and time; and the
    distinct texts, in which text is a place."""
    encoded = [_encoded(statics, field) for field in FIELDS]
    words = pa.concat_arrays([e.dictionary for e in encoded]).dictionary_encode()
    place_of_word = words.indices.to_numpy()
    texts, rows, groups, start = [], [], [], 0
    mmsi = to_numpy(statics, "mmsi")
    for place, values in enumerate(encoded):
        row = np.flatnonzero(values.is_valid().to_numpy(zero_copy_only=False))
        rows.append(row)
        groups.append(_group(mmsi[row], place))
        codes = values.indices.drop_null().to_numpy()
        texts.append(place_of_word[start + codes])
        start += len(values.dictionary)
    group = np.concatenate(groups)
    order = np.argsort(group, kind="stable")
    row, text = np.concatenate(rows)[order], np.concatenate(texts)[order]
    return group[order], text, row, words.dictionary


def _encoded(statics: pa.Table, field: str) -> pa.DictionaryArray:
    """What each row says of the field as normalised text; null where it says nothing."""
    if field == "dimensions":
        values = _packed_dimensions(statics)
    else:
        values = statics[field].combine_chunks()
    if not isinstance(values, pa.DictionaryArray):
        values = values.dictionary_encode()
    words = values.dictionary
    if field == "dimensions":
        length_m, width_m = (w.cast(pa.string()) for w in _unpacked(words))
        words = pc.binary_join_element_wise(length_m, width_m, "x")
    elif pa.types.is_integer(words.type):
        words = pc.if_else(pc.greater(words, 0), words, None).cast(pa.string())
    else:
        words = pc.utf8_upper(pc.utf8_trim(words, _PADDING))
        words = pc.if_else(pc.equal(words, ""), None, words)
    again = words.dictionary_encode()
    return pa.DictionaryArray.from_arrays(again.indices.take(values.indices), again.dictionary)


def _packed_dimensions(statics: pa.Table) -> pa.Array:
    """Length and width in one integer, null unless both are known."""
    bow, stern, port, starboard = (
        to_numpy(statics, name, 0).astype(np.int64)
        for name in ("to_bow_m", "to_stern_m", "to_port_m", "to_starboard_m")
    )
    length_m, width_m = bow + stern, port + starboard
    unknown = (length_m <= 0) | (width_m <= 0)
    return pa.array(length_m * 100_000 + width_m, mask=unknown)


def _unpacked(packed: pa.Array) -> tuple[pa.Array, pa.Array]:
    length_m = pc.divide(packed, 100_000)
    return length_m, pc.subtract(packed, pc.multiply(length_m, 100_000))


def _rows(said: np.ndarray, carried: pa.Table, statics: pa.Table, texts: pa.Array) -> pa.Table:
    """Rows of IDENTITIES: what the kernel counted, with the words that belong to it."""
    mmsi, place = np.divmod(said[:, _GROUP], len(FIELDS))
    value = texts.take(pa.array(said[:, _TEXT]))
    field = pa.array(FIELDS).take(pa.array(place))
    origin = said[:, _ORIGIN]
    is_new = origin < 0
    n_known = carried.num_rows
    origin = np.where(is_new, n_known + np.cumsum(is_new) - 1, origin)
    first = -1 - said[is_new, _ORIGIN]
    sources = pc.cast(statics["source"].take(pa.array(first)), pa.string())
    new = (column.filter(pa.array(is_new)).to_pylist() for column in (field, value))
    ids = [
        content_id("identity", *parts)
        for parts in zip(mmsi[is_new].tolist(), *new, said[is_new, _FIRST_ID].tolist(), strict=True)
    ]
    columns = {name: said[:, column] for name, column in _NUMBERS.items()}
    columns["disagrees"] = columns["disagrees"].astype(bool)
    return IDENTITIES.rows(
        columns
        | {
            "identity_id": _of_origin(carried["identity_id"], pa.array(ids, pa.string()), origin),
            "source": _of_origin(carried["source"], sources, origin),
            "mmsi": mmsi,
            "field": field,
            "value": value,
        },
        len(said),
    )


def _of_origin(
    carried: pa.ChunkedArray, new: pa.Array | pa.ChunkedArray, origin: np.ndarray
) -> pa.Array:
    chunks = new.chunks if isinstance(new, pa.ChunkedArray) else [new]
    together = pa.chunked_array([*carried.chunks, *chunks], pa.string())
    return together.take(pa.array(origin)).combine_chunks()
