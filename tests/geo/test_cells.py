"""Cells: every position has one, near positions see each other, nothing breaks at 180 degrees."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.geo.cells import cell_of, cells_around, cells_of, centre_of, edges_of
from fairlead.geo.sphere import destination_deg, distance_m

LAT = st.floats(-90, 90)
LON = st.floats(-180, 180)
SIZE = st.sampled_from([0.02, 0.1, 0.5, 2.0])


@given(lat=LAT, lon=LON, size=SIZE)
def test_a_cell_holds_its_position_and_its_centre(lat, lon, size):
    cell = cell_of(lat, lon, size)
    west, south, east, north = edges_of(cell, size)
    turned = (lon - west) % 360.0
    assert south - 1e-9 <= lat <= north + 1e-9
    assert turned <= east - west + 1e-9 or turned >= 360.0 - 1e-9
    assert cell_of(*centre_of(cell, size), size) == cell


@given(lat=st.floats(-89.9, 89.9), lon=LON, direction=st.floats(0, 360), share=st.floats(0, 0.99))
def test_positions_closer_than_a_cell_are_in_each_others_surroundings(lat, lon, direction, share):
    size = 0.1
    away_m = share * size * 111_000.0
    other = destination_deg(lat, lon, direction, away_m)
    assert distance_m(lat, lon, *other) <= size * 111_195.0
    assert cell_of(*other, size) in set(cells_around(lat, lon, size).tolist())


@given(lat=LAT, lon=st.floats(-180, 179.9999))
def test_a_full_turn_is_the_same_cell(lat, lon):
    assert cell_of(lat, lon, 0.5) == cell_of(lat, lon + 360.0, 0.5)


def test_cells_on_both_sides_of_180_degrees_touch():
    assert cell_of(10.0, -179.99, 0.5) in cells_around(10.0, 179.99, 0.5)


@pytest.mark.parametrize("lat", [90.0, -90.0])
def test_the_poles_have_cells(lat):
    assert len(np.unique(cells_of(np.full(8, lat), np.linspace(-180, 179, 8), 0.5))) <= 8
