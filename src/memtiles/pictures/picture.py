"""A picture seen through its lens: bytes and runs in, coloured pixels out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from memtiles.memory.runs import Runs
from memtiles.pictures.layout import Geometry
from memtiles.pictures.lenses import Lens
from memtiles.pictures.raster import Raster

# Between two rows of a narrow area, less than this is read along rather than stepped over.
_STEP_OVER = 1 << 14


@dataclass(frozen=True)
class Picture:
    """One region drawn with one layout and one lens; a `tiles.plane.Plane` of its pixels."""

    shape: Geometry
    raster: Raster
    lens: Lens

    @property
    def width(self) -> int:
        return self.shape.width

    @property
    def height(self) -> int:
        return self.shape.height

    @property
    def runs(self) -> Runs:
        return self.raster.runs

    @cached_property
    def opaque(self) -> bool:
        """Whether every pixel of the raster has all its bytes: no hole, no padded last row."""
        size = self.shape.raster_bytes
        held = size <= self.shape.size and self.runs.clip(0, size).is_whole(size)
        return self.raster.steady and held

    @property
    def bands(self) -> int:
        """Colour bands, and one of alpha unless the picture is opaque."""
        return self.lens.bands(self.shape.bits) + (not self.opaque)

    def area(self, left: int, top: int, width: int, height: int) -> npt.NDArray[np.uint8]:
        """A rectangle of pixels as (height, width, bands); missing pixels are all 0."""
        shape = self.shape
        row = width * shape.pixel_bytes
        start = top * shape.row_bytes + left * shape.pixel_bytes
        if height == 1 or shape.row_bytes - row < _STEP_OVER:
            return self._block(start, row, width, height)
        pixels = np.empty((height, width, self.bands), np.uint8)
        for number in range(height):
            pixels[number] = self._block(start + number * shape.row_bytes, row, width, 1)[0]
        return pixels

    def _block(self, start: int, row: int, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Rows of `row` bytes, with what lies between them read along and dropped."""
        stride = self.shape.row_bytes
        size = (height - 1) * stride + row
        data, runs = self.raster.read(start, size)
        shape = (height, width, self.shape.pixel_bytes)
        strides = (stride, self.shape.pixel_bytes, 1)
        pixels = np.lib.stride_tricks.as_strided(data, shape, strides, writeable=False)
        colours = self.lens.colours(pixels)
        if self.opaque:
            return colours
        held = np.lib.stride_tricks.as_strided(runs.mask(0, size), shape, strides, writeable=False)
        present = np.logical_and.reduce(held, axis=2, keepdims=True)
        return np.concatenate([colours * present, present * np.uint8(255)], axis=2)
