"""A dossier as a folder of files below the outbox: whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairlead.referrals.dossier import dossier
from fairlead.referrals.envelope import Envelope
from fairlead.schema.errors import SourceError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def deliver(envelope: Envelope, address: Mapping[str, Any], outbox: Path) -> dict[str, Any]:
    """Write the dossier's files to OUTBOX/`folder`/REFERRAL. Raises SourceError for a name that
    leads elsewhere or a referral that is there already, OSError where the disk refuses."""
    parent = outbox / _name(str(address.get("folder", "")))
    target = parent / _name(str(envelope.value["referral_id"]))
    parent.mkdir(parents=True, exist_ok=True)
    if parent.is_symlink() or not parent.resolve().is_relative_to(outbox.resolve()):
        message = f"`{parent}` leads out of the outbox"
        raise SourceError(message, help="make it a plain folder")
    if target.exists():
        message = f"`{target}` is there already"
        raise SourceError(message, help="it has been delivered; look at it")
    waiting = target.with_name(f".{target.name}.part")
    shutil.rmtree(waiting, ignore_errors=True)
    waiting.mkdir(mode=0o750)
    files = dossier(envelope)
    for name, content in files.items():
        with open(waiting / name, "xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    _sync(waiting)
    waiting.rename(target)
    _sync(parent)
    return {"folder": f"{parent.name}/{target.name}", "files": sorted(files)}


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        message = f"`{text[:80]}` is no folder's name"
        raise SourceError(message, help="letters, digits, - and _, and nothing that leads away")
    return text


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
