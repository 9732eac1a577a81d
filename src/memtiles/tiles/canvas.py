"""Pixels and their alpha, and how they are painted on each other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from memtiles.pictures.patch import Pixels


def has_alpha(pixels: Pixels) -> bool:
    """Whether the last band says what is missing."""
    return int(pixels.shape[2]) % 2 == 0


def paint(place: Pixels, pixels: Pixels, rows: slice | npt.NDArray[np.intp] = slice(None)) -> None:
    """Copies pixels into rows of a place as wide, which has as many bands or more.

    Args:
        place: Where to.
        pixels: As many rows as are chosen.
        rows: Of the place; without them, all.
    """
    if has_alpha(place):
        colours = colour_bands(pixels)
        place[rows, :, :-1] = pixels[:, :, :colours]
        place[rows, :, -1] = pixels[:, :, -1] if has_alpha(pixels) else 255
    else:
        place[rows] = pixels


def colour_bands(pixels: Pixels) -> int:
    """Bands without alpha."""
    return int(pixels.shape[2]) - has_alpha(pixels)
