"""Mach-O cores, made by a builder: no real one was at hand."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.damage import ABSURD, survives
from builders.macho import Segment, macho_core
from fuzzing import fuzz
from memtiles.errors import DumpError, LimitError
from memtiles.memory.dump import Dump
from memtiles.memory.formats import open_dump
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span

SEGMENTS = [
    Segment(0x1000, b"text" * 9),
    Segment(0x2000, b"data", vmsize=0x1000, initprot=3),
    Segment(0x5000, b"", vmsize=0x4000, initprot=0),
]
SMALL = macho_core(SEGMENTS)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("macho") / "core.1"


def opened(path: Path, contents: bytes) -> Dump:
    path.write_bytes(contents)
    return open_dump(path)


@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("order", ["<", ">"])
def test_segments_are_virtual_memory(path: Path, bits: int, order: str) -> None:
    with opened(path, macho_core(SEGMENTS, bits=bits, order=order)) as dump:
        assert (dump.format, dump.machine, dump.address_bits) == ("macho-core", "x86-64", bits)
        assert (dump.warnings, dump.spaces[0].kind) == ((), SpaceKind.VIRTUAL)
        assert [(each.span.start, each.span.size, each.protection) for each in dump.mappings] == [
            (0x1000, 36, "r-x"),
            (0x2000, 0x1000, "rw-"),
            (0x5000, 0x4000, "---"),
        ]
        assert list(dump.spaces[0].runs(Span(0, 0x10000))) == [(0x1000, 36), (0x2000, 4)]
        assert dump.spaces[0].read(Span(0x1FFF, 6)).data.tobytes() == b"\0data\0"


def test_a_program_is_told_apart(path: Path) -> None:
    with pytest.raises(DumpError, match="of type 2 and not a core"):
        opened(path, macho_core(SEGMENTS, filetype=2))


def test_a_core_that_was_cut_keeps_what_is_there(path: Path) -> None:
    with opened(path, SMALL[:-2]) as dump:
        assert "2 bytes of its segments are missing" in dump.warnings[0]
        assert list(dump.spaces[0].runs(Span(0x2000, 0x1000))) == [(0, 2)]


def test_segments_at_the_end_of_the_addresses(path: Path) -> None:
    last = Segment((1 << 64) - 3, b"end", vmsize=1 << 60)
    with opened(path, macho_core([last])) as dump:
        assert [each.span for each in dump.mappings] == [Span((1 << 64) - 3, 3)]


def test_more_commands_than_the_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memtiles.memory.formats.macho_core._COMMANDS_LIMIT", 3)
    with pytest.raises(LimitError, match="more than 3 load commands"):
        opened(path, SMALL)


def test_cut_at_every_byte(path: Path) -> None:
    assert survives(path, SMALL, "macho-core") == ""
    for size in range(1, len(SMALL)):
        assert survives(path, SMALL[:size], "macho-core"), f"cut at {size}: not a word about it"


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("field", ["vmaddr", "vmsize", "filesize", "fileoff"])
@pytest.mark.parametrize("bits", [32, 64])
def test_absurd_numbers(path: Path, field: str, value: int, bits: int) -> None:
    broken = Segment(0x9000, b"xyz")
    setattr(broken, field, value & ((1 << bits) - 1))
    survives(path, macho_core([broken, *SEGMENTS], bits=bits), "macho-core")


@pytest.mark.parametrize("value", ABSURD[:4])
def test_absurd_counts(path: Path, value: int) -> None:
    survives(path, macho_core(SEGMENTS, ncmds=value), "macho-core")
    survives(path, macho_core(SEGMENTS, sizeofcmds=value), "macho-core")
    command = struct.pack("<II", 0x19, value)
    survives(path, macho_core(SEGMENTS, ncmds=9, others=command), "macho-core")
    many = struct.pack("<II", 0x19, 8) * 50_000
    survives(path, macho_core(SEGMENTS, ncmds=value, others=many), "macho-core")


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
    survives(path, bytes(mutated[:size]), "macho-core")
