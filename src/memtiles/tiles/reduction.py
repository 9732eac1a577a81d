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

from memtiles.pictures.patch import Patch, Pixels, Uniform

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
