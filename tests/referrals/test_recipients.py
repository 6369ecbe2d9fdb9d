"""Recipients are desks; every version of them is in the ledger."""

from dataclasses import replace

import pytest

from fairlead.referrals.recipients import as_dict, from_dict
from fairlead.schema.referrals import ReferralKind
from tests.referrals.office import COASTGUARD, T0
from tests.referrals.test_door import refused


def test_a_recipient_is_kept_in_versions(office):
    other = replace(COASTGUARD, name="Coast guard, south")
    office.recipients.put(other, actor="acct-admin", now_us=T0 + 1)
    assert office.recipients.get("coastguard") == other
    assert office.recipients.every() == [other]


def test_a_recipient_survives_its_json():
    assert from_dict(as_dict(COASTGUARD)) == COASTGUARD


@pytest.mark.parametrize(
    "change",
    [
        {"recipient_id": "../x"},
        {"recipient_id": "A"},
        {"name": " "},
        {"name": "x" * 201},
        {"channel": "missile"},
        {"kinds": frozenset()},
        {"per_day": 0},
        {"address": {}},
        {"address": {"folder": "a", "url": "https://x"}},
        {"address": {"folder": "../a"}},
        {"address": {"folder": 7}},
        {"channel": "webhook", "address": {"url": "https://a b"}},
        {"channel": "webhook", "address": {"url": "file:///etc/passwd"}},
        {"channel": "cot", "address": {"host": "a", "port": 0}},
        {"channel": "cot", "address": {"host": "a", "port": "8089"}},
        {"channel": "cot", "address": {"host": "a", "tls": "no"}},
        {"channel": "smtp", "address": {"host": "a", "sender": "w@x", "mailbox": "a@x, b@y"}},
        {"channel": "smtp", "address": {"host": "a", "sender": "w@x\nBcc: z@z", "mailbox": "a@x"}},
    ],
)
def test_a_recipient_that_cannot_be_is_refused(office, change):
    with refused("bad_recipient"):
        office.recipients.put(replace(COASTGUARD, **change), actor="acct-admin", now_us=T0)


def test_nobody_unknown_gets_anything(office):
    with refused("no_recipient"):
        office.recipients.get("elsewhere")


def test_a_draft_needs_a_recipient_that_takes_it(office):
    one = frozenset({ReferralKind.INFORMATION})
    office.recipients.put(replace(COASTGUARD, kinds=one), actor="acct-admin", now_us=T0)
    with refused("wrong_kind"):
        office.draft()
    closed = replace(COASTGUARD, is_active=False)
    office.recipients.put(closed, actor="acct-admin", now_us=T0)
    with refused("recipient_closed"):
        office.draft()
