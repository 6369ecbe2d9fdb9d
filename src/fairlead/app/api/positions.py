"""Where every vessel was last heard, from the store and from the live feeds."""

from __future__ import annotations

import threading
from collections.abc import Mapping

import numpy as np
import polars as pl
import pyarrow as pa

COLUMNS = {
    **{"mmsi": pl.Int32, "source": pl.String, "time_us": pl.Int64},
    **{"lat_deg": pl.Float64, "lon_deg": pl.Float64},
    **{"course_deg": pl.Float32, "heading_deg": pl.Float32, "speed_kn": pl.Float32},
    **{"nav_status": pl.Int8, "station_class": pl.Int8},
}


class LastPositions:
    """One row per vessel and source. Batches come from any thread; a reader gets a whole frame.

    New batches wait in a list until someone reads: a batch costs its publisher next to nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame = pl.DataFrame(schema=COLUMNS)
        self._waiting: list[pl.DataFrame] = []
        self._n_waiting = 0
        self.number = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Rows with COLUMNS; the later time of a vessel and source wins."""
        with self._lock:
            self._waiting.append(rows.select(list(COLUMNS)))
            self._n_waiting += rows.height
            self.number += 1
            if self._n_waiting > 200_000:
                self._merge()

    def frame(self) -> pl.DataFrame:
        """The last position per vessel and source, sorted by MMSI."""
        with self._lock:
            if self._waiting:
                self._merge()
            return self._frame

    def _merge(self) -> None:
        rows = pl.concat([self._frame, *self._waiting], how="vertical_relaxed")
        self._frame = rows.sort("mmsi", "source", "time_us").unique(
            ["mmsi", "source"], keep="last", maintain_order=True
        )
        self._waiting, self._n_waiting = [], 0


def batch_of(rows: pa.Table) -> pl.DataFrame:
    """Rows of POSITION_MESSAGES that have a position, as LastPositions takes them."""
    names = [n for n in COLUMNS if n in rows.column_names]
    chosen = rows.select(names)
    place = chosen.schema.get_field_index("source")
    chosen = chosen.set_column(place, "source", chosen["source"].cast(pa.string()))
    frame = pl.DataFrame(chosen).filter(
        pl.col("lat_deg").is_not_null() & pl.col("lon_deg").is_not_null()
    )
    missing = [pl.lit(None, t).alias(n) for n, t in COLUMNS.items() if n not in names]
    return frame.with_columns(missing)


def latest(frame: pl.DataFrame, sources: frozenset[str] | None) -> pl.DataFrame:
    """One row per vessel: the newest of the sources that may be seen."""
    if sources is not None:
        frame = frame.filter(pl.col("source").is_in(sorted(sources)))
    if frame["source"].n_unique() <= 1:
        return frame
    newest = frame.sort("mmsi", "time_us", "source")
    return newest.unique("mmsi", keep="last", maintain_order=True)


def with_names(frame: pl.DataFrame, said: pl.DataFrame, tracks: Mapping[int, int]) -> pl.DataFrame:
    """With name, ship type and current track of each vessel, where known."""
    told = said.select("mmsi", "name", pl.col("ship_type").cast(pl.Int16, strict=False))
    mmsi = frame["mmsi"].to_list()
    track = pl.Series("track_id", [tracks.get(m) for m in mmsi], pl.Int64)
    return frame.join(told, on="mmsi", how="left", maintain_order="left").with_columns(track)


def columns_of(frame: pl.DataFrame) -> dict[str, list]:
    """A frame as plain lists, NaN as null."""
    out = {}
    for name in frame.columns:
        series = frame[name]
        if series.dtype.is_float():
            series = series.fill_nan(None)
        out[name] = series.to_list()
    return out


def nan_to_null(values: np.ndarray) -> list:
    return [None if v != v else v for v in values.tolist()]  # noqa: PLR0124 - NaN differs from itself
