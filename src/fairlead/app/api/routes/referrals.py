"""Referrals: written, frozen, signed, sent once; recipients; the stop switch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from fairlead.app.api.endpoint import Answer, Call, Endpoint, Problem, Query, not_found
from fairlead.app.api.lists import Listed, PageQuery, Text, page
from fairlead.app.api.outside import Outgoing, material_of
from fairlead.app.api.routes.leads import chain_of, row_as_stored
from fairlead.leads.queue import factors_of
from fairlead.referrals.acts import Record, referral_ids
from fairlead.referrals.dossier import FORMATS
from fairlead.referrals.envelope import Envelope, draft_envelope, seal_record
from fairlead.referrals.recipients import Recipient, as_dict
from fairlead.referrals.stop import PURPOSE
from fairlead.review.access.policy import referral as as_resource
from fairlead.schema.errors import RefusedError
from fairlead.schema.ledger import LedgerKind
from fairlead.schema.referrals import ReferralKind, StepUp
from fairlead.schema.tables import EVENTS, LEADS, LINKS

Kind = Literal["inspection", "search_and_rescue", "sanctions_alert", "information"]
Long = Annotated[str, msgspec.Meta(max_length=4000)]
Purpose = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=512)]
MEDIA = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "geojson": "application/geo+json",
}


class ReferralItem(msgspec.Struct):
    """A referral and how it stands. `approved_by` are account ids; `not_counting` says of others
    why their yes does not count."""

    referral_id: str
    kind: str
    state: str
    lead_id: str
    lead_digest: str
    recipient_id: str
    author: str
    note: str
    digest: str | None
    created_us: int
    frozen_us: int | None
    ended_us: int | None
    approved_by: list[str]
    not_counting: dict[str, str]
    needed: int
    roles: list[str]
    ready: bool
    markings: list[str]
    answer: dict[str, Any]


class ReferralAnswer(msgspec.Struct):
    """`content` is exactly what leaves, null while it is a draft."""

    referral: ReferralItem
    content: dict[str, Any] | None


class ReferralPage(msgspec.Struct):
    total: int
    next: str | None
    items: list[ReferralItem]


class NewReferral(msgspec.Struct, forbid_unknown_fields=True):
    lead_id: Word
    digest: Word
    kind: Kind
    recipient_id: Word
    note: Long = ""


class Frozen(msgspec.Struct):
    digest: str
    content: dict[str, Any]


class PurposeBody(msgspec.Struct, forbid_unknown_fields=True):
    purpose: Purpose


class ApprovalBody(msgspec.Struct, forbid_unknown_fields=True):
    purpose: Purpose
    credential: dict[str, Any] | None = None
    password: Word | None = None
    code: Annotated[str, msgspec.Meta(min_length=6, max_length=8)] | None = None


class ReasonBody(msgspec.Struct, forbid_unknown_fields=True):
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class ReleaseBody(msgspec.Struct, forbid_unknown_fields=True):
    credential: dict[str, Any] | None = None
    password: Word | None = None
    code: Annotated[str, msgspec.Meta(min_length=6, max_length=8)] | None = None


class Sent(msgspec.Struct):
    referral: ReferralItem
    answer: dict[str, Any]


class DossierQuery(Query, frozen=True, forbid_unknown_fields=True):
    format: Literal["json", "html", "pdf", "geojson"] = "html"


class StopAnswer(msgspec.Struct):
    pulled: bool
    since_us: int | None
    by: str | None
    reason: str
    releases: list[str]
    needed: int


class RecipientItem(msgspec.Struct, forbid_unknown_fields=True):
    recipient_id: Annotated[str, msgspec.Meta(max_length=40)]
    name: Annotated[str, msgspec.Meta(max_length=200)]
    kinds: list[Kind]
    holds: Annotated[list[Text], msgspec.Meta(max_length=64)]
    channel: Literal["folder", "webhook", "smtp", "cot"]
    address: dict[str, str | int]
    per_day: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    is_active: bool = True


class RecipientPage(msgspec.Struct):
    total: int
    next: str | None
    items: list[RecipientItem]
    webhook_key: str


class RecipientBody(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    kinds: list[Kind]
    channel: Literal["folder", "webhook", "smtp", "cot"]
    address: dict[str, str | int]
    holds: Annotated[list[Text], msgspec.Meta(max_length=64)] = []
    per_day: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 20
    is_active: bool = True


def _outgoing(call: Call) -> Outgoing:
    return call.service.rooms["outgoing"]


def _may(call: Call, action: str, record: Record) -> bool:
    resource = as_resource(
        record.referral_id,
        author=record.author,
        kind=record.kind.value,
        markings=record.markings,
    )
    return call.service.rooms["gate"].policy.allowed(call.who, action, resource).allowed


def may_see_referral(call: Call, referral_id: str) -> bool:
    """Whether the caller may see a referral; no to one that is not there or cannot be trusted."""
    try:
        return _may(call, "see", _outgoing(call).door.record(referral_id))
    except RefusedError:
        return False


def _record(call: Call, action: str = "see") -> Record:
    """The referral of the path, when the caller may see it and do this to it."""
    try:
        record = _outgoing(call).door.record(call.path["referral_id"])
    except RefusedError as refusal:
        if refusal.reason == "no_referral":
            raise not_found(what="referral") from None
        raise
    if not _may(call, "see", record):
        raise not_found(what="referral")
    if not _may(call, action, record):
        call.service.refused(call.who, action, call.now_us)
        help = f"the policy asks more for `{action}` of this referral"
        raise Problem(403, "not allowed", reason="denied", help=help)
    return record


def _item(call: Call, record: Record) -> ReferralItem:
    standing = _outgoing(call).door.standing(record.referral_id, call.now_us)
    return ReferralItem(
        referral_id=record.referral_id,
        kind=record.kind.value,
        state=record.state,
        lead_id=record.lead_id,
        lead_digest=record.lead_digest,
        recipient_id=record.recipient_id,
        author=record.author,
        note=record.note,
        digest=record.digest,
        created_us=record.created_us,
        frozen_us=record.frozen_us,
        ended_us=record.ended_us,
        approved_by=standing["approved_by"],
        not_counting=standing["not_counting"],
        needed=standing["needed"],
        roles=standing["roles"],
        ready=standing["ready"],
        markings=list(record.markings),
        answer=dict(record.ended_body),
    )


def _current(call: Call, referral_id: str) -> ReferralItem:
    return _item(call, _outgoing(call).door.record(referral_id))


def referrals(call: Call) -> dict[str, Any]:
    def make() -> Listed:
        door = _outgoing(call).door
        records = [door.record(i) for i in referral_ids(call.service.rooms["store"])]
        return Listed([_item(call, r) for r in records if _may(call, "see", r)])

    return page(call, make)


def draft(call: Call) -> ReferralItem:
    body: NewReferral = call.body
    row = call.view.find(LEADS, body.lead_id)
    if row is None:
        raise not_found(what="lead")
    call.demand("author_referral", {"markings": row["markings"], "kind": "lead"})
    if body.digest != row["digest"]:
        raise Problem(
            409,
            f"{body.lead_id} has changed since it was shown",
            reason="changed",
            help="look at what changed and decide again",
            digest=row["digest"],
        )
    referral_id = _outgoing(call).door.draft(
        row_as_stored(row),
        call.service.rooms["decisions"].of(body.lead_id, whole=True),
        kind=ReferralKind(body.kind),
        recipient_id=body.recipient_id,
        author=call.who.account_id,
        note=body.note,
        now_us=call.now_us,
        markings=row["markings"],
    )
    return _current(call, referral_id)


def one(call: Call) -> ReferralAnswer:
    record = _record(call)
    content = _outgoing(call).door.content(record.referral_id)
    return ReferralAnswer(_item(call, record), None if content is None else dict(content))


def freeze(call: Call) -> Frozen:
    record = _record(call)
    row = call.view.find(LEADS, record.lead_id)
    if row is None:
        raise not_found(what="lead")
    ids = [i for f in factors_of(row) for i in f.evidence]
    vessels = {row["mmsi"]}
    for table, name in ((EVENTS, "events"), (LINKS, "links")):
        for found in (call.view.find(table, i) for i in row[name]):
            if found is not None:
                ids += found["evidence"]
                vessels |= {found["mmsi"], found.get("other_mmsi")} - {None}
    chain = chain_of(call, list(dict.fromkeys(ids)), vessels)
    seen = [msgspec.structs.asdict(o) for o in chain.observations]
    door = _outgoing(call).door
    digest = door.freeze(
        record.referral_id,
        material_of(call, row, seen),
        actor=call.who.account_id,
        now_us=call.now_us,
    )
    return Frozen(digest, dict(door.content(record.referral_id) or {}))


def approval_options(call: Call) -> dict[str, Any]:
    record = _record(call, "approve_referral")
    if record.digest is None:
        raise Problem(409, "it is still a draft", reason="not_frozen", help="freeze it first")
    return call.service.rooms["gate"].approvals.options(
        call.who, digest=record.digest, purpose=call.body.purpose, now_us=call.now_us
    )


def _step_up(call: Call, digest: str, purpose: str) -> StepUp:
    """The yes that this request brings: a passkey's, or a password's with its code."""
    approvals, body = call.service.rooms["gate"].approvals, call.body
    if body.credential is not None:
        return approvals.verify(
            call.who,
            digest=digest,
            purpose=purpose,
            credential=body.credential,
            now_us=call.now_us,
        )
    if body.password is None or body.code is None:
        help = "send `credential`, or `password` and `code`"
        raise Problem(400, "nothing here says yes", reason="body", help=help)
    return approvals.with_password(
        call.who,
        digest=digest,
        purpose=purpose,
        password=body.password,
        code=body.code,
        address=call.peer,
        now_us=call.now_us,
    )


def approve(call: Call) -> ReferralItem:
    record = _record(call, "approve_referral")
    if record.digest is None:
        raise Problem(409, "it is still a draft", reason="not_frozen", help="freeze it first")
    step_up = _step_up(call, record.digest, call.body.purpose)
    _outgoing(call).door.approve(record.referral_id, step_up, now_us=call.now_us)
    return _current(call, record.referral_id)


def send(call: Call) -> Sent:
    record = _record(call, "send_referral")
    out = _outgoing(call)
    answer = out.door.send(
        record.referral_id, out.outside.deliver, actor=call.who.account_id, now_us=call.now_us
    )
    return Sent(_current(call, record.referral_id), dict(answer))


def withdraw(call: Call) -> ReferralItem:
    record = _record(call)
    _outgoing(call).door.withdraw(
        record.referral_id, actor=call.who.account_id, reason=call.body.reason, now_us=call.now_us
    )
    return _current(call, record.referral_id)


def drawn(call: Call) -> Answer:
    record = _record(call, "export")
    envelope = _envelope(call, record)
    format = call.query.format
    body = {"referral_id": record.referral_id, "digest": envelope.digest, "format": format}
    ledger = call.service.rooms["ledger"]
    ledger.append_now(LedgerKind.EXPORT, call.now_us, call.who.account_id, body)
    name = f"{record.referral_id}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Answer(FORMATS[format](envelope), 200, MEDIA[format], headers)


def _envelope(call: Call, record: Record) -> Envelope:
    door = _outgoing(call).door
    content = door.stored_content(record.referral_id)
    if content is None:
        raise Problem(409, "it is still a draft", reason="not_frozen", help="freeze it first")
    if not record.approvals:
        return draft_envelope(content)
    return seal_record(record, content, call.service.rooms["ledger"])


def recipients(call: Call) -> dict[str, Any]:
    out = _outgoing(call)
    every = [RecipientItem(**as_dict(r)) for r in out.recipients.every()]
    return page(call, lambda: Listed(every), webhook_key=out.vkey)


def put_recipient(call: Call) -> RecipientItem:
    body: RecipientBody = call.body
    given = Recipient(
        recipient_id=call.path["recipient_id"],
        name=body.name,
        kinds=frozenset(ReferralKind(k) for k in body.kinds),
        holds=frozenset(body.holds),
        channel=body.channel,
        address=body.address,
        per_day=body.per_day,
        is_active=body.is_active,
    )
    _outgoing(call).recipients.put(given, actor=call.who.account_id, now_us=call.now_us)
    return RecipientItem(**as_dict(given))


def _stop(call: Call) -> StopAnswer:
    state = _outgoing(call).stop.state(call.now_us)
    return StopAnswer(state.pulled, state.since_us, state.by, state.reason, list(state.releases), 2)


def pull(call: Call) -> StopAnswer:
    _outgoing(call).stop.pull(
        actor=call.who.account_id, reason=call.body.reason, now_us=call.now_us
    )
    return _stop(call)


def _stop_digest(call: Call) -> str:
    digest = _outgoing(call).stop.state(call.now_us).digest
    if digest is None:
        help = "show presence, or look at what `fairlead verify` says"
        raise Problem(409, "nothing here can be released", reason="not_pulled", help=help)
    return digest


def release_options(call: Call) -> dict[str, Any]:
    return call.service.rooms["gate"].approvals.options(
        call.who, digest=_stop_digest(call), purpose=PURPOSE, now_us=call.now_us
    )


def release(call: Call) -> StopAnswer:
    step_up = _step_up(call, _stop_digest(call), PURPOSE)
    _outgoing(call).stop.release(step_up, now_us=call.now_us)
    return _stop(call)


def presence(call: Call) -> StopAnswer:
    _outgoing(call).stop.show_presence(actor=call.who.account_id, now_us=call.now_us)
    return _stop(call)


ENDPOINTS = (
    Endpoint(
        "GET",
        "/referrals",
        referrals,
        ReferralPage,
        "Referrals that the caller may see, the newest first.",
        query=PageQuery,
        refuses=(410,),
    ),
    Endpoint(
        "POST",
        "/referrals",
        draft,
        ReferralItem,
        "Begin a referral of a lead that was approved as it stands.",
        action="author_referral",
        body=NewReferral,
        status=201,
        refuses=(404, 409),
    ),
    Endpoint(
        "GET",
        "/referrals/{referral_id}",
        one,
        ReferralAnswer,
        "A referral, and exactly what leaves.",
        refuses=(404,),
    ),
    Endpoint(
        "POST",
        "/referrals/{referral_id}/freeze",
        freeze,
        Frozen,
        "Fix what will leave, redacted for the recipient.",
        action="author_referral",
        refuses=(404, 409),
        rate="heavy",
    ),
    Endpoint(
        "POST",
        "/referrals/{referral_id}/approvals/options",
        approval_options,
        dict[str, Any],
        "What a passkey is asked to sign: bound to the digest and the purpose.",
        body=PurposeBody,
        refuses=(404, 409),
    ),
    Endpoint(
        "POST",
        "/referrals/{referral_id}/approvals",
        approve,
        ReferralItem,
        "A reviewer's signed yes to the frozen content.",
        body=ApprovalBody,
        status=201,
        refuses=(404, 409),
    ),
    Endpoint(
        "POST",
        "/referrals/{referral_id}/send",
        send,
        Sent,
        "Let it leave, once, when nothing holds it back.",
        refuses=(404, 409),
    ),
    Endpoint(
        "POST",
        "/referrals/{referral_id}/withdraw",
        withdraw,
        ReferralItem,
        "End a referral that has not left.",
        body=ReasonBody,
        refuses=(404, 409),
    ),
    Endpoint(
        "GET",
        "/referrals/{referral_id}/dossier",
        drawn,
        bytes,
        "The dossier as a file; kept in the ledger as an export.",
        query=DossierQuery,
        formats=tuple(MEDIA.values()),
        refuses=(404, 409),
        rate="heavy",
    ),
    Endpoint(
        "GET",
        "/recipients",
        recipients,
        RecipientPage,
        "Desks that referrals may go to, and the key that webhooks are signed with.",
        query=PageQuery,
        refuses=(410,),
    ),
    Endpoint(
        "PUT",
        "/recipients/{recipient_id}",
        put_recipient,
        RecipientItem,
        "Add or change a recipient.",
        action="change_policy",
        body=RecipientBody,
    ),
    Endpoint("GET", "/stop", _stop, StopAnswer, "Whether the stop switch is pulled."),
    Endpoint(
        "POST",
        "/stop",
        pull,
        StopAnswer,
        "Pull the stop switch: nothing leaves until two reviewers release it.",
        action="pull_stop",
        body=ReasonBody,
    ),
    Endpoint(
        "POST",
        "/stop/release/options",
        release_options,
        dict[str, Any],
        "What a passkey is asked to sign to release the stop switch.",
        action="release_stop",
        refuses=(409,),
    ),
    Endpoint(
        "POST",
        "/stop/release",
        release,
        StopAnswer,
        "One of the two yeses that release the stop switch.",
        action="release_stop",
        body=ReleaseBody,
        refuses=(409,),
    ),
    Endpoint(
        "POST",
        "/presence",
        presence,
        StopAnswer,
        "A reviewer is at the watch: winds the dead-man time up again.",
        action="pull_stop",
    ),
)
