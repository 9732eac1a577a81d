"""DWORDs on a scale, against Python's struct word by word."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings

from memtiles.pictures.lens import ValueLens
from memtiles.pictures.lenses import lens
from pictures.lenses.memories import Memory, memories, whole


@pytest.mark.parametrize(("name", "form"), [("words", "<I"), ("words-big", ">I")])
@settings(max_examples=40, deadline=None)
@given(memory=memories())
def test_each_word_has_its_place_on_the_scale(name: str, form: str, memory: Memory) -> None:
    made = lens(name)
    assert isinstance(made, ValueLens)
    wanted = []
    for (word,) in struct.iter_unpack(form, memory.bytes):
        wanted += [1 + word * 254 // (2**32 - 1)] * 4
    found = made.values(memory.data, memory.present)
    assert found.shape == memory.data.shape
    assert found.reshape(-1).tolist() == wanted


@pytest.mark.parametrize(("name", "form"), [("words", "<I"), ("words-big", ">I")])
def test_both_sides_of_every_step(name: str, form: str) -> None:
    """A scale that is computed with floats is off by one at some of these."""
    made = lens(name)
    assert isinstance(made, ValueLens)
    edges = [-(-step * (2**32 - 1) // 254) for step in range(1, 255)]
    words = [0, *(edge + by for edge in edges for by in (-1, 0))]
    found = made.values(*whole(b"".join(struct.pack(form, word) for word in words)))
    wanted = [1, *(value for step in range(1, 255) for value in (step, step + 1))]
    assert found[0, : 4 * len(words) : 4].tolist() == wanted
