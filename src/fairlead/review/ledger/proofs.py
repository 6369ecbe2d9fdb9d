"""The proof bundle of a dossier: one JSON that shows by itself that an entry was logged."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fairlead.review.ledger import tree
from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.entries import Entry
from fairlead.review.ledger.history import Signed
from fairlead.review.ledger.notes import VerifierKey, unbase64
from fairlead.schema.ledger import BUNDLE_FORMAT

PATH_MAX = 63
_HEAD = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Proved:
    """What a bundle has proved: that `entry` is number `index` in the ledger of `vkey`.

    `cosigners` are those of the given witnesses that signed the checkpoint too.
    """

    index: int
    entry: Entry
    signed: Signed
    vkey: VerifierKey
    cosigners: tuple[VerifierKey, ...] = ()


def check_bundle(
    bundle: Any,
    *,
    trusted: tuple[VerifierKey, ...] = (),
    witnesses: tuple[VerifierKey, ...] = (),
) -> Proved:
    """Check an `InclusionProof.as_dict()`, against the key it brings or the one that is trusted.

    Without `trusted` the proof says only that whoever holds the bundle's key has logged the entry.
    Raises BrokenError where anything does not hold.
    """
    entry_text, proof, vkey_text = _fields(bundle)
    vkey = VerifierKey.parse(vkey_text)
    if trusted and vkey not in trusted:
        message = f"the proof is by `{vkey}`, not by a key you trust"
        raise BrokenError(message, help="ask for a proof by the ledger whose key you noted")
    index, hashes, signed = _tlog_proof(proof)
    if vkey not in signed.note.signers([vkey]) or vkey.name != signed.checkpoint.origin:
        message = "the checkpoint in the proof is not signed by the ledger's key"
        raise BrokenError(message, help="ask for the proof again")
    leaf = tree.leaf_hash(entry_text.encode())
    root = tree.root_of_inclusion(leaf, index, signed.checkpoint.size, hashes)
    if root != signed.checkpoint.root:
        message = f"the entry is not number {index} of the ledger that was signed"
        raise BrokenError(message, help="the entry or the proof was changed; do not rely on it")
    entry = Entry.parse(entry_text.encode())
    return Proved(index, entry, signed, vkey, tuple(signed.note.signers(witnesses)))


def read_bundle(text: str) -> Any:
    """The bundle in a JSON text: the text itself, or the first one anywhere inside of it, as a
    dossier embeds it. Raises BrokenError where there is none."""
    try:
        found = _within(json.loads(text))
    except (ValueError, RecursionError):
        found = None
    if found is None:
        message = "the file holds no ledger proof"
        raise BrokenError(message, help=f"a proof has `format` set to `{BUNDLE_FORMAT}`")
    return found


def _within(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, dict) and value.get("format") == BUNDLE_FORMAT:
        return value
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for part in inner:
            found = _within(part)
            if found is not None:
                return found
    return None


def _fields(bundle: Any) -> tuple[str, str, str]:
    if isinstance(bundle, Mapping) and bundle.get("format") == BUNDLE_FORMAT:
        fields = tuple(bundle.get(name) for name in ("entry", "proof", "vkey"))
        if all(isinstance(value, str) and _is_utf8(value) for value in fields):
            return fields  # type: ignore[return-value]
    message = "this is no ledger proof that can be read"
    raise BrokenError(message, help=f"a proof has `format` {BUNDLE_FORMAT}, entry, proof and vkey")


def _is_utf8(text: str) -> bool:
    return not any(0xD800 <= ord(character) < 0xE000 for character in text)


def _tlog_proof(text: str) -> tuple[int, list[bytes], Signed]:
    """C2SP tlog-proof: a head line, the index, the hashes, an empty line, the checkpoint."""
    head, gap, note = text.partition("\n\n")
    lines = head.split("\n")
    if lines[1:] and lines[1].startswith("extra "):
        del lines[1]
    index = _INDEX.fullmatch(lines[1]) if lines[1:] else None
    hashes = [unbase64(line) for line in lines[2:]]
    if (
        not gap
        or lines[0] != _HEAD
        or index is None
        or len(hashes) > PATH_MAX
        or any(found is None or len(found) != tree.HASH_BYTES for found in hashes)
    ):
        message = "the proof is not in C2SP tlog-proof form"
        raise BrokenError(message, help="see c2sp.org/tlog-proof")
    return int(index[1]), [found for found in hashes if found is not None], Signed.parse(note)
