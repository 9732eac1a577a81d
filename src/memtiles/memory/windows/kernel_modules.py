"""The modules of a Windows kernel: the list that it keeps of itself and its drivers.

PsLoadedModuleList is a ring of entries of the loader.
"""

from __future__ import annotations

import struct

from memtiles.memory.dump import Module
from memtiles.memory.process.modules import last_part
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import Span
from memtiles.memory.windows.loader_entry import (
    MODULES_LIMIT,
    LoaderEntry,
    entry_size,
    utf16_text,
)

_LINKS = {64: struct.Struct("<QQ"), 32: struct.Struct("<II")}
_LONGEST_NAME = 2048  # bytes; a path of Windows has at most 260 characters here


def kernel_modules(
    space: AddressSpace, head: int, bits: int
) -> tuple[tuple[Module, ...], tuple[str, ...]]:
    """Walks the list of kernel modules.

    A list that is broken somewhere is walked backwards from its end, too, up to where it is broken.

    Args:
        space: The machine's virtual memory.
        head: Address of PsLoadedModuleList.
        bits: 64 or 32: how wide its pointers are.

    Returns:
        What was found, in address order, and what is wrong with the list, one line each.
    """
    memory = _Memory(space, bits)
    warnings: list[str] = []
    entries: dict[int, LoaderEntry] = {}
    if not _walk(memory, head, entries, backwards=False, warnings=warnings):
        _walk(memory, head, entries, backwards=True, warnings=[])
    modules = []
    impossible = []
    for address, entry in entries.items():
        span = entry.image(bits)
        if span is None:
            impossible.append(address)
            continue
        path = memory.text(*entry.full_name)
        name = memory.text(*entry.base_name) or (path and last_part(path))
        name = name or f"module {entry.base:#x}"
        modules.append(Module(name, path or name, span))
    if impossible:
        warnings.append(
            f"{len(impossible)} kernel modules have no possible address or size (the first in the "
            f"entry at {impossible[0]:#x}): left out"
        )
    return tuple(sorted(modules, key=lambda module: module.span)), tuple(warnings)


def _walk(
    memory: _Memory,
    head: int,
    entries: dict[int, LoaderEntry],
    *,
    backwards: bool,
    warnings: list[str],
) -> bool:
    """Adds the entries of the ring by their address; gives whether it is whole."""
    where = f"the list of kernel modules (PsLoadedModuleList at {head:#x})"
    links = memory.read(head, _LINKS[memory.bits].size)
    if links is None:
        warnings.append(f"{where} is not in the dump")
        return False
    at = _LINKS[memory.bits].unpack(links)[backwards]
    while at != head:
        if at in entries:
            warnings.append(f"{where} goes round in a circle at {at:#x}, after {len(entries)}")
            return False
        if len(entries) == MODULES_LIMIT:
            warnings.append(f"{where} has more than {MODULES_LIMIT} entries: the rest is left out")
            return True
        data = memory.read(at, entry_size(memory.bits))
        if data is None:
            warnings.append(
                f"{where} is broken: its entry at {at:#x}, after {len(entries)}, is not in the dump"
            )
            return False
        entries[at] = LoaderEntry.parse(data, memory.bits)
        at = entries[at].previous if backwards else entries[at].next
    return True


class _Memory:
    """Virtual memory as structures see it: all bytes are there, or none."""

    def __init__(self, space: AddressSpace, bits: int) -> None:
        self._space = space
        self.bits = bits

    def read(self, address: int, size: int) -> bytes | None:
        if address + size > 1 << self.bits:
            return None
        memory = self._space.read(Span(address, size))
        return memory.data.tobytes() if memory.runs.is_whole(size) else None

    def text(self, size: int, address: int) -> str:
        """A UNICODE_STRING up to its first NUL; "" where it is not there."""
        data = self.read(address, min(size, _LONGEST_NAME) & ~1) if size > 1 else None
        return utf16_text(data) if data else ""
