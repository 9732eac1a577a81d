"""Real crash dumps beside the checkout: a triage dump, and headers of two full dumps."""

from __future__ import annotations

import lzma
import struct

import pytest

from builders.samples import manifest, sample
from memtiles.memory.formats import open_dump
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span

TRIAGE = "rz_triage_x64.dmp.xz"
HEADERS = {
    # runs of (first page, pages), as a hex dump of the header shows them
    "imhex_dmp64.hexpat.bin": [
        (0x2, 0x9E),
        (0x100, 0x251),
        (0x3D8, 0xD7DF),
        (0xDBB8, 0x1FB7),
        (0xFBFF, 0x70401),
    ],
    "memflow_coredump_win10_64bit_stripped.raw": [
        (0x1, 0x9F),
        (0x100, 0x7F7EF),
        (0x7FBFF, 0x3E1),
        (0x100000, 0x380000),
    ],
}


def words(data: bytes, form: str, at: int) -> tuple[int, ...]:
    return struct.unpack_from(form, data, at)


def test_all_blocks_of_the_triage_dump_are_in_place() -> None:
    path = sample(TRIAGE)
    data = lzma.decompress(path.read_bytes())
    at, count = words(data, "<II", 0x2078)
    blocks = [words(data, "<QII", at + 16 * number) for number in range(count)]
    assert count == 1831
    with open_dump(path) as dump:
        assert dump.warnings == dump.contents.warnings == ()
        assert (dump.machine, dump.system) == ("x86-64", "Windows 10.0.19041")
        assert [space.kind for space in dump.spaces] == [SpaceKind.VIRTUAL]
        space = dump.spaces[0]
        for address, offset, size in blocks:
            read = space.read(Span(address, size))
            assert read.runs.is_whole(size)
            assert read.data.tobytes() == data[offset : offset + size]
        # The current stack has pieces that no block has: all of it is there.
        (lowest,) = words(data, "<Q", 0x2048)
        offset, size = words(data, "<II", 0x2028)
        assert space.read(Span(lowest, size)).data.tobytes() == data[offset : offset + size]
        outside = size - sum(
            max(0, min(lowest + size, start + length) - max(lowest, start))
            for start, _, length in blocks
        )
        held = space.runs(Span(0, 1 << 64)).total
        assert held == sum(length for *_, length in blocks) + outside


def test_the_triage_dump_lists_151_drivers() -> None:
    path = sample(TRIAGE)
    data = lzma.decompress(path.read_bytes())
    at, count = words(data, "<II", 0x2030)
    expected = []
    for row in range(at, at + 0x90 * count, 0x90):
        (name,) = words(data, "<I", row)
        text = data[name + 4 : name + 4 + 2 * words(data, "<I", name)[0]].decode("utf-16-le")
        expected.append((*words(data, "<Q", row + 0x38), *words(data, "<I", row + 0x48), text))
    with open_dump(path) as dump:
        found = [(one.span.start, one.span.size, one.path) for one in dump.modules]
        assert len(found) == 151
        assert found == sorted(expected)
        hal = next(module for module in dump.modules if module.name == "hal.dll")
        assert (hal.span.start, hal.span.size) == (0xFFFFF80479440000, 0x6000)
        starts = 0
        for module in dump.modules:
            read = dump.spaces[0].read(Span(module.span.start, 2))
            if read.runs.is_whole(2):
                assert read.data.tobytes() == b"MZ"
                starts += 1
        assert starts == 9


@pytest.mark.parametrize("name", HEADERS)
def test_a_real_header_without_its_memory_opens(name: str) -> None:
    path = sample(name)
    data = path.read_bytes()
    told = manifest()[name]["format"]
    with open_dump(path) as dump:
        assert dump.machine == "x86-64"
        build = {"imhex_dmp64.hexpat.bin": "10.0.19045"}.get(name, "6.2.9200")
        assert dump.system == f"Windows {build}"
        assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]
        total = sum(count for _, count in HEADERS[name])
        held = (len(data) - 0x2000) // 4096
        cut, tables = dump.warnings
        assert cut == (
            f"the dump is cut short at {len(data)} bytes: {held} of {total} pages are whole in it"
        )
        root = int(told.split("DTB ")[1].split()[0], 16) & ~0xFFF
        assert f"{root:#x}, but are not in the dump" in tables
        physical = dump.spaces[0]
        first = HEADERS[name][0][0] * 4096
        assert physical.runs(Span(0, 1 << 52)).total == held * 4096
        if held:
            read = physical.read(Span(first, held * 4096))
            assert read.data.tobytes() == data[0x2000:]
