"""The identity timeline: values with first and last seen, and which of them disagree."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.schema.span import Span
from fairlead.schema.step import Batch, in_order
from fairlead.schema.tables import IDENTITIES, STATICS
from fairlead.tracks.identities import SAID, IdentityTimeline

H_US = 3_600_000_000
T0_US = 1_600_000_000_000_000


def static(at_h: float, mmsi: int = 219000001, **values) -> dict:
    time_us = round(T0_US + at_h * H_US)
    return {
        "observation_id": values.pop("id", round(at_h * 1000) * 10 + mmsi % 10),
        "mmsi": mmsi,
        "time_us": time_us,
        "time_basis": 1,
        "station_class": 0,
        "n_heard": 1,
        "flags": 0,
        "source": "a.nmea",
        "raw_offset": round(at_h * 1000),
        "line": 1,
    } | values


def timeline(
    rows: list[dict],
    cuts_h: tuple[float, ...] = (),
    groups: int = 1,
    step: IdentityTimeline | None = None,
) -> list[dict]:
    """The table after upserts, sorted by id, when time is cut there and keys dealt to groups."""
    step = step or IdentityTimeline()
    table: dict[str, dict] = {}
    everything = in_order(STATICS, "mmsi", pa.Table.from_pylist(rows, schema=STATICS.columns))
    whole = Span(T0_US - 10 * H_US, T0_US + 1000 * H_US)
    for group in range(groups):
        carried = SAID.empty()
        for span in whole.cut(*(round(T0_US + c * H_US) for c in cuts_h)):
            times, mmsi = everything["time_us"].to_numpy(), everything["mmsi"].to_numpy()
            inside = (times >= span.since_us) & (times < span.until_us) & (mmsi % groups == group)
            batch = everything.filter(pa.array(inside))
            due = pa.array(np.isin(carried["mmsi"].to_numpy(), mmsi[inside]))
            rest = carried.filter(pa.compute.invert(due))
            carried, out = step.step(carried.filter(due), Batch({STATICS: batch}), span)
            assert all(n <= step.values_max for n in _per_field(carried))
            carried = pa.concat_tables([rest, carried]).sort_by("mmsi")
            table |= {row["identity_id"]: row for row in out[IDENTITIES].to_pylist()}
    return [table[i] for i in sorted(table)]


def _per_field(carried: pa.Table) -> list[int]:
    grouped = carried.group_by(["mmsi", "field"]).aggregate([("value", "count")])
    return grouped["value_count"].to_pylist()


def values(rows: list[dict], field: str, **options) -> dict[str, dict]:
    return {r["value"]: r for r in timeline(rows, **options) if r["field"] == field}


def test_each_value_has_first_and_last_seen_and_its_source() -> None:
    rows = [
        static(0, name="OLD NAME", source="a"),
        static(1, name="OLD NAME", source="b"),
        static(2, name="NEW NAME", source="b"),
    ]
    found = values(rows, "name")
    old, new = found["OLD NAME"], found["NEW NAME"]
    assert (old["first_seen_us"], old["last_seen_us"]) == (T0_US, T0_US + H_US)
    assert (old["n_seen"], old["source"]) == (2, "a")
    assert old["first_observation_id"] == rows[0]["observation_id"]
    assert old["last_observation_id"] == rows[1]["observation_id"]
    assert (new["n_seen"], new["source"], new["disagrees"]) == (1, "b", False)


def test_every_field_is_followed() -> None:
    size = {"to_bow_m": 100, "to_stern_m": 20, "to_port_m": 8, "to_starboard_m": 8}
    said = {"name": "A", "callsign": "OX1", "imo": 9074729, "flag": "DK", "ship_type": 70}
    found = timeline([static(0, destination="AARHUS", **said, **size)])
    assert {r["field"]: r["value"] for r in found} == {
        "name": "A",
        "callsign": "OX1",
        "imo": "9074729",
        "flag": "DK",
        "ship_type": "70",
        "dimensions": "120x16",
        "destination": "AARHUS",
    }


def test_nothing_said_is_no_value() -> None:
    silent = {"name": " @@", "callsign": "", "imo": 0, "ship_type": 0, "to_bow_m": 0}
    assert timeline([static(0, **silent), static(1)]) == []


@pytest.mark.parametrize(
    ("as_sent", "value"),
    [
        ("Ever Given@@@@", "EVER GIVEN"),
        ("  EVER GIVEN ", "EVER GIVEN"),
        ("A  B", "A  B"),
        ("<SCRIPT>;DROP", "<SCRIPT>;DROP"),
        ("A@B", "A@B"),
    ],
)
def test_padding_goes_and_hostile_text_stays(as_sent: str, value: str) -> None:
    assert list(values([static(0, name=as_sent)], "name")) == [value]


@pytest.mark.parametrize(
    ("story", "disagree"),
    [
        ("0A 1A 2B 3B", ""),
        ("0A 1A 2B 3A", ""),
        ("0A 1B 2A 3B", "AB"),
        ("0A 1A 2B 3B 4A", "AB"),
        ("0A 1B 2B 9A", ""),
        ("0A 9B 18A 27B", ""),
        ("0A 1B 2A 3C 4A 5B", "AB"),
    ],
)
def test_values_said_by_turns_within_hours_disagree(story: str, disagree: str) -> None:
    rows = [static(float(word[:-1]), name=word[-1]) for word in story.split()]
    found = values(rows, "name")
    assert {v for v, r in found.items() if r["disagrees"]} == set(disagree)


def test_the_rarest_value_is_let_go_and_its_row_stays() -> None:
    names = ["GOOD", "GOOD", "N1", "N2", "N3", "GOOD", "N1"]
    rows = [static(at, name=name) for at, name in enumerate(names)]
    found = [r for r in timeline(rows, step=IdentityTimeline(values_max=2)) if r["field"] == "name"]
    seen = sorted((r["value"], r["n_seen"]) for r in found)
    assert seen == [("GOOD", 3), ("N1", 1), ("N1", 1), ("N2", 1), ("N3", 1)]


def test_nothing_in_nothing_out() -> None:
    step = IdentityTimeline()
    carried, out = step.step(SAID.empty(), Batch(), Span(0, 1))
    assert carried.schema.equals(SAID.columns)
    assert out[IDENTITIES].schema.equals(IDENTITIES.columns)


@settings(max_examples=80, deadline=None)
@given(
    made=st.lists(
        st.tuples(
            st.integers(0, 40),
            st.sampled_from([219000001, 219000002, 219000003]),
            st.sampled_from([None, "A", "B", "C", "D", "a@"]),
            st.sampled_from([None, 9074729, 5]),
            st.integers(0, 3),
        ),
        max_size=40,
    ),
    cuts_h=st.lists(st.integers(0, 41), max_size=5).map(tuple),
    groups=st.integers(1, 3),
    values_max=st.integers(1, 4),
    seed=st.randoms(),
)
def test_cuts_keys_and_order_of_arrival_change_nothing(
    made: list, cuts_h: tuple, groups: int, values_max: int, seed
) -> None:
    step = IdentityTimeline(values_max=values_max)
    rows = {
        (at, mmsi, tie): static(
            at / 2, mmsi, name=name, imo=imo, id=(at * 10 + mmsi % 10) * 10 + tie
        )
        for at, mmsi, name, imo, tie in made
    }
    rows = list(rows.values())
    whole = timeline(rows, step=step)
    seed.shuffle(rows)
    halves = tuple(cut / 2 for cut in cuts_h)
    assert timeline(rows, halves, groups, step) == whole
    ids = {row["observation_id"] for row in rows}
    assert all({r["first_observation_id"], r["last_observation_id"]} <= ids for r in whole)
    names = [r for r in rows if r["name"]]
    assert sum(r["n_seen"] for r in whole if r["field"] == "name") == len(names)
