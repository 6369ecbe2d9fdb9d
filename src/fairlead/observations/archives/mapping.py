"""Header mappings: which column of an archive means what, in a TOML of a few lines.

    name = "harbour log"
    [columns]
    time = "When"
    mmsi = "Ship"
    lat = "Y"
    lon = "X"

Names match without regard to case, spaces and punctuation. The archives known by their header are
the files in `layouts/`; of others the meaning is guessed by common names, and said.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from fairlead.schema.errors import ConfigError, SourceError

NEEDED = ("time", "mmsi", "lat", "lon")
TIME_FORMATS = ("auto", "month_first", "epoch_s", "epoch_ms")

MEANINGS: Dictionary[str, tuple[str, ...]] = {
    "time": (
        "time", "timestamp", "basedatetime", "datetime", "datetimeutc", "timeutc", "timestamputc",
        "utc", "utctime", "t", "ts", "epoch", "unixtime", "msgtime", "rxtime", "receivedat",
        "positiontime", "postimestamp", "aispostimestamp", "dtposutc", "dateheure", "timeposition",
    ),
    "time_ms": (),
    "mmsi": ("mmsi", "mmsinumber", "sourcemmsi", "vesselmmsi", "shipmmsi", "userid", "ssvid"),
    "lat": ("lat", "latitude", "latdeg", "latitudedegrees", "ylat", "positionlat"),
    "lon": ("lon", "long", "lng", "longitude", "londeg", "longitudedegrees", "positionlon"),
    "speed": ("sog", "speed", "speedoverground", "sogknots", "speedkn", "speedknots", "velocity"),
    "course": ("cog", "course", "courseoverground", "cogdegrees", "coursedeg"),
    "heading": ("heading", "trueheading", "hdg", "headingdeg", "hdt"),
    "turn_rate": ("rot", "rateofturn", "turn", "turnrate", "turnratedegmin"),
    "status": ("status", "navstatus", "navigationalstatus", "navigationstatus", "navstat"),
    "accuracy": ("accuracy", "posaccuracy", "positionaccuracy"),
    "second": (),
    "msg_type": ("msgtype", "messageid", "messagetype", "messagenr", "msgid", "aistype"),
    "class": ("transceiverclass", "transceiver", "typeofmobile", "aisclass"),
    "name": ("name", "vesselname", "shipname"),
    "imo": ("imo", "imonumber", "imonr"),
    "callsign": ("callsign",),
    "ship_type": ("shiptype", "vesseltype", "shipandcargotype", "typeofshipandcargo"),
    "length": ("length", "lengthm", "loa"),
    "width": ("width", "beam", "widthm"),
    "to_bow": ("tobow", "tobowm", "dimensiontobow", "dima"),
    "to_stern": ("tostern", "tosternm", "dimensiontostern", "dimb"),
    "to_port": ("toport", "toportm", "dimensiontoport", "dimc"),
    "to_starboard": ("tostarboard", "tostarboardm", "dimensiontostarboard", "dimd"),
    "draught": ("draught", "draft", "draughtm"),
    "destination": ("destination", "dest"),
    "eta": ("eta",),
    "eta_month": (),
    "eta_day": (),
    "eta_hour": (),
    "eta_minute": (),
}  # fmt: skip
"""What a column can mean, with the names that are taken to mean it when no mapping is given."""


@dataclass(frozen=True, slots=True)
class HeaderMapping:
    """How to read an archive. `columns` gives for each meaning the names that it may have."""

    name: str
    columns: Dictionary[str, tuple[str, ...]]
    recognised_by: tuple[str, ...] = ()
    time_format: str = "auto"
    course_wrap_deg: float = 360.0
    speed_unit_kn: float = 1.0
    draught_unit_m: float = 1.0
    delimiter: str = ""
    decimal_point: str = "."
    unavailable: tuple[str, ...] = ()
    mmsi_is_local: bool = False
    """The numbers are the file's own; those of more than nine digits are spread over nine."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A mapping applied to one header: meaning to column number."""

    mapping: HeaderMapping
    names: tuple[str, ...]
    delimiter: str
    column: Dictionary[str, int] = field(hash=False)
    is_guessed: bool = False

    @property
    def sentence(self) -> str:
        """`NOAA MarineCadastre, 17 columns`, or what was guessed."""
        if not self.is_guessed:
            note = f"; {self.mapping.note}" if self.mapping.note else ""
            return f"{self.mapping.name}, {len(self.names)} columns{note}"
        pairs = ", ".join(f"{m} from `{self.names[c]}`" for m, c in self.column.items())
        return f"{len(self.names)} columns, taking {pairs}"


def plain_name(name: str) -> str:
    """The name without case, spaces and punctuation."""
    return re.sub(r"[\W_]", "", name.lower())


