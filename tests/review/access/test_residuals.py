"""What is not understood of a residual is not guessed: Cedar itself is asked instead."""

import pytest

from fairlead.review.access.predicates import Always, Among, OneOf, Rows, either
from fairlead.review.access.residuals import Untold, predicate_of
from tests.review.access.test_filters import in_sqlite, me, policies, table

MARKS = {"unknown": [{"Value": "markings"}]}
SOURCE = {"unknown": [{"Value": "source"}]}
ONE = {"Value": "one"}
ALL = {"op": "All"}


def policy(body, **scopes):
    return {
        "principal": ALL,
        "action": ALL,
        "resource": ALL,
        "conditions": [{"kind": "when", "body": body}],
    } | scopes


@pytest.mark.parametrize(
    "body",
    [
        {"Value": "text"},
        {"+": {"left": ONE, "right": ONE}},
        {"in": {"left": SOURCE, "right": ONE}},
        {"==": {"left": ONE, "right": ONE}},
        {"==": {"left": SOURCE, "right": SOURCE}},
        {"==": {"left": MARKS, "right": ONE}},
        {"==": {"left": SOURCE, "right": {"Value": 7}}},
        {"contains": {"left": {"Set": [ONE]}, "right": ONE}},
        {"contains": {"left": {"Set": [SOURCE]}, "right": SOURCE}},
        {"contains": {"left": {"Value": "one"}, "right": SOURCE}},
        {"contains": {"left": {"Value": [7]}, "right": SOURCE}},
        {"contains": {"left": MARKS, "right": SOURCE}},
        {"containsAll": {"left": {"Set": [ONE]}, "right": {"Set": [ONE]}}},
        {"containsAny": {"left": {"Set": [ONE]}, "right": {"Set": [ONE]}}},
        {"containsAny": {"left": MARKS, "right": MARKS}},
        {"isEmpty": {"arg": {"Set": [ONE]}}},
        {"like": {"left": ONE, "pattern": ["Wildcard"]}},
        {"like": {"left": MARKS, "pattern": ["Wildcard"]}},
    ],
    ids=str,
)
def test_what_is_not_understood(body):
    with pytest.raises(Untold):
        predicate_of(policy(body))


@pytest.mark.parametrize("part", ["principal", "action", "resource"])
def test_a_scope_that_was_left_is_not_understood(part):
    with pytest.raises(Untold):
        predicate_of(policy({"Value": True}, **{part: {"op": "=="}}))


def test_sets_are_read_in_both_spellings():
    written = {"contains": {"left": {"Set": [ONE]}, "right": SOURCE}}
    valued = {"contains": {"left": {"Value": ["one"]}, "right": SOURCE}}
    assert predicate_of(policy(written)) == predicate_of(policy(valued))
    assert predicate_of(policy(written)) == OneOf("source", frozenset({"one"}))


def test_unequal_is_equal_turned_round():
    """Cedar writes `!=` as a negation today; should it stop, it is read all the same."""
    sides = {"left": SOURCE, "right": ONE}
    assert predicate_of(policy({"!=": sides})) == predicate_of(
        policy({"!": {"arg": {"==": sides}}})
    )


def test_an_unless_is_a_when_turned_round():
    body = {"isEmpty": {"arg": MARKS}}
    turned = policy(body) | {"conditions": [{"kind": "unless", "body": body}]}
    rows = [(["tlp:green"], "", ""), ([], "", "")]
    prepared = Rows(table(rows))
    assert predicate_of(policy(body)).mask(prepared).tolist() == [False, True]
    assert predicate_of(turned).mask(prepared).tolist() == [True, False]
    assert predicate_of(policy(body)) == Among(frozenset())


def test_a_choice_of_nothing_is_never_made():
    found = policies([("permit", "when", "principal.roles.contains(resource.source)")])
    nobody = me()
    none = type(nobody)("acct-me", frozenset(), frozenset(), 0, "passkey")
    rows = [([], "viewer", ""), ([], "", "")]
    assert in_sqlite(found.row_filter(nobody, "see"), rows) == [True, False]
    assert in_sqlite(found.row_filter(none, "see"), rows) == [False, False]
    assert found.row_filter(none, "see").mask(table(rows)).tolist() == [False, False]
    assert either() == Always(False)
