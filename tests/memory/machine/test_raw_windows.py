"""Raw images of Windows: only the page tables say so, which name themselves."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from builders.windows_kernel import PAGE, TRANSITION, VALID, WRITABLE, WindowsMemory
from memtiles.memory.formats import open_dump
from memtiles.memory.options import Options
from memtiles.memory.span import Span

ADDRESS = {"x64": 0xFFFFF80000800000, "pae": 0x83000000, "x86": 0x83000000}


def name_itself(memory: WindowsMemory) -> None:
    """Enters the tables among what they map, where Windows has them."""
    if memory.mode == "x64":
        memory.set_entry(0xFFFFF68000000000, memory.root | VALID | WRITABLE, shift=39)
    elif memory.mode == "x86":
        memory.set_entry(0xC0000000, memory.root | VALID | WRITABLE, shift=22)
    else:
        for gib in range(4):
            memory.map((gib << 30) + 0x3FFFF000)
        at = memory.root % PAGE
        directories = struct.unpack_from("<4Q", memory.pages[memory.root // PAGE], at)
        for number, entry in enumerate(directories):
            place = 0xC0000000 + (number << 21)
            memory.set_entry(place, entry & ~0xFFF | VALID | WRITABLE, shift=21)


def image(memory: WindowsMemory) -> bytes:
    pages = memory.stored()
    return b"".join(pages.get(number, bytes(PAGE)) for number in range(max(pages) + 1))


@pytest.mark.parametrize("is_named", [True, False])
@pytest.mark.parametrize("mode", ADDRESS)
def test_pages_in_transition_are_there_where_the_tables_are_those_of_windows(
    mode: str, is_named: bool, tmp_path: Path
) -> None:
    memory = WindowsMemory(mode)
    for number in range(1, 8):
        memory.map(ADDRESS[mode] + number * PAGE)
    memory.map(ADDRESS[mode], flags=TRANSITION)
    if is_named:
        name_itself(memory)
    path = tmp_path / "image.raw"
    path.write_bytes(image(memory))
    with open_dump(path, "raw", Options(cr3=memory.root)) as dump:
        virtual = dump.spaces[0]
        there = virtual.read(Span(ADDRESS[mode] + PAGE, PAGE))
        assert there.data.tobytes() == memory.read(ADDRESS[mode] + PAGE)
        found = virtual.read(Span(ADDRESS[mode], PAGE))
        assert found.runs.total == (PAGE if is_named else 0)
        if is_named:
            assert found.data.tobytes() == memory.read(ADDRESS[mode])
