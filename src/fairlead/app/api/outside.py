"""The door out over a workspace's rooms, and the material of a referral as its author sees it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fairlead.app.api.endpoint import Call
from fairlead.app.config import secret_named
from fairlead.referrals.channels import Outside
from fairlead.referrals.content import Material, Part
from fairlead.referrals.door import Door
from fairlead.referrals.recipients import Recipients
from fairlead.referrals.rules import Rules, default_rules, read_rules
from fairlead.referrals.stop import StopSwitch
from fairlead.review.access.markings import sees, union
from fairlead.review.evidence import Piece
from fairlead.schema.ledger import Ledger
from fairlead.schema.referrals import Reviewers
from fairlead.schema.store import Store
from fairlead.schema.tables import EVENTS, IDENTITIES, LINKS

KEY_FILE = "outside-key"
OUTBOX = "outbox"
VESSEL = ("name", "callsign", "imo", "flag")


@dataclass(frozen=True, slots=True)
class Outgoing:
    """The parts of the door, put together once."""

    door: Door
    recipients: Recipients
    stop: StopSwitch
    outside: Outside
    rules: Rules
    vkey: str


def open_outgoing(
    store: Store,
    ledger: Ledger,
    reviewers: Reviewers,
    folder: Path,
    now_us: Callable[[], int],
    dead_man_us: int | None = None,
) -> Outgoing:
    """The door of a workspace. Raises ConfigError for a `kinds.toml` that is unsafe, OSError where
    its key cannot be made or read."""
    recipients = Recipients(store, ledger)
    stop = StopSwitch(store, ledger, reviewers, dead_man_us)
    rules = _rules(folder)
    door = Door(store, ledger, reviewers, recipients, stop, rules, sees)
    key = _key(folder)
    outside = Outside(ledger, folder / OUTBOX, key.sign, secret_named, now_us)
    return Outgoing(
        door, recipients, stop, outside, rules, key.public_key().public_bytes_raw().hex()
    )


def _rules(folder: Path) -> Rules:
    """Those of `kinds.toml` in the workspace, else those that are shipped."""
    path = folder / "kinds.toml"
    return read_rules(path.read_text("utf-8"), str(path)) if path.exists() else default_rules()


def _key(folder: Path) -> Ed25519PrivateKey:
    """What webhooks are signed with, made at first use, for its owner's eyes only."""
    path = folder / KEY_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return Ed25519PrivateKey.from_private_bytes(path.read_bytes())
    key = Ed25519PrivateKey.generate()
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes_raw())
        file.flush()
        os.fsync(file.fileno())
    return key


def material_of(
    call: Call, row: Mapping[str, Any], observations: Sequence[Mapping[str, Any]]
) -> Material:
    """Everything under a lead that its author may see, each part with its own markings.

    `row` is the lead as stored with its `markings`; `observations` have source and raw text.
    """
    view, service = call.view, call.service
    of_source = {o["source"]: service.rules.of(o["source"]) for o in observations}
    events = [e for e in (view.find(EVENTS, i) for i in row["events"]) if e is not None]
    links = [x for x in (view.find(LINKS, i) for i in row["links"]) if x is not None]
    marks_of = {e["event_id"]: e["markings"] for e in events}
    marks_of |= {x["link_id"]: x["markings"] for x in links}
    seen = {str(o["observation_id"]): of_source[o["source"]] for o in observations}
    return Material(
        lead={k: v for k, v in row.items() if k != "markings"},
        vessel=Part({"mmsi": int(row["mmsi"])}, ()),
        names=_names(call, int(row["mmsi"])),
        grounds=tuple(_ground(f, row, marks_of, seen) for f in _factors(row)),
        events=tuple(Part(_texts(e), tuple(e["markings"])) for e in events),
        links=tuple(Part(_texts(x), tuple(x["markings"])) for x in links),
        observations=tuple(_observation(o, of_source[o["source"]]) for o in observations),
        evidence=_evidence(call, row["lead_id"]),
    )


def _factors(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    from fairlead.leads.queue import factors_of

    return [f.as_dict() for f in factors_of(row) if f.name not in ("prior", "cap")]


def _ground(
    factor: Mapping[str, Any],
    row: Mapping[str, Any],
    marks_of: Mapping[str, Sequence[str]],
    seen: Mapping[str, Sequence[str]],
) -> Part:
    """A ground carries what its event, link and observations carry; of one whose grounds cannot
    all be told, everything that the lead carries."""
    evidence = [str(i) for i in factor["evidence"]]
    known = factor["of"] in marks_of and all(i in seen for i in evidence)
    marks = union(marks_of.get(factor["of"], ()), *(seen.get(i, ()) for i in evidence))
    body = {**factor, "evidence": evidence}
    body["innocent"] = factor["log_odds"] < 0
    return Part(body, marks if known else tuple(row["markings"]))


def _observation(row: Mapping[str, Any], marks: Sequence[str]) -> Part:
    raw = row.get("raw")
    sealed = None if raw is None else hashlib.sha256(raw.encode("utf-8", "replace")).hexdigest()
    return Part({**row, "raw_sha256": sealed}, tuple(marks))


def _texts(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "evidence": [str(i) for i in row["evidence"]]}


def _names(call: Call, mmsi: int) -> tuple[Part, ...]:
    """What the vessel said of itself, the newest last, each with the markings of who heard it."""
    rows = call.view.table(IDENTITIES)
    mine = rows.filter(pc.equal(rows["mmsi"], mmsi)).sort_by("last_seen_us").to_pylist()
    return tuple(
        Part({found["field"]: found["value"]}, call.service.rules.of(found["source"]))
        for found in mine
        if found["field"] in VESSEL
    )


def _evidence(call: Call, lead_id: str) -> tuple[Part, ...]:
    """Photographs and reports under the lead that the author may see, as claims: no picture."""
    parts = []
    for piece in call.service.rooms["evidence"].of(lead_id):
        asked = {"markings": piece.markings, "kind": "evidence"}
        if call.service.entry.allowed(call.who, "see", asked)[0]:
            parts.append(Part(_piece(piece), piece.markings))
    return tuple(parts)


def _piece(piece: Piece) -> dict[str, Any]:
    times = [c["time_us"] for c in piece.claims if c.get("time_us") is not None]
    places = [c for c in piece.claims if c.get("lat_deg") is not None]
    place = places[0] if places else {"lat_deg": None, "lon_deg": None}
    return {
        "evidence_id": piece.evidence_id,
        "kind": piece.kind,
        "detail": piece.detail,
        "time_us": times[0] if times else None,
        "lat_deg": place["lat_deg"],
        "lon_deg": place["lon_deg"],
        "sha256": piece.sha256,
    }
