"""One hull, one track: small seas whose answer a mariner can see."""

import numpy as np
import pyarrow as pa

from fairlead.schema.ids import row_ids
from fairlead.schema.span import Span
from fairlead.schema.step import Batch, in_order
from fairlead.schema.tables import OBSERVATIONS, SET_ASIDE, TRACK_POINTS
from fairlead.tracks.hulls import Hulls

FOREVER = Span(-(1 << 60), 1 << 60)
MINUTE_US = 60_000_000


def observed(mmsi, time_us, lat_deg, lon_deg, speed_kn=None, course_deg=None):
    """OBSERVATIONS in order, ids from MMSI, time and position in the arrays."""
    n = len(mmsi)
    columns = {
        "observation_id": row_ids(np.asarray(mmsi, np.int64), np.asarray(time_us), np.arange(n)),
        "mmsi": np.asarray(mmsi, np.int32),
        "time_us": np.asarray(time_us, np.int64),
        "time_basis": np.zeros(n, np.int8),
        "station_class": np.zeros(n, np.int8),
        "n_heard": np.ones(n, np.int16),
        "flags": np.zeros(n, np.int16),
        "lat_deg": np.asarray(lat_deg, float),
        "lon_deg": np.asarray(lon_deg, float),
        "raw_offset": np.zeros(n, np.int64),
        "line": np.arange(n),
        "source": pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array(["x"])),
    }
    if speed_kn is not None:
        columns["speed_kn"] = pa.array(speed_kn, pa.float32(), from_pandas=True)
        columns["course_deg"] = pa.array(course_deg, pa.float32(), from_pandas=True)
    return in_order(OBSERVATIONS, "mmsi", OBSERVATIONS.rows(columns, n))


def run(rows, step=None, span=FOREVER):
    step = step or Hulls()
    _, batch = step.step(step.carries.empty(), Batch({OBSERVATIONS: rows}), span)
    return batch[TRACK_POINTS], batch[SET_ASIDE]


def test_nothing_in_nothing_out():
    points, aside = run(OBSERVATIONS.empty())
    assert points.schema.equals(TRACK_POINTS.columns)
    assert aside.schema.equals(SET_ASIDE.columns)
    assert points.num_rows == aside.num_rows == 0


def test_a_lone_observation_is_a_track():
    points, aside = run(observed([1], [0], [10.0], [20.0]))
    assert (points.num_rows, aside.num_rows) == (1, 0)


def test_one_bad_fix_does_not_cut_a_track():
    minute = np.arange(30)
    lat = 50.0 + minute * 0.003
    lat[12] = 20.0
    points, aside = run(observed(np.full(30, 7), minute * MINUTE_US + 5_000_000, lat, lat * 0))
    assert len(set(points["track_id"].to_pylist())) == 1
    assert aside["lat_deg"].to_pylist() == [20.0]
    assert aside["near_track_id"][0] == points["track_id"][0]


def with_types(rows, msg_type):
    """The same observations with a message type each, by line of the input."""
    kinds = np.asarray(msg_type, np.int8)[rows["line"].to_numpy()]
    return rows.set_column(
        rows.schema.get_field_index("msg_type"), rows.schema.field("msg_type"), pa.array(kinds)
    )


def test_long_range_positions_of_a_moored_ferry_are_its_own():
    n = 120
    time_us = np.arange(n) * 3 * MINUTE_US + 5_000_000
    is_coarse = np.arange(n) % 6 == 5
    lat = np.where(is_coarse, np.round(60.12385 * 600) / 600, 60.12385)
    lon = np.where(is_coarse, np.round(24.95217 * 600) / 600, 24.95217)
    zeros = np.zeros(n)
    rows = observed(np.full(n, 8), time_us, lat, lon, zeros, zeros)
    points, aside = run(with_types(rows, np.where(is_coarse, 27, 1)))
    assert (points.num_rows, aside.num_rows) == (n, 0)
    assert len(set(points["track_id"].to_pylist())) == 1


def test_two_receivers_with_different_clocks_hear_one_ship():
    n = 80
    true_s = np.arange(n) * 30.0
    lon = true_s * 20 * 0.5144 / (111_195.0 * np.cos(np.radians(55.0)))
    stamped_s = true_s + np.where(np.arange(n) % 2, 12.0, 0.0)
    rows = observed(np.full(n, 3), (stamped_s * 1e6).astype(np.int64) + 7, 55.0 + 0 * lon, lon)
    points, aside = run(rows)
    assert (points.num_rows, aside.num_rows) == (n, 0)
    assert len(set(points["track_id"].to_pylist())) == 1


def test_a_short_burst_elsewhere_is_set_aside_and_the_hull_goes_on():
    n = 120
    time_us = np.arange(n) * 10_000_000 + 3
    lat = 50.0 + np.arange(n) * 0.0004
    lon = np.zeros(n)
    spoofed = slice(60, 66)
    lat[spoofed] += 1.5
    points, aside = run(observed(np.full(n, 4), time_us, lat, lon))
    assert len(set(points["track_id"].to_pylist())) == 1
    assert set(aside["reason"].to_pylist()) == {2}
    assert aside["time_us"].to_pylist() == time_us[spoofed].tolist()
