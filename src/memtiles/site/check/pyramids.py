"""Are tiles what was written, and is each one there, or listed as uniform?"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from memtiles import manifest as rows
from memtiles.site.check.files import Damage, read_bytes
from memtiles.site.pyramid_folder import unwritten_script
from memtiles.tiles.grid import TILE_PATTERN, TILES_FOLDER, Grid, Tile
from memtiles.tiles.tile_folder import tile_of, tile_path, uniform_path
from memtiles.tiles.unwritten import Unwritten, read_unwritten

# What save_pyramid writes and nothing else: a list that somebody else made must not lead elsewhere.
_LIST_LINE = re.compile(
    rb"([0-9a-f]{64})  "
    rb"(tiles\.dzi|blank\.png|zero\.png|unwritten\.json|tiles_files/%b\.png)"
    % TILE_PATTERN.replace("(", "(?:").encode("ascii")
)

# Of tiles, and of the list of those without a file.
_LARGEST_FILE = 256 << 20


def pyramid_damage(
    root: Path, path: str, row: rows.PyramidRow, advance: Callable[[int], object]
) -> Damage:
    """What is wrong with the tiles in a folder."""
    folder = root / path
    text = read_bytes(folder / row.list)
    if text is None or hashlib.sha256(text).hexdigest() != row.sha256:
        yield f"{path}/{row.list}", "missing or changed; its tiles cannot be checked"
        return
    listed = set()
    for line in text.splitlines():
        entry = _LIST_LINE.fullmatch(line)
        if entry is None:
            yield f"{path}/{row.list}", "is not a list of tiles"
            return
        digest, name = (part.decode("ascii") for part in entry.groups())
        listed.add(name)
        content = read_bytes(folder / name, _LARGEST_FILE)
        if content is None or hashlib.sha256(content).hexdigest() != digest:
            yield f"{path}/{name}", "changed" if (folder / name).exists() else "missing"
        advance(len(content or b""))
    found = {
        file.relative_to(folder).as_posix()
        for file in (folder / TILES_FOLDER).rglob("*")
        if not file.is_dir()
    }
    for name in sorted(found - listed):
        yield f"{path}/{name}", "is a tile that no list names"
    yield from _absence_damage(folder, path, row, listed)


def _absence_damage(folder: Path, path: str, row: rows.PyramidRow, listed: set[str]) -> Damage:
    """Whether each tile is either written or below one that is listed as uniform.

    By counting, because a terabyte of zeros has millions of tiles.
    """
    text = read_bytes(folder / row.unwritten)
    try:
        unwritten = read_unwritten(text or b"")
    except ValueError:
        # As a file of the list it was told already, unless it was written like this.
        if text is not None:
            yield f"{path}/{row.unwritten}", "is not a list of unwritten tiles"
        return
    script = row.unwritten_script
    if script is not None and read_bytes(folder / script) != unwritten_script(path, text or b""):
        yield f"{path}/{script}", f"not the same as {row.unwritten}"
    grid = Grid(row.width, row.height, row.tile_size)
    tops = unwritten.tops
    written = {tile for tile in map(tile_of, listed) if tile is not None}
    for name in sorted({uniform_path(what) for what in tops.values()} - listed):
        yield f"{path}/{name}", f"is not listed, though {row.unwritten} needs it"
    for tile in sorted([*tops, *written]):
        if tile not in grid:
            yield f"{path}/{tile_path(tile)}", "is no tile of this pyramid"
            return
        if (tile.level and unwritten.what(tile.above()) is not None) or (
            tile in tops and tile in written
        ):
            yield f"{path}/{tile_path(tile)}", f"is uniform by {row.unwritten}, and listed besides"
            return
    missing = grid.count() - len(written) - sum(grid.count_from(tile) for tile in tops)
    if missing:
        first = _first_missing(grid, Tile(0, 0, 0), written, unwritten)
        yield f"{path}/{tile_path(first)}", "neither written nor listed as uniform"


def _first_missing(grid: Grid, tile: Tile, written: set[Tile], unwritten: Unwritten) -> Tile:
    """The first of the missing tiles, from the top down; there is one."""
    level = [tile]
    while level:
        for one in level:
            if one not in written and one not in unwritten.tops:
                return one
        level = [below for one in level if one in written for below in grid.below(one)]
    return tile
