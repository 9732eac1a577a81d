"""Crash dumps that builders write: every kind, both widths, all kinds of pages."""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.windows_crash import (
    ARM64,
    bitmap_dump,
    full_dump,
    header,
    ranges_dump,
    runs_of,
    summary_dump,
    triage_dump,
)
from builders.windows_kernel import (
    DRIVERS,
    DRIVERS_32,
    LARGE,
    PAGE,
    PROTOTYPE,
    TRANSITION,
    VALID,
    WRITABLE,
    WindowsMemory,
    add_module_list,
)
from memtiles.errors import DumpError, UsageError
from memtiles.memory.dump import Dump
from memtiles.memory.files.source import FileSource
from memtiles.memory.formats import open_dump
from memtiles.memory.options import Options
from memtiles.memory.runs import Runs
from memtiles.memory.space import Absence, SpaceKind
from memtiles.memory.span import Span

HAL = 0xFFFFF80000800000
HAL_PAGES = 0x5E
KERNEL = 0xFFFFF80001000000  # a page of 2 MiB
DIRECT = 0xFFFFF88000000000  # a page of 1 GiB
MODULE_LIST = 0xFFFFF80003000320
POOL = 0xFFFFFA8000000000

IN_TRANSITION, IN_PAGEFILE, IS_PROTOTYPE, NOT_MAPPED = 5, 6, 7, 8  # pages of hal.dll

Writer = Callable[..., bytes]
WRITERS: dict[str, Writer] = {
    "full": full_dump,
    "bitmap": bitmap_dump,
    "live bitmap": partial(bitmap_dump, type=6, magic=b"FDMP"),
    "summary": summary_dump,
    "summary in the newer layout": partial(bitmap_dump, type=2),
    "ranges of the kernel": ranges_dump,
    "ranges of kernel and user": partial(ranges_dump, type=9),
    "ranges of all": partial(ranges_dump, type=0xA),
}


def windows_64(mode: str = "x64") -> WindowsMemory:
    memory = WindowsMemory(mode)
    for number in range(HAL_PAGES):
        if number in (IN_PAGEFILE, IS_PROTOTYPE, NOT_MAPPED):
            continue
        flags = TRANSITION if number == IN_TRANSITION else VALID | WRITABLE
        memory.map(HAL + number * PAGE, flags=flags)
    memory.set_entry(HAL + IN_PAGEFILE * PAGE, 0x0000_1234_0000_0080)
    memory.set_entry(HAL + IS_PROTOTYPE * PAGE, 0xF8A0_0123_4560_0000 | PROTOTYPE)
    memory.set_entry(KERNEL, 0x2000 * PAGE | VALID | WRITABLE | LARGE, shift=21)
    memory.set_entry(DIRECT, 0x40000 * PAGE | VALID | WRITABLE | LARGE, shift=30)
    for number in (*range(0x2000, 0x2009), 0x40001, 0x40003):
        memory.pages[number] = bytearray(memory.any_bytes())
    add_module_list(memory, MODULE_LIST, POOL, DRIVERS)
    return memory


@pytest.fixture(scope="module")
def memory() -> WindowsMemory:
    return windows_64()


def open_bytes(folder: Path, contents: bytes, **options: Any) -> Dump:
    path = folder / "MEMORY.DMP"
    path.write_bytes(contents)
    return open_dump(path, options=Options(**options))


def held(kind: str, memory: WindowsMemory) -> dict[int, bytes]:
    return memory.filled() if kind == "full" else memory.stored()


def written(kind: str, memory: WindowsMemory, **of_header: int) -> bytes:
    of_header = {"cr3": memory.root, "module_list": MODULE_LIST, **of_header}
    return WRITERS[kind](held(kind, memory), **of_header)


