"""The square that is pictured whole and cut: library bytes, blue first, four to the pixel."""

from __future__ import annotations

import sys
from pathlib import Path

from inputs import make_file
from measure import Word, measure

SIDE = 18_400  # of the prints that Dump2Picture was made for: 1,354,240,000 bytes
PIXEL_BYTES = 4
COMPARE = Path(__file__).resolve().parent / "compare_pixels.py"


def make_square(path: Path, side: int) -> None:
    make_file(path, side * side * PIXEL_BYTES)


def crop(left: int, width: int, height: int) -> list[Word]:
    """The words that ask `memtiles slice` for a rectangle from the top of the square."""
    return ["--bits", 32, "--layout", "classic", "--crop", f"{width}x{height}+{left}+0"]


def check(source: Path, side: int, picture: Path, left: int, width: int, height: int) -> None:
    """Holds every pixel of such a rectangle against the input.

    Raises:
        SystemExit: One differs.
    """
    measure([sys.executable, COMPARE, source, side, picture, left, width, height])
