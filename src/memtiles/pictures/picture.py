"""A picture seen through its lens: BMP + runs in, rows of coloured pixels out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from memtiles.errors import MEND, DamageError
from memtiles.memory.runs import Runs
from memtiles.pictures.layout import Geometry
from memtiles.pictures.lenses import Lens
from memtiles.pictures.render import BmpPart, part_pieces


@dataclass(frozen=True)
class Picture:
    """One region drawn with one layout and one lens; a `tiles.plane.Plane` of its pixels."""

    folder: Path
    shape: Geometry
    bmp: tuple[BmpPart, ...]
    runs: Runs
    lens: Lens

    @property
    def width(self) -> int:
        return self.shape.width

    @property
    def height(self) -> int:
        return self.shape.height

    @cached_property
    def opaque(self) -> bool:
        """Whether every pixel of the raster has all its bytes: no hole, no padded last row."""
        raster = self.shape.raster_bytes
        return self.runs.clip(0, raster).is_whole(raster)

    @property
    def bands(self) -> int:
        """Colour bands, and one of alpha unless the picture is opaque."""
        return self.lens.bands(self.shape.bits) + (not self.opaque)

    def rows(self, first: int, count: int) -> npt.NDArray[np.uint8]:
        """Rows `first .. first + count` as (count, width, bands); missing pixels are all 0."""
        shape = self.shape
        start, size = first * shape.row_bytes, count * shape.row_bytes
        pixels = self.raster(start, size).reshape(count, shape.width, shape.pixel_bytes)
        colours = self.lens.colours(pixels)
        if self.opaque:
            return colours
        bytes_present = self.runs.mask(start, size).reshape(pixels.shape)
        present = np.logical_and.reduce(bytes_present, axis=2, keepdims=True)
        return np.concatenate([colours * present, present * np.uint8(255)], axis=2)

    def raster(self, offset: int, size: int) -> npt.NDArray[np.uint8]:
        """Bytes `offset .. offset + size` of the raster and the tail after it, as they are stored.

        Raises:
            DamageError: A BMP is missing or too short.
        """
        found = np.empty(size, dtype=np.uint8)
        for piece in part_pieces(self.shape, self.bmp, offset, size):
            target = found[piece.start : piece.start + piece.size]
            _read_into(target, self.folder / piece.part.file, piece.position)
        return found


def _read_into(piece: npt.NDArray[np.uint8], path: Path, offset: int) -> None:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            got = file.readinto(piece.data)
    except OSError as error:
        raise DamageError(f"{path}: {error.strerror}; {MEND}") from None
    if got != len(piece):
        raise DamageError(f"{path}: shorter than its header says; {MEND}")
