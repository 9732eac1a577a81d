"""makedumpfile's flattened format: a file as the list of the writes that made it.

What goes through a pipe cannot seek back, so makedumpfile and QEMU write records of an offset, a
size and so many bytes (makedumpfile, makedumpfile.h, struct makedumpfile_data_header).
"""

from __future__ import annotations

import struct
from array import array
from typing import Protocol

import numpy as np

from memtiles.errors import DumpError, LimitError
from memtiles.memory.files.byte_source import ByteSource
from memtiles.memory.overlap import first_wins

SIGNATURE = b"makedumpfile\0\0\0\0"

_HEADER = struct.Struct(">16sqq")  # signature, type, version
_HEADER_SIZE = 4096
_RECORD = struct.Struct(">qq")  # offset, size; -1 and -1 at the end
_TYPE = 1

# A stated limit. QEMU writes records of 16 KiB, so these are 64 GiB of packed memory.
_RECORDS_LIMIT = 1 << 22


class SizedSource(ByteSource, Protocol):
    """A source of bytes that knows where it ends."""

    @property
    def size(self) -> int:
        """Bytes that can be read."""


class Flattened:
    """The file that the records make, without making it. Bytes that no record has are zeros.

    Attributes:
        name: The flattened file's.
        size: Where the record that reaches furthest ends.
        warnings: One line if the file is cut or damaged.
    """

    def __init__(self, source: SizedSource) -> None:
        """Reads the heads of all records.

        Raises:
            DumpError: It is another type of flattened file, or cut before its first record.
            LimitError: There are too many records.
        """
        self.name = source.name
        self.warnings: list[str] = []
        self._source = source
        head = bytearray(_HEADER.size)
        got = source.read_into(0, memoryview(head))
        if got < len(head) or source.size <= _HEADER_SIZE:
            raise DumpError(f"{self.name}: cut inside the header of {_HEADER_SIZE} bytes")
        signature, kind, _ = _HEADER.unpack(head)
        if signature != SIGNATURE or kind != _TYPE:
            raise DumpError(
                f"{self.name}: a flattened dump of type {kind}, not {_TYPE}: "
                "rebuild it with `makedumpfile -R`"
            )
        targets, sizes, places = self._records()
        # A later record overwrites what an earlier one wrote: the header is written once more at
        # the end, when it is known how many pages there are.
        firsts = np.asarray(targets)[::-1]
        lasts = firsts + (np.asarray(sizes)[::-1] - np.uint64(1))
        pieces = first_wins(firsts, lasts)
        self._firsts, self._lasts = pieces.firsts, pieces.lasts
        self._places = np.asarray(places)[::-1][pieces.owner]
        self._places = self._places + (pieces.firsts - firsts[pieces.owner])
        self.size = int(self._lasts[-1]) + 1 if len(self._lasts) else 0

    def read_into(self, offset: int, buffer: memoryview) -> int:
        """Fills a buffer; as `ByteSource.read_into`."""
        size = max(0, min(len(buffer), self.size - offset))
        end = offset + size
        done = 0
        for first, last, place in self._pieces(offset, size):
            start, stop = max(first, offset) - offset, min(last + 1, end) - offset
            buffer[done:start] = bytes(start - done)
            place += offset + start - first
            done = start + self._source.read_into(place, buffer[start:stop])
            if done < stop:
                return done
        buffer[done:size] = bytes(size - done)
        return size

    def prefetch(self, offset: int, size: int) -> None:
        """Tells the system which records are read next."""
        end = offset + size
        for first, last, place in self._pieces(offset, size):
            start, stop = max(first, offset), min(last + 1, end)
            self._source.prefetch(place + start - first, stop - start)

    def _pieces(self, offset: int, size: int) -> list[tuple[int, int, int]]:
        """First byte, last byte and place in the file of what holds a part of the range."""
        if size <= 0:
            return []
        low = int(np.searchsorted(self._lasts, np.uint64(offset), side="left"))
        high = int(np.searchsorted(self._firsts, np.uint64(offset + size - 1), side="right"))
        columns = (self._firsts, self._lasts, self._places)
        return list(zip(*(column[low:high].tolist() for column in columns), strict=True))

    def _records(self) -> tuple[array[int], array[int], array[int]]:
        """Target offset, size and place of all records that hold something."""
        targets, sizes, places = array("Q"), array("Q"), array("Q")
        at = _HEADER_SIZE
        head = memoryview(bytearray(_RECORD.size))
        for _ in range(_RECORDS_LIMIT):
            if self._source.read_into(at, head) < len(head):
                self._cut_at(at)
                break
            target, size = _RECORD.unpack(head)
            at += len(head)
            if target < 0 or size < 0 or target + size >= 1 << 63:
                if (target, size) != (-1, -1):
                    self.warnings.append(
                        f"the flattened dump is damaged at byte {at - len(head)}: what follows is "
                        "not read"
                    )
                break
            held = min(size, self._source.size - at)
            if held > 0:
                targets.append(target)
                sizes.append(held)
                places.append(at)
            if held < size:
                self._cut_at(at + held)
                break
            at += size
        else:
            raise LimitError(
                f"{self.name}: more than {_RECORDS_LIMIT} records: rebuild it with "
                "`makedumpfile -R`"
            )
        return targets, sizes, places

    def _cut_at(self, end: int) -> None:
        self.warnings.append(f"the flattened dump is cut short at {end} bytes: it has no end mark")
