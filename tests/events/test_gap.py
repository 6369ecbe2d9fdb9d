import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.events.gap import PRESETS, Gap
from fairlead.geo.shore import shore_from_land
from fairlead.schema.tables import EVENTS, TRACK_POINTS
from fairlead.tracks.presence import Presence
from fairlead.tracks.reception import Reception
from fairlead.tracks.silences import Silences
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

PLACE = (10.2, 20.2)


def fishing(mmsi, hours, *, every_s=60, start_h=0.0, speed_kn=1.0, **columns):
    """Small circles about one place, as long as heard."""
    seconds = np.arange(start_h * 3600, (start_h + hours) * 3600, every_s)
    turn = seconds / 1800.0 + mmsi
    return voyage(
        mmsi,
        T0_US + (seconds * SECOND_US).astype(np.int64),
        PLACE[0] + 0.01 * np.cos(turn) + 0.02 * (mmsi % 5),
        PLACE[1] + 0.01 * np.sin(turn),
        speed_kn=speed_kn,
        course_deg=(turn * 57.3) % 360,
        **columns,
    )


def gaps(*tracks, step=None, **how):
    steps = (Silences(), Presence(), Reception(), step or Gap(confidence_min=0.0))
    written = run_steps(steps, {TRACK_POINTS: pa.concat_tables(tracks)}, **how)
    return settled(EVENTS, written).to_pylist(), written[EVENTS.name]


def p_natural(event):
    return json.loads(event["measures"])["p_natural"]


@pytest.mark.parametrize("every_s", [10, 60, 600])
def test_one_stops_while_four_go_on(every_s):
    others = [fishing(k, 30, every_s=every_s) for k in range(1, 5)]
    (event,), _ = gaps(*others, fishing(5, 14, every_s=every_s))
    assert event["mmsi"] == 5 and event["end_us"] is None
    assert p_natural(event) < 0.05 and event["confidence"] > 0.95
    assert "4 other vessels nearby were heard" in event["detail"]


@pytest.mark.parametrize("every_s", [10, 60, 600])
def test_all_five_stop_at_once(every_s):
    tracks = [fishing(k, 14, every_s=every_s) for k in range(1, 6)]
    tracks += [fishing(k, 4, every_s=every_s, start_h=24) for k in range(1, 6)]
    events, _ = gaps(*tracks)
    assert len(events) == 5
    for event in events:
        assert p_natural(event) > 0.9 and event["confidence"] < 0.1
        assert "All 5 vessels nearby fell silent together" in event["detail"]
        assert "the receiver was probably out" in event["detail"]
        assert event["end_us"] is not None


def test_a_receiver_that_came_back_explains_only_the_hours_before():
    """Silence that outlasts an outage in which all were silent is no outage any more."""
    tracks = [fishing(k, 14) for k in range(1, 4)]
    tracks += [fishing(k, 3, start_h=17.5) for k in (1, 2)]
    events, _ = gaps(*tracks)
    (event,) = (e for e in events if e["mmsi"] == 3)
    assert p_natural(event) < 0.1
    assert "fell silent together" not in event["detail"]
    assert "heard, in 2 of the first 5 whole hours" in event["detail"]
    assert "In the rest of them the receiver may have been out" in event["detail"]


def test_an_open_gap_stays_true_and_a_small_chance_is_no_zero():
    others = [fishing(k, 30) for k in range(1, 5)]
    (event,), _ = gaps(*others, fishing(5, 14))
    assert "has not been heard since" in event["detail"]
    assert "for at least 6 h." in event["detail"]
    assert event["detail"].endswith("natural with a probability of under 1%.")


def test_a_ship_that_sails_out_of_range():
    near = [fishing(k, 30) for k in range(1, 5)]
    out = sailed(9, (10.2, 19.6), hours=3.4, speed_kn=12, course_deg=90, start_us=T0_US)
    (event,), _ = gaps(*near, out)
    assert event["mmsi"] == 9 and p_natural(event) > 0.85
    assert "sailed out of range" in event["detail"]


def test_a_lone_ship_cannot_be_judged():
    (event,), _ = gaps(fishing(1, 14), fishing(1, 1, start_h=30))
    assert 0.2 < p_natural(event) < 0.9
    assert "No other vessel was near enough" in event["detail"]


