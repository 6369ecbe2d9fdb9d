"""Observing: validity, copies, clocks; and the laws of steps."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.observations import copies
from fairlead.observations.clock import reconcile
from fairlead.observations.observe import ObservePositions, ObserveStatics
from fairlead.schema.ids import row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, Step
from fairlead.schema.table import code
from fairlead.schema.tables import (
    OBSERVATION_FLAGS,
    OBSERVATIONS,
    POSITION_MESSAGES,
    REJECTS,
    STATIC_MESSAGES,
)
from tests.observations.messages import S_US, T0_S, position, run, static, table_of

BOTH = [(ObservePositions(), position), (ObserveStatics(), static)]


def observe(*rows: dict) -> list[dict]:
    return run(ObservePositions(), table_of(POSITION_MESSAGES, list(rows)))["observations"]


def refuse(*rows: dict) -> list[str]:
    rejects = run(ObservePositions(), table_of(POSITION_MESSAGES, list(rows)))["rejects"]
    return [r["reason"] for r in rejects]


@pytest.mark.parametrize(("step", "message"), BOTH)
def test_a_transmission_heard_by_three_is_one_row_that_names_them(step: Step, message) -> None:
    rows = [
        message(0.3, payload="p", station="west", offset=1),
        message(0.1, payload="p", station="north", offset=2),
        message(14.0, payload="p", station="east", offset=3),
        message(60.1, payload="p", station="north", offset=4),
    ]
    first, second = sorted(
        run(step, table_of(step.reads[0], rows))[step.writes[0].name], key=lambda r: r["time_us"]
    )
    assert (first["stations"], first["n_heard"]) == ("east,north,west", 3)
    assert first["time_us"] == round((T0_S + 0.1) * S_US)
    assert first["raw_offset"] == 2
    assert (second["stations"], second["n_heard"]) == ("north", 1)


def test_the_window_starts_at_the_first_copy_and_is_not_drawn_out() -> None:
    found = observe(*(position(at, payload="p", offset=at) for at in (0, 10, 15, 16, 30)))
    told = sorted((r["time_us"] // S_US - T0_S, r["n_heard"]) for r in found)
    assert told == [(0, 3), (16, 2)]


def test_a_record_given_twice_counts_once() -> None:
    row = position(5, station="west", offset=7)
    (found,) = observe(row, row, row | {"source": "again.nmea"})
    assert (found["n_heard"], found["source"], found["raw_offset"]) == (1, "a.nmea", 7)


def test_other_ships_may_say_the_same() -> None:
    assert len(observe(position(0, payload="p"), position(0, 219000002, payload="p"))) == 2


def test_the_id_is_made_of_content() -> None:
    (found,) = observe(row := position(1.5))
    parts = (row["mmsi"], row["time_us"], row["payload_hash"])
    assert found["observation_id"] == row_ids(*(np.array([p]) for p in parts))[0]


@pytest.mark.parametrize(
    ("mmsi", "stands"),
    [
        (0, False),
        (1, False),
        (123456789, False),
        (1193046, False),
        (1_073_741_823, False),
        (42, True),
        (999191234, True),
        (211000001, True),
        (2110001, True),
    ],
)
def test_positions_and_ship_data_stand_or_fall_by_the_same_numbers(mmsi: int, stands: bool) -> None:
    """A number that is nobody's is refused. One of no known form is kept, as class `invalid`: ships
    do send such, and archives without names number their ships so."""
    found = []
    for step, message in BOTH:
        out = run(step, table_of(step.reads[0], [message(0, mmsi)]))
        found.append(len(out[step.writes[0].name]))
        reasons = [r["reason"].removesuffix("_in_static") for r in out["rejects"]]
        assert reasons == ([] if stands else ["invalid_mmsi"])
    assert found == [stands, stands]


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"mmsi": 0}, "invalid_mmsi"),
        ({"mmsi": 123456789}, "invalid_mmsi"),
        ({"at_s": -(T0_S - 1000)}, "time_before_1990"),
        ({"received_us": (T0_S - 2 * 86_400) * S_US}, "time_after_receipt"),
        ({"lat_deg": None}, "no_position"),
        ({"lat_deg": 91.0, "lon_deg": 181.0}, "no_position"),
        ({"lat_deg": 0.0, "lon_deg": 0.0}, "zero_position"),
        ({"lat_deg": -90.5}, "latitude_out_of_range"),
        ({"lon_deg": 200.0}, "longitude_out_of_range"),
    ],
)
def test_what_is_refused_says_why(values: dict, reason: str) -> None:
    row = position(**({"at_s": 0} | values))
    step = ObservePositions()
    rows = table_of(POSITION_MESSAGES, [row, row])
    span = Span(-(10**18), 10**18)
    carried, out = step.step(step.carries.empty(), Batch({POSITION_MESSAGES: rows}), span)
    assert carried.num_rows == out[OBSERVATIONS].num_rows == 0
    assert out[REJECTS]["reason"].to_pylist() == [reason]


@pytest.mark.parametrize(
    ("name", "value", "kept", "reason"),
    [
        ("speed_kn", 20.0, 20.0, None),
        ("speed_kn", 102.3, None, None),
        ("speed_kn", -1.0, None, "impossible_speed_kn"),
        ("speed_kn", 150.0, None, "impossible_speed_kn"),
        ("course_deg", 360.0, None, None),
        ("course_deg", 400.0, None, "impossible_course_deg"),
        ("heading_deg", 511.0, None, None),
        ("heading_deg", 365.0, None, "impossible_heading_deg"),
        ("nav_status", 17, None, "impossible_nav_status"),
    ],
)
def test_an_impossible_value_is_dropped_and_its_row_kept(
    name: str, value: float, kept: float | None, reason: str | None
) -> None:
    (found,) = observe(row := position(0, **{name: value}))
    assert found[name] == kept
    assert refuse(row) == ([reason] if reason else [])


def test_an_aircraft_may_be_fast() -> None:
    (found,) = observe(position(0, 111219501, msg_type=9, speed_kn=350.0))
    assert found["speed_kn"] == 350.0


def test_impossible_dimensions_are_dropped_together() -> None:
    size = {"to_bow_m": 400, "to_stern_m": 300, "to_port_m": 10, "to_starboard_m": 10}
    found = run(ObserveStatics(), table_of(STATIC_MESSAGES, [static(0, name="A", **size)]))
    assert [r["reason"] for r in found["rejects"]] == ["impossible_dimensions"]
    (row,) = found["statics"]
    assert row["name"] == "A"
    assert {row[n] for n in size} == {None}


def test_the_imo_number_is_checked_and_kept() -> None:
    rows = [static(at, imo=imo) for at, imo in enumerate((9074729, 9074728, 0, None))]
    found = run(ObserveStatics(), table_of(STATIC_MESSAGES, rows))["statics"]
    found.sort(key=lambda r: r["time_us"])
    assert [r["imo_valid"] for r in found] == [True, False, None, None]
    assert [r["imo"] for r in found] == [9074729, 9074728, None, None]


@pytest.mark.parametrize(
    ("stamp_s", "basis", "time_s", "is_fault"),
    [
        (10.4, "tag", 10.0, False),
        (9.5, "tag", 10.0, False),
        (22.0, "epoch", 10.0, False),
        (35.0, "tag", 35.0, True),
        (64.0, "tag", 64.0, False),
        (35.0, "column", 35.0, False),
    ],
)
def test_the_utc_second_corrects_the_stamp(
    stamp_s: float, basis: str, time_s: float, is_fault: bool
) -> None:
    second = 10 if stamp_s < 60 else 8
    expected_s = time_s if stamp_s < 60 else 64.0
    rows = reconcile(table_of(POSITION_MESSAGES, [position(stamp_s, basis=basis, second=second)]))
    (found,) = run(ObservePositions(), rows)["observations"]
    fault = 1 << code(OBSERVATION_FLAGS, "clock_fault")
    assert found["time_us"] == round((T0_S + expected_s) * S_US)
    assert found["received_us"] == round((T0_S + stamp_s) * S_US)
    assert bool(found["flags"] & fault) == is_fault


@pytest.mark.parametrize(("is_live", "moved_s"), [(True, 10.4), (False, 0.0)])
def test_the_time_of_reading_counts_on_a_live_feed_only(is_live: bool, moved_s: float) -> None:
    rows = table_of(POSITION_MESSAGES, [position(70.4, basis="received", second=0)])
    (time_us,) = reconcile(rows, is_live=is_live)["time_us"].to_pylist()
    assert round((T0_S + 70.4) * S_US) - time_us == moved_s * S_US


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(-1, 61)), min_size=1, max_size=20))
def test_each_row_is_reconciled_by_itself_and_once(made: list) -> None:
    rows = pa.concat_tables(
        table_of(POSITION_MESSAGES, [position(t / 1e3, second=None if s < 0 else s)])
        for t, s in made
    )
    whole = reconcile(rows)["time_us"].to_pylist()
    single = [reconcile(rows.slice(i, 1))["time_us"][0].as_py() for i in range(len(made))]
    assert whole == single
    assert reconcile(reconcile(rows))["time_us"].to_pylist() == whole
    moved = np.array(whole) - rows["time_us"].to_numpy()
    assert (moved >= -20 * S_US).all()
    assert (moved <= 2 * S_US).all()


def test_times_and_places_not_to_be_trusted_are_flagged() -> None:
    (found,) = observe(position(0, basis="assumed", accuracy=False))
    names = ("time_inferred", "position_low_accuracy")
    assert found["flags"] == sum(1 << code(OBSERVATION_FLAGS, n) for n in names)


@pytest.mark.parametrize("step", [ObservePositions(), ObserveStatics()])
def test_nothing_in_nothing_out(step: Step) -> None:
    carried, out = step.step(step.carries.empty(), Batch(), Span(0, 10))
    assert carried.schema.equals(step.carries.columns)
    assert [out[t].num_rows for t in step.writes] == [0, 0]


def test_what_comes_out_lies_in_the_span_moved_back_by_the_delay() -> None:
    step = ObservePositions()
    rows = table_of(POSITION_MESSAGES, [position(at) for at in range(100)])
    span = Span(T0_S * S_US, (T0_S + 100) * S_US)
    carried, out = step.step(step.carries.empty(), Batch({POSITION_MESSAGES: rows}), span)
    times = out[OBSERVATIONS]["time_us"].to_numpy()
    assert times.max() < span.until_us - step.delay_us
    assert len(times) + carried.num_rows == 100
    assert carried.num_rows == 15


ROWS = st.lists(
    st.tuples(
        st.integers(0, 120),
        st.sampled_from([219000001, 219000002, 0]),
        st.integers(0, 3),
        st.sampled_from([None, "west", "north", "e,ast"]),
        st.sampled_from(["a.nmea", "b.nmea"]),
    ),
    max_size=25,
)
CUTS = st.lists(st.integers(-5, 150), max_size=5).map(tuple)


def place(*parts: int) -> int:
    """An offset that tells records apart, as places in a source do."""
    return sum(part * 1000**i for i, part in enumerate(reversed(parts)))


@pytest.mark.parametrize(("step", "message"), BOTH)
@settings(max_examples=60, deadline=None)
@given(made=ROWS, cuts_s=CUTS, groups=st.integers(1, 3), seed=st.randoms())
def test_cuts_keys_and_order_of_ties_change_nothing(
    step: Step, message, made: list, cuts_s: tuple, groups: int, seed
) -> None:
    rows = [
        message(
            at,
            mmsi,
            payload=p,
            station=s,
            source=source,
            offset=place(at, mmsi % 4, p, len(s or "")),
        )
        for at, mmsi, p, s, source in made
    ]
    whole = run(step, table_of(step.reads[0], rows))
    seed.shuffle(rows)
    assert run(step, table_of(step.reads[0], rows), cuts_s, groups) == whole
    kept, records = whole[step.writes[0].name], {(r["source"], r["raw_offset"]) for r in rows}
    assert len({r["observation_id"] for r in kept}) == len(kept)
    assert all(1 <= r["n_heard"] <= len(rows) for r in kept)
    assert {(r["source"], r["raw_offset"]) for r in kept} <= records


@settings(max_examples=100, deadline=None)
@given(
    made=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 60), st.integers(0, 4)), max_size=60)
)
def test_crowded_keys_are_grouped_as_others_are(made: list) -> None:
    made.sort()
    mmsi, time_us, payload = (np.array([m[i] for m in made], np.int64) for i in range(3))
    order = np.lexsort((time_us, payload, mmsi))
    slow = copies._anchor_in_order(mmsi, time_us, payload, order, 15)
    fast, told = copies._anchor(mmsi, time_us, payload, 15, 64)
    assert told
    assert fast.tolist() == slow.tolist()


def test_a_flood_of_one_number_at_one_instant_is_told_apart() -> None:
    rows = table_of(POSITION_MESSAGES, [position(0, payload=i % 200, offset=i) for i in range(900)])
    found = run(ObservePositions(), rows)["observations"]
    assert len(found) == 200
    assert {r["n_heard"] for r in found} == {4, 5}


def test_dictionaries_may_differ_from_chunk_to_chunk() -> None:
    parts = [
        table_of(POSITION_MESSAGES, [position(0, payload="p", station="b")]),
        table_of(POSITION_MESSAGES, [position(1, payload="p", station="a")]),
    ]
    (found,) = run(ObservePositions(), pa.concat_tables(parts))["observations"]
    assert found["stations"] == "a,b"
