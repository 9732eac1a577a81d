"""The page tables that a hypervisor's notes tell of the processors of its guest."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from memtiles.memory.elf.notes import Note
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.machine.vmcoreinfo import linux_tables
from memtiles.memory.paging.mode import PageTables, PagingMode
from memtiles.memory.paging.recognise import is_isolated, leads_to_memory, maps_itself
from memtiles.memory.paging.walk import walk
from memtiles.memory.span import Span

# QEMU, target/i386/arch_dump.c, QEMUCPUState: where cr[0], cr[3], cr[4] and cs stand in it.
_QEMU_CR0, _QEMU_CR3, _QEMU_CR4, _QEMU_CS = 0x188, 0x1A0, 0x1A8, 0x98
# VirtualBox, include/VBox/vmm/dbgfcorefmt.h, DBGFCORECPU: a note for each processor.
_VIRTUALBOX_CPU = 0xB01
_VIRTUALBOX_CR0, _VIRTUALBOX_CR3, _VIRTUALBOX_CR4, _VIRTUALBOX_CS = 0x120, 0x130, 0x138, 0xA0
_VIRTUALBOX_EFER = 0x1E8

_PAGING, _PAE, _FIVE_LEVELS = 1 << 31, 1 << 5, 1 << 12
_LONG_MODE = 1 << 10

_PROCESSORS_LIMIT = 1024  # stated: QEMU and VirtualBox have guests of fewer

# Linux isolates its page tables in two pages: the first has all, the second what a process needs.
_ISOLATED = 0x1000


class _Processor(NamedTuple):
    tables: PageTables
    in_kernel: bool


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
    each = (_of_note(note, bits) for note in notes)
    processors = list(islice(filter(None, each), _PROCESSORS_LIMIT))
    # One that runs a program may have the page tables of that program, without the kernel.
    processors.sort(key=lambda processor: not processor.in_kernel)
    found = list(dict.fromkeys(processor.tables for processor in processors))
    usable = [tables for tables in found if leads_to_memory(physical, tables)]
    of_linux = linux_tables(info)
    if of_linux is None:
        best = usable or found
        return _of_kernel(physical, best[0]) if best else None
    # Whichever shows the kernel is taken: it has the process, too, where swapper_pg_dir has only
    # the kernel.
    kernels = [_not_isolated(tables) for tables in usable]
    directory = int(info["SYMBOL(swapper_pg_dir)"], 16)
    for tables in (*usable, *kernels):
        if len(walk(physical, tables, Span(directory, 1), limit=8).pages.starts):
            return tables
    return of_linux


def _of_kernel(physical: ExtentSpace, tables: PageTables) -> PageTables:
    """The page tables with the kernel, for those of a processor."""
    other = _not_isolated(tables)
    if other != tables and is_isolated(physical, tables, other):
        return other
    return tables._replace(windows=maps_itself(physical, tables))


def _not_isolated(tables: PageTables) -> PageTables:
    """What they are if a kernel isolates its page tables (KPTI) and they have nothing of it."""
    return tables._replace(root=tables.root & ~_ISOLATED)


def _of_note(note: Note, bits: int) -> _Processor | None:
    """The processor that a note is about, if it uses page tables."""
    if note.name == b"QEMU" and len(note.desc) >= _QEMU_CR4 + 8:
        # The note has no EFER, but the header of the file tells the processor's mode.
        at = (_QEMU_CR0, _QEMU_CR3, _QEMU_CR4, _QEMU_CS)
        is_long = bits == 64
    elif note.type == _VIRTUALBOX_CPU and len(note.desc) >= _VIRTUALBOX_EFER + 8:
        # VirtualBox writes 64-bit files of 32-bit guests, too.
        at = (_VIRTUALBOX_CR0, _VIRTUALBOX_CR3, _VIRTUALBOX_CR4, _VIRTUALBOX_CS)
        is_long = bool(_number(note, _VIRTUALBOX_EFER) & _LONG_MODE)
    else:
        return None
    cr0, cr3, cr4, cs = (_number(note, offset) for offset in at)
    if not cr0 & _PAGING:
        return None
    if is_long:
        mode = PagingMode.X64_5 if cr4 & _FIVE_LEVELS else PagingMode.X64
    else:
        mode = PagingMode.PAE if cr4 & _PAE else PagingMode.X86
    # The low bits of CS are the privilege: 0 for a kernel.
    return _Processor(PageTables.of_register(cr3, mode), not cs & 3)


def _number(note: Note, offset: int) -> int:
    return int.from_bytes(note.desc[offset : offset + 8], "little")
