import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.events.loitering import Loitering
from fairlead.geo.shore import shore_from_land
from fairlead.schema.tables import EVENTS, TRACK_POINTS
from tests.voyages import (
    HOUR_US,
    SECOND_US,
    T0_US,
    in_one_order,
    run_steps,
    sailed,
    settled,
    voyage,
)

MIN_US = 60 * SECOND_US


def loitering(*tracks, step=None, **how):
    written = run_steps((step or Loitering(),), {TRACK_POINTS: pa.concat_tables(tracks)}, **how)
    return settled(EVENTS, written).to_pylist(), written[EVENTS.name]


def slow_then_away(minutes, *, speed_kn=1.5, start=(10.0, 179.95), **columns):
    """Slow for some minutes, then off at 12 kn."""
    slow = sailed(1, start, hours=minutes / 60, speed_kn=speed_kn, course_deg=80, **columns)
    here = slow["lat_deg"][-1].as_py(), slow["lon_deg"][-1].as_py()
    away = sailed(
        1, here, hours=2, speed_kn=12, start_us=T0_US + (minutes + 1) * MIN_US, course_deg=80
    )
    return pa.concat_tables([slow, away])


@pytest.mark.parametrize(("minutes", "n"), [(50, 0), (60, 0), (62, 1), (600, 1)])
def test_more_than_an_hour(minutes, n):
    assert len(loitering(slow_then_away(minutes))[0]) == n


def test_it_says_where_how_long_and_how_slow():
    (event,), written = loitering(slow_then_away(180))
    measures = json.loads(event["measures"])
    assert measures["mean_speed_kn"] == pytest.approx(1.5, rel=0.01)
    assert measures["lasted_s"] == 180 * 60
    assert event["end_us"] == T0_US + 180 * MIN_US
    assert "for 3 h from" in event["detail"] and event["confidence"] > 0.85
    opened, closed = written.to_pylist()
    assert opened["event_id"] == closed["event_id"] and opened["end_us"] is None
    assert opened["time_us"] == T0_US + 61 * MIN_US


def test_without_reported_speed_displacement_tells():
    (event,), _ = loitering(
        slow_then_away(180, speed_kn=1.5)
        .drop_columns("speed_kn")
        .append_column(TRACK_POINTS.columns.field("speed_kn"), pa.nulls(302, pa.float32()))
        .select(TRACK_POINTS.columns.names)
    )
    assert event["end_us"] - event["start_us"] == pytest.approx(180 * MIN_US, abs=2 * MIN_US)


def at_one_place(radius_deg, hours=10, **columns):
    minutes = np.arange(0, hours * 60)
    swing = minutes / 60 * 2 * np.pi / 6
    return voyage(
        2,
        T0_US + minutes * MIN_US,
        10.0 + radius_deg * np.sin(swing),
        20.0 + radius_deg * np.cos(swing),
        **({"speed_kn": 0.2} | columns),
    )


def test_a_ship_at_rest_does_not_loiter():
    assert loitering(at_one_place(0.001))[0] == []  # within 110 m: stopped
    assert loitering(at_one_place(0.005, nav_status=1))[0] == []  # swings wide, says at anchor
    assert len(loitering(at_one_place(0.005, nav_status=0))[0]) == 1


def test_a_short_burst_of_speed_does_not_end_it():
    track = slow_then_away(240)
    speed = track["speed_kn"].to_numpy().copy()
    speed[100:106] = 5.0
    at = track.schema.get_field_index("speed_kn")
    (event,), _ = loitering(track.set_column(at, track.schema.field(at), pa.array(speed)))
    assert event["start_us"] == T0_US and event["end_us"] == T0_US + 240 * MIN_US
    speed[100:130] = 5.0
    assert len(loitering(track.set_column(at, track.schema.field(at), pa.array(speed)))[0]) == 2


def test_a_silence_ends_it_and_marks_do_not_loiter():
    late = sailed(1, (10, 20), hours=3, speed_kn=1.0, start_us=T0_US + 9 * HOUR_US)
    events, _ = loitering(sailed(1, (10, 20), hours=3, speed_kn=1.0), late)
    assert [e["end_us"] for e in events] == [T0_US + 3 * HOUR_US, None]
    assert loitering(sailed(1, (10, 20), hours=3, speed_kn=1.0, station_class=4))[0] == []


def test_near_the_coast_nothing_is_told():
    land = np.zeros((180, 360), bool)
    land[100, 359] = True
    near = Loitering(shore=shore_from_land(land))
    assert loitering(slow_then_away(180), step=near)[0] == []
    assert len(loitering(slow_then_away(180, start=(10.0, 170.0)), step=near)[0]) == 1


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 50), st.lists(st.integers(0, 40 * 60), max_size=5))
def test_where_time_is_cut_changes_nothing(seed, cuts):
    rng = np.random.default_rng(seed)
    tracks = []
    for k in range(3):
        minutes = np.cumsum(rng.choice([1, 5, 20, 200], 150, p=[0.6, 0.2, 0.18, 0.02]))
        speed = np.repeat(rng.choice([0.5, 1.5, 8.0, np.nan], 30), 5)
        lon = 20 + np.cumsum(rng.normal(0, 0.003, 150))
        tracks.append(
            voyage(k + 1, T0_US + minutes * MIN_US, 10.0, lon, speed_kn=speed.astype(np.float32))
        )
    whole = loitering(*tracks)[1]
    parts = loitering(*tracks, cuts=[T0_US + c * MIN_US for c in cuts])[1]
    assert in_one_order(EVENTS, whole) == in_one_order(EVENTS, parts)
    assert whole.num_rows > 0
