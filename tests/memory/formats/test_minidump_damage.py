"""Damaged minidumps: cut, mutated, and with absurd numbers in every field that counts something."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.effort import little_work
from builders.minidump import LINUX_MAPS, MODULES, Info, Minidump, Thread
from fuzzing import fuzz
from memtiles.errors import DumpError, LimitError
from memtiles.memory.formats import open_dump
from memtiles.memory.span import Span

ABSURD = [0, 1, (1 << 31) - 1, (1 << 32) - 1, 1 << 63, (1 << 64) - 1]
MAPS = b"00001000-00002000 r-xp 00000000 08:01 11 /bin/app\n"


def every_stream(directory_at: int = 32) -> Minidump:
    return (
        Minidump(directory_at=directory_at)
        .system(8, 0x8201, (0, 0, 0), "Linux 6.1")
        .threads([Thread(5, 0x3000, b"stack"), Thread(6, 0x4000, b"other")])
        .thread_names({5: "main", 6: "worker"})
        .modules([(0x1000, 0x1000, "C:\\app.exe"), (0x8000, 0x1000, "x.dll")])
        .memory_info([Info(0x1000, 0x1000), Info(0x3000, 0x1000)])
        .memory([(0x1000, b"abc"), (0x9000, b"d")])
        .memory64([(0x2000, b"efgh"), (0x6000, b"ij")])
    )


FULL = every_stream().data
LINUX = (
    Minidump()
    .stream(LINUX_MAPS, MAPS)
    .modules([(0x1000, 0x1000, "/bin/app")])
    .threads([Thread(5, 0x1010, b"stack")])
    .memory([(0x1000, b"abc")])
    .data
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage") / "app.dmp"


def survives(path: Path, contents: bytes) -> str:
    """Opens and reads; a DumpError or LimitError is an answer, any other exception a failure."""
    path.write_bytes(contents)
    tracemalloc.start()
    try:
        with little_work(), open_dump(path, format="minidump") as dump:
            for mapping in dump.mappings:
                start, size = mapping.span.start, min(mapping.span.size, 0x1000)
                space = dump.spaces[0]
                runs = space.runs(Span(start, size))
                assert space.read(Span(start, size)).runs == runs
            assert all(module.name for module in dump.modules)
            said = "; ".join([*dump.warnings, *dump.contents.warnings])
    except (DumpError, LimitError) as problem:
        said = str(problem)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert "\n" not in said
    assert peak < 50 << 20
    return said


def test_the_whole_ones_are_fine(path: Path) -> None:
    assert survives(path, FULL) == ""
    assert survives(path, LINUX) == ""


@pytest.mark.parametrize("contents", [FULL, LINUX], ids=["full", "linux"])
def test_cut_at_every_byte(path: Path, contents: bytes) -> None:
    for size in range(1, len(contents)):
        said = survives(path, contents[:size])
        if contents is FULL:
            assert said, f"cut at {size}: not a word about it"


@pytest.mark.parametrize("value", [value & 0xFFFFFFFF for value in ABSURD])
@pytest.mark.parametrize("stream", range(7))
def test_absurd_places_and_sizes_of_streams(path: Path, stream: int, value: int) -> None:
    for field in range(3):
        minidump = every_stream()
        entry = list(minidump.entries[stream])
        entry[field] = value
        minidump.entries[stream] = (entry[0], entry[1], entry[2])
        survives(path, minidump.data)


@pytest.mark.parametrize("value", ABSURD)
def test_absurd_counts(path: Path, value: int) -> None:
    short = value & 0xFFFFFFFF
    survives(path, every_stream(directory_at=short).data)
    ranges = [(0x1000, b"abc")]
    for minidump in (
        Minidump(count=short).memory(ranges),
        Minidump().memory(ranges, count=short),
        Minidump().modules([(0x1000, 0x1000, "a")], count=short),
        Minidump().threads([Thread(5, 0x1000)], count=short).memory(ranges),
        Minidump().threads([Thread(5, 0x1000)]).thread_names({5: "a"}, count=short).memory(ranges),
        Minidump().memory_info([Info(0x1000, 0x1000)], count=value),
        Minidump().memory64(ranges, count=value),
        Minidump().memory64(ranges, base=value),
        Minidump().memory64(ranges * 3, sizes=[value, value, 3]),
        Minidump().memory64([(value, b"abc"), (value, b"def")]),
        Minidump().memory_info([Info(value, 0x1000, value), Info(0x1000, value)]),
    ):
        survives(path, minidump.data)
    for field in ("<I4xQ", "<4xIQ"):
        minidump = Minidump().memory(ranges)
        survives(path, minidump.stream(16, struct.pack(field, short, 1) + bytes(96)).data)


@pytest.mark.parametrize("value", [value & 0xFFFFFFFF for value in ABSURD])
def test_absurd_sizes_and_places_of_names(path: Path, value: int) -> None:
    minidump = Minidump()
    name = minidump.put(struct.pack("<I", value) + b"a\0b\0")
    row = struct.pack("<QIIII", 0x1000, 0x1000, 0, 0, name) + bytes(84)
    survives(path, minidump.list(MODULES, [row]).data)
    row = struct.pack("<QIIII", 0x1000, 0x1000, 0, 0, value) + bytes(84)
    survives(path, Minidump().list(MODULES, [row]).data)


def test_ten_thousand_names_over_the_same_bytes_are_not_read_again_and_again(path: Path) -> None:
    """Each claims to span the file, from a place of its own: 10 GB, were they all read."""
    minidump = Minidump()
    first = minidump.put(struct.pack("<I", 0x00FF_FFFF) * 10_000)
    rows = [
        struct.pack("<QIIII", 0x1000 * number, 0x1000, 0, 0, first + 4 * (number % 10_000))
        + bytes(84)
        for number in range(1, 10_000)
    ]
    survives(path, minidump.list(MODULES, rows).data)


def test_overlapping_ranges_modules_and_regions_without_end(path: Path) -> None:
    minidump = (
        Minidump()
        .memory64([(0x1000 + number, b"") for number in range(5_000)], sizes=[1 << 40] * 5_000)
        .memory_info([Info(0x1000 + number, 1 << 41) for number in range(5_000)])
        .modules([(0x1000 + number, (1 << 31) - number, "a") for number in range(2_000)])
        .threads([Thread(number, 0x1000 + number) for number in range(5_000)])
    )
    survives(path, minidump.data)


def test_more_rows_than_the_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memtiles.memory.minidump.modules.MODULES_LIMIT", 1)
    assert "2 rows of module list; at most 1 are read" in survives(path, FULL)


def test_maps_longer_than_the_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memtiles.memory.minidump.linux_maps._TEXT_LIMIT", 10)
    assert f"{len(MAPS)} bytes of linux maps; at most 10 are read" in survives(path, LINUX)


@fuzz(400)
@given(
    st.sampled_from([FULL, LINUX]),
    st.lists(
        st.tuples(st.integers(0, 2000), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6
    ),
)
def test_mutations(path: Path, contents: bytes, patches: list[tuple[int, bytes]]) -> None:
    mutated = bytearray(contents)
    for at, patch in patches:
        at %= len(mutated)
        mutated[at : at + len(patch)] = patch
    survives(path, bytes(mutated[: len(contents)]))


@fuzz(100)
@given(st.binary(max_size=300))
def test_garbage_behind_the_magic(path: Path, tail: bytes) -> None:
    survives(path, b"MDMP" + tail)
    survives(path, FULL[:64] + tail)
