"""Shelves: blocks in order, broken into lines of a width, and how wide these are best.

A block goes below the one before it wherever that makes the shelf neither wider nor higher.

There may be a hundred thousand blocks, and some forty widths are tried. So to break them is one
plain loop over numbers, which ends where the answer is known.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, islice
from math import log
from typing import NamedTuple


class Block(NamedTuple):
    """What takes room on a shelf.

    Attributes:
        width: Pixels.
        height: Likewise.
        on_grid: Whether it has to start at a whole tile.
        stands_alone: Whether nothing may stand on top of it or below.
    """

    width: int
    height: int
    on_grid: bool
    stands_alone: bool


class Shelf(NamedTuple):
    """Columns side by side on one bottom line.

    Column i starts at `x[i]`. In it are, from the top, the blocks from number `borders[i]` up to
    `borders[i + 1]`.
    """

    height: int
    x: list[int]
    borders: list[int]


class Shelves:
    """Blocks in order, to be broken into shelves like words into lines."""

    def __init__(self, blocks: Sequence[Block], tile: int) -> None:
        self._tile = tile
        self._narrowest = round_up(max(block.width for block in blocks), tile)
        self._widest = sum(round_up(block.width, tile) for block in blocks)
        self._rows = [
            (block.width, block.height, block.on_grid, not (block.stands_alone or alone_before))
            for block, alone_before in zip(
                blocks, (True, *(block.stands_alone for block in blocks[:-1])), strict=True
            )
        ]

    def of_width(self, width: int) -> Iterator[Shelf]:
        """Shelves that are at most so wide, one after the other: not all have to be asked for."""
        tile = self._tile
        height = right = 0
        column_width = room = 0  # how wide the last column is, and how much may go below
        x: list[int] = []
        borders: list[int] = []
        for number, (wide, high, on_grid, may_go_below) in enumerate(self._rows):
            if may_go_below and wide <= column_width and high <= room:
                room -= high
                continue
            left = -(-right // tile) * tile if on_grid else right
            if x and left + wide > width:
                borders.append(number)
                yield Shelf(height, x, borders)
                x, borders, left, height = [], [], 0, 0
            x.append(left)
            borders.append(number)
            column_width = wide
            right = left + wide
            if high > height:
                height = high
            room = height - high
        borders.append(len(self._rows))
        yield Shelf(height, x, borders)

    def best_width(self, aspect: float, width_limit: int) -> int:
        """The whole tiles whose shelves come nearest to the aspect."""
        widest = max(self._narrowest, min(width_limit, self._widest))

        def is_wide_enough(tiles: int) -> bool:
            width = tiles * self._tile
            bottoms = accumulate(shelf.height for shelf in self.of_width(width))
            return all(width / bottom / aspect >= 1 for bottom in bottoms)

        def distance(tiles: int) -> float:
            width = tiles * self._tile
            return abs(log(width / sum(shelf.height for shelf in self.of_width(width)) / aspect))

        # Wider is flatter, so the two widths on either side of the aspect are found by halving.
        candidates = range(self._narrowest // self._tile, widest // self._tile + 1)
        wide_enough = bisect_left(candidates, True, key=is_wide_enough)
        nearest = candidates[max(0, wide_enough - 1) : wide_enough + 1]
        return min(nearest, key=distance) * self._tile

    def balanced_width(self, width: int) -> int:
        """The least width with no more shelves: their ends then stand nearly in line."""
        most = self._count(self.of_width(width))

        def is_wide_enough(tiles: int) -> bool:
            return self._count(islice(self.of_width(tiles * self._tile), most + 1)) <= most

        candidates = range(self._narrowest // self._tile, width // self._tile)
        return candidates.start * self._tile + self._tile * bisect_left(
            candidates, True, key=is_wide_enough
        )

    @staticmethod
    def _count(shelves: Iterator[Shelf]) -> int:
        return sum(1 for _ in shelves)


def round_up(pixels: int, step: int) -> int:
    """The least multiple of the step that is not less."""
    return -(-pixels // step) * step
