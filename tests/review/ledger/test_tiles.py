"""Paths of tiles, which tiles a tree has, and bundles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.review.ledger.broken import BrokenError
from fairlead.review.ledger.tiles import Tile, bundle, tiles_of, unbundle


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 0, 1), "tile/0/000.p/1"),
        (Tile(1, 999, 255), "tile/1/999.p/255"),
        (Tile(2, 1000), "tile/2/x001/000"),
        (Tile(63, 1234067), "tile/63/x001/x234/067"),
        (Tile(None, 70000, 112), "tile/entries/x070/000.p/112"),
    ],
)
def test_paths_are_those_of_the_specification(tile, path):
    assert tile.path == path
    assert Tile.parse(path) == tile


@given(
    st.none() | st.integers(0, 63),
    st.integers(0, 10**18),
    st.integers(1, 256),
)
def test_every_tile_is_found_by_its_path(level, number, width):
    tile = Tile(level, number, width)
    assert Tile.parse(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/99/000",
        "tile/-1/000",
        "tile/x/000",
        "tile/0/001/000",
        "tile/0/x000/001",
        "tile/0/x001/x000",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/300",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/entries/000 ",
        "/tile/0/000",
        "tile/0/../000",
        "tile/0/" + "x001/" * 7 + "001",
        "tile/0/" + "x001/" * 2000 + "001",
        "tile/0/\u0661\u0661\u0661",
    ],
)
def test_other_spellings_are_refused(path):
    assert Tile.parse(path) is None


def test_a_tree_has_the_tiles_of_the_specification_s_example():
    by_level = {}
    for tile in tiles_of(70_000):
        by_level.setdefault(tile.level, []).append(tile)
    assert [len(by_level[level]) for level in (0, 1, 2, None)] == [274, 2, 1, 274]
    assert 3 not in by_level
    assert by_level[0][-1] == Tile(0, 273, 112)
    assert by_level[1] == [Tile(1, 0), Tile(1, 1, 17)]
    assert by_level[2] == [Tile(2, 0, 1)]
    assert by_level[None][-1] == Tile(None, 273, 112)
    assert list(tiles_of(256)) == [Tile(None, 0), Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_its_entries_back(entries):
    assert unbundle(bundle(entries)) == entries


def test_a_bundle_counts_in_two_bytes_big_end_first():
    assert bundle([b"a", b"b" * 258]) == b"\0\1a\1\2" + b"b" * 258


@pytest.mark.parametrize(("raw", "n"), [(b"\0", 0), (b"\0\2a", 0), (b"\0\1a\0", 1)])
def test_a_bundle_that_was_cut_is_refused(raw, n):
    with pytest.raises(BrokenError, match=f"middle of entry {n}"):
        unbundle(raw)
