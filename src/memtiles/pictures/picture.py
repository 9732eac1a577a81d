"""A picture seen through its lens: bytes and runs in, coloured pixels out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from memtiles.memory.runs import NO_RUNS, Runs
from memtiles.pictures.bands import bands
from memtiles.pictures.layout import Geometry
from memtiles.pictures.lens import ColourLens
from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.pictures.raster import Raster

# Between two rows of a narrow area, less than this is read along rather than stepped over: to ask
# once more costs as much.
_STEP_OVER = 1 << 12


@dataclass(frozen=True)
class Picture:
    """One region drawn with one layout and one lens; a `tiles.plane.Plane` of its pixels."""

    shape: Geometry
    raster: Raster
    lens: ColourLens

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

    def area(self, left: int, top: int, width: int, height: int) -> Pixels:
        """A rectangle of pixels as (height, width, bands); missing pixels are all 0."""
        colours, present = self._drawn(left, top, width, height)
        return colours if self.opaque else _with_alpha(colours, present)

    def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        """What is drawn in a rectangle, with alpha where some of it is missing."""
        if self._has_nothing_uniform:
            return self._read_patches(left, top, width, height)
        stride, pixel_bytes = self.shape.row_bytes, self.shape.pixel_bytes
        start, size = top * stride, height * stride
        zeros = self.raster.zeros.clip(start, size) if self._zero_is_black else NO_RUNS
        missing = self.runs.clip(start, size).rest(size)
        columns = (left * pixel_bytes, (left + width) * pixel_bytes)
        found = []
        for below, rows, what in bands(zeros, missing, columns, stride, height):
            if what is Uniform.ZERO:
                found.append(Patch(0, below, self._zeros(width, rows)))
            elif what is None:
                drawn = self._read_patches(left, top + below, width, rows)
                found += [Patch(x, y + below, pixels) for x, y, pixels in drawn]
        return found

    def _zeros(self, width: int, height: int) -> Pixels:
        """Black, in no room."""
        zero = np.zeros((1, 1, self.lens.bands(self.shape.bits)), np.uint8)
        return np.broadcast_to(zero, (height, width, zero.shape[2]))

    def _read_patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        colours, present = self._drawn(left, top, width, height)
        if present is None:
            return [Patch(0, 0, colours)]
        return [Patch(0, 0, _with_alpha(colours, present))] if present.any() else []

    def uniform(self, left: int, top: int, width: int, height: int) -> Uniform | None:
        """What a rectangle is known to be by the run list and the holes of the files."""
        if self._has_nothing_uniform:
            return None
        stride, pixel_bytes = self.shape.row_bytes, self.shape.pixel_bytes
        start, size = top * stride, height * stride
        columns = (left * pixel_bytes, (left + width) * pixel_bytes)
        if not self.opaque and not _touches(self.runs.clip(start, size), columns, stride):
            return Uniform.BLANK
        if self._zero_is_black and not _touches(self.not_zero.clip(start, size), columns, stride):
            return Uniform.ZERO
        return None

    @cached_property
    def not_zero(self) -> Runs:
        """What of the raster is not known to be zeros: missing, or to be read."""
        return self.raster.zeros.rest(max(self.shape.size, self.shape.raster_bytes))

    @cached_property
    def _has_nothing_uniform(self) -> bool:
        """Whether all is present and nothing known to be zeros: most pictures, asked most often."""
        return self.opaque and not len(self.raster.zeros)

    @cached_property
    def _zero_is_black(self) -> bool:
        return not self.lens.colours(np.zeros((1, 1, self.shape.pixel_bytes), np.uint8)).any()

    def _drawn(
        self, left: int, top: int, width: int, height: int
    ) -> tuple[Pixels, npt.NDArray[np.bool_] | None]:
        """Colours, and which pixels have all their bytes; None where all of them have."""
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
        if runs.is_whole(len(data)):
            return colours, None
        held = as_strided(runs.mask(0, len(data)), shape, strides, writeable=False)
        return colours, np.logical_and.reduce(held, axis=2, keepdims=True)


def _touches(pieces: Runs, columns: tuple[int, int], stride: int) -> bool:
    """Whether pieces of rows of `stride` bytes have a byte in the columns from the first on."""
    if len(pieces) == 1:  # as nearly always
        start, size = next(iter(pieces))
        left, right = (start // stride * stride + column for column in columns)
        return start + size > left and (start < right or start + size > left + stride)
    one, row = np.uint64(1), np.uint64(stride)
    first, last = np.uint64(columns[0]), np.uint64(columns[1]) - one
    begin, end = pieces.firsts % row, pieces.lasts % row
    rows = pieces.lasts // row - pieces.firsts // row
    in_one_row = (rows == 0) & (begin <= last) & (end >= first)
    # A piece of two rows and more has the end of its first and the beginning of its last one.
    in_more = (rows > 1) | ((rows == 1) & ((begin <= last) | (end >= first)))
    return bool((in_one_row | in_more).any())


def _with_alpha(colours: Pixels, present: npt.NDArray[np.bool_] | None) -> Pixels:
    found = np.empty((*colours.shape[:2], colours.shape[2] + 1), np.uint8)
    if present is None:
        found[:, :, :-1] = colours
        found[:, :, -1] = 255
    else:
        np.multiply(colours, present, out=found[:, :, :-1])
        np.multiply(present, np.uint8(255), out=found[:, :, -1:])
    return found
