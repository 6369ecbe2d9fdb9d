"""What is written down: the ledger, the policies and what they decide, and labels."""

from __future__ import annotations

import json
from typing import Annotated, Any

import msgspec

from fairlead.app.api.endpoint import Answer, Call, Endpoint, Problem, Query, not_found
from fairlead.app.api.lists import Listed, PageQuery, Text, page
from fairlead.app.api.routes.leads import DecisionItem
from fairlead.app.api.routes.referrals import may_see_referral
from fairlead.review.decisions import agreement, labels
from fairlead.review.ledger.tree import leaf_hash
from fairlead.schema.errors import ConfigError
from fairlead.schema.ledger import LedgerKind
from fairlead.schema.tables import LEADS

ENTRIES_MOST = 1000
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]


class EntriesQuery(Query, frozen=True, forbid_unknown_fields=True):
    start: Count = 0
    end: Count | None = None


class EntryItem(msgspec.Struct):
    """`leaf_hash` proves the entry's place in the tree also where it is `withheld`: then `entry`
    has its time alone, because it tells of something that the caller may not see."""

    index: int
    entry: dict[str, Any]
    leaf_hash: str
    withheld: bool


class EntriesAnswer(msgspec.Struct):
    """At most 1,000 entries; `next` is where the following ones start."""

    total: int
    next: int | None
    items: list[EntryItem]


class PolicyItem(msgspec.Struct):
    policy_id: str
    file: str
    text: str
    effect: str


class PolicyAnswer(msgspec.Struct):
    total: int
    problem: str
    items: list[PolicyItem]


class ExplainQuery(Query, frozen=True, forbid_unknown_fields=True):
    action: Text
    resource: Text | None = None


class ExplainAnswer(msgspec.Struct):
    action: str
    allowed: bool
    policies: list[str]


class Label(msgspec.Struct):
    lead_id: str
    digest: str
    mmsi: int
    label: bool
    reviewer: str
    decided_us: int


class LabelPage(msgspec.Struct):
    total: int
    next: str | None
    items: list[Label]


class AgreementAnswer(msgspec.Struct):
    n_versions: int
    n_pairs: int
    agreed: float | None
    alpha: float | None
    disputed: list[dict[str, Any]]


class DecisionPage(msgspec.Struct):
    total: int
    next: str | None
    items: list[DecisionItem]


def _ledger(call: Call) -> Any:
    return call.service.rooms["ledger"]


def checkpoint(call: Call) -> Answer:
    return Answer(_ledger(call).checkpoint().encode(), 200, "text/plain; charset=utf-8")


def tile(call: Call) -> Answer:
    if call.path["path"].startswith("entries/") and not _sees_everything(call):
        raise Problem(403, "not allowed", reason="denied", help=_WHOLE)
    found = _ledger(call).resource(f"tile/{call.path['path']}")
    if found is None:
        raise not_found(what="tile")
    return Answer(found, 200, "application/octet-stream")


def entries(call: Call) -> EntriesAnswer:
    """Reading the ledger's entries is itself an entry."""
    total = _ledger(call).size()
    start = call.query.start
    end = min(total if call.query.end is None else call.query.end, start + ENTRIES_MOST, total)
    found = _ledger(call).entries(start, end) if end > start else []
    items = [_item(call, start + n, raw) for n, raw in enumerate(found)]
    body = {"what": "ledger entries", "start": str(start), "end": str(end)}
    who = call.who.account_id
    _ledger(call).append_now(LedgerKind.SENSITIVE_READ, call.now_us, who, body)
    return EntriesAnswer(total, end if end < total else None, items)


_WHOLE = "bundles of entries are for those who may see every source"


def _sees_everything(call: Call) -> bool:
    return call.view.sources is None


def _item(call: Call, index: int, raw: bytes) -> EntryItem:
    entry = json.loads(raw)
    withheld = not _may_read(call, entry["body"])
    if withheld:
        entry = {"actor": "", "body": {}, "kind": "withheld", "time_us": entry["time_us"], "v": 1}
    return EntryItem(index, entry, leaf_hash(raw).hex(), withheld)


def _may_read(call: Call, body: dict[str, Any]) -> bool:
    """Whether an entry is about nothing that the caller may not see."""
    if _sees_everything(call):
        return True
    if "lead_id" in body and body["lead_id"] not in call.view.row_of[LEADS.name]:
        return False
    return "referral_id" not in body or may_see_referral(call, body["referral_id"])


