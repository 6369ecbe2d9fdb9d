"""A dossier as a letter to a desk's mailbox, its files attached."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Mapping
from email.errors import MessageError
from email.message import EmailMessage
from typing import Any

from fairlead.referrals.dossier import dossier
from fairlead.referrals.envelope import Envelope
from fairlead.schema.errors import SourceError
from fairlead.schema.text import plain

TIMEOUT_S = 30.0
_TYPES = {
    "pdf": ("application", "pdf"),
    "html": ("text", "html"),
    "json": ("application", "json"),
    "geojson": ("application", "geo+json"),
}


def deliver(
    envelope: Envelope, address: Mapping[str, Any], secret: Callable[[str], str]
) -> dict[str, Any]:
    """Send to `mailbox` from `sender` by `host` and `port`, after STARTTLS unless `tls` is
    `loopback`; `user` and `secret` (the name of one) where the server asks for them.

    Raises SourceError where the letter cannot be written or the server refuses it.
    """
    try:
        letter = _letter(envelope, str(address["mailbox"]), str(address["sender"]))
        host, port = str(address["host"]), int(address.get("port", 587))
    except (KeyError, ValueError, MessageError) as error:
        message = f"the mailbox's address is incomplete or wrong: {error}"
        raise SourceError(message, help="give host, port, sender and mailbox") from error
    if address.get("tls") == "loopback" and host not in ("localhost", "127.0.0.1", "::1"):
        message = f"`{host}` is not this machine"
        raise SourceError(message, help="leave `tls` out: the letter is then encrypted on its way")
    try:
        with smtplib.SMTP(host, port, timeout=TIMEOUT_S) as server:
            if address.get("tls") != "loopback":
                server.starttls(context=ssl.create_default_context())
            if address.get("user"):
                server.login(str(address["user"]), secret(str(address["secret"])))
            refused = server.send_message(letter)
    except (smtplib.SMTPException, ssl.SSLError) as error:
        message = f"`{host}` did not take the letter: {error}"
        raise SourceError(message, help="ask whoever runs the mail server") from error
    return {"mailbox": str(address["mailbox"]), "refused": sorted(refused)}


def _letter(envelope: Envelope, mailbox: str, sender: str) -> EmailMessage:
    content = envelope.value
    letter = EmailMessage()
    letter["From"], letter["To"] = sender, mailbox
    letter["Subject"] = f"{content['title']} {content['referral_id']}"
    letter["Message-ID"] = f"<{content['referral_id']}@fairlead.invalid>"
    letter.set_content(
        f"{content['title']} for {plain(content['recipient']['name'])}.\n\n"
        f"{plain(content['note'])}\n\n{content['caveat']}\n\n"
        f"SHA-256 of exactly what left: {envelope.digest}\n"
    )
    for name, data in dossier(envelope).items():
        main, sub = _TYPES[name.rsplit(".", 1)[1]]
        letter.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return letter
