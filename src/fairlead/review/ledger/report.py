"""What a verification found: for each kind of fault the first one, and how many there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

BROKEN = "broken"
FLAGGED = "flagged"

# what is said of a check when nothing was found
CHECKS = {
    "entries": "every entry is in its place, unchanged and in canonical form",
    "tree": "every hash of the tree follows from the entries",
    "checkpoints": "every checkpoint is signed, and none contradicts another",
    "fences": "the tables only grow: their definitions and triggers are in place",
    "held": "the checkpoints and copies held elsewhere agree",
    "acts": "decisions and referrals are those that the ledger has",
    "leads": "leads that were shown still have the digests they were shown with",
    "times": "no clock went back",
}


@dataclass(slots=True)
class Finding:
    """The first fault of one kind. `index` is the entry it is about, where it is about one."""

    check: str
    what: str
    severity: str
    index: int | None
    n: int = 1


@dataclass(slots=True)
class Report:
    """`is_intact` is False as soon as one finding is `broken`; `flagged` ones deserve a look.

    `n_signed` entries are under a checkpoint. `n_held` checkpoints of others were compared.
    `n_unchanged` of the `n_shown` leads are still there as they were shown.
    """

    n_entries: int = 0
    n_checkpoints: int = 0
    n_signed: int = 0
    n_held: int = 0
    n_shown: int = 0
    n_unchanged: int = 0
    first_us: int | None = None
    last_us: int | None = None
    vkeys: list[str] = field(default_factory=list)
    cosigned: dict[str, int] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    _first_of: dict[tuple[str, str], Finding] = field(default_factory=dict, repr=False)

    def find(
        self, check: str, kind: str, what: str, *, index: int | None = None, severity: str = BROKEN
    ) -> None:
        """Note a fault; later ones of the same check and kind are only counted."""
        known = self._first_of.get((check, kind))
        if known is not None:
            known.n += 1
            return
        self._first_of[check, kind] = Finding(check, what, severity, index)
        self.findings.append(self._first_of[check, kind])

    @property
    def is_intact(self) -> bool:
        return all(finding.severity != BROKEN for finding in self.findings)

    @property
    def first_broken(self) -> int | None:
        """The lowest index among what is broken; None where no single entry can be named."""
        named = [f.index for f in self.findings if f.severity == BROKEN and f.index is not None]
        return min(named, default=None)

    def as_dict(self) -> dict[str, Any]:
        return {
            "ok": self.is_intact,
            "entries": self.n_entries,
            "signed": self.n_signed,
            "checkpoints": self.n_checkpoints,
            "held": self.n_held,
            "leads_shown": self.n_shown,
            "leads_unchanged": self.n_unchanged,
            "first_us": self.first_us,
            "last_us": self.last_us,
            "vkeys": self.vkeys,
            "cosigned": self.cosigned,
            "first_broken": self.first_broken,
            "findings": [
                {
                    "check": f.check,
                    "severity": f.severity,
                    "entry": f.index,
                    "what": f.what,
                    "n": f.n,
                }
                for f in self.findings
            ],
        }
