"""Memory seen through a lens, still in address order: where pixels lie is the layouts' business."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.memory.runs import NO_RUNS, Runs
from memtiles.memory.space import Memory
from memtiles.pictures.layout import Geometry
from memtiles.pictures.lens import MISSING, ColourLens, ValueLens
from memtiles.pictures.patch import Pixels
from memtiles.pictures.raster import Raster

Present = npt.NDArray[np.bool_]


class Seen(NamedTuple):
    """Rows of pixels: `pixels` (rows, width, bands) are colours, or values of one band.

    `present` (rows, width, 1) is None where all pixels have all their bytes. Of values it says no
    more than they do themselves: they are 0 where it is False.
    """

    pixels: Pixels
    present: Present | None


@dataclass(frozen=True)
class Sight:
    """The bytes of a region, and the lens.

    A value lens looks at blocks that are aligned in addresses, so that what a byte is shown as does
    not depend on which pixels are asked for together.

    Attributes:
        shape: Of the picture.
        raster: Its bytes.
        lens: What it is seen through.
        start: The region's address.
    """

    shape: Geometry
    raster: Raster
    lens: ColourLens | ValueLens
    start: int

    @cached_property
    def bands(self) -> int:
        """Colour bands of a pixel; 1 for values."""
        return self.lens.bands(self.shape.bits) if isinstance(self.lens, ColourLens) else 1

    @cached_property
    def zero(self) -> Pixels:
        """A pixel of zeros, as (1, 1, bands)."""
        if isinstance(self.lens, ColourLens):
            return self.lens.colours(np.zeros((1, 1, self.shape.pixel_bytes), np.uint8))
        return _zero_block(self.lens)[:, :1, None]

    @cached_property
    def zeros(self) -> Runs:
        """What is known to be zeros and seen as such: of a value lens, as whole blocks."""
        known = self.raster.zeros
        if isinstance(self.lens, ColourLens):
            return known
        values = _zero_block(self.lens)
        if (values != values[0, 0]).any():  # such as a user's lens that draws a grid
            return NO_RUNS
        return Runs.of(self._blocks(first, size, self.lens.block) for first, size in known)

    def _blocks(self, first: int, size: int, block: int) -> tuple[int, int]:
        """The whole blocks of a piece, which may be none."""
        start = self.start + first
        begin, end = -(-start // block) * block, (start + size) // block * block
        return begin - self.start, end - begin

    def row(self, offset: int, size: int) -> Seen:
        """One row of pixels: those of `size` bytes from an offset of the region on."""
        if isinstance(self.lens, ColourLens):
            memory = self._read(offset, size)
            return self._coloured(self.lens, memory, 1)
        before = (self.start + offset) % self.lens.block
        after = -(before + size) % self.lens.block
        memory = self._read(offset - before, before + size + after)
        return self._valued(self.lens, memory, 1, before, size)

    def rows(self, offset: int, size: int, stride: int, count: int) -> Seen:
        """`count` rows of pixels, each `stride` bytes after the one before."""
        if isinstance(self.lens, ColourLens):
            memory = self.raster.read_rows(offset, size, stride, count)
            return self._coloured(self.lens, memory, count)
        block = self.lens.block
        before = (self.start + offset) % block
        wide = before + size + -(before + size) % block
        first = offset - before
        # Rows of one alignment are read in one go, but for those that end behind the region.
        fitting = 0
        if stride % block == 0 and first >= 0:
            fitting = max(0, min(count, (self.shape.size - first - wide) // stride + 1))
        found = []
        if fitting:
            memory = self.raster.read_rows(first, wide, stride, fitting)
            found.append(self._valued(self.lens, memory, fitting, before, size))
        found += [self.row(offset + number * stride, size) for number in range(fitting, count)]
        return found[0] if len(found) == 1 else _below_each_other(found)

    def _read(self, offset: int, size: int) -> Memory:
        """Bytes, of which those before the region and behind it are missing."""
        lead = max(0, -offset)
        held = min(size, self.shape.size - offset) - lead
        if held == size:
            return self.raster.read(offset, size)
        data = np.zeros(size, np.uint8)
        if held <= 0:
            return Memory(data, Runs.of([]))
        memory = self.raster.read(offset + lead, held)
        data[lead : lead + held] = memory.data
        return Memory(data, Runs.of((lead + first, length) for first, length in memory.runs))

    def _coloured(self, lens: ColourLens, memory: Memory, count: int) -> Seen:
        shape = (count, -1, self.shape.pixel_bytes)
        colours = lens.colours(memory.data.reshape(shape))
        if memory.runs.is_whole(len(memory.data)):
            return Seen(colours, None)
        return Seen(colours, _all_bytes(memory.present.reshape(shape)))

    def _valued(self, lens: ValueLens, memory: Memory, count: int, before: int, size: int) -> Seen:
        data = memory.data.reshape(count, -1)
        whole = memory.runs.is_whole(len(memory.data))
        present = None if whole else memory.present.reshape(data.shape)
        values = lens.values(data, present)[:, before : before + size]
        pixels = values.reshape(count, -1, self.shape.pixel_bytes)
        if pixels.shape[2] > 1:
            # The foremost of several bytes has the highest value.
            pixels = pixels.max(axis=2, keepdims=True)
        if present is None:
            return Seen(pixels, None)
        held = present[:, before : before + size].reshape(count, -1, self.shape.pixel_bytes)
        held = _all_bytes(held)
        return Seen(np.where(held, pixels, np.uint8(MISSING)), held)


def _zero_block(lens: ValueLens) -> Pixels:
    return lens.values(np.zeros((1, max(lens.block, 8)), np.uint8), None)


def _all_bytes(held: Present) -> Present:
    return np.logical_and.reduce(held, axis=2, keepdims=True)


def _below_each_other(some: list[Seen]) -> Seen:
    pixels = np.concatenate([one.pixels for one in some])
    if all(one.present is None for one in some):
        return Seen(pixels, None)
    held = [
        np.ones((*one.pixels.shape[:2], 1), np.bool_) if one.present is None else one.present
        for one in some
    ]
    return Seen(pixels, np.concatenate(held))
