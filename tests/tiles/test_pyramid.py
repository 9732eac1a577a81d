"""Pyramids against plain `dzsave`, against the Deep Zoom format, and against a mean of four."""

from __future__ import annotations

import hashlib
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from memtiles.cli import run
from memtiles.tiles.pyramid import level_count, save_pyramid, tile_count
from tiles.planes import ArrayPlane, Pixels, noise

SIZES = [(1, 1), (1, 700), (700, 1), (64, 64), (256, 256), (257, 255), (512, 300), (1001, 513)]


def read(path: Path) -> Pixels:
    with Image.open(path) as image:
        pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def tiles(folder: Path) -> dict[str, Pixels]:
    """All tiles of a pyramid by `LEVEL/COLUMN_ROW`."""
    return {
        f"{file.parent.name}/{file.stem}": read(file)
        for file in sorted((folder / "tiles_files").glob("*/*.png"))
    }


def same_tiles(one: Path, other: Path) -> bool:
    found, expected = tiles(one), tiles(other)
    return found.keys() == expected.keys() and all(
        np.array_equal(found[name], expected[name]) for name in expected
    )


def plain_dzsave(file: Path, width: int, height: int, offset: int, folder: Path, size: int) -> None:
    """libvips alone, as its documentation says."""
    folder.mkdir()
    image = pyvips.Image.rawload(str(file), width, height, 1, offset=offset)
    image = image.copy(interpretation="b-w")
    image.dzsave(str(folder / "tiles"), suffix=".png", tile_size=size, overlap=0)


def pyramid_of(pixels: Pixels, folder: Path, tile_size: int = 256) -> Path:
    folder.mkdir(exist_ok=True)
    save_pyramid(ArrayPlane(pixels), folder, tile_size, 2)
    return folder


@pytest.mark.parametrize("tile_size", [256, 512])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_grey_tiles_are_those_of_dzsave(
    tmp_path: Path, width: int, height: int, tile_size: int
) -> None:
    pixels = noise(width, height, 1)
    pyramid_of(pixels, tmp_path / "ours", tile_size)
    (tmp_path / "raw").write_bytes(b"header" + pixels.tobytes())
    plain_dzsave(tmp_path / "raw", width, height, 6, tmp_path / "plain", tile_size)
    assert same_tiles(tmp_path / "ours", tmp_path / "plain")


@pytest.mark.parametrize("rows", [1, 128, 511, 512, 513, 900])
def test_a_built_picture_has_the_tiles_of_dzsave_on_its_bmp(tmp_path: Path, rows: int) -> None:
    """A raw dump of whole rows of 1,024 bytes: no hole, no padding, so nothing is transparent."""
    (tmp_path / "memory.bin").write_bytes(noise(1024, rows, 1).tobytes())
    (tmp_path / "config.yaml").write_text(
        "dump: {path: memory.bin, format: raw}\n"
        "pictures: {width: 1024}\n"
        "tiles: {size: 256, region_pyramids_from: 1KiB}\n"
    )
    assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
    (folder,) = (tmp_path / "site" / "pictures").iterdir()
    bmp = folder / "region.bmp"
    head = bmp.read_bytes()[:26]
    (offset,) = struct.unpack_from("<I", head, 10)
    width, height = struct.unpack_from("<ii", head, 18)
    assert (width, -height) == (1024, rows)
    plain_dzsave(bmp, width, -height, offset, tmp_path / "plain", 256)
    assert same_tiles(folder, tmp_path / "plain")


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_full_resolution_is_the_plane(tmp_path: Path, width: int, height: int, bands: int) -> None:
    pixels = noise(width, height, bands)
    found = tiles(pyramid_of(pixels, tmp_path))
    last = max(int(name.split("/")[0]) for name in found)
    for name, tile in found.items():
        level, place = name.split("/")
        if int(level) == last:
            x, y = (int(part) * 256 for part in place.split("_"))
            expected = pixels[y : y + 256, x : x + 256]
            if bands % 2 == 0 and tile.shape[2] != bands:
                pytest.fail(f"{name} has {tile.shape[2]} bands")
            assert np.array_equal(tile, expected), name


