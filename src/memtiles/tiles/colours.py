"""The reduction of colours: their mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.tiles.halving import halved
from memtiles.tiles.reduction import Reduction
from memtiles.tiles.rows import (
    BLACK,
    Piece,
    Rows,
    empty_rows,
    pieces_of,
    put_together,
    rows_of,
    simplified,
    without_full_alpha,
)


class MeanOfColours:
    """The mean of what is present, and alpha for the share that is."""

    palette: Pixels | None = None
    restores = True

    def drawn(self, patches: Sequence[Patch], width: int, height: int) -> Rows | Uniform:
        return simplified(put_together(pieces_of(patches), width, height))

    def taken_over(self, pixels: Pixels) -> Rows:
        return rows_of(pixels)

    def first_half(self, drawn: Rows) -> Rows:
        return halved(drawn)

    def joined(self, halves: Sequence[tuple[int, int, Rows]], width: int, height: int) -> Rows:
        return put_together([Piece(*half) for half in halves], width, height)

    def shown(self, state: Rows) -> Rows:
        # Not simplified: the mean of a few small bytes among many zeros is zero, too, but what it
        # shows is not. Only a tile that has nothing but zeros below it goes without a file.
        return without_full_alpha(state)

    def half(self, state: Rows) -> Rows:
        return halved(state)

    def zeros(self, width: int, height: int) -> Rows:
        return empty_rows(BLACK, width, height, 1)

    def zero_tile(self, side: int) -> Pixels:
        return np.zeros((side, side, 1), np.uint8)


MEAN_OF_COLOURS: Reduction[Rows, Rows] = MeanOfColours()
