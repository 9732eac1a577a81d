"""The frame of a minidump: its header, its directory of streams, and lists and texts in them.

After Microsoft's minidumpapiset.h (`MINIDUMP_HEADER`, `MINIDUMP_DIRECTORY`). A stream is a type, a
size and a place in the file; who knows a type not passes it over, which is how breakpad, crashpad
and Wine came to have streams of their own.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.errors import DumpError, LimitError
from memtiles.memory.files.source import FileSource

MAGIC = b"MDMP"
HEADER_SIZE = 32

# Stated limits.
ROWS_LIMIT = 1 << 21  # ranges of memory or regions; as many segments as are read from an ELF core
_STREAMS_LIMIT = 1 << 12  # real dumps have about 20
_STRINGS_LIMIT = 64 << 20  # of all names together: their places may overlap
_STRING_LIMIT = 1 << 16  # the longest path of Windows, 32,767 characters

Rows = npt.NDArray[np.void]


class StreamType(IntEnum):
    """Those that are read (`MINIDUMP_STREAM_TYPE`, and breakpad's minidump_format.h)."""

    THREAD_LIST = 3
    MODULE_LIST = 4
    MEMORY_LIST = 5
    SYSTEM_INFO = 7
    MEMORY64_LIST = 9
    MEMORY_INFO_LIST = 16
    THREAD_NAMES = 24
    LINUX_MAPS = 0x47670009

    @property
    def words(self) -> str:
        """As messages call it."""
        return self.name.lower().replace("_", " ")


class _Place(NamedTuple):
    """A stream's bytes in the file; `size` is what it claims, `held` what the file has of it."""

    offset: int
    size: int
    held: int


class Streams:
    """The streams of one file.

    Attributes:
        source: The file.
        warnings: What was found damaged so far, one line each; readers of streams add to it.
    """

    def __init__(self, source: FileSource) -> None:
        """Reads header and directory.

        Raises:
            DumpError: The file ends inside its header, or its directory stands outside.
        """
        self.source = source
        self.warnings: list[str] = []
        self._strings_left = min(_STRINGS_LIMIT, source.size)
        header = source.read(0, HEADER_SIZE)
        if len(header) < HEADER_SIZE:
            raise DumpError(f"{source.name}: the minidump is cut inside its header of 32 bytes")
        count, at = struct.unpack_from("<II", header, 8)
        room = min(max(0, source.size - at) // 12, _STREAMS_LIMIT)
        if count and not room:
            raise DumpError(
                f"{source.name}: the list of streams should stand at byte {at:#x}, which is "
                "outside the file: the minidump is cut or damaged"
            )
        if room < count:
            self.warnings.append(f"the list of streams is cut: {room} of {count} are looked at")
        entries = struct.iter_unpack("<III", source.read(at, min(count, room) * 12))
        self._places: dict[int, _Place] = {}
        for type_, size, offset in entries:
            # The first of each type counts, as for Microsoft's own reader. Windows fills the list
            # up with entries of type 0.
            held = min(size, max(0, source.size - offset))
            self._places.setdefault(type_, _Place(offset, size, held))

    def head(self, type: StreamType, size: int) -> bytes:
        """The first `size` bytes of a stream, b"" where it has fewer or is not there.

        A size of 0 is how a writer that reserved an entry says that nothing came of it.
        """
        place = self._places.get(type)
        if place is None or place.size == 0:
            return b""
        if place.held < size:
            self._cut(type, f"{place.held} of at least {size} bytes")
            return b""
        return self.source.read(place.offset, size)

    def list_of(self, type: StreamType, row: npt.DTypeLike, limit: int = ROWS_LIMIT) -> Rows:
        """The rows of a list: a u32 says how many, then they follow.

        Some writers align the first row to 8 bytes and leave 4 between (breakpad on macOS did; 3
        of 33 real files). Read as if they were none, every address is the upper half of one field
        and the lower half of the next. Only the stream's size tells: it is 4 larger. The test is
        `test_rows_may_begin_after_4_bytes_of_padding`.

        Raises:
            LimitError: There are more rows than `limit`.
        """
        head = self.head(type, 4)
        if not head:
            return np.empty(0, row)
        (count,) = struct.unpack("<I", head)
        row_size = np.dtype(row).itemsize
        padded = count > 0 and self._places[type].size == 8 + count * row_size
        return self._rows(type, np.dtype(row), 8 if padded else 4, row_size, count, limit)

    def table_of(self, type: StreamType, row: npt.DTypeLike) -> Rows:
        """The rows of a table that says the sizes of its header and rows, which may have grown.

        Raises:
            LimitError: There are more rows than `ROWS_LIMIT`.
        """
        head = self.head(type, 16)
        if not head:
            return np.empty(0, row)
        header_size, row_size, count = struct.unpack("<IIQ", head)
        if header_size < 16 or row_size < np.dtype(row).itemsize:
            self.warnings.append(f"{type.words}: damaged, rows of {row_size} bytes: not used")
            return np.empty(0, row)
        return self._rows(type, np.dtype(row), header_size, row_size, count, ROWS_LIMIT)

    def rows_after(self, type: StreamType, row: npt.DTypeLike, head_size: int, count: int) -> Rows:
        """`count` rows after a head of the stream's own.

        Raises:
            LimitError: There are more rows than `ROWS_LIMIT`.
        """
        row_size = np.dtype(row).itemsize
        return self._rows(type, np.dtype(row), head_size, row_size, count, ROWS_LIMIT)

    def text(self, type: StreamType, limit: int) -> str:
        """A stream that is text; where it is cut off, up to the last whole line.

        Raises:
            LimitError: It has more than `limit` bytes.
        """
        place = self._places.get(type)
        if place is None:
            return ""
        if place.held > limit:
            raise LimitError(
                f"{self.source.name}: {place.held} bytes of {type.words}; at most {limit} are read"
            )
        text = self.source.read(place.offset, place.held).decode("utf-8", "backslashreplace")
        if place.held < place.size:
            self._cut(type, f"{place.held} of {place.size} bytes")
            text = text[: text.rfind("\n") + 1]
        return text.rstrip("\0")

    def string(self, offset: int) -> str:
        """A `MINIDUMP_STRING`, UTF-16 after its size in bytes; "" where there is none."""
        size = int.from_bytes(self.source.read(offset, 4), "little") if offset else 0
        data = self.source.read(offset + 4, min(size, _STRING_LIMIT, self._strings_left))
        self._strings_left -= len(data)
        # The size leaves out the NUL at the end, but not for every writer.
        return data.decode("utf-16-le", "backslashreplace").partition("\0")[0]

    def _rows(
        self, type: StreamType, row: np.dtype[Any], at: int, row_size: int, count: int, limit: int
    ) -> Rows:
        place = self._places[type]
        room = max(0, place.held - at) // row_size
        if room < count:
            self._cut(type, f"{room} of {count} rows")
            count = room
        if count > limit:
            raise LimitError(
                f"{self.source.name}: {count} rows of {type.words}; at most {limit} are read"
            )
        data = self.source.read(place.offset + at, count * row_size)
        table = np.frombuffer(data, np.uint8, len(data) // row_size * row_size)
        wanted = table.reshape(-1, row_size)[:, : row.itemsize]
        return np.ascontiguousarray(wanted).view(row).reshape(-1)

    def _cut(self, type: StreamType, what: str) -> None:
        self.warnings.append(f"{type.words}: cut or damaged, {what} are in the file")
