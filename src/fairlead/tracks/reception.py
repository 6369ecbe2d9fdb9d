"""Reception: what was listening where and when, learned from the data itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pyarrow as pa
from numba import njit

from fairlead.geo.cells import COVERAGE_CELL_DEG, centre_of
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, column
from fairlead.schema.tables import COVERAGE, F64, I64, PRESENCE
from fairlead.tracks.grid import rows_of_keys
from fairlead.tracks.presence import HOUR_US

_OCTANTS = 8
_NEVER = np.iinfo(np.int64).min

RECEPTION_MEMORY = Table(
    name="reception_memory",
    doc="Per cell: the last estimate, what it weighs, and when each octant around was heard.",
    columns=pa.schema(
        [
            column("cell", I64, "half-degree cell", required=True),
            column("time_us", I64, "hour of the last estimate", required=True),
            column("p_message", F64, "the last estimate", required=True),
            column("weight", F64, "messages it is worth", required=True),
            column("heard_us", pa.list_(I64, _OCTANTS), "last hour by octant", required=True),
        ]
    ),
    key="cell",
    time="time_us",
    ids=("cell",),
)


@dataclass(frozen=True, slots=True)
class Reception:
    """The probability that a message sent in a cell and hour arrives.

    The share of the messages due that came, drawn towards the hours before (a Beta prior worth at
    most `weight_max` messages, halved every `half_life_h`) and faintly towards one half. Octants
    count as listened to for `octant_days` after anyone was heard in them.
    """

    weight_max: float = 10.0
    half_life_h: float = 12.0
    octant_days: int = 7

    kind: ClassVar[str] = "reception"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "cell"
    reads: ClassVar[tuple[Table, ...]] = (PRESENCE,)
    writes: ClassVar[tuple[Table, ...]] = (COVERAGE,)
    carries: ClassVar[Table] = RECEPTION_MEMORY

    def step(
        self,
        carried: pa.Table,
        batch: Batch,
        span: Span,  # noqa: ARG002
    ) -> tuple[pa.Table, Batch]:
        rows = batch[PRESENCE]
        cells, hours = to_numpy(rows, "cell"), to_numpy(rows, "time_us")
        known = np.union1d(cells, to_numpy(carried, "cell")).astype(np.int64)
        own = rows_of_keys(to_numpy(carried, "cell"), known)
        real = np.zeros((len(known), 2))
        last_us = np.full((len(known), 1 + _OCTANTS), _NEVER, np.int64)
        had, at = own >= 0, own[own >= 0]
        real[had, 0] = to_numpy(carried, "p_message")[at]
        real[had, 1] = to_numpy(carried, "weight")[at]
        last_us[had, 0] = to_numpy(carried, "time_us")[at]
        heard = carried["heard_us"].combine_chunks().flatten().to_numpy().reshape(-1, _OCTANTS)
        last_us[had, 1:] = heard[at]
        whole, estimates = _walk(
            np.searchsorted(known, cells),
            hours,
            to_numpy(rows, "n_messages").astype(np.int64),
            to_numpy(rows, "n_expected"),
            to_numpy(rows, "octant").astype(np.int64),
            (real, last_us),
            (self.weight_max, self.half_life_h, self.octant_days * 24 * HOUR_US),
        )
        return _remembered(known, real, last_us), Batch(
            {COVERAGE: _written(known, whole, estimates)}
        )


def _remembered(known: np.ndarray, real: np.ndarray, last_us: np.ndarray) -> pa.Table:
    heard = pa.FixedSizeListArray.from_arrays(pa.array(last_us[:, 1:].ravel()), _OCTANTS)
    return RECEPTION_MEMORY.rows(
        {
            "cell": known,
            "time_us": last_us[:, 0],
            "p_message": real[:, 0],
            "weight": real[:, 1],
            "heard_us": heard,
        },
        len(known),
    )


def _written(known: np.ndarray, whole: np.ndarray, estimates: np.ndarray) -> pa.Table:
    cells = known[whole[:, 0]]
    centres = _centres(cells)
    return COVERAGE.rows(
        {
            "cell": cells,
            "time_us": whole[:, 1],
            "lat_deg": centres[:, 0],
            "lon_deg": centres[:, 1],
            "n_vessels": whole[:, 2],
            "n_messages": whole[:, 3],
            "n_silent": whole[:, 4],
            "heard_octants": whole[:, 5],
            "n_expected": estimates[:, 0],
            "p_message": estimates[:, 1],
        },
        len(whole),
    )


@njit(cache=True, nogil=True)
def _centres(cells):
    out = np.empty((len(cells), 2))
    for i in range(len(cells)):
        out[i, 0], out[i, 1] = centre_of(cells[i], COVERAGE_CELL_DEG)
    return out


@njit(cache=True, nogil=True)
def _walk(slot, hours, n_messages, n_expected, octant, memory, limits):
    """Rows (slot, hour, vessels, messages, silent vessels, octants) and (due, estimate).

    Rows of the batch come by cell and hour; the memory is written in place.
    """
    real, last_us = memory
    weight_max, half_life_h, octant_us = limits
    whole, estimates = np.empty((len(slot), 6), np.int64), np.empty((len(slot), 2))
    n, start = 0, 0
    while start < len(slot):
        end, k, hour_us = start, slot[start], hours[start]
        vessels, messages, silent, due = 0, 0, 0, 0.0
        while end < len(slot) and slot[end] == k and hours[end] == hour_us:
            if octant[end] >= 0:
                last_us[k, 1 + octant[end]] = hour_us
            else:
                vessels += n_messages[end] > 0
                silent += n_messages[end] == 0
                messages += n_messages[end]
                due += n_expected[end]
            end += 1
        if vessels + silent > 0:
            p, weight = real[k]
            if last_us[k, 0] != _NEVER:
                weight *= 0.5 ** ((hour_us - last_us[k, 0]) / HOUR_US / half_life_h)
            p = (0.5 + weight * p + messages) / (1.0 + weight + due)
            real[k, 0], real[k, 1] = p, min(weight_max, weight + due)
            last_us[k, 0] = hour_us
            bits = 0
            for j in range(8):
                heard_us = last_us[k, 1 + j]
                if heard_us != _NEVER and hour_us - heard_us <= octant_us:
                    bits |= 1 << j
            whole[n] = (k, hour_us, vessels, messages, silent, bits)
            estimates[n] = (due, p)
            n += 1
        start = end
    return whole[:n], estimates[:n]
