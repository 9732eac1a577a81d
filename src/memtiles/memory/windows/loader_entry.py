"""An entry of Windows' lists of loaded modules, KLDR_DATA_TABLE_ENTRY.

Only the fields below are looked at; they stand where they do since Windows XP (ntldr.h; public
symbols of ntoskrnl).
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from memtiles.memory.span import Span

MODULES_LIMIT = 4096
"""Entries that are followed; a large server has some 300 drivers."""

# Flink, Blink, DllBase, SizeOfImage, then FullDllName and BaseDllName as a size in bytes and an
# address each.
_ENTRIES = {
    64: struct.Struct("<QQ32xQ8xI4xH6xQH6xQ"),
    32: struct.Struct("<II16xI4xIH2xIH2xI"),
}

# Kernel addresses of 64 bits, with five levels of page tables too.
_KERNEL = 0xFF << 56
_LARGEST_IMAGE = 1 << 30


class LoaderEntry(NamedTuple):
    """An entry of the list; names as (bytes, address)."""

    next: int
    previous: int
    base: int
    size: int
    full_name: tuple[int, int]
    base_name: tuple[int, int]

    @classmethod
    def parse(cls, data: bytes, bits: int) -> LoaderEntry:
        """Reads an entry from at least `entry_size` bytes."""
        next_, previous, base, size, *names = _ENTRIES[bits].unpack_from(data)
        return cls(next_, previous, base, size, (names[0], names[1]), (names[2], names[3]))

    def image(self, bits: int) -> Span | None:
        """The addresses of the module; None where they cannot be those of one."""
        is_kernels = self.base >= _KERNEL if bits == 64 else self.base > 0
        fits = 0 < self.size <= _LARGEST_IMAGE and self.base + self.size <= 1 << bits
        return Span(self.base, self.size) if is_kernels and fits else None


def entry_size(bits: int) -> int:
    """Bytes of an entry up to the last field that is looked at."""
    return _ENTRIES[bits].size


def utf16_text(data: bytes) -> str:
    """UTF-16 up to its first NUL; what is no text stays visible."""
    return data.decode("utf-16-le", "backslashreplace").partition("\0")[0]
