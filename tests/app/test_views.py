"""Tables on the terminal, in pipes and in files, with text that is not to be trusted."""

import argparse
import json

import pyarrow as pa
import pytest

from fairlead.app import views
from fairlead.app.config import Settings
from fairlead.app.reference import load
from fairlead.app.verbs import review, show
from fairlead.engines.embedded import EmbeddedEngine
from fairlead.engines.sql import query
from fairlead.schema.errors import ConfigError, EngineError
from fairlead.schema.tables import EVENTS, LEADS, STATICS

HOSTILE = "[bold]=1+1[/bold]\x1b[31m\u202e\x9b2J"


def lead(**values):
    row = {name: None for name in LEADS.columns.names}
    row |= {
        "lead_id": "lead-0123456789abcdef0123",
        "scorer": "log_odds 1",
        "mmsi": 235000001,
        "time_us": 0,
        "start_us": 0,
        "end_us": 60_000_000,
        "probability": 0.25,
        "log_odds": -1.1,
        "title": "A SHIP (235000001): went silent, loitered",
        "factors": "[]",
        "events": [],
        "links": [],
        "digest": "0",
    }
    return pa.Table.from_pylist([row | values], schema=LEADS.columns)


def test_a_lead_in_a_pipe_is_one_line_with_its_whole_id_and_title(capsys):
    views.print_table(lead(), LEADS)
    heading, row = capsys.readouterr().out.splitlines()
    assert heading.split() == ["lead", "id", "probability", "start", "end", "title"]
    assert "lead-0123456789abcdef0123" in row
    assert "A SHIP (235000001): went silent, loitered" in row
    assert "1970-01-01T00:01:00Z" in row


def test_text_from_outside_is_shown_and_not_obeyed(capsys):
    views.print_table(lead(title=HOSTILE), LEADS)
    out = capsys.readouterr().out
    assert "[bold]=1+1[/bold]\\x1b[31m\\u202e\\x9b2J" in out
    assert not {"\x1b", "\u202e", "\x9b"} & set(out)


@pytest.mark.parametrize("format", ["csv", "json", "geojson"])
def test_exports_carry_no_control_characters(capsys, format):
    views.export(lead(title=HOSTILE), LEADS, format, None)
    assert not {"\x1b", "\u202e", "\x9b"} & set(capsys.readouterr().out)


def test_json_gives_the_text_back_as_it_was(capsys):
    views.export(lead(title=HOSTILE), LEADS, "json", None)
    assert json.loads(capsys.readouterr().out)["title"] == HOSTILE


def test_a_csv_cell_is_no_formula(capsys):
    views.export(lead(title="=1+1"), LEADS, "csv", None)
    assert ",'=1+1," in capsys.readouterr().out


def test_filters_do_not_pass_a_query_in_silence():
    given = argparse.Namespace(
        table="select 1", since=None, until=None, bbox=None, vessel=None, kind="gap"
    )
    with pytest.raises(ConfigError, match="--kind"):
        show._rows(None, given)


class Tables:
    """What a query asks of an engine."""

    def scan(self, table):
        return table.empty()


def test_a_query_gives_rows_without_a_warning():
    tables = {t.name: t for t in (EVENTS, STATICS)}
    found = query(Tables(), tables, "select count(*) as n from events")
    assert found.to_pylist() == [{"n": 0}]


def test_a_reference_folder_that_holds_nothing_known_is_said(tmp_path):
    (tmp_path / "harbours.csv").write_text("name,lat,lon\n")
    with pytest.raises(ConfigError, match="no file of a known name"):
        load(Settings(reference=tmp_path), lambda _: None)


def test_a_kind_that_no_detector_has_is_named_with_the_nearest():
    with pytest.raises(ConfigError, match="unknown kind `gpa`") as told:
        show._check_kind("gpa", EVENTS.empty())
    assert "`gap`" in told.value.help
    show._check_kind("gap", EVENTS.empty())


def test_a_review_of_nothing_makes_no_workspace(tmp_path):
    with pytest.raises(EngineError, match="no workspace"):
        review._lead(tmp_path / "none", "lead-0")
    assert not list(tmp_path.iterdir())


def test_a_place_is_shown_to_about_a_metre(capsys):
    row = pa.table({"lat_deg": [-17.0], "lon_deg": [-179.99512]})
    views.print_table(row, None)
    assert capsys.readouterr().out.splitlines()[1].split() == ["-17.00000", "-179.99512"]


@pytest.mark.parametrize("writable", [False, True])
def test_a_damaged_manifest_is_said_to_be_damaged(tmp_path, writable):
    (tmp_path / "control.sqlite").write_text("no database, " * 100)
    with pytest.raises(EngineError, match="damaged"):
        EmbeddedEngine(tmp_path, inlets=[EVENTS], writable=writable)


def test_a_file_is_no_workspace(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "under"):
        with pytest.raises(EngineError, match="is a file or lies under one"):
            EmbeddedEngine(folder, inlets=[EVENTS])


def points(*places):
    rows = [{"time_us": t, "lat_deg": 0.0, "lon_deg": lon, "kind": "gap"} for t, lon in places]
    held = pa.Table.from_pylist(rows)
    blank = {n: pa.nulls(len(rows), EVENTS.columns.field(n).type) for n in EVENTS.columns.names}
    return pa.table({**blank, **{n: held[n] for n in held.column_names}})


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ({"bbox": "170,-1,-170,1"}, [175.0, -175.0]),
        ({"bbox": "-10,-1,10,1"}, [0.0]),
        ({"since": "1970-01-01T00:00:01Z"}, [-175.0, 0.0]),
        ({"until": "1970-01-01T00:00:01Z"}, [175.0]),
    ],
)
def test_a_box_may_cross_180_and_a_period_is_half_open(filters, kept):
    given = dict.fromkeys(("since", "until", "bbox", "vessel", "kind"))
    rows = points((0, 175.0), (1_000_000, -175.0), (2_000_000, 0.0))
    chosen = show._chosen(rows, EVENTS, argparse.Namespace(**{**given, **filters}))
    assert chosen["lon_deg"].to_pylist() == kept