def parse_mapping(text: str, where: str = "the mapping") -> HeaderMapping:
    """A HeaderMapping from TOML. Raises ConfigError that names the key at fault."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        message = f"{where} is not TOML: {error}"
        raise ConfigError(message, help="see docs/how-to/add-a-source.md") from error
    columns = given.pop("columns", None)
    if not isinstance(columns, dict):
        message = f"{where} has no [columns]"
        raise ConfigError(message, help=_example())
    known = set(HeaderMapping.__dataclass_fields__) - {"columns"}
    _refuse_unknown(set(given) - known, known, where)
    _refuse_unknown(set(columns) - set(MEANINGS), set(MEANINGS), f"{where}, [columns]")
    if given.get("time_format", "auto") not in TIME_FORMATS:
        message = f"{where} has time_format `{given['time_format']}`"
        raise ConfigError(message, help=f"take one of {', '.join(TIME_FORMATS)}")
    lists = {k: tuple(given.pop(k)) for k in ("recognised_by", "unavailable") if k in given}
    named = {m: (n,) if isinstance(n, str) else tuple(n) for m, n in columns.items()}
    settings: dict[str, Any] = {"name": where} | given | lists
    return HeaderMapping(**settings, columns=named)


def _refuse_unknown(unknown: set[str], known: set[str], where: str) -> None:
    if unknown:
        message = f"{where} has unknown key `{min(unknown)}`"
        raise ConfigError(message, help=f"known keys are {', '.join(sorted(known))}")


def load_mapping(path: Path) -> str:
    """The text of a mapping file, checked."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot read the mapping {path}: {error}"
        raise ConfigError(message, help="see docs/how-to/add-a-source.md") from error
    parse_mapping(text, str(path))
    return text


@cache
def known_mappings() -> tuple[HeaderMapping, ...]:
    """The archives known by their header, those with more columns to recognise them by first."""
    folder = files("fairlead.observations.archives") / "layouts"
    found = [
        parse_mapping(f.read_text("utf-8"), f.name)
        for f in sorted(folder.iterdir(), key=lambda f: f.name)
        if f.name.endswith(".toml")
    ]
    return tuple(sorted(found, key=lambda m: -len(m.recognised_by)))


def split_header(header: bytes, delimiter: str = "") -> tuple[tuple[str, ...], str]:
    """Column names and the delimiter: the one given, or the most frequent."""
    text = header.decode("utf-8-sig", "replace")
    delimiter = delimiter or max((",", ";", "\t", "|"), key=text.count)
    return tuple(name.strip(' "\r\n') for name in text.split(delimiter)), delimiter


@lru_cache(maxsize=64)
def layout_of(header: bytes, mapping_toml: str = "") -> Layout:
    """What the columns of a header mean, by the mapping given, a known archive, or common names.

    Raises SourceError that lists the columns and the lines to write when time, MMSI or position
    cannot be found.
    """
    given = parse_mapping(mapping_toml) if mapping_toml else None
    names, delimiter = split_header(header, given.delimiter if given else "")
    places: dict[str, int] = {}
    for place, name in enumerate(names):
        places.setdefault(plain_name(name), place)
    mapping = given or _known(places)
    column = _columns(mapping.columns if mapping else MEANINGS, places)
    if given:
        _refuse_absent(given, column, names)
    missing = [m for m in NEEDED if m not in column]
    if missing:
        seen = ", ".join(f"`{n}`" for n in names[:40])
        message = f"no column for {', '.join(missing)} among {seen}"
        raise SourceError(message, help=_example())
    if mapping is None:
        mapping = HeaderMapping("guessed", MEANINGS)
        return Layout(mapping, names, delimiter, column, is_guessed=True)
    return Layout(mapping, names, delimiter, column)


def _known(places: Dictionary[str, int]) -> HeaderMapping | None:
    for mapping in known_mappings():
        if all(plain_name(name) in places for name in mapping.recognised_by):
            return mapping
    return None


def _columns(
    columns: Dictionary[str, Sequence[str]], places: Dictionary[str, int]
) -> dict[str, int]:
    found: dict[str, int] = {}
    for meaning, names in columns.items():
        for name in names:
            place = places.get(plain_name(name))
            if place is not None and place not in found.values():
                found[meaning] = place
                break
    return found


def _refuse_absent(
    mapping: HeaderMapping, column: Dictionary[str, int], names: Sequence[str]
) -> None:
    """A mapping that a user wrote names columns that are there."""
    for meaning, wanted in mapping.columns.items():
        if meaning not in column:
            message = f"the mapping takes {meaning} from `{wanted[0]}`, which is not a column"
            raise SourceError(message, help=f"the columns are {', '.join(names)}")


def _example() -> str:
    lines = "\n".join(f'  {m} = "COLUMN"' for m in NEEDED)
    return f"write a file with\n  [columns]\n{lines}\nand pass it with --mapping FILE.toml"


def describe(format: str, header: bytes, mapping_toml: str = "") -> str:
    """The sentence that says what an archive was recognised as; SourceError when it was not."""
    layout = layout_of(header, mapping_toml)
    kind = {"csv": "CSV", "parquet": "Parquet"}.get(format, format)
    if layout.is_guessed:
        return f"{kind}, {layout.sentence}"
    first, _, rest = layout.sentence.partition(",")
    return f"{first} {kind},{rest}"
