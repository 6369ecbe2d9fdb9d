"""The assignment to hulls for many MMSIs at once, and what is kept of each between calls, flat."""

from typing import NamedTuple

import numpy as np
from numba import njit

from fairlead.tracks.splitting import MOST_HULLS, assign_key


class Kept(NamedTuple):
    """Hypotheses of many MMSIs, flat: one row per hull of a hypothesis, in order of MMSI, slot.

    `slot` is hypothesis * MOST_HULLS + hull; the labels of a hypothesis's undecided rows, oldest
    first, are those of its hull 0: `labels[label_ends[i - 1]:label_ends[i]]`.
    """

    mmsi: np.ndarray
    slot: np.ndarray
    score: np.ndarray
    hulls: np.ndarray
    label_ends: np.ndarray
    labels: np.ndarray


@njit(cache=True, nogil=True)
def _load(memory, kept, first, end):
    """The hypotheses of one MMSI from rows `first` to `end` of what was kept."""
    memory.state[:] = 0
    for i in range(first, end):
        k, h = kept.slot[i] // MOST_HULLS, kept.slot[i] % MOST_HULLS
        memory.hulls[0, k, h] = kept.hulls[i]
        memory.n_hulls[0, k] = h + 1
        memory.score[0, k] = kept.score[i]
        memory.state[1] = k + 1
        if h == 0:
            start = kept.label_ends[i - 1] if i > 0 else 0
            n = kept.label_ends[i] - start
            memory.labels[0, k, :n] = kept.labels[start : start + n]
            memory.state[2] = n
            memory.state[3] = n


@njit(cache=True, nogil=True)
def _store(memory, mmsi, kept, n_rows, n_labels):
    """Append the hypotheses of one MMSI; returns the new numbers of rows and labels."""
    bank, scan = memory.state[0], memory.labels.shape[2]
    for k in range(memory.state[1]):
        for h in range(memory.n_hulls[bank, k]):
            kept.mmsi[n_rows] = mmsi
            kept.slot[n_rows] = k * MOST_HULLS + h
            kept.score[n_rows] = memory.score[bank, k]
            kept.hulls[n_rows] = memory.hulls[bank, k, h]
            if h == 0:
                for back in range(memory.state[2], 0, -1):
                    slot = (memory.state[3] - back) % scan
                    kept.labels[n_labels] = memory.labels[bank, k, slot]
                    n_labels += 1
            kept.label_ends[n_rows] = n_labels
            n_rows += 1
    return n_rows, n_labels


@njit(cache=True, nogil=True)
def _longer(values, size):
    out = np.zeros(size, values.dtype)
    out[: len(values)] = values
    return out


@njit(cache=True, nogil=True)
def _roomier(kept, n_rows, n_labels, most_rows, most_labels):
    """The same with room for one more MMSI of the greatest size."""
    if n_rows + most_rows > len(kept.mmsi):
        size = 2 * len(kept.mmsi) + most_rows
        kept = Kept(
            _longer(kept.mmsi, size),
            _longer(kept.slot, size),
            _longer(kept.score, size),
            _longer(kept.hulls, size),
            _longer(kept.label_ends, size),
            kept.labels,
        )
    if n_labels + most_labels > len(kept.labels):
        labels = _longer(kept.labels, 2 * len(kept.labels) + most_labels)
        kept = Kept(
            kept.mmsi, kept.slot, kept.score, kept.hulls, kept.label_ends, labels
        )  # fmt: skip
    return kept


@njit(cache=True, nogil=True)
def assign(memory, rows, fates, keys, bounds, kept, is_aircraft, motions, timing, out):
    """Assign the rows of every key; returns what to keep, cut to its length.

    `bounds`, shape (keys + 1, 3): where a key's waiting rows, its fresh rows and its kept
    hypotheses start. `motions`: of ships and of aircraft. `timing`: (delay_us, until_us, margin).
    """
    delay_us, until_us, margin = timing
    most = memory.score.shape[1]
    n_rows, n_labels = 0, 0
    for j in range(len(keys)):
        _load(memory, kept, bounds[j, 2], bounds[j + 1, 2])
        motion = motions[1] if is_aircraft[j] else motions[0]
        assign_key(
            memory, rows, fates, bounds[j, 0], bounds[j, 1], bounds[j + 1, 0], keys[j], motion,
            delay_us, margin, until_us,
        )  # fmt: skip
        out = _roomier(out, n_rows, n_labels, most * MOST_HULLS, most * memory.labels.shape[2])
        n_rows, n_labels = _store(memory, keys[j], out, n_rows, n_labels)
    return Kept(
        out.mmsi[:n_rows],
        out.slot[:n_rows],
        out.score[:n_rows],
        out.hulls[:n_rows],
        out.label_ends[:n_rows],
        out.labels[:n_labels],
    )
