"""Compressed kdumps of Linux: what makedumpfile and QEMU's dump-guest-memory write.

Plain or flattened; also diskdump, their forerunner. Pages are unpacked where they are read.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from memtiles.errors import DumpError
from memtiles.memory.dump import Dump
from memtiles.memory.elf.notes import Note, notes
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.codecs import Codec
from memtiles.memory.files.packed_blocks import Blocks, PackedBlocks
from memtiles.memory.files.source import FileSource
from memtiles.memory.linux.flattened import SIGNATURE, Flattened, SizedSource
from memtiles.memory.linux.kdump_header import (
    DESCRIPTOR_SIZE,
    DISKDUMP,
    KDUMP,
    KdumpHeader,
    dumped_pages,
    kdump_header,
    read_at,
)
from memtiles.memory.machine.guest_tables import guest_tables
from memtiles.memory.machine.spaces import Machine, Paging, paging_of
from memtiles.memory.machine.vmcoreinfo import linux_release, parse_vmcoreinfo
from memtiles.memory.options import Options
from memtiles.memory.overlap import Addresses
from memtiles.memory.runs import Runs
from memtiles.memory.space import SpaceKind

_NOTES_LIMIT = 64 << 20
_DESCRIPTORS_AT_ONCE = 1 << 20

_LZO = 0x2
# Page flags that say how a page is packed; none of them: it is not.
_CODECS = {0: Codec.STORED, 0x1: Codec.ZLIB, 0x4: Codec.SNAPPY, 0x20: Codec.ZSTD}

_MACHINES = {"x86_64": "x86-64", "i386": "x86", "i586": "x86", "i686": "x86"}


class _Pages(NamedTuple):
    """Pages that can be read: their numbers, ascending, and where they are."""

    numbers: Addresses
    blocks: Blocks


class Kdump:
    """Files that begin with KDUMP or DISKDUMP, and the flattened ones."""

    name = "kdump"
    takes = frozenset({"cr3"})

    def sniff(self, head: bytes) -> bool:
        return head.startswith((KDUMP, DISKDUMP, SIGNATURE))

    def open(self, source: FileSource, options: Options) -> Dump:
        warnings: list[str] = []
        file = _unflattened(source, warnings)
        header = kdump_header(file)
        # In a flattened file the table may claim to lie in a gap of zeros, so that what counts is
        # the size of the file that is there.
        room = min(source.size, file.size - header.descriptors_at) // DESCRIPTOR_SIZE
        numbers = dumped_pages(file, header, max(0, room), warnings)
        pages = _readable(file, header, numbers, warnings)
        if header.is_incomplete:
            warnings.append("the dump says that it is incomplete: its writer ran out of room")
        if header.part:
            first, end = header.part
            warnings.append(
                f"one file of a split dump, with pages {first:#x} to {end:#x}: the others are "
                "holes; `makedumpfile --reassemble` joins them"
            )
        physical = _physical(file, header.block_size, pages)
        info = parse_vmcoreinfo(read_at(file, *_clipped(header.vmcoreinfo)))
        try:
            found = guest_tables(physical, _notes(file, header), info, header.bits)
        except DumpError as damage:  # of a packed page with tables: all others can be read
            warnings.append(f"no virtual addresses, their page tables cannot be read: {damage}")
            found = None
        told = Paging(found, linux_release(info) or header.system or None)
        paging = paging_of(physical, options.cr3, told)
        machine = Machine(physical, paging.tables)
        return Dump(
            name=source.name,
            format=self.name,
            size=source.size,
            spaces=machine.spaces,
            read_contents=machine.contents_of,
            machine=_MACHINES.get(header.machine, header.machine) or None,
            system=paging.system,
            address_bits=header.bits,
            byte_order="little" if header.order == "<" else "big",
            warnings=(*warnings, *machine.warnings),
            identity=source.identity,
            close=source.close,
        )


FORMAT = Kdump()


def _unflattened(source: FileSource, warnings: list[str]) -> SizedSource:
    if not source.read(0, len(SIGNATURE)).startswith(SIGNATURE):
        return source
    file = Flattened(source)
    warnings += file.warnings
    if not read_at(file, 0, len(KDUMP)).startswith((KDUMP, DISKDUMP)):
        raise DumpError(
            f"{source.name}: a flattened dump, but of another format than kdump: "
            "rebuild it with `makedumpfile -R`, which gives a file of its own format"
        )
    return file


def _readable(
    file: SizedSource, header: KdumpHeader, numbers: Addresses, warnings: list[str]
) -> _Pages:
    """Looks up the pages with these numbers; those whose descriptor is damaged are left out.

    Raises:
        DumpError: No page is left, or pages are packed with what is not read here.
    """
    row = np.dtype([("offset", "i8"), ("size", "u4"), ("flags", "u4"), ("page_flags", "u8")])
    row = row.newbyteorder(header.order)
    kept: list[tuple[Addresses, Blocks]] = []
    count = 0
    for start in range(0, len(numbers), _DESCRIPTORS_AT_ONCE):
        some = numbers[start : start + _DESCRIPTORS_AT_ONCE]
        data = read_at(file, header.descriptors_at + start * row.itemsize, len(some) * row.itemsize)
        table = np.frombuffer(data, row, len(data) // row.itemsize)
        flags = table["flags"]
        if bool(np.any(flags & _LZO)):
            raise DumpError(
                f"{file.name}: its pages are packed with lzo, which is not read here: pack them "
                "anew with `makedumpfile -c -d 0 DUMP NEW`"
            )
        codecs = np.full(len(table), 0xFF, np.uint8)
        for flag, codec in _CODECS.items():
            codecs[flags == flag] = codec
        offsets, sizes = table["offset"].astype(np.int64), table["size"].astype(np.uint32)
        # An offset of 0 is a page that was promised but not written any more. Packed pages are
        # smaller than whole ones: else the writer leaves them as they are.
        good = (offsets > 0) & (sizes > 0) & (codecs != 0xFF)
        good &= np.where(codecs == 0, sizes == header.block_size, sizes <= header.block_size)
        good &= offsets <= file.size - sizes.astype(np.int64)
        unpacked = np.full(int(good.sum()), header.block_size, np.uint32)
        blocks = Blocks(offsets[good].astype(np.uint64), sizes[good], unpacked, codecs[good])
        kept.append((some[: len(table)][good], blocks))
        count += len(unpacked)
    if not count:
        raise DumpError(f"{file.name}: the dump holds no memory: none of its pages can be read")
    if count < len(numbers):
        warnings.append(
            f"{len(numbers) - count} of {len(numbers)} pages are missing: their descriptors are "
            "empty, damaged, or point past the end of the file"
        )
    columns = zip(*(blocks for _, blocks in kept), strict=True)
    return _Pages(np.concatenate([each for each, _ in kept]), Blocks(*map(np.concatenate, columns)))


def _physical(file: SizedSource, block_size: int, pages: _Pages) -> ExtentSpace:
    # Neighbouring pages are neighbouring blocks: extents are as many as there are gaps.
    runs = Runs.of_sorted(pages.numbers, pages.numbers)
    counts = runs.lasts - runs.firsts + np.uint64(1)
    page = np.uint64(block_size)
    return ExtentSpace(
        SpaceKind.PHYSICAL,
        PackedBlocks(file, block_size, pages.blocks),
        runs.firsts * page,
        counts * page,
        (np.cumsum(counts) - counts) * page,
    )


def _notes(file: SizedSource, header: KdumpHeader) -> list[Note]:
    return list(notes(read_at(file, *_clipped(header.notes)), header.order, 4))


def _clipped(place: tuple[int, int]) -> tuple[int, int]:
    offset, size = place
    return (offset, min(size, _NOTES_LIMIT)) if offset > 0 else (0, 0)
