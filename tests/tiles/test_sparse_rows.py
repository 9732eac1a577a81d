"""Tiles with many rows of nothing: the same pixels as by a slow mean, the same bytes as if unknown.

Rows without anything in them are not put together, halved or compressed one by one.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from memtiles.pictures.patch import Patch
from memtiles.tiles.pyramid import save_pyramid
from tiles.planes import ArrayPlane, Pixels
from tiles.slow_mean import levels_slowly, with_alpha

TILE = 32

Band = tuple[str, int]
"""What some rows of a region are, and how many."""


class Regions(ArrayPlane):
    """Regions side by side, each in bands of rows of which zeros and holes are known."""

    def __init__(self, columns: Sequence[tuple[int, Sequence[Band]]], seed: int) -> None:
        random = np.random.default_rng(seed)
        height = max(sum(rows for _, rows in bands) for _, bands in columns)
        width = sum(columns_wide for columns_wide, _ in columns)
        pixels = np.zeros((height, width, 2), np.uint8)
        pieces = []
        x = 0
        for wide, bands in columns:
            y = 0
            for kind, rows in bands:
                place = pixels[y : y + rows, x : x + wide]
                if kind != "hole":
                    place[:, :, 1] = 255
                    pieces.append((x, y, wide, rows, kind))
                if kind in ("data", "few"):
                    place[:, :, 0] = random.integers(0, 256, (rows, wide))
                if kind == "few":
                    place[:, :, 0] *= random.integers(0, 8, (rows, 1), dtype=np.uint8) == 0
                if kind == "torn":
                    place[:] *= random.integers(0, 2, (rows, wide, 1), dtype=np.uint8)
                y += rows
            x += wide
        super().__init__(pixels)
        object.__setattr__(self, "pieces", pieces)

    pieces: list[tuple[int, int, int, int, str]]

    def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        found = []
        for x, y, wide, rows, kind in self.pieces:
            x1, x2 = max(x, left), min(x + wide, left + width)
            y1, y2 = max(y, top), min(y + rows, top + height)
            if x1 >= x2 or y1 >= y2:
                continue
            pixels = self.pixels[y1:y2, x1:x2]
            if kind == "zeros":
                pixels = np.broadcast_to(np.uint8(0), (y2 - y1, x2 - x1, 1))
            elif kind != "torn":
                pixels = pixels[:, :, :1]
            found.append(Patch(x1 - left, y1 - top, pixels))
        return found


BANDS = st.lists(
    st.tuples(st.sampled_from(["zeros", "hole", "data", "few", "torn"]), st.integers(1, 40)),
    min_size=1,
    max_size=6,
)
COLUMNS = st.lists(
    st.tuples(st.sampled_from([3, 8, 20, 32, 64, 97]), BANDS), min_size=1, max_size=3
)


@settings(deadline=None, max_examples=150)
@given(COLUMNS, st.integers(0, 2**32 - 1))
def test_every_level_is_a_slow_mean_whatever_is_known(
    columns: list[tuple[int, list[Band]]], seed: int
) -> None:
    plane = Regions(columns, seed)
    with tempfile.TemporaryDirectory() as place:
        folders = [Path(place, name) for name in ("known", "unknown")]
        for folder, one in zip(folders, (plane, ArrayPlane(plane.pixels)), strict=True):
            folder.mkdir()
            save_pyramid(one, folder, TILE, 1)
        known, unknown = ((folder / "tiles.sha256").read_bytes() for folder in folders)
        assert known == unknown
        for level, expected in levels_slowly(plane.pixels).items():
            assert np.array_equal(level_of(folders[0], level, expected.shape), expected)


@settings(deadline=None, max_examples=50)
@given(COLUMNS, BANDS, st.integers(0, 2**32 - 1))
def test_grey_beside_colours(
    columns: list[tuple[int, list[Band]]], coloured: list[Band], seed: int
) -> None:
    """An atlas of which one region has 24 bits: each band by itself is a slow mean."""
    grey, red = Regions(columns, seed), Regions([(40, coloured)], seed + 1)
    height = max(grey.height, red.height)
    pixels = np.zeros((height, grey.width + 40, 4), np.uint8)
    pixels[: grey.height, : grey.width] = grey.pixels[:, :, [0, 0, 0, 1]]
    pixels[: red.height, grey.width :] = red.pixels[:, :, [0, 0, 0, 1]]
    pixels[: red.height, grey.width :, 1] = 0

    def reddened(one: Pixels) -> Pixels:
        found = one[:, :, [0, 0, 0, *range(1, one.shape[2])]]
        found[:, :, 1] = 0
        return found

    class Both(ArrayPlane):
        def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
            found = []
            for plane, x in ((grey, 0), (red, grey.width)):
                x1, x2 = max(x, left), min(x + plane.width, left + width)
                y2 = min(plane.height, top + height)
                if x1 >= x2 or top >= y2:
                    continue
                for patch in plane.patches(x1 - x, top, x2 - x1, y2 - top):
                    shown = reddened(patch.pixels) if plane is red else patch.pixels
                    found.append(Patch(x1 - left + patch.x, patch.y, shown))
            return found

    with tempfile.TemporaryDirectory() as place:
        save_pyramid(Both(pixels), Path(place), TILE, 1)
        for band in range(3):
            for level, expected in levels_slowly(pixels[:, :, [band, 3]]).items():
                shape = (*expected.shape[:2], 4)
                found = level_of(Path(place), level, shape)[:, :, [band, 3]]
                assert np.array_equal(found, expected)


def level_of(folder: Path, level: int, shape: tuple[int, ...]) -> Pixels:
    """All pixels of a level; a tile without a file has to be listed as one of zeros or a blank."""
    found = np.zeros(shape, np.uint8)
    unwritten = json.loads((folder / "unwritten.json").read_bytes())
    for row in range(-(-shape[0] // TILE)):
        for column in range(-(-shape[1] // TILE)):
            place = found[row * TILE :, column * TILE :][:TILE, :TILE]
            file = folder / f"tiles_files/{level}/{column}_{row}.png"
            it_and_above = {f"{level - up}/{column >> up}_{row >> up}" for up in range(level + 1)}
            listed = {
                what for what in ("zero", "blank") if not it_and_above.isdisjoint(unwritten[what])
            }
            if file.exists():
                assert not listed
                with Image.open(file) as image:
                    tile = with_alpha(np.asarray(image).reshape(*place.shape[:2], -1))
                place[:, :, :-1], place[:, :, -1:] = tile[:, :, :-1], tile[:, :, -1:]
            else:
                assert len(listed) == 1
                place[:, :, -1] = 255 * ("zero" in listed)
    return found


@pytest.mark.parametrize("height", [64, 63, 33])
@pytest.mark.parametrize("kind", ["zeros", "hole"])
def test_a_single_row_among_nothing(tmp_path: Path, height: int, kind: str) -> None:
    """First, last, and on either side of the border between two tiles."""
    for number, at in enumerate((0, 31, 32, height - 1)):
        after = height - 1 - at
        bands = [(kind, at), ("data", 1), (kind, after)]
        plane = Regions([(64, [band for band in bands if band[1]])], 5)
        folder = tmp_path / str(number)
        folder.mkdir()
        save_pyramid(plane, folder, TILE, 1)
        for level, expected in levels_slowly(plane.pixels).items():
            assert np.array_equal(level_of(folder, level, expected.shape), expected)
