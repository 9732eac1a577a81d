"""Bands against a mask of every byte, and the patches that come of them against the whole area."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace, Memory, SpaceKind
from memtiles.memory.span import Span
from memtiles.pictures import bands as bands_module
from memtiles.pictures.bands import Band, bands
from memtiles.pictures.layout import geometry
from memtiles.pictures.lenses import lens
from memtiles.pictures.patch import Uniform
from memtiles.pictures.picture import Picture
from memtiles.pictures.raster import SpaceRaster

WIDTH = 64


class Pages(AddressSpace):
    """Memory of known bytes, in which some pages are missing and others known to be zeros."""

    kind = SpaceKind.VIRTUAL

    def __init__(self, data: bytes, missing: Runs, zeros: Runs) -> None:
        self.data = np.frombuffer(data, np.uint8)
        self.present = missing.rest(len(data))
        self.known = zeros
        self.read_bytes = 0

    def runs(self, span: Span) -> Runs:
        return self.present.clip(span.start, span.size)

    def zeros(self, span: Span) -> Runs:
        return self.known.clip(span.start, span.size)

    def read(self, span: Span) -> Memory:
        self.read_bytes += span.size
        return Memory(self.data[span.start : span.end], self.runs(span))


def pieces_of(kinds: list[int], kind: int, unit: int) -> Runs:
    return Runs.of([(at * unit, unit) for at, one in enumerate(kinds) if one == kind])


@pytest.fixture
def _short_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bands_module, "_LEAST", 1)


@pytest.mark.usefixtures("_short_bands")
@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=40),
    st.integers(1, 7),
    st.integers(1, 12),
    st.data(),
)
def test_bands_are_the_rows_that_a_mask_of_all_bytes_calls_uniform(
    kinds: list[int], unit: int, stride: int, data: st.DataObject
) -> None:
    begin = data.draw(st.integers(0, stride - 1))
    end = data.draw(st.integers(begin + 1, stride))
    height = -(-len(kinds) * unit // stride)
    of_bytes = np.pad(np.repeat(kinds, unit), (0, height * stride - len(kinds) * unit))
    rows = of_bytes.reshape(height, stride)[:, begin:end]
    expected = [
        {1: Uniform.ZERO, 2: Uniform.BLANK}.get(int(row[0])) if len(set(row)) == 1 else None
        for row in rows
    ]
    zeros, missing = pieces_of(kinds, 1, unit), pieces_of(kinds, 2, unit)
    found = list(bands(zeros, missing, (begin, end), stride, height))
    assert [what for band in found for what in [band.what] * band.height] == expected
    assert [band.top for band in found] == [
        sum(band.height for band in found[:number]) for number in range(len(found))
    ]


def test_a_short_band_is_read_with_its_neighbours() -> None:
    zeros = Runs.of([(0, 4096), (8192, 1 << 20)])
    found = list(bands(zeros, Runs.of([]), (0, WIDTH), WIDTH, (8192 + (1 << 20)) // WIDTH))
    assert found == [Band(0, 128, None), Band(128, (1 << 20) // WIDTH, Uniform.ZERO)]


@pytest.mark.usefixtures("_short_bands")
@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.sampled_from([0, 1, 2]), min_size=1, max_size=30),
    st.sampled_from([8, 24]),
    st.data(),
)
def test_patches_and_area_are_the_same_pixels(
    kinds: list[int], bits: int, data: st.DataObject
) -> None:
    unit = 100
    bytes_ = b"".join(bytes([7 * (kind == 0)]) * unit for kind in kinds)
    space = Pages(bytes_, pieces_of(kinds, 2, unit), pieces_of(kinds, 1, unit))
    shape = geometry("rows", 8 if bits == 8 else 24, len(bytes_), WIDTH)
    picture = Picture(shape, SpaceRaster(space, Span(0, len(bytes_))), lens("bytes"))
    left = data.draw(st.integers(0, WIDTH - 1))
    top = data.draw(st.integers(0, shape.height - 1))
    width = data.draw(st.integers(1, WIDTH - left))
    height = data.draw(st.integers(1, shape.height - top))
    area = picture.area(left, top, width, height)
    colours = area.shape[2] - (not picture.opaque)
    drawn = np.zeros((height, width, colours + 1), np.uint8)
    for x, y, pixels in picture.patches(left, top, width, height):
        place = drawn[y : y + pixels.shape[0], x : x + pixels.shape[1]]
        assert not place.any(), "patches overlap"
        place[:, :, :colours] = pixels[:, :, :colours]
        place[:, :, -1:] = 255 if pixels.shape[2] == colours else pixels[:, :, -1:]
    if picture.opaque:
        area = np.concatenate([area, np.full((height, width, 1), 255, np.uint8)], axis=2)
    assert np.array_equal(drawn, area)


def test_known_zeros_and_holes_are_not_read() -> None:
    """A page of bytes between a MiB of zeros and a MiB that is missing: nothing else is read."""
    mib = 1 << 20
    data = bytes(mib) + b"\x07" * 4096 + bytes(mib)
    space = Pages(data, Runs.of([(mib + 4096, mib)]), Runs.of([(0, mib)]))
    shape = geometry("rows", 8, len(data), 1024)
    picture = Picture(shape, SpaceRaster(space, Span(0, len(data))), lens("bytes"))
    assert len(picture.patches(0, 0, 1024, shape.height)) == 2
    assert space.read_bytes == 4096
