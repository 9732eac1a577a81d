"""Stacks and heaps that a Windows process's own memory tells of, in minidumps made here."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.minidump import Info, Minidump, Thread
from builders.windows_process import peb, pointers, segment, teb
from memtiles.memory.dump import Kind
from memtiles.memory.formats import open_dump

TEB, PEB, HEAPS = 0x7E000, 0x7F000, 0x7A000
STACK, HEAP, MORE = 0x10000, 0x20000, 0x30000
ALLOCATIONS = [
    Info(STACK, 0x1000, STACK, state=0x2000, protect=0),
    Info(STACK + 0x1000, 0x1000, STACK),
    Info(HEAP, 0x1000),
    Info(MORE, 0x1000, MORE),
    Info(MORE + 0x1000, 0x1000, MORE, state=0x2000, protect=0),
    Info(0x40000, 0x1000),
]
Found = list[tuple[int, Kind, str]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.dmp"


def found(path: Path, minidump: Minidump) -> Found:
    """(start, kind, name) of the mappings that are a stack or a heap."""
    path.write_bytes(minidump.data)
    with open_dump(path) as dump:
        assert dump.warnings == ()
        return [
            (mapping.span.start, mapping.kind, mapping.name)
            for mapping in dump.mappings
            if mapping.kind in (Kind.STACK, Kind.HEAP)
        ]


def process(memory: list[tuple[int, bytes]], architecture: int = 9, **thread: int) -> Minidump:
    return (
        Minidump()
        .system(architecture)
        .threads([Thread(7, teb=thread.get("teb", TEB))])
        .memory_info(ALLOCATIONS)
        .memory(memory)
    )


@pytest.mark.parametrize(("width", "architecture", "link"), [(64, 9, 0x18), (32, 0, 0x10)])
def test_stack_and_heap(path: Path, width: int, architecture: int, link: int) -> None:
    """The heap has a second segment; the ring of segments goes through a field of the heap."""
    head = HEAP + 0x30
    memory = [
        (TEB, teb(TEB, PEB, STACK + 0x1000, width)),
        (PEB, peb(1, HEAPS, width)),
        (HEAPS, pointers([HEAP], width)),
        (HEAP, segment(HEAP, MORE + link, width)[:0x30] + pointers([HEAP + link], width)),
        (MORE, segment(HEAP, head, width)),
    ]
    assert found(path, process(memory, architecture)) == [
        (STACK, Kind.STACK, "stack of thread 0x7"),
        (STACK + 0x1000, Kind.STACK, "stack of thread 0x7"),
        (HEAP, Kind.HEAP, "heap 0x20000"),
        (MORE, Kind.HEAP, "heap 0x20000"),
        (MORE + 0x1000, Kind.HEAP, "heap 0x20000"),
    ]


def test_a_32_bit_process_on_64_bit_windows_has_two_of_all(path: Path) -> None:
    narrow, peb32, heaps32 = TEB + 0x2000, 0x7D000, 0x7A800
    memory = [
        (TEB, teb(TEB, PEB, STACK)),
        (narrow, teb(narrow, peb32, 0x40000, 32)),
        (PEB, peb(1, HEAPS)),
        (peb32, peb(1, heaps32, 32)),
        (HEAPS, pointers([HEAP])),
        (heaps32, pointers([MORE], 32)),
    ]
    assert found(path, process(memory)) == [
        (STACK, Kind.STACK, "64-bit stack of thread 0x7"),
        (STACK + 0x1000, Kind.STACK, "64-bit stack of thread 0x7"),
        (HEAP, Kind.HEAP, "heap 0x20000"),
        (MORE, Kind.HEAP, "heap 0x30000"),
        (MORE + 0x1000, Kind.HEAP, "heap 0x30000"),
        (0x40000, Kind.STACK, "stack of thread 0x7"),
    ]


def test_without_regions_the_ranges_are_named(path: Path) -> None:
    memory = [
        (TEB, teb(TEB, PEB, STACK)),
        (PEB, peb(1, HEAPS)),
        (HEAPS, pointers([HEAP])),
        (HEAP, segment(HEAP, 0)),
        (STACK, b"stack"),
    ]
    minidump = Minidump().system().threads([Thread(7, teb=TEB)]).memory(memory)
    assert found(path, minidump) == [
        (STACK, Kind.STACK, "stack of thread 0x7"),
        (HEAP, Kind.HEAP, "heap 0x20000"),
    ]


def test_a_teb_that_does_not_point_to_itself_is_none(path: Path) -> None:
    assert found(path, process([(TEB, teb(TEB + 8, PEB, STACK)), (PEB, peb(1, HEAPS))])) == []


def test_other_systems_and_processors_have_no_teb(path: Path) -> None:
    memory = [(TEB, teb(TEB, PEB, STACK))]
    for architecture, platform in ((9, 0x8201), (12, 2)):
        minidump = Minidump().system(architecture, platform).threads([Thread(7, teb=TEB)])
        assert found(path, minidump.memory_info(ALLOCATIONS).memory(memory)) == []


@pytest.mark.parametrize("address", [0, 1, (1 << 32) - 1, 1 << 63, (1 << 64) - 8, (1 << 64) - 1])
def test_absurd_addresses(path: Path, address: int) -> None:
    assert found(path, process([(0x1000, b"a")], teb=address)) == []
    for memory in (
        [(TEB, teb(TEB, address, address))],
        [(TEB, teb(TEB, PEB, address)), (PEB, peb(address & 0xFFFFFFFF, address))],
        [(TEB, teb(TEB, PEB, 0)), (PEB, peb(1 << 31, HEAPS)), (HEAPS, pointers([address] * 9))],
        [
            (TEB, teb(TEB, PEB, 0)),
            (PEB, peb(1, HEAPS)),
            (HEAPS, pointers([HEAP])),
            (HEAP, segment(HEAP, address)),
        ],
    ):
        assert {name for _, _, name in found(path, process(memory))} <= {"heap 0x20000"}


def test_a_ring_without_end_is_left(path: Path) -> None:
    """40,000 links, each to a place 8 bytes further up, and as many heaps that begin with it."""
    chain = pointers([0x100000 + 8 * number for number in range(1, 40_000)])
    memory = [
        (TEB, teb(TEB, PEB, 0)),
        (PEB, peb((1 << 32) - 1, HEAPS)),
        (HEAPS, pointers([HEAP] * 600)),
        (HEAP, segment(HEAP, 0x100000)),
        (0x100000, chain),
    ]
    assert found(path, process(memory)) == [(HEAP, Kind.HEAP, "heap 0x20000")]
