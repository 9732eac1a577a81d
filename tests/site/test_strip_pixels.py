"""Strips of a site, read by Pillow and by libvips: every pixel is the memory's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image

from sites import SiteEyes, build_site, expected_colour, made_up_process, tiled

HOLE = (0, 0, 0, 0)
MAGENTA = (255, 0, 255, 255)
PROGRAM = 0x55_5555_554000
LIBRARY = 0x7FFF_F7A0_0000

# The program's second half is a hole, so are the library's last pages; the range has none.
MORE = """\
regions: {ranges: [{name: whole, range: 0x6000000000+0x1000}]}
overrides:
- {match: {name: "lib*"}, bits: 16, width: 512}
- {match: {name: made up}, bits: 32, layout: classic}
- {match: {name: whole}, bits: 24, layout: classic}
strips:
- {name: grey, region: 0x6000004000}
- {name: grey-bmp, region: 0x6000004000, format: bmp, dpi: 72}
- {name: words, region: LIBMADE.so.6, crop: 100x80+400+640, format: tif, dpi: 9600}
- {name: words-bmp, region: 0x7ffff7a00000, crop: 33x7+5+680, format: bmp}
- {name: half, region: made up, dpi: 1}
- {name: half-tif, region: made up, format: tif}
- {name: half-bmp, region: made up, crop: 31x60+50+20, format: bmp}
- {name: whole, region: whole, format: tif}
- {name: whole-bmp, region: whole, crop: 17x30+3+1, format: bmp}
- {name: landscape, atlas: landscape, crop: 560x260+170+800}
- {name: landscape-tif, atlas: landscape, crop: 90x1600+980+400, format: tif, dpi: 150}
- {name: landscape-bmp, atlas: landscape, crop: 301x100+400+980, format: bmp}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteEyes:
    return SiteEyes(build_site(tmp_path_factory.mktemp("strips"), MORE))


NAMES = re.findall("- {name: ([a-z-]+), ", MORE.partition("strips:")[2])
NO_HOLES = {"grey", "grey-bmp", "whole", "whole-bmp"}


def row_of(site: SiteEyes, name: str) -> dict[str, Any]:
    (row,) = [row for row in site.manifest["strips"] if row["name"] == name]
    return dict(row)


def colour(region: dict[str, Any], picture: dict[str, Any], x: int, y: int) -> tuple[int, ...]:
    """Red, green, blue and alpha of a pixel of a region's picture, from the memory itself."""
    memory = made_up_process()[1]
    count = picture["bits"] // 8
    offset = (y * picture["width"] + x) * count
    size = int(region["size"], 16)
    start = int(region["start"], 16)
    values = [
        memory.byte(start + at) if at < size else None for at in range(offset, offset + count)
    ]
    found = expected_colour(values, picture["bits"])
    if found is None:
        return HOLE
    return (*(found * 3 if len(found) == 1 else found), 255)


def expected(site: SiteEyes, row: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """All pixels of a strip as red, green, blue, alpha."""
    manifest = site.manifest
    pixels = np.zeros((row["height"], row["width"], 4), np.uint8)
    if row["region"] is not None:
        placements = [{"region": row["region"], "x": 0, "y": 0}]
    else:
        placements = manifest["atlases"][row["atlas"]]["placements"]
    right, bottom = row["x"] + row["width"], row["y"] + row["height"]
    for placed in placements:
        region = manifest["regions"][placed["region"]]
        picture = manifest["pictures"][region["picture"]]
        left, top = placed["x"], placed["y"]
        for y in range(max(row["y"], top), min(bottom, top + picture["height"])):
            for x in range(max(row["x"], left), min(right, left + picture["width"])):
                pixels[y - row["y"], x - row["x"]] = colour(region, picture, x - left, y - top)
    if row["format"] == "bmp":
        pixels[pixels[:, :, 3] == 0] = MAGENTA
    return pixels


@pytest.mark.parametrize("name", NAMES)
def test_every_pixel_is_the_memorys(site: SiteEyes, name: str) -> None:
    row = row_of(site, name)
    pixels = expected(site, row)
    with Image.open(site.folder / row["path"] / row["file"]) as image:
        assert image.size == (row["width"], row["height"])
        assert np.array_equal(np.asarray(image.convert("RGBA")), pixels)
    missing = (pixels == (MAGENTA if row["format"] == "bmp" else HOLE)).all(axis=2)
    assert not missing.all()
    assert missing.any() == (name not in NO_HOLES)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("bmp")])
def test_libvips_sees_the_same(site: SiteEyes, name: str) -> None:
    row = row_of(site, name)
    image = pyvips.Image.new_from_file(str(site.folder / row["path"] / row["file"]))
    assert (image.width, image.height) == (row["width"], row["height"])
    assert image.xres * 25.4 == pytest.approx(row["dpi"], rel=0.02)
    pixels = image.numpy().reshape(image.height, image.width, image.bands)
    wanted = expected(site, row)
    grey = [0] if image.bands < 3 else [0, 1, 2]
    assert np.array_equal(pixels, wanted[:, :, [*grey, 3] if image.bands % 2 == 0 else grey])


@pytest.mark.parametrize("name", NAMES)
def test_the_file_states_its_dpi(site: SiteEyes, name: str) -> None:
    row = row_of(site, name)
    with Image.open(site.folder / row["path"] / row["file"]) as image:
        # PNG and BMP count whole pixels per metre: 1 dpi is 39.37 of them.
        assert image.info["dpi"] == pytest.approx((row["dpi"], row["dpi"]), rel=0.02, abs=0.01)


def said(site: SiteEyes, name: str) -> str:
    row = row_of(site, name)
    with Image.open(site.folder / row["path"] / row["file"]) as image:
        text = image.info["Description"] if row["format"] == "png" else image.tag_v2[270]
    assert text.isascii()
    assert text.isprintable()
    return str(text)


def test_the_file_says_what_it_is_of(site: SiteEyes) -> None:
    assert said(site, "half") == (
        "memtiles: made up 0x555555554000+0x8000, 32 bits classic, 90x90+0+0 of 90x90"
    )
    assert said(site, "words") == (
        "memtiles: libmade.so.6 0x7ffff7a00000+0xb8000, 16 bits rows, 100x80+400+640 of 512x736"
    )
    pyramid = tiled(site.manifest["atlases"][0])["pyramid"]
    size = f"{pyramid['width']}x{pyramid['height']}"
    assert said(site, "landscape") == (
        f"memtiles: app.core, atlas landscape, 560x260+170+800 of {size}"
    )


def test_hostile_names_in_what_a_file_says(tmp_path: Path) -> None:
    name = "</script>\u202e\\ évil\U0001f600" + "x" * 3000
    quoted = json.dumps(name).replace("\\ud83d\\ude00", "\\U0001f600")
    config = f"regions: {{ranges: [{{name: {quoted}, range: {PROGRAM:#x}+0x10}}]}}\n"
    kinds = "".join(
        f"- {{name: s-{kind}, region: {PROGRAM:#x}, format: {kind}}}\n" for kind in ("png", "tif")
    )
    site = SiteEyes(build_site(tmp_path, f"{config}strips:\n{kinds}"))
    for kind in ("png", "tif"):
        text = said(site, f"s-{kind}")
        assert text.startswith("memtiles: </script>\\u202e\\\\ \\xe9vil\\U0001f600xxx")
        assert text.endswith("x 0x555555554000+0x10, 8 bits rows, 64x1+0+0 of 64x1")
        assert len(text) < 400
