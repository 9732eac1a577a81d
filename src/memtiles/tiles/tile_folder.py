"""The files of one pyramid while they are made: tiles, their digests, and which are not written."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import struct
from collections.abc import Iterable, Iterator
from copy import copy
from itertools import chain
from pathlib import Path

import numpy as np

from memtiles.errors import MEND, DamageError
from memtiles.pictures.patch import Pixels, Uniform
from memtiles.tiles.colours import MEAN_OF_COLOURS
from memtiles.tiles.grid import TILE_PATTERN, TILES_FOLDER, Grid, Tile
from memtiles.tiles.png import png
from memtiles.tiles.reduction import AnyReduction
from memtiles.tiles.rows import Rows
from memtiles.tiles.unwritten import Unwritten

# A fixed base name: `dzsave` switches to an archive when a name ends in .zip or .szi.
NAME = "tiles"
TILE_LIST = "tiles.sha256"
UNWRITTEN_FILE = "unwritten.json"
FORMAT = "png"
OVERLAP = 0

# A tile and its digest while the pyramid is made: a terabyte has four million of them, and nothing
# else of a pyramid grows with it.
_TILE = struct.Struct(">BQQ32s")

_TILE_FILE = re.compile(rf"{TILES_FOLDER}/{TILE_PATTERN}\.{FORMAT}")

_DZI = """<?xml version="1.0" encoding="UTF-8"?>
<Image xmlns="http://schemas.microsoft.com/deepzoom/2008"
  Format="{format}"
  Overlap="{overlap}"
  TileSize="{grid.tile_size}"
  >
  <Size
    Height="{grid.height}"
    Width="{grid.width}"
  />
</Image>
"""


def tile_path(tile: Tile) -> str:
    """The file of a tile, from the pyramid's folder."""
    return f"{TILES_FOLDER}/{tile}.{FORMAT}"


def tile_of(path: str) -> Tile | None:
    """The tile whose file that is; None for the other files of a pyramid."""
    found = _TILE_FILE.fullmatch(path)
    return Tile(*(int(part) for part in found.groups())) if found else None


def uniform_path(what: Uniform) -> str:
    """The file that all tiles of that kind share, from the pyramid's folder."""
    return f"{what.value}.{FORMAT}"


class TileLists:
    """Which tiles of a pyramid have a file, with its digest, and which are not written."""

    def __init__(self) -> None:
        """None yet."""
        self.unwritten = Unwritten()
        self._written = bytearray()

    def write(self, tile: Tile, digest: bytes) -> None:
        """A tile has a file."""
        self._written.extend(_TILE.pack(*tile, digest))

    def add(self, others: TileLists) -> None:
        """Takes over what is listed of other tiles of the same pyramid."""
        self.unwritten.tops.update(others.unwritten.tops)
        self._written.extend(others._written)

    def written(self) -> Iterator[tuple[Tile, bytes]]:
        """Tiles with their digests."""
        for level, column, row, digest in _TILE.iter_unpack(self._written):
            yield Tile(level, column, row), digest


class TileFolder:
    """Takes the tiles of one pyramid."""

    def __init__(self, folder: Path, grid: Grid, reduction: AnyReduction = MEAN_OF_COLOURS) -> None:
        """Begins a pyramid in an existing folder without one."""
        self.folder = folder
        self.grid = grid
        self.reduction = reduction
        self.lists = TileLists()
        self._others: list[tuple[str, bytes]] = []
        for level in range(grid.levels):
            (folder / TILES_FOLDER / str(level)).mkdir(parents=True)

    def with_own_lists(self) -> TileFolder:
        """The same folder for tiles that are listed apart, to be added to the lists of this one."""
        part = copy(self)
        part.lists = TileLists()
        return part

    def write(self, tile: Tile, drawn: Pixels | Rows) -> None:
        """Makes the file of one tile."""
        digest = self._write(tile_path(tile), png(drawn, self.reduction.palette))
        self.lists.write(tile, digest)

    def link(self, tile: Tile, earlier: Path, digest: str) -> None:
        """Takes a tile over from a finished pyramid of the same grid; as a copy where it must."""
        name = tile_path(tile)
        # As texts: a Path costs as much as the link.
        source, place = f"{earlier}/{name}", f"{self.folder}/{name}"
        if not _is_file(source):
            raise DamageError(f"{source}: is no file any more; {MEND}")
        try:
            os.link(source, place)
        except OSError:  # no links on this file system, or too many
            shutil.copyfile(source, place)
        self.lists.write(tile, bytes.fromhex(digest))

    def finish(self) -> None:
        """Makes what is not a tile: the .dzi, the shared tiles, and both lists."""
        dzi = _DZI.format(format=FORMAT, overlap=OVERLAP, grid=self.grid)
        self._write_other(f"{NAME}.dzi", dzi.encode("ascii"))
        side = self.grid.tile_size
        unwritten = self.lists.unwritten
        kinds = set(unwritten.tops.values())
        if Uniform.BLANK in kinds:
            blank = png(np.zeros((side, side, 2), np.uint8))
            self._write_other(uniform_path(Uniform.BLANK), blank)
        if Uniform.ZERO in kinds:
            shared = png(self.reduction.zero_tile(side), self.reduction.palette)
            self._write_other(uniform_path(Uniform.ZERO), shared)
        self._write_other(UNWRITTEN_FILE, unwritten.to_json())
        tiles = ((tile_path(tile), digest) for tile, digest in self.lists.written())
        write_list(self.folder, chain(self._others, tiles))

    def _write_other(self, name: str, content: bytes) -> None:
        self._others.append((name, self._write(name, content)))

    def _write(self, name: str, content: bytes) -> bytes:
        """Makes a file, and returns its digest."""
        # As a text, for a Path costs a fifth of the making of a file.
        with open(f"{self.folder}/{name}", "wb", buffering=0) as file:  # noqa: PTH123
            rest = memoryview(content)
            while rest:  # a disk that is nearly full takes less, and refuses only what is left
                rest = rest[file.write(rest) :]
        return hashlib.sha256(content).digest()


def _is_file(path: str) -> bool:
    """Whether it is one itself, and no link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def write_list(folder: Path, digests: Iterable[tuple[str, bytes]]) -> None:
    """Writes a line as `sha256sum` does for every file of a pyramid, sorted by path."""
    # The name first, to be sorted by, and half as long as the line.
    lines = sorted(name.encode("ascii") + b"\0" + digest for name, digest in digests)
    with (folder / TILE_LIST).open("wb") as file:
        for line in lines:
            name, _, digest = line.partition(b"\0")
            file.write(b"%s  %s\n" % (digest.hex().encode("ascii"), name))


def read_list(text: bytes) -> dict[str, str]:
    """The digests of a finished pyramid's files by path, out of its list.

    Raises:
        ValueError: It is not ASCII.
    """
    lines = text.decode("ascii").splitlines()
    return {line[66:]: line[:64] for line in lines}
