"""Positions as files: CSV, GeoJSON, KML and Parquet, each with its total stated inside."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from xml.sax.saxutils import escape

import polars as pl
import pyarrow.parquet as pq

from fairlead.app.api.encode import json_bytes, without_nan
from fairlead.app.api.endpoint import Problem
from fairlead.app.api.lines import lines_of
from fairlead.app.words import iso, plain, spreadsheet_safe

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "geojson": "application/geo+json",
    "kml": "application/vnd.google-earth.kml+xml",
    "parquet": "application/vnd.apache.parquet",
}
MOST = {"csv": 2_000_000, "geojson": 300_000, "kml": 300_000, "parquet": 10_000_000}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def exported(points: pl.DataFrame, format: str, markings: list[str]) -> bytes:
    """The file. `points` has mmsi, name, time_us, lat_deg, lon_deg, speed_kn, course_deg,
    observation_id and source, in the order of vessel and time.

    Raises Problem 413 rather than leave rows out.
    """
    if points.height > MOST[format]:
        help = "ask for a shorter time, a smaller area, or for parquet"
        message = f"{points.height:,} positions are too many for one {format} file"
        raise Problem(413, message, reason="too_many", help=help)
    return {"csv": _csv, "geojson": _geojson, "kml": _kml, "parquet": _parquet}[format](
        points, markings
    )


def _csv(points: pl.DataFrame, markings: list[str]) -> bytes:
    """A first line beginning with `#` states the total; text is safe in a spreadsheet."""
    vessels = points["mmsi"].n_unique()
    head = f"# total {points.height} positions of {vessels} vessels; markings {_said(markings)}\n"
    text = points.with_columns(
        pl.from_epoch("time_us", time_unit="us")
        .dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")
        .alias("time"),
        *(_safe(points[name]) for name in ("name", "source")),
    )
    return head.encode() + text.write_csv().encode()


def _safe(texts: pl.Series) -> pl.Series:
    """Each different text made safe once."""
    known = texts.drop_nulls().unique().to_list()
    safe = [spreadsheet_safe(plain(text)) for text in known]
    return texts.replace_strict(known, safe, default=None, return_dtype=pl.String)


def _said(markings: list[str]) -> str:
    return " ".join(markings) or "none"


def _geojson(points: pl.DataFrame, markings: list[str]) -> bytes:
    features = []
    for row in points.with_columns(pl.col("observation_id").cast(pl.String)).to_dicts():
        place = [row.pop("lon_deg"), row.pop("lat_deg")]
        geometry = {"type": "Point", "coordinates": place}
        feature = {"type": "Feature", "geometry": geometry, "properties": without_nan(row)}
        features.append(feature)
    whole = {
        "type": "FeatureCollection",
        "total": points.height,
        "markings": markings,
        "features": features,
    }
    return json_bytes(whole)


def _kml(points: pl.DataFrame, markings: list[str]) -> bytes:
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>',
        f"<name>Fairlead: {points.height} positions</name>",
        f"<description>{_xml(f'total {points.height}; markings {_said(markings)}')}</description>",
    ]
    parts += _placemarks(points)
    parts.append("</Document></kml>\n")
    return "".join(parts).encode()


def _placemarks(points: pl.DataFrame) -> Iterator[str]:
    for (mmsi,), rows in points.partition_by("mmsi", as_dict=True, maintain_order=True).items():
        name = rows["name"].drop_nulls()
        title = f"{name[0]} ({mmsi})" if len(name) else f"MMSI {mmsi}"
        first, last = iso(rows["time_us"][0]), iso(rows["time_us"][-1])
        lines = lines_of(rows["lat_deg"].to_numpy(), rows["lon_deg"].to_numpy())
        shapes = "".join(
            f"<LineString><coordinates>{' '.join(f'{x:.6f},{y:.6f}' for x, y in line)}"
            "</coordinates></LineString>"
            for line in lines
            if len(line) > 1
        )
        if not shapes:
            lon, lat = lines[0][0]
            shapes = f"<Point><coordinates>{lon:.6f},{lat:.6f}</coordinates></Point>"
        yield (
            f"<Placemark><name>{_xml(title)}</name>"
            f"<description>{_xml(f'{rows.height} positions, {first} to {last}')}</description>"
            f"<TimeSpan><begin>{first}</begin><end>{last}</end></TimeSpan>"
            f"<MultiGeometry>{shapes}</MultiGeometry></Placemark>"
        )


def _xml(text: str) -> str:
    return escape(_NOT_XML.sub("", plain(text)), {'"': "&quot;"})


def _parquet(points: pl.DataFrame, markings: list[str]) -> bytes:
    stated = {"total": str(points.height), "markings": _said(markings)}
    table = points.to_arrow(compat_level=pl.CompatLevel.oldest()).replace_schema_metadata(stated)
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
