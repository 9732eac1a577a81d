"""A writer of Mach-O cores after <mach-o/loader.h>. It shares no code with the reader."""

from __future__ import annotations

import struct
from dataclasses import dataclass


@dataclass
class Segment:
    """An LC_SEGMENT; a field that is None follows from `data`."""

    vmaddr: int
    data: bytes = b""
    vmsize: int | None = None
    filesize: int | None = None
    fileoff: int | None = None
    initprot: int = 5  # VM_PROT_READ | VM_PROT_EXECUTE


def macho_core(
    segments: list[Segment],
    *,
    bits: int = 64,
    order: str = "<",
    cputype: int = 0x01000007,
    filetype: int = 4,
    ncmds: int | None = None,
    sizeofcmds: int | None = None,
    others: bytes = b"",
) -> bytes:
    """A core: header, a thread's command, segments, `others`, data without any alignment."""
    wide = bits == 64
    thread = struct.pack(order + "IIII", 4, 16, 1, 0)
    row_size = 72 if wide else 56
    commands_size = len(thread) + row_size * len(segments) + len(others)
    at = (32 if wide else 28) + commands_size
    commands, data = thread, b""
    for each in segments:
        place = at + len(data) if each.fileoff is None else each.fileoff
        size = len(each.data) if each.filesize is None else each.filesize
        memory = len(each.data) if each.vmsize is None else each.vmsize
        numbers = (each.vmaddr, memory, place, size, 7, each.initprot, 0, 0)
        commands += struct.pack(order + "II16s", 0x19 if wide else 1, row_size, b"")
        commands += struct.pack(order + ("QQQQiiII" if wide else "IIIIiiII"), *numbers)
        data += each.data
    count = 1 + len(segments) if ncmds is None else ncmds
    size = commands_size if sizeofcmds is None else sizeofcmds
    magic = 0xFEEDFACF if wide else 0xFEEDFACE
    header = struct.pack(order + "IIIIIII", magic, cputype, 3, filetype, count, size, 0)
    return header + (bytes(4) if wide else b"") + commands + others + data
