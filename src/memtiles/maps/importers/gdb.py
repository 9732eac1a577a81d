"""What gdb prints for `info proc mappings` and `info files` (`info target`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from memtiles.maps.importers import ImportedMap
from memtiles.maps.importers.gather import ByProcess, Gathered, joined
from memtiles.maps.importers.rows import Warnings, half_open, numbered
from memtiles.memory.dump import Kind, Mapping
from memtiles.memory.process.modules import modules_of, with_kinds
from memtiles.memory.span import Span

_HEX = "0[xX][0-9a-fA-F]{1,16}"
_END = "0[xX](?:[0-9a-fA-F]{1,16}|10000000000000000)"
# START END SIZE OFFSET, in newer gdbs the protection, and the file if there is one.
_MAPPING = re.compile(
    rf"\s*({_HEX})\s+({_END})\s+({_HEX})\s+({_HEX})(?:\s+([r-][w-][x-][ps-]))?(?:\s+(\S.*))?\s*"
)
_SECTION = re.compile(rf"\s*({_HEX}) - ({_END}) is (\S+)(?: in (.*))?")
_LIKE_A_ROW = re.compile(r"\s*0[xX]\w+\s+(?:-\s+)?0[xX]\w+\s.*")
_PROCESS = re.compile(r"process ([0-9]{1,10})\s*")
# Sections that name no file belong to the one that was named last.
_FILE = re.compile(r"\s*`(.*)', file type .*")
_CORE = re.compile(r"\s*Local core dump file:\s*")
_EXEC = re.compile(r"\s*Local exec file:\s*")
_VDSO = "system-supplied DSO at "

_PAGE = 0x1000


class Gdb:
    """The mappings of `info proc mappings`; where there are none, the files of `info files`."""

    name = "gdb"

    def sniff(self, text: str) -> bool:
        return any(
            _SECTION.fullmatch(line) or ((row := _mapping_row(line)) is not None and row.whole)
            for _, line in numbered(text)
        )

    def read(self, text: str, name: str) -> Sequence[ImportedMap]:
        warnings = Warnings(name)
        found = ByProcess()
        for pid, mapping in _mappings(text, warnings):
            found[pid].mappings.append(mapping)
        for gathered in found.values():
            gathered.mappings = list(with_kinds(gathered.mappings))
            gathered.modules = list(modules_of(gathered.mappings))
        if not found:
            _add_files(text, found[None], warnings)
        return found.maps(warnings.told())


IMPORTER = Gdb()


class _Row(NamedTuple):
    """A row of `info proc mappings` as it stands there; `whole` if its size is right."""

    start: int
    end: int
    size: int
    offset: int
    protection: str | None
    path: str

    @property
    def whole(self) -> bool:
        return self.start < self.end == self.start + self.size


def _mapping_row(line: str) -> _Row | None:
    row = _MAPPING.fullmatch(line)
    if row is None:
        return None
    start, end, size, offset = (int(row[group], 16) for group in (1, 2, 3, 4))
    if end == 0 < start and start + size in (1 << 32, 1 << 64):
        end = start + size
    return _Row(start, end, size, offset, row[5], (row[6] or "").rstrip())


def _mappings(text: str, warnings: Warnings) -> Iterator[tuple[int | None, Mapping]]:
    pid: int | None = None
    for number, line in numbered(text):
        if process := _PROCESS.fullmatch(line):
            pid = int(process[1])
        elif (row := _mapping_row(line)) is not None:
            if row.whole:
                span = Span(row.start, row.size)
                yield pid, Mapping(span, Kind.ANONYMOUS, row.path, row.protection, row.offset)
            else:
                warnings.left_out(number, line.strip(), "has not the size that it says")
        elif _LIKE_A_ROW.fullmatch(line) and not _SECTION.fullmatch(line):
            warnings.not_understood(number, line)


def _add_files(text: str, found: Gathered, warnings: Warnings) -> None:
    """Takes in the modules that sections make, each rounded to the pages that it is loaded in.

    A file's first section stands behind its headers: /usr/local/lib/libpython3.11.so.1.0 has one
    from 0x7f4833200238 on, but is loaded from 0x7f4833200000 on, and offsets count from there.
    Test: test_files_are_the_modules_of_the_same_process.
    """
    in_core = False
    file = ""
    pieces = []
    for number, line in numbered(text):
        if _CORE.fullmatch(line) or _EXEC.fullmatch(line):
            in_core = _CORE.fullmatch(line) is not None
            file = ""
        elif named := _FILE.fullmatch(line):
            # The rows of a core are its own segments, load1 and so on, not sections of a module.
            file = "" if in_core else named[1]
        elif section := _SECTION.fullmatch(line):
            path = section[4] or file
            if not path:
                continue
            path = "[vdso]" if path.startswith(_VDSO) else path
            try:
                span = half_open(int(section[1], 16), int(section[2], 16))
            except ValueError as why:
                warnings.left_out(number, section[3], why)
                continue
            pieces.append(Mapping(_whole_pages(span), Kind.MODULE, path))
    for module in joined(pieces):
        found.add_module(module.path, module.span)


def _whole_pages(span: Span) -> Span:
    return Span.between(span.start & -_PAGE, -(-span.end & -_PAGE))
