"""A picture seen through its lens: bytes and runs in, coloured pixels out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

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
        stride = self.shape.row_bytes
        row = width * self.shape.pixel_bytes
        start = top * stride + left * self.shape.pixel_bytes
        if stride - row < _STEP_OVER:
            data, runs = self.raster.read(start, (height - 1) * stride + row)
        else:
            data, runs = self.raster.read_rows(start, row, stride, height)
            stride = row
        shape = (height, width, self.shape.pixel_bytes)
        strides = (stride, self.shape.pixel_bytes, 1)
        colours = self.lens.colours(as_strided(data, shape, strides, writeable=False))
        if self.opaque:
            return colours
        held = as_strided(runs.mask(0, len(data)), shape, strides, writeable=False)
        present = np.logical_and.reduce(held, axis=2, keepdims=True)
        return np.concatenate([colours * present, present * np.uint8(255)], axis=2)
