"""The tree as RFC 9162 defines it: recursion over lists of leaves, nothing stored."""

import hashlib


def head(data):
    """MTH(D[n]), section 2.1.1."""
    if not data:
        return hashlib.sha256().digest()
    if len(data) == 1:
        return hashlib.sha256(b"\x00" + data[0]).digest()
    k = split(len(data))
    return hashlib.sha256(b"\x01" + head(data[:k]) + head(data[k:])).digest()


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def path(m, data):
    """PATH(m, D[n]), section 2.1.3.1."""
    if len(data) == 1:
        return []
    k = split(len(data))
    if m < k:
        return [*path(m, data[:k]), head(data[k:])]
    return [*path(m - k, data[k:]), head(data[:k])]


def proof(m, data):
    """PROOF(m, D[n]), section 2.1.4.1, for 0 < m < n."""
    return subproof(m, data, is_whole=True)


def subproof(m, data, *, is_whole):
    if m == len(data):
        return [] if is_whole else [head(data)]
    k = split(len(data))
    if m <= k:
        return [*subproof(m, data[:k], is_whole=is_whole), head(data[k:])]
    return [*subproof(m - k, data[k:], is_whole=False), head(data[:k])]
