"""The parts of access put together, for whoever serves them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.review.access.accounts import Accounts
from fairlead.review.access.approvals import Approvals
from fairlead.review.access.challenges import Challenges
from fairlead.review.access.enrolment import Enrolment
from fairlead.review.access.ground import NOBODY, Ground
from fairlead.review.access.passkeys import Passkeys, Site
from fairlead.review.access.passwords import Cost, Passwords
from fairlead.review.access.policy import Policy
from fairlead.review.access.sessions import Sessions
from fairlead.review.access.throttle import Throttle
from fairlead.review.access.tokens import Tokens
from fairlead.schema.ledger import Ledger, LedgerKind
from fairlead.schema.store import Store

if TYPE_CHECKING:
    from fairlead.review.access.oidc import OpenId


@dataclass(frozen=True, slots=True)
class Gate:
    """Everything that decides who may come in and what they may do.

    `secret` is 32 random bytes kept in a file outside the database, which only the program's user
    may read: whoever has it and the database can make accounts.
    """

    ground: Ground
    accounts: Accounts
    challenges: Challenges
    passkeys: Passkeys
    passwords: Passwords
    throttle: Throttle
    sessions: Sessions
    tokens: Tokens
    enrolment: Enrolment
    approvals: Approvals
    policy: Policy
    oidc: OpenId = field(repr=False)

    @classmethod
    def open(
        cls,
        store: Store,
        ledger: Ledger,
        secret: bytes,
        site: Site,
        *,
        policies: Path | None = None,
        providers: Sequence[Any] = (),
        cost: Cost | None = None,
    ) -> Gate:
        """`providers` are `oidc.Provider`."""
        from fairlead.review.access.oidc import OpenId

        ground = Ground.prepare(store, ledger, secret)
        accounts = Accounts(ground)
        challenges = Challenges(ground)
        throttle = Throttle(ground)
        passkeys = Passkeys(ground, accounts, challenges, site)
        passwords = Passwords(ground, accounts, throttle, cost or Cost())
        return cls(
            ground=ground,
            accounts=accounts,
            challenges=challenges,
            passkeys=passkeys,
            passwords=passwords,
            throttle=throttle,
            sessions=Sessions(ground, accounts),
            tokens=Tokens(ground, accounts),
            enrolment=Enrolment(ground, accounts, passkeys, passwords),
            approvals=Approvals(ground, accounts, challenges, passkeys, passwords, throttle),
            policy=Policy(policies),
            oidc=OpenId(ground, accounts, challenges, tuple(providers)),
        )

    def note_policy(self, *, now_us: int) -> bool:
        """Put the policies in the ledger when they are not those of last time; whether they were
        not. Call it once at start."""
        digest, store = self.policy.digest, self.ground.store
        with store.write() as out:
            rows = out.query("SELECT digest FROM policies_seen ORDER BY seq DESC LIMIT 1")
            if rows and rows[0][0] == digest:
                return False
            body = {
                "digest": digest,
                "policies": [text.policy_id for text in self.policy.texts()],
                "problem": self.policy.problem[:500],
            }
            kind = LedgerKind.POLICY_CHANGE
            leaf = self.ground.ledger.append(out, kind, now_us, NOBODY, body)
            out.execute("INSERT INTO policies_seen VALUES (?, ?)", (leaf, digest))
        return True
