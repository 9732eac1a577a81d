r"""Volatility 3's tables, in every form that its renderers write, and damaged ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builders.maps import (
    DLLLIST,
    LINUX_MAPS,
    MODULES,
    RENDERERS,
    VADINFO,
    volatility_csv,
    volatility_json,
)
from memtiles.errors import DumpError
from memtiles.maps.importers import ImportedMap, read_map
from memtiles.memory.dump import Kind, Mapping, Module
from memtiles.memory.span import Span

FORMS = pytest.mark.parametrize("form", RENDERERS)


def read(folder: Path, text: str, pid: int | None = None) -> ImportedMap:
    path = folder / "table.txt"
    path.write_text(text)
    return read_map(path, format="volatility", pid=pid)


@FORMS
def test_modules(tmp_path: Path, form: str) -> None:
    found = read(tmp_path, RENDERERS[form](MODULES))
    assert found.modules == (
        Module("hal.dll", "hal.dll", Span(0xFFFFF80000800000, 0x5E000)),
        Module("nt.exe", r"\SystemRoot\nt.exe", Span(0xFFFFF80000A00000, 0x100000)),
    )
    assert (found.process, found.warnings) == (None, ())


@FORMS
def test_dlllist(tmp_path: Path, form: str) -> None:
    found = read(tmp_path, RENDERERS[form](DLLLIST), 1234)
    ntdll = Module("ntdll.dll", r"C:\W\ntdll.dll", Span(0x7FFE00000000, 0x1F8000))
    assert (found.modules, found.process) == ((ntdll,), 1234)
    (warning,) = found.warnings
    place = "table.txt: row 3: " if "json" in form else "table.txt:"
    assert warning.startswith(place)
    assert "not understood" in warning


@FORMS
def test_vadinfo(tmp_path: Path, form: str) -> None:
    """The columns called VPN are addresses, the end the last one."""
    locale, netapi32 = r"\Windows\System32\locale.nls", r"\Windows\System32\netapi32.dll"
    found = read(tmp_path, RENDERERS[form](VADINFO))
    assert found.mappings == (
        Mapping(Span(0x7FFE0000, 0x1000), Kind.ANONYMOUS, "", "r--"),
        Mapping(Span(0x18ED000000, 0x100000), Kind.ANONYMOUS, "", "rw-"),
        Mapping(Span(0x23411200000, 0x100000), Kind.FILE, locale, "r--"),
        Mapping(Span(0x7FFE5F5E0000, 0x19000), Kind.MODULE, netapi32, "rwx"),
    )
    assert found.modules == (Module("netapi32.dll", netapi32, Span(0x7FFE5F5E0000, 0x19000)),)
    assert (found.process, found.warnings) == (1234, ())


@FORMS
def test_maps_of_linux(tmp_path: Path, form: str) -> None:
    found = read(tmp_path, RENDERERS[form](LINUX_MAPS), 1)
    assert found.mappings == (
        Mapping(Span(0x400000, 0x1000), Kind.MODULE, "/sbin/init", "r-x", 0),
        Mapping(Span(0x401000, 0x1000), Kind.MODULE, "/sbin/init", "rw-", 0x1000),
        Mapping(Span(0x402000, 0x1000), Kind.ANONYMOUS, "", "rw-", 0),
        Mapping(Span(0x600000, 0x21000), Kind.HEAP, "[heap]", "rw-", 0),
    )
    assert found.modules == (Module("init", "/sbin/init", Span(0x400000, 0x2000)),)


def test_drivers(tmp_path: Path) -> None:
    table = (
        ("Offset", "Start", "Size", "Service Key", "Driver Name", "Name"),
        [
            (1, 0xFFFFF80000800000, 0x5E000, "hal", r"\Driver\hal", r"\Driver\hal"),
            (2, 0, 0, *"abc"),
        ],
    )
    found = read(tmp_path, volatility_json(table))
    assert found.modules == (Module("hal", r"\Driver\hal", Span(0xFFFFF80000800000, 0x5E000)),)
    assert found.warnings == ("table.txt: row 2: 'b' is empty: left out",)


def test_the_walk_of_vads_ends_inclusive(tmp_path: Path) -> None:
    columns = ("PID", "Process", "Offset", "Parent", "Left", "Right", "Start", "End", "Tag")
    table = (columns, [(4, "System", 1, 0, 0, 0, 0x7FFE0000, 0x7FFE0FFF, "Vad")])
    assert read(tmp_path, volatility_json(table)).mappings[0].span == Span(0x7FFE0000, 0x1000)


def test_files_of_linux_and_mappings_of_macos(tmp_path: Path) -> None:
    elfs = (
        ("PID", "Process", "Start", "End", "File Path", "File Output"),
        [(1, "init", 0x400000, 0x402000, "/sbin/init", "Disabled")],
    )
    assert read(tmp_path, volatility_json(elfs)).modules[0].span == Span(0x400000, 0x2000)
    mac = (
        ("PID", "Process", "Start", "End", "Protection", "Map Name", "File output"),
        [(1, "launchd", 0x400000, 0x402000, "r-x", "/sbin/launchd", "Disabled")],
    )
    assert read(tmp_path, volatility_json(mac)).modules[0].name == "launchd"


def test_children_are_rows_too(tmp_path: Path) -> None:
    node = {"Base": 0x1000, "Size": 0x1000, "Name": "a", "Path": None, "__children": []}
    parent = {**node, "Base": 0x2000, "Name": "b", "__children": [node]}
    found = read(tmp_path, json.dumps([parent]))
    assert [module.name for module in found.modules] == ["a", "b"]


@pytest.mark.parametrize("path", [r"\Windows\a.dll", r"C:\a.dll", r"\\server\a.dll", "a,b\nc"])
def test_backslashes_of_csv(tmp_path: Path, path: str) -> None:
    """Python doubles them when it writes with an escape character, from some version on."""
    rows = [(1, 0x1000, 0x1000, "a", path, "Disabled")]
    text = volatility_csv((MODULES[0], rows))
    assert read(tmp_path, text).modules[0].path == path
    old = text.replace("\\\\", "\\")
    assert read(tmp_path, old).modules[0].path in (path, path.replace("\\\\", "\\"))


def test_prompts_and_other_tables_around(tmp_path: Path) -> None:
    other = "PID\tPPID\tImageFileName\n\n4\t0\tSystem\n$ vol windows.modules\n"
    text = other + RENDERERS["quick"](MODULES) + "$ \n"
    assert len(read(tmp_path, text).modules) == 2


def base(value: object) -> str:
    row = {"Base": 0x1000, "Size": 0x1000, "Name": "good", "Path": None, "__children": []}
    return json.dumps([row, {**row, "Name": "bad", "Base": value}])


@pytest.mark.parametrize(
    "value",
    [
        -1,
        1 << 64,
        1 << 80,
        1.5,
        True,
        None,
        "x",
        "",
        [],
        {},
        float("nan"),
        float("inf"),
        "0x",
        "9" * 99,
    ],
)
def test_a_base_that_is_no_address(tmp_path: Path, value: object) -> None:
    found = read(tmp_path, base(value))
    assert [module.name for module in found.modules] == ["good"]
    assert len(found.warnings) == 1
    assert found.warnings[0].startswith("table.txt: row 2: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"__children": [], "Base": ' + "9" * 5000 + "}]", "JSON that no table"),
        ('[{"__children": ' + "[" * 100_000 + "]" * 100_000 + "}]", "JSON that no table"),
        ('[{"__children": [],\n "Base": ', r"table\.txt:2: not JSON: "),
        (volatility_json(MODULES)[:-20], r"table\.txt:[0-9]+: not JSON: "),
        ('[{"__children": []}]', "holds no row"),
    ],
)
def test_json_that_is_none(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DumpError, match=message):
        read(tmp_path, text)


def test_half_a_character_in_a_name(tmp_path: Path) -> None:
    found = read(tmp_path, base(0x2000).replace('"bad"', '"\\ud800"'))
    assert found.modules[1].name == "\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("form", ["quick", "pretty"])
def test_a_row_of_text_that_was_cut(tmp_path: Path, form: str) -> None:
    text = RENDERERS[form](MODULES)
    found = read(tmp_path, text[: text.rindex("0x5e000")])
    assert [module.name for module in found.modules] == ["nt.exe"]
    (warning,) = found.warnings
    assert "not understood: 'offset: 0xe0005678, base: 0xfffff80000800000, size: " in warning


def test_a_row_of_csv_that_was_cut(tmp_path: Path) -> None:
    found = read(tmp_path, volatility_csv(MODULES) + "0,0x1,0x2\n")
    assert found.warnings == ("table.txt:5: not understood: '0,0x1,0x2'",)
