"""Too many calls, and names of ships that want to be run by a spreadsheet or a map."""

import io
import json
import xml.etree.ElementTree as ET

import polars as pl
import pytest

from fairlead.app.api.buckets import PEERS_KEPT, RATES, Buckets
from fairlead.app.api.exports import exported

HOSTILE = ('=HYPERLINK("http://x")', "+1+1", "-1", "@SUM(A1)", "\t=1", "<script>alert(1)</script>")


@pytest.mark.parametrize("rate", RATES)
def test_who_calls_without_end_is_told_to_wait(rate):
    buckets = Buckets()
    most = int(RATES[rate][1])
    waits = [buckets.take(rate, "10.0.0.1") for _ in range(3 * most)]
    assert waits[:most] == [0.0] * most
    assert any(wait > 0 for wait in waits)
    assert buckets.take(rate, "10.0.0.2") == 0.0


def test_many_peers_take_no_memory_without_end():
    buckets = Buckets()
    for n in range(2 * PEERS_KEPT):
        buckets.take("general", f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert len(buckets._held) == PEERS_KEPT


def points(name):
    return pl.DataFrame(
        {
            "mmsi": [211000001],
            "name": [name],
            "time_us": [1_600_000_000_000_000],
            "lat_deg": [54.0],
            "lon_deg": [8.0],
            "speed_kn": [3.5],
            "course_deg": [90.0],
            "source": [name],
            "track_id": [7],
            "observation_id": [9],
        }
    )


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_no_formula_and_no_mark_up_in_an_export(name):
    csv = exported(points(name), "csv", ["tlp:green"]).decode()
    cells = pl.read_csv(io.StringIO(csv), comment_prefix="#", infer_schema=False).row(0)
    assert not [c for c in cells if c and c[0] in "=+@\t\r"]
    assert "-1" not in cells
    place_marks = exported(points(name), "kml", ["tlp:green"])
    assert b"<script" not in place_marks
    ET.fromstring(place_marks)
    json.loads(exported(points(name), "geojson", ["tlp:green"]))
