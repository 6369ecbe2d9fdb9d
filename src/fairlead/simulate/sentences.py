"""NMEA lines: TAG block, sentence, checksum, and the faults that receivers add.

One line per row, written into one buffer by a kernel; the caller writes the buffer to a file.
"""

import numpy as np
from numba import njit

FAULTS = ("none", "damaged", "truncated")
FRAGMENT_CHARS = 56
LINE_WIDTH_MAX = 190
_HEX = np.frombuffer(b"0123456789ABCDEF", np.uint8).copy()


def write_lines(
    payloads: np.ndarray,
    lengths: np.ndarray,
    fill: np.ndarray,
    lines: dict[str, np.ndarray],
    stations: list[str],
    grouped: np.ndarray,
) -> np.ndarray:
    """The lines as bytes, CR LF ended: uint8.

    `lines` has a row per line: message (row of `payloads`), part and parts (1-based), sequence
    (0-9), channel (0 or 1), station, epoch_s, fault (FAULTS), salt (random bits that place the
    fault). `grouped` says per station whether parts carry `g:` groups in their TAG blocks.
    """
    names = np.zeros((len(stations), 16), np.uint8)
    for i, name in enumerate(stations):
        names[i, : len(name)] = np.frombuffer(name.encode()[:16], np.uint8)
    sizes = np.array([min(16, len(s)) for s in stations], np.int64)
    out = np.empty(len(lines["message"]) * LINE_WIDTH_MAX, np.uint8)
    used = _write(
        payloads,
        lengths,
        fill,
        lines["message"],
        lines["part"],
        lines["parts"],
        lines["sequence"],
        lines["channel"],
        lines["station"],
        lines["epoch_s"],
        lines["fault"],
        lines["salt"],
        names,
        sizes,
        grouped,
        out,
    )
    return out[:used]


@njit(cache=True, nogil=True)
def _put_number(out: np.ndarray, at: int, value: int) -> int:
    digits = 1
    while 10**digits <= value:
        digits += 1
    for k in range(digits):
        out[at + digits - 1 - k] = 48 + value % 10
        value //= 10
    return at + digits


@njit(cache=True, nogil=True)
def _put_checksum(out: np.ndarray, since: int, at: int) -> int:
    total = np.uint8(0)
    for k in range(since, at):
        total ^= out[k]
    out[at] = 42
    out[at + 1] = _HEX[total >> 4]
    out[at + 2] = _HEX[total & 15]
    return at + 3


@njit(cache=True, nogil=True)
def _put_tag(out, at, name, size, epoch_s, part, parts, sequence, grouped):  # noqa: ANN001, ANN202
    out[at] = 92
    since = at + 1
    at = since
    if grouped and parts > 1:
        out[at], out[at + 1], out[at + 2], out[at + 3], out[at + 4] = 103, 58, 48 + part, 45, 50
        out[at + 5] = 45
        at = _put_number(out, at + 6, 1 + sequence)
        out[at] = 44
        at += 1
    out[at], out[at + 1] = 115, 58
    at += 2
    for k in range(size):
        out[at + k] = name[k]
    at += size
    out[at], out[at + 1], out[at + 2] = 44, 99, 58
    at = _put_number(out, at + 3, epoch_s)
    at = _put_checksum(out, since, at)
    out[at] = 92
    return at + 1


@njit(cache=True, nogil=True)
def _put_sentence(out, at, payload, length, fill, part, parts, sequence, channel):  # noqa: ANN001, ANN202
    for k, letter in enumerate((33, 65, 73, 86, 68, 77, 44)):
        out[at + k] = letter
    since = at + 1
    at += 7
    out[at], out[at + 1], out[at + 2], out[at + 3] = 48 + parts, 44, 48 + part, 44
    at += 4
    if parts > 1:
        out[at] = 48 + sequence
        at += 1
    out[at], out[at + 1], out[at + 2] = 44, 65 + channel, 44
    at += 3
    first = (part - 1) * FRAGMENT_CHARS
    last = min(length, first + FRAGMENT_CHARS) if parts > 1 else length
    for k in range(first, last):
        out[at] = payload[k]
        at += 1
    out[at], out[at + 1] = 44, 48 + (fill if part == parts else 0)
    return _put_checksum(out, since, at + 2)


@njit(cache=True, nogil=True)
def _write(  # noqa: ANN202
    payloads, lengths, fill, message, part, parts, sequence, channel, station, epoch_s,  # noqa: ANN001
    fault, salt, names, sizes, grouped, out,  # noqa: ANN001
):  # fmt: skip
    at = 0
    for i in range(len(message)):
        m, s = message[i], station[i]
        at = _put_tag(
            out, at, names[s], sizes[s], epoch_s[i], part[i], parts[i], sequence[i], grouped[s]
        )
        since = at
        at = _put_sentence(
            out, at, payloads[m], lengths[m], fill[m], part[i], parts[i], sequence[i], channel[i]
        )
        if fault[i] == 1:
            place = since + 15 + salt[i] % (at - since - 21)
            out[place] = 48 if out[place] != 48 else 49
        elif fault[i] == 2:
            at = since + 10 + salt[i] % (at - since - 14)
        out[at], out[at + 1] = 13, 10
        at += 2
    return at
