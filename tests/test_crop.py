"""Crops: what is one, what it says when it is none, and what leaves a picture."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memtiles.crop import CROP_PATTERN, Crop, parse_crop
from memtiles.errors import LayoutError

SIDES = st.integers(1, 10**12 - 1)
PLACES = st.integers(0, 10**12 - 1)


@given(SIDES, SIDES, PLACES, PLACES, st.sampled_from("xX"), st.sampled_from(["", " ", "\t\n"]))
def test_a_crop_as_imagemagick_writes_it(
    width: int, height: int, x: int, y: int, cross: str, blank: str
) -> None:
    text = f"{width}{cross}{height}+{x}+{y}"
    crop = parse_crop(blank + text + blank)
    assert (crop.width, crop.height, crop.x, crop.y) == (width, height, x, y)
    assert re.search(CROP_PATTERN, text)
    assert parse_crop(str(crop)) == crop


@pytest.mark.parametrize(
    "text",
    [
        "",
        "100",
        "100x100",
        "100x100+5",
        "100x100+5+",
        "x100+0+0",
        "100x+0+0",
        "-1x5+0+0",
        "5x5-1+0",
        "5x5+0-1",
        "1.5x5+0+0",
        "5x5+0+0+0",
        "5x5+0+0!",
        "5 x 5+0+0",
        "5x5 +0+0",
        "0x10x5+0+0",
        "1e3x5+0+0",
        "50%x50%+0+0",
        "٣x٣+0+0",
        "1234567890123x1+0+0",
        "9" * 5000,
        "5x5+0+0\n6x6+0+0",
    ],
)
def test_what_is_no_crop(text: str) -> None:
    with pytest.raises(LayoutError, match="is not a crop; write WIDTHxHEIGHT") as caught:
        parse_crop(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300
    assert re.search(CROP_PATTERN, text) is None


@pytest.mark.parametrize("text", ["0x10+0+0", "10x0+0+0", "0x0+0+0", "000x1+5+5"])
def test_a_crop_without_pixels(text: str) -> None:
    with pytest.raises(LayoutError, match="has no pixels; a crop is at least 1x1"):
        parse_crop(text)


@given(
    st.integers(1, 50), st.integers(1, 50), st.integers(1, 60), st.integers(1, 60),
    st.integers(0, 60), st.integers(0, 60),
)  # fmt: skip
def test_a_crop_is_refused_exactly_where_it_leaves_the_picture(
    width: int, height: int, crop_width: int, crop_height: int, x: int, y: int
) -> None:
    inside = all(
        0 <= column < width and 0 <= row < height
        for column in (x, x + crop_width - 1)
        for row in (y, y + crop_height - 1)
    )
    crop = Crop(crop_width, crop_height, x, y)
    if inside:
        crop.check(width, height)
        return
    with pytest.raises(LayoutError, match=re.escape(f"{width}x{height}+0+0 is all of it")):
        crop.check(width, height)
