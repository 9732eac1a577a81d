"""Atlases of small planes, pixel by pixel against a canvas that was painted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memtiles.pictures.patch import Patch, Uniform
from memtiles.pictures.placement import Rect
from memtiles.tiles.atlas import AtlasPlane, Tenant
from tiles.planes import ArrayPlane, Pixels, noise

WIDTH, HEIGHT = 90, 70

# Places that do not overlap, each with the number of bands of the picture there.
PLACES = [
    (Rect(0, 0, 10, 70), 1),
    (Rect(10, 3, 20, 5), 2),
    (Rect(30, 10, 25, 60), 3),
    (Rect(60, 69, 30, 1), 4),
    (Rect(60, 0, 1, 1), 2),
    (Rect(70, 20, 20, 31), 4),
]


def tenants(*bands: int) -> list[tuple[Tenant, Pixels]]:
    """The places whose pictures have those bands, with their pixels."""
    found = []
    for seed, (rect, count) in enumerate(PLACES):
        if count in bands:
            pixels = noise(rect.width, rect.height, count, seed)
            found.append((Tenant(ArrayPlane(pixels), rect), pixels))
    return found


def as_rgba(pixels: Pixels) -> Pixels:
    """Pixels of 1 to 4 bands with four: grey thrice, and opaque where nothing says otherwise."""
    colours = {1: [0, 0, 0], 2: [0, 0, 0], 3: [0, 1, 2], 4: [0, 1, 2]}[pixels.shape[2]]
    alpha = pixels[:, :, -1:] if pixels.shape[2] in (2, 4) else np.full_like(pixels[:, :, :1], 255)
    return np.concatenate([pixels[:, :, colours], alpha], axis=2)


def canvas(row: list[tuple[Tenant, Pixels]]) -> Pixels:
    """The whole atlas as red, green, blue and alpha."""
    whole = np.zeros((HEIGHT, WIDTH, 4), dtype=np.uint8)
    for tenant, pixels in row:
        rect = tenant.rect
        for y in range(rect.height):
            for x in range(rect.width):
                whole[rect.y + y, rect.x + x] = as_rgba(pixels)[y, x]
    return whole


@pytest.mark.parametrize(
    ("bands", "expected"),
    [((1,), 2), ((2,), 2), ((1, 2), 2), ((3,), 4), ((4,), 4), ((1, 2, 3, 4), 4), ((), 2)],
)
def test_pictures_of_all_kinds(bands: tuple[int, ...], expected: int) -> None:
    row = tenants(*bands)
    atlas = AtlasPlane(WIDTH, HEIGHT, [tenant for tenant, _ in row])
    assert atlas.bands == expected
    pixels = atlas.area(0, 0, WIDTH, HEIGHT)
    assert pixels.shape == (HEIGHT, WIDTH, expected)
    assert np.array_equal(as_rgba(pixels), canvas(row))


CANVAS = canvas(tenants(1, 2, 3, 4))


@given(
    st.tuples(st.integers(0, WIDTH - 1), st.integers(1, WIDTH)),
    st.tuples(st.integers(0, HEIGHT - 1), st.integers(1, HEIGHT)),
    st.randoms(use_true_random=False),
)
def test_any_area_is_that_of_the_whole(
    columns: tuple[int, int], rows: tuple[int, int], random: object
) -> None:
    row = tenants(1, 2, 3, 4)
    shuffled = [tenant for tenant, _ in row]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    left, width = columns[0], min(columns[1], WIDTH - columns[0])
    top, height = rows[0], min(rows[1], HEIGHT - rows[0])
    pixels = AtlasPlane(WIDTH, HEIGHT, shuffled).area(left, top, width, height)
    assert np.array_equal(pixels, CANVAS[top : top + height, left : left + width])


def test_only_what_lies_in_the_area_is_asked_for() -> None:
    asked: list[tuple[int, int, int, int]] = []

    class Watched(ArrayPlane):
        def patches(self, left: int, top: int, width: int, height: int) -> list[Patch]:
            asked.append((left, top, width, height))
            return super().patches(left, top, width, height)

    places = [Rect(0, 10 * number, 5, 10) for number in range(7)]
    row = [Tenant(Watched(noise(5, 10, 1)), rect) for rect in places]
    AtlasPlane(WIDTH, HEIGHT, row).area(2, 18, 9, 14)
    assert sorted(asked) == [(2, 0, 3, 2), (2, 0, 3, 10), (2, 8, 3, 2)]


def test_patches_are_the_pictures_pixels_in_their_places() -> None:
    row = tenants(1, 2, 3, 4)
    atlas = AtlasPlane(WIDTH, HEIGHT, [tenant for tenant, _ in row])
    found = np.zeros((50, 60, 4), np.uint8)
    for x, y, pixels in atlas.patches(20, 10, 60, 50):
        found[y : y + pixels.shape[0], x : x + pixels.shape[1]] = as_rgba(pixels)
    assert np.array_equal(found, CANVAS[10:60, 20:80])


class Known(ArrayPlane):
    """A plane that knows of each whole row of pixels what it is."""

    def uniform(self, left: int, top: int, width: int, height: int) -> Uniform | None:
        pixels = self.pixels[top : top + height, left : left + width]
        if not pixels[:, :, -1].any():
            return Uniform.BLANK
        return Uniform.ZERO if (pixels == (0, 255)).all() else None


def test_what_is_uniform_of_an_atlas() -> None:
    """Ten rows of zeros over ten that are missing, beside ten of noise; room around them."""
    pixels = np.zeros((20, 10, 2), np.uint8)
    pixels[:10, :, 1] = 255
    places = [
        Tenant(Known(pixels), Rect(10, 10, 10, 20)),
        Tenant(Known(noise(10, 10, 1)), Rect(20, 10, 10, 10)),
    ]
    atlas = AtlasPlane(50, 50, places)
    assert atlas.uniform(0, 0, 50, 10) is Uniform.BLANK
    assert atlas.uniform(10, 10, 10, 10) is Uniform.ZERO
    assert atlas.uniform(12, 11, 5, 5) is Uniform.ZERO
    assert atlas.uniform(10, 20, 10, 10) is Uniform.BLANK
    assert atlas.uniform(0, 20, 50, 30) is Uniform.BLANK
    assert atlas.uniform(5, 10, 10, 10) is None, "zeros beside nothing"
    assert atlas.uniform(10, 10, 10, 11) is None, "zeros over nothing"
    assert atlas.uniform(15, 10, 10, 10) is None, "zeros beside noise"
    assert atlas.uniform(0, 0, 50, 50) is None
