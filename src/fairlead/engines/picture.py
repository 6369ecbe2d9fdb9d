"""What the console reads of a workspace: its small tables whole, its points by an index.

Committed files never change, so each is read and indexed once; a refresh costs what is new. What
a late row takes back disappears with its files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairlead.engines.embedded import EmbeddedEngine
from fairlead.engines.raw_records import cut_record
from fairlead.engines.rows import last_versions
from fairlead.engines.workspace import StoredFile
from fairlead.geo.tiles import codes_of
from fairlead.schema.errors import EngineError
from fairlead.schema.span import Span
from fairlead.schema.table import Table
from fairlead.schema.tables import (
    CLAIMS,
    COVERAGE,
    EVENTS,
    IDENTITIES,
    LEADS,
    LINKS,
    OBSERVATIONS,
    POSITION_MESSAGES,
    RAW,
    REJECTS,
    STATIC_MESSAGES,
    STATICS,
    STOPS,
    TRACK_POINTS,
)

WHOLE = (LEADS, EVENTS, LINKS, IDENTITIES, CLAIMS, COVERAGE, STOPS)
"""Tables that are read whole: what people act on, and what is small."""
FINE_ZOOM = 14
HOUR_US = 3_600_000_000
_LAST = (
    *("mmsi", "source", "time_us", "lat_deg", "lon_deg", "course_deg", "heading_deg", "speed_kn"),
    *("nav_status", "station_class"),
)
_POINT = (
    *("mmsi", "time_us", "lat_deg", "lon_deg", "speed_kn", "course_deg", "observation_id"),
    "source",
)
_HEAD = ("source", "format", "offset", "first_line", "n_lines")
_TRIES = 3
PAYLOADS_KEPT = 6


@dataclass(frozen=True, slots=True)
class PointsFile:
    """What is known of one file of observations without opening it again.

    `last`: the last position per vessel and source; `hours`: rows per hour and source; `cells`:
    rows per tile of FINE_ZOOM, by source, codes sorted; `groups`: least and greatest MMSI of each
    row group.
    """

    file: StoredFile
    last: pl.DataFrame
    hours: pl.DataFrame
    cells: Mapping[str, tuple[np.ndarray, np.ndarray]]
    groups: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Stored:
    """The settled workspace at one instant. Never changes: a refresh makes another."""

    number: int
    settled_us: int | None
    tables: Mapping[str, pa.Table]
    points: tuple[PointsFile, ...]
    tracks: pl.DataFrame
    last: pl.DataFrame
    rejects: pl.DataFrame
    counts: Mapping[str, int]
    revisions: pa.Table
    n_late: int
    sources: tuple[str, ...]

    def table(self, table: Table) -> pa.Table:
        return self.tables[table.name]


@dataclass(slots=True)
class _Held:
    """What has been read of each file, by its path."""

    rows: dict[str, dict[Path, pa.Table]] = field(default_factory=dict)
    whole: dict[str, pa.Table] = field(default_factory=dict)
    points: dict[Path, PointsFile] = field(default_factory=dict)
    tracks: dict[Path, pl.DataFrame] = field(default_factory=dict)
    rejects: dict[Path, pl.DataFrame] = field(default_factory=dict)
    heads: dict[Path, pa.Table] = field(default_factory=dict)
    payloads: dict[tuple[Path, int], bytes] = field(default_factory=dict)


class History:
    """Reads one workspace beside whoever writes it. `refresh` is for one thread, the rest for all.

    Raises EngineError where there is no workspace.
    """

    def __init__(self, folder: Path) -> None:
        self.engine = EmbeddedEngine(
            folder, inlets=(POSITION_MESSAGES, STATIC_MESSAGES), writable=False
        )
        self._held = _Held()
        self._seen: tuple | None = None
        self._number = 0
        self.stored: Stored | None = None

    def close(self) -> None:
        self.engine.close()

    def refresh(self) -> bool:
        """Read what is new; whether anything was."""
        for attempt in range(_TRIES):
            now = self._mark()
            if now == self._seen:
                return False
            try:
                self.stored = self._read()
            except (FileNotFoundError, EngineError):
                # a revision removed files between the manifest and the reading
                if attempt == _TRIES - 1:
                    raise
                continue
            self._seen = now
            return True
        return False

    def _mark(self) -> tuple:
        control = self.engine.workspace.control
        files = control.execute(
            "SELECT count(*), max(file_id), sum(superseded) FROM files"
        ).fetchone()
        ends = control.execute("SELECT count(*), max(until_us) FROM segments").fetchone()
        changes = control.execute("SELECT max(revision_id) FROM revisions").fetchone()
        revising = control.execute("SELECT 1 FROM meta WHERE key = 'revising'").fetchone()
        if revising and self._seen is not None:
            return self._seen
        return (*files, *ends, *changes)

    def _read(self) -> Stored:
        self._number += 1
        tables = {table.name: self._whole(table) for table in WHOLE}
        points = self._by_file(OBSERVATIONS, self._held.points, _indexed)
        tracks = self._by_file(TRACK_POINTS, self._held.tracks, _tracks_in)
        rejects = self._by_file(REJECTS, self._held.rejects, _rejects_in)
        last = _newest([p.last for p in points])
        settled = self.engine.workspace.control.execute(
            "SELECT max(until_us) FROM segments"
        ).fetchone()[0]
        counted = (OBSERVATIONS, STATICS, TRACK_POINTS, POSITION_MESSAGES, STATIC_MESSAGES)
        return Stored(
            number=self._number,
            settled_us=settled,
            tables=tables,
            points=tuple(points),
            tracks=_merged_tracks(tracks),
            last=last,
            rejects=_summed(rejects, ["source", "reason"]),
            counts={t.name: self.engine.n_rows(t) for t in counted},
            revisions=self.engine.revisions(),
            n_late=self.engine.counts().get("late_rows", 0),
            sources=tuple(sorted({s for p in points for s in p.cells})),
        )

    def _whole(self, table: Table) -> pa.Table:
        """The last version of each row; the same object while no file of it is new."""
        held = self._held.rows.setdefault(table.name, {})
        files = self.engine.workspace.files(table)
        if {f.path for f in files} == set(held) and table.name in self._held.whole:
            return self._held.whole[table.name]
        fresh = {
            f.path: held[f.path]
            if f.path in held
            else pq.read_table(f.path, partitioning=None).cast(table.columns)
            for f in files
        }
        self._held.rows[table.name] = fresh
        rows = pa.concat_tables([table.empty(), *fresh.values()]).unify_dictionaries()
        self._held.whole[table.name] = last_versions(table, rows).combine_chunks()
        return self._held.whole[table.name]

    def _by_file(
        self, table: Table, held: dict[Path, Any], index: Callable[[StoredFile], Any]
    ) -> list[Any]:
        files = self.engine.workspace.files(table)
        gone = held.keys() - {f.path for f in files}
        for path in gone:
            del held[path]
        for file in files:
            if file.path not in held:
                held[file.path] = index(file)
        return [held[file.path] for file in files]

    def points_of(
        self, mmsi: int, span: Span, sources: frozenset[str] | None = None
    ) -> pl.DataFrame:
        """A vessel's observations in order of time, each with the track it belongs to or null."""
        stored = self._stored()
        seen = [
            _rows_of(p.file.path, p.groups, _POINT, mmsi, span)
            for p in stored.points
            if p.file.max_us >= span.since_us and p.file.min_us < span.until_us
        ]
        points = _frames(seen, _POINT_SCHEMA).filter(pl.col("lat_deg").is_not_null())
        if sources is not None:
            points = points.filter(pl.col("source").is_in(sorted(sources)))
        own = stored.tracks.filter(pl.col("mmsi") == mmsi)
        ways = []
        for path in own["path"].unique().to_list():
            ways.append(_rows_of(Path(path), None, ("observation_id", "track_id"), mmsi, None))
        joined = points.join(
            _frames(ways, _WAY_SCHEMA).unique("observation_id", keep="last"),
            on="observation_id",
            how="left",
        )
        return joined.sort("time_us", "observation_id")

    def points_in(
        self,
        span: Span,
        box: tuple[float, float, float, float] | None,
        sources: frozenset[str] | None,
    ) -> pl.DataFrame:
        """All positions of a time and a box (west, south, east, north; west above east crosses
        180 degrees), in the order of vessel and time."""
        frames = []
        for points in self._stored().points:
            file = points.file
            if file.max_us < span.since_us or file.min_us >= span.until_us:
                continue
            if sources is not None and not sources & points.cells.keys():
                continue
            frames.append(_inside(file.path, span, box))
        found = _frames(frames, _POINT_SCHEMA)
        if sources is not None:
            found = found.filter(pl.col("source").is_in(sorted(sources)))
        return found.sort("mmsi", "time_us", "observation_id")

    def observations(self, ids: Sequence[int], mmsis: Iterable[int] = ()) -> list[dict[str, Any]]:
        """Rows of observations and statics with these ids; quick where the vessels are named."""
        wanted = set(ids)
        found: dict[int, dict[str, Any]] = {}
        for mmsi in sorted(set(mmsis)):
            for points in self._stored().points:
                if len(found) == len(wanted):
                    break
                whole = _rows_of(points.file.path, points.groups, None, mmsi, None)
                hits = whole.filter(pl.col("observation_id").is_in(list(wanted - found.keys())))
                found |= {row["observation_id"]: row for row in hits.to_dicts()}
        for table in (STATICS, OBSERVATIONS):
            left = sorted(wanted - found.keys())
            if left:
                rows = self.engine.lookup(table, left)
                found |= {int(str(row["observation_id"])): row for row in rows}
        return [found[i] for i in ids if i in found]

    def sources_of(self, ids: Iterable[int], span: Span) -> dict[int, str]:
        """The source of each observation id, looked for among what was heard in a span."""
        wanted = pa.array(sorted(set(ids)), pa.int64())
        found: dict[int, str] = {}
        for table in (OBSERVATIONS, STATICS):
            for file in self.engine.workspace.files(table, span):
                rows = pq.read_table(
                    file.path, columns=["observation_id", "source"], partitioning=None
                )
                hits = rows.filter(pc.is_in(rows["observation_id"], value_set=wanted))
                names = hits["source"].cast(pa.string()).to_pylist()
                found.update(zip(hits["observation_id"].to_pylist(), names, strict=True))
        return found

    def raw_record(self, source: str, offset: int, line: int) -> bytes | None:
        """The bytes of one record as they came; None when no block holds it."""
        best: tuple[int, Path, int, dict[str, Any]] | None = None
        for file in self.engine.workspace.files(RAW):
            if file.path not in self._held.heads:
                self._held.heads[file.path] = pq.read_table(
                    file.path, columns=list(_HEAD), partitioning=None
                )
            heads = self._held.heads[file.path]
            mine = pc.and_(pc.equal(heads["source"], source), _may_hold(heads, offset, line))
            for group in pc.indices_nonzero(mine).to_pylist():
                head = heads.slice(group, 1).to_pylist()[0]
                if best is None or head["offset"] > best[0]:
                    best = (head["offset"], file.path, group, head)
        if best is None:
            return None
        _, path, group, head = best
        return cut_record(head, self._payload(path, group), offset, line)

    def _payload(self, path: Path, group: int) -> bytes:
        """A raw block; the last few are kept, since evidence lies close together."""
        kept = self._held.payloads
        found = kept.get((path, group))
        if found is None:
            with pq.ParquetFile(path) as parquet:
                found = parquet.read_row_group(group, columns=["payload"])["payload"][0].as_py()
            while len(kept) >= PAYLOADS_KEPT:
                kept.pop(next(iter(kept)), None)
            kept[path, group] = found
        return found

    def _stored(self) -> Stored:
        if self.stored is None:
            self.refresh()
        if self.stored is None:
            message = "the workspace holds nothing yet"
            raise EngineError(message, help="run a source into it first")
        return self.stored


