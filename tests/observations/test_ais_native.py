"""Kernels kept as machine code: only what was made of these sources, whole, is used again."""

import numpy as np
import pytest

from fairlead.observations.ais import decode_block, native, run, warm

CODES = {"a:i": ("first", b"\x7fELF\n1"), "b:<i81Cw,(i)": ("second", b"\n\n")}


def test_codes_come_back_as_they_were(tmp_path):
    places = [tmp_path / "none" / "kernels.bin"]
    native.write_codes(CODES, places, "this")
    assert native.read_codes(places, "this") == CODES
    assert [p.name for p in places[0].parent.iterdir()] == ["kernels.bin"]


@pytest.mark.parametrize("damage", [b"", b"{", b"x" * 50, b"{}\n"])
def test_a_damaged_file_is_passed_over(tmp_path, damage):
    path = tmp_path / "kernels.bin"
    path.write_bytes(damage)
    assert native.read_codes([path], "this") == {}
    native.write_codes(CODES, [path], "this")
    path.write_bytes(path.read_bytes()[:-1])
    assert native.read_codes([path], "this") == {}


def test_code_made_from_other_sources_is_passed_over(tmp_path):
    path = tmp_path / "kernels.bin"
    native.write_codes(CODES, [path], "this")
    assert native.read_codes([path], "that") == {}


def test_where_one_place_cannot_be_written_the_next_is(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    places = [blocked / "kernels.bin", tmp_path / "kernels.bin"]
    native.write_codes(CODES, places, "this")
    assert native.read_codes(places, "this") == CODES


def test_a_kernel_is_compiled_for_each_kind_of_arguments():
    whole = np.zeros((2, 4), np.int64)
    frozen = whole.copy()
    frozen.flags.writeable = False
    kinds = [whole, whole[:, ::2], whole.astype(np.int32), whole[0], frozen, 3, (whole, 3)]
    assert len({native.signature((kind,)) for kind in kinds}) == len(kinds)


def test_every_kernel_that_is_called_is_compiled_ahead():
    warm()
    assert [name for name in run.ENTRIES if not native.library().has(name)] == []
    assert decode_block(b"").messages.num_rows == 0
