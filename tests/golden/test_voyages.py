"""Short voyages with the events a mariner would expect beside the rows, and no others."""

from pathlib import Path

import pytest

from fairlead.events import detectors
from fairlead.schema.tables import EVENTS, STATICS, TRACK_POINTS
from fairlead.tracks.contacts import Contacts
from fairlead.tracks.grid import TimeGrid
from fairlead.tracks.reception import Reception
from fairlead.tracks.silences import Silences
from fairlead.tracks.stops import Stops
from tests.golden.telling import read_voyage, said
from tests.voyages import run_steps, settled

VOYAGES = sorted((Path(__file__).parent / "voyages").glob("*.txt"))


@pytest.mark.parametrize("path", VOYAGES, ids=lambda p: p.stem)
def test_a_voyage_gives_the_events_told(path):
    voyage = read_voyage(path)
    given = {TRACK_POINTS: voyage.points, STATICS: voyage.statics}
    before = [Stops(), Silences(), Reception(), TimeGrid(), Contacts()]
    steps = [*before, *detectors(voyage.settings)]
    written = run_steps(steps, {t: r for t, r in given.items() if r.num_rows})
    events = settled(EVENTS, written).to_pylist()
    told = sorted((e["kind"], said(e["start_us"]), said(e["end_us"])) for e in events)
    assert told == sorted(voyage.expected), [e["detail"] for e in events]
