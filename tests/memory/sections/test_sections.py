"""Sections of modules, held against pefile and pyelftools, and against hostile headers."""

from __future__ import annotations

import io
import os
import struct
import sys
from pathlib import Path
from typing import Any

import pefile
import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import example, given
from hypothesis import strategies as st

import memtiles
from builders.elf_image import ALLOC, NOBITS, STRTAB, TLS, VDSO, R, Section, Segment, elf_image
from builders.pe import HAL, Row, W, X, pe_image
from builders.samples import sample
from fuzzing import fuzz
from memtiles import Module, Span
from memtiles.memory.extents import ExtentSpace
from memtiles.memory.sections.of_module import TOTAL_LIMIT, sections_of, sections_of_all
from memtiles.memory.space import SpaceKind

BASE = 0xFFFF_F800_0080_0000

Sections = list[tuple[str, int, int, str]]


class Bytes:
    """A source of bytes in memory."""

    name = "made up"

    def __init__(self, data: bytes) -> None:
        self.data = data

    def read_into(self, offset: int, buffer: memoryview) -> int:
        piece = self.data[offset : offset + len(buffer)]
        buffer[: len(piece)] = piece
        return len(piece)

    def prefetch(self, offset: int, size: int) -> None:
        pass


def sections_in(image: bytes, size: int | None = None, base: int = BASE) -> Sections:
    """Name, offset in the module, size and protection of each section of an image at `base`."""
    space = ExtentSpace(SpaceKind.VIRTUAL, Bytes(image), [base], [len(image)], [0])
    found = sections_of(space, Module("hal.dll", "", Span(base, size or len(image))))
    return [(one.name, one.span.start - base, one.span.size, one.protection) for one in found]


def of_flags(flags: int, *bits: int) -> str:
    return "".join(letter if flags & bit else "-" for letter, bit in zip("rwx", bits, strict=True))


# --------------------------------------------------------------------------------------------- PE


@pytest.mark.parametrize("bits", [32, 64])
def test_sections_of_a_pe_image(bits: int) -> None:
    assert sections_in(pe_image(HAL, bits=bits)) == [
        ("header", 0, 0x400, "r--"),
        (".text", 0x1000, 0x2345, "r-x"),
        (".data", 0x4000, 0x800, "rw-"),
        ("INIT", 0x5000, 0x1000, "rwx"),
        (".reloc", 0x6000, 0x10, "r--"),
    ]


@pytest.mark.parametrize("bits", [32, 64])
def test_sections_are_those_that_pefile_finds(bits: int) -> None:
    image = pe_image(HAL, bits=bits)
    assert of_pefile(image) == sections_in(image)[1:]


def of_pefile(image: bytes) -> Sections:
    parsed = pefile.PE(data=image, fast_load=True)
    return [
        (
            row.Name.split(b"\0")[0].decode(),
            row.VirtualAddress,
            row.Misc_VirtualSize,
            of_flags(row.Characteristics, 1 << 30, 1 << 31, 1 << 29),
        )
        for row in parsed.sections
    ]


@pytest.mark.parametrize(
    ("name", "modules"),
    [("lldb_fizzbuzz_wow64.dmp.xz", 16), ("kdlib_targetapp_stacktest_x64_release.dmp.xz", 7)],
)
def test_sections_of_real_modules_are_those_that_pefile_finds(name: str, modules: int) -> None:
    with memtiles.open(sample(name)) as dump:
        assert len(dump.modules) == modules
        for module in dump.modules:
            start = module.span.start
            header, *found = [
                (one.name, one.span.start - start, one.span.size, one.protection)
                for one in dump.sections(module)
            ]
            assert header[:2] == ("header", 0)
            assert found == of_pefile(dump.read(module).data.tobytes())


def test_a_linker_that_writes_no_size_in_memory() -> None:
    """Watcom's: VirtualSize is 0, and the section is as large as in the file."""
    image = pe_image([Row(b"AUTO", 0x1000, 0, stored=0x600)])
    assert ("AUTO", 0x1000, 0x600, "r--") in sections_in(image)


def test_sections_end_where_the_module_ends() -> None:
    rows = [Row(b".text", 0x1000, 0xFFFF_FFFF), Row(b".far", 0x8000, 0x1000)]
    assert sections_in(pe_image(rows))[1:] == [(".text", 0x1000, 0x6000, "r--")]


def test_a_module_at_the_very_end_of_memory() -> None:
    image = pe_image([Row(b".text", 0x6000, 0xFFFF_FFFF)])
    assert sections_in(image, base=(1 << 64) - 0x7000)[1:] == [(".text", 0x6000, 0x1000, "r--")]


def test_where_sections_overlap_the_first_in_the_table_wins() -> None:
    rows = [
        Row(b".late", 0x4000, 0x1000),
        Row(b".long", 0x1000, 0x4800),
        Row(b".lost", 0x4800, 0x1000),
        Row(b".same", 0x1000, 0x10),
    ]
    assert [(name, start, size) for name, start, size, _ in sections_in(pe_image(rows))[1:]] == [
        (".long", 0x1000, 0x3000),
        (".late", 0x4000, 0x1000),
    ]


