"""Distances of bytes, against a loop over them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memtiles.pictures.lens import ValueLens
from memtiles.pictures.lenses import lens
from pictures.lenses.memories import Memory, memories, whole


def made(stride: int) -> ValueLens:
    found = lens(f"gradient:{stride}")
    assert isinstance(found, ValueLens)
    return found


def expected(memory: Memory, stride: int) -> list[int]:
    found = []
    data, there = memory.bytes, memory.there
    for at, byte in enumerate(data):
        before = at - stride
        is_known = at % 4096 >= stride and there[at] and there[before]
        up = (byte - data[before]) % 256
        found.append(1 + (min(up, 256 - up) if is_known else 0))
    return found


@settings(max_examples=60, deadline=None)
@given(memories(), st.sampled_from([1, 2, 3, 4, 8, 24, 2047, 2048]))
def test_each_byte_has_its_distance(memory: Memory, stride: int) -> None:
    found = made(stride).values(memory.data, memory.present)
    assert found.dtype == np.uint8
    assert found.reshape(-1).tolist() == expected(memory, stride)


@pytest.mark.parametrize("stride", [4, 24])
def test_a_table_is_dark_where_the_stride_is_its_rows(stride: int) -> None:
    row = bytes(range(7, 7 + 10 * stride, 10))
    table = whole((row * 4096)[:4096])
    assert set(made(stride).values(*table)[0].tolist()) == {1}
    assert set(made(stride + 1).values(*table)[0, stride + 1 :].tolist()) != {1}


def test_four_is_the_stride_without_a_number() -> None:
    assert lens("gradient").name == made(4).name == "gradient"
    assert made(64).name == "gradient:64"
