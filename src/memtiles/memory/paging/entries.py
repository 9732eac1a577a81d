"""Entries of page tables: what their bits say (Intel manual, volume 3A, chapter 4)."""

from __future__ import annotations

from enum import IntFlag
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.memory.overlap import Addresses
from memtiles.memory.paging.mode import Level, PageTables, PagingMode

_PRESENT, _WRITE, _USER, _LARGE = (np.uint64(1 << bit) for bit in (0, 1, 2, 7))
_NO_EXECUTE = np.uint64(1 << 63)
_PHYSICAL = np.uint64((1 << 52) - 1)

# Bits that must be 0 in the entry of a large page: those of the address below its size, of which
# bit 12 is a flag. PSE-36 leaves only one. A processor that meets another refuses the entry.
_RESERVED_LOW, _RESERVED_PSE36 = 1 << 13, np.uint64(1 << 21)

# Windows' MMPTE_TRANSITION: not valid, bit 10 (prototype) clear, bit 11 set. Above bit 44 stands
# what makes the entry useless to a processor that guesses (L1TF), not the page.
_TRANSITION_BITS, _TRANSITION = np.uint64(0xC01), np.uint64(0x800)
_TRANSITION_PHYSICAL = np.uint64((1 << 45) - 1)
_PROTECTION_SHIFT = np.uint64(5)

# Windows' MM_ constants: 1 read, 2 execute, 3 both, 4 write, 5 copy on write, 6 and 7 with execute.
_WINDOWS_WRITES = np.array([0, 0, 0, 0, 1, 1, 1, 1], np.bool_)
_WINDOWS_EXECUTES = np.array([0, 0, 1, 1, 0, 0, 1, 1], np.bool_)


class Rights(IntFlag):
    """Who may do what beyond the kernel reading."""

    NONE = 0
    WRITE = 1
    EXECUTE = 2
    USER = 4
    ALL = 7


class Entries(NamedTuple):
    """Decoded entries, one row each; what is none of the three is refused by the processor.

    Attributes:
        physical: Where the page or table begins.
        rights: Bits of `Rights`, of this entry alone: those above it may take some away.
        is_page: Whether it names a page.
        is_table: Whether it names a table.
        is_absent: Whether the page or table is not in memory though the entry is not empty.
    """

    physical: Addresses
    rights: npt.NDArray[np.uint8]
    is_page: npt.NDArray[np.bool_]
    is_table: npt.NDArray[np.bool_]
    is_absent: npt.NDArray[np.bool_]


def decode(words: Addresses, level: Level, tables: PageTables) -> Entries:
    """Decodes entries that are not 0."""
    present = (words & _PRESENT) != 0
    in_transition = is_followable(words, tables) & ~present
    followed = present | in_transition
    physical = words & np.where(present, _PHYSICAL, _TRANSITION_PHYSICAL) & ~np.uint64(0xFFF)
    if level.is_last:
        rights = _rights(words, level, tables.mode, in_transition)
        return Entries(physical, rights, followed, np.zeros_like(followed), ~followed)
    # In an entry in transition, bit 7 belongs to the protection.
    is_large = present & ((words & _LARGE) != 0)
    is_page = is_large & ((words & _reserved(level, tables.mode)) == 0)
    physical = np.where(is_large, _large_page(words, level, tables.mode), physical)
    rights = _rights(words, level, tables.mode, in_transition)
    # The protection of a table in transition is that of the table, not of the pages below it.
    rights[in_transition] = Rights.ALL
    return Entries(physical, rights, is_page, followed & ~is_large, ~followed)


def is_followable(words: Addresses, tables: PageTables) -> npt.NDArray[np.bool_]:
    """Whether entries name a page or table that may be in memory."""
    followable: npt.NDArray[np.bool_] = (words & _PRESENT) != 0
    if tables.windows:
        followable |= (words & _TRANSITION_BITS) == _TRANSITION
    return followable


def _reserved(level: Level, mode: PagingMode) -> np.uint64:
    """Bits of which one set makes a large page that is none."""
    if not level.has_large_pages:
        return _LARGE
    if mode is PagingMode.X86:
        return _RESERVED_PSE36
    return np.uint64((1 << level.shift) - _RESERVED_LOW)


def _large_page(words: Addresses, level: Level, mode: PagingMode) -> Addresses:
    """The low bits that a larger page does not need are flags (bit 12: PAT), not address."""
    low = ~np.uint64((1 << level.shift) - 1)
    if mode is PagingMode.X86:
        # PSE-36: bits 13 to 20 of a 4 MiB page are bits 32 to 39 of its address.
        high = (words >> np.uint64(13) & np.uint64(0xFF)) << np.uint64(32)
        return (words & low) | high
    return words & _PHYSICAL & low


def _rights(
    words: Addresses, level: Level, mode: PagingMode, in_transition: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint8]:
    if not level.has_rights:
        return np.full(len(words), Rights.ALL, np.uint8)
    protection = (words >> _PROTECTION_SHIFT & np.uint64(7)).astype(np.intp)
    writes = np.where(in_transition, _WINDOWS_WRITES[protection], (words & _WRITE) != 0)
    may_execute: npt.NDArray[np.bool_] = (words & _NO_EXECUTE) == 0
    if mode is PagingMode.X86:
        may_execute = np.ones(len(words), np.bool_)  # its entries have no such bit
    executes = np.where(in_transition, _WINDOWS_EXECUTES[protection], may_execute)
    # Whose page it is, an entry in transition leaves to the tables above it.
    is_users = in_transition | ((words & _USER) != 0)
    found: npt.NDArray[np.uint8] = (
        writes * np.uint8(Rights.WRITE)
        + executes * np.uint8(Rights.EXECUTE)
        + is_users * np.uint8(Rights.USER)
    )
    return found
