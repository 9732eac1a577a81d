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

Every picture has room for its name below it. Cells stand on the bottom line of their shelf.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
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
    """What moves as one on a shelf: its size in whole tiles, its content from the top left."""

    size: Size
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
    cells = _cells(pictures, gaps, aspect, tile, max(tile, width_limit // tile * tile))
    width = _best_width(cells, aspect, tile, width_limit)
    shelves = _shelves(cells, width)
    width = _balanced_width(cells, width, len(shelves), tile)
    return _stand(cells, _shelves(cells, width), width, len(pictures))


def _cells(
    pictures: Sequence[Size], gaps: Sequence[int], aspect: float, tile: int, width_limit: int
) -> list[_Cell]:
    cells: list[_Cell] = []
    small: list[int] = []

    def close_quarter() -> None:
        if small:
            cells.append(_quarter(pictures, small, aspect, tile, width_limit))
            small.clear()

    for number, size in enumerate(pictures):
        if number and gaps[number - 1] >= LARGE_GAP:
            close_quarter()
            mark = GapMark(number, Rect(0, 0, tile, tile))
            cells.append(_Cell(Size(tile, tile), gap=mark))
        if size.width * size.height < tile * tile:
            small.append(number)
        else:
            close_quarter()
            cells.append(_large(number, size, tile))
    close_quarter()
    return cells


def _large(number: int, size: Size, tile: int) -> _Cell:
    """A picture with its top left corner on the grid; the name has half a tile's height or more."""
    width = _up(size.width, tile)
    height = _up(size.height + tile // 2, tile)
    label = Rect(0, size.height, width, height - size.height)
    return _Cell(Size(width, height), ((number, Rect(0, 0, size.width, size.height), label),))


def _quarter(
    pictures: Sequence[Size], numbers: Sequence[int], aspect: float, tile: int, width_limit: int
) -> _Cell:
    """Small pictures in columns, the whole about as wide as the aspect says."""
    sizes = [Size(pictures[n].width + GUTTER, pictures[n].height + GUTTER) for n in numbers]
    area = sum(size.width * size.height for size in sizes)
    height = _up(max(isqrt(int(area / aspect)), max(size.height for size in sizes)), tile)
    while (columns := _columns(sizes, height))[-1][0] + columns[-1][1] > width_limit:
        widest = max(width for _, width, _ in columns)
        if len(columns) == 1 or widest >= width_limit:
            break
        height += max(tile, height // 4 // tile * tile)
    placed = []
    for x, width, members in columns:
        y = 0
        for member in members:
            size = pictures[numbers[member]]
            picture = Rect(x, y, size.width, size.height)
            label = Rect(x, y + size.height, width - GUTTER, GUTTER)
            placed.append((numbers[member], picture, label))
            y += size.height + GUTTER
    right = columns[-1][0] + columns[-1][1]
    return _Cell(Size(_up(right, tile), height), tuple(placed))


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


def _best_width(cells: Sequence[_Cell], aspect: float, tile: int, width_limit: int) -> int:
    """The width, in tiles, whose shelves come nearest to the aspect."""
    narrowest = max(cell.size.width for cell in cells)
    total = sum(cell.size.width for cell in cells)
    widest = max(narrowest, min(width_limit // tile * tile, total))

    def distance(width: int) -> float:
        height = sum(
            max(cell.size.height for cell in cells[a:b]) for a, b in _shelves(cells, width)
        )
        return abs(log(width / height / aspect))

    return min(range(narrowest, widest + 1, tile), key=distance)


def _balanced_width(cells: Sequence[_Cell], width: int, shelves: int, tile: int) -> int:
    """The least width that needs no more shelves: their ends then stand nearly in line."""
    low, high = max(cell.size.width for cell in cells) // tile, width // tile
    while low < high:
        middle = (low + high) // 2
        if len(_shelves(cells, middle * tile)) <= shelves:
            high = middle
        else:
            low = middle + 1
    return low * tile


def _shelves(cells: Sequence[_Cell], width: int) -> list[tuple[int, int]]:
    """Which cells share a shelf, as half-open ranges of their numbers."""
    breaks = [0]
    used = 0
    for number, cell in enumerate(cells):
        if used and used + cell.size.width > width:
            breaks.append(number)
            used = 0
        used += cell.size.width
    return list(pairwise([*breaks, len(cells)]))


def _stand(
    cells: Sequence[_Cell], shelves: Sequence[tuple[int, int]], width: int, count: int
) -> Landscape:
    pictures: list[Rect | None] = [None] * count
    labels: list[Rect | None] = [None] * count
    gaps: list[GapMark] = []
    top = 0
    for start, end in shelves:
        height = max(cell.size.height for cell in cells[start:end])
        x = 0
        for cell in cells[start:end]:
            y = top + height - cell.size.height
            for number, picture, label in cell.pictures:
                pictures[number] = picture.moved(x, y)
                labels[number] = label.moved(x, y)
            if cell.gap is not None:
                gaps.append(GapMark(cell.gap.before, cell.gap.rect.moved(x, y)))
            x += cell.size.width
        top += height
    return Landscape(
        width,
        top,
        tuple(rect for rect in pictures if rect is not None),
        tuple(rect for rect in labels if rect is not None),
        tuple(gaps),
    )


def _up(pixels: int, step: int) -> int:
    return -(-pixels // step) * step
