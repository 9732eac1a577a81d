"""`memtiles slice` of a site: its regions and atlases, against its own tiles and the memory."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips

from exports.exported import (
    Outcome,
    Pixels,
    classic,
    colours,
    held,
    nothing_changes,
    on_magenta,
    refused,
    rows,
    seen,
)
from sites import PAGE, SiteEyes, build_site, made_up_process, tiled

PROGRAM = 0x55_5555_554000
LIBRARY = 0x7FFF_F7A0_0000

# What is sliced are bytes, also where another lens opens.
MORE = """\
pictures: {lenses: [class, bytes]}
regions: {ranges: [{name: everywhere, range: 0x6000000000+0x1000}]}
overrides:
- {match: {name: "lib*"}, bits: 16, width: 512}
- {match: {name: made up}, bits: 24, layout: classic}
- {match: {name: everywhere}, bits: 32}
atlases:
- {name: landscape}
- {name: second, aspect: "1:9"}
- {name: curve, layout: hilbert}
- {name: blocks, layout: pages}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SiteEyes:
    return SiteEyes(build_site(tmp_path_factory.mktemp("sliced"), MORE))


@pytest.mark.parametrize("kind", ["png", "tif", "bmp"])
@pytest.mark.parametrize(
    ("name", "start", "size", "bits", "width"),
    [
        ("made up", PROGRAM, 8 * PAGE, 24, None),
        ("LIBMADE.SO.6", LIBRARY, 184 * PAGE, 16, 512),
        ("0x7ffff7a01234", LIBRARY, 184 * PAGE, 16, 512),
        ("everywhere", 0x60_0000_0000, PAGE, 32, 64),
        ("0x6000002000", 0x60_0000_2000, PAGE, 8, 64),
    ],
)
def test_a_region(
    site: SiteEyes,
    tmp_path: Path,
    kind: str,
    name: str,
    start: int,
    size: int,
    bits: int,
    width: int | None,
    call: Callable[..., Outcome],
) -> None:
    out = tmp_path / f"out.{kind}"
    done = call("slice", site.folder, out, "--region", name)
    assert (done.code, done.errors) == (0, [])
    shape = classic(size, bits) if width is None else rows(size, bits, width)
    wanted = colours(*held_as(start, size, bits, shape))
    assert np.array_equal(seen(out), on_magenta(wanted) if kind == "bmp" else wanted)
    if kind != "bmp":
        image = pyvips.Image.new_from_file(str(out))
        assert (image.width, image.height) == shape


def held_as(
    start: int, size: int, bits: int, shape: tuple[int, int]
) -> tuple[Pixels, int, int, int, Pixels]:
    """What `colours` wants to know of a range of the made-up process."""
    data, present = held(made_up_process()[1], start, size)
    return data, bits, *shape, present


def crop_of(row: dict[str, Any], choose: random.Random) -> tuple[int, int, int, int]:
    """A crop of an atlas around the corner of a picture, of up to 150 × 120 pixels."""
    pyramid = tiled(row)["pyramid"]
    width, height = pyramid["width"], pyramid["height"]
    wide, high = min(width, choose.randint(1, 150)), min(height, choose.randint(1, 120))
    corner = choose.choice(row["placements"])
    x = min(max(0, corner["x"] - choose.randrange(wide)), width - wide)
    y = min(max(0, corner["y"] - choose.randrange(high)), height - high)
    return wide, high, x, y


@pytest.mark.parametrize("kind", ["png", "tif", "bmp"])
@pytest.mark.parametrize("atlas", [None, "landscape", "second", "curve", "blocks"])
def test_an_atlas(
    site: SiteEyes,
    tmp_path: Path,
    atlas: str | None,
    kind: str,
    call: Callable[..., Outcome],
) -> None:
    """Its pixels are those of the tiles, which `test_oracle.py` holds against the memory."""
    rows_of = site.manifest["atlases"]
    (row,) = [row for row in rows_of if row["name"] == (atlas or "landscape")]
    chosen = ["--atlas", atlas] if atlas else []
    choose = random.Random(f"{atlas} {kind}")
    drawn = 0
    for number in range(6):
        wide, high, x, y = crop_of(row, choose)
        out = tmp_path / f"{number}.{kind}"
        crop = ["--crop", f"{wide}x{high}+{x}+{y}"]
        assert call("slice", site.folder, out, *chosen, *crop).code == 0
        wanted = np.zeros((high, wide, 4), np.uint8)
        for top in range(high):
            for left in range(wide):
                pixel = site.pixel(tiled(row, 1), x + left, y + top)
                if pixel is not None:
                    wanted[top, left] = (*(pixel * 3 if len(pixel) == 1 else pixel), 255)
        drawn += int((wanted[:, :, 3] > 0).sum())
        assert np.array_equal(seen(out), on_magenta(wanted) if kind == "bmp" else wanted)
    assert drawn > 500


