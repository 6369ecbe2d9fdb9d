"""A simulated sea: reproducible, readable by others, and true to its own truth."""

import json
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pyarrow.compute as pc
import pytest
from pyais import decode

from fairlead.geo.sphere import distance_m, distances_m
from fairlead.schema.errors import ConfigError
from fairlead.simulate import DEFAULT_HOURS, events_truth, lines_truth, simulate
from fairlead.simulate.fleet import with_check_digit
from fairlead.simulate.passage import STEP_S
from fairlead.simulate.sea import make_scene
from fairlead.simulate.strait import CENTRE_DEG
from fairlead.simulate.transmissions import place_deg, reporting_s
from fairlead.simulate.truth import KINDS
from tests.data import shared_data

FILES = ("sea.nmea", "truth.jsonl", "truth.parquet", "zones.geojson", "README.txt")
LISTS = ("ofac_sdn_vessels.csv", "ofac_sdn_vessel_aliases.csv", "eu_listed_vessels.csv")
LISTS += ("iuu_combined.csv", "shadow_fleet.json")


def lines_of(sea) -> list[bytes]:
    return sea.nmea.read_bytes().splitlines()


def sentence(line: bytes) -> bytes:
    return line[line.rindex(b"\\") + 1 :]


def checksum_holds(line: bytes) -> bool:
    body, star, given = sentence(line)[1:].partition(b"*")
    total = 0
    for byte in body:
        total ^= byte
    return star == b"*" and given == b"%02X" % total


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    one = simulate("strait", 7, 3, tmp_path / "one", report_every_s=60)
    two = simulate("strait", 7, 3, tmp_path / "two", report_every_s=60)
    for name in (*FILES, *(f"watchlist/{n}" for n in LISTS)):
        assert (one.out_dir / name).read_bytes() == (two.out_dir / name).read_bytes(), name


def test_another_seed_gives_another_sea(tmp_path, clean_sea):
    other = simulate("strait-clean", 5, 1, tmp_path, report_every_s=120)
    assert other.nmea.read_bytes()[:2000] != clean_sea.nmea.read_bytes()[:2000]


def test_there_is_a_row_of_truth_for_every_line(sea):
    truth = lines_truth(sea.out_dir)
    assert len(lines_of(sea)) == truth.num_rows == sea.n_lines
    assert truth["line"].to_pylist() == list(range(1, sea.n_lines + 1))


def test_lines_are_in_order_of_receipt(sea):
    received = lines_truth(sea.out_dir)["received_us"].to_numpy()
    assert np.all(np.diff(received) >= 0)


def test_others_read_what_was_sent(sea):
    """Every whole message of a stretch decodes with pyais to the hull's identity and place."""
    lines, truth = lines_of(sea)[40_000:46_000], lines_truth(sea.out_dir).slice(40_000, 6_000)
    lies = {r["hull_id"] for r in events_truth(sea.out_dir).to_pylist() if "jump" in r["kind"]}
    parts = defaultdict(list)
    for line, row in zip(lines, truth.to_pylist(), strict=True):
        if row["fault"] == "none":
            parts[row["transmission"], row["station"]].append((row["part"], sentence(line), row))
    seen = set()
    for found in parts.values():
        if len(found) != found[0][2]["parts"]:
            continue
        row = found[0][2]
        read = decode(*(s for _, s, _ in sorted(found, key=lambda f: f[0])))
        seen.add(read.msg_type)
        assert (read.mmsi, read.msg_type) == (row["mmsi"], row["msg_type"])
        if hasattr(read, "lat") and row["hull_id"] not in lies:
            off_m = distance_m(read.lat, read.lon, row["lat_deg"], row["lon_deg"])
            assert off_m < (30 if read.msg_type != 27 else 200)
    assert {1, 4, 5, 18, 21, 24} <= seen


def test_all_message_types_are_sent(sea):
    sent = set(lines_truth(sea.out_dir)["msg_type"].to_pylist())
    assert sent == {1, 2, 3, 4, 5, 9, 18, 19, 21, 24, 27}


def test_faults_are_where_truth_says(sea):
    faults = lines_truth(sea.out_dir)["fault"].to_pylist()
    for line, fault in zip(lines_of(sea), faults, strict=True):
        assert checksum_holds(line) == (fault == "none"), line
    assert 0.002 < faults.count("damaged") / len(faults) < 0.006
    assert 0.0005 < faults.count("truncated") / len(faults) < 0.002


