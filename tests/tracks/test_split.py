"""The laws of the assignment to hulls, and hulls that come apart near, far, at 180 and the pole."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.geo.sphere import bearing_deg, destination_deg
from fairlead.schema.ids import row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, in_order
from fairlead.schema.tables import OBSERVATIONS, SET_ASIDE, TRACK_POINTS
from fairlead.tracks.hulls import HULL_MEMORY, Hulls
from fairlead.tracks.splitting import track_id_of
from tests.tracks.test_hulls import FOREVER, observed, run

HOUR_US = 3_600_000_000


def sail(rng, n, lat, lon, speed_kn, course_deg, every_s, with_speed):
    """n rows of a hull on a winding course from a place; position noise 4 m."""
    out = np.empty((n, 5))
    time_s = rng.uniform(0, every_s)
    for i in range(n):
        noisy = destination_deg(lat, lon, rng.uniform(0, 360), abs(rng.normal(0, 4)))
        speed = speed_kn if with_speed else np.nan
        out[i] = (time_s, *noisy, speed, course_deg % 360 if with_speed else np.nan)
        lasted = every_s * rng.uniform(0.8, 1.2)
        came_from = (lat, lon)
        lat, lon = destination_deg(lat, lon, course_deg, speed_kn * 0.5144 * lasted)
        time_s += lasted
        if speed_kn > 0.0:
            # straight on: near a pole a course that stays the same number is a circle
            course_deg = bearing_deg(lat, lon, *came_from) + 180.0
        course_deg += rng.normal(0, 5)
    return out


def sea(seed, lat=50.0, lon=0.0, n_keys=4, n=60, with_speed=True):
    """Several MMSIs, some shared by two hulls, with bad fixes and stale copies among them."""
    rng = np.random.default_rng(seed)
    parts = []
    for key in range(n_keys):
        for _ in range(1 + key % 2):
            start = destination_deg(lat, lon, rng.uniform(0, 360), rng.uniform(1e3, 3e5))
            speed = rng.choice([0.0, 8.0, 14.0])
            rows = sail(rng, n, *start, speed, rng.uniform(0, 360), 150.0, with_speed)
            bad = rng.integers(3, n - 3)
            rows[bad, 1:3] = destination_deg(*rows[bad, 1:3], 70.0, 200_000.0)
            rows[bad + 1, 1:] = rows[bad - 2, 1:]
            parts.append(np.column_stack([np.full(n, 200_000_000 + key), rows]))
    all_rows = np.concatenate(parts)
    return observed(
        all_rows[:, 0].astype(int),
        (all_rows[:, 1] * 1e6).astype(np.int64),
        all_rows[:, 2],
        all_rows[:, 3],
        all_rows[:, 4],
        all_rows[:, 5],
    )


def walk(step, rows, spans):
    """The step over consecutive spans as an engine would call it; carried rows bounded."""
    carried, points, aside = step.carries.empty(), [], []
    time_us = rows["time_us"].to_numpy()
    for span in spans:
        inside = (time_us >= span.since_us) & (time_us < span.until_us)
        batch = rows.filter(pa.array(inside))
        keys = set(batch["mmsi"].to_pylist())
        wake = carried["wake_us"].to_numpy(zero_copy_only=False)
        due = carried.filter(pa.array(np.nan_to_num(wake, nan=np.inf) < span.until_us))
        keys |= set(due["mmsi"].to_pylist())
        mine = pa.array([k in keys for k in carried["mmsi"].to_pylist()], pa.bool_())
        kept, out = step.step(carried.filter(mine), Batch({OBSERVATIONS: batch}), span)
        rest = carried.filter(pa.compute.invert(mine))
        carried = in_order(HULL_MEMORY, "mmsi", rest, kept)
        for made, all_made in ((out[TRACK_POINTS], points), (out[SET_ASIDE], aside)):
            due_us = made["time_us"].to_numpy() + step.delay_us
            assert np.all((due_us >= span.since_us) & (due_us < span.until_us))
            all_made.append(made)
    tables = pa.concat_tables(points), pa.concat_tables(aside)
    return [t.sort_by([("mmsi", "ascending"), ("time_us", "ascending"),
                       ("observation_id", "ascending")]) for t in tables]  # fmt: skip


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    cuts=st.lists(st.integers(1, 4 * HOUR_US), max_size=12),
    with_speed=st.booleans(),
)
def test_where_time_is_cut_changes_nothing(seed, cuts, with_speed):
    rows, step = sea(seed, with_speed=with_speed), Hulls()
    whole = Span(-HOUR_US, 6 * HOUR_US)
    once, often = walk(step, rows, [whole]), walk(step, rows, whole.cut(*cuts))
    assert once[0].num_rows + once[1].num_rows == rows.num_rows
    assert once[0].equals(often[0])
    assert once[1].equals(often[1])


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 1 << 30))
def test_splitting_by_key_changes_nothing(seed):
    rows = sea(seed)
    together = run(rows)[0].sort_by("observation_id")
    parts = [run(rows.filter(pa.compute.equal(rows["mmsi"], k)))[0]
             for k in sorted(set(rows["mmsi"].to_pylist()))]  # fmt: skip
    assert together.equals(pa.concat_tables(parts).sort_by("observation_id"))


def partition(points):
    """Which observations share a track, by line of the input."""
    by_track = {}
    for row in points.to_pylist():
        by_track.setdefault(row["track_id"], []).append(row["observation_id"])
    return sorted(sorted(ids) for ids in by_track.values())


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 1 << 30), shift_deg=st.floats(-360, 360))
def test_a_shift_in_longitude_changes_nothing(seed, shift_deg):
    rows = sea(seed)
    lon = (rows["lon_deg"].to_numpy() + shift_deg + 180.0) % 360.0 - 180.0
    moved = rows.set_column(rows.schema.get_field_index("lon_deg"),
                            rows.schema.field("lon_deg"), pa.array(lon))  # fmt: skip
    assert partition(run(rows)[0]) == partition(run(moved)[0])


def two_hulls(seed, lat, lon, apart_m, speed_kn=9.0, with_speed=True, every_s=120.0, n=60):
    rng = np.random.default_rng(seed)
    other = destination_deg(lat, lon, 60.0, apart_m)
    a = sail(rng, n, lat, lon, speed_kn, 80.0, every_s, with_speed)
    b = sail(rng, n, *other, speed_kn, 110.0, every_s, with_speed)
    both = np.concatenate([a, b])
    truth = np.repeat([0, 1], n)
    time_us = (both[:, 0] * 1e6).astype(np.int64)
    rows = observed(np.full(2 * n, 5), time_us, both[:, 1], both[:, 2], both[:, 3], both[:, 4])
    return rows, truth[rows["line"].to_numpy()]


def pairwise_f1(rows, points, truth):
    label = dict(zip(points["observation_id"].to_pylist(), points["track_id"].to_pylist(),
                     strict=True))  # fmt: skip
    ids = rows["observation_id"].to_pylist()
    found = np.array([label.get(k, -i) for i, k in enumerate(ids)])
    same, same_true = found[:, None] == found, truth[:, None] == truth
    np.fill_diagonal(same, False)
    np.fill_diagonal(same_true, False)
    return 2 * np.sum(same & same_true) / (same.sum() + same_true.sum())


@pytest.mark.parametrize(
    ("lat", "lon", "apart_m", "speed_kn", "with_speed"),
    [
        (50.0, 0.0, 1e6, 12.0, True),  # far
        (50.0, 0.0, 1e6, 12.0, False),
        (50.0, 0.0, 3_000.0, 9.0, True),  # near
        (50.0, 0.0, 3_000.0, 9.0, False),
        (50.0, 0.0, 150.0, 0.0, True),  # moored near each other
        (50.0, 0.0, 150.0, 0.0, False),
        (-17.0, 179.98, 3_000.0, 9.0, True),  # across 180 degrees
        (-17.0, 179.98, 3_000.0, 9.0, False),
        (88.0, 10.0, 5_000.0, 9.0, True),  # near the pole
        (-89.7, 10.0, 20_000.0, 9.0, False),
    ],
)
def test_two_hulls_of_one_mmsi_come_apart(lat, lon, apart_m, speed_kn, with_speed):
    rows, truth = two_hulls(3, lat, lon, apart_m, speed_kn, with_speed)
    points, _ = run(rows)
    assert pairwise_f1(rows, points, truth) > 0.97


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1 << 30),
    lat=st.sampled_from([0.0, 60.0, -80.0, 86.0, 89.9]),
    lon=st.sampled_from([0.0, 179.99, -120.0]),
    speed_kn=st.sampled_from([0.0, 6.0, 18.0]),
    every_s=st.sampled_from([10.0, 180.0, 3_600.0, 86_400.0]),
    with_speed=st.booleans(),
)
def test_no_honest_track_is_cut(seed, lat, lon, speed_kn, every_s, with_speed):
    speed_kn = 0.0 if every_s > 10_000 else speed_kn
    rng = np.random.default_rng(seed)
    a = sail(rng, 60, lat, lon, speed_kn, rng.uniform(0, 360), every_s, with_speed)
    time_us = (a[:, 0] * 1e6).astype(np.int64)
    points, _ = run(observed(np.full(60, 5), time_us, a[:, 1], a[:, 2], a[:, 3], a[:, 4]))
    assert points.num_rows == 60
    assert len(set(points["track_id"].to_pylist())) == 1


def test_heard_once_a_day_far_apart_but_feasible_is_one_track():
    day = np.arange(12)
    rows = observed(np.full(12, 9), day * 24 * HOUR_US, 40.0 + 0 * day, -170.0 - day * 5.0 % 360)
    points, aside = run(rows)
    assert (points.num_rows, aside.num_rows) == (12, 0)
    assert len(set(points["track_id"].to_pylist())) == 1


def test_a_message_sent_again_late_is_stale():
    n = 40
    rows = sail(np.random.default_rng(1), n, 50.0, 0.0, 14.0, 90.0, 10.0, True)
    rows[30, 1:] = rows[8, 1:]
    time_us = (rows[:, 0] * 1e6).astype(np.int64)
    points, aside = run(observed(np.full(n, 6), time_us, *rows[:, 1:].T))
    assert aside["reason"].to_pylist() == [1]
    assert len(set(points["track_id"].to_pylist())) == 1


def test_order_of_ties_in_the_input_does_not_matter():
    rows = sea(11)
    again = in_order(
        OBSERVATIONS, "mmsi", rows.take(np.random.default_rng(0).permutation(len(rows)))
    )
    assert run(rows)[0].equals(run(again)[0])


def test_track_ids_come_from_the_mmsi_and_the_first_observation():
    rows = sea(2)
    points, _ = run(rows, span=FOREVER)
    ids = row_ids(rows["mmsi"].to_numpy().astype(np.int64), rows["observation_id"].to_numpy())
    assert set(points["track_id"].to_pylist()) <= set(ids.tolist())
    assert track_id_of(5, 77) == row_ids(np.array([5]), np.array([77]))[0]


def test_a_row_handed_out_in_a_burst_is_not_decided_again():
    """Bursts elsewhere long enough to be a hull: the best hypothesis changes after the hand-out."""
    rng = np.random.default_rng(23)
    for _ in range(4):
        way = sail(rng, 80, 50.0, 0.0, 0.0, 90.0, 120.0, True)
        for column, off_deg in ((1, 1.5), (2, 1.0)):
            k = rng.integers(5, 60)
            way[k : k + rng.integers(6, 11), column] += off_deg
        rows = observed(np.full(80, 102), (way[:, 0] * 1e6).astype(np.int64), *way[:, 1:].T)
        whole = Span(-HOUR_US, 6 * HOUR_US)
        once = walk(Hulls(), rows, [whole])
        often = walk(Hulls(), rows, whole.cut(*range(0, 3 * HOUR_US, HOUR_US // 12)))
        assert once[0].equals(often[0])
        assert once[1].equals(often[1])
