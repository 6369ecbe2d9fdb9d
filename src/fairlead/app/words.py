"""How values are written for people and read from them: times, counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fairlead.schema.errors import ConfigError
from fairlead.schema.text import EPOCH, iso, plain, spreadsheet_safe

__all__ = ["count", "iso", "parse_time", "plain", "spreadsheet_safe"]


def parse_time(text: str) -> int:
    """UTC microseconds of an ISO 8601 instant or date; one without a zone is UTC.

    Raises ConfigError for anything else.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"`{text}` is not a time"
        raise ConfigError(message, help="write it as 2020-06-30T12:00:00Z or 2020-06-30") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return round((moment - EPOCH) / timedelta(microseconds=1))


def count(n: int, one: str, many: str | None = None) -> str:
    """`1 lead`, `2,000 leads`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
