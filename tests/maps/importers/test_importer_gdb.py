"""gdb's listings: real ones of a Python process with numpy, and older forms written here."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.maps import GDB_FILES, GDB_OLD
from builders.samples import sample
from memtiles.maps.importers import ImportedMap, read_map
from memtiles.memory.dump import Kind, Mapping, Module
from memtiles.memory.span import Span


def read(folder: Path, text: str) -> ImportedMap:
    path = folder / "gdb.txt"
    path.write_text(text)
    return read_map(path, format="gdb")


def test_mappings_are_those_that_the_kernel_tells() -> None:
    """gdb reads /proc/PID/maps too; both texts were saved from the same process."""
    gdb, maps = read_map(sample("truth/gdb_maps.txt")), read_map(sample("truth/maps.txt"))
    assert len(gdb.mappings) == 107
    assert (gdb.mappings, gdb.modules) == (maps.mappings, maps.modules)
    assert (gdb.process, gdb.warnings) == (17879, ())


def test_files_are_the_modules_of_the_same_process() -> None:
    """They end behind their .bss, which the kernel lists as memory without a file."""
    files, maps = read_map(sample("truth/gdb_files.txt")), read_map(sample("truth/maps.txt"))
    known = {module.span.start: module.span for module in maps.modules}
    anonymous = {each.span.start: each.span for each in maps.mappings if not each.name}
    assert len(files.modules) == 19
    for module in files.modules:
        mapped = known[module.span.start]
        bss = anonymous.get(mapped.end)
        assert module.span.end == mapped.end or (bss and module.span.end <= bss.end)
    assert files.warnings == ()


def test_before_gdb_told_protections(tmp_path: Path) -> None:
    found = read(tmp_path, GDB_OLD)
    program = "/usr/bin/a b"
    assert found.mappings == (
        Mapping(Span(0x400000, 0x1000), Kind.MODULE, program, None, 0),
        Mapping(Span(0x401000, 0x2000), Kind.MODULE, program, None, 0x1000),
        Mapping(Span(0x800000, 0x21000), Kind.HEAP, "[heap]", None, 0),
        Mapping(Span(0x7FFFF7FF9000, 0x2000), Kind.ANONYMOUS, "", None, 0),
        Mapping(Span(0x7FFFFFFDE000, 0x21000), Kind.STACK, "[stack]", None, 0),
    )
    assert found.modules == (Module("a b", program, Span(0x400000, 0x3000)),)
    assert found.process == 4242


def test_sections_of_a_core_are_no_modules(tmp_path: Path) -> None:
    found = read(tmp_path, GDB_FILES)
    assert found.modules == (
        Module("app", "/usr/bin/app", Span(0x400000, 0x5000)),
        Module("libc.so.6", "/usr/lib/libc.so.6", Span(0x7FFFF7DD0000, 0x19B000)),
        Module("[vdso]", "[vdso]", Span(0x7FFFF7FC1000, 0x1000)),
    )
    assert found.warnings == ()


def test_two_processes_in_one_text(tmp_path: Path) -> None:
    path = tmp_path / "gdb.txt"
    path.write_text(GDB_OLD + GDB_OLD.replace("4242", "4243").replace("0x82", "0x83"))
    assert read_map(path, pid=4242).process == 4242


@pytest.mark.parametrize(
    "row",
    [
        "0x500000 0x501000 0x2000 0x0 /x",
        "0x500000 0x500000 0x0 0x0 /x",
        "0x500000 0x400000 0x1000 0x0 /x",
        "0x500000 0x501000 0x1000",
        "0x500000 0x50100g 0x1000 0x0 /x",
        "0x500000 0xfffffffffffffffff 0x1000 0x0 /x",
    ],
)
def test_a_damaged_row_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    found = read(tmp_path, f"0x400000 0x401000 0x1000 0x0 /a\n{row}\n")
    assert len(found.mappings) == 1
    assert [warning.split(" ")[0] for warning in found.warnings] == ["gdb.txt:2:"]


@pytest.mark.parametrize("end", ["0x0", "0x10000000000000000"])
def test_an_end_behind_the_last_address(tmp_path: Path, end: str) -> None:
    found = read(tmp_path, f"0xfffffffffffff000 {end} 0x1000 0x0 r--p [top]\n")
    assert found.mappings[0].span == Span(0xFFFF_FFFF_FFFF_F000, 0x1000)
