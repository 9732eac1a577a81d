"""What WinDbg's `!address` lists: the regions of a process, or of an older Windows kernel."""

from __future__ import annotations

from collections.abc import Sequence

from memtiles.maps.importers import ImportedMap
from memtiles.maps.importers.gather import Gathered
from memtiles.maps.importers.rows import Warnings
from memtiles.maps.importers.windbg_listing import ListedRow, is_listing, listed_rows, path_in
from memtiles.memory.dump import Kind, Mapping

_KINDS = {
    "Image": Kind.MODULE,
    "Stack": Kind.STACK,
    "KernelStack": Kind.STACK,
    "Heap": Kind.HEAP,
    "PageHeap": Kind.HEAP,
    "MappedFile": Kind.FILE,
    "MemoryMappedFile": Kind.FILE,
}
# Shared memory that has no file of its own; the page file backs it.
_NO_FILE = "PageFile"


class WinDbgAddress:
    """A mapping per region that is not free, and the modules that those of images make."""

    name = "windbg-address"

    def sniff(self, text: str) -> bool:
        return is_listing(text)

    def read(self, text: str, name: str) -> Sequence[ImportedMap]:
        warnings = Warnings(name)
        found = Gathered()
        found.add_images([_mapping(row) for row in listed_rows(text, warnings)])
        return [found.map(warnings.told())]


IMPORTER = WinDbgAddress()


def _mapping(row: ListedRow) -> Mapping:
    # Where 64-bit Windows runs a 32-bit program there are Stack32 and Stack64, and so on.
    usage = row.usage.removesuffix("32").removesuffix("64")
    other = Kind.KERNEL if row.kernel else Kind.ANONYMOUS
    kind = Kind.MODULE if row.image else _KINDS.get(usage, other)
    if kind in (Kind.MODULE, Kind.FILE):
        path = path_in(row.detail) if usage in _KINDS else ""
        if path == _NO_FILE:
            kind = Kind.ANONYMOUS
        return Mapping(row.span, kind, path, row.protection)
    return Mapping(row.span, kind, f"{row.usage} {row.detail}".strip(), row.protection)
