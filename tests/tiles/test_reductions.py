"""Zoomed-out tiles against a slow reference of what `pictures/zoom.py` says, read back by Pillow.

The reference knows nothing of tiles: it halves a whole plane by loops over its pixels, and for
`Foremost` counts what each pixel stands for in exact fractions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from memtiles.pictures.palette import STRENGTHS
from memtiles.pictures.patch import Patch, Uniform
from memtiles.pictures.zoom import Foremost
from memtiles.tiles.colours import MEAN_OF_COLOURS
from memtiles.tiles.pyramid import save_pyramid
from memtiles.tiles.reduction import Reduction
from memtiles.tiles.shares import ForemostOfShares
from memtiles.tiles.values import HighestValue, MeanOfValues
from tiles.planes import ArrayPlane, Pixels, noise

TILE = 16
ZERO = 1
Halve = Callable[[list[Any]], Any]

_random = np.random.default_rng(11)
PALETTE = _random.integers(0, 256, (256, 3)).astype(np.uint8)

CATEGORIES = Foremost(order=(6, 5, 4, 3), filling=(1, 2))
MANY = Foremost(order=(9, 3, 12, 7, 4, 31), filling=(1, 30))  # too many for one to be a quarter
NO_ORDER = Foremost(order=(5,), filling=(1,))


class KnownPlane(ArrayPlane):
    """Values of which rectangles are told to be blank or zero, where that is all that they are."""

    def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
        """Pieces of some columns, without those that are missing."""
        area = self.area(left, top, width, height)
        pieces = [Patch(x, 0, area[:, x : x + 5]) for x in range(0, width, 5)]
        return [piece for piece in pieces if piece.pixels.any()]

    def uniform(self, left: int, top: int, width: int, height: int) -> Uniform | None:
        values = set(np.unique(self.area(left, top, width, height)).tolist())
        return {(0,): Uniform.BLANK, (ZERO,): Uniform.ZERO}.get(tuple(values))


def level_of(folder: Path, level: int, width: int, height: int) -> tuple[Pixels, set[str]]:
    """A level's pixels, one tile after the other, and the modes that Pillow found."""
    listed = json.loads((folder / "unwritten.json").read_bytes())
    found: Any = None
    modes = set()
    for row in range(-(-height // TILE)):
        for column in range(-(-width // TILE)):
            what = {
                kind
                for kind in ("blank", "zero")
                for up in range(level + 1)
                if f"{level - up}/{column >> up}_{row >> up}" in listed[kind]
            }
            file = folder / f"tiles_files/{level}/{column}_{row}.png"
            assert bool(what) != file.exists()
            with Image.open(folder / f"{what.pop()}.png" if what else file) as image:
                is_blank = not file.exists() and image.mode == "LA"
                if not is_blank:
                    modes.add(image.mode)
                if image.mode == "P":
                    assert image.getpalette() == PALETTE.reshape(-1).tolist()
                    assert image.info["transparency"] in (0, b"\0")
                pixels = np.asarray(image)
            if is_blank:
                assert not pixels.any()
                pixels = np.zeros(pixels.shape[:2], np.uint8)
            if pixels.ndim == 2:
                pixels = pixels[:, :, None]
            if found is None:
                found = np.zeros((height, width, 4), np.uint8)
            place = found[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            place[:, :, : pixels.shape[2]] = pixels[: place.shape[0], : place.shape[1]]
    return found, modes


def check_values(folder: Path, values: Pixels, reduction: Reduction, expected: list[Any]) -> None:
    """Every level of a pyramid of values; `expected` from full resolution on, up to one pixel."""
    save_pyramid(KnownPlane(values), folder, TILE, 2, reduction=reduction)
    height, width = values.shape[:2]
    levels = (max(width, height) - 1).bit_length() + 1
    assert len(expected) == levels
    for up in range(levels):
        size = -(-width >> up), -(-height >> up)
        found, modes = level_of(folder, levels - 1 - up, *size)
        assert modes <= {"P"}, "a tile of values has a palette"
        assert found[:, :, 0].tolist() == expected[up], f"level {levels - 1 - up}"


def pyramid_of(values: Sequence[Sequence[Any]], halve: Halve) -> list[Any]:
    """Levels up to one pixel. At an odd end the last row or column counts twice."""
    found = [[list(row) for row in values]]
    while len(found[-1]) > 1 or len(found[-1][0]) > 1:
        rows = found[-1]
        height, width = len(rows), len(rows[0])
        found.append(
            [
                [
                    halve(
                        [
                            rows[min(y + dy, height - 1)][min(x + dx, width - 1)]
                            for dy in (0, 1)
                            for dx in (0, 1)
                        ]
                    )
                    for x in range(0, width, 2)
                ]
                for y in range(0, height, 2)
            ]
        )
    return found


def mean_of_present(four: list[int]) -> int:
    """Rounded; half of a step upwards."""
    present = [value for value in four if value]
    return int(Fraction(sum(present), len(present)) + Fraction(1, 2)) if present else 0


class Counts(dict[int, Fraction]):
    """How much of a pixel each value is."""


def counted(value: int) -> Counts:
    return Counts({value: Fraction(1)}) if value else Counts()


def joined(four: list[Counts]) -> Counts:
    found = Counts()
    for one in four:
        for value, share in one.items():
            found[value] = found.get(value, Fraction(0)) + share / 4
    return found


def foremost(counts: Counts, rule: Foremost) -> int:
    """The sentences of `Foremost` and `STRENGTHS`, one after the other."""
    rest = sum((counts.get(value, Fraction(0)) for value in rule.order), Fraction(0))
    filling = sum((counts.get(value, Fraction(0)) for value in rule.filling), Fraction(0))
    present = rest + filling
    if not present:
        return 0
    # Of several fillings the most frequent one; the first of those that are as frequent.
    most_filling = max(rule.filling, key=lambda value: counts.get(value, Fraction(0)))
    for strength in STRENGTHS:
        if rest * strength.part > present:
            quarters = [value for value in rule.order if counts.get(value, Fraction(0)) * 4 >= rest]
            # Where none of five and more makes up a quarter, the most frequent one.
            shown = max(rule.order, key=lambda value: counts.get(value, Fraction(0)))
            return (quarters[0] if quarters else shown) + strength.offset
    return most_filling


def expected_foremost(values: Pixels, rule: Foremost) -> list[Any]:
    counts = pyramid_of(
        [[counted(value) for value in row] for row in values[:, :, 0].tolist()], joined
    )
    shown = [[[foremost(one, rule) for one in row] for row in level] for level in counts]
    return [values[:, :, 0].tolist(), *shown[1:]]


def some_values(
    width: int, height: int, seed: int, allowed: Sequence[int], frequent: Sequence[int]
) -> Pixels:
    """Patches of noise, of one value, of zeros and of what is missing, of many sizes."""
    random = np.random.default_rng(seed)
    values = np.full((height, width, 1), random.choice(frequent), np.uint8)
    for _ in range(int(random.integers(0, 12))):
        x, y = int(random.integers(0, width)), int(random.integers(0, height))
        place = values[y : y + int(random.integers(1, 40)), x : x + int(random.integers(1, 40))]
        if random.integers(0, 2):
            place[:] = random.choice([*allowed, *frequent])
        else:
            noisy = random.choice([*allowed, *frequent, *frequent, *frequent], place.shape)
            place[:] = noisy
    return values


SIZES = st.tuples(st.integers(1, 64), st.integers(1, 64))


@settings(deadline=None, max_examples=25, derandomize=True)
@given(SIZES, st.integers(0, 2**32 - 1))
def test_highest(
    tmp_path_factory: pytest.TempPathFactory, size: tuple[int, int], seed: int
) -> None:
    values = some_values(*size, seed, range(1, 256), (0, ZERO))
    expected = pyramid_of(values[:, :, 0].tolist(), max)
    folder = tmp_path_factory.mktemp("highest")
    check_values(folder, values, HighestValue(PALETTE, ZERO), expected)


@settings(deadline=None, max_examples=25, derandomize=True)
@given(SIZES, st.integers(0, 2**32 - 1))
def test_mean_of_values(
    tmp_path_factory: pytest.TempPathFactory, size: tuple[int, int], seed: int
) -> None:
    values = some_values(*size, seed, range(1, 256), (0, ZERO))
    expected = pyramid_of(values[:, :, 0].tolist(), mean_of_present)
    folder = tmp_path_factory.mktemp("mean")
    check_values(folder, values, MeanOfValues(PALETTE, ZERO), expected)


@pytest.mark.parametrize("rule", [CATEGORIES, MANY, NO_ORDER], ids=["some", "many", "one"])
@settings(deadline=None, max_examples=25, derandomize=True)
@given(SIZES, st.integers(0, 2**32 - 1))
def test_foremost(
    tmp_path_factory: pytest.TempPathFactory, rule: Foremost, size: tuple[int, int], seed: int
) -> None:
    """Up to 4,096 pixels a pixel, where shares are exact."""
    values = some_values(*size, seed, rule.order, (0, *rule.filling))
    folder = tmp_path_factory.mktemp("foremost")
    reduction = ForemostOfShares(PALETTE, ZERO, rule)
    check_values(folder, values, reduction, expected_foremost(values, rule))


@pytest.mark.parametrize("size", [(1, 37), (37, 1), (2, 64), (17, 3), (33, 128), (128, 33), (1, 1)])
def test_foremost_of_narrow_planes(tmp_path: Path, size: tuple[int, int]) -> None:
    """A tile of one column is padded, and numpy lays it out in another way than wide ones."""
    values = some_values(*size, 2, CATEGORIES.order, (0, *CATEGORIES.filling))
    reduction = ForemostOfShares(PALETTE, ZERO, CATEGORIES)
    check_values(tmp_path, values, reduction, expected_foremost(values, CATEGORIES))


@pytest.mark.parametrize("beyond", [0, 1])
@pytest.mark.parametrize("strength", STRENGTHS, ids=lambda one: f"1/{one.part}")
def test_the_edge_of_each_strength(tmp_path: Path, strength: Any, beyond: int) -> None:
    """Of 4,096 pixels exactly that part is too few for the strength, and one pixel more is not."""
    some = 4096 // strength.part + beyond
    values: Pixels = np.full(64 * 64, ZERO, np.uint8)
    values[np.random.default_rng(5).permutation(4096)[:some]] = 5
    values = values.reshape(64, 64, 1)
    save_pyramid(
        KnownPlane(values), tmp_path, TILE, 1, reduction=ForemostOfShares(PALETTE, 1, CATEGORIES)
    )
    found, _ = level_of(tmp_path, 0, 1, 1)
    weaker = {4: 5 + 32, 16: 5 + 64, 256: ZERO}[strength.part]
    assert found[0, 0, 0] == (5 + strength.offset if beyond else weaker)


def test_a_little_among_nothing_else_is_in_full(tmp_path: Path) -> None:
    """One pixel in a hole of 2**24: shares that are rounded down would be nothing."""
    values = np.zeros((4096, 4096, 1), np.uint8)
    values[1234, 2345] = 4
    reduction = ForemostOfShares(PALETTE, ZERO, CATEGORIES)
    save_pyramid(KnownPlane(values), tmp_path, 512, 2, reduction=reduction)
    for level in range(13):
        size = 1 << level
        file = (
            tmp_path
            / f"tiles_files/{level}/{2345 * size // 4096 // 512}_{1234 * size // 4096 // 512}.png"
        )
        with Image.open(file) as image:
            assert np.count_nonzero(np.asarray(image)) == 1
            assert np.asarray(image).max() == 4


def mean_of_colours(four: list[tuple[int, ...]]) -> tuple[int, ...]:
    """As docs/manifest.md has it, of colours and alpha."""
    alpha = sum(one[-1] for one in four)
    colours = [sum(one[band] * one[-1] for one in four) for band in range(len(four[0]) - 1)]
    share = (alpha + 2) // 4
    if not share:
        return (0,) * len(four[0])
    return (*((colour + alpha // 2) // alpha for colour in colours), share)


@pytest.mark.parametrize("bands", [1, 2, 3, 4])
@settings(deadline=None, max_examples=10, derandomize=True)
@given(size=SIZES, seed=st.integers(0, 2**32 - 1))
def test_mean_of_colours(
    tmp_path_factory: pytest.TempPathFactory, bands: int, size: tuple[int, int], seed: int
) -> None:
    pixels = noise(*size, bands, seed)
    pixels[: size[1] // 2] *= seed % 2  # missing, or black
    folder = tmp_path_factory.mktemp("colours")
    save_pyramid(ArrayPlane(pixels), folder, TILE, 2, reduction=MEAN_OF_COLOURS)
    whole = pixels
    if bands in (1, 3):
        whole = np.concatenate([pixels, np.full((*pixels.shape[:2], 1), 255, np.uint8)], axis=2)
    expected = pyramid_of([[tuple(one) for one in row] for row in whole.tolist()], mean_of_colours)
    colours = 1 if bands < 3 else 3
    for up, level in enumerate(expected):
        number = len(expected) - 1 - up
        size_there = len(level[0]), len(level)
        assert colours_of(folder, number, *size_there, colours) == level


def colours_of(folder: Path, level: int, width: int, height: int, colours: int) -> Any:
    """A level's pixels with alpha: tiles may be grey of a coloured plane, and have no alpha."""
    listed = json.loads((folder / "unwritten.json").read_bytes())
    found: Any = np.zeros((height, width, colours + 1), np.uint8)
    for row in range(-(-height // TILE)):
        for column in range(-(-width // TILE)):
            name = f"tiles_files/{level}/{column}_{row}.png"
            for up in range(level + 1):
                for kind in ("blank", "zero"):
                    if f"{level - up}/{column >> up}_{row >> up}" in listed[kind]:
                        name = f"{kind}.png"
            with Image.open(folder / name) as image:
                pixels = np.asarray(image.convert("LA" if colours == 1 else "RGBA"))
            place = found[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            place[:] = pixels[: place.shape[0], : place.shape[1]]
    return [[tuple(one) for one in row] for row in found.tolist()]


REDUCTIONS: dict[str, Reduction] = {
    "highest": HighestValue(PALETTE, ZERO),
    "mean": MeanOfValues(PALETTE, ZERO),
    "foremost": ForemostOfShares(PALETTE, ZERO, CATEGORIES),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_any_number_of_jobs_gives_the_same_files(tmp_path: Path, name: str) -> None:
    values = some_values(517, 403, 5, (3, 4, 5, 6), (0, 1, 2))
    values[100:300, 200:400] = np.random.default_rng(3).integers(0, 7, (200, 200, 1))
    found = []
    for jobs in (1, 2, 8):
        folder = tmp_path / str(jobs)
        folder.mkdir()
        save_pyramid(KnownPlane(values), folder, TILE, jobs, reduction=REDUCTIONS[name])
        found.append(
            {
                str(file.relative_to(folder)): file.read_bytes()
                for file in folder.rglob("*")
                if file.is_file()
            }
        )
    assert found[0] == found[1] == found[2]
    assert len(found[0]) > 100


@pytest.mark.parametrize("name", REDUCTIONS)
def test_what_is_known_beforehand_gives_the_same_files(tmp_path: Path, name: str) -> None:
    """As if all of it had to be looked at."""
    values = some_values(200, 150, 8, (3, 4, 5, 6), (0, 1))
    values[16:96, 32:128] = 0
    values[96:144, 0:100] = ZERO
    found = []
    for number, plane in enumerate((KnownPlane(values), ArrayPlane(values))):
        folder = tmp_path / str(number)
        folder.mkdir()
        save_pyramid(plane, folder, TILE, 2, reduction=REDUCTIONS[name])
        found.append((folder / "tiles.sha256").read_bytes())
    assert found[0] == found[1]


def test_the_palette_is_what_pillow_shows(tmp_path: Path) -> None:
    """Index, colour, and that 0 alone is transparent."""
    values = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    save_pyramid(ArrayPlane(values), tmp_path, TILE, 1, reduction=HighestValue(PALETTE, ZERO))
    with Image.open(tmp_path / "tiles_files/4/0_0.png") as image:
        assert image.mode == "P"
        assert np.asarray(image).tolist() == values[:, :, 0].tolist()
        seen: npt.NDArray[np.uint8] = np.asarray(image.convert("RGBA")).reshape(256, 4)
    assert seen[:, :3].tolist() == PALETTE.tolist()
    assert seen[:, 3].tolist() == [0] + [255] * 255
