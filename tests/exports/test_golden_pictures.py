"""`memtiles picture` against Dump2Picture's golden numbers, by the header and by Pillow."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from exports.exported import (
    Bmp,
    bmp_of,
    body,
    classic,
    colours,
    disk_bytes,
    memtiles,
    noise,
    rows,
    seen,
    sparse_file,
)
from memtiles.cli import run

HAL, L20000, WEBINAR = 0x5E001, 0x20000, 0x380001
GIB = 1 << 30

# (input, bits, width, height, bfOffBits, file size, bytes not shown). At 24 bits the width is
# rounded down to a multiple of 4, where the original is 358 wide and sheared.
GOLDEN = [
    (HAL, 32, 310, 310, 54, 385_079, 625),
    (HAL, 24, 356, 358, 54, 385_079, 2_681),
    (HAL, 16, 438, 438, 54, 385_079, 1_337),
    (HAL, 8, 616, 620, 1078, 386_103, 3_105),
    (L20000, 32, 180, 180, 54, 131_126, 1_472),
    (L20000, 24, 208, 208, 54, 131_126, 1_280),
    (L20000, 16, 256, 256, 54, 131_126, 0),
    (L20000, 8, 360, 362, 1078, 132_150, 752),
    (WEBINAR, 32, 956, 956, 54, 3_670_071, 14_273),
    (WEBINAR, 24, 1104, 1106, 54, 3_670_071, 6_945),
    (WEBINAR, 16, 1354, 1354, 54, 3_670_071, 3_385),
    (WEBINAR, 8, 1912, 1914, 1078, 3_671_095, 10_449),
]


@pytest.mark.parametrize(
    ("size", "bits", "width", "height", "offset", "file_size", "hidden"), GOLDEN
)
def test_golden_numbers(
    tmp_path: Path,
    size: int,
    bits: int,
    width: int,
    height: int,
    offset: int,
    file_size: int,
    hidden: int,
) -> None:
    data = noise(size)
    (tmp_path / "dump.bin").write_bytes(data)
    out = tmp_path / "out.bmp"
    done, _ = memtiles("picture", tmp_path / "dump.bin", out, "--bits", str(bits))
    assert (done.code, done.errors) == (0, [])
    assert bmp_of(out) == Bmp(width, height, bits, offset, (0, 0))
    assert out.stat().st_size == file_size
    assert out.read_bytes()[offset:] == data
    assert size - width * height * bits // 8 == hidden
    assert [note.split(" bytes")[0] for note in done.notes] == (
        [f"note: the last {hidden:,}"] if hidden else []
    )
    assert f"{width}×{height} pixels of {bits} bits, {file_size:,} bytes" in done.out
    with Image.open(out) as image:
        assert image.size == (width, height)
        assert image.mode == ("L" if bits == 8 else "RGB")
    assert np.array_equal(seen(out), colours(data, bits, width, height))


def test_32_bits_classic_is_what_is_meant_without_a_word(tmp_path: Path) -> None:
    data = noise(HAL)
    (tmp_path / "dump.bin").write_bytes(data)
    assert run(["picture", str(tmp_path / "dump.bin"), str(tmp_path / "out.bmp")]) == 0
    assert bmp_of(tmp_path / "out.bmp") == Bmp(310, 310, 32, 54, (0, 0))


@pytest.mark.parametrize("name", ["dump.bin", "larger.bin"])
def test_the_line_of_the_seed(tmp_path: Path, name: str) -> None:
    """`lm` of HAL, out of a flat file that starts at its base and may be longer."""
    data = noise(HAL + 0x1FFF)
    (tmp_path / "dump.bin").write_bytes(data[:HAL])
    (tmp_path / "larger.bin").write_bytes(data)
    out = tmp_path / "hal.bmp"
    done, _ = memtiles(
        *("picture", tmp_path / name, out, "--format", "raw", "--base", "0xfffff80000800000"),
        *("--range", "fffff800`00800000 fffff800`0085e000"),
    )
    assert (done.code, done.errors) == (0, [])
    assert bmp_of(out) == Bmp(310, 310, 32, 54, (0, 0))
    assert body(out) == data[:HAL]


@pytest.mark.parametrize(
    ("size", "side"),
    [
        (1_354_239_999, 18_398),
        (1_354_240_000, 18_400),
        (1_354_534_415, 18_400),
        (1_354_534_416, 18_402),
    ],
)
def test_the_pagefile(
    tmp_path: Path, size: int, side: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sparse file, and a picture that is as sparse, with what is not zero at its place."""
    marks = {0: noise(5000, 1), size // 3: noise(70_000, 2), size - 777: noise(777, 3)}
    page_file = sparse_file(tmp_path / "pagefile.sys", size, marks)
    out = tmp_path / "pagefile.bmp"
    assert run(["picture", str(page_file), str(out)]) == 0
    assert bmp_of(out) == Bmp(side, side, 32, 54, (0, 0))
    assert out.stat().st_size == size + 54
    assert disk_bytes(out) < 1 << 20
    with out.open("rb") as file:
        for offset, mark in marks.items():
            file.seek(54 + offset - 8)
            before = b"\0" * 8 if offset else None
            assert file.read(8) == before or offset == 0
            assert file.read(len(mark)) == mark
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    with Image.open(out) as image:
        assert (image.size, image.mode) == ((side, side), "RGB")


@pytest.mark.parametrize("tail", [0, 1000])
def test_16_gib_come_in_parts(tmp_path: Path, tail: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No BMP says how large 4 GiB are: several do, each of them right, and one goes on where the
    other ends."""
    size, row = 16 * GIB + tail, 65_536 * 4
    steps = [0, 1, 4 * GIB - 4096, 5 * GIB + 1, 8 * GIB - 9, 12 * GIB, 16 * GIB - 3000]
    marks = {offset: noise(3000, number) for number, offset in enumerate(steps)}
    marks |= {size - 900: noise(900, 99)} if tail else {}
    memory = sparse_file(tmp_path / "memory.bin", size, marks)
    done, _ = memtiles("picture", memory, tmp_path / "OUT.bmp")
    assert (done.code, done.errors) == (0, [])
    assert not (tmp_path / "OUT.bmp").exists()
    parts = sorted(tmp_path.glob("OUT.*.bmp"))
    assert [part.name for part in parts] == [f"OUT.{n:04}.bmp" for n in range(len(parts))]
    assert len(parts) == 5
    assert done.out.splitlines()[1:] == [str(part) for part in parts]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    places = []
    first_row = 0
    for part in parts:
        bmp = bmp_of(part)
        assert (bmp.width, bmp.bits) == (65_536, 32)
        assert part.stat().st_size < 4 * GIB
        assert disk_bytes(part) < 1 << 20
        with Image.open(part) as image:
            assert image.size == (65_536, bmp.height)
        places.append((first_row * row, part.stat().st_size - 54))
        first_row += bmp.height
    assert first_row == 65_536
    starts = [start for start, _ in places]
    ends = [start + held for start, held in places]
    assert [*starts[1:], size] == ends, "raster and tail, one after the other, are the input"
    for offset in [*marks, *(start - 100 for start in starts[1:])]:
        wanted = read_at(memory, offset, 3000)
        found = b""
        for part, (start, held) in zip(parts, places, strict=True):
            low, high = max(offset, start), min(offset + len(wanted), start + held)
            found += read_at(part, 54 + low - start, high - low) if low < high else b""
        assert found == wanted, hex(offset)


def read_at(path: Path, offset: int, size: int) -> bytes:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(size)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pictures")


@given(
    st.integers(1, 200_000),
    st.sampled_from([8, 16, 24, 32]),
    st.sampled_from(["classic", "rows"]),
    st.integers(0, 1000),
)
@example(1, 8, "rows", 0)
@example(63, 8, "classic", 0)
@example(64, 8, "classic", 0)
@example(15, 32, "classic", 0)
@example(16, 32, "classic", 0)
@example(47, 24, "classic", 0)
@example(48, 24, "classic", 0)
@example(200_000, 24, "rows", 1)
@settings(deadline=None)
def test_behind_the_header_lies_the_file(
    folder: Path, size: int, bits: int, layout: str, seed: int
) -> None:
    """All of it and nothing else, but zeros up to the end of the last row in layout rows."""
    data = noise(size, seed)
    (folder / "dump.bin").write_bytes(data)
    out = folder / "out.bmp"
    out.unlink(missing_ok=True)
    shown = ["--bits", str(bits), "--layout", layout]
    width, height = (classic if layout == "classic" else rows)(size, bits)
    code = run(["picture", str(folder / "dump.bin"), str(out), *shown])
    if width == 0 or height == 0:
        assert code == 2
        assert not out.exists()
        return
    assert code == 0
    assert bmp_of(out) == Bmp(width, height, bits, 1078 if bits == 8 else 54, (0, 0))
    padding = width * height * bits // 8 - size if layout == "rows" else 0
    assert body(out) == data + bytes(padding)
    again = folder / "range.bmp"
    raw = ["--format", "raw", "--range", f"0x0+{size:#x}", "--force"]
    assert run(["picture", str(folder / "dump.bin"), str(again), *shown, *raw]) == 0
    assert again.read_bytes() == out.read_bytes()


@given(st.integers(1, 60_000), st.sampled_from([8, 16, 24, 32]), st.integers(1, 5000))
@settings(deadline=None)
def test_a_width(folder: Path, size: int, bits: int, width: int) -> None:
    """It is taken as it is, or refused where rows would need padding: 4-byte words."""
    data = noise(size)
    (folder / "wide.bin").write_bytes(data)
    arguments = ["picture", str(folder / "wide.bin"), str(folder / "wide.bmp"), "--force"]
    code = run([*arguments, "--bits", str(bits), "--width", str(width)])
    if math.gcd(width * bits, 32) != 32:
        assert code == 2
        return
    assert code == 0
    bmp = bmp_of(folder / "wide.bmp")
    assert (bmp.width, bmp.height) == rows(size, bits, width)
    assert body(folder / "wide.bmp").ljust(size)[:size] == data
