"""Lines of `/proc/PID/maps` from real processes and man 5 proc, and damaged ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from builders.samples import sample
from memtiles.errors import DumpError
from memtiles.memory.dump import Kind
from memtiles.memory.process.modules import modules_of
from memtiles.memory.process.proc_maps import parse_proc_maps
from memtiles.memory.span import Span

LINE = "7f4832b4e000-7f4832b53000 r-xp 00003000 fe:00 29755                      /usr/lib/a.so"


def test_a_line() -> None:
    (only,) = parse_proc_maps(LINE + "\n", "maps")
    assert only.span == Span.between(0x7F4832B4E000, 0x7F4832B53000)
    assert (only.name, only.protection, only.file_offset) == ("/usr/lib/a.so", "r-xp", 0x3000)
    assert only.kind is Kind.MODULE


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("", ""),
        (" ", ""),
        ("                          [heap]", "[heap]"),
        ("   /a b  c", "/a b  c"),
        ("   /ends with a blank ", "/ends with a blank "),
        ("   /new\\012line", "/new\nline"),
        ("   /usr/lib/x.so (deleted)", "/usr/lib/x.so (deleted)"),
        ("   /control\x0ccharacter", "/control\x0ccharacter"),
    ],
)
def test_paths(written: str, path: str) -> None:
    (only,) = parse_proc_maps(f"00400000-00401000 r--p 00000000 00:00 0{written}\n", "maps")
    assert only.name == path


def test_windows_line_ends_and_blank_lines() -> None:
    (only,) = parse_proc_maps(f"\r\n{LINE}\r\n\r\n", "maps")
    assert only.name == "/usr/lib/a.so"


def test_addresses_up_to_the_last_one() -> None:
    top = "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0      [vsyscall]"
    (only,) = parse_proc_maps(top, "maps")
    assert only.span == Span(0xFFFFFFFFFF600000, 0x1000)


@pytest.mark.parametrize(
    "line",
    [
        "garbage",
        "00400000-00401000 r--p 00000000 00:00",
        "00400000-00401000 r--q 00000000 00:00 0",
        "0040000g-00401000 r--p 00000000 00:00 0",
        "00400000-00400000 r--p 00000000 00:00 0",
        "00401000-00400000 r--p 00000000 00:00 0",
        "10000000000000000-10000000000001000 r--p 00000000 00:00 0",
        LINE[:40],
    ],
)
def test_a_malformed_line_is_named_by_its_number(line: str) -> None:
    with pytest.raises(DumpError, match=r"^maps\.txt:2: "):
        parse_proc_maps(f"{LINE}\n{line}\n", "maps.txt")


def test_real_maps_and_smaps_say_the_same() -> None:
    """A Python process with numpy; both texts were saved from the same one."""
    maps = parse_proc_maps(sample("truth/maps.txt").read_text(), "maps.txt")
    smaps = parse_proc_maps(sample("truth/smaps.txt").read_text(), "smaps.txt")
    assert maps == smaps
    assert len(maps) == 107
    assert sum(each.name == "[heap]" for each in maps) == 1
    names = [module.name for module in modules_of(maps)]
    assert len(names) == len(set(names))
    assert "libc.so.6" in names


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_the_maps_of_this_process() -> None:
    text = Path("/proc/self/maps").read_text()
    mappings = parse_proc_maps(text, "maps")
    assert len(mappings) == len(text.splitlines())
    names = [module.name for module in modules_of(mappings)]
    assert len(names) == len(set(names)), "every module is loaded once, and found whole"
