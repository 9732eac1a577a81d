"""The end-to-end oracle: a full-resolution pixel equals the colour of that pixel's bytes, and is
transparent exactly where the runs say."""

from __future__ import annotations

import random
from typing import Any

import pytest

from sites import SiteEyes, build_site, expected_colour, made_up_process, tiled

PIXELS = 10_000


@pytest.fixture(scope="module", params=["rows 8", "rows 16", "rows 24", "rows 32", "classic 8"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> SiteEyes:
    layout, bits = request.param.split()
    more = f"pictures: {{bits: {bits}, layout: {layout}}}\ntiles: {{region_pyramids_from: 4KiB}}\n"
    return SiteEyes(build_site(tmp_path_factory.mktemp("oracle"), more))


def colour_at(region: dict[str, Any], picture: dict[str, Any], x: int, y: int) -> Any:
    """The expected colour of a picture's pixel, straight from the made-up process."""
    _, memory = made_up_process()
    width, bits, start = picture["width"], picture["bits"], int(region["start"], 16)
    count = bits // 8
    offset = (y * width + x) * count
    inside = [i for i in range(offset, offset + count) if i < int(picture["size"], 16)]
    return expected_colour([memory.byte(start + i) for i in inside], bits)


def test_region_pyramids(site: SiteEyes) -> None:
    manifest = site.manifest
    drawn = [region for region in manifest["regions"] if region["picture"] is not None]
    pyramids = [r for r in drawn if manifest["pictures"][r["picture"]]["pyramid"]]
    assert len(pyramids) == len(drawn)
    choose = random.Random(1)
    transparent = 0
    for _ in range(PIXELS):
        region = choose.choice(pyramids)
        picture = manifest["pictures"][region["picture"]]
        x, y = choose.randrange(picture["width"]), choose.randrange(picture["height"])
        expected = colour_at(region, picture, x, y)
        assert site.pixel(picture, x, y) == expected, (region["name"], x, y)
        transparent += expected is None
    assert transparent > PIXELS / 100


def test_atlas(site: SiteEyes) -> None:
    manifest = site.manifest
    atlas = manifest["atlases"][0]
    pyramid = tiled(atlas)["pyramid"]
    choose = random.Random(2)
    hits = 0
    for _ in range(PIXELS):
        x = choose.randrange(pyramid["width"])
        y = choose.randrange(pyramid["height"])
        expected = None
        for placement in atlas["placements"]:
            region = manifest["regions"][placement["region"]]
            picture = manifest["pictures"][region["picture"]]
            column, row = x - placement["x"], y - placement["y"]
            if 0 <= column < picture["width"] and 0 <= row < picture["height"]:
                expected = colour_at(region, picture, column, row)
                hits += 1
        found = site.pixel(atlas, x, y)
        if expected is not None and len(expected) == 1 and found is not None and len(found) == 3:
            expected = expected * 3
        assert found == expected, (x, y)
    assert hits > PIXELS / 20


def test_every_byte_is_where_the_bmp_says(site: SiteEyes) -> None:
    _, memory = made_up_process()
    choose = random.Random(3)
    for region in site.manifest["regions"]:
        if region["picture"] is None:
            continue
        picture = site.manifest["pictures"][region["picture"]]
        (part,) = picture["bmp"]
        raw = (site.folder / picture["path"] / part["file"]).read_bytes()
        for _ in range(200):
            offset = choose.randrange(int(region["size"], 16))
            expected = memory.byte(int(region["start"], 16) + offset)
            assert raw[part["offset"] + offset] == (expected or 0)


def test_present_counts_are_the_bytes_of_the_dump(site: SiteEyes) -> None:
    _, memory = made_up_process()
    present = sum(int(region["present"], 16) for region in site.manifest["regions"])
    assert present == sum(len(load.data) for load in memory.loads)
