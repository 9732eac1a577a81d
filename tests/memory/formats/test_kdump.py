"""Compressed kdumps, made by a builder, by QEMU and, where it is installed, by makedumpfile."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.elf import Load, elf_core, note
from builders.kdump import LZO, PACKERS, SNAPPY, ZLIB, ZSTD, Kdump, flattened
from builders.samples import sample
from memtiles.errors import DumpError
from memtiles.memory.dump import Dump
from memtiles.memory.formats import open_dump
from memtiles.memory.options import Options
from memtiles.memory.space import AddressSpace, SpaceKind
from memtiles.memory.span import Span

PAGE = 4096
NOISE = random.Random(4)
PAGES = {
    0: b"first page ".ljust(PAGE, b"."),
    1: bytes(PAGE),
    2: NOISE.randbytes(PAGE),
    5: b"after a hole".ljust(PAGE, b"-"),
    6: bytes(PAGE),
    70: NOISE.randbytes(100) * 40 + bytes(96),
}
REGISTERS = note(
    b"QEMU\0",
    0,
    # cr0 with paging, cr3: page 5
    bytes(0x188) + struct.pack("<Q", 0x80000011) + bytes(16) + struct.pack("<QQ", 0x5000, 0),
)
RUNS = [(0, 3 * PAGE), (5 * PAGE, 2 * PAGE), (70 * PAGE, PAGE)]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kdump") / "vmcore"


def opened(path: Path, contents: bytes | Kdump) -> Dump:
    path.write_bytes(contents if isinstance(contents, bytes) else contents.bytes())
    return open_dump(path)


def physical(dump: Dump) -> AddressSpace:
    space = dump.space(SpaceKind.PHYSICAL)
    assert space is not None
    return space


def runs_of(dump: Dump) -> list[tuple[int, int]]:
    return list(physical(dump).runs(Span(0, 1 << 64)))


def pages_of(dump: Dump) -> dict[int, bytes]:
    return {
        start // PAGE + number: physical(dump)
        .read(Span(start + number * PAGE, PAGE))
        .data.tobytes()
        for start, size in runs_of(dump)
        for number in range(size // PAGE)
    }


def memory_of(dump: Dump) -> dict[int, bytes]:
    return {
        start: physical(dump).read(Span(start, size)).data.tobytes()
        for start, size in runs_of(dump)
    }


@pytest.mark.parametrize("flags", [0, ZLIB, SNAPPY, ZSTD])
@pytest.mark.parametrize("is_flat", [False, True])
def test_pages_are_unpacked_where_they_belong(path: Path, flags: int, is_flat: bool) -> None:
    contents = Kdump(PAGES, flags).bytes()
    with opened(path, flattened(contents) if is_flat else contents) as dump:
        assert (dump.format, dump.machine, dump.warnings) == ("kdump", "x86-64", ())
        assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]
        assert runs_of(dump) == RUNS
        assert pages_of(dump) == PAGES


@pytest.mark.parametrize("block_size", [4096, 8192, 16384, 65536])
def test_pages_of_any_size(path: Path, block_size: int) -> None:
    pages = {n: bytes([n]) * block_size for n in (0, 1, 9)}
    with opened(path, Kdump(pages, block_size=block_size)) as dump:
        assert runs_of(dump) == [(0, 2 * block_size), (9 * block_size, block_size)]
        assert physical(dump).read(Span(9 * block_size + 5, 3)).data.tobytes() == b"\t\t\t"


@pytest.mark.parametrize("version", range(7))
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_version_width_and_byte_order(
    path: Path, version: int, bits: int, order: str
) -> None:
    machine = {(32, "<"): b"i686", (64, "<"): b"x86_64", (32, ">"): b"ppc", (64, ">"): b"s390x"}
    kdump = Kdump(PAGES, version=version, bits=bits, order=order, machine=machine[bits, order])
    with opened(path, kdump) as dump:
        assert (dump.address_bits, dump.warnings) == (bits, ())
        assert pages_of(dump) == PAGES


def test_a_narrow_header_that_makes_sense_as_a_wide_one(path: Path) -> None:
    """256 MiB of memory: the number of pages stands where 64 bits have the size of a page."""
    kdump = Kdump(PAGES, bits=32, machine=b"i686", version=5, max_mapnr=0x10000, bitmap_blocks=4)
    contents = bytearray(kdump.bytes())
    first = contents[8192:12288]
    contents[8192:16384] = first + bytes(4096) + contents[12288:16384] + bytes(4096)
    table = 8192 + 4 * PAGE
    for number in range(len(PAGES)):  # what lies behind the wider bitmaps has moved
        at = table + 24 * number
        struct.pack_into("<q", contents, at, struct.unpack_from("<q", contents, at)[0] + 2 * PAGE)
    with opened(path, bytes(contents)) as dump:
        assert dump.address_bits == 32
        assert pages_of(dump) == PAGES


def test_a_diskdump_with_one_bitmap(path: Path) -> None:
    with opened(path, Kdump(PAGES, signature=b"DISKDUMP", version=1, bitmaps=1)) as dump:
        assert dump.format == "kdump"
        assert pages_of(dump) == PAGES


def test_pages_that_were_filtered_out_are_holes(path: Path) -> None:
    with opened(path, Kdump(PAGES, not_dumped=(3, 4, 500))) as dump:
        assert dump.warnings == ()
        assert runs_of(dump) == RUNS


def test_a_part_of_a_split_dump_has_only_its_own_pages(path: Path) -> None:
    for version in (2, 6):
        with opened(path, Kdump(PAGES, version=version, split=(2, 6))) as dump:
            assert "one file of a split dump, with pages 0x2 to 0x6" in dump.warnings[0]
            assert pages_of(dump) == {2: PAGES[2], 5: PAGES[5]}


def test_pages_packed_with_lzo_are_refused_by_name(path: Path) -> None:
    with pytest.raises(DumpError, match=r"packed with lzo.*`makedumpfile -c"):
        opened(path, Kdump(PAGES, LZO))


@pytest.mark.parametrize(
    "descriptor",
    [
        (0, 10, ZLIB),  # not written any more
        (-1, 10, ZLIB),
        (1 << 62, 10, ZLIB),
        (8192, 0, ZLIB),
        (8192, 4097, ZLIB),
        (8192, 4095, 0),  # not packed, so a whole page
        (8192, 10, ZLIB | SNAPPY),
        (8192, 10, 0x40),
    ],
)
def test_a_bad_descriptor_is_a_hole_that_is_told(
    path: Path, descriptor: tuple[int, int, int]
) -> None:
    with opened(path, Kdump(PAGES, descriptors={2: descriptor, 70: descriptor})) as dump:
        assert dump.warnings[0].startswith("2 of 6 pages are missing: their descriptors are empty")
        assert runs_of(dump) == [(0, 2 * PAGE), (5 * PAGE, 2 * PAGE)]


def test_an_incomplete_dump_says_so(path: Path) -> None:
    with opened(path, Kdump(PAGES, status=8 | ZLIB)) as dump:
        assert "its writer ran out of room" in dump.warnings[0]


def test_a_damaged_page_is_an_error_where_it_is_read_and_nowhere_else(path: Path) -> None:
    contents = bytearray(Kdump({0: PAGES[0], 1: PAGES[5]}).bytes())
    contents[-3] ^= 1
    with opened(path, bytes(contents)) as dump:
        assert physical(dump).read(Span(0, PAGE)).data.tobytes() == PAGES[0]
        with pytest.raises(DumpError, match=r"packed bytes at byte \d+ is damaged: "):
            physical(dump).read(Span(PAGE, 1))


@pytest.mark.parametrize("flags", [ZLIB, SNAPPY, ZSTD])
def test_a_page_that_unpacks_to_more_than_a_page_is_damaged(path: Path, flags: int) -> None:
    bomb = PACKERS[flags](bytes(64_000))
    notes_at = 4096 + 104
    kdump = Kdump(PAGES, flags, notes=bomb, descriptors={2: (notes_at, len(bomb), flags)})
    with opened(path, kdump) as dump:
        assert physical(dump).read(Span(0, PAGE)).data.tobytes() == PAGES[0]
        with pytest.raises(DumpError, match="is damaged"):
            physical(dump).read(Span(2 * PAGE, 1))


def test_a_page_whose_checksum_is_cut_off_is_damaged(path: Path) -> None:
    kdump = Kdump({0: PAGES[0], 1: PAGES[5]})
    offset, size, flags = struct.unpack_from("<qII", kdump.bytes(), 16384)
    kdump.descriptors[0] = (offset, size - 4, flags)
    with opened(path, kdump) as dump, pytest.raises(DumpError, match="cut before its checksum"):
        physical(dump).read(Span(0, 1))


def test_what_the_header_tells_of_the_system(path: Path) -> None:
    names = {"sysname": b"Linux", "release": b"5.14.0-1.el9", "machine": b"aarch64"}
    with opened(path, Kdump(PAGES, **names)) as dump:  # type: ignore[arg-type]
        assert (dump.system, dump.machine) == ("Linux 5.14.0-1.el9", "aarch64")
    with opened(path, Kdump(PAGES, vmcoreinfo=b"OSRELEASE=6.1.0-1\n")) as dump:
        assert dump.system == "Linux 6.1.0-1"
    with opened(path, Kdump(PAGES, machine=b"\xff\x1b[2J")) as dump:
        assert (dump.system, dump.machine) == (None, None)


def test_vmcoreinfo_and_notes_give_page_tables(path: Path) -> None:
    info = b"OSRELEASE=6.1.0-1\nSYMBOL(swapper_pg_dir)=ffffffff80005000\nNUMBER(phys_base)=0\n"
    with opened(path, Kdump(PAGES, vmcoreinfo=info)) as dump:
        assert dump.spaces[0].kind is SpaceKind.VIRTUAL
    with opened(path, Kdump(PAGES, notes=REGISTERS)) as dump:
        assert dump.spaces[0].kind is SpaceKind.VIRTUAL


def test_page_tables_on_a_damaged_page_leave_physical_memory(path: Path) -> None:
    contents = bytearray(Kdump(PAGES, notes=REGISTERS).bytes())
    offset = struct.unpack_from("<q", contents, 16384 + 3 * 24)[0]  # page 5 is the fourth
    contents[offset + 2] ^= 0xFF
    with opened(path, bytes(contents)) as dump:
        assert "their page tables cannot be read" in dump.warnings[0]
        assert physical(dump).read(Span(0, PAGE)).data.tobytes() == PAGES[0]


def test_the_page_tables_of_the_user_come_first() -> None:
    path = sample("gen_tiny4M.kdump.xz")
    with open_dump(path, options=Options(cr3=0x101000)) as dump:
        assert [space.kind for space in dump.spaces] == [SpaceKind.VIRTUAL, SpaceKind.PHYSICAL]
    with pytest.raises(DumpError, match="no page tables of Linux"):
        open_dump(path, options=Options(cr3="auto"))


def test_without_cramjam_only_pages_that_need_it_are_refused(path: Path) -> None:
    code = (
        "import sys; sys.modules['cramjam'] = None\n"
        "from memtiles.memory.formats import open_dump\n"
        f"open_dump({str(path)!r})"
    )
    for flags, said in ((ZLIB, ""), (SNAPPY, "memtiles[kdump]"), (ZSTD, "memtiles[kdump]")):
        path.write_bytes(Kdump(PAGES, flags).bytes())
        run = [sys.executable, "-c", code]
        ran = subprocess.run(run, capture_output=True, text=True, check=False)
        assert said in ran.stderr
        assert bool(ran.stderr) == bool(said)


def test_records_of_a_flattened_dump_may_come_in_any_order_and_twice(path: Path) -> None:
    """makedumpfile writes its header once more when it knows how many pages there are."""
    contents = Kdump(PAGES).bytes()
    early = contents[:4096].replace(b"x86_64", b"s390x\0")
    again = {12: contents[12:300], 0: contents[:12], 300: contents[300:4096]}
    with opened(path, flattened(early + contents[4096:], rewrites=again)) as dump:
        assert dump.machine == "x86-64"
        assert pages_of(dump) == PAGES


def test_a_flattened_dump_of_another_kind_is_refused(path: Path) -> None:
    with pytest.raises(DumpError, match=r"another format than kdump.*makedumpfile -R"):
        opened(path, flattened(elf_core([Load(0x1000, b"abc")])))
    contents = bytearray(flattened(Kdump(PAGES).bytes()))
    struct.pack_into(">q", contents, 16, 2)
    with pytest.raises(DumpError, match="a flattened dump of type 2, not 1"):
        opened(path, bytes(contents))


def test_a_flattened_dump_without_its_end_is_told(path: Path) -> None:
    with opened(path, flattened(Kdump(PAGES).bytes(), end=False)) as dump:
        assert "it has no end mark" in dump.warnings[0]
        assert pages_of(dump) == PAGES


def test_the_dump_of_the_tiny_guest_is_that_of_its_elf_core() -> None:
    with (
        open_dump(sample("gen_tiny4M.kdump.xz")) as kdump,
        open_dump(sample("gen_tiny4M.elf.xz")) as core,
    ):
        assert (kdump.format, kdump.warnings) == ("kdump", ())
        assert kdump.machine == "x86-64"
        assert runs_of(kdump) == [(0, 4 << 20), (0xFFFC0000, 0x40000)]
        assert memory_of(kdump) == memory_of(core)
        # info mem: fff...f80000800000-085e000 is mapped.
        assert kdump.spaces[0].kind is SpaceKind.VIRTUAL
        hal = Span(0xFFFFF80000800000, 0x5E000)
        assert list(kdump.spaces[0].runs(hal)) == [(0, 0x5E000)]
        assert bytes(kdump.spaces[0].read(hal).data) == bytes(core.spaces[0].read(hal).data)


@pytest.fixture(scope="module")
def linux_pages() -> dict[int, bytes]:
    """A slice of the Linux guest's memory, as QEMU dumped it in another format."""
    with open_dump(sample("gen_qemu_linux61_80M.elf.xz")) as core:
        data = physical(core).read(Span(16 << 20, 8 << 20)).data.tobytes()
    return {4096 + at // PAGE: data[at : at + PAGE] for at in range(0, len(data), PAGE)}


@pytest.mark.parametrize("flags", [ZLIB, SNAPPY, ZSTD])
def test_the_linux_guest_as_kdump_is_the_same_memory(
    path: Path, linux_pages: dict[int, bytes], flags: int
) -> None:
    kept = {number: page for number, page in linux_pages.items() if number % 7}
    with opened(path, flattened(Kdump(kept, flags).bytes(), step=16384)) as dump:
        memory = physical(dump).read(Span(16 << 20, 8 << 20))
        for number, page in linux_pages.items():
            at = (number - 4096) * PAGE
            expected = page if number in kept else bytes(PAGE)
            assert memory.data[at : at + PAGE].tobytes() == expected


def test_many_threads_read_the_same_bytes(path: Path, linux_pages: dict[int, bytes]) -> None:
    with opened(path, Kdump(linux_pages)) as dump, ThreadPoolExecutor(8) as threads:
        numbers = random.Random(5).choices(list(linux_pages), k=4000)
        read = threads.map(
            lambda n: physical(dump).read(Span(n * PAGE, PAGE)).data.tobytes(), numbers
        )
        assert all(data == linux_pages[n] for n, data in zip(numbers, read, strict=True))


def test_what_is_kept_unpacked_is_bounded(
    path: Path, monkeypatch: pytest.MonkeyPatch, linux_pages: dict[int, bytes]
) -> None:
    monkeypatch.setattr("memtiles.memory.files.packed_blocks._CACHE_SIZE", 3 * PAGE)
    with opened(path, Kdump(linux_pages)) as dump:
        for number in (*linux_pages, *reversed(linux_pages)):
            page = physical(dump).read(Span(number * PAGE, PAGE)).data.tobytes()
            assert page == linux_pages[number]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dump]:
    path = tmp_path_factory.mktemp("small") / "vmcore"
    with opened(path, flattened(Kdump(PAGES).bytes(), step=777)) as dump:
        yield dump


