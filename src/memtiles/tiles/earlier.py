"""What an earlier pyramid of nearly the same plane has, that need not be drawn again."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Sequence
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

from memtiles.errors import MEND, DamageError
from memtiles.pictures.patch import Pixels, Uniform
from memtiles.pictures.placement import Rect
from memtiles.tiles.grid import Grid, Tile
from memtiles.tiles.tile_folder import (
    TILE_LIST,
    UNWRITTEN_FILE,
    TileFolder,
    read_list,
    tile_of,
    tile_path,
)
from memtiles.tiles.unwritten import read_unwritten

# Tiles that are taken over in one go: a fifth of a second.
_PART = 1 << 13


class Part(NamedTuple):
    """Some of the tiles of an earlier pyramid, by their numbers in its list."""

    start: int
    end: int


class Earlier:
    """A finished pyramid of the same grid, and where the plane has changed since."""

    def __init__(
        self, folder: Path, grid: Grid, changed: Sequence[Rect], list_digest: str | None = None
    ) -> None:
        """Reads its lists.

        Args:
            folder: Of the pyramid.
            grid: Its grid.
            changed: Pixels of the plane.
            list_digest: SHA-256 of its list of files, as the manifest has it: what lacks a line
                would be passed on without it.

        Raises:
            DamageError: They cannot be read, or are not what was written.
        """
        self._folder = folder
        self._grid = grid
        self._changed = np.array(
            [(one.x, one.y, one.x + one.width, one.y + one.height) for one in changed], np.int64
        ).reshape(-1, 4)
        try:
            text = (folder / TILE_LIST).read_bytes()
            if list_digest not in (None, hashlib.sha256(text).hexdigest()):
                raise ValueError(f"{TILE_LIST} is changed")
            digests = read_list(text)
            unwritten = (folder / UNWRITTEN_FILE).read_bytes()
            if digests.get(UNWRITTEN_FILE) != hashlib.sha256(unwritten).hexdigest():
                raise ValueError(f"{UNWRITTEN_FILE} is changed")
            self._unwritten = read_unwritten(unwritten)
            tiles = ((tile_of(name), digest) for name, digest in digests.items())
            self._digests = {tile: digest for tile, digest in tiles if tile is not None}
            self._tiles = [*self._digests]
            if not all(tile in grid for tile in (*self._tiles, *self._unwritten.tops)):
                raise ValueError(f"{TILE_LIST} or {UNWRITTEN_FILE} has tiles of another pyramid")
        except (OSError, ValueError) as error:
            raise DamageError(f"{folder}: {_reason(error)}; {MEND}") from None

    def keeps(self, tile: Tile) -> bool:
        """Whether a tile has a file, and it and all below it are as they were."""
        return tile in self._digests and not self._touches(tile)

    def _touches(self, tile: Tile) -> bool:
        shown = self._grid.shown(tile)
        left, top, right, bottom = self._changed.T
        touched = (left < shown.x + shown.width) & (right > shown.x)
        touched &= (top < shown.y + shown.height) & (bottom > shown.y)
        return bool(touched.any())

    def parts(self) -> list[Part]:
        """All tiles that have a file, in parts that can be taken over side by side."""
        return [Part(at, at + _PART) for at in range(0, len(self._tiles), _PART)]

    def take_over(self, part: Part, kept: Container[Tile], target: TileFolder) -> None:
        """Links those tiles of a part that are below the kept ones, or are one of these."""
        is_kept: dict[Tile, bool] = {}
        for tile in self._tiles[part.start : part.end]:
            # The four tiles below one, and its neighbours, are alike in this.
            above = tile.above()
            if above not in is_kept:
                is_kept[above] = tile.level > 0 and above.is_in(kept)
            if is_kept[above] or tile in kept:
                target.link(tile, self._folder, self._digests[tile])

    def take_over_unwritten(self, kept: Container[Tile], target: TileFolder) -> None:
        """Lists those that have no file."""
        for tile, what in self._unwritten.tops.items():
            if tile.is_in(kept):
                target.lists.unwritten.tops[tile] = what

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
            content = file.read_bytes()
            if hashlib.sha256(content).hexdigest() != self._digests[tile]:
                # What is drawn out of it would get digests of its own, and pass for sound.
                raise ValueError("is changed")
            with Image.open(BytesIO(content)) as image:
                pixels = np.asarray(image)
        except (OSError, SyntaxError, ValueError) as error:
            raise DamageError(f"{file}: {_reason(error)}; {MEND}") from None
        return pixels[:, :, None] if pixels.ndim == 2 else pixels


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{Path(error.filename).name}: {error.strerror}"
    return str(error)