def _may_hold(heads: pa.Table, offset: int, line: int) -> pa.ChunkedArray:
    """As engines/raw_records.py has it, for a table of heads."""
    first = heads["first_line"]
    in_rows = pc.and_(pc.less_equal(first, line), pc.less(line, pc.add(first, heads["n_lines"])))
    by_offset = pc.less_equal(heads["offset"], offset)
    by_row = pc.equal(heads["format"], "parquet")
    whole = pc.not_equal(heads["format"], "fault")
    return pc.and_(whole, pc.if_else(by_row, in_rows, by_offset))


_POINT_SCHEMA = {
    "mmsi": pl.Int32,
    "time_us": pl.Int64,
    "lat_deg": pl.Float64,
    "lon_deg": pl.Float64,
    "speed_kn": pl.Float32,
    "course_deg": pl.Float32,
    "observation_id": pl.Int64,
    "source": pl.String,
}
_WAY_SCHEMA = {"observation_id": pl.Int64, "track_id": pl.Int64}


def _frames(frames: list[pl.DataFrame], schema: Mapping[str, Any]) -> pl.DataFrame:
    whole = [pl.DataFrame(schema=schema), *(f.select(list(schema)) for f in frames if f.height)]
    return pl.concat(whole, how="vertical_relaxed")


