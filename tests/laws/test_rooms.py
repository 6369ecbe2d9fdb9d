"""Tables flow one way through the rooms, and the schema holds no natural person."""

import importlib
import pkgutil
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
    "identities": "tracks",
    "track_points": "tracks",
    "set_aside": "tracks",
    "stops": "tracks",
    "silences": "tracks",
    "presence": "tracks",
    "coverage": "tracks",
    "track_grid": "tracks",
    "contacts": "tracks",
    "claims": "links",
    "links": "links",
    "events": "events",
    "vessel_events": "events",
    "partners": "leads",
    "leads": "leads",
}
ORDER = ["sources", "observations", "tracks", "events", "links", "leads", "review", "referrals"]
PERSON = re.compile(
    r"person|owner|master_name|captain|crew|passenger|phone|imei|email|passport|birth|gender"
    r"|nationality|face|message_text|safety_text|weapon|target_solution"
)


@pytest.mark.parametrize("step", every_step(), ids=lambda s: s.kind)
def test_a_step_reads_from_rooms_before_it_and_writes_its_own(step):
    room = type(step).__module__.split(".")[1]
    for table in step.writes:
        assert ROOM_OF[table.name] == room, (step.kind, table.name)
    for table in step.reads:
        assert ORDER.index(ROOM_OF[table.name]) <= ORDER.index(room), table.name


def test_every_table_belongs_to_a_room():
    assert {t.name for t in TABLES} <= set(ROOM_OF)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.name)
def test_no_table_holds_a_natural_person_or_private_text(table):
    for name in table.columns.names:
        assert not PERSON.search(name), f"{table.name}.{name}"


STORED_ROOMS = ("fairlead.review", "fairlead.referrals")


def stored_columns():
    """Table and column of everything that the rooms of people's words keep in the store."""
    for room in STORED_ROOMS:
        package = importlib.import_module(room)
        for found in pkgutil.walk_packages(package.__path__, f"{room}."):
            for statement in getattr(importlib.import_module(found.name), "TABLES", ()):
                table = re.match(r"CREATE TABLE IF NOT EXISTS (\w+) ?\((.*)\)$", statement, re.S)
                if table:
                    for column in re.split(r",\s*(?![^(]*\))", table[2]):
                        yield table[1], column.split()[0]


def test_no_stored_table_holds_a_natural_person_or_private_text():
    columns = list(stored_columns())
    assert {t for t, _ in columns} >= {"decisions", "referral_acts", "evidence", "ledger_entries"}
    for table, column in columns:
        assert not PERSON.search(column), f"{table}.{column}"


def test_every_column_says_what_it_means():
    for table in TABLES:
        for field in table.columns:
            assert (field.metadata or {}).get(b"doc"), f"{table.name}.{field.name}"


def test_no_two_tables_share_a_name():
    names = [t.name for t in TABLES]
    assert len(names) == len(set(names))
