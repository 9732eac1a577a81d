"""Which physical pages a Windows crash dump holds, and where they stand in it.

In every kind of dump the pages stand one after the other from some offset on, in the order in which
a table lists them: runs in the header, a bitmap with a bit for each page, or ranges of pages.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from memtiles.errors import DumpError, LimitError
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.overlap import Addresses
from memtiles.memory.runs import NO_RUNS, Runs
from memtiles.memory.space import SpaceKind
from memtiles.memory.windows.crash_header import (
    DUMP_COMPLETE,
    DUMP_FULL,
    DUMP_SUMMARY,
    PAGE_SIZE,
    CrashHeader,
)

# Physical addresses have 52 bits.
_PAGES = 1 << 40
# Stated limit of the bits of a bitmap: 64 TiB of memory.
_BITMAP_LIMIT = 1 << 34
# Bytes of a table at a time: a bitmap of every other page takes some hundred times as much memory.
_STEP = 1 << 16

_RANGE = np.dtype([("first", "<u8"), ("count", "<u8")])

Rows = Iterable[tuple[Addresses, Addresses]]
"""First pages and numbers of pages, some rows at a time."""


class _Table(NamedTuple):
    """What lists the pages.

    Attributes:
        rows: Neighbouring pages.
        offset: Where in the file the first page stands.
        claimed: How many pages the file says that there are; None where it does not.
    """

    rows: Rows
    offset: int
    claimed: int | None = None


def physical_memory(source: FileSource, header: CrashHeader, warnings: list[str]) -> ExtentSpace:
    """The physical memory that a dump holds.

    Raises:
        DumpError: The dump tells no memory, or its table is damaged beyond use.
        LimitError: The table is larger than a stated limit.
    """
    table = _runs(source, header, warnings) if header.dump_type == DUMP_FULL else None
    if table is None:
        head = source.read(header.size, 0x38)
        if head[:8] in (b"SDMPDUMP", b"FDMPDUMP"):
            table = _bitmap(source, header, head, warnings)
        elif head[4:12] == b"RDMPDUMP":
            table = _ranges(source, header, head)
        else:
            raise DumpError(
                f"{source.name}: a crash dump of type {header.dump_type:#x} without a table of its "
                f"pages (SDMP, FDMP or RDMP) at byte {header.size:#x}: cut, damaged, or of a kind "
                "that is not read"
            )
    addresses, sizes, offsets = _placed(source, table, warnings)
    return ExtentSpace(SpaceKind.PHYSICAL, source, addresses, sizes, offsets)


def claimed_memory(header: CrashHeader) -> Runs:
    """The memory that a full dump should hold; the others leave out what they like."""
    if header.dump_type != DUMP_FULL:
        return NO_RUNS
    runs = zip(header.firsts.tolist(), header.counts.tolist(), strict=True)
    return Runs.of(
        (first * PAGE_SIZE, count * PAGE_SIZE) for first, count in runs if first + count <= _PAGES
    )


def _runs(source: FileSource, header: CrashHeader, warnings: list[str]) -> _Table:
    """Type 1: all of memory, in the runs of the header."""
    if header.claimed_runs is None:
        raise DumpError(f"{source.name}: the crash dump tells no physical memory: it is damaged")
    held = len(header.firsts)
    if held < header.claimed_runs:
        warnings.append(
            f"the header has room for {held} of {header.claimed_runs} runs of physical memory: the "
            "others are not read"
        )
    claimed = sum(header.counts.tolist())
    return _Table([(header.firsts, header.counts)], header.size, claimed)


def _bitmap(source: FileSource, header: CrashHeader, head: bytes, warnings: list[str]) -> _Table:
    """Types 5 and 6, and 2 of old: a bit for each page of memory, that of the lowest page first.

    BITMAP_DUMP of Windows 8 and later, the same for 32 and 64 bits: at 0x20 the offset of the first
    page, the number of pages that are there, and the number of bits (kdmp-parser, volatility3).
    """
    if header.dump_type == DUMP_SUMMARY and (old := _old_bitmap(header, head)) is not None:
        bits_at, offset, claimed, bits = old
    elif len(head) < 0x38:
        raise DumpError(f"{source.name}: the crash dump is cut inside the head of its page bitmap")
    else:
        offset, claimed, bits = struct.unpack_from("<QQQ", head, 0x20)
        bits_at = header.size + 0x38
    if offset < bits_at:
        raise DumpError(
            f"{source.name}: the first page should stand at byte {offset:#x}, which is inside the "
            "header: the crash dump is damaged"
        )
    room = 8 * (min(offset, source.size) - bits_at)
    if room < bits:
        warnings.append(
            f"the bitmap of pages is cut: {max(0, room)} of {bits} bits are in the file"
        )
        bits = max(0, room)
    if bits > _BITMAP_LIMIT:
        raise LimitError(
            f"{source.name}: a bitmap of {bits} pages; at most {_BITMAP_LIMIT} are read"
        )
    return _Table(_set_bits(source, bits_at, bits), offset, claimed)


def _old_bitmap(header: CrashHeader, head: bytes) -> tuple[int, int, int, int] | None:
    """Where the bits begin, the first page, the pages that are there, and the number of bits.

    SUMMARY_DUMP32 and SUMMARY_DUMP64, which kernel dumps had up to Windows 7: the same magic, but
    32-bit fields at 0xc, and the number of bits twice. mindumpdef.h still has them; the
    RTL_BITMAP at 0x18 has a pointer in it, so the bits begin at 0x20 or 0x28.
    """
    if len(head) < 0x1C:
        return None
    offset, bits, claimed, again = struct.unpack_from("<IIII", head, 0xC)
    bits_at = header.size + (0x28 if header.bits == 64 else 0x20)
    # In the newer layout these bytes are zero, or "PAGE" again and again.
    fits = 0 < bits == again and bits_at + bits // 8 <= offset
    if not fits or head[0xC:0x10] == head[0x10:0x14] == b"PAGE":
        return None
    return bits_at, offset, claimed, bits


def _set_bits(source: FileSource, at: int, bits: int) -> Iterator[tuple[Addresses, Addresses]]:
    """Neighbouring bits that are set, cut where a step of reading ends."""
    for start in range(0, bits, 8 * _STEP):
        data = source.read(at + start // 8, min(_STEP, (bits - start + 7) // 8))
        if data.count(0) == len(data):
            continue
        flags = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[: bits - start]
        zero = np.zeros(1, np.uint8)
        edges = np.flatnonzero(np.diff(flags, prepend=zero, append=zero)).astype(np.uint64)
        yield edges[0::2] + np.uint64(start), edges[1::2] - edges[0::2]


def _ranges(source: FileSource, header: CrashHeader, head: bytes) -> _Table:
    """Types 8, 9 and 0xa of WinDbg's newer `.dump`: ranges of pages.

    kdmp-parser, which is the only source: the offset of the first page at 0x18 and, in type 0xa,
    the number of pages at 0x28; ranges from 0x30 up to the first page or to a range of page 0. The
    size of the table at 0x10 says the same as the first page's offset and is not looked at.
    """
    if len(head) < 0x30:
        raise DumpError(f"{source.name}: the crash dump is cut inside the head of its page ranges")
    (offset,) = struct.unpack_from("<Q", head, 0x18)
    (total,) = struct.unpack_from("<Q", head, 0x28)
    ranges_at = header.size + 0x30
    if offset < ranges_at:
        raise DumpError(
            f"{source.name}: the first page should stand at byte {offset:#x}, which is inside the "
            "header: the crash dump is damaged"
        )
    end = min(offset, source.size)
    claimed = total if header.dump_type == DUMP_COMPLETE else None
    return _Table(_read_ranges(source, ranges_at, end), offset, claimed)


def _read_ranges(source: FileSource, at: int, end: int) -> Iterator[tuple[Addresses, Addresses]]:
    for start in range(at, end, _STEP):
        data = source.read(start, min(_STEP, end - start))
        rows = np.frombuffer(data, _RANGE, len(data) // _RANGE.itemsize)
        firsts, counts = rows["first"].astype(np.uint64), rows["count"].astype(np.uint64)
        ends = np.flatnonzero(firsts == 0)
        if len(ends):
            yield firsts[: ends[0]], counts[: ends[0]]
            return
        yield firsts, counts


def _placed(
    source: FileSource, table: _Table, warnings: list[str]
) -> tuple[Addresses, Addresses, Addresses]:
    """Addresses, sizes and offsets of the pages that are in the file; the last may be cut."""
    room = max(0, source.size - table.offset)
    most = np.uint64(room // PAGE_SIZE + 1)
    kept = [(np.zeros(0, np.uint64),) * 3]
    listed = outside = 0
    for firsts, claimed in table.rows:
        # No page lies behind 52 bits. This bounds the sums, too.
        counts = np.minimum(claimed, np.uint64(_PAGES) - np.minimum(firsts, np.uint64(_PAGES)))
        outside += int(np.count_nonzero(counts < claimed))
        before = np.uint64(listed) + np.minimum(np.cumsum(counts) - counts, most)
        held = (counts > 0) & (before < most)
        starts = before[held] * np.uint64(PAGE_SIZE)
        sizes = np.minimum(counts[held], most) * np.uint64(PAGE_SIZE)
        left = np.uint64(room) - np.minimum(starts, np.uint64(room))
        addresses = firsts[held] << np.uint64(12)
        kept.append((addresses, np.minimum(sizes, left), np.uint64(table.offset) + starts))
        listed += int(counts.sum())
        if listed * PAGE_SIZE > room:
            break  # a hostile table goes on and on
    if outside:
        warnings.append(f"{outside} runs of pages leave the 52-bit physical addresses: cut there")
    if listed * PAGE_SIZE > room:
        whole = room // PAGE_SIZE
        of_all = f" of {table.claimed}" if (table.claimed or 0) > whole else ""
        warnings.append(
            f"the dump is cut short at {source.size} bytes: {whole}{of_all} pages are whole in it"
        )
    elif table.claimed not in (None, listed):
        warnings.append(f"the dump should hold {table.claimed} pages, but its table lists {listed}")
    addresses, sizes, offsets = (np.concatenate(column) for column in zip(*kept, strict=True))
    return addresses, sizes, offsets
