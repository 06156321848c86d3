"""Merkle trees: the roots everybody else computes, and proofs that prove only what is so."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import merkle

LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""The vectors of the Certificate Transparency project."""


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


def plain_root(hashes: list[bytes]) -> bytes:
    """The definition of RFC 9162, 2.1.1, word for word."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + plain_root(hashes[:k]) + plain_root(hashes[k:])).digest()


class Kept:
    """Tiles in memory; counts how many are read."""

    def __init__(self) -> None:
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.size = 0
        self.reads = 0

    def read(self, level: int, position: int) -> bytes:
        self.reads += 1
        return self.tiles[level, position]

    def append(self, hashes: list[bytes]) -> int:
        changed = merkle.appended(self.read, self.size, hashes)
        self.tiles.update(changed)
        self.size += len(hashes)
        return len(changed)


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_certificate_transparency(size: int) -> None:
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES]
    assert merkle.root(merkle.nodes_of(hashes), size).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root(merkle.nodes_of([]), 0) == hashlib.sha256().digest()


@given(st.integers(1, 300), st.data())
def test_every_leaf_is_proved_and_no_other_leaf_place_size_or_path_is(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hashes = leaves(size)
    nodes = merkle.nodes_of(hashes)
    root = merkle.root(nodes, size)
    assert root == plain_root(hashes)
    proof = merkle.inclusion_proof(nodes, index, size)
    assert merkle.is_included(hashes[index], index, size, proof, root)
    assert len(proof) <= (size - 1).bit_length()
    other = data.draw(st.integers(0, size + 3).filter(lambda one: one != index))
    assert not merkle.is_included(hashes[index], other, size, proof, root)
    assert not merkle.is_included(merkle.leaf_hash(b"forged"), index, size, proof, root)
    assert not merkle.is_included(hashes[index], index, size, [*proof, root], root)
    assert not merkle.is_included(hashes[index], index, size, proof, merkle.leaf_hash(b"root"))
    if proof:
        at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
        broken = list(proof)
        broken[at] = (int.from_bytes(broken[at], "big") ^ 1 << bit).to_bytes(32, "big")
        assert not merkle.is_included(hashes[index], index, size, broken, root)
        assert not merkle.is_included(hashes[index], index, size, proof[:-1], root)


@given(st.integers(1, 300), st.data())
def test_every_beginning_is_proved_and_no_rewritten_history_is(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second))
    hashes = leaves(second)
    nodes = merkle.nodes_of(hashes)
    old, new = merkle.root(nodes, first), merkle.root(nodes, second)
    proof = merkle.consistency_proof(nodes, first, second)
    assert merkle.is_consistent(first, second, old, new, proof)
    changed = list(hashes)
    changed[data.draw(st.integers(0, first - 1))] = merkle.leaf_hash(b"rewritten")
    rewritten = merkle.nodes_of(changed)
    forged = merkle.root(rewritten, second)
    for attempt in (proof, merkle.consistency_proof(rewritten, first, second)):
        assert not merkle.is_consistent(first, second, old, forged, attempt)
    assert not merkle.is_consistent(first, second, old, new, [*proof, old])
    if first < second:
        other = data.draw(st.integers(1, second).filter(lambda one: one != first))
        assert not merkle.is_consistent(other, second, old, new, proof)
    if proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        assert not merkle.is_consistent(first, second, old, new, proof[:at] + proof[at + 1 :])


@given(st.lists(st.integers(0, 700), max_size=6))
def test_a_tree_kept_in_tiles_is_the_tree_whatever_the_portions(portions: list[int]) -> None:
    kept, hashes = Kept(), leaves(sum(portions))
    for portion in portions:
        kept.append(hashes[kept.size : kept.size + portion])
    nodes = merkle.nodes_of_tiles(kept.read)
    assert merkle.root(nodes, kept.size) == plain_root(hashes)
    for size in {1, kept.size // 2, kept.size - 1} & set(range(1, kept.size + 1)):
        assert merkle.root(nodes, size) == plain_root(hashes[:size])
        assert merkle.inclusion_proof(nodes, size - 1, kept.size) == merkle.inclusion_proof(
            merkle.nodes_of(hashes), size - 1, kept.size
        )


@given(st.integers(1, 300), st.data())
def test_proofs_written_out_for_people_lead_to_the_same_roots(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second))
    hashes = leaves(second)
    nodes = merkle.nodes_of(hashes)
    old, new = merkle.root(nodes, first), merkle.root(nodes, second)
    found = hashes[first - 1]
    for side, step in merkle.inclusion_steps(
        first - 1, second, merkle.inclusion_proof(nodes, first - 1, second)
    ):
        found = merkle.node_hash(step, found) if side == "left" else merkle.node_hash(found, step)
    assert found == new
    steps = merkle.consistency_steps(first, second, old, merkle.consistency_proof(nodes, first, second))
    before = after = steps[0][1]
    for verb, step in steps[1:]:
        before = merkle.node_hash(step, before) if verb == "both" else before
        after = merkle.node_hash(step, after) if verb == "both" else merkle.node_hash(after, step)
    assert (before, after) == (old, new)


@given(st.integers(0, 300))
def test_a_tree_that_is_only_walked_has_the_same_root(size: int) -> None:
    frontier = merkle.Frontier()
    for leaf in leaves(size):
        frontier.add(leaf)
    assert (frontier.size, frontier.root()) == (size, plain_root(leaves(size)))


def test_a_large_tree_is_appended_to_and_proved_with_a_few_tiles() -> None:
    kept = Kept()
    kept.append(leaves(200_000))
    kept.reads = 0
    assert kept.append([merkle.leaf_hash(b"one more")]) == 1
    assert kept.reads == 1
    nodes = merkle.nodes_of_tiles(kept.read)
    merkle.root(nodes, kept.size)
    assert kept.reads <= 4
    proof = merkle.inclusion_proof(nodes, 77_777, kept.size)
    assert merkle.is_included(leaves(77_778)[-1], 77_777, kept.size, proof, merkle.root(nodes, kept.size))
    assert kept.reads <= 9


def test_proofs_of_what_is_not_there_are_refused() -> None:
    nodes = merkle.nodes_of(leaves(4))
    with pytest.raises(ValueError, match="leaf 4"):
        merkle.inclusion_proof(nodes, 4, 4)
    for first in (0, 5):
        with pytest.raises(ValueError, match="no tree"):
            merkle.consistency_proof(nodes, first, 4)
    assert not merkle.is_included(leaves(4)[0], 0, 4, [b"short"] * 2, merkle.root(nodes, 4))
    assert not merkle.is_consistent(0, 4, merkle.EMPTY, merkle.root(nodes, 4), [])
