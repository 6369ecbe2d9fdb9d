"""The laws of the additive score."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.leads.factors import Explanation, Factor, Ground, add_up, probability_of, softened
from fairlead.leads.weights import default_weights

WEIGHTS = default_weights()
NAMES = sorted(w.name for w in WEIGHTS.factors)

explanations = st.builds(
    Explanation,
    name=st.sampled_from(["shared_mmsi", "work_boat", "leisure"]),
    probability=st.floats(0, 1),
    detail=st.just("because"),
)
grounds = st.lists(
    st.builds(
        Ground,
        name=st.sampled_from(NAMES),
        of=st.uuids().map(str),
        certainty=st.floats(0, 1),
        detail=st.just("it did"),
        evidence=st.just((1,)),
        explanations=st.lists(explanations, max_size=2).map(tuple),
        worth=st.floats(0, 1),
    ),
    max_size=14,
)
excuses = st.lists(
    st.builds(
        Factor,
        name=st.sampled_from(["official_vessel", "dredger_or_diver"]),
        log_odds=st.floats(-3, 0).map(lambda x: round(x, 4)),
        detail=st.just("it is"),
    ),
    max_size=2,
)


@given(grounds, excuses)
def test_the_factors_add_up(found, excused):
    factors, total = add_up(found, excused, WEIGHTS)
    assert total == pytest.approx(sum(f.log_odds for f in factors), abs=1e-9)


@given(grounds, excuses)
def test_no_group_adds_more_than_its_cap(found, excused):
    factors, _ = add_up(found, excused, WEIGHTS)
    for group in WEIGHTS.groups:
        assert sum(f.log_odds for f in factors if f.group == group.name) <= group.cap + 1e-9


@given(grounds, excuses, st.data())
def test_another_explanation_never_raises_the_score(found, excused, data):
    _, before = add_up(found, excused, WEIGHTS)
    more = data.draw(explanations)
    at = data.draw(st.integers(0, max(0, len(found) - 1)))
    explained = [
        Ground(
            g.name, g.of, g.certainty, g.detail, g.evidence, (*g.explanations, more), worth=g.worth
        )
        if i == at
        else g
        for i, g in enumerate(found)
    ]
    assert add_up(explained, excused, WEIGHTS)[1] <= before + 1e-9


@given(grounds, excuses)
def test_another_excuse_never_raises_the_score(found, excused):
    another = Factor("official_vessel", -2.5, "it is")
    assert add_up(found, [*excused, another], WEIGHTS)[1] <= add_up(found, excused, WEIGHTS)[1]


@given(grounds, grounds)
def test_another_ground_never_lowers_the_score(found, more):
    assert add_up([*found, *more], (), WEIGHTS)[1] >= add_up(found, (), WEIGHTS)[1] - 1e-3


@given(grounds, st.randoms())
def test_the_order_of_grounds_changes_nothing(found, chance):
    shuffled = list(found)
    chance.shuffle(shuffled)
    assert add_up(shuffled, (), WEIGHTS) == add_up(found, (), WEIGHTS)


@given(st.floats(0, 6), st.floats(0, 1))
def test_softening_stays_between_nothing_and_the_whole(log_odds, share):
    assert 0 <= softened(log_odds, share) <= log_odds + 1e-12


def test_a_ground_that_may_not_have_happened_counts_in_proportion():
    assert softened(math.log(9), 0.5) == pytest.approx(math.log(5))


@pytest.mark.parametrize(("log_odds", "probability"), [(0, 0.5), (-1e9, 0.0), (1e9, 1.0)])
def test_probability_of_log_odds(log_odds, probability):
    assert probability_of(log_odds) == pytest.approx(probability)


def ground(of, certainty=1.0, *explained):
    return Ground("loitering", of, certainty, "It loitered.", (1,), explained)


def test_the_second_of_a_kind_counts_half():
    _, first = add_up([ground("a")], (), WEIGHTS)
    _, both = add_up([ground("a"), ground("b")], (), WEIGHTS)
    assert first - WEIGHTS.prior == pytest.approx(0.6, abs=1e-3)
    assert both - WEIGHTS.prior == pytest.approx(0.9, abs=1e-3)


def test_a_wholly_explained_ground_counts_nothing():
    natural = Explanation("natural_silence", 1.0, "The receiver was off.")
    _, total = add_up([ground("a", 1.0, natural)], (), WEIGHTS)
    assert total == WEIGHTS.prior
