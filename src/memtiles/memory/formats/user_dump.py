"""User dumps: full dumps of one process by `userdump.exe`, and by WinDbg before minidumps came.

The structures are those of Microsoft's crash.h (`USERMODE_CRASHDUMP_HEADER64` and the `CRASH_`
ones). The 64-bit layout was held against a real file; the 32-bit one is the same with narrower
fields, and no real file of it was at hand.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.errors import DumpError, LimitError
from memtiles.memory.dump import Contents, Dump
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.options import Options
from memtiles.memory.overlap import Addresses
from memtiles.memory.process.bare_ranges import with_bare_ranges
from memtiles.memory.process.landmarks import Thread, stacks_of
from memtiles.memory.process.listed_modules import (
    MODULES_LIMIT,
    ListedModule,
    ModuleTable,
    modules_in_order,
)
from memtiles.memory.process.stored_ranges import back_to_back, held_ranges
from memtiles.memory.space import SpaceKind
from memtiles.memory.windows.machines import MACHINES
from memtiles.memory.windows.process import process_landmarks
from memtiles.memory.windows.regions import (
    PAGE_GUARD,
    REGION32,
    REGION64,
    mappings_of_regions,
    regions_of,
)

# Stated limits.
_REGIONS_LIMIT = 1 << 21
_THREADS_LIMIT = 1 << 16
_NAME_LIMIT = 1 << 16

_POINTER32, _POINTER64 = struct.Struct("<I"), struct.Struct("<Q")


class _Layout(NamedTuple):
    """What the width of addresses changes.

    Attributes:
        header: Behind magic and version: machine, counts of threads, modules and regions, places
            of contexts, modules, data, regions, debug event, threads and version.
        module: Base, size, and size of the name that follows.
        thread_size: Of a `CRASH_THREAD`: the id, three fields, the TEB, others.
        region: A row of the table of regions.
    """

    bits: int
    pointer: struct.Struct
    header: struct.Struct
    header_size: int
    module: struct.Struct
    thread_size: int
    region: np.dtype[Any]


_LAYOUTS = {
    b"USERDU64": _Layout(
        64, _POINTER64, struct.Struct("<6I7Q"), 0x60, struct.Struct("<QII"), 80, REGION64
    ),
    b"USERDUMP": _Layout(
        32, _POINTER32, struct.Struct("<6I7I"), 0x40, struct.Struct("<III"), 48, REGION32
    ),
}


class _Context(NamedTuple):
    """A processor's CONTEXT (winnt.h): its size, and the stack pointer in it."""

    size: int
    stack_at: int
    pointer: struct.Struct


_CONTEXTS = {"x86": _Context(0x2CC, 0xC4, _POINTER32), "x86-64": _Context(0x4D0, 0x98, _POINTER64)}


class _Header(NamedTuple):
    major: int
    minor: int
    machine: int
    threads: int
    modules: int
    regions: int
    contexts_at: int
    modules_at: int
    data_at: int
    regions_at: int
    event_at: int
    threads_at: int
    version_at: int


class UserDump:
    """Files that start with USERDU64 or USERDUMP."""

    name = "user-dump"
    takes: frozenset[str] = frozenset()

    def sniff(self, head: bytes) -> bool:
        return head[:8] in _LAYOUTS

    def open(self, source: FileSource, options: Options) -> Dump:
        layout = _LAYOUTS.get(source.read(0, 8))
        if layout is None:
            raise DumpError(
                f"{source.name}: not a user dump: it starts with neither USERDU64 nor USERDUMP"
            )
        head = source.read(8, layout.header.size)
        if len(head) < layout.header.size:
            raise DumpError(f"{source.name}: the user dump is cut inside its header")
        header = _Header(*layout.header.unpack(head))
        warnings: list[str] = []
        rows = _region_rows(source, layout, header, warnings)
        addresses = rows["base"].astype(np.uint64)
        stored = _stored_sizes(rows, header, source.size)
        ranges = held_ranges(
            addresses,
            stored,
            back_to_back(stored, header.data_at, source.size),
            layout.header_size,
            source.size,
            warnings,
        )
        regions = regions_of(addresses, rows["allocation"].astype(np.uint64), rows, warnings)
        modules = modules_in_order(_listed_modules(source, layout, header, warnings), warnings)
        if not (len(rows) or modules):
            raise DumpError(
                f"{source.name}: the user dump tells of no memory and no module; "
                "`--format raw` pictures the file as it is"
            )
        machine = MACHINES.get(header.machine)
        threads = list(_threads(source, layout, header, machine, warnings))
        space = ExtentSpace(
            SpaceKind.VIRTUAL, source, ranges.addresses, ranges.present, ranges.offsets
        )

        def contents() -> Contents:
            table = ModuleTable(modules)
            landmarks = stacks_of(threads)
            if machine in _CONTEXTS:
                landmarks += process_landmarks(space, threads, layout.bits)
            described = mappings_of_regions(regions, table, landmarks)
            return Contents(with_bare_ranges(described, ranges, table, landmarks), modules)

        return Dump(
            name=source.name,
            format=self.name,
            size=source.size,
            spaces=(space,),
            read_contents=lambda _: contents(),
            machine=machine,
            system=_system(header),
            address_bits=layout.bits,
            warnings=tuple(warnings),
            identity=source.identity,
            close=source.close,
        )


