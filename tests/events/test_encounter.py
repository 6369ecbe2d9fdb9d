import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.events.encounter import PRESETS, Encounter
from fairlead.geo.places import places_from
from fairlead.schema.tables import EVENTS, TRACK_POINTS
from fairlead.tracks.contacts import Contacts
from fairlead.tracks.grid import TimeGrid
from tests.voyages import HOUR_US, SECOND_US, T0_US, in_one_order, run_steps, settled, voyage

MIN_US = 60 * SECOND_US
GFW = Encounter(**PRESETS["encounter"]["gfw"])
SKYLIGHT = Encounter(**PRESETS["encounter"]["skylight"])


def meeting(
    minutes_together, *, away=(600, 600), metres=200, start_us=T0_US, lat=10.0, lon=-179.999
):
    """Two hulls that meet for some stretches of minutes (on, off, on...) and lie far apart else."""
    edges = np.cumsum([away[0], *minutes_together, away[1]])
    minutes = np.arange(0, edges[-1] + 1, 5)
    stretch = np.searchsorted(edges[:-1], minutes, side="right")
    near = (stretch % 2 == 1) & (stretch < len(minutes_together) + 1)
    near |= np.isin(minutes, edges[1:-1:2])
    times = start_us + minutes * MIN_US
    apart = np.where(near, metres, 8000.0) / 111_195.0
    a = voyage(1, times, lat, lon, speed_kn=0.3)
    b = voyage(2, times, lat + apart, lon, speed_kn=0.3)
    return pa.concat_tables([a, b])


def encounters(rows, step=GFW, **how):
    written = run_steps((TimeGrid(), Contacts(), step), {TRACK_POINTS: rows}, **how)
    return settled(EVENTS, written).to_pylist(), written[EVENTS.name]


@pytest.mark.parametrize(
    ("together", "step", "n"),
    [
        ([150], GFW, 1),
        ([110], GFW, 0),
        ([70, 60, 80], GFW, 1),  # joined over an hour apart
        ([130, 300, 130], GFW, 2),  # five hours apart: two meetings
        ([70, 300, 70], GFW, 0),
        ([50], SKYLIGHT, 1),
        ([25], SKYLIGHT, 0),
    ],
)
def test_how_long_a_meeting_takes(together, step, n):
    assert len(encounters(meeting(together), step)[0]) == n


def test_the_event_says_who_where_and_how_close():
    (event,), _ = encounters(meeting([150]))
    assert (event["mmsi"], event["other_mmsi"]) == (1, 2)
    assert event["start_us"] == T0_US + 600 * MIN_US
    assert event["end_us"] == T0_US + 750 * MIN_US
    measures = json.loads(event["measures"])
    assert measures["together_s"] == 9000 and measures["nearest_m"] == pytest.approx(200, abs=1)
    assert "within 500 m of 2 for 2 h 30 min" in event["detail"]
    assert event["confidence"] > 0.9


def test_the_evidence_was_seen():
    rows = meeting([150])
    (event,), _ = encounters(rows)
    assert set(event["evidence"]) <= set(rows["observation_id"].to_pylist())
    assert len(event["evidence"]) >= 4


def test_midnight_is_an_hour_like_any_other():
    midnight = T0_US - T0_US % (24 * HOUR_US) + 24 * HOUR_US
    (event,), _ = encounters(meeting([150], start_us=midnight - (600 + 80) * MIN_US))
    assert event["end_us"] - event["start_us"] == 150 * MIN_US


def test_one_bad_fix_does_not_split_a_meeting():
    rows = meeting([150])
    lat = rows["lat_deg"].to_numpy().copy()
    lat[np.flatnonzero(rows["time_us"].to_numpy() == T0_US + 670 * MIN_US)[1]] += 0.5
    bad = rows.set_column(
        rows.schema.get_field_index("lat_deg"), rows.schema.field("lat_deg"), pa.array(lat)
    )
    (event,), _ = encounters(bad)
    assert json.loads(event["measures"])["together_s"] == 9000


def test_it_is_told_while_it_lasts_and_again_when_it_ends():
    events, written = encounters(meeting([150], away=(600, 600)))
    opened, closed = written.to_pylist()
    assert opened["event_id"] == closed["event_id"] and opened["end_us"] is None
    assert opened["time_us"] == opened["start_us"] + 2 * HOUR_US
    assert closed["time_us"] == closed["end_us"] + 4 * HOUR_US
    lasting, _ = encounters(meeting([150], away=(600, 60)))
    assert lasting[0]["end_us"] is None


def test_two_ships_under_way_in_company_are_no_transfer():
    minutes = np.arange(0, 300, 5)
    times = T0_US + minutes * MIN_US
    lon = minutes * 60 * 6.0 / 111_195.0
    rows = [voyage(1, times, 0.0, lon), voyage(2, times, 0.001, lon)]
    assert encounters(pa.concat_tables(rows))[0] == []
    assert len(encounters(pa.concat_tables(rows), SKYLIGHT)[0]) == 1


def test_a_meeting_at_an_anchorage_is_left_out():
    roads = places_from([("Roads", 10.05, -179.999, "XXX", "")])
    near = Encounter(anchorages=roads)
    far = Encounter(anchorages=roads, anchorage_m_min=3000.0)
    assert encounters(meeting([150]), near)[0] == []
    assert len(encounters(meeting([150]), far)[0]) == 1


def test_a_crowd_lowers_the_confidence():
    anywhere = Encounter(berthed_share_max=None)
    rows = [meeting([150])]
    times = rows[0]["time_us"].to_numpy()[: rows[0].num_rows // 2]
    rows += [voyage(10 + k, times, 10.012 + k * 0.0005, -179.999) for k in range(6)]
    (event,) = [e for e in encounters(pa.concat_tables(rows), anywhere)[0] if e["mmsi"] == 1]
    assert event["confidence"] < 0.35 and "other hulls were close by" in event["detail"]


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.integers(5, 300), min_size=1, max_size=5),
    st.lists(st.integers(0, 30 * 60), max_size=5),
)
def test_where_time_is_cut_changes_nothing(together, cuts):
    rows = meeting(together, away=(30, 30))
    whole = encounters(rows)[1]
    parts = encounters(rows, cuts=[T0_US + c * MIN_US for c in cuts])[1]
    assert in_one_order(EVENTS, whole) == in_one_order(EVENTS, parts)


def test_boats_at_their_berths_do_not_meet():
    times = T0_US + np.arange(0, 6 * 60, 5) * MIN_US
    rows = [voyage(1 + k, times, 10.0 + k * 0.0005, 20.0, speed_kn=0.0) for k in range(4)]
    assert encounters(pa.concat_tables(rows))[0] == []
    assert len(encounters(pa.concat_tables(rows[:2]))[0]) == 1
