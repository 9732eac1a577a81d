"""Minidumps that a writer of the tests' own made, each with one thing to look at."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.minidump import (
    EXECUTE_READ,
    FREE,
    GUARD,
    IMAGE,
    LINUX_MAPS,
    MAPPED,
    MEMORY,
    MODULES,
    READONLY,
    RESERVE,
    Info,
    Minidump,
    Thread,
)
from memtiles.errors import DumpError
from memtiles.memory.dump import Dump, Kind, Mapping
from memtiles.memory.formats import open_dump
from memtiles.memory.span import Span

TOP = (1 << 64) - 0x1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "app.dmp"


def opened(path: Path, minidump: Minidump) -> Dump:
    path.write_bytes(minidump.data)
    dump = open_dump(path)
    assert dump.format == "minidump"
    return dump


def held(dump: Dump, start: int, size: int) -> list[int | None]:
    """Each byte, None in holes."""
    memory = dump.spaces[0].read(Span(start, size))
    return [
        byte if present else None
        for byte, present in zip(memory.data.tolist(), memory.present.tolist(), strict=True)
    ]


def text(dump: Dump, start: int, size: int) -> str:
    return "".join("." if byte is None else chr(byte) for byte in held(dump, start, size))


def mapping_at(dump: Dump, address: int) -> Mapping:
    (found,) = [mapping for mapping in dump.mappings if address in mapping.span]
    return found


# Memory


def test_each_range_is_at_its_address_and_the_rest_is_a_hole(path: Path) -> None:
    with opened(path, Minidump().memory([(0x1003, b"abc"), (0x1008, b"xy")])) as dump:
        assert text(dump, 0x1000, 12) == "...abc..xy.."
        assert [mapping.span for mapping in dump.mappings] == [Span(0x1003, 3), Span(0x1008, 2)]
        assert {mapping.kind for mapping in dump.mappings} == {Kind.ANONYMOUS}
        assert dump.warnings == ()


def test_ranges_of_a_full_dump_stand_back_to_back(path: Path) -> None:
    ranges = [(0x7000, b"abc"), (0x1000, b"defgh"), (TOP, b"i")]
    with opened(path, Minidump().memory64(ranges)) as dump:
        assert text(dump, 0x7000, 4) == "abc."
        assert text(dump, 0x1000, 6) == "defgh."
        assert text(dump, TOP, 2) == "i."


def test_both_lists_together_and_the_first_wins(path: Path) -> None:
    minidump = Minidump().memory([(0x1002, b"AB")]).memory64([(0x1000, b"abcdef")])
    with opened(path, minidump) as dump:
        assert text(dump, 0x1000, 7) == "abABef."
        assert sum(mapping.span.size for mapping in dump.mappings) == 6


def test_the_last_byte_of_the_address_space_can_be_held(path: Path) -> None:
    with opened(path, Minidump().memory([((1 << 64) - 2, b"yz")])) as dump:
        assert text(dump, (1 << 64) - 3, 3) == ".yz"


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=20)), max_size=8),
    st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=20)), max_size=8),
)
def test_any_ranges_read_as_the_first_that_has_the_byte(
    tmp_path_factory: pytest.TempPathFactory,
    small: list[tuple[int, bytes]],
    full: list[tuple[int, bytes]],
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.dmp"
    expected: list[int | None] = [None] * 100
    for address, data in reversed([*small, *full]):
        expected[address : address + len(data)] = data
    minidump = Minidump().memory(small).memory64(full).modules([(0x900, 1, "a")])
    with opened(path, minidump) as dump:
        assert held(dump, 0, 100) == expected
        of_mappings = {a for m in dump.mappings for a in range(m.span.start, m.span.end)}
        assert of_mappings == {at for at, byte in enumerate(expected) if byte is not None}


def test_a_hundred_thousand_ranges(path: Path) -> None:
    ranges = [(0x1000 + 16 * number, bytes([number % 251])) for number in range(100_000)]
    with opened(path, Minidump().memory64(ranges)) as dump:
        assert len(dump.mappings) == len(ranges)
        for number in (0, 77, 99_999):
            assert held(dump, 0x1000 + 16 * number, 2) == [number % 251, None]


# The frame


@pytest.mark.parametrize("padded", [False, True])
def test_rows_may_begin_after_4_bytes_of_padding(path: Path, padded: bool) -> None:
    minidump = (
        Minidump()
        .threads([Thread(7, 0x1000)], padded=padded)
        .modules([(0x40_0000, 0x2000, "C:\\app.exe")], padded=padded)
        .memory([(0x1000, b"abc")], padded=padded)
    )
    with opened(path, minidump) as dump:
        assert text(dump, 0x1000, 4) == "abc."
        assert [module.span for module in dump.modules] == [Span(0x40_0000, 0x2000)]
        assert mapping_at(dump, 0x1000).name == "stack of thread 0x7"


def test_the_first_stream_of_a_type_counts(path: Path) -> None:
    minidump = Minidump().memory([(0x1000, b"first")]).memory([(0x1000, b"other")])
    with opened(path, minidump) as dump:
        assert text(dump, 0x1000, 5) == "first"


def test_unknown_streams_are_passed_over(path: Path) -> None:
    minidump = Minidump().stream(0xFFF0, b"what Wine writes").memory([(0x1000, b"abc")])
    with opened(path, minidump.stream(0x43500001, b"")) as dump:
        assert text(dump, 0x1000, 3) == "abc"
        assert dump.warnings == ()


def test_streams_of_no_bytes_are_none(path: Path) -> None:
    minidump = Minidump().memory([(0x1000, b"abc")])
    minidump.entries += [(MODULES, 0, 0), (LINUX_MAPS, 0, 1 << 31)]
    with opened(path, minidump) as dump:
        assert dump.warnings == ()


@pytest.mark.parametrize("count", [0, 12])
def test_a_minidump_of_nothing_is_refused(path: Path, count: int) -> None:
    with pytest.raises(DumpError, match=r"app\.dmp: the minidump tells of no memory and no module"):
        opened(path, Minidump(count=count))


def test_modules_alone_are_a_map_of_holes(path: Path) -> None:
    with opened(path, Minidump().modules([(0x1000, 0x2000, "/bin/a")])) as dump:
        assert [module.name for module in dump.modules] == ["a"]
        assert dump.spaces[0].read(Span(0x1000, 0x2000)).runs.total == 0
        assert dump.mappings == ()


# What the dump is of


@pytest.mark.parametrize(
    ("architecture", "machine", "bits"),
    [(0, "x86", 32), (5, "arm", 32), (9, "x86-64", 64), (12, "aarch64", 64), (32771, "aarch64", 64),
     (0x8006, "riscv", 64), (0xFFFF, None, 64)],
)  # fmt: skip
def test_the_processor(path: Path, architecture: int, machine: str | None, bits: int) -> None:
    with opened(path, Minidump().system(architecture).memory([(0x1000, b"a")])) as dump:
        assert (dump.machine, dump.address_bits) == (machine, bits)


@pytest.mark.parametrize(
    ("platform", "version", "words", "system"),
    [
        (2, (10, 0, 19041), "", "Windows 10.0.19041"),
        (2, (5, 1, 2600), "Service Pack 3", "Windows 5.1.2600"),
        (0x8101, (10, 15, 7), "19H114", "macOS 10.15.7"),
        (0x8101, (0, 0, 0), "15E216", "macOS"),
        (0x8201, (5, 10, 28), "-1rodete2-amd64 #1 SMP x86_64", "Linux 5.10.28"),
        (0x8201, (0, 0, 0), "Linux 4.9.60-linuxkit #1 SMP x86_64", "Linux 4.9.60-linuxkit"),
        (0x8201, (0, 0, 0), "", "Linux"),
        (0x8203, (11, 0, 0), "", "Android 11.0.0"),
        (77, (1, 2, 3), "", None),
    ],
)
def test_the_system(
    path: Path, platform: int, version: tuple[int, int, int], words: str, system: str | None
) -> None:
    minidump = Minidump().system(9, platform, version, words).memory([(0x1000, b"a")])
    with opened(path, minidump) as dump:
        assert dump.system == system


def test_without_a_word_about_the_system_nothing_is_known(path: Path) -> None:
    with opened(path, Minidump().memory([(0x1000, b"a")])) as dump:
        assert (dump.machine, dump.system, dump.address_bits) == (None, None, 64)


def test_addresses_of_32_bits_may_be_sign_extended(path: Path) -> None:
    high = 0xFFFFFFFF_80001000
    minidump = (
        Minidump()
        .system(0)
        .memory([(high, b"abc")])
        .modules([(0x80000000, 0x4000, "a.dll")])
        .memory_info([Info(high, 0x1000, 0xFFFFFFFF_80000000, type=IMAGE)])
    )
    with opened(path, minidump) as dump:
        assert text(dump, 0x80001000, 4) == "abc."
        assert dump.address_bits == 32
        assert [(m.name, m.span) for m in dump.mappings] == [("a.dll", Span(0x80001000, 0x1000))]


def test_addresses_of_64_bits_are_left_alone(path: Path) -> None:
    high = 0xFFFFFFFF_80001000
    with opened(path, Minidump().system(9).memory([(high, b"abc")])) as dump:
        assert text(dump, high, 4) == "abc."


def test_a_dump_that_calls_itself_one_of_32_bits_may_have_wider_addresses(path: Path) -> None:
    with opened(path, Minidump().system(0).memory([(0x7FF7_0000_0000, b"a")])) as dump:
        assert (dump.machine, dump.address_bits) == ("x86", 64)


# Modules


def test_names_of_modules_are_not_unique(path: Path) -> None:
    modules = [
        (0x77CC0000, 0x180000, "C:\\Windows\\SysWOW64\\ntdll.dll"),
        (0xE30000, 0x36000, "D:\\Käse\\app.exe"),
        (0x77AE0000, 0x1AA000, "C:\\Windows\\System32\\ntdll.dll"),
        (0xE30000, 0x36000, "D:\\Käse\\app.exe"),
    ]
    with opened(path, Minidump().modules(modules)) as dump:
        assert [(m.name, m.span.start) for m in dump.modules] == [
            ("app.exe", 0xE30000), ("app.exe", 0xE30000),
            ("ntdll.dll", 0x77AE0000), ("ntdll.dll", 0x77CC0000),
        ]  # fmt: skip
        assert dump.modules[0].path == "D:\\Käse\\app.exe"
        assert dump.warnings == ()


@pytest.mark.parametrize("counts_nul", [False, True])
def test_the_nul_of_a_name_is_none_of_it(path: Path, counts_nul: bool) -> None:
    minidump = Minidump().modules([(0x1000, 0x2000, "/lib/x.so")], counts_nul=counts_nul)
    with opened(path, minidump) as dump:
        assert (dump.modules[0].name, dump.modules[0].path) == ("x.so", "/lib/x.so")


def test_a_module_without_a_name_is_called_by_its_address(path: Path) -> None:
    row = struct.pack("<QIIII", 0x1000, 0x2000, 0, 0, 0) + bytes(84)
    with opened(path, Minidump().list(MODULES, [row])) as dump:
        assert (dump.modules[0].name, dump.modules[0].path) == ("module 0x1000", "")


def test_modules_without_addresses_are_left_out_with_a_warning(path: Path) -> None:
    modules = [(0x1000, 0, "a"), (TOP, 0x1001, "b"), (TOP, 0x1000, "c")]
    with opened(path, Minidump().modules(modules)) as dump:
        assert [module.name for module in dump.modules] == ["c"]
        assert dump.warnings == ("2 modules have no addresses, or leave 64 bits: left out",)


def test_unloaded_modules_are_not_in_memory(path: Path) -> None:
    minidump = Minidump().unloaded([(0x5000, 0x1000, "gone.dll")]).memory([(0x1000, b"a")])
    with opened(path, minidump) as dump:
        assert dump.modules == ()
        assert [mapping.span.start for mapping in dump.mappings] == [0x1000]


def test_ranges_inside_a_module_are_of_it(path: Path) -> None:
    minidump = Minidump().modules([(0x1000, 0x100, "/bin/a")])
    with opened(path, minidump.memory([(0x10FE, b"ab"), (0x1FE, b"xy")])) as dump:
        assert [(m.kind, m.name) for m in dump.mappings] == [
            (Kind.ANONYMOUS, ""), (Kind.MODULE, "/bin/a"),
        ]  # fmt: skip


# Regions


def test_regions_have_kind_protection_and_name(path: Path) -> None:
    infos = [
        Info(0x1000, 0x1000, 0x1000, protect=READONLY, type=IMAGE),
        Info(0x2000, 0x1000, 0x1000, protect=EXECUTE_READ, type=IMAGE),
        Info(0x3000, 0x1000, protect=READONLY, type=MAPPED),
        Info(0x4000, 0x1000),
        Info(0x5000, 0x1000, 0x4000, state=RESERVE, protect=0),
        Info(0x6000, 0x9000, state=FREE, protect=1, type=0),
        Info(0xF000, 0x1000, protect=0x80, type=IMAGE),
        Info(0x1_0000, 0x1000, protect=0x400),
    ]
    minidump = Minidump().memory_info(infos).modules([(0x1000, 0x2000, "C:\\a.dll")])
    with opened(path, minidump.memory64([(0x1000, b"MZ")])) as dump:
        assert [(m.span.start, m.kind, m.protection, m.name) for m in dump.mappings] == [
            (0x1000, Kind.MODULE, "r--", "C:\\a.dll"),
            (0x2000, Kind.MODULE, "r-x", "C:\\a.dll"),
            (0x3000, Kind.FILE, "r--", ""),
            (0x4000, Kind.ANONYMOUS, "rw-", ""),
            (0x5000, Kind.ANONYMOUS, "---", ""),
            (0xF000, Kind.MODULE, "rwx", ""),
            (0x1_0000, Kind.ANONYMOUS, None, ""),
        ]
        assert text(dump, 0x1000, 3) == "MZ."


@pytest.mark.parametrize(
    ("protect", "letters"),
    [(0x01, "---"), (0x02, "r--"), (0x04, "rw-"), (0x08, "rw-"), (0x10, "--x"), (0x20, "r-x"),
     (0x40, "rwx"), (0x80, "rwx"), (0x104, "rw-"), (0x204, "rw-"), (0x40000020, "r-x"), (0, None)],
)  # fmt: skip
def test_protections_in_three_letters(path: Path, protect: int, letters: str | None) -> None:
    with opened(path, Minidump().memory_info([Info(0x1000, 0x1000, protect=protect)])) as dump:
        assert mapping_at(dump, 0x1000).protection == letters


def test_header_and_rows_of_the_regions_may_have_grown(path: Path) -> None:
    infos = [Info(0x1000, 0x1000), Info(0x3000, 0x2000)]
    minidump = Minidump().memory_info(infos, header_size=24, row_size=56)
    with opened(path, minidump) as dump:
        assert [mapping.span for mapping in dump.mappings] == [
            Span(0x1000, 0x1000), Span(0x3000, 0x2000),
        ]  # fmt: skip


def test_memory_that_no_region_tells_of_is_still_mapped(path: Path) -> None:
    minidump = Minidump().memory_info([Info(0x1000, 0x1000), Info(0x3000, 0x1000)])
    with opened(path, minidump.memory([(0x1FFE, b"abcd"), (0x9000, b"x")])) as dump:
        assert [(m.span.start, m.span.size, m.protection) for m in dump.mappings] == [
            (0x1000, 0x1000, "rw-"), (0x2000, 2, None), (0x3000, 0x1000, "rw-"), (0x9000, 1, None),
        ]  # fmt: skip


def test_regions_that_overlap_belong_to_the_first(path: Path) -> None:
    infos = [Info(0x2000, 0x1000, protect=READONLY), Info(0x1000, 0x3000)]
    with opened(path, Minidump().memory_info(infos)) as dump:
        assert [(m.span.start, m.span.size, m.protection) for m in dump.mappings] == [
            (0x1000, 0x1000, "rw-"), (0x2000, 0x1000, "r--"), (0x3000, 0x1000, "rw-"),
        ]  # fmt: skip


# Stacks


def test_the_stack_of_a_thread_is_the_whole_allocation_around_it(path: Path) -> None:
    infos = [
        Info(0x10000, 0xD000, 0x10000, state=RESERVE, protect=0),
        Info(0x1D000, 0x1000, 0x10000, protect=4 | GUARD),
        Info(0x1E000, 0x2000, 0x10000),
        Info(0x20000, 0x1000, 0x20000),
    ]
    minidump = (
        Minidump()
        .memory_info(infos)
        .threads([Thread(0x1A2C, 0x1F800, size=0x800)])
        .thread_names({0x1A2C: "main"})
    )
    with opened(path, minidump) as dump:
        assert [(m.kind, m.name) for m in dump.mappings] == [
            *3 * [(Kind.STACK, 'stack of thread 0x1a2c "main"')],
            (Kind.ANONYMOUS, ""),
        ]


def test_without_regions_the_range_that_holds_the_stack_is_it(path: Path) -> None:
    minidump = (
        Minidump()
        .memory([(0x1000, b"s" * 64), (0x2000, b"x")])
        .threads([Thread(5, 0x1010, size=0x30, rva=200), Thread(6), Thread(7, 0x8000)])
        .thread_names({6: "idle", 5: ""})
    )
    with opened(path, minidump) as dump:
        assert [(m.kind, m.name) for m in dump.mappings] == [
            (Kind.STACK, "stack of thread 0x5"), (Kind.ANONYMOUS, ""),
        ]  # fmt: skip


def test_a_stack_that_only_its_thread_tells_of_is_read_too(path: Path) -> None:
    minidump = Minidump().memory([(0x1000, b"abc")]).threads([Thread(5, 0x2000, b"stack")])
    with opened(path, minidump) as dump:
        assert text(dump, 0x2000, 6) == "stack."
        assert mapping_at(dump, 0x2000).kind is Kind.STACK


def test_stacks_of_full_dumps_have_no_place_of_their_own(path: Path) -> None:
    """There the thread says 0, where the header stands; the bytes are in the other list."""
    minidump = Minidump().threads([Thread(5, 0x2000, size=16)]).memory64([(0x2000, b"s" * 16)])
    with opened(path, minidump) as dump:
        assert text(dump, 0x2000, 4) == "ssss"
        assert dump.warnings == ()


def test_a_stack_pointer_into_a_module_makes_no_stack_of_it(path: Path) -> None:
    minidump = (
        Minidump()
        .modules([(0x1000, 0x1000, "a")])
        .memory([(0x1000, b"abc")])
        .threads([Thread(5, 0x1001)])
    )
    with opened(path, minidump) as dump:
        assert mapping_at(dump, 0x1000).kind is Kind.MODULE


# Linux

MAPS = """\
00400000-00401000 r-xp 00000000 08:01 11                         /bin/app
00600000-00601000 rw-p 00000000 08:01 11                         /bin/app
01723000-01755000 rw-p 00000000 00:00 0                          [heap]
7f0000000000-7f0000800000 rw-p 00000000 00:00 0 
7f0000a00000-7f0000a01000 rw-p 00000000 00:00 0                  [anon:stack_and_tls:8]
7fff5ae2c000-7fff5ae4d000 rw-p 00000000 00:00 0                  [stack]
"""  # noqa: W291


def test_maps_of_breakpad_tell_kinds_and_names(path: Path) -> None:
    minidump = (
        Minidump()
        .stream(LINUX_MAPS, MAPS.encode())
        .modules([(0x400000, 0x1000, "/bin/app"), (0x7FFF5AEF1000, 0x2000, "linux-gate.so")])
        .memory([(0x7FFF5AE40000, b"main"), (0x7F0000700000, b"other"), (0x400010, b"text")])
        .threads([
            Thread(7, 0x7FFF5AE40000), Thread(8, 0x7F0000700000), Thread(9, 0x7F0000A00800),
        ])
        .thread_names({7: "app", 8: "worker"})
    )  # fmt: skip
    with opened(path, minidump) as dump:
        assert [(m.kind, m.name, m.protection) for m in dump.mappings] == [
            (Kind.MODULE, "/bin/app", "r-xp"),
            (Kind.MODULE, "/bin/app", "rw-p"),
            (Kind.HEAP, "[heap]", "rw-p"),
            (Kind.STACK, 'stack of thread 0x8 "worker"', "rw-p"),
            (Kind.STACK, "[anon:stack_and_tls:8]", "rw-p"),
            (Kind.STACK, "[stack]", "rw-p"),
        ]
        assert dump.mappings[0].file_offset == 0
        assert text(dump, 0x400010, 5) == "text."


def test_a_library_reaches_as_far_as_its_mappings_do(path: Path) -> None:
    """breakpad lists libc with the size of its text; its data stand 2 MiB further up."""
    maps = (
        "7f0000000000-7f0000100000 r-xp 00000000 08:01 1 /lib/libc.so\n"
        "7f0000300000-7f0000302000 rw-p 00100000 08:01 1 /lib/libc.so\n"
    )
    minidump = Minidump().stream(LINUX_MAPS, maps.encode())
    minidump.modules([(0x7F0000000000, 0x100000, "/lib/libc.so"), (0x1000, 0x80, "vdso")])
    with opened(path, minidump) as dump:
        assert [(m.name, m.span) for m in dump.modules] == [
            ("vdso", Span(0x1000, 0x80)), ("libc.so", Span(0x7F0000000000, 0x302000)),
        ]  # fmt: skip


def test_without_a_list_of_modules_the_maps_tell_of_them(path: Path) -> None:
    with opened(path, Minidump().stream(LINUX_MAPS, MAPS.encode())) as dump:
        assert "app" in {module.name for module in dump.modules}


def test_maps_that_are_damaged_are_not_used(path: Path) -> None:
    minidump = Minidump().stream(LINUX_MAPS, b"no maps\n").memory([(0x1000, b"abc")])
    with opened(path, minidump) as dump:
        (warning,) = dump.warnings
        assert warning.startswith("linux maps:1: not a line of /proc/PID/maps")
        assert warning.endswith("not used")
        assert [mapping.span.start for mapping in dump.mappings] == [0x1000]


def test_maps_that_are_cut_are_used_up_to_the_last_whole_line(path: Path) -> None:
    minidump = Minidump().memory([(0x1000, b"abc")])
    minidump.stream(LINUX_MAPS, MAPS.encode()[:150], size=len(MAPS))
    with opened(path, minidump) as dump:
        assert [mapping.span.start for mapping in dump.mappings] == [0x1000, 0x400000, 0x600000]
        assert dump.warnings == (
            f"linux maps: cut or damaged, 150 of {len(MAPS)} bytes are in the file",
        )


# Damage that is told


def test_a_full_dump_that_ends_early_says_how_much_is_missing(path: Path) -> None:
    minidump = Minidump().memory64([(0x1000, b"a" * 100), (0x2000, b"b" * 100)])
    path.write_bytes(minidump.data[:-130])
    with open_dump(path) as dump:
        assert text(dump, 0x1000, 100) == "a" * 70 + "." * 30
        assert dump.spaces[0].read(Span(0x2000, 100)).runs.total == 0
        assert [mapping.span.size for mapping in dump.mappings] == [100, 100]
        (warning,) = dump.warnings
        assert warning.endswith("2 of 2 ranges of memory reach past its end, 130 bytes are missing")


def test_a_range_that_wraps_is_cut_at_the_end_of_the_addresses(path: Path) -> None:
    with opened(path, Minidump().memory([((1 << 64) - 2, b"abcd")])) as dump:
        assert text(dump, (1 << 64) - 2, 2) == "ab"
        assert dump.warnings == ("1 ranges of memory leave the 64-bit address space: cut there",)


def test_memory_cannot_stand_in_the_header(path: Path) -> None:
    rows = tuple(struct.pack("<QII", 0x9000, 16, place) for place in (0, 31))
    with opened(path, Minidump().memory([(0x1000, b"abc")], extra=rows)) as dump:
        assert dump.spaces[0].read(Span(0x9000, 16)).runs.total == 0
        assert dump.warnings == ("2 ranges of memory stand in the file's header: not in the dump",)


def test_a_list_with_more_rows_than_bytes_is_read_as_far_as_it_goes(path: Path) -> None:
    with opened(path, Minidump().memory([(0x1000, b"abc")], count=9)) as dump:
        assert text(dump, 0x1000, 3) == "abc"
        assert dump.warnings == ("memory list: cut or damaged, 1 of 9 rows are in the file",)


def test_a_range_of_2_to_the_60_bytes_is_a_hole(path: Path) -> None:
    minidump = Minidump().memory64([(0x1000, b"abc"), (1 << 61, b"")], sizes=[3, 1 << 60])
    with opened(path, minidump) as dump:
        assert text(dump, 0x1000, 3) == "abc"
        assert dump.mappings[1].span == Span(1 << 61, 1 << 60)
        assert f"{1 << 60} bytes are missing" in dump.warnings[0]


def test_a_stream_outside_of_the_file_is_told(path: Path) -> None:
    minidump = Minidump().modules([(0x1000, 0x1000, "a")])
    minidump.entries.append((MEMORY, 100, 1 << 30))
    with opened(path, minidump) as dump:
        assert dump.warnings == (
            "memory list: cut or damaged, 0 of at least 4 bytes are in the file",
        )
