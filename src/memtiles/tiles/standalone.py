"""Pyramids for other viewers, by libvips: Deep Zoom whose every tile is a file, and TIFF.

A site's own pyramids leave out tiles that are all the same, which only its page understands.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from memtiles.errors import LimitError
from memtiles.tiles.grid import TILES_FOLDER, Grid
from memtiles.tiles.libvips import SIDE_LIMIT, save
from memtiles.tiles.plane import Plane

if TYPE_CHECKING:
    from pyvips import Image

PyramidFormat = Literal["dzi", "szi", "tiff"]
PYRAMID_FORMATS: tuple[PyramidFormat, ...] = get_args(PyramidFormat)

# The names that `save_deep_zoom` gives. Fixed: in a name that ends in .zip or .szi, `dzsave` would
# see an archive.
DZI_FILE = "tiles.dzi"

# Bytes of the widest row for tiles of each size: libvips holds about two rows of tiles of every
# level. Measured resident at this width: up to 375 MiB for Deep Zoom, and 410 for TIFF, of which it
# holds some smaller levels, too.
_ROW_LIMITS = {256: 131_072, 512: 131_072, 1024: 65_536}
TILE_SIZES = tuple(_ROW_LIMITS)

# Offsets of a plain TIFF have 32 bits; compression can make noise a little longer.
_BIG_TIFF_FROM = 3 << 30


def save_deep_zoom(
    plane: Plane,
    folder: Path,
    tile_size: int,
    jobs: int,
    advance: Callable[[int], object] = lambda _: None,
) -> None:
    """Writes `DZI_FILE` and `TILES_FOLDER` into a folder that has neither.

    Args:
        plane: What to draw.
        folder: An existing folder.
        tile_size: Pixels of a tile's side, one of `TILE_SIZES`.
        jobs: Threads.
        advance: Told the number of pixels as they are taken from the plane.

    Raises:
        LimitError: The plane is too wide or too high.
        DiskFullError: No space is left.
        MemtilesError: libvips failed.
    """
    _check_sides(plane, tile_size)

    def save_tiles(image: Image) -> None:
        image.dzsave(
            str(folder / DZI_FILE.removesuffix(".dzi")),
            suffix=".png[compression=1,filter=none,keep=none]",
            tile_size=tile_size,
            overlap=0,
            depth="onepixel",
        )

    save(plane, save_tiles, "tiles", jobs, advance)
    # It carries the date, and dzsave writes it even with properties=False (libvips 8.18.7).
    (folder / TILES_FOLDER / "vips-properties.xml").unlink(missing_ok=True)


def save_pyramid_tiff(
    plane: Plane,
    path: Path,
    scratch: Path,
    tile_size: int,
    jobs: int,
    advance: Callable[[int], object] = lambda _: None,
    *,
    description: str = "",
) -> None:
    """Writes a tiled TIFF with its smaller levels as further pages, which are halved downwards.

    Pages and not SubIFDs: OpenSlide and most others know nothing else.

    Args:
        plane: What to draw.
        path: The file, which is overwritten.
        scratch: A folder for what libvips writes meanwhile: up to a third of the file.
        tile_size: Pixels of a tile's side, one of `TILE_SIZES`.
        jobs: Threads.
        advance: Told the number of pixels as they are taken from the plane.
        description: What the picture is of.

    Raises:
        LimitError: The plane is too wide or too high.
        DiskFullError: No space is left.
        MemtilesError: libvips failed.
    """
    _check_sides(plane, tile_size)

    def save_image(image: Image) -> None:
        import pyvips

        labelled = image.copy()
        if description:
            labelled.set_type(pyvips.GValue.gstr_type, "image-description", description)
        labelled.tiffsave(
            str(path),
            tile=True,
            tile_width=tile_size,
            tile_height=tile_size,
            pyramid=True,
            compression="deflate",
            level=1,
            # As in tiles.png: memory compresses best as it is.
            predictor="none",
            bigtiff=pixel_bytes("tiff", plane, tile_size) >= _BIG_TIFF_FROM,
        )

    with _temporary_files_in(scratch):
        save(plane, save_image, "pixels", jobs, advance)


def pixel_bytes(kind: PyramidFormat, plane: Plane, tile_size: int) -> int:
    """The bytes of all pixels of all levels, before compression."""
    if kind == "tiff":
        # All tiles of a TIFF have the same size: those at the edges are filled up.
        sizes = _tiff_levels(plane.width, plane.height, tile_size)
        tiles = sum(-(-width // tile_size) * -(-height // tile_size) for width, height in sizes)
        return tiles * tile_size**2 * plane.bands
    grid = Grid(plane.width, plane.height, tile_size)
    return sum(width * height * plane.bands for width, height in map(grid.size, range(grid.levels)))


def _tiff_levels(width: int, height: int, tile_size: int) -> Iterator[tuple[int, int]]:
    yield width, height
    while max(width, height) > tile_size and min(width, height) > 1:
        width, height = width // 2, height // 2
        yield width, height


def _check_sides(plane: Plane, tile_size: int) -> None:
    widest = _ROW_LIMITS[tile_size] // plane.bands
    if plane.width > widest:
        raise LimitError(
            f"{plane.width} pixels are too wide: at most {widest} become tiles of {tile_size} "
            "pixels in little memory; build it with a smaller width or fewer bits, or cut it with "
            "`memtiles slice`"
        )
    if plane.height > SIDE_LIMIT:
        raise LimitError(
            f"{plane.height} pixels are too high: at most {SIDE_LIMIT} become tiles; build it "
            "with a larger width, or cut it with `memtiles slice`"
        )


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Makes libvips write its temporary files there: what it takes else may be in memory."""
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before
