"""`memtiles export`: every tile and every pixel against the memory, by Pillow, libvips, zipfile."""

from __future__ import annotations

import json
import random
import re
import struct
import time
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from exports.exported import (
    colours,
    memtiles,
    noise,
    seen,
)
from exports.pyramids import (
    ENDINGS,
    HOLED,
    KINDS,
    REGIONS,
    WHOLE,
    Blank,
    Call,
    Drawn,
    archived,
    build_regions,
    deep_zoom_of,
    each_kind,
    each_region,
    halved,
)
from memtiles.cli import run
from memtiles.tiles.standalone import pixel_bytes


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_regions(tmp_path_factory.mktemp("exported"))


@each_region
def test_deep_zoom(site: Path, tmp_path: Path, drawn: Drawn, call: Call) -> None:
    done = call("export", site, "--region", drawn.name, "--to", "dzi", "-o", tmp_path / "out")
    assert (done.code, done.errors) == (0, [])
    wanted = drawn.pixels()
    height, width = wanted.shape[:2]
    assert done.out.splitlines() == [
        f"{width}×{height} pixels, tiles of {drawn.tile_size}",
        str(tmp_path / "out.dzi"),
        str(tmp_path / "out_files"),
    ]
    assert done.notes == (
        ["note: where nothing is in the dump, the picture is clear"] if drawn in HOLED else []
    )
    pyramid = deep_zoom_of(tmp_path / "out.dzi")
    assert (pyramid.width, pyramid.height) == (width, height)
    assert pyramid.tile_size == drawn.tile_size
    levels = pyramid.levels()
    assert np.array_equal(levels[-1], wanted)
    for above, level in pairwise(levels):
        if drawn in WHOLE:
            assert np.array_equal(above, halved(level))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.dzi", "out_files"]


@pytest.mark.parametrize("tile_size", [256, 512, 1024])
@each_kind
def test_tiles_of_any_size(
    site: Path, tmp_path: Path, kind: str, tile_size: int, call: Call
) -> None:
    out = tmp_path / f"out{ENDINGS[kind]}"
    chosen = ["--region", "whole8", "--tile-size", tile_size]
    assert call("export", site, *chosen, "--to", kind, "-o", out).code == 0
    if kind == "tiff":
        with Image.open(out) as image:
            assert (image.tag_v2[322], image.tag_v2[323]) == (tile_size, tile_size)
        assert np.array_equal(seen(out), WHOLE[0].pixels())
        return
    pyramid = deep_zoom_of(out) if kind == "dzi" else archived(out)
    assert pyramid.tile_size == tile_size
    assert np.array_equal(pyramid.levels()[-1], WHOLE[0].pixels())


@each_region
def test_szi_is_deep_zoom_in_one_file(site: Path, tmp_path: Path, drawn: Drawn, call: Call) -> None:
    for kind in ("dzi", "szi"):
        chosen = ["--region", drawn.name, "--to", kind, "-o", tmp_path / "out"]
        assert call("export", site, *chosen).code == 0
    one, other = deep_zoom_of(tmp_path / "out.dzi"), archived(tmp_path / "out.szi")
    assert np.array_equal(other.levels()[-1], drawn.pixels())
    with zipfile.ZipFile(tmp_path / "out.szi") as archive:
        for path, *_ in one.tiles():
            inside = path.replace("out_files/", f"{drawn.name}/{drawn.name}_files/")
            assert archive.read(inside) == (tmp_path / path).read_bytes()
        # As `dzsave` writes it, but for its dates and the order of its threads.
        assert archive.read(f"{drawn.name}/{drawn.name}.dzi") == (
            (tmp_path / "out.dzi").read_bytes()
        )


