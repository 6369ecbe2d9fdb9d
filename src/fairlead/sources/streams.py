"""One stream of plain bytes from a file that may be compressed or differently encoded.

Compression is told by magic bytes, never by the name. UTF-16 with a byte order mark is given as
UTF-8, and a text whose lines end in a lone carriage return has them given as newlines; offsets
count the bytes as given. A UTF-8 byte order mark is passed over: the stream starts at byte 3.
"""

from __future__ import annotations

import codecs
import contextlib
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import zstandard

HEAD_BYTES = 64 << 10
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
FOREIGN = {
    b"PK\x03\x04": "a zip archive",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ\x00": "an xz file",
    b"7z\xbc\xaf": "a 7-zip archive",
}
_GZIP_STEP, _ZSTD_STEP = 64 << 10, 4 << 10
"""Compressed bytes fed at a time: small, because a hostile zstd frame can grow 30,000-fold."""


class Stream:
    """`read(n)` gives n bytes, fewer only at the end; `fault` then says what was wrong there.

    `some(n)` gives what there is, at least one byte until the end. The head, which tells the
    format, is 64 KiB, or of a `slow` stream no more than its first lines.
    """

    def __init__(self, file: BinaryIO, *, slow: bool = False) -> None:
        self.fault: tuple[str, str] | None = None
        self._slow = slow
        magic = _filled(file.read, b"", 6)
        self.compression = _compression(magic)
        self.foreign = next((w for m, w in FOREIGN.items() if magic.startswith(m)), "")
        self._more = self._reader(file, magic)
        self._head = self._filled_head()
        self.start = 3 if self._head.startswith(codecs.BOM_UTF8) else 0
        plain = self._decode_text()
        self._seek = file.seek if self.compression == "" and plain and file.seekable() else None
        self.head = self._head[self.start :]
        self._place = 0

    def _reader(self, file: BinaryIO, magic: bytes) -> Callable[[int], bytes]:
        if not self.compression:
            return _plain(file, magic)
        return _joined(self._decompressed(file, magic))

    def _decode_text(self) -> bool:
        """Sets up transcoding where the head asks for it; whether the bytes stay as they are."""
        for mark, name in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
            if self._head.startswith(mark):
                more = _joined(_transcoded(self._head[2:], self._more, name))
                self._more, self._head = more, b""
                self._head = self._filled_head()
                return False
        is_text = not self._head.startswith(b"PAR1") and b"\x00" not in self._head
        if is_text and b"\n" not in self._head and b"\r" in self._head[:-1]:
            more = self._more
            self._more = lambda n: more(n).replace(b"\r", b"\n")
            self._head = self._head.replace(b"\r", b"\n")
            return False
        return True

    def _filled_head(self) -> bytes:
        if not self._slow:
            return _filled(self._more, b"", HEAD_BYTES)
        head = b""
        while len(head) < HEAD_BYTES and b"\n" not in head and b"\r" not in head[:-1]:
            data = self._more(HEAD_BYTES - len(head))
            if not data:
                break
            head += data
        return head

    def first(self, n_bytes: int) -> bytes:
        """The first bytes of a stream not yet read, as `read` would give them."""
        if len(self._head) < n_bytes + self.start:
            self._head = _filled(self._more, self._head, n_bytes + self.start)
            self.head = self._head[self.start :]
        return self.head[:n_bytes]

    def some(self, n_bytes: int) -> bytes:
        if self._place < len(self._head):
            return self.read(min(n_bytes, len(self._head) - self._place))
        return self._more(n_bytes)

    def _decompressed(self, file: BinaryIO, magic: bytes) -> Iterator[bytes]:
        """The members or frames one after the other; stops with `fault` where that is not so."""
        step = _GZIP_STEP if self.compression == "gzip" else _ZSTD_STEP
        data, member = magic + file.read(step), _member(self.compression)
        while True:
            before = member.copy() if self.compression == "gzip" else None
            try:
                if out := member.decompress(data):
                    yield out
            except (zlib.error, zstandard.ZstdError) as error:
                yield _up_to_damage(before, data)
                self.fault = "corrupt_stream", f"{self.compression} data are damaged: {error}"
                return
            if not member.eof:
                if data := file.read(step):
                    continue
                text = f"the {self.compression} stream ends before its end marker"
                self.fault = "truncated_stream", text
                return
            data = member.unused_data or file.read(step)
            if self.compression == "gzip":
                data = _after_padding(data, file)
            if not data:
                return
            data += file.read(4) if len(data) < 4 else b""
            if _compression(data) != self.compression:
                text = f"bytes that are not {self.compression} follow its end"
                self.fault = "corrupt_stream", text
                return
            member = _member(self.compression)

    def read(self, n_bytes: int) -> bytes:
        if self._place < len(self._head):
            part = self._head[self._place : self._place + n_bytes]
            self._place += len(part)
            return _filled(self._more, part, n_bytes) if len(part) < n_bytes else part
        return _filled(self._more, b"", n_bytes)

    def skip(self, n_bytes: int) -> bool:
        """Passes over the first bytes of a stream not yet read; false when it has fewer."""
        if self._seek is not None:
            self._place = len(self._head)
            n_total = self._seek(0, 2)
            self._seek(min(n_bytes, n_total))
            return n_total >= n_bytes
        while n_bytes > 0:
            data = self.read(min(n_bytes, 1 << 20))
            if not data:
                return False
            n_bytes -= len(data)
        return True


