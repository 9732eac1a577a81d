"""Minidumps of the world's writers, which stand beside the checkout: every byte of each.

Held against three sources that share nothing with the reader: manifest.tsv, a parser of a few lines
that is only here, and the package `minidump` where it can read the file.
"""

from __future__ import annotations

import lzma
import re
import struct
from pathlib import Path
from typing import Any

import pytest

from builders.samples import manifest, sample
from memtiles.cli import run
from memtiles.memory.dump import Dump, Kind
from memtiles.memory.formats import open_dump
from memtiles.memory.span import Span

MINIDUMPS = {
    "rmd_test.dmp": ("x86", "Windows 5.1.2600"),
    "rmd_linux-mini.dmp": ("x86-64", "Linux 4.9.60-linuxkit-aufs"),
    "rmd_simple-crashpad.dmp": ("x86-64", "macOS 10.15.7"),
    "bp_stack_exhaustion.dmp.xz": ("x86", "Windows 6.1.7600"),
    "bp_tiny-exe-with-cet-xsave.dmp": ("x86-64", "Windows 10.0.22000"),
    "bp_tiny-exe-fastfail.dmp": ("x86-64", "Windows 10.0.19042"),
    "bp_linux_inline.dmp": ("x86-64", "Linux 5.10.28"),
    "elfesteem_minidump-x86_64.dmp": ("x86-64", "macOS 10.6.8"),
    "symbolic_crash_linux.dmp": ("x86-64", "Linux 4.9.46-moby"),
    "symbolicator_windows.dmp": ("x86", "Windows 10.0.14393"),
    "lldb_regions-memlist64.dmp": ("aarch64", "macOS"),
    "lldb_fizzbuzz_wow64.dmp.xz": ("x86-64", "Windows 6.1.7601"),
    "lldb_linux-x86_64.dmp": ("x86-64", "Linux 3.13.0-91-generic"),
    "r2_calc.dmp": ("x86-64", "Windows 6.1.7601"),
    "kdlib_targetapp_test_cv_allreg_amd64.dmp": ("x86-64", "Windows 10.0.18362"),
    "gen_wine8_normal.dmp": ("x86-64", "Windows 6.1.7601"),
}
NOT_FOR_THE_ORACLE = {
    "gen_wine8_normal.dmp": "refuses a file for one stream that it does not know",
    "elfesteem_minidump-x86_64.dmp": "takes the padding of lists for their first row",
}


def unpacked(name: str) -> bytes:
    data = sample(name).read_bytes()
    return lzma.decompress(data) if name.endswith(".xz") else data


def streams(contents: bytes) -> dict[int, tuple[int, int]]:
    """(size, offset) of each stream by type."""
    count, at = struct.unpack_from("<II", contents, 8)
    entries = [struct.unpack_from("<III", contents, at + 12 * number) for number in range(count)]
    return {type_: (size, offset) for type_, size, offset in reversed(entries)}


def ranges(contents: bytes) -> list[tuple[int, bytes]]:
    """(address, bytes) of each range of memory; rows are counted from the end of their list."""
    found = streams(contents)
    rows = []
    if 5 in found:
        size, offset = found[5]
        (count,) = struct.unpack_from("<I", contents, offset)
        first = offset + size - 16 * count
        for number in range(count):
            address, length, at = struct.unpack_from("<QII", contents, first + 16 * number)
            rows.append((address, contents[at : at + length]))
    if 9 in found:
        count, at = struct.unpack_from("<QQ", contents, found[9][1])
        for number in range(count):
            row = struct.unpack_from("<QQ", contents, found[9][1] + 16 + 16 * number)
            rows.append((row[0], contents[at : at + row[1]]))
            at += row[1]
    return rows


def modules(contents: bytes) -> list[tuple[int, int, str]]:
    """(base, size, path) of each module, in address order."""
    if 4 not in streams(contents):
        return []
    size, offset = streams(contents)[4]
    (count,) = struct.unpack_from("<I", contents, offset)
    first = offset + size - 108 * count
    rows = []
    for number in range(count):
        base, length, _, _, name = struct.unpack_from("<QIIII", contents, first + 108 * number)
        (name_size,) = struct.unpack_from("<I", contents, name)
        rows.append((base, length, contents[name + 4 : name + 4 + name_size].decode("utf-16-le")))
    return sorted(rows)


def holds(dump: Dump, address: int, data: bytes) -> bool:
    memory = dump.spaces[0].read(Span(address, len(data)))
    return memory.runs.is_whole(len(data)) and memory.data.tobytes() == data


@pytest.mark.parametrize("name", MINIDUMPS)
def test_every_byte_of_every_range(name: str) -> None:
    rows = ranges(unpacked(name))
    assert str(len(rows)) == manifest()[name]["ranges"]
    with open_dump(sample(name)) as dump:
        assert dump.format == "minidump"
        assert dump.warnings == dump.contents.warnings == ()
        for address, data in rows:
            assert holds(dump, address, data), hex(address)
        space = dump.spaces[0]
        present = sum(space.runs(mapping.span).total for mapping in dump.mappings)
        assert present == space.runs(Span(0, (1 << 64) - 1)).total


@pytest.mark.parametrize("name", MINIDUMPS)
def test_what_it_is_of(name: str) -> None:
    with open_dump(sample(name)) as dump:
        assert (dump.machine, dump.system) == MINIDUMPS[name]
        assert dump.address_bits == (32 if dump.machine == "x86" else 64)


