"""Rectangles of pixels of which only those rows are held that have something in them.

Nine tenths of the memory of many machines are zeros or missing, mostly by pages, and a page is some
rows of a tile. What is not held need not be put together, halved or compressed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.tiles.canvas import colour_bands, has_alpha, paint

BLANK, BLACK, HELD = 0, 1, 2
"""What a row is: missing altogether; all there, and all of it zeros; or anything else."""

Kinds = npt.NDArray[np.uint8]

# Where less is empty, or in more stretches, all rows are held: to leave some out would take longer.
_LEAST_EMPTY = 4
_MOST_STRETCHES = 9

# Four pixels that are black and all there, on a machine of either byte order.
_ALPHAS = np.array([0, 255] * 4, np.uint8).view(np.uint64)[0]


@dataclass(frozen=True, slots=True)
class Rows:
    """A rectangle of pixels.

    Once they are settled, what is held follows from the pixels alone, and so does the file of a
    tile: of one or two bands and whole words of eight bytes a row, all rows that are neither blank
    nor black; all rows where that leaves out less than a quarter, or too many short stretches, and
    of other pixels.

    Attributes:
        kinds: What each row is.
        held: The rows that are held (rows, width, bands), without a gap.
    """

    kinds: Kinds
    held: Pixels

    @property
    def height(self) -> int:
        return len(self.kinds)

    @property
    def width(self) -> int:
        return int(self.held.shape[1])

    @property
    def bands(self) -> int:
        return int(self.held.shape[2])

    @property
    def are_all_held(self) -> bool:
        return len(self.held) == len(self.kinds)

    def pixels(self) -> Pixels:
        """All of them (height, width, bands)."""
        if self.are_all_held:
            return self.held
        return self.only(np.ones(self.height, np.bool_))

    def only(self, chosen: npt.NDArray[np.bool_]) -> Pixels:
        """The pixels of the chosen rows, which are all those that are held and maybe others."""
        kinds = self.kinds[chosen]
        found = np.zeros((len(kinds), self.width, self.bands), np.uint8)
        found[kinds == HELD] = self.held
        if has_alpha(self.held):
            found[kinds == BLACK, :, -1] = 255
        return found


def empty_rows(kind: int, width: int, height: int, bands: int) -> Rows:
    """A rectangle of which all is blank, or black."""
    return Rows(np.full(height, kind, np.uint8), np.empty((0, width, bands), np.uint8))


def rows_of(pixels: Pixels) -> Rows:
    """All pixels of a rectangle."""
    return _settled(unsettled_rows(pixels))


def unsettled_rows(pixels: Pixels) -> Rows:
    """The same, of which more may be held than has to be."""
    return Rows(np.full(len(pixels), HELD, np.uint8), pixels)


def _settled(rows: Rows) -> Rows:
    """Rows of which nothing is held that need not be."""
    if not _may_be_empty(rows.width, rows.bands):
        return _all_held(rows)
    if rows.are_all_held and not _are_many_likely_empty(rows.held):
        return rows
    found = _kinds(rows.held)
    full = found == HELD
    count = np.count_nonzero(full)
    if (rows.height - count) * _LEAST_EMPTY < rows.height:
        return _all_held(rows)
    kinds = rows.kinds
    if count < len(full):
        kinds = kinds.copy()
        kinds[kinds == HELD] = found
    if np.count_nonzero(kinds[1:] != kinds[:-1]) >= _MOST_STRETCHES:
        return _all_held(rows)
    return Rows(kinds, rows.held if count == len(full) else rows.held[full])


def _may_be_empty(width: int, bands: int) -> bool:
    return bands <= 2 and width * bands % 8 == 0


def _all_held(rows: Rows) -> Rows:
    return unsettled_rows(rows.pixels())


def _are_many_likely_empty(pixels: Pixels) -> bool:
    """Few rows that are not empty begin and end like one: most tiles are done with here."""
    words = _words(pixels)
    ends = words[:, 0] | words[:, -1]
    likely = np.count_nonzero(ends == 0)
    if pixels.shape[2] == 2:
        likely += np.count_nonzero(ends == _ALPHAS)
    return bool(likely * _LEAST_EMPTY >= len(pixels))


def _kinds(pixels: Pixels) -> Kinds:
    words = _words(pixels)
    found = np.full(len(pixels), HELD, np.uint8)
    any_bits = np.bitwise_or.reduce(words, axis=1)
    if pixels.shape[2] == 1:
        found[any_bits == 0] = BLACK
    else:
        found[any_bits == 0] = BLANK
        likely = np.flatnonzero(any_bits == _ALPHAS)
        found[likely[np.bitwise_and.reduce(words[likely], axis=1) == _ALPHAS]] = BLACK
    return found


def _words(pixels: Pixels) -> npt.NDArray[np.uint64]:
    height, width, bands = pixels.shape
    return np.ascontiguousarray(pixels).reshape(height, width * bands).view(np.uint64)


class Piece(NamedTuple):
    """Rows and where they lie in a larger rectangle."""

    x: int
    y: int
    rows: Rows


def pieces_of(patches: Iterable[Patch]) -> list[Piece]:
    """Patches as they are; one that is known to be zeros is in fact a single pixel."""
    found = []
    for x, y, pixels in patches:
        height, width, bands = pixels.shape
        if not any(pixels.strides[:2]) and not has_alpha(pixels) and not pixels[0, 0].any():
            rows = empty_rows(BLACK, width, height, bands)
        else:
            rows = unsettled_rows(pixels)
        found.append(Piece(x, y, rows))
    return found


def put_together(pieces: Sequence[Piece], width: int, height: int) -> Rows:
    """Pieces as one rectangle, with alpha only if something of it is missing.

    Args:
        pieces: They lie in the rectangle and do not overlap; at least one.
        width: Pixels of the rectangle.
        height: Pixels of the rectangle.
    """
    first = pieces[0].rows
    if (first.height, first.width) == (height, width):
        return _settled(first)
    is_covered = sum(rows.height * rows.width for _, _, rows in pieces) == width * height
    is_whole = is_covered and not any(has_alpha(rows.held) for _, _, rows in pieces)
    bands = max(colour_bands(rows.held) for _, _, rows in pieces) + (not is_whole)
    if is_covered and all(rows.are_all_held for _, _, rows in pieces):
        kinds = np.full(height, HELD, np.uint8)
    else:
        kinds = _kinds_together(pieces, width, height)
    is_held = kinds == HELD
    places = np.cumsum(is_held) - 1
    held = np.zeros((np.count_nonzero(is_held), width, bands), np.uint8)
    for x, y, rows in pieces:
        own, place = slice(y, y + rows.height), held[:, x : x + rows.width]
        if rows.are_all_held:  # then so are they here, without a gap
            paint(place[places[y] : places[y] + rows.height], rows.held)
            continue
        if len(rows.held):
            paint(place, rows.held, places[own][rows.kinds == HELD])
        if not is_whole:
            place[places[own][is_held[own] & (rows.kinds == BLACK)], :, -1] = 255
    return _settled(Rows(kinds, held))


def _kinds_together(pieces: Sequence[Piece], width: int, height: int) -> Kinds:
    """What rows are that some pieces lie in, as far as it is known: else they have to be held."""
    # Of each row: 0 where all is blank, its width where all is black, more where some is held.
    weights = np.zeros(height, np.int64)
    held = 2 * width
    for _, y, rows in pieces:
        own = slice(y, y + rows.height)
        if rows.are_all_held:
            weights[own] += held
        else:
            weights[own] += np.array([0, rows.width, held])[rows.kinds]
    kinds = np.full(height, HELD, np.uint8)
    kinds[weights == width] = BLACK
    kinds[weights == 0] = BLANK
    return kinds


def simplified(rows: Rows) -> Rows | Uniform:
    """Settled rows without an alpha that says nothing, or what all of them are."""
    rows = without_full_alpha(rows)
    held = rows.held
    if has_alpha(held):
        is_blank = (rows.kinds == BLANK).all() or _are_all_empty(rows, held[:, :, -1])
        return Uniform.BLANK if is_blank else rows
    return Uniform.ZERO if not len(held) or _are_all_empty(rows, held) else rows


def without_full_alpha(rows: Rows) -> Rows:
    """Settled rows without an alpha that says nothing, because all of every pixel is there."""
    if not has_alpha(rows.held) or (rows.kinds == BLANK).any() or not _is_opaque(rows.held):
        return rows
    found = Rows(rows.kinds, np.ascontiguousarray(rows.held[:, :, :-1]))
    return found if _may_be_empty(found.width, found.bands) else _all_held(found)


def _are_all_empty(rows: Rows, bands: Pixels) -> bool:
    """Whether these bands are 0 everywhere, where rows are held whatever they are.

    Of other settled rows none would be held then.
    """
    return not _may_be_empty(rows.width, rows.bands) and not bands.any()


def _is_opaque(pixels: Pixels) -> bool:
    """Whether all pixels are there altogether."""
    bands = pixels.shape[2]
    if pixels.size % 8:
        return bool((pixels[:, :, -1] == 255).all())
    # Eight bytes at a time: a tenth of the time that every second byte takes by itself.
    words = np.ascontiguousarray(pixels).reshape(-1).view(np.uint64)
    alphas = np.tile(np.array([0] * (bands - 1) + [255], np.uint8), 8 // bands).view(np.uint64)[0]
    return bool(np.bitwise_and.reduce(words) & alphas == alphas)