def test_headers_end_where_a_section_begins() -> None:
    image = pe_image(HAL, size_of_headers=0xFFFF_FFFF)
    assert sections_in(image)[0] == ("header", 0, 0x1000, "r--")


@pytest.mark.parametrize("count", [0, 1, 4, 96, 97, 65535])
def test_what_the_header_claims_to_have(count: int) -> None:
    """The rest of a table that is not one is 0x00 or what stands in the image; at most 96 rows."""
    found = sections_in(pe_image(HAL, count=count))
    assert found[0][0] == "header"
    assert len(found) <= 97
    if count >= 4:
        assert {(".text", 0x1000, 0x2345, "r-x"), ("INIT", 0x5000, 0x1000, "rwx")} <= set(found)


@pytest.mark.parametrize("at", [0, 1, 0x3C, 0x6FFF, 0x7000, 0x7FFF_FFFF, 0xFFFF_FFFF])
def test_headers_that_are_said_to_stand_anywhere(at: int) -> None:
    image = bytearray(pe_image(HAL))
    struct.pack_into("<I", image, 0x3C, at)
    assert sections_in(bytes(image)) == []


def test_names_are_whatever_the_eight_bytes_are() -> None:
    names = [b"", b"/4", b"12345678", b"\x1b[2J\xff\xfe", b"<b>\n"]
    rows = [Row(name, 0x1000 * (number + 1), 0x10) for number, name in enumerate(names)]
    found = [name for name, *_ in sections_in(pe_image(rows))[1:]]
    assert found == ["", "/4", "12345678", "\x1b[2J\\xff\\xfe", "<b>\n"]


def test_a_pe_image_cut_at_every_byte_of_its_headers() -> None:
    """The rest of the module is a hole."""
    image = pe_image(HAL)
    whole = sections_in(image)
    for kept in range(1, 0xF8 + 24 + 240 + 4 * 40 + 1):
        found = sections_in(image[:kept], size=0x7000)
        assert set(found) <= set(whole) or [name for name, *_ in found] == ["header"]
    assert found == whole


# -------------------------------------------------------------------------------------------- ELF


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("base", [0, 0x40_0000])
def test_sections_of_an_image_that_is_mapped_whole(bits: int, order: str, base: int) -> None:
    image = elf_image(VDSO, bits=bits, order=order, base=base)
    ends = 64 + 56 if bits == 64 else 52 + 32
    assert sections_in(image) == [
        ("header", 0, ends, "r-x"),
        (".hash", 0x200, 0x40, "r-x"),
        (".dynamic", 0x240, 0x100, "r-x"),
        (".text", 0x400, 0x300, "r-x"),
    ]
    assert of_pyelftools(image, base) == sections_in(image)[1:]


def of_pyelftools(image: bytes, base: int = 0) -> Sections:
    """The sections that have addresses, with the protection of the segment that holds them."""
    elf = ELFFile(io.BytesIO(image))
    loads = [one for one in elf.iter_segments() if one["p_type"] == "PT_LOAD"]

    def protection(section: Any) -> str:
        flags = next(one["p_flags"] for one in loads if one.section_in_segment(section))
        return of_flags(flags, 4, 2, 1)

    return [
        (one.name, one["sh_addr"] - base, one["sh_size"], protection(one))
        for one in elf.iter_sections()
        if one["sh_flags"] & 2
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="a live process is read on Linux only")
def test_the_vdso_of_this_process() -> None:
    with memtiles.open(os.getpid()) as process:
        vdso = next((one for one in process.modules if one.name == "[vdso]"), None)
        if vdso is None:
            pytest.skip("this system has no vDSO")
        start = vdso.span.start
        found = [
            (one.name, one.span.start - start, one.span.size, one.protection)
            for one in process.sections(vdso)
        ]
        image = process.read(vdso).data.tobytes()
    assert found[0][0] == "header"
    assert found[1:] == of_pyelftools(image)
    assert ".text" in {name for name, *_ in found}


@pytest.mark.skipif(sys.platform != "linux", reason="a live process is read on Linux only")
def test_segments_of_a_library_as_pyelftools_finds_them_in_its_file() -> None:
    with memtiles.open(os.getpid()) as process:
        libc = next(one for one in process.modules if one.name.startswith("libc."))
        found = process.sections(libc)
    with Path(libc.path).open("rb") as file:
        loads = [one for one in ELFFile(file).iter_segments() if one["p_type"] == "PT_LOAD"]
    assert [one.name for one in found] == [""] * len(loads)
    for one, load in zip(found, loads, strict=True):
        start, end = load["p_vaddr"], load["p_vaddr"] + load["p_memsz"]
        assert one.span.start - libc.span.start == start - start % 4096
        # The zeros behind the last one's bytes are an anonymous mapping of their own.
        assert one.span.end == min(libc.span.end, libc.span.start + end + -end % 4096)
        flags = load["p_flags"]
        assert one.protection == of_flags(flags, 4, 2, 1)


