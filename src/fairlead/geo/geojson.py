"""Areas from GeoJSON files, with errors that say which feature is wrong and what to do."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from fairlead.geo.areas import ALWAYS_SINCE_US, ALWAYS_UNTIL_US, Area, Areas
from fairlead.geo.rings import polygon_of
from fairlead.schema.errors import ConfigError
from fairlead.schema.ids import canonical_json

_FILE = "give a GeoJSON FeatureCollection of Polygon or MultiPolygon features"
_RING = "rings are lists of at least four [longitude, latitude] pairs in degrees, first = last"
_DATES = "write dates as 2024-05-01 or 2024-05-01T06:00:00Z; leave out an end that is open"


def read_areas(path: str | Path, *, kind: str = "", as_drawn: bool = False) -> Areas:
    """The areas of a GeoJSON file: a FeatureCollection, a Feature, or a list of features.

    Properties read: `name`, `kind` or `type`, `rules` or `rule`, `since`, `until` (dates, UTC);
    `kind` is used where a feature has none. With `as_drawn` an edge longer than 180 degrees is not
    taken to cross the 180th meridian. Raises ConfigError for what cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
        document = json.loads(text)
    except OSError as error:
        message = f"cannot read areas from {path}: {error.strerror}"
        raise ConfigError(message, help="check the path and its permissions") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        message = f"{path} is not JSON: {error}"
        raise ConfigError(message, help=_FILE) from error
    return areas_from(document, str(path), kind=kind, as_drawn=as_drawn)


def areas_from(
    document: Any, where: str, *, kind: str = "", as_drawn: bool = False, skip_empty: bool = False
) -> Areas:
    """The same from parsed JSON; `where` names it in errors.

    Features whose rings have no extent are an error, or left out with `skip_empty`.
    """
    return Areas(tuple(_areas(document, where, kind, as_drawn, skip_empty)))


def _areas(document: Any, where: str, kind: str, as_drawn: bool, skip_empty: bool) -> list[Area]:
    found = []
    for number, feature in enumerate(_features(document, where), start=1):
        at = f"{where}, feature {number}"
        if not isinstance(feature, Mapping) or not isinstance(feature.get("geometry"), Mapping):
            message = f"{at} has no geometry"
            raise ConfigError(message, help=_FILE)
        properties = feature.get("properties") or {}
        name = str(properties.get("name") or "").strip() or f"area {number}"
        shape = _shape(feature["geometry"], f"{at} (`{name}`)", as_drawn)
        if shape.is_empty:
            if skip_empty:
                continue
            message = f"{at} (`{name}`) has rings without extent"
            raise ConfigError(message, help=_RING)
        rules = properties.get("rules") or properties.get("rule") or ""
        found.append(
            Area(
                name=name,
                shape=shape,
                kind=str(properties.get("kind") or properties.get("type") or kind or "area"),
                rules=rules if isinstance(rules, str) else canonical_json(rules),
                since_us=_instant(properties.get("since"), ALWAYS_SINCE_US, at),
                until_us=_instant(properties.get("until"), ALWAYS_UNTIL_US, at),
            )
        )
    return found


def _features(document: Any, where: str) -> Sequence[Any]:
    if isinstance(document, list):
        return document
    if isinstance(document, Mapping):
        if document.get("type") == "FeatureCollection" and isinstance(
            document.get("features"), list
        ):
            return document["features"]
        if document.get("type") == "Feature":
            return [document]
        if document.get("type") in {"Polygon", "MultiPolygon"}:
            return [{"geometry": document}]
    message = f"{where} holds no GeoJSON features"
    raise ConfigError(message, help=_FILE)


def _shape(geometry: Mapping[str, Any], at: str, as_drawn: bool) -> BaseGeometry:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind == "Polygon":
        polygons = [coordinates]
    elif kind == "MultiPolygon" and isinstance(coordinates, list):
        polygons = coordinates
    else:
        message = f"{at} is a {kind}, which has no inside"
        raise ConfigError(message, help=_FILE)
    parts = []
    for rings in polygons:
        if not isinstance(rings, list) or not rings:
            message = f"{at} has a polygon without rings"
            raise ConfigError(message, help=_RING)
        parts.append(polygon_of([_ring(r, at) for r in rings], as_drawn=as_drawn))
    return shapely.union_all(parts) if len(parts) > 1 else parts[0]


def _ring(ring: Any, at: str) -> np.ndarray:
    try:
        points = np.array([[float(p[0]), float(p[1])] for p in ring], np.float64)
    except (TypeError, ValueError, IndexError, KeyError) as error:
        message = f"{at} has a coordinate that is not a pair of numbers"
        raise ConfigError(message, help=_RING) from error
    if len(points) < 4:
        message = f"{at} has a ring of {len(points)} positions"
        raise ConfigError(message, help=_RING)
    if not np.isfinite(points).all() or np.abs(points[:, 1]).max() > 90.0:
        message = f"{at} has a latitude beyond 90 degrees"
        raise ConfigError(message, help="GeoJSON puts longitude first: [longitude, latitude]")
    if points[:, 0].min() < -540.0 or points[:, 0].max() > 540.0:
        message = f"{at} has a longitude beyond 540 degrees"
        raise ConfigError(message, help=_RING)
    if (points[0] != points[-1]).any():
        points = np.concatenate([points, points[:1]])
    return points


def _instant(value: Any, open_end_us: int, at: str) -> int:
    if value in (None, ""):
        return open_end_us
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        message = f"{at} has a date that cannot be read: {value!r}"
        raise ConfigError(message, help=_DATES) from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return round(moment.timestamp()) * 1_000_000
