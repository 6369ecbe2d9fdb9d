"""Rules: the detectors' and factors' settings as forms, tried before they go live."""

from __future__ import annotations

import threading
from typing import Annotated, Any

import msgspec

from fairlead.app.api.endpoint import Call, Endpoint, Problem
from fairlead.app.api.lists import Listed, PageQuery, TimeUs, page

_TRYING = threading.Lock()


class FieldItem(msgspec.Struct):
    name: str
    type: str
    unit: str
    value: bool | int | float | str
    default: bool | int | float | str
    minimum: float | None
    doc: str


class RuleItem(msgspec.Struct):
    rule_id: str
    target: str
    doc: str
    fields: list[FieldItem]
    expires_us: int | None
    is_expired: bool
    changed_by: str | None
    changed_us: int | None
    reason: str | None
    version: int


class RulePage(msgspec.Struct):
    total: int
    next: str | None
    items: list[RuleItem]


Value = bool | int | float | Annotated[str, msgspec.Meta(max_length=200)]
Name = Annotated[str, msgspec.Meta(max_length=80)]
Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class RuleBody(msgspec.Struct, forbid_unknown_fields=True):
    values: dict[Name, Value]
    expires_us: TimeUs
    reason: Reason


class RenewBody(msgspec.Struct, forbid_unknown_fields=True):
    expires_us: TimeUs
    reason: Reason


class DryRunBody(msgspec.Struct, forbid_unknown_fields=True):
    """`changes`: by rule, the values to try."""

    changes: Annotated[dict[Name, dict[Name, Value]], msgspec.Meta(min_length=1, max_length=100)]
    days: Annotated[int, msgspec.Meta(ge=1, le=31)] = 7


class Difference(msgspec.Struct):
    lead_id: str
    mmsi: int
    title: str
    probability: float
    probability_before: float | None
    why: str


class DryRunAnswer(msgspec.Struct):
    added: list[Difference]
    removed: list[Difference]
    changed: list[Difference]
    since_us: int
    until_us: int


def _rules(call: Call) -> Any:
    return call.service.rooms["rules"]


def _item(rule: Any) -> RuleItem:
    return msgspec.convert(rule, RuleItem, from_attributes=True)


def rules(call: Call) -> dict[str, Any]:
    return page(call, lambda: Listed([_item(r) for r in _rules(call).every(call.now_us)]))


def change(call: Call) -> RuleItem:
    body = call.body
    changed = _rules(call).change(
        call.path["rule_id"],
        body.values,
        expires_us=body.expires_us,
        reason=body.reason,
        by=call.who.account_id,
        now_us=call.now_us,
    )
    call.service.rules_changed()
    return _item(changed)


def renew(call: Call) -> RuleItem:
    changed = _rules(call).renew(
        call.path["rule_id"],
        expires_us=call.body.expires_us,
        reason=call.body.reason,
        by=call.who.account_id,
        now_us=call.now_us,
    )
    call.service.rules_changed()
    return _item(changed)


def dry_run(call: Call) -> DryRunAnswer:
    """One at a time: it runs the detectors over days of tracks. Leads that rest on what the
    caller may not see are left out."""
    if call.view.sources is not None:
        raise Problem(403, "a dry run needs every source to be seen", reason="denied")
    if not _TRYING.acquire(blocking=False):
        raise Problem(429, "another dry run is under way", reason="busy", help="wait for it")
    try:
        found = _rules(call).dry_run(call.body.changes, call.body.days, call.now_us)
    finally:
        _TRYING.release()
    return msgspec.convert(found, DryRunAnswer)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/rules",
        rules,
        RulePage,
        "Every rule with its fields.",
        query=PageQuery,
        refuses=(410,),
    ),
    Endpoint(
        "POST",
        "/rules/dry-run",
        dry_run,
        DryRunAnswer,
        "What changed rules would have said of the last days.",
        action="change_rules",
        body=DryRunBody,
        refuses=(404,),
        rate="heavy",
    ),
    Endpoint(
        "PUT",
        "/rules/{rule_id}",
        change,
        RuleItem,
        "Change a rule, until an end.",
        action="change_rules",
        body=RuleBody,
        refuses=(404,),
    ),
    Endpoint(
        "POST",
        "/rules/{rule_id}/renew",
        renew,
        RuleItem,
        "The last change again, to a later end.",
        action="change_rules",
        body=RenewBody,
        refuses=(404,),
    ),
)
