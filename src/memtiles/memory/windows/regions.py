"""Regions as Windows tells of them: `MEMORY_BASIC_INFORMATION` of winnt.h, what VirtualQuery gives.

Minidumps (`MINIDUMP_MEMORY_INFO`) and user dumps keep rows of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from memtiles.memory.dump import Kind, Mapping
from memtiles.memory.overlap import Addresses, Pieces, first_wins
from memtiles.memory.process.landmarks import Landmark
from memtiles.memory.process.listed_modules import ModuleTable
from memtiles.memory.span import Span

_NAMES = ["base", "allocation", "allocation_protect", "size", "state", "protect", "type"]
REGION32 = np.dtype([(name, "<u4") for name in _NAMES])
REGION64 = np.dtype({
    "names": _NAMES,
    "formats": ["<u8", "<u8", "<u4", "<u8", "<u4", "<u4", "<u4"],
    "offsets": [0, 8, 16, 24, 32, 36, 40],
    "itemsize": 48,
})  # fmt: skip

PAGE_GUARD = 0x100
_COMMIT, _FREE = 0x1000, 0x10000
_KINDS = {0x1000000: Kind.MODULE, 0x40000: Kind.FILE, 0x20000: Kind.ANONYMOUS}
# Copy on write is writable: the process has a page of its own as soon as it writes.
_PROTECTIONS = {
    0x01: "---", 0x02: "r--", 0x04: "rw-", 0x08: "rw-",
    0x10: "--x", 0x20: "r-x", 0x40: "rwx", 0x80: "rwx",
}  # fmt: skip


class WindowsRegions(NamedTuple):
    """Regions that are committed or reserved, one array a field."""

    firsts: Addresses
    lasts: Addresses
    allocations: Addresses
    states: npt.NDArray[np.uint32]
    protects: npt.NDArray[np.uint32]
    types: npt.NDArray[np.uint32]


def regions_of(
    base: Addresses, allocation: Addresses, rows: npt.NDArray[np.void], warnings: list[str]
) -> WindowsRegions:
    """The regions that are in use, cut to the 64-bit addresses.

    Args:
        base: First address of each row, as the process has it.
        allocation: Likewise the base of the allocation that it is part of.
        rows: Of `REGION32` or `REGION64`.
        warnings: Takes a line for regions that had to be cut.
    """
    used = (rows["state"] != _FREE) & (rows["size"] > 0)
    rows, firsts = rows[used], base[used]
    room = ~firsts  # one less than what fits
    reach = rows["size"].astype(np.uint64) - np.uint64(1)
    beyond = reach > room
    if bool(np.any(beyond)):
        warnings.append(f"{int(beyond.sum())} regions leave the 64-bit address space: cut there")
    lasts = firsts + np.minimum(reach, room)
    return WindowsRegions(
        firsts, lasts, allocation[used], rows["state"], rows["protect"], rows["type"]
    )


def mappings_of_regions(
    regions: WindowsRegions, modules: ModuleTable, landmarks: Sequence[Landmark]
) -> list[Mapping]:
    """One mapping for each region, named by the module or allocation that it is part of."""
    pieces = first_wins(regions.firsts, regions.lasts)
    owners = pieces.owner
    allocations = regions.allocations[owners]
    kinds = [_KINDS.get(type_, Kind.ANONYMOUS) for type_ in regions.types[owners].tolist()]
    names = [""] * len(kinds)
    homes = modules.covering(pieces.firsts, pieces.lasts)
    for number in np.flatnonzero(homes >= 0).tolist():
        if kinds[number] is Kind.MODULE:
            names[number] = modules.modules[homes[number]].path
    marked = _marked(pieces, allocations, kinds, landmarks)
    # Not np.isin, which loads a fourteenth of all that `memtiles info` loads.
    for number, allocation in enumerate(allocations.tolist()):
        if allocation in marked and kinds[number] is Kind.ANONYMOUS:
            _, kinds[number], names[number] = marked[allocation]
    sizes = pieces.lasts - pieces.firsts + np.uint64(1)
    spans = map(Span, pieces.firsts.tolist(), sizes.tolist())
    protections = map(
        _protection, regions.states[owners].tolist(), regions.protects[owners].tolist()
    )
    return list(map(Mapping, spans, kinds, names, protections))


def _marked(
    pieces: Pieces, allocations: Addresses, kinds: list[Kind], landmarks: Sequence[Landmark]
) -> dict[int, Landmark]:
    """The bases of private allocations that landmarks lie in, each with the first of them.

    A stack is one allocation in three regions (reserved, guard page, committed), a heap one or more
    in many; a landmark lies in one region and tells of all.
    """
    marked: dict[int, Landmark] = {}
    addresses = np.array([landmark.address for landmark in landmarks], np.uint64)
    at = np.searchsorted(pieces.firsts, addresses, side="right") - 1
    for landmark, number in zip(landmarks, at.tolist(), strict=True):
        inside = number >= 0 and landmark.address <= int(pieces.lasts[number])
        if inside and kinds[number] is Kind.ANONYMOUS:
            marked.setdefault(int(allocations[number]), landmark)
    return marked


def _protection(state: int, protect: int) -> str | None:
    """In three letters; None where it is not one of Windows.

    What is reserved allows nothing. The modifiers in the upper bits are left out: at the first
    touch of a guard page Windows takes the mark off, and what it allows counts from then on.
    """
    return _PROTECTIONS.get(protect & 0xFF) if state == _COMMIT else "---"
