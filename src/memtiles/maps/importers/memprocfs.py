"""Tables of MemProcFS: modules.txt, modules-v.txt, memmap/vad.txt, memmap/pte.txt of a process.

The forms of their rows are those that its sources print (vmm/modules/m_proc_ldrmodules.c and
m_proc_memmap.c): columns of fixed width, the end inclusive.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from memtiles.maps.importers import ImportedMap
from memtiles.maps.importers.gather import ByProcess
from memtiles.maps.importers.rows import Warnings, half_open, numbered
from memtiles.memory.dump import Kind, Mapping
from memtiles.memory.span import Span

# Rows begin with a number in hex and the process's; the pages of the range, in hex, stand later.
_HEAD = r"[0-9a-f]{4,8} +([0-9]{1,10}) +"
_RANGE = r"((?:[0-9a-f]{8}){1,2})-((?:[0-9a-f]{8}){1,2})"
_MODULE = re.compile(rf"{_HEAD}([0-9a-f]{{1,8}}) {_RANGE} (?:32|  ) (.*)")
_PTE = re.compile(rf"{_HEAD}([0-9a-f]{{1,8}}) {_RANGE} [-s](r[w-][x-])(?:    | 32 )(.*)")
_VAD = re.compile(
    rf"{_HEAD}(?:[0-9a-f]{{8}}){{1,2}} +([0-9a-f]{{1,8}}) +[0-9a-f]{{1,8}} [01] {_RANGE} "
    r"(Image|File |Heap |Stack|Teb  |Pf   |     ) [p-][-mgn]([r-][w-][x-][c-])(?: (.*))?"
)
# modules-v.txt: the name, counts of imports, exports and sections, the path.
_VERBOSE = re.compile(r".{48} *[0-9]{1,8} +[0-9]{1,9} +[0-9]{1,6} (.{1,72}).*")
_LIKE_A_ROW = re.compile(r"[0-9a-f]{4,8} +[0-9]{1,10} .*[0-9a-f]{8}-[0-9a-f]{8}.*")
_UNLOADED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\b.*|\s*\*\*\*.*")

_KINDS = {
    "Image": Kind.MODULE,
    "File": Kind.FILE,
    "Heap": Kind.HEAP,
    "Stack": Kind.STACK,
}


class MemProcFs:
    """A module per row of modules.txt, a mapping per row of the others."""

    name = "memprocfs"

    def sniff(self, text: str) -> bool:
        return any(
            form.fullmatch(line) for _, line in numbered(text) for form in (_MODULE, _VAD, _PTE)
        )

    def read(self, text: str, name: str) -> Sequence[ImportedMap]:
        warnings = Warnings(name)
        found = ByProcess()
        unloaded = 0
        for number, line in numbered(text):
            row = _PTE.fullmatch(line) or _VAD.fullmatch(line) or _MODULE.fullmatch(line)
            if row is None:
                if _LIKE_A_ROW.fullmatch(line):
                    warnings.not_understood(number, line)
                continue
            span = _span(row, number, warnings)
            if span is None:
                continue
            pid = int(row[1])
            if row.re is _MODULE and _UNLOADED.fullmatch(row[5]):
                unloaded += 1
            elif row.re is _MODULE:
                verbose = _VERBOSE.fullmatch(row[5])
                path = verbose[1] if verbose and verbose[1].strip() else row[5]
                found[pid].add_module(path.strip(), span)
            elif row.re is _PTE:
                found[pid].mappings.append(_page_mapping(row, span))
            else:
                found[pid].add_images([_vad(row, span)])
        warnings.unloaded(unloaded)
        return found.maps(warnings.told()) or [ImportedMap((), (), warnings.told())]


IMPORTER = MemProcFs()


def _span(row: re.Match[str], number: int, warnings: Warnings) -> Span | None:
    start, last = int(row[3], 16), int(row[4], 16)
    # The count of pages has 32 bits: that of a larger range is cut.
    if last < start or (last + 1 - start) >> 12 & 0xFFFFFFFF != int(row[2], 16):
        warnings.left_out(number, row[0].strip(), "has not the pages that it says")
        return None
    return half_open(start, last + 1)


def _page_mapping(row: re.Match[str], span: Span) -> Mapping:
    """A row of pte.txt; its text names the module that the pages are of, or what else they are."""
    return Mapping(span, Kind.ANONYMOUS, row[6].strip(), row[5])


def _vad(row: re.Match[str], span: Span) -> Mapping:
    # A page that is copied when it is written can be read and written.
    protection = f"rw{row[6][2]}" if row[6][3] == "c" else row[6][:3]
    kind = _KINDS.get(row[5].strip(), Kind.ANONYMOUS)
    name = (row[7] or "").strip() or (row[5].strip() if kind is Kind.ANONYMOUS else "")
    return Mapping(span, kind, name, protection)