def test_zeros_of_threads_do_not_hide_the_section_behind_them() -> None:
    """.tbss has the address of the section that follows, for it takes no room in the image."""
    sections = [
        Section(b".tbss", 0x400, 0x800, ALLOC | TLS | 1, NOBITS),
        Section(b".init_array", 0x400, 0x10, ALLOC | 1),
    ]
    names = [name for name, *_ in sections_in(elf_image(sections))]
    assert names == ["header", ".init_array"]


def test_without_a_section_table_the_segments_are_told() -> None:
    """As in all programs and libraries: the table was at the end of the file and is not mapped."""
    segments = [Segment(0, 0x800, R), Segment(0x1000, 0x1234, 5), Segment(0x3008, 0x10, 6)]
    image = elf_image(VDSO, segments, sections_at=0x5000, size=0x5000)
    assert sections_in(image) == [
        ("", 0, 0x1000, "r--"),
        ("", 0x1000, 0x2000, "r-x"),
        ("", 0x3000, 0x1000, "rw-"),
    ]


@pytest.mark.parametrize("count", [0, 1, 257, 0xFEFF, 0xFFFF])
def test_an_absurd_number_of_sections(count: int) -> None:
    assert sections_in(elf_image(VDSO, count=count)) == [("", 0, 0x2000, "r-x")]


@pytest.mark.parametrize("type", [0, 1, 4, 0xFE00])
def test_other_elf_files_are_no_modules(type: int) -> None:
    assert sections_in(elf_image(VDSO, type=type)) == []


def test_what_stands_where_the_table_was_is_no_table() -> None:
    image = elf_image(VDSO)
    for junk in (bytes(0xF80), b"\xff" * 0xF80):
        assert sections_in(image[:0x1080] + junk) == [("", 0, 0x2000, "r-x")]


def test_an_elf_image_cut_at_every_byte() -> None:
    image = elf_image(VDSO, size=0x1300)
    whole = sections_in(image)
    seen = set()
    for kept in [*range(1, 256), *range(0x1080, 0x1300)]:
        found = sections_in(image[:kept], size=0x2000)
        assert found in ([], [("", 0, 0x2000, "r-x")], whole)
        seen.add(len(found))
    assert seen == {0, 1, len(whole)}


# ------------------------------------------------------------------------------------ of any kind


@pytest.mark.parametrize("data", [b"", b"M", b"MZ", b"\x7fELF", bytes(4096), b"MZ" * 4096])
def test_what_are_no_headers(data: bytes) -> None:
    assert sections_in(data or b"\0") == []


def test_absent_headers(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(0x1000) + pe_image(HAL)[0x1000:])
    with memtiles.open(tmp_path / "a.raw", format="raw", base=BASE) as dump:
        assert dump.sections(Module("elsewhere", "", Span(0x1000, 0x1000))) == ()
        assert dump.sections(Module("hal", "", Span(BASE, 0x7000))) == ()
        assert dump.sections(Module("all", "", Span(0, (1 << 64) - 1))) == ()


IMAGES = [
    pe_image(HAL),
    pe_image(HAL, bits=32),
    pe_image([Row(b"\xff" * 8, 0xFFFF_FFFF, 0xFFFF_FFFF, W | X)] * 96, at=0x40),
    elf_image(VDSO),
    elf_image(VDSO, bits=32, order=">"),
    elf_image([Section(b"x" * 200, 2**63, 2**63, ALLOC, STRTAB)] * 20),
]


@fuzz(300)
@given(
    st.sampled_from(IMAGES),
    st.lists(st.tuples(st.integers(0, 0x600), st.sampled_from([1, 2, 4, 8]), st.integers(0))),
    st.sampled_from([0, 0x40_0000, BASE, (1 << 64) - 0x8000]),
)
@example(IMAGES[2], [], 0)
@example(IMAGES[5], [], BASE)
def test_hostile_headers(image: bytes, changes: list[tuple[int, int, int]], base: int) -> None:
    """Whatever headers say, sections are disjoint, in order and inside the module."""
    data = bytearray(image)
    for at, size, value in changes:
        data[at : at + size] = (value % (1 << 8 * size)).to_bytes(size, "little")
    found = sections_in(bytes(data), base=base)
    end = 0
    for name, start, size, protection in found:
        assert start >= end
        assert size > 0
        end = start + size
        assert len(protection) == 3
        name.encode()
    assert end <= len(data)


def test_ten_thousand_modules_that_share_hostile_headers() -> None:
    """A file can have many segments of the same bytes, each with 97 sections."""
    rows = [Row(b".x", 0x40 * number, 0x40) for number in range(96)]
    image = pe_image(rows, at=0x40, size_of_headers=1)
    count = 10_000
    starts = [BASE + number * 0x10000 for number in range(count)]
    space = ExtentSpace(SpaceKind.VIRTUAL, Bytes(image), starts, [len(image)] * count, [0] * count)
    modules = [Module("x", "", Span(start, len(image))) for start in starts]
    found = sections_of_all(space, modules)
    assert list(found) == modules
    told = [len(sections) for sections in found.values()]
    assert told[0] == 96
    assert TOTAL_LIMIT - 96 < sum(told) <= TOTAL_LIMIT
    assert told == sorted(told, reverse=True)
