"""Which rows are copies of one transmission, heard by several receivers or read twice.

Rows of one MMSI with equal payload belong together when they lie within the window that the first
of them opens: a later equal payload is a new transmission (a moored ship repeats itself, class A
positions at multiples of a minute, static data every six). The window is anchored to its first
row and never extended, so a group is known as soon as the window has passed.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from fairlead.schema.step import key_starts, to_numpy

_LOOK_BACK_ROWS = 64


@njit(cache=True, nogil=True)
def _anchor(
    mmsi: np.ndarray, time_us: np.ndarray, payload: np.ndarray, window_us: int, look_back: int
) -> tuple[np.ndarray, bool]:
    """First row of each row's group; rows sorted by MMSI and time. False: too crowded to tell."""
    anchors = np.empty(len(mmsi), np.int64)
    for i in range(len(mmsi)):
        anchors[i] = i
        j = i - 1
        while j >= 0 and mmsi[j] == mmsi[i] and time_us[i] - time_us[j] <= window_us:
            if i - j > look_back:
                return anchors, False
            if payload[j] == payload[i]:
                if time_us[i] - time_us[anchors[j]] <= window_us:
                    anchors[i] = anchors[j]
                break
            j -= 1
    return anchors, True


@njit(cache=True, nogil=True)
def _anchor_in_order(
    mmsi: np.ndarray,
    time_us: np.ndarray,
    payload: np.ndarray,
    order: np.ndarray,
    window_us: int,
) -> np.ndarray:
    """The same, given the order of rows by MMSI, payload and time: linear however crowded."""
    anchors = np.empty(len(mmsi), np.int64)
    anchor = -1
    for i in order:
        if (
            anchor < 0
            or mmsi[anchor] != mmsi[i]
            or payload[anchor] != payload[i]
            or time_us[i] - time_us[anchor] > window_us
        ):
            anchor = i
        anchors[i] = anchor
    return anchors


def first_copies(
    mmsi: np.ndarray, time_us: np.ndarray, payload: np.ndarray, window_us: int
) -> np.ndarray:
    """For each row the row that opened its group (itself, mostly): int64, shape (n,).

    Rows may come in any order; sorted by MMSI and time they are fastest. Which of several rows
    with the same first time opens the group is the one that stands first.
    """
    same = mmsi[1:] == mmsi[:-1]
    if np.all((mmsi[1:] > mmsi[:-1]) | (same & (time_us[1:] >= time_us[:-1]))):
        anchors, told = _anchor(mmsi, time_us, payload, window_us, _LOOK_BACK_ROWS)
        if told:
            return anchors
    order = np.lexsort((time_us, payload, mmsi))
    return _anchor_in_order(mmsi, time_us, payload, order, window_us)


@dataclass(frozen=True, slots=True)
class Merged:
    """Groups of two rows and more. `first` is the row that speaks for the group, `rows` all rows
    of such groups; the others have one entry per group."""

    rows: np.ndarray
    first: np.ndarray
    received_us: pa.Array
    stations: pa.Array
    n_heard: np.ndarray


_UNKNOWN_US = np.iinfo(np.int64).max
_TIME, _RECEIVED, _SOURCE, _OFFSET, _LINE, _STATION = range(6)


