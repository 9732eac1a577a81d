"""Which reduction a lens's zoom rule asks for."""

from __future__ import annotations

import numpy as np

from memtiles.pictures.lens import ColourLens, ValueLens
from memtiles.pictures.zoom import Foremost, Highest
from memtiles.tiles.colours import MEAN_OF_COLOURS
from memtiles.tiles.reduction import AnyReduction
from memtiles.tiles.shares import ForemostOfShares
from memtiles.tiles.values import HighestValue, MeanOfValues


def reduction_of(lens: ColourLens | ValueLens) -> AnyReduction:
    """The reduction by a lens's zoom rule."""
    if isinstance(lens, ColourLens):
        return MEAN_OF_COLOURS
    zero = zero_value(lens)
    if isinstance(lens.zoom, Foremost):
        return ForemostOfShares(lens.palette, zero, lens.zoom)
    rule = HighestValue if isinstance(lens.zoom, Highest) else MeanOfValues
    return rule(lens.palette, zero)


def zero_value(lens: ValueLens) -> int:
    """The value that a lens gives zeros."""
    return int(lens.values(np.zeros((1, max(lens.block, 8)), np.uint8), None)[0, 0])
