"""A writer of compressed kdumps after makedumpfile's IMPLEMENTATION. No code of the reader's."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

ZLIB, LZO, SNAPPY, ZSTD = 1, 2, 4, 0x20


def _snappy(page: bytes) -> bytes:
    return bytes(pytest.importorskip("cramjam").snappy.compress_raw(page))


def _zstd(page: bytes) -> bytes:
    return bytes(pytest.importorskip("cramjam").zstd.compress(page))


PACKERS: dict[int, Callable[[bytes], bytes]] = {
    0: bytes,
    ZLIB: zlib.compress,
    LZO: lambda page: page[:100],  # not lzo: nobody here can read it
    SNAPPY: _snappy,
    ZSTD: _zstd,
}


@dataclass
class Kdump:
    """What a kdump is made of; a field that is None follows from the others.

    Attributes:
        pages: Contents by page number.
        flags: How all pages are packed; those that do not shrink are left as they are.
        not_dumped: Pages that are memory but were left out.
        descriptors: Overrides fields of single descriptors, by page number: (offset, size, flags).
    """

    pages: dict[int, bytes]
    flags: int = ZLIB
    signature: bytes = b"KDUMP   "
    version: int = 6
    bits: int = 64
    order: str = "<"
    machine: bytes = b"x86_64"
    sysname: bytes = b""
    release: bytes = b""
    block_size: int = 4096
    status: int = 0
    sub_blocks: int | None = None
    bitmap_blocks: int | None = None
    max_mapnr: int | None = None
    bitmaps: int = 2
    split: tuple[int, int] | None = None
    vmcoreinfo: bytes = b""
    vmcoreinfo_place: tuple[int, int] | None = None
    notes: bytes = b""
    notes_place: tuple[int, int] | None = None
    not_dumped: tuple[int, ...] = ()
    descriptors: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    def bytes(self) -> bytes:
        """The file. All zero pages share one descriptor's place, as makedumpfile does it."""
        size = self.block_size
        count = max([*self.pages, *self.not_dumped], default=0) + 1
        blocks = (count + 8 * size - 1) // (8 * size)
        dumped, memory = bytearray(blocks * size), bytearray(blocks * size)
        for page in (*self.pages, *self.not_dumped):
            memory[page >> 3] |= 1 << (page & 7)
        for page in self.pages:
            dumped[page >> 3] |= 1 << (page & 7)
        bitmap = bytes(memory + dumped) if self.bitmaps == 2 else bytes(dumped)
        max_mapnr = count if self.max_mapnr is None else self.max_mapnr
        sub = self._sub_header(max_mapnr, size).ljust(size, b"\0")
        header = self._header(max_mapnr, self.bitmaps * blocks).ljust(size, b"\0")
        table, data = self._pages(len(header + sub + bitmap))
        return header + sub + bitmap + table + data

    def _header(self, max_mapnr: int, blocks: int) -> bytes:
        names = (self.sysname, b"node", self.release, b"#1", self.machine, b"domain")
        out = self.signature + struct.pack(self.order + "i", self.version)
        out += b"".join(name.ljust(65, b"\0") for name in names)
        out = out.ljust(424 if self.bits == 64 else 412, b"\0")
        return out + struct.pack(
            self.order + "IIIIIIIIIi",
            self.status,
            self.block_size,
            1 if self.sub_blocks is None else self.sub_blocks,
            blocks if self.bitmap_blocks is None else self.bitmap_blocks,
            min(max_mapnr, 0xFFFFFFFF),
            len(self.pages),
            0,
            len(self.pages),
            0,
            1,
        )

    def _sub_header(self, max_mapnr: int, start: int) -> bytes:
        first, end = self.split or (0, 0)
        if self.bits == 32:
            narrow = (0, 0, int(self.split is not None), first, end)
            return struct.pack(self.order + "IiiII", *narrow)
        out = struct.pack(self.order + "QiiQQ", 0, 0, int(self.split is not None), first, end)
        # The texts lie behind the numbers, in the same block.
        at = start + 104
        texts = self.vmcoreinfo, self.notes
        for text, place in zip(texts, (self.vmcoreinfo_place, self.notes_place), strict=True):
            out += struct.pack(self.order + "qQ", *(place or ((at, len(text)) if text else (0, 0))))
            at += len(text)
        out += struct.pack(self.order + "qQQQQ", 0, 0, first, end, max_mapnr)
        return out + b"".join(texts)

    def _pages(self, table_at: int) -> tuple[bytes, bytes]:
        low, high = self.split or (0, 1 << 64)
        here = {page: data for page, data in sorted(self.pages.items()) if low <= page < high}
        data_at = table_at + 24 * len(here)
        table, data = b"", b""
        places: dict[bytes, tuple[int, int, int]] = {}
        for number, page in here.items():
            if page not in places or any(page):
                packed, flags = PACKERS[self.flags](page), self.flags
                if len(packed) >= len(page):
                    packed, flags = page, 0
                places[page] = (data_at + len(data), len(packed), flags)
                data += packed
            offset, size, flags = self.descriptors.get(number, places[page])
            table += struct.pack(self.order + "qIIQ", offset, size, flags, 0)
        return table, data


def flattened(
    data: bytes,
    step: int = 1000,
    *,
    skip_zeros: bool = True,
    rewrites: dict[int, bytes] | None = None,
    end: bool = True,
) -> bytes:
    """A file as makedumpfile's records, of `step` bytes each.

    Args:
        data: The file.
        skip_zeros: Whether records of nothing but zeros are left out: gaps read as zeros.
        rewrites: Records that are written last, over what stands there, by offset.
        end: Whether the end mark is written.
    """
    out = b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1)
    out = out.ljust(4096, b"\0")
    records = [(at, data[at : at + step]) for at in range(0, len(data), step)]
    # The last one stays: it says how long the file is.
    kept = [each for each in records[:-1] if any(each[1]) or not skip_zeros] + records[-1:]
    for offset, record in (*kept, *(rewrites or {}).items()):
        out += struct.pack(">qq", offset, len(record)) + record
    return out + struct.pack(">qq", -1, -1) if end else out
