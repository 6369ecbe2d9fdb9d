"""Bits of a message: six per character, ten characters to a 60-bit word. Kernels."""

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


@njit(cache=True)
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


@njit(cache=True)
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


@njit(cache=True)
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
