"""The reduction by `Foremost`: how often each category is in a pixel, and which one that shows.

Shares are parts of 4,096, exact as long as a pixel stands for no more of them; farther out they are
rounded up, so that what is there at all is never nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from memtiles.pictures.palette import STRENGTHS
from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.pictures.zoom import Foremost
from memtiles.tiles.reduction import State
from memtiles.tiles.values import evened, values_drawn

_WHOLE = 4096  # four of these fit 16 bits
_LEAST_SHARE = 4  # a quarter of what is no filling is enough to be shown

Shares = npt.NDArray[np.uint16]


class ForemostOfShares:
    """State: for each pixel the share of each category, `order` first and then `filling`."""

    restores = False

    def __init__(self, palette: Pixels, zero: int, zoom: Foremost) -> None:
        """`zero` is the value of zeros."""
        self.palette: Pixels | None = palette
        self._zero = zero
        self._categories = (*zoom.order, *zoom.filling)
        self._ordered = len(zoom.order)

    def drawn(self, patches: Sequence[Patch], width: int, height: int) -> Pixels | Uniform:
        return values_drawn(patches, width, height, self._zero)

    def first_half(self, pixels: Pixels) -> State:
        values = evened(pixels)[:, :, 0]
        shares = _planes(values.shape[0] // 2, values.shape[1] // 2, len(self._categories))
        for number, value in enumerate(self._categories):
            is_it = (values == value).view(np.uint8)
            rows = is_it[0::2] + is_it[1::2]
            np.add(rows[:, 0::2], rows[:, 1::2], out=shares[:, :, number], dtype=np.uint16)
        shares *= _WHOLE // 4
        return shares

    def joined(self, halves: Sequence[tuple[int, int, State]], width: int, height: int) -> State:
        shares = _planes(height, width, len(self._categories))
        for x, y, half in halves:
            shares[y : y + half.shape[0], x : x + half.shape[1]] = half
        return shares

    def shown(self, state: State) -> Pixels:
        planes = [state[:, :, number].astype(np.uint32) for number in range(state.shape[2])]
        ordered, filling = planes[: self._ordered], planes[self._ordered :]
        rest = np.add.reduce(ordered)
        whole = np.add.reduce(planes)
        found = _most(self._categories[self._ordered :], filling, rest.shape)
        # Of five and more it may be that none makes up a quarter: then the most frequent one.
        foremost = _most(self._categories, ordered, rest.shape)
        for value, plane in reversed([*zip(self._categories, ordered, strict=False)]):
            foremost[(plane > 0) & (plane * _LEAST_SHARE >= rest)] = value
        for strength in reversed(STRENGTHS):
            shown = rest * strength.part > whole
            found[shown] = foremost[shown] + strength.offset
        return found[:, :, None]

    def half(self, state: State) -> State:
        shares = evened(state.astype(np.uint16, copy=False))
        height, width, bands = shares.shape
        found = _planes(height // 2, width // 2, bands)
        for number in range(bands):
            rows = shares[0::2, :, number] + shares[1::2, :, number]
            np.add(rows[:, 0::2], rows[:, 1::2], out=found[:, :, number])
        found += 3
        found >>= 2
        return found

    def zeros(self, width: int, height: int) -> State:
        shares = _planes(height, width, len(self._categories))
        shares[:, :, self._categories.index(self._zero)] = _WHOLE
        return shares

    def zero_tile(self, side: int) -> Pixels:
        return np.full((side, side, 1), self._zero, np.uint8)


def _most(
    values: Sequence[int], planes: Sequence[npt.NDArray[np.uint32]], shape: tuple[int, ...]
) -> Pixels:
    """The value with the largest share in each pixel; 0 where there is none."""
    found = np.zeros(shape, np.uint8)
    most = np.zeros(shape, np.uint32)
    for value, plane in zip(values, planes, strict=False):
        found[plane > most] = value
        np.maximum(most, plane, out=most)
    return found


def _planes(height: int, width: int, count: int) -> Shares:
    """Zeros of shape (height, width, count), of which each of the `count` lies in one piece."""
    return np.zeros((count, height, width), np.uint16).transpose(1, 2, 0)
