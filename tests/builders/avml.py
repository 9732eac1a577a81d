"""A writer of AVML images after AVML's src/image.rs. It shares no code with the reader.

Chunks are packed by cramjam, as a stream of its own or by hand: tests that need it are skipped
where it is not installed.
"""

from __future__ import annotations

import struct
from functools import cache

import pytest

STREAM = b"\xff\x06\0\0sNaPpY"


def avml_range(
    start: int,
    data: bytes,
    *,
    last: int | None = None,
    stream: bytes | None = None,
    trailer: int | None = None,
) -> bytes:
    """One range: header, framed stream, and how long that is."""
    last = start + len(data) - 1 if last is None else last
    stream = packed(data) if stream is None else stream
    trailer = len(stream) if trailer is None else trailer
    return (
        struct.pack("<IIQQQ", 0x4C4D5641, 2, start, last, 0) + stream + struct.pack("<Q", trailer)
    )


def avml(ranges: dict[int, bytes], step: int = 1 << 24) -> bytes:
    """An image of ranges by their first address; as AVML does, what is all zeros is left out."""
    return b"".join(
        avml_range(start + at, data[at : at + step])
        for start, data in ranges.items()
        for at in range(0, len(data), step)
        if any(data[at : at + step])
    )


def packed(data: bytes) -> bytes:
    """A framed snappy stream."""
    return bytes(pytest.importorskip("cramjam").snappy.compress(data))


def chunk(kind: int, body: bytes, data: bytes = b"") -> bytes:
    """A chunk of a stream; `data` is what it unpacks to, for the CRC in front of the body."""
    body = struct.pack("<I", masked_crc(data)) + body if data else body
    return bytes([kind]) + len(body).to_bytes(3, "little") + body


def masked_crc(data: bytes) -> int:
    """The CRC-32C of bytes as snappy's framing_format.txt masks it."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _table()[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _table() -> list[int]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = number >> 1 ^ (0x82F63B78 if number & 1 else 0)
        table.append(number)
    return table
