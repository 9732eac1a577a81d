"""What volatility3 and kdmp-parser read out of the dumps that the builder writes, and memtiles too.

volatility3 reads types 1 and 5 of both widths; kdmp-parser types 1, 5, 6 and 8 to 0xa of 64 bits.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from builders.windows_crash import bitmap_dump, full_dump, ranges_dump
from builders.windows_kernel import LARGE, PAGE, TRANSITION, VALID, WRITABLE, WindowsMemory
from memtiles.memory.dump import Dump
from memtiles.memory.formats import open_dump
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span

TYPES = {
    1: full_dump,
    5: bitmap_dump,
    6: partial(bitmap_dump, type=6),
    8: ranges_dump,
    9: partial(ranges_dump, type=9),
    0xA: partial(ranges_dump, type=0xA),
}
MODES = {"x64": "WindowsIntel32e", "pae": "WindowsIntelPAE", "x86": "WindowsIntel"}
NO_PAGE, IN_TRANSITION = 5, 7


def machine(mode: str) -> tuple[WindowsMemory, list[int]]:
    """Memory, and addresses: of small pages, one in transition, one not mapped, of a large page."""
    memory = WindowsMemory(mode)
    small = 0xFFFFF80000800000 if mode == "x64" else 0x80800000
    large = 0xFFFFF80001000000 if mode == "x64" else 0x81000000
    addresses = []
    for number in range(40):
        addresses.append(small + number * PAGE)
        if number != NO_PAGE:
            flags = TRANSITION if number == IN_TRANSITION else VALID | WRITABLE
            memory.map(small + number * PAGE, flags=flags)
    shift = 22 if mode == "x86" else 21
    memory.set_entry(large, 0x400 * PAGE | VALID | WRITABLE | LARGE, shift)
    for number in range(1 << shift - 12):
        memory.pages[0x400 + number] = bytearray(memory.any_bytes(16) * (PAGE // 16))
    return memory, [*addresses, large, large + 17 * PAGE, large + (1 << shift) - PAGE]


def page_of(dump: Dump, address: int, kind: SpaceKind) -> bytes | None:
    space = dump.space(kind)
    assert space is not None
    read = space.read(Span(address, PAGE))
    return read.data.tobytes() if read.runs.is_whole(PAGE) else None


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("type", [1, 5])
def test_volatility3_reads_the_same(tmp_path: Path, mode: str, type: int) -> None:
    pytest.importorskip("volatility3", reason="volatility3, the oracle, is not installed")
    from volatility3.framework import contexts
    from volatility3.framework.layers import crash, intel, physical

    memory, addresses = machine(mode)
    path = tmp_path / "MEMORY.DMP"
    # It reads 4,096 bytes from the 32 of PAE's top table on, so the page behind has to be there.
    pages = memory.filled() if type == 1 or mode == "pae" else memory.stored()
    path.write_bytes(TYPES[type](pages, cr3=memory.root, bits=memory.bits, pae=mode == "pae"))

    context = contexts.Context()
    context.config["file.location"] = path.as_uri()
    context.add_layer(physical.FileLayer(context, "file", "file"))
    context.config["crash.base_layer"] = "file"
    layer = getattr(crash, f"WindowsCrashDump{memory.bits}Layer")(context, "crash", "crash")
    context.add_layer(layer)
    context.config["virtual.memory_layer"] = "crash"
    context.config["virtual.page_map_offset"] = memory.root
    virtual = getattr(intel, MODES[mode])(context, "virtual", "virtual")
    context.add_layer(virtual)

    with open_dump(path) as dump:
        for number in (*sorted(memory.pages), 0x100000):
            at = number * PAGE
            theirs = layer.read(at, PAGE) if layer.is_valid(at, PAGE) else None
            assert page_of(dump, at, SpaceKind.PHYSICAL) == theirs
        absent = []
        for address in addresses:
            theirs = virtual.read(address, PAGE) if virtual.is_valid(address, PAGE) else None
            assert page_of(dump, address, SpaceKind.VIRTUAL) == theirs, hex(address)
            absent += [address] if theirs is None else []
        assert absent == [addresses[NO_PAGE]]


@pytest.mark.parametrize("type", TYPES)
def test_kdmp_parser_reads_the_same(tmp_path: Path, type: int) -> None:
    kdmp_parser = pytest.importorskip(
        "kdmp_parser", reason="kdmp-parser, the oracle, is not installed"
    )
    memory, addresses = machine("x64")
    path = tmp_path / "MEMORY.DMP"
    pages = memory.filled() if type == 1 else memory.stored()
    path.write_bytes(TYPES[type](pages, cr3=memory.root))
    parser = kdmp_parser.KernelDumpParser(path)
    with open_dump(path) as dump:
        for number in (*sorted(memory.pages), 0x100000):
            theirs = parser.read_physical_page(number * PAGE)
            mine = page_of(dump, number * PAGE, SpaceKind.PHYSICAL)
            assert mine == (None if theirs is None else bytes(theirs))
        # It takes a page in transition for one that is not there.
        for address in (*addresses[:IN_TRANSITION], *addresses[IN_TRANSITION + 1 :]):
            theirs = parser.read_virtual_page(address)
            mine = page_of(dump, address, SpaceKind.VIRTUAL)
            assert mine == (None if theirs is None else bytes(theirs)), hex(address)
