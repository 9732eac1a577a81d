"""Which layout page tables have, when only their address is said."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from builders.page_tables import NO_EXECUTE, PAGE_SIZES, PRESENT, USER, WRITE, PageTables
from builders.samples import sample
from memory.machines import physical_memory
from memtiles.errors import DumpError
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.formats import open_dump
from memtiles.memory.machine.spaces import Paging, paging_of
from memtiles.memory.options import Options
from memtiles.memory.paging.mode import PageTables as Tables
from memtiles.memory.paging.mode import PagingMode
from memtiles.memory.paging.space import PagedSpace
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span

PAGE, MIB, GIB = 4096, 1 << 20, 1 << 30
KERNEL = {"x86": 0xC000_0000, "pae": 0xC000_0000, "x64": 0xFFFF_8880 << 32, "x64-5": 0xFF11 << 48}


def recognised(physical: ExtentSpace, root: int) -> Tables:
    found = paging_of(physical, root, Paging(None)).tables
    assert found is not None
    return found


def machine_with(tables: PageTables, size: int) -> ExtentSpace:
    """Memory of a size with the tables in it; all the rest is noise of 1 MiB, again and again."""
    noise = random.Random(tables.mode).randbytes(MIB)
    one = physical_memory({tables.base: bytes(tables.memory), 0: noise})
    offsets = [7, *[7 + len(tables.memory) + 5] * (size // MIB)]
    starts = [tables.base, *range(0, size, MIB)]
    sizes = [len(tables.memory), *[MIB] * (size // MIB)]
    return ExtentSpace(one.kind, one.source, starts, sizes, offsets)


def booted(mode: str, size: int, page: int) -> PageTables:
    """A kernel that maps all memory, and a program with a few pages; and a device."""
    tables = PageTables(mode, 2 * MIB)
    for start in range(0, size, page):
        tables.map(KERNEL[mode] + start, start, page, PRESENT | WRITE)
    flags = PRESENT | USER | (0 if mode == "x86" else NO_EXECUTE)
    for number in range(40):
        tables.map(0x40_0000 + number * PAGE, 0x40_0000 + number * 3 * PAGE, PAGE, flags)
    tables.map(0xF000_0000, 0xFEE0_0000, PAGE, PRESENT | WRITE)
    return tables


@pytest.mark.parametrize(
    ("mode", "page"), [(mode, page) for mode in PAGE_SIZES for page in PAGE_SIZES[mode]]
)
def test_each_layout_is_recognised(mode: str, page: int) -> None:
    size = 2 * GIB if page == GIB else 64 * MIB if page > PAGE else 16 * MIB
    tables = booted(mode, size, page)
    found = recognised(machine_with(tables, size), tables.root)
    assert found == Tables(tables.root, PagingMode(mode))


def test_sixteen_gibibytes_in_pages_of_two_mebibytes_are_not_five_levels() -> None:
    """Read with a level more, each of these pages seems to be one of 1 GiB: in memory, too."""
    tables = booted("x64", 16 * GIB, 2 * MIB)
    found = recognised(machine_with(tables, 16 * GIB), tables.root)
    assert found.mode is PagingMode.X64


@pytest.mark.parametrize("mode", ["x64", "x64-5"])
def test_tables_that_name_themselves_are_windows(mode: str) -> None:
    tables = booted(mode, 16 * MIB, PAGE)
    slot = {"x64": (0x1ED << 39, 1 << 39), "x64-5": (0x1ED << 48, 1 << 48)}[mode]
    tables.put(*slot, tables.root | PRESENT | WRITE)
    found = recognised(machine_with(tables, 16 * MIB), tables.root | 2)
    assert found == Tables(tables.root, PagingMode(mode), windows=True)


@pytest.mark.parametrize("root", [0, 0x20_0000, 0xFFFF_F000, 1 << 51, (1 << 64) - 1])
def test_where_no_tables_are(root: int) -> None:
    physical = machine_with(PageTables("x64"), 16 * MIB)
    with pytest.raises(DumpError, match="no page tables at physical address"):
        recognised(physical, root)


def test_small_odd_numbers_are_no_page_tables() -> None:
    """Each looks like an entry that names page 0, which every machine has."""
    numbers = b"".join(number.to_bytes(4, "little") for number in range(1, 2048, 2))
    with pytest.raises(DumpError, match="no page tables at physical address 0x2000"):
        recognised(physical_memory({0: bytes(2 * PAGE) + numbers}), 0x2000)


def test_the_layout_that_a_dump_tells_is_not_guessed_but_looked_at() -> None:
    tables = booted("x64", 16 * MIB, PAGE)
    physical = machine_with(tables, 16 * MIB)
    told = Tables(0x5000, PagingMode.X64, windows=True)
    assert paging_of(physical, tables.root + 8, Paging(told)).tables == told._replace(
        root=tables.root
    )
    with pytest.raises(DumpError, match="no page tables at physical address 0x3000"):
        paging_of(physical, 0x3000, Paging(told))
    assert paging_of(physical, None, Paging(told)).tables == told


# ------------------------------------------------------------------------------- real machines

LINUX = "gen_qemu_linux61_80M.elf.xz"
TINY = "gen_tiny4M.elf.xz"


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The lower memory of real machines as raw files."""
    folder = tmp_path_factory.mktemp("images")
    for name, size in ((LINUX, 80 * MIB), (TINY, 4 * MIB)):
        with open_dump(sample(name)) as dump:
            physical = dump.space(SpaceKind.PHYSICAL)
            assert physical is not None
            (folder / f"{name}.raw").write_bytes(physical.read(Span(0, size)).data.tobytes())
    return {name: folder / f"{name}.raw" for name in (LINUX, TINY)}


