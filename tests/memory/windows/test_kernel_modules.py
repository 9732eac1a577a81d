"""The kernel's list of modules: whole, cut, circular, and with entries that cannot be."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from builders.windows_crash import bitmap_dump
from builders.windows_kernel import PAGE, Driver, WindowsMemory, add_module_list
from memtiles.memory.dump import Module
from memtiles.memory.formats import open_dump

HEAD = 0xFFFFF80003000320
POOL = 0xFFFFFA8000000000
FLINK, BLINK, BASE, SIZE, FULL, SHORT = 0, 8, 0x30, 0x40, 0x48, 0x58


def drivers(count: int) -> list[Driver]:
    return [
        (f"d{n}.sys", rf"\SystemRoot\drivers\d{n}.sys", 0xFFFFF80010000000 + n * 0x100000, 0x9000)
        for n in range(count)
    ]


def listed(tmp_path: Path, memory: WindowsMemory) -> tuple[tuple[Module, ...], list[str]]:
    """The modules of a dump of that memory, and what it says of their list."""
    path = tmp_path / "MEMORY.DMP"
    path.write_bytes(bitmap_dump(memory.stored(), cr3=memory.root, module_list=HEAD))
    with open_dump(path) as dump:
        assert dump.warnings == ()
        return dump.modules, [warning for warning in dump.contents.warnings if "modules" in warning]


@pytest.fixture
def memory() -> WindowsMemory:
    return WindowsMemory()


def put(memory: WindowsMemory, address: int, value: int, form: str = "<Q") -> None:
    memory.write(address, struct.pack(form, value))


def test_modules_come_in_address_order_with_name_and_path(
    tmp_path: Path, memory: WindowsMemory
) -> None:
    add_module_list(memory, HEAD, POOL, drivers(30)[::-1])
    modules, warnings = listed(tmp_path, memory)
    assert [(one.name, one.path, one.span.start, one.span.size) for one in modules] == drivers(30)
    assert warnings == []


def test_an_empty_list(tmp_path: Path, memory: WindowsMemory) -> None:
    add_module_list(memory, HEAD, POOL, [])
    assert listed(tmp_path, memory) == ((), [])


def test_a_list_that_is_not_in_the_dump(tmp_path: Path, memory: WindowsMemory) -> None:
    memory.map(POOL)
    modules, warnings = listed(tmp_path, memory)
    assert modules == ()
    assert warnings == [
        f"the list of kernel modules (PsLoadedModuleList at {HEAD:#x}) is not in the dump"
    ]


@pytest.mark.parametrize("target", [0, 0xDEAD0000, 0xFFFFF90000000000, 2**64 - 8, 1 << 63])
def test_a_broken_list_is_walked_from_both_ends(
    tmp_path: Path, memory: WindowsMemory, target: int
) -> None:
    """One entry was overwritten or is paged out: all others are still there."""
    entries = add_module_list(memory, HEAD, POOL, drivers(9))
    put(memory, entries[3] + FLINK, target)
    put(memory, entries[5] + BLINK, target)
    modules, warnings = listed(tmp_path, memory)
    assert [module.name for module in modules] == [f"d{n}.sys" for n in (0, 1, 2, 3, 5, 6, 7, 8)]
    assert len(warnings) == 1
    assert f"its entry at {target:#x}, after 4, is not in the dump" in warnings[0]


@pytest.mark.parametrize("to", [0, 2, 4])
def test_a_circular_list_ends(tmp_path: Path, memory: WindowsMemory, to: int) -> None:
    entries = add_module_list(memory, HEAD, POOL, drivers(9))
    put(memory, entries[4] + FLINK, entries[to])
    modules, warnings = listed(tmp_path, memory)
    assert len(modules) == 9, "the rest comes from the end of the list"
    assert "goes round in a circle" in warnings[0]


def test_a_list_is_followed_for_4096_entries(tmp_path: Path) -> None:
    memory = WindowsMemory(numbers=3000)
    add_module_list(memory, HEAD, POOL, drivers(4100), step=0x180)
    modules, warnings = listed(tmp_path, memory)
    assert len(modules) == 4096
    assert warnings[0].endswith("has more than 4096 entries: the rest is left out")


@pytest.mark.parametrize(
    ("field", "form", "value"),
    [
        (SIZE, "<I", 0),
        (SIZE, "<I", 2**32 - 1),
        (SIZE, "<I", (1 << 30) + 1),
        (BASE, "<Q", 0),
        (BASE, "<Q", 0x0000800000000000),
        (BASE, "<Q", 0x7FF612340000),
        (BASE, "<Q", 0x1234567812345000),
        (BASE, "<Q", 2**64 - 0x1000),
    ],
)
def test_a_module_that_cannot_be_is_left_out(
    tmp_path: Path, memory: WindowsMemory, field: int, form: str, value: int
) -> None:
    entries = add_module_list(memory, HEAD, POOL, drivers(3))
    put(memory, entries[1] + field, value, form)
    modules, warnings = listed(tmp_path, memory)
    assert [module.name for module in modules] == ["d0.sys", "d2.sys"]
    assert warnings == [
        "1 kernel modules have no possible address or size (the first in the entry at "
        f"{entries[1]:#x}): left out"
    ]


def test_a_name_that_is_paged_out_comes_from_the_path(
    tmp_path: Path, memory: WindowsMemory
) -> None:
    entries = add_module_list(memory, HEAD, POOL, drivers(2))
    put(memory, entries[0] + SHORT + 8, 0xFFFFF90000000000)
    modules, warnings = listed(tmp_path, memory)
    assert [module.name for module in modules] == ["d0.sys", "d1.sys"]
    assert warnings == []


def test_a_module_without_any_name_is_called_by_its_address(
    tmp_path: Path, memory: WindowsMemory
) -> None:
    entries = add_module_list(memory, HEAD, POOL, drivers(2))
    put(memory, entries[0] + SHORT + 8, 0xFFFFF90000000000)
    put(memory, entries[0] + FULL, 0, "<H")
    modules, _ = listed(tmp_path, memory)
    assert modules[0].name == modules[0].path == "module 0xfffff80010000000"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hal.dll".encode("utf-16-le") + b"\0\0junk", "hal.dll"),
        ("драйвер.sys".encode("utf-16-le"), "драйвер.sys"),
        (b"a\0\x00\xd8b\0", "a\\x00\\xd8b"),
        (b"a\0b", "a"),
    ],
)
def test_names_are_utf_16(tmp_path: Path, memory: WindowsMemory, text: bytes, name: str) -> None:
    entries = add_module_list(memory, HEAD, POOL, drivers(1))
    memory.write(entries[0] + 0x300, text)
    put(memory, entries[0] + SHORT, len(text), "<H")
    modules, _ = listed(tmp_path, memory)
    assert modules[0].name == name


def test_an_entry_may_lie_on_two_pages(tmp_path: Path, memory: WindowsMemory) -> None:
    add_module_list(memory, HEAD, POOL + PAGE - 0x48, drivers(3), step=PAGE)
    modules, warnings = listed(tmp_path, memory)
    assert [module.name for module in modules] == ["d0.sys", "d1.sys", "d2.sys"]
    assert warnings == []
