"""The landscape: nothing overlaps, everything is in order, large pictures lie on the grid."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memtiles.pictures.placement import LARGE_GAP, Landscape, Rect, Size, place_landscape

TILE = 64

sizes = st.lists(
    st.builds(Size, st.sampled_from([16, 32, 64, 128, 300]), st.integers(1, 300)),
    min_size=1,
    max_size=60,
)
gap = st.sampled_from([0, 4096, LARGE_GAP - 1, LARGE_GAP, 2**63])


def place(
    pictures: list[Size], gaps: list[int], aspect: float = 16 / 9, width_limit: int = 1024
) -> Landscape:
    return place_landscape(pictures, gaps, aspect, TILE, width_limit)


@given(sizes, st.data(), st.floats(0.01, 100), st.sampled_from([1024, 1 << 40]))
def test_nothing_overlaps_and_nothing_leaves_the_atlas(
    pictures: list[Size], data: st.DataObject, aspect: float, width_limit: int
) -> None:
    gaps = data.draw(st.lists(gap, min_size=len(pictures) - 1, max_size=len(pictures) - 1))
    placed = place(pictures, gaps, aspect, width_limit)
    rects = [*placed.pictures, *placed.labels, *(mark.rect for mark in placed.gaps)]
    for rect in rects:
        # Every edge here is a multiple of 1 pixel; a coarse grid of corners would miss overlaps.
        assert rect.x >= 0
        assert rect.y >= 0
        assert rect.x + rect.width <= placed.width
        assert rect.y + rect.height <= placed.height
    for number, one in enumerate(rects):
        for other in rects[number + 1 :]:
            assert not overlap(one, other), (one, other)


def overlap(one: Rect, other: Rect) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@given(sizes)
def test_pictures_keep_their_size_and_large_ones_lie_on_the_grid(pictures: list[Size]) -> None:
    placed = place(pictures, [0] * (len(pictures) - 1))
    assert [Size(rect.width, rect.height) for rect in placed.pictures] == pictures
    for size, rect in zip(pictures, placed.pictures, strict=True):
        if size.width * size.height >= TILE * TILE:
            assert rect.x % TILE == 0
            assert rect.y % TILE == 0


@given(sizes)
def test_each_picture_is_right_of_the_one_before_or_below_it(pictures: list[Size]) -> None:
    placed = place(pictures, [0] * (len(pictures) - 1))
    for one, after in pairwise(placed.pictures):
        assert after.x >= one.x + one.width or after.y >= one.y + one.height


def test_low_pictures_fill_the_room_beside_a_high_one() -> None:
    high, low = Size(64, 640), Size(64, 64)
    placed = place([high, *[low] * 5], [0] * 5, aspect=0.2)
    assert {rect.x for rect in placed.pictures[1:]} == {64}
    assert placed.height == high.height + 128


def test_a_mark_stands_where_the_gap_is_large_and_nowhere_else() -> None:
    placed = place([Size(16, 16)] * 4, [0, LARGE_GAP, LARGE_GAP - 1], aspect=9.0)
    assert [mark.before for mark in placed.gaps] == [2]
    (mark,) = placed.gaps
    before, after = placed.pictures[1], placed.pictures[2]
    assert before.x + before.width <= mark.rect.x
    assert mark.rect.x + mark.rect.width <= after.x


def test_a_thousand_pages_make_a_quarter_and_not_a_desert() -> None:
    page = Size(64, 64)
    placed = place_landscape([page] * 1000, [0] * 999, 16 / 9, 512, 32_768)
    assert 16 / 9 / 1.3 < placed.width / placed.height < 16 / 9 * 1.3
    assert 0.5 * placed.width * placed.height < 1000 * 64 * 64


@pytest.mark.parametrize("aspect", [16 / 9, 1.0, 0.5])
def test_the_aspect_is_reached_where_pictures_allow_it(aspect: float) -> None:
    placed = place_landscape([Size(512, 512)] * 300, [0] * 299, aspect, 512, 32_768)
    assert aspect / 1.2 < placed.width / placed.height < aspect * 1.2


@pytest.mark.parametrize("aspect", [100.0, 0.01])
@pytest.mark.parametrize("gap", [0, LARGE_GAP])
def test_the_longest_aspects_are_reached_where_nothing_limits_the_width(
    aspect: float, gap: int
) -> None:
    pictures = [Size(512, 512), Size(64, 64)] * 2000
    placed = place_landscape(pictures, [gap] * 3999, aspect, 512, 1 << 40)
    assert aspect / 1.3 < placed.width / placed.height < aspect * 1.3


def test_the_width_limit_bounds_all_but_a_single_wide_picture() -> None:
    many = place_landscape([Size(512, 512)] * 1000, [0] * 999, 50.0, 512, 4096)
    assert many.width <= 4096
    one = place_landscape([Size(8192, 8)], [], 1.0, 512, 4096)
    assert one.width == 8192