def _framed(rows: pa.Table) -> pl.DataFrame:
    """An Arrow table as a Polars frame, dictionaries as plain text."""
    names = [f.name for f in rows.schema if pa.types.is_dictionary(f.type)]
    for name in names:
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, rows[name].cast(pa.string()))
    return pl.DataFrame(rows)


def _rows_of(
    path: Path,
    groups: tuple[tuple[int, int], ...] | None,
    columns: Sequence[str] | None,
    mmsi: int,
    span: Span | None,
) -> pl.DataFrame:
    """The rows of a vessel in a file, reading only the row groups that may hold it."""
    with pq.ParquetFile(path) as parquet:
        groups = _groups(parquet) if groups is None else groups
        chosen = [i for i, (low, high) in enumerate(groups) if low <= mmsi <= high]
        names = None if columns is None else [*dict.fromkeys(["mmsi", "time_us", *columns])]
        rows = parquet.read_row_groups(chosen, columns=names, use_threads=False)
    keep = pc.equal(rows["mmsi"], mmsi)
    if span is not None:
        keep = pc.and_(keep, pc.greater_equal(rows["time_us"], span.since_us))
        keep = pc.and_(keep, pc.less(rows["time_us"], span.until_us))
    return _framed(rows.filter(keep))


def _groups(parquet: pq.ParquetFile) -> tuple[tuple[int, int], ...]:
    place = parquet.schema_arrow.get_field_index("mmsi")
    held = []
    for group in range(parquet.metadata.num_row_groups):
        told = parquet.metadata.row_group(group).column(place).statistics
        known = told is not None and told.has_min_max
        held.append((told.min, told.max) if known else (0, 1 << 31))
    return tuple(held)


