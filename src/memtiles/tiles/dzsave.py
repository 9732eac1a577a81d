"""The reference engine: libvips's `dzsave`. Slower; every tile is written, whatever it shows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from memtiles.tiles.grid import TILES_FOLDER
from memtiles.tiles.libvips import save
from memtiles.tiles.plane import Plane
from memtiles.tiles.tile_folder import (
    FORMAT,
    NAME,
    OVERLAP,
    UNWRITTEN_FILE,
    write_list,
)
from memtiles.tiles.unwritten import Unwritten

if TYPE_CHECKING:
    from pyvips import Image

_SUFFIX = f".{FORMAT}[compression=1,filter=none,keep=none]"


def dzsave(
    plane: Plane,
    folder: Path,
    tile_size: int,
    jobs: int,
    advance: Callable[[int], object] = lambda _: None,
) -> None:
    """Writes the files of a pyramid into an existing folder without one.

    Raises:
        DiskFullError: No space is left.
        MemtilesError: libvips failed.
    """

    def save_tiles(image: Image) -> None:
        image.dzsave(
            str(folder / NAME),
            suffix=_SUFFIX,
            tile_size=tile_size,
            overlap=OVERLAP,
            depth="onepixel",
        )

    save(plane, save_tiles, "tiles", jobs, advance)
    # It carries the date, and dzsave writes it even with properties=False (libvips 8.18.7).
    (folder / TILES_FOLDER / "vips-properties.xml").unlink(missing_ok=True)
    (folder / UNWRITTEN_FILE).write_bytes(Unwritten().to_json())
    files = [
        folder / f"{NAME}.dzi",
        folder / UNWRITTEN_FILE,
        *(folder / TILES_FOLDER).rglob(f"*.{FORMAT}"),
    ]
    write_list(folder, ((file.relative_to(folder).as_posix(), _sha256(file)) for file in files))


def _sha256(file: Path) -> bytes:
    return hashlib.sha256(file.read_bytes()).digest()
