"""The page tables that a hypervisor's notes tell of the processors of its guest."""

from __future__ import annotations

from collections.abc import Iterable

from memtiles.memory.elf_notes import Note
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.paging import walk
from memtiles.memory.paging_mode import PageTables, PagingMode
from memtiles.memory.recognise_paging import maps_itself
from memtiles.memory.span import Span
from memtiles.memory.vmcoreinfo import linux_tables

# QEMU, target/i386/arch_dump.c, QEMUCPUState: where cr[0], cr[3] and cr[4] stand in it.
_QEMU_CR0, _QEMU_CR3, _QEMU_CR4 = 0x188, 0x1A0, 0x1A8
# VirtualBox, include/VBox/vmm/dbgfcorefmt.h, DBGFCORECPU: a note for each processor.
_VIRTUALBOX_CPU = 0xB01
_VIRTUALBOX_CR0, _VIRTUALBOX_CR3, _VIRTUALBOX_CR4, _VIRTUALBOX_EFER = 0x120, 0x130, 0x138, 0x1E8

_PAGING, _PAE, _FIVE_LEVELS = 1 << 31, 1 << 5, 1 << 12
_LONG_MODE = 1 << 10


def guest_tables(
    physical: ExtentSpace, notes: Iterable[Note], info: dict[str, str], bits: int
) -> PageTables | None:
    """The page tables of the first processor that uses any.

    Args:
        physical: The guest's memory.
        notes: The notes of its dump.
        info: Its VMCOREINFO, empty where there is none.
        bits: 64 for a processor in long mode, else 32.
    """
    of_linux = linux_tables(info)
    found = [tables for note in notes if (tables := _of_note(note, bits))]
    if of_linux is None:
        return next((_of_windows(physical, tables) for tables in found), None)
    # A kernel that isolates its page tables (KPTI) leaves nothing of itself in those that a
    # processor in user mode has: its own are the page before. Whichever shows the kernel is taken:
    # it has the process, too, where swapper_pg_dir has only the kernel.
    kernels = [tables._replace(root=tables.root & ~0x1000) for tables in found]
    directory = int(info["SYMBOL(swapper_pg_dir)"], 16)
    for tables in (*found, *kernels):
        if len(walk(physical, tables, Span(directory, 1), limit=8).pages.starts):
            return tables
    return of_linux


def _of_windows(physical: ExtentSpace, tables: PageTables) -> PageTables:
    return tables._replace(windows=maps_itself(physical, tables))


def _of_note(note: Note, bits: int) -> PageTables | None:
    """The page tables of the processor that a note is about."""
    if note.name == b"QEMU" and len(note.desc) >= _QEMU_CR4 + 8:
        # The file's class follows the processor's mode; the note has no EFER.
        at = (_QEMU_CR0, _QEMU_CR3, _QEMU_CR4)
        is_long = bits == 64
    elif note.type == _VIRTUALBOX_CPU and len(note.desc) >= _VIRTUALBOX_EFER + 8:
        # VirtualBox writes 64-bit files of 32-bit guests, too.
        at = (_VIRTUALBOX_CR0, _VIRTUALBOX_CR3, _VIRTUALBOX_CR4)
        is_long = bool(_number(note, _VIRTUALBOX_EFER) & _LONG_MODE)
    else:
        return None
    cr0, cr3, cr4 = (_number(note, offset) for offset in at)
    if not cr0 & _PAGING:
        return None
    if is_long:
        mode = PagingMode.X64_5 if cr4 & _FIVE_LEVELS else PagingMode.X64
    else:
        mode = PagingMode.PAE if cr4 & _PAE else PagingMode.X86
    return PageTables.of_register(cr3, mode)


def _number(note: Note, offset: int) -> int:
    return int.from_bytes(note.desc[offset : offset + 8], "little")
