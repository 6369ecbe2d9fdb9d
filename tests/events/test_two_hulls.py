"""Two hulls on one MMSI are told from one ship whose positions jump."""

import json

import numpy as np
import pytest

from fairlead.events.mmsi_shared import MmsiShared
from fairlead.events.position_jump import PositionJump
from fairlead.schema.tables import SET_ASIDE, TRACK_POINTS
from tests.events.flow import points, run

MINUTE = 60_000_000


def ways(*heard):
    """Positions a minute of hulls that sail east at 12 kn, from (hull, lat, lon, first, last)."""
    rows = []
    for hull, lat, lon, first, last in heard:
        minutes = np.arange(first, last)
        rows += [(m * MINUTE, lat, lon + 0.004 * m, hull) for m in minutes.tolist()]
    time_us, lat, lon, hull = zip(*sorted(rows), strict=True)
    return points([211000001] * len(rows), time_us, lat, lon, track_id=hull)


def jumps(rows, cuts=()):
    events, _ = run(PositionJump(), {TRACK_POINTS: rows, SET_ASIDE: SET_ASIDE.empty()}, cuts)
    last = {e["event_id"]: e for e in events.to_pylist()}
    return sorted(last.values(), key=lambda e: e["start_us"])


def test_a_ship_that_jumps_once_and_comes_back_is_told():
    (event,) = jumps(
        ways((1, 10.0, 20.0, 0, 60), (2, 13.0, 22.0, 60, 90), (1, 10.0, 20.0, 90, 150))
    )
    assert event["confidence"] > 0.9
    assert (event["start_us"], event["end_us"]) == (60 * MINUTE, 89 * MINUTE)


@pytest.mark.parametrize("cuts", [(), (75 * MINUTE,), (89 * MINUTE, 130 * MINUTE, 131 * MINUTE)])
def test_a_hull_that_sails_on_unheard_is_another_ship_and_the_jump_is_taken_back(cuts):
    rows = ways(
        (1, 10.0, 20.0, 0, 60),
        (2, 13.0, 22.0, 60, 90),
        (1, 10.0, 20.0, 90, 130),
        (2, 13.0, 22.0, 130, 160),
        (1, 10.0, 20.0, 160, 200),
    )
    (event,) = jumps(rows, cuts)
    assert event["confidence"] == 0.1
    assert event["detail"].endswith("two ships send under this MMSI.")
    assert json.loads(event["measures"])["two_hulls"] is True


def test_a_stray_position_set_aside_is_not_the_way():
    rows = ways((1, 10.0, 20.0, 0, 60), (1, 10.0, 20.0, 90, 150))
    stray = {
        "observation_id": [7],
        "mmsi": [211000001],
        "time_us": [89 * MINUTE],
        "lat_deg": [10.4],
        "lon_deg": [20.3],
        "reason": [0],
    }
    both = {TRACK_POINTS: rows, SET_ASIDE: SET_ASIDE.rows(stray, 1)}
    events, _ = run(PositionJump(), both)
    assert events.num_rows == 0


@pytest.mark.parametrize(("n_late", "told"), [(3, 0), (12, 1)])
def test_a_few_old_positions_are_no_second_ship(n_late, told):
    late = [(2, 10.0, 19.5, 60 + 2 * i, 61 + 2 * i) for i in range(n_late)]
    rows = ways(
        (1, 10.0, 20.0, 0, 60), *late, *((1, 10.0, 20.0, 61 + 2 * i, 62 + 2 * i) for i in range(30))
    )
    events, _ = run(MmsiShared(), {TRACK_POINTS: rows})
    assert events.num_rows == told
    assert events["other_mmsi"].null_count == told
