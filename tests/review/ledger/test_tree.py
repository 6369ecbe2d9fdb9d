"""The tree against RFC 9162's own definitions and the test vectors of Certificate Transparency."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.review.ledger import tree
from tests.review.ledger import naive

# inputs, roots and proofs of the Certificate Transparency project's tests of RFC 6962
INPUTS = [
    bytes.fromhex(text)
    for text in (
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
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PATHS = [
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
]
PROOFS = [
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


class Grown:
    """A tree grown leaf by leaf, its nodes in a dict as a store would keep them."""

    def __init__(self, data):
        self.nodes = {}
        frontier = tree.Frontier(0, self)
        self.roots = [frontier.root()]
        for entry in data:
            for level, position, found in frontier.push(tree.leaf_hash(entry)):
                assert (level, position) not in self.nodes
                self.nodes[level, position] = found
            self.roots.append(frontier.root())
        assert frontier.size == len(data)

    def __call__(self, level, position):
        return self.nodes[level, position]


def numbered(n):
    return [b"%d" % i for i in range(n)]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_vectors(size):
    assert Grown(INPUTS[:size]).roots[size].hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "hashes"), PATHS)
def test_inclusion_paths_are_those_of_the_vectors(index, size, hashes):
    path = tree.inclusion_path(index, size, Grown(INPUTS[:size]))
    assert [h.hex() for h in path] == hashes


@pytest.mark.parametrize(("old", "new", "hashes"), PROOFS)
def test_consistency_paths_are_those_of_the_vectors(old, new, hashes):
    path = tree.consistency_path(old, new, Grown(INPUTS[:new]))
    assert [h.hex() for h in path] == hashes


def test_every_root_and_proof_of_small_trees_is_the_definition_s():
    data = numbered(40)
    grown = Grown(data)
    for size in range(len(data) + 1):
        part = data[:size]
        assert grown.roots[size] == tree.range_root(0, size, grown) == naive.head(part)
        for index in range(size):
            path = tree.inclusion_path(index, size, grown)
            assert list(path) == naive.path(index, part)
            leaf = tree.leaf_hash(data[index])
            assert tree.root_of_inclusion(leaf, index, size, path) == grown.roots[size]
        for old in range(size + 1):
            path = tree.consistency_path(old, size, grown)
            expected = naive.proof(old, part) if old else []
            assert list(path) == expected
            assert tree.is_consistent(old, grown.roots[old], size, grown.roots[size], path)


@given(st.integers(1, 3000), st.data())
def test_a_frontier_goes_on_from_any_size(size, data):
    cut = data.draw(st.integers(0, size))
    grown = Grown(numbered(size))
    frontier = tree.Frontier(cut, grown)
    assert frontier.root() == grown.roots[cut]
    for index in range(cut, size):
        for level, position, found in frontier.push(tree.leaf_hash(b"%d" % index)):
            assert grown.nodes[level, position] == found
    assert frontier.root() == grown.roots[size]


def test_a_tree_holds_two_nodes_for_an_entry_and_reads_few():
    grown = Grown(numbered(1000))
    assert len(grown.nodes) == 2 * 1000 - (1000).bit_count()
    asked = []
    tree.Frontier(999, lambda *node: asked.append(node) or b"")
    assert len(asked) == (999).bit_count()
    asked.clear()
    tree.inclusion_path(500, 999, lambda *node: asked.append(node) or b"")
    assert len(asked) <= 2 * 10


@st.composite
def _changed(draw):
    """A proof with one thing about it changed."""
    size = draw(st.integers(2, 70))
    index = draw(st.integers(0, size - 1))
    grown = Grown(numbered(size))
    path = list(tree.inclusion_path(index, size, grown))
    leaf = tree.leaf_hash(b"%d" % index)
    what = draw(st.sampled_from(["flip", "drop", "more", "swap", "leaf", "index"]))
    at = draw(st.integers(0, len(path) - 1))
    if what == "flip":
        path[at] = hashlib.sha256(path[at]).digest()
    elif what == "drop":
        del path[at]
    elif what == "more":
        path.insert(at, path[at])
    elif what == "swap":
        other = draw(st.integers(0, len(path) - 1))
        path[at], path[other] = path[other], path[at]
        if at == other:
            path[at] = leaf
    elif what == "leaf":
        leaf = tree.leaf_hash(b"another")
    else:
        index = draw(st.integers(-3, size + 3).filter(lambda i: i != index))
    return grown.roots[size], leaf, index, size, path


@given(_changed())
def test_a_changed_inclusion_proof_does_not_hold(changed):
    root, leaf, index, size, path = changed
    assert tree.root_of_inclusion(leaf, index, size, path) != root


@given(st.integers(1, 70), st.integers(1, 70), st.data())
def test_a_changed_consistency_proof_does_not_hold(a, b, data):
    old, new = min(a, b), max(a, b)
    grown = Grown(numbered(new))
    path = list(tree.consistency_path(old, new, grown))
    old_root, new_root = grown.roots[old], grown.roots[new]
    assert tree.is_consistent(old, old_root, new, new_root, path)
    other = hashlib.sha256(b"other").digest()
    assert not tree.is_consistent(old, other, new, new_root, path)
    assert not tree.is_consistent(old, old_root, new, other, path)
    assert not tree.is_consistent(old, old_root, new, new_root, [*path, other])
    assert not tree.is_consistent(new + 1, old_root, new, new_root, path)
    if path:
        at = data.draw(st.integers(0, len(path) - 1))
        assert not tree.is_consistent(old, old_root, new, new_root, path[:at] + path[at + 1 :])
        path[at] = other
        assert not tree.is_consistent(old, old_root, new, new_root, path)


@pytest.mark.parametrize("size", [-1, 5])
def test_nothing_is_consistent_with_the_empty_tree_but_by_its_root(size):
    root = Grown(numbered(5)).roots[5]
    holds = tree.is_consistent(0, tree.EMPTY_ROOT, size, root, ())
    assert holds == (size == 5)
    assert not tree.is_consistent(0, root, 5, root, ())
    assert not tree.is_consistent(0, tree.EMPTY_ROOT, 5, root, (root,))
    assert not tree.is_consistent(3, root, 5, root, ())


def test_a_proof_of_the_wrong_length_leads_nowhere():
    leaf = tree.leaf_hash(b"0")
    assert tree.root_of_inclusion(leaf, 0, 1, ()) == leaf
    assert tree.root_of_inclusion(leaf, 0, 1, (leaf,)) is None
    assert tree.root_of_inclusion(leaf, 0, 2, ()) is None
    assert tree.root_of_inclusion(leaf, 0, 0, ()) is None
