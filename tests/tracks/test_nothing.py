import pytest

from fairlead.events.drifting import Drifting
from fairlead.events.encounter import Encounter
from fairlead.events.gap import Gap
from fairlead.events.loitering import Loitering
from fairlead.schema.span import Span
from fairlead.schema.step import Batch
from fairlead.tracks.contacts import Contacts
from fairlead.tracks.grid import TimeGrid
from fairlead.tracks.presence import Presence
from fairlead.tracks.reception import Reception
from fairlead.tracks.silences import Silences

STEPS = [Silences, Presence, Reception, TimeGrid, Contacts, Gap, Encounter, Loitering, Drifting]


@pytest.mark.parametrize("kind", STEPS)
def test_nothing_gives_nothing_with_the_schema(kind):
    step = kind()
    carried, out = step.step(step.carries.empty(), Batch(), Span(0, 3_600_000_000))
    assert carried.num_rows == 0 and carried.schema.equals(step.carries.columns)
    for table in step.writes:
        assert out[table].num_rows == 0 and out[table].schema.equals(table.columns)
