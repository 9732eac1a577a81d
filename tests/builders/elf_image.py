"""A writer of ELF images as the vDSO lies in memory: the whole file, its section table too."""

from __future__ import annotations

import struct
from dataclasses import dataclass

R, W, X = 4, 2, 1
ALLOC, TLS = 2, 0x400
PROGBITS, STRTAB, NOBITS = 1, 3, 8


@dataclass
class Segment:
    """A PT_LOAD row; offsets in the file are addresses in the image."""

    start: int
    size: int
    flags: int


@dataclass
class Section:
    """A row of the section table."""

    name: bytes
    start: int
    size: int
    flags: int = ALLOC
    type: int = PROGBITS


VDSO = [
    Section(b".hash", 0x200, 0x40),
    Section(b".dynamic", 0x240, 0x100, ALLOC | 1),
    Section(b".text", 0x400, 0x300, ALLOC | 4),
    Section(b".comment", 0, 0x12, 0),
]


def elf_image(
    sections: list[Section],
    segments: list[Segment] | None = None,
    size: int = 0x2000,
    *,
    bits: int = 64,
    order: str = "<",
    base: int = 0,
    type: int = 3,
    sections_at: int = 0x1080,
    count: int | None = None,
) -> bytes:
    """The image; names and table stand from `sections_at` on.

    Args:
        sections: Without the empty row 0 and the table of names, which come to them.
        segments: By default one of r-x that ends before the table.
        base: What is added to all addresses in the headers.
        count: Overrides e_shnum.
    """
    wide = bits == 64
    segments = [Segment(0, sections_at, R | X)] if segments is None else segments
    names = b"\0" + b"".join(section.name + b"\0" for section in sections) + b".shstrtab\0"
    image = bytearray(b"\xcc" * size)
    header_size, row_size, section_size = (64, 56, 64) if wide else (52, 32, 40)
    table_at = sections_at + len(names) + -len(names) % 8
    counts = (len(segments), section_size, len(sections) + 2 if count is None else count)
    form = "HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"
    out = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    out += struct.pack(
        order + form, type, 62 if wide else 3, 1, 0, header_size, table_at, 0, header_size,
        row_size, *counts, len(sections) + 1
    )  # fmt: skip
    for one in segments:
        at, length = one.start, one.size
        if wide:
            values = (1, one.flags, at, base + at, base + at, length, length, 4096)
        else:
            values = (1, at, base + at, base + at, length, length, one.flags, 4096)
        out += struct.pack(order + ("IIQQQQQQ" if wide else "IIIIIIII"), *values)
    image[: len(out)] = out
    image[sections_at : sections_at + len(names)] = names
    rows = [(0, 0, 0, 0, 0, 0)]
    at = 1
    for section in sections:
        start = base + section.start if section.flags & ALLOC else 0
        rows.append((at, section.type, section.flags, start, section.start, section.size))
        at += len(section.name) + 1
    rows.append((at, STRTAB, 0, 0, sections_at, len(names)))
    form = order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII")
    table = b"".join(struct.pack(form, *row, 0, 0, 1, 0) for row in rows)
    image[table_at : table_at + len(table)] = table
    return bytes(image[:size])
