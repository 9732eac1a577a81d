"""Pyramids of both engines against plain `dzsave`, Deep Zoom, and a slow mean of four."""

from __future__ import annotations

import hashlib
import json
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from memtiles.cli import run
from memtiles.tiles.pyramid import ENGINES, Engine, save_pyramid
from tiles.planes import ArrayPlane, Pixels, noise
from tiles.slow_mean import levels_slowly, with_alpha

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


def level_shapes(width: int, height: int) -> list[tuple[int, int]]:
    """Width and height of each level, the single pixel first, as the format says."""
    shapes = [(width, height)]
    while shapes[-1] != (1, 1):
        wide, high = shapes[-1]
        shapes.append(((wide + 1) // 2, (high + 1) // 2))
    return shapes[::-1]


def plain_dzsave(pixels: Pixels, folder: Path, size: int) -> None:
    """libvips alone, as its documentation says."""
    folder.mkdir()
    height, width, bands = pixels.shape
    image = pyvips.Image.new_from_memory(pixels.tobytes(), width, height, bands, "uchar")
    image = image.copy(interpretation="b-w" if bands == 1 else "srgb")
    image.dzsave(str(folder / "tiles"), suffix=".png", tile_size=size, overlap=0)


def pyramid_of(pixels: Pixels, folder: Path, tile_size: int = 256, engine: Engine = "fast") -> Path:
    folder.mkdir(exist_ok=True)
    save_pyramid(ArrayPlane(pixels), folder, tile_size, 2, engine=engine)
    return folder


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("bands", [1, 3])
@pytest.mark.parametrize("tile_size", [256, 512])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_whole_tiles_are_those_of_dzsave(
    tmp_path: Path, width: int, height: int, tile_size: int, bands: int, engine: Engine
) -> None:
    pixels = noise(width, height, bands)
    pyramid_of(pixels, tmp_path / "ours", tile_size, engine)
    plain_dzsave(pixels, tmp_path / "plain", tile_size)
    assert same_tiles(tmp_path / "ours", tmp_path / "plain")


def test_tiles_above_the_largest_square_are_those_of_dzsave(tmp_path: Path) -> None:
    """Wider and higher than what is drawn in one go, and odd at every level."""
    pixels = np.tile(noise(1023, 511, 1), (3, 17, 1))[:1101, :17001]
    for one in (pixels, pixels.transpose(1, 0, 2)):
        name = f"{one.shape}"
        pyramid_of(np.ascontiguousarray(one), tmp_path / f"ours{name}", 256)
        plain_dzsave(np.ascontiguousarray(one), tmp_path / f"plain{name}", 256)
        assert same_tiles(tmp_path / f"ours{name}", tmp_path / f"plain{name}")


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("rows", [1, 511, 513])
def test_both_engines_draw_the_same_of_a_dump(tmp_path: Path, bits: int, rows: int) -> None:
    """A raw dump of whole rows: no hole, no padding, so nothing is transparent."""
    memory = noise(1001 // 4 * 4 * bits // 8, rows, 1)
    (tmp_path / "memory.bin").write_bytes(memory.tobytes())
    for engine in ENGINES:
        (tmp_path / "config.yaml").write_text(
            f"dump: {{path: memory.bin, format: raw}}\noutput: {engine}\n"
            f"pictures: {{width: 1000, bits: {bits}}}\n"
            f"tiles: {{size: 256, region_pyramids_from: 1, engine: {engine}}}\n"
        )
        assert run(["build", str(tmp_path / "config.yaml"), "--quiet"]) == 0
    fast, vips = (next((tmp_path / engine / "pictures").iterdir()) for engine in ENGINES)
    assert same_tiles(fast, vips)


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
    bmp = (folder / "region.bmp").read_bytes()
    (offset,) = struct.unpack_from("<I", bmp, 10)
    width, height = struct.unpack_from("<ii", bmp, 18)
    assert (width, -height) == (1024, rows)
    raster = np.frombuffer(bmp, np.uint8, offset=offset).reshape(rows, 1024, 1)
    plain_dzsave(raster, tmp_path / "plain", 256)
    assert same_tiles(folder, tmp_path / "plain")


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_full_resolution_is_the_plane(
    tmp_path: Path, width: int, height: int, bands: int, engine: Engine
) -> None:
    pixels = noise(width, height, bands)
    found = tiles(pyramid_of(pixels, tmp_path, engine=engine))
    last = max(int(name.split("/")[0]) for name in found)
    for name, tile in found.items():
        level, place = name.split("/")
        if int(level) == last:
            x, y = (int(part) * 256 for part in place.split("_"))
            expected = pixels[y : y + 256, x : x + 256]
            assert np.array_equal(with_alpha(tile), with_alpha(expected)), name


@pytest.mark.parametrize(("width", "height"), [(1, 9), (40, 33), (300, 260), (257, 511)])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_holes_are_reduced_by_the_stated_rule(
    tmp_path: Path, width: int, height: int, share: float
) -> None:
    random = np.random.default_rng(width)
    pixels = random.integers(0, 256, (height, width, 2), dtype=np.uint8)
    pixels[:, :, 1] = 255
    pixels *= random.random((height, width, 1)) < share
    found = tiles(pyramid_of(pixels, tmp_path))
    for level, expected in levels_slowly(pixels).items():
        for name, tile in found.items():
            if name.startswith(f"{level}/"):
                x, y = (int(part) * 256 for part in name.split("/")[1].split("_"))
                piece = expected[y : y + 256, x : x + 256]
                assert np.array_equal(with_alpha(tile), piece), name


def test_colours_with_holes_are_reduced_band_by_band(tmp_path: Path) -> None:
    pixels = noise(300, 77, 4)
    found = tiles(pyramid_of(pixels, tmp_path / "all"))
    for band in range(3):
        one = np.ascontiguousarray(pixels[:, :, [band, 3]])
        for name, tile in tiles(pyramid_of(one, tmp_path / str(band))).items():
            both = with_alpha(found[name])[:, :, [band, 3]]
            assert np.array_equal(both, with_alpha(tile)), name


def test_whole_tiles_have_no_alpha_and_mixed_ones_have(tmp_path: Path) -> None:
    pixels = noise(512, 256, 2)
    pixels[:, :, 1] = 255
    pixels[0, 300] = 0
    found = tiles(pyramid_of(pixels, tmp_path))
    assert found["9/0_0"].shape == (256, 256, 1)
    assert found["9/1_0"].shape == (256, 256, 2)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("tile_size", [256, 512])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_dzi_that_another_reader_opens(
    tmp_path: Path, width: int, height: int, tile_size: int, engine: Engine
) -> None:
    """From the XML alone follow the name and the size of every tile, as the format says."""
    pyramid_of(noise(width, height, 1), tmp_path, tile_size, engine)
    root = ElementTree.parse(tmp_path / "tiles.dzi").getroot()
    space = "{http://schemas.microsoft.com/deepzoom/2008}"
    assert root.tag == f"{space}Image"
    size = root.find(f"{space}Size")
    assert size is not None
    assert (size.get("Width"), size.get("Height")) == (str(width), str(height))
    assert (root.get("Format"), root.get("Overlap")) == ("png", "0")
    assert root.get("TileSize") == str(tile_size)
    expected = {
        f"{level}/{x // tile_size}_{y // tile_size}": (
            min(tile_size, high - y),
            min(tile_size, wide - x),
        )
        for level, (wide, high) in enumerate(level_shapes(width, height))
        for x in range(0, wide, tile_size)
        for y in range(0, high, tile_size)
    }
    found = {name: tile.shape[:2] for name, tile in tiles(tmp_path).items()}
    assert found == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_the_list_names_every_file_and_its_digest(tmp_path: Path, engine: Engine) -> None:
    pixels = noise(700, 600, 2)
    pixels[:256, :512] = 0
    pyramid_of(pixels, tmp_path, engine=engine)
    lines = (tmp_path / "tiles.sha256").read_text().splitlines()
    listed = {line[66:]: line[:64] for line in lines}
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".sha256"]
    assert listed == {
        file.relative_to(tmp_path).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in files
    }
    assert list(listed) == sorted(listed)


@pytest.mark.parametrize("engine", ENGINES)
def test_tiles_carry_no_date_and_no_comment(tmp_path: Path, engine: Engine) -> None:
    pyramid_of(noise(300, 300, 1), tmp_path, engine=engine)
    for file in tmp_path.rglob("*.png"):
        content = file.read_bytes()
        assert not any(chunk in content for chunk in (b"tEXt", b"iTXt", b"tIME", b"eXIf", b"zTXt"))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("jobs", [2, 8])
def test_any_number_of_threads_gives_the_same_bytes(
    tmp_path: Path, jobs: int, engine: Engine
) -> None:
    folders = [tmp_path / "one", tmp_path / "many"]
    for folder, threads in zip(folders, (1, jobs), strict=True):
        folder.mkdir()
        save_pyramid(ArrayPlane(noise(1500, 1300, 2)), folder, 256, threads, engine=engine)
    one, many = ((folder / "tiles.sha256").read_bytes() for folder in folders)
    assert one == many


def test_large_and_small_squares_give_the_same_bytes(tmp_path: Path) -> None:
    """Of 67 million pixels one worker gets four squares of 4,096 pixels; two get smaller ones."""
    pixels = np.tile(noise(1024, 512, 2), (16, 8, 1))
    pixels[:3000, 2500:6000, 1] = 255
    pixels[5000:, :1000] = 0
    trees = []
    for jobs in (1, 2):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        save_pyramid(ArrayPlane(pixels), folder, 512, jobs)
        trees.append((folder / "tiles.sha256").read_bytes())
    assert trees[0] == trees[1]


@pytest.mark.parametrize("engine", ENGINES)
def test_progress_adds_up_to_the_plane(tmp_path: Path, engine: Engine) -> None:
    steps: list[int] = []
    expected: list[int] = []
    plane = ArrayPlane(noise(700, 600, 2))
    save_pyramid(plane, tmp_path, 256, 2, steps.append, expected.append, engine)
    assert sum(steps) == 700 * 600
    assert expected == [700 * 600]


def unwritten(folder: Path) -> dict[str, list[str]]:
    content = json.loads((folder / "unwritten.json").read_bytes())
    assert content.pop("version") == 1
    return dict(content)


def test_blank_and_zero_tiles_are_listed_and_not_written(tmp_path: Path) -> None:
    """Of 4 × 4 tiles a quarter is missing, a quarter is zeros, and one more tile is either."""
    pixels = np.full((1024, 1024, 2), 255, np.uint8)
    pixels[:512, 512:] = 0
    pixels[512:, :512, 0] = 0
    pixels[768:, 768:] = 0
    pixels[512:768, 512:768, 0] = 0
    found = tiles(pyramid_of(pixels, tmp_path))
    assert unwritten(tmp_path) == {"blank": ["9/1_0", "10/3_3"], "zero": ["9/0_1", "10/2_2"]}
    last = {name for name in found if name.startswith("10/")}
    assert last == {"10/0_0", "10/1_0", "10/0_1", "10/1_1", "10/3_2", "10/2_3"}
    blank, zero = read(tmp_path / "blank.png"), read(tmp_path / "zero.png")
    assert blank.shape == (256, 256, 2)
    assert not blank.any()
    assert zero.shape == (256, 256, 1)
    assert not zero.any()


def test_a_plane_of_zeros_is_one_entry(tmp_path: Path) -> None:
    assert tiles(pyramid_of(np.zeros((3000, 700, 1), np.uint8), tmp_path)) == {}
    assert unwritten(tmp_path) == {"blank": [], "zero": ["0/0_0"]}


def test_a_mean_of_zero_is_not_a_tile_of_zeros(tmp_path: Path) -> None:
    """One byte of 1 among 65,535 zeros is black one level up, and must not be taken for zeros."""
    pixels = np.zeros((512, 512, 1), np.uint8)
    pixels[300, 300] = 1
    found = tiles(pyramid_of(pixels, tmp_path))
    assert unwritten(tmp_path) == {"blank": [], "zero": ["9/0_0", "9/0_1", "9/1_0"]}
    assert not found["8/0_0"].any()
    assert found["9/1_1"].any()