def test_the_layout_of_szi_is_that_of_libvips(site: Path, tmp_path: Path) -> None:
    arguments = ["export", str(site), "--region", "whole8", "--to", "szi"]
    assert run([*arguments, "-o", str(tmp_path / "ours.szi")]) == 0
    grey = np.ascontiguousarray(WHOLE[0].pixels()[:, :, :1])
    image = pyvips.Image.new_from_array(grey).copy(interpretation="b-w")
    image.dzsave(
        str(tmp_path / "whole8.szi"),
        container="szi",
        suffix=".png[compression=1,filter=none,keep=none]",
        tile_size=256,
        overlap=0,
    )
    with (
        zipfile.ZipFile(tmp_path / "ours.szi") as ours,
        zipfile.ZipFile(tmp_path / "whole8.szi") as theirs,
    ):
        names = [name for name in theirs.namelist() if not name.endswith("vips-properties.xml")]
        assert set(names) == set(ours.namelist())
        for name in names:
            text = theirs.read(name)
            if name.endswith("scan-properties.xml"):
                text = re.sub(rb' date="[^"]*"', b"", text)
            assert ours.read(name) == text, name


@each_region
def test_tiff(site: Path, tmp_path: Path, drawn: Drawn, call: Call) -> None:
    out = tmp_path / "out.tif"
    assert call("export", site, "--region", drawn.name, "--to", "tiff", "-o", out).code == 0
    wanted = drawn.pixels()
    assert np.array_equal(seen(out), wanted)
    sizes = [(wanted.shape[1], wanted.shape[0])]
    while max(sizes[-1]) > drawn.tile_size and min(sizes[-1]) > 1:
        sizes.append((sizes[-1][0] // 2, sizes[-1][1] // 2))
    with Image.open(out) as image:
        assert getattr(image, "n_frames", 1) == len(sizes)
        for number, size in enumerate(sizes):
            image.seek(number)
            assert image.size == size
            assert image.tag_v2.get(254, 0) == (number > 0), "a reduced image says so"
            assert (image.tag_v2[259], image.tag_v2[322]) == (8, drawn.tile_size), "deflate, tiles"
        image.seek(0)
        assert image.tag_v2[270].startswith(f"memtiles: {drawn.name} {drawn.start:#x}+")
    for number, (width, height) in enumerate(sizes):
        level = pyvips.Image.new_from_file(str(out), page=number)
        assert (level.width, level.height) == (width, height)
    full = pyvips.Image.new_from_file(str(out))
    assert full.get("n-pages") == len(sizes)
    bands = full.numpy().reshape(full.height, full.width, full.bands)
    grey = [0] * 3 if full.bands < 3 else [0, 1, 2]
    assert np.array_equal(bands[:, :, grey], wanted[:, :, :3])
    assert full.bands == (1 if drawn.bits == 8 else 3) + (drawn in HOLED)
    if drawn in HOLED:
        assert np.array_equal(bands[:, :, -1], wanted[:, :, 3])


@each_kind
@pytest.mark.parametrize("atlas", [None, "landscape"])
def test_an_atlas(site: Path, tmp_path: Path, kind: str, atlas: str | None, call: Call) -> None:
    """Every picture at its place, and nothing anywhere else."""
    out = tmp_path / f"out{ENDINGS[kind]}"
    chosen = ["--atlas", atlas] if atlas else []
    assert call("export", site, *chosen, "--to", kind, "-o", out).code == 0
    manifest = json.loads((site / "manifest.json").read_bytes())
    row = manifest["atlases"][0]
    if kind == "tiff":
        pixels = seen(out).copy()
    else:
        pixels = (deep_zoom_of(out) if kind == "dzi" else archived(out)).levels()[-1]
    pyramid = row["lenses"][0]["pyramid"]
    assert pixels.shape[:2] == (pyramid["height"], pyramid["width"])
    known = {one.name: one for one in REGIONS}
    drawn = 0
    for placed in row["placements"]:
        region = manifest["regions"][placed["region"]]
        picture = manifest["pictures"][placed["picture"]]
        place = pixels[placed["y"] :, placed["x"] :][: picture["height"], : picture["width"]]
        if region["name"] in known:
            drawn += 1
            assert np.array_equal(place, known[region["name"]].pixels()), region["name"]
        place[:] = 0
    assert drawn == len(REGIONS)
    assert not pixels.any()


@each_kind
@pytest.mark.parametrize("region", ["whole24", "holed8"])
def test_twice_the_same(site: Path, tmp_path: Path, kind: str, region: str) -> None:
    """Whatever it is called, and whenever it is made."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        arguments = ["export", str(site), "--region", region, "--to", kind]
        assert run([*arguments, "-o", str(tmp_path / name / "same")]) == 0
    one, two = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("one", "two")
    )
    assert one == two
    if kind != "dzi":
        target = tmp_path / f"another{ENDINGS[kind]}"
        assert run([*arguments, "-o", str(target)]) == 0
        assert [target.read_bytes()] == list(one.values())


def test_no_date_gets_in(site: Path, tmp_path: Path) -> None:
    """Where the calendar shows another day, too."""
    for number, zone in enumerate(("Pacific/Kiritimati", "Pacific/Pago_Pago")):
        out = tmp_path / f"{number}.szi"
        arguments = ["export", site, "--region", "whole8", "--to", "szi", "-o", out]
        done, _ = memtiles(*arguments, environment={"TZ": zone})
        assert done.code == 0
    assert (tmp_path / "0.szi").read_bytes() == (tmp_path / "1.szi").read_bytes()
    assert f"{time.gmtime().tm_year}-".encode() not in (tmp_path / "0.szi").read_bytes()


def first_bytes(path: Path) -> tuple[bytes, int]:
    """Order of bytes, and 42 for TIFF or 43 for BigTIFF."""
    order, version = struct.unpack("<2sH", path.read_bytes()[:4])
    return order, version


def test_a_large_tiff_is_a_big_tiff(
    site: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Plain offsets end at 4 GiB, and compression makes noise longer; here, small is large."""
    tiles = 128 * 96 + 64 * 48 + 32 * 24 + 16 * 12 + 8 * 6 + 4 * 3 + 2 * 2 + 1
    assert pixel_bytes("tiff", Blank(65_536, 49_152, 1), 512) == tiles * 512 * 512
    arguments = ["export", site, "--region", "holed8", "--to", "tiff", "-o"]
    assert call(*arguments, tmp_path / "plain.tif").code == 0
    monkeypatch.setattr("memtiles.tiles.standalone._BIG_TIFF_FROM", 100_000)
    assert call(*arguments, tmp_path / "big.tif").code == 0
    assert first_bytes(tmp_path / "plain.tif") == (b"II", 42)
    assert first_bytes(tmp_path / "big.tif") == (b"II", 43)
    for name in ("plain.tif", "big.tif"):
        assert np.array_equal(seen(tmp_path / name), HOLED[0].pixels())


@pytest.mark.parametrize("seed", range(6))
def test_odd_sizes(tmp_path: Path, seed: int, call: Call) -> None:
    """From one row of 64 pixels to many narrow ones."""
    choose = random.Random(seed)
    size, width = choose.randint(1, 300_000), choose.choice([4, 64, 68, 1000, 4096])
    (tmp_path / "dump.bin").write_bytes(noise(size, seed))
    config = f"dump: {{path: dump.bin, format: raw}}\npictures: {{bits: 8, width: {width}}}\n"
    (tmp_path / "config.yaml").write_text(config)
    assert call("build", tmp_path / "config.yaml", "--quiet").code == 0
    wanted = colours(noise(size, seed), 8, width, -(-size // width), np.ones(size, np.uint8))
    for kind in KINDS:
        out = tmp_path / f"out{ENDINGS[kind]}"
        chosen = ["--region", "0x0", "--to", kind, "-o", out, "--tile-size", 256]
        assert call("export", tmp_path / "site", *chosen).code == 0
        if kind == "tiff":
            assert np.array_equal(seen(out), wanted)
        else:
            pyramid = deep_zoom_of(out) if kind == "dzi" else archived(out)
            assert np.array_equal(pyramid.levels()[-1], wanted)
