"""Memory of a machine that runs Windows, made page by page: page tables after the Intel manual,
drivers after the public symbols of ntoskrnl. It shares no code with the readers."""

from __future__ import annotations

import random
import struct
from collections.abc import Sequence

PAGE = 4096

# Shift of each level's entries; each but PAE's first has as many entries as a page holds.
LEVELS = {
    "x64-5": (48, 39, 30, 21, 12),
    "x64": (39, 30, 21, 12),
    "pae": (30, 21, 12),
    "x86": (22, 12),
}
VALID, WRITABLE, LARGE = 1, 2, 0x80
TRANSITION, PROTOTYPE = 0x800, 0x400
NO_EXECUTE = 1 << 63

Driver = tuple[str, str, int, int]
"""(base name, full name, address, size)"""

DRIVERS: Sequence[Driver] = (
    ("ntoskrnl.exe", r"\SystemRoot\system32\ntoskrnl.exe", 0xFFFFF80001000000, 0x9000),
    ("hal.dll", r"\SystemRoot\system32\hal.dll", 0xFFFFF80000800000, 0x5E000),
    ("tcpip.sys", r"\SystemRoot\System32\drivers\tcpip.sys", 0xFFFFF80002200000, 0x3000),
)
DRIVERS_32: Sequence[Driver] = tuple(
    (name, path, 0x80000000 | address & 0x7FFFFFFF, size) for name, path, address, size in DRIVERS
)


class WindowsMemory:
    """Physical pages, and the page tables that make them virtual.

    Attributes:
        pages: Physical page number → 4,096 bytes.
        virtual: Virtual page address → physical page number, for what is mapped by small pages.
        root: Physical address of the top table.
    """

    def __init__(self, mode: str = "x64", seed: int = 1, numbers: int = 512) -> None:
        self.mode = mode
        self.bits = 64 if mode.startswith("x64") else 32
        self.pages: dict[int, bytearray] = {}
        self.virtual: dict[int, int] = {}
        # Neighbours in virtual memory are far from one another in the physical one.
        self._free = list(range(16, numbers))
        random.Random(seed).shuffle(self._free)
        self._random = random.Random(seed)
        self._entry = 4 if mode == "x86" else 8
        self._tables: dict[tuple[int, int], int] = {}
        # The table of PAE has 32 bytes and may stand inside a page: 0x60 shows it.
        self.root = self.new_page() * PAGE + (0x60 if mode == "pae" else 0)

    def new_page(self, contents: bytes | None = None) -> int:
        """The number of a page that was not used before."""
        number = self._free.pop()
        self.pages[number] = bytearray(contents or bytes(PAGE))
        return number

    def any_bytes(self, size: int = PAGE) -> bytes:
        return self._random.randbytes(size)

    def set_entry(self, address: int, entry: int, shift: int = 12) -> None:
        """Writes the entry for an address at the level of that shift, with all tables above it."""
        table, at = self.root, 0
        for level, here in enumerate(LEVELS[self.mode]):
            index = address >> here & (1 << self._index_bits(level)) - 1
            at = table + index * self._entry
            if here == shift:
                break
            key = (here, address >> here)
            if key not in self._tables:
                self._tables[key] = self.new_page()
                rights = 0 if self.mode == "pae" and level == 0 else WRITABLE
                self._write_entry(at, self._tables[key] * PAGE | rights | VALID)
            table = self._tables[key] * PAGE
        self._write_entry(at, entry)

    def map(
        self, address: int, contents: bytes | None = None, flags: int = VALID | WRITABLE
    ) -> int:
        """Maps one page, of random bytes unless said; gives its physical number."""
        number = self.new_page(contents or self.any_bytes())
        self.virtual[address] = number
        self.set_entry(address, number * PAGE | flags)
        return number

    def write(self, address: int, contents: bytes) -> None:
        """Writes bytes at a virtual address; pages that are not there yet are mapped."""
        for at, byte in enumerate(contents, address):
            page = at & ~(PAGE - 1)
            if page not in self.virtual:
                self.map(page, bytes(PAGE))
            self.pages[self.virtual[page]][at % PAGE] = byte

    def read(self, address: int, size: int = PAGE) -> bytes:
        """What stands at a virtual address that is mapped by small pages."""
        number = self.virtual[address & ~(PAGE - 1)]
        return bytes(self.pages[number][address % PAGE :][:size])

    def stored(self) -> dict[int, bytes]:
        """The pages as a dump of the kernel has them: only those in use."""
        return {number: bytes(page) for number, page in self.pages.items()}

    def filled(self) -> dict[int, bytes]:
        """The pages as a full dump has them: those of no use between the others, too."""
        unused = dict.fromkeys(self._free, b"\xfe" * PAGE)
        return {**unused, **self.stored()}

    def _index_bits(self, level: int) -> int:
        if self.mode == "x86":
            return 10
        return 2 if self.mode == "pae" and level == 0 else 9

    def _write_entry(self, at: int, entry: int) -> None:
        form = "<I" if self._entry == 4 else "<Q"
        struct.pack_into(form, self.pages[at // PAGE], at % PAGE, entry)


def add_module_list(
    memory: WindowsMemory,
    head: int,
    pool: int,
    drivers: Sequence[Driver],
    *,
    step: int = 0x400,
) -> list[int]:
    """Writes PsLoadedModuleList and an entry with its names for each driver; their addresses."""
    wide = memory.bits == 64
    word = "Q" if wide else "I"
    entries = [pool + number * step for number in range(len(drivers))]
    ring = [head, *entries, head]
    for number, (at, (name, path, base, size)) in enumerate(zip(entries, drivers, strict=True), 1):
        full, short = path.encode("utf-16-le"), name.encode("utf-16-le")
        full_at, short_at = at + 0x100, at + 0x300
        out = bytearray(0x100)
        struct.pack_into(f"<2{word}", out, 0, ring[number + 1], ring[number - 1])
        struct.pack_into(f"<2{word}I", out, 0x30 if wide else 0x18, base, base + 0x1234, size)
        strings = (0x48, 0x58) if wide else (0x24, 0x2C)
        for field, text, text_at in zip(strings, (full, short), (full_at, short_at), strict=True):
            struct.pack_into("<HH", out, field, len(text), len(text) + 2)
            struct.pack_into(f"<{word}", out, field + (8 if wide else 4), text_at)
        memory.write(at, bytes(out))
        memory.write(full_at, full)
        memory.write(short_at, short)
    memory.write(head, struct.pack(f"<2{word}", ring[1], ring[-2]))
    return entries