@pytest.mark.parametrize("kind", WRITERS)
def test_bytes_at_virtual_addresses(tmp_path: Path, memory: WindowsMemory, kind: str) -> None:
    with open_bytes(tmp_path, written(kind, memory)) as dump:
        assert dump.warnings == ()
        assert dump.format == "windows-crash"
        assert (dump.machine, dump.system, dump.address_bits) == (
            "x86-64",
            "Windows 10.0.19041",
            64,
        )
        assert [space.kind for space in dump.spaces] == [SpaceKind.VIRTUAL, SpaceKind.PHYSICAL]
        virtual = dump.spaces[0]
        for address in memory.virtual:
            read = virtual.read(Span(address, PAGE))
            assert read.runs.is_whole(PAGE), hex(address)
            assert read.data.tobytes() == memory.read(address)


@pytest.mark.parametrize("kind", WRITERS)
def test_bytes_at_physical_addresses(tmp_path: Path, memory: WindowsMemory, kind: str) -> None:
    with open_bytes(tmp_path, written(kind, memory)) as dump:
        physical = dump.space(SpaceKind.PHYSICAL)
        assert physical is not None
        pages = held(kind, memory)
        for number, contents in pages.items():
            assert physical.read(Span(number * PAGE, PAGE)).data.tobytes() == contents
        everything = physical.runs(Span(0, 1 << 64))
        assert list(everything) == [(a * PAGE, n * PAGE) for a, n in runs_of(pages)]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(WRITERS)),
    st.sets(
        st.integers(1, 90) | st.integers(524_280, 524_296) | st.integers(1 << 20, (1 << 20) + 40),
        min_size=1,
        max_size=40,
    ),
)
def test_any_choice_of_pages_is_where_it_should_be(
    tmp_path_factory: pytest.TempPathFactory, kind: str, numbers: set[int]
) -> None:
    """Page 524,288 is the first of a bitmap's second step."""
    pages = {number: struct.pack("<Q", number) * 512 for number in numbers}
    folder = tmp_path_factory.getbasetemp()
    with open_bytes(folder, WRITERS[kind](pages)) as dump:
        physical = dump.spaces[0]
        everything = physical.runs(Span(0, 1 << 64))
        assert list(everything) == [(a * PAGE, n * PAGE) for a, n in runs_of(pages)]
        for start, size in everything:
            read = physical.read(Span(start, size)).data.view("<u8")[::512]
            assert read.tolist() == list(range(start // PAGE, (start + size) // PAGE))


def test_a_hole_says_why_it_is_one(tmp_path: Path, memory: WindowsMemory) -> None:
    with open_bytes(tmp_path, written("full", memory)) as dump:
        hal = Span(HAL, HAL_PAGES * PAGE)
        assert dump.spaces[0].runs(hal).total == (HAL_PAGES - 3) * PAGE
        holes = dump.spaces[0].holes(hal)
        assert list(holes[Absence.PAGED_OUT]) == [(IN_PAGEFILE * PAGE, 2 * PAGE)]
        assert list(holes[Absence.NOT_MAPPED]) == [(NOT_MAPPED * PAGE, PAGE)]


def test_large_pages_are_as_present_as_their_pieces(tmp_path: Path, memory: WindowsMemory) -> None:
    with open_bytes(tmp_path, written("full", memory)) as dump:
        virtual = dump.spaces[0]
        assert list(virtual.runs(Span(KERNEL, 2 << 20))) == [(0, 9 * PAGE)]
        assert list(virtual.runs(Span(DIRECT, 1 << 30))) == [(PAGE, PAGE), (3 * PAGE, PAGE)]
        read = virtual.read(Span(DIRECT + 3 * PAGE + 1, 100))
        assert read.data.tobytes() == bytes(memory.pages[0x40003][1:101])
        read = virtual.read(Span(KERNEL + 8 * PAGE - 7, 100))
        stored = bytes(memory.pages[0x2007] + memory.pages[0x2008])
        assert read.data.tobytes() == stored[PAGE - 7 :][:100]


@pytest.mark.parametrize("kind", WRITERS)
def test_modules_are_those_of_the_kernels_list(
    tmp_path: Path, memory: WindowsMemory, kind: str
) -> None:
    with open_bytes(tmp_path, written(kind, memory)) as dump:
        found = [(one.name, one.path, one.span.start, one.span.size) for one in dump.modules]
        assert found == sorted(DRIVERS, key=lambda driver: driver[2])
        assert dump.contents.warnings == ()


def test_physical_memory_is_listed_in_blocks(tmp_path: Path, memory: WindowsMemory) -> None:
    with open_bytes(tmp_path, written("full", memory), space=SpaceKind.PHYSICAL) as dump:
        assert dump.modules == ()
        listed = Runs.of((mapping.span.start, mapping.span.size) for mapping in dump.mappings)
        everything = dump.spaces[0].runs(Span(0, 1 << 64))
        assert everything.within(listed) == everything


@pytest.mark.parametrize(("mode", "pae"), [("pae", 1), ("x86", 0), ("pae", 0x50)])
@pytest.mark.parametrize("kind", [key for key in WRITERS if "range" not in key])
def test_a_32_bit_machine(tmp_path: Path, mode: str, pae: int, kind: str) -> None:
    """The flag of Windows 2000 is not set: the place of its table tells that it has PAE."""
    memory = WindowsMemory(mode)
    for number in range(20):
        memory.map(0x80800000 + number * PAGE)
    memory.map(0xFFDF0000)
    memory.map(0x7FFE0000)
    add_module_list(memory, 0x81003458, 0x85000000, DRIVERS_32)
    contents = written(kind, memory, bits=32, module_list=0x81003458, pae=pae, build=2600)
    with open_bytes(tmp_path, contents) as dump:
        assert dump.warnings == ()
        assert (dump.machine, dump.system, dump.address_bits) == ("x86", "Windows 5.1.2600", 32)
        for address in memory.virtual:
            read = dump.spaces[0].read(Span(address, PAGE))
            assert read.runs.is_whole(PAGE)
            assert read.data.tobytes() == memory.read(address)
        found = [(one.name, one.path, one.span.start, one.span.size) for one in dump.modules]
        assert found == sorted(DRIVERS_32, key=lambda driver: driver[2])


def test_five_levels_show_in_the_top_table(tmp_path: Path) -> None:
    memory = windows_64("x64-5")
    with open_bytes(tmp_path, written("full", memory)) as dump:
        assert dump.spaces[0].read(Span(HAL, PAGE)).data.tobytes() == memory.read(HAL)
        assert len(dump.modules) == len(DRIVERS)


@pytest.mark.parametrize(
    ("build", "system"),
    [
        (1381, "Windows 4.0.1381"),
        (2195, "Windows 5.0.2195"),
        (2600, "Windows 5.1.2600"),
        (3790, "Windows 5.2.3790"),
        (6002, "Windows 6.0.6002"),
        (7600, "Windows 6.1.7600"),
        (7601, "Windows 6.1.7601"),
        (9200, "Windows 6.2.9200"),
        (9600, "Windows 6.3.9600"),
        (10240, "Windows 10.0.10240"),
        (22631, "Windows 10.0.22631"),
        (9841, "Windows, build 9841"),
        (0x45474150, "Windows"),
    ],
)
def test_the_build_tells_the_version(tmp_path: Path, build: int, system: str) -> None:
    for major in (0xF, 0xC):
        with open_bytes(tmp_path, full_dump({1: bytes(PAGE)}, build=build, major=major)) as dump:
            assert dump.system == system
    with open_bytes(tmp_path, full_dump({1: bytes(PAGE)}, build=build, major=10)) as dump:
        assert dump.system == "Windows"


@pytest.mark.parametrize("flags", [0, 2, 0x18, 0xFFF])
def test_flags_of_cr3_are_no_part_of_the_address(
    tmp_path: Path, memory: WindowsMemory, flags: int
) -> None:
    """A real dump has 0x1ad002: the number of an address space (PCID) is in the low bits."""
    contents = written("full", memory, cr3=memory.root | flags)
    with open_bytes(tmp_path, contents) as dump:
        assert dump.spaces[0].read(Span(HAL, PAGE)).data.tobytes() == memory.read(HAL)


def test_page_tables_of_the_users_choice(tmp_path: Path, memory: WindowsMemory) -> None:
    contents = written("full", memory, cr3=600 * PAGE)
    with open_bytes(tmp_path, contents, cr3=memory.root) as dump:
        assert dump.spaces[0].read(Span(HAL, PAGE)).data.tobytes() == memory.read(HAL)
        assert len(dump.modules) == len(DRIVERS)


@pytest.mark.parametrize("cr3", [0, 0x4547415045474150])
def test_without_page_tables_memory_is_physical(
    tmp_path: Path, memory: WindowsMemory, cr3: int
) -> None:
    with open_bytes(tmp_path, written("full", memory, cr3=cr3)) as dump:
        assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]
        assert any("no page tables" in warning for warning in dump.warnings)


def test_without_a_list_there_are_no_modules(tmp_path: Path, memory: WindowsMemory) -> None:
    with open_bytes(tmp_path, written("full", memory, module_list=0)) as dump:
        assert dump.modules == ()
        assert dump.warnings == ("the header tells no list of modules (PsLoadedModuleList)",)


def test_of_aarch64_only_physical_memory_is_read(tmp_path: Path, memory: WindowsMemory) -> None:
    contents = written("ranges of all", memory, machine=ARM64)
    with open_bytes(tmp_path, contents) as dump:
        assert dump.machine == "aarch64"
        assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]
        assert dump.warnings == ("page tables of aarch64 are not read: physical addresses only",)
    with pytest.raises(UsageError, match="leave out cr3"):
        open_bytes(tmp_path, contents, cr3=0x1000)


