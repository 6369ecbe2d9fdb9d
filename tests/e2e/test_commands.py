"""The program as a user meets it: each verb, each format, and each kind of bad input."""

import gzip
import json
import random
import resource
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from tests.e2e.sea import answer, fairlead, small_sea

RANDOM = bytes(range(256)) * 400


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("watched")
    sea = small_sea(folder / "sea")
    done = fairlead(
        "run",
        sea.nmea,
        "--workspace",
        folder / "state",
        "--watchlists",
        sea.watchlists,
        "--zones",
        sea.zones,
        "--json",
    )
    assert done.returncode == 0, done.stderr.decode()
    return sea, folder / "state", answer(done)


def lines_of(sea, n):
    return b"".join(sea.nmea.read_bytes().splitlines(keepends=True)[:n])


def test_a_run_gives_leads_and_counts_what_it_refused(watched):
    _, _, summary = watched
    assert summary["tables"]["observations"] > 1000
    assert summary["leads"]
    assert summary["rejects"]["bad_checksum"] > 0
    probabilities = [lead["probability"] for lead in summary["leads"]]
    assert all(0 < p < 1 for p in probabilities)


def test_why_leads_from_a_lead_to_the_bytes(watched):
    sea, state, summary = watched
    lead = summary["leads"][0]
    tree = answer(fairlead("why", lead["lead_id"], "--workspace", state, "--json"))
    assert tree["digest_holds"]
    raw = [o["raw"] for part in tree["under"] for o in part["observations"]]
    assert raw
    lines = set(sea.nmea.read_text("utf-8").splitlines())
    assert all(part in lines for record in raw for part in record.splitlines())


def test_why_shows_every_sentence_of_a_message(watched):
    """A name is in the second sentence of a static report."""
    _, state, _ = watched
    sql = "select observation_id from statics where msg_type = 5 and n_heard = 1 limit 1"
    done = fairlead("show", sql, "--workspace", state, "--format", "csv")
    number = done.stdout.split()[-1].decode()
    raw = answer(fairlead("why", number, "--workspace", state, "--json"))["raw"]
    assert len(raw.splitlines()) == 2
    assert ",2,1," in raw.splitlines()[0]
    assert ",2,2," in raw.splitlines()[1]


def test_words_on_leads_and_revisions_can_be_shown(watched):
    _, state, _ = watched
    for name in ("decisions", "revisions"):
        done = fairlead("show", name, "--workspace", state, "--format", "csv")
        assert done.returncode == 0, done.stderr.decode()
        assert done.stdout


def test_why_is_readable(watched):
    _, state, summary = watched
    done = fairlead("why", summary["leads"][0]["lead_id"], "--workspace", state)
    text = done.stdout.decode()
    assert "!AIVDM" in text
    assert summary["leads"][0]["title"] in text


@pytest.mark.parametrize("format", ["csv", "json", "geojson"])
def test_show_writes_every_event(watched, format):
    _, state, summary = watched
    done = fairlead("show", "events", "--workspace", state, "--format", format)
    text = done.stdout.decode()
    n_events = sum(summary["events"].values())
    if format == "geojson":
        assert len(json.loads(text)["features"]) == n_events
    else:
        assert len(text.splitlines()) == n_events + (format == "csv")


def test_show_filters_by_time_place_vessel_and_kind(watched, tmp_path):
    _, state, summary = watched
    kind, n_kind = next(iter(summary["events"].items()))
    done = fairlead(
        "show",
        "events",
        "--workspace",
        state,
        "--kind",
        kind,
        "--json",
        "--format",
        "parquet",
        "-o",
        tmp_path / "x.parquet",
    )
    assert answer(done)["total"] == n_kind
    rows = pq.read_table(tmp_path / "x.parquet").to_pylist()
    box = "170,-90,-170,90"
    done = fairlead("show", "events", "--workspace", state, "--bbox", box, "--json")
    assert answer(done)["total"] == 0
    done = fairlead(
        "show", "events", "--workspace", state, "--vessel", rows[0]["mmsi"], "--json", "--limit", 1
    )
    assert answer(done)["rows"] == 1


def test_show_answers_sql_and_keeps_files_out_of_its_reach(watched):
    _, state, summary = watched
    sql = "select kind, count(*) as n from events group by kind order by kind"
    done = fairlead("show", sql, "--workspace", state, "--format", "json")
    found = {r["kind"]: r["n"] for r in map(json.loads, done.stdout.decode().splitlines())}
    assert found == summary["events"]
    done = fairlead("show", "select * from read_csv('/etc/passwd')", "--workspace", state)
    assert done.returncode == 2
    assert b"root:" not in done.stdout + done.stderr


