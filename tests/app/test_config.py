"""Settings: file, then environment, then flags; unknown names get a suggestion."""

from pathlib import Path

import pytest

from fairlead.app import config
from fairlead.app.words import count, iso, parse_time, spreadsheet_safe
from fairlead.schema.errors import ConfigError


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in config.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


def write(folder: Path, text: str) -> Path:
    path = folder / "fairlead.toml"
    path.write_text(text)
    return path


def test_flags_win_over_environment_over_file(tmp_path, monkeypatch):
    path = write(tmp_path, 'workspace = "file"\nat_most = 3\n')
    monkeypatch.setenv("FAIRLEAD_WORKSPACE", "environment")
    assert config.load(path, {}).workspace == Path("environment")
    assert config.load(path, {"workspace": "flag"}).workspace == Path("flag")
    assert config.load(path, {}).at_most == 3


def test_the_workspace_may_hold_its_settings(tmp_path):
    write(tmp_path, "at_most = 7\n")
    assert config.load(None, {"workspace": tmp_path}).at_most == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("at_mots = 1", "at_mots"),
        ("at_most = true", "whole number"),
        ("at_most = -1", "whole number"),
        ("detectors = 3", "not a table"),
        ("at_most = [", "not TOML"),
    ],
)
def test_a_wrong_file_is_named_with_its_fault(tmp_path, text, said):
    with pytest.raises(ConfigError, match=said) as caught:
        config.load(write(tmp_path, text), {})
    assert caught.value.help


def test_times_go_there_and_back():
    assert iso(parse_time("2020-06-30T12:00:00Z")) == "2020-06-30T12:00:00Z"
    assert parse_time("1970-01-02") == 86_400_000_000
    assert iso(parse_time("2020-06-30T14:00:00+02:00")) == "2020-06-30T12:00:00Z"
    with pytest.raises(ConfigError, match="not a time"):
        parse_time("yesterday")


def test_words_for_people():
    assert count(1, "lead") == "1 lead"
    assert count(2000, "lead") == "2,000 leads"
    assert count(3, "set aside", "set aside") == "3 set aside"
    assert spreadsheet_safe("-1+2") == "'-1+2"
    assert spreadsheet_safe("plain") == "plain"


@pytest.mark.parametrize("flags", [{"watch_h": 0}, {"at_most": -1}, {"lateness_s": True}])
def test_a_length_or_number_that_cannot_be_is_refused(flags):
    with pytest.raises(ConfigError, match="whole number from"):
        config.load(None, flags)
