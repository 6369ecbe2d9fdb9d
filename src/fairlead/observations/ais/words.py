"""Bits of a message: six per character, ten characters to a 60-bit word. Kernels.

All kernels of the decoder are compiled without Numba's runtime (`_nrt=False`): they allocate
nothing, and counting who holds each array took as long as the reading of a plain line.
"""

from __future__ import annotations

import numpy as np
from numba import njit

WORD = 60

_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_POSITIVE = np.uint64(0x7FFFFFFFFFFFFFFF)
_REPEAT = ~(3 << 52)
"""Bits 6 and 7, the repeat indicator: a repeated transmission is the same one."""


def _armour() -> np.ndarray:
    """The value of each payload character (IEC 61162-1, 6-bit field), or 64."""
    table = np.full(256, 64, np.int64)
    for value in range(40):
        table[48 + value] = value
    for value in range(40, 64):
        table[56 + value] = value
    return table


ARMOUR = _armour()


@njit(cache=True, _nrt=False)
def bits_at(words, at, first, width):
    """`width` bits, up to 32, from bit `first` of the message that starts at word `at`."""
    k = first // WORD
    end = first - k * WORD + width
    word = words[at + k]
    if end <= WORD:
        return (word >> (WORD - end)) & ((1 << width) - 1)
    over = end - WORD
    high = word & ((1 << (width - over)) - 1)
    return (high << over) | (words[at + k + 1] >> (WORD - over))


ONES = 0x0101010101010101
LOW_3, LOW_12, LOW_24 = 0x003F003F003F003F, 0x00000FFF00000FFF, 0xFFFFFF
HIGH_6, HIGH_12 = 0x3F003F003F003F00, 0x0FFF00000FFF0000


@njit(cache=True, _nrt=False)
def eight(buf, q):
    """Eight bytes as one signed number, the first on the left.

    The compiler makes one load of it; times 1, because shifted bytes would be unsigned.
    """
    return (
        ((buf[q] * 1) << 56)
        | ((buf[q + 1] * 1) << 48)
        | ((buf[q + 2] * 1) << 40)
        | ((buf[q + 3] * 1) << 32)
        | ((buf[q + 4] * 1) << 24)
        | ((buf[q + 5] * 1) << 16)
        | ((buf[q + 6] * 1) << 8)
        | (buf[q + 7] * 1)
    )


@njit(cache=True, _nrt=False)
def all_armour(c):
    """Whether `eight` bytes are payload characters: 0x30 to 0x57 and 0x60 to 0x77.

    Without its lowest three bits a byte is then 6 to 10 or 12 to 14. Each comparison leaves its
    answer in bit 5 of a byte; nothing is carried into the next, nor over the top.
    """
    high = (c >> 3) & (0x1F * ONES)
    from_6, from_15 = high + 26 * ONES, high + 17 * ONES
    not_11 = (high ^ (11 * ONES)) + 0x1F * ONES
    return (((from_6 & not_11 & ~from_15 & ~(c >> 2)) >> 5) & ONES) == ONES


@njit(cache=True, _nrt=False)
def eight_values(c):
    """The 48 bits of `eight` payload characters: bytes to pairs, to fours, to all."""
    v = c - 0x30 * ONES - (((c >> 6) & (c >> 5) & ONES) << 3)
    v = (v & LOW_3) | ((v & HIGH_6) >> 2)
    v = (v & LOW_12) | ((v & HIGH_12) >> 4)
    return (v & LOW_24) | ((v >> 32) << 24)


@njit(cache=True, _nrt=False)
def unarmour(buf, q, end, words, at, chars):
    """Append payload characters from `q` to the message at word `at`, which has `chars` already.

    Returns where the first other character is, the exclusive or of those read, and the new count.
    """
    x = 0
    w = at + chars // 10
    k = chars % 10
    acc = words[w] >> (6 * (10 - k)) if k else 0
    while q < end:
        c = buf[q]
        v = ARMOUR[c]
        if v > 63:
            break
        x ^= c
        acc = (acc << 6) | v
        k += 1
        q += 1
        chars += 1
        if k == 10:
            words[w] = acc
            w += 1
            acc = 0
            k = 0
    if k:
        words[w] = acc << (6 * (10 - k))
    return q, x, chars


@njit(cache=True, _nrt=False)
def append(buf, q, end, words, at, chars):
    """Append payload characters, known to be such, to the message at word `at`; the new count."""
    w = at + chars // 10
    k = chars % 10
    chars += end - q
    acc = words[w] >> (6 * (10 - k)) if k else 0
    while q + 8 <= end:
        v = eight_values(eight(buf, q))
        q += 8
        if k <= 2:
            acc = (acc << 48) | v
            k += 8
        else:
            over = 6 * (k - 2)
            words[w] = (acc << (48 - over)) | (v >> over)
            w += 1
            acc = v & ((1 << over) - 1)
            k -= 2
        if k == 10:
            words[w] = acc
            w += 1
            acc, k = 0, 0
    while q < end:
        acc = (acc << 6) | ARMOUR[buf[q]]
        q += 1
        k += 1
        if k == 10:
            words[w] = acc
            w += 1
            acc, k = 0, 0
    if k:
        words[w] = acc << (6 * (10 - k))
    return chars


@njit(cache=True, _nrt=False)
def hash_of(words, at, bits):
    """63 bits mixed from the transmitted bits, zeros at the end and the repeat indicator left out.

    splitmix64's finaliser (Steele, Lea and Flood 2014) over a running sum.
    """
    n = (bits + WORD - 1) // WORD
    while n > 1 and words[at + n - 1] == 0:
        n -= 1
    h = np.uint64(0)
    for k in range(n):
        word = words[at + k]
        if k == 0:
            word &= _REPEAT
        h = h * _MIX_2 + np.uint64(word) + _GOLDEN
        h = (h ^ (h >> np.uint64(30))) * _MIX_1
        h = (h ^ (h >> np.uint64(27))) * _MIX_2
        h = h ^ (h >> np.uint64(31))
    return np.int64(h & _POSITIVE)
