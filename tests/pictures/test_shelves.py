"""Shelves: nothing is lost or too wide, and widths are found in few tries."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memtiles.pictures.shelves import Block, Shelf, Shelves

TILE = 64

blocks_of = st.lists(
    st.builds(Block, st.integers(1, 300), st.integers(1, 300), st.booleans(), st.booleans()),
    min_size=1,
    max_size=40,
)


class Counted(Shelves):
    """Counts how often blocks are broken into shelves, and the shelves that are asked for."""

    tries = 0
    shelves = 0

    def of_width(self, width: int) -> Iterator[Shelf]:
        self.tries += 1
        for shelf in super().of_width(width):
            self.shelves += 1
            yield shelf


@given(blocks_of, st.integers(1, 3000))
def test_each_block_has_its_place(blocks: list[Block], width: int) -> None:
    shelves = list(Shelves(blocks, TILE).of_width(width))
    assert shelves[0].borders[0] == 0
    assert shelves[-1].borders[-1] == len(blocks)
    assert all(one.borders[-1] == after.borders[0] for one, after in pairwise(shelves))
    for shelf in shelves:
        assert shelf.x
        right = 0
        for x, (first, end) in zip(shelf.x, pairwise(shelf.borders), strict=True):
            column = blocks[first:end]
            assert x >= right
            assert x % TILE == 0 or not column[0].on_grid
            assert max(block.width for block in column) == column[0].width
            assert sum(block.height for block in column) <= shelf.height
            assert len(column) == 1 or not any(block.stands_alone for block in column)
            right = x + column[0].width
        assert right <= width or len(shelf.x) == 1


@given(blocks_of, st.floats(0.01, 100), st.integers(1, 1 << 40))
def test_the_balanced_width_has_no_more_shelves(
    blocks: list[Block], aspect: float, limit: int
) -> None:
    shelves = Shelves(blocks, TILE)
    width = shelves.best_width(aspect, limit)
    balanced = shelves.balanced_width(width)
    assert balanced <= width <= max(limit, 5 * TILE)
    assert len(list(shelves.of_width(balanced))) <= len(list(shelves.of_width(width)))


@pytest.mark.parametrize("aspect", [16 / 9, 100, 0.01])
def test_widths_are_found_in_few_tries(aspect: float) -> None:
    """A hundred thousand blocks and no limit: to break them all is what a try costs."""
    blocks = [Block(80, 80, False, True), Block(160, 512, False, True)] * 10_000
    shelves = Counted(blocks, 512)
    width = shelves.balanced_width(shelves.best_width(aspect, 1 << 40))
    height = sum(shelf.height for shelf in Shelves(blocks, 512).of_width(width))
    assert aspect / 1.3 < width / height < aspect * 1.3
    # Twice by halving, and of the first the two last widths again.
    assert shelves.tries <= 2 * (20_000).bit_length() + 3


def test_a_width_that_is_much_too_narrow_is_given_up_early() -> None:
    """Ten thousand shelves of one block each, where some hundred are known to be too many."""
    shelves = Counted([Block(64, 64, True, True)] * 10_000, 64)
    shelves.balanced_width(6400)
    first = 100 + 1
    assert shelves.shelves <= first + shelves.tries * (100 + 1)
