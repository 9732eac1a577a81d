"""What LiME and AVML images have in common: ranges of physical memory, each behind a header.

LiME, src/lime.h, lime_mem_range_header; AVML, src/image.rs: magic, version, first and last address,
eight bytes of nothing, all little-endian.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from memtiles.memory.dump import Dump
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.machine.spaces import Machine, Paging, paging_of
from memtiles.memory.options import Options
from memtiles.memory.runs import NO_RUNS, Runs
from memtiles.memory.space import SpaceKind

SIZE = 32
_HEADER = struct.Struct("<4sIQQQ")

RANGES_LIMIT = 1 << 20
"""How many ranges are read: AVML writes one for every 16 MiB."""


class LimeHeader(NamedTuple):
    """One header: the range begins at `start` and has `size` bytes."""

    magic: bytes
    version: int
    start: int
    size: int

    @classmethod
    def read(cls, source: FileSource, at: int) -> LimeHeader | None:
        """The header at an offset; None where the file ends or the range would be empty."""
        head = source.read(at, SIZE)
        if len(head) < SIZE:
            return None
        magic, version, start, last, _ = _HEADER.unpack(head)
        # The last address belongs to the range.
        return cls(magic, version, start, last - start + 1) if start <= last else None


def warn_of_tail(source: FileSource, at: int, kind: str, warnings: list[str]) -> None:
    """Says what follows the last range, unless that is nothing, or zeros.

    A copy to a disk or over the network rounds the file up to a whole number of blocks.
    """
    tail = source.read(at, 4096)
    if any(tail):
        warnings.append(
            f"from byte {at} on there is no {kind} header: the dump is damaged or cut there, the "
            f"last {source.size - at} bytes are not read"
        )


def image_dump(
    format: str,
    source: FileSource,
    options: Options,
    physical: ExtentSpace,
    warnings: list[str],
    claimed: Runs = NO_RUNS,
) -> Dump:
    """The dump of an image that says nothing of its machine but which memory should be in it.

    Page tables are searched for where virtual addresses are asked for, and not else: all memory
    has to be read for it.

    Raises:
        DumpError: None are found.
    """
    cr3 = options.cr3
    if cr3 is None and options.space is SpaceKind.VIRTUAL:
        cr3 = "auto"
    paging = paging_of(physical, cr3, Paging(None))
    machine = Machine(physical, paging.tables, claimed=claimed)
    return Dump(
        name=source.name,
        format=format,
        size=source.size,
        spaces=machine.spaces,
        read_contents=machine.contents_of,
        machine=machine.virtual.tables.mode.machine if machine.virtual else None,
        system=paging.system,
        warnings=(*warnings, *machine.warnings),
        identity=source.identity,
        close=source.close,
    )
