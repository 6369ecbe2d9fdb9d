"""Which key counts for which checkpoint: from the first one on, by handovers the old one signed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.history import Signed
from fairlead.review.ledger.keys import VKEYS, read_vkeys
from fairlead.review.ledger.notes import Handover, VerifierKey
from fairlead.review.ledger.report import Report


class Chain:
    """Reads a ledger's checkpoints and handovers in the order in which they were written.

    `keys` were in force one after another; each but the last counts up to the size at which it was
    replaced, so that a key stolen later can sign nothing new.
    """

    def __init__(self, folder: Path, report: Report) -> None:
        self._report = report
        self._until: dict[VerifierKey, int] = {}
        self._size = 0
        self._signers: list[VerifierKey] = []
        self.keys: list[VerifierKey] = []
        try:
            self.keys = read_vkeys(folder)[:1]
        except (BrokenError, UnicodeDecodeError):
            report.find("checkpoints", "vkeys", f"`{folder / VKEYS}` holds what is no key")

    def extend(self, signed: Signed) -> bool:
        """Take the file's next checkpoint; whether it counts. What is wrong is reported."""
        signers, why = self._judge(signed)
        if not why and signed.checkpoint.size < self._size:
            why = "it has fewer entries than the one before"
        if not why and self.keys[-1] not in signers:
            why = "its key had been replaced"
        if why:
            said = f"line {signed.line} of the checkpoints does not count: {why}"
            self._report.find("checkpoints", "signature", said)
            return False
        self._size = signed.checkpoint.size
        self._signers = signers
        return True

    def hand_over(self, handover: Handover, line: int) -> None:
        """From here on another key signs, where the one in force has said so."""
        if handover.old not in self.keys[-1:] or handover.new.name != handover.old.name:
            said = f"line {line} of the checkpoints hands over a key that was not in force"
            self._report.find("checkpoints", "handover", said)
            return
        self._until[handover.old] = self._size
        self.keys.append(handover.new)

    def refuses(self, signed: Signed) -> str:
        """Why a checkpoint from elsewhere does not count, empty where it does."""
        return self._judge(signed)[1]

    def must_reach(self, trusted: Sequence[VerifierKey]) -> None:
        """Report where the newest checkpoint does not go back to a key that is trusted."""
        known = [key in trusted for key in self.keys]
        reached = self.keys[known.index(True) :] if True in known else []
        if trusted and not any(key in reached for key in self._signers):
            said = "the newest checkpoint does not go back to the key you trust"
            self._report.find("checkpoints", "trust", said)

    def _judge(self, signed: Signed) -> tuple[list[VerifierKey], str]:
        try:
            signers = signed.note.signers(self.keys)
        except BrokenError as error:
            return [], error.message
        size = signed.checkpoint.size
        counting = [key for key in signers if size <= self._until.get(key, size)]
        if not counting:
            return [], "no key of this ledger has signed it"
        if signed.checkpoint.origin != counting[0].name:
            return [], "it speaks for another ledger"
        return signers, ""
