"""The TIFF that exists nowhere, written somewhere: other readers see the plane in it."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from memtiles.tiles.pyramid import save_pyramid
from memtiles.tiles.tiff import PlaneTiff
from tiles.planes import ArrayPlane, Pixels, noise

SIZES = [(1, 1), (1, 200), (300, 1), (17, 63), (17, 64), (17, 65), (130, 128), (50, 333)]


def whole(tiff: PlaneTiff, step: int = 1000) -> bytes:
    """The file from its start to its end."""
    tiff.seek(0, os.SEEK_SET)
    pieces = []
    while piece := tiff.read(step):
        assert len(piece) <= step
        pieces.append(piece)
    return b"".join(pieces)


def tiff_of(pixels: Pixels) -> PlaneTiff:
    return PlaneTiff(ArrayPlane(pixels), lambda _: None)


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_pillow_reads_it(width: int, height: int, bands: int) -> None:
    pixels = noise(width, height, bands)
    with Image.open(io.BytesIO(whole(tiff_of(pixels)))) as image:
        assert image.format == "TIFF"
        assert image.mode == ["L", "LA", "RGB", "RGBA"][bands - 1]
        found = np.asarray(image).reshape(height, width, bands)
    assert np.array_equal(found, pixels)


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_libvips_reads_it_from_a_file(tmp_path: Path, width: int, height: int, bands: int) -> None:
    pixels = noise(width, height, bands)
    (tmp_path / "plane.tif").write_bytes(whole(tiff_of(pixels)))
    image = pyvips.Image.tiffload(str(tmp_path / "plane.tif"))
    assert (image.width, image.height, image.bands) == (width, height, bands)
    assert np.array_equal(image.numpy().reshape(height, width, bands), pixels)


@given(st.lists(st.tuples(st.integers(0, 60_000), st.integers(1, 70_000)), min_size=1, max_size=20))
def test_it_is_a_file_like_any_other(jumps: list[tuple[int, int]]) -> None:
    """A read gives what the whole file has there, whatever was read before."""
    tiff = tiff_of(noise(100, 200, 3))
    content = whole(tiff)
    for offset, size in jumps:
        assert tiff.seek(offset, os.SEEK_SET) == offset
        piece = tiff.read(size)
        assert piece == content[offset : offset + len(piece)]
        assert bool(piece) == (offset < len(content))
        assert tiff.seek(0, os.SEEK_CUR) == offset + len(piece)
    assert tiff.seek(0, os.SEEK_END) == len(content)
    assert tiff.read(1) == b""


def test_rows_are_asked_for_once_and_in_order() -> None:
    asked: list[int] = []

    class Watched(ArrayPlane):
        def area(self, left: int, top: int, width: int, height: int) -> Pixels:
            asked.append(top)
            return super().area(left, top, width, height)

    whole(PlaneTiff(Watched(noise(10, 300, 1)), lambda _: None), step=77)
    assert asked == sorted(set(asked))


def test_progress_adds_up_to_the_plane() -> None:
    steps: list[int] = []
    whole(PlaneTiff(ArrayPlane(noise(10, 300, 4)), steps.append))
    assert sum(steps) == 10 * 300


class Broken(ArrayPlane):
    """A plane whose rows from 150 on cannot be had."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(noise(500, 900, 1))
        object.__setattr__(self, "_error", error)

    def area(self, left: int, top: int, width: int, height: int) -> Pixels:
        if top + height > 150:
            error: BaseException = object.__getattribute__(self, "_error")
            raise error
        return super().area(left, top, width, height)


@pytest.mark.parametrize("error", [EOFError("short"), ValueError("odd"), KeyboardInterrupt()])
def test_an_error_of_the_plane_comes_out_as_itself(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        save_pyramid(Broken(error), tmp_path, 256, 2)
    assert caught.value is error
    assert not (tmp_path / "tiles.sha256").exists()
