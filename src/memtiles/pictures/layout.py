"""Layouts: picture pixel ↔ region offset. Pure arithmetic, with one twin: `viewer/src/layout.ts`.

Both files have the same functions under the same names and are tested on the same
`tests/vectors/layout.json`. No other file does this arithmetic; `squares.py` has tables of it.

A pixel of `bits` bits shows `bits / 8` bytes: the pixel of number `i` those from offset
`i * bits / 8`. A layout says where the pixels go, in the order of their numbers:

* `rows` and `classic` go row by row, and never pad a row: the byte of the region at offset `i` is
  the byte `i` of the raster of a BMP. Other layouts have no BMP of their own; the one of a region
  that is drawn in them has a geometry in `rows`.
* `hilbert` goes along Hilbert's curve: what is near in memory is near in the picture, and each
  aligned square of 2**j × 2**j pixels is one aligned range of 4**j pixels. At 8 bits every tile of
  every level is thus one range of addresses, and a 4 KiB page a square of 64×64.
* `pages` goes block by block, of 64×64 pixels in rows of 64: at 8 bits a 4 KiB page. The blocks are
  side by side like the pixels of `rows`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Literal, get_args

from memtiles.errors import LayoutError

BmpLayoutName = Literal["rows", "classic"]
LayoutName = Literal["rows", "classic", "hilbert", "pages"]
Bits = Literal[8, 16, 24, 32]

BMP_LAYOUTS: tuple[BmpLayoutName, ...] = get_args(BmpLayoutName)
LAYOUTS: tuple[LayoutName, ...] = get_args(LayoutName)
BITS: tuple[Bits, ...] = get_args(Bits)

# A terabyte is a square still; a column of it, narrow and long, would be a hair on the screen.
ROWS_WIDTHS = (64, 1 << 20)

# The side of a block of `pages`: a page of 4 KiB is a square of it at 8 bits.
BLOCK = 64


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
    def pixels(self) -> int:
        """Pixels that all bytes need; `classic` has fewer, and what others have beyond is blank."""
        return -(-self.size // self.pixel_bytes)

    @property
    def bmp_layout(self) -> BmpLayoutName:
        """The layout, of a picture whose raster is that of a BMP.

        Raises:
            ValueError: It is not, for its rows are no ranges of bytes.
        """
        if self.layout == "hilbert" or self.layout == "pages":
            raise ValueError(f"a picture in layout {self.layout} is no BMP")
        return self.layout

    @property
    def row_bytes(self) -> int:
        """Bytes that one row shows, which is also one row of the BMP.

        Raises:
            ValueError: The picture is no BMP.
        """
        if self.layout not in BMP_LAYOUTS:
            raise ValueError(f"a picture in layout {self.layout} is no BMP")
        return self.width * self.pixel_bytes

    @property
    def raster_bytes(self) -> int:
        """Bytes of the whole raster; more than `size` in `rows`, at most `size` in `classic`.

        Raises:
            ValueError: The picture is no BMP.
        """
        return self.height * self.row_bytes


def width_step(bits: int) -> int:
    """Pixels that a width must be a multiple of, so that a BMP row is whole 4-byte words."""
    return {8: 4, 16: 2, 24: 4, 32: 1}[bits]


def geometry(layout: LayoutName, bits: Bits, size: int, width: int | None = None) -> Geometry:
    """The geometry of a region of `size` bytes. All layouts but `classic` cover every byte.

    `rows`: without a width it takes the power of two next above the square root of the pixel count,
    from 64 to 2**20, so that a 4 KiB page is a 64×64 square at 8 bits.

    `classic` is Dump2Picture 2.2.3: a square of side `isqrt(pixels)`, its width rounded down to a
    multiple of 8 at 8 bits and of 2 otherwise, its height to a multiple of 2; the bytes past the
    square have no pixel. At 24 bits the width is rounded down to a multiple of 4 instead: the
    original's rows of 358 × 3 bytes are not whole 4-byte words and every viewer shears them.

    `hilbert` is the curve of the least order k that is long enough: 2**k pixels wide and as high,
    or half as high where the first half of the curve, which is the upper one, is long enough.

    `pages` takes the width that `rows` takes, and is whole blocks high.

    Raises:
        LayoutError: No bytes; a width whose rows would need padding, or that is not whole blocks of
            `pages`, or that is given for `classic` or `hilbert`; a region too small for `classic`.
    """
    if size < 1:
        raise LayoutError("a picture needs at least one byte")
    pixel_bytes = bits // 8
    if layout in ("classic", "hilbert") and width is not None:
        raise LayoutError(f"layout {layout} computes its width; give a width with layout rows")
    if layout == "classic":
        side = isqrt(size // pixel_bytes)
        columns = side - side % {8: 8, 24: 4}.get(bits, 2)
        rows = side - side % 2
        if columns == 0 or rows == 0:
            raise LayoutError(
                f"{size:,} bytes are too few for layout classic at {bits} bits; use layout rows"
            )
        return Geometry(layout, bits, size, columns, rows)
    pixels = -(-size // pixel_bytes)
    if layout == "hilbert":
        side = 1 << (((pixels - 1).bit_length() + 1) // 2)
        half = 2 * pixels <= side * side
        return Geometry(layout, bits, size, side, side // 2 if half else side)
    if width is None:
        smallest, widest = ROWS_WIDTHS
        root = isqrt(pixels - 1) + 1
        width = min(widest, max(smallest, 1 << (root - 1).bit_length()))
    step = BLOCK if layout == "pages" else width_step(bits)
    if width < 1:
        raise LayoutError(f"width {width} has no pixels; use at least {step}")
    if layout == "pages":
        if width % step:
            raise LayoutError(f"width {width} cuts blocks of pages; use a multiple of {step}")
        return Geometry(layout, bits, size, width, -(-pixels // (width * BLOCK)) * BLOCK)
    if width % step:
        raise LayoutError(
            f"width {width} at {bits} bits needs padded rows; use a multiple of {step}"
        )
    return Geometry(layout, bits, size, width, -(-pixels // width))


def _hilbert_pixel(order: int, number: int) -> tuple[int, int]:
    """Where the curve of this order is after `number` steps.

    It visits the quarters clockwise from the top left one. The two on the right are curves like the
    whole; the first is one whose x and y are swapped, and so is the last, which is turned by 180°,
    too. Swapping and turning commute, so that two flags tell how a quarter of a quarter lies.
    """
    x = y = swapped = turned = 0
    for shift in range(2 * order - 2, -1, -2):
        quarter = number >> shift & 3
        down = quarter >> 1
        right = down ^ (quarter & 1)
        if swapped:
            right, down = down, right
        x = x << 1 | right ^ turned
        y = y << 1 | down ^ turned
        swapped ^= quarter in (0, 3)
        turned ^= quarter == 3
    return x, y


def _hilbert_number(order: int, x: int, y: int) -> int:
    """After how many steps the curve of this order is at (x, y)."""
    number = swapped = turned = 0
    for shift in range(order - 1, -1, -1):
        right, down = x >> shift & 1 ^ turned, y >> shift & 1 ^ turned
        if swapped:
            right, down = down, right
        quarter = down << 1 | right ^ down
        number = number << 2 | quarter
        swapped ^= quarter in (0, 3)
        turned ^= quarter == 3
    return number


def number_to_pixel(shape: Geometry, number: int) -> tuple[int, int]:
    """The pixel (x, y) of a number; below the picture for the tail that `classic` leaves out."""
    if shape.layout == "hilbert":
        return _hilbert_pixel(shape.width.bit_length() - 1, number)
    if shape.layout == "pages":
        block, inside = divmod(number, BLOCK * BLOCK)
        row, column = divmod(block, shape.width // BLOCK)
        return column * BLOCK + inside % BLOCK, row * BLOCK + inside // BLOCK
    row, column = divmod(number, shape.width)
    return column, row


def pixel_to_number(shape: Geometry, x: int, y: int) -> int:
    """The number of a pixel of the picture; of blank ones, too, which have the highest."""
    if shape.layout == "hilbert":
        return _hilbert_number(shape.width.bit_length() - 1, x, y)
    if shape.layout == "pages":
        block = y // BLOCK * (shape.width // BLOCK) + x // BLOCK
        return block * BLOCK * BLOCK + y % BLOCK * BLOCK + x % BLOCK
    return y * shape.width + x


def offset_to_pixel(shape: Geometry, offset: int) -> tuple[int, int] | None:
    """The pixel (x, y) that shows the byte at `offset`; None for a tail that `classic` leaves out.

    Raises:
        ValueError: The offset is outside the region.
    """
    if not 0 <= offset < shape.size:
        raise ValueError(f"offset {offset:#x} is outside a region of {shape.size:#x} bytes")
    column, row = number_to_pixel(shape, offset // shape.pixel_bytes)
    return (column, row) if row < shape.height else None


def pixel_to_offset(shape: Geometry, x: int, y: int) -> tuple[int, int] | None:
    """The bytes of the region under pixel (x, y), as (offset, count); None for a blank one.

    The last pixel of a region can show fewer than `bits / 8` bytes.

    Raises:
        ValueError: The pixel is outside the picture.
    """
    if not (0 <= x < shape.width and 0 <= y < shape.height):
        raise ValueError(f"pixel ({x}, {y}) is outside {shape.width}×{shape.height}")
    offset = pixel_to_number(shape, x, y) * shape.pixel_bytes
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

    None where the picture has nothing: outside it, and where its pixels are blank.
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
        ValueError: A layout that has no BMP.
    """
    fitting = raster_limit // shape.row_bytes
    if fitting < 1:
        raise LayoutError(f"one row of {shape.row_bytes} bytes does not fit a BMP")
    return tuple(
        Part(first, min(fitting, shape.height - first)) for first in range(0, shape.height, fitting)
    )
