"""BMP files against Pillow, and against Dump2Picture's golden numbers."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from memtiles.memory.extents import ExtentSpace
from memtiles.memory.formats import open_dump
from memtiles.memory.runs import Runs
from memtiles.memory.span import Span
from memtiles.pictures.layout import Bits, LayoutName, geometry
from memtiles.pictures.lenses import lens
from memtiles.pictures.picture import Picture
from memtiles.pictures.raster import BmpRaster
from memtiles.pictures.render import Rendered, render

HAL = 0x5E001


def rendered(folder: Path, data: bytes, layout: LayoutName, bits: Bits, **limits: int) -> Rendered:
    """A flat file rendered as one region, through the raw format."""
    file = folder / "memory.bin"
    file.write_bytes(data)
    out = folder / "out"
    out.mkdir()
    with open_dump(file, "raw") as dump:
        space = dump.spaces[0]
        assert isinstance(space, ExtentSpace)
        shape = geometry(layout, bits, len(data))
        return render(space, Span(0, len(data)), shape, out, **limits)


def noise(size: int) -> bytes:
    return np.random.default_rng(5).integers(0, 256, size, dtype=np.uint8).tobytes()


# (bits, width, height, bfOffBits, file size): reference numbers calculated from Dump2Picture 2.2.3.
GOLDEN = [(32, 310, 310, 54, 385_079), (16, 438, 438, 54, 385_079), (8, 616, 620, 1078, 386_103)]


@pytest.mark.parametrize(("bits", "width", "height", "offset", "size"), GOLDEN)
def test_classic_is_dump2picture_with_right_sizes(
    tmp_path: Path, bits: Bits, width: int, height: int, offset: int, size: int
) -> None:
    data = noise(HAL)
    rendered(tmp_path, data, "classic", bits)
    bmp = (tmp_path / "out" / "region.bmp").read_bytes()
    assert len(bmp) == size
    magic, file_size, off_bits = struct.unpack("<2sI4xI", bmp[:14])
    assert (magic, file_size, off_bits) == (b"BM", size, offset)
    info = struct.unpack("<IiiHHIIiiII", bmp[14:54])
    assert info == (40, width, -height, 1, bits, 0, width * height * bits // 8, 0, 0, 0, 0)
    assert bmp[offset:] == data


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("layout", ["rows", "classic"])
def test_pillow_sees_what_the_lens_shows(tmp_path: Path, layout: LayoutName, bits: Bits) -> None:
    made = rendered(tmp_path, noise(70_001), layout, bits)
    raster = BmpRaster(tmp_path / "out", made.shape, made.bmp, made.runs)
    picture = Picture(made.shape, raster, lens("bytes"))
    with Image.open(tmp_path / "out" / "region.bmp") as image:
        assert image.size == (made.shape.width, made.shape.height)
        seen = np.asarray(image.convert("L" if bits == 8 else "RGB"))
    rows = picture.area(0, 0, picture.width, picture.height)
    colours = rows if picture.opaque else rows[:, :, :-1]
    present = np.full(seen.shape[:2], True) if picture.opaque else rows[:, :, -1] == 255
    assert (colours.reshape(seen.shape)[present] == seen[present]).all()
    assert present.sum() == min(70_001 // (bits // 8), made.shape.width * made.shape.height)


def test_parts_hold_the_rows_one_after_the_other(tmp_path: Path) -> None:
    data = noise(100_000)
    made = rendered(tmp_path, data, "rows", 8, raster_limit=30_000)
    assert [part.file for part in made.bmp] == [f"region.{i:04}.bmp" for i in range(4)]
    pixels = b""
    for part in made.bmp:
        assert (tmp_path / "out" / part.file).stat().st_size == part.size
        with Image.open(tmp_path / "out" / part.file) as image:
            pixels += image.tobytes()
    assert pixels[: len(data)] == data
    assert not any(pixels[len(data) :])
    raster = BmpRaster(tmp_path / "out", made.shape, made.bmp, made.runs)
    picture = Picture(made.shape, raster, lens("bytes"))
    assert picture.area(0, 50, 512, 120)[:, :, 0].tobytes() == data[50 * 512 : 170 * 512]


def test_classic_parts_keep_the_tail(tmp_path: Path) -> None:
    data = noise(100_000)
    made = rendered(tmp_path, data, "classic", 8, raster_limit=30_000)
    raw = b"".join((tmp_path / "out" / part.file).read_bytes()[part.offset :] for part in made.bmp)
    assert raw == data


def test_zeros_cost_no_disk_where_files_have_holes(tmp_path: Path) -> None:
    probe = tmp_path / "probe"
    with probe.open("wb") as file:
        file.truncate(8 << 20)
    if not hasattr(probe.stat(), "st_blocks") or probe.stat().st_blocks:
        pytest.skip("this file system has no holes in files")
    made = rendered(tmp_path, b"\1" + bytes(8 << 20), "rows", 8)
    assert made.runs == Runs.of([(0, (8 << 20) + 1)])
    assert (tmp_path / "out" / "region.bmp").stat().st_blocks * 512 < 1 << 20
