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

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt, log

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

    def moved(self, x: int, y: int) -> Rect:
        """The same rectangle, farther right and down."""
        return Rect(self.x + x, self.y + y, self.width, self.height)


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


@dataclass(frozen=True, slots=True)
class _Cell:
    """What moves as one on a shelf: its content counts from the cell's top left corner."""

    size: Size
    on_grid: bool
    pictures: tuple[tuple[int, Rect, Rect], ...] = ()
    gap: GapMark | None = None


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
    town = _Town(_cells(pictures, gaps, aspect, tile, width_limit), tile)
    width = town.balanced_width(town.best_width(aspect, width_limit))
    return town.stand(width, len(pictures))


def _cells(
    pictures: Sequence[Size], gaps: Sequence[int], aspect: float, tile: int, width_limit: int
) -> list[_Cell]:
    cells: list[_Cell] = []
    small: list[int] = []

    def close_quarter() -> None:
        if small:
            cells.append(_quarter(pictures, small, aspect, width_limit))
            small.clear()

    for number, size in enumerate(pictures):
        is_small = size.width * size.height < tile * tile
        if number and gaps[number - 1] >= LARGE_GAP:
            between_small = bool(small) and is_small
            close_quarter()
            cells.append(_mark(number, tile // 4 if between_small else tile))
        if is_small:
            small.append(number)
        else:
            close_quarter()
            cells.append(_large(number, size, tile))
    close_quarter()
    return cells


def _mark(number: int, height: int) -> _Cell:
    """A gap mark as high as its neighbours may be, so that it does not get lost below them."""
    mark = Rect(GUTTER, 0, height // 4, height)
    return _Cell(Size(mark.width + 2 * GUTTER, height), False, gap=GapMark(number, mark))


def _large(number: int, size: Size, tile: int) -> _Cell:
    """A picture with its top left corner on the grid.

    Its name has an eighth of its height or more, so that it can be read when the picture can.
    """
    width = _up(size.width, tile)
    height = _up(size.height + max(4 * GUTTER, size.height // 8), tile)
    picture = Rect(0, 0, size.width, size.height)
    label = Rect(0, size.height, width, height - size.height)
    return _Cell(Size(width, height), True, ((number, picture, label),))


def _quarter(
    pictures: Sequence[Size], numbers: Sequence[int], aspect: float, width_limit: int
) -> _Cell:
    """Small pictures in columns, the whole about as wide as the aspect says."""
    sizes = [Size(pictures[n].width + GUTTER, pictures[n].height + GUTTER) for n in numbers]
    area = sum(size.width * size.height for size in sizes)
    height = max(isqrt(int(area / aspect)), max(size.height for size in sizes))
    columns = _columns(sizes, height)
    while len(columns) > 1 and _right(columns) > width_limit:
        height += height // 4
        columns = _columns(sizes, height)
    placed = []
    for x, width, members in columns:
        y = 0
        for member in members:
            size = pictures[numbers[member]]
            picture = Rect(x, y, size.width, size.height)
            label = Rect(x, y + size.height, width - GUTTER, GUTTER)
            placed.append((numbers[member], picture, label))
            y += size.height + GUTTER
    bottom = max(label.y + label.height for _, _, label in placed)
    return _Cell(Size(_right(columns), bottom), False, tuple(placed))


def _columns(sizes: Sequence[Size], height: int) -> list[tuple[int, int, list[int]]]:
    """Columns as (x, width, members), filled from the top in order."""
    columns: list[tuple[int, int, list[int]]] = []
    x = width = used = 0
    members: list[int] = []
    for number, size in enumerate(sizes):
        if members and used + size.height > height:
            columns.append((x, width, members))
            x, width, used, members = x + width, 0, 0, []
        width = max(width, size.width)
        used += size.height
        members.append(number)
    columns.append((x, width, members))
    return columns


def _right(columns: Sequence[tuple[int, int, list[int]]]) -> int:
    x, width, _ = columns[-1]
    return x + width


@dataclass
class _Column:
    """Cells that stand on top of each other; heights are whole grid steps."""

    x: int
    width: int
    height: int
    cells: list[_Cell]

    def takes(self, cell: _Cell, height: int, shelf_height: int) -> bool:
        """Whether a cell may go below, where it makes the shelf neither wider nor higher."""
        fits = cell.size.width <= self.width and self.height + height <= shelf_height
        return fits and cell.gap is None and self.cells[-1].gap is None


@dataclass
class _Shelf:
    """Columns side by side on one bottom line."""

    columns: list[_Column]
    height: int = 0

    @property
    def right(self) -> int:
        return self.columns[-1].x + self.columns[-1].width if self.columns else 0


class _Town:
    """Cells in order, to be broken into shelves like words into lines."""

    def __init__(self, cells: Sequence[_Cell], tile: int) -> None:
        self._cells = cells
        self._tile = tile
        # Shelves and columns keep to the grid as soon as something in the town has to.
        self._step = tile if any(cell.on_grid for cell in cells) else 1
        self._narrowest = _up(max(cell.size.width for cell in cells), tile)

    def shelves(self, width: int) -> list[_Shelf]:
        """The cells on shelves that are at most `width` wide."""
        shelves = [_Shelf([])]
        for cell in self._cells:
            height = _up(cell.size.height, self._step)
            shelf = shelves[-1]
            if shelf.columns and shelf.columns[-1].takes(cell, height, shelf.height):
                shelf.columns[-1].height += height
                shelf.columns[-1].cells.append(cell)
                continue
            x = _up(shelf.right, self._tile) if cell.on_grid else shelf.right
            if shelf.columns and x + cell.size.width > width:
                shelf, x = _Shelf([]), 0
                shelves.append(shelf)
            shelf.columns.append(_Column(x, cell.size.width, height, [cell]))
            shelf.height = max(shelf.height, height)
        return shelves

    def best_width(self, aspect: float, width_limit: int) -> int:
        """The width, in tiles, whose shelves come nearest to the aspect."""
        total = sum(_up(cell.size.width, self._tile) for cell in self._cells)
        widest = max(self._narrowest, min(width_limit // self._tile * self._tile, total))

        def stretch(tiles: int) -> float:
            width = tiles * self._tile
            return log(width / sum(shelf.height for shelf in self.shelves(width)) / aspect)

        # Wider is flatter, so the two widths on either side of the aspect are found by halving.
        candidates = range(self._narrowest // self._tile, widest // self._tile + 1)
        wide_enough = bisect_left(candidates, 0.0, key=stretch)
        nearest = candidates[max(0, wide_enough - 1) : wide_enough + 1]
        return min(nearest, key=lambda tiles: abs(stretch(tiles))) * self._tile

    def balanced_width(self, width: int) -> int:
        """The least width with no more shelves: their ends then stand nearly in line."""
        shelves = len(self.shelves(width))
        low, high = self._narrowest // self._tile, width // self._tile
        while low < high:
            middle = (low + high) // 2
            if len(self.shelves(middle * self._tile)) <= shelves:
                high = middle
            else:
                low = middle + 1
        return low * self._tile

    def stand(self, width: int, count: int) -> Landscape:
        """Everything in its place."""
        pictures: list[Rect | None] = [None] * count
        labels: list[Rect | None] = [None] * count
        gaps: list[GapMark] = []
        bottom = 0
        for shelf in self.shelves(width):
            bottom += shelf.height
            for column in shelf.columns:
                below = bottom - column.height
                for cell in column.cells:
                    below += _up(cell.size.height, self._step)
                    x, y = column.x, below - cell.size.height
                    for number, picture, label in cell.pictures:
                        pictures[number] = picture.moved(x, y)
                        labels[number] = label.moved(x, y)
                    if cell.gap is not None:
                        gaps.append(GapMark(cell.gap.before, cell.gap.rect.moved(x, y)))
        placed = tuple(rect for rect in pictures if rect is not None)
        named = tuple(rect for rect in labels if rect is not None)
        everything = (*placed, *named, *(mark.rect for mark in gaps))
        right = max(rect.x + rect.width for rect in everything)
        return Landscape(right, bottom, placed, named, tuple(gaps))


def _up(pixels: int, step: int) -> int:
    return -(-pixels // step) * step
