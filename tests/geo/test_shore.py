"""Distance to shore: the raster is near the truth, across 180 degrees too."""

import json

import numpy as np
import pytest

from fairlead.geo.shore import read_shore, shore_from_land
from fairlead.geo.sphere import M_PER_NM, distance_m
from fairlead.schema.errors import ConfigError
from tests.data import shared_data


def test_distance_to_the_nearest_of_a_few_islands():
    rows, columns = 180, 360
    land = np.zeros((rows, columns), bool)
    islands = [(90, 359), (45, 100), (179, 0)]
    for row, column in islands:
        land[row, column] = True
    shore = shore_from_land(land)
    rng = np.random.default_rng(3)
    worst = 0.0
    for row, column in zip(rng.integers(0, rows, 300), rng.integers(0, columns, 300), strict=True):
        lat, lon = row - 89.5, column - 179.5
        truth = min(distance_m(lat, lon, r - 89.5, c - 179.5) / M_PER_NM for r, c in islands)
        got = shore.offshore_nm(np.array([lat]), np.array([lon]))[0]
        assert got >= truth - 0.1
        worst = max(worst, got - truth)
    assert worst < 60.0


def test_topojson_is_read(tmp_path):
    ring = [[0, 0], [20, 0], [20, 20], [0, 20], [0, 0]]
    arcs = [[ring[0], *[[b[0] - a[0], b[1] - a[1]] for a, b in zip(ring, ring[1:], strict=False)]]]
    topology = {
        "type": "Topology",
        "transform": {"scale": [1, 1], "translate": [10, 10]},
        "arcs": arcs,
        "objects": {"land": {"geometries": [{"type": "Polygon", "arcs": [[0]]}]}},
    }
    path = tmp_path / "land.json"
    path.write_text(json.dumps(topology))
    shore = read_shore(path, cell_deg=1.0)
    near, far = shore.offshore_nm(np.array([20.0, 20.0]), np.array([20.0, 40.0]))
    assert near == 0.0
    assert far == pytest.approx(distance_m(20.0, 30.0, 20.0, 40.0) / M_PER_NM, abs=60.0)


def test_what_is_no_land_is_an_error(tmp_path):
    for name in ("land.json", "land.npz"):
        path = tmp_path / name
        path.write_text("{}")
        with pytest.raises(ConfigError, match="cannot read land"):
            read_shore(path)


def test_real_land():
    shore = read_shore(shared_data("reference/land-50m.json"), cell_deg=0.25)
    inland, mid_atlantic = shore.offshore_nm(np.array([48.8, 30.0]), np.array([2.3, -40.0]))
    assert inland == 0.0
    assert mid_atlantic > 500.0
