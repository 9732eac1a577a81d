"""ELF cores: what Linux, the BSDs, gdb's gcore, QEMU's dump-guest-memory and VirtualBox write.

The layout is that of the System V gABI, chapters 4 and 5; what differs in the wild is said where
it is handled. The reader trusts no number of the file before it is held against the file's size.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from memtiles.errors import DumpError, UsageError
from memtiles.memory.dump import Contents, Dump, Mapping
from memtiles.memory.elf.core_mappings import mappings_of
from memtiles.memory.elf.ident import CORE, MAGIC, ElfIdent, elf_ident
from memtiles.memory.elf.notes import NT_FILE, MappedFile, Note, mapped_files, notes
from memtiles.memory.elf.segments import Placed, Segments, place, read_segments
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.files.source import FileSource
from memtiles.memory.machine.guest_tables import guest_tables
from memtiles.memory.machine.spaces import Machine, Paging, paging_of
from memtiles.memory.machine.vmcoreinfo import linux_release, parse_vmcoreinfo
from memtiles.memory.options import Options
from memtiles.memory.overlap import union_of
from memtiles.memory.paging.mode import PagingMode
from memtiles.memory.process.modules import modules_of
from memtiles.memory.space import AddressSpace, SpaceKind

_NOTES_LIMIT = 64 << 20  # stated; ten thousand threads have 40 MiB of registers
# Whose notes these are; "NetBSD-CORE@1" is one of a thread. gcore's of Linux are of CORE, too.
_SYSTEMS = {
    b"LINUX": "Linux", b"FreeBSD": "FreeBSD", b"OpenBSD": "OpenBSD", b"NetBSD-CORE": "NetBSD",
}  # fmt: skip
_HYPERVISORS = (b"QEMU", b"VBCORE", b"VBCPU")


class _CoreNotes(NamedTuple):
    """What the notes tell: of a process its mapped files, of a machine the rest."""

    files: list[MappedFile]
    of_hypervisor: list[Note]
    vmcoreinfo: dict[str, str]
    system: str | None


class ElfCore:
    """ELF files of type ET_CORE; other ELF files are told apart in the error."""

    name = "elf-core"
    takes = frozenset({"cr3"})

    def sniff(self, head: bytes) -> bool:
        return head.startswith(MAGIC)

    def open(self, source: FileSource, options: Options) -> Dump:
        ident = _core_ident(source)
        warnings: list[str] = []
        loads, note_segments = read_segments(source, ident, warnings)
        told = _read_notes(source, ident, note_segments, warnings)
        if _is_machine(loads, told):
            opened = _machine(source, ident, options, loads, told, warnings)
        elif options.cr3 is not None:
            raise UsageError(f"{source.name}: the core of a process has no page tables: no cr3")
        else:
            opened = _process(source, ident, loads, told, warnings)
        mode = opened.mode
        return Dump(
            name=source.name,
            format=self.name,
            size=source.size,
            spaces=opened.spaces,
            read_contents=opened.contents_of,
            # VirtualBox writes a 64-bit file that calls itself x86-64 of every guest.
            machine=mode.machine if mode else ident.machine,
            system=opened.system,
            address_bits=mode.address_bits if mode else ident.bits,
            byte_order=ident.byte_order,
            warnings=tuple(warnings),
            identity=source.identity,
            close=source.close,
        )


FORMAT = ElfCore()


def _core_ident(source: FileSource) -> ElfIdent:
    head = source.read(0, 64)
    ident = elf_ident(head)
    if ident is None:
        raise DumpError(f"{source.name}: not an ELF file, or its first 20 bytes are damaged")
    if ident.type != CORE:
        raise DumpError(
            f"{source.name}: an ELF file, but {ident.type_name} and not a core; "
            "`format: raw` pictures any file"
        )
    return ident


def _read_notes(
    source: FileSource, ident: ElfIdent, segments: Segments, warnings: list[str]
) -> _CoreNotes:
    files: list[MappedFile] | None = None
    of_hypervisor: list[Note] = []
    vmcoreinfo: dict[str, str] = {}
    owner: str | None = None
    missing = 0
    budget = min(_NOTES_LIMIT, source.size)  # of all note segments together: they may overlap
    for offset, size, alignment in zip(
        segments.offset.tolist(), segments.filesz.tolist(), segments.align.tolist(), strict=True
    ):
        data = source.read(offset, min(size, budget))
        budget -= len(data)
        missing += size - len(data)
        for note in notes(data, ident.order, alignment):
            owner = owner or _SYSTEMS.get(note.name.partition(b"@")[0])
            if note.name in _HYPERVISORS:
                of_hypervisor.append(note)
            elif note.name == b"VMCOREINFO":
                vmcoreinfo = vmcoreinfo or parse_vmcoreinfo(note.desc)
            elif files is None and (note.name, note.type) == (b"CORE", NT_FILE):
                listed = mapped_files(note.desc, ident)
                if listed is None:
                    warnings.append("the list of mapped files (NT_FILE) is damaged: not used")
                files = listed or []
    if missing:
        warnings.append(f"the notes are cut: {missing} bytes of them were not read")
    system = linux_release(vmcoreinfo) or owner
    return _CoreNotes(files or [], of_hypervisor, vmcoreinfo, system)


def _is_machine(loads: Segments, told: _CoreNotes) -> bool:
    """Whether the segments are pieces of a machine's memory, which have physical addresses."""
    no_virtual = not np.any(loads.vaddr) and bool(np.any(loads.paddr))
    return no_virtual or bool(told.of_hypervisor or told.vmcoreinfo)


