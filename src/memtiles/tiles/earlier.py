"""What an earlier pyramid of nearly the same plane has, that need not be drawn again."""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path

import numpy as np

from memtiles.errors import MEND, DamageError
from memtiles.pictures.patch import Pixels, Uniform
from memtiles.pictures.placement import Rect
from memtiles.tiles.grid import Grid, Tile
from memtiles.tiles.tile_folder import UNWRITTEN_FILE, TileFolder, read_list, tile_of, tile_path
from memtiles.tiles.unwritten import read_unwritten


class Earlier:
    """A finished pyramid of the same grid, and where the plane has changed since."""

    def __init__(self, folder: Path, grid: Grid, changed: Sequence[Rect]) -> None:
        """Reads its lists.

        Raises:
            DamageError: They cannot be read.
        """
        self._folder = folder
        self._grid = grid
        self._changed = np.array(
            [(one.x, one.y, one.x + one.width, one.y + one.height) for one in changed], np.int64
        ).reshape(-1, 4)
        try:
            self._digests = read_list(folder)
            self._unwritten = read_unwritten((folder / UNWRITTEN_FILE).read_bytes())
        except (OSError, ValueError) as error:
            raise DamageError(f"{folder}: {error}; {MEND}") from None

    def keeps(self, tile: Tile) -> bool:
        """Whether a tile has a file, and it and all below it are as they were."""
        return tile_path(tile) in self._digests and not self._touches(tile)

    def _touches(self, tile: Tile) -> bool:
        shown = self._grid.shown(tile)
        left, top, right, bottom = self._changed.T
        touched = (left < shown.x + shown.width) & (right > shown.x)
        touched &= (top < shown.y + shown.height) & (bottom > shown.y)
        return bool(touched.any())

    def take_over(self, kept: Container[Tile], target: TileFolder) -> None:
        """Links all tiles below the kept ones, and lists those of them that are unwritten."""
        for name, digest in self._digests.items():
            tile = tile_of(name)
            if tile is not None and tile.is_in(kept):
                target.link(tile, self._folder, digest)
        for tile, what in self._unwritten.tops.items():
            if tile.is_in(kept):
                target.unwritten.tops[tile] = what

    def uniform(self, tile: Tile) -> Uniform | None:
        """What a tile is that has no file and is as it was."""
        return None if self._touches(tile) else self._unwritten.what(tile)

    def pixels(self, tile: Tile) -> Pixels:
        """A kept tile's pixels.

        Raises:
            DamageError: Its file is not what was written.
        """
        from PIL import Image

        file = self._folder / tile_path(tile)
        try:
            with Image.open(file) as image:
                pixels = np.asarray(image)
        except (OSError, SyntaxError, ValueError) as error:
            raise DamageError(f"{file}: {error}; {MEND}") from None
        return pixels[:, :, None] if pixels.ndim == 2 else pixels
