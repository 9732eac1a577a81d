"""Narrow cuts of wide pictures: rows that lie far apart are read one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span
from memtiles.pictures.layout import Bits, geometry
from memtiles.pictures.lenses import lens
from memtiles.pictures.picture import Picture
from memtiles.pictures.raster import SpaceRaster

WIDTH = 32_768
HEIGHT = 9
MISSING = (4 * WIDTH + 700, 40_000)


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("wide") / "memory"
    size = WIDTH * HEIGHT * 4
    path.write_bytes(np.random.default_rng(3).integers(0, 256, size, dtype=np.uint8).tobytes())
    return path


def picture(source: FileSource, bits: Bits, *, holes: bool) -> Picture:
    """A wide picture of 8 rows and a bit; with holes, a stretch of it is not there."""
    size = WIDTH * 8 * bits // 8 + 12_345
    start, length = MISSING
    after = start + length
    extents = [(0, start, 0), (after, size - after, after)] if holes else [(0, size, 0)]
    space = ExtentSpace(SpaceKind.VIRTUAL, source, *zip(*extents, strict=True))
    raster = SpaceRaster(space, Span(0, size))
    return Picture(geometry("rows", bits, size, WIDTH), raster, lens("bytes"))


@given(
    st.sampled_from([8, 16, 24, 32]),
    st.booleans(),
    st.tuples(st.integers(0, WIDTH - 1), st.integers(1, 300)),
    st.tuples(st.integers(0, HEIGHT - 1), st.integers(1, HEIGHT)),
)
def test_a_narrow_area_is_that_of_the_whole(
    memory: Path, bits: Bits, holes: bool, columns: tuple[int, int], rows: tuple[int, int]
) -> None:
    source = FileSource.open(memory)
    drawn = picture(source, bits, holes=holes)
    left, width = columns[0], min(columns[1], WIDTH - columns[0])
    top, height = rows[0], min(rows[1], HEIGHT - rows[0])
    whole = drawn.area(0, 0, WIDTH, HEIGHT)
    found = drawn.area(left, top, width, height)
    source.close()
    assert np.array_equal(found, whole[top : top + height, left : left + width])


@pytest.mark.parametrize("bits", [8, 24])
def test_the_whole_is_what_the_file_holds(memory: Path, bits: Bits) -> None:
    source = FileSource.open(memory)
    pixels = picture(source, bits, holes=True).area(0, 0, WIDTH, HEIGHT).reshape(-1, bits // 8 + 1)
    source.close()
    size = WIDTH * 8 * bits // 8 + 12_345
    data = np.frombuffer(memory.read_bytes()[:size], np.uint8)
    present = np.ones(size, bool)
    present[MISSING[0] : sum(MISSING)] = False
    count = size // (bits // 8)
    held = present[: count * bits // 8].reshape(count, -1).all(axis=1)
    values = data[: count * bits // 8].reshape(count, -1)[:, ::-1]
    assert (pixels[:count, -1] == np.where(held, 255, 0)).all()
    assert (pixels[:count, :-1] == np.where(held[:, None], values, 0)).all()
    assert not pixels[count:].any()
