import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.schema.tables import SILENCES, TRACK_POINTS
from fairlead.tracks.silences import Silences
from tests.voyages import HOUR_US, SECOND_US, T0_US, in_one_order, run_steps, voyage

MIN_US = 60 * SECOND_US


def silences(*tracks, **how):
    rows = pa.concat_tables(tracks)
    return run_steps((Silences(),), {TRACK_POINTS: rows}, **how)[SILENCES.name]


def at(*minutes, **columns):
    return voyage(columns.pop("mmsi", 1), T0_US + np.array(minutes) * MIN_US, 10.0, 20.0, **columns)


def test_a_silence_is_told_when_it_is_too_long_and_when_it_ends():
    opened, closed = silences(at(0, 10, 200, 210)).to_pylist()
    assert opened["silence_id"] == closed["silence_id"]
    assert opened["time_us"] == T0_US + 70 * MIN_US and opened["end_us"] is None
    assert closed["time_us"] == closed["end_us"] == T0_US + 200 * MIN_US
    assert opened["start_us"] == closed["start_us"] == T0_US + 10 * MIN_US
    assert opened["n_before_12h"] == 2


def test_an_hour_exactly_is_no_silence_and_the_end_of_the_data_neither():
    assert silences(at(0, 60, 120)).num_rows == 0
    assert silences(at(0, 60, 120), until_us=T0_US + 180 * MIN_US).num_rows == 0
    assert silences(at(0, 60, 120), until_us=T0_US + 180 * MIN_US + 1).num_rows == 1


def test_marks_and_base_stations_do_not_fall_silent():
    assert silences(at(0, 500, station_class=4), at(0, 500, mmsi=2, station_class=2)).num_rows == 0
    assert silences(at(0, 500, station_class=5)).num_rows == 2


def test_class_b_is_told_apart():
    rows = silences(at(0, 500, msg_type=18), at(0, 500, mmsi=2, msg_type=3)).to_pylist()
    assert {r["mmsi"]: r["class_b"] for r in rows} == {1: True, 2: False}


@pytest.mark.parametrize("hours_before,n", [(1, 61), (10, 61), (13, 1)])
def test_points_in_the_twelve_hours_before(hours_before, n):
    burst = np.arange(60)
    last = 60 + hours_before * 60
    opened = silences(at(*burst, last, last + 300)).to_pylist()
    assert [r["n_before_12h"] for r in opened if r["start_us"] == T0_US + last * MIN_US] == [n, n]


def test_a_ship_that_fades_is_told_from_one_that_stops():
    steady = np.arange(0, 300)
    fading = np.concatenate([np.arange(0, 240), np.arange(240, 300, 12)])
    rows = silences(at(*steady, 900), at(*fading, 900, mmsi=2)).to_pylist()
    by_mmsi = {r["mmsi"]: r["steadiness"] for r in rows}
    assert by_mmsi[1] == pytest.approx(1.0, abs=0.05) and by_mmsi[2] < 0.25


def test_the_speed_made_good_and_the_hours_known_of_a_silence():
    minutes = np.arange(0, 180)
    moving = voyage(1, T0_US + minutes * MIN_US, 10.0 + minutes / 60.0 * 0.1, 20.0)
    (opened,) = silences(moving, until_us=T0_US + 400 * MIN_US).to_pylist()
    assert opened["made_good_kn"] == pytest.approx(6.0, abs=0.1)
    assert 2.9 < opened["known_h"] <= 3.5
    (opened,) = silences(at(*minutes), until_us=T0_US + 400 * MIN_US).to_pylist()
    assert opened["made_good_kn"] == pytest.approx(0.0, abs=0.01)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.lists(st.integers(0, 1500), min_size=1, max_size=30, unique=True).map(sorted),
        min_size=1,
        max_size=3,
    ),
    st.lists(st.integers(0, 1500), max_size=5),
)
def test_where_time_is_cut_changes_nothing(tracks, cuts):
    rows = [at(*minutes, mmsi=k + 1) for k, minutes in enumerate(tracks)]
    whole = silences(*rows)
    parts = silences(*rows, cuts=[T0_US + c * MIN_US for c in cuts])
    assert in_one_order(SILENCES, whole) == in_one_order(SILENCES, parts)
    expected = sum(int((np.diff(m) > 60).sum()) for m in tracks)
    assert sum(r["end_us"] is not None for r in whole.to_pylist()) == expected


def test_no_rows_give_no_rows():
    empty = TRACK_POINTS.empty()
    kept, out = Silences().step(Silences.carries.empty(), _batch(empty), _span())
    assert kept.num_rows == 0 and out[SILENCES].schema.equals(SILENCES.columns)


def _batch(rows):
    from fairlead.schema.step import Batch

    return Batch({TRACK_POINTS: rows})


def _span():
    from fairlead.schema.span import Span

    return Span(0, HOUR_US)