def test_copies_of_a_transmission_come_from_different_receivers(sea):
    truth = lines_truth(sea.out_dir)
    heard = truth.filter(pc.equal(truth["part"], 1)).select(["transmission", "station"])
    assert len(heard.group_by(["transmission", "station"]).aggregate([])) == heard.num_rows
    assert len(heard.group_by(["transmission"]).aggregate([])) < 0.75 * heard.num_rows


def test_receivers_stamp_with_their_own_clocks(sea):
    offsets = defaultdict(list)
    truth = lines_truth(sea.out_dir).slice(0, 20_000).to_pylist()
    for line, row in zip(lines_of(sea)[:20_000], truth, strict=True):
        stamp = int(line.split(b"c:")[1].split(b"*")[0])
        offsets[row["station"]].append(stamp - row["sent_us"] / 1e6)
    assert np.median(offsets["portmel1"]) == pytest.approx(-0.5, abs=0.1)
    assert np.median(offsets["hallow2"]) == pytest.approx(1.1, abs=0.1)
    assert np.median(offsets["lizmoor3"]) == pytest.approx(-2.8, abs=0.1)


@pytest.mark.parametrize("seed", [1, 2, 3, 20])
def test_every_kind_is_planted(seed):
    scene, motions = make_scene("strait", seed, DEFAULT_HOURS)
    from fairlead.simulate.derived import derive

    found = {h.kind for h in [*scene.happenings, *derive(scene, motions)] if h.grade == "planted"}
    assert found == set(KINDS)


def test_the_clean_sea_has_nothing_planted_but_honest_work(clean_sea):
    planted = {r["kind"] for r in events_truth(clean_sea.out_dir).to_pylist()
               if r["grade"] == "planted"}  # fmt: skip
    assert planted <= {"port_visit"}


@pytest.mark.parametrize("seed", [1, 2, 3, 20])
def test_planted_encounters_are_close_slow_and_long(seed):
    scene, motions = make_scene("strait", seed, DEFAULT_HOURS)
    by_hull = {h.hull_id: m for h, m in zip(scene.hulls, motions, strict=True)}
    meetings = [h for h in scene.happenings if (h.kind, h.grade) == ("encounter", "planted")]
    assert len(meetings) == 3
    for meeting in meetings:
        one, other = by_hull[meeting.hull_id], by_hull[meeting.other_hull_id]
        seconds = np.arange(meeting.start_s + 300, meeting.end_s - 300, STEP_S)
        k, j = one.index(seconds), other.index(seconds)
        apart_m = np.hypot(one.x_m[k] - other.x_m[j], one.y_m[k] - other.y_m[j])
        assert apart_m.max() < 500
        assert np.median(one.speed_kn[k]) < 2 and np.median(other.speed_kn[j]) < 2
        assert meeting.end_s - meeting.start_s > 2 * 3600


def test_silent_hulls_send_nothing_while_others_are_heard(sea):
    truth = lines_truth(sea.out_dir)
    hull, sent = truth["hull_id"].to_numpy(), truth["sent_us"].to_numpy()
    gaps = [e for e in events_truth(sea.out_dir).to_pylist()
            if (e["kind"], e["grade"]) == ("gap", "planted")]  # fmt: skip
    assert len(gaps) == 6
    for gap in gaps:
        inside = (sent > gap["start_us"]) & (sent < gap["end_us"])
        assert not np.any(inside & (hull == gap["hull_id"]))
        assert np.any(inside & (hull != gap["hull_id"]))


def test_a_reported_jump_is_not_where_the_hull_is(sea):
    jumps = [e for e in events_truth(sea.out_dir).to_pylist() if e["kind"] == "position_jump"]
    lines, truth = lines_of(sea), lines_truth(sea.out_dir)
    for jump in jumps:
        row = pc.and_(
            pc.and_(pc.equal(truth["hull_id"], jump["hull_id"]), pc.equal(truth["fault"], "none")),
            pc.and_(
                pc.less(truth["sent_us"], jump["end_us"]),
                pc.greater(truth["sent_us"], jump["start_us"]),
            ),
        )
        rows = [r for r in truth.filter(row).to_pylist() if r["msg_type"] == 1]
        assert rows
        for r in rows:
            read = decode(sentence(lines[r["line"] - 1]))
            assert distance_m(read.lat, read.lon, r["lat_deg"], r["lon_deg"]) > 10_000


