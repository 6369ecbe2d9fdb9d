"""The records of a list's file: CSV with or without a header, or JSON, whatever its encoding."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairlead.schema.errors import SourceError

_LOOKED_AT = 20
_LONGEST_FILE_BYTES = 512 * 1024 * 1024


@dataclass(slots=True)
class Records:
    """A file taken apart but not understood: `table` for CSV, `items` for JSON objects.

    `path` is for messages. Header names are compared in lower case, spaces and hyphens as _.
    """

    path: str
    table: list[list[str]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def header(self) -> list[str]:
        if self.items:
            keys = dict.fromkeys(k for item in self.items[:_LOOKED_AT] for k in item)
            return [_plain(k) for k in keys]
        return [_plain(c) for c in self.table[0]] if self.table else []

    def has_header(self, *names: str) -> bool:
        return {_plain(n) for n in names} <= set(self.header)

    def rows_without_header(self, width: int) -> list[list[str]]:
        """The first rows where each has `width` fields (a last odd one, Ctrl-Z, aside)."""
        rows = [r for r in self.table[:_LOOKED_AT] if r != ["\x1a"]]
        return rows if rows and all(len(r) == width for r in rows) else []

    def rows(self, columns: Sequence[str] = ()) -> Iterator[tuple[int, dict[str, Any]]]:
        """Record number (from 1) and values by plain column name.

        `columns` names the fields of a file that has no header. Missing fields read as empty.
        """
        if self.items:
            for number, item in enumerate(self.items, 1):
                yield number, {_plain(k): v for k, v in item.items()}
            return
        named = bool(set(columns) & set(self.header)) or not columns
        header = self.header if named else list(columns)
        for number, row in enumerate(self.table[1 if named else 0 :], 1):
            if any(cell.strip() for cell in row) and row != ["\x1a"]:
                padded = [*row, *[""] * (len(header) - len(row))]
                yield number, dict(zip(header, padded, strict=False))


def _plain(name: str) -> str:
    return "_".join(str(name).replace("-", " ").strip().lower().split())


def records_of(path: Path) -> Records:
    """The records of a file. Raises SourceError when it cannot be read or taken apart."""
    try:
        if path.stat().st_size > _LONGEST_FILE_BYTES:
            message = f"{path}: larger than a watch list can be ({path.stat().st_size} bytes)"
            raise SourceError(message, help="give the list of vessels only")
        payload = path.read_bytes()
    except OSError as error:
        message = f"{path}: {(error.strerror or str(error)).lower()}"
        raise SourceError(message, help="give a file that can be read") from error
    return taken_apart(payload, str(path))


def taken_apart(payload: bytes, name: str) -> Records:
    """Bytes to records. Raises SourceError when they are neither JSON objects nor CSV."""
    text = _decoded(payload)
    if not text.strip():
        message = f"{name}: empty file"
        raise SourceError(message, help="download the list again")
    if text.lstrip()[0] in "[{":
        return Records(name, items=_json_items(text, name))
    if "\x00" in text:
        message = f"{name}: binary data, starts with {payload[:12]!r}"
        raise SourceError(message, help="give the list as CSV or JSON")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",;\t|", key=first.count)
    csv.field_size_limit(16 * 1024 * 1024)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        message = f"{name}: not readable as CSV: {error}"
        raise SourceError(message, help="give the list as CSV or JSON") from error
    return Records(name, table=[r for r in rows if r])


def _decoded(payload: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return payload.decode(encoding)
        except UnicodeDecodeError:
            continue
    return payload.decode("latin-1")


def _json_items(text: str, name: str) -> list[dict[str, Any]]:
    """Objects of a JSON array, of the longest array inside an object, or of JSON lines."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        try:
            value = [json.loads(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError) as error:
            message = f"{name}: not readable as JSON: {error}"
            raise SourceError(message, help="give the list as JSON, JSON lines or CSV") from error
    if isinstance(value, dict):
        arrays = [v for v in value.values() if isinstance(v, list)]
        value = max(arrays, key=len) if arrays else [value]
    items = [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []
    if not items:
        message = f"{name}: JSON without objects"
        raise SourceError(message, help="give an array of objects, one per vessel")
    return items
