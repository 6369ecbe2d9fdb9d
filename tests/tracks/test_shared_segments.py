"""Where the splitter and another segmenter differ on the same shared MMSIs, and by what number.

The other tool (gpsdio-segment, Apache-2.0) is not the truth: it breaks every silence of a day, and
a clock fault makes a second ship of one. Its answers for the pairs are those of its own tests; the
reasons are computed here from the rows, so that none is taken on trust.
"""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

from fairlead.geo.sphere import M_S_PER_KN, distance_m, distances_m
from tests.data import ROOT, shared_data

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
bench = importlib.import_module("bench_splitting")

DAY_S, TOP_KN = 86_400.0, 60.0
AGREE, SILENCE, CLOCK, OURS = "agree", "silence", "clock", "ours is wrong"

PAIRS = [
    # case, rows in order of time (first, second), one hull in the other's answer, why we differ
    ("224051350", "2015-01-01T01:53:24", "2015-01-31T23:31:54", True, AGREE),
    ("431704490", "2015-01-02T16:38:31", "2015-01-04T07:45:00", True, AGREE),
    ("431704490", "2015-01-02T16:38:31", "2015-01-02T16:41:18", False, AGREE),
    ("431704490", "2015-01-12T12:14:20", "2015-01-12T12:16:54", False, AGREE),
    ("240000000", "2015-01-03T04:52:25", "2015-01-03T05:04:50", False, AGREE),
    ("224108190", "2014-08-24T21:24:01", "2014-08-24T21:37:48", False, AGREE),
    ("205316000", "2014-08-06T12:59:09", "2014-08-07T03:09:27", True, AGREE),
    ("227317360", "2014-08-06T01:21:47", "2014-08-07T01:38:35", False, SILENCE),
    ("227317360", "2014-08-07T01:38:35", "2014-08-19T00:37:46", False, SILENCE),
    ("230942350", "2014-08-22T05:35:51", "2014-08-24T21:46:28", False, SILENCE),
    ("204814000", "2014-08-02T00:20:10", "2014-08-02T00:20:15", False, CLOCK),
    ("538004505", "2014-08-29T19:08:16", "2014-08-29T19:09:06", False, CLOCK),
    ("600011817", "2014-08-19T02:14:59", "2014-08-19T02:26:59", False, OURS),
]

TRACKS = {
    # case: hulls with 20 rows or more; 538004505 is cut once in Banjul, which is ours
    "263576000.json": 1,
    "204814000.msg.gz": 1,
    "205316000.msg.gz": 1,
    "224051350.msg.gz": 1,
    "224108190.msg.gz": 1,
    "227317360.msg.gz": 1,
    "230942350.msg.gz": 1,
    "240000000.msg.gz": 2,
    "538004505.msg.gz": 2,
    "600011817.msg.gz": 1,
    "338013000.json": 2,
}
_answers: dict[str, tuple] = {}


def answer(name):
    """Rows, the other's labels and ours: split once for all tests."""
    shared_data(f"identity/shared_mmsi_segments/{'point-pair/' * name.endswith('.gz')}{name}")
    assert ROOT.exists()
    if name not in _answers:
        rows, theirs = bench.given(name)
        _answers[name] = (rows, theirs, bench.split(rows)[0])
    return _answers[name]


def needed_kn(rows, i, j):
    away_m = distance_m(*(rows[c][k] for k in (i, j) for c in ("lat_deg", "lon_deg")))
    lasted_s = max((rows["time_us"][j] - rows["time_us"][i]) / 1e6, 1.0)
    return away_m / lasted_s / M_S_PER_KN, away_m, lasted_s


@pytest.mark.parametrize(("case", "first", "second", "is_one", "why"), PAIRS)
def test_a_pair_comes_out_as_given_or_the_number_says_why_not(case, first, second, is_one, why):
    rows, _, label = answer(f"{case}.msg.gz")
    at = rows["time_us"].to_numpy()
    i, j = (
        int(np.flatnonzero(at == np.datetime64(t, "us").astype(int))[0]) for t in (first, second)
    )
    assert (label[i] == label[j]) == (is_one if why == AGREE else not is_one)
    kn, away_m, lasted_s = needed_kn(rows, i, j)
    if why == SILENCE:
        assert lasted_s > DAY_S
        assert kn < 1.0
    elif why == CLOCK:
        # as ordered no ship can; over ten rows on each side it is one ship at the speed it reports
        order = np.argsort(at, kind="stable").tolist()
        before, after = order[order.index(i) - 10], order[order.index(j) + 10]
        around_kn = needed_kn(rows, before, after)[0]
        assert kn > TOP_KN
        assert around_kn == pytest.approx(rows["speed_kn"][i], abs=1.0)
        late_s = away_m / (around_kn * M_S_PER_KN) - lasted_s
        assert 60.0 < abs(late_s) < 400.0
    elif why == OURS:
        # just under the top speed, and the next row came after this one was handed out
        assert 55.0 < kn < TOP_KN


@pytest.mark.parametrize("case", TRACKS)
def test_a_case_has_as_many_hulls_as_stated(case):
    _, _, label = answer(case)
    _, sizes = np.unique(label[label >= 0], return_counts=True)
    assert (sizes >= 20).sum() == TRACKS[case]


def test_one_ship_of_the_atlantic_is_one_track_and_its_flipped_bits_are_none():
    rows, _, label = answer("431704490.msg.gz")
    names, sizes = np.unique(label, return_counts=True)
    main = label == names[sizes.argmax()]
    near = (np.abs(rows["lat_deg"] - 9.0) < 3.0) & (np.abs(rows["lon_deg"] + 33.0) < 3.0)
    assert (main & near.to_numpy()).sum() / near.sum() > 0.98
    assert main.sum() - (main & near.to_numpy()).sum() < 0.01 * main.sum()


def test_the_expected_segment_of_338013000_needs_speeds_that_no_ship_has():
    rows, theirs, label = answer("338013000.json")
    assert bench.pairwise_f1(theirs, label.tolist()) > 0.85
    each = list(range(rows.height))
    assert max(bench.steps_kn(rows, theirs, each)) > 500.0
    assert sum(v > TOP_KN for v in bench.steps_kn(rows, theirs, each)) >= 5
    # our second hull follows the first one's line: a consort, or one ship heard by another clock
    names, sizes = np.unique(label, return_counts=True)
    line, other = (label == n for n in names[np.argsort(-sizes)[:2]])
    at, lat, lon = (rows[c].to_numpy() for c in ("time_us", "lat_deg", "lon_deg"))
    order = np.flatnonzero(line)[np.argsort(at[line], kind="stable")]
    every = np.arange(at[order[0]], at[order[-1]], 5_000_000)
    ways = [np.interp(every, at[order], c[order]) for c in (lat, lon)]
    aside_m = [
        distances_m(*ways, np.full(len(every), lat[k]), np.full(len(every), lon[k])).min()
        for k in np.flatnonzero(other)
    ]
    assert np.median(aside_m) < 60.0


def test_416000000_is_cut_by_them_where_a_ship_can_go_and_shared_by_both_without_proof():
    rows, theirs, label = answer("segmented-416000000.json")
    cuts = bench.steps_kn(rows, label.tolist(), theirs)
    assert sum(v < TOP_KN for v in cuts) >= 0.97 * len(cuts)
    assert len(set(theirs)) > 2 * len(set(label[label >= 0].tolist()))
    # neither answer is refuted by speed where we cut and they join: harbours that hulls share
    assert max(bench.steps_kn(rows, theirs, label.tolist())) < 10.0
