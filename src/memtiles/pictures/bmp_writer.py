"""The BMP files of one picture while they are written, by several threads at once."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import numpy.typing as npt

from memtiles.pictures.layout import Geometry
from memtiles.pictures.parts import BmpPart, part_header, part_pieces

# Zeros of at least this size are not written, so that holes and empty pages of a dump cost no
# disk where files get holes by themselves, as on ext4 and APFS (NTFS has to be asked).
SPARSE_BLOCK = 1 << 16


class BmpWriter:
    """Writes bytes of a region to their places in its BMPs; use it in a `with` statement.

    A file is made when its first byte is written and closed when its last may be: a picture of a
    TiB has 258 of them, and a process may have no more than 256 open.
    """

    def __init__(self, folder: Path, shape: Geometry, parts: Sequence[BmpPart]) -> None:
        self._folder = folder
        self._shape = shape
        self._parts = parts
        self._unmade = set(parts)
        self._open: dict[BmpPart, io.FileIO] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> BmpWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self._close(list(self._open))

    def write(self, offset: int, data: npt.NDArray[np.uint8]) -> None:
        """Writes bytes from an offset of the region on; from any thread."""
        for piece in part_pieces(self._shape, self._parts, offset, len(data)):
            for start, size in _not_zero(data[piece.start : piece.start + piece.size]):
                first = piece.start + start
                self._put(piece.part, piece.position + start, data.data[first : first + size])

    def done(self, end: int) -> None:
        """Closes what ends before the offset `end`: no byte comes any more before it."""
        with self._lock:
            self._close([part for part in self._open if self._end(part) <= end])

    def finish(self) -> None:
        """Makes the files in which nothing but zeros is."""
        for part in self._parts:
            if part in self._unmade:
                self._make(part)
                self._close([part])

    def _put(self, part: BmpPart, position: int, data: memoryview) -> None:
        with self._lock:
            file = self._make(part) if part in self._unmade else self._open[part]
        while data:  # a disk that is nearly full takes less
            written = self._put_once(file, position, data)
            position += written
            data = data[written:]

    def _put_once(self, file: io.FileIO, position: int, data: memoryview) -> int:
        if hasattr(os, "pwrite"):
            return os.pwrite(file.fileno(), data, position)
        with self._lock:  # Windows: the position belongs to the file, so one thread at a time
            file.seek(position)
            return file.write(data)

    def _make(self, part: BmpPart) -> io.FileIO:
        file = (self._folder / part.file).open("xb", buffering=0)
        self._open[part] = file
        self._unmade.remove(part)
        file.write(part_header(self._shape, part))
        file.truncate(part.size)
        return file

    def _close(self, parts: Iterable[BmpPart]) -> None:
        for part in parts:
            self._open.pop(part).close()

    def _end(self, part: BmpPart) -> int:
        return part.first_row * self._shape.row_bytes + part.size - part.offset


def _not_zero(data: npt.NDArray[np.uint8]) -> Iterator[tuple[int, int]]:
    """The pieces of `data` that are worth writing."""
    highest = np.maximum.reduceat(data, range(0, len(data), SPARSE_BLOCK)).tolist()
    start = 0
    for is_used, blocks in groupby(highest, bool):
        end = min(start + len(list(blocks)) * SPARSE_BLOCK, len(data))
        if is_used:
            yield start, end - start
        start = end
