"""Every detector of this room: cuts in time and splits by key change nothing; grounds are seen."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.events import detector
from fairlead.geo.geojson import areas_from
from fairlead.geo.places import places_from
from fairlead.schema.ids import row_ids
from fairlead.schema.step import Batch
from fairlead.schema.tables import (
    EVENTS,
    SET_ASIDE,
    SILENCES,
    STATICS,
    STOPS,
    TRACK_POINTS,
)
from tests.events.flow import ALL, points, run, settled, statics

MINUTE = 60_000_000
BOX = [[[179.9, -0.1], [-179.9, -0.1], [-179.9, 0.1], [179.9, 0.1], [179.9, -0.1]]]
AREAS = areas_from([{"geometry": {"type": "Polygon", "coordinates": BOX}}], "test")
PLACES = places_from(
    [("Alpha", 0.0, 179.97, "FJ", "FJALP"), ("Bravo", 0.05, -179.95, "FJ", "FJBRA")]
)
LOOSE = {
    "zone": {"areas": AREAS},
    "port_visit": {"places": PLACES, "silence_s": 1800},
    "port_visit_learned": {"vessels_min": 1},
    "speed_change": {"steady_s": 120, "held_s": 120, "steady_points": 2, "change_kn_min": 3.0},
    "position_jump": {
        "jump_m": 2000.0,
        "scatter_m": 5000.0,
        "points_min": 2,
        "settle_s": 3600,
        "turns_max": 60,
    },
    "circling": {"laps_min": 0.5, "scatter_max": 5.0, "radius_m_min": 1.0},
    "speed_mismatch": {"window_s": 180, "points_min": 2, "windows_min": 2, "mismatch_kn": 1.0},
    "identity_change": {"seen_min": 2, "seen_min_near": 3, "lasting_s": 0},
    "mmsi_change": {"seen_min": 2, "lasting_s": 0},
    "identity_conflict": {"seen_min": 2, "lasting_s": 60},
    "imo_shared": {"turns_min": 2, "quiet_s": 1200},
    "mmsi_shared": {"turns_min": 2, "apart_m": 500.0, "speed_kn_max": 20.0, "quiet_s": 1200},
    "draught_change": {"places": PLACES, "port_m": 10.0, "silence_s_min": 60, "stop_s_min": 60},
    "destination_mismatch": {
        "places": PLACES,
        "away_nm_min": 0.2,
        "lasting_s": 120,
        "steady_share_min": 0.1,
        "points_min": 2,
    },
}


def sea(seed: int, n: int = 240) -> dict:
    """A crowded hour on the 180th meridian: three MMSIs, four hulls, ties, leaps and silences."""
    rng = np.random.default_rng(seed)
    hull = rng.integers(0, 4, n)
    mmsi = np.array([500000001, 500000002, 500000003, 500000003])[hull]
    time_us = np.sort(rng.choice(60 * 4, n)) * MINUTE // 4
    angle = time_us / MINUTE * 0.7 + hull
    away = rng.choice([0.0, 0.3], n, p=[0.9, 0.1]) * (rng.random(n) < 0.5)
    lat = 0.02 * np.sin(angle) + 0.03 * hull
    lon = 179.97 + 0.02 * np.cos(angle) + rng.choice([0.0, 0.12], n) * (hull == 3) + away
    lat[hull == 1], lon[hull == 1] = 0.001, 179.971
    speed = np.where(
        rng.random(n) < 0.2, np.nan, np.repeat(rng.choice([0.1, 4.0, 9.0], n // 20), 20)
    )
    track = points(mmsi, time_us, lat, lon, speed, track_id=hull + 10)
    ids, first = np.unique(track["observation_id"].to_numpy(), return_index=True)
    track = track.take(np.sort(first))
    n_said = 60
    said = statics(
        [
            {
                "mmsi": int(rng.integers(500000001, 500000004)),
                "time_us": int(rng.integers(0, 60)) * MINUTE,
                "name": str(rng.choice(["SEA STAR", "sea star ", "SEB STAR", "OCEAN"])),
                "callsign": str(rng.choice(["3DAB", "DABC"])),
                "imo": (imo := int(rng.choice([9074729, 9074728]))),
                "imo_valid": imo == 9074729,
                "flag": "FJ",
                "draught_m": float(rng.choice([5.0, 9.0])),
                "destination": str(rng.choice(["ALPHA", "FJ BRA", "NOWHERE"])),
            }
            for _ in range(n_said)
        ]
    )
    return {
        TRACK_POINTS: track,
        STATICS: said,
        SET_ASIDE: _aside(rng),
        SILENCES: _silences(rng),
        STOPS: _stops(rng),
    }


def _aside(rng) -> pa.Table:
    n = 30
    mmsi, time_us = rng.integers(500000001, 500000004, n), np.sort(rng.integers(0, 60, n)) * MINUTE
    lat = rng.choice([0.0, 3.0], n)
    return SET_ASIDE.rows(
        {
            "observation_id": row_ids(mmsi, time_us, lat, np.arange(n)),
            "mmsi": mmsi,
            "time_us": time_us,
            "lat_deg": lat,
            "lon_deg": np.full(n, 179.0),
            "reason": np.zeros(n, np.int8),
        }
    )


def _silences(rng) -> pa.Table:
    n = 12
    end = np.sort(rng.integers(10, 60, n)) * MINUTE
    return SILENCES.rows(
        {
            "silence_id": [f"silence-{i}" for i in range(n)],
            "track_id": rng.integers(10, 14, n),
            "mmsi": rng.integers(500000001, 500000004, n),
            "cell": np.ones(n, np.int64),
            "time_us": end,
            "start_us": end - 5 * MINUTE,
            "end_us": end,
            "start_lat_deg": np.zeros(n),
            "start_lon_deg": np.full(n, 179.0),
            "station_class": np.zeros(n, np.int8),
            "class_b": [False] * n,
            "n_before_12h": [20] * n,
            "start_observation_id": np.arange(1, n + 1),
            "end_observation_id": np.arange(n + 1, 2 * n + 1),
        }
    )


def _stops(rng) -> pa.Table:
    n = 20
    end = np.sort(rng.integers(10, 60, n)) * MINUTE
    return STOPS.rows(
        {
            "stop_id": [f"stop-{i}" for i in range(n)],
            "track_id": rng.integers(10, 14, n),
            "mmsi": rng.integers(500000001, 500000004, n),
            "cell": rng.integers(1, 3, n),
            "time_us": end,
            "start_us": end - 5 * MINUTE,
            "end_us": end - 1,
            "lat_deg": np.full(n, 5.0),
            "lon_deg": np.full(n, 179.0),
            "n_points": np.full(n, 9),
            "start_observation_id": np.arange(1, n + 1),
            "last_observation_id": np.arange(n + 1, 2 * n + 1),
        }
    )


def given_to(step, seed: int) -> dict:
    return {t: r for t, r in sea(seed).items() if t in step.reads}


def seen_ids(rows: dict) -> set[int]:
    found: set[int] = set()
    for table in rows.values():
        for name in table.column_names:
            if name.endswith("observation_id") or name == "before_id":
                found |= set(table[name].to_pylist())
    return found


@pytest.mark.parametrize("kind", LOOSE)
@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 50),
    cuts=st.lists(st.integers(1, 61 * 4), max_size=6),
    n_parts=st.integers(1, 3),
)
def test_cuts_and_splits_change_nothing(kind, seed, cuts, n_parts):
    step = detector(kind, LOOSE[kind])
    rows = given_to(step, seed)
    whole, _ = run(step, rows)
    parted, most = run(step, rows, [c * MINUTE // 4 for c in cuts], n_parts)
    assert settled(whole) == settled(parted)
    assert most <= 8


@pytest.mark.parametrize("kind", LOOSE)
def test_finds_something_with_grounds_and_repeats_nothing(kind):
    step = detector(kind, LOOSE[kind])
    n_found = 0
    for seed in range(6):
        rows = given_to(step, seed)
        events, _ = run(step, rows)
        seen = seen_ids(rows)
        told = [json.dumps(e, sort_keys=True) for e in events.to_pylist()]
        assert len(told) == len(set(told))
        for event in events.to_pylist():
            assert event["evidence"], event
            assert set(event["evidence"]) <= seen, event["detail"]
            assert 0.0 < event["confidence"] < 1.0
            assert event["detail"].endswith(".")
            json.loads(event["measures"])
            assert event["end_us"] is None or event["end_us"] >= event["start_us"]
        n_found += len(told)
    assert n_found > 0


@pytest.mark.parametrize("kind", LOOSE)
def test_no_rows_give_no_rows(kind):
    step = detector(kind, LOOSE[kind])
    carried, out = step.step(step.carries.empty(), Batch(), ALL)
    assert carried.schema.equals(step.carries.columns)
    assert out[EVENTS].schema.equals(EVENTS.columns)
    assert carried.num_rows == out[EVENTS].num_rows == 0
