"""Numbers and call signs of a vessel as lists write them, checked."""

from __future__ import annotations

import re

_IMO_WEIGHTS = (7, 6, 5, 4, 3, 2)


def checked_imo(text: object) -> int | None:
    """The IMO number in a text when its check digit holds, else None.

    The last digit is the last digit of the sum of the first six, weighted 7 to 2 (IMO resolution
    A.1117(30)). Spreadsheets write `8692299.0`; that is read too.
    """
    found = re.fullmatch(r"\s*(?:IMO)?\s*(?:No\.?|#|:)?\s*(\d{7})(?:\.0+)?\s*", str(text), re.I)
    if found is None or found[1][0] == "0":
        return None
    digits = [int(d) for d in found[1]]
    total = sum(d * w for d, w in zip(digits[:6], _IMO_WEIGHTS, strict=True))
    return int(found[1]) if total % 10 == digits[6] else None


def ship_mmsi(text: object) -> int | None:
    """The MMSI of a ship station (nine digits, first 2 to 7) in a text, else None."""
    found = re.fullmatch(r"\s*(?:MMSI)?\s*:?\s*([2-7]\d{8})(?:\.0+)?\s*", str(text), re.I)
    return int(found[1]) if found else None


def plain_callsign(text: str | None) -> str:
    """A call sign without spaces and punctuation, in capitals; empty when it cannot be one.

    Fewer than three characters, or one character repeated, is what crews type to fill the field.
    """
    plain = re.sub(r"[^A-Z0-9]", "", (text or "").upper())
    if len(plain) < 3 or len(set(plain)) == 1 or not re.search(r"[A-Z]", plain):
        return ""
    return plain[:12]
