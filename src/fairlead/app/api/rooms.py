"""The stores of people's words in a workspace, opened together."""

from __future__ import annotations

import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.app.api.outside import Outgoing, open_outgoing
from fairlead.app.config import Settings
from fairlead.engines.control import SqliteStore
from fairlead.referrals.rules import HOUR_US
from fairlead.review.access.gate import Gate
from fairlead.review.access.ground import SECRET_BYTES
from fairlead.review.access.passkeys import Site
from fairlead.review.decisions import Decisions
from fairlead.review.evidence import Evidence
from fairlead.review.ledger import FOLDER_NAME, StoredLedger
from fairlead.schema.errors import EngineError

SECRET_FILE = "access-secret"


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the interface needs of review/, over one store."""

    store: SqliteStore
    ledger: StoredLedger
    gate: Gate
    decisions: Decisions
    outgoing: Outgoing
    evidence: Evidence

    def by_name(self) -> dict[str, Any]:
        return {
            **{"store": self.store, "ledger": self.ledger},
            **{"gate": self.gate, "decisions": self.decisions, "outgoing": self.outgoing},
            "evidence": self.evidence,
        }

    def close(self) -> None:
        self.store.close()


def open_rooms(settings: Settings, site: Site, now_us: int) -> Rooms:
    """Raises EngineError where the store, the ledger or the secret cannot be trusted."""
    store = SqliteStore(settings.workspace)
    ledger = StoredLedger(store, settings.workspace / FOLDER_NAME)
    gate = Gate.open(store, ledger, secret_of(settings.workspace), site)
    gate.note_policy(now_us=now_us)
    outgoing = open_outgoing(
        store,
        ledger,
        gate.approvals,
        settings.workspace,
        lambda: time.time_ns() // 1000,
        settings.dead_man_h * HOUR_US or None,
    )
    decisions, evidence = Decisions(store, ledger), Evidence(store, ledger)
    return Rooms(store, ledger, gate, decisions, outgoing, evidence)


def secret_of(folder: Path) -> bytes:
    """The installation's secret, made at first use, for its owner's eyes only."""
    path = folder / SECRET_FILE
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            message = f"`{path}` can be read by others"
            raise EngineError(message, help=f"run `chmod 600 {path}`") from None
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(secrets.token_bytes(SECRET_BYTES))
        file.flush()
        os.fsync(file.fileno())
    return path.read_bytes()


def site_of(port: int, hosts: tuple[str, ...]) -> Site:
    """What passkeys are bound to: the first of `hosts`, reached by HTTPS, or this machine."""
    if hosts:
        origins = (f"https://{hosts[0]}", f"http://localhost:{port}")
        return Site(rp_id=hosts[0].partition(":")[0], name="Fairlead", origins=origins)
    return Site(rp_id="localhost", name="Fairlead", origins=(f"http://localhost:{port}",))
