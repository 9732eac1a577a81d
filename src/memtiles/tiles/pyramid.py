"""Pyramids: a plane becomes Deep Zoom tiles that any Deep Zoom viewer opens."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from memtiles.errors import DiskFullError, MemtilesError
from memtiles.tiles.plane import Plane
from memtiles.tiles.tiff import PlaneTiff

# A fixed base name: `dzsave` switches to an archive when a name ends in .zip or .szi.
NAME = "tiles"
TILE_LIST = "tiles.sha256"
FORMAT = "png"
OVERLAP = 0

# VIPS_MAX_COORD of libvips 8.16 and later: the most pixels of a side.
SIDE_LIMIT = 100_000_000

# Raised when the same plane gets other tiles, so that a rebuild does not mix the two.
VERSION = 1

# Level 1 and no row filter: 2.5 times faster than the defaults, and unfiltered rows of memory
# compress best (0.497 of raw; `sub` 0.589, `up` 0.812, measured on real dumps).
_SUFFIX = f".{FORMAT}[compression=1,filter=none,keep=none]"


def level_count(width: int, height: int) -> int:
    """Levels of a Deep Zoom pyramid: halves, rounded up, down to one pixel."""
    return (max(width, height) - 1).bit_length() + 1


def tile_count(width: int, height: int, tile_size: int) -> int:
    """Tiles of all levels."""
    total = 0
    for level in range(level_count(width, height)):
        scale = tile_size << level
        total += -(-width // scale) * -(-height // scale)
    return total


def save_pyramid(
    plane: Plane,
    folder: Path,
    tile_size: int,
    jobs: int,
    advance: Callable[[int], object] = lambda _: None,
) -> None:
    """Writes `tiles.dzi`, `tiles_files/` and the list of their digests into `folder`.

    Args:
        plane: What to draw.
        folder: An existing folder without a pyramid.
        tile_size: Pixels of a tile's side.
        jobs: Threads.
        advance: Told the number of pixels as they are taken from the plane.

    Raises:
        DiskFullError: No space is left.
        MemtilesError: libvips failed.
    """
    tiff = PlaneTiff(plane, advance)
    with ThreadPoolExecutor(1) as executor:
        saving = executor.submit(_dzsave, tiff, folder, tile_size, jobs)
        try:
            # In steps, because an interrupt is only noticed between two of them.
            while not wait([saving], timeout=0.2).done:
                pass
        except KeyboardInterrupt as interrupt:
            tiff.error = interrupt
            raise
    failed = saving.exception()
    if tiff.error is not None:
        raise tiff.error
    if failed is not None:
        raise failed
    # It carries the date, and dzsave writes it even with properties=False (libvips 8.18.7).
    (folder / f"{NAME}_files" / "vips-properties.xml").unlink(missing_ok=True)
    (folder / TILE_LIST).write_text("".join(_digest_lines(folder)), encoding="ascii", newline="")


def _dzsave(tiff: PlaneTiff, folder: Path, tile_size: int, jobs: int) -> None:
    import pyvips

    pyvips.vips_lib.vips_concurrency_set(jobs)
    pyvips.cache_set_max(0)
    source = pyvips.SourceCustom()
    source.on_read(tiff.read)
    source.on_seek(tiff.seek)
    try:
        image = pyvips.Image.tiffload_source(source, access="sequential")
        # libvips takes the last of two bands for alpha only in an image that is black and white.
        image = image.copy(interpretation="b-w" if tiff.bands < 3 else "srgb")
        image.dzsave(
            str(folder / NAME),
            suffix=_SUFFIX,
            tile_size=tile_size,
            overlap=OVERLAP,
            depth="onepixel",
        )
    except pyvips.Error as error:
        raise _explain(error) from None


def _digest_lines(folder: Path) -> list[str]:
    """A line as `sha256sum` writes it for every file of the pyramid, sorted by path."""
    files = [folder / f"{NAME}.dzi", *(folder / f"{NAME}_files").rglob(f"*.{FORMAT}")]
    return sorted(
        (f"{_sha256(file)}  {file.relative_to(folder).as_posix()}\n" for file in files),
        key=lambda line: line[66:],
    )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _explain(error: Exception) -> MemtilesError:
    text = " ".join(str(error).split())
    if "No space left" in text:
        return DiskFullError("no space left while tiles were written")
    return MemtilesError(f"libvips could not write tiles: {text}")
