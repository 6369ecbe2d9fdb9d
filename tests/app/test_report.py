"""What a run prints of leads that share a behaviour."""

import json

import pytest

from fairlead.app.report import Paper, print_leads


def lead(mmsi, events, number):
    return {
        "lead_id": f"lead-{number}",
        "mmsi": mmsi,
        "probability": 0.2,
        "title": f"MMSI {mmsi}",
        "start_us": 0,
        "end_us": 0,
        "lat_deg": 1.0,
        "lon_deg": 2.0,
        "events": events,
        "factors": json.dumps([{"name": "prior", "detail": "about one", "log_odds": -4.6}]),
    }


@pytest.mark.parametrize(
    ("mmsi", "side"),
    [(2, "from the other vessel's side"), (1, "from another part of its time")],
)
def test_a_lead_says_which_others_tell_of_the_same(capsys, mmsi, side):
    print_leads(Paper(), [lead(1, ["a", "b"], 1), lead(mmsi, ["b", "c"], 2)], {})
    said = capsys.readouterr().out
    assert f"tells of the same as 1, {side}" in said
    assert said.count("tells of the same") == 1
