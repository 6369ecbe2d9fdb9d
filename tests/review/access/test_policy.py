"""The shipped policies, each with what it allows and does not; the loading of others."""

import pyarrow as pa
import pytest

from fairlead.review.access.policy import SYSTEM, Policy, Resource, referral, row
from fairlead.review.access.principal import ACTIONS, ROLES, Principal
from tests.review.access.house import START_US

SHIPPED = Policy()


def who(*roles, marks=("tlp:amber", "source:a"), method="passkey", account="acct-me"):
    return Principal(account, frozenset(roles), frozenset(marks), START_US, method)


MINE = referral("ref-1", author="acct-me", kind="inspection", markings=["tlp:green"])
THEIRS = referral("ref-2", author="acct-other", kind="inspection", markings=["tlp:green"])
ABOVE = referral("ref-3", author="acct-other", kind="inspection", markings=["tlp:red"])
OPEN = row(markings=["tlp:green", "source:a"], source="a", kind="gap")
CLOSED = row(markings=["tlp:green", "source:b"], source="b", kind="gap")
FENCE = "no-row-beyond-markings"
REFERRAL_FENCE = "no-referral-beyond-markings"
NEVER = "services-never-judge"

TABLE = [
    # who, what, to what, whether, by which policies
    (who("viewer"), "see", OPEN, True, ["see-what-you-hold"]),
    (who("analyst"), "see", OPEN, True, ["see-what-you-hold"]),
    (who("reviewer"), "see", OPEN, True, ["see-what-you-hold"]),
    (who("service", method="token"), "see", OPEN, True, ["see-what-you-hold"]),
    (who("administrator"), "see", OPEN, False, []),
    (who(), "see", OPEN, False, []),
    (who("viewer"), "see", CLOSED, False, [FENCE]),
    (who("viewer", marks=()), "see", row(markings=["tlp:clear"]), True, ["see-what-you-hold"]),
    (who("viewer", marks=()), "see", row(markings=[]), True, ["see-what-you-hold"]),
    (who("viewer"), "see", THEIRS, False, []),
    (who("analyst"), "see", THEIRS, True, ["see-referrals"]),
    (who("reviewer"), "see", ABOVE, False, [REFERRAL_FENCE]),
    (who("viewer"), "export", OPEN, False, []),
    (who("analyst"), "export", OPEN, True, ["export-what-you-hold"]),
    (who("service", method="token"), "export", OPEN, True, ["export-what-you-hold"]),
    (who("analyst"), "export", CLOSED, False, [FENCE]),
    (who("analyst"), "export", THEIRS, True, ["export-referrals"]),
    (who("service", method="token"), "export", THEIRS, False, []),
    (who("analyst"), "export", ABOVE, False, [REFERRAL_FENCE]),
    (who("analyst"), "decide", OPEN, True, ["analysts-decide"]),
    (who("reviewer"), "decide", OPEN, True, ["analysts-decide"]),
    (who("viewer"), "decide", OPEN, False, []),
    (who("analyst"), "decide", CLOSED, False, [FENCE]),
    (who("analyst", method="token"), "decide", OPEN, False, [NEVER]),
    (who("analyst", "service"), "decide", OPEN, False, [NEVER]),
    (who("analyst"), "upload_evidence", OPEN, True, ["analysts-decide"]),
    (who("viewer"), "upload_evidence", OPEN, False, []),
    (who("analyst"), "author_referral", OPEN, True, ["analysts-author-referrals"]),
    (who("reviewer"), "author_referral", OPEN, False, []),
    (who("analyst"), "author_referral", CLOSED, False, [FENCE]),
    (who("analyst", method="token"), "author_referral", OPEN, False, [NEVER]),
    (who("reviewer"), "approve_referral", THEIRS, True, ["reviewers-approve-referrals"]),
    (who("reviewer"), "approve_referral", MINE, False, ["no-author-approves"]),
    (who("analyst"), "approve_referral", THEIRS, False, []),
    (who("reviewer"), "approve_referral", ABOVE, False, [REFERRAL_FENCE]),
    (who("reviewer", method="token"), "approve_referral", THEIRS, False, [NEVER]),
    (who("analyst"), "send_referral", MINE, True, ["analysts-and-reviewers-send-referrals"]),
    (who("reviewer"), "send_referral", MINE, True, ["analysts-and-reviewers-send-referrals"]),
    (who("administrator"), "send_referral", MINE, False, []),
    (who("analyst", method="token"), "send_referral", MINE, False, [NEVER]),
    (who("reviewer"), "pull_stop", SYSTEM, True, ["reviewers-stop"]),
    (who("reviewer"), "release_stop", SYSTEM, True, ["reviewers-stop"]),
    (who("analyst", "administrator"), "pull_stop", SYSTEM, False, []),
    (who("reviewer", method="token"), "release_stop", SYSTEM, False, [NEVER]),
    (who("reviewer"), "change_rules", SYSTEM, True, ["reviewers-change-rules"]),
    (who("administrator"), "change_rules", SYSTEM, True, ["reviewers-change-rules"]),
    (who("analyst"), "change_rules", SYSTEM, False, []),
    (who("administrator"), "change_policy", SYSTEM, True, ["administrators-manage"]),
    (who("administrator"), "manage_accounts", SYSTEM, True, ["administrators-manage"]),
    (who("reviewer", "analyst"), "manage_accounts", SYSTEM, False, []),
    (who("administrator", method="token"), "manage_accounts", SYSTEM, False, [NEVER]),
    (who("analyst"), "read_ledger", SYSTEM, True, ["ledger-readers"]),
    (who("administrator"), "read_ledger", SYSTEM, True, ["ledger-readers"]),
    (who("viewer"), "read_ledger", SYSTEM, False, []),
]


