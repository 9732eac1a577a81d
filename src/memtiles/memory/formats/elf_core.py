"""ELF cores: what Linux, the BSDs, gdb's gcore and QEMU's dump-guest-memory write.

The layout is that of the System V gABI, chapters 4 and 5; what differs in the wild is said where
it is handled. The reader trusts no number of the file before it is held against the file's size.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.errors import DumpError, LimitError
from memtiles.memory.core_mappings import mappings_of
from memtiles.memory.dump import Contents, Dump
from memtiles.memory.elf_ident import CORE, MAGIC, ElfIdent, elf_ident
from memtiles.memory.elf_notes import NT_FILE, MappedFile, mapped_files, notes
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.formats import Options
from memtiles.memory.modules import modules_of
from memtiles.memory.source import FileSource
from memtiles.memory.space import SpaceKind

_PT_LOAD, _PT_NOTE = 1, 4
_PN_XNUM = 0xFFFF

# Stated limits. Linux allows about a million mappings where distributions raise its default.
_SEGMENTS_LIMIT = 1 << 21
_NOTES_LIMIT = 64 << 20  # ten thousand threads have 40 MiB of registers

# (position of e_phoff, e_shoff | e_phentsize, e_phnum | size of the header | of a segment's row)
_HEADER = {32: ("II", 28, "HH", 42, 52), 64: ("QQ", 32, "HH", 54, 64)}
_SH_INFO = {32: 28, 64: 44}
_FIELDS = {
    32: ["type", "offset", "vaddr", "paddr", "filesz", "memsz", "flags", "align"],
    64: ["type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align"],
}

_Column = npt.NDArray[np.uint64]


class _Segments(NamedTuple):
    """Rows of the program header table, one array per field."""

    flags: _Column
    offset: _Column
    vaddr: _Column
    paddr: _Column
    filesz: _Column
    memsz: _Column
    align: _Column

    def where(self, chosen: npt.NDArray[np.bool_]) -> _Segments:
        return _Segments(*(column[chosen] for column in self))


class ElfCore:
    """ELF files of type ET_CORE; other ELF files are told apart in the error."""

    name = "elf-core"
    takes = frozenset({"cr3"})

    def sniff(self, head: bytes) -> bool:
        return head.startswith(MAGIC)

    def open(self, source: FileSource, options: Options) -> Dump:
        ident = _core_ident(source)
        warnings: list[str] = []
        loads, note_segments = _segments(source, ident, warnings)
        files, guest = _read_notes(source, ident, note_segments, warnings)
        physical = _is_physical(loads, guest)
        starts = loads.paddr if physical else loads.vaddr
        starts, present, sizes, loads = _placed(loads, starts, source.size, ident, warnings)
        # A guest's dump has no protections: every segment says 0.
        flags = loads.flags.tolist() if bool(np.any(loads.flags)) else [None] * len(starts)
        mappings = mappings_of(starts, sizes, flags, [] if physical else files)
        return Dump(
            name=source.name,
            format=self.name,
            size=source.size,
            spaces=(
                ExtentSpace(
                    SpaceKind.PHYSICAL if physical else SpaceKind.VIRTUAL,
                    source,
                    starts,
                    present,
                    loads.offset,
                ),
            ),
            read_contents=lambda _: Contents(mappings, modules_of(mappings)),
            machine=ident.machine,
            address_bits=ident.bits,
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


def _segments(
    source: FileSource, ident: ElfIdent, warnings: list[str]
) -> tuple[_Segments, _Segments]:
    """The PT_LOAD rows and the PT_NOTE rows."""
    offset_format, offset_at, count_format, count_at, header_size = _HEADER[ident.bits]
    head = source.read(0, header_size)
    # e_ehsize is not looked at: QEMU writes 8 there.
    if len(head) < header_size:
        raise DumpError(f"{source.name}: the core is cut inside its header of {header_size} bytes")
    table_at, sections_at = struct.unpack_from(ident.order + offset_format, head, offset_at)
    row_size, count = struct.unpack_from(ident.order + count_format, head, count_at)
    if count == _PN_XNUM:
        count = _extended_count(source, ident, sections_at)
    fields = _FIELDS[ident.bits]
    wide = f"{ident.order}u{ident.bits // 8}"
    types = [f"{ident.order}u4" if field in ("type", "flags") else wide for field in fields]
    row = np.dtype(list(zip(fields, types, strict=True)))
    if count and row_size < row.itemsize:
        raise DumpError(f"{source.name}: e_phentsize is {row_size}, not {row.itemsize}: damaged")
    room = max(0, source.size - table_at) // row_size if row_size else 0
    if room < count:
        warnings.append(f"the table of segments is cut: {room} of {count} are in the file")
        count = room
    if count > _SEGMENTS_LIMIT:
        raise LimitError(f"{source.name}: {count} segments; at most {_SEGMENTS_LIMIT} are read")
    if not count:
        raise DumpError(f"{source.name}: the core holds no memory: its table of segments is gone")
    data = source.read(table_at, count * row_size)
    rows = np.frombuffer(data, np.uint8, len(data) // row_size * row_size).reshape(-1, row_size)
    table = rows[:, : row.itemsize].copy().view(row).reshape(-1)
    segments = _Segments(*(table[field].astype(np.uint64) for field in _Segments._fields))
    loads = segments.where(table["type"] == _PT_LOAD)
    if not len(loads.vaddr):
        raise DumpError(f"{source.name}: the core holds no memory: it has no PT_LOAD segment")
    return loads, segments.where(table["type"] == _PT_NOTE)


def _extended_count(source: FileSource, ident: ElfIdent, sections_at: int) -> int:
    """The number of segments where e_phnum has no room for it.

    From 65,535 segments on, Linux writes PN_XNUM there and the number in sh_info of section 0,
    the only section of such a core (gABI, e_phnum).
    """
    at = sections_at + _SH_INFO[ident.bits]
    field = source.read(at, 4)
    if sections_at == 0 or len(field) < 4:
        raise DumpError(
            f"{source.name}: the number of segments should stand at byte {at:#x}, which is "
            "outside the file: the core is cut or damaged"
        )
    return int(struct.unpack(ident.order + "I", field)[0])


def _read_notes(
    source: FileSource, ident: ElfIdent, segments: _Segments, warnings: list[str]
) -> tuple[list[MappedFile], bool]:
    """The mapped files, and whether the notes are those of a virtual machine."""
    files: list[MappedFile] | None = None
    guest = False
    missing = 0
    budget = min(_NOTES_LIMIT, source.size)  # of all note segments together: they may overlap
    for offset, size, alignment in zip(
        segments.offset.tolist(), segments.filesz.tolist(), segments.align.tolist(), strict=True
    ):
        data = source.read(offset, min(size, budget))
        budget -= len(data)
        missing += size - len(data)
        for note in notes(data, ident.order, alignment):
            guest = guest or note.name in (b"QEMU", b"VBCORE")
            if files is None and (note.name, note.type) == (b"CORE", NT_FILE):
                listed = mapped_files(note.desc, ident)
                if listed is None:
                    warnings.append("the list of mapped files (NT_FILE) is damaged: not used")
                files = listed or []
    if missing:
        warnings.append(f"the notes are cut: {missing} bytes of them were not read")
    return files or [], guest


def _is_physical(loads: _Segments, guest: bool) -> bool:
    """Whether the segments are pieces of a machine's physical memory.

    QEMU's dump-guest-memory without `paging` has no virtual addresses. It writes p_vaddr = p_paddr
    then, other writers 0; with `paging` p_vaddr is what the guest's page tables say.
    """
    no_virtual = not np.any(loads.vaddr) and bool(np.any(loads.paddr))
    same = bool(np.all((loads.vaddr == loads.paddr) | (loads.vaddr == 0)))
    return no_virtual or (guest and same)


def _placed(
    loads: _Segments, starts: _Column, file_size: int, ident: ElfIdent, warnings: list[str]
) -> tuple[_Column, _Column, _Column, _Segments]:
    """Starts, present bytes and whole sizes of the segments that have an address and a size."""
    end = np.uint64(file_size)
    # A core that was cut short (a full disk, a ulimit) has segments past its end: holes.
    in_file = np.minimum(loads.filesz, end - np.minimum(loads.offset, end))
    cut = in_file < loads.filesz
    if bool(np.any(cut)):
        missing = sum(loads.filesz[cut].tolist()) - sum(in_file[cut].tolist())
        warnings.append(
            f"the dump is cut short at {file_size} bytes: {int(cut.sum())} of {len(cut)} segments "
            f"reach past its end, {missing} bytes are missing"
        )
    # p_filesz below p_memsz: the rest was not dumped. Core filters leave out program text that is
    # in its file anyway, so it is unknown and not zero, unlike in an executable.
    odd = loads.filesz > loads.memsz
    if bool(np.any(odd)):
        # Forbidden by the gABI. The bytes are in the dump, so they are shown; gdb does so too.
        warnings.append(f"{int(odd.sum())} segments hold more bytes than they claim addresses")
    sizes = np.maximum(loads.memsz, in_file)
    room = np.uint64(2**ident.bits - 1) - starts  # one less than what fits
    beyond = (sizes > 0) & (sizes - np.uint64(1) > room)
    if bool(np.any(beyond)):
        warnings.append(
            f"{int(beyond.sum())} segments leave the {ident.bits}-bit address space: cut there"
        )
        sizes = np.where(beyond, room + np.uint64(1), sizes)
    kept = sizes > 0
    present = np.minimum(in_file, sizes)
    return starts[kept], present[kept], sizes[kept], loads.where(kept)
