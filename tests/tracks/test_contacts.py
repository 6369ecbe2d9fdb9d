import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.geo.sphere import distance_m
from fairlead.schema.tables import CONTACTS, TRACK_GRID, TRACK_POINTS
from fairlead.tracks.contacts import Contacts
from fairlead.tracks.grid import TimeGrid
from tests.voyages import HOUR_US, SECOND_US, T0_US, in_one_order, run_steps, sailed, voyage

STEPS = (TimeGrid(), Contacts())
TEN_MIN_US = 600 * SECOND_US


def own_rows(written):
    grid = written[TRACK_GRID.name].to_pylist()
    return sorted((r for r in grid if not r["halo"]), key=lambda r: (r["track_id"], r["time_us"]))


def test_positions_lie_between_points_and_never_beyond_them():
    times = T0_US + np.array([300, 1500, 2100]) * SECOND_US
    track = voyage(1, times, [10.0, 10.0, 10.1], [20.0, 20.2, 20.2])
    grid = own_rows(run_steps(STEPS, {TRACK_POINTS: track}))
    assert [(r["time_us"] - T0_US) // SECOND_US for r in grid] == [600, 1200, 1800]
    assert [r["lon_deg"] for r in grid] == pytest.approx([20.05, 20.15, 20.2], abs=1e-4)
    assert grid[2]["lat_deg"] == pytest.approx(10.05, abs=1e-4)
    ids = track["observation_id"].to_pylist()
    assert [r["observation_id"] for r in grid] == [ids[0], ids[1], ids[2]]


def test_nothing_is_said_inside_a_silence():
    times = T0_US + np.array([0, 600, 600 + 3601, 4800]) * SECOND_US
    grid = own_rows(run_steps(STEPS, {TRACK_POINTS: voyage(1, times, 10.0, 20.0)}))
    assert [(r["time_us"] - T0_US) // SECOND_US for r in grid] == [0, 600, 4800]


def test_speed_comes_from_displacement():
    grid = own_rows(
        run_steps(STEPS, {TRACK_POINTS: sailed(1, (50.0, -5.0), hours=2, speed_kn=12.0)})
    )
    assert [r["speed_kn"] for r in grid[1:]] == pytest.approx([12.0] * 12, rel=1e-3)


@pytest.mark.parametrize("lat,lon", [(0.0, 180.0), (89.9995, 77.0), (60.0, 5.0), (-77.0, -180.0)])
def test_a_pair_is_seen_once_wherever_the_cells_meet(lat, lon):
    lon_apart = {0.0: 0.004, 89.9995: 180.0, 60.0: 0.008, -77.0: 0.02}[lat]
    times = T0_US + np.arange(7) * TEN_MIN_US
    a = voyage(1, times, lat, lon - lon_apart / 2)
    b = voyage(2, times, lat, (lon + lon_apart / 2 + 180) % 360 - 180)
    found = run_steps(STEPS, {TRACK_POINTS: pa.concat_tables([a, b])})[CONTACTS.name].to_pylist()
    assert len(found) == 7
    assert {(r["track_id"], r["other_track_id"]) for r in found} == {(10, 20)}


def test_coast_stations_and_marks_are_no_hulls():
    times = T0_US + np.arange(7) * TEN_MIN_US
    rows = [voyage(1, times, 1.0, 1.0), voyage(2, times, 1.0, 1.0, station_class=4)]
    found = run_steps(STEPS, {TRACK_POINTS: pa.concat_tables(rows)})
    assert found[CONTACTS.name].num_rows == 0


def sea(seed, n_tracks=30):
    rng = np.random.default_rng(seed)
    lat_0 = rng.choice([0.0, 57.0, -88.5, 89.97])
    rows = []
    for k in range(n_tracks):
        n = int(rng.integers(1, 25))
        times = T0_US + np.sort(rng.integers(0, 4 * 3600, n)) // 300 * 300 * SECOND_US
        lat = np.clip(lat_0 + rng.normal(0, 0.02, n).cumsum() * 0.05, -90, 90)
        wide = 360.0 if abs(lat_0) > 89 else 0.04
        lon = (180.0 + rng.normal(0, wide) + rng.normal(0, 0.002, n) + 180) % 360 - 180
        rows.append(voyage(k + 1, times, lat, lon))
    return pa.concat_tables(rows)


@pytest.mark.parametrize("seed", range(8))
def test_every_pair_in_reach_is_found(seed):
    written = run_steps(STEPS, {TRACK_POINTS: sea(seed)})
    grid = own_rows(written)
    expected = set()
    for i, a in enumerate(grid):
        for b in grid[i + 1 :]:
            if a["time_us"] == b["time_us"] and a["track_id"] != b["track_id"]:
                apart = distance_m(a["lat_deg"], a["lon_deg"], b["lat_deg"], b["lon_deg"])
                if apart <= 1000.0:
                    pair = sorted((a["track_id"], b["track_id"]))
                    expected.add((a["time_us"], *pair))
    found = written[CONTACTS.name].to_pylist()
    listed = [(r["time_us"], r["track_id"], r["other_track_id"]) for r in found]
    assert len(listed) == len(set(listed))
    assert set(listed) == expected


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 50), st.lists(st.integers(0, 4 * HOUR_US), max_size=6))
def test_where_time_is_cut_changes_nothing(seed, cuts):
    rows = {TRACK_POINTS: sea(seed, 8)}
    whole = run_steps(STEPS, rows)
    parts = run_steps(STEPS, rows, cuts=[T0_US + c for c in cuts])
    for table in (TRACK_GRID, CONTACTS):
        assert in_one_order(table, whole[table.name]) == in_one_order(table, parts[table.name])
