"""The ways in which x86 processors lay out page tables (Intel manual, volume 3A, chapter 4)."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Level(NamedTuple):
    """The tables of one level.

    Attributes:
        shift: An entry covers `1 << shift` bytes.
        entries: How many there are in a table.
        has_large_pages: Whether an entry may be a page of that size instead of a table.
        has_rights: Whether entries say who may do what; those of PAE's top table do not.
    """

    shift: int
    entries: int
    has_large_pages: bool = False
    has_rights: bool = True

    @property
    def is_last(self) -> bool:
        """Whether all entries are pages."""
        return self.shift == 12

    @property
    def covered(self) -> int:
        """Bytes that one table covers."""
        return self.entries << self.shift


_PAGE_TABLE = Level(12, 512)
_DIRECTORY = Level(21, 512, has_large_pages=True)
_FOUR = (Level(39, 512), Level(30, 512, has_large_pages=True), _DIRECTORY, _PAGE_TABLE)

_LEVELS = {
    "x86": (Level(22, 1024, has_large_pages=True), Level(12, 1024)),
    "pae": (Level(30, 4, has_rights=False), _DIRECTORY, _PAGE_TABLE),
    "x64": _FOUR,
    "x64-5": (Level(48, 512), *_FOUR),
}


class PagingMode(Enum):
    """How many levels there are, and how wide an entry is."""

    X86 = "x86"
    PAE = "pae"
    X64 = "x64"
    X64_5 = "x64-5"

    @property
    def entry_size(self) -> int:
        """Bytes of an entry."""
        return 4 if self is PagingMode.X86 else 8

    @property
    def levels(self) -> tuple[Level, ...]:
        """From the top table down to those whose entries are pages."""
        return _LEVELS[self.value]

    @property
    def address_bits(self) -> int:
        """32 or 64: how wide addresses are written."""
        return 32 if self in (PagingMode.X86, PagingMode.PAE) else 64

    @property
    def machine(self) -> str:
        """The processor that has such tables."""
        return "x86" if self.address_bits == 32 else "x86-64"


class PageTables(NamedTuple):
    """The tables of one virtual address space.

    Attributes:
        root: Physical address of the top table, without the flags that CR3 has in its low bits.
        mode: How they are laid out.
        windows: Whether entries of Windows' *transition* state have their page: it was taken from
            its process but not yet used for another.
    """

    root: int
    mode: PagingMode
    windows: bool = False

    @classmethod
    def of_register(cls, cr3: int, mode: PagingMode, *, windows: bool = False) -> PageTables:
        """The tables that a value of CR3 stands for."""
        # The low bits are flags, or with PCID a number of the process: a real crash dump of
        # Windows has 0x1ad002. PAE's top table has 32 bytes and need not begin a page.
        flags = 0x1F if mode is PagingMode.PAE else 0xFFF
        return cls(cr3 & (1 << 52) - 1 & ~flags, mode, windows)
