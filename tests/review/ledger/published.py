"""A ledger as an outsider meets it: a mirror, and a case.json with what else was handed out."""

import base64
import json

from fairlead.review.ledger.history import Signed
from fairlead.review.ledger.mirror import write_mirror
from fairlead.review.ledger.notes import COSIGNATURE, SigningKey, cosign

WITNESS = SigningKey("witness.example/one", bytes(range(32)), COSIGNATURE)
COSIGNED_S = 1_790_000_000


def publish_case(desk, folder, sizes):
    """Grow the ledger to each of the sizes, sign, cosign the last, and write it all out."""
    for size in sizes:
        desk.write_many(size - desk.ledger.size())
        newest = desk.ledger.checkpoint()
    desk.ledger.cosigned(cosign(newest, WITNESS, COSIGNED_S), [WITNESS.verifier()])
    written = [json.loads(line)["checkpoint"] for line in desk.history.read_text().splitlines()]
    last = sizes[-1]
    proved = sorted({0, last // 3, last - 1} & set(range(last)))
    write_mirror(desk.ledger, folder)
    case = {
        "vkey": desk.ledger.vkeys()[0],
        "witness": str(WITNESS.verifier()),
        "checkpoints": written,
        "consistency": [
            {"old": old, "new": new, "hashes": _texts(desk.ledger.consistency(old, new))}
            for old in _sizes(written)
            for new in _sizes(written)
            if old <= new
        ],
        "bundles": [desk.ledger.inclusion(index).as_dict() for index in proved],
    }
    (folder / "case.json").write_text(json.dumps(case))
    return case


def _sizes(written):
    return sorted({Signed.parse(note).checkpoint.size for note in written})


def _texts(hashes):
    return [base64.b64encode(found).decode() for found in hashes]