def _inside(path: Path, span: Span, box: tuple[float, float, float, float] | None) -> pl.DataFrame:
    rows = _framed(pq.read_table(path, columns=list(_POINT), partitioning=None))
    keep = (pl.col("time_us") >= span.since_us) & (pl.col("time_us") < span.until_us)
    keep &= pl.col("lat_deg").is_not_null()
    if box is not None:
        west, south, east, north = box
        keep &= (pl.col("lat_deg") >= south) & (pl.col("lat_deg") <= north)
        after, before = pl.col("lon_deg") >= west, pl.col("lon_deg") <= east
        keep &= (after | before) if west > east else (after & before)
    return rows.filter(keep)


def _indexed(file: StoredFile) -> PointsFile:
    with pq.ParquetFile(file.path) as parquet:
        rows = _framed(parquet.read(columns=list(_LAST)))
        groups = _groups(parquet)
    placed = rows.filter(pl.col("lat_deg").is_not_null() & pl.col("lon_deg").is_not_null())
    cells = {}
    for (source,), part in placed.partition_by("source", as_dict=True).items():
        codes = codes_of(part["lat_deg"].to_numpy(), part["lon_deg"].to_numpy(), FINE_ZOOM)
        cells[str(source)] = np.unique(codes, return_counts=True)
    hours = rows.group_by((pl.col("time_us") // HOUR_US).alias("hour"), "source").len("n")
    return PointsFile(file, _newest([placed]), hours, cells, groups)


def _newest(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """The last position per vessel and source."""
    if not frames:
        return pl.DataFrame(schema={name: _LAST_SCHEMA[name] for name in _LAST})
    rows = pl.concat(frames, how="vertical_relaxed")
    return rows.sort("mmsi", "source", "time_us").unique(
        ["mmsi", "source"], keep="last", maintain_order=True
    )


_LAST_SCHEMA = {
    **{"mmsi": pl.Int32, "source": pl.String, "time_us": pl.Int64},
    **{"lat_deg": pl.Float64, "lon_deg": pl.Float64},
    **{"course_deg": pl.Float32, "heading_deg": pl.Float32, "speed_kn": pl.Float32},
    **{"nav_status": pl.Int8, "station_class": pl.Int8},
}


def _tracks_in(file: StoredFile) -> pl.DataFrame:
    rows = pq.read_table(file.path, columns=["track_id", "mmsi", "time_us"], partitioning=None)
    found = (
        pl.DataFrame(rows)
        .group_by("track_id", "mmsi")
        .agg(
            pl.col("time_us").min().alias("since_us"),
            pl.col("time_us").max().alias("until_us"),
            pl.len().cast(pl.Int64).alias("n_points"),
        )
    )
    return found.with_columns(pl.lit(str(file.path)).alias("path"))


def _merged_tracks(frames: list[pl.DataFrame]) -> pl.DataFrame:
    """One row per track, MMSI and file, in the order of MMSI."""
    schema = {
        **{"track_id": pl.Int64, "mmsi": pl.Int32, "since_us": pl.Int64, "until_us": pl.Int64},
        **{"n_points": pl.Int64, "path": pl.String},
    }
    return _frames(frames, schema).sort("mmsi", "track_id", "since_us")


def _rejects_in(file: StoredFile) -> pl.DataFrame:
    rows = _framed(pq.read_table(file.path, columns=["source", "reason"], partitioning=None))
    return rows.group_by("source", "reason").len("n")


def _summed(frames: list[pl.DataFrame], by: list[str]) -> pl.DataFrame:
    empty = pl.DataFrame(schema={**dict.fromkeys(by, pl.String), "n": pl.UInt32})
    rows = pl.concat([empty, *frames], how="vertical_relaxed")
    return rows.group_by(by).agg(pl.col("n").sum()).sort(by)
