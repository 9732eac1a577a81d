"""The program headers of an ELF core: where in the file which memory lies (gABI, chapter 5)."""

from __future__ import annotations

import struct
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.errors import DumpError, LimitError
from memtiles.memory.elf.ident import ElfIdent
from memtiles.memory.files.source import FileSource

_PT_LOAD, _PT_NOTE = 1, 4
_PN_XNUM = 0xFFFF

# Stated limits. Linux allows about a million mappings where distributions raise its default.
_SEGMENTS_LIMIT = 1 << 21

# (position of e_phoff, e_shoff | e_phentsize, e_phnum | size of the header | of a segment's row)
_HEADER = {32: ("II", 28, "HH", 42, 52), 64: ("QQ", 32, "HH", 54, 64)}
_SH_INFO = {32: 28, 64: 44}
_FIELDS = {
    32: ["type", "offset", "vaddr", "paddr", "filesz", "memsz", "flags", "align"],
    64: ["type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align"],
}

_Column = npt.NDArray[np.uint64]


class Segments(NamedTuple):
    """Rows of the program header table, one array per field."""

    flags: _Column
    offset: _Column
    vaddr: _Column
    paddr: _Column
    filesz: _Column
    memsz: _Column
    align: _Column

    def where(self, chosen: npt.NDArray[np.bool_]) -> Segments:
        """Those that a mask chooses."""
        return Segments(*(column[chosen] for column in self))


class Placed(NamedTuple):
    """Segments that have an address and a size.

    Attributes:
        starts: First address of each.
        present: Bytes of it that the file holds.
        sizes: All of its bytes.
        loads: Their rows.
    """

    starts: _Column
    present: _Column
    sizes: _Column
    loads: Segments


def read_segments(
    source: FileSource, ident: ElfIdent, warnings: list[str]
) -> tuple[Segments, Segments]:
    """The PT_LOAD rows and the PT_NOTE rows.

    Raises:
        DumpError: The table is damaged, or holds no memory.
        LimitError: It has more than 2,097,152 rows.
    """
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
    segments = Segments(*(table[field].astype(np.uint64) for field in Segments._fields))
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


def place(
    loads: Segments, starts: _Column, file_size: int, ident: ElfIdent, warnings: list[str]
) -> Placed:
    """Cuts segments to what the file and the address space hold; those of no size are dropped.

    Args:
        loads: The segments.
        starts: Their virtual or physical addresses.
        file_size: Bytes of the file.
        ident: How wide an address is.
        warnings: Takes a line for each kind of damage.
    """
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
    return Placed(starts[kept], present[kept], sizes[kept], loads.where(kept))