def test_a_handled_lead_stays_silent_until_it_is_reopened(watched):
    sea, state, summary = watched
    lead = summary["leads"][0]["lead_id"]

    def shown():
        again = answer(fairlead("run", sea.nmea, "--workspace", state, "--json"))
        return [row["lead_id"] for row in again["leads"]]

    assert (
        fairlead("review", lead, "reject", "--reason", "seen", "--workspace", state).returncode == 0
    )
    assert lead not in shown()
    assert (
        fairlead("review", lead, "reopen", "--reason", "was wrong", "--workspace", state).returncode
        == 0
    )
    assert lead in shown()


def test_a_dry_run_shows_the_difference_and_changes_nothing(watched, tmp_path):
    sea, state, summary = watched
    changed = tmp_path / "changed.toml"
    changed.write_text("[detectors]\ngap = false\nzone = false\n")
    done = fairlead("run", "--workspace", state, "--dry-run", changed, "--json")
    told = answer(done)
    assert "gap" not in told["events"]["would_be"]
    assert told["events"]["now"] == summary["events"]
    assert told["leads"]["removed"] or told["leads"]["changed"]


def test_a_dry_run_of_the_budget_says_who_would_no_longer_be_shown(watched, tmp_path):
    sea, state, summary = watched
    changed = tmp_path / "changed.toml"
    changed.write_text("at_most = 1\nwatch_h = 48\n")
    same = ("--workspace", state, "--zones", sea.zones)
    done = fairlead("run", *same, "--dry-run", changed, "--json")
    told = answer(done)
    assert told["leads"] == {"added": [], "removed": [], "changed": []}
    shown = [lead["lead_id"] for lead in summary["leads"]]
    assert told["shown"]["now"] == len(shown) > 1
    assert told["shown"]["would_be"] == 1
    assert [row["lead_id"] for row in told["shown"]["no_longer"]] == shown[1:]
    assert b"1 then (at most 1 in 48 h)" in done.stdout


def test_a_later_run_goes_on_with_the_lists_the_workspace_holds(watched, tmp_path):
    sea, _, _ = watched
    lines = sea.nmea.read_bytes().splitlines(keepends=True)
    half = tmp_path / "first.nmea", tmp_path / "second.nmea"
    half[0].write_bytes(b"".join(lines[:200]))
    half[1].write_bytes(b"".join(lines[200:]))
    fairlead("run", half[0], "--workspace", tmp_path / "w", "--watchlists", sea.watchlists)
    done = fairlead("run", half[1], "--workspace", tmp_path / "w", "--json")
    assert any(lead["links"] for lead in answer(done)["leads"])
    assert b"read before: eu-listed, iuu, ofac-sdn, shadow-fleet" in done.stderr


def test_a_claim_that_a_newer_edition_lacks_is_ended(watched, tmp_path):
    sea, _, _ = watched
    path = tmp_path / "eu_listed_vessels.csv"
    lines = (sea.watchlists / path.name).read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines))
    fairlead("run", sea.nmea, "--workspace", tmp_path / "w", "--watchlists", path)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))
    done = fairlead("run", sea.nmea, "--workspace", tmp_path / "w", "--watchlists", path)
    assert b"eu-listed: 1 claim ended, no longer on the newest edition" in done.stderr
    sql = "select count(*) as n from claims where until_us is not null"
    shown = fairlead("show", sql, "--workspace", tmp_path / "w", "--format", "csv")
    assert shown.stdout.split() == [b"n", b"1"]


def test_the_budget_says_what_it_cut(watched):
    sea, state, _ = watched
    told = answer(fairlead("run", sea.nmea, "--workspace", state, "--at-most", 1, "--json"))
    assert told["cut"]["n"] >= 1
    assert told["cut"]["best_probability"] > 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["run"], 2, "no source"),
        (["run", "no-such-file.nmea"], 3, "no-such-file.nmea"),
        (["run", "."], 3, "directory"),
        (["run", "ftp://x"], 2, "ftp"),
        (["show", "evnets"], 2, "events"),
        (["why", "lead-0"], 2, "lead-0"),
        (["run", "x", "--config", "none.toml"], 2, "none.toml"),
        (["decode", "x.nmea", "-o", "x.parquet"], 3, "x.nmea"),
        (["decode", "x.nmea", "-o", "x.docx"], 2, "x.docx"),
    ],
)
def test_mistakes_get_an_error_and_a_help_line(watched, arguments, code, said):
    _, state, _ = watched
    extra = [] if arguments[0] == "decode" else ["--workspace", state]
    done = fairlead(*arguments, *extra)
    text = done.stderr.decode()
    assert done.returncode == code, text
    assert text.startswith("error: "), text
    assert "help: " in text
    assert said in text
    assert "Traceback" not in text


def test_an_unknown_setting_is_named_with_the_nearest_known(tmp_path):
    (tmp_path / "f.toml").write_text("at_mots = 3\n")
    done = fairlead("run", "x", "--config", tmp_path / "f.toml", "--workspace", tmp_path)
    assert done.returncode == 2
    assert b"at_most" in done.stderr


