"""Which rows are copies of one transmission, heard by several receivers or read twice.

Rows of one MMSI with equal payload belong together when they lie within the window that the first
of them opens: a later equal payload is a new transmission (a moored ship repeats itself, class A
positions at multiples of a minute, static data every six). The window is anchored to its first
row and never extended, so a group is known as soon as the window has passed.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numba import njit

from fairlead.schema.step import to_numpy

_LOOK_BACK_ROWS = 64


@njit(cache=True)
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


@njit(cache=True)
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


def merge(messages: pa.Table, anchors: np.ndarray) -> Merged | None:
    """What the groups of several rows know together; None where no row has a copy.

    The earliest row speaks for its group; ties of time are broken by receipt, source and place in
    the source. A record given twice (the same place in the same source, or the same receiver at
    the same instant) counts once in `n_heard`.
    """
    members = np.flatnonzero(anchors != np.arange(len(anchors)))
    if not len(members):
        return None
    rows = np.union1d(members, anchors[members])
    few = messages.take(pa.array(rows))
    frame = pl.DataFrame(
        {
            "row": rows,
            "group": anchors[rows],
            "time_us": to_numpy(few, "time_us"),
            "raw_offset": to_numpy(few, "raw_offset"),
            "line": to_numpy(few, "line"),
            "received_us": pl.from_arrow(few["received_us"].combine_chunks()),
            "source": pl.from_arrow(pc.cast(few["source"], pa.string()).combine_chunks()),
            "station": pl.from_arrow(pc.cast(few["station"], pa.string()).combine_chunks()),
        }
    ).sort(
        "group", "time_us", "received_us", "source", "raw_offset", "line", "station",
        nulls_last=True,
    )  # fmt: skip
    once = frame.unique(["group", "source", "raw_offset"], keep="first", maintain_order=True)
    named = once.filter(pl.col("station").is_not_null())
    named = named.unique(["group", "station", "time_us"], keep="first", maintain_order=True)
    n_heard = pl.concat([named, once.filter(pl.col("station").is_null())]).group_by("group").len()
    known = frame.group_by("group", maintain_order=True).agg(
        pl.col("row").first(),
        pl.col("received_us").min(),
        pl.col("station").drop_nulls().unique().sort().str.join(",").alias("stations"),
        pl.col("station").is_not_null().any().alias("is_named"),
    )
    known = known.join(n_heard, on="group", how="left", maintain_order="left")
    stations = pl.when(pl.col("is_named")).then(pl.col("stations"))
    return Merged(
        rows=rows,
        first=known["row"].to_numpy(),
        received_us=known["received_us"].to_arrow().cast(pa.int64()),
        stations=known.select(stations)["stations"].to_arrow().cast(pa.string()),
        n_heard=np.minimum(known["len"].to_numpy(), 32_767).astype(np.int16),
    )
