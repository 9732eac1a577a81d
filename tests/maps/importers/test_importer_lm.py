"""`lm` output as WinDbg's documentation and users' sessions show it, typed in by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from memtiles.maps.importers import ImportedMap, read_map
from memtiles.memory.span import Span

SESSION = r"""
Microsoft (R) Windows Debugger Version 10.0
0: kd> lm
start             end                 module name
fffff800`00800000 fffff800`0085e000   hal        (deferred)
fffff80000a00000 fffff80000b00000   nt       # (pdb symbols)          c:\symbols\ntkrnlmp.pdb
fffff800`01000000 fffff800`01000000   empty      (deferred)
fffff800`02001000 fffff800`02000000   backwards  (deferred)
fffff800`03000000 fffff80   cut
*** ERROR: Symbol file could not be found.
Unloaded modules:
fffff800`05000000 fffff800`06000000   dump_storpor
fffff800`05000000 fffff800`06000000   dump_storpor

0: kd> lmf
start             end                 module name
fffff800`04000000 fffff800`04010000   Ntfs     \SystemRoot\System32\Drivers\Ntfs.sys
"""


def read(folder: Path, text: str) -> ImportedMap:
    path = folder / "lm.txt"
    path.write_text(text)
    return read_map(path, format="lm")


def test_a_session(tmp_path: Path) -> None:
    found = read(tmp_path, SESSION)
    assert [(module.name, module.span) for module in found.modules] == [
        ("hal", Span(0xFFFFF80000800000, 0x5E000)),
        ("nt", Span(0xFFFFF80000A00000, 0x100000)),
        ("Ntfs.sys", Span(0xFFFFF80004000000, 0x10000)),
    ]
    assert found.modules[2].path == r"\SystemRoot\System32\Drivers\Ntfs.sys"
    assert found.warnings == (
        "lm.txt:7: 'empty' is empty: left out",
        "lm.txt:8: 'backwards' ends before it begins: left out",
        "lm.txt:9: not understood: 'fffff800`03000000 fffff80   cut'",
    )


@pytest.mark.parametrize(
    ("row", "name", "path"),
    [
        ("00400000 00410000   app", "app", "app"),
        ("00400000 00410000   app   C (private pdb symbols)  d:\\app.pdb", "app", "app"),
        ("00400000 00410000   app      D:\\my programs\\app.exe", "app.exe", None),
        ("00400000 00410000   app    T (service symbols: CLR) c:\\x.dll", "app", "app"),
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
    found = read(tmp_path, noise)
    assert (found.modules, found.warnings) == ((), ())


def test_memory_that_was_printed_is_no_module(tmp_path: Path) -> None:
    """Rows of `dq` and `dd` begin as those of `lm` do."""
    printed = (
        "fffff800`00800000  fffff800`00900000 00000000`00000001\n00400000  00905a4d 00000003 4\n"
    )
    found = read(tmp_path, printed)
    assert found.modules == ()
    assert len(found.warnings) == 2
