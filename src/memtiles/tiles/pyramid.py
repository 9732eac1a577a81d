"""Pyramids: a plane becomes Deep Zoom tiles, by one of two engines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from memtiles.tiles.colours import MEAN_OF_COLOURS
from memtiles.tiles.earlier import Earlier
from memtiles.tiles.fast import write_tiles
from memtiles.tiles.grid import Grid
from memtiles.tiles.plane import SparsePlane
from memtiles.tiles.reduction import AnyReduction
from memtiles.tiles.tile_folder import TileFolder

Engine = Literal["fast", "vips"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

# Raised when the same plane gets other tiles, so that a rebuild does not mix the two.
VERSION = 4


def save_pyramid(
    plane: SparsePlane,
    folder: Path,
    tile_size: int,
    jobs: int,
    advance: Callable[[int], object] = lambda _: None,
    expect: Callable[[int], object] = lambda _: None,
    engine: Engine = "fast",
    earlier: Earlier | None = None,
    reduction: AnyReduction = MEAN_OF_COLOURS,
) -> None:
    """Writes `tiles.dzi`, `tiles_files/`, and the lists of what is there and what need not be.

    Args:
        plane: What to draw.
        folder: An existing folder without a pyramid.
        tile_size: Pixels of a tile's side.
        jobs: Workers, threads or processes.
        advance: Told the number of pixels as they are drawn.
        expect: Told beforehand how many these will be.
        engine: Both give the same pixels where nothing is missing; `fast` needs a fraction of the
            time, and writes no tile that is uniform.
        earlier: A pyramid of the same plane before some of it changed, by the fast engine.
        reduction: What a pixel shows that stands for many; engine vips knows only the mean.

    Raises:
        DiskFullError: No space is left.
        DamageError: The earlier pyramid is damaged.
        MemtilesError: libvips failed.
    """
    if engine == "vips":
        from memtiles.tiles.dzsave import dzsave

        expect(plane.width * plane.height)
        dzsave(plane, folder, tile_size, jobs, advance)
        return
    target = TileFolder(folder, Grid(plane.width, plane.height, tile_size), reduction)
    write_tiles(plane, target, jobs, advance, expect, earlier)
    target.finish()
