"""One odd page among 16,384: whoever sees all of the map on one screen has to see it.

The colours of its pixels must be ones that no other pixel of that level has.
"""

from __future__ import annotations

import random
import struct
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from lens_oracles import LensEyes
from memtiles.cli import run
from memtiles.pictures.layout import LayoutName, geometry, number_to_pixel

PAGE = 4096
PAGES = 16_384
BASE = 0x7F12_3400_0000
SCREEN = (1280, 800)
LAYOUTS: dict[str, LayoutName] = {"landscape": "rows", "curve": "hilbert"}

RANDOM = random.Random(1).randbytes(PAGE)
TEXT = (b"All work and no play makes Jack a dull boy.\r\n" * PAGE)[:PAGE]
POINTERS = struct.pack("<512Q", *(BASE + 8 * 1021 * at for at in range(512)))

# Of each dump: what all of it is (zeros are holes of the file), and odd pages by their numbers,
# which are no neighbours and at no edge.
DUMPS: dict[str, tuple[bytes, dict[str, tuple[int, bytes]]]] = {
    "text": (TEXT, {"random": (9_173, RANDOM), "pointers": (4_999, POINTERS)}),
    "zeros": (
        b"",
        {"random": (9_173, RANDOM), "pointers": (4_999, POINTERS), "text": (12_345, TEXT)},
    ),
}

SEEN = [
    # The highest entropy of all, in whatever.
    ("text", "random", "entropy", "landscape"),
    ("text", "random", "entropy", "curve"),
    ("zeros", "random", "entropy", "landscape"),
    ("zeros", "random", "entropy", "curve"),
    ("zeros", "text", "entropy", "landscape"),
    ("zeros", "text", "entropy", "curve"),
    # What is no filling, however little it is.
    ("text", "pointers", "pointers", "landscape"),
    ("text", "pointers", "pointers", "curve"),
    ("zeros", "pointers", "pointers", "landscape"),
    ("zeros", "pointers", "pointers", "curve"),
    ("zeros", "text", "class", "landscape"),
    ("zeros", "text", "class", "curve"),
    ("zeros", "random", "class", "landscape"),
    ("zeros", "random", "class", "curve"),
    # On the curve a page is a square, and all of one pixel or more.
    ("text", "random", "class", "curve"),
]

HIDDEN = [
    # A page of 4,096 pixels of one row is a 16th of each pixel: no quarter of what is no filling.
    ("text", "random", "class", "landscape"),
    ("text", "random", "pointers", "landscape"),
    ("zeros", "text", "pointers", "curve"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


@cache
def eyes_of(folder: Path, dump: str) -> LensEyes:
    """The built site of a dump."""
    background, planted = DUMPS[dump]
    with (folder / f"{dump}.bin").open("wb") as file:
        file.write(background * PAGES)
        for number, page in planted.values():
            file.seek(number * PAGE)
            file.write(page)
        file.truncate(PAGES * PAGE)
    config = folder / f"{dump}.yaml"
    config.write_text(
        f"dump: {{path: {dump}.bin, format: raw, base: '{BASE:#x}'}}\n"
        "pictures: {lenses: [entropy, pointers, class]}\n"
        "atlases: [{name: landscape}, {name: curve, layout: hilbert}]\n"
        f"output: {dump}-site\n"
    )
    assert run(["build", str(config), "--quiet"]) == 0
    return LensEyes(folder / f"{dump}-site")


Colours = set[tuple[int, ...]]


def colours(folder: Path, dump: str, page: str, lens: str, atlas: str) -> tuple[Colours, Colours]:
    """At the level that a screen shows at once: colours of a page's pixels, and of all others.

    Pixels of other odd pages are neither.
    """
    eyes = eyes_of(folder, dump)
    row = next(one for one in eyes.manifest["atlases"] if one["name"] == atlas)
    seen = row["lenses"][eyes.lens_names().index(lens)]
    pyramid, (placed,) = seen["pyramid"], row["placements"]
    shift = 0
    while any(
        -(-pyramid[side] >> shift) > most
        for side, most in zip(("width", "height"), SCREEN, strict=True)
    ):
        shift += 1
    pixels = eyes.level(seen, pyramid["levels"] - 1 - shift)[:, :, :3]
    shape = geometry(LAYOUTS[atlas], 8, PAGES * PAGE)
    is_page, is_other = np.zeros((2, *pixels.shape[:2]), np.bool_)
    for name, (number, _) in DUMPS[dump][1].items():
        places = [number_to_pixel(shape, number * PAGE + at) for at in range(PAGE)]
        for x, y in places:
            at = (placed["y"] + y) >> shift, (placed["x"] + x) >> shift
            (is_page if name == page else is_other)[at] = True
    drawn = np.zeros_like(is_page)
    top, left = placed["y"] >> shift, placed["x"] >> shift
    drawn[top : top + (shape.height >> shift), left : left + (shape.width >> shift)] = True
    return of(pixels[is_page]), of(pixels[drawn & ~is_page & ~is_other])


def of(pixels: npt.NDArray[np.uint8]) -> Colours:
    return {tuple(one) for one in np.unique(pixels, axis=0).tolist()}


@pytest.mark.parametrize(("dump", "page", "lens", "atlas"), SEEN)
def test_an_odd_page_is_seen(folder: Path, dump: str, page: str, lens: str, atlas: str) -> None:
    own, others = colours(folder, dump, page, lens, atlas)
    assert others
    assert own
    assert not own & others, "some of its pixels look like any other"


@pytest.mark.parametrize(("dump", "page", "lens", "atlas"), HIDDEN)
def test_what_a_rule_does_not_show(
    folder: Path, dump: str, page: str, lens: str, atlas: str
) -> None:
    """Another layout or lens shows it, which is why there are several."""
    own, others = colours(folder, dump, page, lens, atlas)
    assert own <= others
