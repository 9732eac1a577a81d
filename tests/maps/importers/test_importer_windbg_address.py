"""`!address` as sessions that people published show it, in the forms of several years."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.maps import (
    ADDRESS_32,
    ADDRESS_64,
    ADDRESS_KERNEL,
    ADDRESS_OLDER,
    ADDRESS_PARAGRAPHS,
)
from memtiles.maps.importers import ImportedMap, read_map
from memtiles.memory.dump import Kind, Mapping, Module
from memtiles.memory.span import Span


def read(folder: Path, text: str) -> ImportedMap:
    path = folder / "address.txt"
    path.write_text(text)
    return read_map(path, format="windbg-address")


def test_64_bit(tmp_path: Path) -> None:
    found = read(tmp_path, ADDRESS_64)
    stack, netapi32 = "Stack [~0; 720.38fc]", r"C:\Windows\System32\netapi32.dll"
    heap = "Heap [ID: 0; Handle: 0000023410e00000; Type: Segment]"
    locale = r"\Device\HarddiskVolume3\Windows\System32\locale.nls"
    assert found.mappings == (
        Mapping(Span(0x7FFE0000, 0x1000), Kind.ANONYMOUS, "Other [User Shared Data]", "r--"),
        Mapping(Span(0x18ED000000, 0xF9000), Kind.STACK, stack, "---"),
        Mapping(Span(0x18ED0F9000, 0x3000), Kind.STACK, stack, "rw-"),
        Mapping(Span(0x18ED0FC000, 0x4000), Kind.STACK, stack, "rw-"),
        Mapping(Span(0x18ED1DF000, 0x1000), Kind.ANONYMOUS, "PEB [720]", None),
        Mapping(Span(0x18ED1E0000, 0x2000), Kind.ANONYMOUS, "TEB [~0; 720.38fc]", None),
        Mapping(Span(0x23410E00000, 0x10000), Kind.HEAP, heap, "rw-"),
        Mapping(Span(0x23410E70000, 0x338000), Kind.ANONYMOUS, "", "r--"),
        Mapping(Span(0x23411200000, 0x100000), Kind.FILE, locale, "r--"),
        Mapping(Span(0x23411400000, 0x10000), Kind.ANONYMOUS, "PageFile", "rw-"),
        Mapping(Span(0x7FFE5F5E0000, 0x1000), Kind.MODULE, netapi32, "r--"),
        Mapping(Span(0x7FFE5F5E1000, 0xC000), Kind.MODULE, netapi32, "r-x"),
        Mapping(Span(0x7FFE5F5ED000, 0x7000), Kind.MODULE, netapi32, "r--"),
        Mapping(Span(0x7FFE5F5F4000, 0x5000), Kind.MODULE, netapi32, "rw-"),
        Mapping(Span(0x7FFE5F810000, 0x1000), Kind.MODULE, "jit", "rwx"),
    )
    assert found.modules == (
        Module("netapi32.dll", netapi32, Span(0x7FFE5F5E0000, 0x19000)),
        Module("jit", "jit", Span(0x7FFE5F810000, 0x1000)),
    )
    (warning,) = found.warnings
    assert warning.startswith("address.txt:29: ")
    assert warning.endswith("has an end and a size that differ: left out")


def test_32_bit(tmp_path: Path) -> None:
    found = read(tmp_path, ADDRESS_32)
    assert found.modules == (Module("ntdll.dll", "ntdll.dll", Span(0x774E0000, 0x126000)),)
    assert found.mappings[0].kind is Kind.HEAP
    assert found.mappings[-1] == Mapping(Span(0xFFFE0000, 0x20000), Kind.ANONYMOUS, "", "rwx")
    assert found.warnings == ()


def test_the_older_table(tmp_path: Path) -> None:
    stack = "Stack32 [1b54.12ac; ~0]"
    assert read(tmp_path, ADDRESS_OLDER).mappings == (
        Mapping(Span(0x10000, 0x10000), Kind.ANONYMOUS, "PageFile", "rw-"),
        Mapping(Span(0x40000, 0x1000), Kind.MODULE, "", "r--"),
        Mapping(Span(0x90000, 0x3C000), Kind.STACK, stack, "---"),
        Mapping(Span(0xCC000, 0x2000), Kind.STACK, stack, "rw-"),
        Mapping(Span(0xCE000, 0x2000), Kind.STACK, stack, "rw-"),
        Mapping(Span(0xD0000, 0x4000), Kind.FILE, r"\Device\x.nls", "r--"),
    )


def test_paragraphs_have_sizes_for_ends(tmp_path: Path) -> None:
    found = read(tmp_path, ADDRESS_PARAGRAPHS)
    imm32 = r"C:\WINDOWS\system32\IMM32.DLL"
    assert found.mappings == (
        Mapping(Span(0x2240000, 0x12000), Kind.ANONYMOUS, "", "rw-"),
        Mapping(Span(0x2252000, 0xFEE000), Kind.STACK, "Stack a94.9b0", "---"),
        Mapping(Span(0x76290000, 0x1000), Kind.MODULE, imm32, "r--"),
        Mapping(Span(0x76291000, 0x15000), Kind.MODULE, imm32, "r-x"),
    )
    assert found.modules == (Module("IMM32.DLL", imm32, Span(0x76290000, 0x16000)),)


def test_paragraphs_of_a_kernel(tmp_path: Path) -> None:
    stack = "KernelStack 817b4da0 : 324.368"
    assert read(tmp_path, ADDRESS_KERNEL).mappings == (
        Mapping(Span(0x804DE000, 0x235000), Kind.MODULE, "ntoskrnl.exe"),
        Mapping(Span(0x80C00000, 0x1E1000), Kind.KERNEL, "PFNDatabase"),
        Mapping(Span(0xF85B0000, 0x4000), Kind.STACK, stack),
    )


ROW = '+ 00400000 00401000     1000 MEM_IMAGE   MEM_COMMIT  PAGE_READONLY  Image [a; "C:\\a.exe"]\n'


@pytest.mark.parametrize(
    "row",
    [
        "+ 00500000 00501000     2000 MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE  Heap",
        "+ 00500000 00500000        0 MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE  Heap",
        "+ 00500000 00400000     1000 MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE  Heap",
        "+ 00500000 10000`00000000`00001000 1000 MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE  Heap",
        "+ 00500000 00501000 MEM_PRIVATE MEM_COMMIT  PAGE_READWRITE  Heap",
        "+ 00500000 00501000     1000 MEM_PRIVATE PAGE_READWRITE  Heap",
        "  1000 2000 100000000001000 MEM_COMMIT",
    ],
)
def test_a_damaged_row_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    found = read(tmp_path, f"{ROW}{row}\n")
    assert len(found.mappings) == 1
    (warning,) = found.warnings
    assert warning.startswith("address.txt:2: ")


@pytest.mark.parametrize("end", ["0", "10000000000000000", "1`00000000`00000000", "0`00000000"])
def test_an_end_behind_the_last_address(tmp_path: Path, end: str) -> None:
    row = f"+ ffffffff`fffe0000 {end} 0`00020000 MEM_PRIVATE MEM_COMMIT PAGE_READONLY Other\n"
    assert read(tmp_path, row).mappings[0].span == Span(0xFFFFFFFF_FFFE0000, 0x20000)


def test_images_of_one_path_far_apart_are_two_modules(tmp_path: Path) -> None:
    again = ROW.replace("00400000 00401000", "10400000 10401000")
    assert [module.span.start for module in read(tmp_path, ROW + again).modules] == [
        0x400000,
        0x10400000,
    ]


def test_an_image_with_reserved_room_in_it_is_one_module(tmp_path: Path) -> None:
    """`!address -f:MEM_COMMIT` lists no reserved pages."""
    again = ROW.replace("+ 00400000 00401000", "  00410000 00411000")
    (module,) = read(tmp_path, ROW + again).modules
    assert module.span == Span(0x400000, 0x11000)
