"""The house rules catch what they are for."""

import ast
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))
import tidy

FILE = Path("src/fairlead/tracks/x.py")


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import time\ntime.time()\n", "time.time"),
        ("import os\nos.environ['A']\n", "os.environ"),
        ("print(1)\n", "print"),
        ("import pickle\npickle.loads(b'')\n", "pickle.loads"),
        ("from math import radians\nradians(1)\n", "geo/"),
    ],
)
def test_a_banned_call_is_named_with_its_replacement(source, expected):
    found = list(tidy.check_calls(FILE, ast.parse(source), "tracks"))
    assert len(found) == 1
    assert expected in found[0]


def test_the_room_that_may_print_may():
    assert not list(tidy.check_calls(FILE, ast.parse("print(1)\n"), "app"))


def test_long_functions_and_files_are_found():
    source = "def f():\n" + "    x = 1\n" * 80 + "y = 1\n" * 600
    found = list(tidy.check_lengths(FILE, source, ast.parse(source)))
    assert len(found) == 2


def test_twins_in_two_rooms_are_found():
    twins = {"haversine": {("geo", "a.py"), ("tracks", "b.py")}, "own": {("geo", "a.py")}}
    assert len(list(tidy.check_twins(twins))) == 1


def test_mocks_marks_and_big_words_are_found():
    assert list(tidy.check_mocks(FILE, "from unittest.mock import Mock"))
    assert list(tidy.check_words(FILE, "a comprehensive tool"))
    assert list(tidy.check_words(FILE, "x  # FIXME"))
    assert not list(tidy.check_words(FILE, "plain words"))


def test_catch_all_names_are_refused():
    assert list(tidy.check_names(Path("src/fairlead/geo/utils.py")))
