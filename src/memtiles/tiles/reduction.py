"""Reductions: what the tiles of a pyramid are made of, by the zoom rule of a lens.

A tile of full resolution is drawn out of patches. What it is for the tile above it is its *state*,
halved: its pixels, for most rules; for `Foremost` how often each category is in each pixel, because
which one is foremost among many cannot be told from which was foremost in each quarter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from memtiles.pictures.lens import ColourLens, ValueLens
from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.pictures.zoom import Foremost, Highest
from memtiles.tiles.canvas import halved, put_together, simplified

State = npt.NDArray[np.uint8 | np.uint16]
"""An array (height, width, numbers a pixel)."""


class Reduction(Protocol):
    """Makes tiles of patches, and of the tiles below them.

    Attributes:
        palette: The colours (256, 3) of pixels that are values; None where they are colours.
        restores: Whether a tile's file is all that the tile above it needs.
    """

    palette: Pixels | None
    restores: bool

    def drawn(self, patches: Sequence[Patch], width: int, height: int) -> Pixels | Uniform:
        """A tile of full resolution; at least one patch."""

    def first_half(self, pixels: Pixels) -> State:
        """What a tile of full resolution is for the one above it: half as wide and high."""

    def joined(self, halves: Sequence[tuple[int, int, State]], width: int, height: int) -> State:
        """Halves with their places, as one tile; what no half covers is missing."""

    def shown(self, state: State) -> Pixels:
        """What the file of a tile above full resolution shows."""

    def half(self, state: State) -> State:
        """What a tile above full resolution is for the one above it."""

    def zeros(self, width: int, height: int) -> State:
        """The half, of this size, of a tile of zeros."""

    def zero_tile(self, side: int) -> Pixels:
        """What the file of all tiles of zeros shows."""


def reduction_of(lens: ColourLens | ValueLens) -> Reduction:
    """The reduction by a lens's zoom rule."""
    if isinstance(lens, ColourLens):
        return MEAN_OF_COLOURS
    from memtiles.tiles.shares import ForemostOfShares
    from memtiles.tiles.values import HighestValue, MeanOfValues

    zero = zero_value(lens)
    if isinstance(lens.zoom, Foremost):
        return ForemostOfShares(lens.palette, zero, lens.zoom)
    rule = HighestValue if isinstance(lens.zoom, Highest) else MeanOfValues
    return rule(lens.palette, zero)


def zero_value(lens: ValueLens) -> int:
    """The value that a lens gives zeros."""
    return int(lens.values(np.zeros((1, max(lens.block, 8)), np.uint8), None)[0, 0])


class MeanOfColours:
    """The mean of what is present, and alpha for the share that is."""

    palette: Pixels | None = None
    restores = True

    def drawn(self, patches: Sequence[Patch], width: int, height: int) -> Pixels | Uniform:
        return simplified(put_together(patches, width, height))

    def first_half(self, pixels: Pixels) -> State:
        return halved(pixels)

    def joined(self, halves: Sequence[tuple[int, int, State]], width: int, height: int) -> State:
        patches = [Patch(x, y, half.astype(np.uint8, copy=False)) for x, y, half in halves]
        return put_together(patches, width, height)

    def shown(self, state: State) -> Pixels:
        pixels = state.astype(np.uint8, copy=False)
        simple = simplified(pixels)
        # The mean of a few small bytes among many zeros is zero, too, but what it shows is not:
        # only a tile that has nothing but zeros below it goes without a file.
        return pixels if isinstance(simple, Uniform) else simple

    def half(self, state: State) -> State:
        return halved(state.astype(np.uint8, copy=False))

    def zeros(self, width: int, height: int) -> State:
        return np.zeros((height, width, 1), np.uint8)

    def zero_tile(self, side: int) -> Pixels:
        return np.zeros((side, side, 1), np.uint8)


MEAN_OF_COLOURS: Reduction = MeanOfColours()
