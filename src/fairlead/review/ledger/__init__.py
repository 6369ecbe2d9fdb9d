"""The ledger: what was shown, decided, sent, read and changed, in a tree that cannot be rewritten.

RFC 9162 Merkle tree, RFC 8785 entries, C2SP checkpoints (Ed25519), tiles, proofs, cosignatures.
"""

from fairlead.review.ledger.stored import StoredLedger

FOLDER_NAME = "ledger"
"""The folder of a workspace with the key and the checkpoints, beside the database."""

__all__ = ["FOLDER_NAME", "StoredLedger"]
