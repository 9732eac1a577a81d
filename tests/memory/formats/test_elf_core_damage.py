"""Damaged cores: cut, mutated, and with absurd numbers in every field that counts something."""

from __future__ import annotations

import struct
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.effort import little_work
from builders.elf import Load, elf_core, note, nt_file
from fuzzing import fuzz
from memtiles.errors import DumpError, LimitError
from memtiles.memory.formats import open_dump
from memtiles.memory.span import Span

ABSURD = [0, 1, (1 << 31) - 1, (1 << 32) - 1, 1 << 63, (1 << 64) - 1]
NOTES = note(b"CORE\0", 1, b"registers") + nt_file(
    [(0x1000, 0x2000, 0, b"/bin/app"), (0x2000, 0x3000, 1, b"/lib/x.so")]
)
LOADS = [Load(0x1000, b"text" * 9), Load(0x2000, b"data", memsz=0x1000), Load(0x5000, b"end")]
SMALL = elf_core(LOADS, NOTES)
EXTENDED = elf_core(LOADS, NOTES, extended=True)
BIG_ENDIAN_32 = elf_core(
    LOADS, nt_file([(0x1000, 0x2000, 0, b"/a")], bits=32, order=">"), bits=32, order=">"
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage") / "app.core"


def survives(path: Path, contents: bytes) -> str:
    """Opens and reads; a DumpError or LimitError is an answer, any other exception a failure."""
    path.write_bytes(contents)
    tracemalloc.start()
    try:
        with little_work(), open_dump(path, format="elf-core") as dump:
            for mapping in dump.mappings:
                start, size = mapping.span.start, min(mapping.span.size, 0x1000)
                space = dump.spaces[0]
                runs = space.runs(Span(start, size))
                assert space.read(Span(start, size)).runs == runs
            said = "; ".join(dump.warnings)
            assert "\n" not in said
    except (DumpError, LimitError) as problem:
        said = str(problem)
        assert "\n" not in said
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 50 << 20
    return said


@pytest.mark.parametrize("contents", [SMALL, EXTENDED, BIG_ENDIAN_32], ids=["64", "xnum", "32be"])
def test_cut_at_every_byte(path: Path, contents: bytes) -> None:
    assert survives(path, contents) == ""
    for size in range(1, len(contents)):
        assert survives(path, contents[:size]), f"cut at {size}: not a word about it"


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("field", ["phnum", "offset", "filesz", "memsz", "vaddr", "paddr"])
@pytest.mark.parametrize("bits", [32, 64])
def test_absurd_numbers(path: Path, field: str, value: int, bits: int) -> None:
    if field == "phnum":
        number = value & 0xFFFFFFFF
        survives(path, elf_core(LOADS, NOTES, phnum=number, extended=True, bits=bits))
        number = value & 0xFFFF
        survives(path, elf_core(LOADS, NOTES, phnum=number, bits=bits))
        return
    broken = Load(0x9000, b"xyz")
    setattr(broken, field, value & ((1 << bits) - 1))
    for notes in (b"", NOTES):
        survives(path, elf_core([broken, *LOADS], notes, bits=bits))


@pytest.mark.parametrize("value", ABSURD)
def test_absurd_positions_in_the_header(path: Path, value: int) -> None:
    for at in (0x20, 0x28):  # e_phoff, e_shoff
        whole = bytearray(EXTENDED)
        struct.pack_into("<Q", whole, at, value)
        survives(path, bytes(whole))


@pytest.mark.parametrize("value", [0, 1, 55, 57, 0x7FFF, 0xFFFF])
@pytest.mark.parametrize("count", [0, 1, 4, 0xFFFE])
def test_absurd_rows_in_the_header(path: Path, value: int, count: int) -> None:
    whole = bytearray(SMALL)
    struct.pack_into("<HH", whole, 54, value, count)
    survives(path, bytes(whole))


def test_damaged_file_lists_are_one_warning(path: Path) -> None:
    listed = nt_file([(0x1000, 0x2000, 0, b"/a")], count=9)
    assert survives(path, elf_core(LOADS, listed * 1000)).count("NT_FILE") == 1


@pytest.mark.parametrize("value", ABSURD)
def test_absurd_counts_in_the_file_list(path: Path, value: int) -> None:
    listed = nt_file([(0x1000, 0x2000, 0, b"/bin/app")], count=value)
    survives(path, elf_core(LOADS, listed))
    survives(path, elf_core(LOADS, nt_file([(0x1000, value or 1, value, b"/a")], page=value)))
    survives(path, elf_core(LOADS, nt_file([(value, 0x1000, 3, b"/a")])))


@pytest.mark.parametrize("value", ABSURD[:4])
@pytest.mark.parametrize("at", [0, 4])
def test_absurd_sizes_of_a_note(path: Path, value: int, at: int) -> None:
    notes = bytearray(NOTES)
    struct.pack_into("<I", notes, at, value)
    survives(path, elf_core(LOADS, bytes(notes)))


def test_many_note_segments_over_the_same_bytes_are_not_read_again_and_again(path: Path) -> None:
    """2,000 PT_NOTE rows that each span the whole file: 300 MB, were they all read."""
    rows = [Load(0, b"", type=4, offset=0, filesz=150_000) for _ in range(2000)]
    survives(path, elf_core([*LOADS, *rows]))


def test_a_table_of_more_segments_than_the_limit(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("memtiles.memory.elf.segments._SEGMENTS_LIMIT", 3)
    assert "at most 3" in survives(path, SMALL)


@fuzz(400)
@given(
    st.sampled_from([SMALL, EXTENDED, BIG_ENDIAN_32]),
    st.lists(
        st.tuples(st.integers(0, 700), st.binary(min_size=1, max_size=8)), min_size=1, max_size=6
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
    survives(path, b"\x7fELF\x02\x01" + tail)
    survives(path, SMALL[:64] + tail)
