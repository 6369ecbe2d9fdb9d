"""Answers as bytes: JSON, Arrow and GeoJSON, with their tags, pressed where that pays."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Mapping
from typing import Any

import msgspec
import polars as pl
import pyarrow as pa
import zstandard

ARROW = "application/vnd.apache.arrow.stream"
GEOJSON = "application/geo+json"
JSON = "application/json"
PRESS_FROM_BYTES = 1400
_PRESSED = (
    "application/json",
    "application/geo+json",
    "text/",
    ARROW,
    "image/svg",
    "application/x",
)
_ENCODER = msgspec.json.Encoder()


def json_bytes(value: Any) -> bytes:
    """JSON; NaN and infinity become null."""
    return _ENCODER.encode(value)


def arrow_bytes(rows: pa.Table | pl.DataFrame, metadata: Mapping[str, str] | None = None) -> bytes:
    """An Arrow IPC stream of one batch, without compression: browsers read it as it is."""
    table = (
        rows.to_arrow(compat_level=pl.CompatLevel.oldest())
        if isinstance(rows, pl.DataFrame)
        else rows
    )
    table = table.combine_chunks().replace_schema_metadata(dict(metadata or {}))
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def tag_of(body: bytes) -> str:
    """An entity tag derived from the content."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def pressed(body: bytes, media_type: str, accepted: str) -> tuple[bytes, str]:
    """The body and its content encoding; as it is where that is smaller or not wanted."""
    if len(body) < PRESS_FROM_BYTES or not media_type.startswith(_PRESSED):
        return body, ""
    offers = {part.split(";")[0].strip() for part in accepted.split(",") if "q=0" not in part}
    if "zstd" in offers:
        return zstandard.ZstdCompressor(level=3).compress(body), "zstd"
    if "gzip" in offers:
        return gzip.compress(body, 4, mtime=0), "gzip"
    return body, ""


def wanted_format(query: Any, headers: Mapping[str, str]) -> str:
    """`json`, `arrow` or `geojson`, by `?format=` or the Accept header."""
    named = getattr(query, "format", None)
    if named:
        return str(named)
    accept = headers.get("accept", "")
    if ARROW in accept:
        return "arrow"
    return "geojson" if GEOJSON in accept else "json"


def without_nan(value: Any) -> Any:
    """The same with NaN as None, in lists and dicts."""
    if isinstance(value, float):
        return value if value == value else None  # noqa: PLR0124 - NaN differs from itself
    if isinstance(value, dict):
        return {k: without_nan(v) for k, v in value.items()}
    return [without_nan(v) for v in value] if isinstance(value, list) else value
