"""Squares, pixel by pixel against the layout."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memtiles.pictures import squares as squares_module
from memtiles.pictures.layout import BITS, Geometry, LayoutName, geometry, pixel_to_offset
from memtiles.pictures.squares import Square, squares

DRAWN_SO: tuple[LayoutName, ...] = ("hilbert", "pages")


@st.composite
def shapes(draw: st.DrawFn, largest: int) -> Geometry:
    layout = draw(st.sampled_from(DRAWN_SO))
    width = None
    if layout == "pages" and draw(st.booleans()):
        width = 64 * draw(st.integers(1, 30))
    size = draw(st.integers(1, 2 ** draw(st.integers(0, largest))))
    return geometry(layout, draw(st.sampled_from(BITS)), size, width)


def shown(shape: Geometry, square: Square, x: int, y: int) -> tuple[int, int] | None:
    """What a pixel of the picture shows according to the square that it is in."""
    number = square.first + int(square.places[y - square.y, x - square.x])
    offset = number * shape.pixel_bytes
    count = min(shape.pixel_bytes, shape.size - offset)
    return (offset, count) if count > 0 else None


@settings(max_examples=40, deadline=None)
@given(shapes(16), st.data())
def test_each_pixel_of_all_squares(shape: Geometry, data: st.DataObject) -> None:
    left = data.draw(st.integers(-3, shape.width + 3))
    top = data.draw(st.integers(-3, shape.height + 3))
    width = data.draw(st.integers(0, shape.width + 6 - left))
    height = data.draw(st.integers(0, shape.height + 6 - top))
    with pytest.MonkeyPatch.context() as patch:
        if shape.layout == "hilbert":
            # Smaller squares, so that a picture of which each pixel can be asked for has many.
            patch.setattr(squares_module, "_SIDE", 2 ** data.draw(st.integers(0, 6)))
        found = list(squares(shape, left, top, width, height))
    covered = np.zeros((shape.height, shape.width), np.uint8)
    for square in found:
        assert square.places.shape == (square.height, square.width)
        covered[square.y : square.y + square.height, square.x : square.x + square.width] += 1
        across = range(max(square.x, left), min(square.x + square.width, left + width))
        down = range(max(square.y, top), min(square.y + square.height, top + height))
        assert across, "it touches the rectangle"
        assert down
        for y in range(square.y, square.y + square.height):
            for x in range(square.x, square.x + square.width):
                assert shown(shape, square, x, y) == pixel_to_offset(shape, x, y)
    assert covered.max() <= 1, "squares do not overlap"
    for y in range(max(top, 0), min(top + height, shape.height)):
        for x in range(max(left, 0), min(left + width, shape.width)):
            assert covered[y, x] or pixel_to_offset(shape, x, y) is None


@given(shapes(64), st.data())
def test_pixels_of_large_pictures(shape: Geometry, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, shape.width - 1))
    y = data.draw(st.integers(0, shape.height - 1))
    found = list(squares(shape, x, y, 1, 1))
    if not found:
        assert pixel_to_offset(shape, x, y) is None
        return
    (square,) = found
    in_row = [(across, y) for across in range(square.x, square.x + square.width)]
    in_column = [(x, down) for down in range(square.y, square.y + square.height)]
    for pixel in in_row + in_column:
        assert shown(shape, square, *pixel) == pixel_to_offset(shape, *pixel)


@settings(max_examples=30, deadline=None)
@given(shapes(64), st.data())
def test_a_square_is_one_range(shape: Geometry, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, shape.width - 1))
    y = data.draw(st.integers(0, shape.height - 1))
    for square in squares(shape, x, y, 600, 600):
        places = np.sort(square.places, axis=None)
        assert np.array_equal(places, np.arange(square.width * square.height))
        assert square.x + square.width <= shape.width
        assert square.y + square.height <= shape.height
        if shape.layout == "hilbert":
            assert square.first % (square.width * square.height) == 0
            rows, columns = np.divmod(np.argsort(square.places, axis=None), square.width)
            assert (abs(np.diff(rows)) + abs(np.diff(columns)) == 1).all(), "a curve has no jumps"


def test_the_squares_of_hilbert_are_as_large_as_is_useful() -> None:
    sides = {
        size: {(one.width, one.height) for one in squares(geometry("hilbert", 8, size), 0, 0, 1, 1)}
        for size in (1, 2, 4, 8, 4**8, 4**9 // 2, 4**9, 4**20)
    }
    assert sides == {
        1: {(1, 1)},
        2: {(1, 1)},
        4: {(2, 2)},
        8: {(2, 2)},
        4**8: {(256, 256)},
        4**9 // 2: {(256, 256)},
        4**9: {(512, 512)},
        4**20: {(512, 512)},
    }


def test_pages_are_drawn_eight_at_once() -> None:
    shape = geometry("pages", 8, 10 * 2 * 4096, 640)
    found = [(one.x, one.y, one.width, one.height) for one in squares(shape, 0, 0, 640, 128)]
    assert found == [(0, 0, 512, 64), (512, 0, 128, 64), (0, 64, 512, 64), (512, 64, 128, 64)]


def test_what_is_blank_throughout_is_no_square() -> None:
    pages = geometry("pages", 8, 9 * 4096, 1024)
    assert (pages.width, pages.height) == (1024, 64)
    assert [one.x for one in squares(pages, 0, 0, 1024, 64)] == [0, 512]
    assert [one.x for one in squares(geometry("pages", 8, 8 * 4096, 1024), 0, 0, 1024, 64)] == [0]
    # Three quarters of a curve, clockwise from the top left: the bottom left one is blank.
    hilbert = geometry("hilbert", 8, 3 * 4**9)
    assert (hilbert.width, hilbert.height) == (1024, 1024)
    found = [(one.x, one.y, one.first) for one in squares(hilbert, 0, 0, 1024, 1024)]
    assert found == [(0, 0, 0), (512, 0, 4**9), (512, 512, 2 * 4**9)]


@pytest.mark.parametrize("layout", DRAWN_SO)
def test_tables_are_shared_and_cannot_be_written_to(layout: LayoutName) -> None:
    shape = geometry(layout, 8, 1 << 50)
    tables = set()
    for number in range(100):
        (square,) = squares(shape, number * 10_000, number * 30_000, 1, 1)
        base = square.places if square.places.base is None else square.places.base
        tables.add(id(base))
        with pytest.raises(ValueError, match="read-only"):
            square.places[0, 0] = 1
    assert len(tables) == {"hilbert": 4, "pages": 1}[layout]


@pytest.mark.parametrize("layout", ["rows", "classic"])
def test_rows_are_no_squares(layout: LayoutName) -> None:
    with pytest.raises(ValueError, match=f"layout {layout} is drawn in rows"):
        squares(geometry(layout, 8, 4096), 0, 0, 1, 1)
