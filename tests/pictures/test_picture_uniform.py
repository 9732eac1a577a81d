"""What a picture knows of a rectangle without reading it, against every byte of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from memtiles.memory.runs import Runs
from memtiles.memory.space import Memory
from memtiles.pictures.layout import BITS, Bits, geometry
from memtiles.pictures.lenses import lens
from memtiles.pictures.patch import Uniform
from memtiles.pictures.picture import Picture


@dataclass(frozen=True)
class KnownRaster:
    """Bytes that must not be read."""

    runs: Runs
    zeros: Runs
    steady = True

    def read(self, offset: int, size: int) -> Memory:
        raise AssertionError("was read")

    def read_rows(self, offset: int, size: int, stride: int, count: int) -> Memory:
        raise AssertionError("was read")


@given(
    st.sampled_from(BITS),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 900)), max_size=6),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 900)), max_size=6),
    st.randoms(use_true_random=False),
)
def test_every_rectangle(
    bits: Bits, present: list[tuple[int, int]], zero: list[tuple[int, int]], random: object
) -> None:
    size, count = 4900, bits // 8
    runs = Runs.of(present)
    zeros = Runs.of(zero).within(runs)
    shape = geometry("rows", bits, size, 64)
    picture = Picture(shape, KnownRaster(runs, zeros), lens("bytes"))
    held = np.zeros((shape.height, 64, count), bool)
    held.reshape(-1)[:size] = runs.mask(0, size)
    known = np.zeros((shape.height, 64, count), bool)
    known.reshape(-1)[:size] = zeros.mask(0, size)
    for _ in range(20):
        left, top = random.randrange(64), random.randrange(shape.height)  # type: ignore[attr-defined]
        width = random.randint(1, 64 - left)  # type: ignore[attr-defined]
        height = random.randint(1, shape.height - top)  # type: ignore[attr-defined]
        place = np.s_[top : top + height, left : left + width]
        found = picture.uniform(left, top, width, height)
        if not held[place].any():
            assert found is Uniform.BLANK
        elif known[place].all():
            assert found is Uniform.ZERO
        else:
            assert found is None


def test_an_empty_raster_is_blank_and_one_of_holes_in_its_file_zero() -> None:
    shape = geometry("rows", 8, 1 << 40)
    nothing = Picture(shape, KnownRaster(Runs.of([]), Runs.of([])), lens("bytes"))
    assert nothing.uniform(0, 0, shape.width, shape.height) is Uniform.BLANK
    whole = Runs.of([(0, 1 << 40)])
    zeros = Picture(shape, KnownRaster(whole, whole), lens("bytes"))
    assert zeros.uniform(0, 0, shape.width, shape.height) is Uniform.ZERO
