"""What WinDbg's `lm`, `lmf` and `lmv` print: rows START END NAME, the end exclusive.

The text is often pasted from a session, with prompts, banners and other commands' output in it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from memtiles.maps.importers import ImportedMap
from memtiles.maps.importers.gather import Gathered
from memtiles.maps.importers.rows import Warnings, half_open, numbered

_DIGITS = "[0-9a-fA-F]"
_ADDRESS = f"{_DIGITS}{{8}}(?:`?{_DIGITS}{{8}})?"
_END = f"(?:{_ADDRESS}|1(?:`?00000000){{2}})"
# A third number instead of a name is a row of `dd`, `dq` or `!address`; a name with a ! is a symbol
# in a stack.
_ROW = re.compile(
    rf"\s*({_ADDRESS})\s+({_END})\s+"
    rf"(?!{_ADDRESS}(?:\s|$)|[0-9a-fA-F`]{{1,17}}\s+MEM_)([^\s!]+)(?:\s(.*))?"
)
_LIKE_A_ROW = re.compile(r"\s*(?:[0-9a-fA-F]{5,}|\w+`\w*)\s+(?:[0-9a-fA-F]{4,}|\w+`\w*)(?:\s.*)?")
_HEADER = re.compile(r"start\s+end\s+module name", re.IGNORECASE)
_UNLOADED = re.compile(r"\s*Unloaded modules:\s*", re.IGNORECASE)
_PROMPT = re.compile(r"\s*(?:[0-9]{1,5}: ?)?(?:l?kd|[0-9]{1,5}:[0-9]{1,5})(?::\w{1,16})?>.*")
_ADDRESS_TABLE = re.compile(r"EndAddr(?:ess)?\+1")
# `lmf` ends its rows with the path of the image, where `lm` has "(pdb symbols)" and a symbol file.
_IMAGE_PATH = re.compile(r"\s*(?:[#TCM]\s+)*((?:[A-Za-z]:|[\\/]).*)")
_DETAIL = re.compile(r"\s+(Image path|Mapped memory image file|Loaded symbol image file):(.*)")

# What `lmv` says of an image's file, the best first. The last is where the debugger found it, which
# may be a symbol store on another machine.
_DETAILS = ("Image path", "Mapped memory image file", "Loaded symbol image file")

_SIGN = 0xFFFFFFFF_00000000


@dataclass
class _Row:
    """A row as it stands there; `rank` is that of the detail that its path comes from."""

    number: int
    start: str
    end: str
    path: str
    rank: int


class Lm:
    """A module per row; those listed as unloaded are not in memory and left out."""

    name = "lm"

    def sniff(self, text: str) -> bool:
        if _ADDRESS_TABLE.search(text):
            return False
        return bool(_HEADER.search(text)) or any(_ROW.fullmatch(line) for _, line in numbered(text))

    def read(self, text: str, name: str) -> Sequence[ImportedMap]:
        warnings = Warnings(name)
        rows = _rows(text, warnings)
        kernel = any(_number(row.start) >= 1 << 63 for row in rows)
        found = Gathered()
        for row in rows:
            start, end = _number(row.start), _number(row.end)
            wide = len(row.start) > 8
            if not wide and kernel and start >= 1 << 31:
                # A kernel debugger takes 8 digits from 80000000 on for a kernel address. Alone
                # they are one of a 32-bit system, or of a program in a 64-bit one.
                # Test: test_eight_digits_among_kernel_addresses.
                start, end, wide = start | _SIGN, end | _SIGN if end else 0, True
            try:
                found.add_module(row.path, half_open(start, end, 64 if wide else 32))
            except ValueError as why:
                warnings.left_out(row.number, row.path, why)
        return [found.map(warnings.told())]


IMPORTER = Lm()


def _number(text: str) -> int:
    return int(text.replace("`", ""), 16)


def _rows(text: str, warnings: Warnings) -> list[_Row]:
    """The rows of loaded modules, with the paths that the lines below them tell."""
    # Where there are headers, rows stand below them only; other commands print alike.
    listing = bare = not _HEADER.search(text)
    unloaded = False
    count = 0
    rows: list[_Row] = []
    current: _Row | None = None
    for number, line in numbered(text):
        if current is not None and (detail := _DETAIL.fullmatch(line)):
            rank = _DETAILS.index(detail[1])
            if rank < current.rank and detail[2].strip():
                current.path, current.rank = detail[2].strip(), rank
        elif _HEADER.search(line):
            listing, unloaded, current = True, False, None
        elif _UNLOADED.fullmatch(line):
            unloaded, current = True, None
        elif _PROMPT.fullmatch(line):
            listing, unloaded, current = bare, False, None
        elif not listing:
            continue
        elif not (found := _ROW.fullmatch(line)):
            if not unloaded and _LIKE_A_ROW.fullmatch(line):
                warnings.not_understood(number, line)
        elif unloaded:
            count += 1
        else:
            current = _row(number, found)
            rows.append(current)
    warnings.unloaded(count)
    return rows


def _row(number: int, found: re.Match[str]) -> _Row:
    path = _IMAGE_PATH.fullmatch(found[4] or "")
    if path is None:
        return _Row(number, found[1], found[2], found[3], len(_DETAILS))
    return _Row(number, found[1], found[2], path[1].strip(), 0)
