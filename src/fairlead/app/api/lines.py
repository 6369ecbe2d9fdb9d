"""Tracks as lines for maps: cut where they cross 180 degrees, never drawn around the world."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl


def lines_of(lat_deg: np.ndarray, lon_deg: np.ndarray) -> list[list[list[float]]]:
    """The line through points in order, as parts that stay on one side of 180 degrees.

    Where two points lie across it, both parts go up to the meridian, at the latitude where the
    straight line between them meets it.
    """
    if len(lat_deg) == 0:
        return []
    parts: list[list[list[float]]] = []
    part = [[float(lon_deg[0]), float(lat_deg[0])]]
    crossings = set(np.flatnonzero(np.abs(np.diff(lon_deg)) > 180.0).tolist())
    for i in range(1, len(lat_deg)):
        lon, lat = float(lon_deg[i]), float(lat_deg[i])
        if i - 1 in crossings:
            from_lon, from_lat = part[-1]
            edge = 180.0 if from_lon > 0 else -180.0
            gone = (lon + 2 * edge) - from_lon
            share = (edge - from_lon) / gone if gone else 0.0
            meets = from_lat + share * (lat - from_lat)
            parts.append([*part, [edge, meets]])
            part = [[-edge, meets]]
        part.append([lon, lat])
    return [*parts, part]


def track_features(points: pl.DataFrame, mmsi: int, total: int) -> dict[str, Any]:
    """One feature per track of a vessel; a single point where there is no line."""
    features = []
    for (track_id,), rows in points.partition_by(
        "track_id", as_dict=True, maintain_order=True
    ).items():
        lines = lines_of(rows["lat_deg"].to_numpy(), rows["lon_deg"].to_numpy())
        if rows.height == 1:
            geometry = {"type": "Point", "coordinates": lines[0][0]}
        else:
            geometry = {"type": "MultiLineString", "coordinates": lines}
        properties = {
            "mmsi": mmsi,
            "track_id": None if track_id is None else str(track_id),
            "start_us": rows["time_us"][0],
            "end_us": rows["time_us"][-1],
            "n_points": rows.height,
        }
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return {"type": "FeatureCollection", "total": total, "features": features}
