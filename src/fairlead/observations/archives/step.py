"""The step that gives the bytes of archives their meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pyarrow as pa

from fairlead.observations.archives.columnar import read_ipc
from fairlead.observations.archives.delimited import read_csv
from fairlead.observations.archives.json_lines import read_json_lines
from fairlead.observations.archives.records import same_text
from fairlead.schema.errors import SourceError
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.schema.table import Table, column
from fairlead.schema.tables import POSITION_MESSAGES, RAW, REJECTS, STATIC_MESSAGES

FAULT = "fault"
"""The format of a row of RAW that is no record: its payload is `reason: detail`."""

NOTHING_CARRIED = Table(
    name="archives_carried",
    doc="Archives are read block by block; nothing is remembered.",
    columns=pa.schema(
        [
            column("source", pa.string(), "name of the source", required=True),
            column("time_us", pa.int64(), "never set", required=True),
        ]
    ),
    key="source",
    time="time_us",
    ids=("source",),
)


@dataclass(frozen=True, slots=True)
class DecodeArchive:
    """CSV, JSON lines and Parquet into messages, and faults of transports into rejects.

    Ship data that an archive repeats on its positions are given where they change: the first and
    the last row of each run of equal values of an MMSI in a block. `mapping_toml` is the text of a
    header mapping; without one the archives known by their header and common names serve. A block
    whose columns nobody knows is one reject.
    """

    mapping_toml: str = ""

    kind: ClassVar[str] = "decode_archive"
    version: ClassVar[int] = 1
    key: ClassVar[str] = "source"
    reads: ClassVar[tuple[Table, ...]] = (RAW,)
    writes: ClassVar[tuple[Table, ...]] = (POSITION_MESSAGES, STATIC_MESSAGES, REJECTS)
    carries: ClassVar[Table] = NOTHING_CARRIED

    def step(self, carried: pa.Table, batch: Batch, span: Span) -> tuple[pa.Table, Batch]:
        del carried, span
        blocks = [self._read(block) for block in batch[RAW].to_batches(max_chunksize=1)]
        rows = {
            table: pa.concat_tables([table.empty(), *(b[table] for b in blocks)])
            for table in self.writes
        }
        return self.carries.empty(), Batch({t: r.unify_dictionaries() for t, r in rows.items()})

    def _read(self, block: pa.RecordBatch) -> Batch:
        known: dict[str, Any] = {
            name: block[name][0].as_py() for name in ("source", "offset", "received_us")
        }
        format = block["format"][0].as_py()
        if format == FAULT:
            text = block["payload"][0].as_py().decode("utf-8", "replace")
            return Batch({REJECTS: _fault(block, text, **known)})
        try:
            return self._records(block, format, known)
        except SourceError as error:
            text = f"unknown_columns: {error.message} ({block['n_lines'][0]} lines)"
            return Batch({REJECTS: _fault(block, text, **known)})

    def _records(self, block: pa.RecordBatch, format: str, known: dict[str, Any]) -> Batch:
        payload = memoryview(block["payload"][0].as_buffer())
        known = {**known, "mapping_toml": self.mapping_toml}
        if format == "parquet":
            return read_ipc(payload, **known)
        known |= {name: block[name][0].as_py() for name in ("first_line", "n_lines")}
        if format == "csv":
            return read_csv(payload, block["header"][0].as_py(), **known)
        if format == "jsonl":
            return read_json_lines(payload, **known)
        return Batch()


def _fault(
    block: pa.RecordBatch, text: str, source: str, offset: int, received_us: int
) -> pa.Table:
    """One reject for a block, from `reason: detail`."""
    reason, _, detail = text.partition(": ")
    columns: Mapping[str, Any] = {
        "source": same_text(source, 1),
        "raw_offset": [offset],
        "line": block["first_line"],
        "time_us": [received_us],
        "reason": same_text(reason, 1),
        "detail": [detail],
    }
    return REJECTS.rows(columns, 1)