def test_opening_reads_tables_and_no_memory(
    tmp_path: Path, memory: WindowsMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = []
    really = FileSource.read_into

    def counted(self: FileSource, offset: int, buffer: memoryview) -> int:
        read.append(len(buffer))
        return really(self, offset, buffer)

    monkeypatch.setattr(FileSource, "read_into", counted)
    with open_bytes(tmp_path, written("full", memory)):
        pass
    assert sum(read) < 4 * PAGE


def test_runs_may_overlap_and_the_first_has_the_say(tmp_path: Path) -> None:
    a, b, c = (bytes([value]) * PAGE for value in b"abc")
    head = header(1, [(5, 2), (6, 1)])
    with open_bytes(tmp_path, head + a + b + c) as dump:
        assert dump.spaces[0].read(Span(5 * PAGE, 3 * PAGE)).data.tobytes() == a + b + bytes(PAGE)
        assert dump.spaces[0].runs(Span(0, 1 << 40)).total == 2 * PAGE


def test_a_run_behind_52_bits_is_cut(tmp_path: Path) -> None:
    head = header(1, [(1, 1), ((1 << 40) - 1, 2), (1 << 52, 1)])
    with open_bytes(tmp_path, head + b"a" * PAGE + b"b" * PAGE) as dump:
        assert list(dump.spaces[0].runs(Span(0, 1 << 64))) == [
            (PAGE, PAGE),
            ((1 << 52) - PAGE, PAGE),
        ]
        assert "2 runs of pages leave the 52-bit physical addresses: cut there" in dump.warnings


def test_more_runs_than_the_header_has_room_for(tmp_path: Path) -> None:
    """Memory in 200 pieces: the header of a full dump has room for 43 runs (32 bits: 86)."""
    for bits, room in ((64, 43), (32, 86)):
        runs = [(2 * number + 2, 1) for number in range(room)]
        head = header(1, runs, bits=bits, claimed_runs=200, cr3=PAGE)
        with open_bytes(tmp_path, head + bytes(room * PAGE)) as dump:
            physical = dump.space(SpaceKind.PHYSICAL)
            assert physical is not None
            assert len(physical.runs(Span(0, 1 << 40))) == room
            assert any(f"room for {room} of 200 runs" in warning for warning in dump.warnings)


@pytest.mark.parametrize("kind", WRITERS)
def test_a_dump_cut_short_has_what_is_left(
    tmp_path: Path, memory: WindowsMemory, kind: str
) -> None:
    """The disk was full: the last pages and half of one more are missing."""
    whole = written(kind, memory)
    with open_bytes(tmp_path, whole[: -2 * PAGE - 100]) as dump:
        physical = dump.space(SpaceKind.PHYSICAL)
        assert physical is not None
        assert physical.runs(Span(0x2007 * PAGE, 4 * PAGE)).total == PAGE + PAGE - 100
        pages = len(held(kind, memory))
        of_all = "" if "kernel" in kind else f" of {pages}"
        assert dump.warnings[0].endswith(f": {pages - 3}{of_all} pages are whole in it")


def test_a_header_alone_opens_and_all_is_missing(tmp_path: Path) -> None:
    with open_bytes(tmp_path, header(1, [(1, 0x9E)], cr3=0x1AD000, module_list=HAL)) as dump:
        assert dump.system == "Windows 10.0.19041"
        assert dump.spaces[0].runs(Span(0, 1 << 64)).total == 0
        assert dump.modules == ()
        cut, tables = dump.warnings
        assert cut == "the dump is cut short at 8192 bytes: 0 of 158 pages are whole in it"
        assert "0x1ad000, but are not in the dump" in tables


def test_a_bitmap_that_holds_other_pages_than_it_says(
    tmp_path: Path, memory: WindowsMemory
) -> None:
    contents = written("bitmap", memory, claimed=7)
    with open_bytes(tmp_path, contents) as dump:
        assert dump.warnings == (
            f"the dump should hold 7 pages, but its table lists {len(memory.pages)}",
        )


def test_windows_nt_4_did_not_say_what_kind_of_dump_it_wrote(tmp_path: Path) -> None:
    contents = bytearray(full_dump({3: b"x" * PAGE}, bits=32, build=1381))
    contents[0xF88:0xF8C] = b"PAGE"
    with open_bytes(tmp_path, bytes(contents)) as dump:
        assert list(dump.spaces[0].runs(Span(0, 1 << 32))) == [(3 * PAGE, PAGE)]


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (full_dump({1: bytes(PAGE)})[:0xF9B], "cut inside its header of 8192 bytes"),
        (full_dump({1: bytes(PAGE)}, bits=32)[:0xF8B], "cut inside its header of 4096 bytes"),
        (header(1), "tells no physical memory"),
        (header(5), "type 0x5 without a table of its pages"),
        (header(3) + bytes(PAGE), "type 0x3 without a table of its pages"),
        (header(0xB) + bytes(PAGE), "type 0xb without a table of its pages"),
        (header(5) + b"SDMPDUMP", "cut inside the head of its page bitmap"),
        (header(8) + b"\x40\0\0\0RDMPDUMP", "cut inside the head of its page ranges"),
        (bitmap_dump({1: bytes(PAGE)}, first_page=0x2000), "inside the header"),
        (ranges_dump({1: bytes(PAGE)}, first_page=0x2000), "inside the header"),
        (header(4), "triage dump is cut inside its header"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, contents: bytes, message: str
) -> None:
    with pytest.raises(DumpError, match=message) as refused:
        open_bytes(tmp_path, contents)
    assert "\n" not in str(refused.value)


TRIAGE_DRIVERS = [
    (r"\SystemRoot\system32\ntoskrnl.exe", 0xFFFFF8047BA00000, 0x1046000),
    (r"\SystemRoot\system32\hal.dll", 0xFFFFF80479440000, 0x6000),
]


@pytest.mark.parametrize("row_size", [0x90, 0xA0])
def test_a_triage_dump_is_pieces_of_virtual_memory(tmp_path: Path, row_size: int) -> None:
    blocks = [
        (0xFFFFF8047BA00000, b"MZ" + bytes(range(200))),
        (0xFFFFF80479441FFF, b"across two pages"),
        (0xFFFF850429890F60, b"pool"),
        (0xFFFF850429890F70, b"pool too"),
    ]
    stack = (0xFFFF850429990EE8, b"stack" * 100)
    page = (0xFFFF9000AA000000, b"p" * PAGE)
    contents = triage_dump(blocks, TRIAGE_DRIVERS, stack=stack, page=page, row_size=row_size)
    with open_bytes(tmp_path, contents) as dump:
        assert dump.warnings == dump.contents.warnings == ()
        assert [space.kind for space in dump.spaces] == [SpaceKind.VIRTUAL]
        for address, held in (*blocks, stack, page):
            read = dump.spaces[0].read(Span(address, len(held)))
            assert read.data.tobytes() == held
            assert read.runs.is_whole(len(held))
        total = sum(len(held) for _, held in (*blocks, stack, page))
        assert dump.spaces[0].runs(Span(0, 1 << 64)).total == total
        assert [(one.name, one.path, one.span.start, one.span.size) for one in dump.modules] == [
            ("hal.dll", *TRIAGE_DRIVERS[1]),
            ("ntoskrnl.exe", *TRIAGE_DRIVERS[0]),
        ]
        assert [(one.span.start, one.span.size) for one in dump.mappings] == [
            (0xFFFF850429890000, PAGE),
            (0xFFFF850429990000, 2 * PAGE),
            (0xFFFF9000AA000000, PAGE),
        ], "memory of no driver, by whole pages"


def test_a_triage_dump_of_32_bits(tmp_path: Path) -> None:
    """Addresses are 64 bits wide there too, the highest of 32 bits spread over the upper half."""
    blocks = [(0xFFFFFFFF804D7000, b"MZ kernel"), (0x80550010, b"not spread")]
    stack = (0xF8A3C000, b"stack")
    drivers = [
        ("\\WINDOWS\\system32\\ntoskrnl.exe", 0x804D7000, 0x1F8000),
        ("hal.dll", 0x806CF000, 0x20300),
    ]
    contents = triage_dump(blocks, drivers, bits=32, stack=stack, build=2600)
    with open_bytes(tmp_path, contents) as dump:
        assert dump.warnings == ()
        assert (dump.machine, dump.address_bits) == ("x86", 32)
        for address, held in (*blocks, stack):
            read = dump.spaces[0].read(Span(address & 0xFFFFFFFF, len(held)))
            assert read.data.tobytes() == held
        assert [(one.name, one.span.start, one.span.size) for one in dump.modules] == [
            ("ntoskrnl.exe", 0x804D7000, 0x1F8000),
            ("hal.dll", 0x806CF000, 0x20300),
        ]


def test_a_triage_dump_has_no_page_tables(tmp_path: Path) -> None:
    contents = triage_dump([(HAL, b"x")])
    with pytest.raises(UsageError, match="holds no physical memory: leave out cr3"):
        open_bytes(tmp_path, contents, cr3=0x1000)
    with pytest.raises(UsageError, match="no physical addresses"):
        open_bytes(tmp_path, contents, space=SpaceKind.PHYSICAL)


def test_an_impossible_driver_is_left_out(tmp_path: Path) -> None:
    drivers = [*TRIAGE_DRIVERS, ("empty", HAL, 0), ("of a user", 0x7FF600000000, 0x1000)]
    with open_bytes(tmp_path, triage_dump([(HAL, b"x")], drivers)) as dump:
        assert len(dump.modules) == 2
        assert dump.contents.warnings == ("2 drivers have no possible address or size: left out",)


def test_a_driver_without_a_name_is_called_by_its_address(tmp_path: Path) -> None:
    contents = bytearray(triage_dump([(HAL, b"x")], TRIAGE_DRIVERS))
    struct.pack_into("<I", contents, 0x2080, len(contents))
    with open_bytes(tmp_path, bytes(contents)) as dump:
        assert [module.name for module in dump.modules] == ["hal.dll", "module 0xfffff8047ba00000"]
