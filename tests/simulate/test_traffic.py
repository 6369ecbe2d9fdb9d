"""Ocean traffic: counts, order, truth and sameness."""

import json

import numpy as np
import pytest
from pyais import decode

from fairlead.geo.sphere import distances_m, implied_speed_kn
from fairlead.schema.errors import ConfigError
from fairlead.schema.tables import TRACK_POINTS
from fairlead.simulate import traffic, traffic_points


@pytest.fixture(scope="module")
def ocean(tmp_path_factory):
    return traffic(200, 20_000, 24, 1, tmp_path_factory.mktemp("ocean"))


@pytest.fixture(scope="module")
def points():
    return traffic_points(200, 20_000, 24, 1)


def test_the_same_seed_gives_the_same_bytes(tmp_path, ocean):
    again = traffic(200, 20_000, 24, 1, tmp_path)
    assert again.nmea.read_bytes() == ocean.nmea.read_bytes()
    assert again.truth_events.read_bytes() == ocean.truth_events.read_bytes()


def test_as_many_positions_as_asked_for_but_for_the_silent(ocean):
    assert 0.97 * 20_000 < ocean.n_positions <= 20_000


def test_lines_are_in_order_and_decode(ocean):
    lines = ocean.nmea.read_bytes().splitlines()
    assert len(lines) == ocean.n_lines
    stamps = [int(line.split(b"c:")[1].split(b"*")[0]) for line in lines]
    assert stamps == sorted(stamps)
    positions = 0
    for line in lines:
        sentence = line[line.rindex(b"\\") + 1 :]
        if sentence.startswith(b"!AIVDM,1,"):
            positions += decode(sentence).msg_type in (1, 18)
    assert positions == ocean.n_positions


def test_points_are_the_same_traffic(ocean, points):
    rows, truth = points
    assert rows.schema.equals(TRACK_POINTS.columns)
    assert rows.num_rows == ocean.n_positions
    assert truth.num_rows == len(ocean.truth_events.read_text().splitlines())


def test_points_are_sorted_and_unique(points):
    rows, _ = points
    track, time_us = rows["track_id"].to_numpy(), rows["time_us"].to_numpy()
    same = track[1:] == track[:-1]
    assert np.all(track[1:] >= track[:-1]) and np.all(np.diff(time_us)[same] > 0)
    assert len(np.unique(rows["observation_id"].to_numpy())) == rows.num_rows


def of(rows, mmsi: int, start_us: int, end_us: int):
    time_us = rows["time_us"].to_numpy()
    keep = (rows["mmsi"].to_numpy() == mmsi) & (time_us >= start_us) & (time_us <= end_us)
    return rows["lat_deg"].to_numpy()[keep], rows["lon_deg"].to_numpy()[keep], time_us[keep]


def test_planted_pairs_are_close_and_slow(points):
    rows, truth = points
    meetings = [t for t in truth.to_pylist() if t["kind"] == "encounter"]
    assert meetings
    for meeting in meetings:
        span = meeting["start_us"], meeting["end_us"]
        one, other = of(rows, meeting["mmsi"], *span), of(rows, meeting["other_mmsi"], *span)
        n = min(len(one[0]), len(other[0]))
        assert distances_m(one[0][:n], one[1][:n], other[0][:n], other[1][:n]).max() < 900
        assert implied_speed_kn(
            one[0][0], one[1][0], one[2][0], one[0][-1], one[1][-1], one[2][-1]
        ) < 2.0  # fmt: skip


def test_planted_gaps_are_silent(points):
    rows, truth = points
    gaps = [t for t in truth.to_pylist() if t["kind"] == "gap"]
    assert gaps
    for gap in gaps:
        assert len(of(rows, gap["mmsi"], gap["start_us"], gap["end_us"] - 1)[0]) == 0


def test_honest_vessels_keep_to_their_speeds(points):
    rows, truth = points
    jumpers = {t["mmsi"] for t in truth.to_pylist() if t["kind"] == "position_jump"}
    track, time_us = rows["track_id"].to_numpy(), rows["time_us"].to_numpy()
    lat, lon = rows["lat_deg"].to_numpy(), rows["lon_deg"].to_numpy()
    same = (track[1:] == track[:-1]) & ~np.isin(track[1:], list(jumpers))
    metres = distances_m(lat[:-1], lon[:-1], lat[1:], lon[1:])[same]
    assert (metres / (np.diff(time_us)[same] / 1e6) / 0.5144).max() < 20.0


def test_truth_is_json_lines(ocean):
    kinds = {json.loads(line)["kind"] for line in ocean.truth_events.read_text().splitlines()}
    assert kinds == {"encounter", "loitering", "gap", "position_jump"}


def test_too_few_positions_are_told(tmp_path):
    with pytest.raises(ConfigError, match="10 vessels, 5 positions"):
        traffic(10, 5, 24, 1, tmp_path)
