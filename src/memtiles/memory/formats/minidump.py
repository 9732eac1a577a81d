"""Minidumps: what Windows, Wine, breakpad and crashpad write of one process, small or full.

After Microsoft's minidumpapiset.h and breakpad's minidump_format.h; what differs in the wild is
said where it is handled. A minidump is a bag of streams of which each may be missing: the reader
opens whatever tells of memory or of modules.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from memtiles.errors import DumpError
from memtiles.memory.dump import Contents, Dump, Module
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.minidump.linux_maps import linux_mappings, whole_images, with_landmarks
from memtiles.memory.minidump.memory import memory_ranges
from memtiles.memory.minidump.modules import minidump_modules
from memtiles.memory.minidump.streams import MAGIC, Streams, StreamType
from memtiles.memory.minidump.system import System, read_system
from memtiles.memory.minidump.threads import named_threads, thread_rows
from memtiles.memory.options import Options
from memtiles.memory.overlap import Addresses
from memtiles.memory.process.bare_ranges import with_bare_ranges
from memtiles.memory.process.landmarks import stacks_of
from memtiles.memory.process.listed_modules import ModuleTable
from memtiles.memory.space import SpaceKind
from memtiles.memory.windows.process import process_landmarks
from memtiles.memory.windows.regions import (
    REGION64,
    WindowsRegions,
    mappings_of_regions,
    regions_of,
)


class Minidump:
    """Files that start with MDMP, little endian."""

    name = "minidump"
    takes: frozenset[str] = frozenset()

    def sniff(self, head: bytes) -> bool:
        return head.startswith(MAGIC)

    def open(self, source: FileSource, options: Options) -> Dump:
        streams = Streams(source)
        system = read_system(streams)
        rows = thread_rows(streams)
        threads = named_threads(streams, rows, system)
        ranges = memory_ranges(streams, rows, system)
        regions = _regions(streams, system)
        maps = linux_mappings(streams)
        modules = whole_images(minidump_modules(streams, system), maps)
        if not (len(ranges.sizes) or len(regions.firsts) or maps or modules):
            raise DumpError(
                f"{source.name}: the minidump tells of no memory and no module; "
                "`--format raw` pictures the file as it is"
            )

        space = ExtentSpace(
            SpaceKind.VIRTUAL, source, ranges.addresses, ranges.present, ranges.offsets
        )

        def contents() -> Contents:
            table = ModuleTable(modules)
            landmarks = stacks_of(threads)
            if (system.name or "").startswith("Windows") and system.machine in ("x86", "x86-64"):
                landmarks += process_landmarks(space, threads, system.bits)
            if maps:
                described = with_landmarks(maps, landmarks)
            else:
                described = mappings_of_regions(regions, table, landmarks)
            return Contents(with_bare_ranges(described, ranges, table, landmarks), modules)

        return Dump(
            name=source.name,
            format=self.name,
            size=source.size,
            spaces=(space,),
            read_contents=lambda _: contents(),
            machine=system.machine,
            system=system.name,
            address_bits=_width(system, [ranges.lasts, regions.lasts], modules),
            warnings=tuple(streams.warnings),
            identity=source.identity,
            close=source.close,
        )


FORMAT = Minidump()


def _regions(streams: Streams, system: System) -> WindowsRegions:
    rows = streams.table_of(StreamType.MEMORY_INFO_LIST, REGION64)
    return regions_of(
        system.addresses(rows["base"].astype(np.uint64)),
        system.addresses(rows["allocation"].astype(np.uint64)),
        rows,
        streams.warnings,
    )


def _width(system: System, lasts: Sequence[Addresses], modules: Sequence[Module]) -> int:
    """How wide addresses are: 64 bits for a dump that calls itself one of 32 but has wider ones."""
    highest = [int(column.max()) for column in lasts if len(column)]
    highest += [module.span.end - 1 for module in modules]
    return 32 if system.bits == 32 and max(highest, default=0) < 1 << 32 else 64
