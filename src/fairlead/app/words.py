"""How values are written for people: times, numbers, and text that came from outside."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

from fairlead.schema.errors import ConfigError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(time_us: int | None) -> str:
    """`2020-06-30T12:01:00Z`; microseconds only where there are any."""
    if time_us is None:
        return ""
    moment = _EPOCH + timedelta(microseconds=int(time_us))
    return moment.isoformat().replace("+00:00", "Z")


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
    return round((moment - _EPOCH) / timedelta(microseconds=1))


def plain(text: object) -> str:
    """Text from outside made safe for a terminal: control and direction characters are shown."""
    written = str(text)
    if written.isprintable():
        return written
    return "".join(
        c if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") else _shown(c)
        for c in written
    )


def _shown(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"


def spreadsheet_safe(text: str) -> str:
    """Text that a spreadsheet will not run as a formula (OWASP, CSV injection)."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def count(n: int, one: str, many: str | None = None) -> str:
    """`1 lead`, `2,000 leads`."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"
