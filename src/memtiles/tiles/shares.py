"""The reduction by `Foremost`: how often each category is in a pixel, and which one that shows.

Shares are parts of 4,096: exact as long as a pixel stands for no more of them, and then rounded up,
so that what is there at all is never nothing. Right above full resolution, where most of the work
is, parts of 64 are enough and take half the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from memtiles.pictures.palette import STRENGTHS
from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.pictures.zoom import Foremost
from memtiles.tiles.halving import evened
from memtiles.tiles.values import laid_out, values_drawn

_WHOLE = 4096  # four of these fit 16 bits
_FIRST_WHOLE = 64

Shares = npt.NDArray[np.uint8 | np.uint16]


class ForemostOfShares:
    """State: a share of each pixel for each category, `order` first and `filling` behind it.

    The shares of one category lie in one piece, because all of them are worked on at once.
    """

    restores = False

    def __init__(self, palette: Pixels, zero: int, zoom: Foremost) -> None:
        """`zero` is the value of zeros."""
        self.palette: Pixels | None = palette
        self._zero = zero
        self._order = zoom.order
        self._filling = zoom.filling
        self._categories = (*zoom.order, *zoom.filling)

    def drawn(self, patches: Sequence[Patch], width: int, height: int) -> Pixels | Uniform:
        return values_drawn(patches, width, height, self._zero)

    def taken_over(self, pixels: Pixels) -> Pixels:
        return pixels

    def first_half(self, drawn: Pixels) -> Shares:
        values = evened(drawn)[:, :, 0]
        found = self._none(values.shape[0] // 2, values.shape[1] // 2, np.uint8)
        for number, value in enumerate(self._categories):
            is_it = (values == value).view(np.uint8)
            pairs = (is_it[0::2] + is_it[1::2]).view(np.uint16)
            found[:, :, number] = ((pairs & 0xFF) + (pairs >> 8)) * np.uint16(_FIRST_WHOLE // 4)
        return found

    def joined(self, halves: Sequence[tuple[int, int, Shares]], width: int, height: int) -> Shares:
        is_first = any(half.dtype == np.uint8 for _, _, half in halves)
        shares = self._none(height, width, np.uint8 if is_first else np.uint16)
        # A tile of zeros beside others of full resolution comes in parts of the larger whole.
        scaled = [
            (x, y, half if half.dtype == shares.dtype else half // (_WHOLE // _FIRST_WHOLE))
            for x, y, half in halves
        ]
        return laid_out(scaled, shares)

    def half(self, state: Shares) -> Shares:
        shares = evened(state)
        found = self._none(shares.shape[0] // 2, shares.shape[1] // 2, np.uint16)
        for number in range(shares.shape[2]):
            # Padding leaves a column of one pixel with its rows one behind the other.
            rows = np.ascontiguousarray(shares[0::2, :, number] + shares[1::2, :, number])
            if rows.dtype == np.uint8:
                pairs = rows.view(np.uint16)
                total = (pairs & 0xFF) + (pairs >> 8)
                found[:, :, number] = total * np.uint16(_WHOLE // (4 * _FIRST_WHOLE))
            else:
                wide = rows.view(np.uint32)
                found[:, :, number] = (wide & 0xFFFF) + (wide >> 16) + 3 >> 2
        return found

    def zeros(self, width: int, height: int) -> Shares:
        shares = self._none(height, width, np.uint16)
        shares[:, :, self._categories.index(self._zero)] = _WHOLE
        return shares

    def zero_tile(self, side: int) -> Pixels:
        return np.full((side, side, 1), self._zero, np.uint8)

    def shown(self, state: Shares) -> Pixels:
        planes = [state[:, :, at] for at in range(state.shape[2])]
        ordered, filling = planes[: len(self._order)], planes[len(self._order) :]
        rest = _total(ordered)
        whole = rest + _total(filling)
        # Without products, which 16 bits do not hold: a · 4 ≥ b where a ≥ (b + 3) / 4.
        quarter = np.maximum((rest + 3) >> 2, 1)
        found = np.zeros(rest.shape, np.uint8)
        for value, plane in reversed([*zip(self._order, ordered, strict=True)]):
            _put(found, value, plane >= quarter)
        self._put_most_frequent(found, ordered, rest)
        for stronger, weaker in pairwise(STRENGTHS):
            is_weaker = rest <= whole >> _power(stronger.part)
            found += is_weaker.view(np.uint8) * np.uint8(weaker.offset - stronger.offset)
        filled = self._filled(filling)
        _put(filled, found, rest > whole >> _power(STRENGTHS[-1].part))
        return filled[:, :, None]

    def _put_most_frequent(self, found: Pixels, ordered: Sequence[Shares], rest: Shares) -> None:
        """Fills in where, of five categories and more, none makes up a quarter."""
        if len(ordered) <= 4:
            return
        rows, columns = np.nonzero((found == 0) & (rest > 0))
        if len(rows):
            shares = np.stack([plane[rows, columns] for plane in ordered])
            found[rows, columns] = np.array(self._order, np.uint8)[shares.argmax(axis=0)]

    def _filled(self, planes: Sequence[Shares]) -> Pixels:
        """The filling with the largest share in each pixel; 0 where there is none."""
        found = np.zeros(planes[0].shape, np.uint8)
        most = np.zeros(planes[0].shape, planes[0].dtype)
        for value, plane in zip(self._filling, planes, strict=True):
            _put(found, value, plane > most)
            np.maximum(most, plane, out=most)
        return found

    def _none(self, height: int, width: int, kind: type[np.uint8] | type[np.uint16]) -> Shares:
        shares: Shares = np.zeros((len(self._categories), height, width), kind)
        return shares.transpose(1, 2, 0)


def _total(planes: Sequence[Shares]) -> Shares:
    total = planes[0].copy()
    for plane in planes[1:]:
        total += plane
    return total


def _power(number: int) -> int:
    """Of 2; by shifts a number that the type does not hold is none too large."""
    return number.bit_length() - 1


def _put(found: Pixels, value: int | Pixels, where: npt.NDArray[np.bool_]) -> None:
    """Writes a value to some places: without a branch for each, which is a tenth of the time."""
    found += where.view(np.uint8) * (np.asarray(value, np.uint8) - found)
