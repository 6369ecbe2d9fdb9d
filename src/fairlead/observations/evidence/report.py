"""A written report as claims: positions, numbers and names of vessels, with the time they are for.

Each pattern takes one blank where the text may have many (they are made one before), and no part of
it may repeat without end: reading takes time in proportion to the text, whatever it is.

The text itself is not kept, for it may speak of persons: what is kept are the words that each claim
was read from, and the digest of the whole.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from fairlead.observations.evidence.claim import Claim
from fairlead.schema.errors import SourceError
from fairlead.schema.text import EPOCH, iso

CHARACTERS_MOST = 200_000
CLAIMS_MOST = 2_000
NEAR_CHARACTERS = 400
_MONTHS = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"
_MONTH = r"(JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)[A-Z]{0,9}\.?"

_BLANKS = re.compile(r"\s+")
_NUMBER = r"(\d{1,3}(?:\.\d{1,12})?)"
_MINUTES = r"(?:\s?[-°º:d ]\s?(\d{1,2}(?:\.\d{1,12})?)\s?['′m]?)?"
_SECONDS = r"(?:\s?[-:'′ ]?\s?(\d{1,2}(?:\.\d{1,12})?)\s?(?:\"|″|''))?"
_HALF = _NUMBER + r"\s?[°º]?" + _MINUTES + _SECONDS + r"\s?"
PLACES = re.compile(_HALF + r"([NS])\b[\s,;/]{0,4}(?:AND\s)?" + _HALF + r"([EW])\b", re.I)
DECIMAL = re.compile(
    r"LAT(?:ITUDE)?[\s:=]{0,4}(-?\d{1,2}\.\d{1,12})[\s,;]{1,6}"
    r"LON(?:G|GITUDE)?[\s:=]{0,4}(-?\d{1,3}\.\d{1,12})",
    re.I,
)
MMSI = re.compile(r"\bMMSI\b[^0-9\n]{0,20}(\d{9})\b", re.I)
IMO = re.compile(r"\bIMO\b[^0-9\n]{0,12}(\d{7})\b", re.I)
NAME = re.compile(
    r"\b(?i:M/?[VTY]|F/?V|S/?Y|(?:motor |fishing )?vessel|(?:motor )?tanker|bulk carrier)"
    r"\s(?:[\"'“‘]([^\"'”’\n]{2,30})[\"'”’]"
    r"|((?:[A-Z0-9][A-Z0-9.'&-]{0,19})(?: [A-Z0-9][A-Z0-9.'&-]{0,19}){0,4}))"
)
GROUP = re.compile(
    r"\b(\d{2})(\d{2})(\d{2})(?:Z| ?UTC)\s?(?:" + _MONTH + r"(?:\s?(\d{4}|\d{2})\b(?![-.°:']))?)?",
    re.I,
)
ISO_DAY = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}))?")
WORD_DAY = re.compile(r"\b(\d{1,2})(?:ST|ND|RD|TH)?\s" + _MONTH + r",?\s(\d{4})\b", re.I)


@dataclass(frozen=True, slots=True)
class Report:
    """`sha256` is of the text as UTF-8; the text is not kept. `n_cut` claims were beyond the most
    that are taken."""

    sha256: str
    n_characters: int
    claims: tuple[Claim, ...]
    n_cut: int


@dataclass(frozen=True, slots=True)
class _Found:
    at: int
    claim: Claim


def read_report(text: str, year: int | None = None) -> Report:
    """The claims of a text, in its order. `year` completes dates that lack one.

    A claim is for the time that stands nearest before it, within 400 characters. Numbers count
    only where the text says what they are: nine digits alone may be a telephone's. Raises
    SourceError for a text that is too long.
    """
    if len(text) > CHARACTERS_MOST:
        message = f"the text has {len(text):,} characters, at most {CHARACTERS_MOST:,} are read"
        raise SourceError(message, help="send the part that matters")
    blanked = _BLANKS.sub(lambda blank: "\n" if "\n" in blank[0] else " ", text)
    times = sorted(_times(blanked, year), key=lambda f: f.at)
    found = [*_places(blanked), *_numbers(blanked), *_names(blanked)]
    dated = [_dated(f, times) for f in sorted(found, key=lambda f: f.at)]
    claims = tuple(dict.fromkeys([*(f.claim for f in times), *dated]))
    kept = claims[:CLAIMS_MOST]
    sealed = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return Report(sealed, len(text), kept, len(claims) - len(kept))


def _dated(found: _Found, times: list[_Found]) -> Claim:
    n_before = bisect_right(times, found.at, key=lambda f: f.at)
    if not n_before or found.at - times[n_before - 1].at > NEAR_CHARACTERS:
        return found.claim
    return replace(found.claim, time_us=times[n_before - 1].claim.time_us)


def _places(text: str) -> Iterator[_Found]:
    for match in PLACES.finditer(text):
        lat = _degrees(*match.groups()[0:3], match[4], "S", 90)
        lon = _degrees(*match.groups()[4:7], match[8], "W", 180)
        if lat is not None and lon is not None:
            yield _place(match, lat, lon)
    for match in DECIMAL.finditer(text):
        lat, lon = float(match[1]), float(match[2])
        if abs(lat) <= 90 and abs(lon) <= 180:
            yield _place(match, lat, lon)


def _place(match: re.Match[str], lat: float, lon: float) -> _Found:
    claim = Claim("position", f"{lat:.6f}, {lon:.6f}", match[0], "text", lat_deg=lat, lon_deg=lon)
    return _Found(match.start(), claim)


def _degrees(
    degrees: str, minutes: str | None, seconds: str | None, half: str, negative: str, most: int
) -> float | None:
    if float(minutes or 0) >= 60 or float(seconds or 0) >= 60 or (minutes and "." in degrees):
        return None
    value = float(degrees) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    if value > most:
        return None
    return -value if half.upper() == negative else value


def _numbers(text: str) -> Iterator[_Found]:
    for match in MMSI.finditer(text):
        yield _Found(match.start(), Claim("mmsi", match[1], match[0], "text"))
    for match in IMO.finditer(text):
        digits = [int(d) for d in match[1]]
        if sum(d * w for d, w in zip(digits[:6], range(7, 1, -1), strict=True)) % 10 == digits[6]:
            yield _Found(match.start(), Claim("imo", match[1], match[0], "text"))


def _names(text: str) -> Iterator[_Found]:
    for match in NAME.finditer(text):
        name = " ".join((match[1] or match[2]).upper().split()).rstrip(".")
        if len(name) > 1 and not name.isdigit():
            yield _Found(match.start(), Claim("name", name, match[0], "text"))


def _times(text: str, year: int | None) -> Iterator[_Found]:
    for match in GROUP.finditer(text):
        day, hour, minute, month, of_year = match.groups()
        in_year = _year(of_year) if of_year else year
        if month and in_year:
            yield from _moment(match, in_year, _month(month), int(day), int(hour), int(minute))
    for match in ISO_DAY.finditer(text):
        y, m, d, hour, minute = match.groups()
        yield from _moment(match, int(y), int(m), int(d), int(hour or 0), int(minute or 0))
    for match in WORD_DAY.finditer(text):
        yield from _moment(match, int(match[3]), _month(match[2]), int(match[1]), 0, 0)


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def _month(text: str) -> int:
    return _MONTHS.index(text[:3].upper()) // 3 + 1


def _moment(
    match: re.Match[str], year: int, month: int, day: int, hour: int, minute: int
) -> Iterator[_Found]:
    try:
        moment = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        return
    time_us = round((moment - EPOCH) / timedelta(microseconds=1))
    claim = Claim("time", iso(time_us), match[0].strip(), "text", time_us=time_us)
    yield _Found(match.start(), claim)
