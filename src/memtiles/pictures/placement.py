"""Placement: where the pictures of an atlas lie. Pure arithmetic on sizes, no bytes, no files.

The landscape: pictures in address order on shelves, like text, lowest addresses top left.

    ┌──────────┐                    ┌────┐
    │ ntdll    │ ┌────┐ ▪ ▪ ▪       │    │
    │          │ │    │ ▪ ▪ ▪  ≈    │    │       ▪ ▪ ▪  a quarter of small pictures
    └──────────┘ └────┘ ▪ ▪    gap  └────┘       ≈      a gap mark
    ntdll.dll    hal.dll             libc.so.6   names

* A *large* picture, of a tile's worth of pixels or more, starts on the tile grid, so that its
  tiles can one day be shared with its own pyramid.
* *Small* ones are stacked in columns between their large neighbours: a thousand 4 KiB mappings
  make a quarter of the town and not a desert.
* Where the addresses between two neighbours are far apart, a *gap* mark stands.

Every picture has room for its name below it. What is in a column reads downwards: a picture goes
below the one before it wherever it makes the shelf neither wider nor higher. Columns stand on the
bottom line of their shelf.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, pairwise
from math import isqrt
from typing import NamedTuple

from memtiles.pictures.shelves import Block, Shelves, round_up

# Addresses between neighbours from which a gap is marked. Libraries of one process lie closer,
# its parts (program, heap, libraries, stack, kernel) farther apart.
LARGE_GAP = 256 << 20

# Pixels between the columns of a quarter, and the height of a name below a small picture: at the
# zoom at which a 64-pixel page is 100 screen pixels wide, a line of text fits.
GUTTER = 16


@dataclass(frozen=True, slots=True)
class Size:
    """Pixels of a picture."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Rect:
    """Pixels of an atlas: `x <= column < x + width`, `y <= row < y + height`."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class GapMark:
    """Room for the mark of the gap before picture `before`."""

    before: int
    rect: Rect


@dataclass(frozen=True, slots=True)
class Landscape:
    """A placed atlas: `pictures` and `labels` in the order of the input, no two rects overlap."""

    width: int
    height: int
    pictures: tuple[Rect, ...]
    labels: tuple[Rect, ...]
    gaps: tuple[GapMark, ...]


@dataclass(slots=True)
class _Site:
    """An atlas while its cells are put down, in order."""

    pictures: list[Rect] = field(default_factory=list)
    labels: list[Rect] = field(default_factory=list)
    gaps: list[GapMark] = field(default_factory=list)

    def landscape(self, height: int) -> Landscape:
        rects = chain(self.pictures, self.labels, (mark.rect for mark in self.gaps))
        right = max(rect.x + rect.width for rect in rects)
        return Landscape(right, height, tuple(self.pictures), tuple(self.labels), tuple(self.gaps))


class _Cell(ABC):
    """What moves as one on a shelf; where in it what lies is worked out when it is put down."""

    __slots__ = ("height", "width")
    width: int
    height: int
    on_grid = False
    is_gap = False

    @abstractmethod
    def put_down(self, x: int, y: int, site: _Site) -> None:
        """Adds what is in it, with its own top left corner at (x, y)."""


class _Mark(_Cell):
    """A gap mark as high as its neighbours may be, so that it does not get lost below them."""

    __slots__ = ("_before",)
    is_gap = True

    def __init__(self, before: int, height: int) -> None:
        self.width = height // 4 + 2 * GUTTER
        self.height = height
        self._before = before

    def put_down(self, x: int, y: int, site: _Site) -> None:
        rect = Rect(x + GUTTER, y, self.width - 2 * GUTTER, self.height)
        site.gaps.append(GapMark(self._before, rect))


class _Large(_Cell):
    """A picture with its top left corner on the grid.

    Its name has an eighth of its height or more, so that it can be read when the picture can.
    """

    __slots__ = ("_size",)
    on_grid = True

    def __init__(self, size: Size, tile: int) -> None:
        self.width = round_up(size.width, tile)
        self.height = round_up(size.height + max(4 * GUTTER, size.height // 8), tile)
        self._size = size

    def put_down(self, x: int, y: int, site: _Site) -> None:
        size = self._size
        site.pictures.append(Rect(x, y, size.width, size.height))
        site.labels.append(Rect(x, y + size.height, self.width, self.height - size.height))


class _Pile(NamedTuple):
    """Small pictures below each other, and how many they are."""

    width: int
    height: int
    pictures: int


class _Quarter(_Cell):
    """Small pictures in piles, the whole about as wide as the aspect says."""

    __slots__ = ("_piles", "_sizes")

    def __init__(self, sizes: Sequence[Size], aspect: float, width_limit: int) -> None:
        piles = _balanced_piles(sizes, aspect, width_limit)
        self.width = sum(pile.width for pile in piles)
        self.height = max(pile.height for pile in piles)
        self._piles = piles
        self._sizes = sizes

    def put_down(self, x: int, y: int, site: _Site) -> None:
        sizes = iter(self._sizes)
        for pile in self._piles:
            below = y
            for size in islice(sizes, pile.pictures):
                site.pictures.append(Rect(x, below, size.width, size.height))
                below += size.height
                site.labels.append(Rect(x, below, pile.width - GUTTER, GUTTER))
                below += GUTTER
            x += pile.width


def _balanced_piles(sizes: Sequence[Size], aspect: float, width_limit: int) -> list[_Pile]:
    if len(sizes) == 1:  # as most are between gap marks, of which there may be 65,536
        return _piles(sizes, 0)
    area = sum((size.width + GUTTER) * (size.height + GUTTER) for size in sizes)
    height = max(isqrt(int(area / aspect)), max(size.height for size in sizes) + GUTTER)
    piles = _piles(sizes, height)
    while len(piles) > 1 and sum(pile.width for pile in piles) > width_limit:
        height += height // 4
        piles = _piles(sizes, height)
    return piles


def _piles(sizes: Sequence[Size], height: int) -> list[_Pile]:
    """Piles filled from the top in order, each at most so high."""
    piles: list[_Pile] = []
    width = used = count = 0
    for size in sizes:
        high = size.height + GUTTER
        if count and used + high > height:
            piles.append(_Pile(width, used, count))
            width = used = count = 0
        width = max(width, size.width + GUTTER)
        used += high
        count += 1
    return [*piles, _Pile(width, used, count)]


def place_landscape(
    pictures: Sequence[Size],
    gaps: Sequence[int],
    aspect: float,
    tile: int,
    width_limit: int,
) -> Landscape:
    """Places pictures towards an aspect.

    Args:
        pictures: Their sizes in address order, at least one.
        gaps: `gaps[i]` addresses lie between picture i and picture i + 1.
        aspect: Wanted width / height; the width limit and single large pictures go before it.
        tile: Pixels of a tile's side.
        width_limit: Pixels that the atlas must not be wider than, unless one picture is: what
            tiling keeps in memory grows with the width, not with the height.
    """
    cells = list(_cells(pictures, gaps, aspect, tile, width_limit))
    # Shelves and columns keep to the grid as soon as something has to.
    step = tile if any(cell.on_grid for cell in cells) else 1
    heights = [round_up(cell.height, step) for cell in cells]
    shelves = Shelves(
        [
            Block(cell.width, height, cell.on_grid, cell.is_gap)
            for cell, height in zip(cells, heights, strict=True)
        ],
        tile,
    )
    width = shelves.balanced_width(shelves.best_width(aspect, width_limit))
    site = _Site()
    bottom = 0
    for shelf in shelves.of_width(width):
        bottom += shelf.height
        for x, (first, end) in zip(shelf.x, pairwise(shelf.borders), strict=True):
            below = bottom - sum(heights[first:end])
            for number in range(first, end):
                below += heights[number]
                cells[number].put_down(x, below - cells[number].height, site)
    return site.landscape(bottom)


def _cells(
    pictures: Sequence[Size], gaps: Sequence[int], aspect: float, tile: int, width_limit: int
) -> Iterator[_Cell]:
    small: list[Size] = []
    for number, size in enumerate(pictures):
        is_small = size.width * size.height < tile * tile
        is_far = number > 0 and gaps[number - 1] >= LARGE_GAP
        between_small = bool(small) and is_small
        if small and (is_far or not is_small):
            yield _Quarter(small, aspect, width_limit)
            small = []
        if is_far:
            yield _Mark(number, tile // 4 if between_small else tile)
        if is_small:
            small.append(size)
        else:
            yield _Large(size, tile)
    if small:
        yield _Quarter(small, aspect, width_limit)
