"""What each vessel of an event is told of the other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.leads.partners import Partners
from fairlead.schema.tables import IDENTITIES, LINKS, PARTNERS, VESSEL_EVENTS
from tests.leads.drive import drive, settled
from tests.leads.rows import DAY, T0, event, identity, link, tables

A, B = 211000001, 211000002
MEETING = [
    event("e1", "encounter", 5, mmsi=A, partner_mmsi=B),
    event("e1", "encounter", 5, mmsi=B, partner_mmsi=A),
]


def told(cuts_us=(), events=MEETING, links=(), identities=()):
    sea = {t: r for t, r in tables(events, links, identities).items() if t is not PARTNERS}
    return settled(PARTNERS, drive(Partners(), sea, cuts_us)[1][PARTNERS])


def test_a_ship_is_told_that_it_met_a_pilot_boat():
    rows = told(identities=[identity("ship_type", "50", mmsi=B)])
    assert [(r["mmsi"], r["partner_mmsi"], r["fact"], r["value"]) for r in rows] == [
        (A, B, "ship_type", "50")
    ]
    assert rows[0]["evidence"] == [4]


def test_a_ship_is_told_the_name_of_the_other():
    rows = told(identities=[identity("name", "GREY HERON", mmsi=B)])
    assert [(r["mmsi"], r["fact"], r["value"]) for r in rows] == [(A, "name", "GREY HERON")]


def test_a_ship_is_told_that_the_other_may_be_listed():
    rows = told(links=[link(mmsi=B, probability=0.97)])
    assert [(r["mmsi"], r["fact"], r["probability"]) for r in rows] == [(A, "link", 0.97)]


@pytest.mark.parametrize(("first_h", "n"), [(0, 1), (70, 1), (80, 0)])
def test_what_becomes_known_within_three_days_is_told(first_h, n):
    assert len(told(identities=[identity("ship_type", "50", first_h, B)])) == n


def test_an_event_of_one_vessel_tells_nobody():
    assert told(events=[event("e1")], identities=[identity("ship_type", "50")]) == []


@given(
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from([A, B])), max_size=5),
    st.lists(st.tuples(st.integers(0, 200), st.sampled_from([A, B])), max_size=5),
    st.lists(st.integers(T0, T0 + 9 * DAY), max_size=5),
)
def test_where_time_is_cut_changes_nothing(met, said, cuts_us):
    events = [
        event(f"e{i}", "encounter", h, mmsi=m, partner_mmsi=A + B - m)
        for i, (h, m) in enumerate(met)
    ]
    identities = [identity("ship_type", str(50 + i), h, m) for i, (h, m) in enumerate(said)]
    links = [link(f"link-{m}", 0.9, h, m) for h, m in dict.fromkeys(said)]
    whole = told((), events, links, identities)
    assert told(cuts_us, events, links, identities) == whole


def test_it_reads_what_it_says():
    assert Partners.reads == (VESSEL_EVENTS, IDENTITIES, LINKS)
