"""Streams of Arrow tables to Parquet, CSV or JSON lines, at constant memory."""

from __future__ import annotations

import sys
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from fairlead.schema.errors import ConfigError, SourceError
from fairlead.schema.text import plain, spreadsheet_safe

ROW_GROUP_ROWS = 125_000


class Writer(Protocol):
    def write(self, rows: pa.Table) -> None: ...

    def close(self) -> None: ...


def writer_for(output: str) -> type[Parquet] | type[Csv] | type[JsonLines]:
    """The writer that a name's ending asks for; ConfigError where it asks for none."""
    kinds = {".parquet": Parquet, ".csv": Csv, ".jsonl": JsonLines}
    kind = JsonLines if output == "-" else kinds.get(Path(output).suffix)
    if kind is None:
        message = f"`{output}` has no ending that says what to write"
        raise ConfigError(message, help="name it OUT.parquet, OUT.csv or OUT.jsonl, or pass -")
    return kind


@contextmanager
def open_writer(output: str) -> Generator[Writer]:
    """A writer by the name's ending; the file appears whole or not at all.

    `-` is JSON lines on standard output. Raises ConfigError for an unknown ending, SourceError
    where nothing can be written.
    """
    kind = writer_for(output)
    if output == "-":
        yield kind("-")
        return
    path = Path(output)
    part = path.with_name(path.name + ".part")
    try:
        writer = kind(str(part))
        try:
            yield writer
        finally:
            writer.close()
        part.replace(path)
    except OSError as error:
        message = f"`{output}` cannot be written: {error.strerror or error}"
        raise SourceError(message, help="check the folder, its permissions and its disk") from error
    finally:
        with suppress(OSError):
            part.unlink()


class Parquet:
    """One file; row groups of `ROW_GROUP_ROWS` or a little more, written by a thread of its own.

    One row group is written while the next is collected. LZ4, because the messages' columns are
    many and most are small: a stronger one makes the file a quarter smaller and takes a quarter
    longer.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._writer: Any = None
        self._waiting: list[pa.Table] = []
        self._thread = ThreadPoolExecutor(1)
        self._under_way: Future[None] | None = None

    def write(self, rows: pa.Table) -> None:
        self._waiting.append(rows)
        if sum(part.num_rows for part in self._waiting) >= ROW_GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        before, self._under_way = self._under_way, None
        if before is not None:
            before.result()
        if waiting:
            self._under_way = self._thread.submit(self._write_group, waiting)

    def _write_group(self, parts: list[pa.Table]) -> None:
        import pyarrow.parquet as pq

        rows = pa.concat_tables(parts).unify_dictionaries()
        if self._writer is None:
            words = [f.name for f in rows.schema if pa.types.is_string(f.type)]
            self._writer = pq.ParquetWriter(
                self._path, rows.schema, compression="lz4", use_dictionary=words
            )
        self._writer.write_table(rows, row_group_size=max(1, rows.num_rows))

    def close(self) -> None:
        from fairlead.observations.ais.decode import decode_block

        try:
            self._flush()
            self._flush()
            if self._writer is None:
                self._write_group([decode_block(b"").messages])
        finally:
            self._thread.shutdown()
            if self._writer is not None:
                self._writer.close()


class Csv:
    """UTF-8 with a header.

    Control characters are shown as `\\x1b`; text that a spreadsheet would run as a formula gets an
    apostrophe before it. Bytes are hexadecimal, as in JSON lines.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._writer: Any = None

    def write(self, rows: pa.Table) -> None:
        import pyarrow.csv

        rows = _safe(rows)
        if self._writer is None:
            self._writer = pyarrow.csv.CSVWriter(self._path, rows.schema)
        self._writer.write_table(rows)

    def close(self) -> None:
        if self._writer is None:
            from fairlead.observations.ais.decode import decode_block

            self.write(decode_block(b"").messages)
        self._writer.close()


class JsonLines:
    """One object a line, without what is not available."""

    def __init__(self, path: str) -> None:
        try:
            self._stream = sys.stdout if path == "-" else open(path, "w", encoding="utf-8")  # noqa: SIM115
        except OSError as error:
            message = f"`{path}` cannot be written: {error.strerror}"
            raise SourceError(message, help="check the folder and its permissions") from error

    def write(self, rows: pa.Table) -> None:
        for line in json_lines(rows):
            self._stream.write(line)
            self._stream.write("\n")

    def close(self) -> None:
        if self._stream is sys.stdout:
            self._stream.flush()
        else:
            self._stream.close()


def json_lines(rows: pa.Table) -> list[str]:
    """Each row as JSON; columns that no row of the same message type has are left out."""
    import polars as pl

    frame = pl.DataFrame(rows).with_columns(pl.selectors.binary().bin.encode("hex"))
    groups = frame.partition_by("msg_type") if "msg_type" in frame.columns else [frame]
    encoded, order = [], []
    for group in groups:
        known = [c for c in group.columns if group[c].null_count() < group.height]
        encoded += group.select(pl.struct(known).struct.json_encode()).to_series().to_list()
        order += group["line"].to_list()
    return [encoded[i] for i in sorted(range(len(order)), key=order.__getitem__)]


_DOUBTFUL = r"^[=+\-@]|[^ -~]"
"""Text that would be run as a formula, or holds more than printable ASCII."""


def _safe(rows: pa.Table) -> pa.Table:
    """The same, as `show` writes it: control characters shown, formulas after an apostrophe."""
    for index, field in enumerate(rows.schema):
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            rows = rows.set_column(index, field.name, _hexadecimal(rows[field.name]))
        is_name = pa.types.is_dictionary(field.type)
        if is_name or pa.types.is_string(field.type):
            parts = [_safe_part(part, is_name) for part in rows[field.name].chunks]
            rows = rows.set_column(index, field.name, pa.chunked_array(parts, pa.string()))
    return rows


def _hexadecimal(data: pa.ChunkedArray) -> Any:
    import polars as pl

    if data.null_count == len(data):
        return pa.nulls(len(data), pa.string())
    return pl.Series(data).bin.encode("hex").to_arrow().cast(pa.string())


def _safe_part(texts: Any, is_name: bool) -> Any:
    import pyarrow.compute as pc

    named = texts if is_name else None
    if named is None:
        if not pc.any(pc.match_substring_regex(texts, _DOUBTFUL)).as_py():
            return texts
        named = texts.dictionary_encode()
    names = [
        None if n is None else spreadsheet_safe(plain(n)) for n in named.dictionary.to_pylist()
    ]
    return pa.array(names, pa.string()).take(named.indices)
