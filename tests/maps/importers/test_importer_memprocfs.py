"""MemProcFS's tables, in the form that its source prints; no real file was at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.maps import MEMPROCFS_MODULES, MEMPROCFS_PTE, MEMPROCFS_VAD
from memtiles.errors import DumpError
from memtiles.maps.importers import ImportedMap, read_map
from memtiles.memory.dump import Kind, Mapping, Module
from memtiles.memory.span import Span


def read(folder: Path, text: str) -> ImportedMap:
    path = folder / "modules.txt"
    path.write_text(text)
    return read_map(path, format="memprocfs")


def test_modules(tmp_path: Path) -> None:
    found = read(tmp_path, MEMPROCFS_MODULES)
    assert found.modules == (
        Module("ntdll.dll", "ntdll.dll", Span(0x77000000, 0x1A4000)),
        Module("app.exe", "app.exe", Span(0x7FF600000000, 0x5000)),
        Module("ntdll.dll", "ntdll.dll", Span(0x7FFE00000000, 0x1F8000)),
    )
    assert (found.process, found.warnings) == (1234, ())


def test_modules_of_32_bit_windows(tmp_path: Path) -> None:
    found = read(tmp_path, "0000    712      1a4 77000000-771a3fff    ntdll.dll\n")
    assert found.modules == (Module("ntdll.dll", "ntdll.dll", Span(0x77000000, 0x1A4000)),)


def test_the_verbose_table_tells_paths(tmp_path: Path) -> None:
    row = MEMPROCFS_MODULES.splitlines()[2][:58]
    path = r"C:\Windows\System32\app.exe"
    text = f"{row}{'app.exe':48}{12:8}{0:9}{5:6} {path:72}\\Windows\\app.exe\n"
    assert read(tmp_path, text).modules == (Module("app.exe", path, Span(0x7FF600000000, 0x5000)),)


def test_vads(tmp_path: Path) -> None:
    locale, netapi32 = r"\Windows\System32\locale.nls", r"\Windows\System32\netapi32.dll"
    found = read(tmp_path, MEMPROCFS_VAD)
    assert found.mappings == (
        Mapping(Span(0x7FFE0000, 0x1000), Kind.ANONYMOUS, "", "r--"),
        Mapping(Span(0x18ED000000, 0x100000), Kind.STACK, "TID:38fc", "rw-"),
        Mapping(Span(0x23410E00000, 0x10000), Kind.HEAP, "", "rw-"),
        Mapping(Span(0x23411200000, 0x100000), Kind.FILE, locale, "r--"),
        Mapping(Span(0x7FFE5F5E0000, 0x19000), Kind.MODULE, netapi32, "rwx"),
    )
    assert found.modules == (Module("netapi32.dll", netapi32, Span(0x7FFE5F5E0000, 0x19000)),)


def test_page_tables(tmp_path: Path) -> None:
    assert read(tmp_path, MEMPROCFS_PTE).mappings == (
        Mapping(Span(0x77000000, 0x2000), Kind.ANONYMOUS, "ntdll.dll", "rw-"),
        Mapping(Span(0x7FFE5F5E0000, 0x1000), Kind.ANONYMOUS, "netapi32.dll", "r--"),
        Mapping(Span(0x7FFE5F5E1000, 0xC000), Kind.ANONYMOUS, "netapi32.dll", "r-x"),
    )


def test_unloaded_modules_are_counted(tmp_path: Path) -> None:
    """unloaded_modules.txt has a time before the name, or stars for an unknown one."""
    rows = (
        "0000   1234       10 0000000077000000-000000007700ffff    2021-08-04 07:56:01 UTC  a.dll\n"
        "0001   1234       10 0000000077100000-000000007710ffff                        ***  b.dll\n"
    )
    with pytest.raises(DumpError, match="2 unloaded modules are left out"):
        read(tmp_path, rows)


@pytest.mark.parametrize(
    "span",
    [
        "0000000077000000-000000007700ffff",
        "0000000077000fff-0000000077000000",
        "000000007700000-0000000077000fff",
    ],
)
def test_a_damaged_row_is_named_by_its_line(tmp_path: Path, span: str) -> None:
    good = "0000   1234        1 0000000077000000-0000000077000fff    a.dll\n"
    found = read(tmp_path, good + f"0001   1234        1 {span}    b.dll\n")
    assert len(found.modules) == 1
    assert [warning.split(" ")[0] for warning in found.warnings] == ["modules.txt:2:"]


def test_the_last_address(tmp_path: Path) -> None:
    row = "0000      4        1 fffffffffffff000-ffffffffffffffff    last.sys\n"
    assert read(tmp_path, row).modules[0].span == Span(0xFFFF_FFFF_FFFF_F000, 0x1000)
