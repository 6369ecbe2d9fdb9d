"""A photograph as evidence: its time and place as claims, faces blurred, the rest thrown away."""

from __future__ import annotations

import hashlib
import io
import re
import struct
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError

from fairlead.observations.evidence.claim import Claim
from fairlead.observations.evidence.faces import Box, blur, find_faces
from fairlead.schema.errors import SourceError
from fairlead.schema.text import EPOCH, iso

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
BYTES_MOST = 20 << 20
PIXELS_MOST = 60_000_000
SIDE_MOST = 2560
QUALITY = 88
YEAR_LEAST, YEAR_MOST = 1970, 2100
HASH_SIDE, HASH_KEPT = 32, 8
_TRIPS = (
    *(OSError, SyntaxError, ValueError, LookupError, TypeError, ArithmeticError),
    *(struct.error, Image.DecompressionBombError),
)
"""What Pillow raises over bytes that were made to trip it."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class Photograph:
    """`jpeg` is what may be kept: turned upright, at most 2,560 pixels a side, faces blurred,
    without metadata. `sha256` is of `jpeg`, `original_sha256` of what came and was not kept.

    `likeness` is a 64-bit perceptual hash: of two pictures of one scene, few bits differ.
    """

    jpeg: bytes
    sha256: str
    original_sha256: str
    likeness: int
    n_faces: int
    width: int
    height: int
    claims: tuple[Claim, ...]
    dropped: tuple[str, ...]


def take_in(data: bytes, more_to_blur: Sequence[Box] = ()) -> Photograph:
    """Read an image from outside. Raises SourceError for what is no image of the known kinds, too
    large, or damaged; ConfigError where faces cannot be looked for.

    `more_to_blur` are boxes of the upright image as kept.
    """
    upright, exif = _opened(data)
    upright.thumbnail((SIDE_MOST, SIDE_MOST))
    pixels = np.asarray(upright)
    faces = find_faces(pixels)
    safe = Image.fromarray(blur(pixels, [*faces, *more_to_blur]))
    out = io.BytesIO()
    safe.save(out, "JPEG", quality=QUALITY)
    claims, dropped = _claims_read(exif)
    return Photograph(
        jpeg=out.getvalue(),
        sha256=hashlib.sha256(out.getvalue()).hexdigest(),
        original_sha256=hashlib.sha256(data).hexdigest(),
        likeness=picture_hash(safe),
        n_faces=len(faces),
        width=safe.width,
        height=safe.height,
        claims=claims,
        dropped=dropped,
    )


def _opened(data: bytes) -> tuple[Image.Image, Image.Exif]:
    """The first picture in the file, turned upright, in RGB, and its EXIF."""
    if len(data) > BYTES_MOST:
        message = f"the image has {len(data):,} bytes, at most {BYTES_MOST:,} are taken"
        raise SourceError(message, help="make it smaller")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
            if image.width * image.height > PIXELS_MOST:
                message = f"the image has {image.width} by {image.height} pixels, too many"
                raise SourceError(message, help="make it smaller")
            image.load()
            exif = image.getexif()
            turn = _TURNS.get(exif.get(ExifTags.Base.Orientation, 1))
            upright = (image if turn is None else image.transpose(turn)).convert("RGB")
    except UnidentifiedImageError as error:
        message = "these bytes are no image that is known"
        raise SourceError(message, help=f"send one of {', '.join(FORMATS)}") from error
    except _TRIPS as error:
        message = f"the image is damaged: {error}"
        raise SourceError(message, help="export it again") from error
    return upright, exif


def _claims_read(exif: Image.Exif) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """No claim at all where EXIF is damaged: the picture itself may still be good."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _claims(exif)
    except _TRIPS:
        return (), ("damaged EXIF",)


