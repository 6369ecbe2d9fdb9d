"""The last door: what a person reads when something unforeseen happens."""

import argparse
import os

import pytest

from fairlead.app.cli import _fail, _said
from fairlead.app.flow import _edition_us
from fairlead.app.report import Paper, print_counts


@pytest.mark.parametrize(
    ("error", "said", "help"),
    [
        (
            RuntimeError("cannot cache function 'f': no locator available"),
            "kept",
            "NUMBA_CACHE_DIR",
        ),
        (ValueError("odd"), "unexpected ValueError: odd", "--debug"),
    ],
)
def test_an_unforeseen_error_says_what_to_do(error, said, help):
    message, advice = _said(error)
    assert said in message
    assert help in advice


def test_advice_of_several_lines_is_shown_in_lines_and_a_name_in_the_message_is_not(capsys):
    given = argparse.Namespace(json=False)
    assert _fail(given, "no column in `a\nb`", "write\n  [columns]", 3) == 3
    assert capsys.readouterr().err == ("error: no column in `a\\x0ab`\nhelp: write\n  [columns]\n")


def test_reports_that_wait_to_be_settled_are_not_said_to_be_none(capsys):
    print_counts(Paper(), {"reports": 3, "observations": 0}, {}, 0)
    assert "3 reports, none of them settled yet" in capsys.readouterr().out
    print_counts(Paper(), {"reports": 0}, {}, 0)
    assert "no positions" in capsys.readouterr().out


def test_the_edition_of_lists_is_that_of_the_newest_file(tmp_path):
    for name, written_s in (("a.csv", 100), ("b.csv", 200)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (written_s, written_s))
    assert _edition_us(tmp_path) == _edition_us(tmp_path / "*.csv") == 200_000_000
    assert _edition_us(tmp_path / "a.csv") == 100_000_000
    assert _edition_us(tmp_path / "none") == 0