def test_it_is_told_when_long_enough_and_when_the_ship_is_back():
    others = [fishing(k, 26) for k in range(1, 5)]
    rows = [*others, fishing(5, 14), fishing(5, 2, start_h=24)]
    (event,), written = gaps(*rows)
    opened, closed = written.to_pylist()
    assert opened["event_id"] == closed["event_id"]
    assert opened["time_us"] == opened["start_us"] + 6 * HOUR_US and opened["end_us"] is None
    assert closed["end_us"] == closed["time_us"] == T0_US + 24 * HOUR_US
    assert json.loads(closed["measures"])["distance_m"] < 3000
    seen = set(pa.concat_tables(rows)["observation_id"].to_pylist())
    assert set(event["evidence"]) <= seen and len(event["evidence"]) == 2


def test_the_presets_leave_silences_out():
    others = [fishing(k, 30) for k in range(1, 5)]
    gfw = Gap(confidence_min=0.0, **PRESETS["gap"]["gfw"])
    assert len(gaps(*others, fishing(5, 14), fishing(5, 2, start_h=24), step=gfw)[0]) == 0
    assert len(gaps(*others, fishing(5, 14), fishing(5, 2, start_h=28), step=gfw)[0]) == 1
    assert len(gaps(*others, fishing(5, 0.2), fishing(5, 2, start_h=28), step=gfw)[0]) == 0
    land = np.zeros((180, 360), bool)
    land[100, 200] = True
    coast = Gap(confidence_min=0.0, **PRESETS["gap"]["gfw"], shore=shore_from_land(land))
    assert len(gaps(*others, fishing(5, 14), fishing(5, 2, start_h=28), step=coast)[0]) == 0


def test_short_silences_are_no_gaps():
    assert gaps(fishing(1, 5), fishing(1, 5, start_h=10.9))[0] == []


def test_what_is_switched_off_at_its_berth_is_kept_back():
    others = [fishing(k, 30) for k in range(1, 5)]
    hours = np.arange(0, 14 * 3600, 60)
    berthed = voyage(5, T0_US + hours * SECOND_US, *PLACE, speed_kn=0.0)
    assert gaps(*others, berthed, step=Gap())[0] == []
    (event,), _ = gaps(*others, berthed)
    assert p_natural(event) > 0.9 and "It was at rest" in event["detail"]


def test_a_ship_that_fades_is_more_likely_out_of_range():
    others = [fishing(k, 30) for k in range(1, 5)]
    steady = sailed(9, (10.2, 19.6), hours=3.4, speed_kn=12, course_deg=270, start_us=T0_US)
    seconds = (steady["time_us"].to_numpy() - T0_US) // SECOND_US
    faded = steady.filter(pa.array((seconds < 2.4 * 3600) | (seconds % 1200 < 60)))
    natural = [p_natural(gaps(*others, rows)[0][0]) for rows in (steady, faded)]
    assert natural[1] > natural[0]
    assert natural[1] > 0.85


def test_the_sentence_agrees_with_the_number():
    others = [fishing(k, 30) for k in range(1, 5)]
    (event,), _ = gaps(*others, fishing(5, 14))
    assert "heard as well as ever to the last" in event["detail"]
    (event,), _ = gaps(*others, fishing(5, 14, msg_type=18))
    assert p_natural(event) > 0.7 and "class B" in event["detail"]


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 30), st.lists(st.integers(0, 60 * 60), max_size=5))
def test_where_time_is_cut_changes_nothing(seed, cuts):
    rng = np.random.default_rng(seed)
    tracks = [fishing(9, 60, every_s=1800)]
    for k in range(1, 4):
        start = 0.0
        while start < 60:
            hours = float(rng.integers(1, 20))
            tracks.append(fishing(k, hours, every_s=900, start_h=start, speed_kn=5.0))
            start += hours + float(rng.integers(1, 20))
    whole = gaps(*tracks)[1]
    parts = gaps(*tracks, cuts=[T0_US + c * 60 * SECOND_US for c in cuts])[1]
    assert in_one_order(EVENTS, whole) == in_one_order(EVENTS, parts)
