"""An entry's bytes, RFC 8785 canonical JSON: the same act always hashes to the same leaf."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import rfc8785

from fairlead.review.ledger.broken import BrokenError
from fairlead.schema.errors import ConflictError
from fairlead.schema.ledger import LedgerKind

ENTRY_VERSION = 1
ENTRY_BYTES_MAX = 65_535
"""What the two bytes of length in a C2SP entry bundle can say."""
_FIELDS = {"actor", "body", "kind", "time_us", "v"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One act: its columns in the database, and `raw`, the leaf they must agree with."""

    kind: str
    time_us: int
    actor: str
    body: Mapping[str, Any]
    raw: bytes

    @classmethod
    def make(cls, kind: str, time_us: int, actor: str, body: Mapping[str, Any]) -> Entry:
        """Raises ValueError for an unknown kind, ConflictError for a body that cannot be kept."""
        known = LedgerKind(kind).value
        value = {"actor": actor, "body": body, "kind": known, "time_us": time_us}
        try:
            raw = rfc8785.dumps({**value, "v": ENTRY_VERSION})
        except (ValueError, RecursionError) as error:
            message = f"a `{known}` entry has no canonical JSON: {error}"
            raise ConflictError(message, help="send whole numbers above 2**53 as text") from error
        if len(raw) > ENTRY_BYTES_MAX:
            message = f"a `{known}` entry of {len(raw):,} bytes is above {ENTRY_BYTES_MAX:,}"
            raise ConflictError(message, help="put the digest of what is large into the body")
        return cls(known, time_us, actor, body, raw)

    @classmethod
    def parse(cls, raw: bytes) -> Entry:
        """Raises BrokenError for bytes that `make` would not have written."""
        try:
            value = json.loads(raw, parse_int=_number)
            canonical = rfc8785.dumps(value)
        except (ValueError, RecursionError) as error:
            message = "it is no canonical JSON"
            raise BrokenError(message, help="its bytes were changed") from error
        if canonical != raw:
            message = "its JSON is not in canonical form"
            raise BrokenError(message, help="its bytes were changed")
        if not _is_entry(value):
            message = "it is no ledger entry: a field is missing, unknown or of the wrong kind"
            raise BrokenError(message, help="it may be of a later version of Fairlead")
        return cls(value["kind"], value["time_us"], value["actor"], value["body"], raw)


def _number(text: str) -> int | float:
    """RFC 8785 knows only doubles: it writes 1e20 like a whole number."""
    number = int(text)
    return number if abs(number) < 2**53 else float(text)


def _is_entry(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and value.keys() == _FIELDS
        and isinstance(value["actor"], str)
        and isinstance(value["body"], dict)
        and value["kind"] in {kind.value for kind in LedgerKind}
        and type(value["time_us"]) is int
        and type(value["v"]) is int
        and value["v"] == ENTRY_VERSION
    )
