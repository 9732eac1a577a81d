"""LiME images of a Linux machine's memory; `avml` without --compress writes them, too."""

from __future__ import annotations

from array import array

from memtiles.errors import DumpError, LimitError
from memtiles.memory.dump import Dump
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.linux.lime_image import (
    RANGES_LIMIT,
    SIZE,
    LimeHeader,
    image_dump,
    warn_of_tail,
)
from memtiles.memory.options import Options
from memtiles.memory.runs import Runs
from memtiles.memory.space import SpaceKind

_MAGIC = b"EMiL"  # 0x4c694d45: "LiME" read from its end
_VERSION = 1


class Lime:
    """Files that begin with a LiME header."""

    name = "lime"
    takes = frozenset({"cr3"})

    def sniff(self, head: bytes) -> bool:
        return head.startswith(_MAGIC)

    def open(self, source: FileSource, options: Options) -> Dump:
        warnings: list[str] = []
        cut: list[tuple[int, int]] = []
        physical = ExtentSpace(SpaceKind.PHYSICAL, source, *_ranges(source, cut, warnings))
        return image_dump(self.name, source, options, physical, warnings, Runs.of(cut))


FORMAT = Lime()


def _ranges(
    source: FileSource, cut: list[tuple[int, int]], warnings: list[str]
) -> tuple[array[int], array[int], array[int]]:
    """Addresses, sizes and offsets of the ranges, as far as they are in the file.

    The last one may reach past its end: `cut` takes its address and whole size.
    """
    addresses, sizes, offsets = array("Q"), array("Q"), array("Q")
    at = 0
    while (header := LimeHeader.read(source, at)) and header[:2] == (_MAGIC, _VERSION):
        if len(addresses) == RANGES_LIMIT:
            raise LimitError(f"{source.name}: more than {RANGES_LIMIT} ranges of memory")
        at += SIZE
        present = min(header.size, source.size - at)
        addresses.append(header.start)
        sizes.append(present)
        offsets.append(at)
        at += present
        if present < header.size:
            cut.append((header.start, header.size))
            warnings.append(
                f"the dump is cut short at {source.size} bytes: {header.size - present} of the "
                f"{header.size} bytes of its last range are missing"
            )
    if not any(sizes):
        raise DumpError(
            f"{source.name}: holds no memory: its first LiME header is cut, damaged, or not of "
            f"version {_VERSION}"
        )
    warn_of_tail(source, at, "LiME", warnings)
    return addresses, sizes, offsets