FORMAT = UserDump()


def _region_rows(
    source: FileSource, layout: _Layout, header: _Header, warnings: list[str]
) -> npt.NDArray[np.void]:
    """The regions that were dumped; their bytes stand in the same order from `data_at` on."""
    row_size = layout.region.itemsize
    room = max(0, source.size - header.regions_at) // row_size
    count = min(header.regions, room)
    if count < header.regions:
        warnings.append(f"the list of regions is cut: {count} of {header.regions} are in the file")
    if count > _REGIONS_LIMIT:
        raise LimitError(f"{source.name}: {count} regions; at most {_REGIONS_LIMIT} are read")
    data = source.read(header.regions_at, count * row_size)
    return np.frombuffer(data, layout.region, len(data) // row_size)


def _stored_sizes(rows: npt.NDArray[np.void], header: _Header, file_size: int) -> Addresses:
    """How many bytes of each region were dumped: all, or none of a guard page.

    Some writers list guard pages and leave their bytes out; crash.h has a flag for readers,
    `IgnoreGuardPages`, and no field in the file says which it is. Taken for stored, one page of
    4 KiB shifts all memory behind it. So the sizes must add up: the version follows the data.
    """
    sizes = rows["size"].astype(np.uint64)
    without = np.where(rows["protect"] & PAGE_GUARD, np.uint64(0), sizes)
    end = header.version_at if header.version_at > header.data_at else file_size
    fits = int(without.sum()) == end - header.data_at
    return without if fits else sizes


def _listed_modules(
    source: FileSource, layout: _Layout, header: _Header, warnings: list[str]
) -> Iterator[ListedModule]:
    """The modules, each with its name behind it, without any padding.

    Raises:
        LimitError: There are more than are read.
    """
    at = header.modules_at
    for number in range(header.modules):
        if number == MODULES_LIMIT:
            raise LimitError(
                f"{source.name}: {header.modules} modules; at most {MODULES_LIMIT} are read"
            )
        row = source.read(at, layout.module.size)
        if len(row) < layout.module.size:
            warnings.append(
                f"the list of modules is cut: {number} of {header.modules} are in the file"
            )
            return
        base, size, name_size = layout.module.unpack(row)
        name = source.read(at + len(row), min(name_size, _NAME_LIMIT))
        # In the code page of the machine, which the dump does not tell.
        yield ListedModule(base, size, name.split(b"\0")[0].decode("ascii", "backslashreplace"))
        at += len(row) + name_size


def _threads(
    source: FileSource,
    layout: _Layout,
    header: _Header,
    machine: str | None,
    warnings: list[str],
) -> Iterator[Thread]:
    """The threads, each with the stack pointer of its context where the processor is known."""
    context = _CONTEXTS.get(machine or "", _Context(0, 0, layout.pointer))
    for number in range(min(header.threads, _THREADS_LIMIT)):
        row = source.read(header.threads_at + number * layout.thread_size, layout.thread_size)
        if len(row) < layout.thread_size:
            warnings.append(
                f"the list of threads is cut: {number} of {header.threads} are in the file"
            )
            return
        (id,) = struct.unpack_from("<I", row)
        (teb,) = layout.pointer.unpack_from(row, 16)
        place = header.contexts_at + number * context.size + context.stack_at
        pointer = source.read(place, context.pointer.size) if context.size else b""
        is_whole = len(pointer) == context.pointer.size
        yield Thread(id, "", teb, context.pointer.unpack(pointer)[0] if is_whole else 0)


def _system(header: _Header) -> str:
    """The version as `GetVersion` gave it: the build stands in the upper half of the minor number.

    (The real file has 10 and 0x42ee0000; its ntdll is of version 10.0.17134.)
    """
    build = header.minor >> 16
    return f"Windows {header.major}.{header.minor & 0xFFFF}" + (f".{build}" if build else "")
