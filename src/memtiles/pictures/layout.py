"""Layouts: picture pixel ↔ region offset. Pure arithmetic, with one twin: `viewer/src/layout.ts`.

Both files have the same functions under the same names and are tested on the same
`tests/vectors/layout.json`. No other file does this arithmetic.

A pixel of `bits` bits shows `bits / 8` bytes. Rows are never padded inside the raster, so the byte
of the region at offset `i` is the raster's byte `i`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Literal, get_args

from memtiles.errors import LayoutError

LayoutName = Literal["rows", "classic"]
Bits = Literal[8, 16, 24, 32]

LAYOUTS: tuple[LayoutName, ...] = get_args(LayoutName)
BITS: tuple[Bits, ...] = get_args(Bits)

# A terabyte is a square still; a column of it, narrow and long, would be a hair on the screen.
ROWS_WIDTHS = (64, 1 << 20)


@dataclass(frozen=True, slots=True)
class Geometry:
    """The shape of one picture: `size` bytes drawn as `width` × `height` pixels of `bits` bits."""

    layout: LayoutName
    bits: Bits
    size: int
    width: int
    height: int

    @property
    def pixel_bytes(self) -> int:
        """Bytes that one pixel shows."""
        return self.bits // 8

    @property
    def row_bytes(self) -> int:
        """Bytes that one row shows, which is also one row of the BMP."""
        return self.width * self.pixel_bytes

    @property
    def raster_bytes(self) -> int:
        """Bytes of the whole raster; more than `size` in `rows`, at most `size` in `classic`."""
        return self.height * self.row_bytes


def width_step(bits: int) -> int:
    """Pixels that a width must be a multiple of, so that a BMP row is whole 4-byte words."""
    return {8: 4, 16: 2, 24: 4, 32: 1}[bits]


def geometry(layout: LayoutName, bits: Bits, size: int, width: int | None = None) -> Geometry:
    """The geometry of a region of `size` bytes.

    `rows` covers every byte; without a width it takes the power of two next above the square root
    of the pixel count, from 64 to 2**20, so that a 4 KiB page is a 64×64 square at 8 bits.

    `classic` is Dump2Picture 2.2.3: a square of side `isqrt(pixels)`, its width rounded down to a
    multiple of 8 at 8 bits and of 2 otherwise, its height to a multiple of 2; the bytes past the
    square have no pixel. At 24 bits the width is rounded down to a multiple of 4 instead: the
    original's rows of 358 × 3 bytes are not whole 4-byte words and every viewer shears them.

    Raises:
        LayoutError: No bytes; a width whose rows would need padding, or given for `classic`; a
            region too small for `classic`.
    """
    if size < 1:
        raise LayoutError("a picture needs at least one byte")
    pixel_bytes = bits // 8
    if layout == "classic":
        if width is not None:
            raise LayoutError("layout classic computes its width; give a width with layout rows")
        side = isqrt(size // pixel_bytes)
        columns = side - side % {8: 8, 24: 4}.get(bits, 2)
        rows = side - side % 2
        if columns == 0 or rows == 0:
            raise LayoutError(
                f"{size:,} bytes are too few for layout classic at {bits} bits; use layout rows"
            )
        return Geometry(layout, bits, size, columns, rows)
    pixels = -(-size // pixel_bytes)
    if width is None:
        smallest, widest = ROWS_WIDTHS
        root = isqrt(pixels - 1) + 1
        width = min(widest, max(smallest, 1 << (root - 1).bit_length()))
    if width < 1:
        raise LayoutError(f"width {width} has no pixels; use at least {width_step(bits)}")
    if width % width_step(bits):
        raise LayoutError(
            f"width {width} at {bits} bits needs padded rows; use a multiple of {width_step(bits)}"
        )
    return Geometry(layout, bits, size, width, -(-pixels // width))


def offset_to_pixel(shape: Geometry, offset: int) -> tuple[int, int] | None:
    """The pixel (x, y) that shows the byte at `offset`; None for a tail that `classic` leaves out.

    Raises:
        ValueError: The offset is outside the region.
    """
    if not 0 <= offset < shape.size:
        raise ValueError(f"offset {offset:#x} is outside a region of {shape.size:#x} bytes")
    row, column = divmod(offset // shape.pixel_bytes, shape.width)
    return (column, row) if row < shape.height else None


def pixel_to_offset(shape: Geometry, x: int, y: int) -> tuple[int, int] | None:
    """The bytes of the region under pixel (x, y), as (offset, count); None for padding.

    The last pixel of a region can show fewer than `bits / 8` bytes.

    Raises:
        ValueError: The pixel is outside the picture.
    """
    if not (0 <= x < shape.width and 0 <= y < shape.height):
        raise ValueError(f"pixel ({x}, {y}) is outside {shape.width}×{shape.height}")
    offset = (y * shape.width + x) * shape.pixel_bytes
    count = min(shape.pixel_bytes, shape.size - offset)
    return (offset, count) if count > 0 else None


@dataclass(frozen=True, slots=True)
class Placement:
    """A picture in an atlas: the region that starts at `start`, its top left pixel at (x, y)."""

    space: str
    start: int
    shape: Geometry
    x: int
    y: int


def atlas_to_address(placed: Placement, x: int, y: int) -> tuple[int, int] | None:
    """The addresses under the atlas pixel (x, y) in this picture, as (address, count).

    None where the picture has nothing: outside it, and in the padding of its last row.
    """
    column, row = x - placed.x, y - placed.y
    if not (0 <= column < placed.shape.width and 0 <= row < placed.shape.height):
        return None
    found = pixel_to_offset(placed.shape, column, row)
    return None if found is None else (placed.start + found[0], found[1])


def address_to_atlas(placed: Placement, address: int) -> tuple[int, int] | None:
    """The atlas pixel that shows `address`; None where this picture does not show it."""
    if not placed.start <= address < placed.start + placed.shape.size:
        return None
    pixel = offset_to_pixel(placed.shape, address - placed.start)
    return None if pixel is None else (placed.x + pixel[0], placed.y + pixel[1])


@dataclass(frozen=True, slots=True)
class Part:
    """One BMP of a picture: its first row and how many rows it holds."""

    first_row: int
    rows: int


def parts(shape: Geometry, raster_limit: int) -> tuple[Part, ...]:
    """The picture cut at rows into BMPs of at most `raster_limit` bytes of raster each.

    Raises:
        LayoutError: Not even one row fits.
    """
    fitting = raster_limit // shape.row_bytes
    if fitting < 1:
        raise LayoutError(f"one row of {shape.row_bytes} bytes does not fit a BMP")
    return tuple(
        Part(first, min(fitting, shape.height - first)) for first in range(0, shape.height, fitting)
    )
