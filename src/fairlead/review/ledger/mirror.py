"""The ledger as a folder of files for witnesses and web servers (C2SP tlog-tiles)."""

from __future__ import annotations

from pathlib import Path

from fairlead.review.ledger.history import Signed
from fairlead.review.ledger.keys import write_synced
from fairlead.review.ledger.stored import StoredLedger
from fairlead.review.ledger.tiles import WIDTH, tiles_of


def write_mirror(ledger: StoredLedger, folder: Path) -> str:
    """Bring a folder up to the newest checkpoint, which is written last and returned.

    Whole files never change and are not written again; partial ones of older sizes are left, so
    that who fetched an older checkpoint meanwhile still finds its tiles.
    """
    written = ledger.checkpoint()
    size = Signed.parse(written).checkpoint.size
    for tile in tiles_of(size):
        path = folder / tile.path
        if path.exists() and tile.width == WIDTH:
            continue
        content = ledger.resource(tile.path)
        assert content is not None
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".new")
        draft.write_bytes(content)
        draft.replace(path)
    folder.mkdir(parents=True, exist_ok=True)
    write_synced(folder / "checkpoint", written, 0o644)
    return written
