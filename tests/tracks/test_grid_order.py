"""The order of the grid's rows, and cells and their places."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fairlead.geo.cells import cell_of, edges_of, place_in_cell
from fairlead.tracks.grid import stable_order

WHOLE = st.integers(-(2**40), 2**40)


@given(st.lists(st.tuples(st.one_of(st.integers(0, 3), WHOLE), st.integers(0, 3)), max_size=60))
def test_rows_are_ordered_by_two_columns_and_ties_stand(pairs):
    first = np.array([p[0] for p in pairs], np.int64)
    second = np.array([p[1] for p in pairs], np.int64)
    assert stable_order(first, second).tolist() == np.lexsort((second, first)).tolist()


@given(st.floats(-90, 90), st.floats(-180, 179.999), st.sampled_from([0.05, 0.5, 7.0]))
def test_a_place_in_a_cell_is_where_the_cells_edges_say(lat, lon, size):
    cell, up, right, width = place_in_cell(lat, lon, size)
    west, south, east, north = edges_of(cell, size)
    assert cell == cell_of(lat, lon, size)
    assert abs(south + up * (north - south) - lat) < 1e-6
    assert abs(west + right * (east - west) - lon) < 1e-6
    assert abs(width - (east - west)) < 1e-9
