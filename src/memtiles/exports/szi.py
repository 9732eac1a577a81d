"""SZI: a Deep Zoom pyramid in one uncompressed zip file, so that tiles are read where they lie.

    NAME/NAME.dzi
    NAME/scan-properties.xml
    NAME/NAME_files/LEVEL/COLUMN_ROW.png

As libvips writes it, and not by libvips: `dzsave` puts the date into two files, and the tiles in
the order in which its threads finish them (8.18.7). (SZI format 1.2, pathozoom.com.)
"""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

from memtiles.tiles.grid import TILES_FOLDER
from memtiles.tiles.standalone import DZI_FILE

# The earliest that a zip file can tell.
_NO_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3

# What libvips says of an image that was not scanned, but for the date.
_PROPERTIES = """<?xml version="1.0"?>
<image xmlns="http://www.pathozoom.com/szi" version="1.0">
  <properties>
    <property>
      <name>ImageWidth</name>
      <value type="gint">{width}</value>
    </property>
    <property>
      <name>ImageHeight</name>
      <value type="gint">{height}</value>
    </property>
  </properties>
</image>
"""


def write_szi(path: Path, folder: Path, name: str, width: int, height: int) -> None:
    """Moves a pyramid into a file: each tile is removed when it is in it, to save its room.

    Args:
        path: The file, which is overwritten.
        folder: What `save_deep_zoom` left.
        name: What the pyramid is called in the file, of letters that are safe on all systems.
        width: Pixels of the plane.
        height: Pixels of the plane.
    """
    properties = _PROPERTIES.format(width=width, height=height).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        _add(archive, f"{name}/{name}.dzi", (folder / DZI_FILE).read_bytes())
        _add(archive, f"{name}/scan-properties.xml", properties)
        for level in sorted((folder / TILES_FOLDER).iterdir(), key=lambda level: int(level.name)):
            for tile in _tiles(level):
                _add(archive, f"{name}/{name}_files/{level.name}/{tile.name}", tile.read_bytes())
                tile.unlink()


def _tiles(level: Path) -> list[Path]:
    """The tiles of a level, row by row."""

    def place(tile: Path) -> tuple[int, int]:
        column, row = tile.stem.split("_")
        return int(row), int(column)

    return sorted(level.iterdir(), key=place)


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _NO_DATE)
    # The same on all systems; who unpacks it gets files of his own.
    entry.create_system = _UNIX
    entry.external_attr = (stat.S_IFREG | 0o600) << 16
    archive.writestr(entry, content)
