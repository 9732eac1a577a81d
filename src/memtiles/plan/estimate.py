"""How much a plan will write, at most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memtiles.pictures import bmp
from memtiles.plan.planned import PlannedAtlas, PlannedRegion, PlannedStrip, bands_with_holes
from memtiles.tiles.pyramid import tile_count

# Chunk headers of a PNG tile, and the bound of deflate's growth on bytes that do not compress.
_PNG_OVERHEAD = 200

# The page, its data files and the lock; the page's bytes; and what a region and a run take in the
# manifest, the run list and the script twin of either (a name may be escaped to 12 bytes a letter).
_PAGE_FILES = 8
_PAGE_BYTES = 1 << 20
_ROW_BYTES = 4096
_RUN_BYTES = 100


def estimate(
    regions: Iterable[PlannedRegion],
    atlases: Iterable[PlannedAtlas],
    strips: Sequence[PlannedStrip],
    tile_size: int,
) -> tuple[int, int, int]:
    """The files, the tiles among them, and the bytes of a build, each at most."""
    files = _PAGE_FILES + 2 * len(strips)
    tiles = bmp_bytes = tile_bytes = 0
    table_bytes = _PAGE_BYTES + _ROW_BYTES * len(strips)
    for planned in regions:
        shape = planned.shape
        table_bytes += _ROW_BYTES + 24 * len(planned.region.name)
        if shape is None:
            continue
        table_bytes += _RUN_BYTES * (1 + len(planned.runs))
        # Not by listing the parts: a segment of 2**60 bytes would have 2**28 of them, and whether
        # that is too much is only decided by this count.
        parts = shape.raster_bytes // bmp.RASTER_LIMIT + 1
        files += parts + 2
        bmp_bytes += planned.runs.total + parts * bmp.raster_offset(shape.bits)
        if planned.has_pyramid:
            tiles += tile_count(shape.width, shape.height, tile_size)
            tile_bytes += shape.width * shape.height * bands_with_holes(shape)
            files += 2
    for atlas in atlases:
        # Only pictures weigh something: transparent pixels compress to nothing.
        tiles += tile_count(atlas.landscape.width, atlas.landscape.height, tile_size)
        pixels = sum(rect.width * rect.height for rect in atlas.landscape.pictures)
        tile_bytes += pixels * atlas.bands
        files += 2
    strip_bytes = sum(strip.file_bytes for strip in strips)
    pyramid_bytes = tile_bytes * 4 // 3 + tiles * _PNG_OVERHEAD
    return files + tiles, tiles, bmp_bytes + table_bytes + pyramid_bytes + strip_bytes
