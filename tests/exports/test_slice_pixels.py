"""`memtiles slice` of files and dumps: every pixel against the bytes, by Pillow and by libvips."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import pyvips
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exports.exported import (
    MAGENTA,
    Outcome,
    Pixels,
    bmp_of,
    classic,
    colours,
    held,
    noise,
    on_magenta,
    rows,
    seen,
)
from memtiles.cli import run
from sites import PAGE, made_up_process

SIZE = 30_011
PROGRAM = 0x55_5555_554000
HEAP = 0x55_5600_0000_00
LIBRARY = 0x7FFF_F7A0_0000
BITS = [8, 16, 24, 32]


def vips_sees(path: Path) -> Pixels:
    """Red, green, blue, alpha of an image as libvips sees it.

    The libvips of the wheel has no loader for BMP: its raster is read as one, from the header on.
    """
    if path.suffix == ".bmp":
        bmp = bmp_of(path)
        bands = bmp.bits // 8
        row_bytes = (bmp.width * bands + 3) // 4 * 4
        raw = pyvips.Image.rawload(str(path), row_bytes, bmp.height, 1, offset=bmp.offset)
        packed = raw.numpy().reshape(bmp.height, row_bytes)[:, : bmp.width * bands]
        pixels = packed.reshape(bmp.height, bmp.width, bands)[:, :, ::-1]
    else:
        image = pyvips.Image.new_from_file(str(path))
        pixels = image.numpy().reshape(image.height, image.width, image.bands)
    count = pixels.shape[2]
    alpha = pixels[:, :, -1:] if count % 2 == 0 else np.full((*pixels.shape[:2], 1), 255)
    colour = pixels[:, :, :3] if count > 2 else np.repeat(pixels[:, :, :1], 3, axis=2)
    return np.concatenate([colour, alpha], axis=2).astype(np.uint8)


def both_see(path: Path, wanted: Pixels) -> None:
    pixels = on_magenta(wanted) if path.suffix == ".bmp" else wanted
    assert np.array_equal(seen(path), pixels)
    assert np.array_equal(vips_sees(path), pixels)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flat file, and the made-up process."""
    folder = tmp_path_factory.mktemp("slices")
    (folder / "dump.bin").write_bytes(noise(SIZE))
    (folder / "app.core").write_bytes(made_up_process()[0])
    return folder


@pytest.mark.parametrize("kind", ["png", "tif", "tiff", "PNG", "bmp"])
@pytest.mark.parametrize("layout", ["classic", "rows"])
@pytest.mark.parametrize("bits", BITS)
def test_all_of_a_file(folder: Path, tmp_path: Path, bits: int, layout: str, kind: str) -> None:
    out = tmp_path / f"out.{kind}"
    look = ["--bits", str(bits), "--layout", layout]
    assert run(["slice", str(folder / "dump.bin"), str(out), *look]) == 0
    width, height = (classic if layout == "classic" else rows)(SIZE, bits)
    both_see(out, colours(noise(SIZE), bits, width, height))


@pytest.mark.parametrize("kind", ["png", "tif", "bmp"])
@pytest.mark.parametrize("layout", ["classic", "rows"])
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize(
    ("start", "size"),
    [
        # Half of the program, its hole, and what follows; holes at both ends; a hole in the middle.
        (PROGRAM + PAGE, 5 * PAGE),
        (PROGRAM - 77, 3 * PAGE),
        (0x60_0000_0000 - PAGE - 5, 6 * PAGE + 3),
        (LIBRARY + 4099, 3 * PAGE),
    ],
)
def test_a_range_of_a_core(
    folder: Path, tmp_path: Path, start: int, size: int, bits: int, layout: str, kind: str
) -> None:
    out = tmp_path / f"out.{kind}"
    look = ["--bits", str(bits), "--layout", layout, "--range", f"{start:x} L{size:x}"]
    assert run(["slice", str(folder / "app.core"), str(out), *look]) == 0
    data, present = held(made_up_process()[1], start, size)
    width, height = (classic if layout == "classic" else rows)(size, bits)
    both_see(out, colours(data, bits, width, height, present))


@pytest.mark.parametrize("kind", ["png", "tif", "bmp"])
@pytest.mark.parametrize("bits", BITS)
def test_a_region_of_a_core(folder: Path, tmp_path: Path, bits: int, kind: str) -> None:
    """The program, whose last pages were not dumped."""
    out = tmp_path / f"out.{kind}"
    arguments = ["slice", str(folder / "app.core"), str(out), "--region", "made up"]
    assert run([*arguments, "--bits", str(bits), "--crop", "40x30+2+20"]) == 0
    data, present = held(made_up_process()[1], PROGRAM, 8 * PAGE)
    pixels = colours(data, bits, *classic(8 * PAGE, bits), present)
    both_see(out, pixels[20:50, 2:42])


