"""Sections of a PE image, as Windows maps its programs, libraries and drivers.

Source: Microsoft's "PE Format". Our own reader, because libraries for PE files want the file: they
take raw offsets for granted, and read whatever size a header claims. The table that is needed here
has rows of 40 bytes behind two headers.
"""

from __future__ import annotations

import struct

from memtiles.memory.sections.image import Claim, Image, name_of, protection_of, with_header

MAGIC = b"MZ"
SECTION_LIMIT = 96
"""The most rows that are read: what the format's description allows a loader to take."""

_ROW = struct.Struct("<8sIII16xI")
_HEADERS = 4096
"""Every linker keeps the headers before the table within the image's first page."""

_OPTIONAL = 24
_SIZE_OF_HEADERS = _OPTIONAL + 60
_READ, _WRITE, _EXECUTE = 1 << 30, 1 << 31, 1 << 29


def pe_sections(image: Image) -> list[Claim]:
    """The rows of an image's section table, and last the headers themselves as `header`.

    A table that is cut by a hole ends there. Empty where there are no such headers.
    """
    base = image.span.start
    head = image.read(base, _HEADERS + SECTION_LIMIT * _ROW.size)
    if len(head) < 64 or not head.startswith(MAGIC):
        return []
    (at,) = struct.unpack_from("<I", head, 0x3C)
    if at > _HEADERS or head[at : at + 4] != b"PE\0\0" or len(head) < at + _SIZE_OF_HEADERS + 4:
        return []
    count, optional_size = struct.unpack_from("<6xH12xH", head, at)
    (size_of_headers,) = struct.unpack_from("<I", head, at + _SIZE_OF_HEADERS)
    table = head[at + _OPTIONAL + optional_size :]
    rows = min(count, SECTION_LIMIT, len(table) // _ROW.size)
    claims = []
    for name, size, start, stored, flags in _ROW.iter_unpack(table[: rows * _ROW.size]):
        protection = protection_of(flags & _READ, flags & _WRITE, flags & _EXECUTE)
        # Watcom's linker writes no VirtualSize, and loaders then take the size in the file.
        claims.append(Claim(name_of(name), base + start, size or stored, protection))
    return with_header(claims, base, size_of_headers, "r--")
