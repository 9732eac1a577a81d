"""Where the chunks of a framed snappy stream lie, found without unpacking any.

The framing format: google/snappy, framing_format.txt. A chunk is its type, the size of what
follows in three bytes, and that: for memory a CRC-32C, then the bytes or a packed block, which
begins with the size that it unpacks to.
"""

from __future__ import annotations

from typing import NamedTuple

from memtiles.memory.files.source import FileSource

CHUNK_LIMIT = 1 << 16
"""What a chunk unpacks to at most, as the framing format has it."""

_PACKED, _PLAIN, _FIRST_TO_SKIP = 0x00, 0x01, 0x80
_HEADER_SIZE, _CRC_SIZE = 4, 4
_HEAD_SIZE = _HEADER_SIZE + _CRC_SIZE + 5  # the size of a block takes up to five bytes


class Chunk(NamedTuple):
    """A chunk of `size` bytes, its header included, that unpacks to `unpacked`, perhaps 0."""

    size: int
    unpacked: int


def chunk_at(source: FileSource, offset: int) -> Chunk | None:
    """The chunk that begins at an offset; None where it is cut or damaged."""
    head = source.read(offset, _HEAD_SIZE)
    if len(head) <= _HEADER_SIZE:
        return None
    kind, size = head[0], _HEADER_SIZE + int.from_bytes(head[1:4], "little")
    if offset + size > source.size:
        return None
    if kind >= _FIRST_TO_SKIP:  # padding, or the name of the format
        return Chunk(size, 0)
    body = head[_HEADER_SIZE + _CRC_SIZE : size]
    if kind == _PLAIN:
        unpacked = size - _HEADER_SIZE - _CRC_SIZE
    elif kind == _PACKED and body:
        unpacked = _varint(body)
    else:
        return None
    return Chunk(size, unpacked) if 0 < unpacked <= CHUNK_LIMIT else None


def _varint(data: bytes) -> int:
    """A number in groups of seven bits, lowest first; each group but the last has its top bit."""
    number = 0
    for place, byte in enumerate(data):
        number |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            break
    return number
