"""A software authenticator: ES256 keys, CBOR by cbor2, nothing of the program's own code.

It signs what it is told, also what an honest one would not: the tests' attackers use it too.
"""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Authenticator:
    """One key, one credential. `sign_count` grows with each use; `counts=False` keeps it at 0."""

    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    credential: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    sign_count: int = 0
    counts: bool = True
    user_handle: bytes | None = None

    def cose(self, order=(1, 3, -1, -2, -3)) -> bytes:
        numbers = self.key.public_key().public_numbers()
        parts = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        return cbor2.dumps({number: parts[number] for number in order})

    def create(
        self,
        options,
        *,
        origin="http://localhost:8000",
        rp_id=None,
        flags=PRESENT | VERIFIED,
        order=(1, 3, -1, -2, -3),
        **client,
    ):
        """What `navigator.credentials.create()` gives for these options."""
        self.user_handle = unb64(options["user"]["id"])
        client_data = self._client("webauthn.create", options["challenge"], origin, client)
        attested = b"\0" * 16 + len(self.credential).to_bytes(2) + self.credential
        data = self._data(rp_id or options["rp"]["id"], flags | ATTESTED)
        attestation = {"fmt": "none", "attStmt": {}, "authData": data + attested + self.cose(order)}
        return self._sent(
            clientDataJSON=b64(client_data), attestationObject=b64(cbor2.dumps(attestation))
        )

    def get(
        self,
        options,
        *,
        origin="http://localhost:8000",
        rp_id=None,
        flags=PRESENT | VERIFIED,
        key=None,
        with_handle=True,
        **client,
    ):
        """What `navigator.credentials.get()` gives for these options."""
        self.sign_count += 1
        client_data = self._client("webauthn.get", options["challenge"], origin, client)
        data = self._data(rp_id or options["rpId"], flags)
        signed = data + hashlib.sha256(client_data).digest()
        signature = (key or self.key).sign(signed, ec.ECDSA(hashes.SHA256()))
        parts = {
            "clientDataJSON": b64(client_data),
            "authenticatorData": b64(data),
            "signature": b64(signature),
        }
        if with_handle and self.user_handle:
            parts["userHandle"] = b64(self.user_handle)
        return self._sent(**parts)

    def _client(self, kind, challenge, origin, more) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False}
        return json.dumps(said | more).encode()

    def _data(self, rp_id: str, flags: int) -> bytes:
        count = self.sign_count if self.counts else 0
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4)

    def _sent(self, **response):
        name = b64(self.credential)
        return {"id": name, "rawId": name, "type": "public-key", "response": response}
