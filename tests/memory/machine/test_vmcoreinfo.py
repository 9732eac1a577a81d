"""VMCOREINFO that stands somewhere in the physical memory of machines made by builders."""

from __future__ import annotations

import pytest

from builders.page_tables import PageTables
from memory.machines import physical_memory, reads_of
from memtiles.errors import DumpError
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.machine.spaces import Paging, paging_of
from memtiles.memory.machine.vmcoreinfo import linux_release, linux_tables, parse_vmcoreinfo
from memtiles.memory.paging.mode import PageTables as Tables
from memtiles.memory.paging.mode import PagingMode

PAGE, MIB = 4096, 1 << 20
KERNEL_MAP = 0xFFFF_FFFF_8000_0000
SHIFT = 0x3A80_0000  # of a kernel that KASLR moved


def text(directory: int, moved: int, *more: str, release: str = "6.1.0-56-cloud-amd64") -> bytes:
    """As the kernel's Documentation/admin-guide/kdump/vmcoreinfo.rst has it."""
    lines = [
        f"OSRELEASE={release}",
        "BUILD-ID=b4a5c6d7e8f9",
        "PAGESIZE=4096",
        "SYMBOL(init_uts_ns)=ffffffffbd2161a0",
        f"SYMBOL(swapper_pg_dir)={directory:x}",
        "SYMBOL(_stext)=ffffffffbb800000",
        "LENGTH(mem_section)=2048",
        f"NUMBER(phys_base)={moved}",
        *more,
    ]
    return "\n".join(lines).encode() + b"\n"


def kernel(mode: str = "x64", base: int = 0x10_0000, shift: int = SHIFT) -> tuple[PageTables, int]:
    """Page tables in a kernel's image, which they map with the rest of it, and where they are."""
    tables = PageTables(mode, base=base)
    directory = KERNEL_MAP + shift + (base & 2 * MIB - 1)
    tables.map(directory & ~(2 * MIB - 1), base & ~(2 * MIB - 1), 2 * MIB)
    return tables, directory


def found(physical: ExtentSpace) -> Tables | None:
    return paging_of(physical, "auto", Paging(None)).tables


def test_the_lines_of_the_text() -> None:
    info = parse_vmcoreinfo(text(0xFFFF_FFFF_BD21_0000, -981467136, "CONFIG_X86=y"))
    assert info["OSRELEASE"] == "6.1.0-56-cloud-amd64"
    assert info["NUMBER(phys_base)"] == "-981467136"
    assert info["CONFIG_X86"] == "y"
    assert linux_release(info) == "Linux 6.1.0-56-cloud-amd64"


@pytest.mark.parametrize("mode", ["x64", "x64-5"])
@pytest.mark.parametrize("moved", [0, 0x10_0000, -0x100_0000])
def test_the_top_table_is_where_phys_base_moved_it(mode: str, moved: int) -> None:
    five = f"NUMBER(pgtable_l5_enabled)={int(mode == 'x64-5')}"
    info = parse_vmcoreinfo(text(KERNEL_MAP + 0x320_A000, moved, five))
    assert linux_tables(info) == Tables(0x320_A000 + moved, PagingMode(mode))


@pytest.mark.parametrize("mode", ["x64", "x64-5"])
@pytest.mark.parametrize("shift", [0, SHIFT])
def test_it_is_found_in_an_image(mode: str, shift: int) -> None:
    """KASLR gives a kernel another address; then phys_base is negative."""
    tables, directory = kernel(mode, shift=shift)
    moved = tables.root - (directory - KERNEL_MAP)
    assert (moved < 0) == bool(shift)
    five = f"NUMBER(pgtable_l5_enabled)={int(mode == 'x64-5')}"
    info = text(directory, moved, five)
    physical = physical_memory({0x10_0000: bytes(tables.memory), 8 * MIB: b"\1" * 777 + info})
    assert found(physical) == Tables(tables.root, PagingMode(mode))


@pytest.mark.parametrize("before", [*range(-3, 12), 100, 140, 145, 150, 155, 160, 200, 4000])
def test_it_may_cross_the_blocks_that_are_searched_at_a_time(before: int) -> None:
    tables, directory = kernel()
    info = text(directory, tables.root - (directory - KERNEL_MAP))
    memory = bytearray(8 * MIB)
    memory[4 * MIB - before : 4 * MIB - before + len(info)] = info
    physical = physical_memory({0x10_0000: bytes(tables.memory), 16 * MIB: bytes(memory)})
    assert found(physical) == Tables(tables.root, PagingMode.X64)
    assert max(size for _, size in reads_of(physical)) <= 4 * MIB


