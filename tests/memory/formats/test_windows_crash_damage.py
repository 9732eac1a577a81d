"""Damaged crash dumps: cut, mutated, and with absurd numbers in every field that counts."""

from __future__ import annotations

import os
import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.whole_way import go_through
from builders.windows_crash import (
    bitmap_dump,
    full_dump,
    header,
    ranges_dump,
    summary_dump,
    triage_dump,
)
from builders.windows_kernel import DRIVERS, PAGE, WindowsMemory, add_module_list
from fuzzing import fuzz
from memtiles.errors import DumpError, LimitError
from memtiles.memory.formats import open_dump
from memtiles.memory.span import Span

ABSURD = [0, 1, (1 << 31) - 1, (1 << 32) - 1, 1 << 63, (1 << 64) - 1]
HEAD = 0xFFFFF80000000020


HEAD_32 = 0x80000020


def tiny(mode: str, head: int) -> WindowsMemory:
    """A machine with nothing but page tables and one page, in which is the list of modules."""
    memory = WindowsMemory(mode, numbers=24)
    add_module_list(memory, head, head + 0x40, [("hal.dll", r"\hal.dll", head - 0x20, 2 * PAGE)])
    return memory


MEMORY = tiny("x64", HEAD)
OF = {"cr3": MEMORY.root, "module_list": HEAD}
THREE_PAGES = tiny("x86", HEAD_32)
DUMPS = {
    "full": full_dump(MEMORY.stored(), **OF),
    "bitmap": bitmap_dump(MEMORY.stored(), **OF),
    "summary": summary_dump(MEMORY.stored(), **OF),
    "ranges": ranges_dump(MEMORY.stored(), 0xA, **OF),
    "triage": triage_dump(
        [(HEAD, b"some memory"), (HEAD + 0x1000, b"more")],
        [(path, base, size) for _, path, base, size in DRIVERS],
        stack=(HEAD + 0x3000, b"stack"),
    ),
    "full of 32 bits": full_dump(
        THREE_PAGES.stored(), bits=32, cr3=THREE_PAGES.root, module_list=HEAD_32, pae=0
    ),
    "triage of 32 bits": triage_dump([(0x80001000, b"memory")], [("a", 0x80000000, 9)], bits=32),
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage") / "MEMORY.DMP"


def use(path: Path) -> str:
    """Opens a dump and reads from all that it lists; what it says. No other errors than ours."""
    try:
        with open_dump(path, format="windows-crash") as dump:
            said = [*dump.warnings]
            for space in dump.spaces:
                contents = dump.read_contents(space)
                said += contents.warnings
                for span in (one.span for one in (*contents.mappings, *contents.modules)):
                    some = Span(span.start, min(span.size, 0x2000))
                    assert space.read(some).runs == space.runs(some)
    except (DumpError, LimitError) as problem:
        said = [str(problem)]
    assert not any("\n" in line for line in said)
    return "; ".join(said)


def survives(path: Path, contents: bytes) -> str:
    """The same for these bytes, and how much memory it takes."""
    path.write_bytes(contents)
    tracemalloc.start()
    try:
        return use(path)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 50 << 20


@pytest.mark.parametrize("kind", DUMPS)
def test_cut_at_every_byte(path: Path, kind: str) -> None:
    """The smallest dumps at every byte; in the pages of the larger ones at some."""
    whole = DUMPS[kind]
    path.write_bytes(whole)
    assert "cut" not in use(path)
    for size in range(len(whole) - 1, 0, -1):
        if size > 0x2100 and size % 61 and kind not in ("full of 32 bits", "triage"):
            continue
        os.truncate(path, size)
        assert use(path), f"cut at {size}: not a word about it"


def patched(contents: bytes, at: int, value: int, form: str) -> bytes:
    mutated = bytearray(contents)
    struct.pack_into(form, mutated, at, value & (1 << 8 * struct.calcsize(form)) - 1)
    return bytes(mutated)


FIELDS = [
    *[("full", at, "<Q") for at in (0x10, 0x20, 0x90, 0x98, 0xA0, 0xA8, 0xB0)],
    *[("full", at, "<I") for at in (0x0C, 0x30, 0x88, 0xF98)],
    *[("full of 32 bits", at, "<I") for at in (0x10, 0x18, 0x64, 0x68, 0x6C, 0x70, 0xF88)],
    *[("bitmap", at, "<Q") for at in (0x2020, 0x2028, 0x2030, 0x2038)],
    *[("summary", at, "<I") for at in (0x2008, 0x200C, 0x2010, 0x2014, 0x2018, 0x2028)],
    *[("ranges", at, "<Q") for at in (0x2010, 0x2018, 0x2020, 0x2028, 0x2030, 0x2038, 0x2040)],
    *[("triage", at, "<I") for at in range(0x2000, 0x2080, 4)],
    *[("triage", 0x2080 + at, "<I") for at in (0, 0x48)],
    *[("triage", 0x2080 + at, "<Q") for at in (0x38,)],
    *[("triage of 32 bits", at, "<I") for at in range(0x1000, 0x1068, 4)],
]


@pytest.mark.parametrize(("kind", "at", "form"), FIELDS)
def test_absurd_numbers(path: Path, kind: str, at: int, form: str) -> None:
    for value in ABSURD:
        survives(path, patched(DUMPS[kind], at, value, form))


@pytest.mark.parametrize("value", ABSURD)
def test_absurd_numbers_in_blocks_and_names_of_a_triage_dump(path: Path, value: int) -> None:
    contents = DUMPS["triage"]
    names_at, blocks_at = (struct.unpack_from("<I", contents, at)[0] for at in (0x2038, 0x2078))
    survives(path, patched(contents, names_at, value, "<I"))
    survives(path, patched(contents, blocks_at, value, "<Q"))
    survives(path, patched(contents, blocks_at + 8, value, "<I"))
    survives(path, patched(contents, blocks_at + 12, value, "<I"))


def test_both_counts_of_a_summary_dump_are_absurd(path: Path) -> None:
    for value in ABSURD:
        contents = patched(DUMPS["summary"], 0x2010, value, "<I")
        contents = patched(contents, 0x2018, value, "<I")
        survives(path, contents)
        survives(path, patched(contents, 0x200C, (1 << 32) - 1, "<I"))


def test_a_bitmap_of_two_to_the_sixty_pages(path: Path) -> None:
    contents = bitmap_dump(MEMORY.stored(), bits_of_map=1 << 60, **OF)
    assert "the bitmap of pages is cut" in survives(path, contents)


def test_a_bitmap_larger_than_the_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memtiles.memory.windows.crash_pages._BITMAP_LIMIT", 8)
    assert "at most 8 are read" in survives(path, DUMPS["bitmap"])


def test_a_file_that_is_all_bitmap(path: Path) -> None:
    """32 MiB of set bits claim 256 Mi pages; every other bit set would be 128 Mi runs."""
    for byte in (b"\xff", b"\x55"):
        head = header(5, [(1, 1)], **OF) + b"SDMPDUMP" + bytes(24)
        size = 32 << 20
        table = struct.pack("<QQQ", len(head) + 24 + size, 7, 8 * size)
        said = survives(path, head + table + byte * size)
        assert "0 of" in said


def test_a_file_that_is_all_ranges(path: Path) -> None:
    head = header(8, **OF) + struct.pack("<I4s4sI", 0x40, b"RDMP", b"DUMP", 0)
    row = struct.pack("<QQ", 1 << 39, 1 << 39)
    size = 16 << 20
    table = struct.pack("<QQQQ", size, 0x2030 + size, 0, 0) + row * (size // 16)
    for rest in (b"", b"half a page" * 9):
        assert ": 0 pages are whole in it" in survives(path, head + table + rest)


def test_blocks_of_a_triage_dump_that_all_span_the_whole_file(path: Path) -> None:
    size = len(DUMPS["triage"])
    blocks = b"".join(struct.pack("<QII", number << 30, 1, size) for number in range(20000))
    contents = triage_dump([], block_count=20000, blocks_at=0x2080) + blocks
    survives(path, contents)


@fuzz(600)
@given(
    st.sampled_from(sorted(DUMPS)),
    st.lists(
        st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=8)),
        min_size=1,
        max_size=6,
    ),
)
def test_mutations(path: Path, kind: str, patches: list[tuple[int, bytes]]) -> None:
    contents = DUMPS[kind]
    mutated = bytearray(contents)
    for at, patch in patches:
        # Half of them where the fields are: most of a header is filler.
        fields = (0x10, 0x88, 0xF98, 0x2000)[at % 4] if len(contents) > 0x2100 else 0x60
        at = fields + at // 8 % 0x90 if at % 8 < 4 else at % len(mutated)
        mutated[at : at + len(patch)] = patch
    survives(path, bytes(mutated[: len(contents)]))


