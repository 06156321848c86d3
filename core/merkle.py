"""Merkle trees as RFC 9162, section 2.1, has them: roots, proofs, and how proofs are checked.

SHA-256 throughout; a leaf is hashed behind a zero byte, a node behind a one, so that neither can
pass for the other. Everything here is pure. A tree that is kept stores *tiles*: the hashes of one
row of the tree, 256 at a time, every eighth row. Appending touches one tile for each such row, and
a root or proof over millions of leaves reads a few.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Final

EMPTY: Final = hashlib.sha256().digest()
"""Root of the tree without leaves."""
SIZE: Final = 32
TILE_ROWS: Final = 8
TILE_WIDTH: Final = 1 << TILE_ROWS

Nodes = Callable[[int, int], bytes]
"""Hash of the complete subtree over the ``2**row`` leaves from ``position * 2**row`` on."""
ReadTile = Callable[[int, int], bytes]
"""The bytes of the tile at (level, position): 1 to 256 hashes. Level 0 holds leaf hashes."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node (RFC 9162, 2.1.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def nodes_of(leaves: Sequence[bytes]) -> Nodes:
    """The nodes of a tree whose leaf hashes are all at hand."""

    def node(row: int, position: int) -> bytes:
        if row == 0:
            return leaves[position]
        return node_hash(node(row - 1, 2 * position), node(row - 1, 2 * position + 1))

    return node


def nodes_of_tiles(read: ReadTile) -> Nodes:
    """The nodes of a tree that is kept as tiles; each tile is read once."""
    seen: dict[tuple[int, int], bytes] = {}

    def node(row: int, position: int) -> bytes:
        level, rows_up = divmod(row, TILE_ROWS)
        first = position << rows_up
        key = (level, first // TILE_WIDTH)
        if key not in seen:
            seen[key] = read(*key)
        start = (first % TILE_WIDTH) * SIZE
        return _complete(seen[key][start : start + (SIZE << rows_up)])

    return node


def _complete(hashes: bytes) -> bytes:
    """Root over a power of two of hashes that stand one behind the other."""
    while len(hashes) > SIZE:
        hashes = b"".join(
            node_hash(hashes[at : at + SIZE], hashes[at + SIZE : at + 2 * SIZE])
            for at in range(0, len(hashes), 2 * SIZE)
        )
    return hashes


def appended(read: ReadTile, size: int, leaves: Sequence[bytes]) -> Mapping[tuple[int, int], bytes]:
    """The tiles that change when leaf hashes are added to a tree of ``size`` leaves."""
    changed: dict[tuple[int, int], bytes] = {}
    level, added = 0, list(leaves)
    while added:
        count = size >> (TILE_ROWS * level)
        position, held = divmod(count, TILE_WIDTH)
        tile = read(level, position) if held else b""
        above: list[bytes] = []
        for one in added:
            tile += one
            if len(tile) == TILE_WIDTH * SIZE:
                changed[level, position] = tile
                above.append(_complete(tile))
                position, tile = position + 1, b""
        if tile:
            changed[level, position] = tile
        level, added = level + 1, above
    return changed


def root(nodes: Nodes, size: int) -> bytes:
    """Root of the first ``size`` leaves (RFC 9162, 2.1.1)."""
    return _range(nodes, 0, size) if size else EMPTY


def _range(nodes: Nodes, start: int, end: int) -> bytes:
    """Root over the leaves ``start`` to ``end`` exclusive, where ``start`` begins a subtree."""
    count = end - start
    if count & (count - 1) == 0:
        return nodes(count.bit_length() - 1, start // count)
    middle = start + _split(count)
    return node_hash(_range(nodes, start, middle), _range(nodes, middle, end))


def _split(count: int) -> int:
    """The largest power of two below ``count``."""
    return 1 << ((count - 1).bit_length() - 1)


class Frontier:
    """A tree that is only walked: the roots of its complete subtrees, at most one for each row."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []  # from the largest subtree to the smallest

    def add(self, leaf: bytes) -> None:
        """Take in the next leaf hash."""
        self._roots.append(leaf)
        self.size += 1
        for _ in range((self.size & -self.size).bit_length() - 1):
            right = self._roots.pop()
            self._roots[-1] = node_hash(self._roots[-1], right)

    def root(self) -> bytes:
        """Root of what was taken in."""
        if not self._roots:
            return EMPTY
        found = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            found = node_hash(left, found)
        return found


def inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """The path from leaf ``index`` (from 0) to the root over ``size`` leaves (RFC 9162, 2.1.3.1).

    Raises ValueError for a leaf that the tree does not have.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not in a tree of {size}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_range(nodes, middle, end))
            end = middle
        else:
            path.append(_range(nodes, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(nodes: Nodes, first: int, second: int) -> list[bytes]:
    """That the tree of ``first`` leaves is the beginning of that of ``second`` (RFC 9162, 2.1.4.1).

    Raises ValueError unless ``0 < first <= second``.
    """
    if not 0 < first <= second:
        raise ValueError(f"no tree of {first} leaves begins one of {second}")
    start, end, is_whole, path = 0, second, True, []
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            path.append(_range(nodes, middle, end))
            end = middle
        else:
            path.append(_range(nodes, start, middle))
            start, is_whole = middle, False
    if not is_whole:
        path.append(_range(nodes, start, end))
    return path[::-1]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Whether the proof leads from a leaf hash to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0 or len(step) != SIZE:
            return False
        if position & 1 or position == last:
            found = node_hash(step, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = node_hash(found, step)
        position, last = position >> 1, last >> 1
    return last == 0 and found == expected


def is_consistent(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the proof shows that one tree begins the other (RFC 9162, 2.1.4.2)."""
    if not 0 < first <= second or any(len(step) != SIZE for step in proof):
        return False
    if first == second:
        return not proof and first_root == second_root
    steps = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if len(steps) < 2:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = node_hash(new, step)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


def inclusion_steps(index: int, size: int, proof: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """An inclusion proof, each step with the side on which it stands: ``left`` or ``right``.

    For those who check by hand: ``hash = H(left, right)`` from the leaf hash up.
    """
    steps, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        steps.append("right" if index < middle else "left")
        start, end = (start, middle) if index < middle else (middle, end)
    return list(zip(steps[::-1], proof, strict=True))


def consistency_steps(
    first: int, second: int, first_root: bytes, proof: Sequence[bytes]
) -> list[tuple[str, bytes]]:
    """A consistency proof for those who check by hand.

    ``start``: both hashes begin with it; ``both``: ``H(step, hash)`` for the old hash and the new;
    ``new``: ``H(hash, step)`` for the new one. At the end they are the two roots.
    """
    hashes = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if first == second:
        return [("start", first_root)]
    steps = [("start", hashes[0])]
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    for one in hashes[1:]:
        if position & 1 or position == last:
            steps.append(("both", one))
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            steps.append(("new", one))
        position, last = position >> 1, last >> 1
    return steps