@pytest.mark.parametrize(
    ("name", "cr3", "windows"), [(LINUX, 0x4AF_C000, False), (TINY, 0x10_1000, True)]
)
def test_a_raw_image_with_cr3_is_what_the_core_is(
    images: dict[str, Path], name: str, cr3: int, windows: bool
) -> None:
    options = Options(cr3=cr3)
    with (
        open_dump(images[name], "raw", options) as raw,
        open_dump(sample(name)) as core,
    ):
        virtual, physical = raw.spaces
        assert isinstance(virtual, PagedSpace)
        assert virtual.tables == Tables(cr3, PagingMode.X64, windows)
        assert (physical.kind, raw.machine, raw.address_bits) == (
            SpaceKind.PHYSICAL, "x86-64", 64
        )  # fmt: skip
        assert raw.mappings == core.mappings
        for mapping in core.mappings[:40]:
            some = Span(mapping.span.start, min(mapping.span.size, 64 << 10))
            assert virtual.read(some).data.tobytes() == core.spaces[0].read(some).data.tobytes()


@pytest.mark.parametrize("cr3", [0x1000, 0x4AF_D000, 0x7FFF_F000])
def test_a_wrong_cr3_is_an_error(images: dict[str, Path], cr3: int) -> None:
    with pytest.raises(DumpError, match=f"no page tables at physical address {cr3:#x}"):
        open_dump(images[LINUX], "raw", Options(cr3=cr3))


def test_linux_is_found_in_a_raw_image(images: dict[str, Path]) -> None:
    """init_top_pgt, where the kernel's map of symbols and phys_base place it."""
    with open_dump(images[LINUX], "raw", Options(cr3="auto")) as dump:
        virtual = dump.spaces[0]
        assert isinstance(virtual, PagedSpace)
        assert virtual.tables == Tables(0x100_0000 + 0xBD21_0000 - 0xBB80_0000, PagingMode.X64)
        kernel = virtual.read(Span(0xFFFF_FFFF_BB80_0000, PAGE)).data.tobytes()
        assert kernel == dump.spaces[1].read(Span(0x100_0000, PAGE)).data.tobytes()


def test_no_linux_is_found_elsewhere(images: dict[str, Path]) -> None:
    with pytest.raises(DumpError, match="no page tables of Linux"):
        open_dump(images[TINY], "raw", Options(cr3="auto"))


def test_without_cr3_a_raw_image_is_any_file(images: dict[str, Path]) -> None:
    with open_dump(images[TINY], "raw") as dump:
        assert [space.kind for space in dump.spaces] == [SpaceKind.VIRTUAL]
        assert dump.machine is None
