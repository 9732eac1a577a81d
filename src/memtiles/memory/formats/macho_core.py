"""Mach-O cores: what macOS and lldb write of a process.

The layout is that of <mach-o/loader.h>: a header, then load commands, of which LC_SEGMENT and
LC_SEGMENT_64 are pieces of memory.
"""

from __future__ import annotations

import struct
from typing import Literal, NamedTuple

import numpy as np

from memtiles.errors import DumpError, LimitError
from memtiles.memory.dump import Contents, Dump
from memtiles.memory.elf.core_mappings import mappings_of
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.options import Options
from memtiles.memory.space import SpaceKind

_CORE = 4  # MH_CORE

# Stated limits. A process has some thousand segments.
_COMMANDS_LIMIT = 1 << 18
_TABLE_LIMIT = 64 << 20

_MACHINES = {
    7: "x86", 12: "arm", 18: "ppc",
    0x01000007: "x86-64", 0x0100000C: "aarch64", 0x01000012: "ppc64",
}  # fmt: skip


class _Layout(NamedTuple):
    """How numbers are written, and what a segment's command looks like.

    Attributes:
        order: "<" or ">".
        bits: 32 or 64.
        header_size: Bytes before the first command.
        segment: The number of the command.
        fields: Address, size in memory, offset, size in the file, two protections; at byte 24.
    """

    order: Literal["<", ">"]
    bits: Literal[32, 64]
    header_size: int
    segment: int
    fields: str


_LAYOUTS = {
    b"\xcf\xfa\xed\xfe": _Layout("<", 64, 32, 0x19, "<QQQQii"),
    b"\xfe\xed\xfa\xcf": _Layout(">", 64, 32, 0x19, ">QQQQii"),
    b"\xce\xfa\xed\xfe": _Layout("<", 32, 28, 0x01, "<IIIIii"),
    b"\xfe\xed\xfa\xce": _Layout(">", 32, 28, 0x01, ">IIIIii"),
}


class _Segment(NamedTuple):
    """A piece of memory: `size` addresses, of which `stored` have their bytes at `offset`."""

    address: int
    size: int
    offset: int
    stored: int
    flags: int


class MachoCore:
    """Mach-O files of type MH_CORE; programs and libraries are told apart in the error."""

    name = "macho-core"
    takes: frozenset[str] = frozenset()

    def sniff(self, head: bytes) -> bool:
        return head[:4] in _LAYOUTS

    def open(self, source: FileSource, options: Options) -> Dump:
        head = source.read(0, 28)
        layout = _LAYOUTS.get(head[:4])
        if layout is None or len(head) < 28:
            raise DumpError(f"{source.name}: not a Mach-O file, or cut inside its header")
        machine, _, type_, count, table_size = struct.unpack_from(layout.order + "5I", head, 4)
        if type_ != _CORE:
            raise DumpError(
                f"{source.name}: a Mach-O file, but of type {type_} and not a core; "
                "`format: raw` pictures any file"
            )
        warnings: list[str] = []
        segments = _segments(source, layout, count, table_size, warnings)
        addresses, sizes, offsets = (
            np.array([segment[field] for segment in segments], np.uint64) for field in range(3)
        )
        present = _present(source, segments, warnings)
        mappings = mappings_of(addresses, sizes, [segment.flags for segment in segments], [])
        return Dump(
            name=source.name,
            format=self.name,
            size=source.size,
            spaces=(ExtentSpace(SpaceKind.VIRTUAL, source, addresses, present, offsets),),
            read_contents=lambda _: Contents(mappings),
            machine=_MACHINES.get(machine),
            address_bits=layout.bits,
            byte_order="little" if layout.order == "<" else "big",
            warnings=tuple(warnings),
            identity=source.identity,
            close=source.close,
        )


FORMAT = MachoCore()


def _segments(
    source: FileSource, layout: _Layout, count: int, table_size: int, warnings: list[str]
) -> list[_Segment]:
    """The segments that have addresses, cut to the address space.

    Raises:
        DumpError: There are none.
        LimitError: There are too many commands.
    """
    table = source.read(layout.header_size, min(table_size, _TABLE_LIMIT))
    segments = []
    at = 0
    for number in range(count):
        if number == _COMMANDS_LIMIT:
            raise LimitError(f"{source.name}: more than {_COMMANDS_LIMIT} load commands")
        head = table[at : at + 8]
        command, size = struct.unpack(layout.order + "II", head) if len(head) == 8 else (0, 0)
        if size < 8 or at + size > len(table):
            warnings.append(f"the load commands are cut or damaged: {number} of {count} are read")
            break
        fields_size = struct.calcsize(layout.fields)
        if command == layout.segment and size >= 24 + fields_size:
            address, memory, offset, stored, _, protection = struct.unpack_from(
                layout.fields, table, at + 24
            )
            memory = min(memory, (1 << layout.bits) - address)
            if memory:
                stored = min(stored, memory)
                segments.append(_Segment(address, memory, offset, stored, _flags(protection)))
        at += size
    if not segments:
        raise DumpError(f"{source.name}: the core holds no memory: it has no segment")
    return segments


def _flags(protection: int) -> int:
    """Mach has read in the lowest bit and execute in the third, ELF the other way round."""
    return protection >> 2 & 1 | protection & 2 | (protection & 1) << 2


def _present(source: FileSource, segments: list[_Segment], warnings: list[str]) -> list[int]:
    """How much of each segment is in the file."""
    present = [max(0, min(each.stored, source.size - each.offset)) for each in segments]
    missing = sum(segment.stored for segment in segments) - sum(present)
    if missing:
        warnings.append(
            f"the dump is cut short at {source.size} bytes: {missing} bytes of its segments are "
            "missing"
        )
    return present
