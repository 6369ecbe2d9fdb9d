"""Areas: even-odd counting on a grid agrees with Shapely, across 180 degrees and in time."""

import json

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.geo.areas import Area, Areas
from fairlead.geo.geojson import areas_from, read_areas
from fairlead.geo.rings import polygon_of
from fairlead.schema.errors import ConfigError


def feature(ring, **properties) -> dict:
    return {"properties": properties, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def box(west, south, east, north) -> list:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def inside(areas: Areas, lat: float, lon: float, time_us: int = 0) -> list[str]:
    rows, found = areas.containing(np.array([lat]), np.array([lon]), np.array([time_us]))
    return [areas.areas[a].name for a in found]


@pytest.mark.parametrize(
    ("ring", "lat", "lon", "expected"),
    [
        (box(0, 0, 1, 1), 0.5, 0.5, True),
        (box(0, 0, 1, 1), 0.5, 1.5, False),
        (box(179, -1, -179, 1), 0.0, 179.5, True),
        (box(179, -1, -179, 1), 0.0, -179.5, True),
        (box(179, -1, -179, 1), 0.0, 0.0, False),
        (box(179, -1, 181, 1), 0.0, -179.5, True),
        (box(-181, -1, -179, 1), 0.0, 179.5, True),
        ([[0, 80], [90, 80], [180, 80], [-90, 80], [0, 80]], 89.0, 45.0, True),
        ([[0, -80], [90, -80], [180, -80], [-90, -80], [0, -80]], -89.9, -170.0, True),
        ([[0, 80], [90, 80], [180, 80], [-90, 80], [0, 80]], 60.0, 45.0, False),
        (box(-180, -60, 180, -50), -55.0, 12.0, True),
    ],
)
def test_a_position_is_inside_or_not(ring, lat, lon, expected):
    assert bool(inside(areas_from([feature(ring)], "test"), lat, lon)) is expected


def test_as_drawn_a_long_edge_goes_the_long_way():
    areas = areas_from([feature(box(-176, -5, 178, 5))], "test", as_drawn=True)
    assert inside(areas, 0.0, 0.0)
    assert not inside(areas, 0.0, 179.0)


def test_holes_are_outside():
    rings = [box(178, -5, -178, 5), box(179.5, -1, -179.5, 1)]
    document = [{"geometry": {"type": "Polygon", "coordinates": rings}}]
    areas = areas_from(document, "test")
    assert inside(areas, 0.0, 179.0)
    assert not inside(areas, 0.0, 180.0)


def test_an_area_is_in_force_from_since_until_before_until():
    ring = box(0, 0, 1, 1)
    areas = areas_from([feature(ring, since="1970-01-01", until="1970-01-02")], "test")
    day_us = 86_400_000_000
    assert [bool(inside(areas, 0.5, 0.5, t)) for t in (-1, 0, day_us - 1, day_us)] == [
        False,
        True,
        True,
        False,
    ]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_containing_agrees_with_shapely(seed):
    rng = np.random.default_rng(seed)
    areas = []
    for number in range(6):
        centre = rng.uniform([-179.0, -85.0], [179.0, 85.0])
        angles = np.sort(rng.uniform(0, 2 * np.pi, 9))
        reach = rng.uniform(0.05, 8.0) * rng.uniform(0.3, 1.0, 9)
        ring = centre + np.column_stack([np.cos(angles), np.sin(angles)]) * reach[:, None]
        ring = np.clip(ring, [-180.0, -90.0], [180.0, 90.0])
        shape = polygon_of([np.concatenate([ring, ring[:1]])], as_drawn=True)
        if not shape.is_empty:
            areas.append(Area(f"{number}", shape))
    lat, lon = rng.uniform(-90, 90, 3000), rng.uniform(-180, 180, 3000)
    near = rng.integers(0, len(areas), 3000)
    for i in range(1500):
        west, south, east, north = areas[near[i]].shape.bounds
        lon[i], lat[i] = rng.uniform(west, east), rng.uniform(south, north)
    found = Areas(tuple(areas)).containing(lat, lon, np.zeros(3000, np.int64))
    tree = shapely.STRtree([a.shape for a in areas])
    expected = tree.query(shapely.points(lon, lat), predicate="intersects")
    assert set(zip(*found, strict=True)) == set(map(tuple, expected.T))


def test_the_fingerprint_says_which_areas():
    one = areas_from([feature(box(0, 0, 1, 1), name="a")], "test")
    same = areas_from([feature(box(0, 0, 1, 1), name="a")], "elsewhere")
    other = areas_from([feature(box(0, 0, 1, 2), name="a")], "test")
    assert one.fingerprint == same.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"type": "FeatureCollection"}, "no GeoJSON features"),
        ([{"properties": {}}], "feature 1 has no geometry"),
        ([{"geometry": {"type": "Point", "coordinates": [0, 0]}}], "which has no inside"),
        ([feature([[0, 0], [1, 1]])], "a ring of 2 positions"),
        ([feature([[0, 0], ["x", 1], [1, 1], [0, 0]])], "not a pair of numbers"),
        ([feature([[0, 0], [1, 91], [1, 1], [0, 0]])], "latitude beyond 90"),
        ([feature([[0, 0], [0, 1], [0, 2], [0, 0]])], "rings without extent"),
        ([feature(box(0, 0, 1, 1), since="yesterday")], "a date that cannot be read"),
        ([feature(box(0, 0, 1, 1), since="2024-01-02", until="2024-01-01")], "ends before"),
        ([feature(box(900, 0, 901, 1))], "longitude beyond"),
    ],
)
def test_broken_areas_are_named(document, words):
    with pytest.raises(ConfigError, match=words) as error:
        areas_from(document, "zones.geojson")
    assert error.value.help


@pytest.mark.parametrize("text", ["{", "\xff", ""])
def test_a_file_that_is_no_json(tmp_path, text):
    path = tmp_path / "zones.geojson"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError, match="is not JSON"):
        read_areas(path)
    with pytest.raises(ConfigError, match="cannot read areas"):
        read_areas(tmp_path / "missing.geojson")


def test_a_file_is_read(tmp_path):
    path = tmp_path / "zones.geojson"
    features = [feature(box(0, 0, 1, 1), name="Bank", kind="closure", rules={"gear": "trawl"})]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    area = read_areas(path).areas[0]
    assert (area.name, area.kind, area.rules) == ("Bank", "closure", '{"gear":"trawl"}')


@pytest.mark.parametrize("name", ["rule", "rules"])
def test_a_zone_states_its_rule_under_either_name(name):
    features = [feature(box(0, 0, 1, 1), **{name: "no trawling"})]
    (area,) = areas_from(features, "zones").areas
    assert area.rules == "no trawling"
