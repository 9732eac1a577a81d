"""The grid of a pyramid: which tiles there are, and which pixels of the plane each one shows.

Level 0 is one pixel, the last level is full resolution; a tile has up to four tiles below it, at
the next level, which show the same pixels of the plane at twice the size. (Deep Zoom.)
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from memtiles.pictures.placement import Rect

# Where all levels lie, of a pyramid that is called `tiles`. (Deep Zoom.)
TILES_FOLDER = "tiles_files"

# A tile as its path has it: no number of thousands of digits comes out of a file.
TILE_PATTERN = "(0|[1-9][0-9]{0,2})/(0|[1-9][0-9]{0,17})_(0|[1-9][0-9]{0,17})"


class Tile(NamedTuple):
    """A tile by its place; it stands for all tiles below it, too."""

    level: int
    column: int
    row: int

    def __str__(self) -> str:
        return f"{self.level}/{self.column}_{self.row}"

    def above(self) -> Tile:
        """The tile that shows this one at half the size."""
        return Tile(self.level - 1, self.column >> 1, self.row >> 1)

    def is_in(self, tops: Container[Tile]) -> bool:
        """Whether it or a tile above it is one of these."""
        tile = self
        while tile not in tops:
            if tile.level == 0:
                return False
            tile = tile.above()
        return True


@dataclass(frozen=True)
class Grid:
    """The tiles of a plane of that size."""

    width: int
    height: int
    tile_size: int

    @cached_property
    def levels(self) -> int:
        """Halves, rounded up, down to one pixel."""
        return (max(self.width, self.height) - 1).bit_length() + 1

    def size(self, level: int) -> tuple[int, int]:
        """Width and height of a level."""
        shift = self.levels - 1 - level
        return -(-self.width >> shift), -(-self.height >> shift)

    def columns_and_rows(self, level: int) -> tuple[int, int]:
        """Tiles side by side and on top of each other."""
        width, height = self.size(level)
        return -(-width // self.tile_size), -(-height // self.tile_size)

    def count(self) -> int:
        """Tiles of all levels."""
        return self.count_from(Tile(0, 0, 0))

    def rect(self, tile: Tile) -> Rect:
        """The pixels of its own level that a tile shows."""
        width, height = self.size(tile.level)
        x, y = tile.column * self.tile_size, tile.row * self.tile_size
        return Rect(x, y, min(self.tile_size, width - x), min(self.tile_size, height - y))

    def shown(self, tile: Tile) -> Rect:
        """The pixels of the plane that a tile shows."""
        side = self.tile_size << self.levels - 1 - tile.level
        x, y = tile.column * side, tile.row * side
        return Rect(x, y, min(side, self.width - x), min(side, self.height - y))

    def below(self, tile: Tile) -> list[Tile]:
        """The one, two or four tiles of the next level that a tile is made from."""
        columns, rows = self.columns_and_rows(tile.level + 1)
        return [
            Tile(tile.level + 1, column, row)
            for row in (2 * tile.row, 2 * tile.row + 1)
            for column in (2 * tile.column, 2 * tile.column + 1)
            if column < columns and row < rows
        ]

    def count_from(self, tile: Tile) -> int:
        """How many tiles a tile and all below it are."""
        total = 0
        for level in range(tile.level, self.levels):
            shift = level - tile.level
            columns, rows = self.columns_and_rows(level)
            wide = min(columns, tile.column + 1 << shift) - (tile.column << shift)
            high = min(rows, tile.row + 1 << shift) - (tile.row << shift)
            total += wide * high
        return total

    def __contains__(self, tile: Tile) -> bool:
        if not 0 <= tile.level < self.levels:
            return False
        columns, rows = self.columns_and_rows(tile.level)
        return 0 <= tile.column < columns and 0 <= tile.row < rows