def test_the_zone_is_a_closed_ring_and_is_entered(sea):
    (zone,) = json.loads(sea.zones.read_text())["features"]
    ring = zone["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1] and len(ring) == 5
    entries = [e for e in events_truth(sea.out_dir).to_pylist()
               if (e["kind"], e["grade"]) == ("zone", "planted")]  # fmt: skip
    assert len(entries) >= 2


def test_the_hero_is_listed_under_her_first_name(sea):
    hero = next(e for e in events_truth(sea.out_dir).to_pylist() if e["case"] == "hero_first")
    text = (sea.watchlists / "ofac_sdn_vessels.csv").read_text()
    assert f"MMSI {hero['mmsi']}" in text
    for name in LISTS:
        assert (sea.watchlists / name).stat().st_size > 500


def test_identities_are_well_formed():
    scene, _ = make_scene("strait", 1, DEFAULT_HOURS)
    for hull in scene.hulls:
        for _, claim in hull.claims:
            bad = hull.role == "conflict"
            assert claim.imo == 0 or bad or claim.imo == with_check_digit(claim.imo // 10)
            assert 1 <= len(claim.name) <= 20 or hull.station == 2
            assert len(claim.callsign) <= 7


def test_no_hull_outruns_itself():
    """No true motion is faster than its kind allows, and none jumps."""
    scene, motions = make_scene("strait", 3, DEFAULT_HOURS)
    for hull, motion in zip(scene.hulls, motions, strict=True):
        limit_kn = 125.0 if hull.role == "aircraft" else 30.0
        assert motion.speed_kn.max() < limit_kn, hull.role


@pytest.mark.parametrize(
    ("station", "speed_kn", "resting", "turning", "expected_s"),
    [
        (0, 0.1, True, False, 180.0),
        (0, 12.0, False, False, 10.0),
        (0, 12.0, False, True, 3.3333),
        (0, 18.0, False, False, 6.0),
        (0, 18.0, False, True, 2.0),
        (0, 25.0, False, False, 2.0),
        (1, 1.0, False, False, 180.0),
        (1, 6.0, False, False, 30.0),
        (2, 0.0, True, False, 10.0),
        (3, 0.0, True, False, 180.0),
        (4, 110.0, False, False, 10.0),
    ],
)
def test_reporting_intervals_are_those_of_the_standard(
    station, speed_kn, resting, turning, expected_s
):
    assert reporting_s(station, speed_kn, resting, turning) == expected_s


def test_neighbouring_reports_of_a_hull_are_near_each_other(clean_sea):
    truth = lines_truth(clean_sea.out_dir)
    ferry = truth.filter(pc.equal(truth["hull_id"], 1))
    lat, lon = ferry["lat_deg"].to_numpy(), ferry["lon_deg"].to_numpy()
    apart_s = np.diff(ferry["sent_us"].to_numpy()) / 1e6
    near = distances_m(lat[:-1], lon[:-1], lat[1:], lon[1:]) <= 11.0 * np.abs(apart_s) + 5.0
    assert near.all()


def test_wrong_arguments_are_told(tmp_path):
    with pytest.raises(ConfigError, match="no scenario `bay`"):
        simulate("bay", 1, 2, tmp_path)
    with pytest.raises(ConfigError, match="0 hours"):
        simulate("strait", 1, 0, tmp_path)


def test_outage_silences_every_receiver():
    scene, _ = make_scene("strait", 1, DEFAULT_HOURS, outage=True)
    since_s, until_s = scene.receivers[0].silent_s[0]
    assert all(r.silent_s == ((since_s, until_s),) for r in scene.receivers)
    quiet, _ = make_scene("strait", 1, DEFAULT_HOURS, outage=False)
    assert quiet.receivers == tuple(replace(r, silent_s=()) for r in scene.receivers)


def test_ships_are_at_sea():
    """No hull crosses land; the mask's squares are a kilometre wide, so quays are left out."""
    with np.load(shared_data("reference/global_land_mask.npz")) as stored:
        sea, lat_edges, lon_edges = stored["mask"], stored["lat"], stored["lon"]
    scene, motions = make_scene("strait", 2, DEFAULT_HOURS)
    for hull, motion in zip(scene.hulls, motions, strict=True):
        if hull.role in ("station", "aircraft"):
            continue
        moving = np.flatnonzero(motion.speed_kn > 6.0)[::12]
        places = [place_deg(*CENTRE_DEG, motion.x_m[k], motion.y_m[k]) for k in moving]
        lat, lon = np.array(places).reshape(-1, 2).T
        wet = sea[np.searchsorted(-lat_edges, -lat), np.searchsorted(lon_edges, lon)]
        assert wet.all(), (hull.role, lat[~wet], lon[~wet])


def test_the_ports_are_a_list_that_can_be_read(sea):
    from fairlead.geo.places import read_places

    ports = read_places(sea.reference / "ports.csv")
    assert "Hallow Quay" in ports.names and ports.n_refused == 0