@st.composite
def crops(draw: st.DrawFn, width: int, height: int) -> tuple[int, int, int, int]:
    """Crops inside a picture, many of them along its edges."""
    x = draw(st.one_of(st.just(0), st.integers(0, width - 1)))
    y = draw(st.one_of(st.just(0), st.integers(0, height - 1)))
    wide = draw(st.one_of(st.just(width - x), st.just(1), st.integers(1, width - x)))
    high = draw(st.one_of(st.just(height - y), st.just(1), st.integers(1, height - y)))
    return wide, high, x, y


ROWS_16 = rows(SIZE, 16)  # 128 × 118, of which the last row is not full


@given(crops(*ROWS_16), st.sampled_from(["png", "tif", "bmp"]))
@example((1, 1, 0, 0), "png")
@example((1, 1, ROWS_16[0] - 1, ROWS_16[1] - 1), "tif")
@example((*ROWS_16, 0, 0), "bmp")
@settings(deadline=None)
def test_crops_at_all_edges(folder: Path, crop: tuple[int, int, int, int], kind: str) -> None:
    wide, high, x, y = crop
    out = folder / f"crop.{kind}"
    arguments = ["slice", str(folder / "dump.bin"), str(out), "--force", "--bits", "16"]
    assert run([*arguments, "--layout", "rows", "--crop", f"{wide}x{high}+{x}+{y}"]) == 0
    pixels = colours(noise(SIZE), 16, *ROWS_16)
    both_see(out, pixels[y : y + high, x : x + wide])


# The heap, and what is not there before and after it, in rows of 32 KiB.
WIDE = (HEAP - 40_000, 1_400_000)
WIDE_ROWS = rows(WIDE[1], 32, 8192)


@given(crops(*WIDE_ROWS), st.sampled_from(["png", "tif", "bmp"]))
@example((7, WIDE_ROWS[1], 3000, 0), "png")
@example((8192, 1, 0, WIDE_ROWS[1] - 1), "png")
@settings(deadline=None, max_examples=60)
def test_cuts_whose_rows_lie_far_apart(
    folder: Path, crop: tuple[int, int, int, int], kind: str
) -> None:
    wide, high, x, y = crop
    start, size = WIDE
    out = folder / f"far.{kind}"
    chosen = ["--range", f"{start:#x}+{size:#x}", "--width", "8192"]
    arguments = ["slice", str(folder / "app.core"), str(out), "--force", *chosen]
    assert run([*arguments, "--crop", f"{wide}x{high}+{x}+{y}"]) == 0
    data, present = held(made_up_process()[1], start, size)
    pixels = colours(data, 32, *WIDE_ROWS, present)
    both_see(out, pixels[y : y + high, x : x + wide])


@pytest.mark.parametrize("width", [20_000, 65_536])
@pytest.mark.parametrize("kind", ["png", "tif", "bmp"])
def test_pictures_wider_than_what_is_read_in_one_go(tmp_path: Path, width: int, kind: str) -> None:
    data = noise(width * 3 * 75 + 1001)
    (tmp_path / "dump.bin").write_bytes(data)
    out = tmp_path / f"out.{kind}"
    look = ["--bits", "24", "--width", str(width)]
    assert run(["slice", str(tmp_path / "dump.bin"), str(out), *look]) == 0
    both_see(out, colours(data, 24, width, 76))


def test_the_strip_of_the_issue(tmp_path: Path, call: Callable[..., Outcome]) -> None:
    """A column of 100 pixels out of the middle, as high as the picture."""
    data = noise(1 << 22)
    (tmp_path / "pagefile.sys").write_bytes(data)
    arguments = ["--bits", 32, "--layout", "classic", "--crop", "100x1024+460+0", "--dpi", 254]
    done = call("slice", tmp_path / "pagefile.sys", tmp_path / "strip.png", *arguments)
    assert (done.code, done.errors, done.notes) == (0, [], [])
    assert done.out.splitlines() == [
        "100×1024 pixels at 254 dpi: 10.0 × 102.4 mm",
        str(tmp_path / "strip.png"),
    ]
    both_see(tmp_path / "strip.png", colours(data, 32, 1024, 1024)[:, 460:560])


