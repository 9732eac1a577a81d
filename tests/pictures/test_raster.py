"""Rows read out of the BMPs of a picture, whatever their number, against one read of everything."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memtiles.errors import DamageError
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span
from memtiles.pictures.layout import geometry
from memtiles.pictures.raster import BmpRaster
from memtiles.pictures.render import render

WIDTH, ROWS = 64, 41
SIZE = WIDTH * ROWS - 13


@pytest.fixture(scope="module")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("raster") / "memory.bin"
    random = np.random.default_rng(11)
    file.write_bytes(random.integers(1, 256, SIZE, dtype=np.uint8).tobytes())
    return file


def raster_of(memory: Path, folder: Path, rows_of_a_part: int) -> BmpRaster:
    """A picture with holes in BMPs of so many rows each."""
    folder.mkdir(parents=True)
    with_holes = [(0, 700), (900, 64), (1000, SIZE - 1000)]
    starts, sizes = zip(*with_holes, strict=True)
    source = FileSource.open(memory)
    space = ExtentSpace(SpaceKind.VIRTUAL, source, starts, sizes, starts)
    shape = geometry("rows", 8, SIZE, WIDTH)
    limit = rows_of_a_part * WIDTH
    rendered = render(space, Span(0, SIZE), shape, folder, raster_limit=limit)
    source.close()
    return BmpRaster(folder, shape, rendered.bmp, rendered.runs)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from([1, 2, 7, 40, 41, 100]),
    st.tuples(st.integers(0, WIDTH - 1), st.integers(0, ROWS - 1)),
    st.tuples(st.integers(1, WIDTH), st.integers(1, ROWS)),
)
def test_rows_are_pieces_of_the_whole(
    memory: Path,
    tmp_path_factory: pytest.TempPathFactory,
    rows_of_a_part: int,
    corner: tuple[int, int],
    box: tuple[int, int],
) -> None:
    left, top = corner
    width, height = min(box[0], WIDTH - left), min(box[1], ROWS - top)
    raster = raster_of(memory, tmp_path_factory.mktemp("parts") / "picture", rows_of_a_part)
    found = raster.read_rows(top * WIDTH + left, width, WIDTH, height)
    whole = np.zeros(WIDTH * ROWS, np.uint8)
    held = np.zeros(WIDTH * ROWS, bool)
    bytes_of = np.frombuffer(memory.read_bytes(), np.uint8)
    for start, size in ((0, 700), (900, 64), (1000, SIZE - 1000)):
        whole[start : start + size] = bytes_of[start : start + size]
        held[start : start + size] = True
    place = np.s_[top : top + height, left : left + width]
    assert np.array_equal(found.data, whole.reshape(ROWS, WIDTH)[place].reshape(-1))
    assert np.array_equal(found.present, held.reshape(ROWS, WIDTH)[place].reshape(-1))


def test_rows_of_a_file_that_was_cut_are_damage(memory: Path, tmp_path: Path) -> None:
    raster = raster_of(memory, tmp_path / "picture", 10)
    part = raster.folder / raster.parts[1].file
    part.write_bytes(part.read_bytes()[:-30])
    assert len(raster.read_rows(0, 5, WIDTH, 10).data) == 50
    with pytest.raises(DamageError, match="shorter than its header says"):
        raster.read_rows(0, 64, WIDTH, 41)
