"""Rings of longitude and latitude as people draw them, made into polygons cut at 180 degrees.

Edges are straight in longitude and latitude, as RFC 7946 has them. A ring that jumps by more than
180 degrees of longitude is taken to go the short way, over the 180th meridian; an edge that runs
exactly from -180 to 180 is taken as drawn (a belt around the world).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry


def polygon_of(rings: Sequence[np.ndarray], *, as_drawn: bool = False) -> BaseGeometry:
    """The area inside the first ring and outside the others, within -180 to 180 degrees.

    Rings are (n, 2) arrays of longitude and latitude; what crosses itself is made valid. The
    answer may be empty (a ring without area).
    """
    outer = _filled(rings[0], as_drawn)
    for hole in rings[1:]:
        outer = shapely.difference(outer, _filled(hole, as_drawn))
    return _polygonal(outer)


def edges_of(area: BaseGeometry) -> np.ndarray:
    """Every edge of every ring of a polygon or several: (n, 4) of lon, lat, lon, lat."""
    parts = []
    for polygon in shapely.get_parts(area):
        for ring in (polygon.exterior, *polygon.interiors):
            points = shapely.get_coordinates(ring)
            parts.append(np.concatenate([points[:-1], points[1:]], axis=1))
    return np.concatenate(parts) if parts else np.empty((0, 4))


def _filled(ring: np.ndarray, as_drawn: bool) -> BaseGeometry:
    points = ring if as_drawn else _unwrapped(ring)
    if len(points) < 3:
        return shapely.Polygon()
    whole = shapely.Polygon(points)
    if not whole.is_valid:
        whole = _polygonal(shapely.make_valid(whole))
    west, _, east, _ = whole.bounds if not whole.is_empty else (0.0, 0.0, 0.0, 0.0)
    if west >= -180.0 and east <= 180.0:
        return whole
    pieces = []
    for turns in range(int(np.floor((west + 180.0) / 360.0)), int(np.ceil((east + 180.0) / 360.0))):
        box = shapely.box(-180.0 + 360.0 * turns, -90.0, 180.0 + 360.0 * turns, 90.0)
        piece = shapely.intersection(whole, box)
        pieces.append(shapely.transform(piece, lambda xy, t=turns: xy - (360.0 * t, 0.0)))
    return _polygonal(shapely.union_all(pieces))


def _unwrapped(ring: np.ndarray) -> np.ndarray:
    """The ring without jumps; one that goes around the world is closed through its pole."""
    lon, lat = ring[:, 0], ring[:, 1]
    step = np.diff(lon)
    jumps = (np.abs(step) > 180.0) & (np.abs(step) != 360.0)
    if not jumps.any():
        return ring
    turns = np.concatenate([[0.0], np.cumsum(np.where(jumps, -np.sign(step) * 360.0, 0.0))])
    flat = np.column_stack([lon + turns, lat])
    if turns[-1] != 0.0:
        pole = 90.0 if lat.mean() >= 0.0 else -90.0
        flat = np.concatenate([flat, [[flat[-1, 0], pole], [flat[0, 0], pole]]])
    return flat


def _polygonal(shape: BaseGeometry) -> BaseGeometry:
    """The part of a shape that has area."""
    flat = _flat_parts(shape)
    parts = [p for p in flat if isinstance(p, shapely.Polygon) and p.area > 0.0]
    return shapely.MultiPolygon(parts)


def _flat_parts(shape: BaseGeometry) -> list[BaseGeometry]:
    found: list[BaseGeometry] = []
    for part in shapely.get_parts(shape):
        found += [part] if not hasattr(part, "geoms") else _flat_parts(part)
    return found
