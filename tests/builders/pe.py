"""A writer of PE images as they lie in memory, after "PE Format". No reader's code is in it."""

from __future__ import annotations

import struct
from dataclasses import dataclass

R, W, X = 1 << 30, 1 << 31, 1 << 29


@dataclass
class Row:
    """A row of the section table."""

    name: bytes
    start: int
    size: int
    flags: int = R
    stored: int = 0


HAL = [
    Row(b".text", 0x1000, 0x2345, R | X),
    Row(b".data", 0x4000, 0x800, R | W),
    Row(b"INIT", 0x5000, 0x1000, R | W | X),
    Row(b".reloc", 0x6000, 0x10, R),
]


def pe_image(
    rows: list[Row],
    size: int = 0x7000,
    *,
    bits: int = 64,
    at: int = 0xF8,
    count: int | None = None,
    size_of_headers: int = 0x400,
) -> bytes:
    """Headers at the start of `size` bytes, each of which is its address's second byte.

    Args:
        rows: The section table.
        at: e_lfanew, as the DOS header says it; the headers stand there if that can be.
        count: Overrides the number of sections in the file header.
    """
    image = bytearray(b"".join(bytes([page % 256]) * 256 for page in range((size + 255) // 256)))
    optional = bytearray(240 if bits == 64 else 224)
    struct.pack_into("<H", optional, 0, 0x20B if bits == 64 else 0x10B)
    struct.pack_into("<II", optional, 32, 0x1000, 0x200)  # alignment in memory and in the file
    struct.pack_into("<II", optional, 56, size, size_of_headers)
    struct.pack_into("<I", optional, 108 if bits == 64 else 92, 16)  # data directories
    machine, number = (0x8664 if bits == 64 else 0x14C), len(rows) if count is None else count
    file = struct.pack("<HHIIIHH", machine, number, 0, 0, 0, len(optional), 0x2022)
    table = b"".join(
        struct.pack(
            "<8sIIIIIIHHI", row.name, row.size, row.start, row.stored, 0, 0, 0, 0, 0, row.flags
        )
        for row in rows
    )
    headers = b"PE\0\0" + file + optional + table
    image[:64] = b"MZ" + bytes(58) + struct.pack("<I", at)
    if at + len(headers) <= size:
        image[64 : at + len(headers)] = bytes(at - 64) + headers
    return bytes(image[:size])
