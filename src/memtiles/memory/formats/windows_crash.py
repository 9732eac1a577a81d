"""Windows crash dumps: what a bluescreen, WinDbg's `.dump`, LiveKD and QEMU's win-dmp write.

PAGEDU64 of 64-bit machines, PAGEDUMP of 32-bit ones. Most kinds hold physical memory, which the
machine's page tables make virtual; triage dumps hold pieces of virtual memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from memtiles.errors import UsageError
from memtiles.memory.dump import Contents, Dump
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.machine.spaces import Machine, Paging, paging_of
from memtiles.memory.options import Options
from memtiles.memory.paging.mode import PageTables, PagingMode
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span
from memtiles.memory.windows.crash_header import (
    DUMP_TRIAGE,
    MAGIC_32,
    MAGIC_64,
    CrashHeader,
    crash_header,
)
from memtiles.memory.windows.crash_pages import claimed_memory, physical_memory
from memtiles.memory.windows.kernel_modules import kernel_modules
from memtiles.memory.windows.triage import triage

_X86 = ("x86", "x86-64")


class WindowsCrash:
    """Crash dumps of Windows kernels; minidumps of processes are another format."""

    name = "windows-crash"
    takes = frozenset({"cr3"})

    def sniff(self, head: bytes) -> bool:
        return head.startswith((MAGIC_64, MAGIC_32))

    def open(self, source: FileSource, options: Options) -> Dump:
        header = crash_header(source)
        warnings: list[str] = []
        spaces: tuple[AddressSpace, ...]
        read_contents: Callable[[AddressSpace], Contents]
        if header.dump_type == DUMP_TRIAGE:
            _refuse_cr3(source, options, "a triage dump holds no physical memory")
            found = triage(source, header, warnings)
            spaces, read_contents = (found.space,), found.contents_of
        else:
            machine = _machine(source, header, options, warnings)
            spaces, read_contents = machine.spaces, machine.contents_of
            warnings += machine.warnings
        return Dump(
            name=source.name,
            format=self.name,
            size=source.size,
            spaces=spaces,
            read_contents=read_contents,
            machine=header.machine,
            system=header.system,
            address_bits=header.bits,
            warnings=tuple(warnings),
            identity=source.identity,
            close=source.close,
        )


FORMAT = WindowsCrash()


def _refuse_cr3(source: FileSource, options: Options, reason: str) -> None:
    if options.cr3 is not None:
        raise UsageError(f"{source.name}: {reason}: leave out cr3")


def _machine(
    source: FileSource, header: CrashHeader, options: Options, warnings: list[str]
) -> Machine:
    physical = physical_memory(source, header, warnings)
    if header.machine not in (*_X86, None):
        _refuse_cr3(source, options, f"page tables of {header.machine} are not read")
        warnings.append(f"page tables of {header.machine} are not read: physical addresses only")
        return Machine(physical, None)
    told = Paging(_tables(physical, header))
    tables = paging_of(physical, options.cr3, told).tables
    if tables is None:
        warnings.append(
            "the header tells no page tables (cr3 can say them): physical addresses only"
        )
    if header.module_list is None:
        warnings.append("the header tells no list of modules (PsLoadedModuleList)")
        return Machine(physical, tables, claimed=claimed_memory(header))
    return Machine(
        physical,
        tables,
        partial(kernel_modules, head=header.module_list, bits=header.bits),
        claimed_memory(header),
    )


def _tables(physical: ExtentSpace, header: CrashHeader) -> PageTables | None:
    """The page tables that the header tells."""
    if header.cr3 is None or header.machine is None:
        return None
    if header.bits == 32:
        mode = PagingMode.PAE if header.has_pae else PagingMode.X86
        return PageTables.of_register(header.cr3, mode, windows=True)
    tables = PageTables.of_register(header.cr3, PagingMode.X64, windows=True)
    if header.module_list is not None and _has_five_levels(physical, tables, header.module_list):
        return tables._replace(mode=PagingMode.X64_5)
    return tables


def _has_five_levels(physical: ExtentSpace, tables: PageTables, kernel: int) -> bool:
    """Whether the top table is one of five levels (LA57), which no field of the header says.

    Kernel addresses begin with 0xfffff8: a table of four levels has them in entry 0x1f0 or
    thereabouts; one of five has them, like all others of the upper 128 TiB, in its last entry.
    """

    def is_present(index: int) -> bool:
        entry = physical.read(Span(tables.root + 8 * index, 8))
        return bool(entry.data[0] & 1)

    index = kernel >> 39 & 0x1FF
    return index != 0x1FF and not is_present(index) and is_present(0x1FF)
