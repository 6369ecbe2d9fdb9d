"""The weights file: every value has a reason, and a wrong file says what is wrong."""

from importlib.resources import files

import pytest

from fairlead.leads.weights import default_weights, read_weights
from fairlead.schema.errors import ConfigError

TEXT = files("fairlead.leads").joinpath("weights.toml").read_text("utf-8")


def test_every_weight_has_a_reason():
    weights = default_weights()
    for one in (*weights.groups, *weights.factors, *weights.innocents):
        assert len(one.reason) > 15, one.name


def test_a_kind_nobody_weighed_has_a_small_weight():
    assert default_weights().factor("teleporting").name == "other_behaviour"
    assert default_weights().factor("teleporting").log_odds <= 0.5


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('group = "dark"\nlog_odds = 2.5', 'group = "darker"\nlog_odds = 2.5', "is in no group"),
        ("log_odds = -2.5", "log_odds = 2.5", "would accuse"),
        ("log_odds = 2.0", "log_odds = -2.0", "is negative"),
        ('explains = ["gap"]', 'explains = ["nap"]', "explains unknown `nap`"),
        ("[prior]", "[prio]", "keyerror 'prior'"),
        ("cap = 3.5", "cap = ", "Invalid value"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(old, new, said):
    with pytest.raises(ConfigError, match=said) as error:
        read_weights(TEXT.replace(old, new, 1))
    assert error.value.help


def test_trust_falls_with_the_standing_of_a_claim():
    weights = default_weights()
    standing = [weights.trust(r, 2) for r in "ABCDE"]
    assert standing == sorted(standing, reverse=True)
    assert weights.trust("?", 99) == min(weights.trust(r, c) for r in "ABCDEF" for c in range(1, 7))
