"""The BMP files of one picture: one, or several where it is more than a BMP can hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from memtiles.pictures import bmp
from memtiles.pictures.layout import Geometry, parts


@dataclass(frozen=True)
class BmpPart:
    """One BMP of a picture: its file name in the picture's folder and the rows it holds."""

    file: str
    offset: int
    first_row: int
    rows: int
    size: int


def bmp_parts(
    shape: Geometry, stem: str = "region", raster_limit: int = bmp.RASTER_LIMIT
) -> tuple[BmpPart, ...]:
    """The BMP files of a picture; more than one only above `raster_limit` bytes of raster."""
    offset = bmp.raster_offset(shape.bits)
    cut = parts(shape, raster_limit)
    return tuple(
        BmpPart(
            f"{stem}.bmp" if len(cut) == 1 else f"{stem}.{number:04}.bmp",
            offset,
            part.first_row,
            part.rows,
            offset + part.rows * shape.row_bytes + (_tail(shape) if part is cut[-1] else 0),
        )
        for number, part in enumerate(cut)
    )


def part_header(shape: Geometry, part: BmpPart) -> bytes:
    """The header of one part, as it must stand in the file."""
    tail = part.size - part.offset - part.rows * shape.row_bytes
    return bmp.header(shape.width, part.rows, shape.bits, tail)


@dataclass(frozen=True)
class PartPiece:
    """`size` bytes that lie at `position` of a part's file and at `start` of what was asked for."""

    part: BmpPart
    position: int
    start: int
    size: int


def part_pieces(
    shape: Geometry, files: Sequence[BmpPart], offset: int, size: int
) -> Iterator[PartPiece]:
    """Where the bytes `offset .. offset + size` of raster and tail lie, across the parts."""
    # All but the last hold as many rows as the first one; a terabyte has 258 of them.
    start = min(offset // (files[0].rows * shape.row_bytes), len(files) - 1)
    for part in islice(files, start, None):
        first = part.first_row * shape.row_bytes
        if first >= offset + size:
            break
        low, high = max(offset, first), min(offset + size, first + part.size - part.offset)
        if low < high:
            yield PartPiece(part, part.offset + low - first, low - offset, high - low)


def _tail(shape: Geometry) -> int:
    """Bytes of the region after the raster: those that `classic` has no pixel for."""
    return max(0, shape.size - shape.raster_bytes)
