"""Where the bytes of a picture come from: its BMP files, or straight out of a dump."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from memtiles.errors import MEND, DamageError
from memtiles.memory.files.file_holes import holes_of
from memtiles.memory.runs import Runs
from memtiles.memory.space import AddressSpace, Memory, SpaceKind, joined
from memtiles.memory.span import Span
from memtiles.pictures.layout import Geometry
from memtiles.pictures.parts import BmpPart, part_pieces


class Raster(Protocol):
    """The bytes of a region, in the order in which a picture shows them."""

    @property
    def runs(self) -> Runs:
        """What is present, counted from the region's start."""

    @property
    def zeros(self) -> Runs:
        """What of `runs` is known to be zeros without reading it."""

    @property
    def steady(self) -> bool:
        """Whether `read` finds all that `runs` promises; a live process can lose some meanwhile."""

    def read(self, offset: int, size: int) -> Memory:
        """Bytes from an offset of the region on, zeros past its end."""

    def read_rows(self, offset: int, size: int, stride: int, count: int) -> Memory:
        """`count` pieces of `size` bytes, each `stride` after the one before, one after the other.

        As `read` of each, but quicker where the pieces lie far apart.
        """


@dataclass(frozen=True)
class BmpRaster:
    """The BMP files of one picture, and its run list."""

    folder: Path
    shape: Geometry
    parts: tuple[BmpPart, ...]
    runs: Runs
    steady = True

    @cached_property
    def zeros(self) -> Runs:
        """What of `runs` was never written to the files.

        Raises:
            DamageError: A BMP is missing.
        """
        return self.unwritten.within(self.runs)

    @cached_property
    def unwritten(self) -> Runs:
        """What of the region lies in holes of the files, be it present or not.

        Raises:
            DamageError: A BMP is missing.
        """
        return Runs.of(piece for part in self.parts for piece in self._holes(part))

    def _holes(self, part: BmpPart) -> Iterator[tuple[int, int]]:
        first = part.first_row * self.shape.row_bytes
        with _opened(self.folder / part.file) as file:
            # What a file that was cut lacks is damage, not zeros.
            size = min(part.size, os.fstat(file.fileno()).st_size)
            end = min(size, part.offset + self.shape.size - first)
            holes = holes_of(file.fileno(), end, part.offset)
            if holes and 0 < holes[0][0] - part.offset < _BLOCK:
                # The first bytes share a block of the disk with the header, and so are no hole
                # whatever they are. A terabyte of zeros would have 258 places to read and draw.
                file.seek(part.offset)
                if not any(file.read(holes[0][0] - part.offset)):
                    yield first, holes[0][0] - part.offset
            for start, length in holes:
                yield first + start - part.offset, length

    def read(self, offset: int, size: int) -> Memory:
        return Memory(self.stored(offset, size), self.runs.clip(offset, size))

    def read_rows(self, offset: int, size: int, stride: int, count: int) -> Memory:
        data = np.empty(count * size, np.uint8)
        with ExitStack() as stack:
            opened = cache(lambda file: stack.enter_context(_opened(self.folder / file)))
            view, done = data.data, 0
            # Rows of one file, which nearly always are all, are read without looking for each.
            for piece in part_pieces(self.shape, self.parts, offset, (count - 1) * stride + size):
                first = -(-piece.start // stride)
                last = (piece.start + piece.size - size) // stride
                begin = piece.position + first * stride - piece.start
                rows = [view[row * size : (row + 1) * size] for row in range(first, last + 1)]
                done += _read_apart(opened(piece.part.file), begin, rows, stride - size)
            if done < len(data):
                for row in range(count):
                    self._read(offset + row * stride, data[row * size : (row + 1) * size], opened)
        span = (count - 1) * stride + size
        if self.runs.clip(offset, span).is_whole(span):
            return Memory(data, Runs.of([(0, len(data))]))
        pieces = [
            (row * size + start, length)
            for row in range(count)
            for start, length in self.runs.clip(offset + row * stride, size)
        ]
        return Memory(data, Runs.of(pieces))

    def stored(self, offset: int, size: int) -> npt.NDArray[np.uint8]:
        """Bytes `offset .. offset + size` of the raster and the tail after it, as they are stored.

        Raises:
            DamageError: A BMP is missing or too short.
        """
        found = np.empty(size, dtype=np.uint8)
        with ExitStack() as stack:
            self._read(offset, found, lambda file: stack.enter_context(_opened(self.folder / file)))
        return found

    def _read(
        self, offset: int, target: npt.NDArray[np.uint8], opened: Callable[[str], io.FileIO]
    ) -> None:
        for piece in part_pieces(self.shape, self.parts, offset, len(target)):
            file = opened(piece.part.file)
            file.seek(piece.position)
            if file.readinto(target[piece.start : piece.start + piece.size].data) != piece.size:
                path = self.folder / piece.part.file
                raise DamageError(f"{path}: shorter than its header says; {MEND}")


def _read_apart(file: io.FileIO, begin: int, pieces: Sequence[memoryview], between: int) -> int:
    """Reads pieces with so many bytes between each and the next; gives how many bytes came.

    What lies between is read, too, where the system can put it all in one place: to ask for each
    piece by itself costs more, and has two threads wait for each other at every one.
    """
    if not hasattr(os, "preadv") or between > _READ_THROUGH:
        done = 0
        for number, piece in enumerate(pieces):
            file.seek(begin + number * (len(piece) + between))
            done += file.readinto(piece)
        return done
    rubbish = memoryview(bytearray(between))
    done = 0
    for at in range(0, len(pieces), _BUFFERS // 2):
        some = pieces[at : at + _BUFFERS // 2]
        buffers = [buffer for piece in some for buffer in (piece, rubbish)][:-1]
        wanted = sum(map(len, buffers))
        start = begin + at * (len(pieces[0]) + between)
        if os.preadv(file.fileno(), buffers, start) == wanted:
            done += sum(map(len, some))
    return done


@contextmanager
def _opened(path: Path) -> Iterator[io.FileIO]:
    try:
        with path.open("rb", buffering=0) as file:
            yield file
    except OSError as error:
        raise DamageError(f"{path}: {error.strerror}; {MEND}") from None


# So many bytes are copied faster than the system is asked once more, and at most so many buffers
# are given to it (IOV_MAX is 1,024).
_READ_THROUGH = 1 << 15
_BUFFERS = 1000

# The largest block that file systems are likely to keep a header in.
_BLOCK = 1 << 17


@dataclass(frozen=True)
class SpaceRaster:
    """A span of an address space, read when it is asked for."""

    space: AddressSpace
    span: Span

    @cached_property
    def runs(self) -> Runs:
        return self.space.runs(self.span)

    @cached_property
    def zeros(self) -> Runs:
        return self.space.zeros(self.span)

    @property
    def steady(self) -> bool:
        return self.space.steady

    def read(self, offset: int, size: int) -> Memory:
        held = min(size, self.span.size - offset)
        if held <= 0:
            return Memory(np.zeros(size, np.uint8), Runs.of([]))
        memory = self.space.read(Span(self.span.start + offset, held))
        if held == size:
            return memory
        return Memory(np.pad(memory.data, (0, size - held)), memory.runs)

    def read_rows(self, offset: int, size: int, stride: int, count: int) -> Memory:
        if offset + (count - 1) * stride + size > self.span.size:
            return _one_by_one(self, offset, size, stride, count)
        return self.space.read_rows(Span(self.span.start + offset, size), stride, count)


class RasterSpace(AddressSpace):
    """The bytes of a raster as an address space that begins at 0."""

    kind = SpaceKind.VIRTUAL

    def __init__(self, raster: Raster) -> None:
        """Reads what the raster reads."""
        self._raster = raster

    def runs(self, span: Span) -> Runs:
        return self._raster.runs.clip(span.start, span.size)

    def zeros(self, span: Span) -> Runs:
        return self._raster.zeros.clip(span.start, span.size)

    def read(self, span: Span) -> Memory:
        return self._raster.read(span.start, span.size)


def _one_by_one(raster: Raster, offset: int, size: int, stride: int, count: int) -> Memory:
    return joined([raster.read(offset + number * stride, size) for number in range(count)])
