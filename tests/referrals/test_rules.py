"""What each kind needs: no file can make a referral leave without a person."""

import pytest

from fairlead.referrals.rules import default_rules, read_rules
from fairlead.schema.errors import ConfigError
from fairlead.schema.referrals import ReferralKind

SOUND = """
[{kind}]
title = "t"
asks = "a"
approvals = {approvals}
roles = {roles}
valid_h = 24
per_day = 5
reason = "r"
"""


def written(approvals="1", roles='["reviewer"]', kinds=ReferralKind):
    return "".join(SOUND.format(kind=k.value, approvals=approvals, roles=roles) for k in kinds)


def test_the_shipped_rules_cover_every_kind():
    rules = default_rules()
    assert set(rules) == set(ReferralKind)
    assert all(rule.approvals >= 1 and rule.roles for rule in rules.values())


def test_sound_rules_are_read():
    assert read_rules(written("3"), "x")[ReferralKind.INSPECTION].approvals == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (written("0"), "from 1 on"),
        (written("-1"), "from 1 on"),
        (written("true"), "from 1 on"),
        (written("1.5"), "from 1 on"),
        (written(roles="[]"), "must name who"),
        (written(roles="[1]"), "must name who"),
        (written(kinds=[ReferralKind.INSPECTION]), "must say what each"),
        (written() + '[strike]\ntitle = "t"', "must say what each"),
        (written().replace("per_day = 5\n", ""), "must have"),
        (written() + "more = 1", "must have"),
        ("[inspection", "is not TOML"),
        (
            "inspection = 1\nsearch_and_rescue = 1\nsanctions_alert = 1\ninformation = 1",
            "must have",
        ),
    ],
)
def test_unsafe_rules_are_refused(text, words):
    with pytest.raises(ConfigError, match=words):
        read_rules(text, "rules.toml")
