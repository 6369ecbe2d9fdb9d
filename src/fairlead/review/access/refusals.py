"""Every way in which access says no: one word for machines and the ledger, a sentence, a way on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from fairlead.schema.errors import RefusedError

_SAID = {
    "tampered": (
        "the database holds what this program did not write",
        "run `fairlead verify`, then restore a backup",
    ),
    "clock_set_back": (
        "the clock of this machine is behind what was seen before",
        "set the clock right; `Clock.forgive` accepts it after a wrong jump ahead",
    ),
    "used": ("this was used already", "start again"),
    "unknown_challenge": ("the answer is to something that was not asked here", "start again"),
    "wrong_purpose": ("the answer is to something asked for another purpose", "start again"),
    "expired": ("this has expired", "start again"),
    "bad_handle": (
        "a handle has 2 to 40 letters, digits, dots, dashes or underscores",
        "a pseudonym will do; an address will not",
    ),
    "bad_role": ("this is no role that can be given here", "see the list of roles"),
    "bad_expiry": ("the end has to lie ahead, within what is allowed", "choose another end"),
    "handle_taken": ("this handle is taken", "choose another one"),
    "passkey_taken": (
        "this passkey is enrolled already",
        "one authenticator serves one account; use another one",
    ),
    "unknown_account": ("there is no such account", "list the accounts"),
    "unknown_passkey": ("there is no such passkey", "list the account's passkeys"),
    "unknown_token": ("there is no such token", "list the tokens"),
    "revoked": ("this account is revoked", "an administrator can make a new one"),
    "not_active": ("this account cannot be used", "ask an administrator"),
    "not_administrator": ("only an administrator may do this", "ask one of them"),
    "last_administrator": (
        "this would leave nobody who may change accounts",
        "first make someone an administrator without an end who has signed in",
    ),
    "bad_link": ("this link does not work any more", "ask an administrator for a new one"),
    "already_enrolled": (
        "this account has a way to sign in",
        "remove its passkeys and password first, which its owner will notice",
    ),
    "sign_in_again": ("this needs a sign-in of the last minutes", "sign in again"),
    "weak_password": ("this password is too short or too common", "take twelve characters or more"),
    "bad_code": ("this code is wrong", "look at the authenticator's clock, and type it again"),
    "bad_passkey": ("this passkey was not accepted", "try again, or ask an administrator"),
    "sign_in_failed": ("this did not sign you in", "check what you gave, and try again"),
    "no_session": ("nobody is signed in here", "sign in"),
    "session_ended": ("this session has ended", "sign in"),
    "session_expired": ("this session has expired", "sign in"),
    "account_changed": ("the account has changed since sign-in", "sign in"),
    "csrf": ("this did not come from the page of this session", "load the page again"),
    "too_much": ("nobody can hand on what they do not have", "ask for less"),
    "no_passkey": ("this account has no passkey", "approve with password and one-time code"),
    "has_passkey": ("this account has a passkey", "approve with it"),
    "forged": ("this approval was not made with a key of that account", "ask for it again"),
    "not_verified": ("whoever approved was not verified by the key", "use a PIN or a finger"),
    "wrong_digest": ("this approval is of other content", "look at it and approve again"),
    "wrong_account": ("this approval is another account's", "approve with your own"),
    "unknown_provider": ("there is no such identity provider", "see the settings"),
    "bad_provider": ("the identity provider's answer cannot be trusted", "see its settings"),
    "denied": ("the policy does not allow this", "ask which policy decided"),
}


def refusal(*, reason: str) -> RefusedError:
    message, help_ = _SAID[reason]
    return RefusedError(message, reason=reason, help=help_)


class VagueError(RefusedError):
    """A refusal that tells the person less than the ledger: `detail` is the ledger's reason."""

    def __init__(self, *, reason: str, detail: str) -> None:
        message, help_ = _SAID[reason]
        super().__init__(message, reason=reason, help=help_)
        self.detail = detail


@contextmanager
def reading(reason: str, detail: str = "") -> Generator[None]:
    """Parsers of what strangers send trip in ways that nobody lists: each is a refusal.

    Without `detail` the ledger has the kind of error.
    """
    try:
        yield
    except RefusedError:
        raise
    except Exception as error:
        raise VagueError(reason=reason, detail=detail or type(error).__name__) from error
