"""Tiles out of the tiles below them: each is put together as soon as all that it shows is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from memtiles.pictures.patch import Patch, Pixels, Uniform
from memtiles.tiles.canvas import halved, put_together, simplified
from memtiles.tiles.grid import Tile
from memtiles.tiles.tile_folder import TileFolder

Half = Pixels | Uniform
"""What a finished tile is for the one above it: its pixels, halved, or what all of them are."""


def draw_tile(target: TileFolder, tile: Tile, patches: Sequence[Patch]) -> Half:
    """Writes a tile of full resolution, unless it is uniform."""
    if not patches:
        return Uniform.BLANK
    rect = target.grid.rect(tile)
    pixels = simplified(put_together(patches, rect.width, rect.height))
    if isinstance(pixels, Uniform):
        return pixels
    target.write(tile, pixels)
    return halved(pixels)


class Assembly:
    """Takes finished tiles, and makes those above them up to one level.

    Attributes:
        finished: The tiles of that level that are done.
    """

    def __init__(self, target: TileFolder, level: int = 0) -> None:
        """Writes into a pyramid; at level 0 it is complete."""
        self.finished: list[tuple[Tile, Half]] = []
        self._target = target
        self._level = level
        self._waiting: dict[Tile, dict[Tile, Half]] = defaultdict(dict)

    def add(self, tile: Tile, half: Half) -> None:
        """Takes a tile whose own file, and all below it, is written."""
        while tile.level > self._level:
            above = tile.above()
            below = self._waiting[above]
            below[tile] = half
            if len(below) < len(self._target.grid.below(above)):
                return
            del self._waiting[above]
            tile, half = above, self._put_together(above, below)
        if tile.level == 0 and isinstance(half, Uniform):
            self._target.unwritten.tops[tile] = half
        self.finished.append((tile, half))

    def _put_together(self, tile: Tile, below: Mapping[Tile, Half]) -> Half:
        for what in Uniform:
            if all(half is what for half in below.values()):
                return what
        grid = self._target.grid
        patches = []
        for one, half in below.items():
            if isinstance(half, Uniform):
                self._target.unwritten.tops[one] = half
            if half is Uniform.BLANK:
                continue
            rect = grid.rect(one)
            if half is Uniform.ZERO:
                half = np.zeros((-(-rect.height // 2), -(-rect.width // 2), 1), np.uint8)
            side = grid.tile_size // 2
            patches.append(Patch(one.column % 2 * side, one.row % 2 * side, half))
        rect = grid.rect(tile)
        pixels = put_together(patches, rect.width, rect.height)
        simple = simplified(pixels)
        # The mean of a few small bytes among many zeros is zero, too, but what it shows is not:
        # only a tile that has nothing but zeros below it goes without a file.
        self._target.write(tile, pixels if isinstance(simple, Uniform) else simple)
        return halved(pixels)