def test_grey_shrinks_by_the_mean_of_four(tmp_path: Path) -> None:
    pixels = noise(256, 256, 1)
    found = tiles(pyramid_of(pixels, tmp_path))
    four = pixels[:, :, 0].astype(int).reshape(128, 2, 128, 2).sum(axis=(1, 3))
    assert np.array_equal(found["7/0_0"][:, :, 0], (four + 2) // 4)


def test_holes_stay_out_of_the_mean(tmp_path: Path) -> None:
    """A transparent pixel beside a white one gives white of half the opacity, and not grey."""
    pixels = np.zeros((256, 256, 2), dtype=np.uint8)
    pixels[:, ::2] = 255
    found = tiles(pyramid_of(pixels, tmp_path))
    half = found["7/0_0"]
    assert (half[:, :, 0] >= 254).all()
    assert (abs(half[:, :, 1].astype(int) - 128) <= 1).all()


@pytest.mark.parametrize("tile_size", [256, 512])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_dzi_that_another_reader_opens(
    tmp_path: Path, width: int, height: int, tile_size: int
) -> None:
    """From the XML alone follow the name and the size of every tile, as the format says."""
    pyramid_of(noise(width, height, 1), tmp_path, tile_size)
    root = ElementTree.parse(tmp_path / "tiles.dzi").getroot()
    space = "{http://schemas.microsoft.com/deepzoom/2008}"
    assert root.tag == f"{space}Image"
    size = root.find(f"{space}Size")
    assert size is not None
    assert (size.get("Width"), size.get("Height")) == (str(width), str(height))
    assert (root.get("Format"), root.get("Overlap")) == ("png", "0")
    assert root.get("TileSize") == str(tile_size)

    shapes = [(width, height)]
    while shapes[-1] != (1, 1):
        wide, high = shapes[-1]
        shapes.append(((wide + 1) // 2, (high + 1) // 2))
    expected = {
        f"{level}/{x // tile_size}_{y // tile_size}": (
            min(tile_size, high - y),
            min(tile_size, wide - x),
        )
        for level, (wide, high) in enumerate(reversed(shapes))
        for x in range(0, wide, tile_size)
        for y in range(0, high, tile_size)
    }
    found = {name: tile.shape[:2] for name, tile in tiles(tmp_path).items()}
    assert found == expected
    assert level_count(width, height) == len(shapes)
    assert tile_count(width, height, tile_size) == len(expected)


def test_the_list_names_every_file_and_its_digest(tmp_path: Path) -> None:
    pyramid_of(noise(700, 600, 2), tmp_path)
    lines = (tmp_path / "tiles.sha256").read_text().splitlines()
    listed = {line[66:]: line[:64] for line in lines}
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".sha256"]
    assert listed == {
        file.relative_to(tmp_path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }
    assert list(listed) == sorted(listed)


def test_tiles_carry_no_date_and_no_comment(tmp_path: Path) -> None:
    pyramid_of(noise(300, 300, 1), tmp_path)
    for file in tmp_path.rglob("*.png"):
        content = file.read_bytes()
        assert not any(chunk in content for chunk in (b"tEXt", b"iTXt", b"tIME", b"eXIf", b"zTXt"))


@pytest.mark.parametrize("jobs", [1, 2, 4])
def test_any_number_of_threads_gives_the_same_bytes(tmp_path: Path, jobs: int) -> None:
    folders = [tmp_path / "one", tmp_path / "many"]
    for folder, threads in zip(folders, (1, jobs), strict=True):
        folder.mkdir()
        save_pyramid(ArrayPlane(noise(1500, 1300, 2)), folder, 256, threads)
    one, many = ((folder / "tiles.sha256").read_bytes() for folder in folders)
    assert one == many


def test_progress_adds_up_to_the_plane(tmp_path: Path) -> None:
    steps: list[int] = []
    save_pyramid(ArrayPlane(noise(700, 600, 2)), tmp_path, 256, 2, steps.append)
    assert sum(steps) == 700 * 600