@settings(max_examples=80, deadline=None)
@given(start=st.integers(0, 8 * PAGE), size=st.integers(1, 600))
def test_a_read_is_what_its_bytes_are_one_by_one(small: Dump, start: int, size: int) -> None:
    memory = physical(small).read(Span(start, size))
    singly = [physical(small).read(Span(at, 1)) for at in range(start, start + size)]
    assert memory.data.tobytes() == b"".join(each.data.tobytes() for each in singly)
    assert memory.present.tolist() == [bool(each.present[0]) for each in singly]


@pytest.mark.skipif(shutil.which("makedumpfile") is None, reason="needs makedumpfile")
@pytest.mark.parametrize("options", [["-c"], ["-d", "0"], ["-F", "-c"], ["-c", "-d", "31"]])
def test_what_makedumpfile_writes(tmp_path: Path, options: list[str]) -> None:
    with open_dump(sample("gen_qemu_linux61_80M.elf.xz")) as core:
        memory = memory_of(core)
        notes = _vmcoreinfo_of(memory[0])
    # It looks for the segments right behind the header, where QEMU has none.
    loads = [Load(0xFFFF888000000000 + start, data, paddr=start) for start, data in memory.items()]
    (tmp_path / "vmcore").write_bytes(elf_core(loads, notes))
    target = [] if "-F" in options else [str(tmp_path / "dump")]
    command = ["makedumpfile", *options, str(tmp_path / "vmcore"), *target]
    ran = subprocess.run(command, capture_output=True, check=True)
    if not target:
        (tmp_path / "dump").write_bytes(ran.stdout)
    with open_dump(tmp_path / "dump") as dump:
        assert (dump.format, dump.warnings) == ("kdump", ())
        assert dump.spaces[0].kind is SpaceKind.VIRTUAL
        for start, data in memory_of(dump).items():
            assert memory[0][start : start + len(data)] == data


def _vmcoreinfo_of(memory: bytes) -> bytes:
    at = memory.index(b"OSRELEASE=6.1.0-56-cloud-amd64\n")
    return note(b"VMCOREINFO\0", 0, memory[at : memory.index(b"\0", at)])
