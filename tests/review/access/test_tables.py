"""Accounts are operators, not subjects: no column of access can hold who they are."""

import re

import pytest

from fairlead.review.access.tables import TABLES
from tests.laws.test_rooms import PERSON

MORE = re.compile(r"(^|_)(e?mail|phone|address|surname|forename|full_?name|name|ip|user_agent)$")


def columns():
    for statement in TABLES:
        if statement.startswith("CREATE TABLE"):
            table, inside = re.match(
                r"CREATE TABLE IF NOT EXISTS (\w+) \((.*)\)$", statement
            ).groups()
            inside = re.sub(r"PRIMARY KEY \([^)]*\)", "", inside)
            for part in filter(str.strip, inside.split(",")):
                yield table, part.split()[0]


def test_there_are_columns_to_look_at():
    found = list(columns())
    assert ("account_changes", "account_id") in found
    assert len({table for table, _ in found}) == 15


@pytest.mark.parametrize(("table", "column"), list(columns()))
def test_no_column_says_who_a_person_is(table, column):
    assert not PERSON.search(column)
    assert not MORE.search(column)
