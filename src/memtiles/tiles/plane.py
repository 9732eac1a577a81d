"""Planes: anything that yields rows of pixels, however large the whole is."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt


class Plane(Protocol):
    """A picture or an atlas, asked for a few rows at a time.

    `bands` is 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA), 8 bits each.
    """

    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def bands(self) -> int: ...

    def rows(self, first: int, count: int) -> npt.NDArray[np.uint8]:
        """Rows `first .. first + count` as a C-ordered array (count, width, bands)."""
