"""A cut of a picture or an atlas, for printing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from memtiles.crop import Crop
from memtiles.exports.image_format import check_limit
from memtiles.exports.target import new_image
from memtiles.limits import DPI, OUTPUT_LIMIT
from memtiles.tiles.plane import CroppedPlane, Plane
from memtiles.tiles.strip import StripFormat, pixel_bytes, save_strip


def save_cut(
    plane: Plane,
    crop: Crop,
    target: str,
    inputs: Sequence[Path],
    kind: StripFormat,
    *,
    dpi: int = DPI,
    description: str = "",
    limit: int = OUTPUT_LIMIT,
    force: bool = False,
    jobs: int = 2,
    advance: Callable[[int], object] = lambda _: None,
) -> None:
    """Writes a rectangle of a plane at full resolution.

    Args:
        plane: What is cut.
        crop: The rectangle.
        target: The file to write, or `-` for standard output.
        inputs: Files that must not be written over.
        kind: PNG and TIFF keep holes transparent, a BMP draws them magenta.
        dpi: Pixels per inch for printing.
        description: What it is of, for PNG and TIFF.
        limit: The most bytes to write, before compression.
        force: Replace a file that is there.
        jobs: Threads.
        advance: Told the number of pixels that are done.

    Raises:
        LayoutError: The crop leaves the plane.
        LimitError: It is too large.
        MemtilesError: As `target.new_image`.
    """
    cropped = CroppedPlane(plane, crop)
    check_limit(target, pixel_bytes(kind, crop.width, crop.height, plane.bands), limit)
    with new_image(target, inputs, force=force) as staged:
        save_strip(
            cropped, staged, kind, dpi=dpi, description=description, jobs=jobs, advance=advance
        )
