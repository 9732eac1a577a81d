"""Damaged kdumps: cut, mutated, and with absurd numbers in every field that counts something."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders.damage import ABSURD, survives
from builders.elf import note
from builders.kdump import ZLIB, Kdump, flattened
from fuzzing import fuzz

PAGES = {0: b"first".ljust(4096, b"."), 1: bytes(4096), 9: random.Random(1).randbytes(4096)}
INFO = b"OSRELEASE=6.1.0-1\nSYMBOL(swapper_pg_dir)=ffffffff80009000\nNUMBER(phys_base)=0\n"
NOTES = note(b"CORE\0", 1, b"registers") + note(b"QEMU\0", 0, bytes(0x1B0))
# The odd page is stored as it is: a cut inside it is seen by its descriptor alone.
SMALL = Kdump({0: PAGES[0], 9: b"last".ljust(4096, b"-")}, vmcoreinfo=INFO, notes=NOTES).bytes()
FLAT = flattened(SMALL, step=500)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damage") / "vmcore"


def test_cut_at_every_byte(path: Path) -> None:
    assert survives(path, SMALL, "kdump") == ""
    for size in range(1, len(SMALL), 1):
        # Inside the blocks of padding one cut is like another.
        if size % 4096 < 600 or size > len(SMALL) - 300 or size % 61 == 0:
            assert survives(path, SMALL[:size], "kdump"), f"cut at {size}: not a word about it"


def test_a_flattened_one_cut_at_every_byte(path: Path) -> None:
    assert survives(path, FLAT, "kdump") == ""
    for size in range(1, len(FLAT)):
        if size > 4000 or size % 61 == 0:
            assert survives(path, FLAT[:size], "kdump"), f"cut at {size}: not a word about it"


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("at", [8, 424, 428, 432, 436, 440, 444, 460])
def test_absurd_numbers_in_the_header(path: Path, at: int, value: int) -> None:
    broken = bytearray(SMALL)
    struct.pack_into("<I", broken, at, value & 0xFFFFFFFF)
    survives(path, bytes(broken), "kdump")
    survives(path, flattened(bytes(broken)), "kdump")


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("at", [0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96])
@pytest.mark.parametrize("is_split", [False, True])
def test_absurd_numbers_in_the_sub_header(path: Path, at: int, value: int, is_split: bool) -> None:
    broken = bytearray(SMALL)
    struct.pack_into("<i", broken, 4096 + 12, int(is_split))
    struct.pack_into("<Q", broken, 4096 + at, value)
    survives(path, bytes(broken), "kdump")


@pytest.mark.parametrize("offset", [*ABSURD, 4096])
@pytest.mark.parametrize("size", [*ABSURD[:4], 4095, 4096, 4097])
@pytest.mark.parametrize("flags", [0, ZLIB, 4, 0x20, 0xFFFFFFFF - 2])
def test_absurd_descriptors(path: Path, offset: int, size: int, flags: int) -> None:
    broken = bytearray(SMALL)
    struct.pack_into("<QII", broken, 4 * 4096, offset, size, flags)
    survives(path, bytes(broken), "kdump")


@pytest.mark.parametrize("size", ABSURD)
@pytest.mark.parametrize("offset", ABSURD)
def test_absurd_records(path: Path, offset: int, size: int) -> None:
    record = struct.pack(">QQ", offset, size)
    survives(path, FLAT[:4096] + record + b"x" * 100 + FLAT[4096:], "kdump")
    survives(path, FLAT[:-16] + record + b"x" * 100 + FLAT[-16:], "kdump")


def test_a_bitmap_that_promises_more_pages_than_the_file_has_bytes(path: Path) -> None:
    """A million descriptors in a gap of a flattened file, which reads as zeros."""
    head = bytearray(SMALL[:8192])
    struct.pack_into("<II", head, 436, 2 * 32, 1 << 20)
    struct.pack_into("<Q", head, 4096 + 96, 1 << 20)
    file = bytes(head) + bytes(32 * 4096) + b"\xff" * (32 * 4096)
    far = {1 << 40: b"the end of the file"}
    said = survives(path, flattened(file, step=4096, rewrites=far), "kdump")
    assert "none of its pages can be read" in said


def test_a_bitmap_of_a_terabyte_in_a_gap(path: Path) -> None:
    head = bytearray(SMALL[:8192])
    struct.pack_into("<I", head, 436, 0xFFFFFFF0)
    far = {1 << 60: b"the end of the file"}
    assert "its bitmap of pages" in survives(path, flattened(bytes(head), rewrites=far), "kdump")


def test_a_hundred_thousand_records_of_one_byte(path: Path) -> None:
    records = b"".join(struct.pack(">qqc", n * 7919 % 50_000, 1, b"x") for n in range(100_000))
    whole = flattened(SMALL, skip_zeros=False)  # over the top of all that the others write
    assert survives(path, whole[:4096] + records + whole[4096:], "kdump") == ""


@fuzz(300)
@given(
    st.sampled_from([SMALL, FLAT]),
    st.lists(
        st.tuples(
            st.sampled_from([0, 8, 400, 424, 4096, 4112, 4200, 8192, 12288, 16384, 16432, 16700]),
            st.integers(0, 120),
            st.binary(min_size=1, max_size=8),
        ),
        min_size=1,
        max_size=6,
    ),
    st.integers(16_000, 24_000),
)
def test_mutations(
    path: Path, contents: bytes, patches: list[tuple[int, int, bytes]], size: int
) -> None:
    mutated = bytearray(contents)
    for base, more, patch in patches:
        at = (base + more) % len(mutated)
        mutated[at : at + len(patch)] = patch
    survives(path, bytes(mutated[:size]), "kdump")


@fuzz(100)
@given(st.binary(max_size=600))
def test_garbage_behind_the_signatures(path: Path, tail: bytes) -> None:
    for head in (b"KDUMP   ", b"DISKDUMP", SMALL[:424], FLAT[:4096], FLAT[:32]):
        survives(path, head + tail, "kdump")
