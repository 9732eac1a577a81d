"""An ELF core of any segments: what of them is library bytes, what zeros, and what is missing."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from library import library_bytes

PAGE = 4096
FIRST = 0x7F00_0000_0000

GAP = 16 * PAGE  # between two segments, as a guard page and more lies between two mappings
_PN_XNUM = 0xFFFF
_CHUNK = 1 << 20


class Piece(NamedTuple):
    """Bytes of a segment, one after the other; what is missing can only stand at its end."""

    what: Literal["library", "zeros", "missing"]
    size: int


Segment = Sequence[Piece]


def write_core(path: Path, segments: Sequence[Segment]) -> None:
    """Writes a core whose segments lie apart in memory, and one after the other in the file."""
    library = library_bytes()
    with path.open("wb") as file:
        file.write(_head(segments))
        file.write(bytes(-file.tell() % PAGE))
        for segment in segments:
            for what, size in segment:
                if what != "missing":
                    copy(file, library, size, zeros=what == "zeros")


def copy(file: BinaryIO, library: Iterator[bytes], size: int, *, zeros: bool = False) -> None:
    """Writes the next bytes of the library, or zeros: written ones, no holes."""
    while size:
        chunk = bytes(min(size, _CHUNK)) if zeros else next(library)[:size]
        file.write(chunk)
        size -= len(chunk)


def file_offset(segments: Sequence[Segment], number: int) -> int:
    """Where the bytes of a segment begin in the file."""
    data = -(-len(_head(segments)) // PAGE) * PAGE
    return data + sum(_sizes(segment)[0] for segment in segments[:number])


def _head(segments: Sequence[Segment]) -> bytes:
    """Header and table. From 65,535 segments on their number stands in section 0 (gABI)."""
    many = len(segments) >= _PN_XNUM
    count, sections_at = (_PN_XNUM, 64) if many else (len(segments), 0)
    table_at = 128 if many else 64
    ident = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head = struct.pack(
        "<16sHHIQQQIHHHHHH",
        ident, 4, 62, 1, 0, table_at, sections_at, 0, 64, 56, count, 64, int(many), 0,
    )  # fmt: skip
    if many:
        head += struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, 1, 0, len(segments), 0, 0)
    offset = -(-(table_at + 56 * len(segments)) // PAGE) * PAGE
    address = FIRST
    rows = []
    for segment in segments:
        held, size = _sizes(segment)
        rows.append(struct.pack("<IIQQQQQQ", 1, 6, offset, address, 0, held, size, PAGE))
        offset += held
        address += size + GAP
    return head + b"".join(rows)


def _sizes(segment: Segment) -> tuple[int, int]:
    """Bytes in the file, and in memory."""
    held = sum(piece.size for piece in segment if piece.what != "missing")
    return held, sum(piece.size for piece in segment)
