"""What lies under the ships: coverage, zones, ports, and the density of history."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import shapely

from fairlead.app import reference
from fairlead.app.api.encode import ARROW, GEOJSON, json_bytes
from fairlead.app.api.endpoint import Answer, Call, Endpoint, Query, not_found
from fairlead.app.api.lists import Format, Listed, PageQuery, Text, TimeUs, box_of, in_format, page
from fairlead.app.api.pyramid import CELLS_ZOOM
from fairlead.engines.picture import FINE_ZOOM, HOUR_US
from fairlead.geo.cells import COVERAGE_CELL_DEG, edges_of
from fairlead.schema.errors import FairleadError
from fairlead.schema.tables import COVERAGE


class CoverageQuery(Query, frozen=True, forbid_unknown_fields=True):
    time_us: TimeUs | None = None
    format: Format | None = None


class CoverageColumns(msgspec.Struct):
    west_deg: list[float]
    south_deg: list[float]
    east_deg: list[float]
    north_deg: list[float]
    time_us: list[int]
    n_vessels: list[int]
    n_messages: list[int]
    n_expected: list[float]
    p_message: list[float]


class CoverageAnswer(msgspec.Struct):
    total: int
    time_us: int | None
    columns: CoverageColumns


class Port(msgspec.Struct):
    name: str
    country: str
    code: str
    lat_deg: float
    lon_deg: float


class PortPage(msgspec.Struct):
    total: int
    next: str | None
    items: list[Port]


class PortsQuery(PageQuery, frozen=True, forbid_unknown_fields=True):
    bbox: Text | None = None
    q: Text | None = None


class DensityColumns(msgspec.Struct):
    column: list[int]
    row: list[int]
    lat_deg: list[float]
    lon_deg: list[float]
    n: list[int]


class Density(msgspec.Struct):
    """Positions per cell of a tile; `size` cells each way, column from west, row from north."""

    z: int
    x: int
    y: int
    size: int
    total: int
    columns: DensityColumns


def coverage(call: Call) -> Any:
    """Each cell as it was in the hour asked for; without a time, the last hour known of it."""
    rows = call.view.table(COVERAGE)
    times = rows["time_us"].to_numpy()
    if call.query.time_us is not None:
        hour_us = call.query.time_us - call.query.time_us % HOUR_US
        rows = rows.filter(pa.array(times == hour_us))
    elif rows.num_rows:
        cells = rows["cell"].to_numpy()
        order = np.lexsort((times, cells))
        last = np.append(cells[order][1:] != cells[order][:-1], True)
        rows = rows.take(pa.array(order[last]))
        hour_us = int(times.max())
    else:
        hour_us = None
    edges = [edges_of(c, COVERAGE_CELL_DEG) for c in rows["cell"].to_pylist()]

    def plain() -> CoverageAnswer:
        sides = [list(side) for side in zip(*edges, strict=True)] or [[], [], [], []]
        named = ("time_us", "n_vessels", "n_messages", "n_expected", "p_message")
        columns = CoverageColumns(*sides, *(rows[n].to_pylist() for n in named))
        return CoverageAnswer(rows.num_rows, hour_us, columns)

    if call.query.format == "geojson":
        return Answer(json_bytes(_cells_drawn(rows, edges)), 200, GEOJSON)
    return in_format(call, lambda: rows, plain)


def _cells_drawn(rows: pa.Table, edges: list[tuple[float, float, float, float]]) -> dict[str, Any]:
    features = []
    for (west, south, east, north), row in zip(edges, rows.to_pylist(), strict=True):
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        row["cell"] = str(row["cell"])
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "geometry": geometry, "properties": row})
    return {"type": "FeatureCollection", "total": len(features), "features": features}


@lru_cache(maxsize=4)
def _zones_of(paths: tuple[Path, ...]) -> bytes:
    from fairlead.geo.geojson import read_areas

    features = []
    for path in paths:
        for area in read_areas(path).areas:
            properties = {
                "name": area.name,
                "kind": area.kind,
                "rules": area.rules,
                "since_us": area.since_us if area.since_us > -(1 << 61) else None,
                "until_us": area.until_us if area.until_us < 1 << 61 else None,
            }
            geometry = shapely.geometry.mapping(area.shape)
            features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return json_bytes({"type": "FeatureCollection", "total": len(features), "features": features})


class ZonesAnswer(msgspec.Struct):
    """GeoJSON, cut at 180 degrees."""

    type: str
    total: int
    features: list[dict[str, Any]]


def zones(call: Call) -> Answer:
    return Answer(_zones_of(call.service.settings.zones), 200, GEOJSON)


@lru_cache(maxsize=4)
def _ports_of(folder: Path | None) -> tuple[Port, ...]:
    from fairlead.app.config import Settings
    from fairlead.geo.major_ports import major_ports

    known = None
    if folder is not None:
        try:
            found = reference.load(Settings(reference=folder), lambda _: None)
            known = found.ports or found.places
        except FairleadError:
            known = None
    known = known if known is not None else major_ports()
    rows = zip(
        known.names,
        known.countries,
        known.codes,
        known.lat_deg.tolist(),
        known.lon_deg.tolist(),
        strict=True,
    )
    return tuple(sorted((Port(*row) for row in rows), key=lambda p: (p.name, p.lat_deg)))


def ports(call: Call) -> dict[str, Any]:
    """Ports of the reference folder; where there is none, the large ones of the world."""
    box = box_of(call.query.bbox)
    found = list(_ports_of(call.service.settings.reference))
    if box is not None:
        west, south, east, north = box
        found = [
            p
            for p in found
            if south <= p.lat_deg <= north
            and (west <= p.lon_deg <= east if west <= east else not east < p.lon_deg < west)
        ]
    if call.query.q is not None:
        wanted = call.query.q.casefold()
        found = [p for p in found if wanted in p.name.casefold() or wanted == p.code.casefold()]
    return page(call, lambda: Listed(found))


def density(call: Call) -> Density:
    from fairlead.geo.tiles import centres_of, codes_within, columns_rows

    given = [call.path[name] for name in ("z", "x", "y")]
    if not all(text.isdecimal() and len(text) < 8 for text in given):
        raise not_found(what="tile")
    z, x, y = map(int, given)
    if z > FINE_ZOOM or x >= 1 << z or y >= 1 << z:
        raise not_found(what="tile")
    fine = min(z + CELLS_ZOOM, FINE_ZOOM)
    codes, counts = call.service.pyramids.of(call.view)[fine - CELLS_ZOOM]
    first, end = codes_within(z, x, y, fine)
    low, high = np.searchsorted(codes, (first, end))
    codes, counts = codes[low:high], counts[low:high]
    columns, rows = columns_rows(codes)
    lat, lon = centres_of(codes, fine)
    size = 1 << (fine - z)
    return Density(
        *(z, x, y, size, int(counts.sum())),
        DensityColumns(
            (columns - x * size).tolist(),
            (rows - y * size).tolist(),
            np.round(lat, 5).tolist(),
            np.round(lon, 5).tolist(),
            counts.tolist(),
        ),
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/coverage",
        coverage,
        CoverageAnswer,
        "What was listening where.",
        query=CoverageQuery,
        formats=(ARROW, GEOJSON),
    ),
    Endpoint("GET", "/zones", zones, ZonesAnswer, "The zones, as GeoJSON.", formats=(GEOJSON,)),
    Endpoint("GET", "/ports", ports, PortPage, "Ports.", query=PortsQuery, refuses=(410,)),
    Endpoint(
        "GET",
        "/density/{z}/{x}/{y}",
        density,
        Density,
        "Positions per cell of a map tile.",
        refuses=(404,),
    ),
)
