"""The Merkle tree of RFC 6962: roots, inclusion and consistency proofs, and their verification; pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"
"""RFC 6962, 2.1: leaves and inner nodes are hashed with different prefixes, so neither passes for the other."""

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

Proof = tuple[bytes, ...]


def hash_leaf(data: bytes) -> bytes:
    """The hash of a leaf's data."""
    return hashlib.sha256(LEAF_PREFIX + data).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return hashlib.sha256(NODE_PREFIX + left + right).digest()


class Tree:
    """A tree over leaf hashes; it keeps every full subtree, so that proofs cost O(log² n) and building O(n)."""

    def __init__(self, leaves: Iterable[bytes]) -> None:
        """Build it: `_levels[h][i]` is the root of the leaves from i·2^h up to (i+1)·2^h."""
        self._levels: list[list[bytes]] = [list(leaves)]
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([hash_node(left, right) for left, right in pairs])

    def __len__(self) -> int:
        return len(self._levels[0])

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves, of all when none is given."""
        size = len(self) if size is None else size
        if not 0 <= size <= len(self):
            raise IndexError(f"the tree has {len(self)} leaves, not {size}")
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, position: int, size: int) -> Proof:
        """PATH(m, D[n]) of RFC 6962, 2.1.1: proves that the leaf is in the tree of the first `size` leaves."""
        if not 0 <= position < size <= len(self):
            raise IndexError(f"no leaf {position} in a tree of {size}")
        return tuple(self._path(position, 0, size))

    def consistency(self, old: int, new: int) -> Proof:
        """PROOF(m, D[n]) of RFC 6962, 2.1.2: proves that the tree of `new` leaves begins with that of `old`."""
        if not 0 < old <= new <= len(self):
            raise IndexError(f"no proof from {old} to {new} in a tree of {len(self)}")
        return tuple(self._subproof(old, 0, new, whole=True))

    def _range(self, start: int, end: int) -> bytes:
        """The root of a range that begins at a multiple of the power of two it fits in."""
        width = end - start
        if width & (width - 1) == 0:
            height = width.bit_length() - 1
            return self._levels[height][start >> height]
        middle = start + split(width)
        return hash_node(self._range(start, middle), self._range(middle, end))

    def _path(self, position: int, start: int, end: int) -> list[bytes]:
        if end - start == 1:
            return []
        middle = start + split(end - start)
        if position < middle:
            return [*self._path(position, start, middle), self._range(middle, end)]
        return [*self._path(position, middle, end), self._range(start, middle)]

    def _subproof(self, old: int, start: int, end: int, *, whole: bool) -> list[bytes]:
        if old == end:
            return [] if whole else [self._range(start, end)]
        middle = start + split(end - start)
        if old <= middle:
            return [*self._subproof(old, start, middle, whole=whole), self._range(middle, end)]
        return [*self._subproof(old, middle, end, whole=False), self._range(start, middle)]


def split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def includes(leaf: bytes, position: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf hash to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= position < size:
        return False
    node, last, current = leaf, size - 1, position
    for sibling in proof:
        if last == 0:
            return False
        if current & 1 or current == last:
            node = hash_node(sibling, node)
            while current and not current & 1:
                current, last = current >> 1, last >> 1
        else:
            node = hash_node(node, sibling)
        current, last = current >> 1, last >> 1
    return last == 0 and node == root


def extends(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """Whether the proof shows that the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    path = [old_root, *proof] if old & (old - 1) == 0 else [*proof]
    if not path:
        return False
    current, last = old - 1, new - 1
    while current & 1:
        current, last = current >> 1, last >> 1
    first = second = path[0]
    for node in path[1:]:
        if last == 0:
            return False
        if current & 1 or current == last:
            first, second = hash_node(node, first), hash_node(node, second)
            while current and not current & 1:
                current, last = current >> 1, last >> 1
        else:
            second = hash_node(second, node)
        current, last = current >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root