def test_of_several_only_the_one_counts_whose_tables_map_themselves() -> None:
    """Kernels that ran before leave theirs behind, and a host has those of its guests."""
    tables, directory = kernel()
    moved = tables.root - (directory - KERNEL_MAP)
    texts = [
        text(directory, moved + 0x10_0000),  # leads out of the file
        text(directory, moved + PAGE),  # to another table
        text(directory + PAGE, moved - PAGE),  # to the right one, which maps it elsewhere
        text(0xFFFF_8000_1234_5000, 0),  # of another processor
        text(directory, moved, release="6.1.0-right"),
        text(directory, moved + PAGE),
    ]
    image = b"".join(one.ljust(5000, b"\0") for one in texts)
    physical = physical_memory({0x10_0000: bytes(tables.memory), 8 * MIB: image})
    assert found(physical) == Tables(tables.root, PagingMode.X64)
    nothing = b"".join(one.ljust(5000, b"\0") for one in texts[:4])
    with pytest.raises(DumpError, match="no page tables of Linux on x86-64 were found"):
        found(physical_memory({0x10_0000: bytes(tables.memory), 8 * MIB: nothing}))


GOOD = text(KERNEL_MAP + PAGE, 0).decode()


@pytest.mark.parametrize(
    "hostile",
    [
        GOOD.replace("NUMBER(phys_base)=0", ""),
        GOOD.replace("NUMBER(phys_base)=0", "NUMBER(phys_base)=x"),
        GOOD.replace("NUMBER(phys_base)=0", "NUMBER(phys_base)=" + "9" * 3000),
        GOOD.replace("NUMBER(phys_base)=0", "NUMBER(phys_base)=-" + "9" * 30),
        GOOD.replace("NUMBER(phys_base)=0", "NUMBER(phys_base)=٣"),
        GOOD.replace("NUMBER(phys_base)=0", f"NUMBER(phys_base)={1 << 52}"),
        GOOD.replace("ffffffff80001000", ""),
        GOOD.replace("ffffffff80001000", "zzz"),
        GOOD.replace("ffffffff80001000", "f" * 3000),
        GOOD.replace("ffffffff80001000", "1000"),
        GOOD.replace("ffffffff80001000", "-80001000"),
        GOOD.replace("PAGESIZE=4096", "PAGESIZE"),  # ends there
        GOOD.replace("PAGESIZE=4096", "A=\0\n"),
        GOOD + "NUMBER(pgtable_l5_enabled)=yes\n",
        "",
        "=\n" * 4096,
        "\n" + GOOD,
    ],
)
def test_hostile_texts_tell_no_tables(hostile: str) -> None:
    assert linux_tables(parse_vmcoreinfo(hostile.encode())) is None


@pytest.mark.parametrize("release", ["", "6.1\x1b[31m", "a\x07b", "\u202eevil"])
def test_a_release_that_is_no_text_is_not_told(release: str) -> None:
    info = parse_vmcoreinfo(f"OSRELEASE={release}\nPAGESIZE=4096\n".encode())
    assert linux_release(info) is None


def test_the_first_of_two_equal_keys_counts_and_a_nul_ends_the_text() -> None:
    info = parse_vmcoreinfo(b"OSRELEASE=6.1\nOSRELEASE=7.2\nA=b\0\nOSRELEASE=8.3\nB=c\n")
    assert info == {"OSRELEASE": "6.1", "A": "b"}


def test_memory_that_is_full_of_such_lines() -> None:
    """Each would cost a page to read and a walk: after a thousand the search gives up."""
    line = b"OSRELEASE=1\nSYMBOL(swapper_pg_dir)=ffffffff80001000\nNUMBER(phys_base)=0\n"
    physical = physical_memory({0: line * (4 * MIB // len(line))})
    with pytest.raises(DumpError, match="no page tables of Linux"):
        found(physical)
    assert len(reads_of(physical)) < 5000


def test_a_text_at_the_very_end_of_the_addresses() -> None:
    line = b"OSRELEASE=1\nSYMBOL(swapper_pg_dir)=1"
    physical = physical_memory({(1 << 64) - len(line): line})
    with pytest.raises(DumpError, match="no page tables of Linux"):
        found(physical)
