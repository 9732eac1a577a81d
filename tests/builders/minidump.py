"""A writer of minidumps after Microsoft's minidumpapiset.h. It shares no code with the reader."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

THREADS, MODULES, MEMORY, SYSTEM, MEMORY64 = 3, 4, 5, 7, 9
UNLOADED, MEMORY_INFO, THREAD_NAMES, LINUX_MAPS = 14, 16, 24, 0x47670009

COMMIT, RESERVE, FREE = 0x1000, 0x2000, 0x10000
IMAGE, MAPPED, PRIVATE = 0x1000000, 0x40000, 0x20000
READONLY, READWRITE, EXECUTE_READ, GUARD = 0x02, 0x04, 0x20, 0x100

_HEADER_SIZE = 32
_ROOM = 12  # entries of the directory; those not used stay 0, as Windows leaves them


@dataclass
class Info:
    """A row of the MemoryInfoList."""

    base: int
    size: int
    allocation: int | None = None
    state: int = COMMIT
    protect: int = READWRITE
    type: int = PRIVATE


@dataclass
class Thread:
    """A thread; the bytes of its stack are written where `stack` has some, at `rva` else."""

    id: int
    address: int = 0
    stack: bytes = b""
    size: int | None = None
    rva: int | None = None
    teb: int = 0


@dataclass
class Minidump:
    """Streams are added one by one; `data` is the file."""

    count: int | None = None
    directory_at: int = _HEADER_SIZE
    entries: list[tuple[int, int, int]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)

    @property
    def data(self) -> bytes:
        entries = b"".join(struct.pack("<III", *entry) for entry in self.entries)
        count = _ROOM if self.count is None else self.count
        header = struct.pack("<4sIIIIIQ", b"MDMP", 0xA793, count, self.directory_at, 0, 0, 0)
        return header + entries.ljust(12 * _ROOM, b"\0") + self.body

    def put(self, data: bytes) -> int:
        """Appends bytes without any alignment; gives where they stand in the file."""
        self.body += data
        return _HEADER_SIZE + 12 * _ROOM + len(self.body) - len(data)

    def string(self, text: str, *, counts_nul: bool = False) -> int:
        data = text.encode("utf-16-le")
        size = len(data) + (2 if counts_nul else 0)
        return self.put(struct.pack("<I", size) + data + b"\0\0")

    def stream(self, type: int, data: bytes, size: int | None = None) -> Minidump:
        at = self.put(data)
        self.entries.append((type, len(data) if size is None else size, at))
        return self

    def list(
        self, type: int, rows: list[bytes], *, count: int | None = None, padded: bool = False
    ) -> Minidump:
        head = struct.pack("<I", len(rows) if count is None else count)
        return self.stream(type, head + (b"\xcc" * 4 if padded else b"") + b"".join(rows))

    def system(
        self,
        architecture: int = 9,
        platform: int = 2,
        version: tuple[int, int, int] = (10, 0, 19041),
        words: str = "",
    ) -> Minidump:
        at = self.string(words)
        head = struct.pack("<HHHBB", architecture, 6, 0, 8, 1)
        return self.stream(SYSTEM, head + struct.pack("<IIIII", *version, platform, at) + bytes(28))

    def memory(
        self,
        ranges: list[tuple[int, bytes]],
        *,
        count: int | None = None,
        padded: bool = False,
        extra: tuple[bytes, ...] = (),
    ) -> Minidump:
        """`extra` rows are written as they are, before those of the ranges."""
        rows = [struct.pack("<QII", at, len(data), self.put(data)) for at, data in ranges]
        return self.list(MEMORY, [*extra, *rows], count=count, padded=padded)

    def memory64(
        self,
        ranges: list[tuple[int, bytes]],
        *,
        count: int | None = None,
        base: int | None = None,
        sizes: list[int] | None = None,
    ) -> Minidump:
        """The bytes follow the list, as in real full dumps."""
        sizes = [len(data) for _, data in ranges] if sizes is None else sizes
        rows = b"".join(
            struct.pack("<QQ", at, size) for (at, _), size in zip(ranges, sizes, strict=True)
        )
        here = self.put(b"")
        start = here + 16 + len(rows) if base is None else base
        number = len(ranges) if count is None else count
        self.stream(MEMORY64, struct.pack("<QQ", number, start) + rows)
        self.put(b"".join(data for _, data in ranges))
        return self

    def modules(
        self,
        modules: list[tuple[int, int, str]],
        *,
        count: int | None = None,
        padded: bool = False,
        counts_nul: bool = False,
    ) -> Minidump:
        rows = [
            struct.pack("<QIIII", base, size, 0, 0, self.string(name, counts_nul=counts_nul))
            + bytes(84)
            for base, size, name in modules
        ]
        return self.list(MODULES, rows, count=count, padded=padded)

    def unloaded(self, modules: list[tuple[int, int, str]]) -> Minidump:
        rows = [
            struct.pack("<QIIII", base, size, 0, 0, self.string(name))
            for base, size, name in modules
        ]
        return self.stream(UNLOADED, struct.pack("<III", 12, 24, len(rows)) + b"".join(rows))

    def memory_info(
        self,
        infos: list[Info],
        *,
        count: int | None = None,
        header_size: int = 16,
        row_size: int = 48,
    ) -> Minidump:
        number = len(infos) if count is None else count
        out = struct.pack("<IIQ", header_size, row_size, number).ljust(header_size, b"\xcc")
        for info in infos:
            allocation = info.base if info.allocation is None else info.allocation
            row = struct.pack("<QQII", info.base, allocation, info.protect, 0)
            row += struct.pack("<QIIII", info.size, info.state, info.protect, info.type, 0)
            out += row.ljust(row_size, b"\xdd")
        return self.stream(MEMORY_INFO, out)

    def threads(
        self, threads: list[Thread], *, count: int | None = None, padded: bool = False
    ) -> Minidump:
        rows = []
        for thread in threads:
            at = self.put(thread.stack) if thread.stack else 0
            at = at if thread.rva is None else thread.rva
            size = len(thread.stack) if thread.size is None else thread.size
            rows.append(
                struct.pack("<IIIIQ", thread.id, 0, 0, 0, thread.teb)
                + struct.pack("<QII", thread.address, size, at)
                + struct.pack("<II", 0, 0)
            )
        return self.list(THREADS, rows, count=count, padded=padded)

    def thread_names(self, names: dict[int, str], *, count: int | None = None) -> Minidump:
        rows = [struct.pack("<IQ", id, self.string(name)) for id, name in names.items()]
        return self.list(THREAD_NAMES, rows, count=count)
