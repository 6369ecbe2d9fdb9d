"""Ranking, the alert budget, silence and the comparison of settings."""

import dataclasses

import pyarrow as pa
import pytest

from fairlead.leads.queue import at_most, compare, factors_of, rank, silence
from fairlead.leads.step import Leads
from fairlead.leads.weights import default_weights
from fairlead.schema.tables import LEADS
from tests.leads.drive import drive, settled
from tests.leads.rows import HOUR, T0, event, link, tables

STEP = Leads()
SEA = {
    "events": [
        event("e1", mmsi=211000001),
        event("e2", "encounter", 3, mmsi=211000001),
        event("e3", "loitering", 5, mmsi=211000002),
        event("e4", mmsi=211000003, measures={"p_natural": 0.95}),
    ],
    "links": [link(mmsi=211000001), link("link-b", mmsi=211000004)],
}


def leads(step=STEP, sea=SEA):
    rows = settled(LEADS, drive(step, tables(**sea))[1][LEADS])
    return pa.Table.from_pylist(rows, schema=LEADS.columns)


def test_rank_puts_the_most_probable_first():
    ranked = rank(leads())
    assert ranked["probability"].to_pylist() == sorted(
        leads()["probability"].to_pylist(), reverse=True
    )
    assert ranked["mmsi"][0].as_py() == 211000001


def test_rank_leaves_out_a_lead_that_is_part_of_a_larger_one():
    sea = {"events": [event("e1", start_h=47), event("e2", "encounter", 49)]}
    assert leads(sea=sea).num_rows == 2
    assert rank(leads(sea=sea))["events"].to_pylist() == [["e1", "e2"]]


def test_the_budget_says_what_it_cut():
    shown, cut = at_most(leads(), 1, 86_400)
    assert shown["mmsi"].to_pylist() == [211000001]
    ranked = rank(leads())
    assert cut["n"] == ranked.num_rows - 1
    assert cut["best_probability"] == ranked["probability"][1].as_py()
    assert cut["best_lead_id"] == ranked["lead_id"][1].as_py()


def test_each_watch_has_its_own_budget():
    sea = {"events": [event("e1"), event("e2", start_h=30, mmsi=211000002)]}
    shown, cut = at_most(leads(sea=sea), 1, 86_400)
    assert shown.num_rows == 2
    assert cut == {
        "n": 0,
        "best_probability": None,
        "best_lead_id": None,
        "best_title": None,
        "n_absorbed": 0,
    }


@pytest.mark.parametrize("n", [0, 1, 2, 100])
def test_shown_and_cut_are_everything(n):
    shown, cut = at_most(leads(), n, 86_400)
    assert shown.num_rows + cut["n"] + cut["n_absorbed"] == leads().num_rows


def handled(lead, verdict="handled"):
    kept = {k: lead[k] for k in ("lead_id", "mmsi")}
    return kept | {"until_us": lead["end_us"], "verdict": verdict, "reason": "looked at"}


def test_a_handled_lead_does_not_come_back():
    first = rank(leads()).to_pylist()[0]
    heard, silent = silence(leads(), [handled(first)])
    assert silent["lead_id"].to_pylist() == [first["lead_id"]]
    assert heard.num_rows + silent.num_rows == leads().num_rows


def test_not_even_when_the_behaviour_ends_later():
    opened = {"events": [event("e1", known_h=8)]}
    closed = {"events": [event("e1", end_h=30)]}
    word = handled(leads(sea=opened).to_pylist()[0])
    assert silence(leads(sea=closed), [word])[0].num_rows == 0


def test_new_behaviour_brings_it_back():
    word = handled(leads(sea={"events": [event("e1", end_h=9)]}).to_pylist()[0])
    again = {"events": [event("e1", end_h=9), event("e2", "encounter", 12)]}
    assert silence(leads(sea=again), [word])[0].num_rows == 1


def test_reopening_brings_it_back():
    lead = rank(leads()).to_pylist()[0]
    words = [handled(lead), handled(lead, "reopen")]
    assert silence(leads(), words)[1].num_rows == 0


def test_other_vessels_are_not_silenced():
    lead = leads(sea={"events": [event("e1", end_h=90)]}).to_pylist()[0]
    others = {"events": [event("e9", mmsi=211000009)]}
    assert silence(leads(sea=others), [handled(lead)])[0].num_rows == 1


def test_compare_names_the_factor_that_changed():
    weights = default_weights()
    lighter = tuple(
        dataclasses.replace(w, log_odds=1.0) if w.name == "gap" else w for w in weights.factors
    )
    other = Leads(weights=dataclasses.replace(weights, factors=lighter))
    answer = compare(leads(), leads(other))
    assert not answer["added"]
    assert not answer["removed"]
    assert {row["mmsi"] for row in answer["changed"]} == {211000001, 211000003}
    assert answer["changed"][0]["why"].startswith("gap +2.40 to +0.93")
    assert answer["changed"][0]["probability"] < answer["changed"][0]["probability_before"]


def test_compare_finds_added_and_removed():
    fewer = {**SEA, "events": SEA["events"][:2]}
    answer = compare(leads(), leads(sea=fewer))
    assert [row["mmsi"] for row in answer["removed"]] == [211000002, 211000003]
    assert [row["why"] for row in answer["removed"]] == [
        "loitering +0.55 is gone",
        "gap +2.50 is gone",
    ]
    assert [r["mmsi"] for r in compare(leads(sea=fewer), leads())["added"]] == [
        211000002,
        211000003,
    ]
    assert compare(leads(), leads()) == {"added": [], "removed": [], "changed": []}


def test_compare_says_that_a_factor_is_new_or_gone():
    fewer = {**SEA, "events": [SEA["events"][0], *SEA["events"][2:]]}
    (row,) = compare(leads(), leads(sea=fewer))["changed"]
    assert row["why"].startswith("encounter +1.") and row["why"].endswith(" is gone")
    (row,) = compare(leads(sea=fewer), leads())["changed"]
    assert row["why"].endswith(" is new")


def test_factors_of_a_row_are_what_was_written():
    lead = leads().to_pylist()[0]
    assert sum(f.log_odds for f in factors_of(lead)) == pytest.approx(lead["log_odds"])


def test_an_empty_queue():
    empty = LEADS.empty()
    assert rank(empty).num_rows == 0
    assert at_most(empty, 5, 60)[1]["n"] == 0
    assert silence(empty, [])[0].num_rows == 0


def test_the_last_change_decides_the_watch():
    lead = leads(sea={"events": [event("e1", known_h=25)]}).to_pylist()[0]
    assert lead["time_us"] == T0 + 25 * HOUR
