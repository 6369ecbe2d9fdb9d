"""How a cleared referral reaches its recipient. Nothing else in the program writes to the outside.

A channel takes a `Cleared`, which only the door makes, and nothing looser.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.referrals.channels import cot, folder, smtp, webhook
from fairlead.referrals.door import Cleared
from fairlead.referrals.envelope import seal
from fairlead.schema.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Outside:
    """What the channels of one installation share. Secrets are looked up by the name that the
    recipient's address gives, so that no recipient row holds one."""

    ledger: Ledger
    outbox: Path
    sign: Callable[[bytes], bytes]
    secret: Callable[[str], str]
    now_us: Callable[[], int]

    def deliver(self, cleared: Cleared) -> Mapping[str, Any]:
        """Take it out by the recipient's channel; what it answered.

        Raises SourceError or OSError where it could not be delivered.
        """
        envelope = seal(cleared, self.ledger)
        address = cleared.recipient.address
        match cleared.recipient.channel:
            case "folder":
                return folder.deliver(envelope, address, self.outbox)
            case "webhook":
                return webhook.deliver(envelope, address, self.sign, self.now_us())
            case "smtp":
                return smtp.deliver(envelope, address, self.secret)
            case _:
                return cot.deliver(envelope, address, self.now_us())
