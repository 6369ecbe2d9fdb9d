"""How times and text from outside are written wherever people read them: one way for all rooms.

Ship names and reports are hostile text: on a terminal, in a table, in a page, in a dossier.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def iso(time_us: int | None) -> str:
    """`2020-06-30T12:01:00Z`; microseconds only where there are any."""
    if time_us is None:
        return ""
    moment = EPOCH + timedelta(microseconds=int(time_us))
    return moment.isoformat().replace("+00:00", "Z")


def plain(text: object) -> str:
    """Text from outside made safe for a terminal: control and direction characters are shown."""
    written = str(text)
    if written.isprintable():
        return written
    return "".join(
        c
        if unicodedata.category(c) not in ("Cc", "Cf", "Cn", "Cs", "Co", "Zl", "Zp")
        else _shown(c)
        for c in written
    )


def _shown(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 256 else f"\\u{ord(character):04x}"


def spreadsheet_safe(text: str) -> str:
    """Text that a spreadsheet will not run as a formula (OWASP, CSV injection)."""
    return "'" + text if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
