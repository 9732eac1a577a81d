"""The files of one pyramid while they are made: tiles, their digests, and which are not written."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from memtiles.errors import MEND, DamageError
from memtiles.pictures.patch import Pixels, Uniform
from memtiles.tiles.colours import MEAN_OF_COLOURS
from memtiles.tiles.grid import TILE_PATTERN, Grid, Tile
from memtiles.tiles.png import png
from memtiles.tiles.reduction import Reduction
from memtiles.tiles.unwritten import Unwritten

# A fixed base name: `dzsave` switches to an archive when a name ends in .zip or .szi.
NAME = "tiles"
TILE_LIST = "tiles.sha256"
UNWRITTEN_FILE = "unwritten.json"
FORMAT = "png"
OVERLAP = 0

_TILE_FILE = re.compile(rf"{NAME}_files/{TILE_PATTERN}\.{FORMAT}")

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
    return f"{NAME}_files/{tile}.{FORMAT}"


def tile_of(path: str) -> Tile | None:
    """The tile whose file that is; None for the other files of a pyramid."""
    found = _TILE_FILE.fullmatch(path)
    return Tile(*(int(part) for part in found.groups())) if found else None


def uniform_path(what: Uniform) -> str:
    """The file that all tiles of that kind share, from the pyramid's folder."""
    return f"{what.value}.{FORMAT}"


class TileFolder:
    """Takes tiles from any number of threads."""

    def __init__(self, folder: Path, grid: Grid, reduction: Reduction = MEAN_OF_COLOURS) -> None:
        """Begins a pyramid in an existing folder without one."""
        self.folder = folder
        self.grid = grid
        self.reduction = reduction
        self.unwritten = Unwritten()
        self._lines: list[bytes] = []
        for level in range(grid.levels):
            (folder / f"{NAME}_files" / str(level)).mkdir(parents=True)

    def write(self, tile: Tile, pixels: Pixels) -> None:
        """Makes the file of one tile."""
        self._write(tile_path(tile), png(pixels, self.reduction.palette))

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
        self._lines.append(_line(name, digest))

    def finish(self) -> None:
        """Makes what is not a tile: the .dzi, the shared tiles, and both lists."""
        dzi = _DZI.format(format=FORMAT, overlap=OVERLAP, grid=self.grid)
        self._write(f"{NAME}.dzi", dzi.encode("ascii"))
        side = self.grid.tile_size
        kinds = set(self.unwritten.tops.values())
        if Uniform.BLANK in kinds:
            self._write(uniform_path(Uniform.BLANK), png(np.zeros((side, side, 2), np.uint8)))
        if Uniform.ZERO in kinds:
            shared = png(self.reduction.zero_tile(side), self.reduction.palette)
            self._write(uniform_path(Uniform.ZERO), shared)
        text = self.unwritten.to_json()
        self._write(UNWRITTEN_FILE, text)
        _write_lines(self.folder, self._lines)

    def _write(self, name: str, content: bytes) -> None:
        # As a text, for a Path costs a fifth of the making of a file.
        with open(f"{self.folder}/{name}", "wb", buffering=0) as file:  # noqa: PTH123
            file.write(content)
        self._lines.append(_line(name, hashlib.sha256(content).hexdigest()))


def _is_file(path: str) -> bool:
    """Whether it is one itself, and no link to one."""
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except OSError:
        return False


def write_list(folder: Path, digests: Iterable[tuple[str, str]]) -> None:
    """Writes a line as `sha256sum` does for every file of a pyramid, sorted by path."""
    _write_lines(folder, [_line(name, digest) for name, digest in digests])


def _line(name: str, digest: str) -> bytes:
    """A line of the list as it waits: the name first, to be sorted by, and half as long.

    A terabyte has four million of them, which is what of a pyramid takes memory while it is made.
    """
    return name.encode("ascii") + b"\0" + bytes.fromhex(digest)


def _write_lines(folder: Path, lines: list[bytes]) -> None:
    lines.sort()
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
