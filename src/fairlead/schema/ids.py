"""Content-derived identifiers: replaying the same bytes gives the same ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


def row_ids(*columns: np.ndarray) -> np.ndarray:
    """One 63-bit id per row, mixed from integer columns of one length: int64.

    The mixer is splitmix64's finaliser (Steele, Lea and Flood 2014) over a running sum, so that
    the order of columns matters. The sign bit is cleared: Parquet, SQL and JSON agree on int64.
    """
    mixed = np.zeros(len(columns[0]), np.uint64)
    for values in columns:
        bits = np.ascontiguousarray(values)
        if bits.dtype.kind == "f":
            bits = (bits.astype(np.float64) + 0.0).view(np.uint64)
        mixed = mixed * _MIX_2 + bits.astype(np.uint64) + _GOLDEN
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX_1
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX_2
        mixed ^= mixed >> np.uint64(31)
    return (mixed & np.uint64(0x7FFFFFFFFFFFFFFF)).astype(np.int64)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces; NaN is refused."""
    return _CANONICAL.encode(value)


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def content_id(prefix: str, *parts: Any) -> str:
    """A readable id, such as `gap-1f0c...` (20 hex digits), from what identifies the thing."""
    return f"{prefix}-{digest(list(parts))[:20]}"


def content_ids(prefix: str, shared: Sequence[Any], *columns: Sequence[Any]) -> list[str]:
    """`content_id(prefix, *shared, *row)` for every row of the columns, the shared hashed once.

    The columns hold integers or None.
    """
    start = hashlib.sha256(canonical_json(list(shared))[:-1].encode())
    ids = []
    for row in zip(*columns, strict=True):
        seal = start.copy()
        seal.update(("," + canonical_json(row)[1:]).encode())
        ids.append(f"{prefix}-{seal.hexdigest()[:20]}")
    return ids