def proof(call: Call) -> dict[str, Any]:
    text = call.path["index"]
    if not text.isdecimal() or len(text) > 15:
        raise not_found(what="entry")
    try:
        found = _ledger(call).inclusion(int(text))
    except ConfigError as error:
        raise not_found(what="entry") from error
    if not _may_read(call, json.loads(found.entry)["body"]):
        raise not_found(what="entry")
    return found.as_dict()


def vkeys(call: Call) -> Answer:
    keys = "".join(f"{key}\n" for key in _ledger(call).vkeys())
    return Answer(keys.encode(), 200, "text/plain; charset=utf-8")


def policy(call: Call) -> PolicyAnswer:
    held = call.service.rooms["gate"].policy
    items = [PolicyItem(t.policy_id, t.file, t.text, str(t.effect)) for t in held.texts()]
    return PolicyAnswer(len(items), held.problem, items)


def explain(call: Call) -> ExplainAnswer:
    """What the policy says to the caller: of the system, or of a lead that they may see."""
    from fairlead.review.access.principal import ACTIONS

    action, resource = call.query.action, None
    if action not in ACTIONS:
        known = ", ".join(ACTIONS)
        raise Problem(400, "there is no such action", reason="query", help=f"known: {known}")
    if call.query.resource is not None:
        found = call.view.find(LEADS, call.query.resource)
        if found is None:
            raise not_found(what="lead")
        resource = {"markings": found["markings"], "kind": "lead"}
    allowed, policy_ids = call.service.entry.allowed(call.who, action, resource)
    return ExplainAnswer(action, allowed, policy_ids)


def _words(call: Call) -> list[Any]:
    """The words on leads that the caller may see."""
    seen = call.view.row_of[LEADS.name]
    return [w for w in call.service.decisions_made()[0] if w.lead_id in seen]


def decisions(call: Call) -> dict[str, Any]:
    def make() -> Listed:
        words = [msgspec.convert(w.as_dict(), DecisionItem) for w in reversed(_words(call))]
        return Listed(words)

    return page(call, make)


def every_label(call: Call) -> dict[str, Any]:
    found = [msgspec.convert(label, Label) for label in labels(_words(call))]
    return page(call, lambda: Listed(found))


def how_agreed(call: Call) -> AgreementAnswer:
    return msgspec.convert(agreement(_words(call)), AgreementAnswer)


_PLAIN = ("text/plain",)
ENDPOINTS = (
    Endpoint(
        "GET",
        "/ledger/checkpoint",
        checkpoint,
        None,
        "The signed checkpoint (C2SP).",
        action="read_ledger",
        formats=_PLAIN,
    ),
    Endpoint(
        "GET",
        "/ledger/vkeys",
        vkeys,
        None,
        "The public keys that sign checkpoints.",
        action="read_ledger",
        formats=_PLAIN,
    ),
    Endpoint(
        "GET",
        "/ledger/tile/{path:path}",
        tile,
        None,
        "A tile (C2SP tlog-tiles).",
        action="read_ledger",
        formats=("application/octet-stream",),
        refuses=(404,),
    ),
    Endpoint(
        "GET",
        "/ledger/entries",
        entries,
        EntriesAnswer,
        "Entries of the ledger.",
        action="read_ledger",
        query=EntriesQuery,
    ),
    Endpoint(
        "GET",
        "/ledger/proof/{index}",
        proof,
        dict[str, Any],
        "Proof that an entry is in it.",
        action="read_ledger",
        refuses=(404,),
    ),
    Endpoint("GET", "/policy", policy, PolicyAnswer, "The policies, as they are written."),
    Endpoint(
        "GET",
        "/policy/explain",
        explain,
        ExplainAnswer,
        "Which policy decides for the caller.",
        query=ExplainQuery,
        refuses=(404,),
    ),
    Endpoint(
        "GET",
        "/decisions",
        decisions,
        DecisionPage,
        "What people said, the newest first.",
        query=PageQuery,
        refuses=(410,),
    ),
    Endpoint(
        "GET",
        "/labels",
        every_label,
        LabelPage,
        "Verdicts as labels, with who and when.",
        query=PageQuery,
        refuses=(410,),
    ),
    Endpoint(
        "GET",
        "/labels/agreement",
        how_agreed,
        AgreementAnswer,
        "How far reviewers agree.",
    ),
)
