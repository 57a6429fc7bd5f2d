import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.merkle import EMPTY_ROOT, Tree, extends, hash_leaf, hash_node, includes
from schema.verifier import includes as verifier_includes
from schema.verifier import roots

# The reference leaves and roots of certificate-transparency (RFC 6962's own implementation, merkletree tests).
LEAVES = [
    bytes.fromhex(data)
    for data in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
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
INCLUSION = {  # (position, size): the audit paths of the same tests
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}
CONSISTENCY = {
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
}

leaf_lists = st.lists(st.binary(max_size=4), min_size=1, max_size=70).map(
    lambda each: [hash_leaf(x) for x in each]
)


def naive_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hash_node(naive_root(leaves[:k]), naive_root(leaves[k:]))


def hexed(proof: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(node.hex() for node in proof)


def test_the_published_roots_are_met() -> None:
    tree = Tree(hash_leaf(data) for data in LEAVES)
    assert [tree.root(size).hex() for size in range(1, 9)] == ROOTS


def test_the_published_proofs_are_met() -> None:
    tree = Tree(hash_leaf(data) for data in LEAVES)
    assert {key: hexed(tree.inclusion(*key)) for key in INCLUSION} == INCLUSION
    assert {key: hexed(tree.consistency(*key)) for key in CONSISTENCY} == CONSISTENCY


def test_an_empty_tree_has_the_root_of_nothing() -> None:
    assert Tree(()).root() == EMPTY_ROOT == hashlib.sha256().digest()


@given(leaf_lists)
def test_every_root_is_the_naive_one(leaves: list[bytes]) -> None:
    tree = Tree(leaves)
    expected = {size: naive_root(leaves[:size]) for size in range(1, len(leaves) + 1)}
    assert {size: tree.root(size) for size in expected} == expected
    assert roots(leaves, expected) == expected  # the verifier's own way


@given(leaf_lists, st.data())
def test_every_inclusion_proof_is_accepted_for_its_place_only(
    leaves: list[bytes], data: st.DataObject
) -> None:
    size = data.draw(st.integers(1, len(leaves)))
    position = data.draw(st.integers(0, size - 1))
    tree = Tree(leaves)
    proof, root = tree.inclusion(position, size), tree.root(size)
    for check in (includes, verifier_includes):
        assert check(leaves[position], position, size, proof, root)
        assert not check(hash_leaf(b"another"), position, size, proof, root)
        assert not check(leaves[position], position, size, (*proof, root), root)
        assert not check(leaves[position], size, size, proof, root)
        if proof:
            assert not check(leaves[position], position, size, proof[:-1], root)
            assert not check(leaves[position], position, size, (bytes(32), *proof[1:]), root)


@given(leaf_lists, st.data())
def test_every_consistency_proof_is_accepted_for_its_roots_only(
    leaves: list[bytes], data: st.DataObject
) -> None:
    new = data.draw(st.integers(1, len(leaves)))
    old = data.draw(st.integers(1, new))
    tree = Tree(leaves)
    proof = tree.consistency(old, new)
    assert extends(old, new, proof, tree.root(old), tree.root(new))
    assert not extends(old, new, proof, hash_leaf(b"another"), tree.root(new))
    assert not extends(old, new, (*proof, bytes(32)), tree.root(old), tree.root(new))
    if old < new:
        assert not extends(old, new, proof, tree.root(old), hash_leaf(b"another"))
        assert not extends(old, new, (), tree.root(old), tree.root(new))


@pytest.mark.parametrize(("position", "size"), [(-1, 3), (3, 3), (0, 9)])
def test_no_proof_is_made_for_what_is_not_there(position: int, size: int) -> None:
    with pytest.raises(IndexError):
        Tree(hash_leaf(data) for data in LEAVES).inclusion(position, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (1, 9)])
def test_no_consistency_is_proved_beyond_the_tree(old: int, new: int) -> None:
    with pytest.raises(IndexError):
        Tree(hash_leaf(data) for data in LEAVES).consistency(old, new)