@pytest.mark.parametrize("name", MINIDUMPS)
def test_its_modules(name: str) -> None:
    expected = modules(unpacked(name))
    assert str(len(expected) or "") == manifest()[name]["modules"]
    with open_dump(sample(name)) as dump:
        assert [(m.span.start, m.path) for m in dump.modules] == [row[::2] for row in expected]
        for module, (_, size, path) in zip(dump.modules, expected, strict=True):
            assert module.name == re.split(r"[/\\]", path)[-1]
            # The maps of Linux may tell that it reaches further.
            assert module.span.size >= size
            assert module.span.size == size or (dump.system or "").startswith("Linux")


@pytest.mark.parametrize("name", MINIDUMPS)
def test_the_package_minidump_reads_the_same(name: str, tmp_path: Path) -> None:
    if name in NOT_FOR_THE_ORACLE:
        pytest.skip(f"the package minidump {NOT_FOR_THE_ORACLE[name]}")
    oracle = pytest.importorskip("minidump.minidumpfile").MinidumpFile
    path = tmp_path / "app.dmp"
    path.write_bytes(unpacked(name))
    parsed = oracle.parse(str(path))
    with parsed.file_handle, open_dump(path) as dump:
        segments: list[Any] = []
        for listed in (parsed.memory_segments, parsed.memory_segments_64):
            segments += listed.memory_segments if listed else []
        assert segments
        for segment in segments:
            data = segment.read(segment.start_virtual_address, segment.size, parsed.file_handle)
            assert len(data) == segment.size
            assert holds(dump, segment.start_virtual_address, data)
        listed = parsed.modules.modules if parsed.modules else []
        assert sorted((m.baseaddress, m.name) for m in listed) == [
            (module.span.start, module.path) for module in dump.modules
        ]
        if parsed.memory_info:
            expected = {
                (row.BaseAddress, row.RegionSize)
                for row in parsed.memory_info.infos
                if row.State.name != "MEM_FREE"
            }
            assert {(m.span.start, m.span.size) for m in dump.mappings} == expected


def test_regions_of_a_wow64_process() -> None:
    with open_dump(sample("lldb_fizzbuzz_wow64.dmp.xz")) as dump:
        text = next(m for m in dump.mappings if m.span.start == 0xE31000)
        assert (text.protection, text.name.rsplit("\\")[-1]) == ("r-x", "fizzbuzz.exe")
        names = [module.name for module in dump.modules]
        assert names.count("ntdll.dll") == names.count("fizzbuzz.exe") == 2
        stacks = [mapping for mapping in dump.mappings if mapping.kind is Kind.STACK]
        assert [(m.span.start, m.span.end, m.protection, m.name) for m in stacks] == [
            (0x1D0000, 0x209000, "---", "64-bit stack of thread 0x3490"),
            (0x209000, 0x20C000, "rw-", "64-bit stack of thread 0x3490"),
            (0x20C000, 0x210000, "rw-", "64-bit stack of thread 0x3490"),
            (0x280000, 0x37D000, "---", "stack of thread 0x3490"),
            (0x37D000, 0x37E000, "rw-", "stack of thread 0x3490"),
            (0x37E000, 0x380000, "rw-", "stack of thread 0x3490"),
        ]


def test_heaps_of_a_wow64_process() -> None:
    """Two of its 32-bit half, one of its 64-bit half; each begins as heaps of Windows 7 do."""
    with open_dump(sample("lldb_fizzbuzz_wow64.dmp.xz")) as dump:
        heaps = [mapping for mapping in dump.mappings if mapping.kind is Kind.HEAP]
        assert [(m.span.start, m.name) for m in heaps if m.protection == "rw-"] == [
            (start, f"heap {start:#x}") for start in (0x460000, 0x500000, 0x700000)
        ]
        for start, place in ((0x460000, 8), (0x500000, 16), (0x700000, 8)):
            assert holds(dump, start + place, bytes.fromhex("eeffeeff"))


def test_mappings_of_a_linux_process_come_from_its_maps() -> None:
    name = "lldb_linux-x86_64.dmp"
    contents = unpacked(name)
    size, offset = streams(contents)[0x47670009]
    lines = contents[offset : offset + size].decode().splitlines()
    with open_dump(sample(name)) as dump:
        assert [f"{m.span.start:08x}-{m.span.end:08x} {m.protection}" for m in dump.mappings] == [
            " ".join(line.split()[:2]) for line in lines
        ]
        # This kernel's maps do not call it [stack].
        (stack,) = [m for m in dump.mappings if m.kind is Kind.STACK]
        assert (stack.name, stack.span.start) == ("stack of thread 0x3e81", 0x7FFCEB32C000)
        libc = next(module for module in dump.modules if module.name == "libc-2.19.so")
        assert libc.span == Span.between(0x7FE9BC034000, 0x7FE9BC3F4000)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("rmd_invalid-range.dmp", "tells of no memory and no module"),
        ("rmd_invalid-record-count.dmp", "tells of no memory and no module"),
        ("r2_npe_r_mdmp.c-364_1.mdmp", "the minidump is cut or damaged"),
    ],
)
def test_hostile_files_are_one_line(
    name: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["info", str(sample(name))]) == 3
    printed = capsys.readouterr()
    assert says in printed.err
    assert printed.err.count("\n") == 1


def test_a_hostile_file_with_memory_in_it_is_opened() -> None:
    """A fuzzer's: 38,161,477 streams, 1,347,241,037 ranges of memory, in 1,027 bytes."""
    name = "r2_clusterfuzz-testcase-minimized-ia_fuzz-5664529107648512.dms"
    with open_dump(sample(name)) as dump:
        assert len(dump.mappings) == 3
        assert "64 of 38161477" in dump.warnings[0]
        assert "3 of 1347241037" in dump.warnings[1]
