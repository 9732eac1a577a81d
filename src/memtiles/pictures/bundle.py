"""Bundles: small pictures of one width on top of each other in one BMP, with one run list.

row 0    ┌────────┐   Each picture begins on a row of its own. Its bytes are one piece of the
│ heap 1 │   raster, so that where it begins is all that has to be known to read it
row 64   ├────────┤   as if it were alone.
│ heap 2 │
└────────┘
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt

from memtiles.errors import MEND, DamageError
from memtiles.memory.runs import NO_RUNS, Runs
from memtiles.memory.space import AddressSpace, Memory, joined
from memtiles.memory.span import Span
from memtiles.pictures import bmp
from memtiles.pictures.digest import RegionDigest
from memtiles.pictures.layout import Geometry
from memtiles.pictures.parts import BmpPart
from memtiles.pictures.render import RUNS_FILE, runs_json

FILE = "bundle.bmp"

# Opening a file costs as much as reading sixteen pages of it.
_PIECE = 1 << 16


def bundled_bytes(shape: Geometry) -> int:
    """Bytes of a picture in a bundle: whole rows, and what `classic` does not show, too."""
    return -(-max(shape.size, shape.raster_bytes) // shape.row_bytes) * shape.row_bytes


def bundled_part(shape: Geometry, first: int, file_bytes: int) -> BmpPart:
    """Where in a BMP of that size the picture stands that begins at `first` of the raster."""
    return BmpPart(FILE, bmp.raster_offset(shape.bits) + first, 0, shape.height, file_bytes)


@dataclass(frozen=True)
class Bundle:
    """Shapes of the pictures, from top to bottom; their width and bits are the same."""

    shapes: tuple[Geometry, ...]

    @cached_property
    def firsts(self) -> tuple[int, ...]:
        """Where in the raster each picture begins."""
        return tuple(accumulate(map(bundled_bytes, self.shapes), initial=0))[:-1]

    @cached_property
    def raster_bytes(self) -> int:
        """Bytes of all pictures."""
        return sum(map(bundled_bytes, self.shapes))

    @property
    def file_bytes(self) -> int:
        """Bytes of the BMP."""
        return bmp.raster_offset(self.shapes[0].bits) + self.raster_bytes

    def header(self) -> bytes:
        """What stands before the raster."""
        shape = self.shapes[0]
        return bmp.header(shape.width, self.raster_bytes // shape.row_bytes, shape.bits)

    def parts(self) -> Iterator[BmpPart]:
        """Where in the BMP each picture stands."""
        for shape, first in zip(self.shapes, self.firsts, strict=True):
            yield bundled_part(shape, first, self.file_bytes)


@dataclass(frozen=True)
class BundleContent:
    """What a bundle is of.

    Attributes:
        raster: All bytes, 0 where they are missing.
        runs: What of the raster is present.
        digests: Of each picture's region, as it would have in a folder of its own.
    """

    raster: npt.NDArray[np.uint8]
    runs: Runs
    digests: tuple[str, ...]


def read_bundle(
    space: AddressSpace,
    spans: Sequence[Span],
    bundle: Bundle,
    advance: Callable[[int], object] = lambda _: None,
) -> BundleContent:
    """Reads the spans of all pictures once.

    Raises:
        DumpError: The dump changed or was cut while it was read.
    """
    raster = np.zeros(bundle.raster_bytes, np.uint8)
    pieces: list[tuple[int, int]] = []
    digests = []
    for span, first in zip(spans, bundle.firsts, strict=True):
        memory = space.read(span)
        raster[first : first + span.size] = memory.data
        pieces += [(first + start, size) for start, size in memory.runs]
        digest = RegionDigest()
        digest.add(memory.data, memory.runs)
        digests.append(digest.hexdigest(runs_json(memory.runs, span.size)))
        advance(span.size)
    return BundleContent(raster, Runs.of(pieces), tuple(digests))


def write_bundle(content: BundleContent, bundle: Bundle, folder: Path) -> None:
    """Writes the BMP and the run list into an existing, empty folder."""
    with (folder / FILE).open("xb") as file:
        file.write(bundle.header())
        file.write(content.raster.data)
    (folder / RUNS_FILE).write_bytes(runs_json(content.runs, bundle.raster_bytes))


class BundleFile:
    """The BMP of a finished bundle, read a piece at a time: its pictures are asked for in order."""

    def __init__(self, path: Path, offset: int) -> None:
        """Opens nothing yet; the raster begins at `offset` of the file."""
        self._path = path
        self._offset = offset
        self._piece = lru_cache(maxsize=4)(self._read_piece)

    def read(self, start: int, size: int) -> npt.NDArray[np.uint8]:
        """Bytes of the raster.

        Raises:
            DamageError: The file is missing or too short.
        """
        first, last = start // _PIECE, (start + size - 1) // _PIECE
        pieces = [self._piece(number) for number in range(first, last + 1)]
        data = pieces[0] if first == last else np.concatenate(pieces)
        found = data[start - first * _PIECE :][:size]
        if len(found) < size:
            raise DamageError(f"{self._path}: shorter than its header says; {MEND}")
        return found

    def _read_piece(self, number: int) -> npt.NDArray[np.uint8]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset + number * _PIECE)
                return np.frombuffer(file.read(_PIECE), np.uint8)
        except OSError as error:
            raise DamageError(f"{self._path}: {error.strerror}; {MEND}") from None


@dataclass(frozen=True, slots=True)
class BundledRaster:
    """The bytes of one picture of a bundle; nothing of it is known to be zeros without reading."""

    file: BundleFile
    first: int
    runs: Runs

    @property
    def steady(self) -> bool:
        return True

    @property
    def zeros(self) -> Runs:
        return NO_RUNS

    def read(self, offset: int, size: int) -> Memory:
        return Memory(self.file.read(self.first + offset, size), self.runs.clip(offset, size))

    def read_rows(self, offset: int, size: int, stride: int, count: int) -> Memory:
        return joined([self.read(offset + number * stride, size) for number in range(count)])
