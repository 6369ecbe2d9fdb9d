"""Which format the first bytes are in, and the sentence that says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from fairlead.schema.errors import FairleadError, SourceError
from fairlead.sources.blocks import shown

FORMATS = ("nmea", "csv", "jsonl", "parquet")
Describe = Callable[[str, bytes], str]
"""Says what columns mean: (format, header line) to a sentence; raises SourceError when it cannot.

The columns' meaning belongs to the room `observations`; the application hands it in.
"""

_SENTENCE = re.compile(rb"[!$][A-Z]{2}[A-Z0-9]{3},|\$P[A-Z]{3}")
_DELIMITERS = (b",", b";", b"\t", b"|")


_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Recognised:
    format: str
    sentence: str
    header: bytes = b""


def recognise(
    head: bytes, where: str, *, format: str | None = None, describe: Describe | None = None
) -> Recognised:
    """The format of a stream by its first bytes (64 KiB are plenty), or `format` when given.

    Raises SourceError with what was seen and what to pass when nothing fits.
    """
    if format is not None and format not in FORMATS:
        message = f"`{format}` is not a format"
        raise SourceError(message, help=f"pass one of --format {', '.join(FORMATS)}")
    found = format or _guess(head)
    if found is None:
        message = f"{where} is in no format known here; it begins {shown(head)}"
        is_array = head.lstrip().startswith(b"[")
        raise SourceError(
            message,
            help="write a JSON array as lines of one object each, or "
            * is_array
            + "pass --format nmea|csv|jsonl|parquet, and for a CSV its columns with --mapping "
            "FILE.toml; a CSV needs its header line",
        )
    if found == "csv":
        header = first_line(head)
        return Recognised("csv", _csv_sentence(header, where, describe), header)
    if found == "jsonl":
        return Recognised("jsonl", _json_sentence(head))
    if found == "parquet":
        return Recognised("parquet", "Parquet")
    return Recognised("nmea", "NMEA sentences" if head else "empty")


def _csv_sentence(header: bytes, where: str, describe: Describe | None) -> str:
    if describe is None:
        return f"CSV, {n_columns(header)} columns"
    return described(describe, "csv", header, where)


def described(describe: Describe, format: str, header: bytes, where: str) -> str:
    """What columns mean, or the SourceError of who cannot tell with the file's name before it."""
    try:
        return describe(format, header)
    except FairleadError as error:
        message = f"{where}: {error.message}"
        raise SourceError(message, help=error.help) from error


def first_line(head: bytes) -> bytes:
    """The first line, without its ending; carriage returns are gone."""
    return head.split(b"\n", 1)[0].rstrip(b"\r")


def n_columns(header: bytes) -> int:
    return 1 + max(header.count(d) for d in _DELIMITERS)


def _guess(head: bytes) -> str | None:
    text = head.strip()
    if not text:
        return "nmea"
    if head.startswith(b"PAR1"):
        return "parquet"
    if text.startswith(b"{"):
        return "jsonl"
    if _SENTENCE.search(head):
        return "nmea"
    return "csv" if _looks_like_csv(text) else None


def _looks_like_csv(text: bytes) -> bool:
    header = first_line(text)
    delimiter = max(_DELIMITERS, key=header.count)
    names = [name.strip(b' "#') for name in header.split(delimiter)]
    if len(names) < 3 or _CONTROL.search(header) or header[:1] in (b"[", b"<"):
        return False
    named = sum(1 for name in names if re.match(rb"[A-Za-z_\x80-\xff]", name))
    return named * 2 > len(names) and named >= 3


def _json_sentence(head: bytes) -> str:
    if b'"MessageType"' in head:
        return "JSON lines as aisstream writes them"
    if b'"class"' in head and b'"AIS"' in head:
        return "JSON lines as AIS-catcher and gpsd write them"
    return "JSON lines"
