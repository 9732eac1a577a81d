"""Pictures that are not row by row, in pieces that are read at once and drawn by a cached table.

A piece of a picture in `hilbert` or `pages` shows one range of pixels: with `pixels`, the range's
colours in the order of their numbers, `pixels[square.places]` is the piece.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.pictures.layout import BLOCK, Geometry, pixel_to_number

Places = npt.NDArray[np.intp]

# The tables of a square of this side are 2 MiB, one for each way in which a curve can lie in it.
_SIDE = 512


class Square(NamedTuple):
    """A piece of a picture that shows one range of pixels.

    The numbers of blank pixels follow those of the picture's last one: `first + places` is then
    `shape.pixels` or more.

    Attributes:
        x: Pixels of the picture to its left.
        y: Pixels of the picture above it.
        width: Its pixels in a row.
        height: Its rows.
        first: The number of the range's first pixel. The range is `width × height` pixels long.
        places: For each pixel (height, width) its number in the range. Shared and read-only.
    """

    x: int
    y: int
    width: int
    height: int
    first: int
    places: Places


def squares(shape: Geometry, left: int, top: int, width: int, height: int) -> Iterator[Square]:
    """The pieces that touch a rectangle, row by row; without those that are blank throughout.

    They are aligned, so that neighbouring rectangles ask for the same ones, and may reach beyond
    the rectangle, never beyond the picture. The rectangle may.

    Raises:
        ValueError: The layout is row by row.
    """
    if shape.layout not in ("hilbert", "pages"):
        raise ValueError(f"a picture in layout {shape.layout} is drawn in rows")
    right, bottom = min(left + width, shape.width), min(top + height, shape.height)
    left, top = max(left, 0), max(top, 0)
    if left >= right or top >= bottom:
        return iter(())
    cut = _hilbert if shape.layout == "hilbert" else _pages
    pieces = cut(shape, left, top, right, bottom)
    return (piece for piece in pieces if piece.first < shape.pixels)


# Of a square that a rectangle cuts, parts of this side are not told apart.
_LEAST_RANGE = 64


def ranges(
    shape: Geometry, left: int, top: int, width: int, height: int
) -> Iterator[tuple[int, int]]:
    """The ranges of pixels, as (first, count), that a rectangle of a `hilbert` picture shows.

    They are as large as can be; at the edges of the rectangle they may have pixels that
    are not in it.
    """
    right, bottom = left + width, top + height
    squares_left = [(0, 0, shape.width)]
    while squares_left:
        x, y, side = squares_left.pop()
        if x >= min(right, shape.width) or y >= min(bottom, shape.height):
            continue
        if x + side <= left or y + side <= top:
            continue
        low = min(y + side, shape.height)
        is_inside = left <= x and x + side <= right and top <= y and low <= bottom
        if is_inside or side <= _LEAST_RANGE:
            corner = pixel_to_number(shape, x, y)
            yield corner - corner % (side * side), side * side
        else:
            half = side // 2
            squares_left += [(x + dx, y + dy, half) for dy in (half, 0) for dx in (half, 0)]


def _hilbert(shape: Geometry, left: int, top: int, right: int, bottom: int) -> Iterator[Square]:
    side = min(_SIDE, shape.height)
    for y in range(top - top % side, bottom, side):
        for x in range(left - left % side, right, side):
            corner = pixel_to_number(shape, x, y)
            beside = pixel_to_number(shape, x + side - 1, y)
            first = corner - corner % (side * side)
            # From where the curve enters and leaves: top left to bottom left as it is, to top right
            # swapped; turned by 180°, bottom right to top right, and to bottom left swapped.
            turned = corner != first
            swapped = (beside == first + side * side - 1) != turned
            yield Square(x, y, side, side, first, _curve(side, swapped, turned))


def _pages(shape: Geometry, left: int, top: int, right: int, bottom: int) -> Iterator[Square]:
    places = _blocks()
    for y in range(top - top % BLOCK, bottom, BLOCK):
        for x in range(left - left % _SIDE, right, _SIDE):
            width = min(_SIDE, shape.width - x)
            first = pixel_to_number(shape, x, y)
            yield Square(x, y, width, BLOCK, first, places[:, :width])


@cache  # Forty tables at most: of ten sides, and smaller ones are a third of the largest.
def _curve(side: int, swapped: bool, turned: bool) -> Places:
    """The curve through a square: its quarters are curves through squares of half the side."""
    places: Places
    if swapped:
        places = _curve(side, False, turned).T
    elif turned:
        places = _curve(side, False, False)[::-1, ::-1]
    elif side == 1:
        places = np.zeros((1, 1), np.intp)
    else:
        half = side // 2
        quarter, last = _curve(half, True, False), _curve(half, True, True)
        whole = _curve(half, False, False)
        steps = half * half
        places = np.block([[quarter, whole + steps], [last + 3 * steps, whole + 2 * steps]])
    return _read_only(np.ascontiguousarray(places))


@cache
def _blocks() -> Places:
    """Blocks side by side, each row by row."""
    blocks = np.arange(_SIDE * BLOCK, dtype=np.intp).reshape(_SIDE // BLOCK, BLOCK, BLOCK)
    return _read_only(blocks.transpose(1, 0, 2).reshape(BLOCK, _SIDE))


def _read_only(places: Places) -> Places:
    places.flags.writeable = False
    return places