def merge(messages: pa.Table, anchors: np.ndarray) -> Merged | None:
    """What the groups of several rows know together; None where no row has a copy.

    The earliest row speaks for its group; ties of time are broken by receipt, source and place in
    the source. A record given twice (the same place in the same source, or the same receiver at
    the same instant) counts once in `n_heard`.
    """
    members = np.flatnonzero(anchors != np.arange(len(anchors)))
    if not len(members):
        return None
    in_group = np.zeros(len(anchors), bool)
    in_group[members] = in_group[anchors[members]] = True
    rows = np.flatnonzero(in_group)
    rows = rows[np.argsort(anchors[rows], kind="stable")]
    few = messages.select([*_WORDS, *_NUMBERS]).take(pa.array(rows))
    (source, _), (station, names) = (_ranked(few[word]) for word in _WORDS)
    received_us = to_numpy(few, "received_us", _UNKNOWN_US)
    numbers = (to_numpy(few, "time_us"), received_us, source, *(to_numpy(few, n) for n in _PLACE))
    keys = np.column_stack((*numbers, station)).astype(np.int64)
    starts = key_starts(anchors[rows])
    first, received_us, n_heard, n_named, named = _gather(keys, starts)
    each = pa.ListArray.from_arrays(
        pa.array(np.append(0, np.cumsum(n_named)), pa.int32()), names.take(pa.array(named))
    )
    joined = pc.if_else(pa.array(n_named > 0), pc.binary_join(each, ","), None)
    return Merged(
        rows=rows,
        first=rows[first],
        received_us=pa.array(received_us, mask=received_us == _UNKNOWN_US),
        stations=joined,
        n_heard=np.minimum(n_heard, 32_767).astype(np.int16),
    )


_WORDS = ("source", "station")
_PLACE = ("raw_offset", "line")
_NUMBERS = ("time_us", "received_us", *_PLACE)


def _ranked(column: pa.ChunkedArray) -> tuple[np.ndarray, pa.Array]:
    """Rank of each word in the sorted words, -1 for null; and the words."""
    words = column.combine_chunks()
    names, ranks = np.unique(np.array(words.dictionary.to_pylist(), object), return_inverse=True)
    codes = words.indices.fill_null(-1).to_numpy()
    ranked = np.append(ranks.ravel(), -1).astype(np.int64)
    return ranked[codes], pa.array(names.tolist(), pa.string())


@njit(cache=True, nogil=True)
def _is_before(keys: np.ndarray, i: int, j: int) -> bool:
    for column in range(keys.shape[1]):
        if keys[i, column] != keys[j, column]:
            return keys[i, column] < keys[j, column]
    return False


@njit(cache=True, nogil=True)
def _sort_pairs(pairs: np.ndarray) -> None:
    """Shell sort of the rows of (n, 2) in place: groups are small, and must not cost n squared."""
    gap = len(pairs) // 2
    while gap:
        for i in range(gap, len(pairs)):
            a, b = pairs[i]
            j = i
            while j >= gap and (a, b) < (pairs[j - gap, 0], pairs[j - gap, 1]):
                pairs[j] = pairs[j - gap]
                j -= gap
            pairs[j, 0], pairs[j, 1] = a, b
        gap //= 2


@njit(cache=True, nogil=True)
def _gather(
    keys: np.ndarray, starts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Per group: first row, first receipt, times heard, number of stations; and the stations."""
    n_groups = len(starts) - 1
    first, received_us = np.empty(n_groups, np.int64), np.empty(n_groups, np.int64)
    n_heard, n_named = np.zeros(n_groups, np.int64), np.zeros(n_groups, np.int64)
    pairs, named = np.empty((len(keys), 2), np.int64), np.empty(len(keys), np.int64)
    n_all = 0
    for g in range(n_groups):
        low, high = starts[g], starts[g + 1]
        first[g], received_us[g] = low, keys[low, _RECEIVED]
        for i in range(low, high):
            received_us[g] = min(received_us[g], keys[i, _RECEIVED])
            if _is_before(keys, i, first[g]):
                first[g] = i
            if keys[i, _STATION] >= 0:
                pairs[i, 0], pairs[i, 1] = keys[i, _STATION], keys[i, _TIME]
            else:
                pairs[i, 0], pairs[i, 1] = -1 - keys[i, _SOURCE], keys[i, _OFFSET]
        _sort_pairs(pairs[low:high])
        for i in range(low, high):
            is_other = i == low or pairs[i, 0] != pairs[i - 1, 0]
            if is_other or pairs[i, 1] != pairs[i - 1, 1]:
                n_heard[g] += 1
            if is_other and pairs[i, 0] >= 0:
                named[n_all] = pairs[i, 0]
                n_all += 1
                n_named[g] += 1
    return first, received_us, n_heard, n_named, named[:n_all]
