"""Pictures in every layout, through every sort of lens, against one loop over all pixels.

The reference looks at the whole region at once, and puts each pixel where `offset_to_pixel` says,
which is tested by vectors of its own. What is tested is what lies between: which bytes are read for
a rectangle, where blocks begin, what is known without reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memtiles.memory.runs import Runs
from memtiles.memory.span import Span
from memtiles.pictures.bytes_only import BytesOnly
from memtiles.pictures.layout import Bits, Geometry, LayoutName, geometry, offset_to_pixel
from memtiles.pictures.lens import Bytes, ColourLens, Swatch, ValueLens
from memtiles.pictures.lenses import lens
from memtiles.pictures.patch import Uniform
from memtiles.pictures.picture import Picture
from memtiles.pictures.raster import SpaceRaster
from memtiles.pictures.zoom import Mean, Zoom
from pictures.test_bands import Pages

LARGEST_BLOCK = 4096
LENSES = ("bytes", "class", "entropy", "gradient:7", "words", "pointers")
RECTANGLES = 4

Array = npt.NDArray[np.uint8]


class Ruler(BytesOnly):
    """A value lens to which zeros are not all alike: it tells where in its block a byte is."""

    name = "ruler"
    version = 1
    summary = "Where in its block a byte is."
    zoom: Zoom = Mean()
    legend: tuple[Swatch, ...] = (Swatch("#000000", "anywhere"),)
    block = 64
    palette = np.zeros((256, 3), np.uint8)

    def values(self, data: Bytes, present: npt.NDArray[np.bool_] | None) -> Bytes:
        places = np.arange(data.shape[1]) % self.block + 1
        return np.broadcast_to(places.astype(np.uint8), data.shape)


@cache
def places_of(shape: Geometry) -> npt.NDArray[np.intp]:
    """The pixel (x, y) of each number, one by one."""
    offsets = range(0, shape.size, shape.pixel_bytes)
    return np.array([offset_to_pixel(shape, offset) for offset in offsets], np.intp)


@dataclass(frozen=True)
class Case:
    """A region: bytes that are 0 where `missing` and `zeros`, and how it is drawn."""

    data: Array
    missing: Runs
    zeros: Runs
    lens: ColourLens | ValueLens
    shape: Geometry
    start: int

    @property
    def picture(self) -> Picture:
        space = Pages(self.data.tobytes(), self.missing, self.zeros)
        raster = SpaceRaster(space, Span(0, len(self.data)))
        return Picture(self.shape, raster, self.lens, self.start)

    @cached_property
    def expected(self) -> Array:
        """The whole picture: colours or values, and 255 where a pixel has all its bytes."""
        size, pixel = len(self.data), self.shape.pixel_bytes
        held = np.zeros(size + pixel, np.bool_)
        for first, count in self.missing.rest(size):
            held[first : first + count] = True
        colours = self._of_pixels(held[:size])
        found = np.zeros((self.shape.height, self.shape.width, colours.shape[1] + 1), np.uint8)
        whole = held[: len(colours) * pixel].reshape(-1, pixel).all(axis=1)
        columns, rows = places_of(self.shape)[: len(colours)][whole].T
        found[rows, columns, :-1] = colours[whole]
        found[rows, columns, -1] = 255
        return found

    def _of_pixels(self, held: npt.NDArray[np.bool_]) -> Array:
        pixel = self.shape.pixel_bytes
        if isinstance(self.lens, ColourLens):
            padded = np.pad(self.data, (0, -len(self.data) % pixel))
            coloured: Array = self.lens.colours(padded.reshape(1, -1, pixel))[0]
            return coloured
        # As if memory went on before the region and behind it, with nothing there.
        before = self.start % LARGEST_BLOCK
        around = (before, -(before + len(self.data)) % LARGEST_BLOCK)
        there = np.pad(held, around)
        values = self.lens.values(np.pad(self.data, around)[None], there[None])[0]
        values = np.where(there, values, 0)[before : before + len(self.data)]
        of_pixels: Array = np.pad(values, (0, -len(values) % pixel)).reshape(-1, pixel)
        return np.asarray(of_pixels.max(axis=1, keepdims=True))


def drawn_of(case: Case, left: int, top: int, width: int, height: int) -> Array:
    """The patches of a rectangle, painted one by one on nothing."""
    bands = case.expected.shape[2] - 1
    drawn = np.zeros((height, width, bands + 1), np.uint8)
    for x, y, pixels in case.picture.patches(left, top, width, height):
        place = drawn[y : y + pixels.shape[0], x : x + pixels.shape[1]]
        assert place.shape[:2] == pixels.shape[:2], "a patch leaves the rectangle"
        assert not place.any(), "patches overlap"
        place[:, :, :bands] = pixels[:, :, :bands]
        if isinstance(case.lens, ValueLens):
            place[:, :, -1] = np.where(pixels[:, :, 0] > 0, 255, 0)
        else:
            place[:, :, -1] = 255 if pixels.shape[2] == bands else pixels[:, :, -1]
    return drawn


def check(case: Case, left: int, top: int, width: int, height: int) -> Uniform | None:
    """Patches, area and what is said to be uniform, of one rectangle."""
    expected = case.expected[top : top + height, left : left + width]
    assert np.array_equal(drawn_of(case, left, top, width, height), expected)
    picture = case.picture
    area = picture.area(left, top, width, height)
    has_alpha = isinstance(case.lens, ColourLens) and not picture.opaque
    assert np.array_equal(area, expected if has_alpha else expected[:, :, :-1])
    what = picture.uniform(left, top, width, height)
    if what is Uniform.BLANK:
        assert not expected[:, :, -1].any()
    if what is Uniform.ZERO:
        assert expected[:, :, -1].all()
        zero = np.zeros((1, LARGEST_BLOCK), np.uint8)
        if isinstance(case.lens, ValueLens):
            assert (expected[:, :, 0] == case.lens.values(zero, None)[0, 0]).all()
        else:
            assert not expected[:, :, :-1].any()
    return what


def check_some(case: Case, random: np.random.Generator) -> None:
    """All of the picture, and rectangles of it."""
    shape = case.shape
    check(case, 0, 0, shape.width, shape.height)
    for _ in range(RECTANGLES):
        left, top = (int(random.integers(0, most)) for most in (shape.width, shape.height))
        width = int(random.integers(1, shape.width - left + 1))
        height = int(random.integers(1, shape.height - top + 1))
        check(case, left, top, width, height)


def made_up(kinds: list[int], unit: int) -> tuple[Array, Runs, Runs]:
    """Pieces of `unit` bytes: 0 of noise, 1 of zeros that are known, 2 missing, 3 other zeros."""
    random = np.random.default_rng(len(kinds) * unit)
    data = random.integers(0, 256, len(kinds) * unit).astype(np.uint8)
    data *= np.repeat([kind == 0 for kind in kinds], unit)
    pieces = [
        Runs.of([(at * unit, unit) for at, one in enumerate(kinds) if one == kind])
        for kind in (2, 1)
    ]
    return data, pieces[0], pieces[1]


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("layout", ["rows", "hilbert", "pages"])
@pytest.mark.parametrize("name", LENSES)
@settings(deadline=None, max_examples=6, derandomize=True)
@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=10),
    st.one_of(st.integers(1, 70), st.sampled_from([512, 1000, 4096])),
    st.integers(0, 5000),
    st.integers(0, 2**32 - 1),
)
def test_a_picture_is_what_a_loop_over_its_pixels_draws(
    name: str,
    layout: LayoutName,
    bits: Bits,
    kinds: list[int],
    unit: int,
    start: int,
    seed: int,
) -> None:
    shown = lens(name)
    data, missing, zeros = made_up(kinds, unit)
    case = Case(data, missing, zeros, shown, geometry(layout, bits, len(data)), start)
    check_some(case, np.random.default_rng(seed))


@pytest.mark.parametrize("layout", ["rows", "hilbert", "pages"])
@pytest.mark.parametrize("start", [0, 1, 63, 64, 4095])
def test_zeros_that_a_lens_tells_apart_are_drawn_one_by_one(layout: LayoutName, start: int) -> None:
    """A user's lens may give the zeros of one block different values: they are not uniform."""
    size = 65_536 + 4096 + 5
    zeros = Runs.of([(0, 65_536)])
    data = np.zeros(size, np.uint8)
    case = Case(data, Runs.of([]), zeros, Ruler(), geometry(layout, 8, size), start)
    check(case, 0, 0, case.shape.width, case.shape.height)
    assert check(case, 0, 0, 64, 64) is None


