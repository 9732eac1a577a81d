"""Reductions: what the tiles of a pyramid are made of, by the zoom rule of a lens.

A tile of full resolution is drawn out of patches. What it is for the tile above it is its *state*,
halved: its pixels, for most rules; for `Foremost` how often each category is in each pixel, because
which one is foremost among many cannot be told from which was foremost in each quarter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from memtiles.pictures.patch import Patch, Pixels, Uniform

Drawn = TypeVar("Drawn")
State = TypeVar("State")


class Reduction(Protocol[Drawn, State]):
    """Makes tiles of patches, and of the tiles below them.

    `Drawn` is what a file is made of: pixels, or the rows of them that have something in them.

    Attributes:
        palette: The colours (256, 3) of pixels that are values; None where they are colours.
        restores: Whether a tile's file is all that the tile above it needs.
    """

    palette: Pixels | None
    restores: bool

    def drawn(self, patches: Sequence[Patch], width: int, height: int) -> Drawn | Uniform:
        """A tile of full resolution; at least one patch."""

    def taken_over(self, pixels: Pixels) -> Drawn:
        """A tile out of the file of an earlier pyramid."""

    def first_half(self, drawn: Drawn) -> State:
        """What a tile of full resolution is for the one above it: half as wide and high."""

    def joined(self, halves: Sequence[tuple[int, int, State]], width: int, height: int) -> State:
        """Halves with their places, as one tile; what no half covers is missing."""

    def shown(self, state: State) -> Drawn:
        """What the file of a tile above full resolution shows."""

    def half(self, state: State) -> State:
        """What a tile above full resolution is for the one above it."""

    def zeros(self, width: int, height: int) -> State:
        """The half, of this size, of a tile of zeros."""

    def zero_tile(self, side: int) -> Pixels:
        """What the file of all tiles of zeros shows."""


AnyReduction = Reduction[Any, Any]
