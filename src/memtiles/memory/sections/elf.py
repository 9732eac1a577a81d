"""Sections of an ELF image in memory, or its segments where the section table is not there.

Source: System V gABI, chapters 4 and 5. The section table of a program or library stands at the end
of its file, which no loader maps: only images that are mapped whole, such as the vDSO, show it. The
program headers stand in the first page, and tell the protection of each address though no name.
Other files are never read for what is missing: the one on this disk may not be the one that ran.
"""

from __future__ import annotations

import struct
from typing import Literal

from memtiles.memory.elf.ident import ElfIdent, elf_ident
from memtiles.memory.sections.image import Claim, Image, name_of, protection_of, with_header

SECTION_LIMIT = 256
_NAMES_LIMIT = 64 << 10
_NAME_LIMIT = 64
_PAGE = 4096

_PROGRAMS = (2, 3)  # ET_EXEC, ET_DYN
_PT_LOAD = 1
_SHT_NULL, _SHT_STRTAB, _SHT_NOBITS = 0, 3, 8
_SHF_ALLOC, _SHF_TLS = 0x2, 0x400

_Row = dict[str, int]
_Forms = dict[Literal[32, 64], tuple[str, list[str]]]
"""Codes of `struct` and the names of the fields, by the class of the file."""

# e_phoff, e_shoff, e_phentsize, e_phnum, e_shentsize, e_shnum, e_shstrndx
_HEADER = {32: "28xII6xHHHHH", 64: "32xQQ6xHHHHH"}
_SEGMENT: _Forms = {
    32: ("IIIIIIII", ["type", "offset", "vaddr", "paddr", "filesz", "memsz", "flags", "align"]),
    64: ("IIQQQQQQ", ["type", "flags", "offset", "vaddr", "paddr", "filesz", "memsz", "align"]),
}
_SECTION: _Forms = {
    32: ("IIIIII16x", ["name", "type", "flags", "addr", "offset", "size"]),
    64: ("IIQQQQ24x", ["name", "type", "flags", "addr", "offset", "size"]),
}


def elf_sections(image: Image) -> list[Claim]:
    """The sections of an image, and last its headers as `header`; else its nameless segments.

    Empty where there are no such headers.
    """
    head = image.read(image.span.start, _PAGE)
    ident = elf_ident(head)
    if ident is None or ident.type not in _PROGRAMS:
        return []
    form = struct.Struct(ident.order + _HEADER[ident.bits])
    if len(head) < form.size:
        return []
    segments_at, sections_at, segment_size, segments, section_size, sections, names = (
        form.unpack_from(head)
    )
    if segment_size != _row(ident, _SEGMENT).size:
        return []
    table = head[segments_at : segments_at + segments * segment_size]
    loads = [row for row in _rows(table, ident, _SEGMENT) if row["type"] == _PT_LOAD]
    if not loads:
        return []
    loaded = _Loaded(image, loads)
    rows: list[_Row] = []
    if sections <= SECTION_LIMIT and section_size == _row(ident, _SECTION).size:
        rows = _rows(loaded.read_file(sections_at, sections * section_size), ident, _SECTION)
    named = _named(rows, names, loaded)
    if named:
        size = segments_at + segments * segment_size
        return with_header(named, image.span.start, size, _protection(loaded.first))
    return [_pages(load, loaded.base) for load in loads]


class _Loaded:
    """Where the pieces of an image's file stand in memory.

    Attributes:
        first: The segment with the headers.
        base: What is added to the addresses in the file.
    """

    def __init__(self, image: Image, loads: list[_Row]) -> None:
        self._image = image
        self._loads = loads
        # The image begins with the first byte of the file, whichever address that was meant for.
        self.first = min(loads, key=lambda load: load["offset"])
        self.base = image.span.start - (self.first["vaddr"] - self.first["offset"])

    def read_file(self, offset: int, size: int) -> bytes:
        """The bytes from an offset of the file on; none where they are not all in memory.

        Pages are mapped whole: the vDSO's section table lies behind its only segment.
        """
        for load in self._loads:
            end = load["offset"] + load["filesz"]
            if load["offset"] <= offset and offset + size <= end + -end % _PAGE:
                data = self._image.read(self.base + load["vaddr"] + offset - load["offset"], size)
                return data if len(data) == size else b""
        return b""

    def protection(self, section: _Row) -> str:
        """What the segment around a section says.

        The linker's own flags of a section are not what its pages get: the vDSO's `.dynamic` is
        flagged writable, and lies in a segment that is not.
        """
        for load in self._loads:
            skipped = section["addr"] - load["vaddr"]
            if skipped >= 0 and skipped + section["size"] <= load["memsz"]:
                return _protection(load)
        return protection_of(1, section["flags"] & 1, section["flags"] & 4)


def _row(ident: ElfIdent, forms: _Forms) -> struct.Struct:
    return struct.Struct(ident.order + forms[ident.bits][0])


def _rows(table: bytes, ident: ElfIdent, forms: _Forms) -> list[_Row]:
    """The whole rows of a table, as far as it goes."""
    form, fields = _row(ident, forms), forms[ident.bits][1]
    whole = table[: len(table) // form.size * form.size]
    return [dict(zip(fields, row, strict=True)) for row in form.iter_unpack(whole)]


def _named(rows: list[_Row], names_index: int, loaded: _Loaded) -> list[Claim]:
    """Sections that have addresses; none where the table is not one.

    What stands in memory where the table would be may be anything: data written over it, or the
    zeros behind a segment. So its row 0 and its table of names must be what they always are.
    """
    if names_index >= len(rows) or rows[0]["type"] != _SHT_NULL:
        return []
    strings = rows[names_index]
    if strings["type"] != _SHT_STRTAB or strings["size"] > _NAMES_LIMIT:
        return []
    names = loaded.read_file(strings["offset"], strings["size"])
    if not names:
        return []
    return [
        Claim(
            name_of(names[row["name"] : row["name"] + _NAME_LIMIT]),
            loaded.base + row["addr"],
            row["size"],
            loaded.protection(row),
        )
        for row in rows
        if row["flags"] & _SHF_ALLOC and not _is_template(row)
    ]


def _is_template(row: _Row) -> bool:
    """Whether it is `.tbss`, whose address is that of the section behind it.

    Zeros of a thread's own copy take no room in the image, so that `.init_array` has the same
    address, and would lose it to `.tbss`, which comes first.
    """
    return bool(row["flags"] & _SHF_TLS) and row["type"] == _SHT_NOBITS


def _pages(load: _Row, base: int) -> Claim:
    """A segment, which has no name, as the whole pages that get its protection."""
    start, end = base + load["vaddr"], base + load["vaddr"] + load["memsz"]
    start -= start % _PAGE
    return Claim("", start, end + -end % _PAGE - start, _protection(load))


def _protection(load: _Row) -> str:
    return protection_of(load["flags"] & 4, load["flags"] & 2, load["flags"] & 1)
