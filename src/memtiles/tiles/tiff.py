"""A plane as an uncompressed BigTIFF that exists nowhere, read by libvips row by row.

Why: `rawload` maps its file, and the pages of a 1 GiB BMP count as 1 GiB of resident memory
(measured: 2,173 MiB for a plane of 2 GiB, against 92 to 208 MiB this way, and no slower). It reads
files only, too, so an atlas would first have to be written to disk. Of the loaders in the pyvips
wheel that read from a callback, TIFF's is the one that takes rows without decoding, with alpha,
at any size. So the header is real, and each strip of rows is made when it is asked for.

(TIFF 6.0 and the BigTIFF extension: 8-byte offsets, version 43.)
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from memtiles.tiles.plane import Plane, rows_at_once

_SHORT, _LONG, _LONG8 = 3, 4, 16
_BLACK_IS_ZERO, _RGB = 1, 2
_UNASSOCIATED_ALPHA = 2


class PlaneTiff:
    """The file of one plane: `read` and `seek` as a custom source of pyvips calls them."""

    def __init__(self, plane: Plane, advance: Callable[[int], object]) -> None:
        self.bands = plane.bands
        self._plane = plane
        self._advance = advance
        self._strip_rows = rows_at_once(plane.width * plane.bands)
        self._strip_bytes = self._strip_rows * plane.width * plane.bands
        self._header = _header(plane.width, plane.height, plane.bands)
        self._size = len(self._header) + plane.height * plane.width * plane.bands
        self._position = 0
        self._strip = lru_cache(maxsize=2)(self._make_strip)
        self.error: BaseException | None = None

    def read(self, size: int) -> bytes:
        """The next bytes, at most `size` and at most up to the end of a strip.

        An exception must not cross libvips: it is kept in `error`, and the file ends.
        """
        if self.error is not None or self._position >= self._size:
            return b""
        try:
            piece = self._read(size)
        except BaseException as error:
            self.error = error
            return b""
        self._position += len(piece)
        return piece

    def seek(self, offset: int, whence: int) -> int:
        """As `io.IOBase.seek`."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def _read(self, size: int) -> bytes:
        if self._position < len(self._header):
            return self._header[self._position : self._position + size]
        number, start = divmod(self._position - len(self._header), self._strip_bytes)
        return bytes(self._strip(number)[start : start + size])

    def _make_strip(self, number: int) -> memoryview:
        first = number * self._strip_rows
        count = min(self._strip_rows, self._plane.height - first)
        rows = np.ascontiguousarray(self._plane.area(0, first, self._plane.width, count))
        self._advance(count * self._plane.width)
        return rows.data.cast("B")


def _header(width: int, height: int, bands: int) -> bytes:
    row_bytes = width * bands
    strip_rows = rows_at_once(row_bytes)
    strips = -(-height // strip_rows)
    tags = [
        (256, _LONG, 1, width),
        (257, _LONG, 1, height),
        (258, _SHORT, bands, [8] * bands),
        (259, _SHORT, 1, 1),
        (262, _SHORT, 1, _BLACK_IS_ZERO if bands < 3 else _RGB),
        (273, _LONG8, strips, None),
        (277, _SHORT, 1, bands),
        (278, _LONG, 1, strip_rows),
        (279, _LONG8, strips, None),
        (284, _SHORT, 1, 1),
    ]
    if bands in (2, 4):
        tags.append((338, _SHORT, 1, _UNASSOCIATED_ALPHA))
    directory = 16
    tables = directory + 8 + 20 * len(tags) + 8
    data = tables + 16 * strips
    offsets = data + np.arange(strips, dtype="<u8") * np.uint64(strip_rows * row_bytes)
    counts = np.full(strips, strip_rows * row_bytes, dtype="<u8")
    counts[-1] = (height - (strips - 1) * strip_rows) * row_bytes
    places = {273: (offsets, tables), 279: (counts, tables + 8 * strips)}

    entries = b""
    for tag, kind, count, value in tags:
        if tag in places:
            table, place = places[tag]
            field = table.tobytes() if strips == 1 else struct.pack("<Q", place)
        elif isinstance(value, list):
            field = struct.pack(f"<{len(value)}H", *value)
        else:
            field = struct.pack("<Q", value)
        entries += struct.pack("<HHQ", tag, kind, count) + field.ljust(8, b"\0")
    return b"".join(
        (
            struct.pack("<2sHHHQ", b"II", 43, 8, 0, directory),
            struct.pack("<Q", len(tags)),
            entries,
            struct.pack("<Q", 0),
            offsets.tobytes(),
            counts.tobytes(),
        )
    )
