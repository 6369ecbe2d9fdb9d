"""The interface's compiled kernels, loaded before someone waits for them."""

from __future__ import annotations

import numpy as np


def load_for_interface() -> None:
    """Run each once on next to nothing."""
    from fairlead.geo.between import on_grid
    from fairlead.geo.geojson import areas_from
    from fairlead.geo.tiles import centres_of, codes_of, codes_within, columns_rows

    degrees, times = np.zeros(1), np.zeros(1, np.int64)
    codes = codes_of(degrees, degrees, 14)
    centres_of(codes, 14)
    columns_rows(codes)
    codes_within(0, 0, 0, 6)
    on_grid(np.array([0, 1]), times, degrees, degrees, 0, 1, 1, 1)
    ring = [[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]
    area = areas_from({"type": "Polygon", "coordinates": [ring]}, "warm")
    area.containing(degrees, degrees, times)
