"""Holds every pixel of a picture against the bytes of the input, read by Pillow and by libvips.

    compare_pixels.py INPUT SIDE PICTURE LEFT WIDTH HEIGHT

INPUT is a square of SIDE × SIDE pixels of 4 bytes, blue first; PICTURE shows a rectangle of it,
LEFT pixels from its left edge and at its top.
Exits 1 and names the first pixel that differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyvips
from PIL import Image

Pixels = npt.NDArray[np.uint8]

STRIP = 256  # rows at a time


def main(arguments: list[str]) -> int:
    source, picture = arguments[0], Path(arguments[2])
    side, left, width, height = (int(arguments[at]) for at in (1, 3, 4, 5))
    square = np.memmap(source, np.uint8, "r", shape=(side, side, 4))
    expected = square[:height, left : left + width]
    readers = {"Pillow": _read_with_pillow, "libvips": _read_with_libvips}
    if picture.suffix == ".bmp":
        del readers["libvips"]  # the wheel has no BMP loader
    for name, read in readers.items():
        row = 0
        for strip in read(picture):
            _compare(f"{picture.name} read by {name}", expected, strip, row)
            row += len(strip)
        if row != height:
            raise SystemExit(f"{picture.name} read by {name}: {row} rows instead of {height}")
    return 0


def _read_with_pillow(picture: Path) -> Iterator[Pixels]:
    Image.MAX_IMAGE_PIXELS = None
    with Image.open(picture) as image:
        for top in range(0, image.height, STRIP):
            bottom = min(top + STRIP, image.height)
            yield np.asarray(image.crop((0, top, image.width, bottom)))


def _read_with_libvips(picture: Path) -> Iterator[Pixels]:
    image = pyvips.Image.new_from_file(str(picture), access="sequential")
    for top in range(0, image.height, STRIP):
        yield image.crop(0, top, image.width, min(STRIP, image.height - top)).numpy()


def _compare(what: str, expected: Pixels, strip: Pixels, first_row: int) -> None:
    """A strip has red, green and blue; where it has alpha, too, everything is opaque.

    Raises:
        SystemExit: A pixel differs, or the shape.
    """
    wanted = expected[first_row : first_row + len(strip), :, 2::-1]
    if strip.dtype != np.uint8 or strip[..., :3].shape != wanted.shape:
        raise SystemExit(f"{what}: {strip.shape} of {strip.dtype} instead of {wanted.shape}")
    wrong = (strip[..., :3] != wanted).any(axis=2) | (strip[..., 3:] != 255).any(axis=2)
    if wrong.any():
        y, x = (int(at) for at in np.argwhere(wrong)[0])
        raise SystemExit(
            f"{what}: pixel ({x}, {first_row + y}) is {strip[y, x]} instead of {wanted[y, x]}"
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