class _Opened(NamedTuple):
    spaces: tuple[AddressSpace, ...]
    contents_of: Callable[[AddressSpace], Contents]
    system: str | None
    mode: PagingMode | None = None


def _process(
    source: FileSource,
    ident: ElfIdent,
    loads: Segments,
    told: _CoreNotes,
    warnings: list[str],
) -> _Opened:
    placed = place(loads, loads.vaddr, source.size, ident, warnings)
    mappings = _mappings(placed, told.files)
    contents = Contents(mappings, modules_of(mappings))
    return _Opened((_space(SpaceKind.VIRTUAL, source, placed),), lambda _: contents, told.system)


def _machine(
    source: FileSource,
    ident: ElfIdent,
    options: Options,
    loads: Segments,
    told: _CoreNotes,
    warnings: list[str],
) -> _Opened:
    """Physical memory, and virtual memory through page tables, or else as the segments place it.

    QEMU's dump-guest-memory with `paging` has a segment for each piece that its page tables map,
    and puts all that they do not map at virtual address 0. /proc/vmcore knows virtual addresses
    of the kernel's own image and of all physical memory, but none of what a kernel allocates. So
    the tables, where the notes lead to them, tell more than the segments.
    """
    placed = place(loads, loads.paddr, source.size, ident, warnings)
    physical = _space(SpaceKind.PHYSICAL, source, placed)
    # A 32-bit guest with more memory than 4 GiB has a 64-bit file, too.
    bits = 32 if ident.machine == "x86" else ident.bits
    found = guest_tables(physical, told.of_hypervisor, told.vmcoreinfo, bits)
    paging = paging_of(physical, options.cr3, Paging(found, told.system))
    cut = placed.present < placed.sizes
    claimed = union_of(placed.starts[cut], placed.starts[cut] + (placed.sizes[cut] - np.uint64(1)))
    machine = Machine(physical, paging.tables, claimed=claimed)
    warnings += machine.warnings
    if machine.virtual is not None:
        mode = machine.virtual.tables.mode
        return _Opened(machine.spaces, machine.contents_of, paging.system, mode)
    # Without paging QEMU writes p_vaddr = p_paddr, other writers 0.
    is_mapped = (loads.vaddr != 0) & (loads.vaddr != loads.paddr)
    if not np.any(is_mapped):
        return _Opened(machine.spaces, machine.contents_of, paging.system)
    placed = place(loads.where(is_mapped), loads.vaddr[is_mapped], source.size, ident, [])
    virtual = _space(SpaceKind.VIRTUAL, source, placed)
    contents = Contents(_mappings(placed, []))

    def contents_of(space: AddressSpace) -> Contents:
        return contents if space is virtual else machine.contents_of(space)

    return _Opened((virtual, physical), contents_of, paging.system)


def _space(kind: SpaceKind, source: FileSource, placed: Placed) -> ExtentSpace:
    return ExtentSpace(kind, source, placed.starts, placed.present, placed.loads.offset)


def _mappings(placed: Placed, files: Sequence[MappedFile]) -> tuple[Mapping, ...]:
    flags = placed.loads.flags
    # A guest's dump has no protections: every segment says 0.
    known = flags.tolist() if bool(np.any(flags)) else [None] * len(flags)
    return mappings_of(placed.starts, placed.sizes, known, files)
