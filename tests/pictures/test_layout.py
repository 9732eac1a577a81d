"""The layout, on the vectors that it shares with its TypeScript twin, and as properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memtiles.errors import LayoutError
from memtiles.pictures.layout import (
    BITS,
    BMP_LAYOUTS,
    LAYOUTS,
    Bits,
    Geometry,
    LayoutName,
    Part,
    Placement,
    address_to_atlas,
    atlas_to_address,
    geometry,
    number_to_pixel,
    offset_to_pixel,
    parts,
    pixel_to_number,
    pixel_to_offset,
    width_step,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "layout.json").read_text("utf-8"))


def shape_of(case: dict[str, Any]) -> Geometry:
    return geometry(case["layout"], case["bits"], int(case["size"], 16), case["width"])


def numbers(found: list[Any] | None) -> tuple[int, int] | None:
    return None if found is None else (int(found[0], 16), found[1])


def pixel(found: list[int] | None) -> tuple[int, int] | None:
    return None if found is None else (found[0], found[1])


@pytest.mark.parametrize("case", VECTORS["geometry"])
def test_geometry(case: dict[str, Any]) -> None:
    shape = shape_of(case)
    is_bmp = shape.layout in BMP_LAYOUTS
    assert {
        "width": shape.width,
        "height": shape.height,
        "pixel_bytes": shape.pixel_bytes,
        "row_bytes": shape.row_bytes if is_bmp else None,
        "raster_bytes": hex(shape.raster_bytes) if is_bmp else None,
    } == case["expect"]


@pytest.mark.parametrize("case", VECTORS["geometry_refused"])
def test_geometry_refused(case: dict[str, Any]) -> None:
    with pytest.raises(LayoutError):
        shape_of(case)


@pytest.mark.parametrize("case", VECTORS["pictures"])
def test_pictures(case: dict[str, Any]) -> None:
    shape = shape_of(case["shape"])
    for offset, found in case["offsets"]:
        assert offset_to_pixel(shape, int(offset, 16)) == pixel(found)
    for (x, y), found in case["pixels"]:
        assert pixel_to_offset(shape, x, y) == numbers(found)
    for offset in case["refused_offsets"]:
        with pytest.raises(ValueError, match="outside"):
            offset_to_pixel(shape, int(offset, 16))
    for x, y in case["refused_pixels"]:
        with pytest.raises(ValueError, match="outside"):
            pixel_to_offset(shape, x, y)


@pytest.mark.parametrize("case", VECTORS["parts"])
def test_parts(case: dict[str, Any]) -> None:
    found = parts(shape_of(case["shape"]), int(case["raster_limit"], 16))
    assert list(found) == [Part(first_row, rows) for first_row, rows in case["parts"]]


@pytest.mark.parametrize("case", VECTORS["parts_refused"])
def test_parts_refused(case: dict[str, Any]) -> None:
    with pytest.raises(LayoutError):
        parts(shape_of(case["shape"]), int(case["raster_limit"], 16))


@pytest.mark.parametrize("case", VECTORS["placements"])
def test_placements(case: dict[str, Any]) -> None:
    placed = Placement(
        "virtual", int(case["start"], 16), shape_of(case["shape"]), case["x"], case["y"]
    )
    for (x, y), found in case["pixels"]:
        assert atlas_to_address(placed, x, y) == numbers(found)
    for address, found in case["addresses"]:
        assert address_to_atlas(placed, int(address, 16)) == pixel(found)


# The curves of David Hilbert, Über die stetige Abbildung einer Linie auf ein Flächenstück (1891),
# as his figures number them: from the bottom left to the bottom right. Ours are turned clockwise.
FIGURES = {
    1: """
        2 3
        1 4
    """,
    2: """
        6 7 10 11
        5 8  9 12
        4 3 14 13
        1 2 15 16
    """,
    3: """
        22 23 26 27 38 39 42 43
        21 24 25 28 37 40 41 44
        20 19 30 29 36 35 46 45
        17 18 31 32 33 34 47 48
        16 13 12 11 54 53 52 49
        15 14  9 10 55 56 51 50
         2  3  8  7 58 57 62 63
         1  4  5  6 59 60 61 64
    """,
}


@pytest.mark.parametrize("order", FIGURES)
@pytest.mark.parametrize("bits", BITS)
def test_hilbert_is_that_of_its_figures(order: int, bits: Bits) -> None:
    drawn = [list(map(int, line.split())) for line in FIGURES[order].split("\n") if line.strip()]
    turned = [list(row) for row in zip(*reversed(drawn), strict=True)]
    side = 2**order
    shape = geometry("hilbert", bits, side * side * bits // 8)
    assert (shape.width, shape.height) == (side, side)
    for y, row in enumerate(turned):
        for x, visited in enumerate(row):
            assert pixel_to_offset(shape, x, y) == ((visited - 1) * bits // 8, bits // 8)
            assert offset_to_pixel(shape, visited * bits // 8 - 1) == (x, y)


@st.composite
def shapes(
    draw: st.DrawFn, largest: int = 1 << 64, layouts: tuple[LayoutName, ...] = LAYOUTS
) -> Geometry:
    layout = draw(st.sampled_from(layouts))
    bits = draw(st.sampled_from(BITS))
    smallest = 64 * bits // 8 if layout == "classic" else 1
    size = draw(st.integers(smallest, largest))
    width = None
    if layout == "rows" and draw(st.booleans()):
        width = width_step(bits) * draw(st.integers(1, 5000))
    if layout == "pages" and draw(st.booleans()):
        width = 64 * draw(st.integers(1, 5000))
    return geometry(layout, bits, size, width)


@given(shapes(), st.data())
def test_offset_is_in_its_pixel(shape: Geometry, data: st.DataObject) -> None:
    offset = data.draw(st.integers(0, shape.size - 1))
    found = offset_to_pixel(shape, offset)
    if found is None:
        assert shape.layout == "classic"
        assert offset >= shape.raster_bytes
        return
    shown = pixel_to_offset(shape, *found)
    assert shown is not None
    assert shown[0] <= offset < shown[0] + shown[1]


@given(shapes(), st.data())
def test_pixel_shows_its_offsets(shape: Geometry, data: st.DataObject) -> None:
    x = data.draw(st.integers(0, shape.width - 1))
    y = data.draw(st.integers(0, shape.height - 1))
    shown = pixel_to_offset(shape, x, y)
    if shown is None:
        assert shape.layout != "classic"
        assert pixel_to_number(shape, x, y) * shape.pixel_bytes >= shape.size
        return
    offset, count = shown
    assert 1 <= count <= shape.pixel_bytes
    assert {offset_to_pixel(shape, offset + i) for i in range(count)} == {(x, y)}


@given(shapes(), st.data())
def test_numbers_and_pixels_are_inverse(shape: Geometry, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, shape.width * shape.height - 1))
    x, y = number_to_pixel(shape, number)
    assert 0 <= x < shape.width
    assert 0 <= y < shape.height
    assert pixel_to_number(shape, x, y) == number


@given(shapes(layouts=("hilbert",)), st.data())
def test_hilbert_goes_from_neighbour_to_neighbour(shape: Geometry, data: st.DataObject) -> None:
    if shape.pixels == 1:
        assert (shape.width, shape.height) == (1, 1)
        return
    number = data.draw(st.integers(1, shape.pixels - 1))
    (x, y), (before_x, before_y) = (number_to_pixel(shape, n) for n in (number, number - 1))
    assert abs(x - before_x) + abs(y - before_y) == 1


@given(shapes(layouts=("hilbert",)))
def test_hilbert_is_as_small_as_its_halves_allow(shape: Geometry) -> None:
    assert shape.width in (shape.height, 2 * shape.height)
    assert shape.width.bit_count() == 1
    assert shape.pixels <= shape.width * shape.height < 2 * shape.pixels


@given(shapes(layouts=("hilbert",)), st.integers(0, 4), st.data())
def test_a_square_of_hilbert_is_one_range(shape: Geometry, level: int, data: st.DataObject) -> None:
    side = min(2**level, shape.height)
    left = side * data.draw(st.integers(0, shape.width // side - 1))
    top = side * data.draw(st.integers(0, shape.height // side - 1))
    numbers = sorted(
        pixel_to_number(shape, x, y)
        for y in range(top, top + side)
        for x in range(left, left + side)
    )
    assert numbers == list(range(numbers[0], numbers[0] + side * side))
    assert numbers[0] % (side * side) == 0


@given(shapes(layouts=("hilbert",)), st.integers(0, 32), st.data())
def test_an_aligned_range_of_hilbert_is_one_square(
    shape: Geometry, level: int, data: st.DataObject
) -> None:
    side = min(2**level, shape.height)
    numbers = st.integers(0, side * side - 1)
    first = side * side * data.draw(st.integers(0, shape.width * shape.height // (side * side) - 1))
    squares = {
        (x // side, y // side)
        for number in (first, first + side * side - 1, first + data.draw(numbers))
        for x, y in [number_to_pixel(shape, number)]
    }
    assert len(squares) == 1


@settings(max_examples=20)
@given(st.integers(1, 1 << 52), st.sampled_from(["hilbert", "pages"]), st.data())
def test_a_page_is_a_square(pages: int, layout: LayoutName, data: st.DataObject) -> None:
    shape = geometry(layout, 8, pages * 4096)
    start = 4096 * data.draw(st.integers(0, pages - 1))
    shown = {offset_to_pixel(shape, start + offset) for offset in range(4096)}
    left, top = min(x for x, _ in shown), min(y for _, y in shown)
    assert (left % 64, top % 64) == (0, 0)
    assert shown == {(left + x, top + y) for x in range(64) for y in range(64)}


@given(shapes(layouts=("pages",)))
def test_pages_has_no_row_of_blocks_too_many(shape: Geometry) -> None:
    assert (shape.width % 64, shape.height % 64) == (0, 0)
    assert shape.width * (shape.height - 64) < shape.pixels <= shape.width * shape.height


@given(shapes(layouts=("hilbert", "pages")))
def test_what_is_no_bmp_has_no_raster(shape: Geometry) -> None:
    for ask in (
        lambda: shape.bmp_layout,
        lambda: shape.row_bytes,
        lambda: shape.raster_bytes,
        lambda: parts(shape, 1 << 64),
    ):
        with pytest.raises(ValueError, match=f"layout {shape.layout} is no BMP"):
            ask()


@given(shapes(layouts=BMP_LAYOUTS))
def test_a_layout_loses_no_more_than_it_says(shape: Geometry) -> None:
    assert shape.bmp_layout == shape.layout
    assert shape.row_bytes % 4 == 0
    if shape.layout == "rows":
        assert shape.size <= shape.raster_bytes < shape.size + shape.row_bytes + shape.pixel_bytes
    else:
        assert shape.raster_bytes <= shape.size


@given(shapes(1 << 24, BMP_LAYOUTS), st.data())
def test_parts_tile_the_height(shape: Geometry, data: st.DataObject) -> None:
    rows = data.draw(st.integers(max(1, shape.height // 50), shape.height + 1))
    limit = rows * shape.row_bytes + data.draw(st.integers(0, shape.row_bytes - 1))
    found = parts(shape, limit)
    upcoming = 0
    for part in found:
        assert part.first_row == upcoming
        assert 1 <= part.rows * shape.row_bytes <= limit
        upcoming += part.rows
    assert upcoming == shape.height


@given(shapes(), st.integers(0, 1 << 40), st.integers(0, 1 << 40), st.data())
def test_atlas_round_trip(shape: Geometry, x: int, y: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, (1 << 64) - shape.size))
    placed = Placement("virtual", start, shape, x, y)
    address = start + data.draw(st.integers(0, shape.size - 1))
    found = address_to_atlas(placed, address)
    if found is None:
        assert shape.layout == "classic"
        return
    shown = atlas_to_address(placed, *found)
    assert shown is not None
    assert shown[0] <= address < shown[0] + shown[1]