@pytest.mark.parametrize(
    ("principal", "action", "resource", "allowed", "policies"),
    TABLE,
    ids=[f"{'+'.join(sorted(p.roles)) or 'nobody'}-{p.method}-{a}-{r.id}" for p, a, r, *_ in TABLE],
)
def test_what_the_shipped_policies_say(principal, action, resource, allowed, policies):
    verdict = SHIPPED.allowed(principal, action, resource)
    assert (verdict.allowed, list(verdict.policy_ids), verdict.problem) == (allowed, policies, "")


def test_every_policy_and_every_action_is_in_the_table():
    named = {policy for *_, policies in TABLE for policy in policies}
    assert named == {text.policy_id for text in SHIPPED.texts()}
    assert {action for _, action, *_ in TABLE} == set(ACTIONS)


def test_no_role_alone_may_what_no_policy_says():
    for role in ROLES:
        verdict = SHIPPED.allowed(who(role), "launch", SYSTEM)
        assert (verdict.allowed, verdict.policy_ids) == (False, ())
        assert "no action `launch`" in verdict.problem


@pytest.mark.parametrize(
    "resource",
    [
        SYSTEM,
        Resource("Row", "row", {"markings": ["tlp:green"]}),
        Resource("Row", "row", {"markings": "tlp:green", "source": "", "kind": ""}),
        Resource("Gun", "gun", {}),
    ],
    ids=["wrong-type", "lacking", "mistyped", "unknown"],
)
def test_what_does_not_fit_the_schema_is_denied_and_says_why(resource):
    verdict = SHIPPED.allowed(who("viewer"), "see", resource)
    assert not verdict.allowed
    assert verdict.problem


def test_the_texts_can_be_read():
    texts = {text.policy_id: text for text in SHIPPED.texts()}
    author = texts["no-author-approves"]
    assert (author.effect, author.file) == ("forbid", "refer.cedar")
    assert "principal == resource.author" in author.text.replace("(", "").replace(")", "")
    assert len({text.file for text in texts.values()}) == 4
    assert SHIPPED.problem == ""


def test_a_denial_is_in_the_ledger_with_the_policies_that_decided(house):
    policy = house.gate.policy
    given = {"ledger": house.ledger, "now_us": house.now}
    assert policy.demand(who("viewer"), "see", OPEN, **given).allowed
    assert house.entries() == []
    with house.refuses("denied"):
        policy.demand(who("viewer"), "see", CLOSED, **given)
    entry = house.entries()[-1]
    assert entry["actor"] == "acct-me"
    assert entry["body"] == {"act": "see", "reason": "denied", "policies": [FENCE]}


# policies of one's own


def folder(tmp_path, **files):
    for name, text in files.items():
        (tmp_path / f"{name}.cedar").write_text(text, "utf-8")
    return tmp_path


