"""A writer of LiME images after src/lime.h. It shares no code with the reader."""

from __future__ import annotations

import struct


def lime_range(
    start: int, data: bytes, *, last: int | None = None, magic: int = 0x4C694D45, version: int = 1
) -> bytes:
    """One range: header and bytes; `last` overrides its last address."""
    last = start + len(data) - 1 if last is None else last
    return struct.pack("<IIQQQ", magic, version, start, last, 0) + data


def lime(ranges: dict[int, bytes]) -> bytes:
    """An image of ranges by their first address."""
    return b"".join(lime_range(start, data) for start, data in ranges.items())
