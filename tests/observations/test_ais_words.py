"""Payload characters eight at a time, against the table of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.observations.ais.words import ARMOUR, all_armour, eight, eight_values

ALPHABET = [c for c in range(256) if ARMOUR[c] < 64]

characters = st.lists(st.sampled_from(ALPHABET), min_size=8, max_size=8)
kernels = pytest.mark.parametrize("name", ["compiled", "plain"])


def run(name: str, kernel, *arguments):
    return (kernel if name == "compiled" else kernel.py_func)(*arguments)


def read(name: str, content: list[int]):
    text = bytes(content)
    return run(name, eight, np.frombuffer(text, np.uint8) if name == "compiled" else text, 0)


@kernels
@settings(deadline=None)
@given(content=characters)
def test_eight_characters_are_48_bits(name, content):
    value = 0
    for c in content:
        value = value << 6 | int(ARMOUR[c])
    number = read(name, content)
    assert run(name, all_armour, number)
    assert run(name, eight_values, number) == value


@kernels
@settings(deadline=None)
@given(content=characters, place=st.integers(0, 7), other=st.integers(0, 255))
def test_one_other_character_is_seen(name, content, place, other):
    content[place] = other
    assert run(name, all_armour, read(name, content)) == (other in ALPHABET)
