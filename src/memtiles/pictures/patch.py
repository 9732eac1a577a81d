"""Pieces of what is drawn, and what need not be drawn: how pictures and atlases hand out pixels."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""An array (height, width, bands) of 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA) bands."""


class Patch(NamedTuple):
    """Pixels and where they lie; their own number of bands is even where they have alpha."""

    x: int
    y: int
    pixels: Pixels


class Uniform(Enum):
    """What all pixels of a rectangle can be, so that it need be neither read nor written."""

    BLANK = "blank"
    """Missing: transparent."""
    ZERO = "zero"
    """There, and as bytes of zero look: black, or of the value that a lens gives them."""
