"""BMP files, written and described by hand: header + raster, nothing else.

The format is the one of Dump2Picture: a 14-byte file header, a 40-byte info header, at 8 bits a
1,024-byte identity grey palette, then the bytes. The height is negative, which means top-down:
the lowest address is the top left pixel. Unlike the original's, the sizes in the header are right.
(Microsoft, BITMAPFILEHEADER and BITMAPINFOHEADER.)
"""

from __future__ import annotations

import struct

from memtiles.errors import LimitError
from memtiles.pictures.layout import Bits

# bfSize counts the whole file in 32 bits. 16 MiB below leave room for the header and for the
# bytes that `classic` keeps after the raster (about 10 × the side of the square).
RASTER_LIMIT = (1 << 32) - (16 << 20)

# biWidth and biHeight are signed.
_SIDE_LIMIT = (1 << 31) - 1

_FILE_HEADER = struct.Struct("<2sIHHI")
_INFO_HEADER = struct.Struct("<IiiHHIIiiII")
_GREY_PALETTE = b"".join(bytes((grey, grey, grey, 0)) for grey in range(256))


def raster_offset(bits: Bits) -> int:
    """bfOffBits: where the raster starts, 1,078 at 8 bits and 54 otherwise."""
    palette = len(_GREY_PALETTE) if bits == 8 else 0
    return _FILE_HEADER.size + _INFO_HEADER.size + palette


def row_bytes(width: int, bits: int) -> int:
    """Bytes of a row in the file: whole 4-byte words."""
    return (width * bits + 31) // 32 * 4


def header(width: int, height: int, bits: Bits, tail: int = 0, dpi: int = 0) -> bytes:
    """Everything before the raster.

    Args:
        width: Pixels; a region's rows are whole 4-byte words, which `layout.geometry` sees to.
        height: Pixels, as a positive number.
        bits: Bits per pixel.
        tail: Bytes after the raster that belong to the region and have no pixel.
        dpi: Pixels per inch for printing, 0 for none.

    Raises:
        LimitError: A side of 2**31 pixels and more.
    """
    if max(width, height) > _SIDE_LIMIT:
        raise LimitError(f"a BMP has at most {_SIDE_LIMIT} pixels a side: not {width}×{height}")
    offset = raster_offset(bits)
    raster = height * row_bytes(width, bits)
    per_metre = round(dpi / 0.0254)
    return (
        _FILE_HEADER.pack(b"BM", offset + raster + tail, 0, 0, offset)
        + _INFO_HEADER.pack(
            _INFO_HEADER.size, width, -height, 1, bits, 0, raster, per_metre, per_metre, 0, 0
        )
        + (_GREY_PALETTE if bits == 8 else b"")
    )
