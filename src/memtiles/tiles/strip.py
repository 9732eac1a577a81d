"""Strips: what is printed. Any plane, or a cut of one, as a PNG, TIFF or BMP at full resolution.

All are written from top to bottom while the plane is read, in memory that does not grow with the
strip. Nothing is resampled: a pixel of the file is a pixel of the plane.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from memtiles.errors import LimitError
from memtiles.limits import DPI
from memtiles.pictures import bmp
from memtiles.tiles.libvips import SIDE_LIMIT, save
from memtiles.tiles.plane import Plane, rows_at_once

if TYPE_CHECKING:
    from pyvips import Image

StripFormat = Literal["png", "tif", "bmp"]
STRIP_FORMATS: tuple[StripFormat, ...] = get_args(StripFormat)

# A BMP has no alpha that programs agree on, so what is not there gets a colour that no grey is.
HOLE_COLOUR = (255, 0, 255)
HOLE_COLOUR_NAME = "magenta (#ff00ff)"

_INCH = 25.4
# Raised when the same plane gets another file, so that a rebuild does not take the old one.
VERSION = 1

# libvips holds some 760 rows of a PNG or TIFF: measured 560 MiB where each has this many bytes.
_ROW_LIMIT = 640 << 10
# Offsets of a plain TIFF have 32 bits; compression can make noise a little longer.
_BIG_TIFF_FROM = 3 << 30
# With a description, which callers keep short.
_LARGEST_HEADER = 1 << 14


def save_strip(
    plane: Plane,
    path: Path,
    kind: StripFormat,
    *,
    dpi: int = DPI,
    description: str = "",
    jobs: int = 2,
    advance: Callable[[int], object] = lambda _: None,
) -> None:
    """Writes a plane as one image file.

    Args:
        plane: What to draw.
        path: The file, which is overwritten.
        kind: PNG and TIFF keep what is missing transparent. A BMP of a plane that has alpha is
            written at 24 bits with `HOLE_COLOUR` there.
        dpi: Pixels per inch for printing, as the file states it.
        description: What the picture is of; PNG and TIFF carry it along.
        jobs: Threads.
        advance: Told the number of pixels as they are taken from the plane.

    Raises:
        LimitError: A BMP of 4 GiB and more; a PNG or TIFF whose sides are too long.
        DiskFullError: No space is left.
        MemtilesError: libvips failed.
        OSError: A BMP could not be written.
    """
    if kind == "bmp":
        _save_bmp(plane, path, dpi, advance)
        return
    _check_sides(plane)

    def save_image(image: Image) -> None:
        labelled = image.copy(xres=dpi / _INCH, yres=dpi / _INCH)
        if kind == "png":
            if description:
                labelled.set_type(_text(), "png-comment-0-Description", description)
            labelled.pngsave(str(path), compression=1, filter="none")
            return
        if description:
            labelled.set_type(_text(), "image-description", description)
        size = plane.width * plane.height * plane.bands
        labelled.tiffsave(
            str(path), compression="deflate", level=1, resunit="inch",
            bigtiff=size >= _BIG_TIFF_FROM,
        )  # fmt: skip

    save(plane, save_image, "pixels", jobs, advance)


def _check_sides(plane: Plane) -> None:
    widest = _ROW_LIMIT // plane.bands
    if plane.width > widest:
        raise LimitError(
            f"{plane.width} pixels are too wide for PNG and TIFF: at most {widest} are written "
            "in little memory; cut less, choose a smaller width, or write .bmp"
        )
    if plane.height > SIDE_LIMIT:
        raise LimitError(
            f"{plane.height} pixels are too high for PNG and TIFF: at most {SIDE_LIMIT} are "
            "written; cut less, choose a larger width, or write .bmp"
        )


def _text() -> int:
    import pyvips

    return int(pyvips.GValue.gstr_type)


def largest_file(kind: StripFormat, width: int, height: int, bands: int) -> int:
    """The most bytes that the file of a plane of that size can have.

    Raises:
        LimitError: A BMP of 4 GiB and more.
    """
    if kind != "bmp":
        # The quickest deflate spends up to 9 bits on a byte; chunks and rows have their headers.
        return height * (width * bands + 1) * 8 // 7 + _LARGEST_HEADER
    raster = pixel_bytes("bmp", width, height, bands)
    if raster > bmp.RASTER_LIMIT:
        raise LimitError(
            f"{width}×{height} pixels are more than a BMP can hold: write .tif or .png"
        )
    return raster + _LARGEST_HEADER


def pixel_bytes(kind: StripFormat, width: int, height: int, bands: int) -> int:
    """The bytes of all pixels as the file has them, before compression."""
    row = bmp.row_bytes(width, _bmp_bits(bands)) if kind == "bmp" else width * bands
    return height * row


def _bmp_bits(bands: int) -> Literal[8, 24]:
    return 8 if bands == 1 else 24


def _save_bmp(plane: Plane, path: Path, dpi: int, advance: Callable[[int], object]) -> None:
    largest_file("bmp", plane.width, plane.height, plane.bands)
    bits = _bmp_bits(plane.bands)
    row_bytes = bmp.row_bytes(plane.width, bits)
    with path.open("wb") as file:
        file.write(bmp.header(plane.width, plane.height, bits, dpi=dpi))
        step = rows_at_once(row_bytes)
        for top in range(0, plane.height, step):
            count = min(step, plane.height - top)
            pixels = _opaque(plane.area(0, top, plane.width, count))
            rows = np.zeros((count, row_bytes), np.uint8)
            rows[:, : plane.width * bits // 8] = pixels[:, :, ::-1].reshape(count, -1)
            file.write(rows.data)
            advance(count * plane.width)


def _opaque(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Grey or red, green, blue, with the hole's colour where alpha says that nothing is there."""
    if pixels.shape[2] % 2:
        return pixels
    colours = np.broadcast_to(pixels[:, :, :-1], (*pixels.shape[:2], 3))
    return np.where(pixels[:, :, -1:] > 0, colours, np.array(HOLE_COLOUR, np.uint8))
