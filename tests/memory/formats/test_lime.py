"""LiME images, made by a builder and a real one."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.damage import ABSURD, survives
from builders.lime import lime, lime_range
from builders.samples import sample
from fuzzing import fuzz
from memtiles.errors import DumpError, LimitError
from memtiles.memory.dump import Dump
from memtiles.memory.formats import open_dump
from memtiles.memory.options import Options
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span

SMALL = lime({0x1000: b"first" * 20, 0x5000: b"second" * 10, 0x9000: b"end"})


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lime") / "ram.lime"


def opened(path: Path, contents: bytes) -> Dump:
    path.write_bytes(contents)
    return open_dump(path)


def bytes_at(dump: Dump, address: int, size: int) -> bytes:
    return dump.spaces[0].read(Span(address, size)).data.tobytes()


def runs_of(dump: Dump) -> list[tuple[int, int]]:
    return list(dump.spaces[0].runs(Span(0, 1 << 64)))


def test_ranges_are_physical_memory_and_their_last_address_belongs_to_them(path: Path) -> None:
    with opened(path, SMALL) as dump:
        assert (dump.format, dump.warnings) == ("lime", ())
        assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]
        assert runs_of(dump) == [(0x1000, 100), (0x5000, 60), (0x9000, 3)]
        assert bytes_at(dump, 0x1000, 10) == b"firstfirst"
        assert bytes_at(dump, 0x8FFE, 5) == b"\0\0end"


@pytest.mark.parametrize("size", [1, 31, 32, 512, 10_000])
def test_zeros_behind_the_last_range_are_nothing_to_speak_of(path: Path, size: int) -> None:
    with opened(path, SMALL + bytes(size)) as dump:
        assert dump.warnings == ()
        assert len(runs_of(dump)) == 3


def test_anything_else_behind_the_last_range_is_told(path: Path) -> None:
    with opened(path, SMALL + b"garbage" * 9) as dump:
        assert len(runs_of(dump)) == 3
        assert "there is no LiME header" in dump.warnings[0]
        assert "the last 63 bytes are not read" in dump.warnings[0]


def test_a_last_range_that_is_cut_keeps_what_is_there(path: Path) -> None:
    with opened(path, SMALL[:-1]) as dump:
        assert runs_of(dump)[-1] == (0x9000, 2)
        assert "1 of the 3 bytes of its last range are missing" in dump.warnings[0]


def test_of_overlapping_ranges_the_first_has_the_say(path: Path) -> None:
    with opened(path, lime({0x1000: b"A" * 16}) + lime({0x1008: b"B" * 16})) as dump:
        assert runs_of(dump) == [(0x1000, 24)]
        assert bytes_at(dump, 0x1000, 24) == b"A" * 16 + b"B" * 8


def test_a_range_of_a_quintillion_bytes_is_as_long_as_the_file(path: Path) -> None:
    with opened(path, lime_range(0x1000, b"abc", last=1 << 60)) as dump:
        assert runs_of(dump) == [(0x1000, 3)]
        assert "cut short" in dump.warnings[0]


def test_a_range_that_covers_every_address(path: Path) -> None:
    with opened(path, lime_range(0, b"abc", last=(1 << 64) - 1)) as dump:
        assert runs_of(dump) == [(0, 3)]


def test_a_range_at_the_last_addresses(path: Path) -> None:
    with opened(path, lime({(1 << 64) - 3: b"end"})) as dump:
        assert runs_of(dump) == [((1 << 64) - 3, 3)]
        assert bytes_at(dump, (1 << 64) - 3, 3) == b"end"


def test_a_range_that_ends_before_it_starts_ends_the_dump(path: Path) -> None:
    with opened(path, lime({0x1000: b"abc"}) + lime_range(0x2000, b"def", last=0x1000)) as dump:
        assert runs_of(dump) == [(0x1000, 3)]
        assert "there is no LiME header" in dump.warnings[0]


def test_another_version_is_refused(path: Path) -> None:
    with pytest.raises(DumpError, match="not of version 1"):
        opened(path, lime_range(0x1000, b"abc", version=2))


def test_more_ranges_than_the_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memtiles.memory.formats.lime.RANGES_LIMIT", 2)
    with pytest.raises(LimitError, match="more than 2 ranges"):
        opened(path, SMALL)


def test_virtual_addresses_need_a_linux_to_be_found(path: Path) -> None:
    path.write_bytes(SMALL)
    with pytest.raises(DumpError, match="no page tables of Linux"):
        open_dump(path, options=Options(space=SpaceKind.VIRTUAL))
    with pytest.raises(DumpError, match="no page tables of Linux"):
        open_dump(path, options=Options(cr3="auto"))
    with open_dump(path, options=Options(space=SpaceKind.PHYSICAL)) as dump:
        assert len(dump.spaces) == 1


def test_the_real_slice() -> None:
    """memflow's test file: one range from 0x1000 on, as its manifest says."""
    with open_dump(sample("memflow_deb-x86_64-slice.lime.xz")) as dump:
        assert dump.format == "lime"
        assert dump.warnings == ()
        assert runs_of(dump) == [(0x1000, dump.size - 32)]
        contents = bytes_at(dump, 0x1000, dump.size - 32)
        assert bytes_at(dump, 0x12345, 99) == contents[0x11345 : 0x11345 + 99]


