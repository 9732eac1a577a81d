"""Reductions of values, 0 where nothing is present: the highest of four, or their mean.

A pixel is there as soon as anything in it is: one page in a hole of a gigabyte is not faded away.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.tiles.halving import Number, evened


def laid_out(
    pieces: Iterable[tuple[int, int, npt.NDArray[Number]]], canvas: npt.NDArray[Number]
) -> npt.NDArray[Number]:
    """The canvas with pieces in their places."""
    for x, y, piece in pieces:
        canvas[y : y + piece.shape[0], x : x + piece.shape[1]] = piece
    return canvas


def values_drawn(patches: Sequence[Patch], width: int, height: int, zero: int) -> Pixels | Uniform:
    """Patches of values as one tile, or what all of it is."""
    pixels = patches[0].pixels
    if pixels.shape[:2] != (height, width):
        pixels = laid_out(patches, np.zeros((height, width, 1), np.uint8))
    first = int(pixels[0, 0, 0])
    if first in (0, zero) and (pixels == first).all():
        return Uniform.ZERO if first else Uniform.BLANK
    return pixels


class _ValueOfFour(ABC):
    """What the rules have in common whose state are the values themselves."""

    restores = True

    def __init__(self, palette: Pixels, zero: int) -> None:
        """`zero` is the value of zeros."""
        self.palette: Pixels | None = palette
        self._zero = zero

    def drawn(self, patches: Sequence[Patch], width: int, height: int) -> Pixels | Uniform:
        return values_drawn(patches, width, height, self._zero)

    def taken_over(self, pixels: Pixels) -> Pixels:
        return pixels

    @abstractmethod
    def first_half(self, drawn: Pixels) -> Pixels: ...

    def joined(self, halves: Sequence[tuple[int, int, Pixels]], width: int, height: int) -> Pixels:
        return laid_out(halves, np.zeros((height, width, 1), np.uint8))

    def shown(self, state: Pixels) -> Pixels:
        return state

    def half(self, state: Pixels) -> Pixels:
        return self.first_half(state)

    def zeros(self, width: int, height: int) -> Pixels:
        return np.full((height, width, 1), self._zero, np.uint8)

    def zero_tile(self, side: int) -> Pixels:
        return np.full((side, side, 1), self._zero, np.uint8)


class HighestValue(_ValueOfFour):
    """The highest of four: whatever is outstanding stays so up to the last pixel."""

    def first_half(self, drawn: Pixels) -> Pixels:
        pixels = evened(drawn)
        rows = np.maximum(pixels[0::2], pixels[1::2])
        found: Pixels = np.maximum(rows[:, 0::2], rows[:, 1::2])
        return found


class MeanOfValues(_ValueOfFour):
    """The mean, rounded, of those of the four that are present."""

    def first_half(self, drawn: Pixels) -> Pixels:
        pixels = evened(drawn)
        total = _of_four(pixels.astype(np.uint16))
        if pixels.all():
            return (total + np.uint16(2) >> 2).astype(np.uint8)
        count = np.maximum(_of_four((pixels > 0).astype(np.uint16)), np.uint16(1))
        mean: npt.NDArray[np.uint16] = (total + count // 2) // count
        return mean.astype(np.uint8)


def _of_four(numbers: npt.NDArray[np.uint16]) -> npt.NDArray[np.uint16]:
    rows = numbers[0::2] + numbers[1::2]
    found: npt.NDArray[np.uint16] = np.add(rows[:, 0::2], rows[:, 1::2])
    return found
