import json
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyais import decode

from fairlead.events.drifting import Drifting
from fairlead.schema.tables import EVENTS, TRACK_POINTS
from tests.data import shared_data
from tests.voyages import SECOND_US, T0_US, in_one_order, run_steps, sailed, settled, voyage

MIN_US = 60 * SECOND_US
NOT_UNDER_COMMAND = 2


def drifts(*tracks, **how):
    written = run_steps((Drifting(),), {TRACK_POINTS: pa.concat_tables(tracks)}, **how)
    return settled(EVENTS, written).to_pylist(), written[EVENTS.name]


def carried(hours=3.0, *, speed_kn=1.2, course_deg=90.0, heading_deg=180.0, **columns):
    return sailed(
        1,
        (50.0, -5.0),
        hours=hours,
        speed_kn=speed_kn,
        course_deg=course_deg,
        heading_deg=heading_deg,
        **({"nav_status": 0} | columns),
    )


@pytest.mark.parametrize(
    ("columns", "n"),
    [
        ({}, 1),
        ({"hours": 0.8}, 0),
        ({"heading_deg": 95.0}, 0),  # steers
        ({"nav_status": 1}, 0),  # at anchor
        ({"nav_status": 7}, 0),  # fishing
        ({"speed_kn": 5.0}, 0),
        ({"heading_deg": None, "nav_status": NOT_UNDER_COMMAND}, 1),
        ({"heading_deg": None}, 0),
        ({"station_class": 4}, 0),
    ],
)
def test_what_is_a_drift(columns, n):
    assert len(drifts(carried(**columns))[0]) == n


def test_it_says_where_to_and_how_fast():
    (event,), _ = drifts(carried(nav_status=NOT_UNDER_COMMAND))
    measures = json.loads(event["measures"])
    assert measures["towards_deg"] == pytest.approx(90, abs=0.1)
    assert measures["mean_speed_kn"] == pytest.approx(1.2, rel=0.01)
    assert "not being under command" in event["detail"] and event["confidence"] > 0.9


def test_a_ship_that_swings_about_its_anchor_comes_back():
    minutes = np.arange(0, 720)
    swing = minutes / 720 * 8 * np.pi
    track = voyage(
        1,
        T0_US + minutes * MIN_US,
        50.0 + 0.004 * np.sin(swing),
        -5.0 + 0.004 * np.cos(swing),
        speed_kn=0.6,
        course_deg=np.degrees(swing) % 360,
        heading_deg=(np.degrees(swing) + 90) % 360,
        nav_status=0,
    )
    assert drifts(track)[0] == []


def test_a_real_drift():
    lines = shared_data("nmea/drift_212123000.nmea").read_text().splitlines()
    rows, time_us = [], None
    for line in lines:
        stamp = re.match(r"\$PGHP,1,(\d+),(\d+),(\d+),(\d+),(\d+),(\d+),", line)
        if stamp:
            year, month, day, hour, minute, second = map(int, stamp.groups())
            text = f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
            time_us = int(np.datetime64(text, "us").astype(np.int64))
        elif line.startswith("!") and line.split(",")[1] == "1":
            said = decode(line.encode())
            if said.msg_type in (1, 3) and said.mmsi == 212123000:
                rows.append(
                    (
                        time_us,
                        said.lat,
                        said.lon,
                        said.speed,
                        said.course,
                        said.heading,
                        int(said.status),
                    )
                )
    time_us, lat, lon, speed, course, heading, status = np.array(sorted(set(rows))).T
    track = voyage(
        212123000,
        time_us.astype(np.int64),
        lat,
        lon,
        speed_kn=speed,
        course_deg=course,
        heading_deg=heading,
        nav_status=status.astype(np.int8),
    )
    (event,), _ = drifts(track)
    assert json.loads(event["measures"])["lasted_s"] > 11 * 3600
    assert 0.3 < json.loads(event["measures"])["mean_speed_kn"] < 1.0
    assert event["confidence"] > 0.9


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 50), st.lists(st.integers(0, 20 * 60), max_size=5))
def test_where_time_is_cut_changes_nothing(seed, cuts):
    rng = np.random.default_rng(seed)
    n = 300
    minutes = np.cumsum(rng.choice([1, 5, 20, 200], n, p=[0.7, 0.2, 0.09, 0.01]))
    off = np.repeat(rng.choice([0.0, 90.0], n // 10, p=[0.2, 0.8]), 10)
    track = voyage(
        1,
        T0_US + minutes * MIN_US,
        50.0,
        -5.0 + minutes * 0.0003,
        speed_kn=1.0,
        course_deg=90.0,
        heading_deg=90.0 + off,
        nav_status=0,
    )
    whole = drifts(track)[1]
    parts = drifts(track, cuts=[T0_US + c * MIN_US for c in cuts])[1]
    assert in_one_order(EVENTS, whole) == in_one_order(EVENTS, parts)
