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


_NUMPY = {
    **{"time_us": np.int64, "lat_deg": np.float64, "lon_deg": np.float64},
    **{"course_deg": np.float32, "heading_deg": np.float32, "speed_kn": np.float32},
    **{"nav_status": np.int8, "station_class": np.int8},
}
_ABSENT = -1


class LastPositions:
    """One row per vessel and source. Batches come from any thread; a reader gets a whole frame.

    Rows stand in order of their key, MMSI above the number of the source, so that a batch is put
    in its places by one binary search.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sources: dict[str, int] = {}
        self._keys = np.empty(0, np.int64)
        self._columns = {name: np.empty(0, kind) for name, kind in _NUMPY.items()}
        self._frame: pl.DataFrame | None = pl.DataFrame(schema=COLUMNS)
        self.number = 0

    def add(self, rows: pl.DataFrame) -> None:
        """Rows with COLUMNS; the later time of a vessel and source wins."""
        if not rows.height:
            return
        named = rows["source"].unique().to_list()
        with self._lock:
            codes = [self._sources.setdefault(name, len(self._sources)) for name in named]
            number = rows["source"].replace_strict(named, codes, return_dtype=pl.Int64)
            keys = rows["mmsi"].to_numpy().astype(np.int64) << 16 | number.to_numpy()
            values = {n: _plain(rows[n], kind) for n, kind in _NUMPY.items()}
            order = np.lexsort((values["time_us"], keys))
            last = order[np.append(keys[order][1:] != keys[order][:-1], True)]
            self._put(keys[last], {n: v[last] for n, v in values.items()})
            self._frame = None
            self.number += 1

    def _put(self, keys: np.ndarray, values: dict[str, np.ndarray]) -> None:
        places = np.searchsorted(self._keys, keys)
        known = np.zeros(len(keys), bool)
        inside = places < len(self._keys)
        known[inside] = self._keys[places[inside]] == keys[inside]
        later = known.copy()
        later[known] = values["time_us"][known] >= self._columns["time_us"][places[known]]
        for name, held in self._columns.items():
            held[places[later]] = values[name][later]
        if not known.all():
            fresh = ~known
            self._keys = np.insert(self._keys, places[fresh], keys[fresh])
            for name, held in self._columns.items():
                self._columns[name] = np.insert(held, places[fresh], values[name][fresh])

    def frame(self) -> pl.DataFrame:
        """The last position per vessel and source, sorted by MMSI."""
        with self._lock:
            if self._frame is None:
                self._frame = self._framed()
            return self._frame

    def _framed(self) -> pl.DataFrame:
        names = pl.Series("source", list(self._sources), pl.String)
        number = pl.Series(self._keys & 0xFFFF).cast(pl.UInt32)
        columns = {
            "mmsi": pl.Series("mmsi", (self._keys >> 16).astype(np.int32)),
            "source": names.gather(number),
        }
        for name, held in self._columns.items():
            series = pl.Series(name, held.copy())
            if held.dtype == np.int8:
                series = series.set(series == _ABSENT, None)
            elif held.dtype == np.float32:
                series = series.fill_nan(None)
            columns[name] = series
        return pl.DataFrame(columns)


def _plain(values: pl.Series, kind: type) -> np.ndarray:
    absent = np.nan if kind in (np.float32, np.float64) else _ABSENT
    return values.fill_null(absent).to_numpy().astype(kind, copy=False)


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
