"""Which tiles of a pyramid have no file of their own, because all of each would be the same.

A *blank* tile is transparent: nothing of it is in the dump, or no picture lies there. A *zero* tile
is all there and looks as zeros do: black, or of the value that a lens gives them. Each list names
the topmost tiles: all tiles below one of them, which show the same pixels larger, are like it. So a
hole of a terabyte is one entry, and a tile that is neither written nor listed is damage.

Why no links in the file system: a sparse terabyte has four million tiles of zeros, which take
minutes to link and 60 MiB of folders, and ext4 allows a file 65,000 names.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from memtiles.pictures.patch import Uniform
from memtiles.tiles.grid import TILE_PATTERN, Tile

_TILE = re.compile(TILE_PATTERN)


@dataclass
class Unwritten:
    """Topmost tiles, and what each of them is."""

    tops: dict[Tile, Uniform] = field(default_factory=dict)

    def what(self, tile: Tile) -> Uniform | None:
        """What a tile without a file of its own is; None for one that has to have a file."""
        while True:
            found = self.tops.get(tile)
            if found is not None or tile.level == 0:
                return found
            tile = tile.above()

    def to_json(self) -> bytes:
        """The bytes of `unwritten.json`."""
        content = {
            what.value: [str(tile) for tile in sorted(self.tops) if self.tops[tile] is what]
            for what in Uniform
        }
        return json.dumps({"version": 1, **content}, separators=(",", ":")).encode("ascii")


def read_unwritten(text: bytes) -> Unwritten:
    """What `unwritten.json` lists.

    Raises:
        ValueError: It is not one that this version writes.
    """
    try:
        content = json.loads(text)
        if content["version"] != 1:
            raise ValueError(f"list of unwritten tiles of unknown version {content['version']!r}")
        listed = [(_tile(name), what) for what in Uniform for name in content[what.value]]
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"not a list of unwritten tiles: {error}") from None
    tops = dict(listed)
    if len(tops) < len(listed):
        raise ValueError("a list of unwritten tiles that has one twice")
    return Unwritten(tops)


def _tile(name: str) -> Tile:
    found = _TILE.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} is not a tile")
    return Tile(*(int(part) for part in found.groups()))
