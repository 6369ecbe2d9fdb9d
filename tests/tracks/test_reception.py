import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.geo.cells import COVERAGE_CELL_DEG, cell_of
from fairlead.schema.tables import COVERAGE, PRESENCE, TRACK_POINTS
from fairlead.tracks.presence import Presence
from fairlead.tracks.reception import Reception
from tests.voyages import HOUR_US, SECOND_US, T0_US, in_one_order, run_steps, settled, voyage

STEPS = (Presence(), Reception())
PLACE = (10.2, 20.2)


def moored(mmsi, *, hours, every_s, keep=1.0, seed=0, status=5, **columns):
    times = T0_US + np.arange(0, int(hours * 3600), every_s) * SECOND_US
    kept = np.random.default_rng(seed + mmsi).random(len(times)) < keep
    return voyage(mmsi, times[kept], *PLACE, speed_kn=0.0, nav_status=status, **columns)


def coverage(*tracks, **how):
    rows = {TRACK_POINTS: pa.concat_tables(tracks)}
    return settled(COVERAGE, run_steps(STEPS, rows, **how)).to_pylist()


@pytest.mark.parametrize("every_s", [10, 60, 180, 900, 3600])
def test_a_thinned_archive_is_not_bad_reception(every_s):
    rows = coverage(*(moored(k, hours=24, every_s=every_s) for k in range(1, 6)))
    assert len(rows) == 24
    assert all(r["p_message"] > 0.7 for r in rows[2:])
    assert {r["n_vessels"] for r in rows} == {5}


@pytest.mark.parametrize("keep", [0.9, 0.5, 0.3])
def test_lost_messages_lower_the_probability(keep):
    rows = coverage(*(moored(k, hours=24, every_s=60, keep=keep) for k in range(1, 6)))
    later = [r["p_message"] for r in rows[6:]]
    assert np.mean(later) == pytest.approx(keep, abs=0.2)


def test_when_all_fall_silent_nothing_arrives():
    on = [moored(k, hours=12, every_s=60) for k in range(1, 6)]
    later = [
        r.set_column(1, r.schema.field(1), pa.array(r["time_us"].to_numpy() + 24 * HOUR_US))
        for r in on
    ]
    rows = coverage(*on, *later)
    out = [r for r in rows if T0_US + 12 * HOUR_US <= r["time_us"] < T0_US + 24 * HOUR_US]
    assert len(out) == 12
    assert all(r["n_vessels"] == 0 and r["n_silent"] == 5 for r in out)
    assert out[0]["p_message"] < 0.1 and out[-1]["p_message"] < 0.1
    assert [r["p_message"] for r in rows if r["time_us"] == T0_US + 26 * HOUR_US][0] > 0.9


def test_a_ship_that_left_for_the_next_cell_is_not_missed():
    times = T0_US + np.arange(0, 12 * 60) * 60 * SECOND_US
    lon = np.where(np.arange(len(times)) < 360, 20.2, 20.9)
    rows = coverage(voyage(1, times, 10.2, lon, speed_kn=8.0))
    here = cell_of(10.2, 20.2, COVERAGE_CELL_DEG)
    assert sum(r["cell"] == here for r in rows) == 6
    assert all(r["n_silent"] == 0 for r in rows)


def test_the_next_cells_know_on_which_side_somebody_was_heard():
    east = voyage(1, T0_US + np.arange(60) * 60 * SECOND_US, 10.25, 20.75, speed_kn=8.0)
    here = moored(2, hours=1, every_s=60)
    row = [r for r in coverage(east, here) if r["cell"] == here["cell"][0].as_py()]
    assert row[0]["heard_octants"] == 1 << 2


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 40), st.lists(st.integers(0, 60 * 60), max_size=5))
def test_where_time_is_cut_changes_nothing(seed, cuts):
    rng = np.random.default_rng(seed)
    tracks = []
    for k in range(3):
        n = int(rng.integers(1, 80))
        times = T0_US + np.sort(rng.integers(0, 60 * 60, n)) * 60 * SECOND_US
        lon = 20.2 + rng.normal(0, 0.1, n).cumsum()
        speed = np.where(rng.random(n) < 0.3, np.nan, rng.random(n) * 12)
        tracks.append(voyage(k + 1, times, 10.2, lon, speed_kn=pa.array(speed, pa.float32())))
    rows = {TRACK_POINTS: pa.concat_tables(tracks)}
    whole = run_steps(STEPS, rows)
    parts = run_steps(STEPS, rows, cuts=[T0_US + c * 60 * SECOND_US for c in cuts])
    for table in (PRESENCE, COVERAGE):
        assert in_one_order(table, whole[table.name]) == in_one_order(table, parts[table.name])
