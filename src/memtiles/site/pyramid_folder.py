"""The pyramid in a folder of a picture or an atlas: how it is made there, and its manifest row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from memtiles.errors import MEND, DamageError
from memtiles.manifest import PyramidRow, TileSize
from memtiles.tiles.colours import MEAN_OF_COLOURS
from memtiles.tiles.earlier import Earlier
from memtiles.tiles.grid import TILES_FOLDER, Grid
from memtiles.tiles.plane import SparsePlane
from memtiles.tiles.pyramid import VERSION, Engine, save_pyramid
from memtiles.tiles.reduction import AnyReduction
from memtiles.tiles.tile_folder import FORMAT, OVERLAP, TILE_LIST, UNWRITTEN_FILE
from memtiles.tiles.unwritten import read_unwritten

UNWRITTEN_SCRIPT = "unwritten.js"

# How tiles begin in the list, behind the digest. Nothing else lies in that folder.
_TILES = f"{TILES_FOLDER}/".encode("ascii")


def pyramid_key(tile_size: int, engine: Engine) -> list[object]:
    """What of a pyramid's making decides its files."""
    return [VERSION, tile_size, engine]


def make_pyramid(
    plane: SparsePlane,
    staged: Path,
    path: str,
    tile_size: int,
    engine: Engine,
    jobs: int,
    advance: Callable[[int], object] = lambda _: None,
    expect: Callable[[int], object] = lambda _: None,
    earlier: Earlier | None = None,
    reduction: AnyReduction = MEAN_OF_COLOURS,
) -> None:
    """Leaves the pyramid of a plane in a staged folder, which will be the folder `path`."""
    save_pyramid(plane, staged, tile_size, jobs, advance, expect, engine, earlier, reduction)
    text = (staged / UNWRITTEN_FILE).read_bytes()
    if read_unwritten(text).tops:
        (staged / UNWRITTEN_SCRIPT).write_bytes(unwritten_script(path, text))


def unwritten_script(path: str, text: bytes) -> bytes:
    """`unwritten.js`: the list for a page on file://, which cannot fetch JSON."""
    return b"memtilesUnwritten(" + json.dumps(path).encode() + b", " + text + b");\n"


def describe_pyramid(
    folder: Path, width: int, height: int, tile_size: TileSize, engine: Engine
) -> PyramidRow:
    """The manifest's row of a finished pyramid.

    Raises:
        DamageError: Its list is not there.
    """
    digest, tiles = hashlib.sha256(), 0
    try:
        # Line by line: the list of a terabyte has hundreds of MiB.
        with (folder / TILE_LIST).open("rb") as file:
            for line in file:
                digest.update(line)
                tiles += line.startswith(_TILES, 66)
    except OSError as error:
        raise DamageError(f"{folder / TILE_LIST}: {error.strerror}; {MEND}") from None
    has_script = (folder / UNWRITTEN_SCRIPT).exists()
    return PyramidRow(
        width=width,
        height=height,
        tile_size=tile_size,
        overlap=OVERLAP,
        format=FORMAT,
        levels=Grid(width, height, tile_size).levels,
        engine=engine,
        tiles=tiles,
        unwritten=UNWRITTEN_FILE,
        unwritten_script=UNWRITTEN_SCRIPT if has_script else None,
        list=TILE_LIST,
        sha256=digest.hexdigest(),
    )
