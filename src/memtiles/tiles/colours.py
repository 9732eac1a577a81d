"""The reduction of colours: their mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.tiles.canvas import halved, put_together, simplified
from memtiles.tiles.reduction import Reduction, State


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
        return np.broadcast_to(np.uint8(0), (height, width, 1))

    def zero_tile(self, side: int) -> Pixels:
        return np.zeros((side, side, 1), np.uint8)


MEAN_OF_COLOURS: Reduction = MeanOfColours()
