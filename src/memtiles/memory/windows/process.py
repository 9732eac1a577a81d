"""Stacks and heaps of a Windows process, as its own memory tells of them.

Dumps list no heaps, and of a 32-bit process on 64-bit Windows only one of the two stacks that each
of its threads has. Both stand in structures of ntdll that hardly changed since Windows 2000: the
TEB of each thread, the PEB of the process. A few words of them are read when somebody asks what
lies where, and are believed only where they point back to themselves. The places of the fields
were held against real dumps of Windows 7 (either width) and Windows 10.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from memtiles.memory.dump import Kind
from memtiles.memory.process.landmarks import Landmark, Thread
from memtiles.memory.space import AddressSpace
from memtiles.memory.span import ADDRESS_LIMIT, Span

# A stated limit: what is not found by then stays nameless. A thread takes 3 words, or 6.
_WORDS_LIMIT = 1 << 14

# A 32-bit process on 64-bit Windows: each thread's 32-bit TEB follows its 64-bit one.
_TEB32_BEHIND = 0x2000
_SEGMENT_SIGNATURE = 0xFFEEFFEE


class _Layout(NamedTuple):
    """Places of fields, for one width of pointers; those of a segment from Windows Vista on."""

    word: struct.Struct
    stack_limit: int  # in a TEB
    teb_self: int
    teb_peb: int
    heap_count: int  # in a PEB
    heaps: int
    signature: int  # in a _HEAP_SEGMENT, as which each heap begins
    next_segment: int
    owner: int


_LAYOUTS = {
    32: _Layout(struct.Struct("<I"), 0x08, 0x18, 0x30, 0x88, 0x90, 0x08, 0x10, 0x18),
    64: _Layout(struct.Struct("<Q"), 0x10, 0x30, 0x60, 0xE8, 0xF0, 0x10, 0x18, 0x28),
}
_HALF = struct.Struct("<I")


def process_landmarks(space: AddressSpace, threads: Sequence[Thread], bits: int) -> list[Landmark]:
    """Stacks of the threads and heaps of a process on x86 or x86-64.

    Args:
        space: Its memory.
        threads: Those without a TEB are passed over.
        bits: The width of their TEBs: 64 for a process of either width on 64-bit Windows.
    """
    view = _View(space)
    found: list[Landmark] = []
    pebs: dict[int, _Layout] = {}
    for thread in threads:
        tebs = _tebs(view, thread.teb, bits)
        for teb, layout in tebs:
            title = thread.stack_title
            if len(tebs) == 2 and layout is _LAYOUTS[64]:
                title = f"64-bit {title}"
            found.append(Landmark(view.word(teb + layout.stack_limit, layout), Kind.STACK, title))
            pebs.setdefault(view.word(teb + layout.teb_peb, layout), layout)
    for peb, layout in pebs.items():
        for heap in view.heaps(peb, layout):
            for segment in view.segments(heap, layout):
                found.append(Landmark(segment, Kind.HEAP, f"heap {heap:#x}"))
    return found


def _tebs(view: _View, teb: int, bits: int) -> list[tuple[int, _Layout]]:
    """The TEBs of a thread that are in the dump, which a TEB knows by its own address."""
    places = [(teb, _LAYOUTS[bits])]
    if bits == 64:
        places.append((teb + _TEB32_BEHIND, _LAYOUTS[32]))
    return [
        (place, layout)
        for place, layout in places
        if teb and view.word(place + layout.teb_self, layout) == place
    ]


class _View:
    """Words of memory, and the structures that are made of them; 0 stands for what is missing."""

    def __init__(self, space: AddressSpace) -> None:
        self._space = space
        self._left = _WORDS_LIMIT

    def word(self, address: int, layout: _Layout) -> int:
        return self._read(address, layout.word)

    def heaps(self, peb: int, layout: _Layout) -> Iterator[int]:
        """The addresses of the heaps of a process."""
        array = self.word(peb + layout.heaps, layout)
        for number in range(self._read(peb + layout.heap_count, _HALF)):
            heap = self.word(array + number * layout.word.size, layout)
            if not heap:
                return
            yield heap

    def segments(self, heap: int, layout: _Layout) -> Iterator[int]:
        """The allocations that a heap consists of: first itself, then those that it grew by.

        They are linked in a ring with a head, which is a field of the heap and no segment.
        """
        yield heap
        if self._read(heap + layout.signature, _HALF) != _SEGMENT_SIGNATURE:
            return
        seen = {heap + layout.next_segment}
        link = self.word(heap + layout.next_segment, layout)
        while link and link not in seen:
            seen.add(link)
            segment = link - layout.next_segment
            if self.word(segment + layout.owner, layout) == heap:
                yield segment
            link = self.word(link, layout)

    def _read(self, address: int, word: struct.Struct) -> int:
        if not 0 <= address <= ADDRESS_LIMIT - word.size or not self._left:
            return 0
        self._left -= 1
        memory = self._space.read(Span(address, word.size))
        if not memory.runs.is_whole(word.size):
            return 0
        (value,) = word.unpack(memory.data.tobytes())
        return int(value)
