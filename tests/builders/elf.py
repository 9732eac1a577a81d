"""A writer of ELF cores after the System V gABI. It shares no code with the reader."""

from __future__ import annotations

import struct
from dataclasses import dataclass

NT_FILE = 0x46494C45


@dataclass
class Load:
    """A PT_LOAD segment; a field that is None follows from `data`."""

    vaddr: int
    data: bytes = b""
    memsz: int | None = None
    filesz: int | None = None
    offset: int | None = None
    paddr: int = 0
    flags: int = 5
    type: int = 1


def elf_core(
    loads: list[Load],
    notes: bytes = b"",
    *,
    bits: int = 64,
    order: str = "<",
    machine: int = 62,
    type: int = 4,
    ehsize: int | None = None,
    phnum: int | None = None,
    phentsize: int | None = None,
    note_align: int = 4,
    extended: bool = False,
) -> bytes:
    """An ELF core: header, perhaps section 0, segment table, notes, data without any alignment.

    Args:
        loads: The segments.
        notes: Contents of a PT_NOTE segment; none is written for b"".
        phnum: Overrides e_phnum, or sh_info where `extended`.
        extended: Whether the number of segments stands in section 0 (PN_XNUM).
    """
    wide = bits == 64
    header_size, row_size, section_size = (64, 56, 64) if wide else (52, 32, 40)
    row_size = phentsize or row_size
    segments = [Load(0, notes, flags=0, memsz=0, type=4)] if notes else []
    segments += loads
    count = len(segments) if phnum is None else phnum
    sections_at = header_size if extended else 0
    table_at = header_size + (section_size if extended else 0)
    data_at = table_at + row_size * len(segments)

    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    out = bytearray(ident)
    form = "HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"
    header = (type, machine, 1, 0, table_at, sections_at, 0)
    sizes = (header_size if ehsize is None else ehsize, row_size)
    counts = (0xFFFF if extended else count, section_size, int(extended), 0)
    out += struct.pack(order + form, *header, *sizes, *counts)
    if extended:
        form = "IIQQQQIIQQ" if wide else "IIIIIIIIII"
        out += struct.pack(order + form, 0, 0, 0, 0, 0, 1, 0, count, 0, 0)
    blob = bytearray()
    for segment in segments:
        offset = data_at + len(blob) if segment.offset is None else segment.offset
        filesz = len(segment.data) if segment.filesz is None else segment.filesz
        memsz = len(segment.data) if segment.memsz is None else segment.memsz
        align = note_align if segment.type == 4 else 4096
        if wide:
            row = struct.pack(order + "IIQQQQQQ", segment.type, segment.flags, offset,
                              segment.vaddr, segment.paddr, filesz, memsz, align)  # fmt: skip
        else:
            row = struct.pack(order + "IIIIIIII", segment.type, offset, segment.vaddr,
                              segment.paddr, filesz, memsz, segment.flags, align)  # fmt: skip
        out += row.ljust(row_size, b"\xee")
        blob += segment.data
    return bytes(out + blob)


def note(name: bytes, type: int, desc: bytes, order: str = "<", align: int = 4) -> bytes:
    """A note; the name is written as given, so with its NUL."""
    out = struct.pack(order + "III", len(name), len(desc), type) + name
    out += bytes(-len(out) % align) + desc
    return out + bytes(-len(out) % align)


def nt_file(
    rows: list[tuple[int, int, int, bytes]],
    *,
    bits: int = 64,
    order: str = "<",
    page: int = 4096,
    count: int | None = None,
    align: int = 4,
) -> bytes:
    """A CORE/NT_FILE note from (start, end, offset in pages, path) rows."""
    word = order + ("Q" if bits == 64 else "I")
    desc = struct.pack(word, len(rows) if count is None else count) + struct.pack(word, page)
    for start, end, pages, _ in rows:
        desc += struct.pack(word, start) + struct.pack(word, end) + struct.pack(word, pages)
    desc += b"".join(path + b"\0" for *_, path in rows)
    return note(b"CORE\0", NT_FILE, desc, order, align)
