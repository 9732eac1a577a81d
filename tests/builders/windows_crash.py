"""A writer of Windows crash dumps after mindumpdef.h and kdmp-parser's notes on the newer types.

It shares no code with the reader. Memory is a dict of physical page numbers to pages.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

PAGE = 4096
AMD64, I386, ARM64 = 0x8664, 0x14C, 0xAA64

Pages = Mapping[int, bytes]
Runs = Sequence[tuple[int, int]]


def runs_of(pages: Pages) -> list[tuple[int, int]]:
    """(first page, pages) of each row of neighbours."""
    runs: list[tuple[int, int]] = []
    for number in sorted(pages):
        if runs and sum(runs[-1]) == number:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((number, 1))
    return runs


def header(
    type: int,
    runs: Runs | None = None,
    *,
    bits: int = 64,
    cr3: int = 0,
    module_list: int = 0,
    machine: int | None = None,
    major: int = 0xF,
    build: int = 19041,
    pae: int = 1,
    claimed_runs: int | None = None,
) -> bytes:
    """DUMP_HEADER64 or DUMP_HEADER32; what is not set is "PAGE", as Windows leaves it."""
    wide = bits == 64
    out = bytearray(b"PAGE" * (0x800 if wide else 0x400))
    out[4:8] = b"DU64" if wide else b"DUMP"
    struct.pack_into("<II", out, 8, major, build)
    pointers = "<QQQQ" if wide else "<IIII"
    struct.pack_into(pointers, out, 0x10, cr3, 0, module_list, 0)
    default = AMD64 if wide else I386
    struct.pack_into("<II", out, 0x30 if wide else 0x20, default if machine is None else machine, 4)
    if not wide:
        out[0x5C] = pae
    if runs is not None:
        at = 0x88 if wide else 0x64
        pages = sum(count for _, count in runs) & (2**64 - 1 if wide else 2**32 - 1)
        count = len(runs) if claimed_runs is None else claimed_runs
        struct.pack_into("<IxxxxQ" if wide else "<II", out, at, count, pages)
        for number, run in enumerate(runs):
            row = "<QQ" if wide else "<II"
            struct.pack_into(row, out, at + struct.calcsize(row) * (number + 1), *run)
    struct.pack_into("<I", out, 0xF98 if wide else 0xF88, type)
    return bytes(out)


def full_dump(pages: Pages, runs: Runs | None = None, **of_header: int) -> bytes:
    """Type 1: the runs in the header, all pages behind it."""
    head = header(1, runs_of(pages) if runs is None else runs, **of_header)
    return head + _stored(pages)


def bitmap_dump(
    pages: Pages,
    type: int = 5,
    *,
    magic: bytes = b"SDMP",
    bits_of_map: int | None = None,
    first_page: int | None = None,
    claimed: int | None = None,
    **of_header: int,
) -> bytes:
    """Types 5 and 6: a bit for each page; 64-bit fields, also in dumps of 32-bit machines."""
    head = header(type, runs_of(pages), **of_header)
    bitmap = _bitmap(pages)
    number = 8 * len(bitmap) if bits_of_map is None else bits_of_map
    offset = -(-(len(head) + 0x38 + len(bitmap)) // PAGE) * PAGE
    table = (
        magic
        + b"DUMP"
        + b"PAGE" * 6
        + struct.pack(
            "<QQQ",
            offset if first_page is None else first_page,
            len(pages) if claimed is None else claimed,
            number,
        )
        + bitmap
    )
    return (head + table).ljust(offset, b"\0") + _stored(pages)


def summary_dump(pages: Pages, *, bits: int = 64, **of_header: int) -> bytes:
    """Type 2 as Windows up to 7 wrote it: 32-bit fields, and the number of bits twice."""
    head = header(2, runs_of(pages), bits=bits, **of_header)
    bitmap = _bitmap(pages)
    offset = -(-(len(head) + 0x28 + len(bitmap)) // PAGE) * PAGE
    number = 8 * len(bitmap)
    table = b"SDMPDUMP" + struct.pack("<IIIII", 1, offset, number, len(pages), number)
    table += bytes(12 if bits == 64 else 4) + bitmap
    return (head + table).ljust(offset, b"\0") + _stored(pages)


def ranges_dump(
    pages: Pages,
    type: int = 8,
    *,
    ranges: Runs | None = None,
    first_page: int | None = None,
    total: int | None = None,
    **of_header: int,
) -> bytes:
    """Types 8, 9 and 0xa: (page, count) rows, ended by one of zeros."""
    rows = runs_of(pages) if ranges is None else ranges
    table = b"".join(struct.pack("<QQ", *row) for row in rows) + bytes(16)
    offset = -(-(0x2030 + len(table)) // PAGE) * PAGE
    head = struct.pack("<I4s4sI", 0x40, b"RDMP", b"DUMP", 0)
    head += struct.pack("<QQ", offset - 0x2020, offset if first_page is None else first_page)
    count = sum(count for _, count in rows) if total is None else total
    head += struct.pack("<IHHQ", len(rows), 0, 0, count if type == 0xA else 0)
    return (header(type, **of_header) + head + table).ljust(offset, b"\0") + _stored(pages)


def triage_dump(
    blocks: Sequence[tuple[int, bytes]],
    drivers: Sequence[tuple[str, int, int]] = (),
    *,
    bits: int = 64,
    stack: tuple[int, bytes] = (0, b""),
    page: tuple[int, bytes] = (0, b""),
    row_size: int | None = None,
    **changed: int,
) -> bytes:
    """Type 4.

    Args:
        blocks: (address, bytes).
        drivers: (path, base, size).
        stack: Lowest address and bytes of the current stack.
        page: Address and bytes of the data page.
        row_size: Bytes of a driver's row, if they are not Windows 10's or Windows XP's.
        changed: Overrides `drivers_at`, `driver_count`, `blocks_at` or `block_count`; the rest is
            the header's.
    """
    wide = bits == 64
    row_size = row_size or (0x90 if wide else 0x4C)
    of_triage = {
        key: changed.pop(key)
        for key in ("drivers_at", "driver_count", "blocks_at", "block_count")
        if key in changed
    }
    base = 0x2000 if wide else 0x1000
    drivers_at = base + 0x80
    names_at = drivers_at + -(-row_size * len(drivers) // 8) * 8
    rows, names = b"", b""
    for path, address, size in drivers:
        text = path.encode("utf-16-le")
        entry = bytearray(row_size)
        struct.pack_into("<I", entry, 0, names_at + len(names))
        if wide:
            struct.pack_into("<QQI", entry, 8 + 0x30, address, address + 0x100, size)
        else:
            struct.pack_into("<III", entry, 4 + 0x18, address, address + 0x100, size)
        rows += bytes(entry)
        names += struct.pack("<I", len(text) // 2) + text + b"\0\0"
        names += bytes(-len(names) % 8)
    blocks_at = names_at + len(names)
    data_at = blocks_at + 16 * len(blocks)
    table, data = b"", b""
    for address, contents in blocks:
        table += struct.pack("<QII", address, data_at + len(data), len(contents))
        data += contents
    stack_at = data_at + len(data) if stack[1] else 0
    page_at = data_at + len(data) + len(stack[1]) if page[1] else 0
    data += stack[1] + page[1]

    out = bytearray(header(4, bits=bits, **changed)) + bytes(0x80)
    struct.pack_into("<II", out, base + 0x28, stack_at, len(stack[1]))
    struct.pack_into(
        "<III",
        out,
        base + 0x30,
        of_triage.get("drivers_at", drivers_at),
        of_triage.get("driver_count", len(drivers)),
        names_at,
    )
    struct.pack_into("<Q" if wide else "<I", out, base + 0x48, stack[0])
    struct.pack_into(
        "<QII" if wide else "<III", out, base + (0x60 if wide else 0x4C), page[0], page_at,
        len(page[1]),
    )  # fmt: skip
    struct.pack_into(
        "<II",
        out,
        base + (0x78 if wide else 0x60),
        of_triage.get("blocks_at", blocks_at),
        of_triage.get("block_count", len(blocks)),
    )
    padding = bytes(drivers_at - len(out)) + rows.ljust(names_at - drivers_at, b"\0")
    return bytes(out) + padding + names + table + data


def _bitmap(pages: Pages) -> bytes:
    bitmap = bytearray(-(-(max(pages) + 1) // 32) * 4)
    for number in pages:
        bitmap[number // 8] |= 1 << number % 8
    return bytes(bitmap)


def _stored(pages: Pages) -> bytes:
    return b"".join(pages[number] for number in sorted(pages))
