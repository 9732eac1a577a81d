"""`lm` output as WinDbg's documentation and users' sessions show it, typed in by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders.maps import LM, LMV
from memtiles.errors import DumpError
from memtiles.maps.importers import ImportedMap, read_map
from memtiles.memory.span import Span


def read(folder: Path, text: str) -> ImportedMap:
    path = folder / "lm.txt"
    path.write_text(text)
    return read_map(path, format="lm")


def test_a_session(tmp_path: Path) -> None:
    found = read(tmp_path, LM)
    assert [(module.name, module.span) for module in found.modules] == [
        ("hal", Span(0xFFFFF80000800000, 0x5E000)),
        ("nt", Span(0xFFFFF80000A00000, 0x100000)),
        ("Ntfs.sys", Span(0xFFFFF80004000000, 0x10000)),
    ]
    assert found.modules[2].path == r"\SystemRoot\System32\Drivers\Ntfs.sys"
    assert found.warnings == (
        "lm.txt:10: 'empty' is empty: left out",
        "lm.txt:11: 'backwards' ends before it begins: left out",
        "lm.txt:12: not understood: 'fffff800`03000000 fffff80   cut'",
        "lm.txt: 2 unloaded modules are left out: not in memory",
    )


def test_lmv_tells_the_file_of_an_image(tmp_path: Path) -> None:
    """`Image path:` is the target's; a loaded symbol image file may lie in the debugger's store."""
    found = read(tmp_path, LMV)
    assert [(module.name, module.path, module.span) for module in found.modules] == [
        ("ntkrnlmp.exe", "ntkrnlmp.exe", Span(0xFFFFF80722400000, 0x1047000)),
        ("mydriver.sys", r"\??\C:\Users\me\mydriver.sys", Span(0xFFFFF80724000000, 0x10000)),
        ("third.sys", r"c:\sym\third.sys", Span(0xFFFFF80725000000, 0x10000)),
    ]


@pytest.mark.parametrize(
    ("row", "name", "path"),
    [
        ("00400000 00410000   app", "app", "app"),
        ("00400000 00410000   app   C (private pdb symbols)  d:\\app.pdb", "app", "app"),
        ("00400000 00410000   app      D:\\my programs\\app.exe", "app.exe", None),
        ("00400000 00410000   app    T (service symbols: CLR) c:\\x.dll", "app", "app"),
        ("00400000 00410000   libc     /usr/lib/libc.so.6", "libc.so.6", "/usr/lib/libc.so.6"),
        ("  00400000 00410000   nt_1  \r", "nt_1", "nt_1"),
    ],
)
def test_rows_of_32_bit(tmp_path: Path, row: str, name: str, path: str | None) -> None:
    (module,) = read(tmp_path, row + "\n").modules
    assert module.span == Span(0x400000, 0x10000)
    assert module.name == name
    assert module.path == (path or "D:\\my programs\\app.exe")


def test_noise_is_not_worth_a_warning(tmp_path: Path) -> None:
    noise = (
        "kd> r\nrax=0000000000000001\nBrowse full module list\n...\nfffff800`12345678 cc int 3\n"
    )
    found = read(tmp_path, noise + "fffff800`00800000 fffff800`0085e000 hal\n" + noise)
    assert (len(found.modules), found.warnings) == (1, ())


def test_memory_that_was_printed_is_no_module(tmp_path: Path) -> None:
    """Rows of `dq` and `dd` begin as those of `lm` do."""
    printed = (
        "fffff800`00800000  fffff800`00900000 00000000`00000001\n00400000  00905a4d 00000003 4\n"
    )
    found = read(tmp_path, printed + "00400000 00410000 app\n")
    assert [module.name for module in found.modules] == ["app"]
    assert len(found.warnings) == 2


def test_a_stack_is_no_list_of_modules(tmp_path: Path) -> None:
    """32-bit stacks have rows CHILD-EBP RETURN-ADDRESS SYMBOL."""
    stack = "0012f968 0046915d processA!GetColumnWidth+0x45\n"
    with pytest.raises(DumpError, match="holds no row"):
        read(tmp_path, stack)


def test_other_commands_below_a_prompt_are_not_looked_at(tmp_path: Path) -> None:
    listing = "0:000:x86> lm\nstart    end        module name\n00400000 00410000   app\n"
    found = read(tmp_path, listing + "0:000:x86> dd 400000\n00400000  00905a4d 00000003\n")
    assert (len(found.modules), found.warnings) == (1, ())


@pytest.mark.parametrize(
    ("start", "end", "span"),
    [
        ("ffff0000", "00000000", Span(0xFFFF0000, 0x10000)),
        ("ffffffff`ffff0000", "00000000`00000000", Span(0xFFFFFFFF_FFFF0000, 0x10000)),
        ("ffffffff`ffff0000", "10000000000000000", Span(0xFFFFFFFF_FFFF0000, 0x10000)),
        ("ffffffff`ffff0000", "1`00000000`00000000", Span(0xFFFFFFFF_FFFF0000, 0x10000)),
    ],
)
def test_an_end_behind_the_last_address(tmp_path: Path, start: str, end: str, span: Span) -> None:
    (module,) = read(tmp_path, f"{start} {end} last\n").modules
    assert module.span == span


WIDE = "fffff800`00800000 fffff800`0085e000   hal\n"


@pytest.mark.parametrize(
    ("before", "start"),
    [
        ("", 0x80400000),
        ("00400000 00410000   app\n", 0x80400000),
        # A 64-bit program's modules: Windows lets a 32-bit one have up to 4 GiB beside them.
        ("00007ffe`5f5e0000 00007ffe`5f5f9000   netapi32\n", 0x80400000),
        (WIDE, 0xFFFFFFFF_80400000),
    ],
)
def test_eight_digits_among_kernel_addresses(tmp_path: Path, before: str, start: int) -> None:
    """A kernel debugger takes 80000000 to ffffffff for the last 2 GiB of 64-bit addresses."""
    found = read(tmp_path, before + "80400000 80410000   driver\n")
    assert [m.span for m in found.modules if m.name == "driver"] == [Span(start, 0x10000)]


def test_low_addresses_among_kernel_addresses_stay(tmp_path: Path) -> None:
    found = read(tmp_path, WIDE + "00400000 00410000   app\n")
    assert found.modules[0].span == Span(0x400000, 0x10000)


@pytest.mark.parametrize(
    "row",
    [
        "fffff80`01000000 fffff800`0105e000 cut",
        "fffff800`01000000 fffff800`0105e00g typo",
        "fffff800`01000000 fffff8000105e0001 long",
        "fffff800`01000000 fffff800`0105e000",
    ],
)
def test_a_damaged_row_is_named_by_its_line(tmp_path: Path, row: str) -> None:
    found = read(tmp_path, f"{WIDE}{row}\n")
    assert len(found.modules) == 1
    assert found.warnings == (f"lm.txt:2: not understood: {row!r}",)


def test_a_name_may_come_twice(tmp_path: Path) -> None:
    found = read(tmp_path, "00400000 00410000 a\n00500000 00510000 a\n00500000 00510000 a\n")
    assert [module.name for module in found.modules] == ["a"] * 3