def foreign_within(stream: Stream) -> str:
    """What is not read within gzip or zstd, in words; empty where text follows."""
    inner = _compression(stream.head) if stream.compression else ""
    return f"{inner} within {stream.compression}" if inner else ""


def _compression(magic: bytes) -> str:
    if magic.startswith(GZIP_MAGIC):
        return "gzip"
    return "zstd" if magic.startswith(ZSTD_MAGIC) else ""


def _member(compression: str) -> Any:
    if compression == "gzip":
        return zlib.decompressobj(wbits=31)
    return zstandard.ZstdDecompressor().decompressobj()


def _up_to_damage(member: Any, data: bytes) -> bytes:
    """What a gzip member gives before its damage, byte by byte; nothing for zstd."""
    parts = []
    with contextlib.suppress(zlib.error):
        for k in range(len(data) if member else 0):
            parts.append(member.decompress(data[k : k + 1]))
    return b"".join(parts)


def _after_padding(data: bytes, file: BinaryIO) -> bytes:
    """gzip members may be followed by zeros (tape blocks)."""
    while data and not (data := data.lstrip(b"\x00")):
        data = file.read(_GZIP_STEP)
    return data


def _plain(file: BinaryIO, magic: bytes) -> Callable[[int], bytes]:
    first = [magic]

    def more(n_bytes: int) -> bytes:
        if not first:
            return file.read(n_bytes)
        part = first.pop()
        if len(part) > n_bytes:
            first.append(part[n_bytes:])
        return part[:n_bytes] or file.read(n_bytes)

    return more


def _joined(chunks: Iterator[bytes]) -> Callable[[int], bytes]:
    """`more(n)` from chunks of any length: at least one byte until the end."""
    chunk, place = b"", 0

    def more(n_bytes: int) -> bytes:
        nonlocal chunk, place
        if place >= len(chunk):
            chunk, place = next(filter(None, chunks), b""), 0
        part = chunk[place : place + n_bytes]
        place += len(part)
        return part

    return more


def _transcoded(head: bytes, more: Callable[[int], bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    data = head
    while data:
        yield decoder.decode(data).encode()
        data = more(1 << 20)
    yield decoder.decode(b"", final=True).encode()


def _filled(more: Callable[[int], bytes], part: bytes, n_bytes: int) -> bytes:
    """`part` and what follows it, up to n_bytes."""
    parts, n_left = [part], n_bytes - len(part)
    while n_left > 0 and (data := more(n_left)):
        parts.append(data)
        n_left -= len(data)
    return b"".join(parts)
