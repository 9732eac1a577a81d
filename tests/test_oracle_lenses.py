"""The oracle for atlases with a layout of their own, through lenses with a palette.

Where a pixel lies comes from Hilbert's curve as Wikipedia prints it (`d2xy`), and what sort a byte
is of from the words in the legend.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from PIL import Image

from sites import SiteEyes, build_site, expected_colour, made_up_process, tiled

PIXELS = 5_000
BLOCK = 64


@pytest.fixture(scope="module", params=["hilbert 8", "hilbert 24", "pages 8", "pages 16"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SiteEyes:
    layout, bits = request.param.split()
    more = (
        f"pictures: {{bits: {bits}, layout: {layout}, lenses: [class, bytes]}}\n"
        "tiles: {size: 256}\n"
    )
    return SiteEyes(build_site(tmp_path_factory.mktemp("oracle"), more))


def hilbert_side(pixels: int) -> int:
    side = 1
    while side * side < pixels:
        side *= 2
    return side


def on_hilbert(side: int, number: int) -> tuple[int, int]:
    """`d2xy`, with x and y swapped: its curve ends top right, that of a picture bottom left."""
    x = y = 0
    step = 1
    while step < side:
        right = 1 & number // 2
        down = 1 & (number ^ right)
        if down == 0:
            if right == 1:
                x, y = step - 1 - x, step - 1 - y
            x, y = y, x
        x, y = x + step * right, y + step * down
        number //= 4
        step *= 2
    return y, x


def in_pages(pixels: int, number: int) -> tuple[int, int]:
    width = BLOCK
    while width * width < pixels:
        width *= 2
    block, inside = divmod(number, BLOCK * BLOCK)
    down, right = divmod(block, width // BLOCK)
    return right * BLOCK + inside % BLOCK, down * BLOCK + inside // BLOCK


def class_colour(legend: dict[str, str], values: list[int | None]) -> tuple[int, ...] | None:
    """The colour of the foremost of some bytes; there is no UTF-16 in random ones."""
    if None in values:
        return None
    for label, belongs in (
        ("0x80 to 0xfe", range(0x80, 0xFF)),
        ("ASCII text, with tab, line feed and carriage return", (*range(0x20, 0x7F), 9, 10, 13)),
        ("0x01 to 0x1f but for these three, and 0x7f", (*range(0x01, 0x20), 0x7F)),
        ("0xff", (0xFF,)),
        ("0x00", (0x00,)),
    ):
        if any(value in belongs for value in values):
            return tuple(bytes.fromhex(legend[label].removeprefix("#")))
    raise AssertionError(values)


def test_atlas(site: SiteEyes) -> None:
    manifest = site.manifest
    (atlas,) = manifest["atlases"]
    assert [row["name"] for row in manifest["lenses"]] == ["class", "bytes"]
    assert [row["lens"] for row in atlas["lenses"]] == [0, 1]
    legend = {row["label"]: row["colour"] for row in manifest["lenses"][0]["legend"]}
    _, memory = made_up_process()
    choose = random.Random(4)
    missing = 0
    for _ in range(PIXELS):
        placement = choose.choice(atlas["placements"])
        region = manifest["regions"][placement["region"]]
        count = manifest["pictures"][placement["picture"]]["bits"] // 8
        start, size = int(region["start"], 16), int(region["size"], 16)
        pixels = -(-size // count)
        number = choose.randrange(pixels)
        x, y = (
            on_hilbert(hilbert_side(pixels), number)
            if atlas["layout"] == "hilbert"
            else in_pages(pixels, number)
        )
        x, y = placement["x"] + x, placement["y"] + y
        offsets = range(number * count, (number + 1) * count)
        values = [memory.byte(start + i) if i < size else None for i in offsets]
        expected: list[Any] = [class_colour(legend, values), expected_colour(values, count * 8)]
        for row, colour in zip(atlas["lenses"], expected, strict=True):
            assert site.pixel(row, x, y) == colour, (region["name"], number)
        missing += None in values
    assert missing > PIXELS / 100


@pytest.mark.parametrize("lens", [0, 1], ids=["class", "bytes"])
def test_nothing_else_is_drawn(site: SiteEyes, lens: int) -> None:
    """The pixels of an atlas that are not clear are as many as have all their bytes."""
    (atlas,) = site.manifest["atlases"]
    row = tiled(atlas, lens)
    pyramid = row["pyramid"]
    side, drawn = pyramid["tile_size"], 0
    for top in range(0, pyramid["height"], side):
        for left in range(0, pyramid["width"], side):
            name = site.tile_file(row, pyramid["levels"] - 1, left // side, top // side)
            with Image.open(site.folder / name) as image:
                alpha = np.asarray(image.convert("RGBA"))[:, :, 3]
            alpha = alpha[: pyramid["height"] - top, : pyramid["width"] - left]
            drawn += np.count_nonzero(alpha)
    assert drawn == sum(
        whole_pixels(site.manifest["regions"][placed["region"]], picture["bits"] // 8)
        for placed in atlas["placements"]
        for picture in [site.manifest["pictures"][placed["picture"]]]
    )


def whole_pixels(region: dict[str, Any], count: int) -> int:
    """Pixels of a region of which the dump holds every byte."""
    start, size = int(region["start"], 16), int(region["size"], 16)
    held = np.zeros(size + -size % count, np.bool_)
    for load in made_up_process()[1].loads:
        first = load.vaddr - start
        if 0 <= first < size:
            held[first : first + len(load.data)] = True
    return int(held.reshape(-1, count).all(axis=1).sum())
