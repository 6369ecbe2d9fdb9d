"""C2SP signed-note, tlog-checkpoint and tlog-cosignature: text that keys stand behind.

    <origin>
    <number of entries>
    <base64 of the root hash>

    — <key name> <base64 of key id and signature>

Parsing is strict: what is not exactly as a writer must write it is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.tree import HASH_BYTES

ED25519 = 1
COSIGNATURE = 4
SIGNATURES_MAX = 100
_SECRET = "PRIVATE+KEY"
_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name; `kind` 1 signs checkpoints, 4 cosigns them (a witness)."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:4]

    def __str__(self) -> str:
        material = base64.b64encode(bytes([self.kind]) + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{material}"

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """A vkey: `<name>+<key id>+<base64 of kind and key>`. Raises BrokenError."""
        name, _, rest = text.strip().partition("+")
        key_id, _, material = rest.partition("+")
        raw = unbase64(material)
        if raw is None or len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE):
            message = f"`{text.strip()[:80]}` is no Ed25519 verifier key"
            raise BrokenError(message, help="a key looks like `name+hexadecimal+base64`")
        found = cls(name, raw[0], raw[1:])
        if not _NAME.fullmatch(name) or found.key_id.hex() != key_id:
            message = f"the verifier key of `{name[:80]}` does not belong to its key id"
            raise BrokenError(message, help="copy the whole key again from who published it")
        return found

    def accepts(self, text: str, signature: bytes) -> bool:
        """Whether this key made the signature over the note's text."""
        signed = text.encode()
        if self.kind == COSIGNATURE:
            time_s = int.from_bytes(signature[:8], "big")
            signed = _cosigned(text, time_s)
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, signed)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The secret half; never shown, not even in an error."""

    name: str
    seed: bytes = field(repr=False)
    kind: int = ED25519

    @classmethod
    def parse(cls, text: str) -> SigningKey:
        """`PRIVATE+KEY+<name>+<key id>+<base64 of kind and seed>`, as Go's note package writes it.

        Raises BrokenError, without showing the text.
        """
        parts = text.strip().split("+", 4)
        raw = unbase64(parts[-1])
        if len(parts) == 5 and raw is not None and len(raw) == 33:
            key = cls(parts[2], raw[1:], raw[0])
            if key.secret() == text.strip():
                return key
        message = "the signing key is damaged"
        raise BrokenError(message, help="put it back from a backup")

    def secret(self) -> str:
        material = base64.b64encode(bytes([self.kind]) + self.seed).decode()
        return f"{_SECRET}+{self.name}+{self.verifier().key_id.hex()}+{material}"

    def verifier(self) -> VerifierKey:
        public = Ed25519PrivateKey.from_private_bytes(self.seed).public_key()
        return VerifierKey(self.name, self.kind, public.public_bytes_raw())

    def sign(self, text: str, *, time_s: int = 0) -> str:
        """A signature line over the note's text; `time_s` counts for cosignatures alone."""
        key = Ed25519PrivateKey.from_private_bytes(self.seed)
        if self.kind == COSIGNATURE:
            signature = time_s.to_bytes(8, "big") + key.sign(_cosigned(text, time_s))
        else:
            signature = key.sign(text.encode())
        blob = base64.b64encode(self.verifier().key_id + signature).decode()
        return f"\u2014 {self.name} {blob}\n"


def _cosigned(text: str, time_s: int) -> bytes:
    return f"cosignature/v1\ntime {time_s}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class Signature:
    """One line below a note."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """A text, its final newline included, and the signatures below it."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, written: str) -> Note:
        """Raises BrokenError for what is not a signed note."""
        text, gap, below = written.rpartition("\n\n")
        lines = below.split("\n")
        if not gap or lines.pop() or not 0 < len(lines) <= SIGNATURES_MAX:
            why = "it has no signatures at its end"
            raise _not_a_note(why)
        if any(ord(c) < 32 and c != "\n" for c in written):
            why = "it holds control characters"
            raise _not_a_note(why)
        return cls(text + "\n", tuple(_signature(line) for line in lines))

    def signers(self, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
        """Those of `keys` that signed this note.

        Raises BrokenError where a line carries the name and id of a key, but was not made by it.
        """
        found = []
        for key in keys:
            lines = [s for s in self.signatures if (s.name, s.key_id) == (key.name, key.key_id)]
            if any(not key.accepts(self.text, line.signature) for line in lines):
                message = f"a signature in the name of `{key.name}` was not made with its key"
                raise BrokenError(message, help="the text or the signature was changed")
            found += [key] * bool(lines)
        return found


def _signature(line: str) -> Signature:
    mark, _, rest = line.partition(" ")
    name, _, blob = rest.partition(" ")
    raw = unbase64(blob)
    if mark != "\u2014" or not _NAME.fullmatch(name) or raw is None or len(raw) < 5:
        why = f"`{line[:40]}` is no signature line"
        raise _not_a_note(why)
    return Signature(name, raw[:4], raw[4:])


def _not_a_note(why: str) -> BrokenError:
    return BrokenError(f"not a signed note: {why}", help="see c2sp.org/signed-note for the form")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree's head: whose, how many entries, which root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """From a note's text. Extension lines are refused: nothing here would look at them.

        Raises BrokenError.
        """
        lines = text.split("\n")
        if len(lines) == 4 and lines[0] and not lines[3] and _NUMBER.fullmatch(lines[1]):
            root = unbase64(lines[2])
            if root is not None and len(root) == HASH_BYTES:
                return cls(lines[0], int(lines[1]), root)
        message = "the note is no checkpoint"
        raise BrokenError(message, help="a checkpoint has three lines: origin, size, root hash")


@dataclass(frozen=True, slots=True)
class Handover:
    """What a key signs when another takes its place. It can never be read as a checkpoint."""

    old: VerifierKey
    new: VerifierKey

    def text(self) -> str:
        return f"{self.old.name}\nhandover\n{self.old}\n{self.new}\n"

    @classmethod
    def parse(cls, written: str) -> Handover:
        """From a signed note. Raises BrokenError where the old key has not signed exactly this."""
        note = Note.parse(written)
        lines = note.text.split("\n")
        if len(lines) == 5 and lines[1] == "handover":
            found = cls(VerifierKey.parse(lines[2]), VerifierKey.parse(lines[3]))
            if found.text() == note.text and note.signers([found.old]):
                return found
        message = "the note hands nothing over"
        raise BrokenError(message, help="a handover names both keys and is signed by the old one")


def unbase64(text: str) -> bytes | None:
    """Bytes of standard base64 (RFC 4648, section 4) in its one right spelling, else None."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if base64.b64encode(raw).decode() == text else None


def signed(checkpoint: Checkpoint, key: SigningKey) -> str:
    """The checkpoint as a note with the key's signature."""
    text = checkpoint.text()
    return f"{text}\n{key.sign(text)}"


def cosign(note: str, witness: SigningKey, time_s: int) -> str:
    """The note with a witness's line below. It is on the witness to have checked it before."""
    return note + witness.sign(Note.parse(note).text, time_s=time_s)
