"""Tiles out of the tiles below them: each is put together as soon as all that it shows is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from memtiles.pictures.patch import Patch, Uniform
from memtiles.tiles.grid import Tile
from memtiles.tiles.tile_folder import TileFolder

Half = Any
"""What a finished tile is for the one above it: its state, halved, or `Uniform`."""


def draw_tile(target: TileFolder, tile: Tile, patches: Sequence[Patch]) -> Half:
    """Writes a tile of full resolution, unless it is uniform."""
    if not patches:
        return Uniform.BLANK
    rect = target.grid.rect(tile)
    drawn = target.reduction.drawn(patches, rect.width, rect.height)
    if isinstance(drawn, Uniform):
        return drawn
    target.write(tile, drawn)
    return target.reduction.first_half(drawn)


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
            self._target.lists.unwritten.tops[tile] = half
        self.finished.append((tile, half))

    def _put_together(self, tile: Tile, below: Mapping[Tile, Half]) -> Half:
        for what in Uniform:
            if all(half is what for half in below.values()):
                return what
        grid, reduction = self._target.grid, self._target.reduction
        halves: list[tuple[int, int, Any]] = []
        for one, half in below.items():
            if isinstance(half, Uniform):
                self._target.lists.unwritten.tops[one] = half
            if half is Uniform.BLANK:
                continue
            rect = grid.rect(one)
            if half is Uniform.ZERO:
                half = reduction.zeros(-(-rect.width // 2), -(-rect.height // 2))
            side = grid.tile_size // 2
            halves.append((one.column % 2 * side, one.row % 2 * side, half))
        rect = grid.rect(tile)
        state = reduction.joined(halves, rect.width, rect.height)
        self._target.write(tile, reduction.shown(state))
        return reduction.half(state)
