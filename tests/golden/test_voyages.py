"""Short voyages with the events a mariner would expect beside the rows, and no others."""

from pathlib import Path

import pytest

from fairlead.events import detectors
from fairlead.schema.tables import SILENCES, STATICS, STOPS, TRACK_POINTS
from fairlead.tracks.silences import Silences
from fairlead.tracks.stops import Stops
from tests.events.flow import run
from tests.golden.telling import read_voyage, said

VOYAGES = sorted((Path(__file__).parent / "voyages").glob("*.txt"))
OTHERS = {"gap": False, "loitering": False, "encounter": False, "drifting": False}


@pytest.mark.parametrize("path", VOYAGES, ids=lambda p: p.stem)
def test_a_voyage_gives_the_events_told(path):
    voyage = read_voyage(path)
    rows = {TRACK_POINTS: voyage.points, STATICS: voyage.statics}
    for step, table in ((Stops(), STOPS), (Silences(), SILENCES)):
        if voyage.points.num_rows:
            rows[table], _ = run(step, {TRACK_POINTS: voyage.points})
    settings = {k: {"enabled": False} for k in OTHERS} | voyage.settings
    found = {}
    for step in detectors(settings):
        given = {t: rows[t] for t in step.reads if t in rows}
        events, _ = run(step, given)
        for event in events.to_pylist():
            found[event["event_id"]] = event
    told = sorted((e["kind"], said(e["start_us"]), said(e["end_us"])) for e in found.values())
    assert told == sorted(voyage.expected), [e["detail"] for e in found.values()]
