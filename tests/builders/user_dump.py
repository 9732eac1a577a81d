"""A writer of user dumps after Microsoft's crash.h. It shares no code with the reader."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field


@dataclass
class Region:
    """A region of memory; `size` is what the table says, by default that of its data."""

    base: int
    data: bytes = b""
    allocation: int | None = None
    size: int | None = None
    state: int = 0x1000
    protect: int = 4
    type: int = 0x20000


@dataclass
class UserDump:
    """What the dump tells; a field that is None follows from the rest."""

    regions: list[Region] = field(default_factory=list)
    modules: list[tuple[int, int, bytes]] = field(default_factory=list)
    threads: list[tuple[int, int]] = field(default_factory=list)  # id, stack pointer
    bits: int = 64
    machine: int | None = None
    version: tuple[int, int] = (10, 0x42EE0000)
    region_count: int | None = None
    module_count: int | None = None
    thread_count: int | None = None
    version_text: bytes = b""
    places: dict[str, int] = field(default_factory=dict)

    @property
    def data(self) -> bytes:
        wide = self.bits == 64
        word = "Q" if wide else "I"
        header_size = 0x60 if wide else 0x40
        machine = self.machine or (0x8664 if wide else 0x14C)
        context_size, pointer_at = (0x4D0, 0x98) if wide else (0x2CC, 0xC4)
        out = bytearray(header_size)

        places = {"event": len(out)}
        out += b"\xee" * 0xB0
        places["regions"] = len(out)
        for region in self.regions:
            size = len(region.data) if region.size is None else region.size
            allocation = region.base if region.allocation is None else region.allocation
            if wide:
                out += struct.pack("<QQIIQIIII", region.base, allocation, region.protect, 0, size,
                                   region.state, region.protect, region.type, 0)  # fmt: skip
            else:
                out += struct.pack("<7I", region.base, allocation, region.protect, size,
                                   region.state, region.protect, region.type)  # fmt: skip
        places["contexts"] = len(out)
        for _, pointer in self.threads:
            context = bytearray(context_size)
            struct.pack_into("<" + word, context, pointer_at, pointer)
            out += context
        places["threads"] = len(out)
        for thread, _ in self.threads:
            out += struct.pack("<4I8" + word, thread, 0, 0x20, 0, *8 * [0])
        places["modules"] = len(out)
        for base, size, name in self.modules:
            out += struct.pack("<" + word + "II", base, size, len(name)) + name
        places["data"] = len(out)
        out += b"".join(region.data for region in self.regions)
        places["version"] = len(out)
        out += self.version_text

        places |= self.places
        counts = [
            len(rows) if count is None else count
            for count, rows in (
                (self.thread_count, self.threads),
                (self.module_count, self.modules),
                (self.region_count, self.regions),
            )
        ]
        head = (b"USERDU64" if wide else b"USERDUMP") + struct.pack("<3I", *self.version, machine)
        head += struct.pack("<3I", *counts)
        order = ("contexts", "modules", "data", "regions", "event", "threads", "version")
        head += struct.pack("<7" + word, *(places[name] for name in order))
        out[: len(head)] = head
        return bytes(out)
