"""How much a plan will write, at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memtiles.config.outputs import Tiles
from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace
from memtiles.pictures import bmp
from memtiles.pictures.layout import BMP_LAYOUTS, Geometry
from memtiles.pictures.lens import ColourLens, ValueLens
from memtiles.pictures.placement import Rect
from memtiles.plan.planned import PlannedAtlas, PlannedRegion, PlannedStrip, bands_with_holes
from memtiles.tiles.grid import Grid

# Chunk headers of a PNG tile, and the bound of deflate's growth on bytes that do not compress.
_PNG_OVERHEAD = 200

# The page, its data files and the lock; the page's bytes; and what a region and a run take in the
# manifest, the run list and the script twin of either (a name may be escaped to 12 bytes a letter).
_PAGE_FILES = 8
_PAGE_BYTES = 1 << 20
_ROW_BYTES = 4096
_RUN_BYTES = 100

# Besides its tiles a pyramid has the .dzi, two shared tiles, and three lists.
_PYRAMID_FILES = 6


@dataclass(frozen=True)
class _Drawn:
    """A picture, and where it has bytes that may be anything but zeros."""

    rect: Rect
    shape: Geometry
    stored: Runs


def estimate(
    space: AddressSpace,
    regions: Sequence[PlannedRegion],
    bundles: Sequence[Sequence[int]],
    lenses: Sequence[ColourLens | ValueLens],
    atlases: Sequence[PlannedAtlas],
    strips: Sequence[PlannedStrip],
    config: Tiles,
) -> tuple[int, int, int]:
    """The files, the tiles among them, and the bytes of a build, each at most."""
    files = _PAGE_FILES + 2 * len(strips) + 3 * len(bundles)
    tiles = bmp_bytes = tile_bytes = 0
    table_bytes = _PAGE_BYTES + _ROW_BYTES * len(strips)
    bundled = {at for members in bundles for at in members}
    stored: dict[int, Runs] = {}
    for at, planned in enumerate(regions):
        shape = planned.shape
        table_bytes += _ROW_BYTES + 24 * len(planned.region.name)
        if shape is None:
            continue
        stored[at] = _stored(space, planned)
        table_bytes += _RUN_BYTES * (1 + len(planned.runs))
        bmp_bytes += stored[at].total
        if at in bundled:
            bmp_bytes += 2 * shape.row_bytes
            continue
        # Not by listing the parts: a segment of 2**60 bytes would have 2**28 of them, and whether
        # that is too much is only decided by this count.
        parts = shape.raster_bytes // bmp.RASTER_LIMIT + 1
        files += parts + 2
        bmp_bytes += parts * bmp.raster_offset(shape.bits)
        if planned.has_pyramid:
            whole = _Drawn(Rect(0, 0, shape.width, shape.height), shape, stored[at])
            tiles += _tiles(Grid(shape.width, shape.height, config.size), [whole], config)
            tile_bytes += _pixels(whole) * bands_with_holes(shape)
            files += _PYRAMID_FILES
    for atlas in atlases:
        landscape = atlas.landscape
        drawn = [
            _Drawn(rect, shape, stored[member])
            for member, shape, rect in zip(
                atlas.members, atlas.shapes, landscape.pictures, strict=True
            )
        ]
        grid = Grid(landscape.width, landscape.height, config.size)
        tiles += _tiles(grid, drawn, config) * len(lenses)
        # Only pictures weigh something: transparent pixels compress to nothing.
        bands = sum(1 if isinstance(lens, ValueLens) else atlas.bands for lens in lenses)
        tile_bytes += sum(map(_pixels, drawn)) * bands
        files += _PYRAMID_FILES * len(lenses)
    strip_bytes = sum(strip.file_bytes for strip in strips)
    pyramid_bytes = tile_bytes * 4 // 3 + tiles * _PNG_OVERHEAD
    return files + tiles, tiles, bmp_bytes + table_bytes + pyramid_bytes + strip_bytes


def _stored(space: AddressSpace, planned: PlannedRegion) -> Runs:
    zeros = space.zeros(planned.region.span)
    if not len(zeros):
        return planned.runs
    return zeros.rest(planned.region.span.size).within(planned.runs)


def _pixels(drawn: _Drawn) -> int:
    """Pixels that are not uniform: what is stored, and the rest of the pixels at its ends."""
    most = drawn.rect.width * drawn.rect.height
    return min(most, drawn.stored.total // drawn.shape.pixel_bytes + 2 * len(drawn.stored))


def _full_rows(drawn: _Drawn) -> int:
    """Rows that what is stored fills; all of them where it does not lie in rows."""
    shape = drawn.shape
    if shape.layout not in BMP_LAYOUTS:
        return shape.height if drawn.stored.total else 0
    return drawn.stored.total // shape.row_bytes


def _tiles(grid: Grid, pictures: Sequence[_Drawn], config: Tiles) -> int:
    """Tiles with a file of their own.

    Those are the tiles in which something is stored, and those at the edge of a picture: what is
    inside of it may be zeros, and beside it is nothing.
    """
    if config.engine == "vips":
        return grid.count()
    rects = [(one.rect.x, one.rect.y, one.rect.width, one.rect.height) for one in pictures]
    x, y, width, height = np.array(rects, np.int64).reshape(-1, 4).T
    pieces = np.array([len(one.stored) for one in pictures], np.int64)
    rows = np.array([_full_rows(one) for one in pictures], np.int64)
    total = 0
    for level in range(grid.levels):
        side = grid.tile_size << grid.levels - 1 - level
        columns = (x + width - 1) // side - x // side + 1
        high = (y + height - 1) // side - y // side + 1
        # A piece begins and ends in a row of tiles each, whatever lies between.
        inside = np.minimum(columns * high, columns * (rows // side + 3 * pieces))
        edge = 2 * (columns + high)
        level_columns, level_rows = grid.columns_and_rows(level)
        touched = int(np.minimum(columns * high, inside + edge).sum())
        total += min(level_columns * level_rows, touched)
    return total
