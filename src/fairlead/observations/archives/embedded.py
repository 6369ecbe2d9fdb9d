"""Sentences that stand inside JSON records: decoded like a stream of them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa

from fairlead.observations.ais.build import reject_table
from fairlead.observations.ais.decode import Place, frame
from fairlead.observations.ais.state import done_with
from fairlead.observations.ais.step import message_rows
from fairlead.observations.archives.records import Provenance
from fairlead.observations.archives.values import GIVEN
from fairlead.observations.validity import each_once
from fairlead.schema.step import Batch, to_numpy
from fairlead.schema.table import Table, code
from fairlead.schema.tables import REJECTS, TIME_BASES

_RECEIVED = code(TIME_BASES, "received")


def read_sentences(
    sentences: pl.Series,
    records: np.ndarray,
    times: tuple[np.ndarray, np.ndarray],
    provenance: Provenance,
) -> Batch:
    """The rows of the sentences in some records: a list of text for each of `records`.

    A message and all its parts stand in one record, whose line and offset its row gets. `times`
    are those of all records (int64, and whether GIVEN); where none is given, the sentence's own
    stamp counts, or the receipt of the block.
    """
    counts = sentences.list.len().to_numpy()
    lines = sentences.explode().fill_null("").str.replace_all(r"[\r\n]", " ")
    record = np.repeat(records, counts)
    payload = "".join(f"{line}\n" for line in lines).encode()
    framed = frame(payload, None, Place(0, 0, provenance.received_us), final=True, infer_time=False)
    rows = message_rows(framed, provenance.source)
    rows[REJECTS] = each_once(reject_table(framed.kit, framed.buf, provenance.source))
    done_with(framed.kit)
    return Batch({t: _placed(t, r, record, times, provenance) for t, r in rows.items()})


def _placed(
    table: Table,
    rows: pa.Table,
    record: np.ndarray,
    times: tuple[np.ndarray, np.ndarray],
    provenance: Provenance,
) -> pa.Table:
    """Rows with the place and the time of their record instead of those of their sentence."""
    if not rows.num_rows:
        return table.empty()
    of = record[to_numpy(rows, "line")]
    given = times[1][of] == GIVEN
    time_us = np.where(given, times[0][of], to_numpy(rows, "time_us"))
    columns = {n: rows[n] for n in rows.column_names} | provenance.columns(of)
    columns["time_us"] = time_us
    if "time_basis" in columns:
        columns["time_basis"] = np.where(given, _RECEIVED, to_numpy(rows, "time_basis"))
        columns["received_us"] = time_us
    if "bytes" in columns:
        columns["bytes"] = provenance.shown(of)
    return table.rows(columns, rows.num_rows)
