"""Photographs and reports under a lead: taken in, made safe, shown, found again."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from fairlead.app.api.endpoint import Answer, Call, Endpoint, Problem, Query, not_found
from fairlead.app.api.routes.leads import row_of
from fairlead.review.evidence import Piece
from fairlead.schema.errors import ConfigError, RefusedError, SourceError

IMAGE_MOST = 20 << 20
IMAGES = ("image/jpeg", "image/png", "image/webp", "image/tiff")
BOX = re.compile(r"\d{1,5},\d{1,5},\d{1,5},\d{1,5}")


class ClaimItem(msgspec.Struct):
    kind: str
    value: str
    said: str
    basis: str
    time_us: int | None
    lat_deg: float | None
    lon_deg: float | None


class Alike(msgspec.Struct):
    evidence_id: str
    lead_id: str
    differing_bits: int


class EvidenceItem(msgspec.Struct):
    evidence_id: str
    lead_id: str
    kind: str
    sha256: str
    original_sha256: str
    detail: str
    claims: list[ClaimItem]
    markings: list[str]
    added_by: str
    added_us: int
    has_picture: bool
    alike: list[Alike]


class EvidenceList(msgspec.Struct):
    total: int
    items: list[EvidenceItem]


class EvidenceQuery(Query, frozen=True, forbid_unknown_fields=True):
    """`detail` are the words of whoever adds it; `blur` are more boxes to make unrecognisable, as
    LEFT,TOP,WIDTH,HEIGHT;... in pixels of the picture as it is kept."""

    detail: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    blur: Annotated[str, msgspec.Meta(max_length=2000)] = ""
    year: Annotated[int, msgspec.Meta(ge=1970, le=2100)] | None = None


def listed(call: Call) -> EvidenceList:
    row = row_of(call)
    pieces = [p for p in _evidence(call).of(row["lead_id"]) if _may_see(call, p)]
    return EvidenceList(len(pieces), [_item(call, p) for p in pieces])


def add(call: Call) -> EvidenceItem:
    """The body is the file itself: an image, or text/plain."""
    row = row_of(call)
    call.demand("upload_evidence", {"markings": row["markings"], "kind": "lead"})
    media_type = call.headers.get("content-type", "").split(";")[0].strip().lower()
    try:
        if media_type in IMAGES:
            piece = _add_photograph(call, row)
        elif media_type == "text/plain":
            piece = _add_report(call, row)
        else:
            help = f"send one of {', '.join(IMAGES)} or text/plain"
            raise Problem(415, "this is neither a picture nor text", reason="media_type", help=help)
    except SourceError as error:
        raise Problem(400, error.message, reason="body", help=error.help) from error
    except ConfigError as error:
        raise Problem(501, error.message, reason="not_installed", help=error.help) from error
    except RefusedError as error:
        raise Problem(409, error.message, reason=error.reason, help=error.help) from error
    return _item(call, piece)


def _add_photograph(call: Call, row: dict[str, Any]) -> Piece:
    from fairlead.observations.evidence.photograph import take_in

    taken = take_in(call.body, _boxes(call.query.blur))
    return _evidence(call).add(
        lead_id=row["lead_id"],
        kind="photograph",
        sha256=taken.sha256,
        original_sha256=taken.original_sha256,
        detail=call.query.detail.strip(),
        claims=[c.as_dict() for c in taken.claims],
        markings=row["markings"],
        actor=call.who.account_id,
        now_us=call.now_us,
        likeness=taken.likeness,
        content=taken.jpeg,
        media_type="image/jpeg",
    )


def _boxes(text: str) -> list[tuple[int, int, int, int]]:
    boxes = []
    for part in filter(None, text.split(";")):
        if not BOX.fullmatch(part):
            help = "write LEFT,TOP,WIDTH,HEIGHT;..."
            raise Problem(400, "that is not a box to blur", reason="query", help=help)
        left, top, width, height = (int(n) for n in part.split(","))
        boxes.append((left, top, width, height))
    return boxes


def _add_report(call: Call, row: dict[str, Any]) -> Piece:
    from fairlead.observations.evidence.report import read_report

    try:
        text = call.body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(400, f"the text is not UTF-8: {error.reason}", reason="body") from error
    report = read_report(text, call.query.year)
    return _evidence(call).add(
        lead_id=row["lead_id"],
        kind="report",
        sha256=report.sha256,
        original_sha256=report.sha256,
        detail=call.query.detail.strip(),
        claims=[c.as_dict() for c in report.claims],
        markings=row["markings"],
        actor=call.who.account_id,
        now_us=call.now_us,
    )


def picture(call: Call) -> Answer:
    piece = _evidence(call).get(call.path["evidence_id"])
    if piece is None or not _may_see(call, piece):
        raise not_found(what="piece of evidence")
    held = _evidence(call).content(piece.sha256)
    if held is None:
        raise not_found(what="picture")
    media_type, content = held
    return Answer(content, 200, media_type, {"Content-Disposition": "inline"})


def _evidence(call: Call) -> Any:
    return call.service.rooms["evidence"]


def _may_see(call: Call, piece: Piece) -> bool:
    asked = {"markings": piece.markings, "kind": "evidence"}
    return call.service.entry.allowed(call.who, "see", asked)[0]


def _item(call: Call, piece: Piece) -> EvidenceItem:
    alike = [
        Alike(other.evidence_id, other.lead_id, bits)
        for other, bits in _evidence(call).alike(piece)
        if _may_see(call, other)
    ]
    return EvidenceItem(
        evidence_id=piece.evidence_id,
        lead_id=piece.lead_id,
        kind=piece.kind,
        sha256=piece.sha256,
        original_sha256=piece.original_sha256,
        detail=piece.detail,
        claims=[msgspec.convert(dict(c), ClaimItem) for c in piece.claims],
        markings=list(piece.markings),
        added_by=piece.added_by,
        added_us=piece.added_us,
        has_picture=piece.kind == "photograph",
        alike=alike,
    )


ENDPOINTS = (
    Endpoint(
        "GET",
        "/leads/{lead_id}/evidence-files",
        listed,
        EvidenceList,
        "Photographs and reports under a lead, and where the same picture was seen before.",
        refuses=(404,),
    ),
    Endpoint(
        "POST",
        "/leads/{lead_id}/evidence-files",
        add,
        EvidenceItem,
        "Add a photograph or a report; faces are blurred and the original is not kept.",
        action="upload_evidence",
        query=EvidenceQuery,
        body=bytes,
        body_most=IMAGE_MOST,
        status=201,
        refuses=(404, 409, 415, 501),
        rate="heavy",
    ),
    Endpoint(
        "GET",
        "/evidence-files/{evidence_id}/picture",
        picture,
        bytes,
        "What was kept of a photograph.",
        formats=("image/jpeg",),
        refuses=(404,),
    ),
)