def test_the_linux_guest_as_lime_shows_its_kernel(path: Path) -> None:
    """Made from QEMU's dump of the guest; `info mem` says what its page tables map."""
    with open_dump(sample("gen_qemu_linux61_80M.elf.xz")) as machine:
        physical = machine.space(SpaceKind.PHYSICAL)
        assert physical is not None
        ranges = {
            start: physical.read(Span(start, size)).data.tobytes()
            for start, size in physical.runs(Span(0, 1 << 64))
        }
    path.write_bytes(lime(ranges))
    for options in (Options(space=SpaceKind.VIRTUAL), Options(cr3="auto"), Options(cr3=0x4AFC000)):
        with open_dump(path, options=options) as dump:
            assert [space.kind for space in dump.spaces] == [SpaceKind.VIRTUAL, SpaceKind.PHYSICAL]
    # Where the kernel says that its `uname` is (its documentation, vmcoreinfo.rst).
    names = re.search(rb"\nSYMBOL\(init_uts_ns\)=([0-9a-f]{16})\n", ranges[0])
    assert names is not None
    with open_dump(path, options=Options(cr3="auto")) as dump:
        assert b"6.1.0-56-cloud-amd64\0" in bytes_at(dump, int(names[1], 16), 512)
    with open_dump(path) as dump:
        assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]


def test_cut_at_every_byte(path: Path) -> None:
    assert survives(path, SMALL, "lime") == ""
    whole = {32 + 100, 64 + 160}  # between two ranges: nothing tells that there was another
    for size in range(1, len(SMALL)):
        said = survives(path, SMALL[:size], "lime")
        assert bool(said) == (size not in whole), f"cut at {size}"


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("at", [4, 8, 16, 24])
@pytest.mark.parametrize("range_at", [0, 132])
def test_absurd_numbers(path: Path, range_at: int, at: int, value: int) -> None:
    broken = bytearray(SMALL)
    if at == 4:
        struct.pack_into("<I", broken, range_at + at, value & 0xFFFFFFFF)
    else:
        struct.pack_into("<Q", broken, range_at + at, value)
    survives(path, bytes(broken), "lime")


def test_a_hundred_thousand_ranges_of_one_byte(path: Path) -> None:
    assert survives(path, b"".join(lime_range(2 * n, b"x") for n in range(100_000)), "lime") == ""


@fuzz(200)
@given(
    st.lists(
        st.tuples(st.integers(0, 400), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6
    ),
    st.integers(1, 400),
)
def test_mutations(path: Path, patches: list[tuple[int, bytes]], size: int) -> None:
    mutated = bytearray(SMALL)
    for at, patch in patches:
        mutated[at % len(SMALL) : at % len(SMALL) + len(patch)] = patch
    survives(path, bytes(mutated[:size]), "lime")


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 300), st.binary(min_size=1, max_size=60)), min_size=1, max_size=8
    )
)
def test_every_byte_is_that_of_the_first_range_that_has_it(
    path: Path, ranges: list[tuple[int, bytes]]
) -> None:
    expected: dict[int, int] = {}
    for start, data in ranges:
        for address, byte in enumerate(data, start):
            expected.setdefault(address, byte)
    with opened(path, b"".join(lime_range(*each) for each in ranges)) as dump:
        memory = dump.spaces[0].read(Span(0, 400))
        assert {int(at): int(memory.data[at]) for at in memory.present.nonzero()[0]} == expected
        one_by_one = b"".join(bytes_at(dump, at, 1) for at in range(400))
        assert memory.data.tobytes() == one_by_one


def test_what_was_cut_off_is_a_hole(tmp_path: Path) -> None:
    path = tmp_path / "memory.lime"
    head = struct.pack("<IIQQQ", 0x4C694D45, 1, 0x1000, 0x8FFF, 0)
    path.write_bytes(head + b"x" * 0x3000)
    with open_dump(path) as dump:
        (block,) = dump.mappings
        assert block.span == Span(0x1000, 0x8000)
        assert list(dump.spaces[0].runs(block.span)) == [(0, 0x3000)]