MORE = """
@id("night-watch-sees-all-gaps")
permit (principal == Account::"acct-me", action == Action::"see", resource is Row)
when { resource.kind == "gap" };
"""


def test_a_file_more_adds_its_policies_inside_the_fence(tmp_path):
    policy = Policy(folder(tmp_path, night=MORE))
    assert policy.allowed(who("administrator"), "see", OPEN).policy_ids == (
        "night-watch-sees-all-gaps",
    )
    assert not policy.allowed(who("administrator"), "see", CLOSED).allowed
    assert not policy.allowed(who("administrator", account="acct-x"), "see", OPEN).allowed
    assert policy.digest != SHIPPED.digest
    assert policy.digest == Policy(tmp_path).digest


def test_a_file_of_a_shipped_name_replaces_it(tmp_path):
    policy = Policy(folder(tmp_path, judge='@id("none") forbid (principal, action, resource);'))
    assert policy.problem == ""
    assert not policy.allowed(who("analyst"), "see", OPEN).allowed
    assert "analysts-decide" not in {text.policy_id for text in policy.texts()}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("permit (principal, action", "`broken.cedar` is no Cedar policy"),
        ("permit (principal, action, resource);", "`broken.cedar` has a policy without a name"),
        ('@id("") permit (principal, action, resource);', "without a name"),
        (
            '@id("analysts-decide") permit (principal, action, resource);',
            "has a policy `analysts-decide`, which another one is called",
        ),
        (
            '@id("x") permit (principal == ?principal, action, resource);',
            "`broken.cedar` has a template",
        ),
        (
            '@id("x") permit (principal, action, resource) when { principal.rank > 3 };',
            "policies do not fit the schema: `x`",
        ),
        (
            '@id("x") permit (principal, action == Action::"launch", resource);',
            "policies do not fit the schema: `x`",
        ),
    ],
)
def test_a_broken_file_denies_everything_and_says_why(tmp_path, text, problem):
    policy = Policy(folder(tmp_path, broken=text))
    assert problem in policy.problem
    verdict = policy.allowed(who(*ROLES - {"service"}), "see", row(markings=[]))
    assert (verdict.allowed, verdict.problem) == (False, policy.problem)
    assert policy.row_filter(who("viewer"), "see").sql() == (
        "(markings IS NOT NULL AND 1 = 0)",
        [],
    )


def test_a_folder_that_is_not_there_or_unreadable_denies_everything(tmp_path):
    policy = Policy(tmp_path / "none")
    assert "is no folder of policies" in policy.problem
    assert policy.texts() == []
    (tmp_path / "bad.cedar").write_bytes(b"\xff\xfe\xff")
    assert Policy(tmp_path).problem
    assert not Policy(tmp_path).allowed(who("viewer"), "see", OPEN).allowed


def test_an_error_while_evaluating_denies_even_what_another_policy_permits(tmp_path):
    text = """
@id("overflows")
forbid (principal, action == Action::"see", resource is Row)
when { 9223372036854775807 + 1 == 0 || resource.kind == "gap" };
"""
    policy = Policy(folder(tmp_path, sums=text))
    assert policy.problem == ""
    verdict = policy.allowed(who("viewer"), "see", OPEN)
    assert not verdict.allowed
    assert "overflow" in verdict.problem
    found = policy.row_filter(who("viewer"), "see")
    rows = pa.table({"markings": [["tlp:green"], ["tlp:red"]], "kind": ["gap", "gap"]})
    assert found.mask(rows).tolist() == [False, False]


def test_a_change_of_policies_is_in_the_ledger_once(house, tmp_path):
    gate = house.gate
    assert gate.note_policy(now_us=house.now)
    assert not gate.note_policy(now_us=house.now)
    (entry,) = house.entries("policy_change")
    assert "analysts-decide" in entry["body"]["policies"]
    house.settings = {"policies": folder(tmp_path, night=MORE)}
    house.restart()
    assert house.gate.note_policy(now_us=house.now)
    assert not house.gate.note_policy(now_us=house.now)
    house.settings = {}
    house.restart()
    assert house.gate.note_policy(now_us=house.now)
    assert len(house.entries("policy_change")) == 3
