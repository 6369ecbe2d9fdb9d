"""Tables flow one way through the rooms, and the schema holds no natural person."""

import re

import pytest

from fairlead.app.flow import every_step
from fairlead.schema.tables import TABLES

ROOM_OF = {
    "raw": "sources",
    "position_messages": "observations",
    "static_messages": "observations",
    "observations": "observations",
    "statics": "observations",
    "rejects": "observations",
    "claims": "links",
    "links": "links",
    "events": "events",
    "vessel_events": "events",
    "leads": "leads",
}
ORDER = ["sources", "observations", "tracks", "events", "links", "leads", "review", "referrals"]
PERSON = re.compile(
    r"person|owner|master_name|captain|crew|passenger|phone|imei|email|passport|birth|gender"
    r"|nationality|face|message_text|safety_text|weapon|target_solution"
)


def room_of_table(name):
    return ROOM_OF.get(name) or (
        "tracks" if name not in {t.name for t in TABLES if t.name in ROOM_OF} else ROOM_OF[name]
    )


@pytest.mark.parametrize("step", every_step(), ids=lambda s: s.kind)
def test_a_step_reads_from_rooms_before_it_and_writes_its_own(step):
    room = type(step).__module__.split(".")[1]
    for table in step.writes:
        assert room_of_table(table.name) == room, (step.kind, table.name)
    for table in step.reads:
        assert ORDER.index(room_of_table(table.name)) <= ORDER.index(room), table.name


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_no_table_holds_a_natural_person_or_private_text(table):
    for name in table.columns.names:
        assert not PERSON.search(name), f"{table.name}.{name}"


def test_every_column_says_what_it_means():
    for table in TABLES:
        for field in table.columns:
            assert (field.metadata or {}).get(b"doc"), f"{table.name}.{field.name}"


def test_no_two_tables_share_a_name():
    names = [t.name for t in TABLES]
    assert len(names) == len(set(names))
