"""Places: the nearest one by grid is the nearest one by looking at all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.geo.places import bare_name, places_from, read_places
from fairlead.geo.sphere import distances_m
from fairlead.schema.errors import ConfigError
from tests.data import shared_data


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    lat=st.sampled_from([0.0, 60.0, 89.95, -90.0]),
    lon=st.sampled_from([0.0, 179.99, -180.0]),
    within_m=st.sampled_from([500.0, 4000.0, 60_000.0]),
)
def test_nearest_is_the_nearest(seed, lat, lon, within_m):
    rng = np.random.default_rng(seed)
    n = 60
    lats = np.clip(lat + rng.normal(0, 0.2, n), -90, 90)
    lons = (lon + rng.normal(0, 0.3, n) + 180) % 360 - 180
    places = places_from([(f"p{i}", lats[i], lons[i], "", "") for i in range(n)])
    at_lat = np.clip(lat + rng.normal(0, 0.2, 40), -90, 90)
    at_lon = lon + rng.normal(0, 0.3, 40)
    found, metres = places.nearest(at_lat, at_lon, within_m)
    for i in range(40):
        away = distances_m(np.full(n, at_lat[i]), np.full(n, at_lon[i]), lats, lons)
        if away.min() > within_m:
            assert found[i] == -1
            assert metres[i] == np.inf
        else:
            assert metres[i] == pytest.approx(away.min(), abs=1e-6)
            assert away[found[i]] == pytest.approx(away.min(), abs=1e-3)


def test_no_places_are_near_nothing():
    found, metres = places_from([]).nearest(np.zeros(1), np.zeros(1), 1000.0)
    assert (found[0], metres[0]) == (-1, np.inf)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("Fort-de-France ", "FORT DE FRANCE"), ("Göteborg", "GOTEBORG"), ("a\x00b", "AB"), ("", "")],
)
def test_bare_names(text, expected):
    assert bare_name(text) == expected


def test_a_line_that_is_no_place_is_counted(tmp_path):
    path = tmp_path / "ports.csv"
    path.write_text("name,lat,lon,country\nAlpha,1,2,FJ\nBad,1,1001,FJ\nWorse,x,2,FJ\n")
    places = read_places(path)
    assert (places.names, places.n_refused) == (("Alpha",), 2)
    assert places.title(0) == "Alpha (FJ)"


def test_an_unknown_layout_is_an_error(tmp_path):
    path = tmp_path / "ports.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(ConfigError, match="no columns for places"):
        read_places(path)
    with pytest.raises(ConfigError, match="cannot read places"):
        read_places(tmp_path / "missing.csv")


@pytest.mark.parametrize(
    ("name", "n_min"), [("gfw_anchorages.csv", 60_000), ("world_port_index.csv", 3_700)]
)
def test_reference_places_load(name, n_min):
    assert len(read_places(shared_data(f"reference/{name}"))) >= n_min
