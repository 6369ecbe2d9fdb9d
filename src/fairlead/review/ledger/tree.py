"""The Merkle tree of RFC 9162, section 2.1, over hashes of its whole subtrees.

A node is named by level (0: leaves) and position; it exists once all 2**level leaves under it do,
and never changes after. Everything else is folded from such nodes, log2(size) of them at most.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

Node = tuple[int, int]
HashAt = Callable[[int, int], bytes]
"""The hash of the node at a level and position."""

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def whole_subtrees(start: int, end: int) -> list[Node]:
    """The fewest nodes that make up leaves [start, end), left to right.

    `start` must be a multiple of the largest power of two in `end - start`, as it always is for
    the ranges that RFC 9162 speaks of.
    """
    nodes = []
    while start < end:
        level = (end - start).bit_length() - 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over whole subtrees given left to right, largest first."""
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root


def range_root(start: int, end: int, hash_at: HashAt) -> bytes:
    """The hash over leaves [start, end), as in MTH(D[start:end])."""
    return fold([hash_at(level, position) for level, position in whole_subtrees(start, end)])


class Frontier:
    """The right edge of a growing tree: what an append must know of what came before."""

    def __init__(self, size: int, hash_at: HashAt) -> None:
        self.size = size
        self._hashes = [hash_at(level, position) for level, position in whole_subtrees(0, size)]

    def push(self, leaf: bytes) -> list[tuple[int, int, bytes]]:
        """Add a leaf's hash; the nodes that are whole now: (level, position, hash)."""
        made = [(0, self.size, leaf)]
        level = 0
        while self.size >> level & 1:
            level += 1
            leaf = node_hash(self._hashes.pop(), leaf)
            made.append((level, self.size >> level, leaf))
        self._hashes.append(leaf)
        self.size += 1
        return made

    def root(self) -> bytes:
        return fold(self._hashes)


def inclusion_path(index: int, size: int, hash_at: HashAt) -> tuple[bytes, ...]:
    """RFC 9162, 2.1.3.1: from the leaf's sibling up to the root's child. 0 <= index < size."""
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_root(middle, end, hash_at))
            end = middle
        else:
            path.append(range_root(start, middle, hash_at))
            start = middle
    return tuple(reversed(path))


def consistency_path(old: int, new: int, hash_at: HashAt) -> tuple[bytes, ...]:
    """RFC 9162, 2.1.4.1: that the tree of `old` leaves is the beginning of that of `new`.

    Empty where there is nothing to prove: `old` is 0 or equal to `new`. 0 <= old <= new.
    """
    if old == 0:
        return ()
    path = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(range_root(middle, end, hash_at))
            end = middle
        else:
            path.append(range_root(start, middle, hash_at))
            start = middle
    if start:
        path.append(range_root(start, end, hash_at))
    return tuple(reversed(path))


def _split(n: int) -> int:
    """The largest power of two below n; n > 1."""
    return 1 << (n - 1).bit_length() - 1


def root_of_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """RFC 9162, 2.1.3.2: the root that the path leads to, None where its length is wrong."""
    if not 0 <= index < size:
        return None
    at, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if at & 1 or at == last:
            found = node_hash(step, found)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            found = node_hash(found, step)
        at >>= 1
        last >>= 1
    return found if last == 0 else None


def is_consistent(
    old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]
) -> bool:
    """RFC 9162, 2.1.4.2: whether the path proves that `old` leaves begin the `new` ones."""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path and old_root == EMPTY_ROOT
    steps = list(path) if old & (old - 1) else [old_root, *path]
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at >>= 1
        last >>= 1
    of_old = of_new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            of_old = node_hash(step, of_old)
            of_new = node_hash(step, of_new)
            while not at & 1 and at:
                at >>= 1
                last >>= 1
        else:
            of_new = node_hash(of_new, step)
        at >>= 1
        last >>= 1
    return last == 0 and of_old == old_root and of_new == new_root
