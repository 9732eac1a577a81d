"""A plane over an array, for tests of what is made from planes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from memtiles.pictures.patch import Patch, Uniform

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class ArrayPlane:
    """The rows of an array (height, width, bands)."""

    pixels: Pixels

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def bands(self) -> int:
        return int(self.pixels.shape[2])

    def area(self, left: int, top: int, width: int, height: int) -> Pixels:
        assert 0 <= left < left + width <= self.width
        assert 0 <= top < top + height <= self.height
        return self.pixels[top : top + height, left : left + width]

    def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        return [Patch(0, 0, self.area(left, top, width, height))]

    def uniform(self, left: int, top: int, width: int, height: int) -> Uniform | None:
        return None


def noise(width: int, height: int, bands: int, seed: int = 7) -> Pixels:
    """Random pixels; alpha, where there is one, is 0 or 255, and what is transparent is all 0."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 256, (height, width, bands), dtype=np.uint8)
    if bands % 2 == 0:
        present = random.integers(0, 2, (height, width, 1), dtype=np.uint8)
        pixels[:, :, -1:] = 255
        pixels *= present
    return pixels
