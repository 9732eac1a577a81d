"""AVML images, made by a builder and packed by cramjam or by hand."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders.avml import STREAM, avml, avml_range, chunk, packed
from builders.damage import ABSURD, survives
from builders.samples import sample
from fuzzing import fuzz
from memtiles.errors import DumpError, LimitError
from memtiles.memory.dump import Dump
from memtiles.memory.formats import open_dump
from memtiles.memory.space import SpaceKind
from memtiles.memory.span import Span

pytest.importorskip("cramjam")

TEXT = b"memory that packs well " * 20_000  # eight chunks of 64 KiB
NOISE = random.Random(4).randbytes(70_000)
SMALL = avml_range(0x1000, b"first" * 20) + avml_range(0x5000, b"second" * 10)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("avml") / "ram.avml"


def opened(path: Path, contents: bytes) -> Dump:
    path.write_bytes(contents)
    return open_dump(path)


def bytes_at(dump: Dump, address: int, size: int) -> bytes:
    return dump.spaces[0].read(Span(address, size)).data.tobytes()


def runs_of(dump: Dump) -> list[tuple[int, int]]:
    return list(dump.spaces[0].runs(Span(0, 1 << 64)))


def test_ranges_are_unpacked_to_physical_memory(path: Path) -> None:
    with opened(path, avml({0x1000: TEXT, 0x100000: NOISE})) as dump:
        assert (dump.format, dump.warnings) == ("avml", ())
        assert [space.kind for space in dump.spaces] == [SpaceKind.PHYSICAL]
        assert runs_of(dump) == [(0x1000, len(TEXT)), (0x100000, len(NOISE))]
        assert bytes_at(dump, 0x1000, len(TEXT)) == TEXT
        assert bytes_at(dump, 0x100000, len(NOISE)) == NOISE


def test_any_piece_is_read_where_it_is(path: Path) -> None:
    with opened(path, avml({0x1000: TEXT}, step=100_000)) as dump:
        assert runs_of(dump) == [(0x1000, len(TEXT))]
        for start, size in [(0, 1), (65_535, 2), (99_999, 2), (65_536, 65_536), (131_000, 200_000)]:
            assert bytes_at(dump, 0x1000 + start, size) == TEXT[start : start + size]


def test_chunks_of_any_size_and_kind(path: Path) -> None:
    """Short ones in the middle, plain ones, padding and chunks that readers are to skip."""
    pieces = [b"a" * 10, b"plain", b"b" * 70, b"end"]
    stream = (
        STREAM + chunk(0xFE, bytes(9)) + packed(pieces[0])[10:] + chunk(1, pieces[1], pieces[1])
    )
    stream += chunk(0x80, b"skipped") + packed(pieces[2]) + packed(pieces[3])[10:]
    whole = b"".join(pieces)
    with opened(path, avml_range(0x2000, whole, stream=stream)) as dump:
        assert dump.warnings == ()
        assert bytes_at(dump, 0x2000, len(whole)) == whole
        for at in range(len(whole)):
            assert bytes_at(dump, 0x2000 + at, 1) == whole[at : at + 1]


def test_zeros_behind_the_last_range_are_nothing_to_speak_of(path: Path) -> None:
    with opened(path, SMALL + bytes(1000)) as dump:
        assert dump.warnings == ()


def test_anything_else_behind_the_last_range_is_told(path: Path) -> None:
    with opened(path, SMALL + b"garbage") as dump:
        assert "no AVML header" in dump.warnings[0]
        assert len(runs_of(dump)) == 2


def test_what_the_eight_bytes_behind_a_stream_say_does_not_matter(path: Path) -> None:
    """AVML of March 2025 wrote the unpacked size there for some commits."""
    with opened(path, avml_range(0, TEXT, trailer=len(TEXT)) + avml_range(1 << 20, b"abc")) as dump:
        assert dump.warnings == ()
        assert len(runs_of(dump)) == 2


def test_a_range_larger_than_its_stream_keeps_what_is_there(path: Path) -> None:
    with opened(path, avml_range(0x1000, TEXT, last=1 << 60)) as dump:
        assert runs_of(dump) == [(0x1000, len(TEXT))]
        assert "from address 0x714e0 on its memory is missing" in dump.warnings[0]


def test_a_chunk_that_leaves_its_range_ends_the_dump(path: Path) -> None:
    with opened(
        path, avml_range(0x1000, b"abc") + avml_range(0x2000, b"abcd", last=0x2002)
    ) as dump:
        assert runs_of(dump) == [(0x1000, 3)]
        assert "cut or damaged" in dump.warnings[0]


def test_a_damaged_chunk_is_an_error_where_it_is_read_and_nowhere_else(path: Path) -> None:
    contents = bytearray(avml_range(0x1000, NOISE))
    contents[32 + len(STREAM) + 8 + 1000] ^= 1  # in the first chunk
    with opened(path, bytes(contents)) as dump:
        assert bytes_at(dump, 0x1000 + 65_536, 4464) == NOISE[65_536:]
        with pytest.raises(DumpError, match=r"packed bytes at byte 42 is damaged: .*checksum"):
            bytes_at(dump, 0x1000, 1)


def test_a_chunk_that_claims_gigabytes_is_not_believed(path: Path) -> None:
    body = b"\xff\xff\xff\xff\x0f" + b"\0" * 50
    stream = STREAM + chunk(0, body, b"x")
    with pytest.raises(DumpError, match="holds no memory"):
        opened(path, avml_range(0, b"", last=1 << 40, stream=stream))


def test_a_chunk_that_unpacks_to_something_else_than_it_says(path: Path) -> None:
    stream = bytearray(packed(b"A" * 1000))
    stream[18:20] = b"\xe9\x07"  # 1001
    with (
        opened(path, avml_range(0, b"A" * 1001, stream=bytes(stream))) as dump,
        pytest.raises(DumpError, match="is damaged"),
    ):
        bytes_at(dump, 0, 1)


def test_another_version_is_refused(path: Path) -> None:
    contents = bytearray(SMALL)
    contents[4] = 3
    with pytest.raises(DumpError, match="not of version 2"):
        opened(path, bytes(contents))


def test_more_than_the_limits(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("memtiles.memory.formats.avml._CHUNKS_LIMIT", 3)
        with pytest.raises(LimitError, match="more than 3 packed chunks"):
            opened(path, SMALL)
    monkeypatch.setattr("memtiles.memory.formats.avml.RANGES_LIMIT", 1)
    with pytest.raises(LimitError, match="more than 1 ranges"):
        opened(path, SMALL)


def test_without_cramjam_the_error_names_it(path: Path) -> None:
    path.write_bytes(SMALL)
    code = (
        "import sys; sys.modules['cramjam'] = None\n"
        "from memtiles.memory.formats import open_dump\n"
        f"open_dump({str(path)!r})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "pip install 'memtiles[kdump]'" in ran.stderr.splitlines()[-1]


def test_the_linux_guest_as_avml_is_the_same_memory(path: Path) -> None:
    with open_dump(sample("gen_qemu_linux61_80M.elf.xz")) as machine:
        physical = machine.space(SpaceKind.PHYSICAL)
        assert physical is not None
        slice_ = physical.read(Span(0, 24 << 20)).data.tobytes()
    path.write_bytes(avml({0: slice_}, step=1 << 20))
    with open_dump(path) as dump:
        kept = dump.spaces[0].read(Span(0, len(slice_)))
        assert kept.data.tobytes() == slice_  # the ranges of zeros that AVML leaves out are holes
        assert 0 < kept.runs.total < len(slice_)


def test_cut_at_every_byte(path: Path) -> None:
    assert survives(path, SMALL, "avml") == ""
    between = len(SMALL) - len(avml_range(0x5000, b"second" * 10))
    for size in range(1, len(SMALL)):
        said = survives(path, SMALL[:size], "avml")
        assert bool(said) == (size != between), f"cut at {size}"


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("at", [8, 16, 24, 46, 52])
def test_absurd_numbers(path: Path, at: int, value: int) -> None:
    """First and last address, the size of the stream's name, of a chunk, and the unpacked one."""
    broken = bytearray(SMALL)
    struct.pack_into("<Q", broken, at, value)
    survives(path, bytes(broken), "avml")


@pytest.mark.parametrize("value", [0, 1, 4, 5, 0x7FFFFF, 0xFFFFFF])
@pytest.mark.parametrize("kind", [0, 1, 2, 0x7F, 0x80, 0xFE, 0xFF])
def test_absurd_chunks(path: Path, kind: int, value: int) -> None:
    stream = STREAM + bytes([kind]) + value.to_bytes(3, "little") + packed(b"abc")[10:]
    survives(path, avml_range(0, b"abc", stream=stream) + SMALL, "avml")


def test_a_hundred_thousand_chunks_of_nothing(path: Path) -> None:
    survives(path, avml_range(0, b"abc", stream=STREAM + b"\xfe\0\0\0" * 100_000), "avml")


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
    survives(path, bytes(mutated[:size]), "avml")


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dump]:
    path = tmp_path_factory.mktemp("text") / "ram.avml"
    with opened(path, avml({0: TEXT}, step=90_000)) as dump:
        yield dump


@settings(max_examples=60, deadline=None)
@given(start=st.integers(0, 200_000), size=st.integers(1, 140_000))
def test_a_piece_is_the_same_alone_and_within_others(text: Dump, start: int, size: int) -> None:
    assert bytes_at(text, start, size) == TEXT[start : start + size]
