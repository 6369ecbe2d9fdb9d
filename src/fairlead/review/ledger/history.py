"""Every checkpoint ever signed, in a file beside the database: `checkpoints.jsonl`, only appended.

Each line is one JSON object: `checkpoint`, or `handover` where one key took another's place. The
file shows that a database was put back to an older state; a copy of its last line in other hands
shows it even where both were put back.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.keys import sync_folder
from fairlead.review.ledger.notes import Checkpoint, Handover, Note

FILE_NAME = "checkpoints.jsonl"
_LOCK = "lock"
_BLOCK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was signed; `line` counts from 1, 0 where it is not from the file."""

    written: str
    note: Note
    checkpoint: Checkpoint
    line: int = 0

    @classmethod
    def parse(cls, written: str, line: int = 0) -> Signed:
        """Raises BrokenError."""
        note = Note.parse(written)
        return cls(written, note, Checkpoint.parse(note.text), line)


class History:
    """The file in its folder. Every change, and what must not change meanwhile, is under `lock`:
    it holds for all threads and processes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / FILE_NAME
        self._seen: tuple[int, Signed | None] = (0, None)

    @contextmanager
    def lock(self) -> Generator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def last(self) -> Signed | None:
        """The newest checkpoint; None where nothing was signed yet. With the lock held."""
        if not self.path.exists():
            self._seen = (0, None)
            return None
        size = self.path.stat().st_size
        if size != self._seen[0]:
            self._seen = (size, self._read_last(size))
        return self._seen[1]

    def add(self, written: str) -> Signed:
        """Append a checkpoint and wait until it is on disk. With the lock held."""
        added = Signed.parse(written)
        self._seen = (self._append({"checkpoint": written}), added)
        return added

    def add_handover(self, written: str) -> None:
        """Append the note by which a key gives way to the next one. With the lock held."""
        self._append({"handover": written})

    def lines(self) -> Iterator[tuple[int, Signed | Handover | None]]:
        """Each line's number and what it holds, None where it is neither."""
        if not self.path.exists():
            return
        with self.path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                yield number, _read(line, number)

    def _append(self, record: Mapping[str, str]) -> int:
        line = json.dumps(record, ensure_ascii=False).encode() + b"\n"
        is_new = not self.path.exists()
        with self.path.open("ab+") as out:
            if out.tell() and os.pread(out.fileno(), 1, out.tell() - 1) != b"\n":
                line = b"\n" + line  # a crash left half a line: it was never handed out
            out.write(line)
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
        if is_new:
            sync_folder(self.folder)
        return size

    def _read_last(self, size: int) -> Signed | None:
        """Back from the end, a block at a time, to the last line that is a checkpoint."""
        tail = b""
        with self.path.open("rb") as lines:
            for start in range(size - _BLOCK_BYTES, -_BLOCK_BYTES, -_BLOCK_BYTES):
                lines.seek(max(start, 0))
                tail = lines.read(_BLOCK_BYTES + min(start, 0)) + tail
                whole = tail.split(b"\n")
                for line in reversed(whole if start <= 0 else whole[1:]):
                    found = _read(line, 0)
                    if isinstance(found, Signed):
                        return found
        return None


def _read(line: bytes, number: int) -> Signed | Handover | None:
    try:
        record = json.loads(line)
        if "handover" in record:
            return Handover.parse(record["handover"])
        return Signed.parse(record["checkpoint"], number)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, BrokenError):
        return None
