"""Merkle trees against the recursive definition of RFC 6962, 2.1, and their proofs."""

from __future__ import annotations

from hashlib import sha256

import pytest

from fuma.domain import merkle


def by_definition(entries: list[bytes]) -> bytes:
    """MTH as RFC 6962, 2.1 writes it, over leaf hashes."""
    if len(entries) == 1:
        return entries[0]
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return merkle.node_hash(by_definition(entries[:k]), by_definition(entries[k:]))


def test_the_empty_tree_and_leaves_are_told_from_nodes() -> None:
    assert merkle.root([]) == sha256(b"").digest()
    assert merkle.leaf_hash(b"").hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 8, 9, 31, 33])
def test_roots_and_proofs_of_every_leaf(size: int) -> None:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(size)]
    root = merkle.root(leaves)
    assert root == by_definition(leaves)
    for index, leaf in enumerate(leaves):
        path = merkle.inclusion(leaves, index)
        assert merkle.included(leaf, index, size, path, root)
        assert not merkle.included(merkle.leaf_hash(b"no"), index, size, path, root)
        assert not merkle.included(leaf, (index + 1) % size, size, path, root) or size == 1
        assert not merkle.included(leaf, index, size, [*path, root], root)
