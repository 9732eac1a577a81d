"""The layout, on the vectors that it shares with its TypeScript twin, and as properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memtiles.errors import LayoutError
from memtiles.pictures.layout import (
    BITS,
    LAYOUTS,
    Geometry,
    Part,
    Placement,
    address_to_atlas,
    atlas_to_address,
    geometry,
    offset_to_pixel,
    parts,
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
    assert {
        "width": shape.width,
        "height": shape.height,
        "pixel_bytes": shape.pixel_bytes,
        "row_bytes": shape.row_bytes,
        "raster_bytes": hex(shape.raster_bytes),
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


@st.composite
def shapes(draw: st.DrawFn, largest: int = 1 << 64) -> Geometry:
    layout = draw(st.sampled_from(LAYOUTS))
    bits = draw(st.sampled_from(BITS))
    smallest = 64 * bits // 8 if layout == "classic" else 1
    size = draw(st.integers(smallest, largest))
    width = None
    if layout == "rows" and draw(st.booleans()):
        width = width_step(bits) * draw(st.integers(1, 5000))
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
        assert shape.layout == "rows"
        assert y == shape.height - 1
        return
    offset, count = shown
    assert 1 <= count <= shape.pixel_bytes
    assert {offset_to_pixel(shape, offset + i) for i in range(count)} == {(x, y)}


@given(shapes())
def test_a_layout_loses_no_more_than_it_says(shape: Geometry) -> None:
    assert shape.row_bytes % 4 == 0
    if shape.layout == "rows":
        assert shape.size <= shape.raster_bytes < shape.size + shape.row_bytes + shape.pixel_bytes
    else:
        assert shape.raster_bytes <= shape.size


@given(shapes(1 << 24), st.data())
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