def test_a_whole_atlas(site: SiteEyes, tmp_path: Path, call: Callable[..., Outcome]) -> None:
    """Every picture is at its place, and nothing is anywhere else."""
    row = site.manifest["atlases"][0]
    assert call("slice", site.folder, tmp_path / "all.tif", "--atlas", "landscape").code == 0
    pyramid = tiled(row)["pyramid"]
    pixels = seen(tmp_path / "all.tif").copy()
    assert pixels.shape[:2] == (pyramid["height"], pyramid["width"])
    for placed in row["placements"]:
        region = site.manifest["regions"][placed["region"]]
        picture = site.manifest["pictures"][placed["picture"]]
        start, size = int(region["start"], 16), int(region["size"], 16)
        shape = picture["width"], picture["height"]
        wanted = colours(*held_as(start, size, picture["bits"], shape))
        place = pixels[placed["y"] :, placed["x"] :][: shape[1], : shape[0]]
        assert np.array_equal(place, wanted), region["name"]
        place[:] = 0
    assert not pixels.any()


def test_what_it_is_of(site: SiteEyes, tmp_path: Path, call: Callable[..., Outcome]) -> None:
    for arguments, words in (
        (["--region", "made up"], "memtiles: made up 0x555555554000+0x8000, 24 bits classic, "),
        (["--atlas", "second"], "memtiles: app.core, atlas second, "),
        ([], "memtiles: app.core, atlas landscape, "),
    ):
        out = tmp_path / "out.png"
        assert call("slice", site.folder, out, "--force", *arguments).code == 0
        image = pyvips.Image.new_from_file(str(out))
        text = image.get("png-comment-0-Description")
        assert text == f"{words}{image.width}x{image.height}+0+0 of {image.width}x{image.height}"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--region", "libmad"], 2, ["no region is called 'libmad'", "'libmade.so.6'"]),
        (["--atlas", "third"], 2, ["no atlas 'third'", "landscape, second"]),
        (["--atlas", "second", "--region", "made up"], 2, ["--region", "--atlas"]),
        (["--range", "0 L10"], 2, ["--range is for a file"]),
        (["--bits", "8"], 2, ["--bits is for a file"]),
        (["--layout", "rows"], 2, ["--layout is for a file"]),
        (["--width", "64"], 2, ["--width is for a file"]),
        (["--base", "0"], 2, ["--base is for a file"]),
        (["--format", "raw"], 2, ["--format is for a file"]),
        (["--space", "virtual"], 2, ["--space is for a file"]),
        (["--region", "everywhere", "--crop", "65x1+0+0"], 2, ["64x16+0+0 is all of it"]),
        (["--limit", "1000"], 4, ["--limit"]),
    ],
)
def test_refused(
    site: SiteEyes,
    tmp_path: Path,
    arguments: list[str],
    code: int,
    words: list[str],
    call: Callable[..., Outcome],
) -> None:
    with nothing_changes(tmp_path):
        refused(call("slice", site.folder, tmp_path / "out.png", *arguments), code, *words)


def test_a_folder_that_is_no_site(tmp_path: Path, call: Callable[..., Outcome]) -> None:
    with nothing_changes(tmp_path):
        refused(call("slice", tmp_path, tmp_path / "out.png"), 2, "manifest.json")
    (tmp_path / "manifest.json").write_text("{}")
    with nothing_changes(tmp_path):
        assert call("slice", tmp_path, tmp_path / "out.png").code in (2, 7)


def test_an_atlas_is_for_a_site(core: Path, call: Callable[..., Outcome]) -> None:
    with nothing_changes(core.parent):
        refused(call("slice", core, core.parent / "out.png", "--atlas", "x"), 2, "for a site")


@pytest.mark.parametrize("damage", ["gone", "short"])
def test_damage(tmp_path: Path, damage: str, call: Callable[..., Outcome]) -> None:
    site = build_site(tmp_path)
    for bmp in site.glob("pictures/*/region.bmp"):
        if damage == "gone":
            bmp.unlink()
        else:
            bmp.write_bytes(bmp.read_bytes()[:100])
    for kind in ("png", "tif", "bmp"):
        for chosen in (["--region", "made up"], []):
            with nothing_changes(tmp_path):
                done = call("slice", site, tmp_path / f"out.{kind}", *chosen)
                refused(done, 7, "region.bmp", "--rehash")
