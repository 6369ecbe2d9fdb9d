"""The observations as a small chart: scaled to a box, with the degrees of its edges."""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 460.0, 240.0, 34.0
DEG_MIN = 0.02


@dataclass(frozen=True, slots=True)
class Sketch:
    """Points in the box, y upwards from 0 to HEIGHT; labels say where the edges lie."""

    points: list[tuple[float, float]]
    west: str
    east: str
    south: str
    north: str


def sketch(way: list[tuple[float, float]]) -> Sketch | None:
    """The way in the box, equal scales at its middle latitude; None where there is none."""
    if not way:
        return None
    lons, lats = [p[0] for p in way], [p[1] for p in way]
    middle_lat = (min(lats) + max(lats)) / 2
    squeeze = max(0.05, math.cos(middle_lat * math.pi / 180))
    middle_lon = (min(lons) + max(lons)) / 2
    inner_w, inner_h = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN
    span_lat = max(DEG_MIN, max(lats) - min(lats))
    span_lon = max(DEG_MIN, (max(lons) - min(lons)) * squeeze)
    scale = min(inner_w / span_lon, inner_h / span_lat)
    points = [
        (
            WIDTH / 2 + (lon - middle_lon) * squeeze * scale,
            HEIGHT / 2 + (lat - middle_lat) * scale,
        )
        for lon, lat in way
    ]
    return Sketch(
        points,
        west=_degrees(middle_lon - inner_w / 2 / scale / squeeze, "EW"),
        east=_degrees(middle_lon + inner_w / 2 / scale / squeeze, "EW"),
        south=_degrees(middle_lat - inner_h / 2 / scale, "NS"),
        north=_degrees(middle_lat + inner_h / 2 / scale, "NS"),
    )


def _degrees(value: float, letters: str) -> str:
    wrapped = (value + 180.0) % 360.0 - 180.0
    return f"{abs(wrapped):.2f}° {letters[wrapped < 0]}"