@pytest.mark.parametrize("layout", ["rows", "hilbert", "pages"])
@pytest.mark.parametrize("name", LENSES)
def test_what_is_known_to_be_uniform_is_told(name: str, layout: LayoutName) -> None:
    """A quarter of noise, one of zeros, one that is missing: the picture is not just read."""
    quarter = 128 * 128
    noise = np.random.default_rng(7).integers(1, 256, quarter).astype(np.uint8)
    data = np.concatenate([noise, np.zeros(3 * quarter, np.uint8)])
    zeros, missing = Runs.of([(quarter, quarter)]), Runs.of([(2 * quarter, quarter)])
    case = Case(data, missing, zeros, lens(name), geometry(layout, 8, len(data)), 0)
    assert (case.shape.width, case.shape.height) == (256, 256)
    told = {check(case, x, y, 64, 64) for x in range(0, 256, 64) for y in range(0, 256, 64)}
    assert told == {None, Uniform.ZERO, Uniform.BLANK}


@pytest.mark.parametrize("layout", ["rows", "hilbert", "pages"])
@pytest.mark.parametrize("name", LENSES)
def test_a_pixel_does_not_depend_on_what_it_is_asked_for_with(
    name: str, layout: LayoutName
) -> None:
    """One by one, with blocks cut at both ends of the region."""
    data = np.random.default_rng(3).integers(0, 256, 401).astype(np.uint8)
    shape = geometry(layout, 16, len(data))
    case = Case(data, Runs.of([(100, 50)]), Runs.of([]), lens(name), shape, 37)
    for x, y in places_of(shape).tolist():
        check(case, x, y, 1, 1)
    check(case, shape.width - 1, shape.height - 1, 1, 1)
