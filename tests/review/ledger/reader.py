"""A reader of the ledger written from the specifications alone; it shares no code with Fairlead.

RFC 9162 section 2.1, RFC 8785 by way of sorted JSON for the entries' outer form, C2SP signed-note,
tlog-checkpoint, tlog-cosignature, tlog-tiles and tlog-proof. Standard library, and Ed25519.
"""

import base64
import hashlib
import json
import struct

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from tests.review.ledger import naive


def open_note(written, vkey):
    """The note's text, if the key of `vkey` has signed it. Raises otherwise."""
    name, key_id, material = vkey.split("+", 2)
    key = base64.b64decode(material)
    expected = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    assert expected.hex() == key_id
    body, signatures = written[: written.rindex("\n\n") + 1], written[written.rindex("\n\n") + 2 :]
    for line in signatures.splitlines():
        dash, signer, blob = line.split(" ")
        raw = base64.b64decode(blob)
        if dash != "\u2014" or signer != name or raw[:4] != expected:
            continue
        message, signature = body.encode(), raw[4:]
        if key[0] == 4:
            (when_s,) = struct.unpack(">Q", signature[:8])
            message, signature = f"cosignature/v1\ntime {when_s}\n{body}".encode(), signature[8:]
        Ed25519PublicKey.from_public_bytes(key[1:]).verify(signature, message)
        return body
    message = f"not signed by {name}"
    raise ValueError(message)


def head_of(written, vkey):
    origin, size, root, end = open_note(written, vkey).split("\n")
    assert end == ""
    return origin, int(size), base64.b64decode(root)


def tile_path(level, number, width):
    digits = str(number)
    digits = "0" * (-len(digits) % 3) + digits
    parts = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    path = f"tile/{level}/" + "/".join(["x" + p for p in parts[:-1]] + [parts[-1]])
    return path if width == 256 else f"{path}.p/{width}"


def read_mirror(folder, vkey):
    """Every entry of a mirror, after each tile, hash and the signature were checked."""
    origin, size, root = head_of((folder / "checkpoint").read_text("utf-8"), vkey)
    assert origin == vkey.split("+")[0]
    entries = []
    while len(entries) < size:
        width = min(256, size - len(entries))
        data = (folder / tile_path("entries", len(entries) // 256, width)).read_bytes()
        for _ in range(width):
            (n,) = struct.unpack(">H", data[:2])
            entries.append(data[2 : 2 + n])
            data = data[2 + n :]
        assert data == b""
    assert naive.head(entries) == root
    row = [hashlib.sha256(b"\x00" + entry).digest() for entry in entries]
    level = 0
    while row:
        for start in range(0, len(row), 256):
            hashes = row[start : start + 256]
            path = folder / tile_path(level, start // 256, len(hashes))
            assert path.read_bytes() == b"".join(hashes)
        row = [whole(row[i : i + 256]) for i in range(0, len(row) - 255, 256)]
        level += 1
    return entries


def whole(hashes):
    """The hash over a full tile."""
    while len(hashes) > 1:
        hashes = [
            hashlib.sha256(b"\x01" + left + right).digest()
            for left, right in zip(hashes[::2], hashes[1::2], strict=True)
        ]
    return hashes[0]


def check_proof(bundle, vkey):
    """The entry of a bundle, after its inclusion was followed up to the signed root."""
    first, second, *hashes = bundle["proof"].partition("\n\n")[0].split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    index = int(second.removeprefix("index "))
    _, size, root = head_of(bundle["proof"].partition("\n\n")[2], vkey)
    leaf = hashlib.sha256(b"\x00" + bundle["entry"].encode()).digest()
    found = climb(leaf, index, size, [base64.b64decode(h) for h in hashes])
    assert found == root
    return index, json.loads(bundle["entry"])


def climb(leaf, index, size, path):
    """RFC 9162, 2.1.3.1 turned around: the last hash is the sibling below the root."""
    if size == 1:
        assert path == []
        return leaf
    k = naive.split(size)
    *below, sibling = path
    if index < k:
        return hashlib.sha256(b"\x01" + climb(leaf, index, k, below) + sibling).digest()
    return hashlib.sha256(b"\x01" + sibling + climb(leaf, index - k, size - k, below)).digest()