def test_an_unknown_detector_setting_is_named(tmp_path, watched):
    sea, _, _ = watched
    (tmp_path / "f.toml").write_text("[detectors.gap]\nsilense = 3\n")
    done = fairlead("run", sea.nmea, "--config", tmp_path / "f.toml", "--workspace", tmp_path / "w")
    assert done.returncode == 2
    assert b"silense" in done.stderr


def bad_inputs(sea):
    good = lines_of(sea, 2000)
    return {
        "empty.nmea": b"",
        "truncated.nmea.gz": gzip.compress(good)[:-200],
        "noise-between.nmea": good[:40_000] + RANDOM + b"\n" + good[40_000:],
        "long-line.nmea": good + b"!AIVDM," + b"1" * 10_000_000 + b"\n" + good,
        "mixed.nmea": good + "näme".encode("latin-1") + b"\n" + "näme\n".encode() + b"\0\0\n",
    }


@pytest.mark.parametrize(
    "name",
    [
        "empty.nmea",
        "truncated.nmea.gz",
        "noise-between.nmea",
        "long-line.nmea",
        "mixed.nmea",
    ],
)
def test_bad_input_is_counted_and_spares_its_neighbours(watched, tmp_path, name):
    sea, _, _ = watched
    path = tmp_path / name
    path.write_bytes(bad_inputs(sea)[name])
    good = tmp_path / "good.nmea"
    good.write_bytes(lines_of(sea, 2000))
    alone = answer(fairlead("run", good, "--workspace", tmp_path / "a", "--json"))
    both = fairlead("run", path, good, "--workspace", tmp_path / "b", "--json")
    assert both.returncode == 0, both.stderr.decode()
    told = answer(both)
    assert told["tables"]["observations"] >= alone["tables"]["observations"]
    if name != "empty.nmea":
        assert sum(told["rejects"].values()) > sum(alone["rejects"].values())


@pytest.mark.parametrize("seed", [1, 2])
def test_noise_alone_is_not_recognised_and_says_what_was_seen(tmp_path, seed):
    path = tmp_path / "noise.bin"
    path.write_bytes(random.Random(seed).randbytes(5000))
    done = fairlead("run", path, "--workspace", tmp_path / "w")
    assert done.returncode in (0, 3)
    assert b"noise.bin" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_header_nobody_knows_is_shown_with_its_file(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("alpha,beta,gamma\n1,2,3\n")
    done = fairlead("run", path, "--workspace", tmp_path / "w")
    assert done.returncode == 3
    assert b"odd.csv" in done.stderr
    assert b"alpha" in done.stderr


def test_standard_input_is_a_source(watched, tmp_path):
    sea, _, _ = watched
    done = fairlead("run", "-", "--workspace", tmp_path, "--json", stdin=lines_of(sea, 2000))
    assert answer(done)["tables"]["observations"] > 100


def test_decode_writes_the_same_rows_in_every_format(watched, tmp_path):
    sea, _, _ = watched
    path = tmp_path / "in.nmea"
    path.write_bytes(lines_of(sea, 3000))
    told = {}
    for ending in ("parquet", "csv", "jsonl"):
        out = tmp_path / f"out.{ending}"
        told[ending] = answer(fairlead("decode", path, "-o", out, "--json"))["messages"]
    n_rows = pq.read_metadata(tmp_path / "out.parquet").num_rows
    assert set(told.values()) == {n_rows}
    assert len((tmp_path / "out.csv").read_text().splitlines()) == n_rows + 1
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == n_rows


def test_a_full_disk_is_said_and_a_second_start_finishes(watched, tmp_path):
    sea, _, summary = watched
    limited = subprocess.run(
        [sys.executable, "-m", "fairlead", "run", str(sea.nmea), "--workspace", str(tmp_path)],
        capture_output=True,
        timeout=300,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
    )
    assert limited.returncode == 5, limited.stderr.decode()
    assert b"full" in limited.stderr
    again = answer(fairlead("run", sea.nmea, "--workspace", tmp_path, "--json"))
    assert again["tables"] == {**summary["tables"], "events": again["tables"]["events"]}


def test_a_workspace_that_cannot_be_written_is_said(watched):
    sea, _, _ = watched
    done = fairlead("run", sea.nmea, "--workspace", "/proc/fairlead")
    assert done.returncode == 5
    assert b"help: " in done.stderr


def test_a_hostile_name_is_text_on_the_terminal():
    from fairlead.app.words import plain, spreadsheet_safe

    assert plain("A\x1b[31mB\u202eC") == "A\\x1b[31mB\\u202eC"
    assert spreadsheet_safe("=cmd()") == "'=cmd()"
