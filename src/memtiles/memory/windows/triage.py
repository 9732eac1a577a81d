"""Windows triage dumps ("small memory dumps"): pieces of virtual memory and a list of drivers.

They have no physical memory and no page tables. The layout is that of TRIAGE_DUMP64 and
TRIAGE_DUMP32 in mindumpdef.h; a real one of Windows 10 agrees.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from memtiles.errors import DumpError
from memtiles.memory.dump import Contents, Kind, Mapping, Module
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.process.modules import last_part
from memtiles.memory.runs import Runs, parting_gap
from memtiles.memory.space import AddressSpace, SpaceKind
from memtiles.memory.span import ADDRESS_LIMIT, Span
from memtiles.memory.windows.crash_header import PAGE_SIZE, CrashHeader
from memtiles.memory.windows.loader_entry import MODULES_LIMIT, LoaderEntry, utf16_text

_BLOCK = np.dtype([("address", "<u8"), ("offset", "<u4"), ("size", "<u4")])
# Stated limit: a real dump has some thousands.
_BLOCKS_LIMIT = 1 << 16
# What lies less than Windows' allocation granularity apart is listed as one, or more if too many.
_SMALLEST_GAP = 64 << 10
_MAPPINGS_LIMIT = 4096
_NAME_LIMIT = 1024  # characters


class _Fields(NamedTuple):
    """Where fields stand behind the dump's header; a position of several says their order.

    Attributes:
        stack: Offset and size of the current stack.
        stack_address: Its lowest address, though its name is TopOfStack.
        drivers: Offset and number of the drivers, offset of their names.
        page: Address, offset and size of one more page.
        blocks: Offset and number of the blocks of memory.
        size: Bytes of all fields.
        pointer: How an address is packed.
        entry_at: Where in a driver's row its loader entry begins.
        row_size: Bytes of such a row where the rows do not tell.
    """

    stack: int
    stack_address: int
    drivers: int
    page: int
    blocks: int
    size: int
    pointer: str
    entry_at: int
    row_size: int


_FIELDS = {
    64: _Fields(0x28, 0x48, 0x30, 0x60, 0x78, 0x80, "<Q", 8, 0x90),
    32: _Fields(0x28, 0x48, 0x30, 0x4C, 0x60, 0x68, "<I", 4, 0x4C),
}


@dataclass(frozen=True)
class Triage:
    """Where the tables of a triage dump are.

    Attributes:
        source: The file.
        bits: 64 or 32.
        drivers_at: Where the rows of drivers begin.
        driver_count: How many there should be.
        driver_size: Bytes of a row.
        space: The memory that the dump holds.
    """

    source: FileSource
    bits: int
    drivers_at: int
    driver_count: int
    driver_size: int
    space: ExtentSpace

    def contents_of(self, _: AddressSpace) -> Contents:
        """The drivers, and what memory there is outside of them."""
        warnings: list[str] = []
        modules = _drivers(self, warnings)
        return Contents(_blocks_outside(self, modules), modules, tuple(warnings))


def triage(source: FileSource, header: CrashHeader, warnings: list[str]) -> Triage:
    """Reads where everything is in a triage dump.

    Raises:
        DumpError: It is cut off before that.
    """
    fields = _FIELDS[header.bits]
    head = source.read(header.size, fields.size)
    if len(head) < fields.size:
        raise DumpError(f"{source.name}: the triage dump is cut inside its header")
    drivers_at, driver_count, names_at = struct.unpack_from("<III", head, fields.drivers)
    return Triage(
        source,
        header.bits,
        drivers_at,
        driver_count,
        _row_size(drivers_at, driver_count, names_at, fields),
        _memory(source, head, header.bits, warnings),
    )


def _row_size(drivers_at: int, count: int, names_at: int, fields: _Fields) -> int:
    """Bytes of a driver's row.

    The names follow the rows, on the next multiple of 8. Windows XP has rows of 0x4c bytes where
    later loader entries are longer, and no field tells.
    """
    size = (names_at - drivers_at) // count & ~3 if count else 0
    return size if fields.row_size <= size <= 2 * fields.row_size else fields.row_size


def _memory(source: FileSource, head: bytes, bits: int, warnings: list[str]) -> ExtentSpace:
    """The blocks, the current stack (which may be all there is), and one more page."""
    fields = _FIELDS[bits]
    blocks_at, count = struct.unpack_from("<II", head, fields.blocks)
    rows = _blocks(source, blocks_at, count, warnings)
    (stack_address,) = struct.unpack_from(fields.pointer, head, fields.stack_address)
    (page_address,) = struct.unpack_from(fields.pointer, head, fields.page)
    page_at = fields.page + struct.calcsize(fields.pointer)
    others = np.array(
        [
            (stack_address, *struct.unpack_from("<II", head, fields.stack)),
            (page_address, *struct.unpack_from("<II", head, page_at)),
        ],
        _BLOCK,
    )
    rows = np.append(rows, others[others["offset"] > 0])
    # 32-bit addresses stand there with the highest bit of their 32 spread over the upper half.
    addresses = rows["address"].astype(np.uint64) & np.uint64((1 << bits) - 1)
    offsets, claimed = rows["offset"].astype(np.uint64), rows["size"].astype(np.uint64)
    end = np.uint64(source.size)
    sizes = np.minimum(claimed, end - np.minimum(offsets, end))
    if bool(np.any(sizes < claimed)):
        warnings.append(
            f"the dump is cut short at {source.size} bytes: {int((sizes < claimed).sum())} of "
            f"{len(rows)} blocks of memory reach past its end"
        )
    room = np.uint64((1 << bits) - 1) - addresses  # one less than what fits
    beyond = (sizes > 0) & (sizes - np.uint64(1) > room)
    if bool(np.any(beyond)):
        warnings.append(f"{int(beyond.sum())} blocks leave the {bits}-bit addresses: left out")
        sizes = np.where(beyond, np.uint64(0), sizes)
    return ExtentSpace(SpaceKind.VIRTUAL, source, addresses, sizes, offsets)


def _blocks(
    source: FileSource, offset: int, count: int, warnings: list[str]
) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    room = min(max(0, source.size - offset) // _BLOCK.itemsize, _BLOCKS_LIMIT)
    if room < count:
        warnings.append(f"the table of memory blocks is cut: {room} of {count} are read")
    data = source.read(offset, min(room, count) * _BLOCK.itemsize)
    return np.frombuffer(data, _BLOCK, len(data) // _BLOCK.itemsize)


def _drivers(found: Triage, warnings: list[str]) -> tuple[Module, ...]:
    fields = _FIELDS[found.bits]
    room = max(0, found.source.size - found.drivers_at) // found.driver_size
    count = min(found.driver_count, room, MODULES_LIMIT)
    if count < found.driver_count:
        warnings.append(f"the list of drivers is cut: {count} of {found.driver_count} are read")
    table = found.source.read(found.drivers_at, count * found.driver_size)
    modules = []
    impossible = 0
    for row in range(0, len(table) // found.driver_size * found.driver_size, found.driver_size):
        entry = LoaderEntry.parse(
            table[row + fields.entry_at : row + found.driver_size], found.bits
        )
        span = entry.image(found.bits)
        if span is None:
            impossible += 1
            continue
        (name_at,) = struct.unpack_from("<I", table, row)
        path = _name(found.source, name_at) or f"module {entry.base:#x}"
        modules.append(Module(last_part(path), path, span))
    if impossible:
        warnings.append(f"{impossible} drivers have no possible address or size: left out")
    return tuple(sorted(modules, key=lambda module: module.span))


def _name(source: FileSource, at: int) -> str:
    """A DUMP_STRING: a count of characters (mindumpdef.h says bytes), then these and a NUL."""
    field = source.read(at, 4) if at else b""
    if len(field) < 4:
        return ""
    count = min(int.from_bytes(field, "little"), _NAME_LIMIT)
    return utf16_text(source.read(at + 4, 2 * count))


def _blocks_outside(found: Triage, modules: tuple[Module, ...]) -> tuple[Mapping, ...]:
    """Memory of no driver, by whole pages: a block of eight bytes is not worth a picture."""
    held = found.space.all_runs()
    if not len(held):
        return ()
    within = np.uint64(PAGE_SIZE - 1)
    firsts, lasts = held.firsts & ~within, held.lasts | within
    gaps = firsts[1:] - np.minimum(lasts[:-1], firsts[1:])
    apart = gaps > parting_gap(gaps, _MAPPINGS_LIMIT, _SMALLEST_GAP, _SMALLEST_GAP)
    blocks = Runs(firsts[np.append(True, apart)], lasts[np.append(apart, True)])
    images = Runs.of((module.span.start, module.span.size) for module in modules)
    outside = blocks.within(images.rest(ADDRESS_LIMIT))
    kernel = 1 << (found.bits - 1)
    return tuple(
        Mapping(Span(start, size), Kind.KERNEL if start >= kernel else Kind.ANONYMOUS)
        for start, size in outside
    )
