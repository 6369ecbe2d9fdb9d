"""Parquet: a block of typed rows, as an Arrow IPC stream."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from fairlead.observations.archives.cells import ColumnCells, is_text
from fairlead.observations.archives.mapping import layout_of
from fairlead.observations.archives.records import (
    BYTES_SHOWN,
    Provenance,
    Refusals,
    read_records,
)
from fairlead.schema.step import Batch


def read_ipc(
    payload: bytes | memoryview,
    *,
    source: str,
    offset: int,
    received_us: int,
    mapping_toml: str = "",
) -> Batch:
    """The rows of a Parquet block. `raw_offset` is the row number from 0, `line` from 1."""
    rows = pa.ipc.open_stream(payload).read_all().combine_chunks()
    layout = layout_of(",".join(rows.column_names).encode(), mapping_toml)
    names = {meaning: rows.column_names[place] for meaning, place in layout.column.items()}
    columns = {meaning: _plain(rows.column(layout.column[meaning])) for meaning in names}
    cells = ColumnCells(columns, names, layout, rows.num_rows)
    place = np.arange(rows.num_rows, dtype=np.int64) + offset

    def shown(chosen: np.ndarray) -> pa.Array:
        few = pl.DataFrame(pl.from_arrow(rows.select(sorted(set(names.values())))))
        texts = few[chosen].select(
            pl.struct(pl.all()).struct.json_encode().str.slice(0, BYTES_SHOWN)
        )
        return texts.to_series().to_arrow().cast(pa.string()).cast(pa.binary())

    provenance = Provenance(source, received_us, place + 1, place, shown)
    return read_records(cells, layout.mapping, provenance, Refusals(rows.num_rows))


def _plain(column: pa.ChunkedArray) -> pa.Array:
    """One array of a plain type: dictionaries and text views are opened."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], array.type)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.string())
    return array.cast(pa.string()) if is_text(array) else array
