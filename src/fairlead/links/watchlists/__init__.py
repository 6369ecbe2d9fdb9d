"""Watch lists to claims: one file per list, one line in LISTS.

A reader recognises a layout by its header, drops what may be about a natural person (and counts
it), and hands over drafts; `claims` checks them and writes the sentences.
"""

from __future__ import annotations

import glob
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from fairlead.links.watchlists import eu, iuu, ofac, other, shadow_fleet
from fairlead.links.watchlists.claims import Draft, Publisher, claim_rows
from fairlead.links.watchlists.records import Records, records_of
from fairlead.schema.errors import SourceError
from fairlead.schema.tables import CLAIMS

Reader = Callable[[Records, Counter[str], Mapping[str, list[str]]], Iterator[Draft]]


@dataclass(frozen=True, slots=True)
class WatchList:
    layout: str
    recognises: Callable[[Records], bool]
    read: Reader
    publisher: Publisher | Callable[[Records], Publisher]


LISTS: tuple[WatchList, ...] = (
    WatchList("OFAC SDN", ofac.recognises, ofac.read, ofac.PUBLISHER),
    WatchList("EU listed vessels", eu.recognises, eu.read, eu.PUBLISHER),
    WatchList("combined IUU list", iuu.recognises, iuu.read, iuu.PUBLISHER),
    WatchList("shadow fleet", shadow_fleet.recognises, shadow_fleet.read, shadow_fleet.PUBLISHER),
    WatchList("columns told by their names", other.recognises, other.read, other.publisher_of),
)


@dataclass(frozen=True, slots=True)
class WatchlistResult:
    """Rows of CLAIMS, what each file was recognised as, and what was dropped or refused.

    `counts` is by reason: dropped_person_field, refused_person, refused_not_a_vessel,
    refused_no_identity, refused_repeated, bad_imo, bad_mmsi, bad_callsign, unknown_flag.
    """

    claims: pa.Table
    layouts: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def read_watchlist(path: str | Path, recorded_us: int) -> WatchlistResult:
    """Claims of a list, of the lists in a folder, or of the lists a glob finds.

    `recorded_us` is the date of the edition, or of its reading. In a folder, files that are not
    recognised are named in `layouts` as such; a single file that is not raises SourceError, as
    does a path that finds nothing.
    """
    files, alone = _files(path)
    opened: list[tuple[Path, Records]] = []
    layouts: dict[str, str] = {}
    for file in files:
        try:
            opened.append((file, records_of(file)))
        except SourceError as error:
            if alone:
                raise
            layouts[str(file)] = f"not read: {error.message}"
    known_names: dict[str, list[str]] = {}
    lists = []
    for file, records in opened:
        if ofac.recognises_aliases(records):
            layouts[str(file)] = "OFAC aliases"
            known_names |= ofac.aliases(records)
        else:
            lists.append((file, records))
    counts: Counter[str] = Counter()
    tables = []
    for file, records in lists:
        found = next((one for one in LISTS if one.recognises(records)), None)
        layouts[str(file)] = found.layout if found else "not recognised"
        if found is None:
            if alone:
                raise _not_recognised(records)
            continue
        publisher = found.publisher
        if not isinstance(publisher, Publisher):
            publisher = publisher(records)
        drafts = found.read(records, counts, known_names)
        tables.append(claim_rows(drafts, publisher, recorded_us, counts))
    claims = pa.concat_tables(tables or [CLAIMS.empty()]).combine_chunks()
    return WatchlistResult(claims, layouts, {k: v for k, v in sorted(counts.items()) if v})


def _files(path: str | Path) -> tuple[list[Path], bool]:
    """The files meant, and whether it is one that was named itself."""
    named = Path(path)
    if named.is_dir():
        files = sorted(p for p in named.iterdir() if p.is_file() and p.name[0] != ".")
    elif named.exists():
        beside = named.with_name(named.stem.rstrip("s") + "_aliases" + named.suffix)
        return [named, *([beside] if beside.is_file() else [])], True
    else:
        files = [Path(p) for p in sorted(glob.glob(str(path), recursive=True)) if Path(p).is_file()]
    if not files:
        message = f"{path}: no watch list found"
        raise SourceError(message, help="give a file, a folder or a glob of CSV or JSON lists")
    return files, False


def _not_recognised(records: Records) -> SourceError:
    seen = ", ".join(records.header[:12]) or "nothing"
    message = f"{records.path}: not recognised as a watch list; its columns are {seen}"
    names = ", ".join(w.layout for w in LISTS[:-1])
    return SourceError(
        message,
        help=f"known layouts are {names}; any CSV or JSON works whose columns are called name, "
        "imo, mmsi, callsign, flag",
    )
