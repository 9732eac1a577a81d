"""A writer of page tables after the Intel manual, volume 3A, chapter 4, and of the notes that a
hypervisor's dump has beside them. It shares no code with the reader."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

PRESENT, WRITE, USER, LARGE = 1 << 0, 1 << 1, 1 << 2, 1 << 7
NO_EXECUTE = 1 << 63
PROTOTYPE, TRANSITION = 1 << 10, 1 << 11  # what Windows means by them where PRESENT is clear

INDEXES = {
    "x86": [(22, 10), (12, 10)],
    "pae": [(30, 2), (21, 9), (12, 9)],
    "x64": [(39, 9), (30, 9), (21, 9), (12, 9)],
    "x64-5": [(48, 9), (39, 9), (30, 9), (21, 9), (12, 9)],
}
"""By mode, from the top table down: the lowest bit of an index in an address, and its bits."""

PAGE_SIZES = {
    "x86": (1 << 12, 1 << 22),
    "pae": (1 << 12, 1 << 21),
    "x64": (1 << 12, 1 << 21, 1 << 30),
    "x64-5": (1 << 12, 1 << 21, 1 << 30),
}


@dataclass
class Table:
    """A table: where it is, how long, and the addresses that it covers (without their sign)."""

    physical: int
    size: int
    start: int
    covered: int
    below: dict[int, Table] = field(default_factory=dict)


class PageTables:
    """Page tables in a piece of physical memory.

    Attributes:
        memory: The piece; what is no table is zeros.
        base: Its physical address, a multiple of 4096.
        tables: All of them, the top one first.
    """

    def __init__(
        self, mode: str, size: int = 1 << 18, base: int = 0x10_0000, *, skip: int = 0, left: int = 0
    ) -> None:
        """Begins with an empty top table.

        Args:
            mode: A key of `INDEXES`.
            size: Bytes of the piece.
            base: Where it begins.
            skip: How far behind that the top table is.
            left: How many bytes behind the top table are left free.
        """
        self.mode, self.base = mode, base
        self.memory = bytearray(size)
        self.tables: list[Table] = []
        self._width = 4 if mode == "x86" else 8
        self._free = base + skip
        shift, bits = INDEXES[mode][0]
        self._table(self._width << bits, 0, 1 << shift + bits)
        self._free += left

    @property
    def root(self) -> int:
        """The physical address of the top table."""
        return self.tables[0].physical

    def map(
        self, virtual: int, physical: int, size: int = 4096, flags: int = PRESENT | WRITE | USER
    ) -> None:
        """Maps one page; the tables on the way allow everything.

        Raises:
            ValueError: Something is mapped there.
        """
        if self.word(virtual, size):
            raise ValueError(f"something is mapped at {virtual:#x}")
        if size > 4096 and self.mode == "x86":
            # PSE-36: bits 32 to 39 of the address stand in bits 13 to 20.
            physical = physical & 0xFFC0_0000 | (physical >> 32 & 0xFF) << 13
        self.put(virtual, size, physical | flags | (LARGE if size > 4096 else 0))

    def word(self, virtual: int, size: int) -> int:
        """The entry that covers `size` bytes around an address; tables on the way are made."""
        at = self.entry(virtual, size) - self.base
        return int.from_bytes(self.memory[at : at + self._width], "little")

    def put(self, virtual: int, size: int, word: int) -> None:
        """Writes that entry."""
        at = self.entry(virtual, size) - self.base
        self.memory[at : at + self._width] = word.to_bytes(self._width, "little")

    def change(self, virtual: int, size: int, *, clear: int = 0, set: int = 0) -> None:
        """Changes bits of that entry."""
        self.put(virtual, size, self.word(virtual, size) & ~clear | set)

    def entry(self, virtual: int, size: int) -> int:
        """The physical address of that entry."""
        return self._entry(virtual, size)[1]

    def table(self, virtual: int, size: int) -> Table:
        """The table that this entry stands in."""
        return self._entry(virtual, size)[0]

    def _entry(self, virtual: int, size: int) -> tuple[Table, int]:
        table = self.tables[0]
        for shift, bits in INDEXES[self.mode]:
            index = virtual >> shift & (1 << bits) - 1
            at = table.physical + index * self._width
            if 1 << shift == size:
                return table, at
            if index not in table.below:
                table.below[index] = self._below(table, index, at, shift)
            table = table.below[index]
        raise ValueError(f"no entry of {self.mode} covers {size:#x} bytes")

    def _below(self, table: Table, index: int, at: int, shift: int) -> Table:
        here = slice(at - self.base, at - self.base + self._width)
        if any(self.memory[here]):
            raise ValueError("something larger is mapped there")
        below = self._table(4096, table.start + (index << shift), 1 << shift)
        # The entries of PAE's top table have no rights: these bits must be 0.
        rights = 0 if self.mode == "pae" and table is self.tables[0] else WRITE | USER
        word = below.physical | PRESENT | rights
        self.memory[here] = word.to_bytes(self._width, "little")
        return below

    def _table(self, size: int, start: int, covered: int) -> Table:
        table = Table(self._free, size, start, covered)
        self._free = (table.physical + size + 4095) & ~4095
        if self._free > self.base + len(self.memory):
            raise ValueError("there is no room for another table")
        self.tables.append(table)
        return table


def flat_tables(pages: Sequence[Sequence[int]]) -> bytes:
    """Pages of 512 entries, written as they are; a short one is repeated until it is full."""
    words = [row[i % len(row)] for row in pages for i in range(512)]
    return struct.pack(f"<{len(words)}Q", *words)


def qemu_cpu(cr3: int, *, cr0: int = 0x8000_0011, cr4: int = 0x20) -> bytes:
    """What QEMU's note of a processor describes: QEMUCPUState of target/i386/arch_dump.c."""
    general = [0] * 17 + [2]  # rax to r15, rip, rflags
    segments = struct.pack("<IIIIQ", 0x10, 0xFFFF_FFFF, 0, 0, 0) * 10
    state = struct.pack("<18Q", *general) + segments + struct.pack("<5Q", cr0, 0, 0, cr3, cr4)
    size = 8 + len(state) + 8  # the last is kernel_gs_base
    return struct.pack("<II", 1, size) + state + bytes(8)


def virtualbox_cpu(
    cr3: int, *, cr0: int = 0x8000_0011, cr4: int = 0x20, efer: int = 0x500
) -> bytes:
    """What VirtualBox's note of a processor describes: DBGFCORECPU of dbgfcorefmt.h."""
    state = bytearray(0x400)
    for at, value in ((0x120, cr0), (0x130, cr3), (0x138, cr4), (0x1E8, efer)):
        struct.pack_into("<Q", state, at, value)
    return bytes(state)
