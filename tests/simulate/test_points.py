"""Points with true hulls are what the sentences of the same sea say."""

import numpy as np
import pyarrow.compute as pc
import pytest

from fairlead.schema.tables import TRACK_POINTS
from fairlead.simulate import DEFAULT_HOURS, lines_truth, sea_points


@pytest.fixture(scope="module")
def points():
    return sea_points("strait", 4, DEFAULT_HOURS, report_every_s=120)


def test_points_are_the_transmissions_that_were_heard(points, sea):
    truth = lines_truth(sea.out_dir)
    moving = truth.filter(pc.invert(pc.is_in(truth["msg_type"], pc.cast([5, 24], "int8"))))
    heard = moving.group_by("transmission").aggregate([("hull_id", "min")])
    assert points.num_rows == heard.num_rows
    ours = np.bincount(points["track_id"].to_numpy())
    assert ours.tolist() == np.bincount(heard["hull_id_min"].to_numpy()).tolist()


def test_points_are_sorted_with_ids_of_their_own(points):
    assert points.schema.equals(TRACK_POINTS.columns)
    track, time_us = points["track_id"].to_numpy(), points["time_us"].to_numpy()
    same = track[1:] == track[:-1]
    assert np.all(track[1:] >= track[:-1]) and np.all(np.diff(time_us)[same] >= 0)
    assert len(np.unique(points["observation_id"].to_numpy())) == points.num_rows


def test_two_hulls_share_an_mmsi_and_stay_apart(points):
    pairs = points.group_by(["mmsi", "track_id"]).aggregate([])
    per_mmsi = pairs.group_by("mmsi").aggregate([("track_id", "count")])
    assert sorted(per_mmsi["track_id_count"].to_pylist())[-2:] == [1, 2]