def test_a_cut_of_a_picture_of_all_addresses_takes_no_longer(
    folder: Path, tmp_path: Path, call: Callable[..., Outcome]
) -> None:
    """2**64 bytes at 32 bits are 2**31 × 2**31 pixels; what is cut out of them is 64 × 40."""
    side = 1 << 31
    row, column = divmod((HEAP + 400) // 4, side)
    x, y = column - 24, row - 10
    out = tmp_path / "all.png"
    everything = ["--range", "0x0+0x10000000000000000", "--crop", f"64x40+{x}+{y}"]
    done = call("slice", folder / "app.core", out, *everything)
    assert (done.code, done.errors) == (0, [])
    wanted = np.zeros((40, 64, 4), np.uint8)
    for line in range(40):
        start = ((y + line) * side + x) * 4
        data, present = held(made_up_process()[1], start, 256)
        wanted[line] = colours(data, 32, 64, 1, present)[0]
    assert wanted[:, :, 3].any()
    both_see(out, wanted)
    wide = ["--range", "0x0+0x10000000000000000", "--width", 1000, "--crop", "3x3+0+0"]
    assert call("slice", folder / "app.core", tmp_path / "wide.png", *wide).code == 0


def test_holes_are_clear_or_magenta_and_that_is_said(
    folder: Path, tmp_path: Path, call: Callable[..., Outcome]
) -> None:
    hole = ["--range", f"{PROGRAM + 5 * PAGE:x} L1000"]
    whole = ["--range", f"{PROGRAM:x} L1000"]
    for kind, word in (("png", "clear"), ("tif", "clear"), ("bmp", "magenta")):
        done = call("slice", folder / "app.core", tmp_path / f"whole.{kind}", *whole)
        assert (done.code, done.notes) == (0, [])
        around = ["--range", f"{PROGRAM + 4 * PAGE:x} L2000"]
        done = call("slice", folder / "app.core", tmp_path / f"holes.{kind}", *around)
        assert done.code == 0
        assert done.notes == [f"note: where nothing is in the dump, the picture is {word}"]
        pixel = seen(tmp_path / f"holes.{kind}")[-1, -1]
        assert tuple(pixel) == (MAGENTA if kind == "bmp" else (0, 0, 0, 0))
        done = call("slice", folder / "app.core", tmp_path / f"hole.{kind}", *hole)
        assert done.code == 3


# -------------------------------------------------------------- `picture` of ranges, with holes

HOLES = (0x60_0000_0000 - 1001, 5 * PAGE + 7)


@pytest.mark.parametrize("bits", [16, 24, 32])
@pytest.mark.parametrize("layout", ["classic", "rows"])
def test_a_bmp_of_a_range_is_its_bytes_and_magenta(
    folder: Path, tmp_path: Path, bits: int, layout: str, call: Callable[..., Outcome]
) -> None:
    start, size = HOLES
    out = tmp_path / "out.bmp"
    arguments = ["--range", f"{start:x} L{size:x}", "--bits", bits, "--layout", layout]
    done = call("picture", folder / "app.core", out, *arguments)
    assert (done.code, done.errors) == (0, [])
    data, present = held(made_up_process()[1], start, size)
    width, height = (classic if layout == "classic" else rows)(size, bits)
    bmp = bmp_of(out)
    assert (bmp.width, bmp.height, bmp.bits) == (width, height, bits)
    raster = np.frombuffer(out.read_bytes()[bmp.offset :], np.uint8)
    assert len(raster) == max(size, width * height * bits // 8)
    assert np.array_equal(raster[:size][present == 1], data[present == 1])
    assert any(note.startswith(f"note: {size - present.sum():,} bytes are") for note in done.notes)
    pixels = colours(data, bits, width, height, present)
    hole = colours(data, bits, width, height, 1 - present)[:, :, 3] == 255
    assert hole.any()
    found = seen(out)
    assert (found[hole] == MAGENTA).all()
    assert np.array_equal(found[pixels[:, :, 3] == 255], pixels[pixels[:, :, 3] == 255])


def test_at_8_bits_no_grey_is_left_for_holes(
    folder: Path, tmp_path: Path, call: Callable[..., Outcome]
) -> None:
    start, size = HOLES
    arguments = ["--range", f"{start:x} L{size:x}", "--bits", 8]
    done = call("picture", folder / "app.core", tmp_path / "out.bmp", *arguments)
    assert done.code == 0
    assert any("24 bits instead of 8" in note for note in done.notes)
    data, present = held(made_up_process()[1], start, size)
    width, height = classic(size, 8)
    assert bmp_of(tmp_path / "out.bmp").bits == 24
    both_see(tmp_path / "out.bmp", colours(data, 8, width, height, present))


@pytest.mark.parametrize("kind", ["png", "tif"])
@pytest.mark.parametrize("bits", BITS)
def test_other_kinds_of_pictures_leave_holes_clear(
    folder: Path, tmp_path: Path, bits: int, kind: str
) -> None:
    start, size = HOLES
    out = tmp_path / f"out.{kind}"
    arguments = ["--range", f"{start:x} L{size:x}", "--bits", str(bits)]
    assert run(["picture", str(folder / "app.core"), str(out), *arguments]) == 0
    data, present = held(made_up_process()[1], start, size)
    both_see(out, colours(data, bits, *classic(size, bits), present))
    own = tmp_path / f"own.{kind}"
    assert run(["picture", str(folder / "dump.bin"), str(own), "--bits", str(bits)]) == 0
    both_see(own, colours(noise(SIZE), bits, *classic(SIZE, bits)))
