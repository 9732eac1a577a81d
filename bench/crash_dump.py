"""A crash dump of a large Windows machine: a sparse file with all of its page tables in it.

Written in well under a second and on little disk, so that reading page tables can be measured at
the size of a real machine: `python bench/crash_dump.py MEMORY.DMP [GIB]`.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

PAGE = 4096
HEADER = 0x2000

# All memory is mapped from here on, so that the HAL of Windows Server 2008 has its usual place.
FIRST = 0xFFFF_F800_0000_0000
HAL = FIRST + 0x80_0000
HAL_SIZE = 0x5_E000

_VALID, _WRITABLE = 1, 2
_SELF = 0x1ED  # the entry through which Windows sees its own tables
_KERNEL = FIRST >> 39 & 0x1FF


class Written(NamedTuple):
    """What is in a dump.

    Attributes:
        cr3: Physical address of the top table.
        pages: How many pages of 4 KiB the tables map, themselves included.
    """

    cr3: int
    pages: int


def write_crash_dump(path: Path, gib: int = 4, seed: int = 7) -> Written:
    """Writes a full PAGEDU64 dump of so much memory, all of it mapped page by page in random order.

    Memory is zeros, which the file has as holes, but for the tables (2 MiB a GiB) and for the HAL,
    of which each page says its address, again and again.

    Args:
        path: Where to.
        gib: At most 512.
        seed: Of the order; the same seed writes the same file.
    """
    count = gib << 18
    # As on a real machine: page 0 and what belongs to the firmware are missing.
    runs = [(1, 0x9F), (0x100, count - 0x9F)]
    numbers = np.concatenate([np.arange(first, first + size) for first, size in runs])
    shuffled = np.random.default_rng(seed).permutation(numbers)
    tables = _Tables(shuffled, gib)
    with path.open("wb") as file:
        file.write(_header(tables.root * PAGE, runs))
        file.truncate(HEADER + count * PAGE)
        for number, table in tables:
            _write_page(file, numbers, number, table.tobytes())
        first = (HAL - FIRST) // PAGE
        for at in range(first, first + HAL_SIZE // PAGE):
            address = struct.pack("<Q", FIRST + at * PAGE)
            _write_page(file, numbers, int(shuffled[at]), address * (PAGE // 8))
    return Written(tables.root * PAGE, count + len(tables.numbers))


class _Tables:
    """Page tables that map `shuffled` from FIRST on; they stand in the last pages of that order."""

    def __init__(self, shuffled: npt.NDArray[np.int64], gib: int) -> None:
        entries = (shuffled.astype(np.uint64) << np.uint64(12)) | np.uint64(_VALID | _WRITABLE)
        lowest = len(shuffled) // 512
        self.numbers = shuffled[-(lowest + gib + 2) :]
        named = entries[-(lowest + gib + 2) :]
        self.root = int(self.numbers[-1])
        upper = np.zeros((2, 512), np.uint64)
        upper[0, :gib] = named[lowest : lowest + gib]
        upper[1, _KERNEL] = named[-2]
        upper[1, _SELF] = named[-1]
        directories = named[:lowest].reshape(-1, 512)
        self._contents = np.concatenate([entries.reshape(-1, 512), directories, upper])

    def __iter__(self) -> Iterator[tuple[int, npt.NDArray[np.uint64]]]:
        return zip(self.numbers.tolist(), self._contents, strict=True)


def _write_page(
    file: BinaryIO, numbers: npt.NDArray[np.int64], number: int, contents: bytes
) -> None:
    file.seek(HEADER + int(np.searchsorted(numbers, number)) * PAGE)
    file.write(contents)


def _header(cr3: int, runs: list[tuple[int, int]]) -> bytes:
    out = bytearray(b"PAGE" * (HEADER // 4))
    struct.pack_into("<4s4sIIQQQQII", out, 0, b"PAGE", b"DU64", 15, 6001, cr3, 0, 0, 0, 0x8664, 2)
    struct.pack_into("<IxxxxQ", out, 0x88, len(runs), sum(size for _, size in runs))
    for number, run in enumerate(runs):
        struct.pack_into("<QQ", out, 0x98 + 16 * number, *run)
    struct.pack_into("<I", out, 0xF98, 1)
    return bytes(out)


if __name__ == "__main__":
    print(write_crash_dump(Path(sys.argv[1]), *map(int, sys.argv[2:3])))