@fuzz(150)
@given(
    st.sampled_from([1, 2, 4, 5, 8, 0xA]),
    st.sampled_from([64, 32]),
    st.sampled_from([b"", b"SDMPDUMP", b"\x40\0\0\0RDMPDUMP"]),
    st.binary(max_size=300),
)
def test_garbage_behind_the_header(
    path: Path, type: int, bits: int, magic: bytes, tail: bytes
) -> None:
    survives(path, header(type, [(1, 2)], bits=bits, cr3=PAGE, module_list=PAGE) + magic + tail)


def test_modules_behind_endless_page_tables_are_told_and_left_out(path: Path) -> None:
    """Every third entry of a table names the table itself: each module has 29,241 pages."""
    memory = WindowsMemory("x64", numbers=600)
    drivers = [("d", "d", 0xFFFFF88000000000 + (i << 31), 1 << 30) for i in range(200)]
    add_module_list(memory, HEAD, HEAD + 0x40, [*DRIVERS[1:2], *drivers])
    itself = memory.new_page()
    entries = [(itself * PAGE | 7) * (number % 3 == 0) for number in range(512)]
    struct.pack_into("<512Q", memory.pages[itself], 0, *entries)
    memory.set_entry(drivers[0][2], itself * PAGE | 3, shift=39)
    path.write_bytes(bitmap_dump(memory.stored(), cr3=memory.root, module_list=HEAD))
    with open_dump(path) as dump:
        assert dump.modules[0].name == "hal.dll"
        assert len(dump.modules) < 10
        left_out = 201 - len(dump.modules)
        assert f"{left_out} modules lie there: not listed either" in dump.contents.warnings
    go_through(path)