def _claims(exif: Image.Exif) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """Time and place from EXIF, and the names of everything that was there and is not kept."""
    tags: dict[str, Any] = {}
    for names, values in (
        (ExifTags.TAGS, dict(exif)),
        (ExifTags.TAGS, exif.get_ifd(ExifTags.IFD.Exif)),
    ):
        tags |= {names.get(number, str(number)): value for number, value in values.items()}
    gps = {
        ExifTags.GPSTAGS.get(number, str(number)): value
        for number, value in exif.get_ifd(ExifTags.IFD.GPSInfo).items()
    }
    claims = [c for c in (_gps_time(gps), _camera_time(tags), _place(gps)) if c is not None]
    used = ("DateTimeOriginal", "OffsetTimeOriginal", "GPSInfo", "ExifOffset")
    dropped = sorted({*tags, *(name for name in gps if not name.startswith("GPS"))} - set(used))
    return tuple(claims), tuple(dropped)


def _camera_time(tags: Mapping[str, Any]) -> Claim | None:
    said = str(tags.get("DateTimeOriginal", "")).strip("\0 ")
    offset = str(tags.get("OffsetTimeOriginal", "")).strip("\0 ")
    try:
        moment = datetime.strptime(said, "%Y:%m:%d %H:%M:%S").replace(tzinfo=UTC)
    except ValueError:
        return None
    if not YEAR_LEAST <= moment.year <= YEAR_MOST:
        return None
    basis, zone = "camera clock, zone unknown, taken as UTC", _zone(offset)
    if zone is not None:
        basis, moment = f"camera clock, {offset}", moment.replace(tzinfo=zone)
    return _time(moment, said, basis)


def _zone(offset: str) -> timezone | None:
    found = re.fullmatch(r"([+-])(\d\d):(\d\d)", offset)
    if not found or int(found[2]) > 14 or int(found[3]) > 59:
        return None
    ahead = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(ahead if found[1] == "+" else -ahead)


def _gps_time(gps: Mapping[str, Any]) -> Claim | None:
    try:
        stamp = str(gps["GPSDateStamp"]).strip("\0 ")
        day = datetime.strptime(stamp, "%Y:%m:%d").replace(tzinfo=UTC)
        hours, minutes, seconds = (float(x) for x in gps["GPSTimeStamp"])
        since = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        moment = day + since
    except (KeyError, ValueError, TypeError, OverflowError, ZeroDivisionError):
        return None
    if not YEAR_LEAST <= moment.year <= YEAR_MOST:
        return None
    return _time(moment, f"{gps['GPSDateStamp']} {gps['GPSTimeStamp']}", "GPS receiver")


def _time(moment: datetime, said: str, basis: str) -> Claim:
    time_us = round((moment - EPOCH) / timedelta(microseconds=1))
    return Claim("time", iso(time_us), said, basis, time_us=time_us)


def _place(gps: Mapping[str, Any]) -> Claim | None:
    try:
        lat = _degrees(gps["GPSLatitude"], str(gps.get("GPSLatitudeRef", "N")), "S")
        lon = _degrees(gps["GPSLongitude"], str(gps.get("GPSLongitudeRef", "E")), "W")
    except (KeyError, ValueError, TypeError, ZeroDivisionError):
        return None
    if not (abs(lat) <= 90 and abs(lon) <= 180) or (lat == 0 and lon == 0):
        return None
    value = f"{lat:.6f}, {lon:.6f}"
    return Claim("position", value, value, "GPS receiver", lat_deg=lat, lon_deg=lon)


def _degrees(parts: Sequence[Any], half: str, negative: str) -> float:
    degrees, minutes, seconds = (float(x) for x in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return -value if half.strip("\0 ").upper() == negative else value


def picture_hash(image: Image.Image) -> int:
    """A 64-bit perceptual hash: signs of the low frequencies about their median (Zauner 2010)."""
    grey = image.convert("L").resize((HASH_SIDE, HASH_SIDE), Image.Resampling.LANCZOS)
    k = np.arange(HASH_KEPT)[:, None]
    waves = np.cos(np.pi * k * (2 * np.arange(HASH_SIDE)[None, :] + 1) / (2 * HASH_SIDE))
    low = waves @ np.asarray(grey, np.float64) @ waves.T
    bits = (low > np.median(low.ravel()[1:])).ravel()
    return int(np.packbits(bits).view(">u8")[0])


def differing_bits(one: int, other: int) -> int:
    """How far two perceptual hashes lie apart: up to about 10 of 64 for one scene."""
    return (one ^ other).bit_count()
