"""A picture: bytes and runs in, pixels out, by a layout and through a lens."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import as_strided

from memtiles.memory.runs import NO_RUNS, Runs
from memtiles.pictures.bands import Band, bands
from memtiles.pictures.layout import BLOCK, BMP_LAYOUTS, Geometry
from memtiles.pictures.lens import ColourLens, ValueLens
from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.pictures.raster import Raster
from memtiles.pictures.sight import Present, Seen, Sight
from memtiles.pictures.squares import ranges, squares

# Between two rows of a narrow area, less than this is read along rather than stepped over: to ask
# once more costs as much.
_STEP_OVER = 1 << 12


@dataclass(frozen=True)
class Picture:
    """One region drawn with one layout and one lens; a `tiles.plane.SparsePlane` of its pixels.

    Through a value lens its pixels are values of one band, 0 where they are missing.

    Attributes:
        shape: Of the picture; that of the BMPs may be another one.
        raster: The bytes.
        lens: What they are seen through.
        start: The region's address, which a value lens aligns its blocks to.
    """

    shape: Geometry
    raster: Raster
    lens: ColourLens | ValueLens
    start: int = 0

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
        """Whether every pixel has all its bytes: no hole, no blank pixel at the end."""
        size = self._drawn_bytes
        held = size <= self.shape.size and self.runs.clip(0, size).is_whole(size)
        return self.raster.steady and held

    @cached_property
    def _drawn_bytes(self) -> int:
        return self.shape.width * self.shape.height * self.shape.pixel_bytes

    @property
    def bands(self) -> int:
        """Colour bands, and one of alpha unless the picture is opaque; one of values."""
        if self._has_values:
            return 1
        return self._sight.bands + (not self.opaque)

    @cached_property
    def _has_values(self) -> bool:
        """Asked for each tile, and a protocol takes 50 µs to answer."""
        return isinstance(self.lens, ValueLens)

    @cached_property
    def _sight(self) -> Sight:
        return Sight(self.shape, self.raster, self.lens, self.start)

    @cached_property
    def _by_rows(self) -> bool:
        return self.shape.layout in BMP_LAYOUTS

    def area(self, left: int, top: int, width: int, height: int) -> Pixels:
        """A rectangle of pixels as (height, width, bands); missing pixels are all 0."""
        if self._by_rows:
            seen = self._rows(left, top, width, height)
            if self._has_values or self.opaque:
                return seen.pixels
            return _with_alpha(seen.pixels, seen.present)
        found = np.zeros((height, width, self.bands), np.uint8)
        for x, y, pixels in self.patches(left, top, width, height):
            place = found[y : y + pixels.shape[0], x : x + pixels.shape[1]]
            place[:, :, : pixels.shape[2]] = pixels
            if pixels.shape[2] < found.shape[2]:
                place[:, :, -1] = 255
        return found

    def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        """What is drawn in a rectangle, with alpha where some of it is missing."""
        if not self._by_rows:
            return self._square_patches(left, top, width, height)
        if self._has_nothing_uniform:
            return self._patch(0, 0, self._rows(left, top, width, height))
        found = []
        for below, rows, what in self._bands(left, top, width, height):
            if what is Uniform.ZERO:
                found.append(Patch(0, below, self._zeros(width, rows)))
            elif what is None:
                found += self._patch(0, below, self._rows(left, top + below, width, rows))
        return found

    def _bands(self, left: int, top: int, width: int, height: int) -> list[Band]:
        stride, pixel_bytes = self.shape.row_bytes, self.shape.pixel_bytes
        start, size = top * stride, height * stride
        zeros = self._sight.zeros.clip(start, size) if self._zero_is_uniform else NO_RUNS
        missing = self.runs.clip(start, size).rest(size)
        columns = (left * pixel_bytes, (left + width) * pixel_bytes)
        return list(bands(zeros, missing, columns, stride, height))

    def _zeros(self, width: int, height: int) -> Pixels:
        """Zeros, in no room."""
        return np.broadcast_to(self._sight.zero, (height, width, self._sight.bands))

    def _rows(self, left: int, top: int, width: int, height: int) -> Seen:
        stride, pixel_bytes = self.shape.row_bytes, self.shape.pixel_bytes
        row = width * pixel_bytes
        start = top * stride + left * pixel_bytes
        if stride - row >= _STEP_OVER:
            return self._sight.rows(start, row, stride, height)
        pixels, present = self._sight.row(start, (height - 1) * stride + row)
        return Seen(
            _in_rows(pixels, self.width, width, height),
            None if present is None else _in_rows(present, self.width, width, height),
        )

    def _square_patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        found: list[Patch] = []
        pixel_bytes = self.shape.pixel_bytes
        for square in squares(self.shape, left, top, width, height):
            offset = square.first * pixel_bytes
            size = square.width * square.height * pixel_bytes
            what = None if self._has_nothing_uniform else self._what(offset, size)
            if what is Uniform.BLANK:
                continue
            x, y = max(square.x, left), max(square.y, top)
            right = min(square.x + square.width, left + width)
            bottom = min(square.y + square.height, top + height)
            if what is Uniform.ZERO:
                zeros = self._zeros(right - x, bottom - y)
                found.append(Patch(x - left, y - top, zeros))
                continue
            pixels, present = self._sight.row(offset, size)
            places = square.places[y - square.y :, x - square.x :][: bottom - y, : right - x]
            seen = Seen(
                _placed(pixels, places), None if present is None else _placed(present, places)
            )
            found += self._patch(x - left, y - top, seen)
        return found

    def _patch(self, x: int, y: int, seen: Seen) -> list[Patch]:
        if seen.present is None:
            return [Patch(x, y, seen.pixels)]
        if not seen.present.any():
            return []
        if self._has_values:
            return [Patch(x, y, seen.pixels)]
        return [Patch(x, y, _with_alpha(seen.pixels, seen.present))]

    def uniform(self, left: int, top: int, width: int, height: int) -> Uniform | None:
        """What a rectangle is known to be by the run list and the holes of the files."""
        if self._has_nothing_uniform:
            return None
        if self.shape.layout == "hilbert":
            return self._uniform_ranges(left, top, width, height)
        pixel_bytes = self.shape.pixel_bytes
        stride = self.width * pixel_bytes
        columns = (left * pixel_bytes, (left + width) * pixel_bytes)
        start, size = top * stride, height * stride
        if self.shape.layout == "pages":
            # As if each row of blocks were one row, as it is in memory.
            block = BLOCK * BLOCK * pixel_bytes
            columns = (left // BLOCK * block, -(-(left + width) // BLOCK) * block)
            stride *= BLOCK
            first, end = top // BLOCK, -(-(top + height) // BLOCK)
            start, size = first * stride, (end - first) * stride
        if not self.opaque and not _touches(self.runs.clip(start, size), columns, stride):
            return Uniform.BLANK
        if self._zero_is_uniform and not _touches(self.not_zero.clip(start, size), columns, stride):
            return Uniform.ZERO
        return None

    def _uniform_ranges(self, left: int, top: int, width: int, height: int) -> Uniform | None:
        found = set()
        for first, count in ranges(self.shape, left, top, width, height):
            pixel_bytes = self.shape.pixel_bytes
            found.add(self._what(first * pixel_bytes, count * pixel_bytes))
            if None in found or len(found) > 1:
                return None
        return found.pop() if found else Uniform.BLANK

    def _what(self, offset: int, size: int) -> Uniform | None:
        """What a range of bytes is known to be."""
        if not self.opaque and not len(self.runs.clip(offset, size)):
            return Uniform.BLANK
        if self._zero_is_uniform and not len(self.not_zero.clip(offset, size)):
            return Uniform.ZERO
        return None

    @cached_property
    def not_zero(self) -> Runs:
        """What of all bytes that pixels show is not known to be zeros: missing, or to be read."""
        return self._sight.zeros.rest(max(self.shape.size, self._drawn_bytes))

    @cached_property
    def _has_nothing_uniform(self) -> bool:
        """Whether all is present and nothing known to be zeros: most pictures, asked most often."""
        return self.opaque and not len(self.raster.zeros)

    @cached_property
    def _zero_is_uniform(self) -> bool:
        """Whether zeros are drawn as a zero tile is; a colour lens may draw them in any colour."""
        return self._has_values or not self._sight.zero.any()


def _placed(pixels: npt.NDArray[Any], places: npt.NDArray[np.intp]) -> npt.NDArray[Any]:
    """A row of pixels in the places of a square."""
    found: npt.NDArray[Any]
    if pixels.shape[2] == 1:
        found = pixels[0, :, 0][places][:, :, None]  # in two thirds of the time of `take`,
    else:
        found = pixels[0].take(places, axis=0)  # which is faster for more bands
    return found


def _in_rows(pixels: npt.NDArray[Any], stride: int, width: int, height: int) -> npt.NDArray[Any]:
    """What is one row as rows, each `stride` pixels after the one before."""
    pixel = pixels.strides[1]
    strides = (stride * pixel, pixel, pixels.strides[2])
    return as_strided(pixels, (height, width, pixels.shape[2]), strides, writeable=False)


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


def _with_alpha(colours: Pixels, present: Present | None) -> Pixels:
    found = np.empty((*colours.shape[:2], colours.shape[2] + 1), np.uint8)
    if present is None:
        found[:, :, :-1] = colours
        found[:, :, -1] = 255
    else:
        np.multiply(colours, present, out=found[:, :, :-1])
        np.multiply(present, np.uint8(255), out=found[:, :, -1:])
    return found
