"""The ledger's keys in a folder: `signing-key` (secret, mode 0600) and `vkeys` (public).

`vkeys` has every key there ever was, oldest first; the last one signs. All keys bear one name, the
ledger's origin, which is made with the first and never changes. While one key gives way to the
next, `signing-key` has both.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.notes import SigningKey, VerifierKey
from fairlead.schema.errors import EngineError

SIGNING_KEY = "signing-key"
VKEYS = "vkeys"


def open_keys(folder: Path, *, is_new: bool) -> list[SigningKey]:
    """The key that signs, and a second one that is to take its place, if any; made where `is_new`
    and there is none yet.

    Call it with the folder's lock held. Raises EngineError where the key is gone, damaged or
    readable by others.
    """
    path = folder / SIGNING_KEY
    if not path.exists():
        if not is_new:
            message = f"`{path}` is gone, but the ledger has begun"
            help = "put it back from a backup, or see `A key is lost` in docs/how-to/check-a-ledger"
            raise EngineError(message, help=help)
        write_keys(folder, [new_key()])
    if path.stat().st_mode & 0o077:
        message = f"`{path}` can be read by others"
        raise EngineError(message, help=f"run `chmod 600 {path}`; replace the key if it was read")
    try:
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")
        return [SigningKey.parse(line) for line in lines]
    except (BrokenError, UnicodeDecodeError) as error:
        message = f"`{path}` is damaged"
        raise EngineError(message, help="put it back from a backup") from error


def write_keys(folder: Path, keys: Sequence[SigningKey]) -> None:
    """Keep secret keys, and the public ones among all that were."""
    secrets = "".join(key.secret() + "\n" for key in keys)
    write_synced(folder / SIGNING_KEY, secrets, 0o600)
    publish(folder, keys)


def publish(folder: Path, keys: Sequence[SigningKey]) -> list[VerifierKey]:
    """Add the public keys that `vkeys` lacks; all there are."""
    known = read_vkeys(folder)
    lacking = [key.verifier() for key in keys if key.verifier() not in known]
    if lacking:
        known += lacking
        write_synced(folder / VKEYS, "".join(f"{key}\n" for key in known), 0o644)
    return known


def read_vkeys(folder: Path) -> list[VerifierKey]:
    """Every public key of the folder, oldest first; empty where there is no ledger.

    Raises BrokenError for a line that is no key.
    """
    path = folder / VKEYS
    if not path.exists():
        return []
    return [VerifierKey.parse(line) for line in path.read_text("utf-8").splitlines()]


def new_key(name: str = "") -> SigningKey:
    """A fresh Ed25519 key; without a name, an origin is derived from it."""
    seed = Ed25519PrivateKey.generate().private_bytes_raw()
    name = name or "fairlead.ledger/" + hashlib.sha256(b"origin" + seed).hexdigest()[:16]
    return SigningKey(name, seed)


def write_synced(path: Path, text: str, mode: int) -> None:
    """Replace a file in one step, on disk when this returns, never open to more than `mode`."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as out:
        out.write(text.encode())
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
