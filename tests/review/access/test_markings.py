"""Markings: what they mean, who holds them, where a row gets them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.review.access.markings import (
    TLP,
    MarkingRules,
    held,
    is_marking,
    markings_of,
    sees,
    shareable,
    source_marking,
    union,
)
from fairlead.schema.errors import ConfigError

MARK = st.sampled_from([*TLP, "source:a", "source:b", "rel:fra", "community:fisheries"])
MARKS = st.frozensets(MARK)


@pytest.mark.parametrize(
    "text", [*TLP, "source:ais-coast", "rel:fra", "community:fisheries", "source:0.a_b"]
)
def test_these_are_markings(text):
    assert is_marking(text)


@pytest.mark.parametrize(
    "text",
    ["", "tlp:", "tlp:white", "source:", "source:é", "source:a b", "x:y", "rel:-a", "source:a|b"],
)
def test_these_are_none(text):
    assert not is_marking(text)
    with pytest.raises(ConfigError, match="no marking"):
        markings_of([text])


def test_spelling_is_forgiven_where_markings_are_typed():
    assert markings_of([" TLP:Amber+Strict ", "rel:FRA"]) == {"tlp:amber+strict", "rel:fra"}


@pytest.mark.parametrize(
    ("holds", "demanded", "answer"),
    [
        ([], [], True),
        ([], ["tlp:clear"], True),
        ([], ["tlp:green"], False),
        (["tlp:amber"], ["tlp:green"], True),
        (["tlp:amber"], ["tlp:amber+strict"], False),
        (["tlp:red"], ["tlp:amber+strict", "tlp:clear"], True),
        (["tlp:red"], ["source:a"], False),
        (["source:a"], ["source:a"], True),
        (["source:a"], ["source:a", "rel:fra"], False),
        (["source:a", "rel:fra", "tlp:green"], ["source:a", "rel:fra", "tlp:clear"], True),
    ],
    ids=str,
)
def test_who_sees_what(holds, demanded, answer):
    assert sees(holds, demanded) is answer


@given(MARKS, MARKS, MARKS)
def test_holding_more_never_shows_less_and_demanding_more_never_shows_more(holds, more, demanded):
    if sees(holds, demanded):
        assert sees(holds | more, demanded)
    if sees(holds, demanded | more):
        assert sees(holds, demanded)
    assert held(held(holds)) == held(holds)


@given(MARKS, st.lists(MARKS, max_size=4))
def test_a_derived_row_is_seen_by_exactly_those_who_see_all_it_came_from(holds, rows):
    assert sees(holds, union(*rows)) == all(sees(holds, row) for row in rows)


@given(st.lists(MARKS, max_size=4), st.lists(MARKS, max_size=4))
def test_a_union_of_unions_is_the_union(one, two):
    assert union(union(*one), union(*two)) == union(*one, *two)
    assert list(union(*one)) == sorted(union(*one))


@given(MARKS)
def test_the_whole_is_shared_at_its_highest_level(marks):
    level = shareable(marks)
    assert level in TLP
    for mark in marks & set(TLP):
        assert TLP.index(mark) <= TLP.index(level)
    assert level in marks or level == "tlp:clear"


def test_a_source_is_marked_by_every_pattern_that_fits():
    rules = MarkingRules({"ais-*": ["TLP:green"], "*-coast": ["community:fisheries", "tlp:amber"]})
    assert rules.of("ais-coast") == ("community:fisheries", "tlp:amber")
    assert rules.of("ais-sat") == ("tlp:green",)
    assert rules.of_sources(["ais-sat", "ais-coast"]) == ("community:fisheries", "tlp:amber")
    assert rules.of_sources([]) == ()


def test_a_source_without_a_rule_is_seen_by_nobody_until_it_is_granted():
    assert MarkingRules().of("Radar 7/North") == ("source:radar-7-north",)
    assert MarkingRules({"ais*": ["tlp:green"]}).of("sar") == ("source:sar",)
    assert MarkingRules(otherwise=["tlp:clear"]).of("sar") == ("tlp:clear",)
    assert MarkingRules(otherwise=[]).of("sar") == ()


@given(st.text(max_size=100))
def test_every_source_name_has_a_marking(name):
    assert is_marking(source_marking(name))


def test_rules_without_meaning_are_an_error():
    with pytest.raises(ConfigError, match="no marking"):
        MarkingRules({"*": ["secret"]})
    with pytest.raises(ConfigError, match="no marking"):
        MarkingRules(otherwise=["secret"])
