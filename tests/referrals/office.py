"""A real office in a folder: store, ledger, people with keys, recipients, switch and door."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fairlead.engines.control import SqliteStore
from fairlead.referrals.content import Material, Part
from fairlead.referrals.door import Door
from fairlead.referrals.recipients import Recipient, Recipients
from fairlead.referrals.rules import default_rules
from fairlead.referrals.stop import StopSwitch
from fairlead.review.decisions import Decisions
from fairlead.review.ledger import StoredLedger
from fairlead.schema.decisions import Verdict
from fairlead.schema.errors import RefusedError
from fairlead.schema.ids import canonical_json
from fairlead.schema.referrals import ReferralKind, Standing, StepUp

T0 = 1_600_000_000_000_000
MINUTE, HOUR, DAY = 60_000_000, 3_600_000_000, 86_400_000_000


@dataclass
class People:
    """Accounts with an Ed25519 key each, in memory: `Reviewers` without a browser."""

    keys: dict[str, Ed25519PrivateKey] = field(default_factory=dict)
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)

    def add(self, account_id: str, *roles: str) -> str:
        self.keys[account_id] = Ed25519PrivateKey.generate()
        self.roles[account_id] = frozenset(roles)
        return account_id

    def says_yes(self, account_id, digest, now_us, purpose="to be looked at", key_of=None):
        key = self.keys[key_of or account_id]
        step_up = StepUp(
            account_id=account_id,
            digest=digest,
            purpose=purpose,
            method="passkey",
            key=key.public_key().public_bytes_raw().hex(),
            made_us=now_us,
            expires_us=now_us + 12 * HOUR,
            signed={},
        )
        return replace(step_up, signed={"signature": key.sign(_signed(step_up)).hex()})

    def standing(self, account_id: str, now_us: int) -> Standing:
        known = account_id in self.roles and account_id not in self.revoked
        return Standing(account_id, self.roles[account_id] if known else frozenset(), known)

    def check(self, step_up: StepUp) -> None:
        key = self.keys[step_up.account_id].public_key()
        try:
            key.verify(bytes.fromhex(step_up.signed["signature"]), _signed(step_up))
        except (InvalidSignature, KeyError, ValueError) as error:
            message = "the signature is not this account's"
            raise RefusedError(message, reason="forged") from error


def _signed(step_up: StepUp) -> bytes:
    return canonical_json(
        [step_up.account_id, step_up.digest, step_up.purpose, step_up.made_us, step_up.expires_us]
    ).encode()


def holds(held: frozenset[str], wanted) -> bool:
    return set(wanted) <= held


class Office:
    """Everything between an approved lead and the outside, over one folder."""

    def __init__(self, folder: Path, dead_man_us: int | None = None) -> None:
        self.folder = folder
        self.store = SqliteStore(folder)
        self.ledger = StoredLedger(self.store, folder / "ledger")
        self.people = People()
        self.author = self.people.add("acct-author", "analyst")
        self.ann = self.people.add("acct-ann", "reviewer")
        self.bob = self.people.add("acct-bob", "reviewer")
        self.recipients = Recipients(self.store, self.ledger)
        self.stop = StopSwitch(self.store, self.ledger, self.people, dead_man_us)
        self.decisions = Decisions(self.store, self.ledger)
        self.door = Door(
            self.store,
            self.ledger,
            self.people,
            self.recipients,
            self.stop,
            default_rules(),
            holds,
        )
        self.recipients.put(COASTGUARD, actor="acct-admin", now_us=T0)
        self.left: list = []

    def close(self) -> None:
        self.store.close()

    def approve_lead(self, row=None, now_us=T0):
        row = row or lead()
        self.decisions.show(row, inputs={"leads": "1"}, actor=self.author, now_us=now_us)
        self.decisions.decide(
            row,
            digest=row["digest"],
            verdict=Verdict.APPROVE,
            reviewer=self.author,
            reason="two ships met at night",
            now_us=now_us,
        )
        return row

    def draft(self, kind=ReferralKind.INSPECTION, row=None, now_us=T0, author=None):
        row = self.approve_lead(row, now_us)
        return self.door.draft(
            row,
            self.decisions.of(row["lead_id"]),
            kind=kind,
            recipient_id=COASTGUARD.recipient_id,
            author=author or self.author,
            note="please look at her on arrival",
            now_us=now_us,
        )

    def frozen(self, kind=ReferralKind.INSPECTION, now_us=T0, given=None):
        referral_id = self.draft(kind, now_us=now_us)
        digest = self.door.freeze(
            referral_id, given or material(), actor=self.author, now_us=now_us
        )
        return referral_id, digest

    def signed(self, kind=ReferralKind.INSPECTION, now_us=T0):
        referral_id, digest = self.frozen(kind, now_us)
        for person in (self.ann, self.bob):
            yes = self.people.says_yes(person, digest, now_us + MINUTE)
            self.door.approve(referral_id, yes, now_us=now_us + MINUTE)
        return referral_id

    def send(self, referral_id, now_us=T0 + 2 * MINUTE, actor=None):
        def deliver(cleared):
            self.left.append(cleared)
            return {"n_bytes": len(cleared.content)}

        return self.door.send(referral_id, deliver, actor=actor or self.author, now_us=now_us)

    def refusals(self):
        import json

        entries = [json.loads(e) for e in self.ledger.entries(0, self.ledger.size())]
        return [e["body"]["reason"] for e in entries if "refused" in e["kind"]]


COASTGUARD = Recipient(
    recipient_id="coastguard",
    name="Coast guard, north",
    kinds=frozenset(ReferralKind),
    holds=frozenset({"tlp:green", "source:ais"}),
    channel="folder",
    address={"folder": "coastguard"},
    per_day=5,
)


def lead(digest="d" * 64, lead_id="lead-1"):
    return {
        "lead_id": lead_id,
        "scorer": "additive-1",
        "mmsi": 211000001,
        "track_id": 7,
        "time_us": T0,
        "start_us": T0 - 5 * HOUR,
        "end_us": T0 - HOUR,
        "lat_deg": 54.0,
        "lon_deg": 8.0,
        "log_odds": 1.2,
        "probability": 0.77,
        "title": "NORDSTERN (211000001): met a ship at night",
        "factors": "[]",
        "events": ["encounter-1"],
        "links": [],
        "digest": digest,
    }


OPEN = ("tlp:green", "source:ais")
CLOSED = ("tlp:red", "source:navy")


def ground(detail, log_odds=1.0, markings=OPEN):
    body = {
        "name": "encounter",
        "log_odds": log_odds,
        "detail": detail,
        "innocent": log_odds < 0,
        "of": "encounter-1",
        "since_us": T0,
        "evidence": ["encounter-1"],
    }
    return Part(body, markings)


def observation(n, lat=54.0, lon=8.0, markings=OPEN):
    body = {
        "observation_id": str(n),
        "time_us": T0 + n,
        "mmsi": 211000001,
        "lat_deg": lat,
        "lon_deg": lon,
        "speed_kn": 3.5,
        "course_deg": 90.0,
        "source": "ais.nmea",
        "line": n,
        "raw_sha256": "0" * 64,
        "raw": "!AIVDM,1,1,,A,x,0*00",
    }
    return Part(body, markings)


def event(markings=OPEN, detail="lay 200 m from another ship for 3 hours"):
    body = {
        "event_id": "encounter-1",
        "kind": "encounter",
        "version": 1,
        "parameters": "{}",
        "start_us": T0 - 5 * HOUR,
        "end_us": T0 - HOUR,
        "lat_deg": 54.0,
        "lon_deg": 8.0,
        "mmsi": 211000001,
        "other_mmsi": 211000002,
        "confidence": 0.9,
        "detail": detail,
        "measures": "{}",
        "evidence": ["1", "2"],
    }
    return Part(body, markings)


def material(**changed) -> Material:
    given = Material(
        lead=lead(),
        vessel=Part(
            {
                "mmsi": 211000001,
                "name": "NORDSTERN",
                "callsign": "DABC",
                "imo": 9074729,
                "flag": "DEU",
            },
            OPEN,
        ),
        grounds=(ground("met a ship at night"), ground("near a pilot station", -0.4)),
        events=(event(),),
        observations=tuple(observation(n, lon=8.0 + n / 100) for n in range(5)),
    )
    return replace(given, **changed)
